//! Asking AWS Signer's data plane (`GetRevocationStatus`): no faster than its quota, again where that
//! may help, and all of it within one time limit.

use aws_sdk_signerdata::config::Config;
use aws_sdk_signerdata::config::retry::RetryConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, timeout_at};

use super::question::Question;
use crate::aws::{Aws, CallError, RateLimit};
use crate::http::backoff;
use crate::limits;

/// Asks, and gives back what AWS says was revoked. `signing_time` is the question's.
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
                return Err(CallError::timed_out(question.call(), limit));
            }
        };
        let wait = backoff(attempt, limits::RETRY_DELAY, limits::MAX_RETRY_DELAY);
        let is_last = attempt >= limits::MAX_ATTEMPTS || Instant::now() + wait >= deadline;
        if is_last || !error.kind().is_transient() {
            return Err(error);
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
    let answer = aws
        .signer_data(&question.place.region)
        .await
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
        .interceptor(WantObject)
        .send()
        .await
        .map_err(|error| CallError::from_sdk(question.call(), &error))?;
    Ok(answer.revoked_entities().to_vec())
}

/// Refuses a successful answer that is not a JSON object. The SDK reads an empty body as an empty
/// object, which is how AWS says that nothing was revoked.
#[derive(Debug)]
struct WantObject;

impl Intercept for WantObject {
    fn name(&self) -> &'static str {
        "WantObject"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let is_object = response.body().bytes().is_some_and(|body| {
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok()
        });
        if response.status().is_success() && !(response.status().as_u16() == 200 && is_object) {
            return Err("the answer is not a JSON object".into());
        }
        Ok(())
    }
}
