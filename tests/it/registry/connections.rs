//! Connections that a server recycles: what is asked again, once, on a new one, and what is not.

use countersign::http::{Error, Pool, read_body};
use countersign::registry::{Access, Credentials, NewSignature, Storage};
use reqwest::{Method, Request};
use url::Url;

use super::{IMAGE_MANIFEST, Store, countersign_media_type, no_annotations, opened};
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::http2::{Http2, Turn};
use countersign::notary::EnvelopeFormat;
use countersign::oci::Descriptor;
use std::collections::HashSet;
use std::sync::Mutex;

/// The body of the answer to `method`, with how often it was asked.
async fn asked(server: &Http2, method: Method) -> (Result<String, Error>, usize) {
    let pool = Pool::new(server.settings());
    let harmless = method.is_safe();
    let mut request = Request::new(method, Url::parse(&server.url()).unwrap());
    if !harmless {
        *request.body_mut() = Some("body".into());
    }
    let answer = if harmless {
        pool.send_harmless(request).await
    } else {
        pool.send(request).await
    };
    let body = match answer {
        Ok(response) => read_body(response, 100).await,
        Err(error) => Err(error),
    };
    let body = body.map(|body| String::from_utf8(body.to_vec()).unwrap());
    (body, server.requests())
}

#[tokio::test]
async fn what_a_server_says_it_has_not_begun_is_asked_again_whatever_it_is() {
    for turn in [Turn::GoAway, Turn::GoAwayAndClose, Turn::Refuse] {
        for method in [Method::GET, Method::POST] {
            let server = Http2::start(move |nth| if nth == 1 { turn } else { Turn::Answer });
            let (body, requests) = asked(&server, method.clone()).await;
            assert_eq!(body.unwrap(), "good", "{turn:?} {method}");
            assert_eq!(requests, 2, "{turn:?} {method}");
        }
    }
}

#[tokio::test]
async fn what_a_server_may_have_begun_is_asked_again_only_if_that_does_no_harm() {
    for turn in [Turn::Close, Turn::BeginAndGoAway] {
        let server = Http2::start(move |nth| if nth == 1 { turn } else { Turn::Answer });
        let (body, requests) = asked(&server, Method::GET).await;
        assert_eq!((body.unwrap().as_str(), requests), ("good", 2), "{turn:?}");
        let server = Http2::start(move |nth| if nth == 1 { turn } else { Turn::Answer });
        let (body, requests) = asked(&server, Method::POST).await;
        assert!(matches!(body, Err(Error::Interrupted { .. })), "{body:?}");
        assert_eq!(requests, 1, "{turn:?}");
    }
}

#[tokio::test]
async fn it_is_asked_again_once() {
    for turn in [
        Turn::GoAway,
        Turn::GoAwayAndClose,
        Turn::Refuse,
        Turn::Close,
    ] {
        let server = Http2::start(move |_| turn);
        let (body, requests) = asked(&server, Method::GET).await;
        assert!(matches!(body, Err(Error::Interrupted { .. })), "{body:?}");
        assert_eq!(requests, 2, "{turn:?}");
    }
}

/// A registry that closes the connection on the first request of each kind that `is_lost` names.
fn losing(is_lost: impl Fn(&Seen) -> bool + Send + Sync + 'static) -> Hostile {
    let store = Mutex::new(Store::signed());
    let lost = Mutex::new(HashSet::new());
    Hostile::start(move |seen| {
        if is_lost(seen) && lost.lock().unwrap().insert(seen.line()) {
            return Reply::closed();
        }
        match seen.method.as_str() {
            "POST" => Reply::status(202).header("Location", "/upload/1"),
            "PUT" | "HEAD" => {
                if !seen.path().starts_with("/upload/") {
                    let name = seen.path().rsplit('/').next().unwrap();
                    let media_type = seen.header("content-type").unwrap_or_default();
                    let mut store = store.lock().unwrap();
                    store.put(name, media_type, seen.body.clone());
                }
                Reply::status(if seen.method == "PUT" { 201 } else { 200 })
            }
            _ => store.lock().unwrap().serve(seen),
        }
    })
}

#[tokio::test]
async fn a_registry_that_closes_a_kept_connection_is_read_all_the_same() {
    let hostile = losing(|_| true);
    let store = Store::signed();
    let reference = format!("{}/app@{}", hostile.host(), store.digest());
    let repository = opened(&hostile, &reference, Credentials::default(), Access::Pull);
    let (target, listing) = repository.resolve_and_list().await.unwrap();
    let listing = listing.unwrap();
    let subject = target.descriptor.digest();
    let signature = repository.fetch_signature(subject, &listing.signatures[0]);
    assert_eq!(signature.await.unwrap().envelope, "envelope");
    // Each of the four questions was lost once.
    assert_eq!(hostile.seen().len(), 8);
}

/// Pushes one signature; gives the error, and the requests as lines without digests.
async fn pushed(hostile: &Hostile) -> (Option<String>, Vec<String>) {
    let store = Store::new();
    let reference = format!("{}/app@{}", hostile.host(), store.digest());
    let access = Access::PullAndPush;
    let repository = opened(hostile, &reference, Credentials::default(), access);
    let size = u64::try_from(store.image.len()).unwrap();
    let signature = NewSignature {
        subject: Descriptor::new(countersign_media_type(IMAGE_MANIFEST), size, store.digest()),
        format: EnvelopeFormat::Jws,
        envelope: "new".into(),
        annotations: no_annotations(),
    };
    let error = repository
        .push_signature(&signature, Storage::TagSchema)
        .await
        .err()
        .map(|error| error.to_string());
    let lines = hostile.lines().into_iter();
    let lines = lines.filter(|line| !line.starts_with("GET "));
    (error, lines.collect())
}

#[tokio::test]
async fn a_manifest_under_its_digest_is_sent_again_and_nothing_else_that_writes() {
    let by_digest = |seen: &Seen| seen.method == "PUT" && seen.path().contains("/sha256:");
    let hostile = losing(by_digest);
    let (error, lines) = pushed(&hostile).await;
    assert_eq!(error, None, "{lines:#?}");
    let is_by_digest = |line: &&String| line.contains("PUT ") && line.contains("/sha256:");
    assert_eq!(lines.iter().filter(is_by_digest).count(), 2, "{lines:#?}");

    let tag = |seen: &Seen| seen.method == "PUT" && seen.path().contains("/sha256-");
    let upload = |seen: &Seen| seen.path().starts_with("/upload/");
    let post = |seen: &Seen| seen.method == "POST";
    let writing: [fn(&Seen) -> bool; 3] = [tag, upload, post];
    for is_lost in writing {
        let hostile = losing(is_lost);
        let (error, lines) = pushed(&hostile).await;
        assert!(error.is_some(), "{lines:#?}");
        let lost = hostile.seen().iter().filter(|seen| is_lost(seen)).count();
        assert_eq!(lost, 1, "{lines:#?}");
    }
}
