//! Writing envelopes: what is signed, and the envelope around the signature.
//!
//! Input: a payload, the attributes, a signature that was made elsewhere. Output: the bytes that
//! notation would write. Whether the signature fits is not checked: a signer verifies what it has
//! written as every verifier does, with [`super::UnverifiedEnvelope`].

use super::{Error, cose, jws};
use crate::algorithm::SignatureAlgorithm;
use crate::notary::EnvelopeFormat;
use crate::signer_info::{SignedAttributes, UnsignedAttributes};
use crate::x509::Certificate;

/// An envelope that waits for its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedEnvelope {
    format: EnvelopeFormat,
    payload: Vec<u8>,
    /// The protected header: JSON or CBOR.
    protected: Vec<u8>,
}

impl UnsignedEnvelope {
    /// Writes the part that is signed: deterministic, times in whole seconds.
    ///
    /// # Errors
    ///
    /// [`Error::AttributeTwice`], or [`Error::NotInFormat`] for an attribute that the format does not
    /// have.
    pub fn new(
        format: EnvelopeFormat,
        payload: Vec<u8>,
        attributes: &SignedAttributes,
        algorithm: SignatureAlgorithm,
    ) -> Result<Self, Error> {
        let protected = match format {
            EnvelopeFormat::Jws => jws::write_protected(attributes, algorithm)?,
            EnvelopeFormat::Cose => cose::write_protected(attributes, algorithm)?,
        };
        Ok(Self {
            format,
            payload,
            protected,
        })
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        match self.format {
            EnvelopeFormat::Jws => jws::signing_input(&self.protected, &self.payload),
            EnvelopeFormat::Cose => cose::signature_structure(&self.protected, &self.payload),
        }
    }

    /// The envelope with its signature, the signer's certificate first in `chain`.
    pub fn into_bytes(
        self,
        signature: &[u8],
        chain: &[Certificate],
        attributes: &UnsignedAttributes,
    ) -> Vec<u8> {
        let Self {
            format,
            payload,
            protected,
        } = self;
        match format {
            EnvelopeFormat::Jws => jws::write(&protected, &payload, signature, chain, attributes),
            EnvelopeFormat::Cose => cose::write(&protected, &payload, signature, chain, attributes),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use time::OffsetDateTime;

    use super::super::UnverifiedEnvelope;
    use super::super::testing::{PAYLOAD, Signer};
    use super::*;
    use crate::notary::{PAYLOAD_MEDIA_TYPE, SigningScheme};
    use crate::signer_info::{ExtendedAttribute, LabelKind};

    fn attributes(extended: Vec<ExtendedAttribute>) -> SignedAttributes {
        SignedAttributes {
            content_type: PAYLOAD_MEDIA_TYPE.to_owned(),
            signing_scheme: SigningScheme::X509,
            signing_time: OffsetDateTime::UNIX_EPOCH,
            expiry: None,
            verification_plugin: None,
            verification_plugin_min_version: None,
            extended,
        }
    }

    fn extended(name: &str, label: LabelKind, critical: bool, value: Value) -> ExtendedAttribute {
        ExtendedAttribute {
            name: name.to_owned(),
            label,
            critical,
            value,
        }
    }

    #[test]
    fn what_a_format_does_not_have_is_not_written() {
        let write = |format, extended| {
            let attributes = attributes(extended);
            UnsignedEnvelope::new(format, vec![], &attributes, SignatureAlgorithm::Es256)
                .unwrap_err()
                .to_string()
        };
        let number = extended("1000", LabelKind::Integer, true, json!(1));
        assert_eq!(
            write(EnvelopeFormat::Jws, vec![number]),
            "header `1000` cannot be written in this format"
        );
        let name = extended("x", LabelKind::Integer, true, json!(1));
        assert_eq!(
            write(EnvelopeFormat::Cose, vec![name]),
            "header `x` cannot be written in this format"
        );
        for format in [EnvelopeFormat::Jws, EnvelopeFormat::Cose] {
            let x = extended("x", LabelKind::Text, false, json!(1));
            assert_eq!(write(format, vec![x.clone(), x]), "header `x` occurs twice");
        }
        let scheme = extended("cty", LabelKind::Text, false, json!(1));
        assert_eq!(
            write(EnvelopeFormat::Jws, vec![scheme]),
            "header `cty` occurs twice"
        );
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(
            seconds in 0..253_402_300_798_i64,
            expires: bool,
            scheme in prop_oneof![Just(SigningScheme::X509), Just(SigningScheme::SigningAuthority)],
            plugin in prop::option::of("[a-z]{1,8}"),
            others in prop::collection::btree_map("[x-z]{1,3}", (any::<bool>(), values()), 0..4),
            agent: Option<String>,
            token: Option<Vec<u8>>,
        ) {
            let signing_time = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            let attributes = SignedAttributes {
                signing_scheme: scheme,
                signing_time,
                expiry: expires.then(|| signing_time + time::Duration::SECOND),
                verification_plugin_min_version: plugin.as_ref().map(|_| "1.2.3".to_owned()),
                verification_plugin: plugin,
                ..attributes(
                    others
                        .into_iter()
                        .map(|(name, (critical, value))| {
                            extended(&name, LabelKind::Text, critical, value)
                        })
                        .collect(),
                )
            };
            let unsigned = UnsignedAttributes {
                signing_agent: agent,
                timestamp_signature: token,
            };
            let signer = Signer::new();
            for format in [EnvelopeFormat::Jws, EnvelopeFormat::Cose] {
                let envelope = UnsignedEnvelope::new(
                    format,
                    PAYLOAD.to_vec(),
                    &attributes,
                    SignatureAlgorithm::Es256,
                )
                .unwrap();
                let signature = signer.sign(&envelope.signed_bytes());
                let bytes = envelope.into_bytes(&signature, &signer.chain(), &unsigned);
                let verified = UnverifiedEnvelope::parse(format, &bytes).unwrap().verify().unwrap();
                prop_assert_eq!(verified.payload(), PAYLOAD);
                let info = verified.signer_info();
                prop_assert_eq!(&info.signed_attributes, &attributes);
                prop_assert_eq!(&info.unsigned_attributes, &unsigned);
                prop_assert_eq!(&info.certificate_chain, &signer.chain());
            }
        }
    }
}
