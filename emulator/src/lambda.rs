//! AWS Lambda (REST JSON): `CreateFunction`, `GetFunctionConfiguration`. Nothing runs.
//!
//! As the API model 2015-03-31 says. A function has one version, `$LATEST`; any qualifier that a question names is taken
//! for an alias of it.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{call::Caller, error::AwsError, partition::partition, random, saved::Saved};

const FUNCTIONS: &str = "/2015-03-31/functions";

/// What `lambda.json` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// By ARN.
    functions: BTreeMap<String, Value>,
}

/// An operation, with the function that its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateFunction,
    /// A name or an ARN.
    GetFunctionConfiguration(String),
}

impl Operation {
    /// The operation with this method and path.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let rest = path.strip_prefix(FUNCTIONS)?;
        if *method == Method::POST && matches!(rest, "" | "/") {
            return Some(Self::CreateFunction);
        }
        let name = rest.strip_prefix('/')?.strip_suffix("/configuration")?;
        let is_one = *method == Method::GET && !name.is_empty() && !name.contains('/');
        let name = percent_decode_str(name).decode_utf8().ok()?;
        is_one.then(|| Self::GetFunctionConfiguration(name.into_owned()))
    }

    /// The name in the recorded calls, and for faults.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CreateFunction => "CreateFunction",
            Self::GetFunctionConfiguration(_) => "GetFunctionConfiguration",
        }
    }
}

/// One signed call.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Saved<Store>,
    pub(crate) caller: &'a Caller,
    pub(crate) body: &'a Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    function_name: String,
    role: String,
    runtime: Option<String>,
    handler: Option<String>,
    #[serde(default)]
    code: Code,
    timeout: Option<u32>,
    memory_size: Option<u32>,
    architectures: Option<Vec<String>>,
    package_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Code {
    zip_file: Option<String>,
}

/// Answers one operation.
pub(crate) fn handle(context: &Context<'_>, operation: &Operation) -> Result<Value, AwsError> {
    match operation {
        Operation::CreateFunction => create(context),
        Operation::GetFunctionConfiguration(name) => configuration(context, name),
    }
}

fn create(context: &Context<'_>) -> Result<Value, AwsError> {
    let input = Create::deserialize(context.body)
        .map_err(|error| AwsError::client("InvalidRequestContentException", error.to_string()))?;
    let arn = arn(context.caller, &input.function_name);
    let code = STANDARD
        .decode(input.code.zip_file.unwrap_or_default())
        .map_err(|error| AwsError::client("InvalidParameterValueException", error.to_string()))?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &code);
    let function = json!({
        "FunctionName": input.function_name,
        "FunctionArn": arn,
        "Role": input.role,
        "Runtime": input.runtime,
        "Handler": input.handler,
        "CodeSize": code.len(),
        "CodeSha256": STANDARD.encode(digest),
        "Timeout": input.timeout.unwrap_or(3),
        "MemorySize": input.memory_size.unwrap_or(128),
        "Architectures": input.architectures.unwrap_or_else(|| vec!["x86_64".to_owned()]),
        "PackageType": input.package_type.as_deref().unwrap_or("Zip"),
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "RevisionId": random::uuid(),
    });
    context.store.change(|store| {
        if store.functions.contains_key(&arn) {
            let message = format!("Function already exist: {}", input.function_name);
            return Err(AwsError::new(
                StatusCode::CONFLICT,
                "ResourceConflictException",
                message,
            ));
        }
        store.functions.insert(arn.clone(), function.clone());
        Ok(function.clone())
    })
}

fn configuration(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let own = arn(context.caller, "");
    let name = name.strip_prefix(&own).unwrap_or(name);
    let (name, qualifier) = match name.split_once(':') {
        Some((name, qualifier)) if !name.is_empty() => (name, Some(qualifier)),
        _ => (name, None),
    };
    let plain = arn(context.caller, name);
    let store = context.store.read();
    let function = store.functions.get(&plain).ok_or_else(|| {
        let message = format!("Function not found: {plain}");
        AwsError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    })?;
    let mut function = function.clone();
    if let (Some(members), Some(qualifier)) = (function.as_object_mut(), qualifier) {
        members.insert(
            "FunctionArn".to_owned(),
            json!(format!("{plain}:{qualifier}")),
        );
    }
    Ok(function)
}

fn arn(caller: &Caller, name: &str) -> String {
    let Caller {
        account, region, ..
    } = caller;
    format!(
        "arn:{}:lambda:{region}:{account}:function:{name}",
        partition(region)
    )
}
