//! `examples/codepipeline/`: a build, two approvals, a gate.

use super::Pipeline;
use super::buildspec::Build;

fn approve(pipeline: &Pipeline, stage: &str, image: &str) -> Build {
    let earlier = if stage == "security" {
        "ci"
    } else {
        "security"
    };
    let (earlier, profile) = (pipeline.profile(earlier), pipeline.profile(stage));
    let variables = [
        ("IMAGE", image),
        ("EARLIER_PROFILE_ARN", &earlier),
        ("PROFILE_ARN", &profile),
    ];
    pipeline.build("buildspec-approve.yml", &variables)
}

fn gate(pipeline: &Pipeline, image: &str) -> Build {
    pipeline.build("buildspec-gate.yml", &[("IMAGE", image)])
}

#[test]
fn an_image_that_every_stage_has_signed_is_deployed() {
    let mut pipeline = Pipeline::of("codepipeline");
    let image = pipeline.push("c0ffee");
    pipeline.sign("ci", &image);
    for stage in ["security", "release"] {
        let build = approve(&pipeline, stage, &image);
        assert_eq!(build.ran.code, 0, "{build:#?}");
    }
    let build = gate(&pipeline, &image);
    assert_eq!(build.ran.code, 0, "{build:#?}");
    assert_eq!(
        pipeline.written("imagedefinitions.json"),
        format!("[{{\"name\":\"app\",\"imageUri\":\"{image}\"}}]")
    );
}

#[test]
fn an_approval_that_is_missing_ends_the_pipeline() {
    let mut pipeline = Pipeline::of("codepipeline");
    let image = pipeline.push("c0ffee");
    // The build has not signed.
    let build = approve(&pipeline, "security", &image);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    build.ran.assert_says("no signature is associated with");
    pipeline.sign("ci", &image);
    // Security has not approved.
    let build = approve(&pipeline, "release", &image);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    let build = gate(&pipeline, &image);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    pipeline.assert_page_shows("codepipeline.md", build.ran);
    // Release has signed past its stage, and security still has not.
    pipeline.sign("release", &image);
    let build = gate(&pipeline, &image);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    build.ran.assert_says("`passed by security`: missing");
    assert!(!pipeline.source().join("imagedefinitions.json").exists());
}

/// What one stage hands on is text: it cannot bring a second image.
#[test]
fn an_image_in_the_text_of_another_one_is_judged_too() {
    let mut pipeline = Pipeline::of("codepipeline");
    let image = pipeline.push("good");
    for profile in ["ci", "security", "release"] {
        pipeline.sign(profile, &image);
    }
    let unsigned = pipeline.push("bad");
    let text = format!("{image}\"}},{{\"name\":\"x\",\"imageUri\":\"{unsigned}");
    let build = gate(&pipeline, &text);
    assert_eq!(build.ran.code, 1, "{build:#?}");
    assert!(!pipeline.source().join("imagedefinitions.json").exists());
}
