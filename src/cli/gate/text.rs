//! What a gate decided, in words.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::output::{CommandOutput, Exit, one_line, short_line, write_hint};
use crate::report::{GateImage, GateResult, GateSigner, GateVerdict, Reason, Unseen};

/// The decision about one reference: on stdout if it may run, else on stderr.
pub(in crate::cli) fn in_words(result: &GateResult, policy: &Path) -> CommandOutput {
    let mut report = CommandOutput {
        exit: result.verdict.exit(),
        ..CommandOutput::done()
    };
    let what = result.reference.as_deref().unwrap_or(&result.asked);
    let mut decided = String::new();
    write_rule(&mut decided, result, policy);
    if !result.uncovered.is_empty() {
        let _ = writeln!(
            report.stderr,
            "Note: {} not verified: for the platform `unknown`, in the index {what}",
            entries(result.uncovered.len())
        );
    }
    match result.verdict {
        GateVerdict::Verified => {
            let _ = writeln!(report.stdout, "Verified: {what}");
            report.stdout.push_str(&decided);
            write_images(&mut report.stdout, result);
        }
        GateVerdict::Exempted => {
            let _ = writeln!(report.stdout, "Exempted, not verified: {what}");
            if let Some(exemption) = &result.exemption {
                let _ = writeln!(
                    report.stdout,
                    "until {} by `{}`: {}",
                    exemption.until,
                    policy.display(),
                    short_line(&exemption.reason)
                );
            }
        }
        GateVerdict::Tolerated => {
            let _ = writeln!(report.stdout, "Tolerated, not verified: {what}");
            report.stdout.push_str(&decided);
            write_refusal(&mut report.stderr, "Warning", result, "");
            write_images(&mut report.stderr, result);
        }
        _ => {
            write_refusal(&mut report.stderr, "Error", result, &decided);
            write_images(&mut report.stderr, result);
        }
    }
    report
}

/// That what may run is the digest, and the tag is not.
pub(super) fn tag(result: &GateResult) -> String {
    let what = result.reference.as_deref().unwrap_or(&result.asked);
    let may_run = result.verdict.exit() == Exit::Done;
    let tag = result.movable_tag.as_deref().filter(|_| may_run);
    tag.map_or_else(String::new, |tag| {
        format!(
            "Warning: the tag `{}` can be moved before the image is pulled; only {what} may run\n",
            one_line(tag)
        )
    })
}

fn entries(count: usize) -> String {
    match count {
        1 => "1 entry is".to_owned(),
        count => format!("{count} entries are"),
    }
}

fn write_rule(text: &mut String, result: &GateResult, policy: &Path) {
    if let Some(rule) = &result.rule {
        let _ = writeln!(
            text,
            "rule: `{}` of `{}`",
            one_line(rule),
            one_line(&policy.display().to_string())
        );
    }
}

fn write_refusal(text: &mut String, word: &str, result: &GateResult, rule: &str) {
    let Some(error) = &result.error else {
        return;
    };
    let asked = one_line(&result.asked);
    let _ = writeln!(text, "{word}: {asked}: {}", one_line(&error.message));
    write_why(text, "", error);
    text.push_str(rule);
}

fn write_why(text: &mut String, indent: &str, reason: &Reason) {
    for detail in &reason.details {
        let _ = writeln!(text, "{indent}{}", short_line(detail));
    }
    for cause in &reason.causes {
        let _ = writeln!(text, "{indent}caused by: {}", short_line(cause));
    }
    write_hint(text, indent, reason.hint.clone());
}

/// Each image, with who signed it and who is missing.
fn write_images(text: &mut String, result: &GateResult) {
    for image in &result.images {
        let is_another = result.reference.as_ref() != Some(&image.reference);
        let platforms = match image.platforms.as_slice() {
            [] => String::new(),
            platforms => format!(" for {}", one_line(&platforms.join(", "))),
        };
        if is_another {
            let _ = writeln!(text, "image {}{platforms}", image.reference);
        }
        let _ = writeln!(
            text,
            "signers: {} of {} needed, {} judged",
            image.found,
            image.needed,
            signatures(image.signatures)
        );
        if let Some(error) = &image.error {
            let _ = writeln!(text, "  {}", short_line(&error.message));
            write_why(text, "  ", error);
        }
        for signer in &image.signers {
            write_signer(text, signer, image.met);
        }
        write_unseen(text, image);
    }
}

fn signatures(count: usize) -> String {
    match count {
        1 => "1 signature".to_owned(),
        count => format!("{count} signatures"),
    }
}

/// One signer of the rule, which others have met if `is_met`.
fn write_signer(text: &mut String, signer: &GateSigner, is_met: bool) {
    let name = short_line(&signer.name);
    if let Some(signature) = &signer.met_by {
        let _ = writeln!(
            text,
            "  `{name}`: signature {}, signed by {}",
            signature.digest,
            short_line(&signature.signer)
        );
        return;
    }
    let missing = if is_met {
        "missing, but not needed:"
    } else {
        "missing, wanted"
    };
    let wanted = short_line(&signer.wanted);
    let _ = writeln!(text, "  `{name}`: {missing} {wanted}");
    if let Some(reason) = &signer.reason {
        let _ = writeln!(text, "    {}", short_line(&reason.message));
        write_why(text, "    ", reason);
    }
    for shortfall in &signer.not_met_by {
        let _ = writeln!(
            text,
            "    signature {}: {}",
            shortfall.digest,
            short_line(&shortfall.reason.message)
        );
        write_why(text, "      ", &shortfall.reason);
    }
}

fn write_unseen(text: &mut String, image: &GateImage) {
    match &image.unseen {
        None => {}
        Some(Unseen::Limit { limit, .. }) => {
            let _ = writeln!(
                text,
                "  there are more than {limit} signatures; the others were not judged\n  hint: remove signatures \
                 that no policy trusts, or raise `--max-signatures`"
            );
        }
        Some(Unseen::Reason(reason)) => {
            let _ = writeln!(
                text,
                "  there may be more signatures: {}",
                short_line(&reason.message)
            );
            write_why(text, "  ", reason);
        }
        Some(Unseen::Exhausted {
            message, not_tried, ..
        }) => {
            let _ = writeln!(
                text,
                "  {} not judged: {}",
                crate::cli::verify::text::signatures(*not_tried),
                short_line(message)
            );
        }
    }
}
