//! Certificates for the unit tests of this module.

use rcgen::{CertificateParams, DnType, KeyPair};

use super::Certificate;

/// A self-signed certificate whose common name is `name`.
pub(super) fn self_signed(name: &str) -> Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    Certificate::parse(params.self_signed(&key).unwrap().der()).unwrap()
}
