//! What a change of code signing configurations does to deployments, in sentences a person confirms.

use crate::aws::{SigningProfileVersionArn, UntrustedArtifact};

const COUNTS_FOR_ALL: &str = "it counts for every later deployment of the function's code and layers; what runs now is not \
                              examined again";

const INTEGRITY: &str = "code that was changed after it was signed is refused in either case";

/// What becomes of a package that no allowed profile signed.
fn of_untrusted(untrusted: UntrustedArtifact) -> String {
    match untrusted {
        UntrustedArtifact::Warn => "code that is unsigned, expired, revoked or of another profile is deployed, with \
                                    `SignatureValidationErrors` in CloudWatch; `countersign lambda explain FUNCTION` says what \
                                    `Enforce` would refuse"
            .to_owned(),
        UntrustedArtifact::Enforce => {
            "code that is unsigned, expired, revoked or of another profile is refused".to_owned()
        }
    }
}

/// What follows from creating a configuration.
pub fn of_create(untrusted: UntrustedArtifact) -> Vec<String> {
    vec![
        "it applies to no function until `countersign lambda config attach` attaches it".to_owned(),
        of_untrusted(untrusted),
        INTEGRITY.to_owned(),
    ]
}

/// What follows from attaching a configuration to a function that has the configuration `before`.
pub fn of_attach(untrusted: UntrustedArtifact, before: Option<&str>) -> Vec<String> {
    let mut sentences = vec![COUNTS_FOR_ALL.to_owned(), of_untrusted(untrusted)];
    if let Some(before) = before {
        sentences.push(format!("it takes the place of configuration `{before}`"));
    }
    sentences
}

/// What follows from taking the configuration `before` from a function.
pub fn of_detach(before: &str) -> Vec<String> {
    vec![
        "any code can be deployed to the function, signed or not, changed after it was signed or not".to_owned(),
        format!("configuration `{before}` itself stays"),
    ]
}

/// What follows from a change of a configuration that `functions` functions have, where that is known.
pub fn of_update(
    untrusted: Option<(UntrustedArtifact, UntrustedArtifact)>,
    removed: &[SigningProfileVersionArn],
    added: &[SigningProfileVersionArn],
    functions: Option<usize>,
) -> Vec<String> {
    let of = match functions {
        Some(1) => "1 function has it; what runs now is not examined again".to_owned(),
        Some(count) => format!("{count} functions have it; what runs now is not examined again"),
        None => "which functions have it is not known".to_owned(),
    };
    let mut sentences = vec![of];
    if let Some((before, after)) = untrusted
        && before != after
    {
        sentences.push(of_untrusted(after));
    }
    for profile in removed {
        sentences.push(format!(
            "code that `{profile}` signed is treated as code of another profile"
        ));
    }
    for profile in added {
        sentences.push(format!("code that `{profile}` signed is accepted"));
    }
    sentences
}

/// What follows from deleting a configuration that no function has.
pub fn of_delete() -> Vec<String> {
    vec!["no function has it; policies and templates that name it name nothing then".to_owned()]
}
