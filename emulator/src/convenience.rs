//! What a test sets up without a client of its own: operations of AWS Signer, AWS KMS, Amazon ECS and others, called as this emulator's own
//! user.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::Emulator;
use crate::call::Caller;
use crate::ecs;
use crate::hosts::RegistryId;
use crate::kms;
use crate::managed_signing::{RulesInForce, SigningCourse, SigningRule};
use crate::secrets_manager;
use crate::signer::{self, Operation};
use crate::ssm;

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
pub struct ConvenienceError {
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
    /// [`ConvenienceError`], as `PutSigningProfile` refuses: the name is taken, or is not valid.
    pub fn create_signing_profile(&self, name: &str) -> Result<SigningProfile, ConvenienceError> {
        self.create_profile(name, signer::NOTATION)
    }

    /// The same for another platform.
    pub(crate) fn create_profile(
        &self,
        name: &str,
        platform: &str,
    ) -> Result<SigningProfile, ConvenienceError> {
        let body = json!({ "platformId": platform });
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

    /// Signs `payload` with the signing profile of this name, as at the time that
    /// [`Self::set_clock_offset`] set; answers the envelope unchecked.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `SignPayload` refuses: there is no such profile, or the payload is not valid.
    pub fn sign_payload(&self, profile: &str, payload: &[u8]) -> Result<Vec<u8>, ConvenienceError> {
        let body = json!({
            "payload": STANDARD.encode(payload),
            "payloadFormat": "application/vnd.cncf.notary.payload.v1+json",
            "profileName": profile,
        });
        let path = "/signing-jobs/with-payload";
        let answer = self.call_signer("SignPayload", &Method::POST, path, &body)?;
        let signature = answer.get("signature").and_then(Value::as_str);
        Ok(STANDARD
            .decode(signature.unwrap_or_default())
            .unwrap_or_default())
    }

    /// Cancels a signing profile.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `CancelSigningProfile` refuses.
    pub fn cancel_signing_profile(&self, name: &str) -> Result<(), ConvenienceError> {
        let path = format!("/signing-profiles/{name}");
        self.call_signer("CancelSigningProfile", &Method::DELETE, &path, &json!({}))
            .map(|_| ())
    }

    /// Revokes the signature that a signing job made.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `RevokeSignature` refuses: there is no such job.
    pub fn revoke_signature(&self, job_arn: &str) -> Result<(), ConvenienceError> {
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
    /// [`ConvenienceError`], as `RevokeSigningProfile` refuses: there is no such version.
    pub fn revoke_signing_profile(
        &self,
        version_arn: &str,
        effective_from: time::OffsetDateTime,
    ) -> Result<(), ConvenienceError> {
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

    /// Makes a KMS key for signing, of a spec such as `RSA_3072` or `ECC_NIST_P256`; answers its ARN. An RSA key of 4,096
    /// bits takes a second or more: [`Self::import_kms_key`] takes none.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `CreateKey` refuses: the spec is unknown, or is not of a key that signs.
    pub fn create_kms_key(&self, spec: &str) -> Result<String, ConvenienceError> {
        let body = json!({ "KeySpec": spec, "KeyUsage": "SIGN_VERIFY" });
        let answer = self.call_kms("CreateKey", &body)?;
        let arn = answer.pointer("/KeyMetadata/Arn").and_then(Value::as_str);
        Ok(arn.unwrap_or_default().to_owned())
    }

    /// Makes a KMS key for signing with this private key, PKCS #8 in DER; answers its ARN.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`] if the private key does not have this spec.
    pub fn import_kms_key(&self, spec: &str, pkcs8: &[u8]) -> Result<String, ConvenienceError> {
        let imported = self.shared.import_kms_key(spec, pkcs8);
        imported.map_err(|error| ConvenienceError {
            operation: "ImportKeyMaterial",
            message: error.message,
        })
    }

    /// Gives a KMS key an alias, `alias/...`.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `CreateAlias` refuses: there is such an alias, or no such key.
    pub fn create_kms_alias(&self, alias: &str, key_arn: &str) -> Result<(), ConvenienceError> {
        let body = json!({ "AliasName": alias, "TargetKeyId": key_arn });
        self.call_kms("CreateAlias", &body).map(|_| ())
    }

    /// Registers a task definition of Amazon ECS, the request of `RegisterTaskDefinition`; answers its ARN.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `RegisterTaskDefinition` refuses: no family, or a container without an image.
    pub fn register_task_definition(&self, request: &Value) -> Result<String, ConvenienceError> {
        let answer = self.ecs("RegisterTaskDefinition", request)?;
        let arn = answer
            .pointer("/taskDefinition/taskDefinitionArn")
            .and_then(Value::as_str);
        Ok(arn.unwrap_or_default().to_owned())
    }

    /// Makes a call of Amazon ECS, such as `CreateService`, as this emulator's own user.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as the operation refuses.
    pub fn ecs(&self, operation: &'static str, request: &Value) -> Result<Value, ConvenienceError> {
        ecs::handle(&self.ecs_context(&self.shared.owner(), request), operation).map_err(|error| {
            ConvenienceError {
                operation,
                message: error.message,
            }
        })
    }

    /// Puts a service, a service revision or a task of Amazon ECS in the place of the one with its ARN, whatever it says:
    /// what `DescribeServices`, `DescribeServiceRevisions` and `DescribeTasks` answer from now on.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`] if it has no ARN.
    pub fn put_ecs(&self, item: &Value) -> Result<(), ConvenienceError> {
        ecs::put(&self.ecs_context(&self.shared.owner(), item)).map_err(|error| ConvenienceError {
            operation: "put",
            message: error.message,
        })
    }

    fn ecs_context<'a>(&'a self, caller: &'a Caller, body: &'a Value) -> ecs::Context<'a> {
        ecs::Context {
            store: &self.shared.ecs,
            caller,
            now: self.shared.clock.now(),
            body,
        }
    }

    /// Stores a parameter of Systems Manager, or its next version; answers the version's number.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `PutParameter` refuses.
    pub fn put_parameter(&self, name: &str, value: &str) -> Result<u64, ConvenienceError> {
        let operation = "PutParameter";
        let body = json!({ "Name": name, "Value": value, "Type": "String", "Overwrite": true });
        let context = ssm::Context {
            store: &self.shared.ssm,
            caller: &self.shared.owner(),
            now: self.shared.clock.now(),
            body: &body,
        };
        let answer = ssm::handle(&context, operation);
        let answer = answer.map_err(|error| ConvenienceError {
            operation,
            message: error.message,
        })?;
        Ok(answer
            .get("Version")
            .and_then(Value::as_u64)
            .unwrap_or_default())
    }

    /// Makes a call of Secrets Manager, such as `CreateSecret`, as this emulator's own user.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as the operation refuses.
    pub fn secrets_manager(
        &self,
        operation: &'static str,
        request: &Value,
    ) -> Result<Value, ConvenienceError> {
        let context = secrets_manager::Context {
            store: &self.shared.secrets,
            caller: &self.shared.owner(),
            now: self.shared.clock.now(),
            body: request,
        };
        secrets_manager::handle(&context, operation).map_err(|error| ConvenienceError {
            operation,
            message: error.message,
        })
    }

    /// Replaces the rules of managed signing (`PutSigningConfiguration`, `{"rules": [...]}`) of the default registry. They
    /// are for what is pushed from now on.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `PutSigningConfiguration` refuses: too many rules, or an invalid one.
    pub fn put_signing_configuration(&self, configuration: &Value) -> Result<(), ConvenienceError> {
        let operation = "PutSigningConfiguration";
        let refused = |message| ConvenienceError { operation, message };
        let rules = SigningRule::all_of(configuration).map_err(refused)?;
        let registry = RegistryId {
            account: self.account().to_owned(),
            region: self.region().to_owned(),
        };
        let since = self.shared.registry.state().sequence();
        let put = self.shared.managed_signing.change(|store| {
            store.set_rules(&registry, RulesInForce { rules, since });
            Ok(())
        });
        put.map_err(|error| refused(error.message))
    }

    /// How managed signing by the profile of this ARN goes from now on. AWS has no such operation.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`] if the data directory cannot be written.
    pub fn set_signing_course(
        &self,
        profile_arn: &str,
        course: SigningCourse,
    ) -> Result<(), ConvenienceError> {
        let set = self.shared.managed_signing.change(|store| {
            store.set_course(profile_arn, course);
            Ok(())
        });
        set.map_err(|error| ConvenienceError {
            operation: "PutSigningConfiguration",
            message: error.message,
        })
    }

    /// Disables a KMS key.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `DisableKey` refuses: there is no such key.
    pub fn disable_kms_key(&self, key_arn: &str) -> Result<(), ConvenienceError> {
        self.call_kms("DisableKey", &json!({ "KeyId": key_arn }))
            .map(|_| ())
    }

    fn call_kms(&self, operation: &'static str, body: &Value) -> Result<Value, ConvenienceError> {
        let context = kms::Context {
            store: &self.shared.kms,
            caller: &self.shared.owner(),
            now: self.shared.clock.now(),
            body,
            tamper: None,
        };
        kms::handle(&context, operation).map_err(|error| ConvenienceError {
            operation,
            message: error.message,
        })
    }

    fn call_signer(
        &self,
        operation: &'static str,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ConvenienceError> {
        let refused = |message: String| ConvenienceError { operation, message };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::from(body.to_string()))
            .map_err(|error| refused(error.to_string()))?;
        let found = Operation::of(method, path)
            .ok_or_else(|| refused("its name cannot be part of a path".to_owned()))?;
        let caller = self.shared.owner();
        let context = signer::Context {
            store: &self.shared.signer,
            authority: &self.shared.authority,
            package_authority: &self.shared.package_authority,
            caller: &caller,
            request: &request,
            now: self.shared.clock.now(),
            tamper: None,
            objects: self.shared.objects(),
            courses: &self.shared.managed_signing,
        };
        signer::handle(&context, &found).map_err(|error| refused(error.message))
    }
}
