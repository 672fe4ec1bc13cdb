//! An index of referrers as it is read: which entries say that they are signatures, which may be
//! some, and which cannot be read. Every user who may push writes these lists, so one bad entry
//! hides no other.

use std::collections::HashSet;
use std::fmt;

use oci_spec::image::MediaType;
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::error::Error;
use super::media_types::{
    ARTIFACT_MANIFEST, EMPTY_CONFIG, IMAGE_CONFIG, IMAGE_INDEX, IMAGE_MANIFEST,
};
use super::words::clean;
use crate::limits;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::{self, Descriptor, Digest};

/// An index of referrers: how many there are, and those that are signatures or may be.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) referrers: usize,
    /// Entries that say that they are signatures.
    pub(super) signatures: Vec<Descriptor>,
    /// Entries that do not say what they are, or only what their configuration is: some registries
    /// list every referrer so.
    pub(super) candidates: Vec<Descriptor>,
    /// Entries that cannot be read and may be signatures.
    pub(super) unreadable: Unreadable,
}

/// Entries that cannot be read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) count: usize,
    /// What is wrong with the first one.
    pub(super) reason: String,
}

impl Unreadable {
    fn add(&mut self, reason: &str) {
        if self.count == 0 {
            self.reason = clean(reason);
        }
        self.count = self.count.saturating_add(1);
    }

    pub(super) fn join(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
        } else {
            self.count = self.count.saturating_add(other.count);
        }
    }

    /// Why the list of the referrers of `digest` is not whole.
    pub(super) fn error(self, digest: &Digest) -> Option<Error> {
        (self.count > 0).then(|| Error::UnreadableReferrers {
            digest: digest.to_string(),
            count: self.count,
            reason: self.reason,
        })
    }
}

/// Reads `bytes` as an image index, whatever was said of their type; nothing if it is not one. Past
/// [`limits::MAX_REFERRERS`] the rest is only counted, so that memory stays bounded.
///
/// # Errors
///
/// What is wrong with a document that calls itself an image index.
pub(super) fn parse_index(bytes: &[u8]) -> Result<Option<Index>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        media_type: Option<String>,
        // `null` stands for an empty list.
        #[serde(default, deserialize_with = "present")]
        manifests: Option<Index>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct OfItself {
        media_type: Option<String>,
        manifests: Option<IgnoredAny>,
    }
    fn present<'de, D>(deserializer: D) -> Result<Option<Index>, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        let manifests: Option<Index> = Deserialize::deserialize(deserializer)?;
        Ok(Some(manifests.unwrap_or_default()))
    }
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice::<Document>(bytes) {
        _ if !is_object => Ok(None),
        Ok(document) => Ok(match (document.media_type.as_deref(), document.manifests) {
            (Some(IMAGE_INDEX), manifests) => Some(manifests.unwrap_or_default()),
            (None, manifests) => manifests,
            (Some(_), _) => None,
        }),
        Err(error) => match serde_json::from_slice::<OfItself>(bytes) {
            Ok(of_itself) => match (of_itself.media_type.as_deref(), of_itself.manifests) {
                (Some(IMAGE_INDEX), _) | (None, Some(_)) => Err(error),
                _ => Ok(None),
            },
            Err(_) => Ok(None),
        },
    }
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(IndexVisitor)
    }
}

struct IndexVisitor;

impl<'de> Visitor<'de> for IndexVisitor {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of descriptors")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Index, A::Error> {
        let mut index = Index::default();
        while index.referrers <= limits::MAX_REFERRERS {
            let Some(entry) = entries.next_element::<&'de RawValue>()? else {
                return Ok(index);
            };
            index.referrers += 1;
            match read_entry(entry.get()) {
                Entry::Signature(descriptor) => index.signatures.push(descriptor),
                Entry::Candidate(descriptor) => index.candidates.push(descriptor),
                Entry::Other => {}
                Entry::Unreadable(reason) => index.unreadable.add(&reason),
            }
        }
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(index)
    }
}

enum Entry {
    Signature(Descriptor),
    Candidate(Descriptor),
    /// It says that it is something else.
    Other,
    Unreadable(String),
}

/// Reads one entry, by itself: what is wrong with it concerns no other.
fn read_entry(entry: &str) -> Entry {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Kind {
        artifact_type: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Described {
        media_type: String,
        digest: String,
        size: u64,
    }
    if !entry.starts_with('{') {
        return Entry::Unreadable("it is not a descriptor".to_owned());
    }
    let kind = match serde_json::from_str::<Kind>(entry) {
        Ok(kind) => kind,
        Err(error) => return Entry::Unreadable(error.to_string()),
    };
    let says_so = match kind.artifact_type.as_deref() {
        Some(SIGNATURE_ARTIFACT_TYPE) => true,
        None | Some("" | EMPTY_CONFIG | IMAGE_CONFIG) => false,
        Some(_) => return Entry::Other,
    };
    let described = match serde_json::from_str::<Described>(entry) {
        Ok(described) => described,
        Err(error) => return Entry::Unreadable(error.to_string()),
    };
    if described.media_type.len() > limits::MAX_MEDIA_TYPE_BYTES {
        let max = limits::MAX_MEDIA_TYPE_BYTES;
        return Entry::Unreadable(format!("its media type has more than {max} bytes"));
    }
    let can_be_one = [IMAGE_MANIFEST, ARTIFACT_MANIFEST].contains(&described.media_type.as_str());
    if !says_so && !can_be_one {
        return Entry::Other;
    }
    let digest = match oci::parse_digest(&described.digest) {
        Ok(digest) => digest,
        Err(error) => return Entry::Unreadable(error.to_string()),
    };
    let media_type = MediaType::from(described.media_type.as_str());
    let descriptor = Descriptor::new(media_type, described.size, digest);
    if says_so {
        Entry::Signature(descriptor)
    } else {
        Entry::Candidate(descriptor)
    }
}

/// Descriptors that were seen. One digest with another size or type is another entry: which of them
/// is right is seen when it is fetched.
#[derive(Debug, Default)]
pub(super) struct SeenDescriptors(HashSet<(Digest, u64, String)>);

impl SeenDescriptors {
    /// Keeps `descriptor`; whether it is new.
    pub(super) fn insert(&mut self, descriptor: &Descriptor) -> bool {
        self.0.insert((
            descriptor.digest().clone(),
            descriptor.size(),
            descriptor.media_type().to_string(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(entries: &str) -> Index {
        let document = format!(r#"{{"manifests":{entries}}}"#);
        parse_index(document.as_bytes()).unwrap().unwrap()
    }

    fn entry(artifact_type: &str) -> String {
        let digest = oci::sha256_digest(artifact_type.as_bytes());
        format!(
            r#"{{"mediaType":"{IMAGE_MANIFEST}","digest":"{digest}","size":1,"artifactType":"{artifact_type}","x":[]}}"#
        )
    }

    #[test]
    fn only_signatures_are_kept() {
        let others = entry("application/spdx+json");
        let ours = entry(SIGNATURE_ARTIFACT_TYPE);
        let index = parsed(&format!("[{others},{ours}]"));
        assert_eq!((index.referrers, index.signatures.len()), (2, 1));
        assert_eq!((index.candidates.len(), index.unreadable.count), (0, 0));
        for nothing in ["null", "[]"] {
            assert_eq!(parsed(nothing).referrers, 0);
        }
    }

    #[test]
    fn entries_that_do_not_say_what_they_are_are_candidates() {
        let untyped = entry("").replace(r#","artifactType":"""#, "");
        for candidate in [
            untyped.clone(),
            untyped.replace(r#""x""#, r#""artifactType":null,"x""#),
            entry(""),
            entry(EMPTY_CONFIG),
            entry(IMAGE_CONFIG),
        ] {
            let index = parsed(&format!("[{candidate}]"));
            assert_eq!(index.candidates.len(), 1, "{candidate}");
            assert!(index.signatures.is_empty());
        }
        // An index is never a signature.
        let index = untyped.replace(IMAGE_MANIFEST, IMAGE_INDEX);
        assert!(parsed(&format!("[{index}]")).candidates.is_empty());
    }

    #[test]
    fn one_bad_entry_hides_no_other() {
        let good = entry(SIGNATURE_ARTIFACT_TYPE);
        for bad in [
            "null".to_owned(),
            "1".to_owned(),
            "[]".to_owned(),
            r#"["application/spdx+json"]"#.to_owned(),
            good.replace("sha256:", "blake3:"),
            good.replace(r#""size":1"#, r#""size":-1"#),
            good.replace(r#""size":1"#, r#""size":1.5"#),
            good.replace(r#""size":1"#, r#""size":1,"size":1"#),
            good.replace(r#""size":1,"#, ""),
            good.replace(r#""x":[]"#, r#""artifactType":"application/spdx+json""#),
            good.replace(r#""mediaType""#, r#""mediatype""#),
        ] {
            for entries in [format!("[{bad},{good}]"), format!("[{good},{bad}]")] {
                let index = parsed(&entries);
                assert_eq!(index.signatures.len(), 1, "{bad}");
                assert_eq!(index.unreadable.count, 1, "{bad}");
                assert!(!index.unreadable.reason.is_empty(), "{bad}");
            }
        }
        // What says that it is something else is not looked at further.
        let other = entry("application/spdx+json").replace(r#""size":1,"#, "");
        assert_eq!(parsed(&format!("[{other}]")).unreadable.count, 0);
    }

    #[test]
    fn what_is_an_index_is_told_by_the_document_alone() {
        for other in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"errors":[{"code":"X"}]}"#,
            r#"{"manifests":[}"#,
            r#"{"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}"#,
            r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#,
        ] {
            assert!(parse_index(other.as_bytes()).unwrap().is_none(), "{other}");
        }
        let empty = format!(r#"{{"mediaType":"{IMAGE_INDEX}"}}"#);
        assert_eq!(parse_index(empty.as_bytes()).unwrap().unwrap().referrers, 0);
        // What is like one and cannot be read is not the same as none.
        let broken = format!(r#"{{"mediaType":"{IMAGE_INDEX}","manifests":{{}}}}"#);
        for broken in [
            broken.as_str(),
            r#"{"manifests":"x"}"#,
            r#"{"schemaVersion":2,"manifests":{}}"#,
        ] {
            assert!(parse_index(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn no_more_referrers_are_kept_than_are_looked_at() {
        let entries = |count: usize| {
            let entries = vec![entry(SIGNATURE_ARTIFACT_TYPE); count];
            format!("[{}]", entries.join(","))
        };
        let at_limit = parsed(&entries(limits::MAX_REFERRERS));
        assert_eq!(at_limit.referrers, limits::MAX_REFERRERS);
        let past_limit = parsed(&entries(limits::MAX_REFERRERS + 100));
        assert_eq!(past_limit.signatures.len(), limits::MAX_REFERRERS + 1);
    }

    #[test]
    fn one_digest_with_two_sizes_is_two_entries() {
        let digest = oci::sha256_digest(b"x");
        let mut known = SeenDescriptors::default();
        let sized = |size| Descriptor::new(MediaType::ImageManifest, size, digest.clone());
        assert!(known.insert(&sized(1)) && known.insert(&sized(2)) && !known.insert(&sized(1)));
    }
}
