//! Asking AWS Signer's data plane (`GetRevocationStatus`): no faster than its quota, again where that
//! may help, and all of it within one time limit.

use std::sync::{Arc, OnceLock};

use aws_sdk_signerdata::config::Config;
use aws_sdk_signerdata::config::retry::RetryConfig;
use aws_sdk_signerdata::operation::RequestId as _;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, timeout_at};

use super::question::Question;
use super::read::read;
use crate::aws::{Aws, CallError, CallErrorKind, RateLimit};
use crate::causes::in_one_line;
use crate::http::backoff;
use crate::limits;

/// Asks, and gives back what AWS says was revoked. `signing_time` is the question's. While AWS answers
/// that there are too many requests, it is asked as often as `SignPayload` is.
///
/// The SDK would try again too; but then its attempts would not be counted here, and their waits
/// would have a limit of their own.
pub(super) async fn ask(
    aws: &Aws,
    limit: &RateLimit,
    question: &Question,
    signing_time: OffsetDateTime,
) -> Result<Vec<String>, CallError> {
    let attempt = || async move {
        limit.pass().await;
        send(aws, question, signing_time).await
    };
    insist(question, attempt).await
}

/// Makes attempts until one is answered, another one would not help, or the time is over.
async fn insist<A, F: Future<Output = Result<A, CallError>>>(
    question: &Question,
    attempt: impl Fn() -> F,
) -> Result<A, CallError> {
    let deadline = Instant::now() + limits::AWS_REVOCATION_TIMEOUT;
    let mut count = 1;
    loop {
        let error = match timeout_at(deadline, attempt()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_elapsed) => {
                let limit = limits::AWS_REVOCATION_TIMEOUT;
                return Err(CallError::timed_out(question.call(), limit).after(count));
            }
        };
        let wait = backoff(count, limits::RETRY_DELAY, limits::MAX_RETRY_DELAY);
        let most = match error.kind() {
            CallErrorKind::Throttled => limits::MAX_THROTTLED_ATTEMPTS,
            kind if kind.is_transient() => limits::MAX_ATTEMPTS,
            _ => 1,
        };
        if count >= most || Instant::now() + wait >= deadline {
            return Err(error.after(count));
        }
        sleep(wait).await;
        count += 1;
    }
}

/// One attempt.
async fn send(
    aws: &Aws,
    question: &Question,
    signing_time: OffsetDateTime,
) -> Result<Vec<String>, CallError> {
    let subject = &question.subject;
    let reading = StrictReading::default();
    let client = aws.signer_data(&question.place.region).await;
    let client = client
        .map_err(|error| CallError::not_sent(question.call(), error.to_string(), error.hint()))?;
    let answer = client
        .get_revocation_status()
        .signature_timestamp(DateTime::from_secs_and_nanos(
            signing_time.unix_timestamp(),
            signing_time.nanosecond(),
        ))
        .platform_id(&subject.platform_id)
        .profile_version_arn(&subject.profile_version_arn)
        .job_arn(&subject.job_arn)
        .set_certificate_hashes(Some(subject.certificate_hashes.clone()))
        .customize()
        .config_override(Config::builder().retry_config(RetryConfig::disabled()))
        .interceptor(reading.clone())
        .send()
        .await
        .map_err(|error| CallError::from_sdk(question.call(), &error))?;
    let revoked = reading.0.get().cloned();
    revoked.ok_or_else(|| {
        let problem = "it was not read";
        CallError::malformed(question.call(), problem, answer.request_id())
    })
}

/// Reads a successful answer before the SDK does, and refuses it where it is not as AWS's are
/// ([`read`]): the SDK passes over what it does not know.
#[derive(Debug, Clone, Default)]
struct StrictReading(Arc<OnceLock<Vec<String>>>);

impl Intercept for StrictReading {
    fn name(&self) -> &'static str {
        "StrictReading"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        // What is an error is the SDK's to read.
        if answer.status().is_success() {
            let revoked = read(answer).map_err(|error| in_one_line(&error))?;
            // There is one attempt, and so one answer.
            let _ = self.0.set(revoked);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use aws_credential_types::Credentials;

    use super::super::super::tests::JOB;
    use super::super::question::tests::{inquired, question};
    use super::*;
    use crate::aws::Settings;
    use crate::http;
    use crate::http::testing::{Reply, Server};
    use crate::limits::{AWS_REVOCATION_TIMEOUT, MAX_ATTEMPTS, MAX_THROTTLED_ATTEMPTS};

    /// What comes of attempts that each take `time` and fail with `kind`, how many there were, and how long they
    /// all took.
    async fn fails(time: Duration, kind: CallErrorKind) -> (CallError, u32, Duration) {
        let (question, count, start) = (question(), Cell::new(0), Instant::now());
        let answer = insist(&question, || async {
            count.set(count.get() + 1);
            sleep(time).await;
            Err::<(), _>(CallError::of_kind(kind, None))
        });
        let error = answer.await.unwrap_err();
        (error, count.get(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_and_nothing_else_is() {
        use CallErrorKind as K;
        for (kind, wanted) in [
            (K::Throttled, MAX_THROTTLED_ATTEMPTS),
            (K::TimedOut, MAX_ATTEMPTS),
            (K::Unreachable, MAX_ATTEMPTS),
            (K::ServiceFailure, MAX_ATTEMPTS),
            (K::Denied, 1),
            (K::NotFound, 1),
            (K::Malformed, 1),
            (K::NotSent, 1),
        ] {
            let (error, count, took) = fails(Duration::ZERO, kind).await;
            assert_eq!((error.kind(), count), (kind, wanted));
            let says_so = error
                .to_string()
                .ends_with(&format!(", after {wanted} attempts"));
            assert_eq!(says_so, wanted > 1, "{error}");
            assert_eq!(took > Duration::ZERO, wanted > 1, "{kind:?}: {took:?}");
            assert!(took < AWS_REVOCATION_TIMEOUT, "{kind:?}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_after_failures_is_the_answer() {
        let (question, count) = (question(), Cell::new(0));
        let answer = insist(&question, || async {
            count.set(count.get() + 1);
            match count.get() {
                3 => Ok(7),
                _ => Err(CallError::of_kind(CallErrorKind::ServiceFailure, None)),
            }
        });
        assert_eq!(answer.await.unwrap(), 7);
        assert_eq!(count.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn all_attempts_and_waits_together_have_one_time_limit() {
        let tick = Duration::from_millis(10);
        // Not even the first one ends.
        let (error, count, took) = fails(Duration::MAX, CallErrorKind::Unreachable).await;
        assert_eq!((error.kind(), count), (CallErrorKind::TimedOut, 1));
        assert!(error.to_string().ends_with(": not within 30 seconds"));
        assert!(took >= AWS_REVOCATION_TIMEOUT && took < AWS_REVOCATION_TIMEOUT + tick);
        // The second one does not.
        let long = Duration::from_secs(20);
        let (error, count, took) = fails(long, CallErrorKind::Unreachable).await;
        assert_eq!((error.kind(), count), (CallErrorKind::TimedOut, 2));
        let words = ": not within 30 seconds, after 2 attempts";
        assert!(error.to_string().ends_with(words), "{error}");
        assert!(took >= AWS_REVOCATION_TIMEOUT && took < AWS_REVOCATION_TIMEOUT + tick);
        // The shortest wait would end after the time: why it failed says more than that the time is over.
        let nearly = AWS_REVOCATION_TIMEOUT.checked_sub(tick).unwrap();
        let (error, count, took) = fails(nearly, CallErrorKind::Unreachable).await;
        assert_eq!((error.kind(), count), (CallErrorKind::Unreachable, 1));
        assert!(took < AWS_REVOCATION_TIMEOUT, "{took:?}");
    }

    async fn ask_for(reply: Reply) -> (Result<Vec<String>, CallError>, Vec<String>) {
        let server = Server::start(move |_| reply.clone()).await;
        let settings = Settings {
            signer_endpoint_url: Some(format!("http://{}", server.address())),
            ..Settings::default()
        };
        let aws = Aws::new(http::Pool::new(http::Settings::default()), settings).unwrap();
        let aws = aws.with_credentials(Credentials::new("AKID", "s", None, None, "test"));
        let limit = RateLimit::new(1);
        let answer = ask(&aws, &limit, &question(), inquired().signing_time).await;
        (answer, server.asked())
    }

    fn said(status: u16, body: &str) -> Reply {
        Reply::new(status, body)
            .header("Content-Type", "application/json")
            .header("x-amzn-RequestId", "r-1")
    }

    #[tokio::test]
    async fn what_aws_says_was_revoked_is_given_back_as_it_is() {
        let body = format!(r#"{{"revokedEntities":["{JOB}","x"]}}"#);
        let (answer, asked) = ask_for(said(200, &body)).await;
        assert_eq!(answer.unwrap(), [JOB, "x"]);
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(asked[0].starts_with("GET /revocations?"), "{asked:?}");
        let (answer, _) = ask_for(said(200, r#"{"revokedEntities":[]}"#)).await;
        assert_eq!(answer.unwrap(), [""; 0]);
    }

    #[tokio::test]
    async fn an_answer_that_is_none_is_an_error_however_it_looks() {
        let (answer, asked) = ask_for(said(200, r#"{"status":"ok"}"#)).await;
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Malformed);
        let words = "it lacks the member `revokedEntities`";
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(asked.len(), 1);
        // What AWS says when it refuses is no answer that lacks something.
        let denial = r#"{"message":"no","code":"AccessDeniedException"}"#;
        let denied = said(403, denial).header("x-amzn-ErrorType", "AccessDeniedException");
        let (answer, asked) = ask_for(denied).await;
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Denied, "{error}");
        assert_eq!(error.message(), Some("no"));
        assert_eq!(asked.len(), 1);
    }
}
