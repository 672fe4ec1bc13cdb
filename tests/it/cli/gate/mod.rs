//! `countersign gate check`.

pub(super) mod audit_service;
mod cases;
mod endpoints;
mod explain;
mod faces;
mod indexes;
mod many;
mod policies;
mod requirements;
mod refusals;
mod verdict;
mod waiting;

use serde_json::{Value, json};

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A scene whose gate policy may be written, with further signing profiles.
pub(super) struct Gate {
    pub(super) scene: Scene,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            scene: Scene::new(),
        }
    }

    /// The ARN of the signing profile `name`, which is made if it is not there.
    pub(super) fn profile(&self, name: &str) -> String {
        if name == "release" {
            return self.scene.profile.arn.clone();
        }
        self.scene
            .emulator
            .create_signing_profile(name)
            .unwrap()
            .arn
    }

    /// Signs the scene's image with a profile.
    pub(super) fn sign(&self, profile: &str, more: &[&str]) -> String {
        self.sign_image(profile, more, &self.scene.image)
    }

    pub(super) fn sign_image(&self, profile: &str, more: &[&str], image: &str) -> String {
        let fixed = ["sign", "--signing-profile", profile];
        let ran = self.scene.run(&[&fixed[..], more, &[image]].concat());
        assert_eq!(ran.code, 0, "{ran:#?}");
        let pushed = ran.stdout.lines().last().unwrap();
        pushed.rsplit('@').next().unwrap().to_owned()
    }

    /// A policy with one rule for the scene's repository.
    pub(super) fn policy(&self, rule: &Value) -> Value {
        let mut whole = json!({ "name": "images", "scopes": [ self.scene.repository ] });
        let members = whole.as_object_mut().unwrap();
        members.extend(rule.as_object().unwrap().clone());
        json!({
            "version": "1.0",
            "rules": [ whole ],
            "awsEndpoints": [ self.scene.emulator.endpoint() ],
        })
    }

    pub(super) fn write(&self, policy: &Value) {
        let file = self.scene.sandbox.home().join("gate.json");
        std::fs::write(file, serde_json::to_string_pretty(policy).unwrap()).unwrap();
    }

    /// Writes a policy with this rule.
    pub(super) fn write_rule(&self, rule: &Value) {
        self.write(&self.policy(rule));
    }

    /// `gate check` of these references, as the program left it.
    pub(super) fn check(&self, more: &[&str]) -> Ran {
        let fixed = [
            "gate",
            "check",
            "--gate-policy",
            "gate.json",
            "--trust-anchor",
            "root.crt",
        ];
        self.scene.sandbox.run(&[&fixed[..], more].concat())
    }

    /// The same of the scene's image.
    pub(super) fn check_image(&self) -> Ran {
        self.check(&[&self.scene.image])
    }

    /// The verdict about one reference.
    pub(super) fn verdict(&self, reference: &str) -> (i32, Value) {
        let ran = self.check(&["--output", "json", reference]);
        let document = crate::support::document::document(&ran, "gate-verdict.v1.schema.json");
        (ran.code, document["results"][0].clone())
    }
}

/// A signer that is a signing profile.
pub(super) fn signer(name: &str, profile: &str) -> Value {
    json!({ "name": name, "signingProfile": profile })
}

#[test]
fn an_image_that_all_signers_signed_may_run() {
    let gate = Gate::new();
    let security = gate.profile("security");
    let release = gate.profile("release");
    let signers = [
        signer("built by CI", &release),
        signer("passed by security", &security),
    ];
    gate.write_rule(&json!({ "require": { "all": signers } }));
    let image = &gate.scene.image;

    let ran = gate.check_image();
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    assert_eq!(
        ran.stderr,
        format!(
            "Error: {image}: the image has no signature\n\
             hint: do not run the image: signing it belongs in the pipeline that builds it\n\
             rule: `images` of `gate.json`\n\
             signers: 0 of 2 needed, 0 signatures judged\n  \
             `built by CI`: missing, wanted `{release}`\n  \
             `passed by security`: missing, wanted `{security}`\n"
        )
    );

    let first = gate.sign(&release, &[]);
    let ran = gate.check_image();
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    assert!(
        ran.stderr.starts_with(&format!(
            "Error: {image}: the image is not signed as required\n\
         rule: `images` of `gate.json`\n\
         signers: 1 of 2 needed, 1 signature judged\n  \
         `built by CI`: signature {first}, signed by {version}\n  \
         `passed by security`: missing, wanted `{security}`\n    \
         signature {first}: the signature's AWS Signer profile is not a trusted identity\n",
            version = gate.scene.profile.version_arn
        )),
        "{ran:#?}"
    );

    gate.sign(&security, &[]);
    let ran = gate.check_image();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(
        ran.stdout.starts_with(&format!(
            "Verified: {image}\nrule: `images` of `gate.json`\nsigners: 2 of 2 needed, 2 signatures judged\n"
        )),
        "{ran:#?}"
    );
}

/// What is said of an image that may run does not forbid it.
#[test]
fn a_signer_that_is_not_needed_is_said_not_to_be() {
    let gate = Gate::new();
    let (release, other) = (gate.profile("release"), gate.profile("other"));
    let signers = [signer("built by CI", &release), signer("other", &other)];
    gate.write_rule(&json!({ "require": { "any": signers } }));
    gate.sign(&release, &[]);
    let ran = gate.check_image();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let missing = format!("  `other`: missing, but not needed: `{other}`\n");
    assert!(ran.stdout.contains(&missing), "{ran:#?}");
    assert!(!ran.stdout.contains("hint"), "{ran:#?}");
    let (code, verdict) = gate.verdict(&gate.scene.image);
    assert_eq!((code, &verdict["verdict"]), (0, &json!("verified")));
    assert!(!verdict.to_string().contains("\"hint\""), "{verdict:#}");
}

/// A gate's roots are in no store that its user could look for.
#[test]
fn the_roots_of_a_gate_are_called_what_they_are() {
    let gate = Gate::new();
    let release = gate.profile("release");
    gate.write_rule(&json!({ "require": { "all": [signer("ci", &release)] } }));
    gate.sign(&release, &[]);
    let another = countersign_emulator::Emulator::builder()
        .start_blocking()
        .unwrap();
    let root = another.root_certificate_pem();
    std::fs::write(gate.scene.sandbox.home().join("root.crt"), root).unwrap();
    let ran = gate.check_image();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(
        "no certificate of the chain is in the list of roots that the gate trusts, which holds",
    );
    assert!(!ran.stderr.contains("gate policy 0"), "{ran:#?}");
}
