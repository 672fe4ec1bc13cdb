//! What is taken for an answer of AWS about revocation, and what of the way there is shown.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::undecided;
use crate::support::hostile::{Hostile, Reply};
use crate::support::scene::Scene;

const UNKNOWN: &str = "the signature's revocation status could not be determined";
const GOOD: &str = r#"{"revokedEntities":[]}"#;

/// A scene with a signed image, and a server in the place of AWS Signer's data plane that answers what
/// it is told to.
struct Asked {
    scene: Scene,
    server: Hostile,
    reply: Arc<Mutex<Reply>>,
}

impl Asked {
    fn new() -> Self {
        let scene = Scene::new();
        scene.sign(&scene.image);
        let reply = Arc::new(Mutex::new(Reply::status(500)));
        let answered = Arc::clone(&reply);
        let server = Hostile::start(move |_| answered.lock().unwrap().clone());
        let url = format!("http://{}", server.host());
        let scene = scene.with_variable("AWS_ENDPOINT_URL_SIGNER_DATA", url);
        Self {
            scene,
            server,
            reply,
        }
    }

    fn answer(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    /// Verifies at an endpoint with something more in its URL.
    fn at(self, before: &str, after: &str) -> Self {
        let url = format!("http://{before}{}/{after}", self.server.host());
        let scene = self
            .scene
            .with_variable("AWS_ENDPOINT_URL_SIGNER_DATA", url);
        Self { scene, ..self }
    }
}

fn aws(body: impl Into<Vec<u8>>) -> Reply {
    Reply::ok("application/json", body).header("x-amzn-RequestId", "r-1")
}

#[test]
fn only_what_aws_could_have_said_means_not_revoked() {
    let asked = Asked::new();
    let image = &asked.scene.image;
    for reply in [
        aws(GOOD),
        aws("{}"),
        Reply::ok("application/x-amz-json-1.1; charset=utf-8", GOOD),
        aws(r#"{"revokedEntities":[],"more":{"a":[1]}}"#),
    ] {
        asked.answer(reply.clone());
        let ran = asked.scene.verify(image);
        assert_eq!(ran.code, 0, "{reply:?} {ran:#?}");
    }
    for (reply, found) in [
        (
            aws(r#"{"revokedEntities":null}"#),
            "its member `revokedEntities` is not a list of strings",
        ),
        (
            aws(r#"{"revokedEntities":[null]}"#),
            "its member `revokedEntities` is not a list of strings",
        ),
        (
            aws(r#"{"status":"ok"}"#),
            "it lacks the member `revokedEntities`",
        ),
        (
            aws(r#"{"message":"denied"}"#),
            "it has the member `message`, which no answer of AWS about revocation has",
        ),
        (
            aws(r#"{"revokedEntities":[],"__type":"AccessDeniedException"}"#),
            "it has the member `__type`, which no answer of AWS about revocation has",
        ),
        (
            aws(r#"{"RevokedEntities":["a"]}"#),
            "it has the member `RevokedEntities`, which no answer of AWS about revocation has",
        ),
        (
            aws(r#"{"revokedEntities":["a"],"revokedEntities":[]}"#),
            "member `revokedEntities` occurs twice",
        ),
        (
            aws(GOOD).header("x-amzn-ErrorType", "AccessDeniedException"),
            "it has the header `x-amzn-ErrorType: AccessDeniedException`",
        ),
        (
            aws(GOOD).header("x-amzn-ErrorType", "\u{e9}"),
            "it has the header `x-amzn-ErrorType: (not text)`",
        ),
        (
            Reply::ok("application/json", "{}"),
            "it is an empty object without the header `x-amzn-RequestId`",
        ),
        (
            Reply::ok("text/html", GOOD),
            "its type is `text/html`, wanted `application/json`",
        ),
        (
            Reply::status(200).body(GOOD),
            "its type is ``, wanted `application/json`",
        ),
        (
            Reply::status(201)
                .header("content-type", "application/json")
                .body(GOOD),
            "its status is 201, wanted 200",
        ),
        (aws(""), "not a JSON document"),
        (aws("[]"), "value is an array, wanted an object"),
    ] {
        asked.answer(reply.clone());
        let ran = asked.scene.verify(image);
        ran.assert_refused(3, &undecided(image));
        ran.assert_says(UNKNOWN);
        ran.assert_says("AWS gave no usable answer to `signer:GetRevocationStatus`");
        let host = asked.server.host();
        ran.assert_says(&format!("`{host}` answered 20"));
        ran.assert_says(", not as AWS does: ");
        ran.assert_says(found);
        ran.assert_says("look at what answers in the place of AWS");
    }
}

#[test]
fn what_was_not_asked_about_is_no_answer() {
    let asked = Asked::new();
    let image = &asked.scene.image;
    asked.answer(aws(r#"{"revokedEntities":["arn:other"]}"#));
    let ran = asked.scene.verify(image);
    ran.assert_refused(3, &undecided(image));
    ran.assert_says(UNKNOWN);
    ran.assert_says("AWS's answer says `arn:other` was revoked, which was not asked about");
    let ran = asked.scene.verify_with(&["--output", "json"], image);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = document.to_string();
    assert!(text.contains("\"revocation-unknown\""), "{text}");
    assert!(!text.contains("\"status\":\"revoked\""), "{text}");
    // Nothing of it is stored for later either.
    let fetch = ["revocation", "fetch", "--out", "facts", "--signing-profile"];
    let anchor = ["--trust-anchor", "root.crt", image];
    let profile = [asked.scene.profile.arn.as_str()];
    let ran = asked.scene.run(&[&fetch[..], &profile, &anchor].concat());
    assert_eq!(ran.code, 3, "{ran:#?}");
}

/// Asserts that no file below `directory` has one of `words` in its name or content.
fn assert_in_no_file(directory: &Path, words: &[&str]) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_in_no_file(&path, words);
            continue;
        }
        let content = std::fs::read(&path).unwrap();
        let content = String::from_utf8_lossy(&content);
        for word in words {
            let shown = path.display();
            assert!(!content.contains(word), "`{word}` is in {shown}");
            assert!(!shown.to_string().contains(word), "{shown}");
        }
    }
}

#[test]
fn what_is_secret_in_an_endpoint_is_shown_and_stored_nowhere() {
    let secrets = ["ENDPW", "QSECRET"];
    let asked = Asked::new().at("user:ENDPW@", "?tok=QSECRET");
    asked.answer(aws(GOOD));
    let (scene, image) = (&asked.scene, asked.scene.image.as_str());
    let shown = format!("http://{}/?...", asked.server.host());
    let hides = |text: &str| secrets.iter().all(|secret| !text.contains(secret));

    let ran = scene.verify_with(&["--verbose"], image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says(&format!("at `{shown}`"));
    assert!(hides(&ran.stderr) && hides(&ran.stdout), "{ran:#?}");
    let ran = scene.verify_with(&["--output", "json"], image);
    assert!(ran.stdout.contains(&shown), "{ran:#?}");
    assert!(hides(&ran.stderr) && hides(&ran.stdout), "{ran:#?}");

    let arn = scene.profile.arn.as_str();
    let fetch = ["revocation", "fetch", "--out", "facts", "--signing-profile"];
    let ran = scene.run(&[&fetch[..], &[arn, "--trust-anchor", "root.crt", image]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(hides(&ran.stderr) && hides(&ran.stdout), "{ran:#?}");
    let unsigned = ["--unsigned-revocation-statements", "aws-signer"];
    let offline = [&unsigned[..], &["--offline", "facts", "--verbose"]].concat();
    let ran = scene.verify_with(&offline, image);
    ran.assert_says(&shown);
    assert_eq!(ran.code, 0, "{ran:#?}");

    // Kept answers are told apart by what is not shown, too.
    let keep = ["--revocation-cache-ttl", "1h"];
    let count = || asked.server.seen().len();
    let before = count();
    assert_eq!(scene.verify_with(&keep, image).code, 0);
    assert_eq!(scene.verify_with(&keep, image).code, 0);
    assert_eq!(count(), before + 1);
    assert_in_no_file(scene.sandbox.home(), &secrets);

    // And in what is refused or fails.
    asked.answer(Reply::status(403).body("<html>"));
    let ran = scene.verify(image);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("answered 403, not as AWS does");
    assert!(hides(&ran.stderr), "{ran:#?}");
    asked.answer(Reply::closed());
    let ran = scene.verify(image);
    assert!(ran.code == 3 && hides(&ran.stderr), "{ran:#?}");
    asked.answer(aws(GOOD));
    let other = asked.at("user:other@", "?tok=QSECRET");
    let before = other.server.seen().len();
    let ran = other.scene.verify_with(&keep, &other.scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(other.server.seen().len(), before + 1);
}

#[test]
fn an_endpoint_that_cannot_be_one_is_a_sentence_without_its_secrets() {
    for (variable, image_is_in_ecr) in [
        ("AWS_ENDPOINT_URL_SIGNER_DATA", false),
        ("AWS_ENDPOINT_URL_SIGNER", false),
        ("AWS_ENDPOINT_URL", false),
        ("AWS_ENDPOINT_URL_ECR", true),
    ] {
        for (url, shown) in [
            (
                "ftp://user:ENDPW@host.example/?tok=QSECRET",
                "ftp://host.example/?...",
            ),
            ("http://user:EN DPW@host.example/", "http://host.example/"),
            ("user:ENDPW@host.example", "..."),
            ("http://", "http://"),
            (" ", " "),
        ] {
            let scene = Scene::new();
            scene.sign(&scene.image);
            let scene = scene.with_variable(variable, url);
            let digest = scene.digest().to_owned();
            let image = if image_is_in_ecr {
                format!("111122223333.dkr.ecr.us-east-1.amazonaws.com/app@{digest}")
            } else {
                scene.image.clone()
            };
            let ran = scene.verify(&image);
            assert_eq!(ran.code, 3, "{variable} {ran:#?}");
            ran.assert_says(&format!("`{shown}` is not the URL of an endpoint"));
            for secret in ["ENDPW", "DPW", "QSECRET"] {
                assert!(!ran.stderr.contains(secret), "{ran:#?}");
            }
        }
    }
}
