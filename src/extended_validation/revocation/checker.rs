//! Where a verification gets answers: from AWS, each question once, or from those that were stored before.

use std::sync::Arc;

use futures_util::FutureExt as _;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::super::{Claims, Error};
use super::ask::ask;
use super::document::{RevocationAnswer, later};
use super::kept::{AnswerCache, CachedAnswer};
use super::question::{Place, Question, QuestionParts};
use super::silence::Silence;
use super::stored::StoredAnswers;
use crate::aws::{Aws, CallError, Pace, RegionChoice};
use crate::causes::in_one_line;
use crate::facts::{self, AskedOnce, Origin};
use crate::limits::MAX_REVOCATION_QUESTIONS_PER_SECOND;
use crate::x509::Certificate;

/// Who says whether AWS Signer revoked something.
///
/// Each question is sent once, however often it is asked: make one checker for one run of the program.
/// A second caller waits for the same answer. That a question was not answered is remembered for half a
/// minute and no longer; and for as long, where time was lost without any answer, no other question
/// goes the same way.
#[derive(Debug)]
pub struct RevocationChecker(Source);

#[derive(Debug)]
enum Source {
    Aws(Box<Asking>),
    Stored(StoredAnswers),
}

#[derive(Debug)]
struct Asking {
    aws: Aws,
    pace: Pace,
    cache: Option<AnswerCache>,
    silence: Arc<Silence>,
    asked: AskedOnce<Question, KnownAnswer, NoAnswer>,
}

/// An answer, and where it is from.
#[derive(Debug, Clone)]
struct KnownAnswer {
    answer: RevocationAnswer,
    origin: Origin,
    /// Until when it may count, where it was kept or stored.
    until: Option<OffsetDateTime>,
    /// Why what is kept on disk did not count, or nothing could be kept.
    warnings: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone)]
struct NoAnswer {
    error: CallError,
    /// Why what is kept on disk did not count: otherwise no request would have been sent.
    warnings: Vec<String>,
}

/// What a result rests on: the question, the place that it was sent to, and when at the latest. AWS
/// does not say until when an answer holds; where one was kept or stored, it may count until then.
pub type Evidence = facts::Evidence<Question>;

/// Whether stored answers count, which are not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsignedAnswers {
    /// The trust policy allows them.
    Allowed,
    /// They do not count.
    Refused,
}

/// What came of asking.
#[derive(Debug)]
pub struct Inquiry {
    /// Nothing was revoked; or what was, or why that is not known.
    pub result: Result<(), Error>,
    /// What the result rests on; nothing where there was no answer.
    pub evidence: Option<Evidence>,
    /// What is worth knowing and changes nothing, in sentences.
    pub warnings: Vec<String>,
}

impl RevocationChecker {
    /// Asks AWS, and keeps nothing on disk.
    pub fn new(aws: Aws) -> Self {
        Self(Source::Aws(Box::new(Asking {
            aws,
            pace: Pace::in_any_second(MAX_REVOCATION_QUESTIONS_PER_SECOND),
            cache: None,
            silence: Arc::default(),
            asked: AskedOnce::default(),
        })))
    }

    /// Asks AWS only for what is not in `cache`, and keeps good answers there, where it is read; what
    /// AWS has revoked is removed from it in any case.
    pub fn with_cache(aws: Aws, cache: AnswerCache) -> Self {
        let mut checker = Self::new(aws);
        if let Source::Aws(asking) = &mut checker.0 {
            asking.cache = Some(cache);
        }
        checker
    }

    /// Sends no requests: only what is in `stored` counts, where that is allowed.
    pub fn stored(stored: StoredAnswers) -> Self {
        Self(Source::Stored(stored))
    }

    /// Says whether the job, the profile version or a certificate was revoked.
    ///
    /// `certificate_chain` is that of the signature, the leaf first. `unsigned` is whether answers
    /// count that were stored.
    pub async fn check(
        &self,
        claims: &Claims,
        certificate_chain: &[Certificate],
        unsigned: UnsignedAnswers,
        now: OffsetDateTime,
    ) -> Inquiry {
        let mut warnings = Vec::new();
        let known = self.known(claims, certificate_chain, unsigned, now, &mut warnings);
        match known.await {
            Err(error) => Inquiry {
                result: Err(error),
                evidence: None,
                warnings,
            },
            Ok((inquired, known)) => {
                warnings.extend(known.warnings);
                let result = inquired.judge(&known.answer.revoked_entities);
                // An answer to another question is evidence of nothing.
                let is_answer = !matches!(result, Err(Error::UnexpectedEntity { .. }));
                let (origin, until) = (known.origin, known.until);
                let evidence = is_answer.then(|| known.answer.into_evidence(origin, until));
                Inquiry {
                    result,
                    evidence,
                    warnings,
                }
            }
        }
    }

    /// AWS's answer as it is, for a store, and what it comes to.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub async fn answer(
        &self,
        claims: &Claims,
        certificate_chain: &[Certificate],
        now: OffsetDateTime,
    ) -> Result<(RevocationAnswer, Result<(), Error>), Error> {
        let warnings = &mut Vec::new();
        let (inquired, known) = self
            .known(
                claims,
                certificate_chain,
                UnsignedAnswers::Refused,
                now,
                warnings,
            )
            .await?;
        match inquired.judge(&known.answer.revoked_entities) {
            // An answer to another question is not kept.
            Err(error @ Error::UnexpectedEntity { .. }) => Err(error),
            result => Ok((known.answer, result)),
        }
    }

    async fn known(
        &self,
        claims: &Claims,
        certificate_chain: &[Certificate],
        unsigned: UnsignedAnswers,
        now: OffsetDateTime,
        warnings: &mut Vec<String>,
    ) -> Result<(QuestionParts, KnownAnswer), Error> {
        let inquired = QuestionParts::new(claims, certificate_chain)?;
        let known = match &self.0 {
            Source::Aws(asking) => {
                let region = region(&asking.aws, claims)?;
                warnings.extend(region.warning());
                // On the heap: reading AWS's configuration takes a large future.
                let question = Box::pin(question(&asking.aws, claims, &inquired, &region)).await;
                let asked = asking.ask(question, inquired.signing_time, now).await;
                asked.map_err(|unanswered| {
                    warnings.extend(unanswered.warnings);
                    unknown(unanswered.error, &region)
                })?
            }
            Source::Stored(stored) => {
                let location = claims.signer().location();
                let partition = location.partition().to_string();
                let (answer, path) = stored.read(&inquired.subject, &partition, now)?;
                if unsigned == UnsignedAnswers::Refused {
                    return Err(Error::UnsignedNotAllowed { path });
                }
                warnings.extend(elsewhere(&answer.question.place, location.region()));
                let until = Some(later(answer.asked_at, stored.max_age()));
                KnownAnswer {
                    answer,
                    origin: Origin::Stored(path),
                    until,
                    warnings: Vec::new(),
                }
            }
        };
        Ok((inquired, known))
    }
}

/// There is no answer; where another region than the signature's was asked, that may be why.
fn unknown(error: CallError, region: &RegionChoice) -> Error {
    Error::RevocationUnknown(error.in_spite_of(region.conflicts_with.as_deref()))
}

fn region(aws: &Aws, claims: &Claims) -> Result<RegionChoice, Error> {
    aws.region_for(claims.signer(), claims.signer().location())
        .map_err(Error::Settings)
}

async fn question(
    aws: &Aws,
    claims: &Claims,
    inquired: &QuestionParts,
    region: &RegionChoice,
) -> Question {
    Question {
        place: Place::new(
            claims.signer().location().partition().to_string(),
            region.region.clone(),
            aws.signer_data_endpoint(&region.region).await.as_deref(),
        ),
        subject: inquired.subject.clone(),
    }
}

/// A warning about a stored answer that is not of AWS's own endpoint in the profile's region.
fn elsewhere(place: &Place, region: &str) -> Option<String> {
    if let Some(url) = &place.endpoint_url {
        return Some(format!(
            "the stored answer was asked at `{url}`, which was set explicitly"
        ));
    }
    (place.region != region).then(|| {
        format!(
            "the stored answer was asked in region `{}`, although the ARN says `{region}`",
            place.region
        )
    })
}

/// Asks AWS without a checker, for one question of one process; gives the region asked.
///
/// # Errors
///
/// As [`Inquiry::result`] has it.
pub async fn check_revocation(
    aws: &Aws,
    claims: &Claims,
    certificate_chain: &[Certificate],
) -> Result<RegionChoice, Error> {
    let inquired = QuestionParts::new(claims, certificate_chain)?;
    let region = region(aws, claims)?;
    let question = Box::pin(question(aws, claims, &inquired, &region)).await;
    let pace = Pace::in_any_second(MAX_REVOCATION_QUESTIONS_PER_SECOND);
    let revoked = ask(aws, &pace, &question, inquired.signing_time)
        .await
        .map_err(|error| unknown(error, &region))?;
    inquired.judge(&revoked)?;
    Ok(region)
}

impl Asking {
    async fn ask(
        &self,
        question: Question,
        signing_time: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<KnownAnswer, NoAnswer> {
        let find = || {
            let line = Line {
                aws: self.aws.clone(),
                pace: self.pace.clone(),
                silence: Arc::clone(&self.silence),
            };
            let (cache, question) = (self.cache.clone(), question.clone());
            async move { find(&line, cache.as_ref(), question, signing_time, now).await }.boxed()
        };
        self.asked.ask(&question, find).await
    }
}

/// The way to AWS, which all questions share.
struct Line {
    aws: Aws,
    pace: Pace,
    silence: Arc<Silence>,
}

impl Line {
    async fn ask(
        &self,
        question: &Question,
        signing_time: OffsetDateTime,
    ) -> Result<Vec<String>, CallError> {
        if let Some(error) = self.silence.about(question) {
            return Err(error);
        }
        let start = Instant::now();
        let answer = ask(&self.aws, &self.pace, question, signing_time).await;
        let error = answer.as_ref().err();
        self.silence.note(question, start.elapsed(), error);
        answer
    }
}

/// The answer that is kept, or else AWS's, which is kept then.
async fn find(
    line: &Line,
    cache: Option<&AnswerCache>,
    question: Question,
    signing_time: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<KnownAnswer, NoAnswer> {
    let mut warnings = Vec::new();
    if let Some(cache) = cache {
        match cache.read(&question, now) {
            Ok(None) => {}
            Ok(Some(CachedAnswer {
                answer,
                path,
                until,
            })) => {
                return Ok(KnownAnswer {
                    answer,
                    origin: Origin::Kept(path),
                    until: Some(until),
                    warnings,
                });
            }
            Err(error) => warnings.push(format!(
                "a kept answer of AWS Signer is ignored: {}",
                in_one_line(&error)
            )),
        }
    }
    let revoked_entities = match line.ask(&question, signing_time).await {
        Ok(revoked) => revoked,
        Err(error) => return Err(NoAnswer { error, warnings }),
    };
    let answer = RevocationAnswer {
        question,
        revoked_entities,
        asked_at: now,
    };
    if let Some(Err(error)) = cache.map(|cache| cache.write(&answer)) {
        let error = in_one_line(&error);
        warnings.push(if answer.revoked_entities.is_empty() {
            format!("AWS Signer's answer could not be kept: {error}")
        } else {
            format!(
                "an older answer of AWS Signer, that nothing was revoked, could not be removed, and \
                 may count again where answers are kept: {error}"
            )
        });
    }
    Ok(KnownAnswer {
        answer,
        origin: Origin::Asked,
        until: None,
        warnings,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_credential_types::Credentials;

    use super::super::document::tests::ASKED;
    use super::super::question::tests::question;
    use super::*;
    use crate::aws::Settings;
    use crate::http;
    use crate::limits::AWS_REVOCATION_TIMEOUT;

    #[test]
    fn a_stored_answer_from_elsewhere_is_warned_about() {
        let place = |url| Place::new("aws".to_owned(), "us-west-2".to_owned(), url);
        let url = "http://127.0.0.1:1/";
        assert_eq!(elsewhere(&place(None), "us-west-2"), None);
        assert_eq!(
            elsewhere(&place(Some(url)), "us-west-2").unwrap(),
            format!("the stored answer was asked at `{url}`, which was set explicitly")
        );
        assert_eq!(
            elsewhere(&place(None), "us-east-1").unwrap(),
            "the stored answer was asked in region `us-west-2`, although the ARN says `us-east-1`"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_question_does_not_wait_where_the_first_had_no_answer() {
        // Takes connections and never says a word.
        let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = Settings {
            signer_endpoint_url: Some(format!("http://{}", mute.local_addr().unwrap())),
            ..Settings::default()
        };
        let aws = Aws::new(http::Pool::new(http::Settings::default()), settings).unwrap();
        let line = Line {
            aws: aws.with_credentials(Credentials::new("AKID", "s", None, None, "test")),
            pace: Pace::in_any_second(1),
            silence: Arc::default(),
        };
        let mut questions = Vec::new();
        for job in ["first", "second", "third"] {
            let mut question = question();
            question.subject.job_arn = job.to_owned();
            questions.push(question);
        }
        let start = Instant::now();
        let mut errors = Vec::new();
        for question in &questions {
            errors.push(line.ask(question, ASKED).await.unwrap_err().to_string());
            let took = start.elapsed();
            assert!(
                took <= AWS_REVOCATION_TIMEOUT + Duration::from_millis(10),
                "{took:?}"
            );
        }
        let skipped: Vec<bool> = errors
            .iter()
            .map(|error| error.contains(": not asked, because another question had no answer: "))
            .collect();
        assert_eq!(skipped, [false, true, true], "{errors:#?}");
    }
}
