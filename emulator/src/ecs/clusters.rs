//! `CreateCluster` and `ListClusters`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Context, invalid, is_name};
use super::lists::Page;
use crate::error::AwsError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    cluster_name: Option<String>,
}

pub(super) fn create(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Create = context.input()?;
    let name = input.cluster_name.unwrap_or_else(|| "default".to_owned());
    if !is_name(&name) {
        return Err(invalid("Invalid cluster name."));
    }
    let arn = context.arn(&format!("cluster/{name}"));
    context.store.change(|store| {
        store.clusters.insert(arn.clone());
        Ok(json!({ "cluster": { "clusterArn": arn, "clusterName": name, "status": "ACTIVE" } }))
    })
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let page: Page = context.input()?;
    let before = context.arn("cluster/");
    let store = context.store.read();
    let clusters = store.clusters.iter().filter(|arn| arn.starts_with(&before));
    let arns: Vec<String> = clusters.cloned().collect();
    page.of("clusterArns", &arns, 100)
}
