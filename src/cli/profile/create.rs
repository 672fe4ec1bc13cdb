//! `countersign profile create`: a signing profile for container images.

use crate::aws::CallErrorKind;
use crate::cli::management::{
    AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop, sentences,
};
use crate::report::{ManagementState, ManagementV1};
use crate::signing_profiles::{Consequence, Error, NewProfile, PLATFORM_ID, ProfileId, Validity};

pub(super) const ACTION: &str = "profile create";

/// Flags of `profile create`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign profile create release\n  \
    countersign profile create --validity 12months --yes release_2026\n  \
    countersign profile create --dry-run release    (says whether the name is free)")]
pub(in crate::cli) struct Args {
    /// Name: 2 to 64 letters, digits and `_`; AWS never frees a name
    #[arg(value_name = "NAME")]
    name: String,
    /// Validity of each signature, for example 90days, 12months or 3years; at most 135months
    #[arg(long, value_name = "PERIOD", default_value = "135months")]
    validity: String,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let validity = Validity::parse(&args.validity)?;
    let id = ProfileId::parse(&args.name)?;
    if id.arn().is_some() {
        let error = crate::signing_profiles::RuleError::ProfileName(args.name.clone());
        return Err(error.into());
    }
    let session = Session::open(&args.answer, None, &id, None).await?;
    let signer = &session.signer;
    let mut document = ManagementV1::new(ACTION, ManagementState::Planned);
    let mut of_name = "";
    match session.step(signer.check_free(&id)).await {
        Ok(()) => of_name = ", whose name is free,",
        // Who may create a profile need not be who may look at one; AWS refuses a name that is taken.
        Err(Error::Call(error)) if error.kind() == CallErrorKind::Denied => {
            let warning = format!("could not check whether the name is free: {error}");
            document.warnings.push(warning);
        }
        Err(error) => return Err(error.into()),
    }
    let new = NewProfile {
        name: id.name().to_owned(),
        validity,
    };
    let region = signer.region().to_owned();
    let change = Change {
        what: format!(
            "create signing profile `{}`{of_name} for the platform `{PLATFORM_ID}` in region `{region}`",
            new.name
        ),
        consequences: sentences(&Consequence::of_create(&new.name, &region, validity)),
    };
    let created = std::cell::OnceCell::new();
    let work = async {
        let arn = signer.create(&new).await?;
        // There is one attempt.
        let _ = created.set(arn);
        Ok::<(), Error>(())
    };
    let done = "Created the signing profile";
    let mut answer = session
        .carry_out(&args.change, &change, document, work, done)
        .await?;
    if let Some(arn) = created.into_inner() {
        answer.text = format!(
            "Created signing profile {}\nversion: {}\n",
            arn.profile(),
            arn.version()
        );
        answer.document = super::renewed(&session, &id, answer.document).await;
    }
    Ok(answer)
}
