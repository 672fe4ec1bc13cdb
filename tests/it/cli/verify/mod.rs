//! `countersign verify`.

pub(super) mod ahead;
mod answers;
mod content_cache;
mod images;
mod images_hostile;
pub(super) mod many;
mod plugins;
mod policies;
mod refusals;
mod requirements;
mod revocation;
mod shared;
mod tolerated;
mod usage;

use countersign_emulator::Emulator;

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const JWS: &str = "application/jose+json";

fn refused(image: &str) -> String {
    format!("Error: signature verification failed for all the signatures associated with {image}")
}

fn undecided(image: &str) -> String {
    format!("Error: the signatures of `{image}` could not be judged")
}

#[track_caller]
fn assert_verified(ran: &Ran, image: &str) {
    let expected = Ran {
        code: 0,
        stdout: format!("Successfully verified signature for {image}\n"),
        stderr: String::new(),
    };
    assert_eq!(*ran, expected);
}

#[test]
fn a_signed_image_verifies_with_the_profile_alone() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    assert_verified(&scene.verify(&scene.image), &scene.image);
}

#[test]
fn a_profile_version_verifies_and_another_does_not() {
    let mut scene = Scene::new();
    scene.sign(&scene.image);
    let arn = scene.profile.arn.clone();
    scene.profile.arn.clone_from(&scene.profile.version_arn);
    assert_verified(&scene.verify(&scene.image), &scene.image);
    scene.profile.arn = format!("{arn}/0000000000");
    let ran = scene.verify(&scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("is not a trusted identity");
}

#[test]
fn a_tag_is_resolved_and_warned_about() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = scene.verify(&format!("{}:v1", scene.repository));
    let expected = Ran {
        code: 0,
        stdout: format!("\nSuccessfully verified signature for {}\n", scene.image),
        stderr: "Warning: Always verify the artifact using digest(@sha256:...) rather than a \
                 tag(:v1) because resolved digest may not point to the same signed artifact, as \
                 tags are mutable.\n"
            .to_owned(),
    };
    assert_eq!(ran, expected);
}

#[test]
fn an_index_is_verified_itself_and_said_to_be_one() {
    let scene = Scene::new();
    let digest = scene.emulator.push_test_index("app", "multi").unwrap();
    let image = format!("{}@{digest}", scene.repository);
    scene.sign(&image);
    let ran = scene.verify(&image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stderr,
        format!(
            "Note: {image} is a multi-platform index; the index itself was verified, not the \
             images in it.\n"
        )
    );
}

#[test]
fn metadata_is_shown_and_must_match_what_is_asked_for() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    let ran = scene.run(&[
        "sign",
        "--signing-profile",
        &arn,
        "-m",
        "build=7",
        "-m",
        "by=ü",
        &scene.image,
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = scene.verify_with(&["-m", "build=7"], &scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        format!(
            "Successfully verified signature for {}\n\nThe artifact was signed with the following \
             user metadata.\n\nKEY     VALUE   \nbuild   7       \nby      ü       \n",
            scene.image
        )
    );
    let ran = scene.verify_with(&["-m", "build=8"], &scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("refused: unable to find specified metadata in the signature\n    found: build=7\n    wanted: build=8\n");
}

#[test]
fn round_trips_of_a_verification_are_no_more_than_it_needs() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.operations();
    scene.verify(&scene.image);
    let mut by_digest = scene.operations();
    // The first two go at the same time; the rest one after the other, and AWS Signer last.
    by_digest[..2].sort();
    let expected = [
        "registry:GetManifest",
        "registry:ListReferrers",
        "registry:GetManifest",
        "registry:GetBlob",
        "registry:GetLayer",
        "GetRevocationStatus",
    ];
    assert_eq!(by_digest, expected);
    scene.verify(&format!("{}:v1", scene.repository));
    assert_eq!(scene.operations(), expected);
}

#[test]
fn the_emulator_can_be_any_region() {
    let scene = Scene::with(Emulator::builder().region("us-gov-west-1"));
    assert!(
        scene
            .profile
            .arn
            .starts_with("arn:aws-us-gov:signer:us-gov-west-1:")
    );
    scene.sign(&scene.image);
    assert_verified(&scene.verify(&scene.image), &scene.image);
}

#[test]
fn a_region_that_is_not_the_profiles_is_asked_and_said() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = scene.verify_with(&["--plugin-config", "aws-region=eu-west-1"], &scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says(
        "Warning: asked in region `eu-west-1`, which is set explicitly, although the ARN says \
         `us-east-1`",
    );
}
