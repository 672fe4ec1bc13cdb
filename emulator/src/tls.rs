//! TLS for the hosts of registries, behind `CONNECT`: an authority of its own, apart from the one that signs envelopes.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{Error, clock::real_now, saved::Saved};

/// The root outlives any data directory that is worth keeping.
const ROOT_LIFE: Duration = Duration::days(3650);
/// Certificates of hosts are made again at every start.
const HOST_LIFE: Duration = Duration::days(365);
/// Clients' clocks differ.
const BACKDATED: Duration = Duration::days(1);

#[derive(Serialize, Deserialize)]
struct Root {
    certificate: String,
    key: String,
}

impl std::fmt::Debug for Root {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Root")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct Tls {
    root: Saved<Root>,
    by_host: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Tls {
    pub(crate) fn open(data_dir: Option<&Path>) -> Result<Self, Error> {
        let root = Saved::open(data_dir, "tls.json", || {
            Root::new(real_now()).map_err(Error::Certificate)
        })?;
        Ok(Self {
            root,
            by_host: Mutex::default(),
        })
    }

    pub(crate) fn root_pem(&self) -> String {
        self.root.read().certificate.clone()
    }

    /// The configuration that serves `host`.
    pub(crate) fn config(&self, host: &str) -> Result<Arc<ServerConfig>, Error> {
        let mut by_host = self.by_host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = by_host.get(host) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.root.read().server_config(host, real_now())?);
        by_host.insert(host.to_owned(), Arc::clone(&config));
        Ok(config)
    }
}

impl Root {
    fn new(now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Countersign emulator TLS root");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = now - BACKDATED;
        params.not_after = now + ROOT_LIFE;
        let key = KeyPair::generate()?;
        Ok(Self {
            certificate: params.self_signed(&key)?.pem(),
            key: key.serialize_pem(),
        })
    }

    fn server_config(&self, host: &str, now: OffsetDateTime) -> Result<ServerConfig, Error> {
        let issuer_key = KeyPair::from_pem(&self.key).map_err(Error::Certificate)?;
        let issuer =
            Issuer::from_ca_cert_pem(&self.certificate, issuer_key).map_err(Error::Certificate)?;
        let mut params = CertificateParams::new([host.to_owned()]).map_err(Error::Certificate)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Countersign emulator");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = now - BACKDATED;
        params.not_after = now + HOST_LIFE;
        let key = KeyPair::generate().map_err(Error::Certificate)?;
        let certificate = params
            .signed_by(&key, &issuer)
            .map_err(Error::Certificate)?;

        let root = CertificateDer::from_pem_slice(self.certificate.as_bytes())
            .map_err(|_| Error::Certificate(rcgen::Error::CouldNotParseCertificate))?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|_| Error::Certificate(rcgen::Error::CouldNotParseKeyPair))?;
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(Error::Tls)?
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone(), root], key)
                .map_err(Error::Tls)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}
