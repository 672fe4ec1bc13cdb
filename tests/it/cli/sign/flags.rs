//! Mistakes on the command line are reported before any request is sent.

use super::{PLUGIN, sign};
use crate::support::scene::Scene;

/// Runs `sign` with `arguments` and the image; it must fail as wrong usage, without a request.
#[track_caller]
fn assert_usage(scene: &Scene, arguments: &[&str], first_line: &str) {
    scene.emulator.clear_calls();
    let ran = scene.run(&[&["sign"], arguments, &[&scene.image]].concat());
    ran.assert_refused(2, first_line);
    assert_eq!(scene.operations(), [""; 0], "{arguments:?}");
}

#[test]
fn an_empty_value_is_never_a_default() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    let none =
        |flag: &str| format!("Error: a value is required for '{flag}' but none was supplied");
    for (arguments, first_line) in [
        (
            &["--signing-profile", ""][..],
            none("--signing-profile <ARN>"),
        ),
        (&["--signing-profile="], none("--signing-profile <ARN>")),
        (&["--plugin", PLUGIN, "--id", ""], none("--id <ID>")),
        (&["--plugin", "", "--id", &arn], none("--plugin <NAME>")),
        (
            &["--signing-profile", &arn, "--username", ""],
            none("--username <USERNAME>"),
        ),
        (
            &["--signing-profile", &arn, "-u", "x", "-p", ""],
            "Error: invalid value '' for '--password <PASSWORD>': it is empty".to_owned(),
        ),
        (&["--key", ""], none("--key <NAME>")),
        (
            &["--signing-profile", &arn, "--signature-format", ""],
            "Error: signature format \"\" not supported".to_owned(),
        ),
        (
            &["--signing-profile", &arn, "-m", ""],
            "Error: could not parse flag user-metadata: key-value pair requires \"=\" as separator"
                .to_owned(),
        ),
        (
            &["--signing-profile", &arn, "--plugin-config", "aws-profile="],
            "Error: could not parse flag plugin-config: key-value pair must not have an empty key \
             or value: `aws-profile=`"
                .to_owned(),
        ),
    ] {
        assert_usage(&scene, arguments, &first_line);
    }
    // An empty variable counts as not set, as for notation.
    let scene = scene
        .with_variable("NOTATION_USERNAME", "")
        .with_variable("NOTATION_PASSWORD", "");
    assert_eq!(sign(&scene, &[&scene.image]).code, 0);
    let ran = scene.run(&["verify", "--signing-profile", "", &scene.image]);
    ran.assert_refused(2, &none("--signing-profile <ARN>"));
}

#[test]
fn the_signer_must_be_named_in_one_way() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    for (arguments, first_line) in [
        (
            &[][..],
            "Error: default signing key not set. Please set default signing key or specify a key name",
        ),
        (&["--key", "nope"], "Error: signing key nope not found"),
        (
            &["--key", "k", "--plugin", PLUGIN, "--id", &arn],
            "Error: the argument '--key <NAME>' cannot be used with:",
        ),
        (
            &["--signing-profile", &arn, "--key", "k"],
            "Error: the argument '--signing-profile <ARN>' cannot be used with '--key <NAME>'",
        ),
        (
            &["--signing-profile", &arn, "--expiry", "24"],
            "Error: invalid argument \"24\" for \"-e, --expiry\" flag: time: missing unit in \
             duration \"24\"",
        ),
        (
            &["--signing-profile", &arn, "--expiry", "-1h"],
            "Error: expiry duration cannot be a negative value",
        ),
        (
            &["--signing-profile", &arn, "-e", "24h"],
            "Error: AWS Signer takes the expiry from the signing profile",
        ),
        (
            &["--signing-profile", &arn, "--plugin", PLUGIN, "--id", &arn],
            "Error: the argument '--signing-profile <ARN>' cannot be used with:",
        ),
        (
            &["--id", &arn],
            "Error: the following required arguments were not provided:",
        ),
        (
            &["--plugin", PLUGIN],
            "Error: the following required arguments were not provided:",
        ),
        (
            &["--signing-profile", "release"],
            "Error: `release` is not an ARN: it must have six parts, \
             `arn:PARTITION:signer:REGION:ACCOUNT:RESOURCE`",
        ),
    ] {
        assert_usage(&scene, arguments, first_line);
    }
    let singular = arn.replace("/signing-profiles/", "/signing-profile/");
    let ran = scene.run(&["sign", "--signing-profile", &singular, &scene.image]);
    ran.assert_refused(
        2,
        &format!(
            "Error: `{singular}` has the resource `/signing-profile/release`, wanted \
             `/signing-profiles/NAME`"
        ),
    );
    ran.assert_says(&format!("hint: did you mean `{arn}`?"));
}

#[test]
fn metadata_must_be_clear() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    let parse = "Error: could not parse flag user-metadata: ";
    for (metadata, reason) in [
        (
            &["-m", "abc"][..],
            "key-value pair requires \"=\" as separator",
        ),
        (
            &["-m", "=v"],
            "key-value pair must not have an empty key or value: `=v`",
        ),
        (
            &["-m", "k="],
            "key-value pair must not have an empty key or value: `k=`",
        ),
        (&["-m", "a=1", "-m", "a=2"], "the key `a` is given twice"),
    ] {
        let arguments = [&["--signing-profile", &arn], metadata].concat();
        assert_usage(&scene, &arguments, &format!("{parse}{reason}"));
    }
    for key in ["io.cncf.notary.foo", "io.cncf.notary", "io.cncf.notaryfoo"] {
        assert_usage(
            &scene,
            &["--signing-profile", &arn, "-m", &format!("{key}=1")],
            &format!(
                "Error: error adding user metadata: metadata key {key} has reserved prefix \
                 io.cncf.notary"
            ),
        );
    }
    let ran = sign(&scene, &["-m", "IO.CNCF.notary.x=1", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn only_jws_is_made() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    let with = |format| ["--signing-profile", &arn, "--signature-format", format];
    assert_usage(
        &scene,
        &with("cose"),
        "Error: AWS Signer makes JWS envelopes only; leave out `--signature-format cose`",
    );
    for format in ["pgp", "JWS"] {
        assert_usage(
            &scene,
            &with(format),
            &format!("Error: signature format \"{format}\" not supported"),
        );
    }
    scene
        .sandbox
        .write_config("config.json", r#"{"signatureFormat": "cose"}"#);
    assert_usage(
        &scene,
        &["--signing-profile", &arn],
        "Error: AWS Signer makes JWS envelopes only, and `signatureFormat` in Notation's \
         `config.json` is `cose`; give `--signature-format jws`",
    );
    let ran = sign(&scene, &["--signature-format", "jws", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn no_reference_is_signed_while_one_is_malformed() {
    let scene = Scene::new();
    for (reference, reason) in [
        ("localhost:1/x", "no tag or digest"),
        ("localhost:1", "missing registry or repository"),
        ("", "missing registry or repository"),
    ] {
        let ran = sign(&scene, &[&scene.image, reference]);
        ran.assert_refused(
            2,
            &format!(
                "Error: \"{reference}\": invalid reference: {reason}. Expecting \
                 <registry>/<repository>:<tag> or <registry>/<repository>@<digest>"
            ),
        );
    }
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn settings_that_are_misspelled_or_contradict_the_profile_are_refused() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    let with = |setting| ["--signing-profile", &arn, "--plugin-config", setting];
    assert_usage(
        &scene,
        &with("aws-regoin=us-east-1"),
        "Error: setting `aws-regoin` is not known",
    );
    for (setting, name, meant) in [
        (
            "region=us-east-1",
            "region",
            "hint: did you mean `aws-region`? the settings are",
        ),
        (
            "profile=ci",
            "profile",
            "hint: did you mean `aws-profile`? the settings are",
        ),
        (
            "timeout=5",
            "timeout",
            "hint: the settings are `aws-profile`, `aws-region`, ",
        ),
    ] {
        let ran = scene.run(&[&["sign"], &with(setting)[..], &[&scene.image]].concat());
        ran.assert_refused(2, &format!("Error: setting `{name}` is not known"));
        ran.assert_says(meant);
    }
    // Where plugins may be meant, theirs pass.
    scene.sign(&scene.image);
    let ran = scene.verify_with(&["--plugin-config", "timeout=5"], &scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = scene.verify_with(&["--plugin-config", "region=us-east-1"], &scene.image);
    ran.assert_refused(2, "Error: setting `region` is not known");
    scene.emulator.clear_calls();
    assert_usage(
        &scene,
        &with("aws-region=nowhere else"),
        "Error: `nowhere else` is not a region",
    );
    assert_usage(
        &scene,
        &with("aws-signer-endpoint-url=ftp://x"),
        "Error: `ftp://x` is not the URL of an endpoint",
    );
    let ran = sign(
        &scene,
        &["--plugin-config", "aws-region=us-gov-west-1", &scene.image],
    );
    ran.assert_refused(1, &format!("Error: failed to sign `{}`", scene.image));
    ran.assert_says(&format!(
        "caused by: `{arn}` is of partition `aws`, but region `us-gov-west-1`, which is set \
         explicitly, is of `aws-us-gov`"
    ));
    assert_eq!(super::writes(&scene), [""; 0]);
}

#[test]
fn examples_in_the_help_are_whole_commands_on_one_line() {
    let sandbox = crate::support::sandbox::Sandbox::new();
    for command in [
        &["sign"][..],
        &["verify"],
        &["blob", "sign"],
        &["blob", "verify"],
        &["key", "add"],
        &["cert", "add"],
        &["revocation", "fetch"],
    ] {
        let ran = sandbox.run(&[command, &["--help"]].concat());
        let (_, examples) = ran.stdout.split_once("\nExamples:\n").unwrap();
        for line in examples.lines().take_while(|line| !line.is_empty()) {
            let is_whole = line.starts_with("  countersign ") && !line.ends_with('\\');
            assert!(is_whole, "{command:?}: {line}");
        }
    }
    for command in [&["sign"][..], &["blob", "sign"]] {
        let ran = sandbox.run(&[command, &["--help"]].concat());
        assert!(ran.stdout.contains("aws-kms-endpoint-url"), "{command:?}");
    }
}

#[test]
fn names_that_are_nearly_right_have_a_hint() {
    let scene = Scene::new();
    for name in ["ci-dash", "a"] {
        let arn = format!("arn:aws:signer:us-east-1:111122223333:/signing-profiles/{name}");
        let ran = scene.run(&["sign", "--signing-profile", &arn, &scene.image]);
        assert_eq!(ran.code, 2, "{ran:#?}");
        ran.assert_says("hint: the name of a signing profile has 2 to 64 letters, digits and `_`");
    }
    for name in ["com.amazonaws.signer.notation", "com.amazonaws.signer"] {
        let ran = scene.run(&["sign", "--plugin", name, "--id", "x", &scene.image]);
        assert_ne!(ran.code, 0, "{ran:#?}");
        ran.assert_says("hint: AWS Signer is built in as `com.amazonaws.signer.notation.plugin`");
    }
}
