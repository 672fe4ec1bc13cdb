//! A server's own self-signed certificate that the user names as a root.
//!
//! OpenSSL's `req -x509` calls such a certificate an authority's, and webpki takes no authority's
//! certificate for a server's. OpenSSL and Go take one that is itself among the roots. It is taken
//! here if that is webpki's only objection: it must be, byte for byte, one that the user has named, and
//! its name, its time, what it is for and the handshake's signature are checked as for any other.

use std::sync::Arc;

use der::Decode as _;
use der::oid::db::rfc5280::ID_KP_SERVER_AUTH;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::ext::pkix::ExtendedKeyUsage;

/// webpki, and one exception from it.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    webpki: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerVerifier {
    /// `named` are the certificates that the user named one by one: the system's are not among them.
    pub(super) fn new(
        webpki: Arc<WebPkiServerVerifier>,
        named: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self { webpki, named }
    }

    fn is_named(&self, certificate: &CertificateDer<'_>) -> bool {
        self.named
            .iter()
            .any(|named| named.as_ref() == certificate.as_ref())
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.webpki.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(error) if is_authority_as_server(&error) && self.is_named(end_entity) => {
                // webpki looked no further: what it had not come to is made up for here.
                check_self_signed_server(end_entity, now)?;
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Whether webpki's objection is that the server's certificate is an authority's.
pub(super) fn is_authority_as_server(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else {
        return false;
    };
    matches!(
        other.0.downcast_ref::<webpki::Error>(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}

/// That `certificate` is its own issuer's, good at `now`, and for servers if it says what it is for.
fn check_self_signed_server(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let bad_encoding = |_| Error::InvalidCertificate(CertificateError::BadEncoding);
    let certificate =
        x509_cert::Certificate::from_der(certificate.as_ref()).map_err(bad_encoding)?;
    let certificate = &certificate.tbs_certificate;
    if certificate.issuer != certificate.subject {
        return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
    }
    let seconds = now.as_secs();
    let validity = &certificate.validity;
    if seconds < validity.not_before.to_unix_duration().as_secs() {
        return Err(Error::InvalidCertificate(CertificateError::NotValidYet));
    }
    if seconds > validity.not_after.to_unix_duration().as_secs() {
        return Err(Error::InvalidCertificate(CertificateError::Expired));
    }
    let purposes = certificate
        .get::<ExtendedKeyUsage>()
        .map_err(bad_encoding)?;
    match purposes {
        Some((_, ExtendedKeyUsage(purposes))) if !purposes.contains(&ID_KP_SERVER_AUTH) => {
            Err(Error::InvalidCertificate(CertificateError::InvalidPurpose))
        }
        _ => Ok(()),
    }
}
