//! Who the caller is (`GetCallerIdentity`), where its credentials come from, and what time it is for AWS.

use std::sync::{Arc, OnceLock};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::{Aws, Call, CallError, credentials_source};
use crate::partition::Partition;

/// Who calls AWS, as AWS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The ARN of a user, of a role's session, or of the account's root.
    pub arn: String,
    /// The account, 12 digits.
    pub account: String,
}

/// What came of asking AWS who the caller is.
#[derive(Debug)]
pub struct Heard {
    /// The caller, or why that is not known.
    pub identity: Result<CallerIdentity, CallError>,
    /// The `Date` of AWS's answer, whatever it said.
    pub date: Option<OffsetDateTime>,
}

impl CallerIdentity {
    /// The user or role whose policies decide, where IAM knows it by an ARN: of a session, its role. A role with a
    /// path is not found by it, since sessions do not say the path.
    pub fn policy_source(&self) -> Option<String> {
        let parts: Vec<&str> = self.arn.splitn(6, ':').collect();
        let ["arn", partition, service, "", account, resource] = *parts.as_slice() else {
            return None;
        };
        match (service, resource.split_once('/')?) {
            ("iam", ("user" | "role", _)) => Some(self.arn.clone()),
            ("sts", ("assumed-role", session)) => {
                let role = session.split('/').next().filter(|role| !role.is_empty())?;
                Some(format!("arn:{partition}:iam::{account}:role/{role}"))
            }
            _ => None,
        }
    }

    /// The partition of the caller's account.
    pub fn partition(&self) -> Option<Partition> {
        Partition::from_name(self.arn.split(':').nth(1)?)
    }
}

impl Aws {
    /// Asks AWS in `region` who the caller is.
    pub async fn caller(&self, region: &str) -> Heard {
        let call = Call {
            action: "sts:GetCallerIdentity",
            resource: "*".to_owned(),
            region: region.to_owned(),
        };
        let date = DateOfAnswer::default();
        let identity = Box::pin(self.caller_identity(region, &call, &date)).await;
        Heard {
            identity,
            date: date.0.get().copied(),
        }
    }

    async fn caller_identity(
        &self,
        region: &str,
        call: &Call,
        date: &DateOfAnswer,
    ) -> Result<CallerIdentity, CallError> {
        let client = self.sts(region).await;
        let client = client
            .map_err(|error| CallError::not_sent(call.clone(), error.to_string(), error.hint()))?;
        let answer = client
            .get_caller_identity()
            .customize()
            .interceptor(date.clone())
            .send()
            .await
            .map_err(|error| CallError::from_sdk(call.clone(), &error))?;
        match (answer.arn(), answer.account()) {
            (Some(arn), Some(account)) if arn.starts_with("arn:") => Ok(CallerIdentity {
                arn: arn.to_owned(),
                account: account.to_owned(),
            }),
            _ => Err(CallError::malformed(
                call.clone(),
                "it does not say who the caller is",
                None,
            )),
        }
    }

    /// Which link of AWS's chain gives the credentials, in words that follow "from"; `None` without credentials, or
    /// if the link does not say.
    pub async fn credentials_source(&self, region: &str) -> Option<String> {
        let sdk = self.config(region).await;
        let provider = sdk.credentials_provider()?;
        let credentials = provider.provide_credentials().await.ok()?;
        credentials_source::of(&credentials)
    }
}

/// Remembers the `Date` of an answer.
#[derive(Debug, Clone, Default)]
struct DateOfAnswer(Arc<OnceLock<OffsetDateTime>>);

impl Intercept for DateOfAnswer {
    fn name(&self) -> &'static str {
        "DateOfAnswer"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(date) = date.and_then(|text| OffsetDateTime::parse(text, &Rfc2822).ok()) {
            // The first of several attempts is as good as the last.
            let _ = self.0.set(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_are_those_of_the_user_or_of_the_sessions_role() {
        let source = |arn: &str| {
            CallerIdentity {
                arn: arn.to_owned(),
                account: "111122223333".to_owned(),
            }
            .policy_source()
        };
        for (arn, wanted) in [
            (
                "arn:aws:iam::111122223333:user/team/ci",
                Some("arn:aws:iam::111122223333:user/team/ci"),
            ),
            (
                "arn:aws-us-gov:sts::111122223333:assumed-role/build/i-1",
                Some("arn:aws-us-gov:iam::111122223333:role/build"),
            ),
            ("arn:aws:sts::111122223333:assumed-role//x", None),
            ("arn:aws:sts::111122223333:federated-user/x", None),
            ("arn:aws:iam::111122223333:root", None),
            ("x", None),
        ] {
            assert_eq!(source(arn).as_deref(), wanted, "{arn}");
        }
    }

    #[test]
    fn a_date_header_is_read_as_http_writes_it() {
        let parsed = OffsetDateTime::parse("Sun, 06 Nov 1994 08:49:37 GMT", &Rfc2822);
        assert_eq!(parsed.unwrap().unix_timestamp(), 784_111_777);
    }
}
