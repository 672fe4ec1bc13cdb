//! Answers kept on disk.
//!
//! CRLs lie where notation keeps them, in its format, so that both use the same files:
//! `{cache}/crl/{SHA-256 of the URL in hexadecimal}`, a JSON object with `baseCRL` and, if there is
//! one, `deltaCRL`, each base64 of DER. OCSP answers, which notation does not keep, lie in
//! `{cache}/ocsp/{SHA-256 of the URL, a zero byte and the request}` as they came.
//!
//! Of the latter there are only so many; those written longest ago give way.
//!
//! Nothing here is trusted: what is read is verified as if it had just come. Files are replaced
//! whole, from a temporary file in the same directory, so that writers do not disturb each other.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::algorithm::HashAlgorithm;
use crate::files;
use crate::limits::{MAX_CRL_CACHE_BYTES, MAX_KEPT_OCSP_ANSWERS, MAX_OCSP_RESPONSE_BYTES};
use crate::oci::hex;

/// Why a kept answer cannot be used, or an answer cannot be kept. Never why a check fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system said no.
    #[error("the revocation cache cannot be used")]
    File {
        /// Why; names the path.
        source: files::Error,
    },
    /// Not a file that notation or this program wrote.
    #[error("`{}` is not a cached CRL", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A CRL in the file is not base64.
    #[error("a CRL in `{}` is not in base64", path.display())]
    Base64 {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
}

impl Error {
    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File { source } => source.hint(),
            Self::Json { path, .. } | Self::Base64 { path, .. } => Some(format!(
                "nothing is lost if `{}` is removed: it is fetched again",
                path.display()
            )),
        }
    }
}

/// A CRL with the delta CRL that it names, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CrlBundle {
    pub(super) base: Bytes,
    pub(super) delta: Option<Bytes>,
}

#[derive(Serialize, Deserialize)]
struct CrlFile {
    #[serde(rename = "baseCRL")]
    base: String,
    #[serde(rename = "deltaCRL", default, skip_serializing_if = "Option::is_none")]
    delta: Option<String>,
}

/// The directories of kept answers. They are made when the first answer is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    crl: PathBuf,
    ocsp: PathBuf,
}

impl Cache {
    /// The cache below notation's cache directory.
    pub fn new(directory: &Path) -> Self {
        Self {
            crl: directory.join("crl"),
            ocsp: directory.join("ocsp"),
        }
    }

    /// The CRL kept for `url`; `None` if there is none.
    pub(super) fn read_crl(&self, url: &str) -> Result<Option<CrlBundle>, Error> {
        let path = self.crl_path(url);
        let Some(json) = read(&path, MAX_CRL_CACHE_BYTES)? else {
            return Ok(None);
        };
        let file: CrlFile = serde_json::from_slice(&json).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        let decode = |text: String| {
            STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(|source| Error::Base64 {
                    path: path.clone(),
                    source,
                })
        };
        Ok(Some(CrlBundle {
            base: decode(file.base)?,
            delta: file.delta.map(decode).transpose()?,
        }))
    }

    /// Keeps the CRL of `url`.
    pub(super) fn write_crl(&self, url: &str, bundle: &CrlBundle) -> Result<(), Error> {
        let path = self.crl_path(url);
        let file = CrlFile {
            base: STANDARD.encode(&bundle.base),
            delta: bundle.delta.as_ref().map(|delta| STANDARD.encode(delta)),
        };
        let json = serde_json::to_vec(&file).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        write(&self.crl, &path, &json)
    }

    /// The answer kept for `request` to `url`; `None` if there is none.
    pub(super) fn read_ocsp(&self, url: &str, request: &[u8]) -> Result<Option<Bytes>, Error> {
        let path = self.ocsp_path(url, request);
        Ok(read(&path, MAX_OCSP_RESPONSE_BYTES)?.map(Bytes::from))
    }

    /// Keeps the answer to `request` to `url`.
    pub(super) fn write_ocsp(
        &self,
        url: &str,
        request: &[u8],
        response: &[u8],
    ) -> Result<(), Error> {
        let failed = |source| Error::File { source };
        files::create_directory(&self.ocsp).map_err(failed)?;
        // Nobody else looks after this directory.
        files::make_room(&self.ocsp, MAX_KEPT_OCSP_ANSWERS).map_err(failed)?;
        write(&self.ocsp, &self.ocsp_path(url, request), response)
    }

    /// The file of the CRL of `url`.
    pub(super) fn crl_path(&self, url: &str) -> PathBuf {
        self.crl
            .join(hex(&HashAlgorithm::Sha256.hash(url.as_bytes())))
    }

    /// The file of the answer to `request` to `url`.
    pub(super) fn ocsp_path(&self, url: &str, request: &[u8]) -> PathBuf {
        let question = [url.as_bytes(), &[0], request].concat();
        self.ocsp.join(hex(&HashAlgorithm::Sha256.hash(&question)))
    }
}

fn read(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, Error> {
    match files::read(path, max_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(source) => Err(Error::File { source }),
    }
}

fn write(directory: &Path, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    files::create_directory(directory)
        .and_then(|()| files::write_atomic(path, bytes))
        .map_err(|source| Error::File { source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://localhost:10086/leaf.crl";
    const NAME: &str = "eaf8bbfe35f6c2c8b136081de9a994f9515752b2e30b9a6889ae3128ea97656c";

    fn bundle(delta: Option<&'static [u8]>) -> CrlBundle {
        CrlBundle {
            base: Bytes::from_static(b"base"),
            delta: delta.map(Bytes::from_static),
        }
    }

    #[test]
    fn a_crl_lies_where_notation_looks_in_the_form_that_notation_reads() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        let path = directory.path().join("crl").join(NAME);
        for (delta, json) in [
            (
                Some(&b"delta"[..]),
                r#"{"baseCRL":"YmFzZQ==","deltaCRL":"ZGVsdGE="}"#,
            ),
            (None, r#"{"baseCRL":"YmFzZQ=="}"#),
        ] {
            cache.write_crl(URL, &bundle(delta)).unwrap();
            assert_eq!(files::read(&path, 100).unwrap(), json.as_bytes());
            assert_eq!(cache.read_crl(URL).unwrap(), Some(bundle(delta)));
        }
        assert_eq!(cache.read_crl("http://other").unwrap(), None);
    }

    #[test]
    fn an_answer_is_found_for_its_question_alone() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        cache.write_ocsp(URL, b"question", b"answer").unwrap();
        let read = |url, request: &[u8]| cache.read_ocsp(url, request).unwrap();
        assert_eq!(read(URL, b"question"), Some(Bytes::from_static(b"answer")));
        assert_eq!(read(URL, b"another"), None);
        assert_eq!(read("http://other", b"question"), None);
        // Neither is a CRL's file.
        assert_eq!(cache.read_crl(URL).unwrap(), None);
    }

    #[test]
    fn ocsp_answers_are_bounded_in_number() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        let kept = || {
            std::fs::read_dir(directory.path().join("ocsp"))
                .unwrap()
                .count()
        };
        cache.write_ocsp(URL, b"first", b"answer").unwrap();
        let old = std::fs::File::open(cache.ocsp_path(URL, b"first")).unwrap();
        old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        for number in 1..MAX_KEPT_OCSP_ANSWERS {
            std::fs::write(cache.ocsp_path(URL, number.to_string().as_bytes()), b"").unwrap();
        }
        assert_eq!(kept(), MAX_KEPT_OCSP_ANSWERS);
        cache.write_ocsp(URL, b"last", b"answer").unwrap();
        assert_eq!(kept(), MAX_KEPT_OCSP_ANSWERS / 2 + 1);
        assert_eq!(cache.read_ocsp(URL, b"first").unwrap(), None);
        assert!(cache.read_ocsp(URL, b"last").unwrap().is_some());
    }

    #[test]
    fn a_file_that_is_no_crl_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        cache.write_crl(URL, &bundle(None)).unwrap();
        let path = directory.path().join("crl").join(NAME);
        let error = |content: &str| {
            files::write_atomic(&path, content.as_bytes()).unwrap();
            cache.read_crl(URL).unwrap_err()
        };
        for json in ["", "{}", "[]", r#"{"baseCRL":null}"#, r#"{"baseCRL":"" x"#] {
            assert!(matches!(error(json), Error::Json { .. }), "{json}");
        }
        for json in [
            r#"{"baseCRL":"?"}"#,
            r#"{"baseCRL":"YmFzZQ==","deltaCRL":"?"}"#,
        ] {
            assert!(matches!(error(json), Error::Base64 { .. }), "{json}");
        }
        // Go writes `null` for nothing.
        files::write_atomic(&path, br#"{"baseCRL":"YmFzZQ==","deltaCRL":null,"x":1}"#).unwrap();
        assert_eq!(cache.read_crl(URL).unwrap(), Some(bundle(None)));
    }

    #[test]
    fn writers_at_the_same_time_do_not_disturb_readers() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        cache.write_crl(URL, &bundle(None)).unwrap();
        std::thread::scope(|scope| {
            for delta in [None, Some(&b"delta"[..])] {
                let cache = &cache;
                scope.spawn(move || {
                    for _ in 0..50 {
                        cache.write_crl(URL, &bundle(delta)).unwrap();
                    }
                });
            }
            for _ in 0..50 {
                let found = cache.read_crl(URL).unwrap().unwrap();
                assert_eq!(found.base, b"base"[..]);
            }
        });
        // Nothing but the one file stays behind.
        let files = files::read_directory(&directory.path().join("crl"), 1).unwrap();
        assert_eq!(files.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_bundle_is_read_as_it_was_written(base: Vec<u8>, delta: Option<Vec<u8>>) {
            let directory = tempfile::tempdir().unwrap();
            let cache = Cache::new(directory.path());
            let bundle = CrlBundle { base: base.into(), delta: delta.map(Bytes::from) };
            cache.write_crl(URL, &bundle).unwrap();
            proptest::prop_assert_eq!(cache.read_crl(URL).unwrap(), Some(bundle));
        }
    }
}
