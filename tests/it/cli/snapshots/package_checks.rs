//! `lambda verify`: a success, and each of the four checks failing alone.

use countersign_emulator::{Fault, FaultKind};
use time::Duration;

use super::transcript::Transcript;
use crate::hostile::entries_of;
use crate::support::packages::{Member, Zip};
use crate::support::scene::Scene;

fn zip(content: &[u8], mode: u32) -> Vec<u8> {
    let app = Member::new("app.py", content).with_mode(mode);
    Zip::of(vec![app, Member::new("lib/", b"")]).bytes()
}

/// Packages that are signed by the profile `packages`, and what became of them.
fn write_packages(scene: &Scene) {
    let emulator = &scene.emulator;
    let app = zip(b"print('app')\n", 0o100_644);
    let sign = |bytes: &[u8]| emulator.sign_package_in_job("packages", bytes).unwrap();
    let package = sign(&app);
    let revoked = sign(&app);
    emulator.revoke_signature(&revoked.job_arn).unwrap();
    emulator.set_clock_offset(Duration::days(-366 * 12));
    let expired = sign(&app);
    emulator.set_clock_offset(Duration::ZERO);
    let entries = entries_of(&package.bytes).into_iter();
    let changed = entries.map(|(name, content)| match name.as_str() {
        "app.py" => Member::new(&name, b"print('bad')\n"),
        _ => Member::new(&name, &content),
    });
    let root = emulator.package_root_certificate_pem();
    for (name, bytes) in [
        ("package-root.crt", root.as_bytes()),
        ("app.zip", &app),
        ("other.zip", &zip(b"print('app')\n", 0o100_755)),
        ("signed.zip", &package.bytes),
        ("revoked.zip", &revoked.bytes),
        ("expired.zip", &expired.bytes),
        ("changed.zip", &Zip::of(changed.collect()).bytes()),
        (
            "prefixed.zip",
            &[b"#!/bin/sh\n", &package.bytes[..]].concat(),
        ),
        ("cut.zip", &package.bytes[..200]),
        ("link.zip", &sign(&zip(b"/etc/passwd", 0o120_777)).bytes),
    ] {
        std::fs::write(scene.sandbox.home().join(name), bytes).unwrap();
    }
}

#[test]
fn packages_are_verified() {
    let mut transcript = Transcript::new();
    let emulator = &transcript.scene.emulator;
    let profile = emulator.create_package_profile("packages").unwrap();
    let other = emulator.create_package_profile("other").unwrap();
    write_packages(&transcript.scene);
    let by = |profile: &str, title: &str, rest: &str| {
        format!(
            "{title}: lambda verify --trust-anchor package-root.crt --signing-profile {profile} {rest}"
        )
    };
    let right = |title: &str, rest: &str| by(&profile.version_arn, title, rest);
    let lines = [
        right("verified", "signed.zip"),
        right("integrity fails alone", "changed.zip"),
        by(
            &other.version_arn,
            "source mismatch fails alone",
            "signed.zip",
        ),
        right("expiry fails alone", "expired.zip"),
        right("revocation fails alone", "revoked.zip"),
        right("not signed", "app.zip"),
        right("bytes before the package", "prefixed.zip"),
        right("cut off", "cut.zip"),
        right("a symbolic link", "link.zip"),
        right("a symbolic link, accepted", "--allow-links link.zip"),
        right("as it was built", "--against app.zip signed.zip"),
        right("built with another mode", "--against other.zip signed.zip"),
        right("several", "signed.zip changed.zip"),
        by(&profile.arn, "a profile without a version", "signed.zip"),
        right("not there", "none.zip"),
        format!(
            "AWS's own root: lambda verify --signing-profile {} signed.zip",
            profile.version_arn
        ),
    ];
    transcript.run(&lines.each_ref().map(String::as_str));
    let denied = Fault::new(FaultKind::AccessDenied).on("DescribeSigningJob");
    transcript.scene.emulator.faults().add(denied.times(1));
    transcript.run(&[&right("revocation could not be asked", "signed.zip")]);
    transcript.assert_snapshot("package-checks");
}
