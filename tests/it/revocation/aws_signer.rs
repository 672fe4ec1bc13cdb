//! AWS Signer's own answer, where it does not come.

use countersign::aws::{Aws, CallErrorKind, Settings};
use countersign::extended_validation::{
    self, Claims, RevocationChecker, UnsignedAnswers, attribute,
};
use countersign::http;
use countersign::limits::AWS_REVOCATION_TIMEOUT;
use serde_json::json;
use tokio::time::Instant;

use super::*;

const REFUSED: UnsignedAnswers = UnsignedAnswers::Refused;

fn claims() -> Claims {
    let profile =
        json!("arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images/OF8IVUsPJq");
    let job = json!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/97af3947");
    Claims::new(
        "notary.x509.signingAuthority",
        Some(NOW),
        |name| match name {
            attribute::SIGNING_PROFILE_VERSION => Some(&profile),
            attribute::SIGNING_JOB => Some(&job),
            _ => None,
        },
    )
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_question_takes_no_longer_than_its_limit_with_all_its_attempts() {
    let server = Hostile::start(|_| Reply::silent());
    let hour = Duration::from_hours(1);
    let pool = http::Pool::new(http::Settings {
        connect_timeout: hour,
        read_timeout: hour,
        request_timeout: hour,
        ..server.settings()
    });
    let settings =
        Settings::default().with_signer_endpoint_url(format!("http://{}", server.host()));
    let aws = Aws::new(pool, settings).unwrap();
    let credentials = aws_credential_types::Credentials::from_keys("AKIDEXAMPLE", "secret", None);
    let checker = RevocationChecker::new(aws.with_credentials(credentials));
    let chain = Pki::new(vec![]).chain();
    let start = Instant::now();
    let inquiry = checker.check(&claims(), &chain, REFUSED, NOW).await;
    assert_eq!(start.elapsed().as_secs(), AWS_REVOCATION_TIMEOUT.as_secs());
    let error = inquiry.result.unwrap_err();
    assert!(error.is_inconclusive() && inquiry.evidence.is_none());
    let extended_validation::Error::RevocationUnknown(call) = error else {
        panic!("{error}");
    };
    assert_eq!(call.kind(), CallErrorKind::TimedOut);
    assert!(
        call.to_string().ends_with(": not within 30 seconds"),
        "{call}"
    );
    // It is not waited for a second time.
    let start = Instant::now();
    let again = checker.check(&claims(), &chain, REFUSED, NOW).await;
    assert!(again.result.is_err() && start.elapsed().is_zero());
}
