//! Signing with a timestamp: it is in the envelope, or nothing is pushed.

use std::sync::Arc;

use countersign::notary::EnvelopeFormat;
use countersign::timestamp;
use time::macros::datetime;

use super::if_missing::without_note;
use super::local_key::{add, envelope};
use super::{assert_signed, writes};
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::kms;
use crate::support::local_keys;
use crate::support::pki::{
    Crl, Entity, Token, authority, custom, distribution_point, granted, stamper,
};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

pub(in crate::cli) const REPLY: &str = "application/timestamp-reply";

/// An authority's certificates, whose leaf is on a CRL at `crl`, if at all.
pub(in crate::cli) struct Authority {
    pub(in crate::cli) root: Entity,
    leaf: Entity,
}

impl Authority {
    pub(in crate::cli) fn new(crl: Option<&str>) -> Self {
        let root = Entity::root(authority("TSA root"));
        let mut params = stamper("TSA");
        if let Some(url) = crl {
            params.custom_extensions.push(custom(
                &[2, 5, 29, 31],
                false,
                &distribution_point(&[url]),
            ));
        }
        let leaf = root.issue(params);
        Self { root, leaf }
    }

    /// The answer to `request`, a query whose nonce has 20 bytes.
    pub(in crate::cli) fn stamp(&self, request: &Seen, change: impl FnOnce(&mut Token)) -> Vec<u8> {
        let mut token = Token::new(b"", &[&self.leaf]);
        let end = request.body.len() - 3;
        token.nonce = Some(request.body[end - 20..end].to_vec());
        token.hash = request.body[end - 54..end - 22].to_vec();
        change(&mut token);
        granted(&token.build(&self.leaf))
    }
}

fn sign(scene: &Scene, server: &Hostile, root: &Entity, more: &[&str]) -> Ran {
    let file = scene.sandbox.home().join("tsa.crt");
    std::fs::write(&file, root.certificate.der()).unwrap();
    let url = format!("http://{}/stamp?secret", server.host());
    let fixed = [
        "sign",
        "--timestamp-url",
        &url,
        "--timestamp-root-cert",
        "tsa.crt",
    ];
    scene.run(&[&fixed[..], more, &[&scene.image]].concat())
}

#[test]
fn both_formats_carry_the_stamp_and_it_verifies() {
    let tsa = Arc::new(Authority::new(None));
    for (status, format, name) in [
        (200, EnvelopeFormat::Jws, "jws"),
        (201, EnvelopeFormat::Cose, "cose"),
    ] {
        let scene = Scene::new();
        add(&scene, "ec-256", &["--default"]);
        let authority = Arc::clone(&tsa);
        let server = Hostile::start(move |seen| {
            Reply::status(status)
                .header("Content-Type", REPLY)
                .body(authority.stamp(seen, |_| {}))
        });
        let ran = sign(&scene, &server, &tsa.root, &["--signature-format", name]);
        let digest = assert_signed(&ran, &scene.image, "");
        let found = envelope(&scene, &digest, format).verify().unwrap();
        let info = found.signer_info();
        let token = info
            .unsigned_attributes
            .timestamp_signature
            .as_ref()
            .unwrap();
        let roots = [tsa.root.certificate.clone()];
        let now = datetime!(2026-11-22 00:00 UTC);
        let stamp = timestamp::verify(token, &info.signature, &roots, now).unwrap();
        assert_eq!(stamp.generated_at(), datetime!(2024-06-21 12:00 UTC));
    }
}

#[test]
fn a_signature_of_aws_kms_is_stamped_too() {
    let tsa = Arc::new(Authority::new(None));
    let scene = Scene::new();
    let key = kms::import(&scene.emulator, "ec-256");
    kms::write_chain(scene.sandbox.home(), "ec-256");
    let authority = Arc::clone(&tsa);
    let server = Hostile::start(move |seen| Reply::ok(REPLY, authority.stamp(seen, |_| {})));
    let signer = ["--kms-key", &key, "--certificate-chain", "ec-256.crt"];
    let ran = sign(&scene, &server, &tsa.root, &signer);
    let digest = assert_signed(&ran, &scene.image, "");
    let found = envelope(&scene, &digest, EnvelopeFormat::Jws)
        .verify()
        .unwrap();
    let info = found.signer_info();
    let token = info.unsigned_attributes.timestamp_signature.as_ref();
    let roots = [tsa.root.certificate.clone()];
    let now = datetime!(2026-11-22 00:00 UTC);
    let stamp = timestamp::verify(token.unwrap(), &info.signature, &roots, now).unwrap();
    assert_eq!(stamp.generated_at(), datetime!(2024-06-21 12:00 UTC));
}

#[test]
fn with_if_missing_a_signature_without_this_authoritys_stamp_is_not_there() {
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    let authorities = [(); 2].map(|()| Arc::new(Authority::new(None)));
    let servers = authorities.clone().map(|authority| {
        Hostile::start(move |seen| Reply::ok(REPLY, authority.stamp(seen, |_| {})))
    });
    let missing = |which: usize| {
        let root = &authorities[which].root;
        sign(&scene, &servers[which], root, &["--if-missing"])
    };
    let unstamped = scene.run(&["sign", &scene.image]);
    assert_signed(&unstamped, &scene.image, "");
    for which in [0, 1] {
        let ran = without_note(missing(which));
        assert_signed(&ran, &scene.image, "");
    }
    for which in [0, 1] {
        let ran = missing(which);
        assert!(ran.stdout.starts_with("Already signed "), "{ran:#?}");
        assert_eq!(servers[which].seen().len(), 1);
    }
}

/// Nothing may be pushed where the authority answers so.
#[track_caller]
fn assert_refused(
    tsa: &Arc<Authority>,
    root: &Entity,
    reply: impl Fn(&Authority, &Seen) -> Reply + Send + Sync + 'static,
    code: i32,
    reasons: &[&str],
) {
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    let authority = Arc::clone(tsa);
    let server = Hostile::start(move |seen| reply(&authority, seen));
    scene.emulator.clear_calls();
    let ran = sign(&scene, &server, root, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{ran:#?}");
    assert!(ran.stderr.starts_with("Error: timestamp: "), "{ran:#?}");
    // What the first line says is not said again.
    assert!(!ran.stderr.contains("was not timestamped"), "{ran:#?}");
    let said = ran.stderr.matches("no usable timestamp from").count();
    assert!(said < 2, "{ran:#?}");
    for reason in reasons {
        ran.assert_says(reason);
    }
    assert!(!ran.stderr.contains("secret"), "{ran:#?}");
    assert_eq!(writes(&scene), [""; 0]);
}

#[test]
fn a_stamp_that_is_not_good_stops_the_signing() {
    let tsa = Arc::new(Authority::new(None));
    let other = Entity::root(authority("other root"));
    let good = |tsa: &Authority, seen: &Seen| Reply::ok(REPLY, tsa.stamp(seen, |_| {}));
    assert_refused(&tsa, &other, good, 1, &["caused by: "]);
    assert_refused(
        &tsa,
        &tsa.root,
        |tsa, seen| {
            Reply::ok(
                REPLY,
                tsa.stamp(seen, |token| token.nonce = Some(vec![7; 20])),
            )
        },
        1,
        &["the timestamp's nonce is not that of the request"],
    );
    assert_refused(
        &tsa,
        &tsa.root,
        |tsa, seen| Reply::ok(REPLY, tsa.stamp(seen, |token| token.hash = vec![7; 32])),
        1,
        &["the timestamp's message imprint is not that of the request"],
    );
    assert_refused(
        &tsa,
        &tsa.root,
        |_, _| Reply::ok("text/html", "<p>"),
        1,
        &["text/html"],
    );
    assert_refused(&tsa, &tsa.root, |_, _| Reply::status(500), 1, &["500"]);
    assert_refused(&tsa, &tsa.root, |_, _| Reply::closed(), 3, &["caused by: "]);
}

#[test]
fn with_several_references_the_error_names_its_own() {
    let tsa = Authority::new(None);
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    let second = scene.emulator.push_test_image("app", "v2").unwrap();
    let second = format!("{}@{second}", scene.repository);
    let server = Hostile::start(|_| Reply::status(500));
    let ran = sign(&scene, &server, &tsa.root, &["--keep-going", &second]);
    for image in [&second, &scene.image] {
        ran.assert_says(&format!(
            "Error: {image}: timestamp: no usable timestamp from `"
        ));
    }
    let ran = sign(&scene, &server, &tsa.root, &[]);
    assert!(
        ran.stderr.starts_with("Error: timestamp: no usable "),
        "{ran:#?}"
    );
}

#[test]
fn a_stamp_from_before_the_signers_certificate_is_refused() {
    let tsa = Arc::new(Authority::new(None));
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    // The stamp is of June 2024.
    let mut params = local_keys::params("young");
    params.not_before = datetime!(2025-01-01 00:00 UTC);
    scene.sandbox.write_config(
        "localkeys/ec-256.crt",
        local_keys::certificate_of("ec-256", &params),
    );
    let authority = Arc::clone(&tsa);
    let server = Hostile::start(move |seen| Reply::ok(REPLY, authority.stamp(seen, |_| {})));
    scene.emulator.clear_calls();
    let ran = sign(&scene, &server, &tsa.root, &[]);
    ran.assert_refused(
        1,
        "Error: timestamp: the timestamp does not fit the signer's certificates",
    );
    assert_eq!(writes(&scene), [""; 0]);
}

#[test]
fn a_revoked_authority_stops_the_signing() {
    // One server is the authority and has its CRL.
    let slot: Arc<std::sync::OnceLock<Arc<Authority>>> = Arc::default();
    let inside = Arc::clone(&slot);
    let server = Hostile::start(move |seen| {
        let tsa = inside.get().unwrap();
        if seen.path() == "/crl" {
            let serial = tsa.leaf.certificate.serial_number().to_vec();
            // Reason 1, the key is compromised: all of its stamps are worthless.
            let crl = Crl::new(&[(serial, "20240101000000Z", Some(1))]);
            return Reply::ok("application/pkix-crl", crl.number(1).build(&tsa.root));
        }
        Reply::ok(REPLY, tsa.stamp(seen, |_| {}))
    });
    let crl = format!("http://{}/crl", server.host());
    let tsa = Arc::new(Authority::new(Some(&crl)));
    assert!(slot.set(Arc::clone(&tsa)).is_ok());
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    scene.emulator.clear_calls();
    let ran = sign(&scene, &server, &tsa.root, &[]);
    ran.assert_refused(
        1,
        "Error: timestamp: timestamping certificate with subject \"CN=TSA\" is revoked",
    );
    assert_eq!(writes(&scene), [""; 0]);
}

#[test]
fn what_is_wrong_with_the_flags_is_said_before_anything_is_asked() {
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    let tsa = Authority::new(None);
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(scene.sandbox.home().join(name), bytes).unwrap();
    };
    write("root.crt", tsa.root.certificate.der());
    write("leaf.crt", tsa.leaf.certificate.der());
    write("empty.crt", b"");
    let both = [tsa.root.certificate.der(), tsa.leaf.certificate.der()].concat();
    write("both.crt", &both);
    let expecting = "Expecting single x509 root certificate in PEM or DER format from the file";
    let timestamper = "Error: cannot get http timestamper for timestamping:";
    for (url, root, sentence) in [
        (
            "",
            "root.crt",
            "Error: timestamping: tsa url cannot be empty".to_owned(),
        ),
        (
            "http://x/",
            "",
            "Error: timestamping: tsa root certificate path cannot be empty".to_owned(),
        ),
        (
            "ftp://x",
            "root.crt",
            format!("{timestamper} `ftp://x` is not a URL with http or https and a host"),
        ),
        (
            "tsa",
            "root.crt",
            format!("{timestamper} `tsa` is not a URL with http or https and a host"),
        ),
        (
            "http://x/",
            "none.crt",
            "Error: the file of `--timestamp-root-cert` cannot be read: `none.crt` does not exist"
                .to_owned(),
        ),
        (
            "http://x/",
            "empty.crt",
            format!("Error: cannot find any certificate from \"empty.crt\". {expecting}"),
        ),
        (
            "http://x/",
            "both.crt",
            format!("Error: found more than one certificates from \"both.crt\". {expecting}"),
        ),
        (
            "http://x/",
            "leaf.crt",
            "Error: failed to check root certificate with error: \"leaf.crt\" is not a \
             self-signed certificate authority"
                .to_owned(),
        ),
    ] {
        scene.emulator.clear_calls();
        let ran = scene.run(&[
            "sign",
            "--timestamp-url",
            url,
            "--timestamp-root-cert",
            root,
            &scene.image,
        ]);
        ran.assert_refused(2, &sentence);
        if root == "none.crt" {
            ran.assert_says("\nhint: check the path; the file must contain the root certificate ");
        }
        assert_eq!(scene.operations(), [""; 0], "{url} {root}");
    }
    for flag in ["--timestamp-url", "--timestamp-root-cert"] {
        let ran = scene.run(&["sign", flag, "x", &scene.image]);
        ran.assert_refused(
            2,
            "Error: the following required arguments were not provided:",
        );
    }
    let arn = scene.profile.arn.clone();
    let ran = scene.run(&[
        "sign",
        "--signing-profile",
        &arn,
        "--timestamp-url",
        "http://x/",
        "--timestamp-root-cert",
        "root.crt",
        &scene.image,
    ]);
    ran.assert_refused(2, "Error: AWS Signer vouches for the time itself");
    ran.assert_says("\nhint: leave out `--timestamp-url` and `--timestamp-root-cert`\n");
}
