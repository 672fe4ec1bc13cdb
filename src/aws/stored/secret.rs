//! A secret of Secrets Manager (`GetSecretValue`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::StoredContent;
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::aws::signed_call::{Service, decoded};

const SECRETS_MANAGER: Service = Service {
    id: "Secrets Manager",
    name: "secretsmanager",
    target: "secretsmanager",
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    version_id: String,
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

impl Aws {
    /// A secret of Secrets Manager; `name` is its name or its ARN, `version` the identifier of one.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about this secret and version.
    pub async fn secret(
        &self,
        name: &str,
        version: Option<&str>,
        region: &str,
    ) -> Result<StoredContent, CallError> {
        let call = Call {
            action: "secretsmanager:GetSecretValue",
            resource: name.to_owned(),
            region: region.to_owned(),
        };
        let body = match version {
            Some(version) => json!({ "SecretId": name, "VersionId": version }),
            None => json!({ "SecretId": name }),
        };
        let body = body.to_string();
        let sent = self.ask(SECRETS_MANAGER, call.clone(), "GetSecretValue", &body);
        let answer: Body = decoded(&call, &Box::pin(sent).await?)?;
        let malformed = |problem: &str| CallError::malformed(call.clone(), problem, None);
        // AWS takes an ARN without the six characters at its end too.
        let is_asked = answer.name == name
            || answer.arn == name
            || (name.starts_with("arn:")
                && answer
                    .arn
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('-')));
        if !is_asked || version.is_some_and(|version| version != answer.version_id) {
            return Err(malformed("it is about another secret or version"));
        }
        let bytes = match (answer.secret_string, answer.secret_binary) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => STANDARD
                .decode(text)
                .map_err(|_| malformed("its bytes are not in base64"))?,
            _ => return Err(malformed("it has no value, or two")),
        };
        Ok(StoredContent {
            bytes,
            version: Some(answer.version_id),
        })
    }
}
