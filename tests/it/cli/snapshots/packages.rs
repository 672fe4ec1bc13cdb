//! `lambda sign`: each refusal, each before anything is uploaded.

use countersign_emulator::{Emulator, FaultKind, PackageSigning};
use countersign_emulator::{Fault, SigningCourse};
use time::macros::datetime;

use super::transcript::Transcript;
use crate::support::archives;
use crate::support::scene::Scene;

fn scene() -> Scene {
    let scene = Scene::new();
    let home = scene.sandbox.home().to_owned();
    let emulator = &scene.emulator;
    emulator.create_package_profile("code").unwrap();
    emulator.create_package_profile("gone").unwrap();
    emulator.cancel_signing_profile("gone").unwrap();
    let leaked = emulator.create_package_profile("leaked").unwrap();
    emulator
        .revoke_signing_profile(&leaked.version_arn, datetime!(2026-01-01 0:00 UTC))
        .unwrap();
    for (bucket, keeps_versions) in [("zips", Some(true)), ("once", Some(false)), ("never", None)] {
        emulator.create_bucket(bucket, keeps_versions).unwrap();
    }
    emulator
        .create_bucket_in("eu-west-1", "abroad", Some(true))
        .unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(home.join(name), bytes).unwrap();
    let app = archives::zip(&[("index.py", 0o100_644, b"x")]);
    write(
        "package-root.crt",
        emulator.package_root_certificate_pem().as_bytes(),
    );
    write("app.zip", &app);
    write(
        "other.zip",
        &archives::zip(&[("index.py", 0o100_644, b"y")]),
    );
    write("empty.zip", &archives::zip(&[]));
    write("text.zip", b"this is not a zip file");
    write(
        "link.zip",
        &archives::zip(&[("link", 0o120_777, b"/etc/passwd")]),
    );
    write("signed.zip", &signed(emulator, &app));
    let large = std::fs::File::create(home.join("large.zip")).unwrap();
    large.set_len(250 * 1024 * 1024 + 1).unwrap();
    for (key, bytes) in [
        ("a/signed(1).zip", signed(emulator, &app)),
        ("empty.zip", archives::zip(&[])),
    ] {
        emulator.put_object("zips", key, &bytes).unwrap();
    }
    emulator.create_bucket("builds", None).unwrap();
    emulator.put_object("builds", "app.zip", &app).unwrap();
    scene
}

fn signed(emulator: &Emulator, package: &[u8]) -> Vec<u8> {
    let account = "arn:aws:signer:us-east-1:111122223333:";
    let signing = PackageSigning {
        job_arn: format!("{account}/signing-jobs/57613597-fcbd-4527-b0b5-11a4ce658e82"),
        profile_version_arn: format!("{account}/signing-profiles/code/0123456789"),
        signing_time: datetime!(2026-02-01 0:00 UTC),
        expires_at: datetime!(2036-02-01 0:00 UTC),
    };
    emulator.sign_package(package, &signing).unwrap()
}

/// A line of a transcript.
fn sign(title: &str, profile: &str, bucket: &str, rest: &str) -> String {
    format!(
        "{title}: lambda sign --trust-anchor package-root.crt --signing-profile {profile} --bucket {bucket} {rest}"
    )
}

#[test]
fn packages_are_signed() {
    let mut transcript = Transcript::of(scene());
    let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/code";
    let lines = [
        sign("signed", "code", "zips", "app.zip"),
        sign("signed already", "code", "zips", "--if-missing app.zip"),
        sign(
            "what would be signed",
            "code",
            "zips",
            "--dry-run app.zip other.zip",
        ),
        sign("an empty package", "code", "zips", "empty.zip"),
        sign("not a package", "code", "zips", "text.zip"),
        sign("a symbolic link", "code", "zips", "link.zip"),
        sign("over 250 MB", "code", "zips", "large.zip"),
        sign("a signed package", "code", "zips", "signed.zip"),
        sign(
            "a signed object",
            "code",
            "zips",
            "s3://zips/a/signed(1).zip",
        ),
        sign("an empty object", "code", "zips", "s3://zips/empty.zip"),
        sign("no file", "code", "zips", "none.zip"),
        sign("one of two is refused", "code", "zips", "app.zip empty.zip"),
        sign(
            "two packages and one name",
            "code",
            "zips",
            "--out a.zip app.zip other.zip",
        ),
        sign("a function", "code", "zips", "api"),
        sign("a profile for images", "release", "zips", "app.zip"),
        sign("a canceled profile", "gone", "zips", "app.zip"),
        sign("a revoked profile", "leaked", "zips", "app.zip"),
        sign("no profile", "unknown", "zips", "app.zip"),
        sign(
            "another version",
            &format!("{arn}/0123456789"),
            "zips",
            "app.zip",
        ),
        sign(
            "a profile of another region",
            arn,
            "zips",
            "--plugin-config aws-region=eu-west-1 app.zip",
        ),
        sign("versioning off", "code", "never", "app.zip"),
        sign("versioning suspended", "code", "once", "app.zip"),
        sign(
            "versioning off and allowed",
            "code",
            "never",
            "--allow-unversioned app.zip",
        ),
        sign("a bucket of another region", "code", "abroad", "app.zip"),
        sign("no bucket", "code", "nothing", "app.zip"),
        sign("not a bucket", "code", "No", "app.zip"),
        sign(
            "an object without versions",
            "code",
            "zips",
            "s3://builds/app.zip",
        ),
        sign(
            "an object that is not there",
            "code",
            "zips",
            "s3://zips/none.zip",
        ),
        sign(
            "a prefix that climbs",
            "code",
            "zips",
            "--prefix ../ app.zip",
        ),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    transcript.run(&lines);
    for operation in ["GetBucketVersioning", "PutObject", "StartSigningJob"] {
        let fault = Fault::new(FaultKind::AccessDenied).on(operation).times(1);
        transcript.scene.emulator.faults().add(fault);
        let line = sign(
            &format!("{operation} is denied"),
            "code",
            "zips",
            "other.zip",
        );
        transcript.run(&[&line]);
    }
    let failed = r#"{"end": {"failed": {"code": "", "reason": "the zip file is malformed"}}}"#;
    let course: SigningCourse = serde_json::from_str(failed).unwrap();
    transcript
        .scene
        .emulator
        .set_signing_course(arn, course)
        .unwrap();
    transcript.run(&[&sign("a job that fails", "code", "zips", "other.zip")]);
    transcript.assert_snapshot("packages");
}
