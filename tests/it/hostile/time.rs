//! The time and the bytes that an artifact, and a command, may use.

use super::*;

const COMMAND: &str = "the time for the command, 1 second, is over";

/// A registry that never answers requests with this in their path.
fn silent(part: &'static str) -> Liar {
    liar(move |seen, _| seen.path().contains(part).then(Reply::silent))
}

impl Liar {
    fn verify_many(&self, more: &[&str], references: &[&str]) -> Ran {
        let profile = self.scene.profile.arn.clone();
        let fixed = ["verify", "--signing-profile", &profile];
        let fixed = [&fixed[..], &["--trust-anchor", "root.crt"]].concat();
        self.run(&[&fixed, more, references].concat())
    }
}

#[test]
fn a_verification_ends_with_the_time_of_the_command() {
    let liar = silent("/blobs/");
    let ran = liar.verify_many(&["--timeout", "1s"], &[&liar.image]);
    let sentence = format!("the signatures of `{}` could not be judged", liar.image);
    assert_refused(
        &ran,
        3,
        &sentence,
        "the signature was not judged to the end",
    );
    ran.assert_says(COMMAND);
    ran.assert_says("hint: allow more time with `--timeout`");
    for part in ["/manifests/", "/referrers/"] {
        let liar = silent(part);
        let ran = liar.verify_many(&["--timeout", "1s"], &[&liar.image]);
        let sentence = format!("the verification of `{}` was given up", liar.image);
        assert_refused(&ran, 3, &sentence, COMMAND);
    }
}

#[test]
fn signatures_that_were_not_begun_are_counted() {
    let liar = liar(|seen, truth| {
        let nothing = |name: &str| entry_of_nothing(name);
        if is_list(seen) {
            let size = truth.signature_manifest.len();
            let known = entry(&truth.signature, size);
            return Some(index(&[known, nothing("a"), nothing("b")]));
        }
        is_blob(seen, &truth.envelope_digest).then(Reply::silent)
    });
    let ran = liar.verify_many(&["--timeout", "1s"], &[&liar.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("2 signatures were not tried: the time for the command, 1 second, is over");
    let arguments = ["--timeout", "1s", "--output", "json"];
    let ran = liar.verify_many(&arguments, &[&liar.image]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let unseen = &document["results"][0]["unseen"];
    assert_eq!(
        *unseen,
        json!({"code": "out-of-time", "message": COMMAND, "notTried": 2})
    );
    assert_eq!((ran.code, &document["exitCode"]), (3, &json!(3)));
}

#[test]
fn what_was_not_begun_is_not_tried() {
    let liar = silent("/manifests/");
    let names: Vec<String> = (0..20)
        .map(|number| format!("{}/app:v{number}", liar.hostile.host()))
        .collect();
    let references: Vec<&str> = names.iter().map(String::as_str).collect();
    let ran = liar.verify_many(&["--timeout", "1s", "--concurrency", "8"], &references);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let count = |words: &str| ran.stderr.matches(words).count();
    assert_eq!(count("was given up\n"), 8, "{ran:#?}");
    assert_eq!(count("was not tried\n"), 12, "{ran:#?}");
}

#[test]
fn a_slow_registry_holds_up_no_other() {
    let slow = Hostile::start(|_| Reply::silent());
    let liar = liar(|_, _| None);
    let names: Vec<String> = (0..30)
        .map(|number| format!("{}/app:v{number}", slow.host()))
        .collect();
    let mut references: Vec<&str> = names.iter().map(String::as_str).collect();
    references.push(&liar.image);
    let ran = liar.verify_many(&["--timeout", "3s", "--concurrency", "8"], &references);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let verified = format!("Successfully verified signature for {}", liar.image);
    assert!(ran.stdout.contains(&verified), "{ran:#?}");
    assert_eq!(slow.seen().len(), 8);
}

/// Verifies eight images of a registry that answers with `slow`, and a good one of another registry, whose
/// answers are chunked and whose list is as long as may be. Only the good one is verified.
#[track_caller]
fn assert_held_up_by_nobody(slow: impl Fn() -> Reply + Send + Sync + 'static) {
    let slow = Hostile::start(move |_| slow());
    let (scene, truth) = signed();
    let address = scene.emulator.address();
    let liar = liar_about(scene, truth, move |seen, truth| {
        if is_list(seen) {
            let known = entry(&truth.signature, truth.signature_manifest.len());
            let list = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [known],
                "x": " ".repeat(3 * 1024 * 1024) });
            return Some(Reply::ok(IMAGE_INDEX, list.to_string()).chunked());
        }
        Some(forward(address, &at_home(address, seen)).chunked())
    });
    let names: Vec<String> = (0..8)
        .map(|number| format!("{}/app{number}:v1", slow.host()))
        .collect();
    let mut references: Vec<&str> = names.iter().map(String::as_str).collect();
    references.push(&liar.image);
    let ran = liar.verify_many(&["--timeout", "5s"], &references);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let verified = format!("Successfully verified signature for {}", liar.image);
    assert!(ran.stdout.contains(&verified), "{ran:#?}");
    assert!(slow.seen().len() >= 8);
}

#[test]
fn a_dripping_registry_holds_up_no_other() {
    assert_held_up_by_nobody(|| {
        Reply::ok(IMAGE_MANIFEST, "").drip_after("", None, Duration::from_secs(1))
    });
}

#[test]
fn a_registry_that_announces_much_and_drips_holds_up_no_other() {
    assert_held_up_by_nobody(|| {
        let length = Some(4 * 1024 * 1024);
        Reply::ok(IMAGE_MANIFEST, "").drip_after("", length, Duration::from_secs(1))
    });
}

#[test]
fn a_registry_that_drips_after_much_holds_up_no_other() {
    for first in [100 * 1024, 3 * 1024 * 1024] {
        assert_held_up_by_nobody(move || {
            let first = " ".repeat(first);
            Reply::ok(IMAGE_MANIFEST, "").drip_after(first, None, Duration::from_secs(1))
        });
    }
}

#[test]
fn list_and_inspect_end_too() {
    for part in ["/manifests/", "/referrers/"] {
        let liar = silent(part);
        for command in ["list", "inspect"] {
            let ran = liar.run(&[command, "--timeout", "1s", &liar.image]);
            let sentence = format!("the look at `{}` was given up: {COMMAND}", liar.image);
            assert_refused(&ran, 3, &sentence, "hint: allow more time with `--timeout`");
        }
    }
    let liar = silent("/blobs/");
    let ran = liar.run(&["inspect", "--timeout", "1s", &liar.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(&format!(
        "signature {} was not read: {COMMAND}",
        liar.truth.signature
    ));
}

#[test]
fn signing_ends_before_the_push_or_in_it() {
    let liar = silent("/manifests/");
    let arn = liar.scene.profile.arn.clone();
    let sign = |liar: &Liar, more: &[&str]| {
        let fixed = ["sign", "--signing-profile", &arn, "--timeout", "1s"];
        liar.run(&[&fixed[..], more, &[&liar.image]].concat())
    };
    let ran = sign(&liar, &[]);
    let sentence = format!(
        "`{}` was given up before its signature was pushed; nothing was pushed",
        liar.image
    );
    assert_refused(&ran, 3, &sentence, COMMAND);
    let silent_push = self::liar(|seen, _| (seen.method == "PUT").then(Reply::silent));
    let arn = silent_push.scene.profile.arn.clone();
    let fixed = ["sign", "--signing-profile", &arn, "--timeout", "3s"];
    let ran = silent_push.run(&[&fixed[..], &[&silent_push.image]].concat());
    let sentence = format!(
        "`{}` was given up while its signature was being pushed; it may or may not have been stored",
        silent_push.image
    );
    let words = "the time for the command, 3 seconds, is over";
    assert_refused(&ran, 3, &sentence, words);
}

#[test]
fn revocation_facts_are_gathered_within_the_time() {
    let liar = silent("/blobs/");
    let profile = liar.scene.profile.arn.clone();
    let fixed = ["revocation", "fetch", "--signing-profile", &profile];
    let more = [
        "--trust-anchor",
        "root.crt",
        "--out",
        "facts",
        "--timeout",
        "1s",
    ];
    let ran = liar.run(&[&fixed[..], &more, &[&liar.image]].concat());
    let sentence = "could not store everything that is needed to verify ";
    let words = format!("1 signature was not tried: {COMMAND}");
    assert_refused(&ran, 3, sentence, &words);
}

#[test]
fn a_time_that_cannot_be_used_is_a_usage_error() {
    let liar = liar(|_, _| None);
    for time in ["0s", "soon", "-1s", "25h"] {
        let flag = format!("--timeout={time}");
        let ran = liar.verify_many(&[&flag], &[&liar.image]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
        ran.assert_says(&format!("invalid value `{time}` for `--timeout`"));
    }
    assert_eq!(liar.hostile.seen().len(), 0);
}

/// A registry where the image has so many signatures, each with `size` bytes that are not an envelope.
fn heavy(count: usize, size: usize) -> Liar {
    let kept: std::sync::OnceLock<Vec<(Vec<u8>, Vec<u8>)>> = std::sync::OnceLock::new();
    liar(move |seen, truth| {
        let kept = kept.get_or_init(|| {
            (0..count)
                .map(|number| {
                    let mut envelope = vec![b' '; size];
                    envelope[0] = b'0' + u8::try_from(number).unwrap();
                    let digest = sha256_digest(&envelope);
                    (truth.signature_of(digest.as_ref(), size), envelope)
                })
                .collect()
        });
        if is_manifest(seen, &truth.digest) {
            return Some(Reply::ok(IMAGE_MANIFEST, truth.manifest.clone()));
        }
        if is_list(seen) {
            let entries = kept
                .iter()
                .map(|(manifest, _)| entry(sha256_digest(manifest).as_ref(), manifest.len()));
            return Some(index(&entries.collect::<Vec<_>>()));
        }
        kept.iter().find_map(|(manifest, envelope)| {
            if is_manifest(seen, sha256_digest(manifest).as_ref()) {
                return Some(Reply::ok(IMAGE_MANIFEST, manifest.clone()));
            }
            let digest = sha256_digest(envelope);
            is_blob(seen, digest.as_ref())
                .then(|| Reply::ok("application/octet-stream", envelope.clone()))
        })
    })
}

#[test]
fn no_more_is_fetched_for_one_artifact_than_allowed() {
    let liar = heavy(4, 30 * 1024 * 1024);
    let ran = liar.verify();
    assert_eq!(ran.code, 3, "{ran:#?}");
    let words = "more than 67108864 bytes were fetched for one artifact";
    ran.assert_says(&format!("1 signature was not tried: {words}"));
    ran.assert_says("hint: a client with push access can attach large signatures");
    assert_eq!(liar.requests("/blobs/"), 3);
}

#[test]
fn large_envelopes_of_many_artifacts_come_one_after_another() {
    let liar = heavy(1, 30 * 1024 * 1024);
    let host = liar.hostile.host();
    let names: Vec<String> = (0..6)
        .map(|number| format!("{host}/app{number}@{}", liar.truth.digest))
        .collect();
    let references: Vec<&str> = names.iter().map(String::as_str).collect();
    // The bound of memory is that of one.
    let ran = liar.verify_many(&[], &references);
    assert_eq!(ran.code, 1, "{ran:#?}");
    // Each is read to its end once; who had to wait had begun before.
    let requests = liar.requests("/blobs/");
    assert!((6..=11).contains(&requests), "{requests}");
}
