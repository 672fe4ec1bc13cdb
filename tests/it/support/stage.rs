//! A region of AWS Lambda with a signing profile, functions and layers.

use std::borrow::Borrow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_emulator::{Emulator, PackageSigning, SigningProfile};
use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::archives;
use super::sandbox::Ran;
use super::scene::Scene;

/// ID of a signing job that no signer knows.
const JOB: &str = "00000000-0000-4000-8000-000000000000";

/// A scene, which it has or borrows.
pub(crate) struct Stage<S: Borrow<Scene> = Scene> {
    pub(crate) scene: S,
    /// A profile for packages.
    pub(crate) profile: SigningProfile,
    name: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::of(Scene::new())
    }

    pub(crate) fn of(scene: Scene) -> Self {
        Self::with(scene, "code")
    }
}

impl<'s> Stage<&'s Scene> {
    /// A part of this scene, with a profile of this name.
    pub(crate) fn part_of(scene: &'s Scene, profile: &str) -> Self {
        Self::with(scene, profile)
    }
}

impl<S: Borrow<Scene>> Stage<S> {
    fn with(scene: S, name: &str) -> Self {
        let own = scene.borrow();
        let profile = own.emulator.create_package_profile(name).unwrap();
        let root = own.emulator.package_root_certificate_pem();
        std::fs::write(own.sandbox.home().join("package-root.crt"), root).unwrap();
        Self {
            scene,
            profile,
            name: name.to_owned(),
        }
    }

    fn emulator(&self) -> &Emulator {
        &self.scene.borrow().emulator
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.scene.borrow().run(arguments).plain()
    }

    /// A package with this content, signed by the stage's profile in a job that AWS Signer knows.
    pub(crate) fn signed_in_job(&self, content: &str) -> Vec<u8> {
        let package = a_package(content);
        let signed = self.emulator().sign_package_in_job(&self.name, &package);
        signed.unwrap().bytes
    }

    /// This package, signed now by the profile with this version ARN.
    pub(crate) fn signed(&self, package: &[u8], profile: &str) -> Vec<u8> {
        self.signed_until(package, profile, Duration::days(365))
    }

    /// The same, valid for so long from now.
    pub(crate) fn signed_until(
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
        self.emulator().sign_package(package, &signing).unwrap()
    }

    /// Makes a configuration by AWS's own call; its ARN.
    pub(crate) fn config(&self, profiles: &[&str], untrusted: &str) -> String {
        let request = json!({
            "AllowedPublishers": { "SigningProfileVersionArns": profiles },
            "CodeSigningPolicies": { "UntrustedArtifactOnDeployment": untrusted },
        });
        let path = "/2020-04-22/code-signing-configs";
        let made = self.emulator().lambda(&Method::POST, path, &request);
        text(&made.unwrap(), "/CodeSigningConfig/CodeSigningConfigArn")
    }

    /// Makes a function of this package; its ARN.
    pub(crate) fn function(&self, name: &str, package: &[u8], more: &Value) -> String {
        let mut request = json!({
            "FunctionName": name,
            "Role": format!("arn:aws:iam::{}:role/functions", self.emulator().account()),
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Code": { "ZipFile": STANDARD.encode(package) },
        });
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        self.emulator().create_function(&request).unwrap()
    }

    /// Gives a function a configuration by AWS's own call.
    pub(crate) fn attach(&self, function: &str, config: &str) {
        let path = format!("/2020-06-30/functions/{function}/code-signing-config");
        let request = json!({ "CodeSigningConfigArn": config });
        let attached = self.emulator().lambda(&Method::PUT, &path, &request);
        attached.unwrap();
    }

    /// Publishes a version of a layer; its ARN.
    pub(crate) fn layer(&self, name: &str, package: &[u8]) -> String {
        let request = json!({ "Content": { "ZipFile": STANDARD.encode(package) } });
        let path = format!("/2018-10-31/layers/{name}/versions");
        let made = self.emulator().lambda(&Method::POST, &path, &request);
        text(&made.unwrap(), "/LayerVersionArn")
    }
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{value:#}")).to_owned()
}

/// A package with one file of this content.
pub(crate) fn a_package(content: &str) -> Vec<u8> {
    archives::zip(&[("index.py", 0o100_644, content.as_bytes())])
}
