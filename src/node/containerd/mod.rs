//! containerd on a node: whether it asks the image verifier before every pull that it can ask about.
//!
//! Input: containerd's configuration, the directory of verifiers, and what containerd says of its version. Output: a
//! [`Finding`] for each thing that was looked at. containerd pulls an image in silence, past every verifier, where its
//! configuration says so; what is looked for here are the settings of which that was seen.

mod bypasses;
mod configuration;
mod verifiers;
mod version;

use std::path::{Path, PathBuf};

pub use configuration::{ContainerdConfig, ContainerdConfigError};

use super::image_verifier::{DIRECTORY, ImageVerifier};
use crate::causes;
use crate::doctor::{Check, Finding};
use crate::environment::Clock;

/// Where containerd's configuration is.
pub const CONFIG: &str = "/etc/containerd/config.toml";

/// What is examined of a node.
#[derive(Debug, Clone)]
pub struct NodeExamination {
    /// containerd's configuration.
    pub config: PathBuf,
    /// containerd's program, which is asked for its version; those of the usual directories without one.
    pub program: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
}

impl NodeExamination {
    /// What was found. containerd's program is run for its version, and nothing else is.
    pub async fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![version::check(self.program.as_deref()).await];
        let (config, found) = configuration::check(&self.config);
        findings.push(found);
        if let Some(config) = &config {
            findings.extend(bypasses::check(config));
            findings.extend(verifiers::check(config, time_limit()));
        }
        findings.push(of_verifier(self.clock).await);
        findings
    }
}

/// The time limit of the verifier's configuration, where it can be read.
fn time_limit() -> Option<std::time::Duration> {
    let verifier = ImageVerifier::read(Path::new(DIRECTORY)).ok()?;
    Some(verifier.configuration().time_limit)
}

/// Whether the verifier could decide with its own files.
async fn of_verifier(clock: Clock) -> Finding {
    let wanted = "a configuration and a gate policy by which the image verifier can decide";
    let about = |finding: Finding| finding.about(DIRECTORY);
    let verifier = match ImageVerifier::read(Path::new(DIRECTORY)) {
        Ok(verifier) => verifier,
        Err(error) => {
            let found = format!("every image is refused: {}", causes::in_one_line(&error));
            let finding = Finding::fail(Check::Containerd, found, wanted).advising(error.hint());
            return about(finding);
        }
    };
    about(match Box::pin(verifier.gate(clock)).await {
        Ok(gate) => {
            let rules = gate.policy().rules().len();
            let plural = if rules == 1 { "" } else { "s" };
            Finding::pass(
                Check::Containerd,
                format!("the gate policy has {rules} rule{plural}, and only root can change it"),
            )
        }
        Err(error) => {
            let found = format!("every image is refused: {}", causes::in_one_line(&error));
            Finding::fail(Check::Containerd, found, wanted).advising(error.hint())
        }
    })
}
