//! Envelopes as a test wants them, really signed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use coset::cbor::value::Value as Cbor;
use coset::iana::Algorithm;
use coset::{
    CoseSign1Builder, HeaderBuilder, RegisteredLabelWithPrivate, TaggedCborSerializable as _,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use countersign::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME,
    TIMESTAMP_SIGNATURE,
};

use super::pki::{self, Entity};

const SCHEME: &str = "notary.x509";

/// A signing key with its certificate chain.
pub(crate) struct Signer {
    key: Key,
    /// In DER, leaf first.
    chain: Vec<Vec<u8>>,
    root_pem: String,
    key_pem: String,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
}

/// The subject that the recordings have for `name`.
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = rcgen::DistinguishedName::new();
    subject.push(DnType::CountryName, "US");
    subject.push(DnType::StateOrProvinceName, "WA");
    subject.push(DnType::LocalityName, "Seattle");
    subject.push(DnType::OrganizationName, "Notary");
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.not_before = datetime!(2020-01-01 00:00 UTC);
    params.not_after = datetime!(2120-01-01 00:00 UTC);
    params
}

/// A signer's certificate.
pub(crate) fn leaf(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params
}

/// An issuer's certificate.
pub(crate) fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Signer {
    /// A self-signed signer with an RSA key.
    pub(crate) fn rsa(name: &str) -> Self {
        Self::rsa_with(&leaf(name))
    }

    /// The same with a certificate for another time.
    pub(crate) fn rsa_between(name: &str, from: OffsetDateTime, to: OffsetDateTime) -> Self {
        let mut params = leaf(name);
        params.not_before = from;
        params.not_after = to;
        Self::rsa_with(&params)
    }

    fn rsa_with(params: &CertificateParams) -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            key: rsa_key(&key),
            chain: vec![certificate.der().to_vec()],
            root_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        }
    }

    /// A self-signed signer with a key on P-256.
    pub(crate) fn ec(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(name).self_signed(&key).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der());
        Self {
            key: Key::Ec(pair.unwrap()),
            chain: vec![certificate.der().to_vec()],
            root_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        }
    }

    /// The signer whose certificate `issuer` has issued.
    pub(crate) fn of(leaf: &Entity, issuer: &Entity) -> Self {
        let key = KeyPair::from_pem(&leaf.key_pem()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der());
        let chain = [leaf, issuer].map(|entity| entity.certificate.der().to_vec());
        Self {
            key: Key::Ec(pair.unwrap()),
            root_pem: pki::pem(&chain[1]),
            chain: chain.to_vec(),
            key_pem: leaf.key_pem(),
        }
    }

    /// The signer `leaf`, below `intermediate` and `root`, with an RSA key.
    pub(crate) fn chain() -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root = authority("root").self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(authority("root"), root_key);
        let middle_key = KeyPair::generate().unwrap();
        let middle = authority("intermediate");
        let middle = middle.signed_by(&middle_key, &root_issuer).unwrap();
        let middle_issuer = Issuer::new(authority("intermediate"), middle_key);
        let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let leaf = leaf("leaf").signed_by(&key, &middle_issuer).unwrap();
        Self {
            key: rsa_key(&key),
            chain: [&leaf, &middle, &root].map(|c| c.der().to_vec()).to_vec(),
            root_pem: root.pem(),
            key_pem: key.serialize_pem(),
        }
    }

    /// What a trust store needs to trust this signer.
    /// The private key, PKCS#8.
    pub(crate) fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The certificates, the signer's own first.
    pub(crate) fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| pki::pem(der)).collect()
    }

    pub(crate) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Key::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }
}

fn rsa_key(key: &KeyPair) -> Key {
    Key::Rsa(Box::new(
        RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap(),
    ))
}

/// Makes a timestamp over a signature's bytes.
pub(crate) type Stamp = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// An envelope to be made.
pub(crate) struct Envelope {
    pub(crate) payload: Vec<u8>,
    pub(crate) content_type: &'static str,
    /// `None` leaves scheme and time out.
    pub(crate) scheme: Option<&'static str>,
    pub(crate) signing_time: OffsetDateTime,
    pub(crate) expiry: Option<OffsetDateTime>,
    /// Name, value, and whether it is critical.
    pub(crate) extended: Vec<(&'static str, Value, bool)>,
    pub(crate) agent: &'static str,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) without_chain: bool,
    /// Signs something else.
    pub(crate) spoilt: bool,
}

impl Envelope {
    /// Over this payload, made by `agent`.
    pub(crate) fn new(payload: &Value, agent: &'static str) -> Self {
        Self {
            payload: payload.to_string().into_bytes(),
            content_type: "application/vnd.cncf.notary.payload.v1+json",
            scheme: Some(SCHEME),
            signing_time: datetime!(2026-06-01 12:00 UTC),
            expiry: None,
            extended: Vec::new(),
            agent,
            stamp: None,
            without_chain: false,
            spoilt: false,
        }
    }

    fn signature(&self, signer: &Signer, message: &[u8]) -> Vec<u8> {
        if self.spoilt {
            signer.sign(b"something else")
        } else {
            signer.sign(message)
        }
    }

    pub(crate) fn jws(&self, signer: &Signer) -> Vec<u8> {
        let time = |time: OffsetDateTime| json!(time.format(&Rfc3339).unwrap());
        let mut protected = Map::new();
        let mut critical = Vec::new();
        let algorithm = match signer.key {
            Key::Rsa(_) => "PS256",
            Key::Ec(_) => "ES256",
        };
        protected.insert("alg".into(), json!(algorithm));
        protected.insert("cty".into(), json!(self.content_type));
        if let Some(scheme) = self.scheme {
            protected.insert(SIGNING_SCHEME.into(), json!(scheme));
            critical.push(SIGNING_SCHEME);
            let name = if scheme == SCHEME {
                SIGNING_TIME
            } else {
                critical.push(AUTHENTIC_SIGNING_TIME);
                AUTHENTIC_SIGNING_TIME
            };
            protected.insert(name.into(), time(self.signing_time));
        }
        if let Some(expiry) = self.expiry {
            protected.insert(EXPIRY.into(), time(expiry));
            critical.push(EXPIRY);
        }
        for (name, value, is_critical) in &self.extended {
            protected.insert((*name).to_owned(), value.clone());
            if *is_critical {
                critical.push(name);
            }
        }
        if !critical.is_empty() {
            protected.insert("crit".into(), json!(critical));
        }
        let protected = URL_SAFE_NO_PAD.encode(Value::Object(protected).to_string());
        let payload = URL_SAFE_NO_PAD.encode(&self.payload);
        let signature = self.signature(signer, format!("{protected}.{payload}").as_bytes());
        let chain: Vec<String> = signer
            .chain
            .iter()
            .map(|der| STANDARD.encode(der))
            .collect();
        let mut header = json!({ SIGNING_AGENT: self.agent });
        if !self.without_chain {
            header["x5c"] = json!(chain);
        }
        if let Some(stamp) = &self.stamp {
            header[TIMESTAMP_SIGNATURE] = json!(STANDARD.encode(stamp(&signature)));
        }
        json!({
            "payload": payload,
            "protected": protected,
            "header": header,
            "signature": URL_SAFE_NO_PAD.encode(signature),
        })
        .to_string()
        .into_bytes()
    }

    pub(crate) fn cose(&self, signer: &Signer) -> Vec<u8> {
        let text = |text: &str| RegisteredLabelWithPrivate::Text(text.to_owned());
        let time = |time: OffsetDateTime| {
            Cbor::Tag(1, Box::new(Cbor::Integer(time.unix_timestamp().into())))
        };
        let algorithm = match signer.key {
            Key::Rsa(_) => Algorithm::PS256,
            Key::Ec(_) => Algorithm::ES256,
        };
        let mut protected = HeaderBuilder::new()
            .algorithm(algorithm)
            .content_type(self.content_type.to_owned())
            .add_critical_label(text(SIGNING_SCHEME))
            .text_value(SIGNING_SCHEME.to_owned(), Cbor::Text(SCHEME.to_owned()))
            .text_value(SIGNING_TIME.to_owned(), time(self.signing_time));
        if let Some(expiry) = self.expiry {
            protected = protected
                .add_critical_label(text(EXPIRY))
                .text_value(EXPIRY.to_owned(), time(expiry));
        }
        let chain = signer.chain.iter().cloned().map(Cbor::Bytes).collect();
        let mut envelope = CoseSign1Builder::new()
            .protected(protected.build())
            .payload(self.payload.clone())
            .create_signature(b"", |message| self.signature(signer, message))
            .build();
        let mut unprotected = HeaderBuilder::new()
            .value(33, Cbor::Array(chain))
            .text_value(SIGNING_AGENT.to_owned(), Cbor::Text(self.agent.to_owned()));
        if let Some(stamp) = &self.stamp {
            let token = stamp(&envelope.signature);
            unprotected =
                unprotected.text_value(TIMESTAMP_SIGNATURE.to_owned(), Cbor::Bytes(token));
        }
        envelope.unprotected = unprotected.build();
        envelope.to_tagged_vec().unwrap()
    }
}
