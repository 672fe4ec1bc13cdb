//! `--oci-layout`: signing, verifying, listing and inspecting in a directory.

use std::fs;
use std::path::PathBuf;

use crate::support::layout;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A scene with a layout `layout` in its directory, of images `v1` and `v2`.
fn scene() -> (Scene, PathBuf, String) {
    let scene = Scene::new();
    let path = scene.sandbox.home().join("layout");
    let digests = layout::make(&path, &["v1", "v2"]);
    (scene, path, format!("layout@{}", digests[0]))
}

fn sign(scene: &Scene, reference: &str) -> Ran {
    let arn = &scene.profile.arn;
    scene.run(&["sign", "--oci-layout", "--signing-profile", arn, reference])
}

#[test]
fn what_is_signed_in_a_layout_verifies_there() {
    let (scene, path, image) = scene();
    let ran = scene.verify_with(&["--oci-layout"], &image);
    ran.assert_refused(
        1,
        &format!(
            "Error: signature verification failed: no signature is associated with \"{}\", make sure \
             the artifact was signed successfully",
            image.replace("layout@", "local/layout@")
        ),
    );
    ran.assert_says("hint: do not run the artifact: signing it belongs in the pipeline");

    let ran = sign(&scene, "layout:v1");
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("Warning: Always sign the artifact using digest");
    let index = layout::index(&path);
    let signature = index["manifests"][2]["digest"].as_str().unwrap();
    assert_eq!(
        ran.stdout,
        format!("Successfully signed {image}\nPushed the signature to layout@{signature}\n")
    );

    let verified = format!("Successfully verified signature for {image}\n");
    assert_eq!(
        scene.verify_with(&["--oci-layout"], &image).stdout,
        verified
    );
    scene.write_policy("strict");
    let policy = scene.sandbox.config().join("trustpolicy.oci.json");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace(&scene.repository, "local/app")).unwrap();
    let verify = |scope: &str| scene.run(&["verify", "--oci-layout", "--scope", scope, &image]);
    assert_eq!(verify("local/app").stdout, verified);
    verify("local/other").assert_refused(
        1,
        &format!(
            "Error: signature verification failed: artifact \"{}\" has no applicable oci trust policy \
             statement. Trust policy applicability for a given artifact is determined by \
             registryScopes. To create a trust policy, see: \
             https://notaryproject.dev/docs/quickstart/#create-a-trust-policy",
            image.replace("layout@", "local/other@")
        ),
    );

    let listed = scene.run(&["list", "--oci-layout", &image]);
    assert!(
        listed.stdout.ends_with(&format!("└── {signature}\n")),
        "{listed:#?}"
    );
    let inspected = scene.run(&["inspect", "--oci-layout", &image]);
    assert_eq!(inspected.code, 0, "{inspected:#?}");
    assert!(
        inspected.stdout.contains(&format!("└── {signature}\n")),
        "{inspected:#?}"
    );
    // The other image is still unsigned.
    assert_eq!(scene.verify_with(&["--oci-layout"], "layout:v2").code, 1);
}

#[test]
fn a_changed_image_or_signature_does_not_verify() {
    let (scene, path, image) = scene();
    assert_eq!(sign(&scene, &image).code, 0);
    let blob = |digest: &str| path.join("blobs").join(digest.replace(':', "/"));
    let signature = layout::index(&path)["manifests"][2]["digest"].clone();
    let manifest = fs::read(blob(signature.as_str().unwrap())).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let envelope = blob(manifest["layers"][0]["digest"].as_str().unwrap());
    let whole = fs::read(&envelope).unwrap();
    let replace = |file: &PathBuf, bytes: &[u8]| {
        fs::remove_file(file).unwrap();
        fs::write(file, bytes).unwrap();
    };
    let mut changed = whole.clone();
    changed[10] ^= 1;
    replace(&envelope, &changed);
    let ran = scene.verify_with(&["--oci-layout"], &image);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    ran.assert_says("answered with other content than was asked for");
    replace(&envelope, &whole);
    assert_eq!(scene.verify_with(&["--oci-layout"], &image).code, 0);

    let target = blob(image.split('@').nth(1).unwrap());
    replace(&target, layout::image("v2").as_bytes());
    let ran = scene.verify_with(&["--oci-layout"], &image);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
}

#[test]
fn only_a_layout_chooses_its_statement() {
    let (scene, _, image) = scene();
    scene.write_policy("strict");
    let sentence = |missing: &str| {
        format!(
            "Error: if any flags in the group [oci-layout scope] are set they must all be set; \
             missing [{missing}]"
        )
    };
    scene
        .run(&["verify", "--oci-layout", &image])
        .assert_refused(2, &sentence("scope"));
    scene
        .run(&["verify", "--scope", "local/app", &scene.image])
        .assert_refused(2, &sentence("oci-layout"));
    scene
        .verify_with(&["--scope", "local/app"], &scene.image)
        .assert_refused(2, &sentence("oci-layout"));
}

#[test]
fn what_is_no_layout_is_said_so() {
    let (scene, path, _) = scene();
    let list = |reference: &str| scene.run(&["list", "--oci-layout", reference]);
    list("nope:v1").assert_refused(
        1,
        "Error: failed to create OCI store: stat nope: no such file or directory",
    );
    list("root.crt:v1").assert_refused(
        1,
        "Error: failed to create OCI store: the input path is not a directory",
    );
    list("layout:nope").assert_refused(1, "Error: failed to get manifest descriptor: not found");
    list("layout").assert_refused(
        2,
        "Error: \"layout\": invalid reference: missing tag or digest. Expecting <file_path>:<tag> or \
         <file_path>@<digest>",
    );
    fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"2"}"#).unwrap();
    list("layout:v1").assert_refused(
        1,
        "Error: failed to create OCI store: invalid OCI Image Layout: unsupported version",
    );
}

#[test]
fn the_document_has_a_result_for_a_layout_that_cannot_be_opened() {
    let (scene, _, image) = scene();
    assert_eq!(sign(&scene, &image).code, 0);
    let ran = scene.verify_with(&["--oci-layout", "-o", "json", "nope:v1"], &image);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = document["results"].as_array().unwrap();
    let verdicts: Vec<_> = results.iter().map(|result| &result["verdict"]).collect();
    assert_eq!(verdicts, ["rejected", "verified"]);
    assert_eq!(results[0]["error"]["code"], "layout-unusable");
    assert_eq!(results[1]["reference"], image);
}
