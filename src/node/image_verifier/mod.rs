//! containerd's image verifier (`pkg/imageverifier/bindir`): containerd runs it before it pulls an image, with the
//! image's name and digest, and the image's descriptor on stdin.
//!
//! Input: the arguments and stdin, which an attacker may have chosen the most of, and a directory of root's with the
//! configuration. Output: a [`Decision`](crate::gate::Decision). No variable, no home, no working directory and no
//! other program has a say.

mod configuration;
mod error;
mod file_hint;
mod request;

use std::path::{Path, PathBuf};

pub use configuration::{Configuration, ConfigurationError};
pub use error::VerifierError;
pub use request::{Request, RequestError};

use crate::aws::{self, Settings};
use crate::config::{NotationDirs, StoreName};
use crate::environment::{Clock, Environment, PlainHttp};
use crate::files;
use crate::gate::policy::GatePolicy;
use crate::gate::{Decision, Gate, GateRoots, GateSetup};
use crate::limits::{
    MAX_GATE_POLICY_BYTES, MAX_NODE_DIRECTORY_ENTRIES, MAX_VERIFIER_CONFIGURATION_BYTES,
};
use crate::trust_store::NamedStore;
use crate::verify::{Setup, Verifier};

/// The program's file name. Two digits and a dash may stand before it, because containerd runs verifiers in the order of
/// their names.
pub const PROGRAM: &str = "countersign-image-verifier";

/// Where the configuration is.
pub const DIRECTORY: &str = "/etc/countersign";

/// Whether a program of this file name is asked as an image verifier.
pub fn is_program(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let name = match name.as_bytes() {
        [first, second, b'-', ..] if first.is_ascii_digit() && second.is_ascii_digit() => {
            name.get(3..).unwrap_or_default()
        }
        _ => name,
    };
    name == PROGRAM
}

/// A verifier whose configuration was read.
#[derive(Debug)]
pub struct ImageVerifier {
    directory: PathBuf,
    configuration: Configuration,
}

impl ImageVerifier {
    /// Reads the configuration in `directory`, which only the superuser may be able to write.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError`].
    pub fn read(directory: &Path) -> Result<Self, ConfigurationError> {
        Ok(Self {
            directory: directory.to_owned(),
            configuration: Configuration::read(directory)?,
        })
    }

    /// What the configuration says.
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The gate that decides, at the time of `clock`. No registry is asked yet.
    ///
    /// # Errors
    ///
    /// [`VerifierError`].
    pub async fn gate(&self, clock: Clock) -> Result<Gate, VerifierError> {
        let configuration = &self.configuration;
        let policy = self.policy(clock)?;
        let trust = self.trust(&policy)?;
        let roots = match &configuration.trust_anchor {
            None => GateRoots::Published,
            Some(path) => {
                let path = self.checked(path)?;
                // It is a regular file, so the wait is never used.
                let wait = crate::limits::VERIFIER_ANSWER_MARGIN;
                let store = NamedStore::from_file(StoreName::trust_anchor(), &path, wait)
                    .map_err(VerifierError::TrustAnchor)?;
                GateRoots::Given(vec![store])
            }
        };
        let setup = GateSetup::new(policy, trust, &roots).map_err(VerifierError::Setup)?;
        let environment = self.environment(clock).await?;
        let gate = setup.connect(&environment).await;
        gate.map_err(VerifierError::Connect)
    }

    fn policy(&self, clock: Clock) -> Result<GatePolicy, VerifierError> {
        let path = self.checked(&self.configuration.gate_policy)?;
        let bytes = files::read(&path, MAX_GATE_POLICY_BYTES).map_err(VerifierError::File)?;
        let policy =
            GatePolicy::parse(&path, &bytes, clock.now()).map_err(VerifierError::Policy)?;
        match policy.plugins().keys().next() {
            Some(name) => Err(VerifierError::Plugin { name: name.clone() }),
            None => Ok(policy),
        }
    }

    /// Notation's trust policy, where the gate policy names its statements.
    fn trust(&self, policy: &GatePolicy) -> Result<Option<Setup>, VerifierError> {
        if !policy.names_statements() {
            return Ok(None);
        }
        let config = self.notation();
        check_tree(&config)?;
        let directories = NotationDirs {
            libexec: config.clone(),
            config,
            cache: None,
        };
        let setup = Verifier::from_notation_config(&directories);
        Ok(Some(setup.map_err(VerifierError::TrustPolicy)?))
    }

    fn notation(&self) -> PathBuf {
        self.directory.join("notation")
    }

    /// Where the gate runs: nothing but what the configuration says.
    async fn environment(&self, clock: Clock) -> Result<Environment, VerifierError> {
        let configuration = &self.configuration;
        let mut variables = vec![("NOTATION_CONFIG", self.notation().into_os_string())];
        let proxies = [
            ("HTTPS_PROXY", &configuration.https_proxy),
            ("NO_PROXY", &configuration.no_proxy),
        ];
        for (name, value) in proxies {
            variables.extend(value.as_ref().map(|value| (name, value.into())));
        }
        if let Some(file) = &configuration.certificates {
            variables.push(("SSL_CERT_FILE", self.checked(file)?.into_os_string()));
        }
        let settings = Settings {
            signer_endpoint_url: configuration.signer_endpoint.clone(),
            ..Settings::default()
        };
        let mut environment = Environment::of_variables(variables, clock)
            .with_aws_settings(settings)
            .with_plain_http(PlainHttp::AlsoThese(
                configuration.insecure_registries.clone(),
            ));
        environment = if let Some(path) = &configuration.aws_credentials {
            let path = self.checked(path)?;
            let bytes = files::read(&path, MAX_VERIFIER_CONFIGURATION_BYTES)
                .map_err(VerifierError::File)?;
            let found = aws::credentials_in(&bytes)
                .map_err(|source| VerifierError::AwsCredentials { path, source })?;
            environment.with_aws_credentials(found)
        } else {
            let endpoint = configuration.instance_metadata.as_deref();
            let found = aws::instance_credentials(endpoint).await;
            environment.with_aws_credentials(found.map_err(VerifierError::InstanceMetadata)?)
        };
        let mut files = Vec::new();
        if let Some(path) = &configuration.registry_credentials {
            files.push(self.checked(path)?);
        }
        if let Some(directory) = &configuration.content_cache {
            environment = environment.with_content_cache(directory.clone());
        }
        Ok(environment.with_registry_credential_files(files))
    }

    /// The path, once only the superuser can have written what is there.
    fn checked(&self, path: &Path) -> Result<PathBuf, VerifierError> {
        let path = self.directory.join(path);
        files::check_of_root(&path).map_err(VerifierError::File)?;
        Ok(path)
    }
}

/// Checks that a directory with everything in it is the superuser's.
fn check_tree(directory: &Path) -> Result<(), VerifierError> {
    let mut open = vec![directory.to_owned()];
    let mut seen = 0_usize;
    while let Some(path) = open.pop() {
        files::check_of_root(&path).map_err(VerifierError::File)?;
        if !path.is_dir() {
            continue;
        }
        let max_entries = MAX_NODE_DIRECTORY_ENTRIES;
        let entries = files::read_directory(&path, max_entries).map_err(VerifierError::File)?;
        seen = seen.saturating_add(entries.len());
        if seen > max_entries {
            let path = directory.to_owned();
            return Err(VerifierError::File(files::Error::TooManyEntries {
                path,
                max_entries,
            }));
        }
        open.extend(entries);
    }
    Ok(())
}

/// Whether the registry has for this digest what containerd has: a program that reads the same bytes as another
/// type runs something else.
///
/// # Errors
///
/// [`VerifierError::MediaType`].
pub fn check_media_type(request: &Request, decision: &Decision) -> Result<(), VerifierError> {
    let Some(examination) = decision.ruling.examination() else {
        return Ok(());
    };
    if examination.media_type == request.media_type() {
        return Ok(());
    }
    Err(VerifierError::MediaType {
        digest: request.reference().target().to_owned(),
        wanted: request.media_type().to_owned(),
        found: examination.media_type.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_may_stand_before_the_name() {
        for name in [
            "countersign-image-verifier",
            "00-countersign-image-verifier",
            "/opt/containerd/image-verifier/bin/42-countersign-image-verifier",
        ] {
            assert!(is_program(Path::new(name)), "{name}");
        }
        for name in [
            "countersign",
            "0-countersign-image-verifier",
            "000-countersign-image-verifier",
            "ab-countersign-image-verifier",
            "-countersign-image-verifier",
            "00countersign-image-verifier",
            "countersign-image-verifier.old",
            "countersign-image-verifier/x",
            "",
        ] {
            assert!(!is_program(Path::new(name)), "{name}");
        }
    }
}
