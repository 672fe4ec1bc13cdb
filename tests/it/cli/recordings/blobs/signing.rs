//! `blob sign`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use rcgen::{CertificateParams, DnType};
use serde_json::{Value, json};
use time::macros::datetime;

use super::super::super::sign::plugin::{ENVELOPE, RAW, install_as};
use super::super::case::Case;
use super::super::{Difference, Text, recorded};
use super::{Home, replay};
use crate::support::local_keys;
use crate::support::sandbox::Sandbox;

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["again, stdin empty"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Contains(": the question was not answered"),
        why: "what was asked for was not done",
    },
    Difference {
        cases: &["again, answer no"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Same,
        why: "what was asked for was not done",
    },
    Difference {
        cases: &["force without an existing file"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Nothing,
        why: "nothing was there",
    },
    Difference {
        cases: &["signature path is a directory"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: failed to write signature to file: `file2.txt.jws.sig` is a directory",
        ),
        why: "our own words for what is in the way",
    },
    Difference {
        cases: &["signature path is a symbolic link"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to write signature to file: `file2.txt.jws.sig` is a symbolic link",
        ),
        why: "nothing is written through a link",
    },
    Difference {
        cases: &["two files, the second is ignored"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unexpected argument "),
        why: "an argument that would be ignored is refused",
    },
    Difference {
        cases: &["user metadata twice the same"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: could not parse flag user-metadata: the key `a` is given twice",
        ),
        why: "two meanings of one command line",
    },
    Difference {
        cases: &["flags empty plugin and id"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: a value is required for '--plugin <NAME>'"),
        why: "an empty value is a variable that is not set",
    },
    Difference {
        cases: &["RAW plugin, TAMPER_SIGNATURE"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: generated signature failed verification"),
        why: "our own words for what libraries say",
    },
    Difference {
        cases: &["RAW plugin, TAMPER_SIGNATURE_ALGORITHM"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to sign with the plugin e2e-plugin: signingAlgorithm in the answer of plugin \
             `e2e-plugin` is `junk`",
        ),
        why: "the specification wants it checked",
    },
    Difference {
        cases: &["malformed config.json"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: "),
        why: "a configuration that cannot be read is not ignored",
    },
];

/// The subject that the recordings have for `name`.
fn params(name: &str) -> CertificateParams {
    let mut params = local_keys::params(name);
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in [
        (DnType::CountryName, "US"),
        (DnType::StateOrProvinceName, "WA"),
        (DnType::LocalityName, "Seattle"),
        (DnType::OrganizationName, "Notary"),
        (DnType::CommonName, name),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params
}

/// The keys `signer`, which is the default, `signer-ec` and `past`.
fn configure_keys(sandbox: &Sandbox) {
    let mut past = params("past");
    past.not_after = datetime!(2021-01-01 00:00 UTC);
    let keys = [
        ("signer", "rsa-2048", params("signer")),
        ("signer-ec", "ec-256", params("signer-ec")),
        ("past", "rsa-2048", past),
    ]
    .map(|(name, key, params)| {
        let certificate = sandbox.write_config(
            &format!("localkeys/{name}.crt"),
            local_keys::certificate_of(key, &params),
        );
        json!({ "name": name, "keyPath": local_keys::path(key), "certPath": certificate })
    });
    let list = json!({ "default": "signer", "keys": keys });
    sandbox.write_config("signingkeys.json", list.to_string());
}

/// What a case begins with and its command does not show.
fn arrange(case: &Case, sandbox: &Sandbox) {
    let home = sandbox.home();
    let signature = home.join("file2.txt.jws.sig");
    match case.name.as_str() {
        "default" => configure_keys(sandbox),
        "signature directory" => fs::create_dir(home.join("sigs")).unwrap(),
        "signature path is a directory" => fs::create_dir(signature).unwrap(),
        "signature path is a symbolic link" => {
            fs::remove_dir(&signature).unwrap();
            fs::write(home.join("elsewhere"), "").unwrap();
            symlink("elsewhere", signature).unwrap();
        }
        _ => {}
    }
    for precondition in &case.preconditions {
        if let Some(format) = precondition.strip_prefix("config.json has signatureFormat ") {
            let config = json!({ "signatureFormat": format });
            sandbox.write_config("config.json", config.to_string());
        } else if let Some(text) = precondition.strip_prefix("config.json holds ") {
            sandbox.write_config("config.json", text);
        }
    }
    // What earlier cases left was taken away before the others.
    if !case.name.starts_with("again") {
        for format in ["jws", "cose"] {
            let _ = fs::remove_file(home.join(format!("file.txt.{format}.sig")));
        }
        for (line, _) in &case.changes {
            if let Some((path, _)) = written(line) {
                let _ = fs::remove_file(home.join(path));
            }
        }
    }
}

/// The recordings' plugin: its configuration says what it can do, and what it does wrongly.
fn answer(command: &str, request: &Value, answer: &mut Value) {
    let config = &request["pluginConfig"];
    match command {
        "get-plugin-metadata" => {
            let is_set = |name: &&str| config[*name] == "true";
            let mut can = vec!["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"];
            can.extend([RAW, ENVELOPE].into_iter().filter(is_set));
            answer["capabilities"] = json!(can);
        }
        "describe-key" if request["keyId"] != "signer-id" => {
            *answer = json!({
                "errorCode": "VALIDATION_ERROR",
                "errorMessage": "keyPath or certPath did't find for keyId: nope",
            });
        }
        "generate-signature" => {
            for (name, member, junk) in [
                ("TAMPER_KEY_ID", "keyId", json!("other")),
                ("TAMPER_SIGNATURE", "signature", json!("anVuaw==")),
                (
                    "TAMPER_SIGNATURE_ALGORITHM",
                    "signingAlgorithm",
                    json!("junk"),
                ),
                (
                    "TAMPER_CERTIFICATE_CHAIN",
                    "certificateChain",
                    json!(["anVuaw=="]),
                ),
            ] {
                if config.get(name).is_some() {
                    answer[member] = junk;
                }
            }
        }
        _ => {}
    }
}

/// Path below the working directory, and mode.
fn written(line: &str) -> Option<(&str, u32)> {
    let rest = line.strip_prefix("wrote: <cwd>/")?;
    let (path, rest) = rest.split_once(' ')?;
    let mode = rest.split(' ').next()?;
    Some((path, u32::from_str_radix(mode, 8).unwrap()))
}

fn assert_written(case: &Case, home: &Path) {
    for (path, mode) in case.changes.iter().filter_map(|(line, _)| written(line)) {
        let metadata = home.join(path).symlink_metadata();
        let metadata = metadata.unwrap_or_else(|error| panic!("{}: {path}: {error}", case.name));
        assert!(metadata.is_file(), "{}: {path}", case.name);
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{}", case.name);
    }
}

/// Cases whose authority is not here; `cli::blob::timestamping` and the interoperability run have others.
fn needs_more(case: &Case) -> bool {
    ["timestamp", "timestamp with the wrong root"].contains(&case.name.as_str())
}

#[test]
fn files_are_signed_as_notation_does() {
    let home = Home::new();
    let sandbox = Sandbox::new();
    for (name, content) in [
        ("file.txt", "hello\n"),
        ("file2.txt", "2\n"),
        ("empty", ""),
        ("noread", "x"),
    ] {
        fs::write(sandbox.home().join(name), content).unwrap();
    }
    fs::write(
        sandbox.home().join("tsa.crt"),
        local_keys::certificate("ec-256"),
    )
    .unwrap();
    install_as(&sandbox, "e2e-plugin", answer);
    let mut replay = replay(sandbox, &home, DIFFERENCES, &[("<http>", "127.0.0.1:1")]);
    for mut case in recorded("blob-sign") {
        // A terminal stands for stdin here; `cli::blob::pipes` has the pipe.
        if needs_more(&case) || case.name == "standard input" {
            replay.skip(&case);
            continue;
        }
        arrange(&case, &replay.sandbox);
        // The blank before the second line is a slip.
        case.stdout = case.stdout.replace("\n Signature file", "\nSignature file");
        // A pipe, not a terminal.
        if case.name == "dash" {
            case.stdin = None;
        }
        replay.run(&case);
        if super::super::listed(DIFFERENCES, &case).is_none() {
            assert_written(&case, replay.sandbox.home());
        }
    }
    replay.finish("blob-sign");
}
