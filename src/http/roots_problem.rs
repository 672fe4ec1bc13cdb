//! Why the trusted roots of TLS cannot be read.

use rustls::pki_types::pem;

use crate::files;

/// Why roots cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootsProblem {
    /// A file that a variable names cannot be read.
    #[error(transparent)]
    File(files::Error),
    /// It is not PEM.
    #[error("it is not PEM: {0}")]
    Pem(pem::Error),
    /// A variable of this process, which is not to count, stands in for the system's.
    #[error("the variable `{variable}` of this process stands in for them")]
    OfProcess {
        /// The variable.
        variable: &'static str,
    },
    /// The system's cannot be read.
    #[error(transparent)]
    System(rustls_native_certs::Error),
}
