//! What a tag or digest stands for.

use std::time::Duration;

use countersign::http;
use countersign::limits::MAX_MANIFEST_BYTES;
use countersign::oci;
use countersign::registry::{Error, Kind};
use serde_json::json;

use super::{IMAGE_INDEX, IMAGE_MANIFEST, Store, anonymous, error, serving};
use crate::support::hostile::{Hostile, Reply};

async fn resolved(reply: Reply, target: &str) -> Result<oci::Descriptor, Error> {
    let hostile = Hostile::start(move |_| reply.clone());
    let repository = anonymous(&hostile, &format!("{}/app{target}", hostile.host()));
    repository.resolve().await.map(|target| target.descriptor)
}

#[tokio::test]
async fn a_tag_and_a_digest_take_one_request() {
    let store = Store::new();
    let hostile = serving(&store, |_| None);
    for target in [":v1".to_owned(), format!("@{}", store.digest())] {
        let repository = anonymous(&hostile, &format!("{}/team/app{target}", hostile.host()));
        let target = repository.resolve().await.unwrap();
        assert_eq!(target.descriptor.media_type().as_ref(), IMAGE_MANIFEST);
        assert_eq!(*target.descriptor.digest(), store.digest());
        assert_eq!(
            target.descriptor.size(),
            u64::try_from(store.image.len()).unwrap()
        );
        assert_eq!(
            target.reference.to_string(),
            format!("{}/team/app@{}", hostile.host(), store.digest())
        );
        assert!(!target.is_index());
    }
    assert_eq!(
        hostile.lines(),
        [
            "GET /v2/team/app/manifests/v1".to_owned(),
            format!("GET /v2/team/app/manifests/{}", store.digest())
        ]
    );
}

#[tokio::test]
async fn an_index_is_said_to_be_one() {
    let index = json!({"schemaVersion": 2, "manifests": []}).to_string();
    for media_type in [
        IMAGE_INDEX,
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ] {
        let hostile = Hostile::start({
            let index = index.clone();
            move |_| Reply::ok(media_type, index.clone())
        });
        let repository = anonymous(&hostile, &format!("{}/app:v1", hostile.host()));
        assert!(repository.resolve().await.unwrap().is_index());
    }
}

#[tokio::test]
async fn another_manifest_for_a_digest_is_found_out() {
    let asked = oci::sha256_digest(b"what was asked for");
    let served = br#"{"schemaVersion":2}"#;
    // The registry may say what it likes in its header.
    for announced in [asked.clone(), oci::sha256_digest(served)] {
        let reply = Reply::ok(IMAGE_MANIFEST, served.as_slice())
            .header("Docker-Content-Digest", announced.as_ref());
        let error = resolved(reply, &format!("@{asked}")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Misbehaved);
        let Error::WrongDigest { source, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            source,
            oci::Error::DigestMismatch {
                wanted: asked.to_string(),
                found: oci::sha256_digest(served).to_string()
            }
        );
    }
}

#[tokio::test]
async fn a_tag_whose_header_and_body_disagree_is_refused() {
    let reply = || Reply::ok(IMAGE_MANIFEST, "{}");
    for announced in [
        oci::sha256_digest(b"other").to_string(),
        "sha256:abc".to_owned(),
        "md5:d41d8cd98f00b204e9800998ecf8427e".to_owned(),
    ] {
        let reply = reply().header("Docker-Content-Digest", &announced);
        assert!(matches!(
            resolved(reply, ":v1").await,
            Err(Error::WrongDigest { .. })
        ));
    }
    assert_eq!(
        *resolved(reply(), ":v1").await.unwrap().digest(),
        oci::sha256_digest(b"{}")
    );
}

#[tokio::test]
async fn a_header_with_another_algorithm_is_checked_as_well() {
    let digest = oci::digest_with(countersign::algorithm::HashAlgorithm::Sha512, b"{}");
    let reply = |digest: &oci::Digest| {
        Reply::ok(IMAGE_MANIFEST, "{}").header("Docker-Content-Digest", digest.as_ref())
    };
    assert_eq!(
        *resolved(reply(&digest), ":v1").await.unwrap().digest(),
        digest
    );
    let asked = oci::sha256_digest(b"{}");
    let resolved = resolved(reply(&digest), &format!("@{asked}")).await;
    assert_eq!(*resolved.unwrap().digest(), asked);
}

#[tokio::test]
async fn a_web_page_is_no_manifest() {
    let error = resolved(Reply::ok("text/html; charset=utf-8", "<html>"), ":v1").await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::Misbehaved);
    assert!(matches!(&error, Error::NotAManifest { media_type, .. } if media_type == "text/html"));
    assert_eq!(
        error.hint().unwrap(),
        "a proxy or a sign-in page may have answered in the registry's place"
    );
}

#[tokio::test]
async fn header_and_manifest_must_name_one_media_type() {
    let index = json!({"mediaType": IMAGE_INDEX, "manifests": []}).to_string();
    let mixed = json!({"manifests": [], "layers": []}).to_string();
    for (reply, wanted) in [
        (
            Reply::ok(IMAGE_MANIFEST, index.clone()),
            format!("calls a manifest `{IMAGE_MANIFEST}` that calls itself `{IMAGE_INDEX}`"),
        ),
        (
            Reply::ok(IMAGE_MANIFEST, mixed),
            "answered with a manifest that is an index as well".to_owned(),
        ),
    ] {
        let Err(Error::Misbehaved { fault, .. }) = resolved(reply, ":v1").await else {
            panic!("{wanted}");
        };
        assert_eq!(fault, wanted);
    }
    // Without a header the manifest's own word counts.
    let resolved_without_header = resolved(Reply::status(200).body(index), ":v1").await;
    assert_eq!(
        resolved_without_header.unwrap().media_type().as_ref(),
        IMAGE_INDEX
    );
    assert!(matches!(
        resolved(Reply::status(200).body("{}"), ":v1").await,
        Err(Error::NotAManifest { media_type, .. }) if media_type.is_empty()
    ));
}

#[tokio::test]
async fn a_malformed_manifest_is_refused_even_with_the_right_digest() {
    for body in [
        "{",
        "[]",
        r#"{"mediaType":1}"#,
        r#"{"layers":[],"layers":[]}"#,
        "{} {}",
    ] {
        let asked = oci::sha256_digest(body.as_bytes());
        let reply = Reply::ok(IMAGE_MANIFEST, body);
        assert!(
            matches!(
                resolved(reply, &format!("@{asked}")).await,
                Err(Error::Malformed { .. })
            ),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_manifest_is_read_up_to_its_limit() {
    let manifest = |length: u64| {
        let mut text = "{}".to_owned();
        text.push_str(&" ".repeat(usize::try_from(length).unwrap() - 2));
        text
    };
    let at_limit = resolved(
        Reply::ok(IMAGE_MANIFEST, manifest(MAX_MANIFEST_BYTES)),
        ":v1",
    )
    .await;
    assert_eq!(at_limit.unwrap().size(), MAX_MANIFEST_BYTES);
    for past_limit in [
        Reply::ok(IMAGE_MANIFEST, manifest(MAX_MANIFEST_BYTES + 1)),
        Reply::ok(IMAGE_MANIFEST, "").endless(vec![b' '; 65_536]),
    ] {
        let error = resolved(past_limit, ":v1").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Misbehaved);
        assert!(matches!(
            error,
            Error::Request { ref source, .. } if matches!(**source, http::Error::TooLarge { max, .. } if max == MAX_MANIFEST_BYTES)
        ));
    }
}

#[tokio::test]
async fn every_refusal_keeps_its_class_and_the_registrys_words() {
    for (reply, kind, words) in [
        (
            error(404, "NAME_UNKNOWN", "no such repository"),
            Kind::NotFound,
            "`REGISTRY/app:v1` was not found, saying `NAME_UNKNOWN: no such repository`",
        ),
        (
            error(401, "UNAUTHORIZED", "who are you"),
            Kind::Inconclusive,
            "registry `REGISTRY` denied an anonymous request access to `app`, saying `UNAUTHORIZED: who are \
             you`",
        ),
        (
            error(403, "DENIED", "not you"),
            Kind::Inconclusive,
            "registry `REGISTRY` denied an anonymous request access to `app`, saying `DENIED: not you`",
        ),
        (
            error(429, "TOOMANYREQUESTS", "slow down").header("Retry-After", "120"),
            Kind::Inconclusive,
            "registry `REGISTRY` is rate-limiting requests, saying `TOOMANYREQUESTS: slow down`",
        ),
        (
            Reply::status(500).body("<html>oops"),
            Kind::Inconclusive,
            "registry `REGISTRY` failed with status 500",
        ),
        (
            Reply::status(418),
            Kind::Inconclusive,
            "`http://REGISTRY/v2/app/manifests/v1` answered with status 418",
        ),
    ] {
        let hostile = Hostile::start(move |_| reply.clone());
        let repository = anonymous(&hostile, &format!("{}/app:v1", hostile.host()));
        let error = repository.resolve().await.unwrap_err();
        let said = error.to_string().replace(&hostile.host(), "REGISTRY");
        assert_eq!((said.as_str(), error.kind()), (words, kind));
        assert_eq!(hostile.seen().len(), 1, "{words}");
    }
}

#[tokio::test]
async fn a_broken_or_slow_answer_is_not_one() {
    let interrupted = resolved(Reply::ok(IMAGE_MANIFEST, "").cut("{", 2), ":v1").await;
    let error = interrupted.unwrap_err();
    assert_eq!(error.kind(), Kind::Inconclusive);
    assert!(matches!(
        error,
        Error::Request { ref source, .. } if matches!(**source, http::Error::Interrupted { .. })
    ));
    assert!(matches!(
        resolved(Reply::closed(), ":v1").await,
        Err(Error::Request { ref source, .. }) if matches!(**source, http::Error::Interrupted { .. })
    ));
    for reply in [
        Reply::silent(),
        Reply::ok(IMAGE_MANIFEST, "").drip(Duration::from_millis(10)),
    ] {
        let hostile = Hostile::start(move |_| reply.clone());
        let pool = http::Pool::new(http::Settings {
            read_timeout: Duration::from_millis(100),
            request_timeout: Duration::from_millis(300),
            ..hostile.settings()
        });
        let repository = super::with_pool(pool, &format!("{}/app:v1", hostile.host()));
        assert!(matches!(
            repository.resolve().await,
            Err(Error::Request { ref source, .. }) if matches!(**source, http::Error::TimedOut { .. })
        ));
    }
}
