//! Answers stored for a check without a network, and how they come to be stored.
//!
//! One file for each answer, as it came: `{directory}/ocsp/{SHA-256 of the URL, a zero byte and the
//! request}.der` and `{directory}/crl/{SHA-256 of the URL}.der`. Answers are signed, so that the files
//! need not be trusted: each is judged as if it had just come, its next update included.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::fetch::{Answer, Fetch, FetchError, Question};
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

    fn write(&self, question: &Question, answer: &[u8]) -> Result<(), FetchError> {
        let path = self.path(question);
        let directory = path.parent().unwrap_or(&self.directory);
        files::create_directory(directory)
            .and_then(|()| self.check_directories(&path))
            .and_then(|()| files::write_atomic(&path, answer))
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
    fn fetch<'a>(&'a self, question: &'a Question) -> Answer<'a> {
        Box::pin(async { self.read(question) })
    }

    fn store(&self) -> Option<&Stored> {
        Some(self)
    }
}

/// Asks another, and stores every answer that comes.
#[derive(Debug, Clone)]
pub struct Recorder {
    source: Arc<dyn Fetch>,
    stored: Stored,
}

impl Recorder {
    /// Asks `source`, and stores its answers in `stored`.
    pub fn new(source: Arc<dyn Fetch>, stored: Stored) -> Self {
        Self { source, stored }
    }
}

impl Fetch for Recorder {
    fn fetch<'a>(&'a self, question: &'a Question) -> Answer<'a> {
        Box::pin(async {
            let answer = self.source.fetch(question).await?;
            let answer = question.check_answer(answer)?;
            self.stored.write(question, &answer)?;
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_OCSP_RESPONSE_BYTES;

    /// Answers everybody with so many bytes.
    #[derive(Debug)]
    struct Answers(usize);

    impl Fetch for Answers {
        fn fetch<'a>(&'a self, _question: &'a Question) -> Answer<'a> {
            let answer = Bytes::from(vec![7; self.0]);
            Box::pin(async { Ok(answer) })
        }
    }

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
        let recorder = Recorder::new(Arc::new(Answers(3)), stored.clone());
        assert!(matches!(
            stored.fetch(&ocsp(b"a")).await,
            Err(FetchError::NotStored { url }) if url == "http://ocsp.test/"
        ));
        assert_eq!(recorder.fetch(&ocsp(b"a")).await.unwrap(), [7; 3][..]);
        assert_eq!(stored.fetch(&ocsp(b"a")).await.unwrap(), [7; 3][..]);
        for other in [ocsp(b"b"), crl()] {
            let found = stored.fetch(&other).await;
            assert!(
                matches!(found, Err(FetchError::NotStored { .. })),
                "{found:?}"
            );
        }
        recorder.fetch(&crl()).await.unwrap();
        assert_eq!(stored.fetch(&crl()).await.unwrap(), [7; 3][..]);
        assert!(stored.store().is_some() && recorder.store().is_none());
    }

    #[tokio::test]
    async fn answers_are_bounded_when_stored_and_when_read() {
        let directory = tempfile::tempdir().unwrap();
        let stored = Stored::new(directory.path().join("revocation"));
        let max = usize::try_from(MAX_OCSP_RESPONSE_BYTES).unwrap();
        let question = ocsp(b"a");
        let recorder = Recorder::new(Arc::new(Answers(max + 1)), stored.clone());
        let error = recorder.fetch(&question).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
        assert!(!directory.path().join("revocation").exists());
        let recorder = Recorder::new(Arc::new(Answers(max)), stored.clone());
        recorder.fetch(&question).await.unwrap();
        assert_eq!(stored.fetch(&question).await.unwrap().len(), max);
        files::write_atomic(&stored.path(&question), &vec![0; max + 1]).unwrap();
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
        let recorder = Recorder::new(Arc::new(Answers(3)), stored.clone());
        recorder.fetch(&crl()).await.unwrap();
        let path = stored.path(&crl());
        let elsewhere = directory.path().join("elsewhere");
        for linked in [path.clone(), root.join("crl"), root] {
            std::fs::rename(&linked, &elsewhere).unwrap();
            symlink(&elsewhere, &linked).unwrap();
            for result in [stored.fetch(&crl()).await, recorder.fetch(&crl()).await] {
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
