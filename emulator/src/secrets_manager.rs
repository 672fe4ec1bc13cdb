//! AWS Secrets Manager (JSON 1.1): `CreateSecret`, `PutSecretValue`, `GetSecretValue`.
//!
//! As the API model 2017-10-17 says. The newest version is `AWSCURRENT`, the one before it `AWSPREVIOUS`; there is no
//! rotation and no deletion.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{call::Caller, error::AwsError, partition::partition, random, signed_call::SignedCall};

/// What `secrets.json` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// By ARN.
    secrets: BTreeMap<String, Secret>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Secret {
    name: String,
    /// Oldest first.
    versions: Vec<Version>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Version {
    id: String,
    text: Option<String>,
    /// In base64.
    binary: Option<String>,
    created: i64,
}

/// One signed call.
pub(crate) type Context<'a> = SignedCall<'a, Store>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    name: Option<String>,
    secret_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    client_request_token: Option<String>,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// Answers one operation.
pub(crate) fn handle(context: &Context<'_>, action: &str) -> Result<Value, AwsError> {
    let input: Input = context.input()?;
    match action {
        "CreateSecret" => create(context, input),
        "PutSecretValue" => put(context, input),
        "GetSecretValue" => get(context, &input),
        action => Err(AwsError::unknown_operation(action)),
    }
}

fn create(context: &Context<'_>, input: Input) -> Result<Value, AwsError> {
    let name = input.name.clone().unwrap_or_default();
    let is_name = (1..=512).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'/' | b'_' | b'+' | b'=' | b'.' | b'@' | b'-')
        });
    if !is_name {
        return Err(AwsError::client(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ));
    }
    let own = own(context.caller);
    let arn = format!("{own}{name}-{}", random::alphanumeric(6));
    context.store.change(|store| {
        if find(store, &own, &name).is_some() {
            let message = format!("The operation failed because the secret {name} already exists.");
            return Err(AwsError::client("ResourceExistsException", message));
        }
        let version = version(context, input);
        let id = version.id.clone();
        let secret = Secret {
            name: name.clone(),
            versions: vec![version],
        };
        store.secrets.insert(arn.clone(), secret);
        Ok(json!({ "ARN": arn, "Name": name, "VersionId": id }))
    })
}

fn put(context: &Context<'_>, input: Input) -> Result<Value, AwsError> {
    let own = own(context.caller);
    context.store.change(|store| {
        let wanted = input.secret_id.clone().unwrap_or_default();
        let arn = find(store, &own, &wanted).ok_or_else(not_found)?;
        let secret = store.secrets.get_mut(&arn).ok_or_else(not_found)?;
        let version = version(context, input);
        let id = version.id.clone();
        secret.versions.push(version);
        Ok(json!({ "ARN": arn, "Name": secret.name, "VersionId": id, "VersionStages": ["AWSCURRENT"] }))
    })
}

fn get(context: &Context<'_>, input: &Input) -> Result<Value, AwsError> {
    let wanted = input.secret_id.as_deref().unwrap_or_default();
    let store = context.store.read();
    let arn = find(&store, &own(context.caller), wanted).ok_or_else(not_found)?;
    let secret = store.secrets.get(&arn).ok_or_else(not_found)?;
    let last = secret.versions.len().saturating_sub(1);
    let at = match (&input.version_id, input.version_stage.as_deref()) {
        (Some(id), _) => secret.versions.iter().position(|version| version.id == *id),
        (None, None | Some("AWSCURRENT")) => Some(last),
        (None, Some("AWSPREVIOUS")) => last.checked_sub(1),
        (None, Some(_)) => None,
    };
    let version = at.and_then(|at| Some((at, secret.versions.get(at)?)));
    let (at, version) = version.ok_or_else(|| {
        AwsError::client(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for this version.",
        )
    })?;
    let stages = match last - at {
        0 => json!(["AWSCURRENT"]),
        1 => json!(["AWSPREVIOUS"]),
        _ => Value::Null,
    };
    Ok(json!({
        "ARN": arn,
        "Name": secret.name,
        "VersionId": version.id,
        "SecretString": version.text,
        "SecretBinary": version.binary,
        "VersionStages": stages,
        "CreatedDate": version.created,
    }))
}

fn version(context: &Context<'_>, input: Input) -> Version {
    Version {
        id: input.client_request_token.unwrap_or_else(random::uuid),
        text: input.secret_string,
        binary: input.secret_binary,
        created: context.now.unix_timestamp(),
    }
}

fn own(caller: &Caller) -> String {
    let Caller {
        account, region, ..
    } = caller;
    format!(
        "arn:{}:secretsmanager:{region}:{account}:secret:",
        partition(region)
    )
}

/// The ARN of the secret with this name or ARN, of the caller's account and region (`own`). AWS takes an ARN without the
/// six characters at its end too.
fn find(store: &Store, own: &str, wanted: &str) -> Option<String> {
    let name = wanted.strip_prefix(own).unwrap_or(wanted);
    let mut secrets = store.secrets.iter().filter(|(arn, _)| arn.starts_with(own));
    secrets
        .find(|(arn, secret)| arn.as_str() == wanted || secret.name == name)
        .map(|(arn, _)| arn.clone())
}

fn not_found() -> AwsError {
    AwsError::client(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
    )
}
