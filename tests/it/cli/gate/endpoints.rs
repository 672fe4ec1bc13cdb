//! A gate asks AWS at its own endpoints, and shows the password of the environment to one registry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::refusals::signed;
use super::{Gate, signer};
use crate::support::hostile::{Hostile, Reply};

fn without_endpoints(gate: &Gate) {
    let require = json!({ "all": [signer("ci", &gate.profile("release"))] });
    let mut policy = gate.policy(&json!({ "require": require }));
    policy.as_object_mut().unwrap().remove("awsEndpoints");
    gate.write(&policy);
}

#[test]
fn an_endpoint_of_a_variable_is_refused_unless_the_gate_policy_names_it() {
    let gate = signed();
    without_endpoints(&gate);
    gate.scene.emulator.clear_calls();
    let url = gate.scene.emulator.endpoint();
    let ran = gate.check_image();
    assert_eq!(
        (ran.code, ran.stderr),
        (
            2,
            format!(
                "Error: `AWS_ENDPOINT_URL` sets the endpoint `{url}`, which is not AWS's own and which the gate policy does not name\n\
                 hint: unset it; or, if AWS is to be asked there, add `{url}` to `awsEndpoints` of the gate policy\n"
            )
        )
    );
    assert_eq!(gate.scene.operations(), [""; 0]);
}

#[test]
fn every_way_to_set_an_endpoint_is_looked_at() {
    let gate = signed();
    without_endpoints(&gate);
    let url = gate.scene.emulator.endpoint();
    for variable in [
        "AWS_ENDPOINT_URL_SIGNER",
        "AWS_ENDPOINT_URL_SIGNER_DATA",
        "AWS_ENDPOINT_URL_ECR",
        "AWS_ENDPOINT_URL_STS",
        "AWS_ENDPOINT_URL_SOMETHING_NEW",
    ] {
        let scene = crate::support::sandbox::Sandbox::new().with(variable, url.as_str());
        let policy = std::fs::read(gate.scene.sandbox.home().join("gate.json")).unwrap();
        std::fs::write(scene.home().join("gate.json"), policy).unwrap();
        let ran = scene.run(&[
            "gate",
            "check",
            "--gate-policy",
            "gate.json",
            &gate.scene.image,
        ]);
        assert_eq!(ran.code, 2, "{ran:#?}");
        ran.assert_says(&format!("Error: `{variable}` sets the endpoint `{url}`"));
    }
    for config in [
        format!("[default]\nendpoint_url = {url}\n"),
        format!("[default]\nservices = s\n[services s]\nsigner-data =\n  endpoint_url = {url}\n"),
        format!("[default]\nservices = s\n[services s]\necr =\n  endpoint_url = {url}\n"),
        format!("[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = {url}\n"),
    ] {
        let sandbox = crate::support::sandbox::Sandbox::new();
        let policy = std::fs::read(gate.scene.sandbox.home().join("gate.json")).unwrap();
        std::fs::write(sandbox.home().join("gate.json"), policy).unwrap();
        std::fs::create_dir(sandbox.home().join(".aws")).unwrap();
        std::fs::write(sandbox.home().join(".aws/config"), &config).unwrap();
        let ran = sandbox.run(&[
            "gate",
            "check",
            "--gate-policy",
            "gate.json",
            &gate.scene.image,
        ]);
        assert_eq!(ran.code, 2, "{config}: {ran:#?}");
        ran.assert_says(&format!(
            "Error: `endpoint_url` of AWS's configuration sets the endpoint `{url}`"
        ));
    }
}

#[test]
fn the_password_of_the_environment_goes_only_to_the_registry_that_is_named() {
    let registries = Hostile::start_as(&["registry.example", "evil.example"], |_| {
        Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\"")
    });
    let digest = format!("sha256:{}", "7".repeat(64));
    let image = |host: &str| format!("{host}/app@{digest}");
    let profile = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
    let policy = json!({ "version": "1.0", "rules": [ {
        "name": "r", "scopes": ["registry.example/*", "evil.example/*"],
        "require": { "all": [signer("ci", profile)] },
    } ] });
    let shown = |registry: Option<&str>, hosts: &[&str]| {
        let mut sandbox = crate::support::sandbox::Sandbox::new()
            .with("HTTPS_PROXY", format!("http://{}", registries.host()))
            .with("SSL_CERT_FILE", registries.root().to_str().unwrap())
            .with("NOTATION_USERNAME", "ci")
            .with("NOTATION_PASSWORD", "s3cret");
        if let Some(registry) = registry {
            sandbox = sandbox.with("NOTATION_REGISTRY", registry);
        }
        std::fs::write(sandbox.home().join("gate.json"), policy.to_string()).unwrap();
        let before = registries.seen().len();
        let images: Vec<String> = hosts.iter().map(|host| image(host)).collect();
        let mut arguments = vec!["gate", "check", "--gate-policy", "gate.json"];
        arguments.extend(images.iter().map(String::as_str));
        let ran = sandbox.run(&arguments);
        assert_eq!(ran.code, 3, "{ran:#?}");
        let seen = registries.seen();
        let mut shown: Vec<String> = seen[before..]
            .iter()
            .filter(|seen| {
                let basic = seen.header("authorization").unwrap_or_default();
                basic == format!("Basic {}", STANDARD.encode("ci:s3cret"))
            })
            .map(|seen| seen.host.clone())
            .collect();
        shown.dedup();
        (shown, ran.stderr)
    };
    // Not even to the only registry of the command: the author of the image's name chose it.
    let (to, said) = shown(None, &["evil.example"]);
    assert_eq!(to, [""; 0]);
    assert!(
        said.starts_with(
            "Note: `NOTATION_USERNAME` and `NOTATION_PASSWORD` are not used; set `NOTATION_REGISTRY` to the registry that they are for\n"
        ),
        "{said}"
    );
    let named = Some("registry.example");
    assert_eq!(shown(named, &["evil.example"]).0, [""; 0]);
    assert_eq!(
        shown(named, &["registry.example", "evil.example"]).0,
        ["registry.example"]
    );
}
