//! What every request can reach.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::{
    authority::Authority,
    call::Caller,
    calls::Calls,
    clock::{Clock, SignatureClock},
    ecs,
    error::AwsError,
    faults::Faults,
    iam::Decisions,
    identities::{AccessKey, Credentials, Identities},
    kms, lambda, managed_signing,
    registry::Registry,
    s3,
    saved::Saved,
    secrets_manager,
    signer::Store,
    ssm,
    tls::Tls,
};

/// What every request can reach. One per emulator, behind an `Arc`; each part locks itself.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The emulator's own access key. Its account is the default one: owner of the registry on the bare loopback address.
    pub(crate) access_key: AccessKey,
    /// The default region.
    pub(crate) region: String,
    /// Regions a signature may be scoped to; empty: every well-formed one.
    pub(crate) regions: Vec<String>,
    pub(crate) clock: Clock,
    pub(crate) signature_clock: SignatureClock,
    pub(crate) identities: Identities,
    pub(crate) credential_options: CredentialOptions,
    pub(crate) faults: Faults,
    /// What IAM's simulation says.
    pub(crate) decisions: Decisions,
    pub(crate) calls: Calls,
    pub(crate) authority: Authority,
    /// What signs packages of AWS Lambda.
    pub(crate) package_authority: Authority,
    pub(crate) tls: Tls,
    pub(crate) signer: Saved<Store>,
    pub(crate) kms: Saved<kms::Store>,
    pub(crate) ecs: Saved<ecs::Store>,
    pub(crate) managed_signing: Saved<managed_signing::Store>,
    pub(crate) ssm: Saved<ssm::Store>,
    pub(crate) secrets: Saved<secrets_manager::Store>,
    pub(crate) s3: Saved<s3::Store>,
    /// The S3 server that signing jobs and functions use in place of this emulator's own.
    pub(crate) s3_elsewhere: Option<s3::Elsewhere>,
    pub(crate) lambda: Saved<lambda::Store>,
    /// Repositories, blobs, tokens.
    pub(crate) registry: Registry,
}

/// What the credential endpoints ask for and give.
#[derive(Clone)]
pub(crate) struct CredentialOptions {
    pub(crate) role: String,
    pub(crate) container_token: Option<String>,
    pub(crate) web_identity_token: Option<String>,
    pub(crate) sso_token: Option<String>,
    pub(crate) imds_token: String,
}

impl std::fmt::Debug for CredentialOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("CredentialOptions")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// `GetRevocationStatus` names this certificate hash from now on.
    pub(crate) fn revoke_certificate(&self, hash: &str) -> Result<(), AwsError> {
        self.signer.change(|store| {
            store.revoked_certificate_hashes.push(hash.to_owned());
            Ok(())
        })
    }

    /// A KMS key of the emulator's own account and region with this private key; answers its ARN.
    pub(crate) fn import_kms_key(&self, spec: &str, pkcs8: &[u8]) -> Result<String, AwsError> {
        kms::import(&self.kms, &self.owner(), self.clock.now(), spec, pkcs8)
    }

    /// What the URLs of code are signed with.
    pub(crate) fn location_key(&self) -> &[u8] {
        self.access_key.secret_access_key.as_bytes()
    }

    /// A call of AWS Lambda, made now.
    pub(crate) fn lambda_context<'a>(
        &'a self,
        caller: &'a Caller,
        request: &'a Request<Bytes>,
        body: &'a Value,
        origin: &'a str,
    ) -> lambda::Context<'a> {
        lambda::Context {
            store: &self.lambda,
            caller,
            request,
            body,
            now: self.clock.now(),
            origin,
            location_key: self.location_key(),
            objects: self.objects(),
            signer: &self.signer,
            package_authority: &self.package_authority,
        }
    }

    /// The objects that signing jobs and functions work on.
    pub(crate) fn objects(&self) -> s3::Objects<'_> {
        s3::Objects {
            own: &self.s3,
            elsewhere: self.s3_elsewhere.as_ref(),
        }
    }

    /// Who makes what is made without a client.
    pub(crate) fn owner(&self) -> Caller {
        Credentials::LongTerm(self.access_key.clone()).caller(&self.region)
    }
}
