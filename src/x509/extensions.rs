//! What revocation and time-stamping ask of a certificate (RFC 5280 section 4.2).

use der::asn1::ObjectIdentifier;
use der::{Reader as _, SliceReader, Tag};

use super::Certificate;

const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// Where fields lie in a `TBSCertificate`, its version not counted.
const ISSUER: usize = 2;
const SUBJECT: usize = 4;

impl Certificate {
    /// The issuer's name, the bytes that the certificate has.
    pub fn issuer_der(&self) -> &[u8] {
        self.tbs_field(ISSUER)
    }

    /// The subject's name, the bytes that the certificate has.
    pub fn subject_der(&self) -> &[u8] {
        self.tbs_field(SUBJECT)
    }

    /// Whether its key may be used for `purpose`: its extended key usage is absent, or has it or any.
    pub fn allows_purpose(&self, purpose: &ObjectIdentifier) -> bool {
        self.extended_key_usage().is_none_or(|extension| {
            extension.purposes.contains(purpose) || extension.purposes.contains(&ANY_PURPOSE)
        })
    }

    /// The bytes of a field; empty only if the certificate had not been parsed.
    fn tbs_field(&self, index: usize) -> &[u8] {
        let read = || {
            SliceReader::new(self.tbs_der())?.sequence(|fields| {
                if fields.peek_tag()? != Tag::Integer {
                    fields.tlv_bytes()?;
                }
                for _ in 0..index {
                    fields.tlv_bytes()?;
                }
                let field = fields.tlv_bytes()?;
                fields.read_slice(fields.remaining_len())?;
                Ok(field)
            })
        };
        read().unwrap_or_default()
    }
}
