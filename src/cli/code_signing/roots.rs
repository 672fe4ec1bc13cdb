//! The roots that signatures of packages lead to.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::context::read_roots;
use crate::cli::output::CommandOutput;
use crate::trust_store::built_in_package_root;
use crate::x509::Certificate;

/// Where certificates of signatures of packages must lead.
#[derive(Debug, clap::Args)]
pub(super) struct AnchorArgs {
    /// Certificate file that replaces AWS Signer's root for AWS Lambda
    #[arg(long, value_name = "FILE")]
    trust_anchor: Option<PathBuf>,
}

impl AnchorArgs {
    /// The roots of the file that the user named, else the one of AWS Signer that is built in.
    ///
    /// # Errors
    ///
    /// The report of a file that cannot be used.
    pub(super) fn roots(&self, pipes: Duration) -> Result<Vec<Certificate>, CommandOutput> {
        if let Some(path) = &self.trust_anchor {
            let store = read_roots(path, pipes)?;
            let trusted = store.certificates.into_iter();
            return Ok(trusted.map(|trusted| trusted.certificate).collect());
        }
        let root =
            built_in_package_root().map_err(|error| CommandOutput::unusable(&error, None))?;
        Ok(vec![root])
    }
}
