//! `--count-in`: what a revocation would end, and what was signed.

use countersign_emulator::{Emulator, Fault, FaultKind, RegistryOptions};

use super::{document, job};
use crate::support::scene::Scene;

const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// A scene with two images, of which the first is signed twice and has two tags, but is one image.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.sign(&scene.image);
    scene.emulator.push_test_image("app", "v2").unwrap();
    let client = scene.client();
    let manifest = client.manifest_bytes(scene.digest());
    client.put_manifest_bytes("latest", &manifest);
    scene
}

fn revoke<'a>(time: &'a str, repository: &'a str) -> Vec<&'a str> {
    vec![
        "profile",
        "revoke",
        "release",
        "--effective-time",
        time,
        "--reason",
        "x",
        "--trust-anchor",
        "root.crt",
        "--count-in",
        repository,
    ]
}

#[test]
fn a_count_goes_by_verified_signatures_of_images_with_a_tag() {
    let scene = scene();
    let repository = scene.repository.as_str();
    let ran = scene.run(&[&revoke(LONG_AGO, repository)[..], &["--dry-run"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let line = format!(
        "- counted in {repository}: 2 signatures of 1 image; 2 images with a tag examined, images without a tag were \
         not\nNothing was changed.\n"
    );
    assert!(ran.stdout.ends_with(&line), "{ran:#?}");
    // Signatures from before the time are not concerned.
    let time = time::OffsetDateTime::now_utc() - time::Duration::days(5);
    let format = time::format_description::well_known::Rfc3339;
    let time = time.format(&format).unwrap();
    scene.sign_at(time::Duration::days(-10));
    let ran = scene.run(
        &[
            &revoke(LONG_AGO, repository)[..],
            &["--dry-run", "--output", "json"],
        ]
        .concat(),
    );
    assert_eq!(document(&ran)["count"]["signatures"], 3);
    let ran = scene.run(
        &[
            &revoke(&time, repository)[..],
            &["--dry-run", "--output", "json"],
        ]
        .concat(),
    );
    let found = document(&ran);
    assert_eq!(found["count"]["signatures"], 2, "{found:#}");
    assert_eq!(found["count"]["complete"], true);
    // Under AWS's own root the emulator's signatures are not verified, and so not counted.
    let foreign = [
        "profile",
        "revoke",
        "release",
        "--effective-time",
        LONG_AGO,
        "--reason",
        "x",
        "--count-in",
        repository,
        "--dry-run",
        "--output",
        "json",
    ];
    assert_eq!(document(&scene.run(&foreign))["count"]["signatures"], 0);
}

#[test]
fn tags_are_read_over_all_pages() {
    let scene = scene();
    let mut options = RegistryOptions::default();
    options.page_size = 1;
    scene.emulator.set_registry_options(options);
    let dry_run = ["--dry-run", "--output", "json"];
    let ran = scene.run(&[&revoke(LONG_AGO, &scene.repository)[..], &dry_run].concat());
    let count = &document(&ran)["count"];
    assert_eq!(count["complete"], true, "{count:#}");
    assert_eq!(count["signatures"], 2);
    assert_eq!(count["repositories"][0]["lookedAt"], 2);
}

#[test]
fn a_signature_of_another_profile_is_not_counted() {
    let scene = Scene::new();
    let other = scene.emulator.create_signing_profile("production").unwrap();
    let ran = scene.run(&["sign", "--signing-profile", &other.arn, &scene.image]);
    assert_eq!(ran.code, 0);
    let ran = scene.run(
        &[
            &revoke(LONG_AGO, &scene.repository)[..],
            &["--dry-run", "--output", "json"],
        ]
        .concat(),
    );
    let found = document(&ran);
    assert_eq!(
        (&found["count"]["signatures"], &found["count"]["complete"]),
        (&0.into(), &true.into())
    );
}

#[test]
fn what_a_job_signed_is_what_a_repository_shows() {
    let scene = Scene::new();
    let manifest = scene.sign(&scene.image);
    let arn = job(&scene);
    let show = [
        "signature",
        "show",
        &arn,
        "--trust-anchor",
        "root.crt",
        "--count-in",
        &scene.repository,
    ];
    let ran = scene.run(&show);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let signed = format!(
        "\nsigned: {} (signature {manifest}, job {arn})\n- counted in {}: 1 signature of 1 image; 1 image with a tag \
         examined, images without a tag were not\n",
        scene.image, scene.repository
    );
    assert!(ran.stdout.ends_with(&signed), "{ran:#?}");
    // Also once it is revoked: who signed what does not change.
    assert_eq!(
        scene
            .run(&["signature", "revoke", &arn, "--reason", "x", "--yes"])
            .code,
        0
    );
    let ran = scene.run(&[&show[..], &["--output", "json"]].concat());
    let found = document(&ran);
    assert_eq!(found["count"]["named"][0]["artifact"], scene.image.as_str());
    assert_eq!(found["count"]["named"][0]["job"], arn.as_str());
    let other = scene.emulator.push_test_image("other", "v1").unwrap();
    assert!(other.starts_with("sha256:"));
    let elsewhere = format!("{}/other", scene.registry());
    let show = [
        "signature",
        "show",
        &arn,
        "--trust-anchor",
        "root.crt",
        "--count-in",
        &elsewhere,
    ];
    let ran = scene.run(&show);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout
            .contains("\nsigned: not known: no signature of it was found\n"),
        "{ran:#?}"
    );
}

#[test]
fn what_could_not_be_looked_at_makes_a_count_the_least() {
    let scene = scene();
    let missing = format!("{}/missing", scene.registry());
    let both = [
        &revoke(LONG_AGO, &scene.repository)[..],
        &[&missing, "--dry-run"],
    ]
    .concat();
    let ran = scene.run(&both);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let line = format!(
        "- counted in {missing}: not known\n  not examined: could not list the tags of `{missing}`"
    );
    assert!(ran.stdout.contains(&line), "{ran:#?}");
    let ran = scene.run(&[&both[..], &["--output", "json"]].concat());
    let found = document(&ran);
    assert_eq!(found["count"]["complete"], false);
    assert_eq!(found["count"]["signatures"], 2);
    assert_eq!(found["count"]["repositories"][1].get("coverage"), None);
}

#[test]
fn an_image_is_not_a_repository() {
    let scene = Scene::new();
    let ran = scene.run(&[&revoke(LONG_AGO, &scene.image)[..], &["--dry-run"]].concat());
    ran.assert_refused(
        2,
        &format!(
            "Error: `{}` names an image, wanted a repository",
            scene.image
        ),
    );
    ran.assert_says("hint: omit the tag or the digest: `--count-in REGISTRY/REPOSITORY`\n");
    let ran = scene.run(&[&revoke(LONG_AGO, "app")[..], &["--dry-run"]].concat());
    ran.assert_refused(2, "Error: `app` is not a repository");
}

#[test]
fn amazon_ecr_lists_images_without_a_tag_too() {
    let scene = Scene::with(Emulator::builder());
    let root = scene.sandbox.home().join("tls-root.crt");
    std::fs::write(&root, scene.emulator.tls_root_pem()).unwrap();
    let proxy = scene.emulator.endpoint();
    let scene = scene
        .with_variable("HTTPS_PROXY", proxy)
        .with_variable("SSL_CERT_FILE", root.to_str().unwrap());
    let repository = "111122223333.dkr.ecr.us-east-1.amazonaws.com/app";
    // The scene's image, and an index with a tag, whose two images have none.
    let index = scene.emulator.push_test_index(repository, "multi").unwrap();
    let children = scene.client().manifest(&index)["manifests"].clone();
    let child = children[0]["digest"].as_str().unwrap();
    scene.sign(&format!("{repository}@{index}"));
    scene.sign(&format!("{repository}@{child}"));
    scene.emulator.clear_calls();
    let ran = scene.run(&[&revoke(LONG_AGO, repository)[..], &["--dry-run"]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let line = format!(
        "- counted in {repository}: 2 signatures of 2 images; 4 images examined, with and without a tag\n"
    );
    assert!(ran.stdout.contains(&line), "{ran:#?}");
    assert!(scene.operations().contains(&"DescribeImages".to_owned()));
    let faults = scene.emulator.faults();
    faults.add(Fault::new(FaultKind::AccessDenied).on("DescribeImages"));
    let ran = scene.run(&[&revoke(LONG_AGO, repository)[..], &["--dry-run"]].concat());
    assert_eq!(ran.code, 3, "{ran:#?}");
    let line = format!(
        "- counted in {repository}: not known\n  not examined: could not list the images of `{repository}`: AWS denied \
         `ecr:DescribeImages` on `arn:aws:ecr:us-east-1:111122223333:repository/app` in region `us-east-1`"
    );
    assert!(ran.stdout.contains(&line), "{ran:#?}");
}

#[test]
fn a_signature_that_is_found_and_not_counted_is_said_with_why() {
    let scene = scene();
    let repository = scene.repository.as_str();
    let without_anchor = [
        "profile",
        "revoke",
        "release",
        "--effective-time",
        LONG_AGO,
        "--reason",
        "x",
        "--dry-run",
        "--count-in",
        repository,
    ];
    let ran = scene.run(&without_anchor);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let said = "  found and not counted: 2 signatures: the signature's certificate chain does not contain any trusted certificate";
    assert!(ran.stdout.contains(said), "{ran:#?}");
    let ran = scene.run(&[&without_anchor[..], &["--output", "json"]].concat());
    let found = document(&ran);
    let count = &found["count"]["repositories"][0];
    assert_eq!(
        (&count["signatures"], &count["notCounted"][0]["signatures"]),
        (&0.into(), &2.into())
    );
    // Those that are certainly another profile's are left out.
    let other = scene.emulator.create_signing_profile("other").unwrap();
    let sign = ["sign", "--signing-profile", &other.arn, &scene.image];
    assert_eq!(scene.run(&sign).code, 0);
    let ran = scene.run(&[&revoke(LONG_AGO, repository)[..], &["--dry-run"]].concat());
    assert!(!ran.stdout.contains("not counted"), "{ran:#?}");
    assert!(ran.stdout.contains("2 signatures of 1 image"), "{ran:#?}");
}
