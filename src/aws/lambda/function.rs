//! Functions with who signed them (`ListFunctions`), and where their packages are (`GetFunction`).

use serde::Deserialize;

use super::config_arn::LayerVersionArn;
use super::function_arn::{FunctionArn, FunctionName};
use super::package_url::PackageUrl;
use super::request::{Request, page, path};
use super::signed_by::SignedBy;
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::aws::pages::Pages;
use crate::limits::{LAMBDA_FUNCTIONS_PER_PAGE, MAX_FUNCTION_LAYERS, MAX_LAMBDA_PAGES};

const FUNCTIONS: &str = "/2015-03-31/functions";

/// What is in a list, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsList<T> {
    /// The entries, in AWS's order.
    pub entries: Vec<T>,
    /// Whether these are all: not so where there are more than are read.
    pub is_complete: bool,
}

impl<T> AwsList<T> {
    pub(super) const fn new(entries: Vec<T>, is_complete: bool) -> Self {
        Self {
            entries,
            is_complete,
        }
    }
}

/// A function as AWS Lambda has it, with who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaFunction {
    /// Its ARN, with the version or alias that was asked about.
    pub arn: FunctionArn,
    /// Whether it is an image, for which there is no code signing.
    pub is_image: bool,
    /// SHA-256 of its package, in base64.
    pub code_sha256: String,
    /// Bytes of its package.
    pub code_bytes: u64,
    /// Who signed its package, if AWS Lambda accepted that.
    pub signed_by: Option<SignedBy>,
    /// Its layers, in their order.
    pub layers: Vec<LayerReference>,
}

/// A layer of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerReference {
    /// Its version.
    pub arn: LayerVersionArn,
    /// Who signed it, if AWS Lambda accepted that.
    pub signed_by: Option<SignedBy>,
}

/// A function, and where its package is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCode {
    /// The function.
    pub function: LambdaFunction,
    /// Its package; an image has none here.
    pub package: Option<PackageUrl>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionPage {
    next_marker: Option<String>,
    #[serde(default)]
    functions: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    configuration: Row,
    code: Option<Code>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Code {
    location: Option<String>,
}

/// Shape `FunctionConfiguration`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    function_arn: String,
    package_type: Option<String>,
    #[serde(default)]
    code_sha256: String,
    #[serde(default)]
    code_size: u64,
    signing_profile_version_arn: Option<String>,
    signing_job_arn: Option<String>,
    #[serde(default)]
    layers: Option<Vec<LayerRow>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LayerRow {
    arn: String,
    signing_profile_version_arn: Option<String>,
    signing_job_arn: Option<String>,
}

impl Row {
    fn read(self) -> Result<LambdaFunction, String> {
        let arn = FunctionArn::new(&self.function_arn).map_err(|error| error.to_string())?;
        let is_image = match self.package_type.as_deref() {
            None | Some("Zip") => false,
            Some("Image") => true,
            Some(other) => return Err(format!("its package type `{other}` is not known")),
        };
        let layers = self.layers.unwrap_or_default();
        if layers.len() > MAX_FUNCTION_LAYERS {
            return Err(format!("it has {} layers", layers.len()));
        }
        let layers = layers.into_iter().map(LayerRow::read);
        Ok(LambdaFunction {
            arn,
            is_image,
            code_sha256: self.code_sha256,
            code_bytes: self.code_size,
            signed_by: SignedBy::read(
                self.signing_profile_version_arn.as_deref(),
                self.signing_job_arn.as_deref(),
            )?,
            layers: layers.collect::<Result<_, _>>()?,
        })
    }
}

impl LayerRow {
    fn read(self) -> Result<LayerReference, String> {
        let arn = LayerVersionArn::parse(&self.arn);
        Ok(LayerReference {
            arn: arn.map_err(|error| format!("a layer of it is unusable: {error}"))?,
            signed_by: SignedBy::read(
                self.signing_profile_version_arn.as_deref(),
                self.signing_job_arn.as_deref(),
            )?,
        })
    }
}

impl Aws {
    /// The functions of the caller's account in `region`, each as its `$LATEST` is.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer.
    pub async fn functions(&self, region: &str) -> Result<AwsList<LambdaFunction>, CallError> {
        let call = Call {
            action: "lambda:ListFunctions",
            resource: "*".to_owned(),
            region: region.to_owned(),
        };
        let malformed = |problem: String| CallError::malformed(call.clone(), problem, None);
        let mut pages = Pages::at_most(MAX_LAMBDA_PAGES);
        let mut found = Vec::new();
        while pages.has_next() {
            let request = Request::get(page(FUNCTIONS, LAMBDA_FUNCTIONS_PER_PAGE, pages.token()));
            let answer: FunctionPage = self.ask_lambda_for(&call, &request).await?;
            for row in answer.functions {
                let function = row.read().map_err(malformed)?;
                if function.arn.region() != region {
                    return Err(malformed(format!("it is about `{}`", function.arn)));
                }
                found.push(function);
            }
            pages
                .turn(answer.next_marker.as_deref())
                .map_err(malformed)?;
        }
        Ok(AwsList::new(found, pages.is_complete()))
    }

    /// A function, and where its package is.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about it, or one that leads where packages are not.
    pub async fn function(
        &self,
        function: &FunctionName,
        region: &str,
    ) -> Result<FunctionCode, CallError> {
        let call = Call {
            action: "lambda:GetFunction",
            resource: function.resource(region),
            region: region.to_owned(),
        };
        let malformed = |problem: String| CallError::malformed(call.clone(), problem, None);
        let qualifier = function.qualifier();
        let qualifier = qualifier.map(|it| format!("?Qualifier={}", it.replace('$', "%24")));
        let path = path(
            FUNCTIONS,
            function.unqualified(),
            &qualifier.unwrap_or_default(),
        );
        let answer: One = self.ask_lambda_for(&call, &Request::get(path)).await?;
        let found = answer.configuration.read().map_err(malformed)?;
        let is_it = function.is(&found.arn, region)
            && function
                .qualifier()
                .is_none_or(|wanted| found.arn.qualifier() == Some(wanted));
        if !is_it {
            return Err(malformed(format!("it is about `{}`", found.arn)));
        }
        if found.is_image {
            return Ok(FunctionCode {
                function: found,
                package: None,
            });
        }
        let location = answer.code.and_then(|code| code.location);
        let location = location.ok_or_else(|| malformed("it has no package".to_owned()))?;
        let package = self.package_url(&location, region).await;
        Ok(FunctionCode {
            function: found,
            package: Some(package.map_err(|error| malformed(error.to_string()))?),
        })
    }
}
