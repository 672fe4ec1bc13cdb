//! What an envelope says about its signature, whatever its format (`signature-specification.md`,
//! "Signature Envelope").
//!
//! These are the words of the envelope. Whether they are true is decided by the verification.

use serde_json::Value;
use time::OffsetDateTime;

use crate::algorithm::SignatureAlgorithm;
use crate::notary::SigningScheme;
use crate::x509::Certificate;

/// Everything in an envelope but its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerInfo {
    /// What the signature covers.
    pub signed_attributes: SignedAttributes,
    /// What the signature does not cover and others may have changed.
    pub unsigned_attributes: UnsignedAttributes,
    /// The algorithm that the envelope names.
    pub signature_algorithm: SignatureAlgorithm,
    /// The signer's certificate first, then each issuer. Never empty.
    pub certificate_chain: Vec<Certificate>,
    /// The signature's bytes: what a timestamp is made over.
    pub signature: Vec<u8>,
}

/// The attributes that the signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAttributes {
    /// Media type of the payload; empty where a JWS has none.
    pub content_type: String,
    /// How the signing time is known.
    pub signing_scheme: SigningScheme,
    /// When it was signed: authentic under [`SigningScheme::SigningAuthority`], the signer's claim
    /// under [`SigningScheme::X509`]. With the offset that the envelope has.
    pub signing_time: OffsetDateTime,
    /// From when on the signature is no longer good.
    pub expiry: Option<OffsetDateTime>,
    /// Name of the plugin that must verify the signature; not blank.
    pub verification_plugin: Option<String>,
    /// Lowest version of that plugin: a semantic version.
    pub verification_plugin_min_version: Option<String>,
    /// All other attributes, in the order of the envelope's member names.
    pub extended: Vec<ExtendedAttribute>,
}

impl SignedAttributes {
    /// The extended attributes that the signer wants understood: a signature with one that nothing
    /// has processed must not be accepted.
    pub fn critical_extended(&self) -> impl Iterator<Item = &ExtendedAttribute> {
        self.extended.iter().filter(|attribute| attribute.critical)
    }
}

/// A signed attribute that the specification does not define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedAttribute {
    /// Its name; in COSE a label that is an integer gives its decimal digits.
    pub name: String,
    /// Of what kind its name is in the envelope.
    pub label: LabelKind,
    /// Whether the signer wants it understood.
    pub critical: bool,
    /// Its value. CBOR that JSON lacks: bytes are standard base64, tags are
    /// `{"tag": number, "value": value}`.
    pub value: Value,
}

/// The kind of an attribute's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// Text, as plugins can be told it.
    Text,
    /// An integer, which only COSE has.
    Integer,
}

/// The attributes that the signature does not cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnsignedAttributes {
    /// The program that made the signature, by its own word.
    pub signing_agent: Option<String>,
    /// An RFC 3161 token over the signature, in DER and not looked at.
    pub timestamp_signature: Option<Vec<u8>>,
}
