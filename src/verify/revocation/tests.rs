use serde_json::json;
use time::macros::datetime;

use super::*;
use crate::envelope::testing::Signer;
use crate::outcome::{Origin, Standing};
use crate::revocation::{Evidence, Protocol, RevocationReason, Source};
use crate::signer_info::{SignedAttributes, UnsignedAttributes};
use crate::verify::testing::{CRL_URL, OCSP_URL, Scene, attributes, revokable_leaf, statement};

#[test]
fn only_an_authority_vouches_for_the_time() {
    let scene = Scene::new();
    let mut info = scene.info(&attributes());
    assert_eq!(authentic_time(&info), None);
    info.signed_attributes.signing_scheme = SigningScheme::SigningAuthority;
    let at = info.signed_attributes.signing_time;
    assert_eq!(authentic_time(&info), Some(at));
}

#[test]
fn what_the_sources_said_is_told_a_line_each() {
    let failure = |url: &str, seconds| revocation::Failure {
        protocol: Some(Protocol::Crl),
        url: Some(url.to_owned()),
        error: revocation::Error::TimedOut { seconds },
    };
    let mut certificate = CertificateRevocation {
        subject: "CN=leaf".to_owned(),
        serial_number: "1".to_owned(),
        status: Status::Revoked {
            evidence: Evidence {
                source: Source {
                    protocol: Protocol::Ocsp,
                    url: "http://user:word@ocsp.test/".to_owned(),
                },
                origin: Origin::Asked,
                as_of: datetime!(2026-01-02 03:04:05 UTC),
                until: None,
            },
            at: datetime!(2026-01-01 00:00:00 UTC),
            reason: RevocationReason::KeyCompromise,
        },
        failures: vec![failure("http://a.test/", 5), failure("http://b.test/", 6)],
    };
    let failures = [
        "CRL at `http://a.test/`: no answer within the time limit of 5 seconds",
        "CRL at `http://b.test/`: no answer within the time limit of 6 seconds",
    ];
    let lines = describe(&certificate);
    let revoked = "OCSP at `http://ocsp.test/` of \"Fri, 02 Jan 2026 03:04:05 +0000\": revoked on \
                   \"Thu, 01 Jan 2026 00:00:00 +0000\", keyCompromise";
    assert_eq!(lines, [revoked, failures[0], failures[1]]);
    certificate.status = Status::Unknown;
    assert_eq!(describe(&certificate), failures);
}

#[tokio::test]
async fn unknown_is_not_good_and_says_who_had_no_answer() {
    let scene = Scene::with(Signer::of(revokable_leaf()));
    let envelope = scene.envelope(&attributes(), &UnsignedAttributes::default());
    let strict = statement(&json!({}));
    let outcome = scene.judge(&scene.validators(), &envelope, &strict).await;
    let Some(Failure::CertificateRevocationUnknown {
        offline: false,
        purpose: Purpose::CodeSigning,
        subject,
        details,
    }) = outcome.refusal()
    else {
        panic!("{outcome:#?}");
    };
    assert_eq!(subject, "CN=leaf");
    let line = |protocol, url| {
        format!("{protocol} at `{url}`: no answer: `{url}` answered with status 404")
    };
    assert_eq!(*details, [line("OCSP", OCSP_URL), line("CRL", CRL_URL)]);
}

#[tokio::test]
async fn a_time_stamp_that_is_wanted_must_be_there_and_hold() {
    let scene = Scene::new();
    let stores = ["ca:x", "signingAuthority:x", "tsa:x"];
    let wants_stamps = statement(&json!({"trustStores": stores}));
    let judge = async |attributes: &SignedAttributes, token: Option<&[u8]>| {
        let unsigned = UnsignedAttributes {
            timestamp_signature: token.map(<[u8]>::to_vec),
            ..UnsignedAttributes::default()
        };
        let envelope = scene.envelope(attributes, &unsigned);
        scene
            .judge(&scene.validators(), &envelope, &wants_stamps)
            .await
    };
    let outcome = judge(&attributes(), None).await;
    assert!(matches!(outcome.refusal(), Some(Failure::NoTimestamp)));
    let outcome = judge(&attributes(), Some(b"token")).await;
    assert!(
        matches!(outcome.refusal(), Some(Failure::Timestamp { .. })),
        "{outcome:#?}"
    );
    // An authority vouches for the time.
    let vouched_for = SignedAttributes {
        signing_scheme: SigningScheme::SigningAuthority,
        ..attributes()
    };
    let outcome = judge(&vouched_for, None).await;
    assert_eq!(outcome.standing(), Standing::Verified, "{outcome:#?}");
}
