//! What Amazon ECR's reason for a failed signing means.
//!
//! AWS publishes no list of the codes, so that a word in code or sentence decides. What has no such word is shown as it is.

use std::fmt;

use crate::aws::SigningProfileArn;

/// What a failed signing means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The identity that pushed the image lacks a permission: Amazon ECR signs as that identity.
    Denied,
    /// AWS wanted fewer signings.
    Throttled,
    /// The profile is canceled or revoked.
    Ended,
    /// There is no such profile.
    NotFound,
    /// Code and sentence have no known word.
    Unknown,
}

impl Meaning {
    /// What `code` and `reason` mean.
    pub(super) fn of(code: Option<&str>, reason: Option<&str>) -> Self {
        const WORDS: [(&str, Meaning); 9] = [
            ("accessdenied", Meaning::Denied),
            ("not authorized", Meaning::Denied),
            ("notauthorized", Meaning::Denied),
            ("throttl", Meaning::Throttled),
            ("toomanyrequests", Meaning::Throttled),
            ("revoked", Meaning::Ended),
            ("cancel", Meaning::Ended),
            ("notfound", Meaning::NotFound),
            ("not found", Meaning::NotFound),
        ];
        // The code is AWS's; the sentence may repeat names of others.
        let known = |text: &str| {
            let text = text.to_ascii_lowercase();
            let word = WORDS.iter().find(|(word, _)| text.contains(word));
            word.map(|(_, meaning)| *meaning)
        };
        let found = code.and_then(known).or_else(|| reason.and_then(known));
        found.unwrap_or(Self::Unknown)
    }

    /// What to do about it, where `profile` was to sign.
    pub(super) fn hint(self, profile: &SigningProfileArn) -> String {
        match self {
            Self::Denied => format!(
                "allow the identity that pushes `signer:SignPayload` on `{profile}` and the upload of images to the \
                 repository, then push the image again; for a profile of another account, its owner adds a permission too"
            ),
            Self::Throttled => {
                "push the image again later; ask AWS for a higher quota of `SignPayload`".to_owned()
            }
            Self::Ended => {
                "name an active signing profile in the signing rule, then push the image again"
                    .to_owned()
            }
            Self::NotFound => format!(
                "check that `{profile}` exists in the region of the registry, then push the image again"
            ),
            Self::Unknown => {
                "remove what AWS's code and reason name, then push the image again".to_owned()
            }
        }
    }
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "the identity that pushed the image may not sign with this profile",
            Self::Throttled => "AWS Signer was asked too often",
            Self::Ended => "the signing profile is canceled or revoked",
            Self::NotFound => "the signing profile does not exist",
            Self::Unknown => "AWS publishes no list of failure codes, and this one is not known",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_code_decides_before_one_of_the_sentence() {
        for (code, reason, meaning) in [
            (Some("AccessDeniedException"), None, Meaning::Denied),
            (
                None,
                Some("User: x is not authorized to perform"),
                Meaning::Denied,
            ),
            (
                Some("ThrottlingException"),
                Some("x is revoked"),
                Meaning::Throttled,
            ),
            (Some("TooManyRequestsException"), None, Meaning::Throttled),
            (
                Some("ValidationException"),
                Some("The profile is Canceled"),
                Meaning::Ended,
            ),
            (Some("ResourceNotFoundException"), None, Meaning::NotFound),
            (Some("E42"), Some("something"), Meaning::Unknown),
            (None, None, Meaning::Unknown),
        ] {
            assert_eq!(Meaning::of(code, reason), meaning, "{code:?} {reason:?}");
        }
    }
}
