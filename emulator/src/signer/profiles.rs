//! Signing profiles: put, get, list, cancel, revoke.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Context,
    input::{
        ACCOUNT_ID, Input, PROFILE_NAME, PROFILE_STATUS, PROFILE_VERSION, REVOCATION_REASON,
        STRING, VALIDITY_TYPE,
    },
    pages::page,
    permissions, platforms,
    store::{
        Profile, ProfileRevocation, Validity, ValidityUnit, profile_arn, timestamp, validation,
    },
};
use crate::{error::AwsError, random};

pub(super) fn put(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    input.check("profileName", name, PROFILE_NAME);
    let platform_id = input.body_text("platformId", STRING)?;
    let validity = validity(&mut input)?;
    let certificate_arn = input.member("signingMaterial").and_then(|material| {
        material
            .get("certificateArn")
            .and_then(Value::as_str)
            .map(str::to_owned)
    });
    let overrides = input.member("overrides");
    let signing_parameters = input.member("signingParameters");
    let tags = input.tags()?.unwrap_or_default();
    input.finish()?;

    let platform = platforms::find(&platform_id)
        .ok_or_else(|| validation(format!("Invalid platformId: {platform_id}")))?;
    if platform.needs_signing_material && certificate_arn.is_none() {
        return Err(validation(format!(
            "Signing material is required for platform {platform_id}"
        )));
    }
    if !validity.is_allowed() {
        return Err(validation(
            "Signature validity period must be at least 1 day and at most 135 months",
        ));
    }

    let caller = context.caller;
    let profile = Profile {
        account: caller.account.clone(),
        region: caller.region.clone(),
        name: name.to_owned(),
        version: random::alphanumeric(10),
        platform_id,
        validity,
        certificate_arn,
        overrides,
        signing_parameters,
        tags: tags.into_iter().collect(),
        is_canceled: false,
        revocation: None,
        permissions: Vec::new(),
        revision_id: None,
    };
    let answer = json!({
        "arn": profile.arn(),
        "profileVersion": profile.version,
        "profileVersionArn": profile.version_arn(),
    });
    context.store.change(|store| {
        // A name is never free again, not even after the profile was canceled.
        if store.profiles.contains_key(&profile.arn()) {
            return Err(validation(format!(
                "Profile with name {name} already exists"
            )));
        }
        store.profiles.insert(profile.arn(), profile);
        Ok(answer)
    })
}

/// `signatureValidityPeriod`; a missing type is days, a missing period AWS's default.
fn validity(input: &mut Input) -> Result<Validity, AwsError> {
    let Some(period) = input.member("signatureValidityPeriod") else {
        return Ok(Validity::MAX);
    };
    let not_a_period = || {
        AwsError::client(
            "SerializationException",
            "'signatureValidityPeriod' must be an object",
        )
    };
    let period: Map<String, Value> = serde_json::from_value(period).map_err(|_| not_a_period())?;
    let unit = match period.get("type") {
        None | Some(Value::Null) => "DAYS",
        Some(Value::String(unit)) => unit,
        Some(_) => return Err(not_a_period()),
    };
    input.check("signatureValidityPeriod.type", unit, VALIDITY_TYPE);
    let unit = match unit {
        "MONTHS" => ValidityUnit::Months,
        "YEARS" => ValidityUnit::Years,
        _ => ValidityUnit::Days,
    };
    let value = match period.get("value") {
        None | Some(Value::Null) => 0,
        Some(value) => value.as_i64().ok_or_else(not_a_period)?,
    };
    // What does not fit is outside of what is allowed.
    Ok(Validity {
        value: u16::try_from(value).unwrap_or(0),
        unit,
    })
}

pub(super) fn describe(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    input.check("profileName", name, PROFILE_NAME);
    let owner = input.optional_query_text("profileOwner", ACCOUNT_ID);
    input.finish()?;

    let caller = context.caller;
    let owner = owner.as_deref().unwrap_or(&caller.account);
    let store = context.store.read();
    permissions::check(&store, caller, "GetSigningProfile", owner, name)?;
    let profile = store.profile(&caller.region, owner, name)?;
    let mut answer = summary(profile);
    answer.insert(
        "overrides".to_owned(),
        profile.overrides.clone().unwrap_or_default(),
    );
    if let Some(revocation) = &profile.revocation {
        answer.insert(
            "revocationRecord".to_owned(),
            json!({
                "revocationEffectiveFrom": timestamp(revocation.effective_from),
                "revokedAt": timestamp(revocation.revoked_at),
                "revokedBy": revocation.revoked_by,
            }),
        );
    }
    Ok(Value::Object(answer))
}

/// What `GetSigningProfile` and `ListSigningProfiles` both say of a profile.
fn summary(profile: &Profile) -> Map<String, Value> {
    let members = BTreeMap::from([
        ("profileName", json!(profile.name)),
        ("profileVersion", json!(profile.version)),
        ("profileVersionArn", json!(profile.version_arn())),
        ("arn", json!(profile.arn())),
        ("platformId", json!(profile.platform_id)),
        (
            "platformDisplayName",
            json!(platforms::display_name(&profile.platform_id)),
        ),
        ("signatureValidityPeriod", json!(profile.validity)),
        (
            "signingMaterial",
            json!({ "certificateArn": profile.certificate_arn }),
        ),
        (
            "signingParameters",
            profile.signing_parameters.clone().unwrap_or_default(),
        ),
        ("status", json!(profile.status())),
        ("tags", json!(profile.tags)),
    ]);
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let include_canceled = input
        .optional_query_bool("includeCanceled")?
        .unwrap_or(false);
    let platform_id = input.optional_query_text("platformId", STRING);
    let statuses = input.query_list("statuses", PROFILE_STATUS);
    let max_results = input.max_results()?;
    let token = input.optional_query_text("nextToken", STRING);
    input.finish()?;

    let caller = context.caller;
    let is_listed = |profile: &&Profile| {
        let is_wanted_status = if statuses.is_empty() {
            include_canceled || profile.status() != "Canceled"
        } else {
            statuses.iter().any(|status| status == profile.status())
        };
        profile.account == caller.account
            && profile.region == caller.region
            && is_wanted_status
            && platform_id
                .as_ref()
                .is_none_or(|id| *id == profile.platform_id)
    };
    let store = context.store.read();
    let rows = store
        .profiles
        .values()
        .filter(is_listed)
        .map(|profile| (profile.arn(), Value::Object(summary(profile))))
        .collect();
    let (profiles, next) = page(rows, token.as_deref(), max_results)?;
    Ok(json!({ "profiles": profiles, "nextToken": next }))
}

pub(super) fn cancel(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    input.check("profileName", name, PROFILE_NAME);
    input.finish()?;

    let caller = context.caller;
    context.store.change(|store| {
        let profile = store.profile_mut(&caller.region, &caller.account, name)?;
        if profile.revocation.is_some() {
            return Err(validation(format!(
                "Signing Profile {name} cannot be canceled because it has been revoked. A revoked profile cannot be \
                 canceled."
            )));
        }
        profile.is_canceled = true;
        Ok(json!({}))
    })
}

pub(super) fn revoke(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    input.check("profileName", name, PROFILE_NAME);
    let version = input.body_text("profileVersion", PROFILE_VERSION)?;
    let reason = input.body_text("reason", REVOCATION_REASON)?;
    let effective_from = input.body_time("effectiveTime")?;
    input.finish()?;

    if effective_from > context.now {
        return Err(validation(
            "The effective time of a revocation must be in the past",
        ));
    }
    let caller = context.caller;
    context.store.change(|store| {
        let profile = store.profile_mut(&caller.region, &caller.account, name)?;
        if profile.version != version {
            let arn = profile_arn(&caller.region, &caller.account, name);
            return Err(super::store::not_found(format!("Signing profile version {arn}/{version} not found")));
        }
        if let Some(earlier) = &profile.revocation
            && effective_from > earlier.effective_from
        {
            return Err(validation(
                "The effective time of a revocation can be moved to an earlier time, never to a later one",
            ));
        }
        profile.revocation = Some(ProfileRevocation {
            effective_from,
            revoked_at: context.now,
            revoked_by: caller.arn.clone(),
            reason,
        });
        Ok(json!({}))
    })
}
