//! The trust stores of a directory, as policies that name them are held to them.

use std::path::{Path, PathBuf};

use crate::config::{NoDirectory, NotationDirs, StoreName};
use crate::document::near_name;
use crate::trust_policy::lint::{Severity, StoreFault};
use crate::trust_store::{Error, StoreFiles, TrustStores};

/// Trust stores, and whether it is certain that a verification will use these.
pub(super) struct StoreDirectory {
    stores: TrustStores,
    files: StoreFiles,
    directory: PathBuf,
    severity: Severity,
}

impl StoreDirectory {
    /// The stores of the directory that a user named, else those of Notation's configuration, which another machine
    /// may have and this one not; `None` where there is neither.
    pub(super) fn of(
        dirs: &Result<NotationDirs, NoDirectory>,
        named: Option<&Path>,
    ) -> Option<Self> {
        if let Some(directory) = named {
            return Some(Self {
                stores: TrustStores::in_directory(directory),
                files: StoreFiles::in_directory(directory),
                directory: directory.join("x509"),
                severity: Severity::Error,
            });
        }
        let config = &dirs.as_ref().ok()?.config;
        Some(Self {
            stores: TrustStores::new(config),
            files: StoreFiles::new(config),
            directory: config.join("truststore").join("x509"),
            severity: Severity::Warning,
        })
    }

    /// What keeps a store from being used.
    pub(super) fn fault(&self, store: &StoreName) -> Option<StoreFault> {
        let error = self.stores.load(store).err()?;
        let fault = |message, hint| StoreFault {
            is_missing: matches!(*error, Error::Missing { .. }),
            severity: self.severity,
            message,
            hint,
        };
        if !matches!(*error, Error::Missing { .. }) {
            return Some(fault(crate::causes::in_one_line(&*error), error.hint()));
        }
        let message = format!("{error} in `{}`", self.directory.display());
        let hint = self.near(store).or_else(|| {
            let partition = partition_of(store)?;
            Some(format!(
                "add it: `countersign cert add --aws-signer --partition {partition}`"
            ))
        });
        Some(fault(message, hint.or_else(|| error.hint())))
    }

    /// A store of almost this name, or of this name and another type.
    fn near(&self, store: &StoreName) -> Option<String> {
        use crate::notary::StoreType::{Ca, SigningAuthority, Tsa};
        let of = |kind| self.files.stores(kind).unwrap_or_default();
        let same_type = of(store.kind());
        let names: Vec<&str> = same_type.iter().map(StoreName::name).collect();
        if let Some(near) = near_name(store.name(), &names) {
            return Some(format!("did you mean `{}:{near}`?", store.kind()));
        }
        let others = [Ca, SigningAuthority, Tsa].into_iter().flat_map(of);
        let mut others = others.filter(|other| other.name() == store.name());
        let other = others.next()?;
        Some(format!("did you mean `{other}`?"))
    }
}

/// The partition whose published root the store is named after.
fn partition_of(store: &StoreName) -> Option<&'static str> {
    ["aws", "aws-us-gov"].into_iter().find(|partition| {
        crate::trust_store::built_in(partition).is_ok_and(|root| root.name == *store)
    })
}
