//! Several references, wrong flags, exit codes.

use crate::support::scene::Scene;

#[test]
fn several_references_give_their_answers_in_order_and_the_worst_code() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let unsigned = scene.emulator.push_test_image("app", "v2").unwrap();
    let unsigned = format!("{}@{unsigned}", scene.repository);
    let unreachable = format!("localhost:1/x@{}", scene.image.split('@').nth(1).unwrap());
    let run = |references: &[&str]| {
        let fixed = [
            "verify",
            "--signing-profile",
            &scene.profile.arn,
            "--trust-anchor",
            "root.crt",
        ];
        scene.run(&[&fixed, references].concat())
    };
    let ran = run(&[&unreachable, &scene.image, &unsigned]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        format!("Successfully verified signature for {}\n", scene.image)
    );
    let errors: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("Error: "))
        .collect();
    assert!(errors[0].contains("localhost:1"), "{ran:#?}");
    assert!(
        errors[1].contains("no signature is associated with"),
        "{ran:#?}"
    );
    assert_eq!(run(&[&unreachable, &scene.image]).code, 3);
}

#[test]
fn under_the_name_notation_there_are_only_two_exit_codes() {
    let scene = Scene::new();
    let notation = scene.sandbox.home().join("notation");
    std::fs::hard_link(env!("CARGO_BIN_EXE_countersign"), &notation)
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_countersign"), &notation).map(|_| ()))
        .unwrap();
    let unreachable = "localhost:1/x:v1";
    let arguments = [
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        unreachable,
    ];
    assert_eq!(scene.run(&arguments).code, 3);
    assert_eq!(scene.sandbox.run_as(&notation, &arguments).code, 1);
    assert_eq!(scene.sandbox.run_as(&notation, &["verify"]).code, 1);
    assert_eq!(scene.sandbox.run_as(&notation, &["--help"]).code, 0);
}

#[test]
fn wrong_usage_is_said_before_anybody_is_asked() {
    let scene = Scene::new();
    for (arguments, first_line) in [
        (
            &["verify", "localhost:1/x"][..],
            "Error: \"localhost:1/x\": invalid reference: no tag or digest. Expecting \
             <registry>/<repository>:<tag> or <registry>/<repository>@<digest>",
        ),
        (
            &["verify", "-m", "abc", "localhost:1/x:v1"],
            "Error: could not parse flag user-metadata: key-value pair requires \"=\" as separator",
        ),
        (
            &[
                "verify",
                "--signing-profile",
                "arn:aws:signer:us-east-1:111122223333:/signing-profile/app",
                "localhost:1/x:v1",
            ],
            "Error: `arn:aws:signer:us-east-1:111122223333:/signing-profile/app` has the resource \
             `/signing-profile/app`, wanted `/signing-profiles/NAME`",
        ),
        (
            &[
                "verify",
                "--signing-profile",
                "arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/app",
                "localhost:1/x:v1",
            ],
            "Error: no root certificate of AWS Signer is published for the partition `aws-cn`",
        ),
        (
            &["verify", "-u", "x", "localhost:1/x:v1"],
            "Error: a user name for the registry was given without a password",
        ),
    ] {
        let ran = scene.run(arguments);
        ran.assert_refused(2, first_line);
    }
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_countersign"));
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let started = scene
        .sandbox
        .command(program)
        .args([
            "verify",
            "--signing-profile",
            &scene.profile.arn,
            "--trust-anchor",
            "root.crt",
        ])
        .arg(&scene.image)
        .stdout(full)
        .spawn();
    let output = crate::support::waiting::end(started.unwrap(), "verify into a full device");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_password_in_a_reference_is_not_repeated() {
    let scene = Scene::new();
    for reference in [
        "bob:hunter2@localhost/app:v1",
        "http://bob:hunter2@localhost/app:v1",
    ] {
        let ran = scene.verify(reference);
        assert_eq!(ran.code, 2);
        assert!(!ran.stderr.contains("hunter2"), "{ran:#?}");
    }
}
