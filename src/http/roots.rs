//! The trusted roots of TLS.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_native_certs::CertificateResult;

use super::Error;
use super::named_server::ServerVerifier;
use super::roots_problem::RootsProblem;
use crate::limits::{MAX_FOUND_ENTRIES, MAX_ROOTS_BYTES, VARIABLE_PIPE_TIMEOUT};
use crate::{allowance, files};

/// Roots as they were read.
#[derive(Debug)]
pub(super) struct Trusted {
    /// What may vouch for servers.
    pub(super) store: rustls::RootCertStore,
    /// Those of them that stand in a file that the user named.
    pub(super) named: Vec<CertificateDer<'static>>,
}

impl Trusted {
    /// No roots: no server is trusted.
    pub(super) fn nobody() -> Self {
        Self {
            store: rustls::RootCertStore::empty(),
            named: Vec::new(),
        }
    }
}

/// Where the trusted roots of TLS are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    /// `SSL_CERT_FILE`: a PEM file that replaces the system's roots.
    pub file: Option<PathBuf>,
    /// `SSL_CERT_DIR`: directories of PEM files that replace the system's roots.
    pub directories: Vec<PathBuf>,
    /// `AWS_CA_BUNDLE`: a PEM file whose roots are trusted too.
    pub aws_bundle: Option<PathBuf>,
    /// Whether the variables of this process have no say in where the system's roots are.
    pub is_apart: bool,
}

impl Roots {
    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let directories = variable("SSL_CERT_DIR").map_or_else(Vec::new, |directories| {
            std::env::split_paths(&directories)
                .filter(|path| !path.as_os_str().is_empty())
                .collect()
        });
        Self {
            file: variable("SSL_CERT_FILE").map(PathBuf::from),
            directories,
            aws_bundle: variable("AWS_CA_BUNDLE").map(PathBuf::from),
            is_apart: false,
        }
    }

    /// Reads the roots.
    pub(super) fn load(&self) -> Result<Trusted, Error> {
        let Trusted {
            mut store,
            mut named,
        } = Trusted::nobody();
        if let Some(file) = &self.file {
            named.extend(add_file(&mut store, "SSL_CERT_FILE", file)?);
        }
        for directory in &self.directories {
            store.add_parsable_certificates(in_directory(directory));
        }
        if self.file.is_none() && self.directories.is_empty() {
            let found = if self.is_apart {
                of_system().map_err(|problem| Error::Roots {
                    origin: self.to_string(),
                    source: Some(Arc::new(problem)),
                })?
            } else {
                rustls_native_certs::load_native_certs()
            };
            store.add_parsable_certificates(found.certs);
            if store.is_empty() && self.aws_bundle.is_none() {
                return Err(Error::Roots {
                    origin: self.to_string(),
                    source: found
                        .errors
                        .into_iter()
                        .next()
                        .map(|error| Arc::new(RootsProblem::System(error))),
                });
            }
        }
        if let Some(file) = &self.aws_bundle {
            named.extend(add_file(&mut store, "AWS_CA_BUNDLE", file)?);
        }
        if store.is_empty() {
            return Err(Error::Roots {
                origin: self.to_string(),
                source: None,
            });
        }
        Ok(Trusted { store, named })
    }
}

impl fmt::Display for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut origins = Vec::new();
        if let Some(file) = &self.file {
            origins.push(format!("SSL_CERT_FILE={}", file.display()));
        }
        for directory in &self.directories {
            origins.push(format!("SSL_CERT_DIR={}", directory.display()));
        }
        if origins.is_empty() {
            origins.push("the system".to_owned());
        }
        if let Some(file) = &self.aws_bundle {
            origins.push(format!("AWS_CA_BUNDLE={}", file.display()));
        }
        f.write_str(&origins.join(", "))
    }
}

/// The system's roots, from where the distributions of Linux keep them, whatever this process's variables say.
#[cfg(target_os = "linux")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "elsewhere they cannot always be read"
)]
fn of_system() -> Result<CertificateResult, RootsProblem> {
    // As `openssl-probe` knows them, which reads variables itself.
    const FILES: [&str; 6] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem",
        "/etc/ssl/cert.pem",
    ];
    const DIRECTORIES: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];
    let file = FILES.iter().map(Path::new).find(|file| file.exists());
    let mut found = rustls_native_certs::load_certs_from_paths(file, None);
    for directory in DIRECTORIES.iter().map(Path::new) {
        if directory.exists() {
            found.certs.extend(in_directory(directory));
        }
    }
    found
        .certs
        .sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
    found.certs.dedup();
    Ok(found)
}

/// The system's roots. They cannot be read where this process's variables name others.
#[cfg(not(target_os = "linux"))]
fn of_system() -> Result<CertificateResult, RootsProblem> {
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        #[expect(
            clippy::disallowed_methods,
            reason = "what reads the system's roots takes those of the variable instead"
        )]
        if std::env::var_os(variable).is_some() {
            return Err(RootsProblem::OfProcess { variable });
        }
    }
    Ok(rustls_native_certs::load_native_certs())
}

/// A file that the user named must be readable and hold a root: to go on without it would only fail
/// later, with a reason that misleads.
fn add_file(
    store: &mut rustls::RootCertStore,
    variable: &str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let error = |source: Option<RootsProblem>| Error::Roots {
        origin: format!("{variable}={}", file.display()),
        source: source.map(Arc::new),
    };
    let wait = allowance::at_most(VARIABLE_PIPE_TIMEOUT);
    let bytes = files::read_named(file, MAX_ROOTS_BYTES, wait)
        .map_err(|source| error(Some(RootsProblem::File(source))))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|source| error(Some(RootsProblem::Pem(source))))?;
    let (added, _) = store.add_parsable_certificates(found.iter().cloned());
    if added == 0 {
        return Err(error(None));
    }
    Ok(found)
}

/// What the files of a directory have, each once: most are links to others. What is not a certificate or
/// not a regular file is skipped.
fn in_directory(directory: &Path) -> Vec<CertificateDer<'static>> {
    let mut left = MAX_ROOTS_BYTES;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .take(MAX_FOUND_ENTRIES)
        .flatten()
    {
        let Ok(bytes) = files::read_following_links(&entry.path(), left) else {
            continue;
        };
        left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        found.extend(CertificateDer::pem_slice_iter(&bytes).flatten());
    }
    found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
    found.dedup();
    found
}

/// TLS 1.2 and 1.3 with aws-lc-rs, for servers that `trusted` vouch for.
pub(super) fn client_config(trusted: Trusted) -> Result<rustls::ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::TlsSetup { source })?;
    let Trusted { store, named } = trusted;
    let builder = if named.is_empty() {
        builder.with_root_certificates(store)
    } else {
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
            .build()
            .map_err(|error| Error::TlsSetup {
                source: rustls::Error::General(error.to_string()),
            })?;
        let verifier = Arc::new(ServerVerifier::new(webpki, named));
        builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_file(directory: &Path, name: &str) -> PathBuf {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let path = directory.join(name);
        std::fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        path
    }

    #[test]
    fn a_named_file_replaces_the_systems_roots_and_the_aws_bundle_adds_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let roots = Roots {
            file: Some(root_file(directory.path(), "one.pem")),
            directories: Vec::new(),
            aws_bundle: Some(root_file(directory.path(), "two.pem")),
            is_apart: false,
        };
        assert_eq!(roots.load().unwrap().store.len(), 2);
        let roots = Roots {
            file: None,
            directories: vec![directory.path().to_owned()],
            ..Roots::default()
        };
        assert_eq!(roots.load().unwrap().store.len(), 2);
    }

    #[test]
    fn a_named_file_that_is_missing_or_holds_no_root_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing.pem");
        let empty = directory.path().join("empty.pem");
        std::fs::write(&empty, "no certificate\n").unwrap();
        for path in [missing, empty] {
            for variable in ["SSL_CERT_FILE", "AWS_CA_BUNDLE"] {
                let roots = Roots::from_variables(|name| {
                    (name == variable).then(|| path.to_str().unwrap().to_owned())
                });
                let Err(Error::Roots { origin, .. }) = roots.load() else {
                    panic!("{} was accepted", path.display());
                };
                assert_eq!(origin, format!("{variable}={}", path.display()));
            }
        }
    }

    #[test]
    fn directories_without_a_root_are_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let roots = Roots::from_variables(|name| {
            (name == "SSL_CERT_DIR").then(|| directory.path().to_str().unwrap().to_owned())
        });
        let Err(Error::Roots { origin, .. }) = roots.load() else {
            panic!("an empty directory was accepted");
        };
        assert_eq!(
            origin,
            format!("SSL_CERT_DIR={}", directory.path().display())
        );
    }
}
