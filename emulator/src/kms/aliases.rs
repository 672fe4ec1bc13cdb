//! Aliases: create, list, delete.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Context, required,
    store::{Alias, State, arn, not_found},
    validation, violation,
};
use crate::error::AwsError;

/// Characters of an alias at most, its prefix among them.
const MAX_NAME: usize = 256;
/// Aliases of a page, unless `Limit` says another number.
const DEFAULT_LIMIT: usize = 50;
/// Aliases of a page at most.
const MAX_LIMIT: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    alias_name: Option<String>,
    target_key_id: Option<String>,
    key_id: Option<String>,
    limit: Option<i64>,
    marker: Option<String>,
}

pub(super) fn create(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Input = context.input()?;
    let name = required("aliasName", input.alias_name)?;
    let target = required("targetKeyId", input.target_key_id)?;
    check_name(&name)?;
    if target.starts_with("alias/") || target.contains(":alias/") {
        return Err(validation("Aliases must refer to keys. Not aliases"));
    }
    let caller = context.caller;
    context.store.change(|store| {
        let key = store.key_arn(caller, "CreateAlias", &target, context.now)?;
        let is_pending = |state: State| matches!(state, State::PendingDeletion { .. });
        if let Some(key) = store.keys.get(&key).filter(|key| is_pending(key.state)) {
            return Err(key.pending_deletion());
        }
        let arn = arn(&caller.region, &caller.account, &name);
        if store.aliases.contains_key(&arn) {
            return Err(AwsError::client(
                "AlreadyExistsException",
                format!("An alias with the name {arn} already exists"),
            ));
        }
        let alias = Alias {
            name,
            target: key,
            created_at: context.now,
        };
        store.aliases.insert(arn, alias);
        Ok(json!({}))
    })
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_allowed) {
        let constraint = format!(
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$ and have 1 to {MAX_NAME} characters"
        );
        return Err(violation("aliasName", Some(name), &constraint));
    }
    match name.strip_prefix("alias/") {
        None => Err(validation("Alias must start with the prefix \"alias/\".")),
        Some(rest) if rest.is_empty() || rest.starts_with("aws/") => Err(AwsError::client(
            "InvalidAliasNameException",
            format!("{name} is not a name for an alias of yours."),
        )),
        Some(_) => Ok(()),
    }
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Input = context.input()?;
    let limit = match input.limit.map(usize::try_from) {
        None => DEFAULT_LIMIT,
        Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
        Some(_) => {
            let constraint = format!("Member must have value between 1 and {MAX_LIMIT}");
            return Err(violation("limit", None, &constraint));
        }
    };
    let caller = context.caller;
    let store = context.store.read();
    let target = match &input.key_id {
        Some(key_id) => Some(store.key_arn(caller, "ListAliases", key_id, context.now)?),
        None => None,
    };
    let own = arn(&caller.region, &caller.account, "alias/");
    let rest: Vec<_> = store
        .aliases
        .iter()
        .filter(|(arn, _)| arn.starts_with(&own))
        .filter(|(_, alias)| target.as_ref().is_none_or(|target| alias.target == *target))
        .filter(|(_, alias)| {
            input
                .marker
                .as_ref()
                .is_none_or(|marker| alias.name > *marker)
        })
        .collect();
    let is_truncated = rest.len() > limit;
    let page: Vec<_> = rest.into_iter().take(limit).collect();
    let marker = page.last().filter(|_| is_truncated);
    let aliases: Vec<_> = page
        .iter()
        .map(|(arn, alias)| {
            json!({
                "AliasName": alias.name,
                "AliasArn": arn,
                "TargetKeyId": alias.target.rsplit('/').next(),
                "CreationDate": alias.created_at.unix_timestamp(),
                "LastUpdatedDate": alias.created_at.unix_timestamp(),
            })
        })
        .collect();
    Ok(json!({
        "Aliases": aliases,
        "NextMarker": marker.map(|(_, alias)| &alias.name),
        "Truncated": is_truncated,
    }))
}

pub(super) fn delete(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Input = context.input()?;
    let name = required("aliasName", input.alias_name)?;
    check_name(&name)?;
    let arn = arn(&context.caller.region, &context.caller.account, &name);
    context
        .store
        .change(|store| match store.aliases.remove(&arn) {
            Some(_) => Ok(json!({})),
            None => Err(not_found(format!("Alias {arn} is not found."))),
        })
}
