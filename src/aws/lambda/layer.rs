//! A version of a layer, and where its package is (`GetLayerVersionByArn`).

use serde::Deserialize;

use super::config_arn::LayerVersionArn;
use super::package_url::PackageUrl;
use super::request::Request;
use super::signed_by::SignedBy;
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::aws::percent::escaped;

/// A version of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerVersion {
    /// Its ARN.
    pub arn: LayerVersionArn,
    /// SHA-256 of its package, in base64.
    pub code_sha256: String,
    /// Bytes of its package.
    pub code_bytes: u64,
    /// Who signed it, if AWS Lambda accepted that.
    pub signed_by: Option<SignedBy>,
    /// Its package.
    pub package: PackageUrl,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    layer_version_arn: String,
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    location: String,
    code_sha256: String,
    #[serde(default)]
    code_size: u64,
    signing_profile_version_arn: Option<String>,
    signing_job_arn: Option<String>,
}

impl Aws {
    /// A version of a layer, also of another account that shares it.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about it, or one that leads where packages are not.
    pub async fn layer_version(&self, arn: &LayerVersionArn) -> Result<LayerVersion, CallError> {
        let call = Call {
            action: "lambda:GetLayerVersion",
            resource: arn.to_string(),
            region: arn.location().region().to_owned(),
        };
        let malformed = |problem: String| CallError::malformed(call.clone(), problem, None);
        let name = escaped(&arn.to_string(), false);
        let path = format!("/2018-10-31/layers?find=LayerVersion&Arn={name}");
        let answer: Body = self.ask_lambda_for(&call, &Request::get(path)).await?;
        if answer.layer_version_arn != arn.to_string() {
            return Err(malformed("it is about another layer".to_owned()));
        }
        let content = answer.content;
        let package = self.package_url(&content.location, &call.region).await;
        Ok(LayerVersion {
            arn: arn.clone(),
            code_sha256: content.code_sha256,
            code_bytes: content.code_size,
            signed_by: SignedBy::read(
                content.signing_profile_version_arn.as_deref(),
                content.signing_job_arn.as_deref(),
            )
            .map_err(malformed)?,
            package: package.map_err(|error| malformed(error.to_string()))?,
        })
    }
}
