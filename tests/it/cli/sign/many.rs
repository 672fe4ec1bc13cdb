//! Several references at once: in which order, how fast, and what a failure leaves.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign_emulator::{Emulator, Fault, FaultKind};

use super::{sign, tag_warning};
use crate::support::forward::forward;
use crate::support::hostile::{Hostile, Reply};
use crate::support::layout;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::terminal;

/// `count` more images, by digest.
pub(super) fn images(scene: &Scene, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| {
            let tag = format!("more-{number}");
            let digest = scene.emulator.push_test_image("app", &tag).unwrap();
            format!("{}@{digest}", scene.repository)
        })
        .collect()
}

pub(super) fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// The signature that stdout gives for `image`.
#[track_caller]
fn signature_of(ran: &Ran, image: &str) -> String {
    let mut lines = ran.stdout.lines();
    lines
        .find(|line| *line == format!("Successfully signed {image}"))
        .unwrap_or_else(|| panic!("{image}: {ran:#?}"));
    let pushed = lines.next().unwrap();
    let pushed = pushed.strip_prefix("Pushed the signature to ").unwrap();
    pushed.to_owned()
}

fn count(scene: &Scene, operation: &str) -> usize {
    let operations = scene.operations();
    operations.iter().filter(|name| *name == operation).count()
}

#[test]
fn all_are_signed_in_the_order_given_and_summed_up() {
    let scene = Scene::new();
    let images = images(&scene, 20);
    let ran = sign(&scene, &[&["--rate", "1000"][..], &strs(&images)].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let expected: Vec<String> = images
        .iter()
        .flat_map(|image| {
            let signature = signature_of(&ran, image);
            [
                format!("Successfully signed {image}"),
                format!("Pushed the signature to {signature}"),
            ]
        })
        .collect();
    assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), expected);
    let lines = images
        .iter()
        .map(|image| format!("  signed: {image}: {}", signature_of(&ran, image)));
    let head = "Summary: signed 20, skipped 0, failed 0, not tried 0".to_owned();
    let summary: Vec<String> = std::iter::once(head).chain(lines).collect();
    assert_eq!(ran.stderr.lines().collect::<Vec<_>>(), summary);
    for image in &images {
        assert_eq!(scene.verify(image).code, 0);
    }
}

#[test]
fn the_first_failure_ends_what_has_not_been_asked_of_aws() {
    let scene = Scene::new();
    let images = images(&scene, 40);
    let denied = Fault::new(FaultKind::AccessDenied).on("SignPayload");
    scene.emulator.faults().add(denied.times(1));
    scene.emulator.clear_calls();
    let ran = sign(&scene, &[&["--rate", "1"][..], &strs(&images)].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    assert_eq!(ran.stderr.matches("Error: ").count(), 1, "{ran:#?}");
    ran.assert_says("Summary: signed 0, skipped 0, failed 1, not tried 39\n");
    let not_tried = ran.stderr.matches("  not tried: ").count();
    let because = ran.stderr.matches(": another one failed first\n").count();
    assert_eq!((not_tried, because), (39, 39), "{ran:#?}");
    ran.assert_says(": not signed: failed to sign `");
    ran.assert_says("hint: run the same command with `--if-missing` to sign the rest\n");
    assert_eq!(count(&scene, "SignPayload"), 1);
}

#[test]
fn after_a_failure_the_rest_is_signed_where_that_is_asked_for() {
    let scene = Scene::new();
    let images = images(&scene, 2);
    let missing = format!("{}:none", scene.repository);
    let references = ["--keep-going", &images[0], &missing, &images[1]];
    let ran = sign(&scene, &references);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(
        ran.stderr,
        format!(
            "Error: failed to get manifest descriptor: {missing}: not found\n\
             caused by: `{missing}` was not found, saying `MANIFEST_UNKNOWN: Requested image not found`\n\
             hint: check the repository, and the tag or digest\n\
             Summary: signed 2, skipped 0, failed 1, not tried 0\n  \
             signed: {}: {}\n  \
             failed: {missing}: not signed: failed to get manifest descriptor: {missing}: not found: \
             `{missing}` was not found, saying `MANIFEST_UNKNOWN: Requested image not found`\n  \
             signed: {}: {}\n",
            images[0],
            signature_of(&ran, &images[0]),
            images[1],
            signature_of(&ran, &images[1]),
        )
    );
}

#[test]
fn the_way_to_finish_is_told_where_there_is_one() {
    let scene = Scene::new();
    let images = images(&scene, 3);
    let missing = format!("{}:none", scene.repository);
    let denied = || {
        let denied = Fault::new(FaultKind::AccessDenied).on("SignPayload");
        scene.emulator.faults().add(denied.times(1));
    };
    // Nothing that the next run could do: what is not found is not found again.
    let ran = sign(&scene, &["--keep-going", &missing, &images[0]]);
    assert!(!ran.stderr.contains("the same command"), "{ran:#?}");
    denied();
    let ran = sign(&scene, &["--keep-going", &missing, &images[0]]);
    ran.assert_says("hint: run the same command with `--if-missing` to sign the rest\n");
    // One that fails again would stop the rest again.
    denied();
    let many = [&["--rate", "1", &missing][..], &strs(&images)].concat();
    let ran = sign(&scene, &many);
    // The one that is denied may have been begun before the other one failed.
    ran.assert_says("Summary: signed 0, skipped 0, failed ");
    ran.assert_says(
        "hint: run the same command with `--if-missing` and `--keep-going` to sign the rest\n",
    );
}

#[test]
fn the_worst_exit_code_is_given() {
    let scene = Scene::new();
    let missing = format!("{}:none", scene.repository);
    let nowhere = format!("localhost:1/x@{}", scene.digest());
    let ran = sign(&scene, &["--keep-going", &nowhere, &scene.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let ran = sign(&scene, &["--keep-going", &nowhere, &missing, &scene.image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("Summary: signed 1, skipped 0, failed 2, not tried 0\n");
}

#[test]
fn what_was_signed_and_not_pushed_is_told_apart() {
    let scene = Scene::new();
    let base = scene.emulator.push_test_image("base", "v1").unwrap();
    let base = format!("{}/base@{base}", scene.registry());
    let denied = Fault::new(FaultKind::AccessDenied).on("registry:StartUpload");
    scene.emulator.faults().add(denied);
    let ran = sign(&scene, &["--keep-going", &scene.image, &base]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    for image in [&scene.image, &base] {
        ran.assert_says(&format!(
            "  failed: {image}: signed, and not pushed: failed to push signature to registry with error: "
        ));
    }
}

#[test]
fn what_is_given_twice_is_signed_once() {
    let scene = Scene::new();
    scene.emulator.clear_calls();
    let ran = sign(&scene, &[&scene.image, &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(count(&scene, "SignPayload"), 1);
    assert_eq!(
        ran.stderr,
        format!(
            "Note: `{0}` is given twice; it is signed once.\n\
             Summary: signed 1, skipped 1, failed 0, not tried 0\n  \
             signed: {0}: {1}\n  skipped: {0}: `{0}` is given twice\n",
            scene.image,
            signature_of(&ran, &scene.image)
        )
    );

    // By tag and by digest: whichever is resolved first is signed.
    let by_tag = format!("{}:v1", scene.repository);
    let ran = sign(&scene, &[&scene.image, &by_tag]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(count(&scene, "SignPayload"), 1);
    ran.assert_says("Summary: signed 1, skipped 1, failed 0, not tried 0\n");
    ran.assert_says(" is the same artifact as `");
    signature_of(&ran, &scene.image);
}

#[test]
fn warnings_stay_with_their_references() {
    let scene = Scene::new();
    scene.emulator.push_test_image("app", "v2").unwrap();
    let tagged = |tag: &str| format!("{}:{tag}", scene.repository);
    let ran = sign(&scene, &[&tagged("v1"), &tagged("v2")]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let warnings = format!("{}{}Summary: ", tag_warning("v1"), tag_warning("v2"));
    assert!(ran.stderr.starts_with(&warnings), "{ran:#?}");
}

/// Signs 7 images with `flags`; gives the times at which AWS Signer was asked.
fn asked_at(flags: &[&str]) -> Vec<Instant> {
    let scene = Scene::new();
    let images = images(&scene, 7);
    let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let (emulator, seen_at) = (scene.emulator.address(), Arc::clone(&times));
    let signer = Hostile::start(move |seen| {
        if seen.path() == "/signing-jobs/with-payload" {
            seen_at.lock().unwrap().push(Instant::now());
        }
        forward(emulator, seen)
    });
    let scene = scene.with_variable("AWS_ENDPOINT_URL", format!("http://{}", signer.host()));
    let ran = sign(&scene, &[flags, &strs(&images)].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let times = times.lock().unwrap();
    times.clone()
}

#[test]
fn aws_signer_is_asked_ten_times_a_second_unless_told_otherwise() {
    for (flags, interval) in [(&[][..], 100), (&["--rate", "4"], 250)] {
        let times = asked_at(flags);
        assert_eq!(times.len(), 7);
        // The first may arrive late, on a busy machine much so; none is sent early.
        let took = times[6] - times[0];
        assert!(took > Duration::from_millis(interval * 4), "{took:?}");
    }
}

#[test]
fn throttling_slows_all_down_and_fails_none() {
    let scene = Scene::new();
    let images = images(&scene, 6);
    let throttled = Fault::new(FaultKind::Throttle).on("SignPayload");
    scene.emulator.faults().add(throttled.times(4));
    scene.emulator.clear_calls();
    let ran = sign(&scene, &strs(&images));
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(count(&scene, "SignPayload"), 6 + 4);
}

#[test]
fn a_rate_is_bounded_and_only_for_aws_signer() {
    let scene = Scene::new();
    for rate in ["0", "1001", "-1", "x"] {
        let ran = sign(&scene, &[&format!("--rate={rate}"), &scene.image]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
        ran.assert_says("--rate <NUMBER>");
    }
    assert_eq!(sign(&scene, &["--rate", "1000", &scene.image]).code, 0);
    let made = scene.run(&["cert", "generate-test", "--default", "trial"]);
    assert_eq!(made.code, 0, "{made:#?}");
    let ran = scene.run(&["sign", "--rate", "5", &scene.image]);
    ran.assert_refused(
        2,
        "Error: `--rate` applies to AWS Signer only, but another signer was chosen",
    );
}

#[test]
fn a_key_in_a_file_is_not_slowed_down() {
    let scene = Scene::new();
    let images = images(&scene, 12);
    let made = scene.run(&["cert", "generate-test", "--default", "trial"]);
    assert_eq!(made.code, 0, "{made:#?}");
    let ran = scene.run(&[&["sign"], &strs(&images)[..]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("Summary: signed 12, skipped 0, failed 0, not tried 0\n");
    assert_eq!(count(&scene, "SignPayload"), 0);
}

#[test]
fn credentials_are_fetched_once_for_all() {
    let scene = Scene::with(Emulator::builder());
    let images = images(&scene, 10);
    let url = format!("{}/credentials/container", scene.emulator.endpoint());
    let scene = scene
        .without_variables(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    scene.emulator.clear_calls();
    let ran = sign(&scene, &strs(&images));
    assert_eq!(ran.code, 0, "{ran:#?}");
    let operations = scene.operations();
    let others: Vec<&String> = operations
        .iter()
        .filter(|name| !name.starts_with("registry:") && *name != "SignPayload")
        .collect();
    assert_eq!(others.len(), 1, "{others:?}");
}

#[test]
fn several_in_one_layout_are_all_kept() {
    let scene = Scene::new();
    let tags: Vec<String> = (0..9).map(|number| format!("v{number}")).collect();
    layout::make(&scene.sandbox.home().join("layout"), &strs(&tags));
    let references: Vec<String> = tags.iter().map(|tag| format!("./layout:{tag}")).collect();
    let ran = sign(
        &scene,
        &[&["--oci-layout"][..], &strs(&references)].concat(),
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("Summary: signed 9, skipped 0, failed 0, not tried 0\n");
    for reference in &references {
        let ran = scene.verify_with(&["--oci-layout"], reference);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
}

/// Signs `references` with stderr on a terminal; gives what the terminal was sent.
fn on_a_terminal(scene: &Scene, references: &[&str]) -> String {
    let fixed = ["sign", "--signing-profile", &scene.profile.arn];
    let arguments = [&fixed[..], references].concat();
    let (code, sent) = terminal::on_a_terminal(&scene.sandbox, &arguments);
    assert_eq!(code, Some(0), "{sent:?}");
    sent
}

#[test]
fn a_terminal_gets_a_bar_where_there_is_more_than_one() {
    let scene = Scene::new();
    let images = images(&scene, 3);
    let sent = on_a_terminal(&scene, &strs(&images));
    assert!(sent.contains("signing ["), "{sent:?}");
    assert!(sent.contains("] 0 of 3 done, 0 failed"), "{sent:?}");
    // It is gone in the end, and the summary is whole.
    let (_, end) = sent.rsplit_once("Summary: signed 3, ").unwrap();
    assert!(!end.contains("signing ["), "{sent:?}");

    let sent = on_a_terminal(&scene, &[&scene.image]);
    assert_eq!(sent, "");
}

#[test]
fn a_registry_that_is_busy_or_down_changes_nothing_for_the_others() {
    let scene = Scene::new();
    let images = images(&scene, 9);
    let emulator = scene.emulator.address();
    let well = Hostile::start(move |seen| forward(emulator, seen));
    // Too many for every third request.
    let count = AtomicUsize::new(0);
    let busy = Hostile::start(move |seen| {
        if count.fetch_add(1, Ordering::SeqCst) % 3 == 2 {
            return Reply::status(429);
        }
        forward(emulator, seen)
    });
    let down = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = down.local_addr().unwrap().to_string();
    drop(down);
    let hosts = [nobody, busy.host(), well.host()];
    let references: Vec<String> = images
        .chunks(3)
        .zip(&hosts)
        .flat_map(|(images, host)| {
            images
                .iter()
                .map(|image| image.replace(scene.registry(), host))
        })
        .collect();
    let flags = ["--rate", "1000", "--keep-going"];
    let ran = sign(&scene, &[&flags[..], &strs(&references)].concat());
    ran.assert_says("Summary: signed 6, skipped 0, failed 3, not tried 0\n");
    for reference in &references[3..] {
        assert!(
            ran.stdout
                .contains(&format!("Successfully signed {reference}\n")),
            "{ran:#?}"
        );
    }
    // Each image's manifest is fetched once, and its signature pushed and looked for once.
    for what in [
        "GET /v2/app/manifests/",
        "PUT /v2/app/manifests/",
        "GET /v2/app/referrers/",
    ] {
        let lines = well.lines();
        let those = lines.iter().filter(|line| line.starts_with(what));
        assert_eq!(those.count(), 3, "{what} {lines:#?}");
    }
}
