//! `sign --timestamp-url`.

use std::fs;

use super::fixtures::Fixtures;
use super::signing::{write_keys, write_list};
use super::verifying::refused;
use super::{Difference, Replay, Text, recorded};
use crate::cli::sign::timestamping::{Authority, REPLY};
use crate::support::hostile::{Hostile, Reply};
use crate::support::pki::{self, Entity};
use crate::support::sandbox::Sandbox;

/// An answer of status 2, `rejection` (RFC 3161, section 2.4.2).
const REJECTED: [u8; 7] = [0x30, 5, 0x30, 3, 2, 1, 2];

/// What ours says is another sentence, and its causes say what theirs does.
const OWN_WORDS: &str = "our own words for what is wrong with an authority or its answer";

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["TSA answers 201"],
        exit: Some(0),
        stdout: Text::Begins("Successfully signed <registry>/sign-ts@<digest:image>\n"),
        stderr: Text::Nothing,
        why: "sigstore's authority answers so, and its stamps are good",
    },
    refused(
        &["TSA answers garbage"],
        Text::Begins("Error: timestamp: no usable timestamp from `http://<"),
        OWN_WORDS,
    ),
];

/// Each authority at its own path.
fn authorities(one: Authority, two: Authority) -> Hostile {
    Hostile::start(move |seen| {
        let granted = |authority: &Authority| Reply::ok(REPLY, authority.stamp(seen, |_| {}));
        match seen.path() {
            "/tsa/one" => granted(&one),
            "/tsa/two" => granted(&two),
            "/tsa/500" => Reply::status(500),
            "/tsa/html" => Reply::ok("text/html", "<html></html>"),
            "/tsa/garbage" => Reply::ok(REPLY, "garbage"),
            "/tsa/rejected" => Reply::ok(REPLY, REJECTED),
            "/api/v1/timestamp" => Reply::status(201)
                .header("Content-Type", REPLY)
                .body(one.stamp(seen, |_| {})),
            _ => Reply::status(404),
        }
    })
}

#[test]
fn stamps_are_asked_for_as_notation_does() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    write_keys(&replay);
    let config = replay.sandbox.config();
    write_list(
        &config,
        Some("signer"),
        &[("signer", "signer.key", "signer.crt")],
    );

    let [one, two] = [Authority::new(None), Authority::new(None)];
    let pem = |entity: &Entity| pki::pem(entity.certificate.der());
    let leaf = one.root.issue(pki::stamper("leaf"));
    let own = Entity::root(pki::signer("self"));
    let home = replay.sandbox.home().to_owned();
    for (name, content) in [
        ("tsa.crt", pem(&one.root)),
        ("tsa2.crt", pem(&two.root)),
        ("root.crt", fixtures.signers.chain.root_pem().to_owned()),
        ("empty.crt", String::new()),
        ("junk.crt", "junk".to_owned()),
        ("key.crt", fixtures.signers.signer.key_pem().to_owned()),
        ("tsa-chain.crt", pem(&leaf) + &pem(&one.root)),
        ("tsa-leaf.crt", pem(&leaf)),
        ("selfsigned.crt", pem(&own)),
    ] {
        fs::write(home.join(name), content).unwrap();
    }
    fs::create_dir(home.join("dir.crt")).unwrap();
    let server = authorities(one, two);
    replay.names.known.insert("<http>", server.host());
    replay.names.known.insert("<tsa>", server.host());
    for case in recorded("sign-timestamp") {
        // Its certificate names a CRL of that server; `cli::sign::timestamping` has such an authority.
        if case.name == "certificate of the TSA is revoked" {
            replay.skip(&case);
        } else {
            replay.run(&case);
        }
    }
    replay.finish("sign-timestamp");
}
