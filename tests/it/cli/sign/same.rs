//! References that stand for the same: one is signed, and the others end as that one does.

use countersign_emulator::{Fault, FaultKind};
use rustix::process::Signal;
use serde_json::json;

use super::interrupt::{Held, Running};
use super::sign;
use crate::support::scene::Scene;
use crate::support::waiting;

const SIGN: &str = "POST /signing-jobs/with-payload";

/// The scene's image by its tag.
fn by_tag(scene: &Scene) -> String {
    format!("{}:v1", scene.repository)
}

#[test]
fn nothing_is_called_signed_after_an_interrupt() {
    let scene = Scene::new();
    let held = Held::on(&scene, SIGN);
    let scene = scene.with_variable("AWS_ENDPOINT_URL", format!("http://{}", held.server.host()));
    let running = Running::start(&scene, &[&scene.image, &by_tag(&scene), &scene.image]);
    held.wait();
    running.signal(Signal::TERM);
    let ran = running.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says("Summary: signed 0, skipped 0, ");
    assert!(!ran.stderr.contains("signed once"), "{ran:#?}");
    ran.assert_says(&format!("  not tried: {}: interrupted\n", scene.image));
}

#[test]
fn nothing_is_called_signed_after_a_failure() {
    let scene = Scene::new();
    let denied = Fault::new(FaultKind::AccessDenied).on("SignPayload");
    scene.emulator.faults().add(denied.times(1));
    let ran = sign(
        &scene,
        &["--rate", "1", &scene.image, &by_tag(&scene), &scene.image],
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says("Summary: signed 0, skipped 0, failed 1, not tried 2\n");
    let because = ": another one failed first\n";
    assert_eq!(ran.stderr.matches(because).count(), 2, "{ran:#?}");
}

#[test]
fn one_that_fails_leaves_it_to_the_next_where_the_rest_is_signed() {
    let scene = Scene::new();
    for references in [
        [by_tag(&scene), scene.image.clone()],
        [scene.image.clone(), by_tag(&scene)],
        [scene.image.clone(), scene.image.clone()],
    ] {
        let lost = Fault::new(FaultKind::ServerError { status: 500 });
        let lost = lost.on("registry:PutManifest").times(1);
        scene.emulator.faults().add(lost);
        let [first, second] = &references;
        let ran = sign(&scene, &["--keep-going", "-o", "json", first, second]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        let document = super::document::document(&ran);
        assert_eq!(
            document["summary"],
            json!({ "signed": 1, "skipped": 0, "failed": 1, "notTried": 0 }),
            "{document:#}"
        );
    }
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn a_tag_that_moves_while_its_artifact_is_signed_for_another_is_told() {
    let scene = Scene::new();
    let second = scene.emulator.push_test_image("app", "v2").unwrap();
    let held = Held::on(&scene, SIGN);
    let scene = scene.with_variable("AWS_ENDPOINT_URL", format!("http://{}", held.server.host()));
    let tag = by_tag(&scene);
    scene.emulator.clear_calls();
    let running = Running::start(&scene, &["--keep-going", &tag, &scene.image]);
    held.wait();
    // What it stood for is known by then: the signature waits, and nothing else does.
    let is_resolved = |scene: &Scene| {
        let calls = scene.emulator.calls();
        calls
            .iter()
            .any(|call| call.path.ends_with("/manifests/v1"))
    };
    waiting::until("the tag's resolution", || is_resolved(&scene));
    let client = scene.client();
    client.put_manifest_bytes("v1", &client.manifest_bytes(&second));
    held.release();
    let ran = running.end();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(&format!(
        "Error: `{tag}` changed from `{}` to `{second}` while the former was signed for `{}`\nhint: the \
         artifact that the tag names now was not signed; sign again by digest, which cannot move\n",
        scene.digest(),
        scene.image
    ));
    ran.assert_says("Summary: signed 1, skipped 0, failed 1, not tried 0\n");
}
