//! `countersign list`.

use std::path::Path;

use countersign_emulator::{Access, Emulator, Fault, FaultKind, ReferrersApi, RegistryOptions};
use serde_json::json;

use crate::support::document;
use crate::support::layout::{self, IMAGE_MANIFEST};
use crate::support::registry_client::RepositoryClient;
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::scene::Scene;

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

fn done(stdout: String, stderr: &str) -> Ran {
    Ran {
        code: 0,
        stdout,
        stderr: stderr.to_owned(),
    }
}

#[test]
fn signatures_are_listed_as_notation_lists_them() {
    let scene = Scene::new();
    let unsigned = format!("{} has no associated signatures\n", scene.image);
    assert_eq!(scene.run(&["list", &scene.image]), done(unsigned, ""));
    let signature = scene.sign(&scene.image);
    let listed = format!("{}\n└── {SIGNATURE}\n    └── {signature}\n", scene.image);
    assert_eq!(scene.run(&["list", &scene.image]), done(listed.clone(), ""));
    assert_eq!(
        scene.run(&["ls", &format!("{}:v1", scene.repository)]),
        done(
            listed,
            "Warning: Always list the artifact using digest(@sha256:...) rather than a tag(:v1) \
             because resolved digest may not point to the same signed artifact, as tags are \
             mutable.\n"
        )
    );
}

#[test]
fn a_signature_that_only_the_tag_schema_has_is_listed_too() {
    let scene = Scene::new();
    let by_api = scene.sign(&scene.image);
    // An old tool: the manifest names no subject, and the index under the tag lists it.
    let client = scene.client();
    let envelope = client.envelope(&by_api);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": SIGNATURE,
        "config": {"mediaType": SIGNATURE, "digest": client.push_blob(b"{}"), "size": 2},
        "layers": [{
            "mediaType": "application/jose+json",
            "digest": client.push_blob(&envelope),
            "size": envelope.len(),
        }],
    });
    let bytes = manifest.to_string();
    let by_tag = client.put_manifest("old", &manifest);
    let entry = |digest: &str, size: usize| json!({"mediaType": IMAGE_MANIFEST, "digest": digest, "size": size, "artifactType": SIGNATURE});
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            entry(&by_api, client.manifest_bytes(&by_api).len()),
            entry(by_tag.as_ref(), bytes.len()),
        ],
    });
    client.put_manifest(&scene.digest().replace(':', "-"), &index);
    let listed = format!(
        "{}\n└── {SIGNATURE}\n    ├── {by_api}\n    └── {by_tag}\n",
        scene.image
    );
    assert_eq!(scene.run(&["list", &scene.image]), done(listed, ""));
}

#[test]
fn a_list_that_could_not_be_read_whole_is_not_passed_off_as_one() {
    let mut options = RegistryOptions::default();
    options.referrers = ReferrersApi::Filtering;
    let scene = Scene::with(Emulator::builder().registry(options));
    let signature = scene.sign(&scene.image);
    // Somebody's image has the tag of the tag schema.
    let tag = scene.digest().replace(':', "-");
    let mut image = scene.client().manifest("v1");
    image["annotations"] = json!({"another": "image"});
    scene.client().put_manifest(&tag, &image);
    let ran = scene.run(&["list", &scene.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(ran.stdout.contains(&signature), "{ran:#?}");
    ran.assert_says("Warning: there may be more signatures: ");
    ran.assert_says("is an image manifest, not the index of signatures");
}

#[test]
fn a_registry_that_fails_is_no_registry_without_signatures() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let fault = Fault::new(FaultKind::ServerError { status: 503 }).on("registry:ListReferrers");
    scene.emulator.faults().add(fault);
    let ran = scene.run(&["list", &scene.image]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says("failed with status 503");
}

#[test]
fn no_more_signatures_are_listed_than_asked_for() {
    let scene = Scene::new();
    let mut signatures = [scene.sign(&scene.image), scene.sign(&scene.image)];
    signatures.sort();
    let limited = scene.run(&["list", "--max-signatures", "1", &scene.image]);
    assert_eq!(limited.code, 0, "{limited:#?}");
    assert_eq!(limited.stdout.lines().count(), 3, "{limited:#?}");
    assert_eq!(
        limited.stderr,
        "Warning: exceeded configured limit of max signatures 1 to examine\n"
    );
    let whole = scene.run(&["list", "--max-signatures", "2", &scene.image]);
    assert_eq!(whole.stderr, "");
    assert_eq!(whole.stdout.lines().count(), 4, "{whole:#?}");
    scene
        .run(&["list", "--max-signatures", "0", &scene.image])
        .assert_refused(2, "Error: max-signatures value 0 must be a positive number");
}

#[test]
fn several_artifacts_are_listed_each_in_its_turn() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let absent = format!("{}:absent", scene.repository);
    let ran = scene.run(&["list", &scene.image, &absent, &scene.image]);
    let tree = format!("{}\n└── {SIGNATURE}\n    └── {signature}\n", scene.image);
    assert_eq!(
        (ran.code, ran.stdout),
        (1, tree.repeat(2)),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("absent: not found"), "{}", ran.stderr);
    // All are parsed before one is looked at.
    let ran = scene.run(&["list", &scene.image, "x"]);
    ran.assert_refused(
        2,
        "Error: \"x\": invalid reference: missing registry or repository. Expecting \
         <registry>/<repository>:<tag> or <registry>/<repository>@<digest>",
    );
}

#[test]
fn a_list_for_programs_is_one_document() {
    let scene = Scene::new();
    let first = scene.sign(&scene.image);
    scene.sign(&scene.image);
    let absent = format!("{}:absent", scene.repository);
    let ran = scene.run(&[
        "list",
        "-o",
        "json",
        "--max-signatures",
        "1",
        &scene.image,
        &absent,
    ]);
    let listed = document::document(&ran, "listing.v1.schema.json");
    let [found, missing] = listed["results"].as_array().unwrap().as_slice() else {
        panic!("{listed:#}");
    };
    assert_eq!(found["resolved"], scene.image);
    assert_eq!(found["complete"], false);
    let signatures = found["signatures"].as_array().unwrap();
    assert_eq!(signatures.len(), 1);
    assert!(signatures[0]["digest"] == first || signatures[0]["digest"].is_string());
    assert_eq!(missing["reference"], absent);
    assert_eq!(missing["error"]["code"], "not-listed");
    let ran = scene.run(&["list", "-o", "json", "x"]);
    let listed = document::document(&ran, "listing.v1.schema.json");
    assert_eq!(listed["error"]["code"], "not-begun");
    assert_eq!(ran.code, 2);
}

#[test]
fn a_password_on_standard_input_is_never_on_the_command_line() {
    let mut options = RegistryOptions::default();
    options.loopback_access = Access::Basic {
        username: "user".to_owned(),
        password: "s3cret word".to_owned(),
    };
    let emulator = Emulator::builder()
        .registry(options)
        .start_blocking()
        .unwrap();
    let sandbox = Sandbox::new();
    let client = RepositoryClient::new(&format!("user:s3cret word@{}/app", emulator.address()));
    client.push_blob(b"{}");
    client.put_manifest_bytes("v1", layout::image("v1").as_bytes());
    let list = |input: &str| {
        let file = sandbox.home().join("password");
        std::fs::write(&file, input).unwrap();
        let mut command = sandbox.command(Path::new(env!("CARGO_BIN_EXE_countersign")));
        let reference = format!("{}/app:v1", emulator.address());
        let flags = [
            "list",
            "--insecure-registry",
            "--username",
            "user",
            "--password-stdin",
        ];
        command.args(flags).arg(&reference).arg(&reference);
        Ran::of(command.stdin(std::fs::File::open(file).unwrap()))
    };
    let ran = list("s3cret word\n");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout.matches("has no associated signatures").count(),
        2
    );
    assert_ne!(list("another\n").code, 0);
    list("\n").assert_refused(
        2,
        "Error: the password of `--password-stdin` cannot be used",
    );
}
