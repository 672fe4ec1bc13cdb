//! `sign` with keys in files.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use time::macros::datetime;

use super::fixtures::{Fixtures, Signers};
use super::{Difference, Replay, Text, recorded};
use crate::support::envelopes::Signer;
use crate::support::sandbox::Sandbox;

const NOT_SET: &str = "an empty value is a variable that is not set, and never a default";
const OWN_WORDS: &str = "the file is named, and what was found";
const KEY: &str = "our own words for what is wrong with a key";
const NO_ANSWER: &str = "our own words for what kept a request from an answer";
const CHAIN: Text = Text::Begins("Error: certificate-chain is invalid, ");
const RESOLVING: Text = Text::Begins("Error: failed to get manifest descriptor: ");

const fn refused(cases: &'static [&'static str], stderr: Text, why: &'static str) -> Difference {
    Difference {
        cases,
        exit: Some(1),
        stdout: Text::Nothing,
        stderr,
        why,
    }
}

const DIFFERENCES: &[Difference] = &[
    refused(
        &["empty key name", "empty id", "empty plugin"],
        Text::Begins("Error: a value is required for '--"),
        NOT_SET,
    ),
    refused(&["registry that answers with HTML"], RESOLVING, NO_ANSWER),
    refused(
        &["unknown format in config.json"],
        Text::Contains("`<config>/notation/config.json`"),
        OWN_WORDS,
    ),
    refused(
        &["malformed Docker config"],
        Text::Begins(
            "Error: failed to get manifest descriptor: HEAD \"http://<registry:auth>/v2/sign/manifests/",
        ),
        OWN_WORDS,
    ),
    refused(
        &["user metadata with the same key twice"],
        Text::Begins("Error: could not parse flag user-metadata: the key `a` is given twice"),
        "two meanings of one command line",
    ),
    Difference {
        cases: &["old referrers index cannot be deleted"],
        exit: None,
        stdout: Text::Contains(
            "\nPushed the signature to <registry:nodelete>/sign@<digest:signature>\n",
        ),
        stderr: Text::Same,
        why: "the signature is there, and has a digest",
    },
    refused(
        &["user name without password"],
        Text::Begins("Error: a "),
        "said before anybody is asked",
    ),
    refused(
        &["extra arguments are ignored"],
        Text::Begins("Error: \"extra\": invalid reference: missing registry or repository."),
        "every reference is signed, and parsed before",
    ),
    Difference {
        cases: &["debug output"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("time="),
        why: "the log has other lines, without headers, which hold tokens",
    },
    refused(
        &["certificate that is a leaf without its chain"],
        CHAIN,
        "what is wrong is a cause of its own",
    ),
    refused(&["key of another certificate"], CHAIN, KEY),
    refused(
        &["key with id but no plugin name"],
        Text::Begins("Error: unsupported key, "),
        "no plugin is looked for without a name",
    ),
    refused(
        &["key with plugin name but no id"],
        Text::Begins("Error: key `a` has no id"),
        NOT_SET,
    ),
];

/// The key files of the recordings.
pub(super) fn write_keys(replay: &Replay<'_>) {
    let signers = Signers::new();
    let past = Signer::rsa_between(
        "past",
        datetime!(2024-01-01 00:00 UTC),
        datetime!(2025-01-01 00:00 UTC),
    );
    let future = Signer::rsa_between(
        "future",
        datetime!(2100-01-01 00:00 UTC),
        datetime!(2101-01-01 00:00 UTC),
    );
    let chain = signers.chain.chain_pem();
    let leaf = chain
        .split_inclusive("-----END CERTIFICATE-----\n")
        .next()
        .unwrap();
    for (name, key, certificates) in [
        (
            "signer",
            signers.signer.key_pem(),
            signers.signer.root_pem(),
        ),
        ("signer-ec", signers.ec.key_pem(), signers.ec.root_pem()),
        ("chain", signers.chain.key_pem(), &chain),
        ("nochain", signers.chain.key_pem(), leaf),
        ("past", past.key_pem(), past.root_pem()),
        ("future", future.key_pem(), future.root_pem()),
    ] {
        replay
            .sandbox
            .write_config(&format!("localkeys/{name}.key"), key);
        replay
            .sandbox
            .write_config(&format!("localkeys/{name}.crt"), certificates);
    }
}

/// `signingkeys.json` with keys in files, each by its name and those of its files.
pub(super) fn write_list(config: &Path, default: Option<&str>, keys: &[(&str, &str, &str)]) {
    let folder = config.join("localkeys");
    let path = |name: &str| match name {
        "" => String::new(),
        name => folder.join(name).to_str().unwrap().to_owned(),
    };
    let keys: Vec<Value> = keys
        .iter()
        .map(|(name, key, certificate)| {
            json!({"name": name, "keyPath": path(key), "certPath": path(certificate)})
        })
        .collect();
    let mut list = json!({ "keys": keys });
    if let Some(default) = default {
        list["default"] = json!(default);
    }
    fs::write(config.join("signingkeys.json"), list.to_string()).unwrap();
}

/// Puts there what a case says of files, and what it does not say.
fn arrange(replay: &Replay<'_>, name: &str, preconditions: &[String]) {
    let config = replay.sandbox.config();
    let docker = replay.sandbox.home().join(".docker/config.json");
    let write_docker = |text: &str| {
        fs::create_dir_all(docker.parent().unwrap()).unwrap();
        fs::write(&docker, text).unwrap();
    };
    let listed = ["signer", "signer-ec", "chain", "past", "future", "nochain"]
        .map(|name| (name, format!("{name}.key"), format!("{name}.crt")));
    let listed = listed
        .each_ref()
        .map(|(name, key, certificate)| (*name, key.as_str(), certificate.as_str()));
    let x = match name {
        "key file is missing" => Some(("none.key", "signer.crt")),
        "certificate file is missing" => Some(("signer.key", "none.crt")),
        "key of another certificate" => Some(("signer.key", "past.crt")),
        "key file is a certificate" => Some(("signer.crt", "signer.crt")),
        "certificate file is a key" => Some(("signer.key", "signer.key")),
        "key path is empty" => Some(("", "signer.crt")),
        "certificate path is empty" => Some(("signer.key", "")),
        _ => None,
    };
    // A link that another case left is not written through.
    let _ = fs::remove_file(config.join("signingkeys.json"));
    if let Some((key, certificate)) = x {
        write_list(&config, None, &[("x", key, certificate)]);
    } else {
        write_list(&config, Some("signer"), &listed);
    }
    let list = config.join("signingkeys.json");
    let _ = fs::remove_file(config.join("config.json"));
    let _ = fs::remove_file(&docker);
    if name == "signingkeys.json is a symbolic link" {
        fs::rename(&list, config.join("elsewhere.json")).unwrap();
        std::os::unix::fs::symlink("elsewhere.json", &list).unwrap();
    } else {
        let _ = fs::remove_file(config.join("elsewhere.json"));
    }
    let registry = &replay.names.known["<registry>"];
    if name.starts_with("format from config.json") || name == "format flag beats config.json" {
        let text = json!({"insecureRegistries": [registry]}).to_string();
        replay.sandbox.write_config("config.json", text);
    }
    for precondition in preconditions {
        if let Some(format) = precondition.strip_prefix("config.json has signatureFormat ") {
            let text = json!({"insecureRegistries": [registry], "signatureFormat": format});
            replay.sandbox.write_config("config.json", text.to_string());
        } else if precondition.starts_with("config.json has insecureRegistries") {
            let text = json!({"insecureRegistries": [registry]}).to_string();
            replay.sandbox.write_config("config.json", text);
        } else if let Some(text) = precondition.strip_prefix("config.json holds ") {
            replay.sandbox.write_config("config.json", text);
        } else if let Some(text) = precondition.strip_prefix("signingkeys.json holds ") {
            fs::write(&list, if text == "nothing" { "" } else { text }).unwrap();
        } else if precondition == "signingkeys.json does not exist" {
            fs::remove_file(&list).unwrap();
        } else if precondition == "<home>/.docker/config.json has auths for the registry" {
            let auth = &replay.names.known["<registry:auth>"];
            let text = json!({"auths": {auth: {"auth": "dGVzdHVzZXI6dGVzdHBhc3M="}}});
            write_docker(&text.to_string());
        } else if precondition == "<home>/.docker/config.json holds {bad" {
            write_docker("{bad");
        }
    }
}

#[test]
fn signing_is_answered_as_notation_does() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    write_keys(&replay);
    replay
        .names
        .known
        .insert("<http>", "127.0.0.1:1".to_owned());
    for case in recorded("sign") {
        let cannot_be_made = [
            "certificate that has an RSA key of 1024 bits",
            "certificate that has EKU serverAuth only",
            // The registry there does not let the index be deleted; ours does.
            "force referrers tag again",
        ];
        if cannot_be_made.contains(&case.name.as_str()) {
            replay.skip(&case);
            continue;
        }
        arrange(&replay, &case.name, &case.preconditions);
        replay.run(&case);
    }
    replay.finish("sign");
}
