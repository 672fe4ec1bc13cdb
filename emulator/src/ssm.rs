//! Parameters of AWS Systems Manager (JSON 1.1): `PutParameter`, `GetParameter`.
//!
//! As the API model 2014-11-06 says. A parameter keeps all its versions; labels and policies are not here.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{call::Caller, error::AwsError, partition::partition, signed_call::SignedCall};

/// What `ssm.json` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// By ARN; the first version has number 1.
    parameters: BTreeMap<String, Vec<Version>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Version {
    name: String,
    kind: String,
    value: String,
    modified: i64,
}

/// One signed call.
pub(crate) type Context<'a> = SignedCall<'a, Store>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    name: Option<String>,
    value: Option<String>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(default)]
    overwrite: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    name: Option<String>,
    #[serde(default)]
    with_decryption: bool,
}

/// Answers one operation.
pub(crate) fn handle(context: &Context<'_>, action: &str) -> Result<Value, AwsError> {
    match action {
        "PutParameter" => put(context),
        "GetParameter" => get(context),
        action => Err(AwsError::unknown_operation(action)),
    }
}

fn put(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Put = context.input()?;
    let name = input.name.unwrap_or_default();
    let is_name = (1..=1011).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'.' | b'-'));
    if !is_name {
        return Err(invalid("Parameter name is not valid"));
    }
    let value = input.value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| invalid("Parameter value can't be empty"))?;
    if value.len() > 8192 {
        return Err(invalid("Parameter value is longer than 8192 characters"));
    }
    let arn = arn(context.caller, &name);
    context.store.change(|store| {
        let versions = store.parameters.entry(arn).or_default();
        if !versions.is_empty() && !input.overwrite {
            return Err(AwsError::client(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            ));
        }
        let last = versions.last().map(|version| version.kind.clone());
        let kind = input.kind.or(last).unwrap_or_else(|| "String".to_owned());
        versions.push(Version {
            name: name.clone(),
            kind,
            value,
            modified: context.now.unix_timestamp(),
        });
        Ok(json!({ "Version": versions.len(), "Tier": "Standard" }))
    })
}

fn get(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Get = context.input()?;
    let asked = input.name.unwrap_or_default();
    // `NAME:VERSION`; an ARN has five colons of its own.
    let colons = if asked.starts_with("arn:") { 5 } else { 0 };
    let (name, selector) = match asked.match_indices(':').nth(colons) {
        Some((at, _)) => (asked.get(..at).unwrap_or_default(), asked.get(at + 1..)),
        None => (asked.as_str(), None),
    };
    let arn = match name.strip_prefix("arn:") {
        Some(_) => name.to_owned(),
        None => arn(context.caller, name),
    };
    let not_found = || AwsError::client("ParameterNotFound", "");
    let store = context.store.read();
    let versions = store.parameters.get(&arn).ok_or_else(not_found)?;
    let number = match selector {
        None => versions.len(),
        Some(text) => text.parse().unwrap_or_default(),
    };
    let version = number.checked_sub(1).and_then(|at| versions.get(at));
    let version = version.ok_or_else(|| {
        let message = format!("Systems Manager could not find version {number} of {name}.");
        AwsError::client("ParameterVersionNotFound", message)
    })?;
    let is_hidden = version.kind == "SecureString" && !input.with_decryption;
    let value = if is_hidden {
        STANDARD.encode(aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            version.value.as_bytes(),
        ))
    } else {
        version.value.clone()
    };
    Ok(json!({ "Parameter": {
        "Name": version.name,
        "Type": version.kind,
        "Value": value,
        "Version": number,
        "Selector": selector.map(|selector| format!(":{selector}")),
        "LastModifiedDate": version.modified,
        "ARN": arn,
        "DataType": "text",
    } }))
}

/// The ARN of a parameter: one slash after the word, whether the name begins with one or not.
fn arn(caller: &Caller, name: &str) -> String {
    let Caller {
        account, region, ..
    } = caller;
    format!(
        "arn:{}:ssm:{region}:{account}:parameter/{}",
        partition(region),
        name.trim_start_matches('/')
    )
}

fn invalid(message: &str) -> AwsError {
    AwsError::client("ValidationException", message)
}
