//! Lists of references: what they may look like, how they are read, and what a long one takes.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use serde_json::Value;

use countersign::limits::MAX_WAITING_ITEMS;

use crate::support::measure;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::waiting;

fn arguments<'a>(scene: &'a Scene, list: &'a str) -> [&'a str; 9] {
    [
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
        "--output",
        "jsonl",
        "--references-from",
        list,
    ]
}

fn command(scene: &Scene, list: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let mut command = scene.sandbox.command(program);
    command
        .args(arguments(scene, list))
        .current_dir(scene.sandbox.home());
    command
}

fn verify(scene: &Scene, list: &[u8]) -> Ran {
    let file = scene.sandbox.home().join("images.txt");
    std::fs::write(file, list).unwrap();
    scene.run(&arguments(scene, "images.txt"))
}

fn verdicts(ran: &Ran) -> Vec<String> {
    let lines = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let verdicts = lines.filter_map(|line: Value| Some(line.get("verdict")?.as_str()?.to_owned()));
    verdicts.collect()
}

#[test]
fn the_first_reference_of_a_slow_pipe_is_verified_before_the_second_is_written() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let mut child = command(&scene, "-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in stdout.lines() {
            let _ = tell.send(line.unwrap());
        }
    });
    let next = || waiting::received(&told, "an answer");
    for end in ["\n", "\r\n"] {
        write!(input, "{}{end}", scene.image).unwrap();
        input.flush().unwrap();
        // Only what is answered lets the next line be written.
        let answer: Value = serde_json::from_str(&next()).unwrap();
        assert_eq!(answer["verdict"], "verified");
    }
    // A last line without an end counts.
    write!(input, "{}", scene.image).unwrap();
    drop(input);
    let (last, end) = (next(), next());
    assert!(
        last.contains("\"verified\"") && end.contains("\"exitCode\":0"),
        "{last}\n{end}"
    );
    assert_eq!(waiting::end(child, "countersign").status.code(), Some(0));
}

#[test]
fn a_pipe_is_not_read_far_ahead_of_its_answers() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let line = format!("{}\n", scene.image);
    // Those that wait, those at hand, what the pipe holds and twice as much again.
    let most = 3 * (MAX_WAITING_ITEMS * line.len() + 64 * 1024);
    let mut child = command(&scene, "-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    // Ends when the program does.
    thread::spawn(move || {
        while input.write_all(line.as_bytes()).is_ok() {
            count.fetch_add(line.len(), Ordering::SeqCst);
        }
    });
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..100 {
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["verdict"], "verified");
        let written = written.load(Ordering::SeqCst);
        assert!(written < most, "{written} bytes");
    }
    child.kill().unwrap();
    waiting::end(child, "countersign");
}

#[test]
fn names_of_registries_in_a_list_need_no_variable() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let address = scene.image.replacen("localhost", "127.0.0.1", 1);
    // Neither of the two is the registry that the variable names.
    let scene = scene.with_variable("NOTATION_REGISTRY", "registry.invalid");
    let list = format!("{}\n{{\"reference\": \"{}\"}}\n", scene.image, scene.image);
    let ran = verify(&scene, list.as_bytes());
    assert_eq!(
        (ran.code, verdicts(&ran)),
        (0, vec!["verified".to_owned(); 2]),
        "{ran:#?}"
    );
    assert_ne!(address, scene.image);
}

#[test]
fn ends_of_lines_and_a_byte_order_mark_are_no_part_of_a_reference() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let image = &scene.image;
    let list = format!("\u{feff}{image}\r\n\r\n# comment\r\n{image}\r\n  {image}\t\n");
    let ran = verify(&scene, list.as_bytes());
    assert_eq!((ran.code, verdicts(&ran).len()), (0, 3), "{ran:#?}");
    // It stands at the beginning of the list or nowhere.
    let ran = verify(&scene, format!("{image}\n\u{feff}{image}\n").as_bytes());
    assert_eq!((ran.code, verdicts(&ran).len()), (2, 1), "{ran:#?}");
    ran.assert_says("Error: line 2 of `images.txt`: ");
}

#[test]
fn what_no_text_has_ends_the_list_and_is_named() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let image = scene.image.as_bytes();
    let long = vec![b'a'; 16 * 1024 + 1];
    let utf_16: Vec<u8> = "\u{feff}localhost/app:v1\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let with_nul = [&image[..9], &b"\0"[..], &image[9..]].concat();
    for (line, says) in [
        (with_nul, ""),
        (b"\0".to_vec(), ""),
        (long, "the line is longer than 16384 bytes"),
        (b"\xff\xfe".to_vec(), "the line is not UTF-8"),
        (utf_16, "the line is not UTF-8"),
    ] {
        let list = [image, b"\n", &line[..], b"\n", image, b"\n"].concat();
        let ran = verify(&scene, &list);
        assert_eq!((ran.code, verdicts(&ran).len()), (2, 1), "{ran:#?}");
        ran.assert_says(&format!("Error: line 2 of `images.txt`: {says}"));
        assert!(!ran.stderr.contains('\0'), "{ran:#?}");
        let ending: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
        assert_eq!(ending["exitCode"], 2);
    }
}

#[test]
fn a_list_without_references_is_refused() {
    let scene = Scene::new();
    for list in [&b""[..], b"\n\n", b"# only this\r\n", b"\xef\xbb\xbf"] {
        let ran = verify(&scene, list);
        assert_eq!(ran.code, 2, "{ran:#?}");
        ran.assert_says("Error: `images.txt` has no reference\n");
    }
}

#[test]
fn a_million_lines_take_no_more_memory_than_a_few() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let of = |lines: usize| {
        let mut list = String::new();
        for number in 0..lines {
            writeln!(
                list,
                "# image {number}, built with everything that a build has"
            )
            .unwrap();
            if number % (lines / 10) == 0 {
                writeln!(list, "{}", scene.image).unwrap();
            }
        }
        let file = scene.sandbox.home().join("images.txt");
        std::fs::write(file, list).unwrap();
        let measured = measure::run(command(&scene, "images.txt"));
        assert_eq!((measured.ran.code, verdicts(&measured.ran).len()), (0, 10));
        measured.peak_kib
    };
    let (few, many) = (of(100), of(1_000_000));
    // The list has 70 MB.
    assert!(many < few + 16 * 1024, "{few} KiB, then {many} KiB");
}
