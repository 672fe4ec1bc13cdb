//! The registry, with an independent client (`oci-client`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_emulator::{Access, BlobDelivery, Emulator, ReferrersApi, RegistryOptions};
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol, Config, ImageLayer},
    errors::OciDistributionError,
    manifest::{
        IMAGE_LAYER_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest, OciManifest,
    },
    secrets::RegistryAuth,
};
use serde_json::{Value, json};

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

fn start(change: impl FnOnce(&mut RegistryOptions)) -> Emulator {
    let mut options = RegistryOptions::default();
    change(&mut options);
    Emulator::builder()
        .registry(options)
        .start_blocking()
        .unwrap()
}

/// A client of its own, without a token of another test.
fn client() -> Client {
    Client::new(ClientConfig {
        protocol: ClientProtocol::Http,
        ..ClientConfig::default()
    })
}

fn reference(emulator: &Emulator, rest: &str) -> Reference {
    format!("{}/{rest}", emulator.address()).parse().unwrap()
}

fn operations(emulator: &Emulator) -> Vec<String> {
    emulator
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect()
}

/// Pushes an image and pulls it.
async fn round_trip(emulator: &Emulator, auth: &RegistryAuth) {
    let reference = reference(emulator, "team/app:v1");
    let layer = ImageLayer::new(b"layer".to_vec(), IMAGE_LAYER_MEDIA_TYPE.to_owned(), None);
    let config = Config::oci_v1(b"{}".to_vec(), None);
    let pushed = client()
        .push(&reference, &[layer], config, auth, None)
        .await;
    let url = pushed.unwrap().manifest_url;
    assert!(url.contains("/v2/team/app/manifests/sha256:"), "{url}");
    let image = client()
        .pull(&reference, auth, vec![IMAGE_LAYER_MEDIA_TYPE])
        .await
        .unwrap();
    assert_eq!(image.layers[0].data.as_ref(), b"layer");
    assert!(url.ends_with(&image.digest.unwrap()));
}

/// Pushes a signature of `subject`, by its digest.
async fn push_signature(
    emulator: &Emulator,
    client: &Client,
    subject: &OciDescriptor,
    number: u32,
) {
    let repository = reference(emulator, "app:v1");
    let repository = &repository;
    let blob = |bytes: Vec<u8>| async move {
        client
            .push_blob(repository, bytes.clone(), &digest(&bytes))
            .await
            .unwrap();
        OciDescriptor {
            media_type: "application/jose+json".to_owned(),
            digest: digest(&bytes),
            size: bytes.len().try_into().unwrap(),
            ..OciDescriptor::default()
        }
    };
    let manifest = OciImageManifest {
        media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
        artifact_type: Some(SIGNATURE.to_owned()),
        config: blob(b"{}".to_vec()).await,
        layers: vec![blob(number.to_string().into_bytes()).await],
        subject: Some(subject.clone()),
        ..OciImageManifest::default()
    };
    let reference = reference(emulator, &format!("app:signature-{number}"));
    client
        .push_manifest(&reference, &OciManifest::Image(manifest))
        .await
        .unwrap();
}

fn digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .fold("sha256:".to_owned(), |text, byte| {
            format!("{text}{byte:02x}")
        })
}

#[tokio::test]
async fn an_open_registry_takes_and_gives_images() {
    let emulator = start(|_| {});
    round_trip(&emulator, &RegistryAuth::Anonymous).await;
    let operations = operations(&emulator);
    for operation in [
        "registry:StartUpload",
        "registry:FinishUpload",
        "registry:PutManifest",
        "registry:GetManifest",
        "registry:GetBlob",
        "registry:GetLayer",
    ] {
        assert!(
            operations.iter().any(|name| name == operation),
            "{operation}: {operations:?}"
        );
    }
}

#[tokio::test]
async fn blobs_come_without_a_redirect_where_the_options_say_so() {
    let emulator = start(|options| options.blobs = BlobDelivery::Direct);
    round_trip(&emulator, &RegistryAuth::Anonymous).await;
    assert!(
        !operations(&emulator)
            .iter()
            .any(|name| name == "registry:GetLayer")
    );
}

#[tokio::test]
async fn credentials_are_asked_for_and_left_out_of_redirects() {
    let right = RegistryAuth::Basic("user".to_owned(), "pass".to_owned());
    let wrong = RegistryAuth::Basic("user".to_owned(), "wrong".to_owned());
    let (username, password) = ("user".to_owned(), "pass".to_owned());
    let basic = Access::Basic {
        username: username.clone(),
        password: password.clone(),
    };
    let bearer = Access::Bearer {
        username,
        password,
        anonymous_pull: false,
    };
    for access in [basic, bearer] {
        let emulator = start(|options| options.loopback_access = access);
        round_trip(&emulator, &right).await;
        assert!(
            emulator
                .calls()
                .iter()
                .any(|call| call.operation == "registry:GetLayer" && call.status == Some(200))
        );
        let reference = reference(&emulator, "team/app:v1");
        let refused = client().fetch_manifest_digest(&reference, &wrong).await;
        let refused = refused.unwrap_err();
        assert!(
            matches!(
                refused,
                OciDistributionError::UnauthorizedError { .. }
                    | OciDistributionError::AuthenticationFailure(_)
            ),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn an_anonymous_token_reads() {
    let emulator = start(|options| {
        options.loopback_access = Access::Bearer {
            username: "user".to_owned(),
            password: "pass".to_owned(),
            anonymous_pull: true,
        };
    });
    let pushed = emulator.push_test_image("app", "v1").unwrap();
    let client = client();
    let reference = reference(&emulator, "app:v1");
    let digest = client
        .fetch_manifest_digest(&reference, &RegistryAuth::Anonymous)
        .await
        .unwrap();
    assert_eq!(digest, pushed);
    let push = client
        .auth(
            &reference,
            &RegistryAuth::Anonymous,
            RegistryOperation::Push,
        )
        .await;
    assert!(push.unwrap().is_some());
    let blob = client
        .push_blob(&reference, b"x".to_vec(), &self::digest(b"x"))
        .await;
    let refused = blob.unwrap_err();
    assert!(
        matches!(refused, OciDistributionError::ServerError { code: 401, .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn test_images_and_their_referrers_are_seen_by_a_client() {
    let emulator = start(|_| {});
    let pushed = emulator.push_test_image("app", "v1").unwrap();
    let client = client();
    let reference = reference(&emulator, "app:v1");
    let image = client
        .pull(
            &reference,
            &RegistryAuth::Anonymous,
            vec!["application/vnd.oci.image.layer.v1.tar"],
        )
        .await
        .unwrap();
    assert_eq!(image.digest.as_deref(), Some(pushed.as_str()));
    let subject = OciDescriptor {
        media_type: OCI_IMAGE_MEDIA_TYPE.to_owned(),
        digest: pushed.clone(),
        size: 1,
        ..OciDescriptor::default()
    };
    for number in 0..3 {
        push_signature(&emulator, &client, &subject, number).await;
    }
    let by_digest: Reference = format!("{}/app@{pushed}", emulator.address())
        .parse()
        .unwrap();
    let listed = client
        .pull_referrers(&by_digest, Some(SIGNATURE))
        .await
        .unwrap();
    assert_eq!(listed.manifests.len(), 3);
    assert!(
        listed
            .manifests
            .iter()
            .all(|entry| entry.artifact_type.as_deref() == Some(SIGNATURE))
    );
    let others = client
        .pull_referrers(&by_digest, Some("application/other"))
        .await
        .unwrap();
    assert!(others.manifests.is_empty());

    let mut absent = RegistryOptions::default();
    absent.referrers = ReferrersApi::Absent;
    emulator.set_registry_options(absent);
    let fallback = client
        .pull_referrers(&by_digest, Some(SIGNATURE))
        .await
        .unwrap();
    assert!(fallback.manifests.is_empty());
    let fallback_tag = format!("/v2/app/manifests/{}", pushed.replace(':', "-"));
    assert!(
        emulator
            .calls()
            .iter()
            .any(|call| call.path == fallback_tag)
    );
}

#[tokio::test]
async fn a_test_index_has_two_platforms() {
    let emulator = start(|_| {});
    let pushed = emulator.push_test_index("app", "multi").unwrap();
    let reference = reference(&emulator, "app:multi");
    let (manifest, digest) = client()
        .pull_manifest(&reference, &RegistryAuth::Anonymous)
        .await
        .unwrap();
    assert_eq!(digest, pushed);
    let OciManifest::ImageIndex(index) = manifest else {
        panic!("not an index");
    };
    assert_eq!(index.manifests.len(), 2);
    for entry in index.manifests {
        let reference: Reference = format!("{}/app@{}", emulator.address(), entry.digest)
            .parse()
            .unwrap();
        client()
            .pull_manifest(&reference, &RegistryAuth::Anonymous)
            .await
            .unwrap();
    }
}

/// A request to Amazon ECR's management API.
async fn ecr(emulator: &Emulator, region: &str, action: &str, body: &Value) -> Value {
    let client = crate::support::Client {
        service: "ecr",
        ..crate::support::Client::of(emulator).in_region(region)
    };
    let body = body.to_string();
    let mut request = client.signed("POST", "/", "application/x-amz-json-1.1", body.as_bytes());
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{action}");
    request
        .headers_mut()
        .insert("x-amz-target", target.parse().unwrap());
    crate::support::exchange(emulator.address(), request)
        .await
        .unwrap()
        .ok()
}

/// User and password of `GetAuthorizationToken`.
async fn ecr_credentials(emulator: &Emulator, region: &str) -> RegistryAuth {
    let answer = ecr(emulator, region, "GetAuthorizationToken", &json!({})).await;
    let token = answer["authorizationData"][0]["authorizationToken"]
        .as_str()
        .unwrap();
    let token = String::from_utf8(STANDARD.decode(token).unwrap()).unwrap();
    let (user, password) = token.split_once(':').unwrap();
    RegistryAuth::Basic(user.to_owned(), password.to_owned())
}

#[tokio::test]
async fn an_ecr_host_is_reached_through_the_proxy_with_ecrs_token() {
    let emulator = start(|_| {});
    let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    let reference: Reference = format!("{host}/app:v1").parse().unwrap();
    let client = || {
        Client::new(ClientConfig {
            https_proxy: Some(emulator.endpoint()),
            tls_certs_only: vec![Certificate {
                encoding: CertificateEncoding::Pem,
                data: emulator.tls_root_pem().into_bytes(),
            }],
            ..ClientConfig::default()
        })
    };
    let layer = || ImageLayer::new(b"layer".to_vec(), IMAGE_LAYER_MEDIA_TYPE.to_owned(), None);
    let config = || Config::oci_v1(b"{}".to_vec(), None);
    let auth = ecr_credentials(&emulator, "eu-west-1").await;

    let pushed = client()
        .push(&reference, &[layer()], config(), &auth, None)
        .await;
    let Err(OciDistributionError::ServerError {
        code: 404, message, ..
    }) = pushed
    else {
        panic!("{:?}", pushed.err());
    };
    assert!(message.contains("\"NAME_UNKNOWN\""), "{message}");
    ecr(
        &emulator,
        "eu-west-1",
        "CreateRepository",
        &json!({ "repositoryName": "app" }),
    )
    .await;
    client()
        .push(&reference, &[layer()], config(), &auth, None)
        .await
        .unwrap();
    let image = client()
        .pull(&reference, &auth, vec![IMAGE_LAYER_MEDIA_TYPE])
        .await
        .unwrap();
    assert_eq!(image.layers[0].data.as_ref(), b"layer");

    // The bytes came from another host, where the credentials were left out.
    let calls = emulator.calls();
    let layers: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == "registry:GetLayer")
        .collect();
    assert_eq!(layers.len(), 2);
    for call in layers {
        assert_eq!(
            call.host,
            "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com"
        );
        assert_eq!(call.status, Some(200));
    }
    // A token of another region, and none.
    let elsewhere = ecr_credentials(&emulator, "us-east-1").await;
    for auth in [elsewhere, RegistryAuth::Anonymous] {
        let refused = client()
            .fetch_manifest_digest(&reference, &auth)
            .await
            .unwrap_err();
        assert!(
            matches!(
                refused,
                OciDistributionError::UnauthorizedError { .. }
                    | OciDistributionError::AuthenticationFailure(_)
            ),
            "{refused:?}"
        );
    }
    let images = ecr(
        &emulator,
        "eu-west-1",
        "DescribeImages",
        &json!({ "repositoryName": "app" }),
    )
    .await;
    assert_eq!(
        images["imageDetails"][0]["imageDigest"].as_str(),
        image.digest.as_deref()
    );
}
