//! Whether what was pushed is listed, and what is done where it is not.

use serde_json::{Value, json};

use super::push::{Referrers, Taking, index_of, pushed, tag, take, taking};
use super::{IMAGE_INDEX, IMAGE_MANIFEST, Store, error, index};
use crate::support::hostile::{Reply, Seen};
use countersign::limits::MAX_LISTING_LOOKS;
use countersign::notary::SIGNATURE_ARTIFACT_TYPE;
use countersign::oci;
use countersign::registry::{Error, Kind, Storage, Warning};

type Lists = Box<dyn Fn(&Store) -> Vec<Value> + Send + Sync>;

fn count(taking: &Taking, start: &str) -> usize {
    let lines = taking.hostile.lines();
    lines.iter().filter(|line| line.starts_with(start)).count()
}

fn is_list(seen: &Seen) -> bool {
    seen.path().contains("/referrers/")
}

fn tag_writes(taking: &Taking) -> usize {
    count(taking, &format!("PUT /v2/app/manifests/{}", tag()))
}

#[tokio::test]
async fn what_is_listed_is_looked_at_once() {
    let taking = taking(Referrers::Api, |_, _| None);
    let pushed = pushed(&taking, Storage::default()).await.unwrap();
    assert_eq!(pushed.storage, Storage::ReferrersApi);
    assert!(pushed.warnings.is_empty());
    assert_eq!(
        (
            count(&taking, "GET /v2/app/referrers/"),
            tag_writes(&taking)
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn a_list_that_lags_is_looked_at_again() {
    let looks = std::sync::Mutex::new(0);
    let taking = taking(Referrers::Api, move |seen, _| {
        let mut looks = looks.lock().unwrap();
        *looks += u32::from(is_list(seen));
        (is_list(seen) && *looks < MAX_LISTING_LOOKS).then(|| Reply::ok(IMAGE_INDEX, index(&[])))
    });
    let pushed = pushed(&taking, Storage::default()).await.unwrap();
    assert_eq!(pushed.storage, Storage::ReferrersApi);
    assert_eq!(
        (
            count(&taking, "GET /v2/app/referrers/"),
            tag_writes(&taking)
        ),
        (3, 0)
    );
}

#[tokio::test]
async fn a_registry_that_does_not_list_it_gets_the_tag_schema_too() {
    // It lists nothing, the signature with another size, or with another type.
    let other = |change: fn(&mut Value)| {
        move |store: &Store| {
            let mut entry = store.referrers.last().cloned().unwrap_or_default();
            change(&mut entry);
            vec![entry]
        }
    };
    let lists: [Lists; 4] = [
        Box::new(|_| Vec::new()),
        Box::new(other(|entry| {
            entry["size"] = json!(entry["size"].as_u64().unwrap() + 2);
        })),
        Box::new(other(|entry| {
            entry["mediaType"] = json!("application/vnd.oci.artifact.manifest.v1+json");
        })),
        Box::new(other(|entry| {
            entry["artifactType"] = json!("application/spdx+json");
        })),
    ];
    for list in lists {
        let taking = taking(Referrers::Api, move |seen, store| {
            is_list(seen).then(|| Reply::ok(IMAGE_INDEX, index(&list(store))))
        });
        let pushed = pushed(&taking, Storage::default()).await.unwrap();
        assert_eq!(pushed.storage, Storage::TagSchema);
        assert!(matches!(pushed.warnings[..], [Warning::NotListed]));
        assert_eq!(index_of(&taking)["manifests"].as_array().unwrap().len(), 1);
        assert_eq!(count(&taking, "GET /v2/app/referrers/"), 3);
    }
}

#[tokio::test]
async fn an_entry_without_a_type_is_enough() {
    for kind in [json!(null), json!("application/vnd.oci.empty.v1+json")] {
        let taking = taking(Referrers::Api, move |seen, store| {
            let mut entries = store.referrers.clone();
            for entry in &mut entries {
                entry["artifactType"] = kind.clone();
            }
            is_list(seen).then(|| Reply::ok(IMAGE_INDEX, index(&entries)))
        });
        let pushed = pushed(&taking, Storage::default()).await.unwrap();
        assert_eq!(pushed.storage, Storage::ReferrersApi);
        assert_eq!(tag_writes(&taking), 0);
    }
}

#[tokio::test]
async fn a_denied_or_broken_list_is_no_reason_to_write_the_tag() {
    for has_api in [Referrers::Api, Referrers::None] {
        for (status, looks) in [(401, 1), (403, 1), (418, 3), (429, 3), (500, 3)] {
            let taking = taking(has_api, move |seen, _| {
                is_list(seen).then(|| error(status, "X", "no").header("Retry-After", "9"))
            });
            let error = pushed(&taking, Storage::default()).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Inconclusive);
            let signature = oci::sha256_digest(&signature_bytes(&taking));
            assert_eq!(
                error.to_string(),
                format!("signature manifest `{signature}` was pushed, not listed")
            );
            assert!(matches!(
                error,
                Error::NotListed {
                    source: Some(_),
                    ..
                }
            ));
            assert_eq!(count(&taking, "GET /v2/app/referrers/"), looks, "{status}");
            assert_eq!(tag_writes(&taking), 0, "{status}");
        }
    }
}

/// The manifest that was pushed under its digest.
fn signature_bytes(taking: &Taking) -> Vec<u8> {
    let seen = taking.hostile.seen();
    let put = seen
        .iter()
        .find(|seen| seen.method == "PUT" && seen.path().starts_with("/v2/app/manifests/sha256:"));
    put.unwrap().body.clone()
}

#[tokio::test]
async fn only_the_referrers_api_means_nothing_else() {
    for has_api in [Referrers::Api, Referrers::None] {
        let taking = taking(has_api, move |seen, _| {
            let is_empty = is_list(seen) && has_api == Referrers::Api;
            is_empty.then(|| Reply::ok(IMAGE_INDEX, index(&[])))
        });
        let error = pushed(&taking, Storage::OnlyReferrersApi)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotListed { source: None, .. }));
        assert!(
            error
                .hint()
                .unwrap()
                .contains("the setting `force-referrers-tag=false`")
        );
        assert_eq!(tag_writes(&taking), 0);
    }
    let listing = taking(Referrers::Api, |_, _| None);
    let pushed = pushed(&listing, Storage::OnlyReferrersApi).await.unwrap();
    assert_eq!(pushed.storage, Storage::ReferrersApi);
}

#[tokio::test]
async fn a_manifest_that_will_be_refused_again_is_not_to_be_tried_again() {
    for (status, kind) in [
        (400, Kind::Misbehaved),
        (405, Kind::Misbehaved),
        (413, Kind::Misbehaved),
        (415, Kind::Misbehaved),
        (422, Kind::Misbehaved),
        (501, Kind::Misbehaved),
        (403, Kind::Inconclusive),
        (409, Kind::Inconclusive),
        (429, Kind::Inconclusive),
        (503, Kind::Inconclusive),
    ] {
        let taking = taking(Referrers::Api, move |seen, _| {
            let is_manifest = seen.method == "PUT" && seen.path().contains("/manifests/");
            let refused = || error(status, "MANIFEST_INVALID", "unsupported");
            is_manifest.then(|| refused().header("Retry-After", "9"))
        });
        let error = pushed(&taking, Storage::default()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        if kind == Kind::Misbehaved {
            assert_eq!(
                error.to_string(),
                format!(
                    "registry `{}` does not take OCI artifacts: it answered with status {status}, \
                     saying `MANIFEST_INVALID: unsupported`",
                    taking.hostile.host()
                )
            );
            assert!(
                error
                    .hint()
                    .unwrap()
                    .starts_with("trying again does not help")
            );
        }
    }
}

// The registry reads the tag `sha256-HEX` as the digest where there is no such tag.
#[tokio::test]
async fn what_is_signed_is_never_taken_for_its_own_index() {
    let index_of_images = index(&[json!({"mediaType": IMAGE_MANIFEST, "size": 1,
        "digest": oci::sha256_digest(b"amd64").to_string(),
        "platform": {"os": "linux", "architecture": "amd64"}})]);
    for (media_type, image) in [
        (IMAGE_INDEX, index_of_images.into_bytes()),
        (IMAGE_INDEX, index(&[]).into_bytes()),
        (IMAGE_MANIFEST, Store::new().image),
    ] {
        let taking = taking(Referrers::None, move |seen, store| {
            let name = seen.path().rsplit('/').next().unwrap();
            let digest = name.replacen('-', ":", 1);
            let is_there = store.manifests.contains_key(name);
            let (media_type, bytes) = store.manifests.get(&digest)?;
            (seen.method == "GET" && !is_there).then(|| Reply::ok(media_type, bytes.clone()))
        });
        let digest = {
            let mut store = taking.store.lock().unwrap();
            store.image.clone_from(&image);
            store.put("v1", media_type, image.clone())
        };
        for _ in 0..2 {
            let pushed = pushed(&taking, Storage::default()).await.unwrap();
            assert!(pushed.warnings.is_empty(), "{pushed:?}");
        }
        let store = taking.store.lock().unwrap().clone();
        assert_eq!(store.manifests[digest.as_ref()].1, image);
        let listed: Value =
            serde_json::from_slice(&store.manifests[&digest.to_string().replace(':', "-")].1)
                .unwrap();
        assert_eq!(listed["manifests"].as_array().unwrap().len(), 1);
        assert_eq!(
            listed["manifests"][0]["artifactType"],
            SIGNATURE_ARTIFACT_TYPE
        );
        assert_eq!(count(&taking, "DELETE "), 0);
    }
}

#[tokio::test]
async fn what_may_be_an_image_is_left_where_it_is() {
    let referrer = json!({"mediaType": IMAGE_MANIFEST, "size": 1,
        "digest": oci::sha256_digest(b"x").to_string()});
    let mut image = referrer.clone();
    image["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let with_subject = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [],
        "subject": referrer});
    for there in [index(&[referrer, image]), with_subject.to_string()] {
        let taking = taking(Referrers::None, |_, _| None);
        let old = {
            let mut store = taking.store.lock().unwrap();
            store.put(&tag(), IMAGE_INDEX, there.into_bytes())
        };
        let pushed = pushed(&taking, Storage::default()).await.unwrap();
        let [Warning::OldIndexNotDeleted { index, source }] = &pushed.warnings[..] else {
            panic!("{pushed:?}");
        };
        assert_eq!(*index, old);
        assert!(matches!(source, Error::NotAnIndex { .. }));
        assert_eq!(count(&taking, "DELETE "), 0);
        let store = taking.store.lock().unwrap();
        assert!(store.manifests.contains_key(old.as_ref()));
    }
}

/// Writes the index as another signer does who read `base` before: `base` and `entry`.
fn overwrite(store: &mut Store, base: &Value, entry: &str) -> Value {
    let mut written = base.clone();
    written["manifests"].as_array_mut().unwrap().push(json!({
        "mediaType": IMAGE_MANIFEST, "size": 1, "artifactType": SIGNATURE_ARTIFACT_TYPE,
        "digest": oci::sha256_digest(entry.as_bytes()).to_string(),
    }));
    store.put(&tag(), IMAGE_INDEX, written.to_string().into_bytes());
    written
}

#[tokio::test]
async fn writers_that_interleave_lose_nothing() {
    #[derive(Default)]
    struct Others {
        base: Value,
        writes: u32,
        looks_since_write: u32,
    }
    let others = std::sync::Mutex::new(Others {
        base: serde_json::from_str(&index(&[])).unwrap(),
        ..Others::default()
    });
    let taking = taking(Referrers::None, move |seen, store| {
        if !seen.path().ends_with(&tag()) {
            return None;
        }
        let mut others = others.lock().unwrap();
        if seen.method == "PUT" {
            others.writes += 1;
            others.looks_since_write = 0;
            let reply = take(seen, store);
            if others.writes == 1 {
                // Right after ours comes the index of one who read nothing.
                others.base = overwrite(store, &others.base.clone(), "first");
            }
            return Some(reply);
        }
        others.looks_since_write += 1;
        if others.writes == 2 && others.looks_since_write == 3 {
            // Ours was seen twice; then comes the index of one who is slow.
            others.base = overwrite(store, &others.base.clone(), "second");
        }
        None
    });
    let pushed = pushed(&taking, Storage::default()).await.unwrap();
    assert!(
        matches!(pushed.warnings[..], [Warning::IndexContended]),
        "{pushed:?}"
    );
    let index = index_of(&taking);
    let digests: Vec<&str> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap())
        .collect();
    let first = oci::sha256_digest(b"first").to_string();
    let second = oci::sha256_digest(b"second").to_string();
    assert_eq!(
        digests,
        [
            first.as_str(),
            second.as_str(),
            pushed.manifest.digest().as_ref()
        ]
    );
    assert_eq!(tag_writes(&taking), 3);
}

#[tokio::test]
async fn an_old_index_that_is_gone_already_says_that_another_one_writes() {
    let looks = |is_gone: bool| async move {
        let taking = taking(Referrers::None, move |seen, _| {
            (is_gone && seen.method == "DELETE").then(|| error(404, "MANIFEST_UNKNOWN", "gone"))
        });
        taking
            .store
            .lock()
            .unwrap()
            .put(&tag(), IMAGE_INDEX, index(&[]).into_bytes());
        let pushed = pushed(&taking, Storage::default()).await.unwrap();
        // Nothing was lost, and nothing is claimed.
        assert!(pushed.warnings.is_empty());
        count(&taking, &format!("GET /v2/app/manifests/{}", tag()))
    };
    assert_eq!(looks(false).await, 2);
    assert_eq!(looks(true).await, 4);
}
