//! `verify` of signers whose certificates name an OCSP responder or a CRL.

use std::fs;
use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::fixtures::{File, Fixtures, JWS, RECORDER, payload};
use super::{Difference, Replay, Text, recorded};
use crate::support::envelopes::{self, Envelope, Signer};
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::layout;
use crate::support::pki::{Crl, Entity, Ocsp, custom, distribution_point, oid, seq, tlv};
use crate::support::sandbox::Sandbox;

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["strict, ocsp-good", "strict, ocsp-revoked"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Same,
        why: "answers of OCSP are kept too, as long as they say",
    },
    Difference {
        cases: &["strict, crl-expired"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Same,
        why: "a list that does not count is not kept",
    },
    Difference {
        cases: &["cached CRL is junk"],
        exit: None,
        stdout: Text::Contains(
            "Successfully verified signature for <registry>/crl-good@<digest:image>\n",
        ),
        stderr: Text::Contains("` is not a cached CRL: "),
        why: "what is wrong with the cache is said",
    },
    Difference {
        cases: &["CRL is cached by an unprivileged user"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Same,
        why: "the list is in the cache already, where it was not taken out",
    },
    Difference {
        cases: &["cache directory cannot be written"],
        exit: None,
        stdout: Text::Contains(
            "Successfully verified signature for <registry>/crl-good@<digest:image>\n",
        ),
        stderr: Text::Begins("Warning: the revocation cache cannot be used: could not write "),
        why: "what is wrong with the cache is said",
    },
    Difference {
        cases: &["cache directory is a file"],
        exit: None,
        stdout: Text::Contains(
            "Successfully verified signature for <registry>/crl-good@<digest:image>\n",
        ),
        stderr: Text::Begins("Warning: the revocation cache cannot be used: "),
        why: "what is wrong with the cache is said, once",
    },
];

/// The repositories, each signed by a signer of its name, which says what its sources answer.
const NAMES: [&str; 13] = [
    "ocsp-good",
    "ocsp-revoked",
    "ocsp-unknown",
    "ocsp-garbage",
    "ocsp-missing",
    "crl-good",
    "crl-revoked",
    "crl-expired",
    "crl-garbage",
    "crl-missing",
    "crl-unknown",
    "ocsp-missing-crl-good",
    "ocsp-missing-crl-revoked",
];

/// An issuer and the certificates that it issued.
struct Issuer {
    root: Entity,
    leaves: Vec<(&'static str, Entity)>,
}

impl Issuer {
    /// Every certificate names the sources that its signer's name says, at `host`.
    fn new(host: &str) -> Self {
        let root = Entity::root(envelopes::authority("root"));
        let leaves = NAMES.map(|name| {
            let mut params = envelopes::leaf(name);
            let more = &mut params.custom_extensions;
            if name.starts_with("ocsp") {
                let url = format!("http://{host}/ocsp/{name}");
                let access = seq(&[&seq(&[
                    &oid("1.3.6.1.5.5.7.48.1"),
                    &tlv(0x86, url.as_bytes()),
                ])]);
                more.push(custom(&[1, 3, 6, 1, 5, 5, 7, 1, 1], false, &access));
            }
            if name.contains("crl") {
                // Where OCSP is missing, the list is that of the signer who has no other source.
                let list = match name {
                    "ocsp-missing-crl-good" => "crl-good",
                    name => name,
                };
                let url = format!("http://{host}/crl/{list}");
                more.push(custom(&[2, 5, 29, 31], false, &distribution_point(&[&url])));
            }
            (name, root.issue(params))
        });
        Self {
            root,
            leaves: leaves.into(),
        }
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let path = seen.path();
        let mut parts = path.trim_start_matches('/').splitn(3, '/');
        let (kind, name) = (parts.next().unwrap(), parts.next().unwrap());
        let (_, leaf) = self
            .leaves
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap();
        let state = name.rsplit('-').next().unwrap();
        if kind == "ocsp" {
            let mut answer = match state {
                "revoked" if name == "ocsp-revoked" => Ocsp::revoked("20240601000000Z", 1),
                _ => Ocsp::good(),
            };
            return match name {
                "ocsp-garbage" => Reply::ok("application/ocsp-response", "garbage"),
                name if name.starts_with("ocsp-missing") => Reply::status(404),
                name => {
                    if name == "ocsp-unknown" {
                        answer.status = tlv(0x82, &[]);
                    }
                    let body = answer.build(&leaf.certificate, &self.root, &self.root);
                    Reply::ok("application/ocsp-response", body)
                }
            };
        }
        let serial = leaf.certificate.serial_number().to_vec();
        let mut crl = match state {
            "revoked" => Crl::new(&[(serial, "20240601000000Z", Some(1))]),
            _ => Crl::new(&[]),
        };
        match state {
            "garbage" => return Reply::ok("application/pkix-crl", "garbage"),
            "missing" => return Reply::status(404),
            "unknown" => return Reply::status(500),
            "expired" => "20240201000000Z".clone_into(&mut crl.next_update),
            _ => {}
        }
        Reply::ok("application/pkix-crl", crl.number(1).build(&self.root))
    }
}

fn repositories(issuer: &Issuer) -> Vec<(&'static str, Vec<File>)> {
    let signed = |(name, leaf): &(&'static str, Entity)| {
        let signer = Signer::of(leaf, &issuer.root);
        let envelope = Envelope::new(&payload(&layout::image("v1"), &json!({})), RECORDER);
        (*name, vec![(JWS, envelope.jws(&signer))])
    };
    issuer.leaves.iter().map(signed).collect()
}

#[test]
fn revocation_is_answered_as_notation_does() {
    let issuer = Arc::new(OnceLock::<Issuer>::new());
    let asked = Arc::clone(&issuer);
    let server = Hostile::start(move |seen| asked.get().unwrap().answer(seen));
    let issuer = issuer.get_or_init(|| Issuer::new(&server.address().to_string()));
    let fixtures = Fixtures::start_with(|_| repositories(issuer));
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    replay.caches = true;
    let root = crate::support::pki::pem(issuer.root.certificate.der());
    replay
        .sandbox
        .write_config("truststore/x509/ca/test/root.crt", root);
    let cache = replay.sandbox.home().join(".cache/notation");
    for case in recorded("verify-revocation") {
        match case.name.as_str() {
            "cached CRL is junk" => {
                for entry in fs::read_dir(cache.join("crl")).unwrap() {
                    fs::write(entry.unwrap().path(), "junk").unwrap();
                }
            }
            "cache directory is a file" => {
                fs::remove_dir_all(&cache).unwrap();
                fs::write(&cache, "").unwrap();
            }
            _ => {}
        }
        replay.run(&case);
    }
    replay.finish("verify-revocation");
}
