//! A new signature into a registry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use countersign::limits::MAX_INDEX_WRITES;
use countersign::notary::{EnvelopeFormat, SIGNATURE_ARTIFACT_TYPE};
use countersign::oci::{self, Descriptor};
use countersign::registry::{
    Access, Credential, Credentials, Error, Kind, NewSignature, PushedSignature, Secret, Source,
    Storage, Warning,
};
use serde_json::json;

use super::{
    IMAGE_INDEX, IMAGE_MANIFEST, Store, countersign_media_type, error, index, no_annotations,
    opened,
};
use crate::support::hostile::{Hostile, Reply, Seen};

/// A registry that takes what is pushed. `rule` may answer first.
pub(super) struct Taking {
    pub(super) hostile: Hostile,
    pub(super) store: Arc<Mutex<Store>>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Referrers {
    /// The registry has the API and says so.
    Api,
    /// It has not.
    None,
}

pub(super) fn taking(
    referrers: Referrers,
    rule: impl Fn(&Seen, &mut Store) -> Option<Reply> + Send + Sync + 'static,
) -> Taking {
    let store = Arc::new(Mutex::new(Store::new()));
    let kept = Arc::clone(&store);
    let hostile = Hostile::start(move |seen| {
        let mut store = kept.lock().unwrap();
        store.has_referrers_api = referrers == Referrers::Api;
        rule(seen, &mut store).unwrap_or_else(|| take(seen, &mut store))
    });
    Taking { hostile, store }
}

pub(super) fn take(seen: &Seen, store: &mut Store) -> Reply {
    let name = seen.path().rsplit('/').next().unwrap().to_owned();
    match seen.method.as_str() {
        "POST" => Reply::status(202).header("Location", "/upload/1?state=x"),
        "PUT" if seen.path().starts_with("/upload/") => {
            let digest = seen.query()["digest"].clone();
            assert_eq!(seen.query()["state"], "x");
            assert_eq!(digest, oci::sha256_digest(&seen.body).to_string());
            store.blobs.insert(digest, seen.body.clone());
            Reply::status(201)
        }
        "PUT" => {
            let media_type = seen.header("content-type").unwrap();
            let digest = store.put(&name, media_type, seen.body.clone());
            let manifest: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
            let reply = Reply::status(201).header("Docker-Content-Digest", digest.as_ref());
            match manifest["subject"]["digest"].as_str() {
                Some(subject) if store.has_referrers_api => {
                    store.referrers.push(json!({"mediaType": media_type,
                        "digest": digest.to_string(), "size": seen.body.len(),
                        "artifactType": manifest["artifactType"]}));
                    reply.header("OCI-Subject", subject)
                }
                _ => reply,
            }
        }
        "DELETE" => {
            store.manifests.remove(&name);
            Reply::status(202)
        }
        _ => store.serve(seen),
    }
}

fn new_signature(store: &Store) -> NewSignature {
    NewSignature {
        subject: Descriptor::new(
            countersign_media_type(IMAGE_MANIFEST),
            u64::try_from(store.image.len()).unwrap(),
            store.digest(),
        ),
        format: EnvelopeFormat::Cose,
        envelope: Bytes::from_static(b"envelope"),
        annotations: no_annotations(),
    }
}

async fn pushed_as(
    taking: &Taking,
    reference: &str,
    credentials: Credentials,
    storage: Storage,
) -> Result<PushedSignature, Error> {
    let signature = new_signature(&taking.store.lock().unwrap());
    let repository = opened(&taking.hostile, reference, credentials, Access::PullAndPush);
    repository.push_signature(&signature, storage).await
}

pub(super) async fn pushed(taking: &Taking, storage: Storage) -> Result<PushedSignature, Error> {
    let reference = format!("{}/app:v1", taking.hostile.host());
    pushed_as(taking, &reference, Credentials::default(), storage).await
}

/// Why a signature that was pushed cannot be found.
#[track_caller]
fn unlisted(pushed: Result<PushedSignature, Error>) -> Error {
    let error = pushed.unwrap_err();
    assert_eq!(error.kind(), Kind::Inconclusive);
    let Error::NotListed { source, .. } = error else {
        panic!("{error:?}");
    };
    *source.unwrap()
}

/// The tag of the image's index.
pub(super) fn tag() -> String {
    Store::new().digest().to_string().replace(':', "-")
}

/// The index of the tag schema as it is now.
pub(super) fn index_of(taking: &Taking) -> serde_json::Value {
    let store = taking.store.lock().unwrap();
    let (media_type, bytes) = &store.manifests[&store.digest().to_string().replace(':', "-")];
    assert_eq!(media_type, IMAGE_INDEX);
    serde_json::from_slice(bytes).unwrap()
}

#[tokio::test]
async fn what_is_pushed_is_what_notation_pushes() {
    let taking = taking(Referrers::Api, |_, _| None);
    let store = Store::new();
    let signature = NewSignature {
        annotations: [("k".to_owned(), "v".to_owned())].into(),
        ..new_signature(&store)
    };
    let reference = format!("{}/app:v1", taking.hostile.host());
    let repository = opened(
        &taking.hostile,
        &reference,
        Credentials::default(),
        Access::PullAndPush,
    );
    let pushed = repository
        .push_signature(&signature, Storage::default())
        .await
        .unwrap();
    assert_eq!(pushed.storage, Storage::ReferrersApi);
    let kept = taking.store.lock().unwrap().clone();
    let (media_type, bytes) = &kept.manifests[pushed.manifest.digest().as_ref()];
    assert_eq!(media_type, IMAGE_MANIFEST);
    assert_eq!(pushed.manifest.size(), u64::try_from(bytes.len()).unwrap());
    assert_eq!(
        String::from_utf8(bytes.clone()).unwrap(),
        format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.cncf.notary.signature","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="}},"layers":[{{"mediaType":"application/cose","digest":"{}","size":8}}],"subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{}}},"annotations":{{"k":"v"}}}}"#,
            oci::sha256_digest(b"envelope"),
            store.digest(),
            store.image.len()
        )
    );
    assert_eq!(kept.blobs[oci::sha256_digest(b"{}").as_ref()], b"{}");
    // It can be read back, and the tag schema was left alone.
    let (target, listing) = repository.resolve_and_list().await.unwrap();
    let listing = listing.unwrap();
    assert_eq!(listing.source, Source::ReferrersApi);
    let read = repository
        .fetch_signature(target.descriptor.digest(), &listing.signatures[0])
        .await
        .unwrap();
    assert_eq!(read.envelope, signature.envelope);
    assert!(!kept.manifests.contains_key(&tag()));
}

#[tokio::test]
async fn the_empty_config_is_pushed_once_for_all() {
    let taking = taking(Referrers::Api, |_, _| None);
    for _ in 0..2 {
        // The second one is the very same signature, which does no harm.
        pushed(&taking, Storage::default()).await.unwrap();
    }
    let lines = taking.hostile.lines();
    let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("HEAD /v2/app/blobs/"), count("POST ")), (2, 3));
}

#[tokio::test]
async fn without_the_api_the_tag_schema_is_written() {
    let taking = taking(Referrers::None, |_, _| None);
    let pushed = pushed(&taking, Storage::default()).await.unwrap();
    assert_eq!(pushed.storage, Storage::TagSchema);
    assert!(pushed.warnings.is_empty());
    let index = index_of(&taking);
    assert_eq!(index["schemaVersion"], 2);
    assert_eq!(
        index["manifests"],
        json!([{"mediaType": IMAGE_MANIFEST, "digest": pushed.manifest.digest().to_string(),
            "size": pushed.manifest.size(), "artifactType": SIGNATURE_ARTIFACT_TYPE}])
    );
}

#[tokio::test]
async fn the_tag_schema_can_be_forced() {
    let taking = taking(Referrers::Api, |_, _| None);
    let pushed = pushed(&taking, Storage::TagSchema).await.unwrap();
    assert_eq!(pushed.storage, Storage::TagSchema);
    assert_eq!(index_of(&taking)["manifests"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_index_had_stays_and_the_old_index_goes() {
    let taking = taking(Referrers::None, |_, _| None);
    let other = json!({"mediaType": "m", "digest": oci::sha256_digest(b"o").to_string(), "size": 1,
        "artifactType": "application/spdx+json", "annotations": {"x": "y"}, "unknown": [1]});
    let mut old: serde_json::Value =
        serde_json::from_str(&index(std::slice::from_ref(&other))).unwrap();
    old["annotations"] = json!({"kept": "yes"});
    let old_digest =
        taking
            .store
            .lock()
            .unwrap()
            .put(&tag(), IMAGE_INDEX, old.to_string().into_bytes());
    pushed(&taking, Storage::default()).await.unwrap();
    let index = index_of(&taking);
    assert_eq!(index["annotations"], old["annotations"]);
    assert_eq!(index["manifests"][0], other);
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
    let kept = taking
        .store
        .lock()
        .unwrap()
        .manifests
        .contains_key(old_digest.as_ref());
    assert!(!kept);
    // Pushed again, the index has it already and stays as it is.
    pushed(&taking, Storage::default()).await.unwrap();
    assert_eq!(index_of(&taking), index);
}

#[tokio::test]
async fn an_old_index_that_cannot_be_deleted_is_a_warning() {
    let taking = taking(Referrers::None, |seen, _| {
        (seen.method == "DELETE").then(|| error(405, "UNSUPPORTED", "no"))
    });
    let old = taking
        .store
        .lock()
        .unwrap()
        .put(&tag(), IMAGE_INDEX, index(&[]).into_bytes());
    let pushed = pushed(&taking, Storage::default()).await.unwrap();
    let [Warning::OldIndexNotDeleted { index, source }] = &pushed.warnings[..] else {
        panic!("{pushed:?}");
    };
    assert_eq!(*index, old);
    assert!(matches!(
        source,
        Error::UnexpectedStatus { status: 405, .. }
    ));
}

#[tokio::test]
async fn a_signature_that_another_writer_lost_is_written_again() {
    let overwrites = Mutex::new(1);
    let taking = taking(Referrers::None, move |seen, store| {
        let is_index = seen.method == "PUT" && seen.path().contains("/sha256-");
        let mut overwrites = overwrites.lock().unwrap();
        if is_index && *overwrites > 0 {
            *overwrites -= 1;
            let reply = take(seen, store);
            // Another writer's index takes the place of ours.
            let name = seen.path().rsplit('/').next().unwrap().to_owned();
            store.put(&name, IMAGE_INDEX, index(&[]).into_bytes());
            return Some(reply);
        }
        None
    });
    pushed(&taking, Storage::default()).await.unwrap();
    assert_eq!(index_of(&taking)["manifests"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_index_that_never_keeps_it_is_an_error() {
    let taking = taking(Referrers::None, |seen, _| {
        let is_index = seen.method == "PUT" && seen.path().contains("/sha256-");
        is_index.then(|| Reply::status(201))
    });
    let error = unlisted(pushed(&taking, Storage::default()).await);
    assert!(matches!(&error, Error::IndexConflict { reference } if reference.ends_with(&tag())));
    let puts = taking
        .hostile
        .lines()
        .iter()
        .filter(|line| line.starts_with("PUT /v2/app/manifests/sha256-"))
        .count();
    assert_eq!(puts, usize::try_from(MAX_INDEX_WRITES).unwrap());
}

#[tokio::test]
async fn a_tag_that_cannot_move_is_said() {
    for (status, code, message) in [
        (
            400,
            "TAG_INVALID",
            "cannot be overwritten because the tag is Immutable",
        ),
        (409, "CONFLICT", "tag exists"),
        (412, "PRECONDITION", "configured as such"),
    ] {
        let taking = taking(Referrers::None, move |seen, _| {
            let is_index = seen.method == "PUT" && seen.path().contains("/sha256-");
            is_index.then(|| error(status, code, message))
        });
        let error = unlisted(pushed(&taking, Storage::default()).await);
        assert_eq!(
            error.to_string(),
            format!(
                "tag `{}/app:{}` cannot be changed, saying `{code}: {message}`",
                taking.hostile.host(),
                tag()
            )
        );
        assert!(error.hint().unwrap().contains("sha256-*"));
    }
}

#[tokio::test]
async fn a_broken_index_is_not_overwritten() {
    let taking = taking(Referrers::None, |_, _| None);
    let tag = tag();
    taking
        .store
        .lock()
        .unwrap()
        .put(&tag, IMAGE_MANIFEST, b"{}".to_vec());
    let error = unlisted(pushed(&taking, Storage::default()).await);
    assert!(matches!(error, Error::NotAnIndex { .. }));
    assert_eq!(taking.store.lock().unwrap().manifests[&tag].1, b"{}");
}

#[tokio::test]
async fn a_registry_that_confirms_something_else_is_not_believed() {
    let taking = taking(Referrers::Api, |seen, _| {
        let is_manifest = seen.method == "PUT" && seen.path().contains("/manifests/");
        let other = oci::sha256_digest(b"other");
        is_manifest.then(|| Reply::status(201).header("Docker-Content-Digest", other.as_ref()))
    });
    let error = pushed(&taking, Storage::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Misbehaved);
    assert!(matches!(error, Error::WrongDigest { .. }));
}

#[tokio::test]
async fn another_subject_in_the_answer_does_not_count() {
    let taking = taking(Referrers::None, |seen, store| {
        let is_signature = seen.method == "PUT" && seen.path().contains("/manifests/sha256:");
        is_signature
            .then(|| take(seen, store).header("OCI-Subject", oci::sha256_digest(b"other").as_ref()))
    });
    let pushed = pushed(&taking, Storage::default()).await.unwrap();
    assert_eq!(pushed.storage, Storage::TagSchema);
}

#[tokio::test]
async fn refusals_of_an_upload_are_said() {
    for (method, status) in [("POST", 403), ("PUT", 400), ("POST", 404)] {
        let taking = taking(Referrers::Api, move |seen, _| {
            let is_upload = seen.path().contains("upload") && seen.method == method;
            is_upload.then(|| error(status, "DENIED", "no"))
        });
        let error = pushed(&taking, Storage::default()).await.unwrap_err();
        assert!(
            error.to_string().ends_with("saying `DENIED: no`"),
            "{error}"
        );
    }
    let nowhere = taking(Referrers::Api, |seen, _| {
        (seen.method == "POST").then(|| Reply::status(202))
    });
    assert!(matches!(
        pushed(&nowhere, Storage::default()).await,
        Err(Error::Misbehaved { fault, .. }) if fault == "accepts an upload without saying where"
    ));
}

#[tokio::test]
async fn an_upload_elsewhere_gets_no_password_and_none_in_plain_http() {
    let secret = Secret::new("s3cret".to_owned());
    let credential = Credential::password("user".to_owned(), secret, "`--password`");
    let credentials = Credentials::new(
        Some(("registry.example".to_owned(), credential)),
        None,
        None,
    );
    let locations: HashMap<_, _> = [("https", true), ("http", false)].into();
    for (scheme, is_used) in locations {
        let taking = taking(Referrers::Api, move |seen, _| {
            let is_registry = seen.host == "registry.example";
            if is_registry && seen.header("authorization").is_none() {
                return Some(Reply::status(401).header("WWW-Authenticate", "Basic realm=x"));
            }
            let location = format!("{scheme}://storage.example/upload/1?state=x");
            (seen.method == "POST").then(|| Reply::status(202).header("Location", &location))
        });
        let reference = "registry.example/app:v1";
        let pushed = pushed_as(&taking, reference, credentials.clone(), Storage::default()).await;
        assert_eq!(pushed.is_ok(), is_used);
        for seen in taking.hostile.seen() {
            assert!(seen.host == "registry.example" || seen.header("authorization").is_none());
            assert_eq!(seen.scheme, "https");
        }
    }
}

#[tokio::test]
async fn a_push_is_challenged_where_reading_is_free() {
    let secret = Secret::new("s3cret".to_owned());
    let credential = Credential::password("user".to_owned(), secret, "`--password`");
    let credentials = Credentials::new(
        Some(("registry.example".to_owned(), credential)),
        None,
        None,
    );
    let taking = taking(Referrers::Api, |seen, _| {
        let is_free = matches!(seen.method.as_str(), "GET" | "HEAD");
        let challenge = || Reply::status(401).header("WWW-Authenticate", "Basic realm=x");
        (!is_free && seen.header("authorization").is_none()).then(challenge)
    });
    let repository = opened(
        &taking.hostile,
        "registry.example/app:v1",
        credentials,
        Access::PullAndPush,
    );
    repository.resolve().await.unwrap();
    let signature = new_signature(&Store::new());
    repository
        .push_signature(&signature, Storage::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn no_upload_is_sent_twice_by_itself() {
    let taking = taking(Referrers::Api, |seen, _| {
        seen.path()
            .starts_with("/upload/")
            .then(|| Reply::status(503))
    });
    let error = pushed(&taking, Storage::default()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 503, .. }));
    let puts = taking
        .hostile
        .lines()
        .iter()
        .filter(|line| line.starts_with("PUT "))
        .count();
    // One for the envelope, one for the config.
    assert!(puts <= 2, "{puts}");
}
