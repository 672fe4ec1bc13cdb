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
    let deadline = Instant::now() + limits::AWS_REVOCATION_TIMEOUT;
    let mut attempt = 1;
    loop {
        let sent = async {
            limit.pass().await;
            send(aws, question, signing_time).await
        };
        let error = match timeout_at(deadline, sent).await {
            Ok(Ok(revoked)) => return Ok(revoked),
            Ok(Err(error)) => error,
            Err(_elapsed) => {
                let limit = limits::AWS_REVOCATION_TIMEOUT;
                return Err(CallError::timed_out(question.call(), limit).after(attempt));
            }
        };
        let wait = backoff(attempt, limits::RETRY_DELAY, limits::MAX_RETRY_DELAY);
        let attempts = match error.kind() {
            CallErrorKind::Throttled => limits::MAX_THROTTLED_ATTEMPTS,
            kind if kind.is_transient() => limits::MAX_ATTEMPTS,
            _ => 1,
        };
        if attempt >= attempts || Instant::now() + wait >= deadline {
            return Err(error.after(attempt));
        }
        sleep(wait).await;
        attempt += 1;
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
