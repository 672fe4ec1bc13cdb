//! `blob verify --output json`.

use serde_json::json;

use super::super::verdict::document;
use super::{TRUST, assert_signed, scene, sign, verify, write};

#[test]
fn the_document_is_that_of_images_with_a_path_in_place_of_a_reference() {
    let scene = scene("ec-256");
    write(&scene, "f", "hello\n");
    assert_signed(&sign(&scene, &["-m", "a=b", "f"]), "f", "f.jws.sig");
    let json = |more: &[&str]| verify(&scene, &[&["-o", "json"], more].concat());

    let ran = json(&["-s", "f.jws.sig", "f"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let verified = document(&ran);
    let result = &verified["results"][0];
    assert_eq!(
        (&result["asked"], &result["blob"], &result["verdict"]),
        (&json!("f"), &json!("f"), &json!("verified"))
    );
    assert_eq!(result["policyStatement"], "files");
    assert_eq!(result["signatures"][0]["accepted"], true);
    assert_eq!(result["signatures"][0]["userMetadata"], json!({"a": "b"}));

    write(&scene, "f", "jello\n");
    let ran = json(&["-s", "f.jws.sig", "f"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:#?}");
    let rejected = document(&ran);
    let result = &rejected["results"][0];
    assert_eq!(result["verdict"], "rejected");
    assert_eq!(result["error"]["code"], "artifact-mismatch");
    assert_eq!(
        result["error"]["message"],
        "signature verification failed: integrity check failed. signature does not match the given blob"
    );
    assert_eq!(result["signatures"][0]["accepted"], false);

    let ran = json(&["--policy-name", "nope", "-s", "f.jws.sig", "f"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(
        document(&ran)["results"][0]["error"]["code"],
        "policy-unusable"
    );
    let ran = json(&["-s", "none.jws.sig", "f"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_eq!(
        document(&ran)["error"]["message"],
        "open none.jws.sig: no such file or directory"
    );

    let policy = format!(
        r#"{{ "version": "1.0", "trustPolicies": [
            {{ "name": "files", "signatureVerification": {{ "level": "strict" }}, {TRUST} }},
            {{ "name": "unsigned", "signatureVerification": {{ "level": "skip" }} }}
        ] }}"#
    );
    scene.sandbox.write_config("trustpolicy.blob.json", policy);
    let ran = json(&["--policy-name", "unsigned", "-s", "f.jws.sig", "f"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let skipped = document(&ran);
    assert_eq!(skipped["results"][0]["verdict"], "skipped");
    assert_eq!(skipped["results"][0]["signatures"], json!([]));
}
