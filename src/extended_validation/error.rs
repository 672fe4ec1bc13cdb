//! Why a signature of AWS Signer is not accepted, or why that cannot be said.

use std::path::PathBuf;

use super::revocation::in_words;
use super::{DocumentError, NearMiss, RevokedEntity};
use crate::aws::{ArnError, CallError, NOT_AS_AWS, SettingsError};
use crate::notary::SigningScheme;

/// Why a signature is not accepted, or why it cannot be said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The signature is not by a signing authority, so not by AWS Signer.
    #[error(
        "signing scheme `{found}` is not AWS Signer's, wanted `{}`",
        SigningScheme::SigningAuthority
    )]
    Scheme {
        /// The scheme found.
        found: String,
    },
    /// The signature does not say when it was made.
    #[error("the signature has no authentic signing time")]
    NoSigningTime,
    /// An attribute of AWS Signer is not there.
    #[error("the signature lacks the attribute `{name}`")]
    NoAttribute {
        /// The attribute.
        name: &'static str,
    },
    /// An attribute of AWS Signer is something else than text.
    #[error("the signature's attribute `{name}` is not a string")]
    AttributeType {
        /// The attribute.
        name: &'static str,
    },
    /// An attribute of AWS Signer does not hold what it should.
    #[error("the signature's attribute `{name}` cannot be read")]
    Attribute {
        /// The attribute.
        name: &'static str,
        /// What is wrong with it.
        #[source]
        source: ArnError,
    },
    /// The signature's attributes are of more than one partition.
    #[error("the signature's profile `{profile}` and `{other}` are of two partitions")]
    PartitionsDiffer {
        /// The profile version.
        profile: String,
        /// The job or alias.
        other: String,
    },
    /// The policy trusts everybody.
    #[error("trusted identity `*` trusts every customer of AWS Signer")]
    Wildcard,
    /// The signing profile is not one that is trusted.
    #[error("signed with `{signer}`, which is not a trusted identity")]
    Untrusted {
        /// The profile version, and the alias where there is one.
        signer: String,
        /// Trusted identities that may have been meant for it.
        near_misses: Vec<NearMiss>,
        /// The trusted identities, or the first of them.
        trusted: Vec<String>,
        /// How many more there are.
        more: usize,
    },
    /// The settings contradict the signature.
    #[error("could not ask for the revocation status")]
    Settings(#[source] SettingsError),
    /// The question about revocation was not answered.
    #[error("the revocation status is not known")]
    RevocationUnknown(#[source] CallError),
    /// Nothing may be asked, and no answer is stored.
    #[error("no answer of AWS Signer about `{job}` is stored in `{}`", directory.display())]
    NotStored {
        /// The signing job.
        job: String,
        /// Where answers are.
        directory: PathBuf,
    },
    /// A stored answer does not count.
    #[error("the stored answer of AWS Signer does not count")]
    Stored {
        /// Why.
        #[source]
        source: DocumentError,
    },
    /// An answer is stored, and the trust policy does not allow that it counts.
    #[error("the stored answer `{}` is not signed, and the trust policy does not allow unsigned answers", path.display())]
    UnsignedNotAllowed {
        /// The file.
        path: PathBuf,
    },
    /// Something that the signature rests on was revoked.
    #[error("{}", in_words(revoked))]
    Revoked {
        /// What was revoked.
        revoked: Vec<RevokedEntity>,
    },
    /// AWS named as revoked what it was not asked about, so that its answer says nothing.
    #[error("AWS's answer says `{entity}` was revoked, which was not asked about")]
    UnexpectedEntity {
        /// What it named.
        entity: String,
    },
    /// No certificates, or too many, to ask about.
    #[error("the signature has {found} certificates, wanted 1 to {limit}")]
    ChainLength {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Attribute { source, .. } => source.hint(),
            Self::Wildcard => Some(
                "name the signing profiles, for example `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`"
                    .to_owned(),
            ),
            Self::Untrusted { near_misses, .. } => {
                let text: Vec<String> = near_misses.iter().map(NearMiss::to_string).collect();
                Some(if text.is_empty() {
                    "do not run the artifact unless you trust that profile; a trusted profile is named in \
                     `trustedIdentities` of the trust policy; a trusted profile is named with \
                     the setting `signing-profile`"
                        .to_owned()
                } else {
                    text.join("; ")
                })
            }
            Self::Settings(source) => source.hint(),
            Self::RevocationUnknown(source) => source.hint(),
            Self::Stored {
                source: DocumentError::File { source },
            } if source.hint().is_some() => source.hint(),
            Self::NotStored { .. } | Self::Stored { .. } => Some(
                "with a network, `countersign revocation fetch REFERENCE --out DIR` asks AWS Signer \
                 again and stores its answer"
                    .to_owned(),
            ),
            Self::UnsignedNotAllowed { .. } => Some(
                "if you trust everyone who can write to that directory, add \
                 `\"unsignedRevocationStatements\": [\"aws-signer\"]` to `signatureVerification` of the trust \
                 policy's statement; if you trust everyone who can write to that directory, give the \
                 setting `unsigned-revocation-statements aws-signer` with the setting `signing-profile`"
                    .to_owned(),
            ),
            Self::Revoked { .. } => Some(
                "do not run the artifact: a revocation is permanent; if the artifact is good, signing it \
                 again belongs in the pipeline that builds it"
                    .to_owned(),
            ),
            Self::UnexpectedEntity { .. } => Some(NOT_AS_AWS.to_owned()),
            Self::Scheme { .. }
            | Self::NoSigningTime
            | Self::NoAttribute { .. }
            | Self::AttributeType { .. }
            | Self::PartitionsDiffer { .. }
            | Self::ChainLength { .. } => None,
        }
    }

    /// Whether the answer is unknown rather than no.
    pub fn is_inconclusive(&self) -> bool {
        matches!(
            self,
            Self::RevocationUnknown(_)
                | Self::Settings(_)
                | Self::NotStored { .. }
                | Self::Stored { .. }
                | Self::UnsignedNotAllowed { .. }
                | Self::UnexpectedEntity { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    #[test]
    fn a_stored_answer_that_cannot_be_read_has_the_files_hint_where_there_is_one() {
        let hint = |source| {
            let source = DocumentError::File { source };
            Error::Stored { source }.hint()
        };
        let denied = files::Error::Io {
            operation: "open",
            path: "/s/x".into(),
            source: std::io::ErrorKind::PermissionDenied.into(),
        };
        assert_eq!(
            hint(denied).as_deref(),
            Some("check the permissions of `/`")
        );
        let large = files::Error::TooLarge {
            path: "/s/x".into(),
            max_bytes: 1,
        };
        assert_eq!(
            hint(large).as_deref(),
            Some(
                "with a network, `countersign revocation fetch REFERENCE --out DIR` asks AWS Signer again and stores \
                 its answer"
            )
        );
    }
}
