//! AWS Signer is asked each question once in a process, and again where that may help.

use countersign_emulator::{Fault, FaultKind};
use serde_json::json;
use time::Duration;

use super::{copy_signature, facts, questions, verify};
use crate::support::scene::Scene;

#[test]
fn one_job_is_one_question_however_many_images_and_signatures() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let tag = format!("{}:v1", scene.repository);
    questions(&scene);
    // At the same time and one after the other: more references than are verified at once.
    let references: Vec<&str> = std::iter::repeat_n([&*scene.image, &*tag], 10)
        .flatten()
        .collect();
    let ran = verify(&scene, &references);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(questions(&scene), 1);
    // Signatures that are refused, each of which is judged.
    for mark in ["1", "2", "3"] {
        copy_signature(&scene, &signature, mark);
    }
    let job = job(&scene);
    scene.emulator.revoke_signature(&job).unwrap();
    let ran = verify(&scene, &[&scene.image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(
        ran.stderr.matches("signature sha256:").count(),
        4,
        "{ran:#?}"
    );
    assert_eq!(
        ran.stderr.matches(&format!("`{job}` was revoked")).count(),
        1,
        "one reason is said once: {ran:#?}"
    );
    assert_eq!(questions(&scene), 1);
}

#[test]
fn another_process_and_another_job_are_other_questions() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    questions(&scene);
    for _ in 0..2 {
        assert_eq!(verify(&scene, &[&scene.image]).code, 0);
        assert_eq!(questions(&scene), 1);
    }
    let digest = scene.emulator.push_test_image("app", "v2").unwrap();
    let other = format!("{}@{digest}", scene.repository);
    scene.sign(&other);
    questions(&scene);
    assert_eq!(verify(&scene, &[&scene.image, &other]).code, 0);
    assert_eq!(questions(&scene), 2);
}

#[test]
fn what_passes_is_asked_again_and_what_does_not_is_not() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    for (kind, failures, asked, code) in [
        (FaultKind::Throttle, 5, 6, 0),
        (FaultKind::ServerError { status: 503 }, 2, 3, 0),
        (FaultKind::ConnectionReset, 1, 2, 0),
        (FaultKind::Throttle, 9, 6, 3),
        (FaultKind::ServerError { status: 500 }, 9, 3, 3),
        (FaultKind::AccessDenied, 1, 1, 3),
    ] {
        questions(&scene);
        let faults = scene.emulator.faults();
        faults.clear();
        faults.add(Fault::new(kind).on("GetRevocationStatus").times(failures));
        let ran = verify(&scene, &[&scene.image]);
        assert_eq!(
            (ran.code, questions(&scene)),
            (code, asked),
            "{kind:?} {ran:#?}"
        );
    }
}

#[test]
fn an_unanswered_question_is_shared_and_not_asked_for_each_signature() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    for mark in ["1", "2", "3"] {
        copy_signature(&scene, &signature, mark);
    }
    let fault = Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus");
    scene.emulator.faults().add(fault);
    questions(&scene);
    let tag = format!("{}:v1", scene.repository);
    let ran = verify(&scene, &[&scene.image, &tag]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_eq!(
        (
            ran.stderr.matches("signature sha256:").count(),
            ran.stderr.matches("AccessDeniedException").count(),
        ),
        (8, 2),
        "one reason is said once for each artifact: {ran:#?}"
    );
    assert_eq!(questions(&scene), 1);
}

#[test]
fn the_verdict_says_who_answered_and_when() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = verify(&scene, &["-o", "json", &scene.image]);
    let fact = &facts(&ran, "revocation")[0];
    assert_eq!(fact["about"], job(&scene));
    assert_eq!(fact["status"], "good");
    assert_eq!(
        (&fact["source"], &fact["from"]),
        (&json!("aws-signer"), &json!("network"))
    );
    assert_eq!(fact["region"], "us-east-1");
    assert!(
        fact["url"].as_str().unwrap().starts_with("http://"),
        "{fact}"
    );
    assert_eq!(fact["ageSeconds"], 0);
    let ran = verify(&scene, &["--verbose", &scene.image]);
    ran.assert_says(&format!(
        "not revoked: `{}`, by AWS Signer in `us-east-1` at `",
        job(&scene)
    ));
    ran.assert_says("(0 seconds old)");
    scene.emulator.revoke_signature(&job(&scene)).unwrap();
    let ran = verify(&scene, &["-o", "json", &scene.image]);
    let fact = &facts(&ran, "revocation")[0];
    assert_eq!(
        (&fact["status"], &fact["from"]),
        (&json!("revoked"), &json!("network"))
    );
}

#[test]
fn a_signature_of_tomorrow_is_refused() {
    let scene = Scene::new();
    scene.emulator.set_clock_offset(Duration::minutes(4));
    scene.sign(&scene.image);
    scene.emulator.set_clock_offset(Duration::ZERO);
    let ran = verify(&scene, &[&scene.image]);
    assert_eq!(ran.code, 0, "within what clocks may differ: {ran:#?}");
    let scene = Scene::new();
    scene.sign_at(Duration::minutes(7));
    let ran = verify(&scene, &[&scene.image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("authenticTimestamp (enforce): failed: the signature was produced at \"");
    ran.assert_says("\", which is in the future");
    ran.assert_says("hint: check this machine's clock");
}

/// The job that signed the image.
pub(super) fn job(scene: &Scene) -> String {
    let ran = scene.run(&["inspect", "-o", "json", &scene.image]);
    let text = ran.stdout;
    let start = text.find("arn:aws:signer:us-east-1:").unwrap();
    let jobs = text
        .match_indices("arn:aws:signer:")
        .map(|(at, _)| &text[at..]);
    let mut jobs = jobs.filter(|rest| rest.split('"').next().unwrap().contains("/signing-jobs/"));
    let job = jobs.next().unwrap_or(&text[start..]);
    job.split('"').next().unwrap().to_owned()
}
