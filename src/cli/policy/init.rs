//! `countersign policy init`: a strict policy for signing profiles, or for signers under a trust store.

use clap::builder::NonEmptyStringValueParser;

use super::super::context::environment;
use super::super::output::{CommandOutput, Exit, one_line, write_hint};
use super::WritingArgs;
use super::document::{PolicyDocument, write_warnings};
use super::stores::StoreDirectory;
use crate::aws::SigningProfile;
use crate::report::{OciPolicy, go};
use crate::trust_policy::scope::WILDCARD;
use crate::verify::published_roots;

/// Flags of `policy init`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "countersign policy init [OPTIONS] --signing-profile <ARN>\n       \
    countersign policy init [OPTIONS] --trust-store <STORE> --trusted-identity <IDENTITY>",
    after_help = "Examples:\n  \
    countersign policy init --signing-profile ARN --scope registry.example/team/app\n  \
    countersign policy init --trust-store ca:acme --trusted-identity 'x509.subject: C=US, ST=WA, O=acme'"
)]
pub(in crate::cli) struct Args {
    /// Name of the statement
    #[arg(short, long, value_name = "NAME", default_value = "default", value_parser = NonEmptyStringValueParser::new())]
    name: String,
    /// AWS Signer profile, or profile version, to trust; the trust store is that of AWS's published
    /// root unless `--trust-store` names another. May be given several times
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new(),
        required_unless_present_any = ["trusted_identity", "trust_store"])]
    signing_profile: Vec<String>,
    /// Trust store, for example ca:acme; may be given several times
    #[arg(long, value_name = "STORE",
        required_unless_present_any = ["signing_profile", "trusted_identity"])]
    trust_store: Vec<String>,
    /// Trusted identity, for example `x509.subject: C=US, ST=WA, O=acme`; may be given several times
    #[arg(long, value_name = "IDENTITY")]
    trusted_identity: Vec<String>,
    /// Repository that the statement is about, registry/repository; may be given several times
    /// [default: `*`, every repository]
    #[arg(long, value_name = "REPOSITORY", value_parser = NonEmptyStringValueParser::new())]
    scope: Vec<String>,
    #[command(flatten)]
    writing: WritingArgs,
}

pub(super) fn run(document: &PolicyDocument, args: &Args) -> Result<CommandOutput, CommandOutput> {
    check_signers(args)?;
    // Whichever store they are to be under.
    let profiles = parse(&args.signing_profile)?;
    let stores = if args.trust_store.is_empty() {
        published_stores(&profiles)?
    } else {
        args.trust_store.clone()
    };
    let identities = [&args.signing_profile[..], &args.trusted_identity[..]].concat();
    let scopes = if args.scope.is_empty() {
        vec![WILDCARD.to_owned()]
    } else {
        args.scope.clone()
    };
    let policy = OciPolicy::strict(&args.name, &scopes, &stores, &identities);
    let text = go::json(&policy);
    let (mut report, policies) = document.init(text.trim_end(), args.writing.writing())?;
    write_warnings(&mut report.stderr, &policies);
    let stores = StoreDirectory::of(&environment().notation_directories(), None);
    let statements = policies.statements().iter();
    for store in statements.flat_map(|statement| &statement.trust_stores) {
        if let Some(fault) = stores.as_ref().and_then(|stores| stores.fault(store)) {
            let warning = CommandOutput::warning(&fault.message);
            report.stderr.push_str(&warning.stderr);
            write_hint(&mut report.stderr, "  ", fault.hint);
        }
    }
    Ok(report)
}

/// Whether it is said whose signatures count, and what they rest on.
fn check_signers(args: &Args) -> Result<(), CommandOutput> {
    if !args.signing_profile.is_empty() {
        return Ok(());
    }
    let (sentence, hint) = match (
        args.trust_store.is_empty(),
        args.trusted_identity.is_empty(),
    ) {
        // Without any of the three the parser has said so.
        (false, false) | (true, true) => return Ok(()),
        (false, true) => (
            "no trusted identity is named",
            "name whose certificates count: `--trusted-identity 'x509.subject: C=US, ST=WA, O=acme'`; or name a profile of \
             AWS Signer: `--signing-profile ARN`",
        ),
        (true, false) => (
            "no trust store is named",
            "name the store with the root that the identity rests on: `--trust-store ca:NAME`",
        ),
    };
    Err(CommandOutput::usage(sentence, Some(hint.to_owned())))
}

/// The stores of the roots that AWS has published for these profiles.
fn published_stores(profiles: &[SigningProfile]) -> Result<Vec<String>, CommandOutput> {
    let roots = published_roots(profiles).map_err(|error| {
        let sentence = one_line(&error.to_string());
        let hint = "name the trust store that has the root of AWS Signer in this partition: \
                    `--trust-store signingAuthority:NAME`";
        CommandOutput::error(Exit::Usage, &sentence, &error, Some(hint.to_owned()))
    })?;
    Ok(roots.iter().map(|root| root.name.to_string()).collect())
}

fn parse(profiles: &[String]) -> Result<Vec<SigningProfile>, CommandOutput> {
    let profiles = profiles.iter();
    profiles
        .map(|profile| {
            SigningProfile::parse(profile)
                .map_err(|error| CommandOutput::unusable(&error, error.hint()))
        })
        .collect()
}
