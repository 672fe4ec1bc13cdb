//! `cert add`, `list`, `show` and `delete`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use time::macros::datetime;

use super::fixtures::Signers;
use super::placeholders::Placeholders;
use super::{Difference, Replay, Text, recorded};
use crate::support::envelopes::Signer;
use crate::support::pki::{self, Entity};
use crate::support::sandbox::Sandbox;

const LEADS_OUT: &str = "a name leads to no other directory";
const USABLE: &str = "what is added must be usable by verification";
const SAID: &str = "what spoils a store is said, and hides nothing else";
const OWN_WORDS: &str = "our own words for what is wrong with a file";
const CA: Text =
    Text::Begins("Error: Failed to add following certificates to named store more of type ca:\n");
const TSA: Text =
    Text::Begins("Error: Failed to add following certificates to named store more of type tsa:\n");
const NAME: Text = Text::Begins("Error: named store name needs to follow [a-zA-Z0-9_.-]+ format");

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["add where the directory cannot be written"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Contains("the trust store cannot be changed: could not make the directory "),
        why: OWN_WORDS,
    },
    Difference {
        cases: &["add leaf.crt", "add chain.crt"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: CA,
        why: USABLE,
    },
    Difference {
        cases: &[
            "add leaf.crt to tsa",
            "add self.crt to tsa",
            "add chain.crt to tsa",
            "add expired.crt to tsa",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: TSA,
        why: USABLE,
    },
    Difference {
        cases: &[
            "add self.crt",
            "add expired.crt",
            "add root.der",
            "add before.crt",
            "add after.crt",
            "add two words.crt",
            "add crlf.crt",
            "add link.crt",
            "add root.crt to tsa",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Warning: `"),
        why: "the store has what should not have been added, and is still unusable",
    },
    Difference {
        cases: &[
            "add with the store ..",
            "add with the store .",
            "delete all with the store ..",
            "delete all of the store ..",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: NAME,
        why: LEADS_OUT,
    },
    Difference {
        cases: &[
            "list all",
            "list of a type",
            "list with a directory in a store",
        ],
        exit: None,
        stdout: Text::Without("x509 "),
        stderr: Text::Begins("Warning: `"),
        why: SAID,
    },
    Difference {
        cases: &["list of type tsa", "list alias", "list through certificate"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Warning: `chain.crt` in the trust store `tsa:more` holds "),
        why: SAID,
    },
    Difference {
        cases: &["list with junk in a store"],
        exit: Some(0),
        stdout: Text::Contains("ca                 test         junk.txt        \n"),
        stderr: Text::Contains(
            "Warning: `junk.txt` in the trust store `ca:test` cannot be read as certificates\n",
        ),
        why: SAID,
    },
    Difference {
        cases: &["list a store with junk"],
        exit: Some(0),
        stdout: Text::Contains("ca           test         junk.txt      \n"),
        stderr: Text::Begins(
            "Warning: `junk.txt` in the trust store `ca:test` cannot be read as certificates",
        ),
        why: SAID,
    },
    Difference {
        cases: &["list a type with junk"],
        exit: Some(0),
        stdout: Text::Contains("ca           test         junk.txt        \n"),
        stderr: Text::Contains(
            "Warning: `junk.txt` in the trust store `ca:test` cannot be read as certificates",
        ),
        why: SAID,
    },
    Difference {
        cases: &["list a named store with junk"],
        exit: Some(0),
        stdout: Text::Contains("ca                 test         junk.txt      \n"),
        stderr: Text::Begins(
            "Warning: `junk.txt` in the trust store `ca:test` cannot be read as certificates",
        ),
        why: SAID,
    },
    Difference {
        cases: &["list with a link in a store"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Warning: `link.crt` in the trust store `ca:test` is not a regular file",
        ),
        why: SAID,
    },
    Difference {
        cases: &[
            "list of an unknown type",
            "list of an unknown type and a store",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unsupported store type: x"),
        why: "what is misspelt is not empty",
    },
    Difference {
        cases: &["list of an empty type"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: store type cannot be empty"),
        why: "an empty value is a variable that is not set",
    },
    Difference {
        cases: &["list with an extra argument", "delete two files"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unexpected argument "),
        why: "an argument that would be ignored is refused",
    },
    Difference {
        cases: &["show by a path", "show by a path out of the store"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Contains(" is not the name of a file in a trust store"),
        why: LEADS_OUT,
    },
    Difference {
        cases: &["show a link"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Contains("/ca/test/link.crt` is a symbolic link"),
        why: "verification refuses the link too",
    },
    Difference {
        cases: &["delete, stdin empty", "delete all, stdin empty"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Contains(": the question was not answered"),
        why: "what was asked for was not done",
    },
    Difference {
        cases: &["delete, answer no", "delete all, answer no"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Same,
        why: "what was asked for was not done",
    },
    Difference {
        cases: &["delete by a path out of the store"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to delete the certificate file: `../../../../victim.txt` is not the name of a file in a \
             trust store",
        ),
        why: LEADS_OUT,
    },
];

/// The files of the working directory.
fn write_files(home: &Path) {
    let signers = Signers::new();
    let past = Signer::rsa_between(
        "past",
        datetime!(2024-01-01 00:00 UTC),
        datetime!(2025-01-01 00:00 UTC),
    );
    let mut params = pki::authority("");
    params.distinguished_name = rcgen::DistinguishedName::new();
    let subject = &mut params.distinguished_name;
    subject.push(rcgen::DnType::OrganizationName, "local");
    subject.push(rcgen::DnType::CommonName, "Test TSA Root");
    let stamps = Entity::root(params);

    let root = signers.chain.root_pem();
    let own = signers.signer.root_pem();
    let chain = signers.chain.chain_pem();
    let end = "-----END CERTIFICATE-----\n";
    let leaf = chain.split_inclusive(end).next().unwrap();
    let other = |label: &str| format!("-----BEGIN {label}-----\nAA==\n-----END {label}-----\n");
    for (name, content) in [
        ("root.crt", root.to_owned()),
        ("two words.crt", root.to_owned()),
        ("crlf.crt", root.replace('\n', "\r\n")),
        ("before.crt", format!("text\n{root}")),
        ("after.crt", format!("{root}text\n")),
        ("leaf.crt", leaf.to_owned()),
        ("self.crt", own.to_owned()),
        ("chain.crt", chain.clone()),
        ("expired.crt", past.root_pem().to_owned()),
        ("tsa.crt", pki::pem(stamps.certificate.der())),
        ("mixed.pem", own.to_owned() + &other("PRIVATE KEY")),
        ("key.pem", other("PRIVATE KEY")),
        ("csr.pem", other("CERTIFICATE REQUEST")),
        ("junk.crt", "junk".to_owned()),
        ("empty.crt", String::new()),
        ("truncated.crt", root[..root.len() / 2].to_owned()),
    ] {
        fs::write(home.join(name), content).unwrap();
    }
    let parsed = countersign::x509::parse_certificates(root.as_bytes()).unwrap();
    fs::write(home.join("root.der"), parsed[0].der()).unwrap();
    fs::create_dir(home.join("dir")).unwrap();
    symlink("root.crt", home.join("link.crt")).unwrap();
}

/// Puts there what the recordings do not say.
fn arrange(case: &str, store: &Path) {
    let [junk, folder, link] = ["junk.txt", "dir", "link.crt"].map(|name| store.join(name));
    match case {
        "show junk" => fs::write(junk, "junk").unwrap(),
        "list with a directory in a store" => {
            fs::remove_file(junk).unwrap();
            fs::create_dir(folder).unwrap();
        }
        "list with a link in a store" => {
            fs::remove_dir(folder).unwrap();
            symlink("root.crt", link).unwrap();
        }
        "delete, stdin empty" => fs::remove_file(link).unwrap(),
        _ => {}
    }
}

#[test]
fn certificates_are_managed_as_notation_does() {
    let mut replay = Replay::new(Sandbox::new(), &Placeholders::default(), DIFFERENCES);
    write_files(replay.sandbox.home());
    let config = replay.sandbox.config();
    for case in recorded("cert") {
        if case.is_fresh {
            fs::remove_dir_all(&config).unwrap();
            replay.sandbox.write_config("victim.txt", "x");
            for store in ["ca/test/root.crt", "tsa/x/tsa.crt"] {
                let pem = fs::read(replay.sandbox.home().join("root.crt")).unwrap();
                replay
                    .sandbox
                    .write_config(&format!("truststore/x509/{store}"), pem);
            }
        }
        arrange(&case.name, &config.join("truststore/x509/ca/test"));
        replay.run(&case);
    }
    replay.finish("cert");
}
