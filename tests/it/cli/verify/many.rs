//! Many images in one command: how many at the same time, and what a slow or busy registry does to the others.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::support::forward::{at_home, forward};
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::terminal::on_a_terminal;

/// Longer than any machine needs for what is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// As many images of one repository, of which all are signed by one signature each.
pub(in crate::cli) fn images(scene: &Scene, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| {
            let tag = format!("n{number}");
            let digest = scene.emulator.push_test_image("app", &tag).unwrap();
            scene.sign(&format!("{}@{digest}", scene.repository));
            digest
        })
        .collect()
}

/// A registry that has the emulator's images, and answers with `change` of its replies.
pub(in crate::cli) fn registry(
    scene: &Scene,
    change: impl Fn(&Seen, Reply) -> Reply + Send + Sync + 'static,
) -> Hostile {
    let emulator = scene.emulator.address();
    Hostile::start(move |seen| change(seen, forward(emulator, &at_home(emulator, seen))))
}

pub(super) fn list(scene: &Scene, references: &[String]) {
    let home = scene.sandbox.home().join("images.txt");
    std::fs::write(home, references.join("\n")).unwrap();
}

pub(super) fn verify(scene: &Scene, more: &[&str]) -> Ran {
    let arn = scene.profile.arn.clone();
    let fixed = [
        "verify",
        "--signing-profile",
        &arn,
        "--trust-anchor",
        "root.crt",
        "--references-from",
        "images.txt",
        "--no-content-cache",
    ];
    scene.run(&[&fixed[..], more].concat())
}

/// Registry and verdict of each line, in the order in which they came.
fn lines(ran: &Ran) -> Vec<(String, String)> {
    let lines = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter_map(|line| {
            let text = |name: &str| line[name].as_str().map(str::to_owned);
            let registry = text("asked")?.split('/').next().unwrap().to_owned();
            Some((registry, text("verdict")?))
        })
        .collect()
}

#[test]
fn fifty_images_are_asked_about_at_the_same_time() {
    let scene = Scene::new();
    let digests = images(&scene, 50);
    // No request is answered before all have asked for both the manifest and the list.
    let busy = registry(&scene, |_, reply| reply.after_requests(64));
    let references: Vec<String> = digests
        .iter()
        .map(|digest| format!("{}/app@{digest}", busy.host()))
        .collect();
    list(&scene, &references);
    let ran = verify(&scene, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ran.stdout.matches("Successfully verified").count(), 50);
    // Manifest, list, signature manifest, envelope with a redirect.
    assert!(busy.seen().len() <= 5 * 50, "{}", busy.seen().len());
}

#[test]
fn no_more_are_asked_about_than_the_user_allows() {
    let scene = Scene::new();
    let digests = images(&scene, 6);
    let watched = registry(&scene, |_, reply| reply);
    let references: Vec<String> = digests
        .iter()
        .map(|digest| format!("{}/app@{digest}", watched.host()))
        .collect();
    list(&scene, &references);
    let ran = verify(&scene, &["--concurrency", "1"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    // The list of one image, its envelope, and only then the list of the next one.
    let mut asked: Vec<String> = watched
        .seen()
        .iter()
        .filter_map(|seen| {
            let (before, name) = seen.path().rsplit_once('/')?;
            match before.rsplit('/').next()? {
                "referrers" => Some(name.to_owned()),
                "blobs" => Some("envelope".to_owned()),
                _ => None,
            }
        })
        .collect();
    // Where the blob is redirected to.
    asked.dedup();
    let wanted: Vec<String> = digests
        .into_iter()
        .flat_map(|digest| [digest, "envelope".to_owned()])
        .collect();
    assert_eq!(asked, wanted);
    for wrong in ["0", "129", "-1", "many"] {
        assert_eq!(verify(&scene, &["--concurrency", wrong]).code, 2, "{wrong}");
    }
}

#[test]
fn a_registry_that_is_busy_slow_or_down_changes_nothing_for_the_others() {
    let scene = Scene::new();
    let digests = images(&scene, 5);
    let fetched = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let told = Arc::clone(&fetched);
    let well = registry(&scene, move |seen, reply| {
        if seen.path().contains("/blobs/") {
            *told.0.lock().unwrap() += 1;
            told.1.notify_all();
        }
        reply
    });
    // Whatever it is asked, it is asked twice.
    let asked = Mutex::new(HashSet::new());
    let busy = registry(&scene, move |seen, reply| {
        if asked.lock().unwrap().insert(seen.line()) {
            return Reply::status(429);
        }
        reply
    });
    // It answers no request before the registry that is well was asked for everything.
    let wanted = digests.len();
    let slow = registry(&scene, move |_, reply| {
        let (count, changes) = &*fetched;
        let waiting =
            changes.wait_timeout_while(count.lock().unwrap(), PATIENCE, |count| *count < wanted);
        if waiting.unwrap().1.timed_out() {
            return Reply::status(418);
        }
        reply
    });
    let down = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = down.local_addr().unwrap().to_string();
    drop(down);
    let hosts = [slow.host(), nobody.clone(), busy.host(), well.host()];
    let references: Vec<String> = hosts
        .iter()
        .flat_map(|host| {
            digests
                .iter()
                .map(move |digest| format!("{host}/app@{digest}"))
        })
        .collect();
    list(&scene, &references);
    let ran = verify(&scene, &["--output", "jsonl"]);
    let found = lines(&ran);
    assert_eq!(found.len(), 20, "{ran:#?}");
    let of = |host: &str| -> Vec<&str> {
        let those = found.iter().filter(|(of, _)| of == host);
        those.map(|(_, verdict)| verdict.as_str()).collect()
    };
    assert_eq!(of(&well.host()), ["verified"; 5]);
    assert_eq!(of(&busy.host()), ["verified"; 5]);
    assert_eq!(of(&nobody), ["inconclusive"; 5]);
    assert_eq!(ran.code, 3);
    assert_eq!(of(&slow.host()), ["verified"; 5]);
}

#[test]
fn a_slow_image_holds_up_no_other_of_its_registry() {
    let scene = Scene::new();
    let digests = images(&scene, 12);
    let (slow, others) = (digests[0].clone(), digests.len() - 1);
    // Its list is not given before all others were asked about whatever there is to ask.
    let registry = registry(&scene, move |seen, reply| {
        if seen.path().ends_with(&format!("/referrers/{slow}")) {
            return reply.after_requests(5 * others + 2);
        }
        reply
    });
    let references: Vec<String> = digests
        .iter()
        .map(|digest| format!("{}/app@{digest}", registry.host()))
        .collect();
    list(&scene, &references);
    let ran = verify(&scene, &["--output", "jsonl"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(lines(&ran).len(), digests.len());
    assert_eq!(registry.seen().len(), 5 * digests.len());
}

#[test]
fn a_terminal_gets_a_bar_where_there_is_more_than_one() {
    let scene = Scene::new();
    let digests = images(&scene, 3);
    let references: Vec<String> = digests
        .iter()
        .map(|digest| format!("{}@{digest}", scene.repository))
        .collect();
    let fixed = [
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ];
    let several: Vec<&str> = references.iter().map(String::as_str).collect();
    let (code, sent) = on_a_terminal(&scene.sandbox, &[&fixed[..], &several].concat());
    assert_eq!(code, Some(0), "{sent:?}");
    assert!(sent.contains("verifying ["), "{sent:?}");
    assert!(sent.contains("] 0 of 3 done, 0 failed"), "{sent:?}");
    // A list says in its end how long it is.
    list(&scene, &references);
    let of_list = [&fixed[..], &["--references-from", "images.txt"]].concat();
    let (code, sent) = on_a_terminal(&scene.sandbox, &of_list);
    assert_eq!(code, Some(0), "{sent:?}");
    assert!(sent.contains("verifying 0 done, 0 failed"), "{sent:?}");
    let one = [&fixed[..], &several[..1]].concat();
    let (code, sent) = on_a_terminal(&scene.sandbox, &one);
    assert_eq!(code, Some(0), "{sent:?}");
    assert!(!sent.contains("verifying"), "{sent:?}");
}
