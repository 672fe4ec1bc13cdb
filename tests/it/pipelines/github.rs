//! `examples/github-actions/`.

use std::collections::BTreeMap;

use super::Pipeline;
use super::actions::Job;

const WORKFLOW: &str = ".github/workflows/release.yml";

fn pipeline() -> Pipeline {
    let mut pipeline = Pipeline::of("github-actions");
    for (name, value) in [
        ("COUNTERSIGN_SOURCE", "s3://tools/countersign"),
        ("GATE_POLICY", "s3://tools/gate.json"),
    ] {
        pipeline.set(name, value);
    }
    pipeline
}

fn build(pipeline: &Pipeline) -> Job {
    pipeline.job(WORKFLOW, "build", &BTreeMap::new())
}

fn deploy(pipeline: &Pipeline, image: &str) -> Job {
    let needs = BTreeMap::from([("needs.build.outputs.image".to_owned(), image.to_owned())]);
    pipeline.job(WORKFLOW, "deploy", &needs)
}

#[test]
fn a_signed_image_is_deployed() {
    let mut pipeline = pipeline();
    let image = pipeline.push("c0ffee");
    let job = build(&pipeline);
    assert_eq!(job.failed, None, "{job:#?}");
    assert_eq!(job.outputs["image"], image);
    let verified = format!("Successfully verified signature for {image}\n");
    assert!(job.ran.stdout.ends_with(&verified), "{job:#?}");
    // Others' actions go by a commit.
    for action in &job.skipped {
        let (_, commit) = action.split_once('@').unwrap();
        assert!(
            commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{action}"
        );
    }
    assert_eq!(job.skipped.len(), 2, "{:?}", job.skipped);
    pipeline.calls();
    let job = deploy(&pipeline, &image);
    assert_eq!(job.failed, None, "{job:#?}");
    assert!(
        pipeline
            .written("pinned.json")
            .contains(&format!("\"image\": \"{image}\""))
    );
    assert!(pipeline.has_deployed());
}

#[test]
fn an_unsigned_image_is_not_deployed() {
    let mut pipeline = pipeline();
    let image = pipeline.push("c0ffee");
    let job = deploy(&pipeline, &image);
    assert_eq!(
        (job.ran.code, job.failed.as_deref()),
        (1, Some("Verify what will run")),
        "{job:#?}"
    );
    assert!(!pipeline.has_deployed());
    pipeline.assert_page_shows("github-actions.md", job.ran);
}

#[test]
fn the_action_installs_nothing_but_what_was_named() {
    let mut pipeline = pipeline();
    let image = pipeline.push("c0ffee");
    let digest = pipeline.variables["COUNTERSIGN_SHA256"].clone();
    let other = format!("{:0>64}", "1");
    for (wrong, code) in [("", 2), (&digest[..63], 2), ("x", 2), (other.as_str(), 1)] {
        pipeline.set("COUNTERSIGN_SHA256", wrong);
        for job in [build(&pipeline), deploy(&pipeline, &image)] {
            let failed = job.failed.as_deref();
            assert_eq!(
                (job.ran.code, failed),
                (code, Some("Fetch and compare")),
                "{job:#?}"
            );
        }
        assert!(!pipeline.has_deployed());
    }
    // What has the right digest and is not the program: a script that fails, and says so.
    let not_it = pipeline.put("countersign", "#!/bin/sh\nexit 9\n");
    pipeline.set("COUNTERSIGN_SHA256", &not_it);
    let job = build(&pipeline);
    assert_eq!(
        (job.ran.code, job.failed.as_deref()),
        (9, Some("Check what was installed")),
        "{job:#?}"
    );
}

/// An output of a job before is data, whatever it says.
#[test]
fn text_in_an_output_is_not_run() {
    let pipeline = pipeline();
    let marker = pipeline.notes().join("marker");
    let text = format!("$(touch {0})`touch {0}`'; touch {0}; '", marker.display());
    let job = deploy(&pipeline, &text);
    assert_eq!(
        job.failed.as_deref(),
        Some("Verify what will run"),
        "{job:#?}"
    );
    assert!(!marker.exists());
    assert!(!pipeline.has_deployed());
}
