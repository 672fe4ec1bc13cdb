//! Copies of a registry's artifacts in a layout, byte for byte, for when the registry is out of reach.

use std::path::Path;

use serde_json::json;

use super::index::INDEX;
use super::push::INDEX_MODE;
use super::{LayoutRepository, MARKER, VERSION};
use crate::files;
use crate::oci::{self, Descriptor};
use crate::reference::{ArtifactReference, LayoutReference, Reference};
use crate::registry::error::Error;
use crate::registry::index_entry::IndexEntry;
use crate::registry::{Kind, Signature};

impl LayoutRepository {
    /// Opens the layout in `directory` as a copy of the registry's artifact `reference`, which has a
    /// digest. What is found is called by the registry's reference.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if there is no layout, or no digest in the reference;
    /// [`Error::SpoiledCopy`] for anything else, a link in the directory's place included.
    pub fn open_copy(directory: &Path, reference: &Reference) -> Result<Self, Error> {
        Self::open_called(directory, reference).map_err(|source| match source.kind() {
            Kind::NotFound => source,
            _ => spoiled(directory, source),
        })
    }

    fn open_called(directory: &Path, reference: &Reference) -> Result<Self, Error> {
        let not_found = || Error::NotFound {
            reference: reference.to_string(),
            said: crate::registry::Words::default(),
        };
        let digest = reference.digest().ok_or_else(not_found)?;
        let place = format!("{}@{digest}", directory.display());
        let place = LayoutReference::parse(&place).map_err(|_| not_found())?;
        match files::check_directory(directory) {
            Err(source) if source.is_not_found() => return Err(not_found()),
            // A link would lead out of what was carried along.
            checked => checked.map_err(|source| Error::File {
                source: source.into(),
            })?,
        }
        let mut layout = Self::open(&place)?;
        layout.called = reference.clone().into();
        Ok(layout)
    }

    /// The same, with a new layout if it does not exist yet.
    ///
    /// # Errors
    ///
    /// As [`LayoutRepository::open_copy`], and [`Error::File`] for what cannot be written.
    pub fn create_copy(directory: &Path, reference: &Reference) -> Result<Self, Error> {
        let failed = |source: files::Error| Error::File {
            source: source.into(),
        };
        files::create_directory_with_mode(directory, files::SHARED_DIRECTORY).map_err(failed)?;
        files::check_directory(directory).map_err(failed)?;
        let (marker, index) = (directory.join(MARKER), directory.join(INDEX));
        // The marker comes last: what has one is whole. Nothing that is there is replaced, as another
        // process may be at it, too.
        let empty = json!({ "schemaVersion": 2, "manifests": [] });
        let version = json!({ "imageLayoutVersion": VERSION });
        for (path, content) in [(&index, empty), (&marker, version)] {
            let content = content.to_string();
            match files::write_new(path, content.as_bytes(), INDEX_MODE, directory) {
                Ok(()) | Err(files::Error::Exists { .. }) => {}
                Err(source) => return Err(failed(source)),
            }
        }
        Self::open_called(directory, reference)
    }

    /// What an error means in a copy: nothing about the registry's own.
    pub(super) fn in_copy(&self, error: Error) -> Error {
        match &self.called {
            ArtifactReference::Registry(_) => spoiled(self.root(), error),
            ArtifactReference::Layout(_) => error,
        }
    }

    /// Adds a manifest as it is; what it names is not added.
    ///
    /// # Errors
    ///
    /// [`Error::WrongDigest`], and as [`LayoutRepository::push_signature`].
    pub async fn copy_manifest(&self, manifest: &Descriptor, bytes: &[u8]) -> Result<(), Error> {
        self.copy_blob(manifest, bytes)?;
        let entry = IndexEntry::of(manifest);
        self.add_to_index(manifest, &entry.to_text()).await
    }

    /// Adds a signature as it is, whose manifest was copied as a blob before.
    ///
    /// # Errors
    ///
    /// As [`LayoutRepository::copy_manifest`].
    pub async fn copy_signature(&self, signature: &Signature) -> Result<(), Error> {
        self.copy_blob(&signature.envelope_descriptor, &signature.envelope)?;
        // By its type a signature is missed if it gets lost.
        let entry = IndexEntry::of_signature(&signature.manifest);
        self.add_to_index(&signature.manifest, &entry.to_text())
            .await
    }

    /// Adds bytes that the index does not name.
    ///
    /// # Errors
    ///
    /// As [`LayoutRepository::copy_manifest`].
    pub fn copy_blob(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<(), Error> {
        let digest = descriptor.digest();
        oci::verify_digest(digest, bytes).map_err(|source| Error::WrongDigest {
            url: digest.to_string(),
            source,
        })?;
        self.write_blob_as(digest, bytes)
    }
}

fn spoiled(directory: &Path, error: Error) -> Error {
    match error {
        // What the registry had to begin with.
        Error::NotASignature { .. } | Error::TooManyReferrers { .. } => error,
        error => Error::SpoiledCopy {
            path: directory.to_owned(),
            source: Box::new(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use oci_spec::image::MediaType;

    use super::*;
    use crate::notary::EnvelopeFormat;
    use crate::registry::manifest;
    use crate::registry::media_types::IMAGE_MANIFEST;

    fn descriptor(bytes: &[u8]) -> Descriptor {
        of_type(IMAGE_MANIFEST, bytes)
    }

    fn of_type(media_type: &str, bytes: &[u8]) -> Descriptor {
        let size = u64::try_from(bytes.len()).unwrap();
        Descriptor::new(MediaType::from(media_type), size, oci::sha256_digest(bytes))
    }

    #[tokio::test]
    async fn a_copy_is_found_by_its_digest_and_called_as_in_the_registry() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/artifacts");
        let image = json!({ "schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "layers": [],
            "config": { "mediaType": "c", "digest": "d", "size": 1 } });
        let image = image.to_string();
        let image = (descriptor(image.as_bytes()), image);
        let reference = format!("registry.example/app@{}", image.0.digest());
        let reference = Reference::parse(&reference).unwrap();
        let none = LayoutRepository::open_copy(&path, &reference).unwrap_err();
        assert_eq!(none.kind(), Kind::NotFound);

        let envelope = Bytes::from_static(b"envelope");
        let digest = oci::sha256_digest(&envelope);
        let bytes = manifest::write_signature(
            &image.0,
            EnvelopeFormat::Jws,
            &digest,
            8,
            &std::collections::BTreeMap::new(),
        );
        let signature = Signature {
            manifest: descriptor(&bytes),
            format: EnvelopeFormat::Jws,
            envelope_descriptor: of_type(EnvelopeFormat::Jws.media_type(), &envelope),
            envelope,
            annotations: std::collections::BTreeMap::new(),
            held: crate::registry::room::Reservation::default(),
        };
        // Twice changes nothing.
        for _ in 0..2 {
            let layout = LayoutRepository::create_copy(&path, &reference).unwrap();
            layout
                .copy_manifest(&image.0, image.1.as_bytes())
                .await
                .unwrap();
            layout.copy_blob(&signature.manifest, &bytes).unwrap();
            layout.copy_signature(&signature).await.unwrap();
        }
        let layout = LayoutRepository::open_copy(&path, &reference).unwrap();
        let (target, listing) = layout.resolve_and_list().unwrap();
        assert_eq!(target.reference, reference.clone().into());
        assert_eq!(target.descriptor, image.0);
        let listing = listing.unwrap();
        assert_eq!(
            listing.signatures,
            std::slice::from_ref(&signature.manifest)
        );
        let found = layout.fetch_signature(image.0.digest(), &signature.manifest);
        assert_eq!(found.unwrap(), signature);
        let error = layout.copy_manifest(&image.0, b"other").await.unwrap_err();
        assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
        // A signature that got lost is missed.
        let lost = path.join("blobs/sha256");
        let hex = signature
            .manifest
            .digest()
            .as_ref()
            .split(':')
            .nth(1)
            .unwrap();
        std::fs::remove_file(lost.join(hex)).unwrap();
        let listing = layout.list_signatures(&image.0).unwrap();
        assert!(listing.signatures.is_empty());
        let incomplete = listing.incomplete.unwrap();
        assert!(
            matches!(&incomplete, Error::SpoiledCopy { path: found, source }
                if *found == path && matches!(**source, Error::NotFound { .. })),
            "{incomplete}"
        );
        assert_eq!(incomplete.kind(), Kind::Inconclusive);
        #[cfg(unix)]
        {
            let elsewhere = directory.path().join("elsewhere");
            std::fs::rename(&path, &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
            let error = LayoutRepository::open_copy(&path, &reference).unwrap_err();
            assert!(
                matches!(&error, Error::SpoiledCopy { source, .. } if matches!(&**source,
                    Error::File { source } if matches!(**source, files::Error::SymbolicLink { .. }))),
                "{error}"
            );
        }
        let tag = Reference::parse("registry.example/app:v1").unwrap();
        let error = LayoutRepository::open_copy(&path, &tag).unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound);
    }
}
