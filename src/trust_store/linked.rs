//! Trust stores that may be behind symbolic links, such as a mounted Kubernetes `ConfigMap`: what they hold counts only
//! if it has the digest that was given for it.

use std::path::{Path, PathBuf};

use super::{Error, NamedStore, certificates_of, of_files, unlisted};
use crate::config::StoreName;
use crate::files;
use crate::limits::{MAX_TRUST_STORE_FILE_BYTES, MAX_TRUST_STORE_FILES};
use crate::oci::{self, Digest};

/// The SHA-256 digest of the certificates of some stores: of the lines `TYPE:NAME DIGEST`, one for each certificate,
/// sorted, each once and with a line feed; `DIGEST` is the SHA-256 digest of the certificate's DER, in hexadecimal.
/// File names do not count, and which store a certificate is in does.
pub fn digest_of(stores: &[NamedStore]) -> Digest {
    let lines = stores.iter().flat_map(|store| {
        let certificates = store.certificates.iter();
        certificates.map(|trusted| {
            let fingerprint = trusted.certificate.sha256_fingerprint();
            format!("{} {fingerprint}\n", store.name)
        })
    });
    let lines: std::collections::BTreeSet<String> = lines.collect();
    let lines: String = lines.into_iter().collect();
    oci::sha256_digest(lines.as_bytes())
}

impl NamedStore {
    /// Reads stores below a directory that has `x509/TYPE/NAME` in it, links followed; entries whose names begin with
    /// `..`, as Kubernetes has them beside its links, are passed over. Their certificates must have this digest, by
    /// [`digest_of`]. Each file is read once: what was digested is what is trusted.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`] but [`Error::NoPublishedRoot`].
    pub fn read_pinned(
        directory: &Path,
        names: &[StoreName],
        wanted: &Digest,
    ) -> Result<Vec<Self>, Error> {
        let stores: Result<Vec<Self>, Error> = names
            .iter()
            .map(|name| {
                let path = directory
                    .join("x509")
                    .join(name.kind().as_str())
                    .join(name.name());
                read_linked(name, &path)
            })
            .collect();
        let stores = stores?;
        let found = digest_of(&stores);
        if found != *wanted {
            return Err(Error::OtherDigest {
                directory: directory.to_owned(),
                found,
                wanted: wanted.clone(),
            });
        }
        Ok(stores)
    }
}

fn read_linked(name: &StoreName, directory: &Path) -> Result<NamedStore, Error> {
    let real = directory.canonicalize().map_err(|source| {
        let path = directory.to_owned();
        let source = match source.kind() {
            std::io::ErrorKind::NotFound => files::Error::NotFound { path },
            _ => files::Error::Io {
                operation: "open",
                path,
                source,
            },
        };
        unlisted(name, directory, source)
    })?;
    let mut paths: Vec<PathBuf> = files::read_directory(&real, MAX_TRUST_STORE_FILES)
        .map_err(|source| unlisted(name, directory, source))?;
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default();
        !name.as_encoded_bytes().starts_with(b"..")
    });
    of_files(name, paths, |name, path| {
        let bytes = files::read_following_links(path, MAX_TRUST_STORE_FILE_BYTES);
        certificates_of(name, path, bytes)
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::notary::StoreType;
    use crate::trust_store::{TrustStores, TrustedCertificate, built_in_file};
    use crate::x509::testing::Request;

    fn store(kind: StoreType, names: &[&str]) -> NamedStore {
        let certificates = names.iter().map(|name| TrustedCertificate {
            certificate: Request::authority(name).self_signed().certificate,
            file: (*name).into(),
        });
        NamedStore {
            name: StoreName::new(kind, "s").unwrap(),
            certificates: certificates.collect(),
        }
    }

    #[test]
    fn the_digest_is_of_sorted_lines_and_knows_the_stores() {
        let one = store(StoreType::Ca, &["a", "b"]);
        let mut lines: Vec<String> = one
            .certificates
            .iter()
            .map(|trusted| format!("ca:s {}\n", trusted.certificate.sha256_fingerprint()))
            .collect();
        lines.sort();
        let wanted = oci::sha256_digest(lines.concat().as_bytes());
        assert_eq!(digest_of(std::slice::from_ref(&one)), wanted);
        let mut other = one.clone();
        other.certificates.reverse();
        other.certificates.push(one.certificates[0].clone());
        assert_eq!(digest_of(&[other]), wanted);
        let moved = NamedStore {
            name: StoreName::new(StoreType::Tsa, "s").unwrap(),
            ..one
        };
        assert_ne!(digest_of(&[moved]), wanted);
    }

    /// As the kubelet mounts a `ConfigMap` into the directory of a store.
    fn mount(store: &Path) {
        let (name, pem) = built_in_file("aws").unwrap();
        let data = store.join("..2026_11_29_02_00_00.1");
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(data.join(name), pem).unwrap();
        symlink("..2026_11_29_02_00_00.1", store.join("..data")).unwrap();
        symlink(format!("..data/{name}"), store.join(name)).unwrap();
    }

    #[test]
    fn a_config_map_counts_with_its_digest_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let name = StoreName::parse("signingAuthority:aws-signer-ts").unwrap();
        mount(&root.join("x509/signingAuthority/aws-signer-ts"));
        let wanted = digest_of(&[crate::trust_store::built_in("aws").unwrap()]);
        let names = std::slice::from_ref(&name);
        let found = NamedStore::read_pinned(&root, names, &wanted).unwrap();
        assert_eq!(digest_of(&found), wanted);
        let other = oci::sha256_digest(b"other");
        let error = NamedStore::read_pinned(&root, names, &other).unwrap_err();
        assert!(matches!(error, Error::OtherDigest { .. }), "{error}");
        let error = TrustStores::in_directory(&root).load(&name).unwrap_err();
        assert!(matches!(*error, Error::NotRegular { .. }), "{error}");
        assert!(
            error
                .hint()
                .unwrap()
                .contains("the setting `trust-store-sha256 DIGEST`")
        );
    }

    #[test]
    fn a_link_above_a_store_is_refused_where_nothing_pins_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (file, pem) = built_in_file("aws").unwrap();
        let real = root.join("real/ca/s");
        std::fs::create_dir_all(&real).unwrap();
        std::fs::write(real.join(file), pem).unwrap();
        symlink("real", root.join("x509")).unwrap();
        let name = StoreName::parse("ca:s").unwrap();
        let error = TrustStores::in_directory(&root).load(&name).unwrap_err();
        assert!(
            matches!(&*error, Error::NotDirectory { source, .. } if source.path() == root.join("x509")),
            "{error}"
        );
        assert!(
            error
                .hint()
                .unwrap()
                .contains("the setting `trust-store-sha256 DIGEST`")
        );
    }
}
