//! A parameter of Systems Manager (`GetParameter`).

use serde::Deserialize;
use serde_json::json;

use super::StoredContent;
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::aws::signed_call::{Service, decoded};

const SSM: Service = Service {
    id: "SSM",
    name: "ssm",
    target: "AmazonSSM",
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    parameter: Parameter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    #[serde(rename = "ARN")]
    arn: Option<String>,
    #[serde(rename = "Type")]
    kind: String,
    value: String,
    version: u64,
}

impl Aws {
    /// A parameter of Systems Manager, decrypted where it is a `SecureString`; `name` is its name or its ARN.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about this parameter and version.
    pub async fn parameter(
        &self,
        name: &str,
        version: Option<u64>,
        region: &str,
    ) -> Result<StoredContent, CallError> {
        let call = Call {
            action: "ssm:GetParameter",
            resource: name.to_owned(),
            region: region.to_owned(),
        };
        let selected = match version {
            Some(version) => format!("{name}:{version}"),
            None => name.to_owned(),
        };
        let body = json!({ "Name": selected, "WithDecryption": true }).to_string();
        let answer = Box::pin(self.ask(SSM, call.clone(), "GetParameter", &body)).await?;
        let Body { parameter } = decoded(&call, &answer)?;
        let malformed = |problem: &str| CallError::malformed(call.clone(), problem, None);
        let is_asked = parameter.name == name || parameter.arn.as_deref() == Some(name);
        if !is_asked || version.is_some_and(|version| version != parameter.version) {
            return Err(malformed("it is about another parameter or version"));
        }
        if !matches!(parameter.kind.as_str(), "String" | "SecureString") {
            return Err(malformed("it is a list of strings"));
        }
        Ok(StoredContent {
            bytes: parameter.value.into_bytes(),
            version: Some(parameter.version.to_string()),
        })
    }
}
