//! Certificates for unit tests, with every extension written by hand.

use der::Encode as _;
use der::asn1::{BitString, ObjectIdentifier};
use rcgen::{
    CertificateParams, CustomExtension, DnType, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
    SignatureAlgorithm,
};
use time::OffsetDateTime;
use time::macros::datetime;

use super::Certificate;

pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(crate) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

pub(crate) const NOT_BEFORE: OffsetDateTime = datetime!(2020-01-01 00:00:00 UTC);
pub(crate) const NOT_AFTER: OffsetDateTime = datetime!(2040-01-01 00:00:00 UTC);

/// What a certificate is to be.
#[derive(Clone)]
pub(crate) struct Request {
    name: String,
    algorithm: &'static SignatureAlgorithm,
    not_before: OffsetDateTime,
    /// Type, criticality and content.
    extensions: Vec<(String, bool, Vec<u8>)>,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
    params: CertificateParams,
}

impl Request {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            algorithm: &PKCS_ECDSA_P256_SHA256,
            not_before: NOT_BEFORE,
            extensions: Vec::new(),
        }
    }

    /// A code-signing leaf.
    pub(crate) fn leaf(name: &str) -> Self {
        Self::new(name)
            .key_usage(true, &[0])
            .purposes(false, &[CODE_SIGNING])
    }

    /// A timestamping leaf.
    pub(crate) fn time_stamping_leaf(name: &str) -> Self {
        Self::leaf(name).purposes(true, &[TIME_STAMPING])
    }

    /// An authority without a path length.
    pub(crate) fn authority(name: &str) -> Self {
        Self::new(name)
            .basic_constraints(true, true, None)
            .key_usage(true, &[5])
    }

    pub(crate) fn algorithm(mut self, algorithm: &'static SignatureAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    pub(crate) fn valid_from(mut self, time: OffsetDateTime) -> Self {
        self.not_before = time;
        self
    }

    /// With this extension in place of another of its type.
    pub(crate) fn extension(self, oid: &str, critical: bool, content: &[u8]) -> Self {
        self.without(oid).another_extension(oid, critical, content)
    }

    /// With this extension beside others of its type.
    pub(crate) fn another_extension(mut self, oid: &str, critical: bool, content: &[u8]) -> Self {
        self.extensions
            .push((oid.to_owned(), critical, content.to_vec()));
        self
    }

    pub(crate) fn without(mut self, oid: &str) -> Self {
        self.extensions.retain(|(other, ..)| other != oid);
        self
    }

    pub(crate) fn basic_constraints(
        self,
        critical: bool,
        is_ca: bool,
        path_length: Option<u16>,
    ) -> Self {
        let mut fields = is_ca.to_der().unwrap();
        if let Some(length) = path_length {
            fields.extend(length.to_der().unwrap());
        }
        self.extension(BASIC_CONSTRAINTS, critical, &sequence(&fields))
    }

    /// The bits of these numbers.
    pub(crate) fn key_usage(self, critical: bool, bits: &[usize]) -> Self {
        let mut bytes = [0_u8; 2];
        for bit in bits {
            bytes[bit / 8] |= 0x80 >> (bit % 8);
        }
        let content = BitString::new(7, bytes).unwrap().to_der().unwrap();
        self.extension(KEY_USAGE, critical, &content)
    }

    pub(crate) fn purposes(self, critical: bool, oids: &[&str]) -> Self {
        let content: Vec<u8> = oids
            .iter()
            .flat_map(|oid| ObjectIdentifier::new_unwrap(oid).to_der().unwrap())
            .collect();
        self.extension(EXTENDED_KEY_USAGE, critical, &sequence(&content))
    }

    /// The bytes of a self-signed certificate that may be malformed.
    pub(crate) fn self_signed_der(self) -> Vec<u8> {
        let key = KeyPair::generate_for(self.algorithm).unwrap();
        self.params().self_signed(&key).unwrap().der().to_vec()
    }

    pub(crate) fn self_signed(self) -> Identity {
        let key = KeyPair::generate_for(self.algorithm).unwrap();
        let params = self.params();
        let certificate = params.self_signed(&key).unwrap();
        Identity {
            certificate: Certificate::parse(certificate.der()).unwrap(),
            key,
            params,
        }
    }

    pub(crate) fn issued_by(self, issuer: &Identity) -> Identity {
        let key = KeyPair::generate_for(self.algorithm).unwrap();
        let params = self.params();
        let issuer = Issuer::from_params(&issuer.params, &issuer.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Identity {
            certificate: Certificate::parse(certificate.der()).unwrap(),
            key,
            params,
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.not_before = self.not_before;
        params.not_after = NOT_AFTER;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, self.name.as_str());
        params.custom_extensions = self
            .extensions
            .iter()
            .map(|(oid, critical, content)| {
                let arcs: Vec<u64> = oid.split('.').map(|arc| arc.parse().unwrap()).collect();
                let mut extension = CustomExtension::from_oid_content(&arcs, content.clone());
                extension.set_criticality(*critical);
                extension
            })
            .collect();
        params
    }
}

fn sequence(content: &[u8]) -> Vec<u8> {
    der::Any::new(der::Tag::Sequence, content)
        .unwrap()
        .to_der()
        .unwrap()
}

/// A self-signed code-signing certificate whose common name is `name`.
pub(crate) fn self_signed(name: &str) -> Certificate {
    Request::leaf(name).self_signed().certificate
}
