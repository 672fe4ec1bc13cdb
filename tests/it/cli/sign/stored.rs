//! How a signature is filed in the registry.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::oci::sha256_digest;
use countersign_emulator::{Access, Emulator, Fault, FaultKind, ReferrersApi, RegistryOptions};
use serde_json::{Value, json};

use super::{assert_signed, sign};
use crate::support::scene::Scene;

const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// A scene whose registry has no referrers API.
fn without_referrers() -> Scene {
    let mut options = RegistryOptions::default();
    options.referrers = ReferrersApi::Absent;
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
            "Error: failed to get manifest descriptor: registry `{}` did not let the credential of \
             `--username` into `app`, saying `UNAUTHORIZED: authentication required`",
            scene.registry()
        ),
    );
    assert!(!ran.stderr.contains("wr0ng-word"), "{ran:#?}");
    let ran = sign(&scene, &["-u", "ci", "-p", "pa55-word", &scene.image]);
    assert_signed(&ran, &scene.image, "");
    let scene = scene
        .with_variable("NOTATION_USERNAME", "ci")
        .with_variable("NOTATION_PASSWORD", "pa55-word");
    assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
}
