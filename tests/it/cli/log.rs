//! What `--debug`, `--verbose` and `--quiet` print beside the answer, and that no credential is in it.

mod secrets;

use serde_json::Value;

use crate::support::document::assert_valid;
use crate::support::registry_client::RepositoryClient;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// The log in what a run with `--log-format json` printed: each line is what the schema says.
#[track_caller]
fn events(ran: &Ran) -> Vec<Value> {
    let lines = ran.stderr.lines().filter(|line| line.starts_with('{'));
    let events: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for event in &events {
        assert_valid(event, "event.v1.schema.json");
    }
    events
}

/// The events of this name.
fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    let all = events.iter();
    all.filter(|event| event["event"] == name).collect()
}

/// What is printed on stderr besides the log.
fn without_log(ran: &Ran) -> String {
    let lines = ran.stderr.split_inclusive('\n');
    let others = lines.filter(|line| !line.starts_with("time=") && !line.starts_with('{'));
    others.collect()
}

#[test]
fn a_verification_says_every_request_call_credential_and_the_statement() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    scene.write_policy("strict");
    scene.emulator.clear_calls();
    let ran = scene.run(&["verify", "--debug", "--log-format", "json", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let events = events(&ran);
    let registry = scene.registry();
    // Every request that the emulator saw.
    let requests = named(&events, "request answered");
    assert_eq!(requests.len(), scene.operations().len(), "{events:#?}");
    let digest = scene.digest();
    let url = format!("http://{registry}/v2/app/manifests/{digest}");
    // The list of signatures is asked for at the same time.
    let of_image = |event: &&&Value| event["url"] == url.as_str();
    let first = requests.iter().find(of_image).unwrap();
    assert_eq!(
        (&first["method"], &first["status"]),
        (&"GET".into(), &200.into())
    );
    assert!(
        first["bytes"].as_u64() > Some(100) && first["ms"].is_u64(),
        "{first}"
    );
    // A blob is answered by a redirect, and the query of the place is a credential.
    let led: Vec<_> = requests
        .iter()
        .filter_map(|event| event["location"].as_str())
        .collect();
    assert!(
        !led.is_empty() && led.iter().all(|url| url.ends_with("?...")),
        "{led:?}"
    );

    let calls = named(&events, "AWS answered");
    let [call] = calls.as_slice() else {
        panic!("{calls:#?}")
    };
    assert_eq!(call["action"], "signer:GetRevocationStatus");
    assert_eq!(call["region"], scene.emulator.region());
    assert!(call["request_id"].is_string(), "{call}");

    let found = named(&events, "AWS credentials found");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["from"], "the environment's variables");
    let sought = named(&events, "registry credential sought");
    assert_eq!(sought.len(), usize::from(!sought.is_empty()));

    let applies = named(&events, "trust policy statement applies");
    assert_eq!(applies.len(), 1);
    assert_eq!(applies[0]["statement"], "images");
    assert_eq!(applies[0]["level_of_statement"], "strict");
    assert_eq!(applies[0]["artifact"], scene.image.as_str());
    let judged = named(&events, "signature judged");
    assert_eq!(judged.len(), 1);
    assert_eq!(
        (&judged[0]["standing"], &judged[0]["signature"]),
        (&"verified".into(), &signature.as_str().into())
    );
}

#[test]
fn a_log_changes_neither_the_answer_nor_the_round_trips() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let verify = |more: &[&str]| {
        scene.emulator.clear_calls();
        let ran = scene.verify_with(more, &scene.image);
        // The first two are sent at the same time.
        let mut operations = scene.operations();
        operations.sort();
        (
            without_log(&ran),
            ran.stdout.clone(),
            ran.code,
            operations,
            ran,
        )
    };
    let (stderr, stdout, code, operations, plain) = verify(&[]);
    assert_eq!((code, &stderr), (0, &plain.stderr));
    for flags in [
        &["-d"][..],
        &["--debug", "--log-format", "json"],
        &["-d", "--verbose=false"],
    ] {
        let (logged_stderr, logged_stdout, logged_code, logged_operations, ran) = verify(flags);
        assert_eq!(
            (
                &logged_stderr,
                &logged_stdout,
                logged_code,
                &logged_operations
            ),
            (&stderr, &stdout, code, &operations)
        );
        assert!(ran.stderr.len() > plain.stderr.len());
    }
}

#[test]
fn a_line_of_the_log_has_its_fields_in_one_order() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    // The flag may stand before the command's name.
    let ran = scene.run(&["-d", "list", &scene.image]);
    let url = format!(
        " url=http://{}/v2/app/manifests/{} status=200 ",
        scene.registry(),
        scene.digest()
    );
    let mut lines = ran.stderr.lines();
    let line = lines
        .find(|line| line.contains(&url))
        .unwrap_or_else(|| panic!("{ran:#?}"));
    let names: Vec<&str> = line
        .split(' ')
        .filter_map(|word| word.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "time", "level", "msg", "method", "url", "status", "bytes", "ms"
        ],
        "{line}"
    );
    assert!(
        line.contains(" level=debug msg=\"request answered\" method=GET url="),
        "{line}"
    );
}

#[test]
fn by_notations_name_verbose_is_a_log_of_what_was_found() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    scene.write_policy("strict");
    let notation = scene.sandbox.home().join("notation");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_countersign"), &notation).unwrap();
    let run = |arguments: &[&str]| scene.sandbox.run_as(&notation, arguments);
    let ran = run(&["verify", "-v", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let digest = scene.digest();
    assert!(
        ran.stderr.contains(&format!(
            "\nlevel=info msg=Signature verification succeeded for artifact {digest} with signature digest {signature}\n"
        )),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains("level=debug"), "{ran:#?}");
    // Notation's pipelines look there for what failed.
    scene.write_policy_with(
        r#"{"level":"strict"}"#,
        "x509.subject: C=US, ST=WA, O=nobody",
    );
    let failure = "the signature's AWS Signer profile is not a trusted identity";
    for (flag, time) in [("-v", ""), ("-d", "time=")] {
        let ran = run(&["verify", flag, &scene.image]);
        let lines: Vec<&str> = ran.stderr.lines().collect();
        let begins = |start: &str| {
            let is_it = |line: &&&str| line.starts_with(time) && line.contains(start);
            lines.iter().find(is_it).is_some()
        };
        assert!(
            begins(&format!(
                "level=error msg=authenticity validation failed. Failure reason: {failure}"
            )),
            "{ran:#?}"
        );
        assert!(
            begins(&format!(
                "level=warning msg=Signature {signature} failed verification with error: {failure}"
            )),
            "{ran:#?}"
        );
        assert_eq!(
            lines.iter().find(|line| line.starts_with("Error: ")),
            Some(&format!("Error: signature verification failed for all the signatures associated with {}", scene.image).as_str())
        );
    }
    // By its own name it is what was found, in the words of a failure, and no log.
    let ran = scene.run(&["verify", "-v", &scene.image]);
    assert!(
        !ran.stderr.contains("level=") && ran.stderr.contains("integrity"),
        "{ran:#?}"
    );
}

#[test]
fn verbose_says_in_words_what_a_command_found() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let plain = scene.run(&["list", &scene.image]);
    let ran = scene.run(&["list", "--verbose", &scene.image]);
    let (image, digest) = (&scene.image, scene.digest());
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let repository = RepositoryClient::new(&scene.repository);
    let bytes = repository.manifest_bytes(digest).len();
    assert_eq!((ran.code, &ran.stdout), (0, &plain.stdout));
    assert_eq!(
        ran.stderr,
        format!(
            "reference resolved: reference {image}, digest {digest}, media type {media_type}, bytes {bytes}\n\
             signatures listed: artifact {image}, signatures 1\n{}",
            plain.stderr
        )
    );
    let ran = scene.run(&["key", "list", "-v"]);
    let directory = scene.sandbox.config();
    assert_eq!(
        ran.stderr,
        format!(
            "Notation's configuration: directory {}\n",
            directory.display()
        )
    );
}

#[test]
fn quiet_leaves_errors_and_the_answer() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let tag = format!("{}:v1", scene.repository);
    let loud = scene.verify(&tag);
    assert!(loud.stderr.contains("Warning: "), "{loud:#?}");
    let quiet = scene.verify_with(&["-q"], &tag);
    assert_eq!(
        (quiet.code, &quiet.stdout, quiet.stderr.as_str()),
        (0, &loud.stdout, "")
    );
    let unsigned = scene.emulator.push_test_image("app", "v2").unwrap();
    let unsigned = format!("{}@{unsigned}", scene.repository);
    let (loud, quiet) = (
        scene.verify(&unsigned),
        scene.verify_with(&["--quiet"], &unsigned),
    );
    assert_eq!(
        (quiet.code, &quiet.stdout, &quiet.stderr),
        (1, &loud.stdout, &loud.stderr)
    );
    // One may not ask for both.
    scene.run(&["list", "-q", "-d", &tag]).assert_refused(
        2,
        "Error: the argument '--quiet' cannot be used with '--debug'",
    );
}

#[test]
fn colour_is_for_who_wants_it() {
    let scene = Scene::new();
    let missing = format!("{}:missing", scene.repository);
    let plain = scene.run(&["list", &missing]);
    assert!(
        plain.stderr.starts_with("Error: ") || plain.stderr.starts_with("Warning: "),
        "{plain:#?}"
    );
    let scene = scene.with_variable("CLICOLOR_FORCE", "1");
    let coloured = scene.run(&["list", &missing]);
    assert!(
        coloured.stderr.contains("\u{1b}[1;31mError:\u{1b}[0m "),
        "{coloured:#?}"
    );
    assert!(!coloured.stdout.contains('\u{1b}'));
    let bare = [
        "\u{1b}[1;31m",
        "\u{1b}[1;33m",
        "\u{1b}[1m",
        "\u{1b}[36m",
        "\u{1b}[0m",
    ]
    .iter()
    .fold(coloured.stderr.clone(), |text, code| text.replace(code, ""));
    assert_eq!(bare, plain.stderr);
    let scene = scene.with_variable("NO_COLOR", "1");
    assert_eq!(scene.run(&["list", &missing]), plain);
}

/// Which key signs is not in notation's answer, so it stands beside it.
#[test]
fn verbose_says_which_key_signs() {
    let scene = Scene::new();
    for name in ["first", "second"] {
        let ran = scene.run(&["cert", "generate-test", "--default", name]);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
    let ran = scene.run(&["sign", "--verbose", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("signing key chosen: signer second, from the default\n");
    let ran = scene.run(&["sign", "--verbose", "--key", "first", &scene.image]);
    ran.assert_says("signing key chosen: signer first, from `--key`\n");
}
