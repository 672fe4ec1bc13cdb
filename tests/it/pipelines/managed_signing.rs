//! `examples/ecr-managed-signing/`.

use countersign_emulator::{SigningCourse, SigningEnd};

use super::Pipeline;
use super::registry::Registry;
use crate::support::scene::Scene;

/// A pipeline whose registry is Amazon ECR, which signs what was pushed.
fn pushed() -> Pipeline {
    let scene = Scene::new().with_amazon_ecr();
    let registry = Registry::of_emulator(&scene);
    let repository = scene.repository_on_ecr();
    let mut pipeline = Pipeline::at("ecr-managed-signing", scene, registry, repository);
    let ci = pipeline.profile("ci");
    let image = pipeline
        .scene
        .push_under_rules(&pipeline.repository, &[&ci]);
    pipeline.build_pushes(image.split('@').nth(1).unwrap());
    pipeline.image = image;
    // Only the program's requests to Amazon ECR go by the proxy; AWS's own ones have an endpoint.
    pipeline.set("NO_PROXY", "127.0.0.1,localhost");
    pipeline.set("CODEBUILD_RESOLVED_SOURCE_VERSION", "c0ffee");
    pipeline
}

#[test]
fn the_build_waits_until_the_image_is_signed() {
    let pipeline = pushed();
    let course = SigningCourse {
        in_progress: 1,
        end: SigningEnd::Signed,
    };
    pipeline
        .scene
        .emulator
        .set_signing_course(&pipeline.profile("ci"), course)
        .unwrap();
    let build = pipeline.build("buildspec.yml", &[]);
    assert_eq!(build.ran.code, 0, "{build:#?}");
    let verified = format!("Successfully verified signature for {}\n", pipeline.image);
    assert!(build.ran.stdout.ends_with(&verified), "{build:#?}");
    assert_eq!(build.exported["IMAGE"], pipeline.image);
}

#[test]
fn an_image_that_could_not_be_signed_ends_the_build() {
    let pipeline = pushed();
    let failed = SigningEnd::Failed {
        code: "AccessDeniedException".to_owned(),
        reason: "User: push is not authorized to perform: signer:SignPayload".to_owned(),
    };
    let course = SigningCourse {
        in_progress: 0,
        end: failed,
    };
    pipeline
        .scene
        .emulator
        .set_signing_course(&pipeline.profile("ci"), course)
        .unwrap();
    let build = pipeline.build("buildspec.yml", &[]);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    pipeline.assert_page_shows("managed-signing.md", build.ran);
}
