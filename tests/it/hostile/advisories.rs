//! What has gone wrong in programs of this kind, where it is not a lie about one thing only.

use super::*;

// CVE-2023-25656: a value in BER made the parser of names allocate without bound.
#[test]
fn an_identity_with_a_value_in_ber_is_refused_at_once() {
    for value in ["#0484ffffffff", "#04840fffffff41", "=#0484ffffffff"] {
        let liar = liar(|_, _| None);
        let identity = format!("x509.subject: C=US, ST=WA, O=Example, CN={value}");
        liar.scene
            .write_policy_with(r#"{ "level": "strict" }"#, &identity);
        let policy = liar.scene.sandbox.config().join("trustpolicy.oci.json");
        let text = std::fs::read_to_string(&policy).unwrap();
        let text = text.replace(&liar.scene.repository, "*");
        std::fs::write(&policy, text).unwrap();
        let ran = liar.run(&["verify", &liar.image]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
        assert_eq!(liar.hostile.lines(), [""; 0]);
    }
}

// CVE-2022-35929 of cosign is of this kind: a signature of something else counted.
#[test]
fn a_signature_of_another_image_does_not_count() {
    let (scene, truth) = signed();
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    let signature = scene.sign(&format!("{}@{other}", scene.repository));
    let envelope = scene.client().envelope(&signature);
    let manifest = truth.signature_of(sha256_digest(&envelope).as_ref(), envelope.len());
    let liar = liar_about(scene, truth, move |seen, _| {
        let digest = sha256_digest(&manifest).to_string();
        if is_list(seen) {
            return Some(index(&[entry(&digest, manifest.len())]));
        }
        is_manifest(seen, &digest).then(|| Reply::ok(IMAGE_MANIFEST, manifest.clone()))
    });
    liar.assert_untrusted(
        1,
        "content descriptor mismatch: the signature is for another artifact",
    );
}

// What a registry says in its errors ends up on terminals and in logs.
#[test]
fn a_registrys_words_cannot_write_lines_or_steer_a_terminal() {
    let liar = liar(|_, _| {
        let message = "x\\u001b[2J\\nSuccessfully verified signature\\u202e";
        let body = format!(r#"{{"errors":[{{"code":"DENIED","message":"{message}"}}]}}"#);
        Some(Reply::status(403).body(body))
    });
    let ran = liar.verify();
    assert_refused(
        &ran,
        3,
        "failed to get manifest descriptor: ",
        "saying `DENIED: x",
    );
    assert!(!ran.stderr.contains(['\u{1b}', '\u{202e}']), "{ran:#?}");
    assert!(!ran.stderr.contains("\nSuccess"), "{ran:#?}");
}
