//! What AWS Lambda says of a function alone (`GetFunctionConfiguration`).

use serde::Deserialize;

use super::function_arn::FunctionArn;
use super::request::{Request, path};
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};

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
            region: function.region().to_owned(),
        };
        let request = Request::get(path(
            "/2015-03-31/functions",
            function.as_str(),
            "/configuration",
        ));
        let found: FunctionConfiguration = self.ask_lambda_for(&call, &request).await?;
        let is_asked = FunctionArn::new(&found.function_arn)
            .is_ok_and(|found| found.function() == function.function());
        if is_asked {
            return Ok(found);
        }
        let problem = "it describes another function";
        Err(CallError::malformed(call, problem, None))
    }
}
