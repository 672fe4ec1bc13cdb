//! `gate`: images, each kind of document, and services that must call a gate.

use serde_json::{Value, json};

use super::transcript::Transcript;
use crate::cli::gate::audit_service::Deployed;
use crate::cli::gate_documents::{Gate, TASK};

/// Documents of each kind, with `REPO` for the repository.
const DOCUMENTS: [(&str, &str); 14] = [
    ("task.json", TASK),
    ("no-task.json", r#"{ "family": "app" }"#),
    (
        "compose.yaml",
        "services:\n  web:\n    image: REPO:v1\n  jobs:\n    image: REPO:v2\n",
    ),
    ("built.yaml", "services:\n  web:\n    build: .\n"),
    (
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: app\n      image: REPO:v1 # the application\n",
    ),
    (
        "custom.yaml",
        "apiVersion: example.com/v1\nkind: Worker\nspec:\n  image: REPO:v1\n",
    ),
    (
        "tabs.yaml",
        "apiVersion: v1\nkind: Pod\nspec:\n\tcontainers: []\n",
    ),
    (
        "imagedefinitions.json",
        r#"[{"name": "app", "imageUri": "REPO:v1"}]"#,
    ),
    ("no-uri.json", r#"[{"name": "app", "image": "REPO:v1"}]"#),
    ("imageDetail.json", r#"{"ImageURI": "REPO:v1"}"#),
    ("unsigned.json", r#"{"ImageURI": "REPO:v3"}"#),
    (
        "template.yaml",
        "Parameters:\n  Image:\n    Type: String\nResources:\n  Function:\n    Type: AWS::Lambda::Function\n    Properties:\n      \
         Code:\n        ImageUri: !Ref Image\n",
    ),
    (
        "function.json",
        r#"{"FunctionName": "app", "ImageUri": "REPO:v1"}"#,
    ),
    (
        "zip.json",
        r#"{"FunctionName": "app", "S3Bucket": "zips", "S3Key": "app.zip"}"#,
    ),
];

#[test]
fn documents_are_held_against_a_gate_policy() {
    let gate = Gate::unsigned();
    for (name, text) in DOCUMENTS {
        gate.write(name, text);
    }
    gate.scene.emulator.push_test_image("app", "v3").unwrap();
    let Gate { scene, second } = gate;
    let mut transcript = Transcript::of(scene);
    transcript.naming("GATE", "--gate-policy gate.json TRUSTING");
    transcript.naming("SECOND", &second);
    transcript.run(&[
        "not signed: gate check GATE IMAGE",
        "a signature: sign --signing-profile PROFILE IMAGE",
        "may run: gate check GATE IMAGE",
        "one of two may run: gate check GATE IMAGE SECOND",
        "no rule covers it: gate check GATE localhost:2/app:v1",
        "nobody listens: gate check GATE localhost:1/app:v1",
        "one image of a task definition is not signed: gate task-definition GATE task.json",
        "another signature: sign --signing-profile PROFILE SECOND",
        "the images of a task definition may run: gate task-definition GATE task.json",
        "written with digests: gate task-definition GATE --pin --out pinned.json task.json",
        "not registered: gate task-definition GATE application",
        "no containers: gate task-definition GATE no-task.json",
        "the images of a Compose file may run: gate compose GATE compose.yaml",
        "recorded: gate compose GATE --lock run.lock compose.yaml",
        "an image that is built: gate compose GATE built.yaml",
        "no such file: gate compose GATE none.yaml",
        "the images of manifests: gate kubernetes GATE pod.yaml",
        "manifests with digests: gate kubernetes GATE --pin pod.yaml",
        "a kind that is not known: gate kubernetes GATE custom.yaml",
        "not YAML: gate kubernetes GATE tabs.yaml",
        "image definitions: gate image-definitions GATE imagedefinitions.json",
        "no imageUri: gate image-definitions GATE no-uri.json",
        "an image detail: gate image-detail GATE imageDetail.json",
        "an image detail that is not signed: gate image-detail GATE unsigned.json",
        "a template: gate cloudformation GATE --parameter Image=REPOSITORY:v1 template.yaml",
        "a parameter without a value: gate cloudformation GATE template.yaml",
        "a function: gate lambda-function GATE function.json",
        "a function with a package: gate lambda-function GATE zip.json",
    ]);
    transcript.assert_snapshot("gates");
}

#[test]
fn services_are_audited() {
    let deployed = Deployed::new();
    let mut goes_on = deployed.hook();
    goes_on["timeoutConfiguration"] = json!({ "timeoutInMinutes": 60, "action": "CONTINUE" });
    deployed.create("late", &[goes_on]);
    let none: [Value; 0] = [];
    deployed.create("bare", &none);
    let Deployed { scene, function } = deployed;
    let mut transcript = Transcript::of(scene);
    transcript.naming("FUNCTION", &function);
    transcript.run(&[
        "it calls the gate: gate audit-service --function FUNCTION prod/web",
        "it calls nothing: gate audit-service --function FUNCTION prod/bare",
        "it goes on without an answer: gate audit-service --function FUNCTION prod/late",
        "every service: gate audit-service --function FUNCTION --all",
        "no such service: gate audit-service --function FUNCTION prod/none",
        "no such function: gate audit-service --function FUNCTIONs prod/web",
        "not an ARN: gate audit-service --function gate prod/web",
        "no service: gate audit-service --function FUNCTION",
    ]);
    transcript.assert_snapshot("audited-services");
}
