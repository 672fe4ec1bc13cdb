//! `countersign inspect`.

use serde_json::{Value, json};

use crate::support::envelopes::{Envelope, Signer};
use crate::support::layout;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const JWS: &str = "application/jose+json";

/// The document, which must be what its schema says.
#[track_caller]
fn json_of(ran: &Ran) -> Value {
    crate::support::document::stdout(ran, "inspection.schema.json")
}

#[test]
fn a_signature_of_aws_signer_is_shown_whole() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let ran = scene.run(&["inspect", &scene.image]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let start = format!(
        "Inspecting all signatures for signed artifact\n{}\n└── \
         application/vnd.cncf.notary.signature\n    └── {signature}\n        ├── signature algorithm: \
         ECDSA-SHA-384\n        ├── signature envelope type: application/jose+json\n        ├── \
         signed attributes\n",
        scene.image
    );
    assert!(ran.stdout.starts_with(&start), "{ran:#?}");
    for line in [
        "        │   ├── signing scheme: notary.x509.signingAuthority\n",
        "        │   ├── com.amazonaws.signer.signingJob: arn:aws:signer:",
        "── io.cncf.notary.verificationPlugin: com.amazonaws.signer.notation.plugin\n",
        "        ├── user defined attributes\n        │   └── (empty)\n",
        "        └── signed artifact\n            ├── media type: application/vnd.oci.image.manifest.v1+json\n",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {ran:#?}");
    }

    let ran = scene.run(&["inspect", "-o", "json", &scene.image]);
    let document = json_of(&ran);
    assert_eq!(document["mediaType"], layout::IMAGE_MANIFEST);
    let shown = &document["signatures"][0];
    assert_eq!(shown["digest"], signature);
    assert_eq!(shown["userDefinedAttributes"], Value::Null);
    assert_eq!(
        shown["signedAttributes"]["com.amazonaws.signer.signingProfileVersion"],
        scene.profile.version_arn
    );
    assert_eq!(shown["signedArtifact"]["digest"], scene.digest());
    assert_eq!(shown["certificates"].as_array().unwrap().len(), 4);
}

#[test]
fn an_unreadable_signature_is_shown_in_its_place_and_hides_no_other() {
    let scene = Scene::new();
    let client = scene.client();
    let broken = client.push_signature(scene.digest(), JWS, b"\x1b[31m{");
    let signature = scene.sign(&scene.image);
    let ran = scene.run(&["inspect", "--output", "json", &scene.image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let document = json_of(&ran);
    let signatures = document["signatures"].as_array().unwrap();
    assert_eq!(signatures.len(), 2);
    let of = |digest: &str| {
        let mut signatures = signatures.iter();
        signatures.find(|shown| shown["digest"] == digest).unwrap()
    };
    assert_eq!(of(&signature)["signatureAlgorithm"], "ECDSA-SHA-384");
    let unreadable = of(broken.as_ref());
    let error = unreadable["error"].as_str().unwrap();
    assert!(
        error.starts_with("the signature envelope is malformed: "),
        "{error}"
    );
    assert_eq!(unreadable.as_object().unwrap().len(), 2);

    let ran = scene.run(&["inspect", &scene.image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stdout.contains(&format!(" {signature}\n")), "{ran:#?}");
    assert!(ran.stdout.contains(&format!(" {broken}\n")), "{ran:#?}");
    assert!(
        ran.stdout
            .contains("└── unreadable: the signature envelope is malformed")
    );
    ran.assert_says(&format!(
        "Warning: Skipping signature {broken} because of error: the signature envelope is malformed"
    ));
    ran.assert_says("Error: at least one signature could not be read\n");
}

#[test]
fn a_signature_that_is_gone_is_told_from_one_that_is_broken() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let fault = countersign_emulator::Fault::new(countersign_emulator::FaultKind::ServerError {
        status: 503,
    });
    scene.emulator.faults().add(fault.on("registry:GetBlob"));
    let ran = scene.run(&["inspect", &scene.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("Warning: unable to fetch signature sha256:");
}

#[test]
fn what_an_envelope_says_cannot_draw_on_a_terminal() {
    let scene = Scene::new();
    let client = scene.client();
    let size = client.manifest_bytes("v1").len();
    let payload = json!({"targetArtifact": {
        "mediaType": layout::IMAGE_MANIFEST,
        "digest": scene.digest(),
        "size": size,
        "annotations": {"a\n└── b": "\u{1b}[2J\u{9b}31m\u{202e}<x>"},
    }});
    let mut envelope = Envelope::new(&payload, "agent\u{1b}]0;title\u{7}");
    envelope.extended = vec![("com.example", json!({"\u{7}": "\u{1b}c"}), false)];
    client.push_signature(scene.digest(), JWS, &envelope.jws(&Signer::ec("signer")));
    let tree = scene.run(&["inspect", &scene.image]);
    let json = scene.run(&["inspect", "-o", "json", &scene.image]);
    for ran in [&tree, &json] {
        assert_eq!(ran.code, 0, "{ran:#?}");
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!ran.stdout.contains(obeyed), "{ran:#?}");
    }
    assert!(
        tree.stdout.contains("│   └── a └── b:  [2J 31m <x>\n"),
        "{tree:#?}"
    );
    let metadata = &json_of(&json)["signatures"][0]["userDefinedAttributes"];
    assert_eq!(
        *metadata,
        json!({"a\n└── b": "\u{1b}[2J\u{9b}31m\u{202e}<x>"})
    );
}

#[test]
fn formats_are_tree_and_json() {
    let scene = Scene::new();
    scene
        .run(&["inspect", "-o", "yaml", &scene.image])
        .assert_refused(2, "Error: invalid format: \"yaml\"");
    // The tree's name in notation 1.3.
    assert_eq!(
        scene.run(&["inspect", "-o", "text", &scene.image]),
        scene.run(&["inspect", &scene.image])
    );
    let ran = scene.run(&["inspect", "-o", "json", &scene.image]);
    assert_eq!(
        json_of(&ran),
        json!({"mediaType": layout::IMAGE_MANIFEST, "signatures": []})
    );
    let ran = scene.run(&["inspect", &scene.image]);
    assert_eq!(
        ran.stdout,
        format!("{} has no associated signature\n", scene.image)
    );
}
