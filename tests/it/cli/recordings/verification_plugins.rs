//! `verify` of signatures that ask for a plugin.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use time::macros::datetime;

use super::fixtures::{File, Fixtures, Signers, jws_with};
use super::verifying::refused;
use super::{Difference, Replay, Text, recorded};
use crate::support::sandbox::Sandbox;
use crate::support::script_plugin;

const FAILED: Text =
    Text::Begins("Error: signature verification failed for all the signatures associated with ");

const DIFFERENCES: &[Difference] = &[
    refused(
        &[
            "result of an unasked capability*",
            "revocation skipped, plugin has it",
            "revocation skipped, plugin says no",
        ],
        FAILED,
        "a plugin that answers what was not asked does not know what it does",
    ),
    refused(
        &["minimum version without a plugin*"],
        FAILED,
        "a critical attribute that nobody processed",
    ),
    refused(
        &["skip does not call the plugin"],
        Text::Contains("cannot use the wildcard registry scope '*'"),
        "nothing would be verified anywhere",
    ),
];

const IDENTITY: &str = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY";
const REVOCATION: &str = "SIGNATURE_VERIFIER.REVOCATION_CHECK";
const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
const MIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";

fn repositories(signers: &Signers) -> Vec<(&'static str, Vec<File>)> {
    let with = |extended: Vec<(&'static str, Value, bool)>| {
        jws_with(signers, |envelope| envelope.extended = extended)
    };
    let named = |name: Value| (PLUGIN, name, true);
    let p = || named(json!("p"));
    let expired = jws_with(signers, |envelope| {
        envelope.extended = vec![p()];
        envelope.expiry = Some(datetime!(2026-06-02 12:00 UTC));
    });
    vec![
        ("vp-plain", with(vec![p()])),
        (
            "vp-min",
            with(vec![p(), (MIN_VERSION, json!("1.5.0"), true)]),
        ),
        (
            "vp-badmin",
            with(vec![p(), (MIN_VERSION, json!("one"), true)]),
        ),
        (
            "vp-attr",
            with(vec![p(), ("com.example.critical", json!("yes"), true)]),
        ),
        ("vp-nonstr", with(vec![named(json!(5))])),
        ("vp-empty", with(vec![named(json!(""))])),
        ("vp-blank", with(vec![named(json!(" "))])),
        ("vp-path", with(vec![named(json!("../p"))])),
        (
            "vp-minonly",
            with(vec![(MIN_VERSION, json!("1.5.0"), true)]),
        ),
        ("vp-noncrit", with(vec![(PLUGIN, json!("p"), false)])),
        ("vp-expired", expired),
        ("vp-e2e", with(vec![named(json!("e2e-plugin"))])),
    ]
}

/// The plugin of a case; nothing for one that has that of the case before, or none.
struct Plugin {
    metadata: Value,
    answer: Value,
}

impl Plugin {
    fn new(capabilities: &[&str], results: &[(&str, bool)]) -> Self {
        let results: serde_json::Map<String, Value> = results
            .iter()
            .map(|(name, success)| {
                let reason = if *success { "" } else { "the reason" };
                (
                    (*name).to_owned(),
                    json!({ "success": success, "reason": reason }),
                )
            })
            .collect();
        Self {
            metadata: json!({
                "name": "p", "description": "d", "version": "1.0.0", "url": "u",
                "supportedContractVersions": ["1.0"], "capabilities": capabilities,
            }),
            answer: json!({ "verificationResults": results, "processedAttributes": [] }),
        }
    }

    fn line(&self) -> String {
        let verify = format!("echo '{}'", self.answer);
        self.line_with(&verify)
    }

    fn line_with(&self, verify: &str) -> String {
        format!(
            "if [ \"$1\" = get-plugin-metadata ]; then echo '{}'; else {verify}; fi",
            self.metadata
        )
    }
}

/// The program of the plugin `p` in a case, by the name that all its levels have.
fn line(case: &str) -> Option<String> {
    let both = [IDENTITY, REVOCATION];
    let results = |identity: bool, revocation: bool| {
        Plugin::new(&both, &[(IDENTITY, identity), (REVOCATION, revocation)])
    };
    let good = || results(true, true);
    let failing = "echo '{\"errorCode\":\"ERROR\",\"errorMessage\":\"the reason\"}' >&2; exit 1";
    let with = |field: &str, value: &str| {
        let mut plugin = good();
        plugin.metadata[field] = json!(value);
        plugin.line()
    };
    let processing = |identity: bool, attributes: &[&str]| {
        let mut plugin = results(identity, true);
        plugin.answer["processedAttributes"] = json!(attributes);
        plugin.line()
    };
    Some(match case {
        "identity fails" => results(false, true).line(),
        "revocation fails" | "revocation skipped, plugin says no" => results(true, false).line(),
        "both fail" => results(false, false).line(),
        "failure without a reason" => {
            let mut plugin = results(false, true);
            plugin.answer["verificationResults"][IDENTITY] = json!({ "success": false });
            plugin.line()
        }
        "identity only, succeeds" => Plugin::new(&[IDENTITY], &[(IDENTITY, true)]).line(),
        "revocation only, succeeds" => Plugin::new(&[REVOCATION], &[(REVOCATION, true)]).line(),
        "identity only, fails" => Plugin::new(&[IDENTITY], &[(IDENTITY, false)]).line(),
        "result lacks a capability" => Plugin::new(&both, &[(IDENTITY, true)]).line(),
        "no results" => Plugin::new(&both, &[]).line(),
        "result of an unasked capability" => {
            Plugin::new(&[IDENTITY], &[(IDENTITY, true), (REVOCATION, false)]).line()
        }
        "no verification capability" => Plugin::new(&["SIGNATURE_GENERATOR.RAW"], &[]).line(),
        "verify-signature answers garbage" => good().line_with("echo garbage"),
        "verify-signature fails" => good().line_with(failing),
        "verify-signature fails with plain text" => good().line_with("echo boom >&2; exit 1"),
        "get-plugin-metadata fails" => failing.to_owned(),
        "plugin has another name" => with("name", "q"),
        "version too low" => with("version", "1.0.0"),
        "version equal" => with("version", "1.5.0"),
        "version higher" => with("version", "1.10.0"),
        "version with a prerelease" => with("version", "1.5.0-rc.1"),
        "version of the plugin is no semver"
        | "version of the plugin is no semver, minimum asked" => with("version", "one"),
        "both succeed"
        | "signature expired"
        | "plugin is not executable"
        | "minimum version is no semver"
        | "untrusted identity, plugin says yes" => good().line(),
        "attribute processed" => processing(true, &["com.example.critical"]),
        "attribute not processed" => processing(true, &[]),
        "attribute processed but identity fails" => processing(false, &["com.example.critical"]),
        "revocation skipped, plugin checks revocation only" => {
            Plugin::new(&[REVOCATION], &[(REVOCATION, false)]).line()
        }
        _ => return None,
    })
}

/// The plugin that is told by its settings what to answer.
fn configured(command: &str, request: &Value) -> Value {
    if command == "get-plugin-metadata" {
        let mut metadata = Plugin::new(&[IDENTITY, REVOCATION], &[]).metadata;
        metadata["name"] = json!("e2e-plugin");
        return metadata;
    }
    let is_good = |name: &str| request["pluginConfig"][name] != "failed";
    let results = [IDENTITY, REVOCATION].map(|name| (name, is_good(name)));
    let mut answer = Plugin::new(&[], &results).answer;
    let asked = request["trustPolicy"]["signatureVerification"]
        .as_array()
        .unwrap();
    let given = answer["verificationResults"].as_object_mut().unwrap();
    for (name, reason) in [
        (IDENTITY, "trusted identity check failed"),
        (REVOCATION, "revocation check failed"),
    ] {
        given[name]["reason"] = json!(reason);
    }
    given.retain(|name, _| asked.iter().any(|capability| capability == name));
    answer
}

#[test]
fn plugins_verify_as_they_do_for_notation() {
    let fixtures = Fixtures::start_with(repositories);
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    replay.sandbox.write_config(
        "truststore/x509/ca/test/signer.crt",
        fixtures.signers.signer.root_pem(),
    );
    script_plugin::install(&replay.sandbox, "e2e-plugin", |command, request| {
        Ok(configured(command, request))
    });
    for case in recorded("verify-plugin") {
        let name = [", strict", ", permissive", ", audit"]
            .iter()
            .find_map(|level| case.name.strip_suffix(level))
            .unwrap_or(&case.name);
        if let Some(line) = line(name) {
            let program = script_plugin::install_line(&replay.sandbox, "p", &line);
            if name == "plugin is not executable" {
                fs::set_permissions(program, fs::Permissions::from_mode(0o644)).unwrap();
            }
        }
        replay.run(&case);
    }
    replay.finish("verify-plugin");
}
