//! What the gate says, and with which exit code.

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{Gate, TASK};
use crate::support::document;

const SCHEMA: &str = "run-document.v1.schema.json";

const ONE: &str = "services:\n  a: {image: 'REPO:v1'}\n";

fn answer(gate: &Gate, kind: &str, more: &[&str]) -> Value {
    let ran = gate.run(kind, &[&["--output", "json"], more].concat());
    document::document(&ran, SCHEMA)
}

#[test]
fn tags_that_stay_are_warned_about() {
    let gate = Gate::new();
    gate.write("compose.yaml", ONE);
    let (image, repository) = (&gate.scene.image, &gate.scene.repository);
    let ran = gate.run("compose", &["compose.yaml"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout.starts_with(&format!(
            "Verified: {image}\nrule: `images` of `gate.json`\nsigners: 1 of 1 needed, 1 signature judged\n"
        )) && ran.stdout.ends_with(&format!(
            "at `/services/a/image`, line 2, column 14: {repository}:v1\n"
        )),
        "{ran:#?}"
    );
    assert_eq!(
        ran.stderr,
        "Warning: 1 image is named by tag in the document, and a tag may point to another image when it is \
         deployed; `--pin` writes digests\n"
    );
}

#[test]
fn an_image_of_another_signer_is_refused_with_its_place() {
    let gate = Gate::new();
    gate.write("compose.yaml", ONE);
    let other = gate.scene.emulator.create_signing_profile("other").unwrap();
    gate.write_rule(&other.arn, &json!({ "tags": "resolve" }));
    let ran = gate.run("compose", &["compose.yaml"]);
    let repository = &gate.scene.repository;
    ran.assert_refused(
        1,
        &format!("Error: {repository}:v1: the image is not signed as required"),
    );
    ran.assert_says(&format!("  `ci`: missing, wanted `{}`\n", other.arn));
    ran.assert_says(&format!(
        "at `/services/a/image`, line 2, column 14: {repository}:v1\n"
    ));
}

#[test]
fn what_a_trust_policy_tolerates_does_not_pass() {
    let gate = Gate::new();
    gate.write("compose.yaml", ONE);
    // Revocation is only logged, and cannot be looked at.
    let arn = gate.scene.profile.arn.clone();
    gate.scene
        .write_policy_with(r#"{ "level": "audit" }"#, &arn);
    let ci = json!({ "name": "ci", "statement": "images", "identity": arn });
    let rule = json!({ "tags": "resolve", "require": { "all": [ci] } });
    gate.write_rule(&arn, &rule);
    let ran = gate.run("compose", &["compose.yaml"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let faults = gate.scene.emulator.faults();
    faults.add(Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus"));
    let found = answer(&gate, "compose", &["compose.yaml"]);
    assert_eq!(found["results"][0]["image"]["verdict"], "inconclusive");
    assert_eq!(
        (&found["permitted"], &found["verdict"]),
        (&json!(false), &json!("inconclusive"))
    );
}

#[test]
fn what_a_rule_only_warns_of_is_tolerated_and_the_document_with_it() {
    let gate = Gate::unsigned();
    gate.scene.sign(&gate.second);
    let text = gate.write(
        "compose.yaml",
        "services:\n  a: {image: 'REPO:v1'}\n  b: {image: 'REPO:v2'}\n",
    );
    let warn = json!({ "tags": "resolve", "onFailure": "warn" });
    gate.write_rule(&gate.scene.profile.arn, &warn);
    let found = answer(&gate, "compose", &["compose.yaml"]);
    let verdicts = [0, 1].map(|number: usize| found["results"][number]["image"]["verdict"].clone());
    assert_eq!(verdicts, [json!("tolerated"), json!("verified")]);
    assert_eq!(
        (&found["permitted"], &found["verdict"]),
        (&json!(true), &json!("tolerated"))
    );
    let ran = gate.run("compose", &["--pin", "compose.yaml"]);
    assert_eq!((ran.code, ran.stdout), (0, gate.by_digest(&text)));
    // Nothing stands for what was not examined.
    gate.write(
        "nowhere.yaml",
        "services:\n  a: {image: 'localhost:1/app:v1'}\n",
    );
    let ran = gate.run("compose", &["nowhere.yaml"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout
            .starts_with("Tolerated, not verified: localhost:1/app:v1\n"),
        "{ran:#?}"
    );
    let ran = gate.run("compose", &["--pin", "--out", "out", "nowhere.yaml"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(
        "Error: nothing is written, since no digest of `localhost:1/app:v1` was examined\n",
    );
    assert!(!gate.exists("out"));
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
            "Error: `document.x`: `/x-b/image` at line 3, column 14 is an image in a place that is not known\nhint: if nothing runs \
             from there, name the place with `--ignore /x-b/image`\n",
        ),
        (
            "compose",
            "services:\n  a: {image: nginx}\n",
            "Error: `document.x`: the image `nginx` in `/services/a/image` at line 2, column 14 names no registry, so who pulls it \
             decides what runs\nhint: write the registry; for an image of Docker Hub, `docker.io/library/nginx`\n",
        ),
        (
            "compose",
            "services:\n  a: {image: 'REPO:v1', image: 'REPO:v2'}\n",
            "Error: `document.x`: the key `image` occurs twice in one mapping, at line 2, column 7 and again at line 2, column COLUMN\n\
             hint: keep one of the two; readers disagree about which one counts\n",
        ),
        (
            "task-definition",
            "{\"containerDefinitions\": [}",
            "Error: `document.x`: the document is not valid JSON\ncaused by: not valid JSON at line 1, column 27\ncaused by: expected \
             value at line 1 column 27\nhint: comments and trailing commas are not part of JSON\n",
        ),
        (
            "kubernetes",
            "kind: Service\napiVersion: v1\n",
            "Error: `document.x`: the document has no image\nhint: check that this is the document that is deployed, and of this kind\n",
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
        let found = answer(&gate, kind, &["document.x"]);
        assert_eq!(found["permitted"], false);
        assert_eq!(found["results"], json!([]));
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
        "Error: `compose.yaml`: the image `/services/a/image` at line 2, column 14 runs, and cannot be ignored",
    );
}

#[test]
fn programs_get_one_document() {
    let gate = Gate::new();
    gate.write("task.json", TASK);
    let found = answer(
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
    let places = json!([
        { "pointer": "/containerDefinitions/0/image", "line": 4, "column": 31 },
        { "pointer": "/containerDefinitions/2/image", "line": 6, "column": 32 },
    ]);
    assert_eq!(results[0]["places"], places);
}

#[test]
fn user_metadata_is_required_of_every_image() {
    let gate = Gate::new();
    gate.write("compose.yaml", ONE);
    let ci = json!({ "name": "ci", "signingProfile": gate.scene.profile.arn, "userMetadata": { "build": "7" } });
    let rule = json!({ "tags": "resolve", "require": { "all": [ci] } });
    gate.write_rule(&gate.scene.profile.arn, &rule);
    let ran = gate.run("compose", &["compose.yaml"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("user metadata `build`: no value was signed, wanted `7`\n");
}
