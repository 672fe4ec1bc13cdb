//! Tokens: when one is asked for, at which realm, and what is believed of the answer.

use super::*;

#[tokio::test]
async fn a_token_is_asked_for_once_and_for_this_repository() {
    let store = Store::signed();
    let hostile = with_realm(&store, "https://realm.example/token", |_| token());
    let reference = "registry.example/team/app:v1";
    let repository = opened(
        &hostile,
        reference,
        password_for("registry.example"),
        Access::Pull,
    );
    repository.resolve().await.unwrap();
    repository.list_signatures(&store.digest()).await.unwrap();
    let seen = hostile.seen();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[1].host, "realm.example");
    assert_eq!(seen[1].query()["service"], "registry");
    assert_eq!(seen[1].query()["scope"], "repository:team/app:pull");
    assert_eq!(seen[1].header("authorization"), Some(BASIC));
    for seen in &seen[2..] {
        assert_eq!(seen.header("authorization"), Some("Bearer t0ken"));
    }
}

#[tokio::test]
async fn without_a_password_a_token_is_asked_for_anonymously() {
    let hostile = with_realm(&Store::new(), "https://realm.example/token", |_| {
        Reply::ok(
            "application/json",
            r#"{"access_token":"t0ken","expires_in":300}"#,
        )
    });
    resolved(&hostile, "registry.example/app:v1", Credentials::default())
        .await
        .unwrap();
    assert_eq!(hostile.seen()[1].header("authorization"), None);
}

#[tokio::test]
async fn to_sign_the_token_allows_both_from_the_start() {
    let hostile = with_realm(&Store::new(), "https://realm.example/token", |_| token());
    let repository = opened(
        &hostile,
        "registry.example/app:v1",
        Credentials::default(),
        Access::PullAndPush,
    );
    repository.resolve().await.unwrap();
    assert_eq!(
        hostile.seen()[1].query()["scope"],
        "repository:app:pull,push"
    );
}

#[tokio::test]
async fn requests_that_are_challenged_at_the_same_time_share_a_token() {
    let store = Store::signed();
    let counted = AtomicUsize::new(0);
    let hostile = serving(&store, move |seen| {
        if seen.path() == "/token" {
            return Some(token());
        }
        // Both first requests are under way before either is challenged.
        let value = "Bearer realm=\"https://realm.example/token\"";
        let is_first = seen.header("authorization").is_none();
        is_first.then(|| {
            challenge(value).after_requests(counted.fetch_add(1, Ordering::Relaxed).max(2))
        })
    });
    let client = Client::new(hostile.pool(), Credentials::default(), PlainHttp::Localhost);
    let reference = Reference::parse("registry.example/app:v1").unwrap();
    let first = client.repository(&reference, Access::Pull).unwrap();
    let second = client.clone().repository(&reference, Access::Pull).unwrap();
    let (first, second) = tokio::join!(first.resolve(), second.resolve());
    assert!(first.is_ok() && second.is_ok());
    let tokens = hostile
        .lines()
        .iter()
        .filter(|line| *line == "GET /token")
        .count();
    assert_eq!((tokens, hostile.seen().len()), (1, 5));
}

#[tokio::test]
async fn a_token_that_does_not_help_is_not_asked_for_again() {
    let store = Store::new();
    let hostile = serving(&store, |seen| {
        let value = "Bearer realm=\"https://realm.example/token\"";
        Some(if seen.path() == "/token" {
            token()
        } else {
            challenge(value)
        })
    });
    let repository = opened(
        &hostile,
        "registry.example/app:v1",
        Credentials::default(),
        Access::Pull,
    );
    for _ in 0..2 {
        assert!(matches!(
            repository.resolve().await,
            Err(Error::Unauthorized { .. })
        ));
    }
    let tokens = hostile
        .lines()
        .iter()
        .filter(|line| *line == "GET /token")
        .count();
    assert_eq!((tokens, hostile.seen().len()), (1, 4));
}

#[tokio::test]
async fn a_realm_must_be_https_and_elsewhere() {
    for (realm, fault) in [
        (
            "http://realm.example/token",
            "names a token realm that is not `https`",
        ),
        ("/token", "names a token realm that is not a URL"),
        (
            "https://u:p@realm.example/token",
            "names a token realm with a password in it",
        ),
        (
            "https://127.0.0.1/token",
            "names a token realm inside this machine or its link",
        ),
        (
            "https://[::ffff:127.0.0.1]/token",
            "names a token realm inside this machine or its link",
        ),
        (
            "https://0.0.0.0/token",
            "names a token realm inside this machine or its link",
        ),
        (
            "https://169.254.169.254/token",
            "names a token realm inside this machine or its link",
        ),
    ] {
        let hostile = with_realm(&Store::new(), realm, |_| token());
        let error = resolved(
            &hostile,
            "registry.example/app:v1",
            password_for("registry.example"),
        )
        .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), Kind::Misbehaved);
        assert!(
            matches!(&error, Error::Misbehaved { fault: f, .. } if f == fault),
            "{error:?}"
        );
        assert_eq!(hostile.seen().len(), 1, "{realm}");
    }
}

#[tokio::test]
async fn a_registry_in_plain_http_may_have_its_realm_there_too() {
    let hostile = with_realm(&Store::new(), "http://realm.example/token", |_| token());
    let repository = crate::registry::with_plain_http(&hostile, "registry.example/app:v1");
    repository.resolve().await.unwrap();
    assert_eq!(
        hostile.seen()[1].url().split('?').next(),
        Some("http://realm.example/token")
    );
}

#[tokio::test]
async fn what_a_realm_answers_is_judged_and_never_shown() {
    let refused = |reply: Reply| async move {
        let hostile = with_realm(&Store::new(), "https://realm.example/token", move |_| {
            reply.clone()
        });
        let error = resolved(
            &hostile,
            "registry.example/app:v1",
            password_for("registry.example"),
        )
        .await;
        error.unwrap_err()
    };
    let json = |body: &str| Reply::ok("application/json", body);
    for (reply, wanted) in [
        (
            json("no token s3cret"),
            "answered with something other than a token",
        ),
        (json("{}"), "answered without a token"),
        (json(r#"{"token":""}"#), "answered without a token"),
        (
            json(r#"{"token":"s3cret\n"}"#),
            "answered with a token that no header can hold",
        ),
    ] {
        let error = refused(reply).await;
        assert_eq!(
            error.to_string(),
            format!("`https://realm.example/token` {wanted}")
        );
        assert!(!format!("{error:?}").contains("s3cret"));
    }
    let denied = refused(Reply::status(401).body(r#"{"details":"wrong password"}"#)).await;
    assert_eq!(
        denied.to_string(),
        "registry `registry.example` denied the credential of `--password` access to `app`, saying `wrong \
         password`"
    );
    let long = format!(
        r#"{{"token":"{}"}}"#,
        "x".repeat(usize::try_from(MAX_TOKEN_BYTES).unwrap())
    );
    assert!(matches!(refused(json(&long)).await, Error::Request { .. }));
    let elsewhere = refused(Reply::redirect("https://evil.example/token")).await;
    assert!(matches!(
        elsewhere,
        Error::UnexpectedStatus { status: 307, .. }
    ));
}
