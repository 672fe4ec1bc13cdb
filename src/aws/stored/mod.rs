//! A text that is stored in AWS: a parameter of Systems Manager, a secret of Secrets Manager, an object in S3.
//!
//! Each comes with the version that was read, and is no longer than an answer of AWS may be.

mod bucket;
mod object;
mod parameter;
mod secret;

use std::fmt;

use crate::limits::{MAX_STORED_NAME_BYTES, MAX_STORED_VERSION_BYTES};

pub use bucket::{Bucket, BucketName, Versioning};
pub use object::ObjectName;

/// Which text, and which version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredText {
    /// A parameter of Systems Manager, by name or ARN.
    Parameter {
        /// Its name, or its ARN.
        name: String,
        /// Its version; `None` for the newest.
        version: Option<u64>,
    },
    /// A secret of Secrets Manager, by name or ARN.
    Secret {
        /// Its name, or its ARN.
        name: String,
        /// The identifier of its version; `None` for the one that is current.
        version: Option<String>,
    },
    /// An object in S3.
    Object {
        /// Bucket and key.
        name: ObjectName,
        /// The identifier of its version; `None` for the newest.
        version: Option<String>,
    },
}

/// What was read. It may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredContent {
    /// The bytes as they are stored.
    pub bytes: Vec<u8>,
    /// The version that they are of; an object in a bucket without versions has none.
    pub version: Option<String>,
}

impl fmt::Debug for StoredContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredContent")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Why nothing stored can have such a name or version.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredNameError {
    /// A parameter or secret.
    #[error("`{0}` is not the name or the ARN of a parameter or a secret")]
    Name(String),
    /// A bucket.
    #[error("`{0}` is not the name of an S3 bucket")]
    Bucket(String),
    /// A key.
    #[error("`{0}` is not the key of an S3 object that can be fetched")]
    Key(String),
    /// A version.
    #[error("`{0}` is not the version of something stored in AWS")]
    Version(String),
}

impl StoredText {
    /// Checks that there can be such a text.
    ///
    /// # Errors
    ///
    /// [`StoredNameError`] for a name or version that AWS has for nothing.
    pub fn check(&self) -> Result<(), StoredNameError> {
        let version = match self {
            Self::Parameter { name, .. } => {
                check_name(name)?;
                None
            }
            Self::Secret { name, version } => {
                check_name(name)?;
                version.as_deref()
            }
            Self::Object { version, .. } => version.as_deref(),
        };
        match version {
            Some(version) if !is_version(version) => Err(StoredNameError::Version(short(version))),
            _ => Ok(()),
        }
    }
}

/// Names have no colon, which ends the name and begins a version; ARNs have nothing else that is odd.
fn check_name(name: &str) -> Result<(), StoredNameError> {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'_' | b'+' | b'=' | b'.' | b'@' | b'-' | b'!')
    };
    let is_named = (1..=MAX_STORED_NAME_BYTES).contains(&name.len())
        && if name.starts_with("arn:") {
            name.split(':').count() >= 6 && name.bytes().all(|byte| byte == b':' || is_plain(byte))
        } else {
            name.bytes().all(is_plain)
        };
    if is_named {
        Ok(())
    } else {
        Err(StoredNameError::Name(short(name)))
    }
}

/// Whether there can be a bucket of this name.
fn is_bucket(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    (3..=63).contains(&name.len()) && name.split('.').all(is_label)
}

fn is_version(version: &str) -> bool {
    (1..=MAX_STORED_VERSION_BYTES).contains(&version.len())
        && version.bytes().all(|byte| byte.is_ascii_graphic())
}

fn short(text: &str) -> String {
    text.chars().take(MAX_STORED_NAME_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_those_that_aws_has() {
        let secret = |name: &str, version: Option<&str>| StoredText::Secret {
            name: name.to_owned(),
            version: version.map(str::to_owned),
        };
        let arn = "arn:aws:secretsmanager:us-west-2:111122223333:secret:gate/policy-a1b2c3";
        for right in ["gate", "/gate/policy", arn] {
            assert_eq!(secret(right, Some("0af-1")).check(), Ok(()));
        }
        for wrong in ["", "gate:7", "a b", "arn:aws:x", "ü"] {
            let error = secret(wrong, None).check().unwrap_err();
            assert_eq!(error, StoredNameError::Name(wrong.to_owned()));
        }
        for wrong in ["", "a b", "a\n"] {
            let error = secret("gate", Some(wrong)).check().unwrap_err();
            assert_eq!(error, StoredNameError::Version(wrong.to_owned()));
        }
    }

    #[test]
    fn what_is_stored_is_not_shown() {
        let stored = StoredContent {
            bytes: b"word".to_vec(),
            version: Some("7".to_owned()),
        };
        assert_eq!(
            format!("{stored:?}"),
            r#"StoredContent { version: Some("7"), .. }"#
        );
    }
}
