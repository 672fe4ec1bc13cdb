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
        assert_eq!(error.kind(), Kind::Misbehaved);
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
    assert_eq!(error.kind(), Kind::Inconclusive);
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
        listing.unwrap().incomplete,
        Some(Error::Request { ref source, .. }) if matches!(**source, http::Error::TooLarge {
                max: MAX_MANIFEST_BYTES,
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
    let listing = repository.list_signatures(&store.digest()).await;
    let error = listing.unwrap().incomplete.unwrap();
    assert_eq!(error.kind(), Kind::Inconclusive);
    assert!(matches!(error, Error::ListingTimedOut { .. }));
}

#[tokio::test]
async fn a_denial_is_never_an_empty_list() {
    for status in [401, 402, 403, 409, 429, 500, 502, 503] {
        let (hostile, listing) =
            listed_from(move |_| error(status, "DENIED", "no").header("Retry-After", "9")).await;
        let listing = listing.unwrap();
        assert!(listing.signatures.is_empty() && listing.candidates.is_empty());
        // The other list is still to be read.
        assert!(!listing.has_read_tag_schema());
        let error = listing.incomplete.unwrap();
        assert_eq!(error.kind(), Kind::Inconclusive, "{status}");
        assert_eq!(hostile.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_later_page_that_fails_leaves_the_list_incomplete() {
    for status in [400, 403, 404, 406, 500] {
        let (_, listing) = listed_from(move |seen| match seen.query().get("page") {
            None => {
                Reply::ok(IMAGE_INDEX, index(&[entry("a")])).header("Link", "<?page=2>; rel=next")
            }
            Some(_) => error(status, "DENIED", "no"),
        })
        .await;
        let listing = listing.unwrap();
        assert_eq!(listing.signatures.len(), 1);
        let error = listing.incomplete.unwrap();
        assert_eq!(error.kind(), Kind::Inconclusive, "{status}");
    }
}

#[tokio::test]
async fn without_the_api_the_tag_schema_is_read() {
    for unsupported in [
        Reply::status(400),
        Reply::status(404),
        Reply::status(405),
        Reply::status(406),
        Reply::status(501),
        Reply::ok("text/html", "<html>"),
        // Whatever is said of its type.
        Reply::ok(IMAGE_INDEX, "<html>"),
        Reply::ok(IMAGE_INDEX, ""),
        Reply::ok(IMAGE_INDEX, r#"{"errors":[{"code":"UNSUPPORTED"}]}"#),
        Reply::ok("application/json", "{}"),
        Reply::ok(
            "application/vnd.docker.distribution.manifest.list.v2+json",
            r#"{"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}"#,
        ),
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
    for empty in [
        Reply::status(404),
        Reply::ok(IMAGE_INDEX, index(&[])),
        // The registry reads the tag as the digest that it is named after.
        Reply::ok(IMAGE_MANIFEST, store.image.clone()),
    ] {
        let listing = answered(empty).await.unwrap();
        assert!(listing.signatures.is_empty() && listing.incomplete.is_none());
        assert_eq!(listing.source, Source::TagSchema);
    }
    assert!(matches!(
        answered(Reply::status(403)).await,
        Err(Error::Denied { .. })
    ));
    let other = answered(Reply::ok(IMAGE_MANIFEST, "{}")).await.unwrap_err();
    assert!(matches!(other, Error::NotAnIndex { .. }));
    let words = other.to_string();
    assert!(
        words.ends_with(&format!(
            "/app:{tag}` is an image manifest, not the index of signatures"
        )),
        "{words}"
    );
    let unreadable = answered(Reply::ok(IMAGE_INDEX, r#"{"manifests":[1]}"#)).await;
    assert!(matches!(
        unreadable.unwrap().incomplete,
        Some(Error::UnreadableReferrers { count: 1, .. })
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

#[tokio::test]
async fn an_index_is_read_whatever_is_said_of_its_type() {
    for media_type in [
        "text/plain; charset=utf-8",
        "application/json",
        "text/html",
        "application/vnd.oci.image.index.v1+json; charset=utf-8",
    ] {
        let (hostile, listing) =
            listed_from(move |_| Reply::ok(media_type, index(&[entry("a")]))).await;
        let listing = listing.unwrap();
        assert_eq!(listing.source, Source::ReferrersApi, "{media_type}");
        assert_eq!(listing.signatures.len(), 1);
        assert_eq!(hostile.seen().len(), 1);
    }
}

#[tokio::test]
async fn an_index_that_calls_itself_one_and_is_broken_is_not_the_lack_of_an_api() {
    let broken = format!(r#"{{"mediaType":"{IMAGE_INDEX}","manifests":"none"}}"#);
    let (_, listing) = listed_from(move |_| Reply::ok("text/plain", broken.clone())).await;
    let listing = listing.unwrap();
    assert_eq!(listing.source, Source::ReferrersApi);
    assert!(matches!(listing.incomplete, Some(Error::Malformed { .. })));
}

#[tokio::test]
async fn one_bad_entry_hides_no_other() {
    let good = entry("good");
    let with = |name: &str, value: serde_json::Value| {
        let mut entry = entry("bad");
        entry[name] = value;
        entry
    };
    for bad in [
        json!(null),
        json!([]),
        with("size", json!(null)),
        with("size", json!(-1)),
        with("digest", json!(format!("blake3:{}", "a".repeat(64)))),
        with("digest", json!("")),
        with("mediaType", json!(7)),
        with("artifactType", json!({})),
    ] {
        for entries in [[bad.clone(), good.clone()], [good.clone(), bad.clone()]] {
            let (_, listing) = listed_from(move |_| Reply::ok(IMAGE_INDEX, index(&entries))).await;
            let listing = listing.unwrap();
            let [signature] = &listing.signatures[..] else {
                panic!("{bad} {listing:?}");
            };
            assert_eq!(*signature.digest(), oci::sha256_digest(b"good"));
            let error = listing.incomplete.unwrap();
            assert!(matches!(error, Error::UnreadableReferrers { count: 1, .. }));
            assert_eq!(error.kind(), Kind::Inconclusive);
        }
    }
}

#[tokio::test]
async fn a_digest_that_is_listed_twice_once_wrongly_is_listed_twice() {
    let mut wrong = entry("a");
    wrong["size"] = json!(2);
    let entries = [wrong, entry("a"), entry("a")];
    let (_, listing) = listed_from(move |_| Reply::ok(IMAGE_INDEX, index(&entries))).await;
    let listing = listing.unwrap();
    let sizes: Vec<u64> = listing
        .signatures
        .iter()
        .map(oci::Descriptor::size)
        .collect();
    assert_eq!(sizes, [2, 1]);
    assert!(listing.incomplete.is_none());
}

#[tokio::test]
async fn what_does_not_say_what_it_is_is_a_candidate() {
    let typed = |value: serde_json::Value| {
        let mut entry = entry(&value.to_string());
        entry["artifactType"] = value;
        entry
    };
    let entries = [
        typed(json!(null)),
        typed(json!("")),
        typed(json!("application/vnd.oci.empty.v1+json")),
        typed(json!("application/vnd.oci.image.config.v1+json")),
        typed(json!("application/spdx+json")),
        entry("signature"),
    ];
    let (_, listing) = listed_from(move |_| Reply::ok(IMAGE_INDEX, index(&entries))).await;
    let listing = listing.unwrap();
    assert_eq!((listing.signatures.len(), listing.candidates.len()), (1, 4));
}

#[tokio::test]
async fn a_401_of_one_list_is_not_answered_with_another_credential() {
    use countersign::registry::{Access, Credential, Credentials, Secret};
    let challenges: [&[&str]; 3] = [
        &[],
        &["Basic realm=x"],
        &["Bearer realm=\"http://REALM/token\""],
    ];
    for challenge in challenges {
        let mut store = Store::signed();
        let tag = store.digest().to_string().replace(':', "-");
        store.put(&tag, IMAGE_INDEX, store.index().into_bytes());
        let hostile = serving(&store, move |seen| {
            if seen.header("authorization").is_none() {
                return Some(Reply::status(401).header("WWW-Authenticate", "Basic realm=x"));
            }
            let denied = challenge
                .iter()
                .fold(Reply::status(401), |reply, challenge| {
                    reply.header("WWW-Authenticate", &challenge.replace("REALM", &seen.host))
                });
            seen.path().contains("/referrers/").then_some(denied)
        });
        let secret = Secret::new("s3cret".to_owned());
        let credential = Credential::password("user".to_owned(), secret, "`--password`");
        let credentials = Credentials::new(Some((hostile.host(), credential)), None, None);
        let reference = format!("{}/app:v1", hostile.host());
        let repository = super::opened(&hostile, &reference, credentials, Access::Pull);
        let (target, listing) = repository.resolve_and_list().await.unwrap();
        let error = listing.unwrap().incomplete.unwrap();
        assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
        let tagged = repository
            .list_by_tag_schema(target.descriptor.digest())
            .await;
        assert_eq!(tagged.unwrap().signatures.len(), 1);
        let shown: std::collections::HashSet<String> = hostile
            .seen()
            .iter()
            .filter_map(|seen| seen.header("authorization").map(str::to_owned))
            .collect();
        assert_eq!(shown.len(), 1, "{challenge:?}");
        assert!(hostile.lines().iter().all(|line| !line.contains("token")));
    }
}
