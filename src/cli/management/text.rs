//! Profiles, jobs and counts in words.

use std::fmt::Write as _;

use crate::cli::output::{one_line, short_line};
use crate::report::{
    JobRecord, PermissionRecord, ProfileRecord, RepositoryCount, RevocationRecord, SignatureCount,
};

/// A line `name: value`, with what is foreign on one line.
fn line(text: &mut String, name: &str, value: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{name}: {}", one_line(value));
}

/// The same, if there is a value.
fn some_line(text: &mut String, name: &str, value: Option<&String>) {
    line(text, name, value.map_or("not known", String::as_str));
}

/// What is known of a profile.
pub(in crate::cli) fn profile(profile: &ProfileRecord) -> String {
    let mut text = String::new();
    line(&mut text, "signing profile", &profile.arn);
    line(&mut text, "version", &profile.version);
    line(&mut text, "owner", &profile.owner);
    line(&mut text, "status", &profile.status);
    if let Some(reason) = &profile.status_reason {
        line(&mut text, "reason", reason);
    }
    if let Some(revocation) = &profile.revocation {
        line(&mut text, "revoked", &revoked(revocation));
    }
    line(&mut text, "platform", &profile.platform);
    some_line(
        &mut text,
        "validity of signatures",
        profile.validity.as_ref(),
    );
    text
}

fn revoked(record: &RevocationRecord) -> String {
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
    let mut text = format!("at {} by {}", known(&record.at), known(&record.by));
    if let Some(from) = &record.effective_from {
        let _ = write!(text, ", for signatures made at {from} or later");
    }
    if let Some(reason) = &record.reason {
        let _ = write!(text, ": {reason}");
    }
    text
}

/// What other accounts may do with a profile; `known` says why that is not known.
pub(in crate::cli) fn permissions(
    permissions: Option<&[PermissionRecord]>,
    unknown: &str,
) -> String {
    let mut text = String::new();
    match permissions {
        None => line(&mut text, "permissions", unknown),
        Some([]) => line(&mut text, "permissions", "no other account"),
        Some(permissions) => {
            for permission in permissions {
                let PermissionRecord {
                    action,
                    id,
                    principal,
                    version,
                    ..
                } = permission;
                let version = version
                    .as_ref()
                    .map(|version| format!(", version {version} only"));
                let value = format!("{action} for {principal}{}", version.unwrap_or_default());
                line(&mut text, &format!("permission {}", one_line(id)), &value);
            }
        }
    }
    text
}

/// Who signed, when, with what.
pub(in crate::cli) fn job(job: &JobRecord) -> String {
    let mut text = String::new();
    line(&mut text, "signing job", &job.arn);
    line(&mut text, "owner", &job.owner);
    some_line(&mut text, "requested by", job.requested_by.as_ref());
    some_line(&mut text, "account of the requester", job.invoker.as_ref());
    some_line(&mut text, "created", job.created_at.as_ref());
    some_line(&mut text, "expires", job.expires_at.as_ref());
    some_line(&mut text, "signing profile", job.profile.as_ref());
    line(&mut text, "platform", &job.platform);
    line(&mut text, "status", &job.status);
    match &job.revocation {
        Some(revocation) => line(&mut text, "revoked", &revoked(revocation)),
        None => line(&mut text, "revoked", if job.revoked { "yes" } else { "no" }),
    }
    text
}

/// How many signatures were counted where.
pub(in crate::cli) fn count(count: &SignatureCount) -> String {
    count.repositories.iter().map(repository).collect()
}

fn repository(count: &RepositoryCount) -> String {
    let plural = |number: usize, word: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {word}{plural}")
    };
    let mut text = format!("- counted in {}: ", one_line(&count.repository));
    let at_least = if count.complete { "" } else { "at least " };
    let found = format!(
        "{at_least}{} of {}",
        plural(count.signatures, "signature"),
        plural(count.images, "image")
    );
    let looked_at = plural(count.looked_at, "image");
    // Writing to a `String` cannot fail.
    let _ = match count.coverage {
        None => writeln!(text, "not known"),
        Some("tags") => writeln!(
            text,
            "{found}; {looked_at} with a tag examined, images without a tag were not"
        ),
        Some(_) => writeln!(
            text,
            "{found}; {looked_at} examined, with and without a tag"
        ),
    };
    for uncounted in &count.not_counted {
        let _ = writeln!(
            text,
            "  found and not counted: {}: {}",
            plural(uncounted.signatures, "signature"),
            short_line(&uncounted.reason)
        );
        if let Some(hint) = &uncounted.hint {
            let _ = writeln!(text, "    hint: {}", short_line(hint));
        }
    }
    for problem in &count.problems {
        let _ = writeln!(text, "  not examined: {}", short_line(problem));
    }
    text
}

/// What was signed, as far as the repositories that were named show it.
pub(in crate::cli) fn signed(count: Option<&SignatureCount>) -> String {
    let mut text = String::new();
    let Some(found) = count else {
        line(
            &mut text,
            "signed",
            "not known: AWS Signer does not say; `--count-in REPOSITORY` looks for it",
        );
        return text;
    };
    for signature in &found.named {
        let expired = if signature.expired { ", expired" } else { "" };
        let value = format!(
            "{} (signature {}, job {}{expired})",
            signature.artifact, signature.manifest, signature.job
        );
        line(&mut text, "signed", &value);
    }
    let left_out = found.signatures.saturating_sub(found.named.len());
    if left_out > 0 {
        line(&mut text, "signed", &format!("{left_out} more"));
    }
    if found.signatures == 0 {
        line(
            &mut text,
            "signed",
            "not known: no signature of it was found",
        );
    }
    text + &self::count(found)
}
