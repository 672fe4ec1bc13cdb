//! The log that `AWS_SIGNER_NOTATION_PLUGIN_DEBUG=true` asks for.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::network::sign_and_verify;
use super::*;

const ASKED: (&str, &str) = ("AWS_SIGNER_NOTATION_PLUGIN_DEBUG", "true");

fn log_of(fixture: &Fixture) -> PathBuf {
    fixture
        .home
        .path()
        .join(".config/notation-aws-signer/plugin.log")
}

#[test]
fn no_log_is_written_unless_it_is_asked_for() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    for (name, value) in [("RUST_LOG", "trace"), (ASKED.0, "1")] {
        sign_and_verify(&fixture, &profile, &[(name, value)]);
        assert_eq!(
            std::fs::read_dir(fixture.home.path()).unwrap().count(),
            0,
            "{name}"
        );
    }
}

#[test]
fn the_log_is_private_bounded_and_without_secrets() {
    let token = "T0ken-of-the-Container-42";
    let fixture = Fixture::with(Emulator::builder().container_token(token));
    let profile = fixture.profile("Images");
    let url = format!("{}/credentials/container", fixture.emulator.endpoint());
    let changes = [
        ASKED,
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token),
    ];
    sign_and_verify(&fixture, &profile, &changes);
    sign_and_verify(&fixture, &profile, &[ASKED]);
    let log = log_of(&fixture);
    let text = std::fs::read_to_string(&log).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&log), mode(log.parent().unwrap())), (0o600, 0o700));
    for wanted in [
        "msg=\"plugin asked\" command=generate-envelope",
        "msg=\"AWS credentials found\" from=\"the container's endpoint\"",
        "msg=\"AWS credentials found\" from=\"the environment's variables\"",
        "msg=\"AWS answered\" action=signer:SignPayload region=",
        "msg=\"plugin asked\" command=verify-signature",
        "msg=\"AWS answered\" action=signer:GetRevocationStatus region=",
        "msg=\"plugin answered\"\n",
    ] {
        assert!(text.contains(wanted), "`{wanted}` is not in\n{text}");
    }
    for secret in [
        token,
        fixture.emulator.secret_access_key(),
        "AWS4-HMAC",
        "eyJ",
    ] {
        assert!(!text.contains(secret), "`{secret}` is in\n{text}");
    }
    // At its limit, which is 10 MiB, it makes room.
    let file = std::fs::File::options().write(true).open(&log).unwrap();
    file.set_len(10 * 1024 * 1024).unwrap();
    sign_and_verify(&fixture, &profile, &[ASKED]);
    let predecessor = log.with_file_name("plugin.log.1");
    assert_eq!(
        std::fs::metadata(predecessor).unwrap().len(),
        10 * 1024 * 1024
    );
    assert!(std::fs::metadata(&log).unwrap().len() < 64 * 1024);
}

#[test]
fn that_the_log_cannot_be_written_changes_nothing() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let log = log_of(&fixture);
    let folder = log.parent().unwrap().to_owned();
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    // A file in the place of the directory.
    std::fs::write(&folder, "kept").unwrap();
    sign_and_verify(&fixture, &profile, &[ASKED]);
    assert_eq!(std::fs::read_to_string(&folder).unwrap(), "kept");
    std::fs::remove_file(&folder).unwrap();
    // A link to another file.
    let elsewhere = fixture.home.path().join("elsewhere");
    std::fs::write(&elsewhere, "kept").unwrap();
    std::fs::create_dir(&folder).unwrap();
    symlink(&elsewhere, &log).unwrap();
    sign_and_verify(&fixture, &profile, &[ASKED]);
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "kept");
    // Nowhere to write.
    sign_and_verify(&fixture, &profile, &[ASKED, ("HOME", "")]);
}
