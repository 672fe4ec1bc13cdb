//! AWS's own Rust clients, which know the API model and nothing of this emulator.

use aws_credential_types::Credentials;
use aws_sdk_signer::{
    config::{BehaviorVersion, Region, retry::RetryConfig},
    error::ProvideErrorMetadata as _,
    primitives::{Blob, DateTime},
    types::{SigningProfileStatus, ValidityType},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use countersign_emulator::{Emulator, Fault, FaultKind};
use http_body_util::{BodyExt as _, Full};

use crate::support::*;

/// Sends every request to the emulator as to a proxy.
#[derive(Debug, Clone)]
struct Proxy(std::net::SocketAddr);

impl HttpConnector for Proxy {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let address = self.0;
        HttpConnectorFuture::new(async move {
            let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
                ConnectorError::other(error, None)
            };
            let (parts, body) = request
                .try_into_http1x()
                .map_err(|error| failed(error.into()))?
                .into_parts();
            let body: Bytes = body.collect().await.map_err(failed)?.to_bytes();
            let request = http::Request::from_parts(parts, Full::new(body));
            let answer = exchange(address, with_host(request))
                .await
                .map_err(|error| failed(error.into()))?;
            let mut response = http::Response::new(SdkBody::from(answer.body));
            *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap();
            *response.headers_mut() = answer.headers;
            response
                .try_into()
                .map_err(|error| ConnectorError::other(Box::new(error), None))
        })
    }
}

fn with_host(mut request: http::Request<Full<Bytes>>) -> http::Request<Full<Bytes>> {
    let host = request.uri().authority().unwrap().to_string();
    request.headers_mut().insert("host", host.parse().unwrap());
    request
}

fn http_client(emulator: &Emulator) -> SharedHttpClient {
    let proxy = Proxy(emulator.address());
    http_client_fn(move |_, _| SharedHttpConnector::new(proxy.clone()))
}

fn credentials(emulator: &Emulator) -> Credentials {
    Credentials::new(
        emulator.access_key_id(),
        emulator.secret_access_key(),
        None,
        None,
        "test",
    )
}

fn signer(emulator: &Emulator) -> aws_sdk_signer::Client {
    let config = aws_sdk_signer::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(emulator.endpoint())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials(emulator))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client(emulator))
        .build();
    aws_sdk_signer::Client::from_conf(config)
}

#[tokio::test]
async fn the_whole_life_of_a_signature() {
    let emulator = start();
    let client = signer(&emulator);
    let validity = aws_sdk_signer::types::SignatureValidityPeriod::builder()
        .value(3)
        .r#type(ValidityType::Years)
        .build();
    let put = client
        .put_signing_profile()
        .profile_name("web")
        .platform_id(NOTATION)
        .signature_validity_period(validity)
        .tags("team", "web")
        .send()
        .await
        .unwrap();
    let profile = client
        .get_signing_profile()
        .profile_name("web")
        .send()
        .await
        .unwrap();
    assert_eq!(profile.profile_version_arn(), put.profile_version_arn());
    assert_eq!(profile.status(), Some(&SigningProfileStatus::Active));
    assert_eq!(profile.tags().unwrap()["team"], "web");

    let answer = client
        .sign_payload()
        .profile_name("web")
        .payload(Blob::new(payload()))
        .payload_format(PAYLOAD_FORMAT)
        .send()
        .await
        .unwrap();
    let text: serde_json::Value =
        serde_json::from_slice(answer.signature().unwrap().as_ref()).unwrap();
    assert_eq!(text["header"]["x5c"].as_array().unwrap().len(), 4);

    let job = client
        .describe_signing_job()
        .job_id(answer.job_id().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(
        job.requested_by(),
        Some("arn:aws:iam::111122223333:user/emulator")
    );
    assert!(job.signature_expires_at().unwrap() > job.created_at().unwrap());
    let jobs = client
        .list_signing_jobs()
        .is_revoked(false)
        .max_results(25)
        .send()
        .await
        .unwrap();
    assert_eq!(jobs.jobs()[0].job_id(), answer.job_id());

    client
        .revoke_signature()
        .job_id(answer.job_id().unwrap())
        .reason("leaked")
        .send()
        .await
        .unwrap();
    client
        .revoke_signing_profile()
        .profile_name("web")
        .profile_version(put.profile_version().unwrap())
        .reason("stolen")
        .effective_time(*job.created_at().unwrap())
        .send()
        .await
        .unwrap();
    let job_arn = format!(
        "arn:aws:signer:us-east-1:111122223333:/signing-jobs/{}",
        answer.job_id().unwrap()
    );
    let profile_arn = put.profile_version_arn().unwrap();
    assert_eq!(
        revoked_by_both_clients(&emulator, profile_arn, &job_arn, *job.created_at().unwrap()).await,
        [profile_arn, &job_arn]
    );
}

/// What `GetRevocationStatus` names, asked through the client of AWS Signer and through that of its data plane.
async fn revoked_by_both_clients(
    emulator: &Emulator,
    profile_arn: &str,
    job_arn: &str,
    signed_at: DateTime,
) -> Vec<String> {
    let hash = "0".repeat(192);
    // This client's requests carry the prefix `data-`, which only a proxy can serve on loopback.
    let status = signer(emulator)
        .get_revocation_status()
        .signature_timestamp(signed_at)
        .platform_id(NOTATION)
        .profile_version_arn(profile_arn)
        .job_arn(job_arn)
        .certificate_hashes(&hash)
        .certificate_hashes(&hash)
        .send()
        .await
        .unwrap();
    assert_eq!(emulator.calls().pop().unwrap().host, "data-127.0.0.1");

    let config = aws_sdk_signerdata::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(emulator.endpoint())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials(emulator))
        .http_client(http_client(emulator))
        .build();
    let data_status = aws_sdk_signerdata::Client::from_conf(config)
        .get_revocation_status()
        .signature_timestamp(signed_at)
        .platform_id(NOTATION)
        .profile_version_arn(profile_arn)
        .job_arn(job_arn)
        .certificate_hashes(&hash)
        .send()
        .await
        .unwrap();
    assert_eq!(emulator.calls().pop().unwrap().host, "127.0.0.1");
    assert_eq!(status.revoked_entities(), data_status.revoked_entities());
    status.revoked_entities().to_vec()
}

#[tokio::test]
async fn errors_arrive_as_the_model_s_exceptions() {
    let emulator = start();
    let client = signer(&emulator);
    let error = client
        .get_signing_profile()
        .profile_name("none")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    assert_eq!(error.message(), Some("Signing profile none not found"));

    emulator
        .faults()
        .add(Fault::new(FaultKind::Throttle).times(1));
    let error = client
        .get_signing_profile()
        .profile_name("none")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_too_many_requests_exception(), "{error:?}");

    emulator
        .faults()
        .add(Fault::new(FaultKind::AccessDenied).times(1));
    let error = client
        .get_signing_profile()
        .profile_name("none")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_access_denied_exception(), "{error:?}");
}

#[tokio::test]
async fn permissions_and_tags() {
    let emulator = start();
    let client = signer(&emulator);
    let profile = client
        .put_signing_profile()
        .profile_name("web")
        .platform_id(NOTATION)
        .send()
        .await
        .unwrap();
    let added = client
        .add_profile_permission()
        .profile_name("web")
        .action("signer:SignPayload")
        .principal("444455556666")
        .statement_id("sign")
        .send()
        .await
        .unwrap();
    let listed = client
        .list_profile_permissions()
        .profile_name("web")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.revision_id(), added.revision_id());
    assert_eq!(listed.permissions()[0].principal(), Some("444455556666"));
    client
        .remove_profile_permission()
        .profile_name("web")
        .statement_id("sign")
        .revision_id(added.revision_id().unwrap())
        .send()
        .await
        .unwrap();

    let arn = profile.arn().unwrap();
    client
        .tag_resource()
        .resource_arn(arn)
        .tags("team", "web")
        .send()
        .await
        .unwrap();
    let tags = client
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags().unwrap()["team"], "web");
    client
        .untag_resource()
        .resource_arn(arn)
        .tag_keys("team")
        .send()
        .await
        .unwrap();

    let platforms = client.list_signing_platforms().send().await.unwrap();
    assert!(
        platforms
            .platforms()
            .iter()
            .any(|platform| platform.platform_id() == Some(NOTATION))
    );
    let profiles = client.list_signing_profiles().send().await.unwrap();
    assert_eq!(profiles.profiles()[0].profile_name(), Some("web"));
    client
        .cancel_signing_profile()
        .profile_name("web")
        .send()
        .await
        .unwrap();
}
