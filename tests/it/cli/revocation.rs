//! What the command line knows about revocation: what it asks, where and how often, and what it says of it.

mod asking;
mod certificates;
mod kept;
mod offline;

use countersign::oci::sha256_digest;
use serde_json::{Value, json};

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// How often AWS Signer was asked since the last time.
fn questions(scene: &Scene) -> usize {
    let operations = scene.operations();
    let is_question = |name: &&String| *name == "GetRevocationStatus";
    operations.iter().filter(is_question).count()
}

fn verify(scene: &Scene, arguments: &[&str]) -> Ran {
    let fixed = ["verify", "--trust-anchor", "root.crt"];
    let profile = ["--signing-profile", &scene.profile.arn];
    scene.run(&[&fixed, &profile[..], arguments].concat())
}

/// The facts of one validation in the verdict about the first reference's first signature.
fn facts(ran: &Ran, validation: &str) -> Value {
    let document = super::verdict::document(ran);
    let validations = &document["results"][0]["signatures"][0]["validations"];
    let mut validations = validations.as_array().unwrap().iter();
    let found = validations.find(|one| one["validation"] == validation);
    found.unwrap()["facts"].clone()
}

/// Files the image's signature once more, as another manifest with the same envelope.
fn copy_signature(scene: &Scene, signature: &str, mark: &str) -> String {
    let client = scene.client();
    let mut manifest = client.manifest(signature);
    manifest["annotations"]["copy"] = json!(mark);
    let bytes = manifest.to_string();
    let digest = sha256_digest(bytes.as_bytes()).to_string();
    client.put_manifest_bytes(&digest, bytes.as_bytes());
    digest
}
