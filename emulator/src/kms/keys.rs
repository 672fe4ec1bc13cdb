//! Keys: create, describe, the public half, enable, disable, delete.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{
    Context, crypto,
    material::Material,
    required,
    spec::{KeySpec, KeyUsage},
    store::{Key, State, Store, not_found},
    validation, violation,
};
use crate::{call::Caller, error::AwsError, random, saved::Saved};

/// Characters of a description at most.
const MAX_DESCRIPTION: usize = 8_192;
/// Days until a key is deleted.
const DELETION_DAYS: std::ops::RangeInclusive<i64> = 7..=30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateInput {
    key_spec: Option<String>,
    /// The older name of `KeySpec`.
    customer_master_key_spec: Option<String>,
    key_usage: Option<String>,
    description: Option<String>,
    origin: Option<String>,
    multi_region: Option<bool>,
}

pub(super) fn create(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: CreateInput = context.input()?;
    let spec = parse_spec(
        input
            .key_spec
            .as_deref()
            .or(input.customer_master_key_spec.as_deref())
            .unwrap_or(KeySpec::Symmetric.name()),
    )?;
    let usage = parse_usage(spec, input.key_usage.as_deref())?;
    let description = input.description.unwrap_or_default();
    if description.chars().count() > MAX_DESCRIPTION {
        let constraint = format!("Member must have length less than or equal to {MAX_DESCRIPTION}");
        return Err(violation("description", None, &constraint));
    }
    let is_plain = input.origin.as_deref().unwrap_or("AWS_KMS") == "AWS_KMS"
        && !input.multi_region.unwrap_or_default();
    if !is_plain {
        return Err(unsupported(
            "this emulator has keys of one Region and of origin AWS_KMS alone",
        ));
    }
    let mut key = new_key(context.caller, spec, usage, context.now);
    key.description = description;
    key.material = Material::generate(spec).map_err(crypto)?;
    let answer = json!({ "KeyMetadata": metadata(&key) });
    insert(context.store, key)?;
    Ok(answer)
}

/// A key for signing with a given private key, PKCS #8; answers the key's ARN. AWS has this as `ImportKeyMaterial`,
/// which wants the key wrapped.
pub(crate) fn import(
    store: &Saved<Store>,
    caller: &Caller,
    now: OffsetDateTime,
    spec: &str,
    pkcs8: &[u8],
) -> Result<String, AwsError> {
    let spec = parse_spec(spec)?;
    let usage = parse_usage(spec, Some(KeyUsage::SignVerify.name()))?;
    let mut key = new_key(caller, spec, usage, now);
    key.is_imported = true;
    let material = Material::import(spec, pkcs8);
    key.material =
        Some(material.ok_or_else(|| {
            validation(format!("The key is no PKCS #8 key of spec {}", spec.name()))
        })?);
    let arn = key.arn();
    insert(store, key)?;
    Ok(arn)
}

fn new_key(caller: &Caller, spec: KeySpec, usage: KeyUsage, now: OffsetDateTime) -> Key {
    Key {
        id: random::uuid(),
        account: caller.account.clone(),
        region: caller.region.clone(),
        spec,
        usage,
        description: String::new(),
        created_at: now,
        state: State::Enabled,
        is_imported: false,
        material: None,
    }
}

fn insert(store: &Saved<Store>, key: Key) -> Result<(), AwsError> {
    store.change(|store| {
        store.keys.insert(key.arn(), key);
        Ok(())
    })
}

fn parse_spec(name: &str) -> Result<KeySpec, AwsError> {
    if KeySpec::is_only_of_aws(name) {
        return Err(unsupported(&format!(
            "this emulator has no keys of spec {name}"
        )));
    }
    KeySpec::of(name).ok_or_else(|| {
        let constraint = format!("Member must satisfy enum value set: [{}]", KeySpec::names());
        violation("keySpec", Some(name), &constraint)
    })
}

fn parse_usage(spec: KeySpec, name: Option<&str>) -> Result<KeyUsage, AwsError> {
    let usage = match name {
        None if spec == KeySpec::Symmetric => KeyUsage::EncryptDecrypt,
        None => {
            return Err(validation(format!(
                "You must specify a KeyUsage value for a key of spec {}.",
                spec.name()
            )));
        }
        Some(name) => KeyUsage::of(name).ok_or_else(|| {
            let constraint = format!(
                "Member must satisfy enum value set: [{}]",
                KeyUsage::names()
            );
            violation("keyUsage", Some(name), &constraint)
        })?,
    };
    if spec.usages().contains(&usage) {
        return Ok(usage);
    }
    Err(validation(format!(
        "KeyUsage {} is not compatible with KeySpec {}",
        usage.name(),
        spec.name()
    )))
}

fn unsupported(message: &str) -> AwsError {
    AwsError::client("UnsupportedOperationException", message)
}

fn metadata(key: &Key) -> Value {
    let deletion_date = match key.state {
        State::PendingDeletion { deleted_at } => Some(deleted_at.unix_timestamp()),
        State::Enabled | State::Disabled => None,
    };
    let mut metadata = json!({
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn(),
        "CreationDate": key.created_at.unix_timestamp(),
        "Enabled": key.state == State::Enabled,
        "Description": key.description,
        "KeyUsage": key.usage.name(),
        "KeyState": key.state.name(),
        "DeletionDate": deletion_date,
        "Origin": if key.is_imported { "EXTERNAL" } else { "AWS_KMS" },
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": key.spec.name(),
        "KeySpec": key.spec.name(),
        "MultiRegion": false,
    });
    add_algorithms(&mut metadata, key);
    metadata
}

fn add_algorithms(answer: &mut Value, key: &Key) {
    let (member, algorithms) = key.usage.algorithms(key.spec);
    if let Some(members) = answer.as_object_mut() {
        members.insert(member.to_owned(), algorithms);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyInput {
    key_id: Option<String>,
    pending_window_in_days: Option<i64>,
}

pub(super) fn describe(context: &Context<'_>) -> Result<Value, AwsError> {
    let key = find(context, "DescribeKey")?;
    Ok(json!({ "KeyMetadata": metadata(&key) }))
}

pub(super) fn public_key(context: &Context<'_>) -> Result<Value, AwsError> {
    let key = find(context, "GetPublicKey")?;
    key.check_enabled()?;
    let material = key.material.as_ref().filter(|_| key.spec.is_asymmetric());
    let material =
        material.ok_or_else(|| unsupported(&format!("{} is not an asymmetric key.", key.arn())))?;
    let public_key = material.public_key(key.spec).map_err(crypto)?;
    let mut answer = json!({
        "KeyId": key.arn(),
        "PublicKey": STANDARD.encode(public_key),
        "CustomerMasterKeySpec": key.spec.name(),
        "KeySpec": key.spec.name(),
        "KeyUsage": key.usage.name(),
    });
    add_algorithms(&mut answer, &key);
    Ok(answer)
}

/// The key that the input's `KeyId` means.
fn find(context: &Context<'_>, action: &str) -> Result<Key, AwsError> {
    let input: KeyInput = context.input()?;
    find_by_id(context, action, &required("keyId", input.key_id)?)
}

pub(super) fn find_by_id(
    context: &Context<'_>,
    action: &str,
    key_id: &str,
) -> Result<Key, AwsError> {
    let store = context.store.read();
    let arn = store.key_arn(context.caller, action, key_id, context.now)?;
    let key = store.keys.get(&arn).cloned();
    key.ok_or_else(|| not_found(format!("Key '{arn}' does not exist")))
}

pub(super) fn enable(context: &Context<'_>) -> Result<Value, AwsError> {
    change(context, "EnableKey", |key, _| {
        if matches!(key.state, State::PendingDeletion { .. }) {
            return Err(key.pending_deletion());
        }
        key.state = State::Enabled;
        Ok(json!({}))
    })
}

pub(super) fn disable(context: &Context<'_>) -> Result<Value, AwsError> {
    change(context, "DisableKey", |key, _| {
        if matches!(key.state, State::PendingDeletion { .. }) {
            return Err(key.pending_deletion());
        }
        key.state = State::Disabled;
        Ok(json!({}))
    })
}

pub(super) fn schedule_deletion(context: &Context<'_>) -> Result<Value, AwsError> {
    change(context, "ScheduleKeyDeletion", |key, input| {
        let days = input.pending_window_in_days.unwrap_or(*DELETION_DAYS.end());
        if !DELETION_DAYS.contains(&days) {
            let constraint = format!(
                "Member must have value between {} and {}",
                DELETION_DAYS.start(),
                DELETION_DAYS.end()
            );
            let value = days.to_string();
            return Err(violation("pendingWindowInDays", Some(&value), &constraint));
        }
        if matches!(key.state, State::PendingDeletion { .. }) {
            return Err(key.pending_deletion());
        }
        let deleted_at = context.now + Duration::days(days);
        key.state = State::PendingDeletion { deleted_at };
        Ok(json!({
            "KeyId": key.arn(),
            "DeletionDate": deleted_at.unix_timestamp(),
            "KeyState": key.state.name(),
            "PendingWindowInDays": days,
        }))
    })
}

pub(super) fn cancel_deletion(context: &Context<'_>) -> Result<Value, AwsError> {
    change(context, "CancelKeyDeletion", |key, _| {
        if !matches!(key.state, State::PendingDeletion { .. }) {
            return Err(AwsError::client(
                "KMSInvalidStateException",
                format!("{} is not pending deletion.", key.arn()),
            ));
        }
        key.state = State::Disabled;
        Ok(json!({ "KeyId": key.arn() }))
    })
}

/// Changes a key. These operations take no aliases.
fn change(
    context: &Context<'_>,
    action: &str,
    change: impl FnOnce(&mut Key, &KeyInput) -> Result<Value, AwsError>,
) -> Result<Value, AwsError> {
    let input: KeyInput = context.input()?;
    let key_id = required("keyId", input.key_id.as_deref())?;
    if key_id.starts_with("alias/") || key_id.contains(":alias/") {
        return Err(not_found(format!("Invalid keyId '{key_id}'")));
    }
    context.store.change(|store| {
        let arn = store.key_arn(context.caller, action, key_id, context.now)?;
        let key = store.keys.get_mut(&arn);
        let key = key.ok_or_else(|| not_found(format!("Key '{arn}' does not exist")))?;
        change(key, &input)
    })
}
