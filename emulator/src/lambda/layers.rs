//! Layers: published, looked at, listed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Context;
use super::checks::{Signature, signature};
use super::code::{self, Source};
use super::input::{body, page, timestamp};
use super::locations::location;
use super::names::{arn, invalid, not_found};
use super::store::{LayerVersion, Store};
use crate::error::AwsError;

/// Members that AWS answers as it was told.
const TOLD: [&str; 4] = [
    "Description",
    "CompatibleRuntimes",
    "CompatibleArchitectures",
    "LicenseInfo",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publish {
    content: Source,
}

/// The layer version of this ARN, also of another account.
pub(super) fn find<'s>(store: &'s Store, arn: &str) -> Result<&'s LayerVersion, AwsError> {
    let found = arn.rsplit_once(':').and_then(|(layer, version)| {
        let version = version.parse::<u64>().ok()?;
        let versions = store.layers.get(layer)?;
        versions.iter().find(|layer| layer.version == version)
    });
    found.ok_or_else(|| invalid(&format!("Layer version {arn} does not exist.")))
}

/// A layer's ARN, by that or by its name.
fn layer_arn(context: &Context<'_>, name: &str) -> String {
    if name.starts_with("arn:") {
        name.to_owned()
    } else {
        arn(context.caller, &format!("layer:{name}"))
    }
}

pub(super) fn publish(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let input: Publish = body(context)?;
    let archive = code::archive(context, &input.content)?;
    // A damaged signature passes for none.
    let signed = match signature(context, &archive)? {
        Signature::Intact(signed) => Some(signed),
        Signature::None | Signature::Damaged => None,
    };
    let mut members = Map::new();
    for name in TOLD {
        if let Some(value) = context.body.get(name) {
            members.insert(name.to_owned(), value.clone());
        }
    }
    let arn = layer_arn(context, name);
    context.store.change(|store| {
        let code = code::keep(store, &archive, signed);
        let versions = store.layers.entry(arn.clone()).or_default();
        let layer = LayerVersion {
            version: versions.last().map_or(1, |last| last.version + 1),
            members,
            created: timestamp(context.now),
            code,
        };
        let answer = described(context, &arn, &layer);
        versions.push(layer);
        Ok(answer)
    })
}

fn described(context: &Context<'_>, arn: &str, layer: &LayerVersion) -> Value {
    let signed = layer.code.signed.as_ref();
    let mut members = listed(arn, layer);
    let more = json!({
        "LayerArn": arn,
        "Content": {
            "Location": location(context, &layer.code),
            "CodeSha256": layer.code.digest_in_base64(),
            "CodeSize": layer.code.size,
            "SigningProfileVersionArn": signed.map(|signed| &signed.profile_version_arn),
            "SigningJobArn": signed.map(|signed| &signed.job_arn),
        },
    });
    if let (Value::Object(members), Value::Object(more)) = (&mut members, more) {
        members.extend(more);
    }
    members
}

/// A version as lists have it.
fn listed(arn: &str, layer: &LayerVersion) -> Value {
    let mut members = layer.members.clone();
    let more = json!({
        "LayerVersionArn": format!("{arn}:{}", layer.version),
        "Version": layer.version,
        "CreatedDate": layer.created,
    });
    if let Value::Object(more) = more {
        members.extend(more);
    }
    Value::Object(members)
}

fn missing(arn: &str) -> AwsError {
    not_found(&format!(
        "The resource you requested does not exist. (Layer version {arn})"
    ))
}

pub(super) fn get(context: &Context<'_>, name: &str, version: &str) -> Result<Value, AwsError> {
    let arn = format!("{}:{version}", layer_arn(context, name));
    get_by_arn(context, &arn)
}

pub(super) fn get_by_arn(context: &Context<'_>, arn: &str) -> Result<Value, AwsError> {
    let store = context.store.read();
    let layer = find(&store, arn).map_err(|_| missing(arn))?;
    let (layer_arn, _) = arn.rsplit_once(':').unwrap_or((arn, ""));
    Ok(described(context, layer_arn, layer))
}

/// The layers of the caller's account and region.
fn own<'s>(context: &Context<'_>, store: &'s Store) -> BTreeMap<&'s str, &'s Vec<LayerVersion>> {
    let own = arn(context.caller, "layer:");
    let layers = store.layers.iter();
    layers
        .filter_map(|(arn, versions)| Some((arn.strip_prefix(&own)?, versions)))
        .collect()
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let store = context.store.read();
    let mut items = Vec::new();
    for (name, versions) in own(context, &store) {
        let arn = layer_arn(context, name);
        let latest = versions.last().map(|layer| listed(&arn, layer));
        let layer = json!({ "LayerName": name, "LayerArn": arn, "LatestMatchingVersion": latest });
        items.push((name.to_owned(), layer));
    }
    page(context, "Layers", items)
}

/// Newest first.
pub(super) fn versions(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let store = context.store.read();
    let arn = layer_arn(context, name);
    let versions = store
        .layers
        .get(&arn)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let items = versions.iter().rev().map(|layer| {
        let key = format!("{:020}", u64::MAX - layer.version);
        (key, listed(&arn, layer))
    });
    page(context, "LayerVersions", items.collect())
}
