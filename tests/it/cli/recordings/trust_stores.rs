//! `verify` with trust stores of every kind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::fixtures::{Fixtures, Signers};
use super::verifying::refused;
use super::{Difference, Replay, Text, recorded};
use crate::support::sandbox::Sandbox;

/// What we say in addition where authenticity is logged: the sources for revocation are named by a signature that
/// is not trusted.
const REVOCATION: &str = "Warning: revocation was set to \"log\" and failed with error: revocation was not checked, \
                          because the signature is not authentic\n";

const DIFFERENCES: &[Difference] = &[
    refused(
        &[
            "directory beside the certificate",
            "directory beside the certificate, permissive",
            "certificate is a symbolic link",
            "certificate is a symbolic link, permissive",
            "store is a symbolic link",
            "store is a symbolic link, permissive",
            "store is a file",
            "store is a file, permissive",
        ],
        Text::Contains("symlinks are not supported)."),
        "without the remains of a format",
    ),
    refused(
        &["store name is dots*"],
        Text::Begins(
            "Error: oci trust policy: trust policy statement \"p\" uses an unsupported trust store name \"..\"",
        ),
        "a name leads to no other directory",
    ),
];

/// The stores of a case, by the name that all its levels have.
fn arrange(stores: &Path, case: &str, signers: &Signers) {
    let pem = signers.signer.root_pem();
    let chain = signers.chain.chain_pem();
    let end = "-----END CERTIFICATE-----\n";
    let mut of_chain = chain.split_inclusive(end);
    let (leaf, middle) = (of_chain.next().unwrap(), of_chain.next().unwrap());
    let other = signers.other.root_pem();
    let expired = signers.expiring.root_pem();
    let key = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
    let write = |path: &str, content: &[u8]| {
        let file = stores.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    };
    let signer = || write("ca/test/signer.crt", pem.as_bytes());
    match case {
        "store does not exist" => fs::create_dir_all(stores.join("ca")).unwrap(),
        "store is empty" => fs::create_dir_all(stores.join("ca/test")).unwrap(),
        "store holds another certificate" => write("ca/test/other.crt", other.as_bytes()),
        "certificate is in another store" => write("ca/other/signer.crt", pem.as_bytes()),
        "certificate is in another type of store" => {
            write("signingAuthority/test/signer.crt", pem.as_bytes());
        }
        "certificate is DER" => {
            let parsed = countersign::x509::parse_certificates(pem.as_bytes()).unwrap();
            write("ca/test/signer.der", parsed[0].der());
        }
        "certificate has another file name" => write("ca/test/x", pem.as_bytes()),
        "file holds two certificates" => {
            write("ca/test/two.crt", format!("{other}{pem}").as_bytes());
        }
        "text before the certificate" => write("ca/test/a.crt", format!("x\n{pem}").as_bytes()),
        "text after the certificate" => write("ca/test/a.crt", format!("{pem}x\n").as_bytes()),
        "file is empty" => write("ca/test/a.crt", b""),
        "file is junk" => write("ca/test/a.crt", b"junk"),
        "file is a private key" => write("ca/test/a.crt", key.as_bytes()),
        "file holds a certificate and a key" => {
            write("ca/test/a.crt", format!("{pem}{key}").as_bytes());
        }
        "junk beside the certificate" => {
            signer();
            write("ca/test/junk", b"junk");
        }
        "hidden junk beside the certificate" => {
            signer();
            write("ca/test/.hidden", b"junk");
        }
        "certificate is no root" => write("ca/test/leaf.crt", leaf.as_bytes()),
        "a certificate that is no root beside the right one" => {
            signer();
            write("ca/test/leaf.crt", leaf.as_bytes());
        }
        "an expired certificate beside the right one" => {
            signer();
            write("ca/test/expired.crt", expired.as_bytes());
        }
        "certificate is an intermediate" => write("ca/test/middle.crt", middle.as_bytes()),
        "directory beside the certificate" => {
            signer();
            fs::create_dir(stores.join("ca/test/sub")).unwrap();
        }
        "certificate is a symbolic link" => {
            write("elsewhere.crt", pem.as_bytes());
            fs::create_dir_all(stores.join("ca/test")).unwrap();
            symlink("../../elsewhere.crt", stores.join("ca/test/c.crt")).unwrap();
        }
        "store is a symbolic link" => {
            write("ca/real/signer.crt", pem.as_bytes());
            symlink("real", stores.join("ca/test")).unwrap();
        }
        "store is a file" => write("ca/test", pem.as_bytes()),
        "first of two stores does not exist" => write("ca/a/signer.crt", pem.as_bytes()),
        "second of two stores is empty" => {
            write("ca/a/signer.crt", pem.as_bytes());
            fs::create_dir_all(stores.join("ca/b")).unwrap();
        }
        "store type of another kind" => {
            signer();
            write("signingAuthority/test/signer.crt", pem.as_bytes());
        }
        "no trust store at all" => {}
        _ => signer(),
    }
}

#[test]
fn trust_stores_are_met_as_notation_meets_them() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    let stores = replay.sandbox.config().join("truststore/x509");
    for mut case in recorded("verify-truststore") {
        let _ = fs::remove_dir_all(&stores);
        let name = case
            .name
            .trim_end_matches(", permissive")
            .trim_end_matches(", audit");
        arrange(&stores, name, &fixtures.signers);
        if case.stderr.starts_with("Warning: authenticity was set to ") {
            case.stderr.push_str(REVOCATION);
        }
        replay.run(&case);
    }
    replay.finish("verify-truststore");
}
