//! The signing profiles of a configuration: looked at before they may sign what is deployed.

use super::error::Error;
use crate::aws::{CallErrorKind, SigningProfileVersionArn};
use crate::code_signing::platform::PLATFORM_ID;
use crate::limits::{MAX_CONFIG_DESCRIPTION_CHARS, MAX_CONFIG_PROFILES};
use crate::signing_profiles::{self, ProfileId, SigningProfiles, Status};

/// A signing profile that a configuration is to accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Its version.
    pub arn: SigningProfileVersionArn,
    /// Its status; `None` where it could not be looked at.
    pub status: Option<Status>,
    /// What is worth knowing of it.
    pub warning: Option<String>,
}

/// Looks at a profile that is to be accepted: in the version that was named, else in its current one.
///
/// # Errors
///
/// [`Error::OtherPlatform`], [`Error::NotActive`], and why it could not be looked at, unless its owner denies that to the
/// caller and the version is named.
pub async fn resolve(signer: &SigningProfiles, id: &ProfileId) -> Result<Allowed, Error> {
    let named = named_version(id);
    let profile = match (signer.profile(id).await, named) {
        (Ok(profile), _) => profile,
        // Who may write a configuration need not be who may look at another account's profile.
        (Err(signing_profiles::Error::Call(error)), Some(arn))
            if error.kind() == CallErrorKind::Denied =>
        {
            let warning = format!("signing profile `{arn}` could not be examined: {error}");
            return Ok(Allowed {
                arn,
                status: None,
                warning: Some(warning),
            });
        }
        (Err(error), _) => return Err(error.into()),
    };
    if profile.platform != PLATFORM_ID {
        return Err(Error::OtherPlatform {
            profile: profile.profile().to_string(),
            platform: profile.platform,
        });
    }
    if profile.status != Status::Active {
        return Err(Error::NotActive {
            profile: profile.profile().to_string(),
            status: profile.status.as_str().to_owned(),
        });
    }
    let current = profile.arn.clone();
    let (arn, warning) = match named_version(id) {
        Some(arn) if arn != current => {
            let warning = format!(
                "`{arn}` is not the current version of the signing profile, which is `{}`",
                current.version()
            );
            (arn, Some(warning))
        }
        _ => (current, None),
    };
    Ok(Allowed {
        arn,
        status: Some(profile.status),
        warning,
    })
}

/// The ARN with the version, where that was named.
fn named_version(id: &ProfileId) -> Option<SigningProfileVersionArn> {
    let (arn, version) = (id.arn()?, id.version()?);
    SigningProfileVersionArn::parse(&format!("{arn}/{version}")).ok()
}

/// The profiles of a configuration, changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Those that are added.
    pub add: Vec<SigningProfileVersionArn>,
    /// Those that are removed.
    pub remove: Vec<SigningProfileVersionArn>,
}

impl Edit {
    /// What `before` becomes.
    ///
    /// # Errors
    ///
    /// [`Error::Profiles`], [`Error::Twice`] and [`Error::NotAllowed`].
    pub fn of(
        &self,
        before: &[SigningProfileVersionArn],
    ) -> Result<Vec<SigningProfileVersionArn>, Error> {
        let mut after = before.to_vec();
        for profile in &self.remove {
            let at = after.iter().position(|one| one == profile);
            let at = at.ok_or_else(|| Error::NotAllowed(profile.to_string()))?;
            after.remove(at);
        }
        for profile in &self.add {
            if self.add.iter().filter(|one| *one == profile).count() > 1 {
                return Err(Error::Twice(profile.to_string()));
            }
            if !after.contains(profile) {
                after.push(profile.clone());
            }
        }
        if (1..=MAX_CONFIG_PROFILES).contains(&after.len()) {
            Ok(after)
        } else {
            Err(Error::Profiles(after.len()))
        }
    }
}

/// Holds a description to AWS's rule.
///
/// # Errors
///
/// [`Error::Description`].
pub fn check_description(text: &str) -> Result<(), Error> {
    match text.chars().count() {
        count if count > MAX_CONFIG_DESCRIPTION_CHARS => Err(Error::Description(count)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles(names: &[&str]) -> Vec<SigningProfileVersionArn> {
        let one = |name: &&str| {
            let text = format!(
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/{name}/abcdefghij"
            );
            SigningProfileVersionArn::parse(&text).unwrap()
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn profiles_are_added_and_removed() {
        let edit = Edit {
            add: profiles(&["c3", "a1"]),
            remove: profiles(&["b2"]),
        };
        let after = edit.of(&profiles(&["a1", "b2"])).unwrap();
        assert_eq!(after, profiles(&["a1", "c3"]));
    }

    #[test]
    fn a_configuration_has_one_profile_at_least_and_twenty_at_most() {
        let names: Vec<String> = (0..=MAX_CONFIG_PROFILES).map(|n| format!("p{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let add = |names: &[&str]| Edit {
            add: profiles(names),
            remove: Vec::new(),
        };
        assert!(add(names.get(1..).unwrap()).of(&[]).is_ok());
        assert!(matches!(add(&names).of(&[]), Err(Error::Profiles(21))));
        assert!(matches!(add(&[]).of(&[]), Err(Error::Profiles(0))));
        assert!(matches!(add(&["a1", "a1"]).of(&[]), Err(Error::Twice(_))));
        let remove = Edit {
            add: Vec::new(),
            remove: profiles(&["b2"]),
        };
        assert!(matches!(
            remove.of(&profiles(&["a1"])),
            Err(Error::NotAllowed(_))
        ));
        assert!(matches!(
            remove.of(&profiles(&["b2"])),
            Err(Error::Profiles(0))
        ));
    }

    #[test]
    fn a_description_is_not_too_long() {
        check_description(&"ü".repeat(256)).unwrap();
        let error = check_description(&"ü".repeat(257)).unwrap_err();
        assert!(matches!(error, Error::Description(257)));
    }
}
