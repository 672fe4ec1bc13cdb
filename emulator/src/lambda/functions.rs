//! Functions: made, looked at, given other code and other layers.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Context;
use super::code::{self, Source};
use super::deployment::{admit_code, admit_layers, config};
use super::input::{body, page, query, timestamp};
use super::locations::location;
use super::names::{arn, conflict, find, find_mut, function_arn, invalid};
use super::store::{Function, Store};
use crate::{error::AwsError, random};

/// Members that AWS answers as it was told.
const TOLD: [&str; 13] = [
    "Role",
    "Runtime",
    "Handler",
    "Description",
    "Timeout",
    "MemorySize",
    "Architectures",
    "Environment",
    "TracingConfig",
    "KMSKeyArn",
    "DeadLetterConfig",
    "EphemeralStorage",
    "PackageType",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    function_name: String,
    /// Must be there.
    #[serde(rename = "Role")]
    _role: String,
    #[serde(default)]
    code: Source,
    #[serde(default)]
    layers: Vec<String>,
    code_signing_config_arn: Option<String>,
    #[serde(default)]
    tags: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateCode {
    #[serde(flatten)]
    source: Source,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateConfiguration {
    layers: Option<Vec<String>>,
    revision_id: Option<String>,
}

pub(super) fn create(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Create = body(context)?;
    let name = &input.function_name;
    let arn = arn(context.caller, &format!("function:{name}"));
    let mut members = json!({
        "Timeout": 3, "MemorySize": 128, "Architectures": ["x86_64"], "PackageType": "Zip",
    });
    tell(&mut members, context.body);
    let is_image = members.get("PackageType") == Some(&json!("Image"));
    if is_image && input.code_signing_config_arn.is_some() {
        return Err(invalid(
            "Code signing is not supported for functions created with container images.",
        ));
    }
    let archive = if is_image {
        None
    } else {
        Some(code::archive(context, &input.code)?)
    };
    context.store.change(|store| {
        if store.functions.contains_key(&arn) {
            return Err(conflict(&format!("Function already exist: {name}")));
        }
        let config = input.code_signing_config_arn.as_deref();
        let config = config.map(|arn| config_of(store, arn)).transpose()?;
        let signed = match &archive {
            Some(archive) => admit_code(context, config.as_ref(), archive, &arn)?,
            None => None,
        };
        admit_layers(context, store, config.as_ref(), &input.layers)?;
        let function = Function {
            name: name.clone(),
            arn: arn.clone(),
            members: members.as_object().cloned().unwrap_or_default(),
            code: archive.map(|archive| code::keep(store, &archive, signed)),
            layers: input.layers,
            config: input.code_signing_config_arn,
            tags: input.tags,
            last_modified: timestamp(context.now),
            revision_id: random::uuid(),
        };
        let answer = described(store, &function, None);
        store.functions.insert(arn.clone(), function);
        Ok(answer)
    })
}

/// Takes over what AWS answers as it was told.
fn tell(members: &mut Value, body: &Value) {
    for name in TOLD {
        if let (Some(value), Some(members)) = (body.get(name), members.as_object_mut())
            && !value.is_null()
        {
            members.insert(name.to_owned(), value.clone());
        }
    }
}

fn config_of(store: &Store, arn: &str) -> Result<super::store::CodeSigningConfig, AwsError> {
    config(store, arn).cloned()
}

/// A function's configuration, as of the qualifier that was asked for.
fn described(store: &Store, function: &Function, qualifier: Option<&str>) -> Value {
    let mut members = function.members.clone();
    let arn = match qualifier {
        Some(qualifier) => format!("{}:{qualifier}", function.arn),
        None => function.arn.clone(),
    };
    let layers: Vec<Value> = function
        .layers
        .iter()
        .map(|arn| {
            let layer = super::layers::find(store, arn).ok();
            let code = layer.map(|layer| &layer.code);
            let signed = code.and_then(|code| code.signed.as_ref());
            json!({
                "Arn": arn,
                "CodeSize": code.map(|code| code.size),
                "SigningProfileVersionArn": signed.map(|signed| &signed.profile_version_arn),
                "SigningJobArn": signed.map(|signed| &signed.job_arn),
            })
        })
        .collect();
    let code = function.code.as_ref();
    let signed = code.and_then(|code| code.signed.as_ref());
    let more = json!({
        "FunctionName": function.name,
        "FunctionArn": arn,
        "CodeSize": code.map_or(0, |code| code.size),
        "CodeSha256": code.map(super::store::Code::digest_in_base64),
        "SigningProfileVersionArn": signed.map(|signed| &signed.profile_version_arn),
        "SigningJobArn": signed.map(|signed| &signed.job_arn),
        "Layers": if layers.is_empty() { Value::Null } else { Value::Array(layers) },
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "LastModified": function.last_modified,
        "RevisionId": function.revision_id,
    });
    if let Value::Object(more) = more {
        members.extend(more);
    }
    Value::Object(members)
}

/// The function that a path names, and the qualifier of the path or the query.
fn named(context: &Context<'_>, name: &str) -> (String, Option<String>) {
    let (arn, qualifier) = function_arn(context.caller, name);
    (arn, qualifier.or_else(|| query(context, "Qualifier")))
}

pub(super) fn configuration(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let (arn, qualifier) = named(context, name);
    let store = context.store.read();
    let function = find(&store, &arn)?;
    Ok(described(&store, function, qualifier.as_deref()))
}

pub(super) fn get(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let (arn, qualifier) = named(context, name);
    let store = context.store.read();
    let function = find(&store, &arn)?;
    let code = match &function.code {
        Some(code) => json!({ "RepositoryType": "S3", "Location": location(context, code) }),
        None => json!({ "RepositoryType": "ECR" }),
    };
    let tags = (!function.tags.is_empty()).then_some(&function.tags);
    Ok(json!({
        "Configuration": described(&store, function, qualifier.as_deref()),
        "Code": code,
        "Tags": tags,
    }))
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let store = context.store.read();
    let own = arn(context.caller, "function:");
    let functions = store
        .functions
        .values()
        .filter(|function| function.arn.starts_with(&own));
    let items = functions
        .map(|function| (function.name.clone(), described(&store, function, None)))
        .collect();
    page(context, "Functions", items)
}

pub(super) fn update_code(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let input: UpdateCode = body(context)?;
    let (arn, _) = function_arn(context.caller, name);
    find(&context.store.read(), &arn)?;
    let archive = code::archive(context, &input.source)?;
    context.store.change(|store| {
        let function = find(store, &arn)?.clone();
        check_revision(&function, input.revision_id.as_deref())?;
        if function.code.is_none() {
            return Err(invalid(
                "Please don't provide ZipFile when updating a function with packageType Image.",
            ));
        }
        let config = function.config.as_deref();
        let config = config.map(|arn| config_of(store, arn)).transpose()?;
        let signed = admit_code(context, config.as_ref(), &archive, &arn)?;
        if input.dry_run {
            return Ok(described(store, &function, None));
        }
        let code = code::keep(store, &archive, signed);
        let function = find_mut(store, &arn)?;
        function.code = Some(code);
        function.last_modified = timestamp(context.now);
        function.revision_id = random::uuid();
        let function = function.clone();
        Ok(described(store, &function, None))
    })
}

pub(super) fn update_configuration(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let input: UpdateConfiguration = body(context)?;
    let (arn, _) = function_arn(context.caller, name);
    context.store.change(|store| {
        let mut function = find(store, &arn)?.clone();
        check_revision(&function, input.revision_id.as_deref())?;
        if let Some(layers) = input.layers {
            let config = function.config.as_deref();
            let config = config.map(|arn| config_of(store, arn)).transpose()?;
            admit_layers(context, store, config.as_ref(), &layers)?;
            function.layers = layers;
        }
        let mut members = Value::Object(function.members);
        tell(&mut members, context.body);
        function.members = members.as_object().cloned().unwrap_or_default();
        function.last_modified = timestamp(context.now);
        function.revision_id = random::uuid();
        let answer = described(store, &function, None);
        store.functions.insert(arn, function);
        Ok(answer)
    })
}

fn check_revision(function: &Function, wanted: Option<&str>) -> Result<(), AwsError> {
    match wanted {
        Some(wanted) if wanted != function.revision_id => Err(AwsError::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
             retrieve the latest Revision Id",
        )),
        _ => Ok(()),
    }
}

pub(super) fn delete(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let (arn, _) = function_arn(context.caller, name);
    context.store.change(|store| {
        find(store, &arn)?;
        store.functions.remove(&arn);
        Ok(json!({}))
    })
}
