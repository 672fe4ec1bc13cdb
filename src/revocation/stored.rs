//! Answers stored for a check without a network, and how they come to be stored.
//!
//! One file for each answer, as it came: `{directory}/ocsp/{SHA-256 of the URL, a zero byte and the
//! request}.der` and `{directory}/crl/{SHA-256 of the URL}.der`. Answers are signed, so that the files
//! need not be trusted: each is judged as if it had just come, its next update included.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::fetch::{Fetch, FetchError, FetchFuture, Question};
use crate::algorithm::HashAlgorithm;
use crate::files;
use crate::oci::hex;

/// The directory of stored answers. It asks nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    directory: PathBuf,
}

impl Stored {
    /// The answers in `directory`, which is made when the first one is stored.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The file of the answer to `question`.
    pub fn path(&self, question: &Question) -> PathBuf {
        let (folder, asked) = match question {
            Question::Ocsp { url, request } => {
                ("ocsp", [url.as_bytes(), &[0], request.as_slice()].concat())
            }
            Question::Crl { url } => ("crl", url.as_bytes().to_vec()),
        };
        let name = hex(&HashAlgorithm::Sha256.hash(&asked));
        self.directory.join(folder).join(format!("{name}.der"))
    }

    fn read(&self, question: &Question) -> Result<Bytes, FetchError> {
        let path = self.path(question);
        let read = self
            .check_directories(&path)
            .and_then(|()| files::read(&path, question.max_bytes()));
        match read {
            Ok(bytes) => Ok(Bytes::from(bytes)),
            Err(error) if error.is_not_found() => Err(FetchError::NotStored {
                url: question.url().to_owned(),
            }),
            Err(source) => Err(unusable(question, source)),
        }
    }

    pub(super) fn write(&self, question: &Question, answer: &[u8]) -> Result<(), FetchError> {
        let path = self.path(question);
        let directory = path.parent().unwrap_or(&self.directory);
        files::create_directory_with_mode(directory, files::SHARED_DIRECTORY)
            .and_then(|()| self.check_directories(&path))
            .and_then(|()| files::write_atomic_with_mode(&path, answer, files::SHARED_FILE))
            .map_err(|source| unusable(question, source))
    }

    /// Links would lead out of the directory.
    fn check_directories(&self, path: &Path) -> Result<(), files::Error> {
        files::check_directory(&self.directory)?;
        path.parent().map_or(Ok(()), files::check_directory)
    }
}

fn unusable(question: &Question, source: files::Error) -> FetchError {
    FetchError::Store {
        url: question.url().to_owned(),
        source: Box::new(source),
    }
}

impl Fetch for Stored {
    fn fetch<'a>(&'a self, question: &'a Question) -> FetchFuture<'a> {
        Box::pin(async { self.read(question) })
    }

    fn store(&self) -> Option<&Stored> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_OCSP_RESPONSE_BYTES;

    fn ocsp(request: &[u8]) -> Question {
        Question::Ocsp {
            url: "http://ocsp.test/".to_owned(),
            request: request.to_vec(),
        }
    }

    fn crl() -> Question {
        Question::Crl {
            url: "http://ocsp.test/".to_owned(),
        }
    }

    #[tokio::test]
    async fn an_answer_is_found_for_its_question_alone() {
        let directory = tempfile::tempdir().unwrap();
        let stored = Stored::new(directory.path().join("revocation"));
        assert!(matches!(
            stored.fetch(&ocsp(b"a")).await,
            Err(FetchError::NotStored { url }) if url == "http://ocsp.test/"
        ));
        stored.write(&ocsp(b"a"), &[7; 3]).unwrap();
        assert_eq!(stored.fetch(&ocsp(b"a")).await.unwrap(), [7; 3][..]);
        for other in [ocsp(b"b"), crl()] {
            let found = stored.fetch(&other).await;
            assert!(
                matches!(found, Err(FetchError::NotStored { .. })),
                "{found:?}"
            );
        }
        stored.write(&crl(), &[7; 3]).unwrap();
        assert_eq!(stored.fetch(&crl()).await.unwrap(), [7; 3][..]);
    }

    #[tokio::test]
    async fn answers_are_bounded_when_read() {
        let directory = tempfile::tempdir().unwrap();
        let stored = Stored::new(directory.path().join("revocation"));
        let max = usize::try_from(MAX_OCSP_RESPONSE_BYTES).unwrap();
        let question = ocsp(b"a");
        stored.write(&question, &vec![0; max]).unwrap();
        assert_eq!(stored.fetch(&question).await.unwrap().len(), max);
        stored.write(&question, &vec![0; max + 1]).unwrap();
        let error = stored.fetch(&question).await.unwrap_err();
        assert!(
            matches!(&error, FetchError::Store { source, .. }
                if matches!(**source, files::Error::TooLarge { .. })),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_are_not_followed() {
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("revocation");
        let stored = Stored::new(root.clone());
        stored.write(&crl(), &[7; 3]).unwrap();
        let path = stored.path(&crl());
        let elsewhere = directory.path().join("elsewhere");
        for linked in [path.clone(), root.join("crl"), root] {
            std::fs::rename(&linked, &elsewhere).unwrap();
            symlink(&elsewhere, &linked).unwrap();
            let read = stored.fetch(&crl()).await.map(|_| ());
            for result in [read, stored.write(&crl(), b"new")] {
                let error = result.unwrap_err();
                assert!(
                    matches!(&error, FetchError::Store { source, .. }
                        if matches!(**source, files::Error::SymbolicLink { .. })),
                    "{error}"
                );
            }
            std::fs::remove_file(&linked).unwrap();
            std::fs::rename(&elsewhere, &linked).unwrap();
        }
        assert_eq!(stored.fetch(&crl()).await.unwrap(), [7; 3][..]);
    }
}
