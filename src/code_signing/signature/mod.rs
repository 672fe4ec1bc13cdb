//! The signature in a package, in all that does not need the package: its form, its certificates, what it says.
//!
//! Input: the bytes of the entry, and the roots that are trusted. Output: a [`Signature`], whose key signed what it says.
//! There is one form: the same bytes if it is made again from its parts. So no reader can find another signature in them,
//! and no byte can be changed but in the values of ECDSA: where (r, s) is valid, (r, n - s) is too, which anyone can
//! compute. It signs the same, so two texts may be one signature: never tell signatures apart by their bytes.

mod armor;
mod attributes;
mod error;
mod generalized_time;
mod message;

use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;
use x509_cert::spki::AlgorithmIdentifierOwned;

pub use crate::cms::SignerError;
pub use error::Error;

use crate::algorithm::KeySpec;
use crate::aws::{SigningJobArn, SigningProfileVersionArn};
use crate::cms::Signer;
use crate::x509::{self, Certificate};
use attributes::Attributes;
use message::Message;

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const ECDSA_WITH_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// SHA-384, with the parameter that AWS Signer writes.
const SHA_384_DER: &[u8] = &[
    0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0,
];
const ECDSA_WITH_SHA_384_DER: &[u8] = &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];

/// A signature whose certificates lead to a trusted root, and whose key signed what it says. Only [`Signature::verify`]
/// makes one. Whether it is the signature of a package, and trusted, is not decided here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    message_digest: Vec<u8>,
    signing_time: OffsetDateTime,
    expires_at: OffsetDateTime,
    job: SigningJobArn,
    profile_version: SigningProfileVersionArn,
    chain: Vec<Certificate>,
}

impl Signature {
    /// Verifies `text`, the content of the entry, whose certificates must end with one of `roots`.
    ///
    /// # Errors
    ///
    /// [`enum@Error`].
    pub fn verify(text: &[u8], roots: &[Certificate]) -> Result<Self, Error> {
        let bytes = armor::decode(text)?;
        let Message {
            certificates,
            signer,
        } = Message::parse(&bytes)?;
        check_form(&signer)?;
        let Attributes {
            message_digest,
            signing_time,
            expires_at,
            job,
            profile_version,
        } = Attributes::parse(&signer)?;
        if job.location() != profile_version.profile().location() {
            return Err(Error::Places {
                job: job.to_string(),
                profile: profile_version.to_string(),
            });
        }
        if expires_at <= signing_time {
            return Err(Error::Times {
                signing_time,
                expires_at,
            });
        }
        let chain = chain(&certificates, &signer, roots, signing_time)?;
        Ok(Self {
            message_digest,
            signing_time,
            expires_at,
            job,
            profile_version,
            chain,
        })
    }

    /// The digest that was signed.
    pub fn message_digest(&self) -> &[u8] {
        &self.message_digest
    }

    /// When it was made, as AWS Signer says.
    pub const fn signing_time(&self) -> OffsetDateTime {
        self.signing_time
    }

    /// From when on it is expired.
    pub const fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// The signing job.
    pub const fn job(&self) -> &SigningJobArn {
        &self.job
    }

    /// The version of the signing profile.
    pub const fn profile_version(&self) -> &SigningProfileVersionArn {
        &self.profile_version
    }

    /// The certificates, leaf first, to the root.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }
}

/// What is the same in every signature of AWS Signer's.
fn check_form(signer: &Signer<'_>) -> Result<(), Error> {
    if signer.version != 1 {
        return Err(Error::Version {
            found: signer.version,
        });
    }
    if signer.digest_algorithm_der != SHA_384_DER {
        return Err(Error::Algorithm {
            what: "digest",
            wanted: "SHA-384",
        });
    }
    if signer.signature_algorithm_der != ECDSA_WITH_SHA_384_DER {
        return Err(Error::Algorithm {
            what: "signature",
            wanted: "ECDSA with SHA-384",
        });
    }
    if signer.has_unsigned_attributes {
        return Err(Error::UnsignedAttributes);
    }
    if !signer.is_in_order {
        return Err(Error::AttributeOrder);
    }
    Ok(())
}

/// The chain of the signer, who signed the attributes: every certificate of the message has its place in it.
fn chain(
    certificates: &[&[u8]],
    signer: &Signer<'_>,
    roots: &[Certificate],
    signing_time: OffsetDateTime,
) -> Result<Vec<Certificate>, Error> {
    let [issued @ .., root, again] = certificates else {
        return Err(Error::Root);
    };
    let trusted = roots.iter().find(|trusted| trusted.der() == *root);
    let Some(trusted) = trusted.filter(|_| root == again) else {
        return Err(Error::Root);
    };
    let parse = |(index, der): (usize, &&[u8])| {
        Certificate::parse(der).map_err(|source| Error::Certificate {
            position: index.saturating_add(1),
            source,
        })
    };
    let parsed = issued.iter().enumerate().map(parse);
    let mut chain = parsed.collect::<Result<Vec<_>, _>>()?;
    chain.push(trusted.clone());
    let (Some(leaf), true) = (chain.first(), chain.len() > 1) else {
        return Err(Error::OtherSigner);
    };
    if leaf.issuer_der() != signer.issuer || leaf.serial_number() != signer.serial_number {
        return Err(Error::OtherSigner);
    }
    x509::verify_code_signing_chain(&chain, Some(signing_time))
        .map_err(|source| Error::Chain { source })?;
    let subject = || leaf.subject().to_string();
    if leaf.extension(&EXTENDED_KEY_USAGE).is_none() || !leaf.allows_purpose(&CODE_SIGNING) {
        return Err(Error::Purpose { subject: subject() });
    }
    match leaf.key_spec() {
        Ok(KeySpec::Ec384) => {}
        Ok(other) => {
            return Err(Error::Key {
                subject: subject(),
                key: other.to_string(),
            });
        }
        Err(source) => return Err(Error::Chain { source }),
    }
    let algorithm = AlgorithmIdentifierOwned {
        oid: ECDSA_WITH_SHA_384,
        parameters: None,
    };
    leaf.verify_signature(&algorithm, &signer.signed_bytes, signer.signature)
        .map_err(|source| Error::Signature {
            subject: subject(),
            source,
        })?;
    Ok(chain)
}

#[cfg(test)]
mod tests;
