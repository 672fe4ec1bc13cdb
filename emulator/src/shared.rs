//! What every request can reach.

use crate::registry::Registry;

/// What every request can reach. One per emulator, behind an `Arc`; each part locks itself.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The default account (twelve digits): owner of the registry on the bare loopback address.
    pub(crate) account: String,
    /// The default region.
    pub(crate) region: String,
    /// Repositories, blobs, tokens.
    pub(crate) registry: Registry,
}
