//! `revocation fetch`, and `verify --offline` on a machine whose every way out is watched.

mod aws_signer;
mod certificates;
mod directory;
mod layouts;
mod plugins;
mod record;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::sandbox::{Ran, Sandbox};
use crate::support::scene::Scene;
use crate::support::tripwire::Tripwire;

/// A machine without a network, to which the directory `facts` was carried.
struct Island {
    sandbox: Sandbox,
    tripwire: Tripwire,
    /// `localhost:PORT/app@sha256:...`, of a registry that must not be asked.
    image: String,
}

impl Island {
    /// With what was fetched in `scene` for the artifact with this digest.
    fn new(scene: &Scene, digest: &str) -> Self {
        let tripwire = Tripwire::new();
        let sandbox = tripwire.sandbox();
        let facts = sandbox.home().join("facts");
        std::fs::create_dir(&facts).unwrap();
        crate::support::layout::copy(&scene.sandbox.home().join("facts"), &facts);
        std::fs::copy(
            scene.sandbox.home().join("root.crt"),
            sandbox.home().join("root.crt"),
        )
        .unwrap();
        Self {
            image: format!("{}/app@{digest}", tripwire.host()),
            sandbox,
            tripwire,
        }
    }

    /// Verifies the image offline. However that ends, no connection is made.
    #[track_caller]
    fn verify(&self, more: &[&str]) -> Ran {
        let ran = self.verify_reference(more, &self.image);
        assert_eq!(self.tripwire.connections(), 0, "{ran:#?}");
        ran
    }

    #[track_caller]
    fn verify_reference(&self, more: &[&str], reference: &str) -> Ran {
        let fixed = ["verify", "--offline", "facts"];
        let ran = self
            .sandbox
            .run(&[&fixed[..], more, &[reference]].concat())
            .plain();
        assert_eq!(self.tripwire.connections(), 0, "{ran:#?}");
        ran
    }

    /// Asserts that the image verifies.
    #[track_caller]
    fn assert_verified(&self, more: &[&str]) {
        let ran = self.verify(more);
        let stdout = format!("Successfully verified signature for {}\n", self.image);
        // After a warning a blank line comes first.
        assert_eq!(
            (ran.code, ran.stdout.trim_start()),
            (0, &*stdout),
            "{ran:#?}"
        );
    }

    /// The files of one folder of `facts`.
    fn files(&self, folder: &str) -> Vec<PathBuf> {
        files(&self.sandbox.home().join("facts").join(folder))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A trust policy with this `signatureVerification` and these stores.
fn policy(verification: &Value, stores: &[&str], identity: &str) -> String {
    json!({ "version": "1.0", "trustPolicies": [ {
        "name": "images",
        "registryScopes": [ "*" ],
        "signatureVerification": verification,
        "trustStores": stores,
        "trustedIdentities": [ identity ],
    } ] })
    .to_string()
}
