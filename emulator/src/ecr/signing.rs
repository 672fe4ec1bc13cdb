//! Managed signing: its rules, and how far the signing of an image is.
//!
//! What was pushed while a rule was in force is signed when it is asked about ([`crate::managed_signing`]). Signatures
//! are not signed. Not here: who pushed; AWS Signer is asked as the registry's account.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Request as HttpRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Request, find, images, invalid};
use crate::{
    call::Caller,
    error::AwsError,
    managed_signing::{RulesInForce, SigningEnd, SigningRule, profile_of},
    registry::{Digest, RepositoryKey, matches_wildcard},
    shared::Shared,
    signer::{self, Operation},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutInput {
    signing_configuration: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusInput {
    registry_id: Option<String>,
    repository_name: String,
    image_id: images::ImageId,
}

pub(super) fn put(shared: &Shared, request: &Request<'_>) -> Result<Value, AwsError> {
    let input: PutInput = request.input()?;
    let rules = SigningRule::all_of(&input.signing_configuration)
        .map_err(|problem| invalid("signingConfiguration", &problem))?;
    let registry = request.registry(None)?;
    let since = request.registry.state().sequence();
    let answer = json!({ "signingConfiguration": { "rules": rules } });
    shared.managed_signing.change(|store| {
        store.set_rules(&registry, RulesInForce { rules, since });
        Ok(())
    })?;
    Ok(answer)
}

pub(super) fn get(shared: &Shared, request: &Request<'_>) -> Result<Value, AwsError> {
    let registry = request.registry(None)?;
    let store = shared.managed_signing.read();
    let found = store.rules(&registry).ok_or_else(no_configuration)?;
    Ok(json!({
        "registryId": registry.account, "signingConfiguration": { "rules": found.rules },
    }))
}

pub(super) fn delete(shared: &Shared, request: &Request<'_>) -> Result<Value, AwsError> {
    let registry = request.registry(None)?;
    let removed = shared
        .managed_signing
        .change(|store| store.remove_rules(&registry).ok_or_else(no_configuration))?;
    Ok(json!({
        "registryId": registry.account, "signingConfiguration": { "rules": removed.rules },
    }))
}

fn no_configuration() -> AwsError {
    AwsError::client(
        "SigningConfigurationNotFoundException",
        "The specified signing configuration doesn't exist.",
    )
}

pub(super) fn status(shared: &Shared, request: &Request<'_>) -> Result<Value, AwsError> {
    let input: StatusInput = request.input()?;
    let key = request.repository(input.registry_id.as_deref(), &input.repository_name)?;
    let image = {
        let state = request.registry.state();
        let repository = find(&state, &key)?;
        let (digest, manifest) = images::select(repository, &input.image_id)
            .map_err(|_| images::image_not_found(&key, &input.image_id))?;
        Image {
            digest: digest.clone(),
            media_type: manifest.document.media_type.clone(),
            size: manifest.bytes.len(),
            sequence: manifest.sequence,
            is_of_another: manifest.document.subject.is_some(),
        }
    };
    let mut statuses = Vec::new();
    for profile in profiles(shared, &key, &image) {
        statuses.push(ask(shared, request, &key, &image, &profile)?);
    }
    Ok(json!({
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "imageId": { "imageDigest": image.digest.to_string() },
        "signingStatuses": statuses,
    }))
}

/// The image that is asked about.
struct Image {
    digest: Digest,
    media_type: String,
    size: usize,
    sequence: u64,
    /// Whether it refers to another image, as a signature does.
    is_of_another: bool,
}

/// The profiles that the rules name for an image, each once.
fn profiles(shared: &Shared, key: &RepositoryKey, image: &Image) -> Vec<String> {
    let store = shared.managed_signing.read();
    let mut profiles = Vec::new();
    let Some(in_force) = store.rules(&key.registry) else {
        return profiles;
    };
    if image.is_of_another || image.sequence <= in_force.since {
        return profiles;
    }
    for rule in &in_force.rules {
        let profile = &rule.signing_profile_arn;
        if rule.is_for(&key.name, matches_wildcard) && !profiles.contains(profile) {
            profiles.push(profile.clone());
        }
    }
    profiles
}

/// Asks about the signing by one profile, which may end with that.
fn ask(
    shared: &Shared,
    request: &Request<'_>,
    key: &RepositoryKey,
    image: &Image,
    profile: &str,
) -> Result<Value, AwsError> {
    let name = format!("{}/{}@{}", key.registry.host(), key.name, image.digest);
    let asked = shared
        .managed_signing
        .change(|store| Ok(store.ask(&name, profile)))?;
    let end = match asked {
        None => {
            return Ok(json!({ "signingProfileArn": profile, "status": "IN_PROGRESS" }));
        }
        Some((ended, true)) => ended,
        Some((SigningEnd::Signed, false)) => match sign(shared, request, key, image, profile) {
            Ok(()) => SigningEnd::Signed,
            Err(error) => SigningEnd::Failed {
                code: error.code,
                reason: error.message,
            },
        },
        Some((end, false)) => end,
    };
    shared.managed_signing.change(|store| {
        store.signing(&name, profile).ended = Some(end.clone());
        Ok(())
    })?;
    Ok(match end {
        SigningEnd::Signed | SigningEnd::Lost => {
            json!({ "signingProfileArn": profile, "status": "COMPLETE" })
        }
        SigningEnd::Failed { code, reason } => {
            let mut status = json!({ "signingProfileArn": profile, "status": "FAILED" });
            for (member, text) in [("failureCode", code), ("failureReason", reason)] {
                if let (Some(members), false) = (status.as_object_mut(), text.is_empty()) {
                    members.insert(member.to_owned(), text.into());
                }
            }
            status
        }
    })
}

/// Has AWS Signer sign the image, and pushes the signature.
fn sign(
    shared: &Shared,
    request: &Request<'_>,
    key: &RepositoryKey,
    image: &Image,
    profile: &str,
) -> Result<(), AwsError> {
    let (owner, name) = profile_of(profile).unwrap_or_default();
    let payload = json!({ "targetArtifact": {
        "mediaType": image.media_type, "digest": image.digest.to_string(), "size": image.size,
    } });
    let body = json!({
        "payload": STANDARD.encode(payload.to_string()),
        "payloadFormat": "application/vnd.cncf.notary.payload.v1+json",
        "profileName": name,
        "profileOwner": owner,
    });
    let path = "/signing-jobs/with-payload";
    let failed = |message: String| AwsError::client("InternalError", message);
    let http = HttpRequest::builder()
        .method(Method::POST)
        .uri(path)
        .body(Bytes::from(body.to_string()))
        .map_err(|error| failed(error.to_string()))?;
    let registry = &key.registry;
    let caller = Caller {
        account: registry.account.clone(),
        region: registry.region.clone(),
        ..request.caller.clone()
    };
    let context = signer::Context {
        store: &shared.signer,
        authority: &shared.authority,
        package_authority: &shared.package_authority,
        caller: &caller,
        request: &http,
        now: request.now,
        tamper: None,
        objects: shared.objects(),
        courses: &shared.managed_signing,
    };
    let answer = signer::handle(&context, &Operation::SignPayload)?;
    let signature = answer.get("signature").and_then(Value::as_str);
    let envelope = STANDARD
        .decode(signature.unwrap_or_default())
        .map_err(|error| failed(error.to_string()))?;
    request
        .registry
        .push_signature(key, &image.digest, envelope, request.now)
        .map_err(failed)
}
