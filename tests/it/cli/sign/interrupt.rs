//! SIGINT and SIGTERM while signing: a push that has begun is finished, nothing new is begun.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::many::{images, strs};
use crate::support::forward::forward;
use crate::support::hostile::Hostile;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::waiting;

/// The emulator behind a server that holds one answer back.
pub(super) struct Held {
    pub(super) server: Hostile,
    held: mpsc::Receiver<()>,
}

impl Held {
    /// Holds the first answer to a request that begins with `line` until [`Held::release`].
    pub(super) fn on(scene: &Scene, line: &'static str) -> Self {
        let emulator = scene.emulator.address();
        let (tell, held) = mpsc::channel();
        let tell = Mutex::new(Some(tell));
        let count = Arc::new(AtomicUsize::new(0));
        let server = Hostile::start(move |seen| {
            let before = count.fetch_add(1, Ordering::SeqCst);
            if seen.path() == "/release" {
                return crate::support::hostile::Reply::status(200);
            }
            let reply = forward(emulator, seen);
            if seen.line().starts_with(line)
                && let Some(tell) = tell.lock().unwrap().take()
            {
                tell.send(()).unwrap();
                // This request, and the one that releases it.
                return reply.after_requests(before + 2);
            }
            reply
        });
        Self { server, held }
    }

    /// Waits until the answer is held back.
    pub(super) fn wait(&self) {
        waiting::received(&self.held, "the request whose answer is held back");
    }

    pub(super) fn release(&self) {
        use std::io::Write as _;
        let mut stream = waiting::connect(self.server.address());
        let request = b"GET /release HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).unwrap();
    }

    /// The same reference, at the server.
    fn through(&self, scene: &Scene, reference: &str) -> String {
        reference.replace(scene.registry(), &self.server.host())
    }
}

const NOTICE: &str =
    "Interrupted: pushes that have begun are finished; another interrupt ends them too";

/// The program on its way.
pub(super) struct Running {
    child: Child,
    /// What it writes to stderr, line by line.
    lines: mpsc::Receiver<String>,
}

impl Running {
    pub(super) fn start(scene: &Scene, more: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let mut child = scene
            .sandbox
            .command(program)
            .args(["sign", "--signing-profile", &scene.profile.arn])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines() {
                let _ = tell.send(line.unwrap());
            }
        });
        Self { child, lines }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it says that it was interrupted.
    fn wait_for_notice(&self) {
        assert_eq!(
            waiting::received(&self.lines, "what it says of the interrupt"),
            NOTICE
        );
    }

    /// What it left, without what was waited for.
    pub(super) fn end(self) -> Ran {
        let output = waiting::end(self.child, "the program that was interrupted");
        let lines = self.lines;
        let stderr = waiting::within("the end of stderr", move || {
            lines.iter().map(|line| line + "\n").collect()
        });
        Ran {
            stderr,
            ..Ran::from(output)
        }
    }
}

const PUT: &str = "PUT /v2/app/manifests/";

#[test]
fn a_push_that_has_begun_is_finished() {
    for signal in [Signal::INT, Signal::TERM] {
        let scene = Scene::new();
        let held = Held::on(&scene, PUT);
        let running = Running::start(&scene, &[&held.through(&scene, &scene.image)]);
        held.wait();
        running.signal(signal);
        running.wait_for_notice();
        held.release();
        let ran = running.end();
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(ran.stdout.starts_with("Successfully signed "), "{ran:#?}");
        assert_eq!(scene.verify(&scene.image).code, 0);
    }
}

#[test]
fn a_second_interrupt_ends_a_push_and_says_so() {
    let scene = Scene::new();
    let held = Held::on(&scene, PUT);
    let image = held.through(&scene, &scene.image);
    let running = Running::start(&scene, &[&image]);
    held.wait();
    running.signal(Signal::INT);
    running.wait_for_notice();
    running.signal(Signal::INT);
    let ran = running.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says(&format!(
        "Error: interrupted while the signature of `{image}` was being pushed; it may or may not have been \
         stored\nhint: `countersign list` shows it if it is there; if it is not, run the same command again\n"
    ));
    // Here it is: only the answer was held back.
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn one_that_is_interrupted_before_its_push_says_the_way_out() {
    let scene = Scene::new();
    let held = Held::on(&scene, "POST /signing-jobs/with-payload");
    let scene = scene.with_variable("AWS_ENDPOINT_URL", format!("http://{}", held.server.host()));
    let running = Running::start(&scene, &[&scene.image]);
    held.wait();
    running.signal(Signal::INT);
    running.wait_for_notice();
    let ran = running.end();
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says(&format!(
        "Error: interrupted before the signature of `{}` was pushed; nothing was pushed\n\
         hint: run the same command again\n",
        scene.image
    ));
}

#[test]
fn before_a_push_nothing_is_pushed_and_the_rest_is_not_tried() {
    let scene = Scene::new();
    let images = images(&scene, 30);
    let held = Held::on(&scene, "POST /signing-jobs/with-payload");
    let scene = scene.with_variable("AWS_ENDPOINT_URL", format!("http://{}", held.server.host()));
    scene.emulator.clear_calls();
    let flags = ["--rate", "1", "--keep-going", "-o", "json"];
    let running = Running::start(&scene, &[&flags[..], &strs(&images)].concat());
    held.wait();
    running.signal(Signal::TERM);
    let ran = running.end();
    assert_eq!(ran.code, 3, "{ran:#?}");
    let document = super::document::document(&ran);
    let results = document["results"].as_array().unwrap();
    let codes: Vec<_> = results
        .iter()
        .map(|result| match result["state"].as_str().unwrap() {
            "failed" => &result["error"]["code"],
            "not-tried" => &result["reason"]["code"],
            _ => panic!("{result:#}"),
        })
        .collect();
    assert_eq!(codes, [&json!("interrupted"); 30]);
    // 14 had not even been resolved.
    let summary = &document["summary"];
    assert!(summary["notTried"].as_u64().unwrap() >= 14, "{summary}");
    assert!(summary["failed"].as_u64().unwrap() >= 1, "{summary}");
    assert_eq!(super::writes(&scene), [""; 0]);
}

#[test]
fn what_is_done_before_an_interrupt_is_told() {
    let scene = Scene::new();
    let second = scene.emulator.push_test_image("base", "v1").unwrap();
    let second = format!("{}/base@{second}", scene.registry());
    // The first is pushed while the second is held.
    let held = Held::on(&scene, "PUT /v2/base/manifests/");
    let (first, second) = (scene.image.clone(), held.through(&scene, &second));
    let running = Running::start(&scene, &[&second, &first]);
    held.wait();
    running.signal(Signal::INT);
    running.wait_for_notice();
    held.release();
    let ran = running.end();
    // Whether the first one was done by then is a matter of time; either way it is told.
    ran.assert_says(&format!("  signed: {second}: "));
    let stored = scene.client().referrers(scene.digest());
    let is_there = stored["manifests"] != json!([]);
    assert_eq!(ran.code, if is_there { 0 } else { 3 }, "{ran:#?}");
    assert_eq!(
        ran.stderr.contains(&format!("  signed: {first}: ")),
        is_there,
        "{ran:#?}"
    );
}
