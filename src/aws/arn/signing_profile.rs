//! A signing profile as users name it: with or without a version.

use std::fmt;

use super::{ArnError, SignerArn, SigningProfileArn, SigningProfileVersionArn};

/// A signing profile to sign with or to trust: whatever its version is, or exactly one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningProfile {
    /// The profile: its current version signs, and any version is trusted.
    Current(SigningProfileArn),
    /// This version; anything else is refused.
    Version(SigningProfileVersionArn),
}

impl SigningProfile {
    /// Parses the ARN of a signing profile or of a profile version.
    ///
    /// # Errors
    ///
    /// [`ArnError`].
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        match SignerArn::parse(text) {
            Ok(SignerArn::ProfileVersion(arn)) => Ok(Self::Version(arn)),
            _ => SigningProfileArn::parse(text).map(Self::Current),
        }
    }

    /// The profile, without a version.
    pub fn arn(&self) -> &SigningProfileArn {
        match self {
            Self::Current(arn) => arn,
            Self::Version(arn) => arn.profile(),
        }
    }

    /// Whether a signature of this version is one of what is named.
    pub(crate) fn is(&self, version: &SigningProfileVersionArn) -> bool {
        match self {
            Self::Current(arn) => arn == version.profile(),
            Self::Version(arn) => arn == version,
        }
    }
}

impl fmt::Display for SigningProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current(arn) => arn.fmt(f),
            Self::Version(arn) => arn.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";

    #[test]
    fn a_profile_or_a_version_is_named_and_written_as_it_was_read() {
        let version = format!("{PROFILE}/0123456789");
        for text in [PROFILE, &version] {
            let profile = SigningProfile::parse(text).unwrap();
            assert_eq!(profile.to_string(), text);
            assert_eq!(profile.arn().to_string(), PROFILE);
        }
    }

    #[test]
    fn anything_else_says_what_is_wrong_with_it() {
        let wrong = |text: &str| SigningProfile::parse(text).unwrap_err();
        let problem = wrong(&PROFILE.replace("profiles", "profile"));
        assert!(matches!(problem, ArnError::Resource { .. }), "{problem:?}");
        assert_eq!(problem.hint(), Some(format!("did you mean `{PROFILE}`?")));
        let problem = wrong(&PROFILE.replace("/signing-profiles/", "/aliases/"));
        assert!(matches!(problem, ArnError::Resource { .. }), "{problem:?}");
        assert!(matches!(wrong("Images"), ArnError::NotAnArn { .. }));
    }
}
