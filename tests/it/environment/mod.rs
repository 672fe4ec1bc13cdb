//! The surroundings that pipelines have: Amazon ECR by its host names, proxies, roots of TLS, and every
//! kind of AWS credentials. The real binary, in an environment that the test makes whole.

mod credentials;
mod credentials_refused;
mod docker_hub;
mod ecr;
mod endpoints;
mod home;
mod kms;
mod pipes;
mod proxies;
mod recycled;
mod registry_credentials;
mod repeated;

use countersign_emulator::{Builder, Emulator};

use crate::support::forward::forward;
use crate::support::hostile::{Hostile, Seen};
use crate::support::scene::Scene;

/// Variables with the emulator's access key.
const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// A scene whose environment leads every host of Amazon ECR to the emulator, as a pipeline would do
/// it: the proxy, and the root of what the proxy says that it is.
fn behind_the_emulator() -> Scene {
    behind_an_emulator(Emulator::builder())
}

fn behind_an_emulator(builder: Builder) -> Scene {
    let scene = Scene::with(builder);
    let root = scene.sandbox.home().join("tls-root.crt");
    std::fs::write(&root, scene.emulator.tls_root_pem()).unwrap();
    let proxy = scene.emulator.endpoint();
    scene
        .with_variable("HTTPS_PROXY", proxy)
        .with_variable("SSL_CERT_FILE", root.to_str().unwrap())
}

/// A registry of Amazon ECR.
const ECR: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

/// Pushes an image to `host/app` without a client; gives it by digest.
fn pushed(scene: &Scene, host: &str) -> String {
    let digest = scene
        .emulator
        .push_test_image(&format!("{host}/app"), "v1")
        .unwrap();
    format!("{host}/app@{digest}")
}

/// Hosts of AWS that [`aws`] has a certificate for.
const AWS_HOSTS: [&str; 14] = [
    "*.us-east-1.amazonaws.com",
    "*.us-east-1.api.aws",
    "api.ecr.us-east-1.amazonaws.com",
    "api.ecr-fips.us-east-1.amazonaws.com",
    "api.ecr.us-gov-west-1.amazonaws.com",
    "api.ecr.cn-north-1.amazonaws.com.cn",
    "*.dkr.ecr-fips.us-east-1.amazonaws.com",
    "*.dkr-ecr.us-east-1.on.aws",
    "*.dkr-ecr-fips.us-east-1.on.aws",
    "*.dkr.ecr.us-gov-west-1.amazonaws.com",
    "*.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "*.s3.us-east-1.amazonaws.com",
    "*.s3.us-gov-west-1.amazonaws.com",
    "*.s3.cn-north-1.amazonaws.com.cn",
];

/// A proxy that is all of AWS: it ends the tunnel to any host of it, keeps what was asked, headers
/// included, and lets the emulator answer. An answer is held back until as many requests have
/// arrived as `held_until` says.
fn aws(scene: &Scene, held_until: impl Fn(&Seen) -> usize + Send + Sync + 'static) -> Hostile {
    let emulator = scene.emulator.address();
    Hostile::start_as(&AWS_HOSTS, move |seen| {
        forward(emulator, seen).after_requests(held_until(seen))
    })
}

/// The scene with `aws` as its proxy for everything, and AWS's own endpoints.
fn behind(scene: Scene, aws: &Hostile) -> Scene {
    scene
        .without_variables(&["AWS_ENDPOINT_URL"])
        .with_variable("HTTPS_PROXY", format!("http://{}", aws.host()))
        .with_variable("SSL_CERT_FILE", aws.root().to_str().unwrap())
}
