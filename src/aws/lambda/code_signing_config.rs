//! Code signing configurations: which profiles may sign the packages of functions, and what becomes of others.

use ::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config_arn::CodeSigningConfigArn;
use super::function::AwsList;
use super::function_arn::{FunctionArn, FunctionName};
use super::request::{READS, Request, page, path};
use crate::aws::arn::SigningProfileVersionArn;
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::aws::pages::Pages;
use crate::aws::retry::Repeat;
use crate::aws::signed_call::decoded;
use crate::limits::{LAMBDA_CONFIGS_PER_PAGE, LAMBDA_NAMES_PER_PAGE, MAX_LAMBDA_PAGES};
use crate::partition::Partition;

const CONFIGS: &str = "/2020-04-22/code-signing-configs";
const FUNCTIONS: &str = "/2020-06-30/functions";
const OF_FUNCTION: &str = "/code-signing-config";

/// What becomes of a package that no allowed profile signed (shape `CodeSigningPolicy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UntrustedArtifact {
    /// It is deployed, with a warning in Amazon's logs and metrics.
    Warn,
    /// It is refused.
    Enforce,
}

impl UntrustedArtifact {
    /// AWS's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "Warn",
            Self::Enforce => "Enforce",
        }
    }
}

/// A code signing configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSigningConfig {
    /// Its ARN.
    pub arn: CodeSigningConfigArn,
    /// What its owner says of it.
    pub description: Option<String>,
    /// The profiles whose signatures it accepts.
    pub profiles: Vec<SigningProfileVersionArn>,
    /// What becomes of other packages.
    pub untrusted: UntrustedArtifact,
    /// When it was changed last, in AWS's form.
    pub last_modified: Option<String>,
}

/// A configuration to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCodeSigningConfig {
    /// What is said of it.
    pub description: Option<String>,
    /// The profiles whose signatures it accepts.
    pub profiles: Vec<SigningProfileVersionArn>,
    /// What becomes of other packages.
    pub untrusted: UntrustedArtifact,
}

/// What of a configuration is to be another; the rest stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeSigningConfigChange {
    /// What is said of it.
    pub description: Option<String>,
    /// The profiles, all of them.
    pub profiles: Option<Vec<SigningProfileVersionArn>>,
    /// What becomes of other packages.
    pub untrusted: Option<UntrustedArtifact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    code_signing_config: Row,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigPage {
    next_marker: Option<String>,
    #[serde(default)]
    code_signing_configs: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionPage {
    next_marker: Option<String>,
    #[serde(default)]
    function_arns: Vec<String>,
}

/// Shape `CodeSigningConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    code_signing_config_arn: String,
    description: Option<String>,
    allowed_publishers: Publishers,
    code_signing_policies: Option<Policies>,
    last_modified: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publishers {
    signing_profile_version_arns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policies {
    untrusted_artifact_on_deployment: Option<UntrustedArtifact>,
}

/// The answers about one function; AWS leaves both members out where the function has no configuration.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    code_signing_config_arn: Option<String>,
    function_name: Option<String>,
}

impl Row {
    fn read(self) -> Result<CodeSigningConfig, String> {
        let arn = CodeSigningConfigArn::parse(&self.code_signing_config_arn)
            .map_err(|error| format!("its ARN is unusable: {error}"))?;
        let profiles = self.allowed_publishers.signing_profile_version_arns;
        let profiles = profiles
            .iter()
            .map(|profile| SigningProfileVersionArn::parse(profile));
        let profiles = profiles.collect::<Result<Vec<_>, _>>();
        let policies = self.code_signing_policies;
        let untrusted = policies.and_then(|policies| policies.untrusted_artifact_on_deployment);
        Ok(CodeSigningConfig {
            arn,
            description: self.description.filter(|text| !text.is_empty()),
            profiles: profiles
                .map_err(|error| format!("a signing profile in it is unusable: {error}"))?,
            // AWS's default.
            untrusted: untrusted.unwrap_or(UntrustedArtifact::Warn),
            last_modified: self.last_modified,
        })
    }
}

impl Aws {
    /// A code signing configuration.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about it.
    pub async fn code_signing_config(
        &self,
        arn: &CodeSigningConfigArn,
    ) -> Result<CodeSigningConfig, CallError> {
        let call = about("lambda:GetCodeSigningConfig", arn);
        let request = Request::get(path(CONFIGS, &arn.to_string(), ""));
        let answer: One = self.ask_lambda_for(&call, &request).await?;
        of_this(&call, arn, answer.code_signing_config)
    }

    /// Creates a code signing configuration in `region`.
    ///
    /// # Errors
    ///
    /// [`CallError`] where it was not created, or where AWS does not say that this was.
    pub async fn create_code_signing_config(
        &self,
        new: &NewCodeSigningConfig,
        region: &str,
    ) -> Result<CodeSigningConfig, CallError> {
        let call = in_region("lambda:CreateCodeSigningConfig", region);
        let request = Request {
            method: Method::POST,
            path: CONFIGS.to_owned(),
            body: Some(body(
                new.description.as_deref(),
                Some(&new.profiles),
                Some(new.untrusted),
            )),
            // Another one is made where the first one was done after all.
            repeat: Repeat::Fails,
        };
        let answer: One = self.ask_lambda_for(&call, &request).await?;
        let found = read(&call, answer.code_signing_config)?;
        let is_it = found.description == new.description.clone().filter(|text| !text.is_empty())
            && same(&found.profiles, &new.profiles)
            && found.untrusted == new.untrusted
            && found.arn.location().region() == region;
        if is_it {
            return Ok(found);
        }
        let problem = format!("it describes another configuration, `{}`", found.arn);
        Err(CallError::malformed(call, problem, None))
    }

    /// Changes a code signing configuration.
    ///
    /// # Errors
    ///
    /// [`CallError`] where it was not changed, or where AWS does not say that it was changed like this.
    pub async fn update_code_signing_config(
        &self,
        arn: &CodeSigningConfigArn,
        change: &CodeSigningConfigChange,
    ) -> Result<CodeSigningConfig, CallError> {
        let call = about("lambda:UpdateCodeSigningConfig", arn);
        let request = Request {
            method: Method::PUT,
            path: path(CONFIGS, &arn.to_string(), ""),
            body: Some(body(
                change.description.as_deref(),
                change.profiles.as_deref(),
                change.untrusted,
            )),
            repeat: READS,
        };
        let answer: One = self.ask_lambda_for(&call, &request).await?;
        let found = of_this(&call, arn, answer.code_signing_config)?;
        let description = change.description.as_deref();
        let profiles = change.profiles.as_deref();
        let is_done = description
            .is_none_or(|wanted| found.description.as_deref().unwrap_or_default() == wanted)
            && profiles.is_none_or(|wanted| same(&found.profiles, wanted))
            && change
                .untrusted
                .is_none_or(|wanted| found.untrusted == wanted);
        if is_done {
            return Ok(found);
        }
        let problem = "it does not describe what was asked for";
        Err(CallError::malformed(call, problem, None))
    }

    /// Deletes a code signing configuration that no function has.
    ///
    /// # Errors
    ///
    /// [`CallError`] where it was not deleted.
    pub async fn delete_code_signing_config(
        &self,
        arn: &CodeSigningConfigArn,
    ) -> Result<(), CallError> {
        let call = about("lambda:DeleteCodeSigningConfig", arn);
        let request = Request {
            method: Method::DELETE,
            path: path(CONFIGS, &arn.to_string(), ""),
            body: None,
            repeat: Repeat::Fails,
        };
        self.ask_lambda(&call, &request).await.map(drop)
    }

    /// The code signing configurations of the caller's account in `region`.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer.
    pub async fn code_signing_configs(
        &self,
        region: &str,
    ) -> Result<AwsList<CodeSigningConfig>, CallError> {
        let call = in_region("lambda:ListCodeSigningConfigs", region);
        let mut pages = Pages::at_most(MAX_LAMBDA_PAGES);
        let mut found = Vec::new();
        while pages.has_next() {
            let request = Request::get(page(CONFIGS, LAMBDA_CONFIGS_PER_PAGE, pages.token()));
            let answer: ConfigPage = self.ask_lambda_for(&call, &request).await?;
            for row in answer.code_signing_configs {
                found.push(read(&call, row)?);
            }
            let turned = pages.turn(answer.next_marker.as_deref());
            turned.map_err(|problem| CallError::malformed(call.clone(), problem, None))?;
        }
        Ok(AwsList::new(found, pages.is_complete()))
    }

    /// The functions that have a configuration, without versions.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about it.
    pub async fn functions_of_config(
        &self,
        arn: &CodeSigningConfigArn,
    ) -> Result<AwsList<FunctionArn>, CallError> {
        let call = about("lambda:ListFunctionsByCodeSigningConfig", arn);
        let path = path(CONFIGS, &arn.to_string(), "/functions");
        let mut pages = Pages::at_most(MAX_LAMBDA_PAGES);
        let mut found = Vec::new();
        let malformed = |problem: String| CallError::malformed(call.clone(), problem, None);
        while pages.has_next() {
            let request = Request::get(page(&path, LAMBDA_NAMES_PER_PAGE, pages.token()));
            let answer: FunctionPage = self.ask_lambda_for(&call, &request).await?;
            for text in answer.function_arns {
                let function =
                    FunctionArn::new(&text).map_err(|error| malformed(error.to_string()))?;
                found.push(function);
            }
            pages
                .turn(answer.next_marker.as_deref())
                .map_err(malformed)?;
        }
        Ok(AwsList::new(found, pages.is_complete()))
    }

    /// The configuration that a function has, if it has one; it counts for all versions.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about the function.
    pub async fn function_code_signing_config(
        &self,
        function: &FunctionName,
        region: &str,
    ) -> Result<Option<CodeSigningConfigArn>, CallError> {
        let call = of_function("lambda:GetFunctionCodeSigningConfig", function, region);
        let request = Request::get(path(FUNCTIONS, function.unqualified(), OF_FUNCTION));
        let answer = self.ask_lambda(&call, &request).await?;
        let body = answer.body().bytes().unwrap_or_default();
        // A function without a configuration has an empty answer.
        if body.is_empty() {
            return Ok(None);
        }
        let answer: Attached = decoded(&call, body)?;
        attached(&call, function, answer)
    }

    /// Gives a function this configuration, in the place of the one that it has.
    ///
    /// # Errors
    ///
    /// [`CallError`] where it does not have it now.
    pub async fn attach_code_signing_config(
        &self,
        function: &FunctionName,
        config: &CodeSigningConfigArn,
        region: &str,
    ) -> Result<(), CallError> {
        let call = of_function("lambda:PutFunctionCodeSigningConfig", function, region);
        let request = Request {
            method: Method::PUT,
            path: path(FUNCTIONS, function.unqualified(), OF_FUNCTION),
            body: Some(json!({ "CodeSigningConfigArn": config.to_string() })),
            repeat: READS,
        };
        let answer: Attached = self.ask_lambda_for(&call, &request).await?;
        match attached(&call, function, answer)? {
            Some(found) if found == *config => Ok(()),
            _ => {
                let problem = "it does not name the configuration that was asked for";
                Err(CallError::malformed(call, problem, None))
            }
        }
    }

    /// Takes its configuration from a function.
    ///
    /// # Errors
    ///
    /// [`CallError`] where it was not taken.
    pub async fn detach_code_signing_config(
        &self,
        function: &FunctionName,
        region: &str,
    ) -> Result<(), CallError> {
        let call = of_function("lambda:DeleteFunctionCodeSigningConfig", function, region);
        let request = Request {
            method: Method::DELETE,
            path: path(FUNCTIONS, function.unqualified(), OF_FUNCTION),
            body: None,
            repeat: Repeat::Fails,
        };
        self.ask_lambda(&call, &request).await.map(drop)
    }
}

fn about(action: &'static str, arn: &CodeSigningConfigArn) -> Call {
    Call {
        action,
        resource: arn.to_string(),
        region: arn.location().region().to_owned(),
    }
}

/// A call that AWS knows no resource for.
fn in_region(action: &'static str, region: &str) -> Call {
    Call {
        action,
        resource: "*".to_owned(),
        region: region.to_owned(),
    }
}

fn of_function(action: &'static str, function: &FunctionName, region: &str) -> Call {
    Call {
        action,
        resource: function.resource(region),
        region: region.to_owned(),
    }
}

fn body(
    description: Option<&str>,
    profiles: Option<&[SigningProfileVersionArn]>,
    untrusted: Option<UntrustedArtifact>,
) -> Value {
    let mut body = serde_json::Map::new();
    if let Some(description) = description {
        body.insert("Description".to_owned(), json!(description));
    }
    if let Some(profiles) = profiles {
        let profiles: Vec<String> = profiles.iter().map(ToString::to_string).collect();
        let publishers = json!({ "SigningProfileVersionArns": profiles });
        body.insert("AllowedPublishers".to_owned(), publishers);
    }
    if let Some(untrusted) = untrusted {
        let policies = json!({ "UntrustedArtifactOnDeployment": untrusted });
        body.insert("CodeSigningPolicies".to_owned(), policies);
    }
    Value::Object(body)
}

fn read(call: &Call, row: Row) -> Result<CodeSigningConfig, CallError> {
    let found = row.read();
    let found = found.map_err(|problem| CallError::malformed(call.clone(), problem, None))?;
    let location = found.arn.location();
    if location.region() == call.region
        && location.partition() == Partition::of_region(&call.region)
    {
        return Ok(found);
    }
    let problem = format!("it is about `{}`", found.arn);
    Err(CallError::malformed(call.clone(), problem, None))
}

fn of_this(
    call: &Call,
    arn: &CodeSigningConfigArn,
    row: Row,
) -> Result<CodeSigningConfig, CallError> {
    let found = read(call, row)?;
    if found.arn == *arn {
        return Ok(found);
    }
    let problem = format!("it is about `{}`", found.arn);
    Err(CallError::malformed(call.clone(), problem, None))
}

fn attached(
    call: &Call,
    function: &FunctionName,
    answer: Attached,
) -> Result<Option<CodeSigningConfigArn>, CallError> {
    let malformed = |problem: String| CallError::malformed(call.clone(), problem, None);
    let Some(config) = answer.code_signing_config_arn else {
        return Ok(None);
    };
    // AWS answers with the name, whatever it was asked with.
    let named = answer.function_name.unwrap_or_default();
    let named = named.rsplit(":function:").next().unwrap_or_default();
    let wanted = function.unqualified();
    let wanted = wanted.rsplit(":function:").next().unwrap_or_default();
    if named != wanted {
        return Err(malformed("it is about another function".to_owned()));
    }
    let config = CodeSigningConfigArn::parse(&config);
    config
        .map(Some)
        .map_err(|error| malformed(format!("its configuration is unusable: {error}")))
}

/// Whether these are the same profiles, in whatever order.
fn same(some: &[SigningProfileVersionArn], others: &[SigningProfileVersionArn]) -> bool {
    some.len() == others.len() && others.iter().all(|one| some.contains(one))
}
