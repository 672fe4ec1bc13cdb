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

use super::question::Question;
use super::read::read;
use crate::aws::{Aws, CallError, NoAnswer, Pace, Repeat, insist};
use crate::causes::in_one_line;
use crate::limits;

/// Asks, and gives back what AWS says was revoked. `signing_time` is the question's. While AWS answers
/// that there are too many requests, it is asked as often as `SignPayload` is.
pub(super) async fn ask(
    aws: &Aws,
    pace: &Pace,
    question: &Question,
    signing_time: OffsetDateTime,
) -> Result<Vec<String>, CallError> {
    let repeat = Repeat::Harmless {
        within: limits::AWS_REVOCATION_TIMEOUT,
    };
    let attempt = || send(aws, question, signing_time);
    let answer = insist(pace, repeat, &question.call(), attempt).await;
    answer.map_err(|unanswered| match unanswered {
        NoAnswer::Failed(error) => error,
        NoAnswer::NotAsked => {
            CallError::not_sent(question.call(), "asking was stopped".to_owned(), None)
        }
    })
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
    use aws_credential_types::Credentials;

    use super::super::super::tests::JOB;
    use super::super::question::tests::{inquired, question};
    use super::*;
    use crate::aws::{CallErrorKind, Settings};
    use crate::http;
    use crate::http::testing::{Reply, Server};

    async fn ask_for(reply: Reply) -> (Result<Vec<String>, CallError>, Vec<String>) {
        let server = Server::start(move |_| reply.clone()).await;
        let settings = Settings {
            signer_endpoint_url: Some(format!("http://{}", server.address())),
            ..Settings::default()
        };
        let aws = Aws::new(http::Pool::new(http::Settings::default()), settings).unwrap();
        let aws = aws.with_credentials(Credentials::new("AKID", "s", None, None, "test"));
        let pace = Pace::in_any_second(1);
        let answer = ask(&aws, &pace, &question(), inquired().signing_time).await;
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
        // A refusal by AWS is a denial, not an answer that lacks something.
        let denial = r#"{"message":"no","code":"AccessDeniedException"}"#;
        let denied = said(403, denial).header("x-amzn-ErrorType", "AccessDeniedException");
        let (answer, asked) = ask_for(denied).await;
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Denied, "{error}");
        assert_eq!(error.message(), Some("no"));
        assert_eq!(asked.len(), 1);
    }
}
