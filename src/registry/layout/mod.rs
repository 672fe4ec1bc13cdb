//! OCI image layouts: directories with the content of a repository (OCI image specification, "Image
//! Layout"), used as a registry is.
//!
//! Signatures are found by looking at every manifest that `index.json` leads to; a manifest that
//! cannot be read hides no other. Files are read as they are, up to their limits, and never through a
//! symbolic link below the layout's directory; their bytes are compared with their digests.

mod copy;
mod index;
mod push;
mod scan;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use oci_spec::image::MediaType;
use serde::Deserialize;

use super::error::{Error, LayoutFault};
use super::manifest::SignatureManifest;
use super::room::{self, Reservation};
use super::{Kind, Listing, Signature, Target, manifest};
use crate::allowance;
use crate::oci::{self, Descriptor, Digest};
use crate::reference::{ArtifactReference, LayoutReference};
use crate::{files, limits};

/// The file that makes a directory a layout.
const MARKER: &str = "oci-layout";

/// The only version of layouts.
const VERSION: &str = "1.0.0";

/// A layout, opened with one reference.
#[derive(Debug, Clone)]
pub struct LayoutRepository {
    reference: LayoutReference,
    /// What the artifact is called: by `reference`, or as in the registry that this is a copy of.
    called: ArtifactReference,
}

impl LayoutRepository {
    /// Opens the layout of `reference`, without looking for what the reference names.
    ///
    /// # Errors
    ///
    /// [`Error::NotALayout`] if the directory is not a layout, [`Error::Malformed`] if its index is
    /// not one, [`Error::File`] for what keeps its files from being read.
    pub fn open(reference: &LayoutReference) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Marker {
            image_layout_version: Option<String>,
        }
        let root = reference.path();
        let not_a_layout = |fault: LayoutFault| Error::NotALayout {
            path: root.to_owned(),
            fault,
        };
        // A link to the directory is the user's own word; below it none is followed.
        match root.metadata() {
            Ok(found) if !found.is_dir() => {
                return Err(not_a_layout(LayoutFault::NotADirectory));
            }
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
                return Err(not_a_layout(LayoutFault::Missing));
            }
            Ok(_) | Err(_) => {}
        }
        let marker = root.join(MARKER);
        let bytes = match files::read(&marker, limits::MAX_CONFIG_BYTES) {
            Err(source) if source.is_not_found() => {
                return Err(not_a_layout(LayoutFault::Unmarked));
            }
            read => read.map_err(|source| Error::File {
                source: source.into(),
            })?,
        };
        let read: Marker = serde_json::from_slice(&bytes).map_err(|source| Error::Malformed {
            url: marker.display().to_string(),
            source: source.into(),
        })?;
        match read.image_layout_version.as_deref() {
            Some(VERSION) => {}
            other => {
                let version = super::words::clean(other.unwrap_or_default());
                return Err(not_a_layout(LayoutFault::Version(version)));
            }
        }
        let repository = Self {
            reference: reference.clone(),
            called: reference.clone().into(),
        };
        repository.for_each_entry(|_, _| {})?;
        Ok(repository)
    }

    /// The reference that this layout was opened with.
    pub fn reference(&self) -> &LayoutReference {
        &self.reference
    }

    /// What the artifact is called: the reference that this layout was opened with, or the registry's
    /// where this is a copy of it.
    pub fn called(&self) -> &ArtifactReference {
        &self.called
    }

    /// The manifest that `descriptor` describes, as bytes.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], [`Error::WrongDigest`] and [`Error::WrongSize`], [`Error::NotFound`].
    pub fn fetch_manifest(&self, descriptor: &Descriptor) -> Result<Bytes, Error> {
        let bytes = self.read_manifest(descriptor);
        bytes.map(Bytes::from).map_err(|error| self.in_copy(error))
    }

    /// What the reference stands for: the manifest that has the tag, or any that the index leads to
    /// by its digest.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Misbehaved`] if two manifests have the tag; what is wrong with
    /// the manifest.
    pub fn resolve(&self) -> Result<Target, Error> {
        self.find_target().map_err(|error| match error.kind() {
            // It was not copied.
            Kind::NotFound => error,
            _ => self.in_copy(error),
        })
    }

    fn find_target(&self) -> Result<Target, Error> {
        let descriptor = match self.reference.digest() {
            Some(digest) => self.find_digest(digest)?,
            None => self.find_tag()?,
        };
        let bytes = self.read_manifest(&descriptor)?;
        let called = || self.blob_path(descriptor.digest()).display().to_string();
        let media_type = descriptor.media_type().to_string();
        manifest::checked_media_type(called, Some(media_type), &bytes)?;
        Ok(Target {
            reference: self.called.with_digest(descriptor.digest()),
            // What else the index says of it, its tag for example, is not signed.
            descriptor: bare(&descriptor),
        })
    }

    /// What the reference stands for, and its signatures.
    ///
    /// # Errors
    ///
    /// As [`LayoutRepository::resolve`].
    pub fn resolve_and_list(&self) -> Result<(Target, Result<Listing, Error>), Error> {
        let target = self.resolve()?;
        let listing = self.list_signatures(&target.descriptor);
        Ok((target, listing))
    }

    /// Reads the signature with manifest `manifest`, which must name `subject` as what it signs.
    ///
    /// # Errors
    ///
    /// [`Error::NotASignature`] and [`Error::TooLarge`] for what the manifest says,
    /// [`Error::WrongDigest`] and [`Error::WrongSize`] for bytes that are others, [`Error::NotFound`].
    pub fn fetch_signature(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
    ) -> Result<Signature, Error> {
        let read = self.read_signature_manifest(subject, manifest);
        let read =
            read.and_then(|read| self.read_signature(manifest, read, Reservation::default()));
        read.map_err(|error| self.in_copy(error))
    }

    /// The same, once there is room in memory for the envelope.
    pub(super) async fn fetch_signature_in_turn(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
    ) -> Result<Signature, Error> {
        let read = allowance::uncounted(|| self.read_signature_manifest(subject, manifest));
        let read = read.map_err(|error| self.in_copy(error))?;
        let owner = self.root().display().to_string();
        let held = room::take(&owner, read.envelope.size()).await;
        let read = allowance::uncounted(|| self.read_signature(manifest, read, held));
        read.map_err(|error| self.in_copy(error))
    }

    fn read_signature_manifest(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
    ) -> Result<SignatureManifest, Error> {
        let bytes = self.read_manifest(manifest)?;
        manifest::parse_signature(manifest, &bytes, subject)
    }

    fn read_signature(
        &self,
        manifest: &Descriptor,
        read: SignatureManifest,
        held: Reservation,
    ) -> Result<Signature, Error> {
        let envelope = self.read_blob(&read.envelope)?;
        Ok(Signature {
            manifest: manifest.clone(),
            format: read.format,
            envelope: Bytes::from(envelope),
            envelope_descriptor: read.envelope,
            annotations: read.annotations,
            held,
        })
    }

    fn root(&self) -> &Path {
        self.reference.path()
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        let (algorithm, hex) = digest
            .as_ref()
            .split_once(':')
            .unwrap_or((digest.as_ref(), ""));
        self.root().join("blobs").join(algorithm).join(hex)
    }

    fn read_manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        if descriptor.size() > limits::MAX_MANIFEST_BYTES {
            return Err(Error::TooLarge {
                what: format!("manifest `{}`", descriptor.digest()),
                size: descriptor.size(),
                max: limits::MAX_MANIFEST_BYTES,
            });
        }
        self.read_blob(descriptor)
    }

    /// The content of `descriptor`, whose size has been compared with its limit.
    fn read_blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let digest = descriptor.digest();
        let path = self.blob_path(digest);
        let shown = || path.display().to_string();
        self.check_directories(digest)?;
        let bytes = match files::read(&path, descriptor.size()) {
            Ok(bytes) => bytes,
            Err(source) if source.is_not_found() => return Err(self.not_found(digest.as_ref())),
            Err(source) => {
                return Err(Error::File {
                    source: source.into(),
                });
            }
        };
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found != descriptor.size() {
            return Err(Error::WrongSize {
                url: shown(),
                wanted: descriptor.size(),
                found,
            });
        }
        match oci::verify_digest(digest, &bytes) {
            Ok(()) => Ok(bytes),
            Err(source) => Err(Error::WrongDigest {
                url: shown(),
                source,
            }),
        }
    }

    /// Refuses directories of blobs that are links: they would lead out of the layout.
    fn check_directories(&self, digest: &Digest) -> Result<(), Error> {
        let blobs = self.root().join("blobs");
        let algorithm = digest.as_ref().split(':').next().unwrap_or_default();
        for directory in [blobs.join(algorithm), blobs] {
            match files::check_directory(&directory) {
                Ok(()) => {}
                // The file in it is missed in a moment, by name.
                Err(source) if source.is_not_found() => {}
                Err(source) => {
                    return Err(Error::File {
                        source: source.into(),
                    });
                }
            }
        }
        Ok(())
    }

    fn not_found(&self, what: &str) -> Error {
        let separator = if what.contains(':') { '@' } else { ':' };
        Error::NotFound {
            reference: format!("{}{separator}{what}", self.root().display()),
            said: super::Words::default(),
        }
    }
}

/// Media type, digest and size alone.
fn bare(descriptor: &Descriptor) -> Descriptor {
    Descriptor::new(
        MediaType::from(descriptor.media_type().as_ref()),
        descriptor.size(),
        descriptor.digest().clone(),
    )
}

#[cfg(test)]
mod tests;
