//! The certificates of a key: where they come from, and which will not do.

use time::macros::datetime;

use super::{assert_signed, calls, key, refused, sign};
use crate::support::kms::Chain;
use crate::support::local_keys;
use crate::support::pki::time_stamping;
use crate::support::scene::Scene;

#[test]
fn certificates_come_from_pem_or_from_aws_private_ca() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    let chain = Chain::of("ec-256");
    let (leaf, issuers) = (
        chain.leaf.trim_end(),
        [chain.authority.as_str(), &chain.root].concat(),
    );
    for content in [
        chain.pem(),
        chain.json(),
        format!("{leaf}{issuers}"),
        format!("{leaf}\t{issuers}"),
    ] {
        std::fs::write(scene.sandbox.home().join("chain"), content).unwrap();
        assert_signed(&sign(&scene, &arn, "chain", &[]), &scene.image, "");
    }
}

#[test]
fn a_chain_that_will_not_do_is_refused_before_anybody_is_asked() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    let good = Chain::of("ec-256");
    let of = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        let mut params = local_keys::params("ec-256");
        change(&mut params);
        Chain::with("ec-256", &params).pem()
    };
    let chain = "\ncaused by: the chain is not valid for code signing\ncaused by: certificate";
    for (content, cause, hint) in [
        (
            [good.leaf.as_str(), &good.authority].concat(),
            "\ncaused by: it is the last certificate and was issued by `CN=root`",
            "hint: add the certificate of `CN=root` at the end of the file",
        ),
        (
            good.leaf.clone(),
            "was issued by `CN=authority`",
            "hint: add the certificate of `CN=authority` at the end of the file",
        ),
        (
            [good.root.as_str(), &good.authority, &good.leaf].concat(),
            "\ncaused by: it is self-signed and not the last certificate",
            "hint: a chain is the signer's certificate first, then each issuer, up to the root",
        ),
        (
            [good.leaf.as_str(), &good.root, &good.authority].concat(),
            "and the next certificate's subject is `CN=root`",
            "hint: a chain is the signer's certificate first",
        ),
        (
            of(&|params| params.not_after = datetime!(2021-01-01 00:00 UTC)),
            "\ncaused by: it is valid from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z, not at",
            "hint: request a new certificate; the key can stay the same",
        ),
        (
            of(&|params| {
                params.extended_key_usages.clear();
                params.custom_extensions.push(time_stamping());
            }),
            "\ncaused by: its extended key usage has `timeStamping`",
            "the template `arn:aws:acm-pca:::template/CodeSigningCertificate/V1`",
        ),
        (
            of(&|params| params.key_usages = vec![rcgen::KeyUsagePurpose::KeyAgreement]),
            "\ncaused by: its key usage lacks `digitalSignature`",
            "hint: request a certificate for code signing",
        ),
    ] {
        std::fs::write(scene.sandbox.home().join("bad.crt"), content).unwrap();
        let ran = sign(&scene, &arn, "bad.crt", &[]);
        ran.assert_refused(
            2,
            "Error: the certificate chain in `bad.crt` cannot be used",
        );
        for text in [chain, cause, hint] {
            ran.assert_says(text);
        }
    }
    for (content, cause) in [
        ("", "caused by: code-signing chain has no certificate"),
        ("{}", "caused by: its JSON has no string `Certificate`"),
        ("x", "caused by: a certificate in it cannot be read"),
    ] {
        std::fs::write(scene.sandbox.home().join("bad.crt"), content).unwrap();
        let ran = sign(&scene, &arn, "bad.crt", &[]);
        ran.assert_refused(
            2,
            "Error: the certificate chain in `bad.crt` cannot be used",
        );
        ran.assert_says(cause);
    }
    let ran = sign(&scene, &arn, "none.crt", &[]);
    ran.assert_refused(
        2,
        "Error: the certificate chain in `none.crt` cannot be used",
    );
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn a_certificate_for_another_key_is_refused_before_anything_is_signed() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    let other = scene.emulator.create_kms_key("ECC_NIST_P256").unwrap();
    let ran = refused(&scene, &other, "ec-256.crt", 2);
    assert_eq!(calls(&scene), ["GetPublicKey"]);
    ran.assert_says(&format!(
        "caused by: the certificate `CN=ec-256,O=Notary,ST=WA,C=US` is not for the key `{other}`\nhint: the \
         file must begin with the certificate of this key"
    ));
    key(&scene, "rsa-2048");
    let ran = refused(&scene, &arn, "rsa-2048.crt", 2);
    assert_eq!(calls(&scene), ["GetPublicKey"]);
    ran.assert_says(&format!(
        "is for a key RSA-2048, not for the key `{arn}`, which is EC-256"
    ));
}
