//! Who is shown what.

mod tokens;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::limits::MAX_TOKEN_BYTES;
use countersign::reference::Reference;
use countersign::registry::{
    Access, Client, Credential, Credentials, Error, Kind, PlainHttp, Secret, auth_files,
};

use super::{IMAGE_MANIFEST, Store, error, opened, serving};
use crate::support::hostile::{Hostile, Reply, Seen};

/// `user:s3cret`, for the registry at `server`.
fn password_for(server: &str) -> Credentials {
    let secret = Secret::new("s3cret".to_owned());
    let credential = Credential::password("user".to_owned(), secret, "`--password`");
    Credentials::new(Some((server.to_owned(), credential)), None, None)
}

const BASIC: &str = "Basic dXNlcjpzM2NyZXQ=";

fn challenge(value: &str) -> Reply {
    error(401, "UNAUTHORIZED", "log in").header("WWW-Authenticate", value)
}

/// A registry that wants what `wanted` says, and challenges with `value`.
fn guarded(store: &Store, wanted: &'static str, value: &'static str) -> Hostile {
    serving(store, move |seen| {
        let is_registry = seen.path().starts_with("/v2/") && seen.host != "storage.example";
        (is_registry && seen.header("authorization") != Some(wanted)).then(|| challenge(value))
    })
}

/// A registry whose realm `http(s)://realm.example/token` hands out `token`.
fn with_realm(
    store: &Store,
    realm: &'static str,
    token: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> Hostile {
    serving(store, move |seen| {
        if seen.path() == "/token" {
            return Some(token(seen));
        }
        let value = format!("Bearer realm=\"{realm}\",service=\"registry\"");
        (seen.header("authorization") != Some("Bearer t0ken")).then(|| challenge(&value))
    })
}

fn token() -> Reply {
    Reply::ok("application/json", r#"{"token":"t0ken"}"#)
}

async fn resolved(
    hostile: &Hostile,
    reference: &str,
    credentials: Credentials,
) -> Result<(), Error> {
    let repository = opened(hostile, reference, credentials, Access::Pull);
    repository.resolve().await.map(drop)
}

#[tokio::test]
async fn a_password_is_shown_when_asked_for_and_then_at_once() {
    let store = Store::signed();
    let hostile = guarded(&store, BASIC, "Basic realm=\"x\"");
    let reference = "registry.example/app:v1";
    let repository = opened(
        &hostile,
        reference,
        password_for("registry.example"),
        Access::Pull,
    );
    repository.resolve().await.unwrap();
    repository.list_signatures(&store.digest()).await.unwrap();
    let shown: Vec<_> = hostile
        .seen()
        .iter()
        .map(|s| s.header("authorization").map(str::to_owned))
        .collect();
    assert_eq!(
        shown,
        [None, Some(BASIC.to_owned()), Some(BASIC.to_owned())]
    );
}

#[tokio::test]
async fn a_password_is_for_its_own_registry() {
    let hostile = guarded(&Store::new(), BASIC, "Basic realm=\"x\"");
    let error = resolved(
        &hostile,
        "other.example/app:v1",
        password_for("registry.example"),
    )
    .await;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry `other.example` denied an anonymous request access to `app`, saying `UNAUTHORIZED: log in`"
    );
    assert!(
        hostile
            .seen()
            .iter()
            .all(|seen| seen.header("authorization").is_none())
    );
}

#[tokio::test]
async fn a_wrong_password_is_an_error_that_says_whose_and_not_what() {
    let hostile = guarded(&Store::new(), "another", "Basic realm=\"x\"");
    let error = resolved(
        &hostile,
        "registry.example/app:v1",
        password_for("registry.example"),
    )
    .await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::Inconclusive);
    assert_eq!(
        error.to_string(),
        "registry `registry.example` denied the credential of `--password` access to `app`, saying \
         `UNAUTHORIZED: log in`"
    );
    assert_eq!(hostile.seen().len(), 2);
    assert!(!format!("{error:?} {:?}", password_for("x")).contains("s3cret"));
}

#[tokio::test]
async fn no_password_travels_along_a_redirect_to_another_host() {
    let mut store = Store::new();
    let descriptor = store.sign(b"envelope");
    let mirror = store.clone();
    let hostile = serving(&store, move |seen| {
        if seen.host == "storage.example" {
            return Some(Reply::status(200).body("envelope"));
        }
        if seen.header("authorization") != Some(BASIC) {
            return Some(challenge("Basic realm=\"x\""));
        }
        if seen.path().contains("/blobs/") {
            return Some(Reply::redirect("https://storage.example/x"));
        }
        // One redirect within the registry, which needs the password again.
        if seen.path().contains("/manifests/") && !seen.target.contains('?') {
            return Some(Reply::redirect(&format!("{}?again", seen.path())));
        }
        Some(mirror.serve(seen))
    });
    let repository = opened(
        &hostile,
        "registry.example/app:v1",
        password_for("registry.example"),
        Access::Pull,
    );
    repository
        .fetch_signature(&store.digest(), &descriptor)
        .await
        .unwrap();
    for seen in hostile.seen().iter().skip(1) {
        let wanted = (seen.host == "registry.example").then_some(BASIC);
        assert_eq!(seen.header("authorization"), wanted, "{}", seen.url());
    }
    assert_eq!(hostile.seen().last().unwrap().host, "storage.example");
}

#[tokio::test]
async fn dockers_configuration_is_read_for_this_registry() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    let config = r#"{"auths":{"registry.example":{"auth":"dXNlcjpzM2NyZXQ="}}}"#;
    std::fs::write(&path, config).unwrap();
    let docker = || Credentials::new(None, None, Some(path.clone()));
    let hostile = guarded(&Store::new(), BASIC, "Basic realm=\"x\"");
    resolved(&hostile, "registry.example/app:v1", docker())
        .await
        .unwrap();
    let hostile = guarded(&Store::new(), BASIC, "Basic realm=\"x\"");
    assert!(matches!(
        resolved(&hostile, "other.example/app:v1", docker()).await,
        Err(Error::Unauthorized { .. })
    ));
}

#[tokio::test]
async fn a_broken_configuration_means_anonymous_and_is_said_where_that_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    let shown = path.to_str().unwrap().to_owned();
    for (content, problem) in [
        (
            "{",
            format!(
                "the credentials file `{shown}` is malformed: EOF while parsing an object at line 1 \
                 column 1"
            ),
        ),
        (
            r#"{"auths":{"registry.example":{"auth":"***"}}}"#,
            format!("the entry `registry.example` of the credentials file `{shown}` is malformed"),
        ),
    ] {
        std::fs::write(&path, content).unwrap();
        let docker = || Credentials::new(None, None, Some(path.clone()));
        // A registry that wants nothing, and one that hands out tokens to everybody.
        let open = serving(&Store::new(), |_| Some(Reply::ok(IMAGE_MANIFEST, "{}")));
        let reference = "registry.example/app:v1";
        resolved(&open, reference, docker()).await.unwrap();
        let with_tokens = with_realm(&Store::new(), "https://realm.example/token", |_| token());
        resolved(&with_tokens, reference, docker()).await.unwrap();

        let hostile = guarded(&Store::new(), BASIC, "Basic realm=\"x\"");
        let error = resolved(&hostile, reference, docker()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Inconclusive);
        assert_eq!(
            error.to_string(),
            "registry `registry.example` denied an anonymous request access to `app`, saying \
             `UNAUTHORIZED: log in`"
        );
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), problem);
        assert!(error.hint().unwrap().contains("log in again"), "{error:?}");
    }
}

#[tokio::test]
async fn of_several_entries_the_longest_path_counts_and_no_other_repositorys() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    let auth = |password: &str| STANDARD.encode(format!("user:{password}"));
    let config = serde_json::json!({ "auths": {
        "registry.example/team-a": { "auth": auth("team-a") },
        "registry.example/team-b": { "auth": auth("team-b") },
        "registry.example/team-b/app": { "auth": auth("app") },
    } });
    std::fs::write(&path, config.to_string()).unwrap();
    for (repository, wanted) in [
        ("team-a/app", Some("team-a")),
        ("team-b/app", Some("app")),
        ("team-b/app/deep", Some("app")),
        ("team-b/other", Some("team-b")),
        ("team-bb/app", None),
        ("app", None),
    ] {
        // A map that changes its order from run to run would not go through this.
        for _ in 0..8 {
            let hostile = guarded(&Store::new(), "another", "Basic realm=\"x\"");
            let docker = Credentials::new(None, None, Some(path.clone()));
            let reference = format!("registry.example/{repository}:v1");
            resolved(&hostile, &reference, docker).await.unwrap_err();
            let seen = hostile.seen();
            let shown = seen.iter().find_map(|seen| seen.header("authorization"));
            let wanted = wanted.map(|wanted| format!("Basic {}", auth(wanted)));
            assert_eq!(shown, wanted.as_deref(), "{repository}");
        }
    }
}

#[tokio::test]
async fn a_registry_token_goes_to_the_registry_and_no_realm_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    let config = r#"{"auths":{"registry.example":{"registrytoken":"t0ken"}}}"#;
    std::fs::write(&path, config).unwrap();
    let hostile = with_realm(&Store::new(), "https://realm.example/token", |_| {
        Reply::status(500)
    });
    let docker = Credentials::new(None, None, Some(path.clone()));
    let answer = resolved(&hostile, "registry.example/app:v1", docker).await;
    answer.unwrap();
    let hosts: Vec<_> = hostile
        .seen()
        .iter()
        .map(|seen| seen.host.clone())
        .collect();
    assert_eq!(hosts, ["registry.example", "registry.example"]);
    // A registry token is not sent if a password is asked for.
    let hostile = guarded(&Store::new(), BASIC, "Basic realm=\"x\"");
    let docker = Credentials::new(None, None, Some(path));
    let error = resolved(&hostile, "registry.example/app:v1", docker).await;
    assert!(matches!(error, Err(Error::Unauthorized { .. })));
    assert!(
        hostile
            .seen()
            .iter()
            .all(|seen| seen.header("authorization").is_none())
    );
}

#[tokio::test]
async fn the_files_are_asked_in_turn_and_a_broken_one_hides_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let broken = file("broken.json", "{");
    let other = file(
        "other.json",
        r#"{"auths":{"other.example":{"auth":"dXNlcjpzM2NyZXQ="}}}"#,
    );
    let variables = [
        ("REGISTRY_AUTH_FILE", broken.to_str().unwrap().to_owned()),
        ("DOCKER_CONFIG", other.to_str().unwrap().to_owned()),
        (
            "XDG_RUNTIME_DIR",
            directory.path().to_str().unwrap().to_owned(),
        ),
    ];
    std::fs::create_dir(directory.path().join("containers")).unwrap();
    file(
        "containers/auth.json",
        r#"{"auths":{"registry.example/app":{"auth":"dXNlcjpzM2NyZXQ="}}}"#,
    );
    let files = auth_files(
        |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        },
        None,
    );
    let hostile = guarded(&Store::new(), BASIC, "Basic realm=\"x\"");
    let credentials = Credentials::new(None, None, files);
    let answer = resolved(&hostile, "registry.example/app:v1", credentials).await;
    answer.unwrap();
}

#[tokio::test]
async fn an_identity_token_is_changed_at_the_realm_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    let config = r#"{"auths":{"registry.example":{"identitytoken":"r3fresh"}}}"#;
    std::fs::write(&path, config).unwrap();
    let hostile = with_realm(&Store::new(), "https://realm.example/token", |_| token());
    let docker = Credentials::new(None, None, Some(path));
    resolved(&hostile, "registry.example/app:v1", docker)
        .await
        .unwrap();
    let seen = hostile.seen();
    assert_eq!(seen[1].method, "POST");
    let form: std::collections::HashMap<_, _> = url::form_urlencoded::parse(&seen[1].body)
        .into_owned()
        .collect();
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["refresh_token"], "r3fresh");
    assert_eq!(form["scope"], "repository:app:pull");
    assert!(
        seen.iter()
            .all(|seen| !format!("{:?}", seen.headers).contains("r3fresh"))
    );
}

#[tokio::test]
async fn docker_hub_is_asked_at_its_own_host() {
    let hostile = serving(&Store::new(), |_| Some(Reply::ok(IMAGE_MANIFEST, "{}")));
    resolved(&hostile, "docker.io/nginx:1", Credentials::default())
        .await
        .unwrap();
    assert_eq!(
        hostile.seen()[0].url(),
        "https://registry-1.docker.io/v2/library/nginx/manifests/1"
    );
}
