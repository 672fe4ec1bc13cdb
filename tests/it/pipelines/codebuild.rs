//! `examples/codebuild/`.

use super::Pipeline;

/// An image is built, signed and deployed by its digest.
#[test]
fn a_signed_image_is_deployed() {
    let mut pipeline = Pipeline::of("codebuild");
    let image = pipeline.push("c0ffee");
    let revision = [("CODEBUILD_RESOLVED_SOURCE_VERSION", "c0ffee")];
    let build = pipeline.build("buildspec-sign.yml", &revision);
    assert_eq!(build.ran.code, 0, "{build:#?}");
    assert_eq!(build.exported["IMAGE"], image);
    let verified = format!("Successfully verified signature for {image}\n");
    assert!(build.ran.stdout.ends_with(&verified), "{build:#?}");
    let calls = pipeline.calls();
    let tag = format!("--push --tag {}:c0ffee ", pipeline.repository);
    assert!(calls.iter().any(|call| call.contains(&tag)), "{calls:?}");

    let build = pipeline.build("buildspec-deploy.yml", &[("IMAGE", &image)]);
    assert_eq!(build.ran.code, 0, "{build:#?}");
    assert!(
        pipeline
            .written("pinned.json")
            .contains(&format!("\"image\": \"{image}\""))
    );
    let calls = pipeline.calls();
    let [.., register, update] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert!(
        register.contains("--cli-input-json file://pinned.json"),
        "{calls:?}"
    );
    assert!(
        update.starts_with(
            "aws ecs update-service --cluster prod --service web --task-definition arn:"
        )
    );
}

/// The words that a reader of `docs/codebuild.md` sees.
#[test]
fn an_unsigned_image_is_not_deployed() {
    let mut pipeline = Pipeline::of("codebuild");
    let image = pipeline.push("c0ffee");
    let build = pipeline.build("buildspec-deploy.yml", &[("IMAGE", &image)]);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    assert!(!pipeline.has_deployed());
    assert!(!pipeline.source().join("pinned.json").exists());
    pipeline.assert_page_shows("codebuild.md", build.ran);
}

#[test]
fn what_was_not_checked_is_not_deployed() {
    let mut pipeline = Pipeline::of("codebuild");
    let signed = pipeline.push("good");
    pipeline.sign("ci", &signed);
    let by_other = pipeline.push("other");
    pipeline.sign("security", &by_other);
    let tag = format!("{}:good", pipeline.repository);
    for (image, code, words) in [
        (by_other.as_str(), 1, "`built by CI`: missing"),
        (tag.as_str(), 1, "can be moved"),
        ("", 1, "image"),
        ("IMAGE_OF_THE_BUILD", 1, "IMAGE_OF_THE_BUILD"),
    ] {
        let build = pipeline.build("buildspec-deploy.yml", &[("IMAGE", image)]);
        assert_eq!(build.ran.code, code, "{image}: {build:#?}");
        assert!(!pipeline.has_deployed(), "{image}");
        build.ran.assert_says(words);
    }
    // A second container, which the build did not make.
    let sidecar = pipeline.written("taskdef.json").replace(
        "\n  ]",
        &format!(",\n    {{ \"name\": \"x\", \"image\": \"{by_other}\" }}\n  ]"),
    );
    std::fs::write(pipeline.source().join("taskdef.json"), sidecar).unwrap();
    let build = pipeline.build("buildspec-deploy.yml", &[("IMAGE", &signed)]);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    assert!(!pipeline.has_deployed());
}

/// Who may write the bucket may change neither the program nor the gate policy.
#[test]
fn a_changed_program_or_gate_policy_is_refused() {
    let mut pipeline = Pipeline::of("codebuild");
    let image = pipeline.push("c0ffee");
    let policy = pipeline.gate_policy();
    pipeline.put("gate.json", &policy.replace("/ci", "/security"));
    pipeline.sign("security", &image);
    let build = pipeline.build("buildspec-deploy.yml", &[("IMAGE", &image)]);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    build.ran.assert_says("gate policy");
    assert!(!pipeline.has_deployed());
    pipeline.put("gate.json", &policy);
    pipeline.put("countersign", "#!/bin/sh\n: > pinned.json\n");
    for name in ["buildspec-deploy.yml", "buildspec-sign.yml"] {
        let build = pipeline.build(name, &[("IMAGE", &image)]);
        assert_eq!(build.ran.code, 1, "{build:#?}");
        build
            .ran
            .assert_says("sha256sum: WARNING: 1 computed checksum did NOT match");
        let calls = pipeline.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
    }
}

/// A build whose signing fails exports no image that a next stage could take.
#[test]
fn a_build_that_cannot_sign_fails() {
    use countersign_emulator::{Fault, FaultKind};

    let mut pipeline = Pipeline::of("codebuild");
    pipeline.push("c0ffee");
    let denied = Fault::new(FaultKind::AccessDenied).on("SignPayload");
    pipeline.scene.emulator.faults().add(denied);
    let revision = [("CODEBUILD_RESOLVED_SOURCE_VERSION", "c0ffee")];
    let build = pipeline.build("buildspec-sign.yml", &revision);
    assert_eq!(build.ran.code, 3, "{build:#?}");
    build.ran.assert_says("signer:SignPayload");
    // Docker that says no digest.
    pipeline.build_pushes("");
    let build = pipeline.build("buildspec-sign.yml", &revision);
    assert_eq!(build.ran.code, 2, "{build:#?}");
}
