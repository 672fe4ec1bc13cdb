//! One signature: its manifest, then its envelope.

use std::time::Duration;

use countersign::http;
use countersign::limits::{MAX_ENVELOPE_BYTES, MAX_MANIFEST_BYTES, MAX_REDIRECTS};
use countersign::notary::EnvelopeFormat;
use countersign::oci::{self, Descriptor};
use countersign::registry::{Error, Kind, Signature};
use serde_json::json;

use super::{
    ARTIFACT_MANIFEST, IMAGE_INDEX, IMAGE_MANIFEST, Store, anonymous, countersign_media_type,
    serving,
};
use crate::support::hostile::{Hostile, Reply, Seen};

async fn fetched(
    hostile: &Hostile,
    store: &Store,
    manifest: &Descriptor,
) -> Result<Signature, Error> {
    let repository = anonymous(hostile, &format!("{}/app:v1", hostile.host()));
    repository.fetch_signature(&store.digest(), manifest).await
}

/// Fetches a signature whose manifest is `manifest`.
async fn fetched_manifest(
    media_type: &str,
    change: impl FnOnce(&mut serde_json::Value),
) -> Result<Signature, Error> {
    let mut store = Store::new();
    let mut manifest = store.signature_manifest(b"envelope");
    change(&mut manifest);
    let descriptor = store.add_signature(media_type, &manifest, b"envelope");
    fetched(&serving(&store, |_| None), &store, &descriptor).await
}

/// Fetches a good signature whose envelope is answered by `answer`.
async fn fetched_blob(
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Hostile, Result<Signature, Error>) {
    let mut store = Store::new();
    let descriptor = store.sign(b"envelope");
    let hostile = serving(&store, move |seen| {
        seen.path().contains("/blobs/").then(|| answer(seen))
    });
    let signature = fetched(&hostile, &store, &descriptor).await;
    (hostile, signature)
}

#[tokio::test]
async fn a_signature_takes_two_requests() {
    let mut store = Store::new();
    let descriptor = store.sign(b"envelope");
    let hostile = serving(&store, |_| None);
    let signature = fetched(&hostile, &store, &descriptor).await.unwrap();
    assert_eq!(signature.format, EnvelopeFormat::Jws);
    assert_eq!(signature.envelope, b"envelope".as_slice());
    assert_eq!(signature.manifest, descriptor);
    assert_eq!(signature.annotations["a"], "b");
    assert_eq!(
        hostile.lines(),
        [
            format!("GET /v2/app/manifests/{}", descriptor.digest()),
            format!("GET /v2/app/blobs/{}", oci::sha256_digest(b"envelope")),
        ]
    );
}

#[tokio::test]
async fn every_generation_of_manifests_is_read() {
    let first = fetched_manifest(IMAGE_MANIFEST, |manifest| {
        manifest["config"]["mediaType"] = manifest["artifactType"].take();
        manifest.as_object_mut().unwrap().remove("artifactType");
    });
    assert_eq!(first.await.unwrap().envelope, b"envelope".as_slice());
    let retired = fetched_manifest(ARTIFACT_MANIFEST, |manifest| {
        manifest["mediaType"] = json!(ARTIFACT_MANIFEST);
        manifest["blobs"] = manifest["layers"].take();
        manifest["blobs"][0]["mediaType"] = json!("application/cose");
    });
    let retired = retired.await.unwrap();
    assert_eq!(retired.format, EnvelopeFormat::Cose);
    assert_eq!(retired.annotations["a"], "b");
}

type Change = fn(&mut serde_json::Value);

#[tokio::test]
async fn a_manifest_that_is_no_signature_of_the_artifact_says_why() {
    let other = oci::sha256_digest(b"other").to_string();
    let rows: [(Change, String); 9] = [
        (
            |m| m["subject"]["digest"] = json!(oci::sha256_digest(b"other").to_string()),
            format!("it belongs to `{other}`, not to `SUBJECT`"),
        ),
        (
            |m| drop(m.as_object_mut().unwrap().remove("subject")),
            "it names no subject".to_owned(),
        ),
        (
            |m| m["artifactType"] = json!("application/x\u{1b}[0m"),
            "its artifact type is `application/x[0m`, not `application/vnd.cncf.notary.signature`"
                .to_owned(),
        ),
        (
            |m| m["layers"] = json!([]),
            "it has 0 envelopes, not one".to_owned(),
        ),
        (
            |m| m["layers"] = json!([m["layers"][0], m["layers"][0]]),
            "it has 2 envelopes, not one".to_owned(),
        ),
        (
            |m| m["layers"][0]["mediaType"] = json!("application/x"),
            "its envelope's media type is `application/x`".to_owned(),
        ),
        (
            |m| m["mediaType"] = json!(IMAGE_INDEX),
            format!("it is listed as `{IMAGE_MANIFEST}` and calls itself `{IMAGE_INDEX}`"),
        ),
        (|m| m["layers"] = json!(1), "it is malformed: ".to_owned()),
        (|m| *m = json!([]), "it is malformed: ".to_owned()),
    ];
    for (change, wanted) in rows {
        let error = fetched_manifest(IMAGE_MANIFEST, change).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Misbehaved);
        let Error::NotASignature { reason, .. } = error else {
            panic!("{error:?}");
        };
        let wanted = wanted.replace("SUBJECT", Store::new().digest().as_ref());
        assert!(reason.starts_with(&wanted), "{reason}");
    }
    let index = fetched_manifest(IMAGE_INDEX, |_| ()).await;
    assert!(matches!(
        index,
        Err(Error::NotASignature { reason, .. }) if reason == format!("its media type is `{IMAGE_INDEX}`")
    ));
}

#[tokio::test]
async fn what_is_announced_too_large_is_not_asked_for() {
    let too_large = fetched_manifest(IMAGE_MANIFEST, |m| {
        m["layers"][0]["size"] = json!(MAX_ENVELOPE_BYTES + 1);
    });
    assert!(matches!(
        too_large.await,
        Err(Error::TooLarge { size, max: MAX_ENVELOPE_BYTES, .. }) if size == MAX_ENVELOPE_BYTES + 1
    ));
    let at_limit = fetched_manifest(IMAGE_MANIFEST, |m| {
        m["layers"][0]["size"] = json!(MAX_ENVELOPE_BYTES);
    });
    assert!(matches!(
        at_limit.await,
        Err(Error::WrongSize {
            wanted: MAX_ENVELOPE_BYTES,
            found: 8,
            ..
        })
    ));
    let store = Store::new();
    let hostile = serving(&store, |_| None);
    for (size, is_asked_for) in [(MAX_MANIFEST_BYTES, true), (MAX_MANIFEST_BYTES + 1, false)] {
        let media_type = countersign_media_type(IMAGE_MANIFEST);
        let descriptor = Descriptor::new(media_type, size, oci::sha256_digest(b"x"));
        let error = fetched(&hostile, &store, &descriptor).await.unwrap_err();
        assert_eq!(matches!(error, Error::TooLarge { .. }), !is_asked_for);
    }
    assert_eq!(hostile.seen().len(), 1);
}

#[tokio::test]
async fn a_listed_signature_that_is_not_there_is_not_found() {
    let store = Store::new();
    let hostile = serving(&store, |_| None);
    let digest = oci::sha256_digest(b"gone");
    let descriptor = Descriptor::new(countersign_media_type(IMAGE_MANIFEST), 4, digest.clone());
    let error = fetched(&hostile, &store, &descriptor).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(
        error.to_string(),
        format!(
            "`{}/app@{digest}` was not found, saying `MANIFEST_UNKNOWN: manifest unknown`",
            hostile.host()
        )
    );
}

#[tokio::test]
async fn an_envelope_of_another_digest_or_size_is_found_out() {
    let (_, other) = fetched_blob(|_| Reply::status(200).body("ENVELOPE")).await;
    assert!(matches!(other, Err(Error::WrongDigest { .. })));
    for body in ["envelop", "envelope!"] {
        let (_, wrong) = fetched_blob(move |_| Reply::status(200).body(body)).await;
        let found = u64::try_from(body.len()).unwrap();
        assert!(
            matches!(wrong, Err(Error::WrongSize { wanted: 8, found: f, .. }) if f == found),
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_endless_slow_or_broken_envelope_ends() {
    let (_, endless) = fetched_blob(|_| Reply::status(200).endless("more and more")).await;
    let endless = endless.unwrap_err();
    assert_eq!(endless.kind(), Kind::Misbehaved);
    assert!(matches!(
        endless,
        Error::Request { ref source, .. } if matches!(**source, http::Error::TooLarge { max: 8, .. })
    ));
    let (_, broken) = fetched_blob(|_| Reply::status(200).cut("env", 8)).await;
    assert!(matches!(
        broken,
        Err(Error::Request { ref source, .. }) if matches!(**source, http::Error::Interrupted { .. })
    ));
    let (_, packed) = fetched_blob(|_| {
        Reply::status(200)
            .header("Content-Encoding", "gzip")
            .body("x")
    })
    .await;
    let packed = packed.unwrap_err();
    assert_eq!(packed.kind(), Kind::Misbehaved);
    assert!(matches!(
        packed,
        Error::Request { ref source, .. } if matches!(**source, http::Error::Encoded { .. })
    ));
}

#[tokio::test]
async fn an_envelope_that_drips_ends_with_the_time_limit() {
    let mut store = Store::new();
    let envelope = vec![b' '; 1_000_000];
    let descriptor = store.sign(&envelope);
    let hostile = serving(&store, |seen| {
        let drip = || Reply::status(200).drip(Duration::from_millis(10));
        seen.path().contains("/blobs/").then(drip)
    });
    let pool = http::Pool::new(http::Settings {
        read_timeout: Duration::from_millis(100),
        request_timeout: Duration::from_millis(300),
        ..hostile.settings()
    });
    let repository = super::with_pool(pool, &format!("{}/app:v1", hostile.host()));
    let error = repository
        .fetch_signature(&store.digest(), &descriptor)
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::Inconclusive);
    assert!(matches!(
        error,
        Error::Request { ref source, .. } if matches!(**source, http::Error::TimedOut { .. })
    ));
}

#[tokio::test]
async fn a_redirect_is_followed() {
    let (hostile, signature) = fetched_blob(|seen| {
        if seen.host == "storage.example" {
            Reply::status(200).body("envelope")
        } else {
            Reply::redirect("http://storage.example/blobs/x?signature=s3cret")
        }
    })
    .await;
    assert!(signature.is_ok());
    let urls: Vec<String> = hostile.seen().iter().map(Seen::url).collect();
    assert_eq!(urls.len(), 3);
    assert_eq!(urls[2], "http://storage.example/blobs/x?signature=s3cret");
}

#[tokio::test]
async fn redirects_are_counted() {
    for (redirects, is_followed) in [(MAX_REDIRECTS, true), (MAX_REDIRECTS + 1, false)] {
        let (hostile, signature) = fetched_blob(move |seen| {
            let done = seen.query().get("n").map_or(0, |n| n.parse().unwrap());
            if done == redirects {
                Reply::status(200).body("envelope")
            } else {
                Reply::redirect(&format!("{}?n={}", seen.path(), done + 1))
            }
        })
        .await;
        assert_eq!(signature.is_ok(), is_followed);
        assert_eq!(hostile.seen().len(), 2 + MAX_REDIRECTS);
        if let Err(error) = signature {
            assert_eq!(error.kind(), Kind::Misbehaved);
            assert!(matches!(
                error,
                Error::Misbehaved { fault, .. } if fault == "redirects more than 5 times"
            ));
        }
    }
}

#[tokio::test]
async fn a_redirect_that_leads_nowhere_good_is_not_followed() {
    for (location, wanted) in [
        (
            "http://169.254.169.254/latest/meta-data/",
            "redirects to `http://169.254.169.254/latest/meta-data/`, inside this machine or its link",
        ),
        (
            "ftp://x.example/",
            "redirects to `ftp://x.example/`, which is not `https`",
        ),
        (
            "http://u:p@x.example/",
            "redirects to `http://x.example/` with a password",
        ),
        ("http://[", "redirects to something that is not a URL"),
    ] {
        // From a registry that is not on this machine itself.
        let mut store = Store::new();
        let descriptor = store.sign(b"envelope");
        let hostile = serving(&store, move |seen| {
            let answer = || Reply::redirect(location);
            seen.path().contains("/blobs/").then(answer)
        });
        let repository = super::with_plain_http(&hostile, "registry.example/app:v1");
        let error = repository
            .fetch_signature(&store.digest(), &descriptor)
            .await;
        let Error::Misbehaved { fault, .. } = error.unwrap_err() else {
            panic!("{location}");
        };
        assert_eq!(fault, wanted);
        assert_eq!(hostile.seen().len(), 2);
    }
}

#[tokio::test]
async fn https_does_not_become_http() {
    let mut store = Store::new();
    let descriptor = store.sign(b"envelope");
    let hostile = serving(&store, |seen| {
        let answer = || Reply::redirect("http://storage.example/?token=s3cret");
        seen.path().contains("/blobs/").then(answer)
    });
    let repository = anonymous(&hostile, "registry.example/app:v1");
    let error = repository
        .fetch_signature(&store.digest(), &descriptor)
        .await;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`https://registry.example/v2/app/blobs/{}` redirects to \
             `http://storage.example/?...`, which is not `https`",
            oci::sha256_digest(b"envelope")
        )
    );
    assert_eq!(error.kind(), Kind::Misbehaved);
    assert!(hostile.seen().iter().all(|seen| seen.scheme == "https"));
}

#[tokio::test]
async fn a_redirects_target_is_not_logged_in_to() {
    let (hostile, signature) = fetched_blob(|seen| {
        if seen.host == "storage.example" {
            Reply::status(401).header(
                "WWW-Authenticate",
                "Bearer realm=\"http://realm.example/token\"",
            )
        } else {
            Reply::redirect("http://storage.example/blobs/x")
        }
    })
    .await;
    let error = signature.unwrap_err();
    assert_eq!(error.kind(), Kind::Misbehaved);
    let Error::Misbehaved { url, fault } = error else {
        panic!("{error:?}");
    };
    assert_eq!(url, "http://storage.example/blobs/x");
    assert_eq!(
        fault,
        format!(
            "asks for credentials, though registry `{}` redirected there",
            hostile.host()
        )
    );
    assert!(
        hostile
            .seen()
            .iter()
            .all(|seen| seen.host != "realm.example")
    );
}
