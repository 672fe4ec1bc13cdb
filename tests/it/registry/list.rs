//! Which signatures an artifact has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign::http;
use countersign::limits::{MAX_MANIFEST_BYTES, MAX_REFERRERS, MAX_REFERRERS_PAGES};
use countersign::notary::SIGNATURE_ARTIFACT_TYPE;
use countersign::oci;
use countersign::registry::{Error, Kind, Listing, Source};
use serde_json::json;

use super::{IMAGE_INDEX, IMAGE_MANIFEST, Store, anonymous, error, index, serving};
use crate::support::hostile::{Hostile, Reply, Seen};

async fn listed(hostile: &Hostile, store: &Store) -> Result<Listing, Error> {
    let repository = anonymous(hostile, &format!("{}/app:v1", hostile.host()));
    repository.list_signatures(&store.digest()).await
}

/// Answers the referrers API with `answer`, everything else from an unsigned image's registry.
async fn listed_from(
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Hostile, Result<Listing, Error>) {
    let store = Store::new();
    let hostile = serving(&store, move |seen| {
        seen.path().contains("/referrers/").then(|| answer(seen))
    });
    let listing = listed(&hostile, &store).await;
    (hostile, listing)
}

fn entry(name: &str) -> serde_json::Value {
    json!({"mediaType": IMAGE_MANIFEST, "digest": oci::sha256_digest(name.as_bytes()).to_string(),
        "size": 1, "artifactType": SIGNATURE_ARTIFACT_TYPE})
}

#[tokio::test]
async fn the_registry_is_asked_for_signatures_and_not_believed_about_it() {
    let mut store = Store::signed();
    let other = json!({"mediaType": IMAGE_MANIFEST, "digest": oci::sha256_digest(b"x").to_string(),
        "size": 1, "artifactType": "application/spdx+json"});
    store.referrers.insert(0, other);
    store.referrers.push(store.referrers[1].clone());
    let hostile = serving(&store, |_| None);
    let listing = listed(&hostile, &store).await.unwrap();
    assert_eq!(listing.signatures.len(), 1);
    assert_eq!(listing.source, Source::ReferrersApi);
    assert!(listing.incomplete.is_none());
    let [seen] = &hostile.seen()[..] else {
        panic!("{:?}", hostile.lines());
    };
    assert_eq!(seen.path(), format!("/v2/app/referrers/{}", store.digest()));
    assert_eq!(seen.query()["artifactType"], SIGNATURE_ARTIFACT_TYPE);
}

#[tokio::test]
async fn pages_are_followed() {
    let (hostile, listing) = listed_from(|seen| match seen.query().get("page") {
        None => {
            Reply::ok(IMAGE_INDEX, index(&[entry("a")])).header("Link", "<?page=2>; rel=\"next\"")
        }
        Some(_) => Reply::ok(IMAGE_INDEX, index(&[entry("b")])),
    })
    .await;
    let listing = listing.unwrap();
    let found: Vec<_> = listing
        .signatures
        .iter()
        .map(|s| s.digest().clone())
        .collect();
    assert_eq!(found, [oci::sha256_digest(b"a"), oci::sha256_digest(b"b")]);
    assert_eq!(hostile.seen().len(), 2);
}

/// What a first page with one signature and this link leads to.
async fn incomplete_by(link: &'static str) -> (Hostile, Error) {
    let (hostile, listing) = listed_from(move |seen| {
        let target = link.replace("SELF", &seen.target);
        Reply::ok(IMAGE_INDEX, index(&[entry("a")]))
            .header("Link", &format!("<{target}>; rel=\"next\""))
    })
    .await;
    let listing = listing.unwrap();
    assert_eq!(listing.signatures.len(), 1, "{link}");
    (hostile, listing.incomplete.unwrap())
}

#[tokio::test]
async fn a_page_elsewhere_is_not_followed() {
    for link in [
        "http://evil.example/v2/app/referrers/x",
        "https://127.0.0.1:1/",
        "//evil.example/",
    ] {
        let (hostile, error) = incomplete_by(link).await;
        assert_eq!(error.kind(), Kind::Lying);
        let Error::Misbehaved { fault, .. } = error else {
            panic!("{error:?}");
        };
        assert!(
            fault.starts_with("has its next page elsewhere, at `"),
            "{fault}"
        );
        assert_eq!(hostile.seen().len(), 1, "{link}");
    }
}

#[tokio::test]
async fn a_page_that_leads_to_itself_ends_the_list() {
    let (hostile, error) = incomplete_by("SELF").await;
    let Error::Misbehaved { fault, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        fault,
        "is a page of referrers that leads back to an earlier one"
    );
    assert_eq!(hostile.seen().len(), 1);
}

#[tokio::test]
async fn an_endless_list_ends_and_keeps_what_was_found() {
    let pages = Arc::new(AtomicUsize::new(0));
    let (hostile, listing) = listed_from(move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        Reply::ok(IMAGE_INDEX, index(&[entry(&page.to_string())]))
            .header("Link", &format!("<?page={page}>; rel=next"))
    })
    .await;
    let listing = listing.unwrap();
    assert_eq!(listing.signatures.len(), MAX_REFERRERS_PAGES);
    assert_eq!(hostile.seen().len(), MAX_REFERRERS_PAGES);
    let error = listing.incomplete.unwrap();
    assert_eq!(error.kind(), Kind::CouldNotLook);
    assert!(matches!(
        error,
        Error::TooManyReferrers {
            max: MAX_REFERRERS_PAGES,
            ..
        }
    ));
}

#[tokio::test]
async fn no_more_referrers_are_looked_at_than_allowed() {
    let many = |count: usize| {
        let entries: Vec<_> = (0..count).map(|n| entry(&n.to_string())).collect();
        Reply::ok(IMAGE_INDEX, index(&entries))
    };
    let at_limit = many(MAX_REFERRERS);
    let (_, listing) = listed_from(move |_| at_limit.clone()).await;
    let listing = listing.unwrap();
    assert_eq!(listing.signatures.len(), MAX_REFERRERS);
    assert!(listing.incomplete.is_none());
    let past_limit = many(MAX_REFERRERS + 1);
    let (_, listing) = listed_from(move |_| past_limit.clone()).await;
    assert!(matches!(
        listing.unwrap().incomplete,
        Some(Error::TooManyReferrers {
            max: MAX_REFERRERS,
            ..
        })
    ));
}

#[tokio::test]
async fn an_endless_page_is_cut_off() {
    let (_, listing) =
        listed_from(|_| Reply::ok(IMAGE_INDEX, "").endless(vec![b' '; 65_536])).await;
    assert!(matches!(
        listing,
        Err(Error::Request {
            source: http::Error::TooLarge {
                max: MAX_MANIFEST_BYTES,
                ..
            },
            ..
        })
    ));
}

#[tokio::test]
async fn many_slow_pages_end_together() {
    let store = Store::new();
    let pages = AtomicUsize::new(0);
    let hostile = serving(&store, move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(20));
        Some(
            Reply::ok(IMAGE_INDEX, index(&[])).header("Link", &format!("<?page={page}>; rel=next")),
        )
    });
    let pool = http::Pool::new(http::Settings {
        request_timeout: Duration::from_millis(300),
        ..hostile.settings()
    });
    let repository = super::with_pool(pool, &format!("{}/app:v1", hostile.host()));
    let error = repository
        .list_signatures(&store.digest())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::CouldNotLook);
    assert!(matches!(error, Error::ListingTimedOut { .. }));
}

#[tokio::test]
async fn a_denial_is_never_an_empty_list() {
    for status in [400, 401, 403, 429, 500, 503] {
        let (_, listing) =
            listed_from(move |_| error(status, "DENIED", "no").header("Retry-After", "9")).await;
        let error = listing.unwrap_err();
        assert_eq!(error.kind(), Kind::CouldNotLook, "{status}");
    }
}

#[tokio::test]
async fn a_later_page_that_fails_leaves_the_list_incomplete() {
    for (status, kind) in [(403, Kind::CouldNotLook), (404, Kind::NotFound)] {
        let (_, listing) = listed_from(move |seen| match seen.query().get("page") {
            None => {
                Reply::ok(IMAGE_INDEX, index(&[entry("a")])).header("Link", "<?page=2>; rel=next")
            }
            Some(_) => error(status, "DENIED", "no"),
        })
        .await;
        let listing = listing.unwrap();
        assert_eq!(listing.signatures.len(), 1);
        assert_eq!(listing.incomplete.unwrap().kind(), kind);
    }
}

#[tokio::test]
async fn without_the_api_the_tag_schema_is_read() {
    let page = || Reply::ok("text/html", "<html>");
    for unsupported in [
        Reply::status(404),
        Reply::status(405),
        Reply::status(501),
        page(),
    ] {
        let mut store = Store::signed();
        let tag = store.digest().to_string().replace(':', "-");
        store.put(&tag, IMAGE_INDEX, store.index().into_bytes());
        let hostile = serving(&store, move |seen| {
            seen.path()
                .contains("/referrers/")
                .then(|| unsupported.clone())
        });
        let listing = listed(&hostile, &store).await.unwrap();
        assert_eq!(
            (listing.signatures.len(), listing.source),
            (1, Source::TagSchema)
        );
        assert!(listing.has_read_tag_schema());
        assert_eq!(hostile.lines()[1], format!("GET /v2/app/manifests/{tag}"));
    }
}

#[tokio::test]
async fn the_tag_schema_tells_nothing_there_from_could_not_look() {
    let store = Store::new();
    let tag = store.digest().to_string().replace(':', "-");
    let answered = async |reply: Reply| {
        let hostile = serving(&store, {
            let tag = tag.clone();
            move |seen| seen.path().ends_with(&tag).then(|| reply.clone())
        });
        let repository = anonymous(&hostile, &format!("{}/app:v1", hostile.host()));
        repository.list_by_tag_schema(&store.digest()).await
    };
    assert_eq!(answered(Reply::status(404)).await.unwrap(), []);
    assert_eq!(
        answered(Reply::ok(IMAGE_INDEX, index(&[]))).await.unwrap(),
        []
    );
    assert!(matches!(
        answered(Reply::status(403)).await,
        Err(Error::Denied { .. })
    ));
    assert!(matches!(
        answered(Reply::ok(IMAGE_MANIFEST, "{}")).await,
        Err(Error::NotAManifest { .. })
    ));
    assert!(matches!(
        answered(Reply::ok(IMAGE_INDEX, r#"{"manifests":[1]}"#)).await,
        Err(Error::Malformed { .. })
    ));
    let many: Vec<_> = (0..=MAX_REFERRERS).map(|n| entry(&n.to_string())).collect();
    assert!(matches!(
        answered(Reply::ok(IMAGE_INDEX, index(&many))).await,
        Err(Error::TooManyReferrers {
            max: MAX_REFERRERS,
            ..
        })
    ));
}
