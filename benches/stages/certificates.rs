//! Keys and certificates of every algorithm that signs, and chains below a root.

use std::fmt;

use countersign::x509::{self, Certificate};
use divan::{Bencher, black_box};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, RsaKeySize,
    SerialNumber,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// When everything is judged.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

/// Where the signer's certificate says that its issuer's CRL is.
const CRL_URL: &str = "http://crl.example/root.crl";

/// The algorithms of the specification, by their keys.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Algorithm {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
    P521,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 6] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
    ];

    fn key(self) -> KeyPair {
        let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size);
        match self {
            Self::Rsa2048 => rsa(RsaKeySize::_2048),
            Self::Rsa3072 => rsa(RsaKeySize::_3072),
            Self::Rsa4096 => rsa(RsaKeySize::_4096),
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::P521 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512),
        }
        .unwrap()
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A root, and a signer below it whose certificate names a CRL of the root.
pub(crate) struct Chain {
    pub(crate) key_pem: String,
    pub(crate) leaf_pem: String,
    pub(crate) root_pem: String,
    key: KeyPair,
    root: Issuer<'static, KeyPair>,
}

impl Chain {
    pub(crate) fn of(algorithm: Algorithm) -> Self {
        let (root_key, key) = (algorithm.key(), algorithm.key());
        let mut root = params("root");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let root = Issuer::new(root, root_key);
        let leaf_pem = leaf().signed_by(&key, &root).unwrap().pem();
        Self {
            key_pem: key.serialize_pem(),
            leaf_pem,
            root_pem,
            key,
            root,
        }
    }

    /// The same signer with another certificate.
    fn issue_again(&mut self) {
        let leaf = leaf().signed_by(&self.key, &self.root).unwrap();
        self.leaf_pem = leaf.pem();
    }

    /// In PEM, the signer's first.
    pub(crate) fn pem(&self) -> String {
        format!("{}{}", self.leaf_pem, self.root_pem)
    }

    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        x509::parse_certificates(self.pem().as_bytes()).unwrap()
    }

    /// A CRL of the root with so many certificates besides, in DER.
    pub(crate) fn crl(&self, entries: u64) -> Vec<u8> {
        let entry = |number: u64| RevokedCertParams {
            serial_number: SerialNumber::from(number),
            revocation_time: NOW - Duration::days(100),
            reason_code: None,
            invalidity_date: None,
        };
        let crl = CertificateRevocationListParams {
            this_update: NOW - Duration::days(1),
            next_update: NOW + Duration::days(1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: (1..=entries).map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        crl.signed_by(&self.root).unwrap().der().to_vec()
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    for (kind, value) in [
        (DnType::CountryName, "US"),
        (DnType::StateOrProvinceName, "WA"),
        (DnType::OrganizationName, "Bench"),
        (DnType::CommonName, name),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params.not_before = datetime!(2020-01-01 0:00 UTC);
    params.not_after = datetime!(2120-01-01 0:00 UTC);
    params
}

fn leaf() -> CertificateParams {
    let mut leaf = params("signer");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.crl_distribution_points = vec![CrlDistributionPoint {
        uris: vec![CRL_URL.to_owned()],
    }];
    leaf
}

#[divan::bench(args = Algorithm::ALL)]
fn parse_known(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let pem = Chain::of(algorithm).pem();
    bencher.bench(|| x509::parse_certificates(black_box(pem.as_bytes())).unwrap());
}

#[divan::bench(args = Algorithm::ALL, sample_size = 1)]
fn parse_and_check_new_chain(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let mut chain = Chain::of(algorithm);
    let another = || {
        chain.issue_again();
        chain.pem()
    };
    bencher.with_inputs(another).bench_local_values(|pem| {
        let chain = x509::parse_certificates(pem.as_bytes()).unwrap();
        x509::verify_code_signing_chain(&chain, Some(NOW)).unwrap();
    });
}

/// A chain that was checked before is known by its bytes, as in a verification of many images.
#[divan::bench(args = Algorithm::ALL)]
fn check_known_chain(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let chain = Chain::of(algorithm).certificates();
    bencher.bench(|| x509::verify_code_signing_chain(black_box(&chain), Some(NOW)).unwrap());
}
