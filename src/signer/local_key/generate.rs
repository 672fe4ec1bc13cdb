//! A key with a self-signed certificate, to try things out with; not for anything that counts.

use rcgen::{KeyPair, PKCS_RSA_SHA256, PKCS_RSA_SHA384, PKCS_RSA_SHA512, RsaKeySize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::Error;
use crate::signer::test_certificate::params;

/// The sizes of RSA keys that can sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKeySize {
    /// 2048 bits.
    Rsa2048,
    /// 3072 bits.
    Rsa3072,
    /// 4096 bits.
    Rsa4096,
}

impl TestKeySize {
    /// The bits of the modulus.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }
}

/// A new key with its certificate, both in PEM.
pub struct TestKey {
    /// The private key, PKCS#8.
    pub key: Zeroizing<String>,
    /// Its self-signed certificate.
    pub certificate: String,
    /// Until when the certificate is valid.
    pub not_after: OffsetDateTime,
}

impl std::fmt::Debug for TestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestKey").finish_non_exhaustive()
    }
}

impl TestKey {
    /// Generates a key and a certificate for `common_name` that is valid for a day from `now`.
    ///
    /// # Errors
    ///
    /// [`Error::NotGenerated`].
    pub fn generate(
        common_name: &str,
        size: TestKeySize,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let failed = |source: rcgen::Error| {
            let source = source.into();
            Error::NotGenerated { source }
        };
        let (algorithm, size) = match size {
            TestKeySize::Rsa2048 => (&PKCS_RSA_SHA256, RsaKeySize::_2048),
            TestKeySize::Rsa3072 => (&PKCS_RSA_SHA384, RsaKeySize::_3072),
            TestKeySize::Rsa4096 => (&PKCS_RSA_SHA512, RsaKeySize::_4096),
        };
        let key = KeyPair::generate_rsa_for(algorithm, size).map_err(failed)?;
        let params = params(common_name, now);
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Self {
            key: Zeroizing::new(key.serialize_pem()),
            certificate: certificate.pem(),
            not_after: params.not_after,
        })
    }
}
