//! Signatures whose certificates name OCSP responders and CRLs, and a stamp whose authority has a CRL.

use std::sync::{Arc, Mutex};

use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::pki::{
    Crl, Entity, Ocsp, Token, authority, custom, distribution_point, granted, oid, seq, signer,
    stamper, tlv,
};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

pub(super) const OCSP_URL: &str = "http://ocsp.test/";
pub(super) const CRL_URL: &str = "http://crl.test/leaf.crl";
pub(super) const TSA_CRL_URL: &str = "http://tsa.test/tsa.crl";

/// The signer's and the authority's certificates.
pub(super) struct Pki {
    pub(super) root: Entity,
    pub(super) leaf: Entity,
    pub(super) tsa_root: Entity,
    tsa: Entity,
}

/// What the servers answer now; nothing is 404.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) ocsp: Option<Vec<u8>>,
    pub(super) crl: Option<Vec<u8>>,
    pub(super) tsa_crl: Option<Vec<u8>>,
}

/// A scene with an image that was signed with the leaf's key and stamped, and the servers, which are
/// the proxy for everything but this machine.
pub(super) struct Signed {
    pub(super) scene: Scene,
    pub(super) pki: Arc<Pki>,
    pub(super) answers: Arc<Mutex<Answers>>,
    pub(super) server: Hostile,
}

impl Pki {
    fn new() -> Self {
        let ocsp = seq(&[&seq(&[
            &oid("1.3.6.1.5.5.7.48.1"),
            &tlv(0x86, OCSP_URL.as_bytes()),
        ])]);
        let crl_at = |url| custom(&[2, 5, 29, 31], false, &distribution_point(&[url]));
        let root = Entity::root(authority("root"));
        let mut params = signer("leaf");
        let ocsp = custom(&[1, 3, 6, 1, 5, 5, 7, 1, 1], false, &ocsp);
        params.custom_extensions.extend([ocsp, crl_at(CRL_URL)]);
        let leaf = root.issue(params);
        let tsa_root = Entity::root(authority("TSA root"));
        let mut params = stamper("TSA");
        params.custom_extensions.push(crl_at(TSA_CRL_URL));
        let tsa = tsa_root.issue(params);
        Self {
            root,
            leaf,
            tsa_root,
            tsa,
        }
    }

    pub(super) fn ocsp(&self, ocsp: &Ocsp) -> Vec<u8> {
        ocsp.build(&self.leaf.certificate, &self.root, &self.root)
    }

    /// A CRL of the signer's root that lists the leaf or not.
    pub(super) fn crl(&self, is_revoked: bool) -> Vec<u8> {
        let serial = self.leaf.certificate.serial_number().to_vec();
        let revoked = [(serial, "20240601000000Z", None)];
        Crl::new(if is_revoked { &revoked } else { &[] }).build(&self.root)
    }

    pub(super) fn tsa_crl(&self, is_revoked: bool) -> Vec<u8> {
        let serial = self.tsa.certificate.serial_number().to_vec();
        let revoked = [(serial, "20240101000000Z", None)];
        Crl::new(if is_revoked { &revoked } else { &[] }).build(&self.tsa_root)
    }

    fn stamp(&self, request: &Seen) -> Vec<u8> {
        let mut token = Token::new(b"", &[&self.tsa]);
        let end = request.body.len() - 3;
        token.nonce = Some(request.body[end - 20..end].to_vec());
        token.hash = request.body[end - 54..end - 22].to_vec();
        granted(&token.build(&self.tsa))
    }
}

pub(super) fn signed() -> Signed {
    let pki = Arc::new(Pki::new());
    let answers = Arc::new(Mutex::new(Answers {
        ocsp: Some(pki.ocsp(&Ocsp::good())),
        crl: Some(pki.crl(false)),
        tsa_crl: Some(pki.tsa_crl(false)),
    }));
    let (known, current) = (Arc::clone(&pki), Arc::clone(&answers));
    let server = Hostile::start(move |seen: &Seen| {
        let answers = current.lock().unwrap();
        let body = match (seen.host.as_str(), seen.method.as_str()) {
            (_, "POST") => {
                return Reply::status(200)
                    .header("Content-Type", "application/timestamp-reply")
                    .body(known.stamp(seen));
            }
            ("crl.test", _) => answers.crl.clone(),
            ("tsa.test", _) => answers.tsa_crl.clone(),
            _ => answers.ocsp.clone(),
        };
        body.map_or_else(|| Reply::status(404), |body| Reply::status(200).body(body))
    });
    let scene = Scene::new()
        .with_variable("HTTP_PROXY", format!("http://{}", server.host()))
        .with_variable("NO_PROXY", "localhost,127.0.0.1");
    let home = scene.sandbox.home();
    let pem = |der: &[u8]| pem(der);
    let chain = [
        pem(pki.leaf.certificate.der()),
        pem(pki.root.certificate.der()),
    ]
    .concat();
    std::fs::write(home.join("leaf.key"), pki.leaf.key_pem()).unwrap();
    std::fs::write(home.join("leaf.crt"), chain).unwrap();
    std::fs::write(home.join("tsa.crt"), pki.tsa_root.certificate.der()).unwrap();
    let add = [
        "key",
        "add",
        "--default",
        "--key-file",
        "leaf.key",
        "--certificates",
        "leaf.crt",
    ];
    let ran = scene.run(&[&add[..], &["leaf"]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let url = format!("http://{}/stamp", server.host());
    let ran = scene.run(&[
        "sign",
        "--timestamp-url",
        &url,
        "--timestamp-root-cert",
        "tsa.crt",
        &scene.image,
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    // What was kept while signing must not help afterwards.
    let _ = std::fs::remove_dir_all(home.join(".cache"));
    let signed = Signed {
        scene,
        pki,
        answers,
        server,
    };
    signed.trust(&signed.scene.sandbox);
    signed
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<String> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

impl Signed {
    /// Has `sandbox` trust the signer and the authority, for every repository.
    pub(super) fn trust(&self, sandbox: &crate::support::sandbox::Sandbox) {
        let policy = r#"{ "version": "1.0", "trustPolicies": [ {
            "name": "images", "registryScopes": [ "*" ],
            "signatureVerification": { "level": "strict" },
            "trustStores": [ "ca:local", "tsa:local" ],
            "trustedIdentities": [ "*" ]
        } ] }"#;
        sandbox.write_config("trustpolicy.oci.json", policy);
        let root = self.pki.root.certificate.der();
        sandbox.write_config("truststore/x509/ca/local/root.crt", root);
        let root = self.pki.tsa_root.certificate.der();
        sandbox.write_config("truststore/x509/tsa/local/root.crt", root);
    }

    pub(super) fn verify(&self, more: &[&str]) -> Ran {
        let arguments = [&["verify"], more, &[&self.scene.image]].concat();
        self.scene.run(&arguments)
    }

    /// The hosts that were asked since the last time.
    pub(super) fn asked(&self, before: usize) -> Vec<String> {
        let seen = self.server.seen();
        let mut hosts: Vec<String> = seen[before..].iter().map(|one| one.host.clone()).collect();
        hosts.sort();
        hosts
    }
}

#[test]
fn every_fact_says_where_it_came_from() {
    let signed = signed();
    for from in ["network", "cache"] {
        let before = signed.server.seen().len();
        let ran = signed.verify(&["-o", "json"]);
        let leaf = &super::facts(&ran, "revocation")[0];
        assert_eq!(
            (leaf["about"].as_str(), leaf["status"].as_str()),
            (Some("CN=leaf"), Some("good"))
        );
        assert_eq!(
            (&leaf["source"], &leaf["url"]),
            (&"ocsp".into(), &OCSP_URL.into())
        );
        assert_eq!(leaf["from"], from);
        assert_eq!(leaf["asOf"], "2024-01-01T00:00:00Z");
        assert_eq!(leaf["until"], "2100-01-01T00:00:00Z");
        assert_eq!(leaf["file"].is_string(), from == "cache");
        let root = &super::facts(&ran, "revocation")[1];
        assert_eq!(root["status"], "not-revokable");
        let tsa = &super::facts(&ran, "authenticTimestamp")[0];
        assert_eq!(
            (&tsa["about"], &tsa["source"]),
            (&"CN=TSA".into(), &"crl".into())
        );
        assert_eq!(
            (&tsa["url"], &tsa["from"]),
            (&TSA_CRL_URL.into(), &from.into())
        );
        let asked: &[&str] = if from == "network" {
            &["ocsp.test", "tsa.test"]
        } else {
            &[]
        };
        assert_eq!(signed.asked(before), asked);
    }
    let ran = signed.verify(&["--verbose"]);
    ran.assert_says(
        "    not revoked: `CN=leaf`, by OCSP of `http://ocsp.test/`, as of Mon, 01 Jan 2024",
    );
    ran.assert_says(", until Fri, 01 Jan 2100 00:00:00 +0000, kept in `");
    ran.assert_says("    not revokable: `CN=TSA root`");
}

#[test]
fn unknown_is_said_with_the_reasons() {
    let signed = signed();
    *signed.answers.lock().unwrap() = Answers {
        tsa_crl: Some(signed.pki.tsa_crl(false)),
        ..Answers::default()
    };
    let ran = signed.verify(&["-o", "json"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let leaf = &super::facts(&ran, "revocation")[0];
    assert_eq!(
        *leaf,
        serde_json::json!({ "about": "CN=leaf", "status": "unknown" })
    );
    let ran = signed.verify(&[]);
    ran.assert_says("OCSP at `http://ocsp.test/`: ");
    ran.assert_says("answered with status 404");
}

#[test]
fn a_cache_that_cannot_be_used_is_said() {
    let signed = signed();
    let cache = signed.scene.sandbox.home().join(".cache/notation");
    std::fs::create_dir_all(&cache).unwrap();
    // A file where a directory would be.
    std::fs::write(cache.join("crl"), "").unwrap();
    let ran = signed.verify(&[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stderr
            .starts_with("Warning: the revocation cache cannot be used: "),
        "{ran:#?}"
    );
    assert_eq!(ran.stderr.matches("Warning: ").count(), 1, "{ran:#?}");
}

#[test]
fn a_cache_that_cannot_be_used_is_said_when_stamping_too() {
    let signed = signed();
    let cache = signed.scene.sandbox.home().join(".cache");
    let _ = std::fs::remove_dir_all(&cache);
    std::fs::write(&cache, "").unwrap();
    let url = format!("http://{}/stamp", signed.server.host());
    let stamp = ["--timestamp-url", &url, "--timestamp-root-cert", "tsa.crt"];
    let image = [signed.scene.image.as_str()];
    let ran = signed.scene.run(&[&["sign"], &stamp[..], &image].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("Warning: the revocation cache cannot be used: ");
}

#[test]
fn an_authority_of_unknown_standing_is_said_with_the_reasons_when_stamping() {
    let signed = signed();
    signed.answers.lock().unwrap().tsa_crl = None;
    let url = format!("http://{}/stamp", signed.server.host());
    let stamp = ["--timestamp-url", &url, "--timestamp-root-cert", "tsa.crt"];
    let image = [signed.scene.image.as_str()];
    let ran = signed.scene.run(&[&["sign"], &stamp[..], &image].concat());
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(
        "timestamping certificate with subject \"CN=TSA\" revocation status is unknown",
    );
    ran.assert_says(
        "caused by: CRL at `http://tsa.test/tsa.crl`: no answer: `http://tsa.test/tsa.crl` answered \
         with status 404",
    );
    ran.assert_says("hint: the addresses above must be reachable from here, over plain HTTP");
}
