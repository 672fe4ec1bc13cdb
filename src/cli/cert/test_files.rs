//! The files of a test key and its certificate.

use std::path::PathBuf;

use crate::config::{NotationDirs, StoreName, StoreNameError};
use crate::notary::StoreType;
use crate::trust_store::StoreFiles;

/// Where `generate-test` puts things, and `cleanup-test` looks for them.
#[derive(Debug)]
pub(super) struct TestFiles {
    /// `localkeys`.
    pub(super) folder: PathBuf,
    /// The private key.
    pub(super) key: PathBuf,
    /// Its certificate.
    pub(super) certificate: PathBuf,
    /// The store that trusts the certificate.
    pub(super) store: StoreName,
    /// Name of the certificate's file in `localkeys` and in the store.
    pub(super) file_name: String,
    /// The certificate in the store.
    pub(super) trusted: PathBuf,
}

impl TestFiles {
    /// The files of this name. The store's rule for names leads out of no directory.
    ///
    /// # Errors
    ///
    /// That the name could not be a store's.
    pub(super) fn of(dirs: &NotationDirs, name: &str) -> Result<Self, StoreNameError> {
        let store = StoreName::new(StoreType::Ca, name)?;
        let folder = dirs.local_keys();
        let file_name = format!("{name}.crt");
        Ok(Self {
            key: folder.join(format!("{name}.key")),
            certificate: folder.join(&file_name),
            trusted: StoreFiles::new(&dirs.config)
                .directory_of(&store)
                .join(&file_name),
            folder,
            store,
            file_name,
        })
    }
}
