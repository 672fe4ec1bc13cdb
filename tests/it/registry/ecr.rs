//! Amazon ECR: what AWS issues goes to the hosts of its account and region, and nowhere else.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::reference::{EcrHost, Reference};
use countersign::registry::{
    Access, Client, Credential, Credentials, EcrTokenError, EcrTokens, Error, Kind, PlainHttp,
    Secret,
};
use futures_util::future::{BoxFuture, FutureExt as _};

use super::{Store, error, opened};
use crate::support::hostile::{Hostile, Reply};

const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// AWS that issues the name of the host that it is asked for, or nothing.
#[derive(Debug, Default)]
struct FakeAws {
    refuses: bool,
    asked: Mutex<Vec<String>>,
}

impl EcrTokens for FakeAws {
    fn token<'a>(&'a self, host: &'a EcrHost) -> BoxFuture<'a, Result<Secret, EcrTokenError>> {
        async move {
            self.asked.lock().unwrap().push(host.to_string());
            // Others that ask at the same time get a turn.
            tokio::task::yield_now().await;
            if self.refuses {
                Err("not allowed".into())
            } else {
                Ok(Secret::new(format!("token of {host}")))
            }
        }
        .boxed()
    }
}

fn aws() -> (Arc<FakeAws>, Credentials) {
    let aws = Arc::new(FakeAws::default());
    let credentials = Credentials::new(None, Some(tokens(&aws)), None);
    (aws, credentials)
}

fn tokens(aws: &Arc<FakeAws>) -> Arc<dyn EcrTokens> {
    Arc::<FakeAws>::clone(aws)
}

fn basic(host: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("AWS:token of {host}")))
}

/// ECR: refuses requests without credentials, redirects blobs.
fn ecr(store: &Store) -> Hostile {
    let store = store.clone();
    Hostile::start(move |seen| {
        if seen.host == "storage.example" {
            return Reply::status(200).body("envelope");
        }
        if seen.header("authorization") != Some(&basic(&seen.host)) {
            return error(401, "UNAUTHORIZED", "Not Authorized").header(
                "WWW-Authenticate",
                "Basic realm=\"https://x.dkr.ecr.eu-west-1.amazonaws.com/\"",
            );
        }
        if seen.path().contains("/blobs/") {
            return Reply::redirect("https://storage.example/layer?X-Amz-Signature=s3cret");
        }
        store.serve(seen)
    })
}

#[tokio::test]
async fn the_token_is_fetched_once_and_shown_at_once() {
    let store = Store::signed();
    let hostile = ecr(&store);
    let (aws, credentials) = aws();
    let reference = format!("{HOST}/app@{}", store.digest());
    let repository = opened(&hostile, &reference, credentials, Access::Pull);
    let (target, listing) = repository.resolve_and_list().await.unwrap();
    let signature = &listing.unwrap().signatures[0];
    let digest = target.descriptor.digest();
    repository.fetch_signature(digest, signature).await.unwrap();
    assert_eq!(*aws.asked.lock().unwrap(), [HOST]);
    let seen = hostile.seen();
    assert_eq!(seen.len(), 5);
    for seen in &seen {
        let wanted = (seen.host == HOST).then(|| basic(HOST));
        assert_eq!(
            seen.header("authorization"),
            wanted.as_deref(),
            "{}",
            seen.url()
        );
        assert_eq!(seen.scheme, "https");
    }
}

#[tokio::test]
async fn each_registry_has_a_token_of_its_own() {
    let hostile = ecr(&Store::new());
    let (aws, credentials) = aws();
    let client = Client::new(hostile.pool(), credentials, PlainHttp::Localhost);
    let hosts = [
        HOST,
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "210987654321.dkr.ecr.eu-west-1.amazonaws.com",
    ];
    for host in hosts {
        let reference = Reference::parse(&format!("{host}/app:v1")).unwrap();
        let repository = client.repository(&reference, Access::Pull).unwrap();
        repository.resolve().await.unwrap();
    }
    assert_eq!(*aws.asked.lock().unwrap(), hosts);
}

#[tokio::test]
async fn two_repositories_of_one_registry_share_its_token() {
    let hostile = ecr(&Store::new());
    let (aws, credentials) = aws();
    let client = Client::new(hostile.pool(), credentials, PlainHttp::Localhost);
    let opened = |name: &str| {
        let reference = Reference::parse(&format!("{HOST}/{name}:v1")).unwrap();
        client.repository(&reference, Access::Pull).unwrap()
    };
    let (one, two) = (opened("one"), opened("two"));
    let (one, two) = tokio::join!(one.resolve(), two.resolve());
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(aws.asked.lock().unwrap().len(), 1);
    assert_eq!(hostile.seen().len(), 2);
}

#[tokio::test]
async fn a_bearer_challenge_is_refused() {
    for challenge in [
        "Bearer realm=\"https://evil.example/token\"",
        "Basic realm=\"x\", Bearer realm=\"https://evil.example/token\"",
    ] {
        let hostile =
            Hostile::start(move |_| Reply::status(401).header("WWW-Authenticate", challenge));
        let (_, credentials) = aws();
        let reference = format!("{HOST}/app:v1");
        let repository = opened(&hostile, &reference, credentials, Access::Pull);
        let error = repository.resolve().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Misbehaved);
        assert!(matches!(
            error,
            Error::Misbehaved { fault, .. }
                if fault == "asks for a Bearer token, which Amazon ECR never does"
        ));
        assert_eq!(hostile.seen().len(), 1);
    }
}

#[tokio::test]
async fn no_redirect_gets_the_token_not_even_one_within_the_host() {
    let hostile = Hostile::start(|seen| {
        if seen.target.contains('?') {
            Reply::status(404)
        } else {
            Reply::redirect(&format!("{}?again", seen.path()))
        }
    });
    let (_, credentials) = aws();
    let repository = opened(
        &hostile,
        &format!("{HOST}/app:v1"),
        credentials,
        Access::Pull,
    );
    assert_eq!(
        repository.resolve().await.unwrap_err().kind(),
        Kind::NotFound
    );
    let shown: Vec<bool> = hostile
        .seen()
        .iter()
        .map(|s| s.header("authorization").is_some())
        .collect();
    assert_eq!(shown, [true, false]);
}

#[tokio::test]
async fn look_alikes_get_nothing() {
    let (aws, credentials) = aws();
    let hostile =
        Hostile::start(|_| Reply::status(401).header("WWW-Authenticate", "Basic realm=x"));
    let client = Client::new(hostile.pool(), credentials, PlainHttp::All);
    for host in [
        format!("{HOST}.evil.example"),
        format!("{HOST}:8443"),
        "public.ecr.aws".to_owned(),
    ] {
        let reference = Reference::parse(&format!("{host}/app:v1")).unwrap();
        let repository = client.repository(&reference, Access::Pull).unwrap();
        assert!(matches!(
            repository.resolve().await,
            Err(Error::Unauthorized { .. })
        ));
    }
    assert!(aws.asked.lock().unwrap().is_empty());
    assert!(
        hostile
            .seen()
            .iter()
            .all(|seen| seen.header("authorization").is_none())
    );
}

#[tokio::test]
async fn ecr_is_never_spoken_to_in_plain_http() {
    let hostile = ecr(&Store::new());
    let (_, credentials) = aws();
    let client = Client::new(hostile.pool(), credentials, PlainHttp::All);
    let reference = Reference::parse(&format!("{HOST}/app:v1")).unwrap();
    let repository = client.repository(&reference, Access::Pull).unwrap();
    repository.resolve().await.unwrap();
    assert_eq!(hostile.seen()[0].scheme, "https");
}

#[tokio::test]
async fn what_aws_refuses_is_said() {
    let aws = Arc::new(FakeAws {
        refuses: true,
        ..FakeAws::default()
    });
    let hostile = ecr(&Store::new());
    let credentials = Credentials::new(None, Some(tokens(&aws)), None);
    let repository = opened(
        &hostile,
        &format!("{HOST}/app:v1"),
        credentials,
        Access::Pull,
    );
    let error = repository.resolve().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Inconclusive);
    let mut words = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        words.push(error.to_string());
        next = error.source();
    }
    assert_eq!(
        words,
        [
            format!("could not get credentials for registry `{HOST}`"),
            format!("AWS issued no token for registry `{HOST}`"),
            "not allowed".to_owned(),
        ]
    );
    assert!(hostile.seen().is_empty());
}

#[tokio::test]
async fn dockers_login_stands_in_where_aws_issues_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    let auth = STANDARD.encode(format!("AWS:token of {HOST}"));
    std::fs::write(
        &path,
        format!(r#"{{"auths":{{"{HOST}":{{"auth":"{auth}"}}}}}}"#),
    )
    .unwrap();
    let aws = Arc::new(FakeAws {
        refuses: true,
        ..FakeAws::default()
    });
    let hostile = ecr(&Store::new());
    let credentials = Credentials::new(None, Some(tokens(&aws)), Some(path));
    let repository = opened(
        &hostile,
        &format!("{HOST}/app:v1"),
        credentials,
        Access::Pull,
    );
    repository.resolve().await.unwrap();
}

#[tokio::test]
async fn a_password_of_the_users_own_wins() {
    let (aws, _) = aws();
    let hostile = ecr(&Store::new());
    let secret = Secret::new(format!("token of {HOST}"));
    let own = Credential::password("AWS".to_owned(), secret, "`--password`");
    let credentials = Credentials::new(Some((HOST.to_owned(), own)), Some(tokens(&aws)), None);
    let repository = opened(
        &hostile,
        &format!("{HOST}/app:v1"),
        credentials,
        Access::Pull,
    );
    repository.resolve().await.unwrap();
    assert!(aws.asked.lock().unwrap().is_empty());
}
