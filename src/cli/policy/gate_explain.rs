//! `countersign policy explain --gate-policy`: which rule decides about an image, why, and what it asks.

use std::fmt::Write as _;
use std::path::Path;

use super::super::args::Output;
use super::explain::{Args, parse_repository};
use crate::cli::context::{environment, no_directory};
use crate::cli::gate::load_gate_policy;
use crate::cli::output::{CommandOutput, Exit, one_line, short_line};
use crate::cli::policy_files;
use crate::config::Config;
use crate::gate::{GateRoots, GateSetup};
use crate::limits::NAMED_PIPE_TIMEOUT;
use crate::registry::PlainHttp;
use crate::report::results::whole;
use crate::report::{ExplainedSigner, GateExplanationV1, Reason};
use crate::trust_policy::DocumentKind;
use crate::verify::Setup;

pub(super) fn run(args: &Args, gate_policy: &Path) -> CommandOutput {
    let mut document = GateExplanationV1::of(&args.reference);
    let report = match explain(args, gate_policy, &mut document) {
        Ok(()) => CommandOutput::done(),
        Err(report) => report,
    };
    let stdout = match args.output {
        Output::Text => in_words(&document),
        Output::Json => whole(&document),
    };
    CommandOutput { stdout, ..report }
}

fn explain(
    args: &Args,
    gate_policy: &Path,
    document: &mut GateExplanationV1,
) -> Result<(), CommandOutput> {
    let failed = |document: &mut GateExplanationV1, report: CommandOutput, code| {
        let reason = report.not_begun();
        let reason = Reason { code, ..reason };
        *document = document.clone().with_error(report.exit, reason);
        report
    };
    let setup = setup(args, gate_policy).map_err(|report| failed(document, report, "not-begun"))?;
    let reference = parse_repository(&args.reference);
    let reference = reference.map_err(|report| failed(document, report, "not-begun"))?;
    let environment = environment();
    let directories = environment.notation_directories();
    let listed = directories.ok().and_then(|dirs| Config::load(&dirs).ok());
    let plain_http = match listed {
        _ if args.insecure_registry => PlainHttp::All,
        Some(config) => PlainHttp::AlsoThese(config.insecure_registries),
        None => PlainHttp::Localhost,
    };
    let scheme = plain_http.scheme(reference.registry_name());
    let exemption = setup.exemption(&reference, scheme, environment.now());
    *document = document
        .clone()
        .with_policy(setup.policy())
        .with_exemption(exemption);
    match setup.explain(&reference, scheme) {
        Ok(explanation) => *document = document.clone().with_rule(&explanation),
        // What is exempted needs no rule.
        Err(_) if exemption.is_some() => {}
        Err(none) => {
            let sentence = none.to_string();
            let report = CommandOutput::error(Exit::Rejected, &sentence, &none, Some(none.hint()));
            return Err(failed(document, report, "no-rule"));
        }
    }
    Ok(())
}

fn setup(args: &Args, gate_policy: &Path) -> Result<GateSetup, CommandOutput> {
    let environment = environment();
    let sha256 = args.gate_policy_sha256.as_ref();
    let policy = load_gate_policy(gate_policy, sha256, NAMED_PIPE_TIMEOUT, environment.now())?;
    let directories = environment.notation_directories();
    let trust = if policy.names_statements() {
        let config = || Ok(directories.as_ref().map_err(no_directory)?.config.clone());
        let policies =
            policy_files::load(DocumentKind::Oci, &args.file, NAMED_PIPE_TIMEOUT, &config)?;
        let stores = policy_files::stores(&args.stores, &policies, &config)?;
        Some(Setup::of_policies(policies, stores))
    } else {
        None
    };
    GateSetup::new(policy, trust, &GateRoots::Published)
        .map_err(|error| CommandOutput::unusable(&error, error.hint()))
}

fn in_words(document: &GateExplanationV1) -> String {
    let mut text = String::new();
    let (Some(policy), None) = (&document.gate_policy, &document.error) else {
        return text;
    };
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "reference: {}", one_line(&document.reference));
    let _ = writeln!(text, "gate policy: {}", one_line(&policy.file));
    let _ = writeln!(text, "  digest: {}", policy.sha256);
    if let Some(exemption) = &document.exemption {
        let _ = writeln!(
            text,
            "exempted until {}: {}",
            exemption.until,
            short_line(&exemption.reason)
        );
    }
    let Some(rule) = &document.rule else {
        return text;
    };
    let _ = writeln!(text, "rule: {}", one_line(&rule.name));
    let scope = one_line(&rule.matched_scope);
    let _ = writeln!(
        text,
        "  decides because its scope `{scope}` covers the repository"
    );
    for wider in &rule.wider {
        let _ = writeln!(
            text,
            "  `{}` of rule `{}` is wider and does not count",
            one_line(&wider.scope),
            one_line(&wider.rule)
        );
    }
    for (name, value) in &rule.settings {
        let _ = writeln!(text, "  {name}: {value}");
    }
    let _ = writeln!(text, "  signers: {} of {}", rule.needed, rule.signers.len());
    for signer in &rule.signers {
        write_signer(&mut text, signer);
    }
    text
}

fn write_signer(text: &mut String, signer: &ExplainedSigner) {
    let (name, wanted) = (one_line(&signer.name), short_line(&signer.wanted));
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "    `{name}`: {wanted}");
    if let Some(seconds) = signer.max_age_seconds {
        let _ = writeln!(text, "      at most {seconds} seconds old");
    }
    for (key, value) in &signer.user_metadata {
        let value = match value {
            Some(value) => format!("`{}`", short_line(value)),
            None => "any value".to_owned(),
        };
        let _ = writeln!(text, "      user metadata `{}`: {value}", short_line(key));
    }
    if let Some(problem) = &signer.problem {
        let _ = writeln!(text, "      no signature counts: {}", short_line(problem));
    }
}
