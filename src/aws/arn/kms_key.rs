//! The names by which AWS KMS knows a key (KMS API, `KeyId`): its ARN or its identifier, the ARN of
//! an alias or the alias.

use std::fmt;

use super::syntax::{abbreviated, parse_location};
use super::{ArnError, ArnService, Location};

use crate::limits;

const WANTED: &str = "`key/ID` or `alias/NAME`";

/// A key of AWS KMS, by any of its names. Whether there is such a key is KMS's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsKeyId {
    text: String,
    location: Option<Location>,
}

/// Why text does not name a key.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KmsKeyIdError {
    /// It begins like an ARN and is not one of KMS.
    #[error(transparent)]
    Arn(ArnError),
    /// It is neither an ARN, nor an alias, nor a key's identifier.
    #[error("`{text}` does not name a key of AWS KMS")]
    NotAKey {
        /// The text, as it was given.
        text: String,
    },
}

impl KmsKeyIdError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Arn(ArnError::Resource { .. }) => {
                Some("the resource of a key is `key/ID`, that of an alias `alias/NAME`".to_owned())
            }
            Self::Arn(source) => source.hint(),
            Self::NotAKey { .. } => Some(
                "give the ARN of a key or of an alias, a key's identifier, or `alias/NAME`"
                    .to_owned(),
            ),
        }
    }
}

impl KmsKeyId {
    /// Parses any of the four forms.
    ///
    /// # Errors
    ///
    /// [`KmsKeyIdError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, KmsKeyIdError> {
        let not_a_key = || KmsKeyIdError::NotAKey {
            text: abbreviated(text),
        };
        let location = if text.starts_with("arn:") {
            let (location, resource) =
                parse_location(text, ArnService::Kms).map_err(KmsKeyIdError::Arn)?;
            let is_key = resource.strip_prefix("key/").is_some_and(is_identifier);
            if !is_key && !is_alias(resource) {
                return Err(KmsKeyIdError::Arn(ArnError::Resource {
                    text: text.to_owned(),
                    resource: resource.to_owned(),
                    wanted: WANTED,
                    suggestion: None,
                }));
            }
            Some(location)
        } else {
            if text.len() > limits::MAX_ARN_BYTES || !(is_alias(text) || is_identifier(text)) {
                return Err(not_a_key());
            }
            None
        };
        Ok(Self {
            text: text.to_owned(),
            location,
        })
    }

    /// The name, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the key lives, if the name says so.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// Whether this is the ARN of a key, which names one key forever; an alias can be pointed at
    /// another.
    pub fn is_key_arn(&self) -> bool {
        self.location.is_some() && self.text.contains(":key/")
    }
}

impl fmt::Display for KmsKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `alias/NAME`: letters, digits, `-`, `_` and `/`.
fn is_alias(text: &str) -> bool {
    text.len() <= limits::MAX_KMS_NAME_BYTES
        && text.strip_prefix("alias/").is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|byte| is_plain(byte) || byte == b'/')
        })
}

/// A UUID, or `mrk-` and 32 digits; KMS says whether it is one of its own.
fn is_identifier(text: &str) -> bool {
    (1..=limits::MAX_KMS_NAME_BYTES).contains(&text.len()) && text.bytes().all(is_plain)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::super::Partition;
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn a_key_has_four_forms() {
        let key = format!("arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/{ID}");
        let alias = "arn:aws:kms:eu-west-1:111122223333:alias/release/images_1";
        for (text, region, is_key_arn) in [
            (key.as_str(), Some("us-gov-west-1"), true),
            (alias, Some("eu-west-1"), false),
            (ID, None, false),
            ("mrk-1234abcd12ab34cd56ef1234567890ab", None, false),
            ("alias/release", None, false),
        ] {
            let parsed = KmsKeyId::parse(text).unwrap();
            assert_eq!((parsed.as_str(), parsed.to_string().as_str()), (text, text));
            assert_eq!(parsed.location().map(Location::region), region);
            assert_eq!(parsed.is_key_arn(), is_key_arn);
        }
        let location = KmsKeyId::parse(&key).unwrap().location().cloned().unwrap();
        assert_eq!(location.partition(), Partition::AwsUsGov);
        assert_eq!(
            location.to_string(),
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:"
        );
    }

    #[test]
    fn names_are_bounded() {
        let name = |length: usize| "a".repeat(length);
        assert!(KmsKeyId::parse(&name(256)).is_ok());
        assert!(KmsKeyId::parse(&format!("alias/{}", name(250))).is_ok());
        for text in [name(257), format!("alias/{}", name(251))] {
            assert!(matches!(
                KmsKeyId::parse(&text),
                Err(KmsKeyIdError::NotAKey { text }) if text.chars().count() == 201
            ));
        }
        let long = format!("arn:aws:kms:us-east-1:111122223333:key/{}", name(2_100));
        assert!(matches!(
            KmsKeyId::parse(&long),
            Err(KmsKeyIdError::Arn(ArnError::NotAnArn {
                wanted: ArnService::Kms,
                reason: "it is longer than 2048 bytes",
                ..
            }))
        ));
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none() {
        for text in ["", "alias/", "alias/a b", "a/b", "key/x", "a\nb", "alias/ä"] {
            let error = KmsKeyId::parse(text).unwrap_err();
            assert_eq!(
                error,
                KmsKeyIdError::NotAKey {
                    text: text.to_owned()
                }
            );
            assert!(error.hint().unwrap().contains("`alias/NAME`"));
        }
        let error = KmsKeyId::parse("arn:aws:signer:us-east-1:111122223333:/signing-profiles/X")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`arn:aws:signer:us-east-1:111122223333:/signing-profiles/X` is an ARN of `signer`, \
             not of AWS KMS (`kms`)"
        );
        assert!(error.hint().unwrap().contains("`aws kms list-keys`"));
        for resource in ["", "key/", "key/a/b", "alias/", "grant/x", "key:x"] {
            let text = format!("arn:aws:kms:us-east-1:111122223333:{resource}");
            let error = KmsKeyId::parse(&text).unwrap_err();
            assert!(
                matches!(error, KmsKeyIdError::Arn(ArnError::Resource { .. })),
                "{text}"
            );
            assert!(error.hint().unwrap().contains("`key/ID`"));
        }
        let error = KmsKeyId::parse("arn:aws:kms:us-gov-west-1:111122223333:key/x").unwrap_err();
        assert!(matches!(
            error,
            KmsKeyIdError::Arn(ArnError::RegionOfOtherPartition { .. })
        ));
    }
}
