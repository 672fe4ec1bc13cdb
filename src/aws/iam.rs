//! What IAM says that a caller may do (`iam:SimulatePrincipalPolicy`): one signed form, one XML answer.
//!
//! A whole client of IAM would be 170 operations for this one. The answer is read strictly: one result for each action
//! that was asked about and nothing else, or it is not an answer.

use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use time::OffsetDateTime;

use super::endpoints::{check_endpoint, configured};
use super::signed_call::signed;
use super::{Aws, Call, CallError};
use crate::causes::in_one_line;
use crate::limits::MAX_SIMULATION_BYTES;
use crate::partition::Partition;

const VERSION: &str = "2010-05-08";

/// What IAM decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvalDecision {
    /// The policies allow it.
    Allowed,
    /// No policy allows it.
    ImplicitDeny,
    /// A policy denies it.
    ExplicitDeny,
}

/// What IAM decides about one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The action, for example `signer:SignPayload`.
    pub action: String,
    /// The decision.
    pub decision: EvalDecision,
    /// Whether it rests on conditions about the request that the simulation did not know.
    pub is_conditional: bool,
}

/// Where IAM is asked.
struct Endpoint {
    url: String,
    region: &'static str,
}

impl Aws {
    /// Asks IAM whether the policies of the user or role `principal` allow each of `actions` on `resource`. Policies
    /// of the resource itself do not count. Changes nothing.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub async fn simulate(
        &self,
        principal: &str,
        actions: &[&str],
        resource: &str,
        now: OffsetDateTime,
    ) -> Result<Vec<Simulated>, CallError> {
        let partition = principal.split(':').nth(1).and_then(Partition::from_name);
        let mut call = Call {
            action: "iam:SimulatePrincipalPolicy",
            resource: principal.to_owned(),
            region: String::new(),
        };
        let not_sent =
            |call: &Call, problem: String| CallError::not_sent(call.clone(), problem, None);
        let Some((host, region)) = partition.and_then(host) else {
            return Err(not_sent(
                &call,
                "IAM's endpoint of this partition is not known".to_owned(),
            ));
        };
        region.clone_into(&mut call.region);
        let sdk = self.config(region).await;
        check_endpoint(&sdk, "IAM")
            .map_err(|error| CallError::not_sent(call.clone(), error.to_string(), error.hint()))?;
        let url = configured(&sdk, "IAM").unwrap_or_else(|| format!("https://{host}"));
        let endpoint = Endpoint {
            url: format!("{}/", url.trim_end_matches('/')),
            region,
        };
        let provider = sdk
            .credentials_provider()
            .ok_or_else(|| not_sent(&call, "there are no credentials".to_owned()))?;
        let credentials = provider
            .provide_credentials()
            .await
            .map_err(|error| not_sent(&call, in_one_line(&error)))?;
        let request = http::Request::post(&endpoint.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(SdkBody::from(form(principal, actions, resource)))
            .map_err(|error| not_sent(&call, in_one_line(&error)))?;
        let request = signed(request, credentials, "iam", endpoint.region, now.into())
            .map_err(|error| not_sent(&call, in_one_line(&*error)))?;
        let answer = Box::pin(self.http().send(request)).await.map_err(|error| {
            CallError::from_sdk(
                call.clone(),
                &SdkError::<ErrorMetadata, _>::dispatch_failure(error),
            )
        })?;
        read(&call, answer, actions)
    }
}

/// IAM is one service for a whole partition: its host, and the region that requests are signed for.
fn host(partition: Partition) -> Option<(&'static str, &'static str)> {
    match partition {
        Partition::Aws => Some(("iam.amazonaws.com", "us-east-1")),
        Partition::AwsUsGov => Some(("iam.us-gov.amazonaws.com", "us-gov-west-1")),
        Partition::AwsCn => Some(("iam.cn-north-1.amazonaws.com.cn", "cn-north-1")),
        _ => None,
    }
}

fn form(principal: &str, actions: &[&str], resource: &str) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", "SimulatePrincipalPolicy")
        .append_pair("Version", VERSION)
        .append_pair("PolicySourceArn", principal)
        .append_pair("ResourceArns.member.1", resource);
    for (number, action) in actions.iter().enumerate() {
        form.append_pair(&format!("ActionNames.member.{}", number + 1), action);
    }
    form.finish()
}

fn read(call: &Call, answer: HttpResponse, actions: &[&str]) -> Result<Vec<Simulated>, CallError> {
    let request_id = answer.headers().get("x-amzn-requestid").map(str::to_owned);
    let malformed =
        |problem: String| CallError::malformed(call.clone(), problem, request_id.as_deref());
    let body = answer.body().bytes().unwrap_or_default();
    let text = std::str::from_utf8(body)
        .ok()
        .filter(|text| text.len() <= MAX_SIMULATION_BYTES);
    if !answer.status().is_success() {
        let error = text
            .and_then(|text| error_in(text).ok())
            .unwrap_or_default();
        let error = SdkError::service_error(error, answer);
        return Err(CallError::from_sdk(call.clone(), &error));
    }
    let text = text.ok_or_else(|| malformed("it is too long, or not text".to_owned()))?;
    let found = results(text).map_err(|error| malformed(in_one_line(&error)))?;
    let is_asked = |simulated: &Simulated| actions.contains(&simulated.action.as_str());
    let has_each = actions.iter().all(|action| {
        found
            .iter()
            .filter(|simulated| simulated.action == *action)
            .count()
            == 1
    });
    if !has_each || !found.iter().all(is_asked) {
        return Err(malformed(
            "its results are not about what was asked".to_owned(),
        ));
    }
    Ok(found)
}

/// Code and message of IAM's error.
fn error_in(text: &str) -> Result<ErrorMetadata, XmlDecodeError> {
    let mut document = Document::new(text);
    let mut root = root(&mut document, "ErrorResponse")?;
    let mut error = ErrorMetadata::builder();
    while let Some(mut part) = root.next_tag() {
        if !part.start_el().matches("Error") {
            continue;
        }
        while let Some(mut member) = part.next_tag() {
            match member.start_el().local() {
                "Code" => error = error.code(try_data(&mut member)?),
                "Message" => error = error.message(try_data(&mut member)?),
                _ => {}
            }
        }
    }
    Ok(error.build())
}

/// The results of an answer, of which none may be left out (`IsTruncated`).
fn results(text: &str) -> Result<Vec<Simulated>, XmlDecodeError> {
    let mut document = Document::new(text);
    let mut root = root(&mut document, "SimulatePrincipalPolicyResponse")?;
    let mut found = Vec::new();
    while let Some(mut result) = root.next_tag() {
        if !result.start_el().matches("SimulatePrincipalPolicyResult") {
            continue;
        }
        while let Some(mut member) = result.next_tag() {
            let name = member.start_el().local().to_owned();
            match name.as_str() {
                "IsTruncated" if try_data(&mut member)? != "false" => {
                    return Err(XmlDecodeError::custom("it is not complete"));
                }
                "EvaluationResults" => {
                    while let Some(mut evaluation) = member.next_tag() {
                        found.push(evaluation_result(&mut evaluation)?);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

fn root<'inp, 'a>(
    document: &'a mut Document<'inp>,
    name: &str,
) -> Result<ScopedDecoder<'inp, 'a>, XmlDecodeError> {
    let root = document.root_element()?;
    if root.start_el().matches(name) {
        Ok(root)
    } else {
        Err(XmlDecodeError::custom(format!("it is not a `{name}`")))
    }
}

fn evaluation_result(evaluation: &mut ScopedDecoder<'_, '_>) -> Result<Simulated, XmlDecodeError> {
    let (mut action, mut decision, mut is_conditional) = (None, None, false);
    while let Some(mut member) = evaluation.next_tag() {
        match member.start_el().local() {
            "EvalActionName" => action = Some(try_data(&mut member)?.into_owned()),
            "EvalDecision" => {
                decision = Some(match try_data(&mut member)?.as_ref() {
                    "allowed" => EvalDecision::Allowed,
                    "implicitDeny" => EvalDecision::ImplicitDeny,
                    "explicitDeny" => EvalDecision::ExplicitDeny,
                    _ => return Err(XmlDecodeError::custom("its decision is not known")),
                });
            }
            "MissingContextValues" => is_conditional |= member.next_tag().is_some(),
            _ => {}
        }
    }
    match (action, decision) {
        (Some(action), Some(decision)) => Ok(Simulated {
            action,
            decision,
            is_conditional,
        }),
        _ => Err(XmlDecodeError::custom(
            "a result lacks its action or decision",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::CallErrorKind;

    const ACTION: &str = "signer:SignPayload";

    fn answer(inside: &str) -> String {
        format!(
            "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
             <SimulatePrincipalPolicyResult>{inside}</SimulatePrincipalPolicyResult>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"
        )
    }

    fn result(decision: &str, more: &str) -> String {
        format!(
            "<member><EvalActionName>{ACTION}</EvalActionName><EvalResourceName>*</EvalResourceName>\
             <EvalDecision>{decision}</EvalDecision><MatchedStatements/>{more}</member>"
        )
    }

    fn read_as(status: u16, body: String) -> Result<Vec<Simulated>, CallError> {
        let call = Call {
            action: "iam:SimulatePrincipalPolicy",
            resource: "arn".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        response.headers_mut().insert("x-amzn-requestid", "r");
        read(&call, response, &[ACTION])
    }

    #[test]
    fn a_decision_is_read_with_what_it_rests_on() {
        let missing = "<MissingContextValues><member>aws:SourceIp</member></MissingContextValues>";
        for (said, more, decision, is_conditional) in [
            ("allowed", "", EvalDecision::Allowed, false),
            ("allowed", missing, EvalDecision::Allowed, true),
            (
                "implicitDeny",
                "<MissingContextValues/>",
                EvalDecision::ImplicitDeny,
                false,
            ),
            ("explicitDeny", "", EvalDecision::ExplicitDeny, false),
        ] {
            let results = format!(
                "<IsTruncated>false</IsTruncated><EvaluationResults>{}</EvaluationResults>",
                result(said, more)
            );
            let wanted = Simulated {
                action: ACTION.to_owned(),
                decision,
                is_conditional,
            };
            assert_eq!(read_as(200, answer(&results)).unwrap(), [wanted]);
        }
    }

    #[test]
    fn what_is_not_whole_or_not_asked_is_not_an_answer() {
        let one = result("allowed", "");
        let wrapped =
            |inside: &str| answer(&format!("<EvaluationResults>{inside}</EvaluationResults>"));
        for (body, problem) in [
            (String::new(), ""),
            (
                "<html/>".to_owned(),
                "it is not a `SimulatePrincipalPolicyResponse`",
            ),
            (wrapped(""), "its results are not about what was asked"),
            (
                wrapped(&format!("{one}{one}")),
                "its results are not about what was asked",
            ),
            (
                wrapped(&one.replace(ACTION, "s3:GetObject")),
                "its results are not about what was asked",
            ),
            (wrapped(&result("maybe", "")), "its decision is not known"),
            (
                wrapped("<member/>"),
                "a result lacks its action or decision",
            ),
            (
                answer("<IsTruncated>true</IsTruncated>"),
                "it is not complete",
            ),
            (
                "x".repeat(MAX_SIMULATION_BYTES + 1),
                "it is too long, or not text",
            ),
        ] {
            let error = read_as(200, body).unwrap_err();
            assert_eq!(error.kind(), CallErrorKind::Malformed);
            assert!(error.to_string().contains(problem), "{error}");
        }
    }

    #[test]
    fn a_denial_is_iams_own() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                    <Message>User: arn:aws:iam::111122223333:user/ci is not authorized</Message></Error></ErrorResponse>";
        let error = read_as(403, body.to_owned()).unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Denied);
        assert_eq!(error.principal(), Some("arn:aws:iam::111122223333:user/ci"));
        let error = read_as(403, "no XML".to_owned()).unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Denied);
        let error = read_as(
            404,
            "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>".to_owned(),
        );
        assert_eq!(error.unwrap_err().kind(), CallErrorKind::NotFound);
    }
}
