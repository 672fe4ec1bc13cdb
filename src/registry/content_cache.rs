//! Signature manifests and envelopes that were fetched before, in a directory of this user alone.
//!
//! A file here says which bytes belong to a digest, and nothing else: whether a signature exists, is listed or may be
//! read is asked of the registry every time. So nothing in it has to be believed: bytes count only if they have the
//! digest that the registry's list, or the signature's manifest, names; a wrong file is ignored and written again. A
//! cache that cannot be used is not an error.
//!
//! It has a directory for each first digit of a digest, of which each is kept below its part of the whole: no process has
//! to look through all of it, and any number of them may use it at the same time. Files that were not used for the longest time
//! give way. More directories would cost more: to make one takes as long as to write ten files into it.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use crate::facts::{Access, Directory};
use crate::files;
use crate::limits::{CACHE_WRITES_BETWEEN_LOOKS, MAX_CACHE_PART_BYTES, MAX_CACHED_BYTES};
use crate::oci::{self, Descriptor, Digest};

/// The content that was fetched before. Clones are of the same directory.
#[derive(Debug, Clone)]
pub struct ContentCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    parts: [Part; PARTS],
}

/// What has one first digit.
#[derive(Debug)]
struct Part {
    directory: Directory,
    /// How often it was written to, by this process. It begins anywhere, as many processes may write little each.
    writes: AtomicU64,
}

/// As many as a hexadecimal digit has values.
const PARTS: usize = 16;

impl ContentCache {
    /// The cache in the directory `root`, which is made when something is first written.
    pub fn new(root: PathBuf) -> Self {
        let anywhere = RandomState::new();
        let part = |number: usize| Part {
            directory: Directory::within(&root, &format!("{number:x}"), Access::Private),
            writes: AtomicU64::new(anywhere.hash_one(number)),
        };
        let parts = std::array::from_fn(part);
        Self(Arc::new(Inner { root, parts }))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0.root
    }

    /// The bytes of `descriptor`, if they are there.
    pub(super) fn read(&self, descriptor: &Descriptor) -> Option<Bytes> {
        if descriptor.size() > MAX_CACHED_BYTES {
            return None;
        }
        let (part, name) = self.place(descriptor.digest())?;
        let bytes = part.directory.read_in_use(&name, descriptor.size());
        let bytes = bytes.ok()??;
        if oci::verify_digest(descriptor.digest(), &bytes).is_err() {
            tracing::debug!(digest = %descriptor.digest(), "wrong file in the content cache");
            // It is written again in any case.
            let _ = part.directory.remove(&name);
            return None;
        }
        tracing::debug!(digest = %descriptor.digest(), "taken from the content cache");
        Some(Bytes::from(bytes))
    }

    /// Keeps the bytes of `descriptor`, whose digest was compared.
    pub(super) fn keep(&self, descriptor: &Descriptor, bytes: &[u8]) {
        if descriptor.size() > MAX_CACHED_BYTES {
            return;
        }
        let Some((part, name)) = self.place(descriptor.digest()) else {
            return;
        };
        if let Err(error) = part.write(&name, bytes) {
            tracing::debug!(error = %error, "content cache cannot be written");
        }
    }

    /// The part and the name for what has this digest.
    fn place(&self, digest: &Digest) -> Option<(&Part, String)> {
        let hex = digest.digest();
        let number = usize::from_str_radix(hex.get(..1)?, 16).ok()?;
        let part = self.0.parts.get(number)?;
        Some((part, format!("{}-{hex}", digest.algorithm())))
    }
}

impl Part {
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), files::Error> {
        let directory = self.directory.path();
        // Others may write into it at the same time, so that what is in it is looked up again and again.
        let count = self.writes.fetch_add(1, Ordering::Relaxed);
        if count.is_multiple_of(CACHE_WRITES_BETWEEN_LOOKS) && directory.is_dir() {
            files::make_room_in_bytes(directory, MAX_CACHE_PART_BYTES)?;
        }
        self.directory.write_unsynced(name, bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use oci_spec::image::MediaType;

    use super::*;

    fn descriptor(bytes: &[u8]) -> Descriptor {
        let size = u64::try_from(bytes.len()).unwrap();
        Descriptor::new(MediaType::ImageManifest, size, oci::sha256_digest(bytes))
    }

    fn file(cache: &ContentCache, of: &Descriptor) -> PathBuf {
        let (part, name) = cache.place(of.digest()).unwrap();
        part.directory.file(&name)
    }

    #[test]
    fn what_is_kept_is_read_by_its_digest_and_size_alone() {
        let home = tempfile::tempdir().unwrap();
        let cache = ContentCache::new(home.path().join("a/b"));
        let one = descriptor(b"one");
        assert_eq!(cache.read(&one), None);
        assert!(!cache.path().exists(), "reading makes nothing");
        cache.keep(&one, b"one");
        assert_eq!(cache.read(&one).unwrap(), b"one"[..]);
        let longer = Descriptor::new(MediaType::ImageManifest, 4_u64, one.digest().clone());
        assert_eq!(cache.read(&longer), None);
    }

    #[test]
    fn what_is_wrong_is_as_good_as_nothing_and_written_again() {
        let home = tempfile::tempdir().unwrap();
        let cache = ContentCache::new(home.path().join("cache"));
        let one = descriptor(b"one");
        for wrong in [&b"two"[..], b"on", b"", b"one and more"] {
            cache.keep(&one, b"one");
            fs::write(file(&cache, &one), wrong).unwrap();
            assert_eq!(cache.read(&one), None, "{wrong:?}");
            cache.keep(&one, b"one");
            assert_eq!(cache.read(&one).unwrap(), b"one"[..]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_others_could_have_put_there_is_not_read() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let home = tempfile::tempdir().unwrap();
        let cache = ContentCache::new(home.path().join("cache"));
        let one = descriptor(b"one");
        cache.keep(&one, b"one");
        let file = file(&cache, &one);
        let part = file.parent().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(cache.path()), mode(part), mode(&file)),
            (0o700, 0o700, 0o600)
        );
        for path in [cache.path(), part, &file] {
            let before = fs::metadata(path).unwrap().permissions();
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
            assert_eq!(cache.read(&one), None, "{}", path.display());
            fs::set_permissions(path, before).unwrap();
            assert!(cache.read(&one).is_some());
        }
        let elsewhere = home.path().join("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        symlink(&elsewhere, &file).unwrap();
        assert_eq!(cache.read(&one), None);
        fs::remove_file(&file).unwrap();
        let moved = home.path().join("moved");
        fs::rename(cache.path(), &moved).unwrap();
        symlink(&moved, cache.path()).unwrap();
        cache.keep(&one, b"one");
        assert_eq!(cache.read(&one), None);
    }

    #[test]
    fn each_part_stays_below_its_share_and_what_is_used_stays() {
        let home = tempfile::tempdir().unwrap();
        let cache = ContentCache::new(home.path().join("cache"));
        let size = usize::try_from(MAX_CACHED_BYTES).unwrap();
        // All in one part: found by counting.
        let mut kept = Vec::new();
        for number in 0_u32.. {
            let mut bytes = number.to_be_bytes().to_vec();
            bytes.resize(size, 0);
            let one = descriptor(&bytes);
            if !one.digest().digest().starts_with('0') {
                continue;
            }
            cache.keep(&one, &bytes);
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(number));
            let written = fs::File::open(file(&cache, &one)).unwrap();
            written.set_modified(at).unwrap();
            kept.push(one);
            if let Some(first) = kept.first() {
                assert!(cache.read(first).is_some(), "used again and again");
            }
            if kept.len() == 400 {
                break;
            }
        }
        let parts = fs::read_dir(cache.path().join("0")).unwrap();
        let bytes: u64 = parts
            .map(|one| one.unwrap().metadata().unwrap().len())
            .sum();
        let between = CACHE_WRITES_BETWEEN_LOOKS * MAX_CACHED_BYTES;
        assert!(bytes <= MAX_CACHE_PART_BYTES + between, "{bytes}");
        assert!(cache.read(kept.last().unwrap()).is_some());
        assert!(cache.read(&kept[1]).is_none());
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock that a file's times are from"
    )]
    fn a_use_is_noted_once_in_an_hour() {
        let home = tempfile::tempdir().unwrap();
        let cache = ContentCache::new(home.path().join("cache"));
        let one = descriptor(b"one");
        cache.keep(&one, b"one");
        let kept = fs::File::open(file(&cache, &one)).unwrap();
        for (minutes, is_noted) in [(59, false), (61, true)] {
            let used = SystemTime::now() - Duration::from_mins(minutes);
            kept.set_modified(used).unwrap();
            let before = kept.metadata().unwrap().modified().unwrap();
            assert!(cache.read(&one).is_some());
            let after = kept.metadata().unwrap().modified().unwrap();
            assert_eq!(after != before, is_noted, "{minutes}");
        }
    }

    #[test]
    fn what_is_large_is_not_kept() {
        let home = tempfile::tempdir().unwrap();
        let cache = ContentCache::new(home.path().join("cache"));
        let bytes = vec![0; usize::try_from(MAX_CACHED_BYTES).unwrap() + 1];
        cache.keep(&descriptor(&bytes), &bytes);
        assert!(!cache.path().exists());
    }
}
