//! Code signing configurations, and which functions have one.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Context;
use super::deployment::config;
use super::input::{body, page, timestamp};
use super::names::{
    arn, conflict, find, find_mut, function_arn, invalid, is_profile_version, not_found,
};
use super::store::{CodeSigningConfig, Policy, Store};
use crate::{error::AwsError, random};

/// `SigningProfileVersionArns`.
const MAX_ALLOWED: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigRequest {
    description: Option<String>,
    allowed_publishers: Option<Publishers>,
    code_signing_policies: Option<Policies>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publishers {
    signing_profile_version_arns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policies {
    untrusted_artifact_on_deployment: Option<Policy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attach {
    code_signing_config_arn: String,
}

impl ConfigRequest {
    fn allowed(&self) -> Result<Option<&Vec<String>>, AwsError> {
        let Some(publishers) = &self.allowed_publishers else {
            return Ok(None);
        };
        let arns = &publishers.signing_profile_version_arns;
        if arns.is_empty() || arns.len() > MAX_ALLOWED {
            let message = format!(
                "1 validation error detected: Value at 'allowedPublishers.signingProfileVersionArns' failed to satisfy \
                 constraint: Member must have length {} than or equal to {}",
                if arns.is_empty() { "greater" } else { "less" },
                if arns.is_empty() { 1 } else { MAX_ALLOWED },
            );
            return Err(invalid(&message));
        }
        match arns.iter().find(|arn| !is_profile_version(arn)) {
            Some(arn) => Err(invalid(&format!(
                "The signing profile version ARN is not valid: {arn}"
            ))),
            None => Ok(Some(arns)),
        }
    }

    fn policy(&self) -> Option<Policy> {
        self.code_signing_policies
            .as_ref()?
            .untrusted_artifact_on_deployment
    }
}

fn described(config: &CodeSigningConfig) -> Value {
    json!({
        "CodeSigningConfigId": config.id,
        "CodeSigningConfigArn": config.arn,
        "Description": config.description,
        "AllowedPublishers": { "SigningProfileVersionArns": config.allowed },
        "CodeSigningPolicies": { "UntrustedArtifactOnDeployment": config.policy },
        "LastModified": config.last_modified,
    })
}

/// The configuration of this ARN, for the operations that are about it.
fn known<'s>(store: &'s Store, arn: &str) -> Result<&'s CodeSigningConfig, AwsError> {
    store.configs.get(arn).ok_or_else(|| {
        not_found(&format!(
            "The code signing configuration cannot be found: {arn}"
        ))
    })
}

pub(super) fn create(context: &Context<'_>) -> Result<Value, AwsError> {
    let told: ConfigRequest = body(context)?;
    let allowed = told.allowed()?.cloned().ok_or_else(|| {
        invalid(
            "1 validation error detected: Value null at 'allowedPublishers' failed to satisfy constraint: Member must \
             not be null",
        )
    })?;
    let id = format!("csc-0{}", random::hex(8));
    let config = CodeSigningConfig {
        arn: arn(context.caller, &format!("code-signing-config:{id}")),
        id,
        allowed,
        policy: told.policy().unwrap_or(Policy::Warn),
        description: told.description,
        last_modified: timestamp(context.now),
    };
    let answer = json!({ "CodeSigningConfig": described(&config) });
    context.store.change(|store| {
        store.configs.insert(config.arn.clone(), config);
        Ok(answer)
    })
}

pub(super) fn get(context: &Context<'_>, arn: &str) -> Result<Value, AwsError> {
    let store = context.store.read();
    Ok(json!({ "CodeSigningConfig": described(known(&store, arn)?) }))
}

pub(super) fn update(context: &Context<'_>, arn: &str) -> Result<Value, AwsError> {
    let told: ConfigRequest = body(context)?;
    let allowed = told.allowed()?.cloned();
    context.store.change(|store| {
        let mut config = known(store, arn)?.clone();
        config.policy = told.policy().unwrap_or(config.policy);
        config.allowed = allowed.unwrap_or(config.allowed);
        config.description = told.description.or(config.description);
        config.last_modified = timestamp(context.now);
        let answer = json!({ "CodeSigningConfig": described(&config) });
        store.configs.insert(arn.to_owned(), config);
        Ok(answer)
    })
}

pub(super) fn delete(context: &Context<'_>, arn: &str) -> Result<Value, AwsError> {
    context.store.change(|store| {
        known(store, arn)?;
        if using(store, arn).next().is_some() {
            let message = format!(
                "Cannot delete the code signing configuration {arn} because it is used by functions."
            );
            return Err(conflict(&message));
        }
        store.configs.remove(arn);
        Ok(json!({}))
    })
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let own = arn(context.caller, "code-signing-config:");
    let store = context.store.read();
    let configs = store
        .configs
        .values()
        .filter(|config| config.arn.starts_with(&own));
    let items = configs
        .map(|config| (config.arn.clone(), described(config)))
        .collect();
    page(context, "CodeSigningConfigs", items)
}

/// ARNs of the functions that have a configuration.
fn using<'s>(store: &'s Store, arn: &'s str) -> impl Iterator<Item = &'s String> {
    let functions = store.functions.values();
    functions
        .filter(move |function| function.config.as_deref() == Some(arn))
        .map(|function| &function.arn)
}

pub(super) fn functions(context: &Context<'_>, arn: &str) -> Result<Value, AwsError> {
    let store = context.store.read();
    known(&store, arn)?;
    let items = using(&store, arn).map(|arn| (arn.clone(), json!(arn)));
    page(context, "FunctionArns", items.collect())
}

pub(super) fn attach(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let input: Attach = body(context)?;
    let (arn, _) = function_arn(context.caller, name);
    context.store.change(|store| {
        let wanted = config(store, &input.code_signing_config_arn)?.arn.clone();
        let function = find_mut(store, &arn)?;
        if function.code.is_none() {
            return Err(invalid(
                "Code signing is not supported for functions created with container images.",
            ));
        }
        function.config = Some(wanted.clone());
        Ok(json!({ "CodeSigningConfigArn": wanted, "FunctionName": function.name }))
    })
}

/// A function without a configuration has none in the answer.
pub(super) fn attached(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let (arn, _) = function_arn(context.caller, name);
    let store = context.store.read();
    let function = find(&store, &arn)?;
    Ok(match &function.config {
        Some(config) => json!({ "CodeSigningConfigArn": config, "FunctionName": function.name }),
        None => json!({}),
    })
}

pub(super) fn detach(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let (arn, _) = function_arn(context.caller, name);
    context.store.change(|store| {
        find_mut(store, &arn)?.config = None;
        Ok(json!({}))
    })
}
