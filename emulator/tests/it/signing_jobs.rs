//! `StartSigningJob`: an archive in S3 becomes a signed one, or the job says why not.

use countersign_emulator::{
    Emulator, Fault, FaultKind, SigningCourse, SigningEnd, Tamper, package_digest,
    package_signature,
};
use serde_json::{Value, json};

use crate::support::*;

const SIGNATURE: &str = "META_INF/aws_signer_signature_v1.0.SF";

/// An emulator with a profile and a bucket, in which an archive is stored.
struct Scene {
    emulator: Emulator,
    profile: String,
    version: String,
}

impl Scene {
    fn of(archive: &[u8]) -> Self {
        let emulator = start();
        let profile = emulator.create_package_profile("zips").unwrap().version_arn;
        emulator.create_bucket("zips", Some(true)).unwrap();
        let version = emulator.put_object("zips", "in/app.zip", archive).unwrap();
        Self {
            emulator,
            profile,
            version,
        }
    }

    fn new() -> Self {
        Self::of(&zip(&[("index.js", b"exports.handler"), ("lib/", b"")]))
    }

    fn request(&self, token: &str) -> Value {
        let source = json!({ "bucketName": "zips", "key": "in/app.zip", "version": self.version });
        json!({
            "source": { "s3": source },
            "destination": { "s3": { "bucketName": "zips", "prefix": "out/" } },
            "profileName": "zips",
            "clientRequestToken": token,
        })
    }

    async fn start(&self, request: &Value) -> Answer {
        let client = Client::of(&self.emulator);
        client.send("POST", "/signing-jobs", request).await
    }

    /// The job that is started with this token, as it is described first.
    async fn job(&self, token: &str) -> Value {
        let id = self.start(&self.request(token)).await.ok()["jobId"].clone();
        self.describe(&id).await
    }

    async fn describe(&self, id: &Value) -> Value {
        let path = format!("/signing-jobs/{}", id.as_str().unwrap());
        Client::of(&self.emulator).get(&path).await.ok()
    }

    fn signed(&self, job: &Value) -> Vec<u8> {
        let key = job["signedObject"]["s3"]["key"].as_str().unwrap();
        self.emulator.object("zips", key, None).unwrap()
    }
}

#[tokio::test]
async fn an_archive_is_signed_under_the_name_of_its_job() {
    let scene = Scene::new();
    let job = scene.job("a").await;
    let id = job["jobId"].as_str().unwrap();
    assert_eq!(
        (&job["status"], &job["statusReason"], &job["platformId"]),
        (
            &json!("Succeeded"),
            &json!("Signing Succeeded"),
            &json!("AWSLambda-SHA384-ECDSA")
        )
    );
    let wanted = json!({ "s3": { "bucketName": "zips", "key": format!("out/{id}.zip") } });
    assert_eq!(job["signedObject"], wanted);
    assert_eq!(job["source"]["s3"]["version"], scene.version);
    let signed = scene.signed(&job);
    let text = package_signature(&signed).unwrap().unwrap();
    assert!(text.starts_with(b"-----BEGIN PKCS7-----\n"));
    let listed = Client::of(&scene.emulator)
        .get("/signing-jobs?status=Succeeded")
        .await
        .ok();
    assert_eq!(listed["jobs"][0]["signedObject"], wanted);
    // What is signed is what was stored, and the directory of the signature.
    let original = scene.emulator.object("zips", "in/app.zip", None).unwrap();
    assert_ne!(package_digest(&signed), package_digest(&original));
}

#[tokio::test]
async fn a_token_is_for_one_job() {
    let scene = Scene::new();
    let first = scene.start(&scene.request("a")).await.ok();
    let mut other = scene.request("a");
    other["destination"]["s3"]["prefix"] = json!("elsewhere/");
    assert_eq!(scene.start(&other).await.ok(), first);
    assert_ne!(scene.start(&scene.request("b")).await.ok(), first);
}

#[tokio::test]
async fn a_job_goes_on_with_each_question() {
    let scene = Scene::new();
    let course = SigningCourse {
        in_progress: 2,
        ..SigningCourse::default()
    };
    let profile = scene.profile.rsplit_once('/').unwrap().0;
    scene.emulator.set_signing_course(profile, course).unwrap();
    let job = scene.job("a").await;
    assert_eq!(
        (&job["status"], &job["completedAt"]),
        (&json!("InProgress"), &Value::Null)
    );
    assert_eq!(scene.describe(&job["jobId"]).await["status"], "InProgress");
    let job = scene.describe(&job["jobId"]).await;
    assert_eq!(job["status"], "Succeeded");
    scene.signed(&job);
}

#[tokio::test]
async fn a_job_says_why_it_failed() {
    let unsigned = zip(&[("a", b"a")]);
    let signed = zip(&[("a", b"a"), (SIGNATURE, b"-----BEGIN PKCS7-----\n")]);
    for (archive, reason) in [
        (zip(&[]), "the zip file is empty"),
        (signed, "the zip file is already signed"),
        (
            b"no zip file".to_vec(),
            "the zip file is malformed: it has no directory",
        ),
    ] {
        let job = Scene::of(&archive).job("a").await;
        assert_eq!(
            (&job["status"], &job["statusReason"]),
            (&json!("Failed"), &json!(reason))
        );
        assert_eq!(job["signedObject"], Value::Null);
    }
    let scene = Scene::of(&unsigned);
    let end = SigningEnd::Failed {
        code: String::new(),
        reason: "as it was told".to_owned(),
    };
    let course = SigningCourse {
        in_progress: 0,
        end,
    };
    let profile = scene.profile.rsplit_once('/').unwrap().0;
    scene.emulator.set_signing_course(profile, course).unwrap();
    assert_eq!(scene.job("a").await["statusReason"], "as it was told");
}

#[tokio::test]
async fn what_cannot_be_a_job_is_refused() {
    let scene = Scene::new();
    let changed = |pointer: &str, value: Value| {
        let mut request = scene.request("a");
        *request.pointer_mut(pointer).unwrap() = value;
        request
    };
    for (request, message) in [
        (
            changed("/source/s3/version", json!("")),
            "StartSigningJobRequest:source:version should not be empty",
        ),
        (
            changed("/destination/s3/bucketName", json!("")),
            "StartSigningJobRequest:destination:bucketName should not be empty",
        ),
        (
            changed("/source/s3/bucketName", json!("unknown")),
            "StartSigningJobRequest:bucket unknown: The specified bucket does not exist",
        ),
    ] {
        let answer = scene.start(&request).await;
        answer.assert_validation(message);
        assert_eq!(answer.json()["code"], "InvalidJobParameters");
    }
    scene
        .start(&changed("/profileName", json!("unknown")))
        .await
        .assert_not_found("Signing profile unknown not found");
    scene.emulator.create_signing_profile("images").unwrap();
    scene
        .start(&changed("/profileName", json!("images")))
        .await
        .assert_validation(
            "Platform Notation-OCI-SHA384-ECDSA is not supported for StartSigningJob",
        );
    scene.emulator.cancel_signing_profile("zips").unwrap();
    scene
        .start(&scene.request("a"))
        .await
        .assert_validation("Signing profile zips is not active: its status is Canceled");
}

#[tokio::test]
async fn a_fault_makes_another_archive() {
    for what in [
        Tamper::Payload,
        Tamper::Profile,
        Tamper::ProfileVersion,
        Tamper::Signature,
        Tamper::Chain,
        Tamper::Attribute,
        Tamper::NotAnEnvelope,
    ] {
        let scene = Scene::new();
        let fault = Fault::new(FaultKind::Tamper { what });
        scene
            .emulator
            .faults()
            .add(fault.on("StartSigningJob").times(1));
        let tampered = scene.signed(&scene.job("a").await);
        let right = scene.signed(&scene.job("b").await);
        let digests = (package_digest(&tampered), package_digest(&right));
        let is_other = matches!(what, Tamper::Payload | Tamper::NotAnEnvelope);
        assert_eq!(digests.0 != digests.1, is_other, "{what:?}");
    }
}
