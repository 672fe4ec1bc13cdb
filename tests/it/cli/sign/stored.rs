//! How a signature is filed in the registry.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::oci::sha256_digest;
use countersign_emulator::{
    Access, Emulator, Fault, FaultKind, ReferrersApi, RegistryOptions, SubjectHeader,
};
use serde_json::{Value, json};

use super::document::document;
use super::{assert_signed, sign};
use crate::support::forward::forward;
use crate::support::hostile::{Hostile, Reply};
use crate::support::scene::Scene;

const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// A scene whose registry has no referrers API.
fn without_referrers() -> Scene {
    let mut options = RegistryOptions::default();
    options.referrers = ReferrersApi::Absent;
    Scene::with(Emulator::builder().registry(options))
}

const NOT_LISTED: &str = "Warning: the registry does not list the signature in its referrers API; it was stored with the \
                          referrers tag schema too\n";

/// A scene whose registry takes signatures and lists none.
fn unlisted() -> Scene {
    let mut options = RegistryOptions::default();
    options.referrers = ReferrersApi::Empty;
    Scene::with(Emulator::builder().registry(options))
}

/// The tag of the tag schema.
fn index_tag(scene: &Scene) -> String {
    scene.digest().replace(':', "-")
}

fn digests(index: &Value) -> Vec<&str> {
    let manifests = index["manifests"].as_array().unwrap();
    manifests
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap())
        .collect()
}

#[test]
fn the_manifest_is_notations_to_the_byte() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let client = scene.client();
    let bytes = client.manifest_bytes(&signature);
    let envelope = client.envelope(&signature);
    let image = client.manifest_bytes(scene.digest());

    let document: Value = serde_json::from_slice(&envelope).unwrap();
    let chain = document["header"]["x5c"].as_array().unwrap();
    let thumbprints: Vec<String> = chain
        .iter()
        .map(|certificate| STANDARD.decode(certificate.as_str().unwrap()).unwrap())
        .map(|der| sha256_digest(&der).digest().to_owned())
        .collect();
    assert_eq!(thumbprints.len(), 4);
    let header = document["protected"].as_str().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let text = |name: &str| header[name].as_str().unwrap().to_owned();
    let job = text("com.amazonaws.signer.signingJob");
    let created = text("io.cncf.notary.authenticSigningTime");
    // `Z` says no more than UTC, and a fraction is not kept.
    assert!(created.ends_with('Z') && created.len() == 20, "{created}");

    let expected = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.cncf.notary.signature","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{EMPTY}","size":2,"data":"e30="}},"layers":[{{"mediaType":"application/jose+json","digest":"{layer}","size":{layer_size}}}],"subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{subject}","size":{subject_size}}},"annotations":{{"com.amazonaws.signer.signingJobId":"{job}","com.amazonaws.signer.signingProfile":"{profile}","io.cncf.notary.x509chain.thumbprint#S256":{thumbprints},"org.opencontainers.image.created":"{created}"}}}}"#,
        layer = sha256_digest(&envelope),
        layer_size = envelope.len(),
        subject = scene.digest(),
        subject_size = image.len(),
        job = job.rsplit('/').next().unwrap(),
        profile = scene.profile.arn,
        thumbprints = Value::from(json!(thumbprints).to_string()),
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn a_registry_with_the_referrers_api_gets_no_further_tag() {
    let scene = Scene::new();
    scene.emulator.clear_calls();
    let signature = scene.sign(&scene.image);
    let operations = scene.operations();
    let puts = |name: &&String| *name == "registry:PutManifest";
    assert_eq!(operations.iter().filter(puts).count(), 1);
    let listed = scene.client().referrers(scene.digest());
    assert_eq!(digests(&listed), [signature]);
    assert_eq!(scene.tags(), ["v1"]);
}

#[test]
fn a_registry_without_the_referrers_api_gets_the_tag_schema() {
    let scene = without_referrers();
    let first = assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
    let second = assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
    let tag = index_tag(&scene);
    assert_eq!(scene.tags(), [tag.as_str(), "v1"]);
    let index = scene.client().manifest(&tag);
    assert_eq!(digests(&index), [first.as_str(), second.as_str()]);
    let manifest = scene.client().manifest(&first);
    assert_eq!(
        index["manifests"][0],
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": first,
            "size": scene.client().manifest_bytes(&first).len(),
            "artifactType": "application/vnd.cncf.notary.signature",
            "annotations": manifest["annotations"],
        })
    );
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn the_tag_schema_can_be_forced() {
    let scene = Scene::new();
    let ran = sign(&scene, &["--force-referrers-tag", &scene.image]);
    let signature = assert_signed(&ran, &scene.image, "");
    let index = scene.client().manifest(&index_tag(&scene));
    assert_eq!(digests(&index), [signature]);
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn an_index_that_cannot_be_removed_is_warned_about() {
    let scene = without_referrers();
    scene.sign(&scene.image);
    let kept = Fault::new(FaultKind::AccessDenied).on("registry:DeleteManifest");
    scene.emulator.faults().add(kept);
    let ran = sign(&scene, &[&scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    // Notation's second line ends at the `@` here.
    let pushed = ran.stdout.lines().last().unwrap();
    let (_, digest) = pushed.split_once("@sha256:").unwrap();
    assert_eq!(digest.len(), 64);
    assert_eq!(
        ran.stderr.lines().next(),
        Some(
            "Warning: Removal of outdated referrers index from remote registry failed. Garbage \
             collection may be required."
        )
    );
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn a_denied_push_is_said_with_the_registrys_words() {
    for operation in ["registry:StartUpload", "registry:PutManifest"] {
        let scene = Scene::new();
        let denied = Fault::new(FaultKind::AccessDenied).on(operation);
        scene.emulator.faults().add(denied);
        let ran = sign(&scene, &[&scene.image]);
        ran.assert_refused(
            3,
            &format!(
                "Error: failed to push signature to registry with error: registry `{}` denied an \
                 anonymous request access to `app`, saying `DENIED: requested access to the \
                 resource is denied`",
                scene.registry()
            ),
        );
        assert_eq!(
            ran.stderr.matches("requested access").count(),
            1,
            "{ran:#?}"
        );
        let listed = scene.client().referrers(scene.digest());
        assert_eq!(listed["manifests"], json!([]));
    }
}

#[test]
fn a_registry_that_wants_a_password_gets_it_and_shows_it_to_nobody() {
    let mut options = RegistryOptions::default();
    options.loopback_access = Access::Basic {
        username: "ci".to_owned(),
        password: "pa55-word".to_owned(),
    };
    let scene = Scene::with(Emulator::builder().registry(options));
    let ran = sign(&scene, &[&scene.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let ran = sign(&scene, &["-u", "ci", "-p", "wr0ng-word", &scene.image]);
    ran.assert_refused(
        3,
        &format!(
            "Error: failed to get manifest descriptor: registry `{}` denied the credential of `--username` \
             access to `app`, saying `UNAUTHORIZED: authentication required`",
            scene.registry()
        ),
    );
    assert!(!ran.stderr.contains("wr0ng-word"), "{ran:#?}");
    let ran = sign(&scene, &["-u", "ci", "-p", "pa55-word", &scene.image]);
    assert_signed(&ran, &scene.image, "");
    let scene = scene
        .with_variable("NOTATION_USERNAME", "ci")
        .with_variable("NOTATION_PASSWORD", "pa55-word");
    let note = format!(
        "Note: `NOTATION_USERNAME` and `NOTATION_PASSWORD` are sent to `{0}`, the only registry of this \
         command; set `NOTATION_REGISTRY={0}` to send them to no other one\n",
        scene.registry()
    );
    assert_signed(&sign(&scene, &[&scene.image]), &scene.image, &note);
}

#[test]
fn round_trips_of_a_signature_are_those_of_the_push_and_one_look() {
    let scene = Scene::new();
    // The empty config is there from now on.
    scene.sign(&scene.image);
    scene.operations();
    scene.sign(&scene.image);
    let operations = scene.operations();
    let mut registry: Vec<&str> = operations
        .iter()
        .filter_map(|name| name.strip_prefix("registry:"))
        .collect();
    // The upload and the look for the config go at the same time.
    registry[1..4].sort_unstable();
    let expected = [
        "GetManifest",
        "FinishUpload",
        "HeadBlob",
        "StartUpload",
        "PutManifest",
        "ListReferrers",
    ];
    assert_eq!(registry, expected);
}

#[test]
fn what_the_registry_does_not_list_is_stored_by_tag_too() {
    let scene = unlisted();
    let ran = sign(&scene, &[&scene.image]);
    let signature = assert_signed(&ran, &scene.image, NOT_LISTED);
    let index = scene.client().manifest(&index_tag(&scene));
    assert_eq!(digests(&index), [signature]);
    assert_eq!(scene.verify(&scene.image).code, 0);
    let missing = ["--if-missing", "--trust-anchor", "root.crt", &scene.image];
    for _ in 0..2 {
        let ran = sign(&scene, &missing);
        assert!(ran.stdout.starts_with("Already signed "), "{ran:#?}");
    }
    // In the document too.
    let ran = sign(&scene, &["-o", "json", &scene.image]);
    let warnings = &document(&ran)["results"][0]["warnings"];
    assert_eq!(
        warnings[0].as_str().unwrap(),
        NOT_LISTED.trim_start_matches("Warning: ").trim_end()
    );
}

#[test]
fn a_list_that_lags_is_waited_for() {
    let mut options = RegistryOptions::default();
    options.listing_lag = 1;
    let scene = Scene::with(Emulator::builder().registry(options));
    assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
    assert_eq!(scene.tags(), ["v1"]);
}

#[test]
fn pushed_and_not_listed_is_said_and_nothing_more_is_written() {
    let scene = unlisted();
    let only_api = ["--force-referrers-tag=false", &scene.image];
    let ran = sign(&scene, &only_api);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says("Error: signature manifest `sha256:");
    ran.assert_says("` was pushed, not listed\n");
    assert!(!ran.stderr.contains("failed to push"), "{ran:#?}");
    assert_eq!(scene.tags(), ["v1"]);
    let ran = sign(&scene, &[&["-o", "json"], &only_api[..]].concat());
    let result = document(&ran)["results"][0].clone();
    assert_eq!(result["state"], "failed");
    assert_eq!(result["error"]["code"], "pushed-not-listed");
    assert_eq!(result["signature"]["pushed"], "yes");
    let digest = result["signature"]["digest"].as_str().unwrap();
    assert_eq!(
        scene.client().manifest(digest)["subject"]["digest"],
        scene.digest()
    );
    // The summary of several says so, and neither makes another one nor advises it.
    scene.emulator.clear_calls();
    let ran = sign(
        &scene,
        &[&["--keep-going"], &only_api[..], &[&scene.image]].concat(),
    );
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(": pushed, not listed: ");
    ran.assert_says("is given twice");
    assert!(!ran.stderr.contains("to sign the rest"), "{ran:#?}");
    let made = scene.operations();
    assert_eq!(made.iter().filter(|name| *name == "SignPayload").count(), 1);
}

#[test]
fn a_tag_that_cannot_be_written_leaves_it_pushed_and_not_listed() {
    let scene = unlisted();
    let (emulator, tag) = (scene.emulator.address(), index_tag(&scene));
    let server = Hostile::start(move |seen| {
        if seen.method == "PUT" && seen.path().ends_with(&tag) {
            return Reply::status(403);
        }
        forward(emulator, seen)
    });
    let image = scene.image.replace(scene.registry(), &server.host());
    let ran = sign(&scene, &[&image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("` was pushed, not listed\ncaused by: registry `localhost:");
    ran.assert_says("denied an anonymous request access to `app`");
    assert_eq!(scene.tags(), ["v1"]);
}

#[test]
fn if_missing_makes_nothing_that_the_next_run_could_not_find() {
    let scene = without_referrers();
    scene.emulator.clear_calls();
    let missing = ["--if-missing", "--trust-anchor", "root.crt"];
    let ran = sign(
        &scene,
        &[&missing[..], &["--force-referrers-tag=false", &scene.image]].concat(),
    );
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(
        "has no referrers API and the referrers tag schema is not allowed, so the next run ",
    );
    ran.assert_says("\nhint: omit `--force-referrers-tag=false`, or `--if-missing`\n");
    assert!(!scene.operations().contains(&"SignPayload".to_owned()));
}

#[test]
fn if_missing_never_signs_on_half_a_list() {
    for status in [401, 403, 500] {
        let mut options = RegistryOptions::default();
        options.referrers = ReferrersApi::Refusing { status };
        let scene = Scene::with(Emulator::builder().registry(options));
        let missing = ["--if-missing", "--trust-anchor", "root.crt", &scene.image];
        scene.emulator.clear_calls();
        let ran = sign(&scene, &missing);
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert!(!scene.operations().contains(&"SignPayload".to_owned()));
        // One that is under the tag counts.
        assert_eq!(
            sign(&scene, &["--force-referrers-tag", &scene.image]).code,
            0
        );
        let ran = sign(&scene, &missing);
        assert!(ran.stdout.starts_with("Already signed "), "{ran:#?}");
        assert_eq!(scene.verify(&scene.image).code, 0);
    }
}

#[test]
fn a_header_without_an_api_is_not_believed() {
    let mut options = RegistryOptions::default();
    options.referrers = ReferrersApi::Absent;
    options.subject_header = SubjectHeader::Always;
    let scene = Scene::with(Emulator::builder().registry(options));
    assert_signed(&sign(&scene, &[&scene.image]), &scene.image, NOT_LISTED);
    assert_eq!(scene.verify(&scene.image).code, 0);
    // And an API without the header lists it, so no tag is needed.
    let mut options = RegistryOptions::default();
    options.subject_header = SubjectHeader::Never;
    let scene = Scene::with(Emulator::builder().registry(options));
    assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
    assert_eq!(scene.tags(), ["v1"]);
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn a_registry_that_takes_no_signatures_is_not_to_be_tried_again() {
    for status in [400, 405, 415] {
        let scene = Scene::new();
        let emulator = scene.emulator.address();
        let server = Hostile::start(move |seen| {
            if seen.method == "PUT" && seen.path().contains("/manifests/") {
                let body = r#"{"errors":[{"code":"MANIFEST_INVALID","message":"unsupported artifact type"}]}"#;
                return Reply::status(status).body(body);
            }
            forward(emulator, seen)
        });
        let image = scene.image.replace(scene.registry(), &server.host());
        let ran = sign(&scene, &[&image]);
        ran.assert_refused(
            1,
            &format!(
                "Error: failed to push signature to registry with error: registry `{}` does not take \
                 OCI artifacts: it answered with status {status}, saying `MANIFEST_INVALID: \
                 unsupported artifact type`",
                server.host()
            ),
        );
        ran.assert_says("hint: trying again does not help");
        assert!(!ran.stderr.contains("sign again"), "{ran:#?}");
    }
}

#[test]
fn a_docker_image_of_schema_1_is_called_that() {
    let scene = Scene::new();
    let emulator = scene.emulator.address();
    let server = Hostile::start(move |seen| {
        let schema_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        if seen.path().contains("/manifests/") {
            Reply::ok(schema_1, r#"{"schemaVersion":1}"#)
        } else {
            forward(emulator, seen)
        }
    });
    let image = scene.image.replace(scene.registry(), &server.host());
    for ran in [sign(&scene, &[&image]), scene.verify(&image)] {
        assert_eq!(ran.code, 1, "{ran:#?}");
        ran.assert_says("is a Docker image of schema 1");
        ran.assert_says("hint: push the image again");
        assert!(!ran.stderr.contains("proxy"), "{ran:#?}");
    }
}
