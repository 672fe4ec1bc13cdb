//! The keys in `tests/keys`, with certificates made for them.

use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PKCS_RSA_SHA256};

use super::pki;

/// The file of a key.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/keys/{name}.key"))
}

/// What a code signer's self-signed certificate has.
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = pki::signer(name);
    for (kind, value) in [
        (rcgen::DnType::OrganizationName, "Notary"),
        (rcgen::DnType::StateOrProvinceName, "WA"),
        (rcgen::DnType::CountryName, "US"),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params
}

/// A self-signed certificate of the key `name`, in PEM.
pub(crate) fn certificate_of(name: &str, params: &CertificateParams) -> String {
    let pem = std::fs::read_to_string(path(name)).unwrap();
    let key = if name.starts_with("rsa") {
        KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256)
    } else {
        KeyPair::from_pem(&pem)
    };
    params.self_signed(&key.unwrap()).unwrap().pem()
}

pub(crate) fn certificate(name: &str) -> String {
    certificate_of(name, &params(name))
}
