//! Strings and small types of the Notary Project specifications.
//!
//! Nothing here reads or judges anything: these are the words that envelopes, manifests, policies
//! and plugins share.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Media type of the payload that is signed (`signature-specification.md`, "Payload").
pub const PAYLOAD_MEDIA_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";

/// Artifact type of a signature manifest (`signature-specification.md`, "Storage").
pub const SIGNATURE_ARTIFACT_TYPE: &str = "application/vnd.cncf.notary.signature";

/// Annotation of a signature manifest: SHA-256 of each certificate, a JSON array in a string.
pub const THUMBPRINT_ANNOTATION: &str = "io.cncf.notary.x509chain.thumbprint#S256";

/// Prefix that the specification keeps for itself: user metadata may not begin with it.
pub const RESERVED_PREFIX: &str = "io.cncf.notary";

/// Names of the attributes in an envelope's headers.
pub mod attribute {
    /// Signing scheme; always critical.
    pub const SIGNING_SCHEME: &str = "io.cncf.notary.signingScheme";
    /// When the signer says that it signed (scheme `notary.x509`).
    pub const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
    /// When the signing authority signed (scheme `notary.x509.signingAuthority`); critical there.
    pub const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
    /// Until when the signature is good; critical where present.
    pub const EXPIRY: &str = "io.cncf.notary.expiry";
    /// Plugin that must verify the signature; critical where present.
    pub const VERIFICATION_PLUGIN: &str = "io.cncf.notary.verificationPlugin";
    /// Lowest version of that plugin; critical where present.
    pub const VERIFICATION_PLUGIN_MIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";
    /// RFC 3161 token over the signature value; unsigned.
    pub const TIMESTAMP_SIGNATURE: &str = "io.cncf.notary.timestampSignature";
    /// Program that made the signature; unsigned.
    pub const SIGNING_AGENT: &str = "io.cncf.notary.signingAgent";
}

/// The two formats of a signature envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnvelopeFormat {
    /// JSON Web Signature, flattened JSON serialisation.
    Jws,
    /// CBOR Object Signing and Encryption, `COSE_Sign1`.
    Cose,
}

impl EnvelopeFormat {
    /// The media type of the layer that holds such an envelope.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jws => "application/jose+json",
            Self::Cose => "application/cose",
        }
    }

    /// The format of a layer's media type; `None` for any other.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        [Self::Jws, Self::Cose]
            .into_iter()
            .find(|format| format.media_type() == media_type)
    }
}

/// How the signing time is known (`signing-scheme.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigningScheme {
    /// The signer's own key; only an RFC 3161 countersignature makes its time believable.
    X509,
    /// A trusted service signs, and its time is part of what it vouches for.
    SigningAuthority,
}

impl SigningScheme {
    /// The scheme's name in an envelope.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X509 => "notary.x509",
            Self::SigningAuthority => "notary.x509.signingAuthority",
        }
    }

    /// The scheme of this exact name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::X509, Self::SigningAuthority]
            .into_iter()
            .find(|scheme| scheme.as_str() == name)
    }

    /// The type of the trust stores that may hold this scheme's roots.
    pub const fn store_type(self) -> StoreType {
        match self {
            Self::X509 => StoreType::Ca,
            Self::SigningAuthority => StoreType::SigningAuthority,
        }
    }
}

impl fmt::Display for SigningScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The types of a named trust store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StoreType {
    /// Roots of signers (`ca`).
    Ca,
    /// Roots of signing authorities, AWS Signer's among them (`signingAuthority`).
    SigningAuthority,
    /// Roots of timestamping authorities (`tsa`).
    Tsa,
}

impl StoreType {
    /// The type's name in a policy and on disk.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::SigningAuthority => "signingAuthority",
            Self::Tsa => "tsa",
        }
    }

    /// The type of this exact name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ca, Self::SigningAuthority, Self::Tsa]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for StoreType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The validations of a signature (`trust-store-trust-policy.md`, "Signature Verification").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Validation {
    /// The envelope is well formed and its signature fits its bytes.
    Integrity,
    /// A trusted root and a trusted identity stand behind it.
    Authenticity,
    /// It was made at a time at which its certificates were valid.
    AuthenticTimestamp,
    /// It has not expired.
    Expiry,
    /// Nothing it rests on was revoked.
    Revocation,
}

impl Validation {
    /// Every validation, in the order in which they are carried out.
    pub const ALL: [Self; 5] = [
        Self::Integrity,
        Self::Authenticity,
        Self::Expiry,
        Self::AuthenticTimestamp,
        Self::Revocation,
    ];

    /// The validation's name in a trust policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Integrity => "integrity",
            Self::Authenticity => "authenticity",
            Self::AuthenticTimestamp => "authenticTimestamp",
            Self::Expiry => "expiry",
            Self::Revocation => "revocation",
        }
    }

    /// The validation of this exact name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|validation| validation.as_str() == name)
    }
}

impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a failed validation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The signature is not accepted.
    Enforce,
    /// The failure is shown and the signature may still be accepted.
    Log,
    /// The validation is not carried out.
    Skip,
}

impl Action {
    /// The action's name in a trust policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Log => "log",
            Self::Skip => "skip",
        }
    }

    /// The action of this exact name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Enforce, Self::Log, Self::Skip]
            .into_iter()
            .find(|action| action.as_str() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A time as the specifications write it: RFC 3339, with the offset that it has.
pub fn rfc3339(time: OffsetDateTime) -> String {
    // Only years beyond four digits cannot be written, and no reader here lets one in.
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_exactly() {
        assert_eq!(
            SigningScheme::from_name("notary.x509"),
            Some(SigningScheme::X509)
        );
        assert_eq!(SigningScheme::from_name("Notary.x509"), None);
        assert_eq!(StoreType::from_name("signingauthority"), None);
        assert_eq!(
            Validation::from_name("authenticTimestamp"),
            Some(Validation::AuthenticTimestamp)
        );
        assert_eq!(Action::from_name("Log"), None);
        assert_eq!(
            EnvelopeFormat::from_media_type("application/cose"),
            Some(EnvelopeFormat::Cose)
        );
        assert_eq!(
            EnvelopeFormat::from_media_type("application/cose; x=y"),
            None
        );
    }
}
