//! Tags of profiles.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Context,
    input::{Input, TAG_KEY},
    store::{Profile, Store},
};
use crate::error::AwsError;

/// The model's bound on the tags of a resource.
const MAX_TAGS: usize = 200;

pub(super) fn list(context: &Context<'_>, arn: &str) -> Result<Value, AwsError> {
    let mut store = context.store.read();
    Ok(json!({ "tags": profile(&mut store, context, arn)?.tags }))
}

pub(super) fn tag(context: &Context<'_>, arn: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let tags = input.tags()?;
    input.finish().map_err(bad_request)?;
    let tags =
        tags.ok_or_else(|| AwsError::client("BadRequestException", "tags must not be null"))?;
    context.store.change(|store| {
        let profile = profile(store, context, arn)?;
        let mut all = profile.tags.clone();
        all.extend(tags);
        if all.len() > MAX_TAGS {
            return Err(AwsError::client(
                "BadRequestException",
                format!("A resource has at most {MAX_TAGS} tags"),
            ));
        }
        profile.tags = all;
        Ok(json!({}))
    })
}

pub(super) fn untag(context: &Context<'_>, arn: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let keys = input.required_query_list("tagKeys", TAG_KEY);
    input.finish().map_err(bad_request)?;
    context.store.change(|store| {
        let profile = profile(store, context, arn)?;
        profile.tags.retain(|key, _| !keys.contains(key));
        Ok(json!({}))
    })
}

/// The tag operations have a code of their own for a bad request.
fn bad_request(error: AwsError) -> AwsError {
    AwsError {
        code: "BadRequestException".to_owned(),
        ..error
    }
}

fn profile<'a>(
    store: &'a mut Store,
    context: &Context<'_>,
    arn: &str,
) -> Result<&'a mut Profile, AwsError> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let is_profile_arn = matches!(parts.as_slice(), ["arn", _, "signer", _, _, resource] if resource.starts_with("/signing-profiles/"));
    if !is_profile_arn {
        return Err(AwsError::client(
            "BadRequestException",
            format!("Invalid resource ARN: {arn}"),
        ));
    }
    store
        .profiles
        .get_mut(arn)
        .filter(|profile| {
            profile.account == context.caller.account && profile.region == context.caller.region
        })
        .ok_or_else(|| {
            AwsError::new(
                StatusCode::NOT_FOUND,
                "NotFoundException",
                format!("Resource {arn} not found"),
            )
        })
}
