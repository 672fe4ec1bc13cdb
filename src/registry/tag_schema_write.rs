//! A signature into the index of the tag schema (distribution specification, "Pushing Manifests with
//! Subject"). A registry keeps the index that was written last, and has no way to write only if
//! nothing changed: two writers at once lose an entry. So the index is read again until it is stable,
//! after waits that differ from writer to writer.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use reqwest::Request;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::RemoteRepository;
use super::error::Error;
use super::index_entry::IndexEntry;
use super::index_text;
use super::media_types::IMAGE_INDEX;
use super::push::Warning;
use super::resolve::ReadManifest;
use super::room::Reservation;
use super::tag_schema;
use super::transport::Repeat;
use crate::http::backoff;
use crate::limits;
use crate::oci::{self, Descriptor, Digest};

/// What was seen of other writers while the index was written.
#[derive(Debug, Default)]
struct Progress {
    writes: u32,
    /// The index as it was last written or read here.
    last: Option<Digest>,
    /// Looks in a row that found the entry in an index without a change.
    quiet: u32,
    /// Whether anything says that another one writes at the same time.
    is_contended: bool,
    /// Whether another one changed the index after it was written here.
    was_changed: bool,
}

impl Progress {
    /// A look at the index found the entry in it.
    fn seen(&mut self, index: Digest) {
        let is_changed = self.last.as_ref() != Some(&index);
        self.was_changed |= is_changed;
        self.is_contended |= is_changed;
        self.quiet = if is_changed { 1 } else { self.quiet + 1 };
        self.last = Some(index);
    }

    fn written(&mut self, index: Digest) {
        self.writes += 1;
        self.quiet = 0;
        self.last = Some(index);
    }

    fn is_stable(&self) -> bool {
        let wanted = if self.is_contended {
            limits::QUIET_INDEX_LOOKS
        } else {
            1
        };
        self.quiet >= wanted
    }

    fn warn(&self, warnings: &mut Vec<Warning>) {
        if self.was_changed {
            warnings.push(Warning::IndexContended);
        }
    }
}

/// An index that was replaced.
struct Replaced {
    digest: Digest,
    is_index_of_referrers: bool,
}

impl Replaced {
    /// What is to be known of `old`, and the room that its bytes took.
    fn new(subject: &Digest, old: ReadManifest) -> (Self, Reservation) {
        let replaced = Self {
            digest: old.descriptor.digest().clone(),
            is_index_of_referrers: is_index_of_referrers(subject, &old),
        };
        (replaced, old.held)
    }
}

/// How an old index went away.
enum Deleted {
    Yes,
    /// It was not there any more: another one replaced the same index.
    Gone,
}

impl RemoteRepository {
    /// Adds `manifest` to the index of `subject`, whose other entries stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::IndexConflict`] if others kept overwriting it; what keeps the index from being read or
    /// written.
    pub(super) async fn add_to_index(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Vec<Warning>, Error> {
        let tag = tag_schema::tag(subject);
        let mut warnings = Vec::new();
        let mut progress = Progress::default();
        let mut took = Duration::ZERO;
        for look in 0..limits::MAX_INDEX_LOOKS {
            if look > 0 {
                tokio::time::sleep(self.index_wait(&progress, took)).await;
            }
            let begun = Instant::now();
            let old = self.read_index(subject).await?;
            let malformed = |source: serde_json::Error| Error::Malformed {
                url: self.session.endpoint.called(&tag),
                source: source.into(),
            };
            let is_listed = match &old {
                Some(old) => index_text::contains(&old.bytes, manifest).map_err(malformed)?,
                None => false,
            };
            if is_listed {
                if let Some(old) = &old {
                    progress.seen(old.descriptor.digest().clone());
                }
                // An earlier push had written it, or it does not change any more.
                if progress.writes == 0 || progress.is_stable() {
                    if progress.writes > 0 {
                        progress.warn(&mut warnings);
                    }
                    return Ok(warnings);
                }
                continue;
            }
            if progress.writes > 0 {
                // Another one's index took the place of ours.
                progress.is_contended = true;
                progress.was_changed = true;
            }
            if progress.writes == limits::MAX_INDEX_WRITES {
                break;
            }
            let entry = IndexEntry::of_signature(manifest).with_annotations(annotations);
            let entry = entry.to_text();
            let bytes = match &old {
                Some(old) => index_text::with_entry(&old.bytes, &entry).map_err(malformed)?,
                None => format!(
                    r#"{{"manifests":[{entry}],"mediaType":"{IMAGE_INDEX}","schemaVersion":2}}"#
                ),
            };
            let bytes = Bytes::from(bytes);
            let written = oci::sha256_digest(&bytes);
            // The new bytes take the room of the old ones.
            let (old, _held) = old.map(|old| Replaced::new(subject, old)).unzip();
            self.put_manifest(&tag, IMAGE_INDEX, bytes).await?;
            took = begun.elapsed();
            progress.written(written.clone());
            if let Some(old) = old
                && old.digest != written
            {
                self.delete_old(&old, &mut progress, &mut warnings).await;
            }
        }
        if progress.quiet > 0 {
            // It is listed, and others go on writing.
            progress.warn(&mut warnings);
            return Ok(warnings);
        }
        Err(Error::IndexConflict {
            reference: self.session.endpoint.called(&tag),
        })
    }

    /// How long to wait before the next look: longer than another writer needs between reading and
    /// writing, as far as this registry's own answers tell, and longer each time it was overwritten.
    fn index_wait(&self, progress: &Progress, took: Duration) -> Duration {
        let settings = self.session.endpoint.pool.settings();
        if settings.retry_delay.is_zero() {
            return Duration::ZERO;
        }
        let first = settings.retry_delay.max(took.saturating_mul(3));
        backoff(progress.writes.max(1), first, limits::MAX_INDEX_WAIT)
    }

    /// Removes the index that was replaced, if it is certain that it is one.
    async fn delete_old(
        &self,
        old: &Replaced,
        progress: &mut Progress,
        warnings: &mut Vec<Warning>,
    ) {
        let index = &old.digest;
        let deleted = if old.is_index_of_referrers {
            self.delete_manifest(index).await
        } else {
            Err(Error::NotAnIndex {
                reference: self.session.endpoint.called(index.as_ref()),
                media_type: IMAGE_INDEX.to_owned(),
            })
        };
        match deleted {
            Ok(Deleted::Yes) => {}
            Ok(Deleted::Gone) => progress.is_contended = true,
            Err(source) => warnings.push(Warning::OldIndexNotDeleted {
                index: index.clone(),
                source,
            }),
        }
    }

    async fn delete_manifest(&self, digest: &Digest) -> Result<Deleted, Error> {
        let url = self.session.endpoint.url(&format!("manifests/{digest}"));
        let request = Request::new(Method::DELETE, url);
        // That it is gone the second time would not say who deleted it.
        let response = self.session.send(request, Repeat::IfNotDone).await?;
        if response.status().is_success() {
            return Ok(Deleted::Yes);
        }
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(Deleted::Gone);
        }
        let called = self.session.endpoint.called(digest.as_ref());
        Err(self.session.failure(response, called).await)
    }
}

/// Whether `old`, which was read under the tag, is nothing but a list of referrers: deleting an image
/// that was put there, or that the registry answers with, would be worse than leaving an index.
fn is_index_of_referrers(subject: &Digest, old: &ReadManifest) -> bool {
    let digests = [
        old.descriptor.digest().clone(),
        oci::sha256_digest(&old.bytes),
    ];
    let mut is_harmless = true;
    let members = index_text::for_each_member(&old.bytes, &mut |name, _| {
        is_harmless &= name != "subject";
    });
    let entries = index_text::for_each_entry(&old.bytes, &mut |entry| {
        is_harmless &= is_harmless_entry(entry, &digests);
    });
    old.descriptor.media_type().as_ref() == IMAGE_INDEX
        && oci::verify_digest(subject, &old.bytes).is_err()
        && !digests.contains(subject)
        && members.is_ok()
        && entries.is_ok()
        && is_harmless
}

/// Whether an entry is of no platform, and not of the list itself, which has the digests `own`.
fn is_harmless_entry(entry: &str, own: &[Digest]) -> bool {
    #[derive(Deserialize)]
    struct Members<'a> {
        #[serde(borrow)]
        digest: Option<&'a RawValue>,
        #[serde(default, deserialize_with = "is_there")]
        platform: bool,
    }
    // `null` is there, too.
    fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| true)
    }
    let members: Members<'_> = match serde_json::from_str(entry) {
        Ok(members) if entry.starts_with('{') => members,
        _ => return false,
    };
    let digest = index_text::lenient_text(members.digest);
    !members.platform
        && !own
            .iter()
            .any(|own| digest.as_deref() == Some(own.as_ref()))
}

#[cfg(test)]
mod tests {
    use oci_spec::image::MediaType;
    use serde_json::{Value, json};

    use super::*;

    fn read(index: &Value) -> ReadManifest {
        let bytes = index.to_string().into_bytes();
        ReadManifest {
            descriptor: Descriptor::new(MediaType::ImageIndex, 1, oci::sha256_digest(&bytes)),
            bytes: bytes.into(),
            held: Reservation::default(),
        }
    }

    #[test]
    fn only_a_list_of_referrers_is_deleted() {
        let subject = oci::sha256_digest(b"subject");
        let listed = json!({"mediaType": "m", "size": 1,
            "digest": oci::sha256_digest(b"signature").to_string()});
        let mut image = listed.clone();
        image["platform"] = json!({"os": "linux"});
        for (index, is_deleted) in [
            (json!({"manifests": []}), true),
            (json!({"manifests": null}), true),
            (json!({"manifests": [listed]}), true),
            (json!({"manifests": [listed, image]}), false),
            (json!({"manifests": [listed], "subject": listed}), false),
            (json!({"manifests": [listed], "subject": null}), false),
            (json!({"manifests": {}}), false),
            (json!({"manifests": [1]}), false),
        ] {
            let old = read(&index);
            assert_eq!(is_index_of_referrers(&subject, &old), is_deleted, "{index}");
            // Never what is signed.
            assert!(!is_index_of_referrers(old.descriptor.digest(), &old));
        }
        // Nor what the registry gives another digest of its own list for.
        let entry = json!({"manifests": [listed]});
        let mut under_an_entry = read(&entry);
        let digest = oci::sha256_digest(b"signature");
        under_an_entry.descriptor = Descriptor::new(MediaType::ImageIndex, 1, digest);
        assert!(!is_index_of_referrers(&subject, &under_an_entry));
        let mut manifest = read(&entry);
        let digest = manifest.descriptor.digest().clone();
        manifest.descriptor = Descriptor::new(MediaType::ImageManifest, 1, digest);
        assert!(!is_index_of_referrers(&subject, &manifest));
    }

    #[test]
    fn a_changed_index_is_looked_at_until_it_is_quiet() {
        let index = |name: &[u8]| oci::sha256_digest(name);
        let mut alone = Progress::default();
        alone.written(index(b"ours"));
        assert!(!alone.is_stable());
        alone.seen(index(b"ours"));
        assert!(alone.is_stable() && !alone.was_changed);

        let mut contended = Progress::default();
        contended.written(index(b"ours"));
        for (seen, is_stable) in [
            (b"theirs", false),
            (b"theirs", false),
            (b"others", false),
            (b"others", false),
            (b"others", true),
        ] {
            contended.seen(index(seen));
            assert_eq!(contended.is_stable(), is_stable);
        }
        assert!(contended.was_changed);
    }
}
