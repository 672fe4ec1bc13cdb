//! `countersign sign`.

mod answers;
mod bad_input;
mod broken_push;
mod document;
mod flags;
mod if_missing;
mod interrupt;
mod kms;
pub(super) mod local_key;
mod many;
mod passphrase;
pub(super) mod plugin;
mod same;
mod stored;
pub(super) mod timestamping;

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const PLUGIN: &str = "com.amazonaws.signer.notation.plugin";

/// Signs with the scene's profile and `more`.
fn sign(scene: &Scene, more: &[&str]) -> Ran {
    scene.run(&[&["sign", "--signing-profile", &scene.profile.arn], more].concat())
}

/// Asserts that `ran` signed `image`, with this on stderr; gives the signature by digest.
#[track_caller]
fn assert_signed(ran: &Ran, image: &str, stderr: &str) -> String {
    assert_eq!((ran.code, ran.stderr.as_str()), (0, stderr), "{ran:#?}");
    let repository = image.split('@').next().unwrap();
    let signature = ran
        .stdout
        .strip_prefix(&format!(
            "Successfully signed {image}\nPushed the signature to {repository}@"
        ))
        .and_then(|rest| rest.strip_suffix('\n'));
    let signature = signature.unwrap_or_else(|| panic!("{ran:#?}"));
    assert!(signature.starts_with("sha256:"), "{ran:#?}");
    assert_eq!(signature.len(), "sha256:".len() + 64, "{ran:#?}");
    signature.to_owned()
}

/// What was written to the registry since the last look at the calls.
fn writes(scene: &Scene) -> Vec<String> {
    let mut operations = scene.operations();
    operations.retain(|name| {
        name.starts_with("registry:") && ["Put", "Upload"].iter().any(|word| name.contains(word))
    });
    operations
}

fn tag_warning(tag: &str) -> String {
    format!(
        "Warning: Always sign the artifact using digest(@sha256:...) rather than a tag(:{tag}) \
         because tags are mutable and a tag reference can point to a different artifact than the \
         one signed.\n"
    )
}

#[test]
fn the_two_lines_are_notations() {
    let scene = Scene::new();
    let signature = assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
    let stored = scene.client().referrers(scene.digest());
    assert_eq!(stored["manifests"][0]["digest"], signature.as_str());
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn a_tag_is_resolved_and_warned_about() {
    let scene = Scene::new();
    let ran = sign(&scene, &[&format!("{}:v1", scene.repository)]);
    assert_signed(&ran, &scene.image, &tag_warning("v1"));

    // Where there is a digest, it counts, and the tag is not looked at.
    let digest = scene.digest();
    let both = format!("{}:none@{digest}", scene.repository);
    let ran = sign(&scene, &[&both]);
    assert_signed(&ran, &scene.image, "");
    let calls = scene.emulator.calls();
    assert!(calls.iter().all(|call| !call.path.ends_with("/none")));
}

#[test]
fn the_plugins_name_and_key_mean_the_same_as_the_profile() {
    let scene = Scene::new();
    for arn in [&scene.profile.arn, &scene.profile.version_arn] {
        let ran = scene.run(&["sign", "--plugin", PLUGIN, "--id", arn, &scene.image]);
        assert_signed(&ran, &scene.image, "");
        let ran = scene.run(&["sign", "--signing-profile", arn, &scene.image]);
        assert_signed(&ran, &scene.image, "");
    }
    let signatures = scene.client().referrers(scene.digest());
    assert_eq!(signatures["manifests"].as_array().unwrap().len(), 4);
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn an_index_is_signed_itself_and_said_to_be_one() {
    let scene = Scene::new();
    let digest = scene.emulator.push_test_index("app", "multi").unwrap();
    let image = format!("{}@{digest}", scene.repository);
    let note = format!(
        "Note: {image} is a multi-platform index; the index itself was signed, not the images in \
         it.\n"
    );
    assert_signed(&sign(&scene, &[&image]), &image, &note);
    let ran = sign(&scene, &[&format!("{}:multi", scene.repository)]);
    assert_signed(&ran, &image, &format!("{}{note}", tag_warning("multi")));
}

#[test]
fn metadata_is_signed() {
    let scene = Scene::new();
    let ran = sign(
        &scene,
        &["-m", "k=v=w", "--user-metadata", " näme=ünï ", &scene.image],
    );
    assert_signed(&ran, &scene.image, "");
    let ran = scene.verify_with(&["-m", "k=v=w", "-m", " näme=ünï "], &scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
}
