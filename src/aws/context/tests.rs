//! AWS as a process talks to it: regions, credentials, clients.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use aws_credential_types::provider::future;

use super::super::SigningProfileArn;
use super::*;

fn aws(region: Option<&str>) -> Aws {
    let settings = Settings {
        region: region.map(str::to_owned),
        // Port 9 (discard): nothing listens there.
        signer_endpoint_url: Some("http://127.0.0.1:9".to_owned()),
        ..Settings::default()
    };
    Aws::new(http::Pool::new(http::Settings::default()), settings).unwrap()
}

#[test]
fn the_arns_region_is_asked_unless_another_is_set() {
    let arn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";
    let arn = SigningProfileArn::parse(arn).unwrap();
    let choice = |region| aws(region).region_for(&arn, arn.location());
    for region in [None, Some("us-west-2")] {
        let choice = choice(region).unwrap();
        assert_eq!(
            (choice.region.as_str(), choice.warning()),
            ("us-west-2", None)
        );
    }
    let other = choice(Some("eu-west-1")).unwrap();
    assert_eq!(other.region, "eu-west-1");
    assert_eq!(
        other.warning().unwrap(),
        "asked in region `eu-west-1`, which is set explicitly, although the ARN says `us-west-2`"
    );
    assert_eq!(
        choice(Some("us-gov-west-1")).unwrap_err(),
        SettingsError::Partition {
            arn: arn.to_string(),
            partition: Partition::Aws,
            region: "us-gov-west-1".to_owned(),
            other: Partition::AwsUsGov,
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_signature_may_be_half_a_minute_in_the_making() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings {
        signer_endpoint_url: Some(format!("http://{}", listener.local_addr().unwrap())),
        ..Settings::default()
    };
    let pool = http::Pool::new(http::Settings::default());
    let credentials = Credentials::new("AKID", "s", None, None, "test");
    let aws = Aws::new(pool, settings)
        .unwrap()
        .with_credentials(credentials);
    let client = aws.signer("us-west-2").await.unwrap();
    let once = aws_sdk_signer::Config::builder().retry_config(RetryConfig::disabled());
    let asked = client
        .sign_payload()
        .profile_name("Images")
        .payload(aws_sdk_signer::primitives::Blob::new(b"{}"))
        .payload_format("application/json")
        .customize()
        .config_override(once)
        .send();
    let start = tokio::time::Instant::now();
    let error = asked.await.unwrap_err();
    assert_eq!(
        start.elapsed().as_secs(),
        limits::AWS_ANSWER_TIMEOUT.as_secs()
    );
    let call = crate::aws::Call {
        action: "signer:SignPayload",
        resource: "arn".to_owned(),
        region: "us-west-2".to_owned(),
    };
    let error = crate::aws::CallError::from_sdk(call, &error);
    assert_eq!(error.kind(), crate::aws::CallErrorKind::TimedOut);
    assert!(error.may_be_done());
    let words = "AWS did not answer in time to `signer:SignPayload` on `arn`";
    assert!(error.to_string().starts_with(words), "{error}");
    assert!(
        error
            .to_string()
            .contains("timed out waiting for the complete response from `http://127.0.0.1:"),
        "{error}"
    );
    drop(listener);
}

#[derive(Debug)]
struct CountingProvider(Arc<AtomicUsize>);

impl ProvideCredentials for CountingProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.fetch_add(1, Ordering::SeqCst);
        future::ProvideCredentials::ready(Ok(Credentials::new("AKID", "s", None, None, "test")))
    }
}

#[tokio::test]
async fn credentials_are_fetched_once_for_all_regions_and_services() {
    let count = Arc::new(AtomicUsize::new(0));
    let aws = aws(None).with_credentials(CountingProvider(Arc::clone(&count)));
    for region in ["us-west-2", "eu-west-1"] {
        let signer = aws.signer(region).await.unwrap();
        let asked = signer.get_signing_profile().profile_name("Images").send();
        asked.await.unwrap_err();
        let data = aws.clone().signer_data(region).await.unwrap();
        let asked = data
            .get_revocation_status()
            .signature_timestamp(aws_smithy_types::DateTime::from_secs(0))
            .platform_id("x")
            .profile_version_arn("x")
            .job_arn("x")
            .certificate_hashes("x")
            .send();
        asked.await.unwrap_err();
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}
