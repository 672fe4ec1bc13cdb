//! What a test sets up without a client of its own: the operations of AWS Signer, called as this emulator's own user.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::Emulator;
use crate::identities::Credentials;
use crate::signer::{self, Operation};

/// A signing profile that [`Emulator::create_signing_profile`] made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningProfile {
    /// `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`.
    pub arn: String,
    /// The same with `/VERSION` behind it.
    pub version_arn: String,
}

/// Why one of the operations was refused.
#[derive(Debug, thiserror::Error)]
#[error("{operation} was refused: {message}")]
#[non_exhaustive]
pub struct Refused {
    /// The operation, such as `PutSigningProfile`.
    pub operation: &'static str,
    /// What an AWS client would have been told.
    pub message: String,
}

impl Emulator {
    /// Makes a signing profile for container images, with AWS's default validity of its signatures.
    ///
    /// # Errors
    ///
    /// [`Refused`], as `PutSigningProfile` refuses: the name is taken, or is none.
    pub fn create_signing_profile(&self, name: &str) -> Result<SigningProfile, Refused> {
        let body = json!({ "platformId": "Notation-OCI-SHA384-ECDSA" });
        let path = format!("/signing-profiles/{name}");
        let answer = self.call_signer("PutSigningProfile", &Method::PUT, &path, &body)?;
        let text = |member: &str| {
            answer
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(SigningProfile {
            arn: text("arn"),
            version_arn: text("profileVersionArn"),
        })
    }

    /// Revokes the signature that a signing job made.
    ///
    /// # Errors
    ///
    /// [`Refused`], as `RevokeSignature` refuses: there is no such job.
    pub fn revoke_signature(&self, job_arn: &str) -> Result<(), Refused> {
        let id = job_arn.rsplit('/').next().unwrap_or_default();
        let path = format!("/signing-jobs/{id}/revoke");
        let body = json!({ "reason": "revoked without a client" });
        self.call_signer("RevokeSignature", &Method::PUT, &path, &body)
            .map(|_| ())
    }

    /// Revokes a version of a signing profile, for signatures made from this moment on.
    ///
    /// # Errors
    ///
    /// [`Refused`], as `RevokeSigningProfile` refuses: there is no such version.
    pub fn revoke_signing_profile(
        &self,
        version_arn: &str,
        effective_from: time::OffsetDateTime,
    ) -> Result<(), Refused> {
        let mut parts = version_arn.rsplit('/');
        let version = parts.next().unwrap_or_default();
        let name = parts.next().unwrap_or_default();
        let effective_time = effective_from.format(&Rfc3339).unwrap_or_default();
        let body = json!({
            "profileVersion": version,
            "reason": "revoked without a client",
            "effectiveTime": effective_time,
        });
        let path = format!("/signing-profiles/{name}/revoke");
        self.call_signer("RevokeSigningProfile", &Method::PUT, &path, &body)
            .map(|_| ())
    }

    fn call_signer(
        &self,
        operation: &'static str,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Refused> {
        let refused = |message: String| Refused { operation, message };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::from(body.to_string()))
            .map_err(|error| refused(error.to_string()))?;
        let found = Operation::of(method, path)
            .ok_or_else(|| refused("its name cannot be part of a path".to_owned()))?;
        let caller = Credentials::LongTerm(self.access_key.clone()).caller(self.region());
        let context = signer::Context {
            store: &self.shared.signer,
            authority: &self.shared.authority,
            caller: &caller,
            request: &request,
            now: self.shared.clock.now(),
            tamper: None,
        };
        signer::handle(&context, &found).map_err(|error| refused(error.message))
    }
}
