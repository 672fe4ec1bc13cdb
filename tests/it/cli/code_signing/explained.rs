//! `countersign lambda explain`: what AWS Lambda would do, which the emulator then does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_emulator::{Fault, FaultKind};
use http::Method;
use serde_json::{Value, json};
use time::Duration;

use crate::support::sandbox::Ran;
use crate::support::stage::{Stage, a_package};

#[track_caller]
fn explain(stage: &Stage, words: &[&str]) -> (Ran, Value) {
    let begin = [
        "lambda",
        "explain",
        "--trust-anchor",
        "package-root.crt",
        "--output",
        "json",
    ];
    let ran = stage.run(&[&begin[..], words].concat());
    let document = crate::support::document::document(&ran, "lambda-explanation.v1.schema.json");
    (ran, document)
}

/// `decision`, then `enforced`, of each package.
fn decisions(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let packages = document["packages"].as_array().unwrap().iter();
    packages
        .map(|package| (text(&package["decision"]), text(&package["enforced"])))
        .collect()
}

fn pair(decision: &str, enforced: &str) -> (String, String) {
    (decision.to_owned(), enforced.to_owned())
}

/// Whether AWS Lambda takes this code for a function.
fn is_deployed(stage: &Stage, function: &str, package: &[u8]) -> bool {
    let request = json!({ "ZipFile": STANDARD.encode(package) });
    let path = format!("/2015-03-31/functions/{function}/code");
    stage
        .scene
        .emulator
        .lambda(&Method::PUT, &path, &request)
        .is_ok()
}

#[test]
fn what_is_explained_is_what_aws_lambda_does() {
    let stage = Stage::new();
    let profile = stage.profile.version_arn.clone();
    let emulator = &stage.scene.emulator;
    emulator.create_package_profile("other").unwrap();
    let package = a_package("x");
    let other = emulator.sign_package_in_job("other", &package).unwrap();
    let good = stage.signed_in_job("x");
    let mut changed = good.clone();
    let at = changed
        .windows(8)
        .position(|window| window == b"index.py")
        .unwrap();
    changed[at] = b'x';
    let central = changed
        .windows(8)
        .rposition(|window| window == b"index.py")
        .unwrap();
    changed[central] = b'x';
    let revoked = emulator.sign_package_in_job("code", &package).unwrap();
    emulator.revoke_signature(&revoked.job_arn).unwrap();
    let expired = stage.signed_until(&package, &profile, -Duration::minutes(1));
    for untrusted in ["Warn", "Enforce"] {
        let config = stage.config(&[&profile], untrusted);
        let function = format!("api{untrusted}");
        stage.function(&function, &package, &json!({}));
        stage.attach(&function, &config);
        for (name, package, warn, enforce) in [
            ("good", &good, "accepted", "accepted"),
            ("unsigned", &package, "warned", "refused"),
            ("other", &other.bytes, "warned", "refused"),
            ("revoked", &revoked.bytes, "warned", "refused"),
            ("expired", &expired, "warned", "refused"),
            ("changed", &changed, "refused", "refused"),
        ] {
            let file = format!("{name}.zip");
            std::fs::write(stage.scene.sandbox.home().join(&file), package).unwrap();
            let (ran, document) = explain(&stage, &[&function, "--zip", &file]);
            let now = if untrusted == "Warn" { warn } else { enforce };
            assert_eq!(
                decisions(&document),
                [pair(now, enforce)],
                "{name}: {document:#}"
            );
            assert_eq!(ran.code, i32::from(enforce == "refused"), "{name}");
            let deployed = is_deployed(&stage, &function, package);
            assert_eq!(
                deployed,
                now != "refused",
                "{name} {untrusted}: {document:#}"
            );
        }
    }
}

#[test]
fn every_layer_is_explained() {
    let stage = Stage::new();
    let good = stage.signed_in_job("x");
    let unsigned = stage.layer("plain", &a_package("y"));
    let mut damaged = good.clone();
    // One letter of a file's name, in both places.
    for _ in 0..2 {
        let at = damaged
            .windows(8)
            .position(|window| window == b"index.py")
            .unwrap();
        damaged[at] = b'x';
    }
    let damaged = stage.layer("damaged", &damaged);
    let layer = stage.layer("tools", &good);
    let config = stage.config(&[&stage.profile.version_arn], "Warn");
    let more = json!({ "CodeSigningConfigArn": config, "Layers": [layer, unsigned, damaged] });
    stage.function("api", &good, &more);
    let (ran, document) = explain(&stage, &["api"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        decisions(&document),
        [
            pair("accepted", "accepted"),
            pair("accepted", "accepted"),
            pair("warned", "refused"),
            pair("warned", "refused"),
        ]
    );
    let reason = document["packages"][3]["reasons"][0].as_str().unwrap();
    assert!(
        reason.ends_with("; a layer with a damaged signature counts as unsigned"),
        "{reason}"
    );
}

#[test]
fn a_function_without_a_configuration_takes_anything() {
    let stage = Stage::new();
    stage.function("api", &a_package("x"), &json!({}));
    stage.scene.operations();
    let (ran, document) = explain(&stage, &["api"]);
    assert_eq!(ran.code, 0);
    assert_eq!(decisions(&document), [pair("accepted", "-")]);
    // Nothing is fetched.
    assert_eq!(
        stage.scene.operations(),
        ["GetFunction", "GetFunctionCodeSigningConfig"]
    );
}

/// Before a deployment the answer decides, and no configuration says what is accepted.
#[test]
fn what_is_to_be_deployed_without_a_configuration_is_not_fine() {
    let stage = Stage::new();
    let layer = stage.layer("tools", &a_package("y"));
    stage.function("api", &a_package("x"), &json!({ "Layers": [layer] }));
    let signed = stage.signed_in_job("x");
    for (file, package) in [("app.zip", a_package("x")), ("signed.zip", signed)] {
        std::fs::write(stage.scene.sandbox.home().join(file), package).unwrap();
        let (ran, document) = explain(&stage, &["api", "--zip", file]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert_eq!(
            decisions(&document),
            [pair("accepted", "inconclusive"), pair("accepted", "-")]
        );
        assert_eq!(
            document["packages"][0]["reasons"],
            json!([
                "the function does not have a code signing configuration, so what `Enforce` would accept is not known"
            ])
        );
    }
}

#[test]
fn what_could_not_be_looked_at_is_inconclusive() {
    let stage = Stage::new();
    let good = stage.signed_in_job("x");
    let layer = stage.layer("tools", &good);
    let config = stage.config(&[&stage.profile.version_arn], "Enforce");
    let more = json!({ "CodeSigningConfigArn": config, "Layers": [layer] });
    stage.function("api", &good, &more);
    for (operation, wanted) in [
        ("DescribeSigningJob", ["inconclusive", "inconclusive"]),
        ("GetLayerVersionByArn", ["accepted", "inconclusive"]),
    ] {
        stage.scene.emulator.faults().clear();
        let denied = Fault::new(FaultKind::AccessDenied).on(operation);
        stage.scene.emulator.faults().add(denied);
        let (ran, document) = explain(&stage, &["api"]);
        assert_eq!(ran.code, 3, "{document:#}");
        assert_eq!(decisions(&document), wanted.map(|one| pair(one, one)));
    }
    stage.scene.emulator.faults().clear();
    let (ran, document) = explain(&stage, &["nothing"]);
    assert_eq!(
        (ran.code, &document["error"]["code"]),
        (1, &json!("function-not-found"))
    );
}
