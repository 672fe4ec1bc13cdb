//! What Go's HTTP client says where ours says the same in other words: notation's sentences end with it.

use super::Error;
use super::error::is_refused;

impl Error {
    /// Go's words for why there is no answer, where it has some that are known.
    pub(crate) fn in_words_of_go(&self) -> Option<String> {
        use rustls::CertificateError::UnknownIssuer;
        match self {
            Self::Connect { host, source, .. } if is_refused(source) => {
                Some(format!("dial tcp {host}: connect: connection refused"))
            }
            Self::Unresolved { host, .. } => {
                let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
                Some(format!("dial tcp: lookup {name}: no such host"))
            }
            Self::Tls { source, .. } => match &**source {
                rustls::Error::InvalidCertificate(UnknownIssuer) => Some(
                    "tls: failed to verify certificate: x509: certificate signed by unknown authority"
                        .to_owned(),
                ),
                rustls::Error::InvalidMessage(_) => {
                    Some("tls: first record does not look like a TLS handshake".to_owned())
                }
                _ => None,
            },
            _ => None,
        }
    }
}
