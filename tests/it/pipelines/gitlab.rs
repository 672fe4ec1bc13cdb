//! `examples/gitlab/`: its jobs, run as GitLab's runner runs them: `before_script` and `script` in one shell that ends at the
//! first failure, with the variables of file and job, and those of a job before by `dotenv`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Pipeline, files};
use crate::support::sandbox::Ran;

fn pipeline() -> Pipeline {
    let mut pipeline = Pipeline::of("gitlab");
    // A job has no keys of AWS; a token of GitLab's gives it a role.
    let scene = std::mem::replace(&mut pipeline.scene, crate::support::scene::Scene::new());
    pipeline.scene = scene.without_variables(&[
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ]);
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    for (name, value) in [
        (
            "CI_REGISTRY",
            pipeline.repository.split('/').next().unwrap().to_owned(),
        ),
        ("CI_REGISTRY_IMAGE", pipeline.repository.clone()),
        ("CI_REGISTRY_USER", "gitlab-ci-token".to_owned()),
        ("CI_REGISTRY_PASSWORD", "secret of the job".to_owned()),
        ("CI_JOB_TOKEN", "token of the job".to_owned()),
        ("CI_COMMIT_SHA", "c0ffee".to_owned()),
        (
            "CI_PROJECT_DIR",
            pipeline.source().to_str().unwrap().to_owned(),
        ),
        (
            "TOOLS_URL",
            "https://gitlab.example.com/api/v4/projects/7/packages/generic/countersign/1"
                .to_owned(),
        ),
        ("SIGN_ROLE_ARN", role("sign")),
        ("VERIFY_ROLE_ARN", role("verify")),
        ("AWS_ID_TOKEN", "token for AWS".to_owned()),
    ] {
        pipeline.set(name, &value);
    }
    pipeline
}

/// `text` with `$NAME` replaced, as GitLab does in `variables`.
fn expanded(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        let end = after.find(|letter: char| !(letter.is_ascii_uppercase() || letter == '_'));
        let (name, later) = after.split_at(end.unwrap_or(after.len()));
        whole += before;
        whole += known
            .get(name)
            .unwrap_or_else(|| panic!("nothing sets `{name}`"));
        rest = later;
    }
    whole + rest
}

impl Pipeline {
    fn gitlab_job(&self, name: &str) -> Ran {
        let file = files::yaml(&self.source().join(".gitlab-ci.yml"));
        let job = &file[name];
        let mut variables = self.variables.clone();
        for defined in [&file["variables"], &job["variables"]] {
            for (name, value) in defined.as_object().into_iter().flatten() {
                variables.insert(
                    name.clone(),
                    expanded(value.as_str().unwrap(), &self.variables),
                );
            }
        }
        for before in files::texts(&job["needs"]) {
            let handed_on = file[&before]["artifacts"]["reports"]["dotenv"]
                .as_str()
                .unwrap();
            let lines = std::fs::read_to_string(self.source().join(handed_on)).unwrap_or_default();
            for line in lines.lines() {
                let (name, value) = line.split_once('=').unwrap();
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        let scripts: [&Value; 2] = [&file["default"]["before_script"], &job["script"]];
        let lines: Vec<String> = scripts.into_iter().flat_map(files::texts).collect();
        let script = format!("set -eo pipefail\n{}\n", lines.join("\n"));
        self.shell(&[], &script, &variables)
    }
}

#[test]
fn a_signed_image_is_deployed() {
    let mut pipeline = pipeline();
    let image = pipeline.push("c0ffee");
    let ran = pipeline.gitlab_job("build-and-sign");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let verified = format!("Successfully verified signature for {image}\n");
    assert!(ran.stdout.ends_with(&verified), "{ran:#?}");
    assert!(!format!("{ran:?}").contains("token for AWS"));
    pipeline.calls();
    let ran = pipeline.gitlab_job("verify-and-deploy");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        pipeline
            .written("pinned.yaml")
            .contains(&format!("image: {image}\n"))
    );
    assert_eq!(
        pipeline.calls().last().unwrap(),
        "kubectl apply -f pinned.yaml"
    );
}

#[test]
fn an_unsigned_image_is_not_deployed() {
    let mut pipeline = pipeline();
    let image = pipeline.push("c0ffee");
    std::fs::write(
        pipeline.source().join("image.env"),
        format!("IMAGE={image}\n"),
    )
    .unwrap();
    let ran = pipeline.gitlab_job("verify-and-deploy");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(!pipeline.has_deployed());
    pipeline.assert_page_shows("gitlab.md", ran);
}

/// Without the image of the build, and with a program that is not the one that was named.
#[test]
fn what_was_not_checked_is_not_deployed() {
    let mut pipeline = pipeline();
    pipeline.push("c0ffee");
    let ran = pipeline.gitlab_job("verify-and-deploy");
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert!(!pipeline.has_deployed());
    pipeline.put("countersign", "#!/bin/sh\n: > pinned.yaml\n");
    let ran = pipeline.gitlab_job("verify-and-deploy");
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("computed checksum did NOT match");
    assert!(!pipeline.has_deployed());
}
