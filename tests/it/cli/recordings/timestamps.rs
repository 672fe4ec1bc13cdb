//! `verify` of signatures with timestamps.

use serde_json::{Value, json};

use countersign::notary::attribute::TIMESTAMP_SIGNATURE;

use super::fixtures::{File, Fixtures, JWS, NOTATION, RECORDER, Signers, TimeAuthority, payload};
use super::signing::{write_keys, write_list};
use super::verifying::refused;
use super::{Difference, Replay, Text, recorded};
use crate::cli::sign::timestamping::REPLY;
use crate::support::envelopes::{self, Envelope, Signer};
use crate::support::hostile::{Hostile, Reply};
use crate::support::layout;
use crate::support::pki::{
    self, Crl, Entity, Token, custom, distribution_point, granted, time_stamping,
};
use crate::support::sandbox::Sandbox;

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &[
            "permissive, ts-empty, tsa:one, verifyTimestamp unset",
            "permissive, ts-empty, tsa:one, verifyTimestamp always",
            "audit, ts-empty, tsa:one, verifyTimestamp unset",
            "audit, ts-empty, tsa:one, verifyTimestamp always",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Warning: authenticTimestamp was set to \"log\" and failed with error: failed to parse timestamp \
             countersignature with error: ",
        ),
        why: "what is meant to be a timestamp is judged, not dropped",
    },
    refused(
        &["only a tsa store, *", "tsa store without ca store"],
        Text::Contains("every trust store is of type `tsa`, so no signature can pass authenticity"),
        "what has no effect is warned about",
    ),
    refused(
        &["tsa store holds a leaf", "tsa store holds the chain"],
        Text::Contains(" is not a root CA certificate"),
        "the sentence says what a store of this type may hold",
    ),
    refused(
        &["skip"],
        Text::Contains("cannot use the wildcard registry scope '*'"),
        "nothing would be verified anywhere",
    ),
];

/// When the signatures were stamped: the certificate of `expiring` was valid then.
const STAMPED: &str = "20260601120000Z";

fn envelope(agent: &'static str) -> Envelope {
    Envelope::new(&payload(&layout::image("v1"), &json!({})), agent)
}

fn stamped(authority: &TimeAuthority) -> Envelope {
    let mut envelope = envelope(NOTATION);
    let authority = authority.clone();
    envelope.stamp = Some(Box::new(move |signature| {
        authority.stamp_of(signature, |token| STAMPED.clone_into(&mut token.time))
    }));
    envelope
}

/// A signature of `signer` with this in place of a timestamp.
fn with_attribute(signer: &Signer, value: Value) -> Vec<File> {
    let mut parts: Value = serde_json::from_slice(&envelope(RECORDER).jws(signer)).unwrap();
    parts["header"][TIMESTAMP_SIGNATURE] = value;
    vec![(JWS, parts.to_string().into_bytes())]
}

fn repositories(
    signers: &Signers,
    one: &TimeAuthority,
    two: &TimeAuthority,
) -> Vec<(&'static str, Vec<File>)> {
    let jws = |envelope: Envelope, signer: &Signer| vec![(JWS, envelope.jws(signer))];
    let Signers {
        signer, expiring, ..
    } = signers;
    let mut junk = envelope(RECORDER);
    junk.stamp = Some(Box::new(|_| b"junk".to_vec()));
    let mut foreign = envelope(RECORDER);
    let authority = one.clone();
    foreign.stamp = Some(Box::new(move |_| {
        authority.stamp_of(b"another signature", |token| {
            STAMPED.clone_into(&mut token.time);
        })
    }));
    vec![
        ("ts-ok", jws(stamped(one), signer)),
        (
            "ts-cose",
            vec![("application/cose", stamped(one).cose(signer))],
        ),
        ("ts-two", jws(stamped(two), signer)),
        ("ts-expiring", jws(stamped(one), expiring)),
        ("ts-expiring-two", jws(stamped(two), expiring)),
        ("ts-none", jws(envelope(NOTATION), expiring)),
        ("ts-junk", jws(junk, expiring)),
        ("ts-empty", with_attribute(expiring, json!(""))),
        ("ts-nonstr", with_attribute(expiring, json!(5))),
        ("ts-foreign", jws(foreign, expiring)),
        ("ts-revoked", vec![]),
    ]
}

/// An authority whose certificate is on the list at its own server.
fn revoked() -> (Hostile, Vec<u8>) {
    let root = Entity::root(envelopes::authority("tsaroot"));
    let root_der = root.certificate.der().to_vec();
    let leaf = std::sync::OnceLock::<Entity>::new();
    let server = Hostile::start(move |seen| {
        let leaf = leaf.get_or_init(|| {
            let mut params = envelopes::params("tsarev");
            params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
            let url = format!("http://{}/crl/tsa", seen.header("host").unwrap());
            params.custom_extensions.push(time_stamping());
            let list = distribution_point(&[&url]);
            params
                .custom_extensions
                .push(custom(&[2, 5, 29, 31], false, &list));
            root.issue(params)
        });
        match seen.path() {
            "/tsa/revoked" => {
                let mut token = Token::new(b"", &[leaf]);
                let end = seen.body.len() - 3;
                token.nonce = Some(seen.body[end - 20..end].to_vec());
                token.hash = seen.body[end - 54..end - 22].to_vec();
                Reply::ok(REPLY, granted(&token.build(leaf)))
            }
            "/crl/tsa" => {
                let serial = leaf.certificate.serial_number().to_vec();
                let list = Crl::new(&[(serial, "20240601000000Z", Some(1))]).number(1);
                Reply::ok("application/pkix-crl", list.build(&root))
            }
            _ => Reply::status(404),
        }
    });
    (server, root_der)
}

#[test]
fn timestamps_are_verified_as_notation_does() {
    let [one, two] = [TimeAuthority::new(), TimeAuthority::new()];
    let fixtures = Fixtures::start_with(|signers| repositories(signers, &one, &two));
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    write_keys(&replay);
    let config = replay.sandbox.config();
    let signer = [("signer", "signer.key", "signer.crt")];
    write_list(&config, Some("signer"), &signer);
    let (server, revoked_root) = revoked();
    replay
        .names
        .known
        .insert("<http>", server.address().to_string());
    let home = replay.sandbox.home().to_owned();
    std::fs::write(home.join("tsa2.crt"), pki::pem(&revoked_root)).unwrap();
    let leaf = pki::pem(one.leaf());
    let chain = leaf.clone() + &pki::pem(one.root());
    let signers = &fixtures.signers;
    for (file, content) in [
        ("ca/test/signer.crt", signers.signer.root_pem().to_owned()),
        (
            "ca/test/expiring.crt",
            signers.expiring.root_pem().to_owned(),
        ),
        ("tsa/one/tsa.crt", pki::pem(one.root())),
        ("tsa/two/tsa.crt", pki::pem(two.root())),
        ("tsa/junk/a.crt", "junk".to_owned()),
        ("tsa/leaf/tsa-leaf.crt", leaf),
        ("tsa/chain/tsa-chain.crt", chain),
    ] {
        replay
            .sandbox
            .write_config(&format!("truststore/x509/{file}"), content);
    }
    std::fs::create_dir(config.join("truststore/x509/tsa/empty")).unwrap();
    for case in recorded("verify-timestamp") {
        replay.run(&case);
    }
    replay.finish("verify-timestamp");
}
