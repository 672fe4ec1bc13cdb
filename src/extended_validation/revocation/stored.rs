//! Answers of AWS Signer stored for a verification without a network, one file for each subject:
//! `{directory}/{SHA-256 of what was asked about}.json`.
//!
//! Every user who may write the directory could have invented the answer: it counts only where the
//! trust policy allows unsigned statements of AWS Signer by name, and for so long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;

use super::super::Error;
use super::document::RevocationAnswer;
use super::document_error::DocumentError;
use super::question::Subject;
use crate::facts::{Access, Directory};
use crate::limits::MAX_REVOCATION_ANSWER_BYTES;

/// The directory of stored answers, and how old one may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswers {
    directory: Directory,
    max_age: Duration,
}

impl StoredAnswers {
    /// The answers in `directory`, of which those count that are at most `max_age` old.
    pub fn new(directory: PathBuf, max_age: Duration) -> Self {
        Self {
            directory: Directory::new(directory, Access::Shared),
            max_age,
        }
    }

    /// How old an answer may be.
    pub(super) fn max_age(&self) -> Duration {
        self.max_age
    }

    /// The answer about `subject`, and its file. It may come from any endpoint, but must be of the partition.
    pub(super) fn read(
        &self,
        subject: &Subject,
        partition: &str,
        now: OffsetDateTime,
    ) -> Result<(RevocationAnswer, PathBuf), Error> {
        let unusable = |source| Error::Stored { source };
        let name = file_name(subject);
        let read = self.directory.read(&name, MAX_REVOCATION_ANSWER_BYTES);
        let Some(json) = read.map_err(|source| unusable(DocumentError::File { source }))? else {
            return Err(Error::NotStored {
                job: subject.job_arn.clone(),
                directory: self.directory.path().to_owned(),
            });
        };
        let path = self.directory.file(&name);
        let answer = RevocationAnswer::parse(&path, &json).map_err(unusable)?;
        if answer.question.subject != *subject || answer.question.place.partition != partition {
            return Err(unusable(DocumentError::OtherQuestion { path }));
        }
        answer
            .check_time(&path, self.max_age, now)
            .map_err(unusable)?;
        Ok((answer, path))
    }

    /// Stores `answer`, in place of an older one about the same; gives the file.
    ///
    /// # Errors
    ///
    /// [`DocumentError::File`].
    pub fn write(&self, answer: &RevocationAnswer) -> Result<PathBuf, DocumentError> {
        let name = file_name(&answer.question.subject);
        let path = self.directory.file(&name);
        let json = answer.to_json(&path)?;
        let written = self.directory.write(&name, &json);
        written.map_err(|source| DocumentError::File { source })?;
        Ok(path)
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

fn file_name(subject: &Subject) -> String {
    format!("{}.json", subject.name())
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::{ASKED, answer};
    use super::*;
    use crate::files;

    const AGE: Duration = Duration::from_mins(1);

    fn stored(directory: &tempfile::TempDir) -> StoredAnswers {
        StoredAnswers::new(directory.path().join("aws-signer"), AGE)
    }

    fn read(stored: &StoredAnswers, now: OffsetDateTime) -> Result<RevocationAnswer, Error> {
        let subject = answer().question.subject;
        stored.read(&subject, "aws", now).map(|(answer, _)| answer)
    }

    fn unusable(result: Result<RevocationAnswer, Error>) -> DocumentError {
        match result {
            Err(error @ Error::Stored { .. }) if !error.is_inconclusive() => panic!("{error}"),
            Err(Error::Stored { source }) => source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_is_found_wherever_it_was_asked() {
        let directory = tempfile::tempdir().unwrap();
        let stored = stored(&directory);
        let error = read(&stored, ASKED).unwrap_err();
        assert!(matches!(error, Error::NotStored { .. }) && error.is_inconclusive());
        // Neither the directory nor, where that is there, the file.
        std::fs::create_dir(directory.path().join("aws-signer")).unwrap();
        let error = read(&stored, ASKED).unwrap_err();
        assert!(matches!(error, Error::NotStored { .. }), "{error}");
        assert_eq!(stored.max_age(), AGE);
        let mut elsewhere = answer();
        elsewhere.question.place.region = "eu-west-1".to_owned();
        elsewhere.revoked_entities = vec!["x".to_owned()];
        stored.write(&elsewhere).unwrap();
        assert_eq!(read(&stored, ASKED).unwrap(), elsewhere);
        // A newer answer takes its place.
        stored.write(&answer()).unwrap();
        assert_eq!(read(&stored, ASKED + AGE).unwrap(), answer());
        let error = unusable(read(&stored, ASKED + AGE + Duration::from_nanos(1)));
        assert!(
            matches!(error, DocumentError::TooOld { limit: AGE, .. }),
            "{error}"
        );
        let error = unusable(read(&stored, ASKED - Duration::from_hours(1)));
        assert!(
            matches!(error, DocumentError::FromTheFuture { .. }),
            "{error}"
        );
    }

    #[test]
    fn an_answer_about_something_else_or_in_pieces_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let stored = stored(&directory);
        let path = stored.write(&answer()).unwrap();
        for change in [
            |answer: &mut RevocationAnswer| answer.question.subject.job_arn.push('x'),
            |answer: &mut RevocationAnswer| answer.question.place.partition = "aws-cn".to_owned(),
        ] {
            let mut other = answer();
            change(&mut other);
            files::write_atomic(&path, &other.to_json(&path).unwrap()).unwrap();
            let error = unusable(read(&stored, ASKED));
            assert!(
                matches!(error, DocumentError::OtherQuestion { .. }),
                "{error}"
            );
        }
        files::write_atomic(&path, b"{}").unwrap();
        assert!(matches!(
            unusable(read(&stored, ASKED)),
            DocumentError::Json { .. }
        ));
        let limit = usize::try_from(MAX_REVOCATION_ANSWER_BYTES).unwrap();
        files::write_atomic(&path, &vec![b' '; limit + 1]).unwrap();
        assert!(matches!(
            unusable(read(&stored, ASKED)),
            DocumentError::File {
                source: files::Error::TooLarge { .. }
            }
        ));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().unwrap();
        let stored = stored(&directory);
        let path = stored.write(&answer()).unwrap();
        let is_link = |error: &DocumentError| {
            matches!(
                error,
                DocumentError::File {
                    source: files::Error::SymbolicLink { .. }
                }
            )
        };
        let elsewhere = directory.path().join("elsewhere.json");
        std::fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert!(is_link(&unusable(read(&stored, ASKED))));
        assert!(is_link(&stored.write(&answer()).unwrap_err()));
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(&elsewhere, &path).unwrap();
        std::fs::rename(stored.directory(), directory.path().join("real")).unwrap();
        symlink(directory.path().join("real"), stored.directory()).unwrap();
        assert!(is_link(&unusable(read(&stored, ASKED))));
        assert!(is_link(&stored.write(&answer()).unwrap_err()));
    }
}
