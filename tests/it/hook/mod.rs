//! The gate as a function of AWS Lambda: the real binary under the name `bootstrap`, events as AWS recorded them, and the
//! emulator behind it.

mod faults;
mod kept;
mod others;
mod policies;
mod process;
mod speed;
mod stages;
mod verdicts;
mod waiting;

use countersign_emulator::Emulator;
use serde_json::{Value, json};

use crate::support::lambda::{Function, Package};
use crate::support::scene::Scene;

const REVISION: &str =
    "arn:aws:ecs:us-west-2:123456789012:service-revision/my-cluster/my-service/9313423515462893900";
const SERVICE: &str = "arn:aws:ecs:us-west-2:123456789012:service/my-cluster/my-service";

/// An event as AWS's documents have it.
fn event(name: &str) -> Value {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/hook/events");
    let text = std::fs::read_to_string(format!("{directory}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn stage(name: &str) -> Value {
    event(&format!("ecs-lifecycle-hook.{name}"))
}

fn pre_scale_up() -> Value {
    stage("PRE_SCALE_UP")
}

/// A scene in the account and region of the recorded events, and a package.
struct Gated {
    scene: Scene,
    package: Package,
}

impl Gated {
    /// The service deploys the scene's image by its digest.
    fn new() -> Self {
        Self::with(Emulator::builder())
    }

    fn with(builder: countersign_emulator::Builder) -> Self {
        let builder = builder.account("123456789012").region("us-west-2");
        let scene = Scene::with(builder);
        let gated = Self {
            package: Package::new(),
            scene,
        };
        gated
            .package
            .write("root.crt", gated.scene.emulator.root_certificate_pem());
        gated
            .package
            .write("gate-policy.json", gated.policy(&json!({})).to_string());
        gated.configure(&json!({}));
        let cluster = json!({ "clusterName": "my-cluster" });
        gated.scene.emulator.ecs("CreateCluster", &cluster).unwrap();
        gated.deploy(&[("web", &gated.scene.image)], &json!([]));
        gated
    }

    /// The same, where the image is signed.
    fn signed() -> Self {
        let gated = Self::new();
        gated.scene.sign(&gated.scene.image);
        gated
    }

    /// A policy with one rule, which `members` changes.
    fn policy(&self, members: &Value) -> Value {
        let mut rule = json!({
            "name": "images",
            "scopes": [self.scene.repository],
            "require": { "all": [{ "name": "release", "signingProfile": self.scene.profile.arn }] },
        });
        rule.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        json!({
            "version": "1.0",
            "rules": [rule],
            "awsEndpoints": [self.scene.emulator.endpoint()],
        })
    }

    /// Writes the configuration with these members.
    fn configure(&self, members: &Value) {
        // What one test leaves behind is nothing to the next one.
        let mut config =
            json!({ "version": "1.0", "trustAnchor": "root.crt", "contentCache": false });
        config
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        crate::support::document::assert_valid(&config, "hook-config.v1.schema.json");
        self.package
            .write("countersign-hook.json", config.to_string());
    }

    /// Writes a configuration with a gate policy that is read from the emulator.
    fn configure_stored(&self, source: &Value) {
        let endpoint = self.scene.emulator.endpoint();
        self.configure(&json!({ "gatePolicy": source, "awsEndpoints": [endpoint] }));
    }

    /// The revision of the recorded events deploys these containers; `found` is what Amazon ECS says of images.
    fn deploy(&self, containers: &[(&str, &str)], found: &Value) {
        let containers: Vec<Value> = containers
            .iter()
            .map(|(name, image)| json!({ "name": name, "image": image, "essential": true }))
            .collect();
        let request = json!({ "family": "app", "containerDefinitions": containers });
        let definition = self
            .scene
            .emulator
            .register_task_definition(&request)
            .unwrap();
        let revision = json!({
            "serviceRevisionArn": REVISION,
            "serviceArn": SERVICE,
            "clusterArn": "arn:aws:ecs:us-west-2:123456789012:cluster/my-cluster",
            "taskDefinition": definition,
            "containerImages": found,
        });
        self.scene.emulator.put_ecs(&revision).unwrap();
    }

    /// The variables that point at the emulator.
    fn variables(&self) -> Vec<(String, String)> {
        let variables = self.scene.emulator.env().into_iter();
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn start(&self) -> Function {
        self.package.start(&self.variables())
    }
}

/// The status and the reason of a hook's answer.
#[track_caller]
fn status(answer: &Value) -> (&str, &str) {
    (
        answer["hookStatus"].as_str().unwrap(),
        answer["hookDetails"]["reason"].as_str().unwrap(),
    )
}
