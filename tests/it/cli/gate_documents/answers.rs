//! What the gate says, and with which exit code.

use serde_json::Value;

use super::{Gate, TASK};
use crate::support::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const SCHEMA: &str = "run-document.v1.schema.json";

const ONE: &str = "services:\n  a: {image: 'REPO:v1'}\n";

fn json(gate: &Gate, kind: &str, more: &[&str]) -> Value {
    let ran = gate.run(kind, &[&["--output", "json"], more].concat());
    document::document(&ran, SCHEMA)
}

#[test]
fn tags_that_stay_are_warned_about() {
    let gate = Gate::new();
    gate.write("compose.yaml", ONE);
    let (image, repository) = (&gate.scene.image, &gate.scene.repository);
    let expected = Ran {
        code: 0,
        stdout: format!(
            "Successfully verified signature for {image}\n  `/services/a/image` at line 2, column 14: {repository}:v1\n"
        ),
        stderr: "Warning: 1 image is named by tag in the document, and a tag may point to another image when it is \
                 deployed; `--pin` writes digests\n"
            .to_owned(),
    };
    assert_eq!(gate.run("compose", &["compose.yaml"]), expected);
}

#[test]
fn an_image_of_another_signer_is_refused_with_its_place() {
    let gate = Gate::new();
    gate.write("compose.yaml", ONE);
    let other = gate.scene.emulator.create_signing_profile("other").unwrap();
    let ran = gate.scene.run(&[
        "gate",
        "compose",
        "--signing-profile",
        &other.arn,
        "--trust-anchor",
        "root.crt",
        "compose.yaml",
    ]);
    let image = &gate.scene.image;
    ran.assert_refused(
        1,
        &format!(
            "Error: signature verification failed for all the signatures associated with {image}"
        ),
    );
    let repository = &gate.scene.repository;
    ran.assert_says(&format!(
        "  `/services/a/image` at line 2, column 14: {repository}:v1\n"
    ));
}

#[test]
fn what_a_policy_tolerates_or_skips_does_not_pass() {
    let gate = Gate::unsigned();
    gate.write("compose.yaml", ONE);
    let image = gate.scene.image.clone();
    gate.scene.sign(&image);
    // Another signer than the policy trusts, whose failure is only logged.
    let other = gate.scene.emulator.create_signing_profile("other").unwrap();
    gate.scene
        .write_policy_with(r#"{ "level": "audit" }"#, &other.arn);
    let ran = gate.scene.run(&["gate", "compose", "compose.yaml"]);
    ran.assert_refused(
        1,
        &format!("Error: {image} is not verified: the trust policy only logs what failed"),
    );
    ran.assert_says("hint: have the trust policy enforce every validation for this image\n");
    let found = gate
        .scene
        .run(&["gate", "compose", "--output", "json", "compose.yaml"]);
    let found = document::document(&found, SCHEMA);
    assert_eq!(found["results"][0]["image"]["verdict"], "tolerated");
    assert_eq!(found["permitted"], false);

    let skipping = Scene::new();
    skipping.write_policy("skip");
    let policy =
        std::fs::read_to_string(skipping.sandbox.config().join("trustpolicy.oci.json")).unwrap();
    let mut policy: Value = serde_json::from_str(&policy).unwrap();
    for member in ["trustStores", "trustedIdentities"] {
        policy["trustPolicies"][0]
            .as_object_mut()
            .unwrap()
            .remove(member);
    }
    skipping
        .sandbox
        .write_config("trustpolicy.oci.json", policy.to_string());
    let text = ONE.replace("REPO", &skipping.repository);
    std::fs::write(skipping.sandbox.home().join("compose.yaml"), text).unwrap();
    let ran = skipping.run(&["gate", "compose", "--pin", "compose.yaml"]);
    let image = &skipping.image;
    ran.assert_refused(
        1,
        &format!("Error: {image} is not verified: the trust policy has its signatures skipped"),
    );
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_registry_that_is_not_there_is_not_decided() {
    let gate = Gate::unsigned();
    gate.write(
        "compose.yaml",
        "services:\n  a: {image: 'localhost:1/app:v1'}\n",
    );
    let ran = gate.run("compose", &["--pin", "--out", "out.yaml", "compose.yaml"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(!gate.exists("out.yaml"));
}

#[test]
fn a_document_that_is_refused_is_not_asked_about() {
    let gate = Gate::new();
    for (kind, text, error) in [
        (
            "compose",
            "services:\n  a: {image: 'REPO:v1'}\nx-b: {image: 'REPO:v2'}\n",
            "Error: `/x-b/image` at line 3, column 14 is an image in a place that is not known\nhint: if nothing runs \
             from there, name the place with `--ignore /x-b/image`\n",
        ),
        (
            "compose",
            "services:\n  a: {image: nginx}\n",
            "Error: the image `nginx` in `/services/a/image` at line 2, column 14 names no registry, so who pulls it \
             decides what runs\nhint: write the registry; for an image of Docker Hub, `docker.io/library/nginx`\n",
        ),
        (
            "compose",
            "services:\n  a: {image: 'REPO:v1', image: 'REPO:v2'}\n",
            "Error: the key `image` occurs twice in one mapping, at line 2, column 7 and again at line 2, column COLUMN\n\
             hint: keep one of the two; readers disagree about which one counts\n",
        ),
        (
            "task-definition",
            "{\"containerDefinitions\": [}",
            "Error: the document is not valid JSON\ncaused by: not valid JSON at line 1, column 27\ncaused by: expected \
             value at line 1 column 27\nhint: comments and trailing commas are not part of JSON\n",
        ),
        (
            "kubernetes",
            "kind: Service\napiVersion: v1\n",
            "Error: the document has no image\nhint: check that this is the document that is deployed, and of this kind\n",
        ),
    ] {
        let text = gate.write("document.x", text);
        gate.scene.operations();
        let ran = gate.run(kind, &["--pin", "--out", "out", "document.x"]);
        let column = text
            .rfind("image")
            .unwrap_or_default()
            .saturating_sub("services:\n".len())
            + 1;
        let error = error.replace("COLUMN", &column.to_string());
        assert_eq!((ran.code, ran.stderr.as_str()), (1, error.as_str()));
        assert_eq!(gate.scene.operations(), Vec::<String>::new());
        assert!(!gate.exists("out"));
        let found = json(&gate, kind, &["document.x"]);
        assert_eq!(found["permitted"], false);
        assert_eq!(found["results"], serde_json::json!([]));
    }
    let ran = gate.run("compose", &["missing.yaml"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    let ran = gate.run("compose", &["--pin", "--output", "json", "document.x"]);
    assert_eq!(ran.code, 2);
    ran.assert_says("Error: `--output json` and the document of `--pin` would both go to stdout\n");
    let ran = gate.run("compose", &["--out", "x", "document.x"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn a_place_that_is_ignored_is_not_asked_about() {
    let gate = Gate::new();
    gate.write(
        "compose.yaml",
        "services:\n  a: {image: 'REPO:v1'}\nx-b: {image: 'localhost:1/b:1'}\n",
    );
    let ran = gate.run("compose", &["--ignore", "/x-b", "compose.yaml"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = gate.run(
        "compose",
        &[
            "--ignore",
            "/x-b",
            "--ignore",
            "/services/a",
            "compose.yaml",
        ],
    );
    ran.assert_refused(
        1,
        "Error: the image `/services/a/image` at line 2, column 14 runs, and cannot be ignored",
    );
}

#[test]
fn programs_get_one_document() {
    let gate = Gate::new();
    gate.write("task.json", TASK);
    let found = json(
        &gate,
        "task-definition",
        &["--pin", "--out", "pinned.json", "task.json"],
    );
    assert_eq!(found["permitted"], true);
    assert_eq!(found["written"], "pinned.json");
    assert_eq!(found["kind"], "task-definition");
    assert_eq!(found["document"], "task.json");
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(
        results[0]["image"]["asked"],
        format!("{}:v1", gate.scene.repository)
    );
    assert_eq!(results[0]["image"]["reference"], gate.scene.image);
    assert_eq!(results[0]["image"]["verdict"], "verified");
    let places = serde_json::json!([
        { "pointer": "/containerDefinitions/0/image", "line": 4, "column": 31 },
        { "pointer": "/containerDefinitions/2/image", "line": 6, "column": 32 },
    ]);
    assert_eq!(results[0]["places"], places);
}

#[test]
fn user_metadata_is_required_of_every_image() {
    let gate = Gate::new();
    gate.write("compose.yaml", ONE);
    let ran = gate.run("compose", &["-m", "build=7", "compose.yaml"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("refused: unable to find specified metadata in the signature\n");
}
