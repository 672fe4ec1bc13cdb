//! Answers of AWS Signer kept on this machine for a stated time, because the user asked for that
//! (`verify --revocation-cache-ttl`).
//!
//! One file for each question, `{directory}/{SHA-256 of the whole question}.json`, whole in it again.
//! Only answers that nothing was revoked are kept: a refusal is always AWS's own and of this moment,
//! and takes away what was kept before it, also if the user did not ask for answers to be kept. A
//! file counts only if this user alone can have written it and put it there, as nothing in it is
//! signed: both it and the directory are looked at. Whatever does not count is asked for again.

use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use super::document::{RevocationAnswer, later};
use super::document_error::DocumentError;
use super::question::Question;
use crate::facts::{Access, Directory};
use crate::limits::{MAX_KEPT_REVOCATION_ANSWERS, MAX_REVOCATION_ANSWER_BYTES};

/// The directory of kept answers, and for how long they count. It is made when the first answer is
/// kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerCache {
    directory: Directory,
    /// How old an answer may be; `None` where nothing is read or kept.
    ttl: Option<Duration>,
}

/// An answer that counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CachedAnswer {
    pub(super) answer: RevocationAnswer,
    pub(super) path: PathBuf,
    /// Until when it counts.
    pub(super) until: OffsetDateTime,
}

impl AnswerCache {
    /// The answers in `directory` that are at most `ttl` old.
    pub fn new(directory: PathBuf, ttl: Duration) -> Self {
        Self {
            directory: at(directory),
            ttl: Some(ttl),
        }
    }

    /// Reads and keeps nothing in `directory`, but removes what a refusal has made wrong: others may
    /// read there.
    pub fn unread(directory: PathBuf) -> Self {
        Self {
            directory: at(directory),
            ttl: None,
        }
    }

    /// The answer kept for `question`; `None` without one.
    pub(super) fn read(
        &self,
        question: &Question,
        now: OffsetDateTime,
    ) -> Result<Option<CachedAnswer>, DocumentError> {
        let Some(ttl) = self.ttl else {
            return Ok(None);
        };
        let name = file_name(question);
        let read = self.directory.read(&name, MAX_REVOCATION_ANSWER_BYTES);
        let Some(json) = read.map_err(|source| DocumentError::File { source })? else {
            return Ok(None);
        };
        let path = self.directory.file(&name);
        let answer = RevocationAnswer::parse(&path, &json)?;
        if answer.question != question.in_file() {
            return Err(DocumentError::OtherQuestion { path });
        }
        if !answer.revoked_entities.is_empty() {
            return Err(DocumentError::NotGood { path });
        }
        match answer.check_time(&path, ttl, now) {
            // Simply over, and another process's that began just after this one: nothing to tell.
            Err(DocumentError::TooOld { .. }) => Ok(None),
            Ok(()) if answer.asked_at > now => Ok(None),
            checked => checked.map(|()| {
                let until = later(answer.asked_at, ttl);
                Some(CachedAnswer {
                    answer,
                    path,
                    until,
                })
            }),
        }
    }

    /// Keeps `answer` if it is a good one; else nothing stays kept for its question.
    pub(super) fn write(&self, answer: &RevocationAnswer) -> Result<(), DocumentError> {
        let file = |source| DocumentError::File { source };
        let name = file_name(&answer.question);
        if !answer.revoked_entities.is_empty() {
            return self.directory.remove(&name).map_err(file);
        }
        if self.ttl.is_none() {
            return Ok(());
        }
        let json = answer.to_json(&self.directory.file(&name))?;
        self.directory.write(&name, &json).map_err(file)
    }
}

fn at(directory: PathBuf) -> Directory {
    Directory::new(directory, Access::Private).with_at_most(MAX_KEPT_REVOCATION_ANSWERS)
}

fn file_name(question: &Question) -> String {
    format!("{}.json", question.name())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::document::tests::{ASKED, answer};
    use super::*;
    use crate::files;

    const TTL: Duration = Duration::from_mins(1);

    fn cache(directory: &tempfile::TempDir) -> AnswerCache {
        AnswerCache::new(directory.path().join("aws-signer"), TTL)
    }

    fn path_of(cache: &AnswerCache, answer: &RevocationAnswer) -> PathBuf {
        cache.directory.file(&file_name(&answer.question))
    }

    fn read(cache: &AnswerCache, now: OffsetDateTime) -> Result<bool, DocumentError> {
        let found = cache.read(&answer().question, now)?;
        Ok(found.is_some_and(|found| found.answer == answer()))
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_for_its_question() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(&directory);
        assert!(!read(&cache, ASKED).unwrap(), "nothing there yet");
        cache.write(&answer()).unwrap();
        assert!(read(&cache, ASKED).unwrap());
        assert!(read(&cache, ASKED + TTL).unwrap());
        assert!(!read(&cache, ASKED + TTL + Duration::from_nanos(1)).unwrap());
        // Of a process that began a moment later.
        assert!(!read(&cache, ASKED - Duration::from_secs(1)).unwrap());
        assert!(matches!(
            read(&cache, ASKED - Duration::from_hours(1)),
            Err(DocumentError::FromTheFuture { .. })
        ));
        let mut other = answer().question;
        other.place.endpoint_url = Some("http://127.0.0.1:1".to_owned());
        assert_eq!(cache.read(&other, ASKED).unwrap(), None);
    }

    #[test]
    fn an_answer_that_cannot_be_taken_away_is_a_failure() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(&directory);
        let mut refusal = answer();
        refusal.revoked_entities = vec!["x".to_owned()];
        cache.write(&refusal).unwrap();
        fs::write(directory.path().join("aws-signer"), "").unwrap();
        assert!(matches!(
            cache.write(&refusal),
            Err(DocumentError::File { source }) if source.is_wrong_kind()
        ));
    }

    #[test]
    fn a_refusal_takes_away_what_was_kept_also_where_nothing_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(&directory);
        let unread = AnswerCache::unread(cache.directory.path().to_owned());
        let mut revoked = answer();
        revoked.revoked_entities.push("x".to_owned());
        let mut other = answer();
        other.question.subject.job_arn.push('x');
        cache.write(&other).unwrap();
        for asked in [&cache, &unread] {
            cache.write(&answer()).unwrap();
            asked.write(&revoked).unwrap();
            assert_eq!(cache.read(&answer().question, ASKED).unwrap(), None);
            // Nothing is there any more; and a second time that is well, too.
            asked.write(&revoked).unwrap();
            assert!(!path_of(&cache, &answer()).exists());
            assert!(cache.read(&other.question, ASKED).unwrap().is_some());
        }
        cache.write(&answer()).unwrap();
        assert_eq!(unread.read(&answer().question, ASKED).unwrap(), None);
        let elsewhere = tempfile::tempdir().unwrap();
        let unread = AnswerCache::unread(elsewhere.path().join("aws-signer"));
        unread.write(&answer()).unwrap();
        assert!(!unread.directory.path().exists());
    }

    #[test]
    fn a_refusal_is_never_kept_nor_believed() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(&directory);
        let mut revoked = answer();
        revoked.revoked_entities.push("x".to_owned());
        cache.write(&revoked).unwrap();
        assert!(!cache.directory.path().exists());
        cache.write(&answer()).unwrap();
        let path = path_of(&cache, &answer());
        files::write_atomic(&path, &revoked.to_json(&path).unwrap()).unwrap();
        assert!(matches!(
            read(&cache, ASKED),
            Err(DocumentError::NotGood { .. })
        ));
    }

    #[test]
    fn the_answer_to_another_question_does_not_count_under_this_ones_name() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(&directory);
        let mut other = answer();
        other.question.subject.job_arn.push('x');
        cache.write(&other).unwrap();
        fs::rename(path_of(&cache, &other), path_of(&cache, &answer())).unwrap();
        assert!(matches!(
            read(&cache, ASKED),
            Err(DocumentError::OtherQuestion { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn only_this_users_own_files_count_and_no_links() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let directory = tempfile::tempdir().unwrap();
        let cache = cache(&directory);
        cache.write(&answer()).unwrap();
        let path = path_of(&cache, &answer());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        let error = read(&cache, ASKED).unwrap_err();
        assert!(
            matches!(
                &error,
                DocumentError::File {
                    source: files::Error::NotPrivate { .. }
                }
            ),
            "{error}"
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let elsewhere = directory.path().join("elsewhere.json");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        for error in [
            read(&cache, ASKED).unwrap_err(),
            cache.write(&answer()).unwrap_err(),
        ] {
            assert!(
                matches!(
                    &error,
                    DocumentError::File {
                        source: files::Error::SymbolicLink { .. }
                    }
                ),
                "{error}"
            );
        }
        // Nor a directory that is a link.
        fs::rename(cache.directory.path(), directory.path().join("real")).unwrap();
        symlink(directory.path().join("real"), cache.directory.path()).unwrap();
        for error in [
            read(&cache, ASKED).unwrap_err(),
            cache.write(&answer()).unwrap_err(),
        ] {
            assert!(
                matches!(
                    &error,
                    DocumentError::File {
                        source: files::Error::SymbolicLink { .. }
                    }
                ),
                "{error}"
            );
        }
    }

    #[test]
    fn a_file_is_bounded_and_so_is_their_number() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(&directory);
        cache.write(&answer()).unwrap();
        let path = path_of(&cache, &answer());
        let mut json = files::read(&path, 10_000).unwrap();
        let limit = usize::try_from(MAX_REVOCATION_ANSWER_BYTES).unwrap();
        json.resize(limit, b' ');
        files::write_atomic(&path, &json).unwrap();
        assert!(read(&cache, ASKED).unwrap());
        json.push(b' ');
        files::write_atomic(&path, &json).unwrap();
        assert!(matches!(
            read(&cache, ASKED),
            Err(DocumentError::File {
                source: files::Error::TooLarge { .. }
            })
        ));
        let count = || fs::read_dir(cache.directory.path()).unwrap().count();
        for number in count()..MAX_KEPT_REVOCATION_ANSWERS - 1 {
            fs::write(cache.directory.file(&format!("{number}.json")), b"").unwrap();
        }
        let mut other = answer();
        other.question.subject.job_arn.push('x');
        cache.write(&other).unwrap();
        assert_eq!(count(), MAX_KEPT_REVOCATION_ANSWERS);
        other.question.subject.job_arn.push('y');
        cache.write(&other).unwrap();
        assert_eq!(count(), MAX_KEPT_REVOCATION_ANSWERS / 2 + 1);
        assert!(cache.read(&other.question, ASKED).unwrap().is_some());
    }
}
