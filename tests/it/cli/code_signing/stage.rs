//! A region of AWS Lambda with a signing profile, functions and layers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_emulator::{PackageSigning, SigningProfile};
use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::support::archives;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// ID of a signing job that no signer knows.
const JOB: &str = "00000000-0000-4000-8000-000000000000";

pub(super) struct Stage {
    pub(super) scene: Scene,
    /// A profile for packages.
    pub(super) profile: SigningProfile,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::of(Scene::new())
    }

    pub(super) fn of(scene: Scene) -> Self {
        let profile = scene.emulator.create_lambda_profile("code").unwrap();
        Self { scene, profile }
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.scene.run(arguments).plain()
    }

    /// A package with one file of this content.
    pub(super) fn package(content: &str) -> Vec<u8> {
        archives::zip(&[("index.py", 0o100_644, content.as_bytes())])
    }

    /// The same, signed now by the profile with this version ARN.
    pub(super) fn signed(&self, package: &[u8], profile: &str) -> Vec<u8> {
        self.signed_until(package, profile, Duration::days(365))
    }

    /// The same, valid for so long from now.
    pub(super) fn signed_until(
        &self,
        package: &[u8],
        profile: &str,
        validity: Duration,
    ) -> Vec<u8> {
        let before = profile.split(":/signing-profiles/").next().unwrap();
        let now = OffsetDateTime::now_utc().replace_millisecond(0).unwrap();
        let signing = PackageSigning {
            job_arn: format!("{before}:/signing-jobs/{JOB}"),
            profile_version_arn: profile.to_owned(),
            signing_time: now - Duration::hours(1),
            expires_at: now + validity,
        };
        self.scene.emulator.sign_package(package, &signing).unwrap()
    }

    /// Makes a configuration by AWS's own call; its ARN.
    pub(super) fn config(&self, profiles: &[&str], untrusted: &str) -> String {
        let request = json!({
            "AllowedPublishers": { "SigningProfileVersionArns": profiles },
            "CodeSigningPolicies": { "UntrustedArtifactOnDeployment": untrusted },
        });
        let path = "/2020-04-22/code-signing-configs";
        let made = self.scene.emulator.lambda(&Method::POST, path, &request);
        text(&made.unwrap(), "/CodeSigningConfig/CodeSigningConfigArn")
    }

    /// Makes a function of this package; its ARN.
    pub(super) fn function(&self, name: &str, package: &[u8], more: &Value) -> String {
        let mut request = json!({
            "FunctionName": name,
            "Role": format!("arn:aws:iam::{}:role/functions", self.scene.emulator.account()),
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Code": { "ZipFile": STANDARD.encode(package) },
        });
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        self.scene.emulator.create_function(&request).unwrap()
    }

    /// Gives a function a configuration by AWS's own call.
    pub(super) fn attach(&self, function: &str, config: &str) {
        let path = format!("/2020-06-30/functions/{function}/code-signing-config");
        let request = json!({ "CodeSigningConfigArn": config });
        let attached = self.scene.emulator.lambda(&Method::PUT, &path, &request);
        attached.unwrap();
    }

    /// Publishes a version of a layer; its ARN.
    pub(super) fn layer(&self, name: &str, package: &[u8]) -> String {
        let request = json!({ "Content": { "ZipFile": STANDARD.encode(package) } });
        let path = format!("/2018-10-31/layers/{name}/versions");
        let made = self.scene.emulator.lambda(&Method::POST, &path, &request);
        text(&made.unwrap(), "/LayerVersionArn")
    }
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{value:#}")).to_owned()
}
