//! The emulator's own routes, under `/_emulator/`: what the library's methods do, over HTTP.
//!
//! | request | does |
//! | --- | --- |
//! | `GET`, `DELETE /_emulator/calls` | lists, forgets the recorded calls |
//! | `GET`, `POST`, `DELETE /_emulator/faults` | lists, adds, ends faults |
//! | `GET`, `PUT /_emulator/clock` | reads, sets the clock's offset: `{"offset_seconds": -86400}` |
//! | `POST /_emulator/revoked-certificates` | `{"hash": "..."}`: `GetRevocationStatus` names it from now on |
//! | `POST /_emulator/decisions` | `{"action": "signer:SignPayload", "decision": "implicit-deny"}`: IAM's simulation says so from now on |
//! | `POST /_emulator/signing-courses` | `{"profile": "arn:...", "course": {"in_progress": 2, "end": "lost"}}`: managed signing by it goes so |
//! | `POST /_emulator/kms-keys` | `{"key_spec": "RSA_4096", "pkcs8": "(base64)"}`: a KMS key with this private key, `{"arn": ...}` |

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{Duration, format_description::well_known::Rfc3339};

use crate::{
    call::Call, faults::Fault, iam::Decision, managed_signing::SigningCourse, shared::Shared,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    offset_seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokedCertificate {
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Simulated {
    action: String,
    decision: Decision,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Course {
    profile: String,
    course: SigningCourse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KmsKey {
    key_spec: String,
    pkcs8: String,
}

pub(crate) fn handle(shared: &Shared, call: &Call) -> Response<Bytes> {
    match answer(shared, call) {
        Ok(value) => response(StatusCode::OK, &value),
        Err((status, message)) => response(status, &json!({ "message": message })),
    }
}

fn answer(shared: &Shared, call: &Call) -> Result<Value, (StatusCode, String)> {
    let body = call.request.body();
    let malformed = |error: serde_json::Error| (StatusCode::BAD_REQUEST, error.to_string());
    match (call.request.method().as_str(), call.request.uri().path()) {
        ("GET", "/_emulator/calls") => Ok(json!({ "calls": shared.calls.all() })),
        ("DELETE", "/_emulator/calls") => {
            shared.calls.clear();
            Ok(json!({}))
        }
        ("GET", "/_emulator/faults") => Ok(json!({ "faults": shared.faults.all() })),
        ("POST", "/_emulator/faults") => {
            let fault: Fault = serde_json::from_slice(body).map_err(malformed)?;
            shared.faults.add(fault);
            Ok(json!({ "faults": shared.faults.all() }))
        }
        ("DELETE", "/_emulator/faults") => {
            shared.faults.clear();
            Ok(json!({}))
        }
        ("GET", "/_emulator/clock") => Ok(clock(shared)),
        ("PUT", "/_emulator/clock") => {
            let Clock { offset_seconds } = serde_json::from_slice(body).map_err(malformed)?;
            shared.clock.set_offset(Duration::seconds(offset_seconds));
            Ok(clock(shared))
        }
        ("POST", "/_emulator/revoked-certificates") => {
            let RevokedCertificate { hash } = serde_json::from_slice(body).map_err(malformed)?;
            shared
                .revoke_certificate(&hash)
                .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.message))?;
            Ok(json!({}))
        }
        ("POST", "/_emulator/decisions") => {
            let Simulated { action, decision } = serde_json::from_slice(body).map_err(malformed)?;
            shared.decisions.set(&action, decision);
            Ok(json!({}))
        }
        ("POST", "/_emulator/signing-courses") => {
            let Course { profile, course } = serde_json::from_slice(body).map_err(malformed)?;
            let set = shared.managed_signing.change(|store| {
                store.set_course(&profile, course);
                Ok(())
            });
            set.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.message))?;
            Ok(json!({}))
        }
        ("POST", "/_emulator/kms-keys") => {
            let KmsKey { key_spec, pkcs8 } = serde_json::from_slice(body).map_err(malformed)?;
            let bad = |message: String| (StatusCode::BAD_REQUEST, message);
            let pkcs8 = STANDARD
                .decode(&pkcs8)
                .map_err(|error| bad(error.to_string()))?;
            let arn = shared
                .import_kms_key(&key_spec, &pkcs8)
                .map_err(|error| bad(error.message))?;
            Ok(json!({ "arn": arn }))
        }
        (method, path) => Err((
            StatusCode::NOT_FOUND,
            format!("the emulator has no route {method} {path}"),
        )),
    }
}

fn clock(shared: &Shared) -> Value {
    json!({
        "offset_seconds": shared.clock.offset().whole_seconds(),
        "now": shared.clock.now().format(&Rfc3339).unwrap_or_default(),
    })
}

fn response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
