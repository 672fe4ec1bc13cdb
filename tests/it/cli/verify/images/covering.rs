//! An index whose own signature counts for its images: `--covered-by`, `--index`.

use super::*;

#[test]
fn nothing_is_said_of_a_signature_of_the_index_that_is_not_there() {
    let it = Indexed::new();
    let ran = it.verify(&["--recursive"], &it.index);
    ran.assert_refused(
        1,
        &format!(
            "Error: 2 of 2 images of the index `{}` are not verified",
            it.index
        ),
    );
    assert!(!ran.stderr.contains("covered-by"), "{ran:#?}");
}

#[test]
fn a_signature_of_the_index_covers_its_images_where_that_is_asked_for() {
    let it = Indexed::new();
    for image in &it.images {
        it.scene.sign(image);
    }
    let (code, result) = it.result(&COVERED, &it.index);
    assert_eq!(
        (code, &result["verdict"]),
        (1, &json!("unsigned")),
        "the images' own do not count"
    );
    it.scene.sign(&it.index);
    let (code, result) = it.result(&COVERED, &it.index);
    assert_eq!((code, &result["verdict"]), (0, &json!("verified")));
    assert_eq!(
        images(&result),
        [
            json!([it.images[0], ["linux/amd64"], "verified", it.index]),
            json!([it.images[1], ["linux/arm64"], "verified", it.index]),
        ]
    );
    assert_eq!(result["signatures"].as_array().unwrap().len(), 1);
    let ran = it.verify(&COVERED, &it.index);
    assert_eq!(
        ran.stdout,
        format!(
            "Successfully verified signature for {}\n\
             covered by the index: {} for linux/amd64\n\
             covered by the index: {} for linux/arm64\n",
            it.index, it.images[0], it.images[1]
        )
    );
}

#[test]
fn an_envelope_in_cose_covers_as_one_in_jws_does() {
    let it = Indexed::new();
    local_key::add(&it.scene, "ec-384", &["--default"]);
    let certificate = it.scene.sandbox.config().join("localkeys/ec-384.crt");
    let certificate = fs::read(certificate).unwrap();
    let sandbox = &it.scene.sandbox;
    sandbox.write_config("truststore/x509/ca/local/root.crt", certificate);
    let policy = json!({ "version": "1.0", "trustPolicies": [{
        "name": "images", "registryScopes": [it.scene.repository],
        "signatureVerification": { "level": "strict" }, "trustStores": ["ca:local"],
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=Notary"],
    }] });
    sandbox.write_config("trustpolicy.oci.json", policy.to_string());
    let sign = |image: &str| {
        let ran = it.scene.run(&["sign", "--signature-format", "cose", image]);
        assert_eq!(ran.code, 0, "{ran:#?}");
    };
    let verify = |flags: &[&str]| {
        let ran = it
            .scene
            .run(&[&["verify", "-o", "json"], flags, &[&it.index]].concat());
        (ran.code, document(&ran)["results"][0].clone())
    };
    assert_eq!(verify(&COVERED).0, 1);
    sign(&it.index);
    let (code, result) = verify(&COVERED);
    assert_eq!(
        (code, &result["verdict"]),
        (0, &json!("verified")),
        "{result:#}"
    );
    assert_eq!(
        result["signatures"][0]["envelopeMediaType"],
        "application/cose"
    );
    assert_eq!(verify(&["--recursive"]).0, 1);
    it.images.iter().for_each(|image| sign(image));
    assert_eq!(verify(&["--recursive"]).0, 0);
}

#[test]
fn an_image_is_covered_by_the_index_that_is_named() {
    let it = Indexed::new();
    let named = ["--covered-by", "index", "--index", it.index_digest()];
    let (code, result) = it.result(&named, &it.images[0]);
    assert_eq!((code, &result["verdict"]), (1, &json!("unsigned")));
    assert_eq!(result["reference"], it.index.as_str());
    it.scene.sign(&it.index);
    let (code, result) = it.result(&named, &it.images[0]);
    assert_eq!(
        (code, &result["verdict"]),
        (0, &json!("verified")),
        "{result:#}"
    );
    assert_eq!(result["reference"], it.images[0].as_str());
    assert_eq!(
        images(&result),
        [json!([it.images[0], ["linux/amd64"], "verified", it.index])]
    );
    // Without the index named nothing is covered.
    assert_eq!(it.result(&[], &it.images[0]).0, 1);
    // Another image, another index, and a text that is not an index.
    let ran = it.verify(&named, &it.scene.image);
    ran.assert_refused(
        1,
        &format!(
            "Error: the images of the index `{}` cannot be determined",
            it.index
        ),
    );
    ran.assert_says(&format!(
        "caused by: the image `{}` does not stand in the index\n",
        it.scene.digest()
    ));
    let ran = it.verify(&named, &it.index);
    assert_eq!(ran.code, 1);
    ran.assert_says("it is an index itself, and not an image in the index");
    let not_an_index = ["--covered-by", "index", "--index", it.scene.digest()];
    let ran = it.verify(&not_an_index, &it.images[0]);
    assert_eq!(ran.code, 1);
    ran.assert_says("it is not an index");
    let missing = format!("sha256:{}", "7".repeat(64));
    let ran = it.verify(
        &["--covered-by", "index", "--index", &missing],
        &it.images[0],
    );
    assert_eq!(ran.code, 1, "{ran:#?}");
}
