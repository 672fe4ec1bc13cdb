//! An emulator with a signing profile and an image, and a sandbox that is pointed at it.

use std::io::Write as _;

use countersign_emulator::{Emulator, SigningProfile};
use serde_json::{Value, json};

use super::registry_client::RepositoryClient;
use super::sandbox::{Ran, Sandbox};
use super::waiting;

pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    pub(crate) sandbox: Sandbox,
    pub(crate) profile: SigningProfile,
    /// `localhost:PORT/app`.
    pub(crate) repository: String,
    /// `localhost:PORT/app@sha256:...`, whose tag is `v1`.
    pub(crate) image: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(Emulator::builder())
    }

    pub(crate) fn with(builder: countersign_emulator::Builder) -> Self {
        let emulator = builder.start_blocking().unwrap();
        let mut sandbox = Sandbox::new();
        for (name, value) in emulator.env() {
            sandbox = sandbox.with(name, value);
        }
        std::fs::write(
            sandbox.home().join("root.crt"),
            emulator.root_certificate_pem(),
        )
        .unwrap();
        let profile = emulator.create_signing_profile("release").unwrap();
        let repository = format!("{}:{}/app", waiting::localhost(), emulator.address().port());
        let digest = emulator.push_test_image("app", "v1").unwrap();
        let image = format!("{repository}@{digest}");
        Self {
            emulator,
            sandbox,
            profile,
            repository,
            image,
        }
    }

    /// The same environment with a variable more.
    pub(crate) fn with_variable(self, name: &str, value: impl Into<String>) -> Self {
        Self {
            sandbox: self.sandbox.with(name, value),
            ..self
        }
    }

    /// The same environment, whose proxy leads every host of Amazon ECR to the emulator.
    pub(crate) fn with_amazon_ecr(self) -> Self {
        let root = self.sandbox.home().join("tls-root.crt");
        std::fs::write(&root, self.emulator.tls_root_pem()).unwrap();
        let proxy = self.emulator.endpoint();
        self.with_variable("HTTPS_PROXY", proxy)
            .with_variable("SSL_CERT_FILE", root.to_str().unwrap())
    }

    /// Has Amazon ECR sign what is pushed from now on, by a rule for each of these profiles; then pushes an image and
    /// gives it by digest.
    pub(crate) fn push_under_rules(&self, repository: &str, profiles: &[&str]) -> String {
        let rules: Vec<Value> = profiles
            .iter()
            .map(|profile| {
                json!({
                    "signingProfileArn": profile,
                    "repositoryFilters": [{ "filter": "*", "filterType": "WILDCARD_MATCH" }],
                })
            })
            .collect();
        let configuration = json!({ "rules": rules });
        self.emulator
            .put_signing_configuration(&configuration)
            .unwrap();
        let digest = self.emulator.push_test_image(repository, "v1").unwrap();
        format!("{repository}@{digest}")
    }

    /// The repository `team/app` of Amazon ECR.
    pub(crate) fn repository_on_ecr(&self) -> String {
        let (account, region) = (self.emulator.account(), self.emulator.region());
        format!("{account}.dkr.ecr.{region}.amazonaws.com/team/app")
    }

    /// The same environment without these variables.
    pub(crate) fn without_variables(self, names: &[&str]) -> Self {
        Self {
            sandbox: self.sandbox.without(names),
            ..self
        }
    }

    /// `sha256:...` of the image.
    pub(crate) fn digest(&self) -> &str {
        self.image.split('@').nth(1).unwrap()
    }

    /// `localhost:PORT`.
    pub(crate) fn registry(&self) -> &str {
        self.repository.split('/').next().unwrap()
    }

    pub(crate) fn client(&self) -> RepositoryClient {
        RepositoryClient::new(&self.repository)
    }

    /// What the emulator answers to `GET path`, for its owner's eyes.
    pub(crate) fn emulator_get(&self, path: &str) -> String {
        let mut stream = waiting::connect(self.emulator.address());
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let answer = waiting::rest("the emulator's answer", stream);
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// The repository's tags, sorted.
    pub(crate) fn tags(&self) -> Vec<String> {
        self.client().tags()
    }

    /// Runs the program; what it left is [`Ran::plain`].
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(arguments).plain()
    }

    /// Signs `reference`, which must succeed; gives the digest of the signature manifest.
    pub(crate) fn sign(&self, reference: &str) -> String {
        let ran = self.run(&["sign", "--signing-profile", &self.profile.arn, reference]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let pushed = ran.stdout.lines().last().unwrap();
        pushed.rsplit('@').next().unwrap().to_owned()
    }

    /// A signature of the scene's image that AWS Signer made at another time, as an envelope that
    /// was stored unchecked.
    pub(crate) fn sign_at(&self, offset: time::Duration) {
        let artifact = self.client().manifest_bytes(self.digest());
        let media_type: Value = serde_json::from_slice(&artifact).unwrap();
        let payload = json!({ "targetArtifact": {
            "mediaType": media_type["mediaType"], "digest": self.digest(), "size": artifact.len(),
        } });
        self.emulator.set_clock_offset(offset);
        let payload = payload.to_string();
        let envelope = self.emulator.sign_payload("release", payload.as_bytes());
        self.emulator.set_clock_offset(time::Duration::ZERO);
        let client = self.client();
        client.push_signature(self.digest(), "application/jose+json", &envelope.unwrap());
    }

    /// Verifies `reference` with the profile named on the command line and the emulator's root.
    pub(crate) fn verify(&self, reference: &str) -> Ran {
        self.verify_with(&[], reference)
    }

    pub(crate) fn verify_with(&self, more: &[&str], reference: &str) -> Ran {
        let fixed = [
            "verify",
            "--signing-profile",
            &self.profile.arn,
            "--trust-anchor",
            "root.crt",
        ];
        self.run(&[&fixed, more, &[reference]].concat())
    }

    /// Writes Notation's trust policy with this statement's level, and the emulator's root into
    /// the trust store that it names.
    pub(crate) fn write_policy(&self, level: &str) {
        self.write_policy_with(&format!(r#"{{ "level": "{level}" }}"#), &self.profile.arn);
    }

    pub(crate) fn write_policy_with(&self, signature_verification: &str, identity: &str) {
        let policy = format!(
            r#"{{ "version": "1.0", "trustPolicies": [ {{
                "name": "images",
                "registryScopes": [ "{}" ],
                "signatureVerification": {signature_verification},
                "trustStores": [ "signingAuthority:aws-signer-ts" ],
                "trustedIdentities": [ "{identity}" ]
            }} ] }}"#,
            self.repository
        );
        self.sandbox.write_config("trustpolicy.oci.json", policy);
        self.sandbox.write_config(
            "truststore/x509/signingAuthority/aws-signer-ts/root.crt",
            self.emulator.root_certificate_pem(),
        );
    }

    /// Names of the calls since the last time, oldest first.
    pub(crate) fn operations(&self) -> Vec<String> {
        let calls = self.emulator.calls();
        self.emulator.clear_calls();
        calls.into_iter().map(|call| call.operation).collect()
    }
}
