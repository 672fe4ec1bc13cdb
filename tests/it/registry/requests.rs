//! How many requests a verification takes, and how many of them wait for another.

use countersign::registry::{Access, Credentials, RemoteRepository};

use super::{Store, anonymous, error, opened, serving};
use crate::support::hostile::{Hostile, Reply, Seen};

/// What a verification that succeeds asks of a registry.
async fn verified(repository: &RemoteRepository) {
    let (target, listing) = repository.resolve_and_list().await.unwrap();
    let listing = listing.unwrap();
    let subject = target.descriptor.digest();
    let signature = repository.fetch_signature(subject, &listing.signatures[0]);
    signature.await.unwrap();
}

/// Serves `store` with one redirect for blobs. The first `held` requests that `is_held` names are
/// answered only once all of them have arrived; were they sent one after another, none would be.
fn held(
    store: &Store,
    before: usize,
    is_held: impl Fn(&Seen) -> bool + Send + Sync + 'static,
    held: usize,
) -> Hostile {
    let store = store.clone();
    Hostile::start(move |seen| {
        let challenged = before > 0 && seen.header("authorization").is_none();
        if seen.path() == "/token" {
            return Reply::ok("application/json", r#"{"token":"t"}"#);
        }
        if challenged && seen.host != "storage.example" {
            let value = "Bearer realm=\"https://realm.example/token\"";
            return error(401, "UNAUTHORIZED", "").header("WWW-Authenticate", value);
        }
        if seen.host == "storage.example" {
            return Reply::status(200).body("envelope");
        }
        if seen.path().contains("/blobs/") {
            let scheme = seen.scheme;
            return Reply::redirect(&format!("{scheme}://storage.example/x"));
        }
        let reply = store.serve(seen);
        if is_held(seen) {
            reply.after_requests(before + held)
        } else {
            reply
        }
    })
}

fn is_first_step(store: &Store) -> impl Fn(&Seen) -> bool + Send + Sync + 'static {
    let digest = store.digest().to_string();
    move |seen| seen.path().ends_with(&digest)
}

#[tokio::test]
async fn by_digest_it_is_five_requests_in_four_steps() {
    let store = Store::signed();
    // The image and its referrers are asked for at the same time; then the signature manifest, the
    // blob, and the blob's redirect.
    let hostile = held(&store, 0, is_first_step(&store), 2);
    let reference = format!("{}/app@{}", hostile.host(), store.digest());
    verified(&anonymous(&hostile, &reference)).await;
    assert_eq!(hostile.seen().len(), 5);
}

#[tokio::test]
async fn by_tag_it_is_five_requests() {
    let store = Store::signed();
    let hostile = held(&store, 0, |_| false, 0);
    let repository = anonymous(&hostile, &format!("{}/app:v1", hostile.host()));
    verified(&repository).await;
    assert_eq!(hostile.seen().len(), 5);
    assert_eq!(hostile.lines()[0], "GET /v2/app/manifests/v1");
}

#[tokio::test]
async fn a_challenge_costs_one_request_and_one_token() {
    let store = Store::signed();
    // One challenge and one token first; then both go at the same time.
    let hostile = held(&store, 2, is_first_step(&store), 2);
    let reference = format!("registry.example/app@{}", store.digest());
    verified(&anonymous(&hostile, &reference)).await;
    let tokens = hostile
        .lines()
        .iter()
        .filter(|line| *line == "GET /token")
        .count();
    assert_eq!((tokens, hostile.seen().len()), (1, 5 + 1 + 1));
}

#[tokio::test]
async fn what_may_be_challenged_goes_alone_and_is_remembered() {
    let store = Store::signed();
    let hostile = held(&store, 0, |_| false, 0);
    let reference = format!("registry.example/app@{}", store.digest());
    let repository = opened(&hostile, &reference, Credentials::default(), Access::Pull);
    verified(&repository).await;
    assert_eq!(hostile.seen().len(), 5);
    // Once it is known that nothing is needed, both go at once.
    let is_first_step = is_first_step(&store);
    let again = held(&store, 0, is_first_step, 2);
    let client = countersign::registry::Client::new(
        again.pool(),
        Credentials::default(),
        countersign::registry::PlainHttp::Localhost,
    );
    let by_tag = countersign::reference::Reference::parse("registry.example/app:v1").unwrap();
    let by_digest = countersign::reference::Reference::parse(&reference).unwrap();
    let first = client.repository(&by_tag, Access::Pull).unwrap();
    first.resolve().await.unwrap();
    let second = client.repository(&by_digest, Access::Pull).unwrap();
    second.resolve_and_list().await.unwrap().1.unwrap();
    assert_eq!(again.seen().len(), 3);
}

#[tokio::test]
async fn a_denied_list_does_not_hide_what_the_reference_stands_for() {
    let store = Store::signed();
    for target in [":v1".to_owned(), format!("@{}", store.digest())] {
        let hostile = serving(&store, |seen| {
            let denied = || error(403, "DENIED", "no");
            seen.path().contains("/referrers/").then(denied)
        });
        let repository = anonymous(&hostile, &format!("{}/app{target}", hostile.host()));
        let (target, listing) = repository.resolve_and_list().await.unwrap();
        assert_eq!(*target.descriptor.digest(), store.digest());
        assert!(matches!(
            listing.unwrap().incomplete,
            Some(countersign::registry::Error::Denied { .. })
        ));
    }
}
