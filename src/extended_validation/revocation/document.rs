//! An answer of AWS Signer as a file (`schemas/aws-signer-revocation.v1.schema.json`): the question,
//! where and when it was asked, and the answer. It is not signed: every user who may write the file
//! decides what it says.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::document_error::{DocumentError, VERSION};
use super::question::Question;
use crate::facts::{Evidence, Origin};
use crate::http::redact_text;
use crate::limits::{CLOCK_SKEW, MAX_VERSION_CHARS};
use crate::notary::rfc3339;

/// An answer of AWS Signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationAnswer {
    /// The question, and the place that it was sent to.
    pub question: Question,
    /// What AWS says was revoked; nothing is good.
    pub revoked_entities: Vec<String>,
    /// When it was asked.
    pub asked_at: OffsetDateTime,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    version: String,
    question: Question,
    revoked_entities: Vec<String>,
    asked_at: String,
}

impl RevocationAnswer {
    pub(super) fn to_json(&self, path: &std::path::Path) -> Result<Vec<u8>, DocumentError> {
        let document = Document {
            version: VERSION.to_owned(),
            question: self.question.clone(),
            revoked_entities: self.revoked_entities.clone(),
            asked_at: rfc3339(self.asked_at),
        };
        let json = serde_json::to_vec_pretty(&document);
        let mut json = json.map_err(|source| DocumentError::Json {
            path: path.to_owned(),
            source,
        })?;
        json.push(b'\n');
        Ok(json)
    }

    /// What a result rests on that this answer gives.
    pub fn into_evidence(
        self,
        origin: Origin,
        until: Option<OffsetDateTime>,
    ) -> Evidence<Question> {
        Evidence {
            source: self.question,
            origin,
            as_of: self.asked_at,
            until,
        }
    }

    /// Reads the answer that `json`, the content of `path`, has. Nothing vouches for it.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Json`], [`DocumentError::Version`] and [`DocumentError::Time`].
    pub fn parse(path: &std::path::Path, json: &[u8]) -> Result<Self, DocumentError> {
        let path = || path.to_owned();
        let mut document: Document = serde_json::from_slice(json).map_err(|source| {
            let path = path();
            DocumentError::Json { path, source }
        })?;
        // The file's author may have left a secret in it.
        let place = &mut document.question.place;
        place.endpoint_url = place.endpoint_url.as_deref().map(redact_text);
        if document.version != VERSION {
            return Err(DocumentError::Version {
                path: path(),
                found: document.version.chars().take(MAX_VERSION_CHARS).collect(),
            });
        }
        let asked_at = OffsetDateTime::parse(&document.asked_at, &Rfc3339).map_err(|source| {
            let path = path();
            DocumentError::Time { path, source }
        })?;
        Ok(Self {
            question: document.question,
            revoked_entities: document.revoked_entities,
            asked_at,
        })
    }

    /// Checks that the answer of `path` is at most `limit` old at `now`, not from the future, and not
    /// from before the signature, with some room for clocks. Who needs no such room looks for himself.
    pub(super) fn check_time(
        &self,
        path: &std::path::Path,
        limit: Duration,
        now: OffsetDateTime,
    ) -> Result<(), DocumentError> {
        let (path, asked_at) = (path.to_owned(), self.asked_at);
        if asked_at - now > CLOCK_SKEW {
            return Err(DocumentError::FromTheFuture { path, asked_at });
        }
        if now - asked_at > limit {
            return Err(DocumentError::TooOld {
                path,
                asked_at,
                limit,
            });
        }
        let signed_at = &self.question.subject.signature_timestamp;
        let signed_at = match OffsetDateTime::parse(signed_at, &Rfc3339) {
            Ok(signed_at) => signed_at,
            Err(source) => return Err(DocumentError::Time { path, source }),
        };
        if signed_at - asked_at > CLOCK_SKEW {
            return Err(DocumentError::BeforeSignature {
                path,
                asked_at,
                signed_at,
            });
        }
        Ok(())
    }
}

/// `by` after `time`; `time` itself at the end of all times.
pub(super) fn later(time: OffsetDateTime, by: Duration) -> OffsetDateTime {
    time::Duration::try_from(by)
        .ok()
        .and_then(|by| time.checked_add(by))
        .unwrap_or(time)
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use time::macros::datetime;

    use super::super::question::tests::question;
    use super::*;

    pub(crate) const ASKED: OffsetDateTime = datetime!(2026-01-02 03:04:05.25 UTC);

    pub(crate) fn answer() -> RevocationAnswer {
        RevocationAnswer {
            question: question(),
            revoked_entities: Vec::new(),
            asked_at: ASKED,
        }
    }

    fn parse(json: &str) -> Result<RevocationAnswer, DocumentError> {
        RevocationAnswer::parse(Path::new("a.json"), json.as_bytes())
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let mut answer = answer();
        answer.question.place.endpoint_url = Some("http://127.0.0.1:1/".to_owned());
        answer.revoked_entities = vec!["x".to_owned()];
        let json = answer.to_json(Path::new("a.json")).unwrap();
        let json = String::from_utf8(json).unwrap();
        assert_eq!(parse(&json).unwrap(), answer);
        assert!(
            json.contains("\"askedAt\": \"2026-01-02T03:04:05.25Z\""),
            "{json}"
        );
    }

    #[test]
    fn what_is_not_whole_is_not_read() {
        let json = String::from_utf8(answer().to_json(Path::new("a.json")).unwrap()).unwrap();
        for (old, new) in [
            ("\"revokedEntities\": [],", ""),
            ("\"revokedEntities\": []", "\"revokedEntities\": null"),
            (
                "\"revokedEntities\": [],",
                "\"revokedEntities\": [], \"revokedEntities\": [],",
            ),
            ("\"version\"", "\"more\": 1, \"version\""),
            ("\"region\"", "\"endpoint\": \"x\", \"region\""),
            ("\"jobArn\"", "\"jobARN\""),
        ] {
            let changed = json.replacen(old, new, 1);
            assert_ne!(changed, json, "{old}");
            let error = parse(&changed).unwrap_err();
            assert!(
                matches!(error, DocumentError::Json { .. }),
                "{changed}: {error}"
            );
        }
        let error = parse(&json.replace("\"version\": \"1\"", "\"version\": \"2\"")).unwrap_err();
        assert_eq!(error.to_string(), "`a.json` has version `2`, wanted `1`");
        let error = parse(&json.replace("2026-01-02T03:04:05.25Z", "yesterday")).unwrap_err();
        assert!(matches!(error, DocumentError::Time { .. }), "{error}");
    }

    #[test]
    fn an_answer_counts_for_so_long_and_not_before_it_was_given() {
        let limit = Duration::from_mins(1);
        let skew = time::Duration::try_from(CLOCK_SKEW).unwrap();
        let check = |now| answer().check_time(Path::new("a.json"), limit, now);
        let tick = time::Duration::NANOSECOND;
        check(ASKED).unwrap();
        check(ASKED + limit).unwrap();
        check(ASKED - skew).unwrap();
        assert!(matches!(
            check(ASKED + limit + tick),
            Err(DocumentError::TooOld { .. })
        ));
        assert!(matches!(
            check(ASKED - skew - tick),
            Err(DocumentError::FromTheFuture { .. })
        ));
    }

    #[test]
    fn an_answer_from_before_the_signature_is_none_about_it() {
        let check = |asked_at| {
            let answer = RevocationAnswer {
                asked_at,
                ..answer()
            };
            answer.check_time(Path::new("a.json"), Duration::from_hours(1), asked_at)
        };
        let signed = datetime!(2026-01-02 03:04:05 UTC);
        let skew = time::Duration::try_from(CLOCK_SKEW).unwrap();
        check(signed - skew).unwrap();
        let error = check(signed - skew - time::Duration::SECOND).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a.json` was asked at 2026-01-02T02:59:04Z, before the signature was made at \
             2026-01-02T03:04:05Z"
        );
        let mut answer = answer();
        answer.question.subject.signature_timestamp = "then".to_owned();
        let error = answer.check_time(Path::new("a.json"), Duration::from_hours(1), ASKED);
        assert!(
            matches!(error, Err(DocumentError::Time { .. })),
            "{error:?}"
        );
    }
}
