//! `lambda verify`: a success, and each of the four checks failing alone.

use countersign_emulator::{Fault, FaultKind};
use time::Duration;

use super::transcript::Transcript;
use crate::hostile::entries_of;
use crate::support::packages::{Member, Zip};

#[test]
fn packages_are_verified() {
    let mut transcript = Transcript::new();
    let emulator = &transcript.scene.emulator;
    let profile = emulator.create_package_profile("packages").unwrap();
    let other = emulator.create_package_profile("other").unwrap();
    let zip = |content: &[u8], name: &str, mode: u32| {
        Zip::of(vec![
            Member::new(name, content).with_mode(mode),
            Member::new("lib/", b""),
        ])
        .bytes()
    };
    let app = zip(b"print('app')\n", "app.py", 0o100_644);
    let signed = emulator.sign_package_in_job("packages", &app).unwrap();
    let revoked = emulator.sign_package_in_job("packages", &app).unwrap();
    emulator.revoke_signature(&revoked.job_arn).unwrap();
    emulator.set_clock_offset(Duration::days(-366 * 12));
    let expired = emulator.sign_package_in_job("packages", &app).unwrap();
    emulator.set_clock_offset(Duration::ZERO);
    let changed = entries_of(&signed.bytes)
        .into_iter()
        .map(|(name, content)| match name.as_str() {
            "app.py" => Member::new(&name, b"print('bad')\n"),
            _ => Member::new(&name, &content),
        });
    let changed = Zip::of(changed.collect()).bytes();
    let link = zip(b"/etc/passwd", "app.py", 0o120_777);
    let link = emulator.sign_package_in_job("packages", &link).unwrap();
    let root = emulator.package_root_certificate_pem();
    let home = transcript.scene.sandbox.home();
    for (name, bytes) in [
        ("package-root.crt", root.as_bytes()),
        ("app.zip", &app),
        ("other.zip", &zip(b"print('app')\n", "app.py", 0o100_755)),
        ("signed.zip", &signed.bytes),
        ("revoked.zip", &revoked.bytes),
        ("expired.zip", &expired.bytes),
        ("changed.zip", &changed),
        (
            "prefixed.zip",
            &[b"#!/bin/sh\n", &signed.bytes[..]].concat(),
        ),
        ("cut.zip", &signed.bytes[..200]),
        ("link.zip", &link.bytes),
    ] {
        std::fs::write(home.join(name), bytes).unwrap();
    }
    let by = |title: &str, profile: &str, rest: &str| {
        format!(
            "{title}: lambda verify --trust-anchor package-root.crt --signing-profile {profile} {rest}"
        )
    };
    let lines = [
        by("verified", &profile.version_arn, "signed.zip"),
        by("integrity fails alone", &profile.version_arn, "changed.zip"),
        by(
            "source mismatch fails alone",
            &other.version_arn,
            "signed.zip",
        ),
        by("expiry fails alone", &profile.version_arn, "expired.zip"),
        by(
            "revocation fails alone",
            &profile.version_arn,
            "revoked.zip",
        ),
        by("not signed", &profile.version_arn, "app.zip"),
        by(
            "bytes before the package",
            &profile.version_arn,
            "prefixed.zip",
        ),
        by("cut off", &profile.version_arn, "cut.zip"),
        by("a symbolic link", &profile.version_arn, "link.zip"),
        by(
            "a symbolic link that is accepted",
            &profile.version_arn,
            "--allow-links link.zip",
        ),
        by(
            "as it was built",
            &profile.version_arn,
            "--against app.zip signed.zip",
        ),
        by(
            "built with another mode",
            &profile.version_arn,
            "--against other.zip signed.zip",
        ),
        by("several", &profile.version_arn, "signed.zip changed.zip"),
        by("a profile without a version", &profile.arn, "signed.zip"),
        by("not there", &profile.version_arn, "none.zip"),
        format!(
            "AWS's own root: lambda verify --signing-profile {} signed.zip",
            profile.version_arn
        ),
    ];
    transcript.run(&lines.each_ref().map(String::as_str));
    let fault = Fault::new(FaultKind::AccessDenied)
        .on("DescribeSigningJob")
        .times(1);
    transcript.scene.emulator.faults().add(fault);
    let line = by(
        "revocation could not be asked",
        &profile.version_arn,
        "signed.zip",
    );
    transcript.run(&[&line]);
    transcript.assert_snapshot("package-checks");
}
