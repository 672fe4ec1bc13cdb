//! Answers stored for a check without a network, and how they come to be stored.
//!
//! One file for each answer, as it came: `{directory}/ocsp/{SHA-256 of the URL, a zero byte and the
//! request}.der` and `{directory}/crl/{SHA-256 of the URL}.der`. Answers are signed, so that the files
//! need not be trusted: each is judged as if it had just come, its next update included.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::fetch::{FetchError, Question};
use crate::facts::{Access, Directory, Origin};
use crate::files;

/// The directory of stored answers. It sends no requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerDirectory {
    ocsp: Directory,
    crl: Directory,
}

impl AnswerDirectory {
    /// The answers in `directory`, which is made when the first one is stored.
    pub fn new(directory: &Path) -> Self {
        let folder = |name| Directory::within(directory, name, Access::Shared);
        Self {
            ocsp: folder("ocsp"),
            crl: folder("crl"),
        }
    }

    /// The file of the answer to `question`.
    pub fn path(&self, question: &Question) -> PathBuf {
        let (directory, name) = self.place(question);
        directory.file(&name)
    }

    /// Where an answer to `question` is from that was found here.
    pub(super) fn origin(&self, question: &Question) -> Origin {
        Origin::Stored(self.path(question))
    }

    pub(super) fn read(&self, question: &Question) -> Result<Bytes, FetchError> {
        let (directory, name) = self.place(question);
        match directory.read(&name, question.max_bytes()) {
            Ok(Some(bytes)) => Ok(Bytes::from(bytes)),
            Ok(None) => Err(FetchError::NotStored {
                url: question.url().to_owned(),
            }),
            Err(source) => Err(unusable(question, source)),
        }
    }

    pub(super) fn write(&self, question: &Question, answer: &[u8]) -> Result<(), FetchError> {
        let (directory, name) = self.place(question);
        let written = directory.write(&name, answer);
        written.map_err(|source| unusable(question, source))
    }

    fn place(&self, question: &Question) -> (&Directory, String) {
        let directory = match question {
            Question::Ocsp { .. } => &self.ocsp,
            Question::Crl { .. } => &self.crl,
        };
        (directory, format!("{}.der", question.name()))
    }
}

fn unusable(question: &Question, source: files::Error) -> FetchError {
    FetchError::Store {
        url: question.url().to_owned(),
        source: Box::new(source),
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

    #[test]
    fn an_answer_is_found_for_its_question_alone() {
        let directory = tempfile::tempdir().unwrap();
        let stored = AnswerDirectory::new(&directory.path().join("revocation"));
        assert!(matches!(
            stored.read(&ocsp(b"a")),
            Err(FetchError::NotStored { url }) if url == "http://ocsp.test/"
        ));
        stored.write(&ocsp(b"a"), &[7; 3]).unwrap();
        assert_eq!(stored.read(&ocsp(b"a")).unwrap(), [7; 3][..]);
        for other in [ocsp(b"b"), crl()] {
            let found = stored.read(&other);
            assert!(
                matches!(found, Err(FetchError::NotStored { .. })),
                "{found:?}"
            );
        }
        stored.write(&crl(), &[7; 3]).unwrap();
        assert_eq!(stored.read(&crl()).unwrap(), [7; 3][..]);
    }

    #[test]
    fn answers_are_bounded_when_read() {
        let directory = tempfile::tempdir().unwrap();
        let stored = AnswerDirectory::new(&directory.path().join("revocation"));
        let max = usize::try_from(MAX_OCSP_RESPONSE_BYTES).unwrap();
        let question = ocsp(b"a");
        stored.write(&question, &vec![0; max]).unwrap();
        assert_eq!(stored.read(&question).unwrap().len(), max);
        stored.write(&question, &vec![0; max + 1]).unwrap();
        let error = stored.read(&question).unwrap_err();
        assert!(
            matches!(&error, FetchError::Store { source, .. }
                if matches!(**source, files::Error::TooLarge { .. })),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("revocation");
        let stored = AnswerDirectory::new(&root);
        stored.write(&crl(), &[7; 3]).unwrap();
        let path = stored.path(&crl());
        let elsewhere = directory.path().join("elsewhere");
        for linked in [path.clone(), root.join("crl"), root] {
            std::fs::rename(&linked, &elsewhere).unwrap();
            symlink(&elsewhere, &linked).unwrap();
            let read = stored.read(&crl()).map(|_| ());
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
        assert_eq!(stored.read(&crl()).unwrap(), [7; 3][..]);
    }
}
