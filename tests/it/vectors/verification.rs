//! Rows that are about a whole verification: an envelope, a descriptor, a policy, perhaps a plugin.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use countersign::aws::{Aws, Settings};
use countersign::extended_validation::RevocationChecker;
use countersign::notary::EnvelopeFormat;
use countersign::oci::{Descriptor, sha256_digest};
use countersign::plugin_host::PluginHost;
use countersign::trust_policy::{DocumentKind, TrustPolicies};
use countersign::trust_store::TrustStores;
use countersign::verify::{AwsSignerChecks, FetchedSignature, Validators};
use countersign::{http, revocation};
use serde_json::{Value, json};
use time::macros::datetime;

use super::{Answer, Case};

/// The plugin that the envelopes name.
const PLUGIN: &str = "probe";

/// Kind `full verification`.
pub(super) fn full(case: &Case) -> Answer {
    let level = case.how.split(['(', ')']).nth(1).unwrap();
    let policy = case.read_other(&format!("generated/cfg/policy_{level}.json"));
    judge(case, &policy, &case.file("generated/cfg"), None)
}

/// Kind `timestamp verification`.
pub(super) fn timestamp(case: &Case) -> Answer {
    let policy = case
        .how
        .split("policy ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let policy = case.read_other(&format!("generated/tscfg/{policy}"));
    judge(case, &policy, &case.file("generated/tscfg"), None)
}

/// Kind `plugin verification`.
pub(super) fn plugin(case: &Case) -> Answer {
    // The one row about a name that leads out of the directory says nothing of a level.
    let level = case
        .how
        .strip_prefix("level ")
        .map_or("strict", |rest| rest.split([' ', ',']).next().unwrap());
    let override_map: Value = match case.how.split(" override ").nth(1) {
        None => json!({}),
        Some(rest) => python(rest.split("}, ").next().unwrap(), '}'),
    };
    let identities = match case.how.split("identities ").nth(1) {
        None => json!(["*"]),
        Some(rest) => python(rest.split("]; ").next().unwrap(), ']'),
    };
    let policy = json!({
        "version": "1.0",
        "trustPolicies": [ {
            "name": "p",
            "registryScopes": [ "*" ],
            "signatureVerification": { "level": level, "override": override_map },
            "trustStores": [ "ca:probe", "signingAuthority:probe" ],
            "trustedIdentities": identities,
        } ],
    });
    let plugin = case
        .how
        .split("plugin: ")
        .nth(1)
        .and_then(|text| serde_json::from_str(text).ok());
    let config = tempfile::tempdir().unwrap();
    for kind in ["ca", "signingAuthority"] {
        let store = config
            .path()
            .join("truststore/x509")
            .join(kind)
            .join("probe");
        std::fs::create_dir_all(&store).unwrap();
        std::fs::write(
            store.join("root.pem"),
            case.read_other("generated/plugin/trust/root.pem"),
        )
        .unwrap();
    }
    judge(
        case,
        policy.to_string().as_bytes(),
        config.path(),
        plugin.as_ref(),
    )
}

/// A list or map as Python prints it.
fn python(text: &str, end: char) -> Value {
    serde_json::from_str(&format!("{text}{end}").replace('\'', "\"")).unwrap()
}

fn judge(case: &Case, policy: &[u8], config: &Path, plugin: Option<&Value>) -> Answer {
    let policies = TrustPolicies::parse(DocumentKind::Oci, Path::new("p.json"), policy).unwrap();
    let statement = policies.select("registry.example/repository").unwrap();
    let plugins = tempfile::tempdir().unwrap();
    if let Some(plugin) = plugin {
        install(plugins.path(), plugin);
    }
    let pool = http::Pool::new(http::Settings::default());
    let judges = Validators {
        stores: TrustStores::new(config),
        aws_signer: RevocationChecker::new(Aws::new(pool.clone(), Settings::default()).unwrap()),
        // The certificates name no source to ask.
        revocation: revocation::Checker::new(Arc::new(revocation::Network::new(pool))),
        plugins: Some(PluginHost::new(plugins.path().to_owned())),
        plugin_config: BTreeMap::new(),
        aws_signer_checks: AwsSignerChecks::InProcess,
    };
    let is_cose = Path::new(&case.path)
        .extension()
        .is_some_and(|extension| extension == "cose");
    let envelope = case.read();
    let signature = FetchedSignature {
        manifest_digest: &sha256_digest(&envelope),
        format: if is_cose {
            EnvelopeFormat::Cose
        } else {
            EnvelopeFormat::Jws
        },
        envelope: &envelope,
    };
    let now = datetime!(2026-11-22 00:00 UTC);
    let target = descriptor(case);
    let metadata = BTreeMap::new();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(judges.judge(signature, &target, statement, &metadata, now));
    match outcome.refusal() {
        None => Answer::accept(),
        Some(failure) => Answer::reject(failure),
    }
}

fn descriptor(case: &Case) -> Descriptor {
    match case.how.split("changed: ").nth(1) {
        Some(changed) => serde_json::from_str(changed).unwrap(),
        None => serde_json::from_slice(&case.read_other("generated/cfg/descriptor.json")).unwrap(),
    }
}

/// Installs a plugin that answers what the row says.
fn install(plugins: &Path, answers: &Value) {
    let mut metadata = json!({
        "name": PLUGIN,
        "description": "d",
        "version": "1.2.3",
        "url": "https://x",
        "supportedContractVersions": [ "1.0" ],
        "capabilities": [ "SIGNATURE_VERIFIER.TRUSTED_IDENTITY" ],
    });
    if let Some(changes) = answers.get("meta").and_then(Value::as_object) {
        for (name, value) in changes {
            metadata[name] = value.clone();
        }
    }
    let metadata = match answers.get("metaraw") {
        Some(raw) => answer(plugins, "metadata", raw),
        None => answer(
            plugins,
            "metadata",
            &json!({ "stdout": metadata.to_string() }),
        ),
    };
    let verify = answer(plugins, "verify", &answers["verify"]);
    let script = format!(
        "#!/bin/sh\ncat > /dev/null\ncase \"$1\" in\nget-plugin-metadata) {metadata} ;;\nverify-signature) {verify} ;;\nesac\n"
    );
    let folder = plugins.join(PLUGIN);
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join(format!("notation-{PLUGIN}"));
    crate::support::script_plugin::write_program(&file, &script);
}

/// The shell command that gives one answer.
fn answer(folder: &Path, name: &str, answer: &Value) -> String {
    let mut command = String::new();
    for (stream, target) in [("stdout", ""), ("stderr", " >&2")] {
        if let Some(text) = answer.get(stream).and_then(Value::as_str) {
            let file = folder.join(format!("{name}.{stream}"));
            std::fs::write(&file, text).unwrap();
            command += &format!("cat '{}'{target}; ", file.display());
        }
    }
    let exit = answer.get("exit").and_then(Value::as_i64).unwrap_or(0);
    command + &format!("exit {exit}")
}
