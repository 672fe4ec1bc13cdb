//! Which signers must have signed, and under which statement.

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{Gate, signer};
use crate::cli::sign::local_key::add;
use crate::cli::sign::timestamping::{Authority, REPLY};
use crate::support::hostile::{Hostile, Reply};
use crate::support::scene::Scene;

/// The image's verdict in one word, with the exit code.
fn word(gate: &Gate) -> (i32, String) {
    let (code, result) = gate.verdict(&gate.scene.image);
    (code, result["verdict"].as_str().unwrap().to_owned())
}

fn is(code: i32, word: &str) -> (i32, String) {
    (code, word.to_owned())
}

/// The codes of why each signature does not count for the signer of this number.
fn codes(result: &Value, signer: usize) -> Vec<String> {
    let lacks = &result["images"][0]["signers"][signer]["notMetBy"];
    let lacks = lacks.as_array().unwrap().iter();
    lacks
        .map(|one| one["reason"]["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn two_of_three_signers_are_enough_and_one_is_not() {
    let gate = Gate::new();
    let profiles = ["release", "security", "audit"].map(|name| gate.profile(name));
    let signers: Vec<Value> = profiles
        .iter()
        .map(|arn| signer(&arn[arn.len() - 5..], arn))
        .collect();
    gate.write_rule(&json!({ "require": { "atLeast": 2, "of": signers } }));
    gate.sign(&profiles[2], &[]);
    assert_eq!(word(&gate), is(1, "rejected"));
    // A second signature by the same profile is not a second signer.
    gate.sign(&profiles[2], &[]);
    assert_eq!(word(&gate), is(1, "rejected"));
    gate.sign(&profiles[0], &[]);
    assert_eq!(word(&gate), is(0, "verified"));
    gate.write_rule(&json!({ "require": { "all": signers } }));
    assert_eq!(word(&gate), is(1, "rejected"));
    gate.write_rule(&json!({ "require": { "any": signers } }));
    assert_eq!(word(&gate), is(0, "verified"));
}

#[test]
fn metadata_counts_from_one_signature_and_is_named_where_it_lacks() {
    let gate = Gate::new();
    let release = gate.profile("release");
    let mut ci = signer("ci", &release);
    ci["userMetadata"] = json!({ "commit": true, "env": "prod" });
    gate.write_rule(&json!({ "require": { "all": [ci] } }));
    gate.sign(&release, &["-m", "commit=1"]);
    let second = gate.sign(&release, &["-m", "env=prod"]);
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!((code, result["verdict"].as_str()), (1, Some("rejected")));
    assert_eq!(codes(&result, 0), ["user-metadata", "user-metadata"]);
    let ran = gate.check_image();
    ran.assert_says(&format!(
        "signature {second}: user metadata `commit`: no value was signed, wanted any value\n"
    ));
    ran.assert_says("user metadata `env`: no value was signed, wanted `prod`\n");
    gate.sign(&release, &["-m", "env=prod", "-m", "commit=2"]);
    assert_eq!(word(&gate), is(0, "verified"));
}

#[test]
fn an_old_signature_does_not_count() {
    let gate = Gate::new();
    let mut ci = signer("ci", &gate.profile("release"));
    ci["maxAge"] = json!("24h");
    gate.write_rule(&json!({ "require": { "all": [ci] } }));
    gate.scene.sign_at(-time::Duration::hours(25));
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!((code, result["verdict"].as_str()), (1, Some("rejected")));
    assert_eq!(codes(&result, 0), ["too-old"]);
    gate.check_image().assert_says(", wanted at most 24h ago\n");
    gate.scene.sign_at(-time::Duration::hours(23));
    assert_eq!(word(&gate), is(0, "verified"));
}

/// Two keys in files, each trusted by a store of its own.
fn keys(gate: &Gate) {
    let scene = &gate.scene;
    for key in ["ec-256", "ec-384"] {
        add(scene, key, &[]);
        let file = scene.sandbox.config().join(format!("localkeys/{key}.crt"));
        let certificate = std::fs::read(file).unwrap();
        let store = format!("truststore/x509/ca/{key}/root.crt");
        scene.sandbox.write_config(&store, certificate);
    }
}

/// The same, and a trust policy with one statement for them.
fn with_keys(gate: &Gate, scopes: &Value, level: &Value, identities: &Value) {
    keys(gate);
    write_trust_policy(gate, scopes, level, identities);
}

fn write_trust_policy(gate: &Gate, scopes: &Value, level: &Value, identities: &Value) {
    let policy = json!({ "version": "1.0", "trustPolicies": [ {
        "name": "keys", "registryScopes": scopes, "signatureVerification": level,
        "trustStores": ["ca:ec-256", "ca:ec-384"], "trustedIdentities": identities,
    } ] });
    let file = "trustpolicy.oci.json";
    gate.scene.sandbox.write_config(file, policy.to_string());
}

const NOTARY: &str = "x509.subject: C=US, ST=WA, O=Notary";

fn by_identity(name: &str, identity: &str) -> Value {
    json!({ "name": name, "statement": "keys", "identity": identity })
}

fn sign_by_key(scene: &Scene, key: &str) {
    let ran = scene.run(&["sign", "-k", key, &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn an_identity_of_a_statement_signs_and_two_keys_of_it_are_one_role() {
    let gate = Gate::new();
    let strict = json!({ "level": "strict" });
    with_keys(
        &gate,
        &json!([gate.scene.repository]),
        &strict,
        &json!([NOTARY]),
    );
    let release = gate.profile("release");
    let signers = [by_identity("key", NOTARY), signer("release", &release)];
    gate.write_rule(&json!({ "require": { "all": signers } }));
    sign_by_key(&gate.scene, "ec-256");
    sign_by_key(&gate.scene, "ec-384");
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!((code, result["verdict"].as_str()), (1, Some("rejected")));
    assert_eq!(result["images"][0]["found"], 1);
    // A signing profile is judged beside, by AWS's roots and not by the statement.
    gate.sign(&release, &[]);
    assert_eq!(word(&gate), is(0, "verified"));
}

#[test]
fn a_narrower_subject_and_a_wider_one_are_filled_by_two_keys() {
    let gate = Gate::new();
    let strict = json!({ "level": "strict" });
    with_keys(
        &gate,
        &json!([gate.scene.repository]),
        &strict,
        &json!([NOTARY]),
    );
    let narrow = format!("{NOTARY}, CN=ec-256");
    let signers = [by_identity("wide", NOTARY), by_identity("narrow", &narrow)];
    let [wide_first, narrow_first] = [[0, 1], [1, 0]].map(|order| {
        let signers = order.map(|at: usize| signers[at].clone());
        json!({ "require": { "all": signers } })
    });
    gate.write_rule(&wide_first);
    // Fits both, and is one signer.
    sign_by_key(&gate.scene, "ec-256");
    sign_by_key(&gate.scene, "ec-256");
    assert_eq!(word(&gate), is(1, "rejected"));
    // Fits the wider one alone.
    sign_by_key(&gate.scene, "ec-384");
    assert_eq!(word(&gate), is(0, "verified"));
    gate.write_rule(&narrow_first);
    assert_eq!(word(&gate), is(0, "verified"));
}

#[test]
fn the_statement_must_apply_and_not_through_everything() {
    let gate = Gate::new();
    let strict = json!({ "level": "strict" });
    with_keys(&gate, &json!(["*"]), &strict, &json!([NOTARY]));
    sign_by_key(&gate.scene, "ec-256");
    let require = json!({ "all": [by_identity("key", NOTARY)] });
    gate.write_rule(&json!({ "require": require }));
    let ran = gate.check_image();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("    the statement `keys` applies only through `*`\n    hint: add the repository to the statement's `registryScopes`; or set `wildcardStatement` to `accept` in the rule of the gate policy\n");
    gate.write_rule(&json!({ "require": require, "wildcardStatement": "accept" }));
    assert_eq!(word(&gate), is(0, "verified"));

    write_trust_policy(
        &gate,
        &json!(["other.example/app"]),
        &strict,
        &json!([NOTARY]),
    );
    let ran = gate.check_image();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("    no statement of the trust policy applies\n");
}

#[test]
fn another_statement_that_applies_does_not_stand_in() {
    let gate = Gate::new();
    let strict = json!({ "level": "strict" });
    with_keys(
        &gate,
        &json!(["other.example/app"]),
        &strict,
        &json!([NOTARY]),
    );
    let file = gate.scene.sandbox.config().join("trustpolicy.oci.json");
    let mut policy: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let mut lax = policy["trustPolicies"][0].clone();
    lax["name"] = json!("lax");
    lax["registryScopes"] = json!([gate.scene.repository]);
    policy["trustPolicies"].as_array_mut().unwrap().push(lax);
    std::fs::write(&file, policy.to_string()).unwrap();
    sign_by_key(&gate.scene, "ec-256");
    gate.write_rule(&json!({ "require": { "all": [by_identity("key", NOTARY)] } }));
    let ran = gate.check_image();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("    the statement `lax` applies, wanted `keys`\n");
}

#[test]
fn what_a_policy_only_logs_or_skips_is_never_enough() {
    let gate = Gate::new();
    let scopes = json!([gate.scene.repository]);
    let audit = json!({ "level": "audit" });
    let other = json!(["x509.subject: C=US, ST=WA, O=Other"]);
    with_keys(&gate, &scopes, &audit, &other);
    sign_by_key(&gate.scene, "ec-256");
    assert_eq!(gate.scene.run(&["verify", &gate.scene.image]).code, 0);
    let identity = "x509.subject: C=US, ST=WA, O=Other";
    gate.write_rule(&json!({ "require": { "all": [by_identity("key", identity)] } }));
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!((code, result["verdict"].as_str()), (1, Some("rejected")));
    assert_eq!(codes(&result, 0), ["subject-untrusted"]);

    let skips = json!({ "level": "strict", "override": { "revocation": "skip" } });
    write_trust_policy(&gate, &scopes, &skips, &json!([NOTARY]));
    let require = json!({ "all": [by_identity("key", NOTARY)] });
    gate.write_rule(&json!({ "require": require }));
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!((code, result["verdict"].as_str()), (1, Some("rejected")));
    assert_eq!(codes(&result, 0), ["revocation-skipped"]);
    gate.write_rule(&json!({ "require": require, "revocation": "asStatement" }));
    assert_eq!(word(&gate), is(0, "verified"));
}

#[test]
fn a_claimed_time_is_no_authentic_one() {
    let gate = Gate::new();
    let strict = json!({ "level": "strict" });
    with_keys(
        &gate,
        &json!([gate.scene.repository]),
        &strict,
        &json!([NOTARY]),
    );
    sign_by_key(&gate.scene, "ec-256");
    let mut key = by_identity("key", NOTARY);
    key["maxAge"] = json!("24h");
    gate.write_rule(&json!({ "require": { "all": [key] } }));
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!((code, result["verdict"].as_str()), (1, Some("rejected")));
    assert_eq!(codes(&result, 0), ["no-authentic-time"]);
}

#[test]
fn a_verified_timestamp_is_the_age_of_a_signature() {
    let gate = Gate::new();
    let scene = &gate.scene;
    let tsa = Authority::new(None);
    let root = tsa.root.certificate.der().to_vec();
    scene
        .sandbox
        .write_config("truststore/x509/tsa/stamps/root.crt", &root);
    std::fs::write(scene.sandbox.home().join("tsa.crt"), &root).unwrap();
    keys(&gate);
    let trust = |stores: Value| {
        let policy = json!({ "version": "1.0", "trustPolicies": [ {
            "name": "keys", "registryScopes": [scene.repository], "signatureVerification": { "level": "strict" },
            "trustStores": stores, "trustedIdentities": [NOTARY],
        } ] });
        scene
            .sandbox
            .write_config("trustpolicy.oci.json", policy.to_string());
    };
    trust(json!(["ca:ec-256", "tsa:stamps"]));
    let server = Hostile::start(move |seen| Reply::ok(REPLY, tsa.stamp(seen, |_| {})));
    let url = format!("http://{}/stamp", server.host());
    let stamping = ["--timestamp-url", &url, "--timestamp-root-cert", "tsa.crt"];
    let ran = scene.run(&[&["sign", "-k", "ec-256"], &stamping[..], &[&scene.image]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let asked = |age: &str| {
        let mut key = by_identity("key", NOTARY);
        key["maxAge"] = json!(age);
        gate.write_rule(&json!({ "require": { "all": [key] } }));
        gate.verdict(&scene.image)
    };
    // The stamp is of June 2024, whatever the signature says of itself.
    let (code, result) = asked("87600h");
    assert_eq!(
        (code, result["verdict"].as_str()),
        (0, Some("verified")),
        "{result:#}"
    );
    let (code, result) = asked("24h");
    assert_eq!((code, result["verdict"].as_str()), (1, Some("rejected")));
    assert_eq!(codes(&result, 0), ["too-old"]);
    gate.check_image().assert_says("2024");
    // Without the authority's root the time is not vouched for.
    trust(json!(["ca:ec-256"]));
    let (code, result) = asked("87600h");
    assert_eq!((code, result["verdict"].as_str()), (1, Some("rejected")));
    assert_eq!(codes(&result, 0), ["no-authentic-time"]);
}

#[test]
fn what_could_not_be_looked_at_is_not_decided_unless_it_is_met_without() {
    let gate = Gate::new();
    let (release, security) = (gate.profile("release"), gate.profile("security"));
    let signers = [signer("ci", &release), signer("security", &security)];
    gate.write_rule(&json!({ "require": { "all": signers } }));
    gate.sign(&release, &[]);
    gate.sign(&security, &[]);
    assert_eq!(word(&gate), is(0, "verified"));
    let faults = gate.scene.emulator.faults();
    // Two of the three tries of the first question, and so on.
    faults.add(Fault::new(FaultKind::Throttle).on("GetRevocationStatus"));
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!(
        (code, result["verdict"].as_str()),
        (3, Some("inconclusive"))
    );
    assert_eq!(
        (&result["error"]["cause"], &result["error"]["retryable"]),
        (&json!("throttled"), &json!(true))
    );
    let ran = gate.check_image();
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(&format!(
        "Error: {}: whether the image is signed as required could not be decided\n",
        gate.scene.image
    ));
    faults.clear();
    // A signature that is certainly missing is a refusal, whatever else could not be looked at.
    let audit = gate.profile("audit");
    let signers = [signer("ci", &release), signer("audit", &audit)];
    gate.write_rule(&json!({ "require": { "all": signers } }));
    gate.scene
        .emulator
        .faults()
        .add(Fault::new(FaultKind::Throttle).on("GetRevocationStatus"));
    assert_eq!(word(&gate), is(1, "rejected"));
}
