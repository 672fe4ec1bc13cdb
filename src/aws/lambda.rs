//! What AWS Lambda says of a function (`GetFunctionConfiguration`).

use std::fmt;

use aws_sigv4::http_request::SigningSettings;
use aws_smithy_types::body::SdkBody;
use serde::Deserialize;

use super::arn::{is_account, is_region};
use super::context::Aws;
use super::error::{Call, CallError};
use super::signed_call::{Endpoint, Question, decoded, error_in};
use crate::limits::MAX_ARN_BYTES;
use crate::partition::Partition;

/// The ARN of a function, with or without a version or an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionArn {
    text: String,
    region: String,
    /// Where the ARN of the function itself ends.
    end: usize,
}

/// Why a text is not the ARN of a function.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{0}` is not the ARN of a Lambda function")]
pub struct FunctionArnError(String);

impl FunctionArnError {
    /// What such an ARN looks like.
    pub fn hint(&self) -> String {
        "such an ARN is like `arn:aws:lambda:us-east-1:111122223333:function:countersign-gate`"
            .to_owned()
    }
}

impl FunctionArn {
    /// Reads the ARN of a function.
    ///
    /// # Errors
    ///
    /// [`FunctionArnError`] for anything else.
    pub fn new(text: &str) -> Result<Self, FunctionArnError> {
        Self::read(text).ok_or_else(|| FunctionArnError(text.chars().take(MAX_ARN_BYTES).collect()))
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (fixed, names) = parts.split_at_checked(6)?;
        let ["arn", partition, "lambda", region, account, "function"] = fixed else {
            return None;
        };
        let is_name = |name: &&str| {
            (1..=128).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'))
        };
        let is_right = Partition::from_name(partition) == Some(Partition::of_region(region))
            && is_region(region)
            && is_account(account)
            && matches!(names, [_] | [_, _])
            && names.iter().all(is_name);
        let qualifier = names.get(1).map_or(0, |qualifier| qualifier.len() + 1);
        is_right.then(|| Self {
            text: text.to_owned(),
            region: (*region).to_owned(),
            end: text.len() - qualifier,
        })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The ARN of the function itself, whatever version or alias is named.
    pub fn function(&self) -> &str {
        self.text.get(..self.end).unwrap_or(&self.text)
    }

    /// The version or alias that is named.
    pub fn qualifier(&self) -> Option<&str> {
        self.text.get(self.end + 1..)
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A function as AWS Lambda has it (shape `FunctionConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionConfiguration {
    /// Its ARN, with the version or alias that was asked about.
    pub function_arn: String,
    /// The role with which it runs.
    pub role: String,
    /// SHA-256 of its package, in base64.
    pub code_sha256: String,
    /// Seconds that it may take.
    pub timeout: u32,
    /// `$LATEST`, or the number of a version, which does not change.
    pub version: String,
}

impl Aws {
    /// What AWS Lambda says of a function.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about it.
    pub async fn function_configuration(
        &self,
        function: &FunctionArn,
    ) -> Result<FunctionConfiguration, CallError> {
        let call = Call {
            action: "lambda:GetFunctionConfiguration",
            resource: function.to_string(),
            region: function.region.clone(),
        };
        let escaped = function.as_str().replace(':', "%3A").replace('$', "%24");
        let request = |endpoint: &Endpoint| {
            let url = &endpoint.url;
            ::http::Request::get(format!(
                "{url}/2015-03-31/functions/{escaped}/configuration"
            ))
            .body(SdkBody::empty())
        };
        let question = Question {
            id: "Lambda",
            name: "lambda",
            settings: SigningSettings::default,
            request: &request,
            error: error_in,
        };
        let answer = Box::pin(self.put_question(call.clone(), &question)).await?;
        let found: FunctionConfiguration =
            decoded(&call, answer.body().bytes().unwrap_or_default())?;
        let is_asked = FunctionArn::new(&found.function_arn)
            .is_ok_and(|found| found.function() == function.function());
        if is_asked {
            return Ok(found);
        }
        let problem = "it describes another function";
        Err(CallError::malformed(call, problem, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-west-2:111122223333:function:gate";

    #[test]
    fn an_arn_may_name_a_version() {
        let plain = FunctionArn::new(ARN).unwrap();
        assert_eq!((plain.function(), plain.qualifier()), (ARN, None));
        let text = format!("{ARN}:live");
        let alias = FunctionArn::new(&text).unwrap();
        assert_eq!((alias.function(), alias.qualifier()), (ARN, Some("live")));
        assert_eq!(
            (alias.region(), alias.as_str()),
            ("us-west-2", text.as_str())
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "gate",
            "arn:aws:lambda:us-west-2:111122223333:function:",
            "arn:aws:lambda:us-west-2:111122223333:function:a:b:c",
            "arn:aws:lambda:us-west-2:111122223333:layer:gate",
            "arn:aws:lambda:us-west-2:11112222333:function:gate",
            "arn:aws-cn:lambda:us-west-2:111122223333:function:gate",
            "arn:aws:lambda:us-west-2:111122223333:function:a/../b",
        ] {
            let error = FunctionArn::new(wrong).unwrap_err();
            let words = format!("`{wrong}` is not the ARN of a Lambda function");
            assert_eq!(error.to_string(), words);
        }
    }
}
