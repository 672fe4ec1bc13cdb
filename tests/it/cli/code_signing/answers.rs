//! Answers in the place of AWS Lambda's that are wrong: about something else, or leading somewhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:api";
const CONFIG: &str =
    "arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0";
const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/code/abcdefghij";

/// A server in the place of AWS Lambda, and the scene that asks it.
fn lambda(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Scene, Hostile) {
    let server = Hostile::start(answer);
    let url = format!("http://{}", server.host());
    let scene = Scene::new().with_variable("AWS_ENDPOINT_URL_LAMBDA", url);
    (scene, server)
}

fn answer(value: &Value) -> Reply {
    Reply::ok("application/json", value.to_string()).header("x-amzn-requestid", "r")
}

fn verify(scene: &Scene) -> Ran {
    let words = ["lambda", "verify", "--signing-profile", PROFILE, "api"];
    scene.run(&words).plain()
}

/// A function whose package is at `location`.
fn function(location: &str, sha256: &str, bytes: u64) -> Value {
    json!({
        "Configuration": {
            "FunctionArn": FUNCTION, "PackageType": "Zip", "CodeSha256": sha256, "CodeSize": bytes,
        },
        "Code": { "RepositoryType": "S3", "Location": location },
    })
}

#[track_caller]
fn assert_not_looked(ran: &Ran, words: &str) {
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(ran.stderr.contains(words), "{words}\n{ran:#?}");
    // The query of a URL is a credential.
    assert!(!ran.stderr.contains("word"), "{ran:#?}");
}

#[test]
fn an_answer_about_something_else_is_not_an_answer() {
    let other = |text: &str| text.replace("function:api", "function:apo");
    for wrong in [
        other(&function("https://b.s3.us-east-1.amazonaws.com/a", "x", 1).to_string()),
        function("https://b.s3.us-east-1.amazonaws.com/a", "x", 1)
            .to_string()
            .replace("us-east-1:1111", "us-west-2:1111"),
        "{}".to_owned(),
        "<html></html>".to_owned(),
    ] {
        let (scene, _server) = lambda(move |_| {
            Reply::ok("application/json", wrong.clone()).header("x-amzn-requestid", "r")
        });
        assert_not_looked(
            &verify(&scene),
            "AWS gave no usable answer to `lambda:GetFunction`",
        );
    }
    let config = json!({ "CodeSigningConfig": {
        "CodeSigningConfigId": "csc-0123456789abcdef1",
        "CodeSigningConfigArn": CONFIG.replace("def0", "def1"),
        "AllowedPublishers": { "SigningProfileVersionArns": [PROFILE] },
        "CodeSigningPolicies": { "UntrustedArtifactOnDeployment": "Enforce" },
    } });
    let (scene, _server) = lambda(move |_| answer(&config));
    let ran = scene.run(&["lambda", "config", "show", CONFIG]).plain();
    assert_not_looked(
        &ran,
        "it is about `arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef1`",
    );
}

#[test]
fn a_package_is_not_fetched_from_elsewhere() {
    let other = Hostile::start(|_| Reply::ok("application/zip", "x"));
    let elsewhere = format!("http://{}/a?token=word", other.host());
    for location in [
        elsewhere.as_str(),
        "http://169.254.169.254/latest/meta-data?token=word",
        "https://b.s3.eu-west-1.amazonaws.com/a?token=word",
        "https://evil.example/a?token=word",
        "file:///etc/passwd",
    ] {
        let said = function(location, "x", 1);
        let (scene, server) = lambda(move |_| answer(&said));
        let ran = verify(&scene);
        assert_not_looked(&ran, "wanted a URL of Amazon S3 in region `us-east-1`");
        assert_eq!(server.seen().len(), 1, "{location}");
    }
    assert_eq!(other.seen().len(), 0);
}

/// A server that says of a function's package what `said` makes of its own address, and gives `package` for it.
fn with_package(
    said: impl Fn(&str) -> Value + Send + Sync + 'static,
    package: impl Fn() -> Reply + Send + Sync + 'static,
) -> (Scene, Hostile) {
    lambda(move |seen| {
        if seen.path() == "/package" {
            return package();
        }
        let host = seen.header("host").unwrap();
        answer(&said(&format!("http://{host}/package?token=word")))
    })
}

#[test]
fn a_package_is_what_aws_lambda_says_that_it_is() {
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"right");
    let sha256 = STANDARD.encode(sha256);
    let wanted = sha256.clone();
    let (scene, _server) = with_package(
        move |url| function(url, &wanted, 5),
        || Reply::ok("application/zip", "other"),
    );
    let ran = verify(&scene);
    let words = format!("Error: the package of `{FUNCTION}` has the SHA-256 `");
    assert_not_looked(&ran, &words);
    assert!(
        ran.stderr.contains(&format!("AWS Lambda says `{sha256}`")),
        "{ran:#?}"
    );
    // Bytes with the right digest that are not a package are refused.
    let (scene, _server) = with_package(
        move |url| function(url, &sha256, 5),
        || Reply::ok("application/zip", "right"),
    );
    assert_eq!(verify(&scene).code, 1);
}

#[test]
fn a_package_is_not_larger_than_it_can_be_and_no_redirect_is_followed() {
    const MOST: u64 = 250 * 1024 * 1024;
    let (scene, server) = with_package(
        |url| function(url, "x", MOST + 1),
        || Reply::ok("application/zip", "x"),
    );
    assert_not_looked(&verify(&scene), "wanted at most 262144000");
    assert_eq!(server.seen().len(), 1);
    let announced = usize::try_from(MOST + 1).unwrap();
    let (scene, _server) = with_package(
        |url| function(url, "x", 1),
        move || Reply::ok("application/zip", "").cut("x", announced),
    );
    assert_not_looked(&verify(&scene), "262144000");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let other = Hostile::start(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Reply::ok("application/zip", "x")
    });
    let target = format!("http://{}/a?token=word", other.host());
    let (scene, _server) = with_package(
        |url| function(url, "x", 1),
        move || Reply::redirect(&target),
    );
    assert_not_looked(&verify(&scene), "came with status 3");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_list_has_an_end() {
    let (scene, server) = lambda(|seen| match seen.path() {
        "/2015-03-31/functions" => answer(&json!({ "Functions": [], "NextMarker": "again" })),
        _ => answer(&json!({ "CodeSigningConfigs": [] })),
    });
    let ran = scene.run(&["lambda", "audit"]).plain();
    assert_not_looked(&ran, "its next page is the same one");
    assert_eq!(server.seen().len(), 2);
}
