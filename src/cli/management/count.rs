//! `--count-in`: the signatures that a command is about, in the repositories that the user names.

use std::collections::HashSet;
use std::path::PathBuf;

use futures_util::stream;

use super::Session;
use crate::allowance;
use crate::aws::{SigningProfile, SigningProfileArn};
use crate::causes;
use crate::cli::args::RegistryArgs;
use crate::cli::context::{roots_of, unusable};
use crate::cli::output::CommandOutput;
use crate::cli::patience::telling;
use crate::cli::reader::{self, fitting};
use crate::extended_validation::Claims;
use crate::limits;
use crate::many;
use crate::reference::{ArtifactReference, Reference};
use crate::report::{RepositoryCount, SignatureCount, SignatureRecord};
use crate::verify::{ArtifactSignatures, Options, SignatureCounter};

/// Where signatures are counted.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CountArgs {
    /// Count the signatures concerned in these repositories, by the signing jobs in their verified signatures: in all
    /// images of an Amazon ECR repository, elsewhere in images with a tag
    #[arg(long, value_name = "REPOSITORY", num_args = 1..)]
    count_in: Vec<String>,
    /// Certificate file that replaces AWS Signer's published roots for the count
    #[arg(long, value_name = "FILE", requires = "count_in")]
    trust_anchor: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArgs,
}

impl CountArgs {
    /// Whether there is anything to count in.
    pub(in crate::cli) fn is_given(&self) -> bool {
        !self.count_in.is_empty()
    }

    /// How the registries are reached.
    pub(super) fn registry(&self) -> &RegistryArgs {
        &self.registry
    }

    /// The repositories, each as a reference with a tag of no meaning.
    pub(super) fn repositories(&self) -> Result<Vec<Reference>, CommandOutput> {
        self.count_in.iter().map(|text| repository(text)).collect()
    }
}

fn repository(text: &str) -> Result<Reference, CommandOutput> {
    if Reference::parse(text).is_ok() {
        return Err(CommandOutput::usage(
            &format!("`{text}` names an image, wanted a repository"),
            Some("omit the tag or the digest: `--count-in REGISTRY/REPOSITORY`".to_owned()),
        ));
    }
    Reference::parse(&format!("{text}:latest")).map_err(|_| {
        CommandOutput::usage(
            &format!("`{text}` is not a repository"),
            Some("a repository is like `registry.example.com/app`".to_owned()),
        )
    })
}

/// Counts the signatures of `profile` that `wants` picks; nothing where no repository was named.
pub(in crate::cli) async fn count(
    session: &Session,
    args: &CountArgs,
    profile: &SigningProfileArn,
    wants: impl Fn(&Claims) -> bool,
) -> Result<Option<SignatureCount>, CommandOutput> {
    if !args.is_given() {
        return Ok(None);
    }
    let context = &session.context;
    let profiles = [SigningProfile::Current(profile.clone())];
    let roots = roots_of(&profiles, args.trust_anchor.as_deref(), context.pipes)?;
    let counter = SignatureCounter::new(profile, roots, &context.environment);
    let counter = counter.map_err(|error| unusable(&error))?;
    let mut count = SignatureCount {
        complete: true,
        ..SignatureCount::default()
    };
    for repository in args.repositories()? {
        let found = in_repository(session, &counter, &repository, &wants, &mut count.named).await;
        count.complete &= found.complete;
        count.images += found.images;
        count.signatures += found.signatures;
        count.repositories.push(found);
    }
    Ok(Some(count))
}

async fn in_repository(
    session: &Session,
    counter: &SignatureCounter,
    repository: &Reference,
    wants: &impl Fn(&Claims) -> bool,
    named: &mut Vec<SignatureRecord>,
) -> RepositoryCount {
    let name = format!("{}/{}", repository.registry(), repository.repository());
    let mut count = RepositoryCount::new(name);
    let aws = session.context.aws();
    let registry = session.context.registry();
    let listing = allowance::in_time(Box::pin(registry.images(repository, &aws)));
    let list = match session.allowed.begin().lend(listing).await {
        Ok(Ok(list)) => list,
        Ok(Err(error)) => {
            let hint = fitting(error.hint()).map(|hint| format!(" ({hint})"));
            let problem = causes::in_one_line(&error) + &hint.unwrap_or_default();
            note(&mut count, problem);
            return count;
        }
        Err(error) => {
            note(&mut count, causes::in_one_line(&error));
            return count;
        }
    };
    count.covers(list.coverage);
    count.archived = list.archived;
    if list.archived > 0 {
        note(&mut count, format!("{} archived images", list.archived));
    }
    if list.has_more {
        let most = limits::MAX_COUNTED_IMAGES;
        note(&mut count, format!("images beyond the first {most}"));
    }
    let first_referrer = list.images.len();
    let listed = list.images.into_iter().chain(list.referrers);
    let images: Vec<ArtifactReference> = listed.map(Into::into).collect();
    let options = Options {
        allowed: session.allowed.clone(),
        ..Options::default()
    };
    let mut work = counter.count_many(stream::iter(images), &options, many::Options::default());
    let mut seen = HashSet::new();
    loop {
        let (progress, counting) = (work.progress(), work.answer());
        let Some(found) = telling("counting", progress, counting).await else {
            return count;
        };
        let is_image = found.index < first_referrer;
        let found = found.outcome;
        // Several tags may be of one image.
        if found.incomplete.is_some() || seen.insert(found.reference.to_string()) {
            count.looked_at += usize::from(is_image && found.incomplete.is_none());
            add(&mut count, found, wants, named);
        }
    }
}

/// Adds what was found of one image.
fn add(
    count: &mut RepositoryCount,
    found: ArtifactSignatures,
    wants: &impl Fn(&Claims) -> bool,
    named: &mut Vec<SignatureRecord>,
) {
    if let Some(error) = found.incomplete {
        note(count, causes::in_one_line(&*error));
    }
    for uncounted in &found.uncounted {
        count.add_uncounted(uncounted, reader::current());
    }
    let mut is_concerned = false;
    for signature in found.signatures {
        if !wants(&signature.claims) {
            continue;
        }
        is_concerned = true;
        count.signatures += 1;
        if named.len() < limits::MAX_NAMED_SIGNATURES {
            let artifact = found.reference.to_string();
            named.push(SignatureRecord::new(artifact, &signature));
        }
    }
    count.images += usize::from(is_concerned);
}

/// Notes what could not be looked at.
fn note(count: &mut RepositoryCount, problem: String) {
    count.complete = false;
    if count.problems.len() < limits::MAX_TOLD_VALUES {
        count.problems.push(problem);
    }
}
