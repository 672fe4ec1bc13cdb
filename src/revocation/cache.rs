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

use super::fetch::Question;
use crate::facts::{Access, Directory};
use crate::files;
use crate::limits::{MAX_CRL_CACHE_BYTES, MAX_KEPT_OCSP_ANSWERS, MAX_OCSP_RESPONSE_BYTES};

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
    crl: Directory,
    ocsp: Directory,
}

impl Cache {
    /// The cache below notation's cache directory.
    pub fn new(directory: &Path) -> Self {
        let folder = |name| Directory::new(directory.join(name), Access::Own);
        Self {
            crl: folder("crl"),
            // No other program cleans up this directory.
            ocsp: folder("ocsp").with_at_most(MAX_KEPT_OCSP_ANSWERS),
        }
    }

    /// The CRL kept for `question`; `None` without one.
    pub(super) fn read_crl(&self, question: &Question) -> Result<Option<CrlBundle>, Error> {
        let Some(json) = self.read(question, MAX_CRL_CACHE_BYTES)? else {
            return Ok(None);
        };
        let path = || self.path(question);
        let file: CrlFile = serde_json::from_slice(&json).map_err(|source| Error::Json {
            path: path(),
            source,
        })?;
        let decode = |text: String| {
            STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(|source| Error::Base64 {
                    path: path(),
                    source,
                })
        };
        Ok(Some(CrlBundle {
            base: decode(file.base)?,
            delta: file.delta.map(decode).transpose()?,
        }))
    }

    /// Keeps the CRL that answers `question`.
    pub(super) fn write_crl(&self, question: &Question, bundle: &CrlBundle) -> Result<(), Error> {
        let file = CrlFile {
            base: STANDARD.encode(&bundle.base),
            delta: bundle.delta.as_ref().map(|delta| STANDARD.encode(delta)),
        };
        let json = serde_json::to_vec(&file).map_err(|source| Error::Json {
            path: self.path(question),
            source,
        })?;
        self.write(question, &json)
    }

    /// The OCSP answer kept for `question`; `None` without one.
    pub(super) fn read_ocsp(&self, question: &Question) -> Result<Option<Bytes>, Error> {
        let answer = self.read(question, MAX_OCSP_RESPONSE_BYTES)?;
        Ok(answer.map(Bytes::from))
    }

    /// Keeps the OCSP answer to `question`.
    pub(super) fn write_ocsp(&self, question: &Question, response: &[u8]) -> Result<(), Error> {
        self.write(question, response)
    }

    /// The file of the answer to `question`.
    pub(super) fn path(&self, question: &Question) -> PathBuf {
        self.directory(question).file(&question.name())
    }

    fn directory(&self, question: &Question) -> &Directory {
        match question {
            Question::Ocsp { .. } => &self.ocsp,
            Question::Crl { .. } => &self.crl,
        }
    }

    fn read(&self, question: &Question, max_bytes: u64) -> Result<Option<Vec<u8>>, Error> {
        let read = self.directory(question).read(&question.name(), max_bytes);
        read.map_err(|source| Error::File { source })
    }

    fn write(&self, question: &Question, bytes: &[u8]) -> Result<(), Error> {
        let written = self.directory(question).write(&question.name(), bytes);
        written.map_err(|source| Error::File { source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://localhost:10086/leaf.crl";
    const NAME: &str = "eaf8bbfe35f6c2c8b136081de9a994f9515752b2e30b9a6889ae3128ea97656c";

    fn crl(url: &str) -> Question {
        Question::Crl {
            url: url.to_owned(),
        }
    }

    fn ocsp(url: &str, request: &[u8]) -> Question {
        Question::Ocsp {
            url: url.to_owned(),
            request: request.to_vec(),
        }
    }

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
            cache.write_crl(&crl(URL), &bundle(delta)).unwrap();
            assert_eq!(files::read(&path, 100).unwrap(), json.as_bytes());
            assert_eq!(cache.read_crl(&crl(URL)).unwrap(), Some(bundle(delta)));
        }
        assert_eq!(cache.read_crl(&crl("http://other")).unwrap(), None);
    }

    #[test]
    fn an_answer_is_found_for_its_question_alone() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        cache
            .write_ocsp(&ocsp(URL, b"question"), b"answer")
            .unwrap();
        let read = |url, request: &[u8]| cache.read_ocsp(&ocsp(url, request)).unwrap();
        assert_eq!(read(URL, b"question"), Some(Bytes::from_static(b"answer")));
        assert_eq!(read(URL, b"another"), None);
        assert_eq!(read("http://other", b"question"), None);
        // Neither is a CRL's file.
        assert_eq!(cache.read_crl(&crl(URL)).unwrap(), None);
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
        cache.write_ocsp(&ocsp(URL, b"first"), b"answer").unwrap();
        let old = std::fs::File::open(cache.path(&ocsp(URL, b"first"))).unwrap();
        old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        for number in 1..MAX_KEPT_OCSP_ANSWERS {
            std::fs::write(cache.path(&ocsp(URL, number.to_string().as_bytes())), b"").unwrap();
        }
        assert_eq!(kept(), MAX_KEPT_OCSP_ANSWERS);
        cache.write_ocsp(&ocsp(URL, b"last"), b"answer").unwrap();
        assert_eq!(kept(), MAX_KEPT_OCSP_ANSWERS / 2 + 1);
        assert_eq!(cache.read_ocsp(&ocsp(URL, b"first")).unwrap(), None);
        assert!(cache.read_ocsp(&ocsp(URL, b"last")).unwrap().is_some());
    }

    #[test]
    fn a_file_that_is_no_crl_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        cache.write_crl(&crl(URL), &bundle(None)).unwrap();
        let path = directory.path().join("crl").join(NAME);
        let error = |content: &str| {
            files::write_atomic(&path, content.as_bytes()).unwrap();
            cache.read_crl(&crl(URL)).unwrap_err()
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
        assert_eq!(cache.read_crl(&crl(URL)).unwrap(), Some(bundle(None)));
    }

    #[test]
    fn writers_at_the_same_time_do_not_disturb_readers() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path());
        cache.write_crl(&crl(URL), &bundle(None)).unwrap();
        std::thread::scope(|scope| {
            for delta in [None, Some(&b"delta"[..])] {
                let cache = &cache;
                scope.spawn(move || {
                    for _ in 0..50 {
                        cache.write_crl(&crl(URL), &bundle(delta)).unwrap();
                    }
                });
            }
            for _ in 0..50 {
                let found = cache.read_crl(&crl(URL)).unwrap().unwrap();
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
            cache.write_crl(&crl(URL), &bundle).unwrap();
            proptest::prop_assert_eq!(cache.read_crl(&crl(URL)).unwrap(), Some(bundle));
        }
    }
}
