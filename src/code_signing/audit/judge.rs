//! What the answers of AWS say about each configuration and each function.

use std::time::Duration;

use time::OffsetDateTime;

use super::finding::{AuditFinding, AuditRule, MANY_PROFILES, Severity, days, next_deployment};
use crate::aws::{
    CodeSigningConfig, FunctionArn, LayerVersionArn, SignedBy, SigningProfileVersionArn,
    UntrustedArtifact,
};
use crate::code_signing::platform::PLATFORM_ID;
use crate::limits::MAX_CONFIG_PROFILES;
use crate::signing_profiles::{Job, Profile, Status};

/// What is found of a configuration itself that `functions` functions have, where that is known.
pub(super) fn of_config(config: &CodeSigningConfig, functions: Option<usize>) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    if config.untrusted == UntrustedArtifact::Warn {
        let (severity, found) = match functions {
            Some(0) => (
                Severity::Warn,
                "it only warns about other code, and no function has it".to_owned(),
            ),
            Some(1) => (
                Severity::Fail,
                "it only warns about other code, and 1 function has it".to_owned(),
            ),
            Some(count) => (
                Severity::Fail,
                format!("it only warns about other code, and {count} functions have it"),
            ),
            None => (
                Severity::Fail,
                "it only warns about other code, and which functions have it is not known"
                    .to_owned(),
            ),
        };
        let hint = format!(
            "see with `countersign lambda explain FUNCTION` what would be refused, then \
             `countersign lambda config update --untrusted enforce {}`",
            config.arn
        );
        findings.push(
            AuditFinding::new(AuditRule::OnlyWarns, severity, &config.arn, found).advising(hint),
        );
    }
    let count = config.profiles.len();
    if count >= MANY_PROFILES {
        let found = format!("it has {count} of {MAX_CONFIG_PROFILES} signing profiles");
        let hint = "use one profile for several teams, or another configuration";
        findings.push(
            AuditFinding::new(AuditRule::ManyProfiles, Severity::Warn, &config.arn, found)
                .advising(hint),
        );
    }
    findings
}

/// What is found of a version of a profile in a configuration, which could be looked at or not.
pub(super) fn of_profile(
    config: &CodeSigningConfig,
    version: &SigningProfileVersionArn,
    found: Result<&Profile, &str>,
) -> Option<AuditFinding> {
    let name = version;
    let new = |rule, severity, found: String| AuditFinding::new(rule, severity, &config.arn, found);
    let profile = match found {
        Ok(profile) => profile,
        Err(problem) => {
            let found = format!("signing profile `{name}` could not be examined: {problem}");
            let hint = "run the audit with credentials of the account that owns the profile, or have it permit \
                        `signer:GetSigningProfile`";
            return Some(new(AuditRule::ProfileNotKnown, Severity::Unknown, found).advising(hint));
        }
    };
    // Status and platform are of the version that AWS Signer describes.
    if profile.arn != *version {
        let found = format!(
            "signing profile `{name}` could not be examined: AWS Signer describes `{}`",
            profile.arn
        );
        let hint = format!(
            "where that version is meant, `countersign lambda config update --add-signing-profile {} \
             --remove-signing-profile {name} {}`; code that the other version signed is not accepted then",
            profile.arn, config.arn
        );
        return Some(new(AuditRule::ProfileNotKnown, Severity::Unknown, found).advising(hint));
    }
    if profile.platform != PLATFORM_ID {
        let found = format!(
            "signing profile `{name}` is of the platform `{}`",
            profile.platform
        );
        let hint =
            format!("remove it: only profiles of the platform `{PLATFORM_ID}` sign packages");
        let rule = AuditRule::ProfileOfOtherPlatform;
        return Some(new(rule, Severity::Warn, found).advising(hint));
    }
    let remove = format!(
        "`countersign lambda config update --remove-signing-profile {name} {}`",
        config.arn
    );
    match &profile.status {
        Status::Active => None,
        Status::Canceled => {
            let found = format!(
                "signing profile `{name}` is canceled: it signs no more, and what it signed is accepted"
            );
            let hint = format!("when nothing that it signed is deployed any more, {remove}");
            Some(new(AuditRule::ProfileCanceled, Severity::Warn, found).advising(hint))
        }
        Status::Revoked => {
            let found = format!("signing profile `{name}` is revoked");
            let hint = format!("sign the code again with another profile, then {remove}");
            Some(new(AuditRule::ProfileRevoked, Severity::Fail, found).advising(hint))
        }
        Status::Other(status) => {
            let found = format!("signing profile `{name}` has the status `{status}`");
            Some(new(AuditRule::ProfileNotKnown, Severity::Unknown, found))
        }
    }
}

/// What is found of a function that no configuration counts for.
pub(super) fn without_config(function: &FunctionArn, is_certain: bool) -> AuditFinding {
    let (severity, found) = if is_certain {
        (
            Severity::Fail,
            "it does not have a code signing configuration: any code can be deployed",
        )
    } else {
        (
            Severity::Unknown,
            "no configuration that could be examined counts for it",
        )
    };
    let hint = format!(
        "`countersign lambda config attach CONFIG_ARN {}`",
        function.function()
    );
    AuditFinding::new(
        AuditRule::NoConfiguration,
        severity,
        &function.function(),
        found,
    )
    .advising(hint)
}

/// What is found of a function's code.
pub(super) fn of_code(
    function: &FunctionArn,
    config: &CodeSigningConfig,
    signed_by: Option<&SignedBy>,
) -> Option<AuditFinding> {
    let next = next_deployment(config.untrusted);
    let (rule, found) = match signed_by {
        Some(by) if config.profiles.contains(&by.profile) => return None,
        Some(by) => (
            AuditRule::CodeOfOtherProfile,
            format!(
                "its code is signed by `{}`, which configuration `{}` does not have",
                by.profile,
                config.arn.id()
            ),
        ),
        None => (
            AuditRule::CodeNotSigned,
            "its code is not signed".to_owned(),
        ),
    };
    let finding = AuditFinding::new(rule, Severity::Fail, &function.function(), found);
    Some(finding.advising(format!(
        "{next}; sign it with `countersign lambda sign` and deploy that"
    )))
}

/// What is found of a layer, which could be looked at or not.
pub(super) fn of_layer(
    function: &FunctionArn,
    config: &CodeSigningConfig,
    layer: &LayerVersionArn,
    signed_by: Result<Option<&SignedBy>, &str>,
) -> Option<AuditFinding> {
    let subject = function.function();
    let signed_by = match signed_by {
        Ok(signed_by) => signed_by,
        Err(problem) => {
            let found = format!("its layer `{layer}` could not be examined: {problem}");
            let (rule, severity) = (AuditRule::LayerNotKnown, Severity::Unknown);
            return Some(AuditFinding::new(rule, severity, &subject, found));
        }
    };
    let next = next_deployment(config.untrusted);
    let (rule, found) = match signed_by {
        Some(by) if config.profiles.contains(&by.profile) => return None,
        Some(by) => (
            AuditRule::LayerOfOtherProfile,
            format!(
                "its layer `{layer}` is signed by `{}`, which configuration `{}` does not have",
                by.profile,
                config.arn.id()
            ),
        ),
        None => (
            AuditRule::LayerNotSigned,
            format!("its layer `{layer}` is not signed, or its signature is damaged"),
        ),
    };
    let finding = AuditFinding::new(rule, Severity::Fail, &subject, found);
    Some(finding.advising(format!(
        "{next}; publish a signed version of the layer and use that"
    )))
}

/// What is found of a package that is deployed and signed, of which AWS Lambda does not say in which job; `what` says
/// which package.
pub(super) fn without_job(function: &FunctionArn, what: &str) -> AuditFinding {
    let found = format!(
        "whether the signature of {what} expired or was revoked is not known: AWS Lambda does not name its signing job"
    );
    let rule = AuditRule::SignatureNotKnown;
    let finding = AuditFinding::new(rule, Severity::Unknown, &function.function(), found);
    finding.advising("`countersign lambda verify` reads the signature itself; the setting `expires-within 0` leaves this out")
}

/// What is found of the signing job of a package that is deployed; `what` says which package.
pub(super) fn of_job(
    function: &FunctionArn,
    what: &str,
    job: Result<&Job, &str>,
    now: OffsetDateTime,
    soon: Duration,
) -> Option<AuditFinding> {
    let subject = function.function();
    let new = |rule, severity, found: String| AuditFinding::new(rule, severity, &subject, found);
    let sign_again = "sign the code again and deploy that; what runs now is not examined again";
    let job = match job {
        Ok(job) => job,
        Err(problem) => {
            let found = format!("the signing job of {what} could not be examined: {problem}");
            let hint = "only the account that owns the job and the one that asked for it may look; the setting `expires-within 0` \
                        leaves this out";
            let rule = AuditRule::SignatureNotKnown;
            return Some(new(rule, Severity::Unknown, found).advising(hint));
        }
    };
    if job.is_revoked {
        let found = format!("the signature of {what} is revoked (`{}`)", job.arn);
        return Some(new(AuditRule::SignatureRevoked, Severity::Fail, found).advising(sign_again));
    }
    let Some(until) = job.expires_at else {
        let found = format!("AWS Signer does not say until when the signature of {what} is valid");
        return Some(new(AuditRule::SignatureNotKnown, Severity::Unknown, found));
    };
    let date = until.date();
    if until <= now {
        let found = format!("the signature of {what} expired on {date}");
        return Some(new(AuditRule::SignatureExpired, Severity::Fail, found).advising(sign_again));
    }
    (until <= now + soon).then(|| {
        let found = format!(
            "the signature of {what} expires on {date}, which is within {}",
            days(soon)
        );
        new(AuditRule::SignatureExpires, Severity::Warn, found).advising(sign_again)
    })
}
