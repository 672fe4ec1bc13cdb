//! The real program as AWS Signer's plugin, and as `aws-kms`, over pipes: its answers, its errors, its calls to AWS.

mod bad_input;
mod credentials;
mod kms;
mod log;
mod messages;
mod network;
mod signing;
mod verifying;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::aws::{Aws, Settings};
use countersign::http;
use countersign_emulator::{AccessKey, Builder, Emulator};
use serde_json::{Value, json};

const PLUGIN: &str = "notation-com.amazonaws.signer.notation.plugin";
const PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
const JWS: &str = "application/jose+json";
const PAYLOAD_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";
const TRUSTED_IDENTITY: &str = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY";
const REVOCATION_CHECK: &str = "SIGNATURE_VERIFIER.REVOCATION_CHECK";
const PROFILE_VERSION: &str = "com.amazonaws.signer.signingProfileVersion";
const JOB: &str = "com.amazonaws.signer.signingJob";
const ALIAS: &str = "com.amazonaws.signer.signingProfileAlias";

/// The program under the plugin's name, as an installation lays it down; once for all tests.
static INSTALLED: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| install(PLUGIN));

/// The program under another name.
fn install(name: &str) -> (tempfile::TempDir, PathBuf) {
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join(name);
    std::fs::hard_link(program, &plugin)
        .or_else(|_| std::fs::copy(program, &plugin).map(|_| ()))
        .unwrap();
    (folder, plugin)
}

/// What one run of the plugin gave.
struct Reply {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Reply {
    /// The answer of a command that succeeded, checked against the schema of this name.
    fn answer(self, schema: &str) -> Value {
        assert_eq!(
            (self.status, self.stderr.as_str()),
            (Some(0), ""),
            "{}",
            self.stdout
        );
        self.answer_with_warning(schema).0
    }

    /// As [`Reply::answer`], and what was said on stderr.
    fn answer_with_warning(self, schema: &str) -> (Value, String) {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        let answer = serde_json::from_str(&self.stdout).unwrap();
        check_schema(schema, &answer);
        (answer, self.stderr)
    }

    /// The error of a command that failed: its code, its message and the whole.
    fn error(self) -> (String, String, Value) {
        assert_eq!(
            (self.status, self.stdout.as_str()),
            (Some(1), ""),
            "{}",
            self.stderr
        );
        let error: Value = serde_json::from_str(&self.stderr).unwrap();
        check_schema("error", &error);
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("errorCode"), text("errorMessage"), error)
    }

    #[track_caller]
    fn assert_error(self, code: &str, message: &str) {
        let (found_code, found_message, _) = self.error();
        assert_eq!(found_code, code, "{found_message}");
        assert!(
            found_message.contains(message),
            "{found_message}\nlacks\n{message}"
        );
    }
}

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schemas")
        .join(format!("plugin.{name}.schema.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[track_caller]
fn check_schema(name: &str, message: &Value) {
    if let Err(error) = jsonschema::validate(&schema(name), message) {
        panic!("{name}: {error}\n{message}");
    }
}

/// Runs the plugin with nothing in its environment but `env`.
fn run(arguments: &[&str], stdin: &[u8], env: &[(&str, &str)]) -> Reply {
    let mut command = Command::new(&INSTALLED.1);
    command.args(arguments);
    run_command(command, stdin, env)
}

fn run_command(mut command: Command, stdin: &[u8], env: &[(&str, &str)]) -> Reply {
    let mut child = command
        .env_clear()
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let stdin = stdin.to_vec();
    // The plugin may stop reading early.
    std::thread::spawn(move || input.write_all(&stdin));
    let output = crate::support::waiting::end(child, &format!("{command:?}"));
    Reply {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// An emulator, a home directory, and a caller of the plugin.
struct Fixture {
    emulator: Emulator,
    home: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self::with(Emulator::builder())
    }

    fn with(builder: Builder) -> Self {
        Self {
            emulator: builder.start_blocking().unwrap(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// The environment of the plugin: the emulator's, and nothing of this machine.
    fn env(&self) -> Vec<(String, String)> {
        let mut env: Vec<(String, String)> = self
            .emulator
            .env()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        env.push((
            "HOME".to_owned(),
            self.home.path().to_str().unwrap().to_owned(),
        ));
        env.push(("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()));
        env
    }

    fn run(&self, command: &str, request: &Value) -> Reply {
        self.run_with(command, request, &[])
    }

    /// Runs the plugin with `changes` to its environment; an empty value takes the variable away.
    fn run_with(&self, command: &str, request: &Value, changes: &[(&str, &str)]) -> Reply {
        self.run_program(&INSTALLED.1, command, request, changes)
    }

    fn run_program(
        &self,
        program: &Path,
        command: &str,
        request: &Value,
        changes: &[(&str, &str)],
    ) -> Reply {
        let env = self.env();
        let mut env: Vec<(&str, &str)> = env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name))
            .collect();
        env.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let mut program = Command::new(program);
        program.arg(command);
        let reply = run_command(program, request.to_string().as_bytes(), &env);
        // Whatever happens, nothing secret is said.
        for secret in [
            self.emulator.secret_access_key(),
            "wrong-secret-access-key",
            "some-session-token",
        ] {
            assert!(!reply.stdout.contains(secret) && !reply.stderr.contains(secret));
        }
        reply
    }

    /// The operations called so far, in order; and forgets them.
    fn operations(&self) -> Vec<String> {
        let calls = self.emulator.calls();
        self.emulator.clear_calls();
        calls.into_iter().map(|call| call.operation).collect()
    }

    /// A client of the emulator's AWS Signer that is not the plugin.
    fn client(&self, region: &str) -> aws_sdk_signer::Client {
        self.client_of(
            region,
            self.emulator.access_key_id(),
            self.emulator.secret_access_key(),
        )
    }

    fn client_of(&self, region: &str, key: &str, secret: &str) -> aws_sdk_signer::Client {
        let settings = Settings::default().with_signer_endpoint_url(self.emulator.endpoint());
        let pool = http::Pool::new(http::Settings::default());
        let credentials = aws_credential_types::Credentials::new(key, secret, None, None, "test");
        let aws = Aws::new(pool, settings)
            .unwrap()
            .with_credentials(credentials);
        block_on(aws.signer(region)).unwrap()
    }

    /// Makes a signing profile and returns the ARN of its version.
    fn profile_version(&self, region: &str, name: &str, platform: &str) -> String {
        let answer = block_on(
            self.client(region)
                .put_signing_profile()
                .profile_name(name)
                .platform_id(platform)
                .send(),
        )
        .unwrap();
        self.emulator.clear_calls();
        answer.profile_version_arn().unwrap().to_owned()
    }

    /// Makes a signing profile for images and returns its ARN.
    fn profile(&self, name: &str) -> String {
        profile_of(&self.profile_version(self.emulator.region(), name, PLATFORM))
    }

    /// Signs with `profile`, by the plugin, and returns the request with which a host would have the
    /// signature verified: the profile is trusted, and both capabilities are asked for.
    fn signed(&self, profile: &str) -> Value {
        let answer = self
            .run("generate-envelope", &envelope_request(profile))
            .answer("generate-envelope.response");
        self.emulator.clear_calls();
        verify_request(&answer, profile)
    }

    fn verify(&self, request: &Value) -> Value {
        self.run("verify-signature", request)
            .answer("verify-signature.response")
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// The ARN of a profile version without the version.
fn profile_of(version: &str) -> String {
    version.rsplit_once('/').unwrap().0.to_owned()
}

fn payload(annotations: &Value) -> Value {
    json!({ "targetArtifact": {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "size": 7,
        "annotations": annotations,
    } })
}

/// The request of `notation sign`.
fn envelope_request(key_id: &str) -> Value {
    json!({
        "contractVersion": "1.0",
        "keyId": key_id,
        "payloadType": PAYLOAD_TYPE,
        "signatureEnvelopeType": JWS,
        "payload": STANDARD.encode(payload(&json!({ "io.wabbit-networks.buildId": "123" })).to_string()),
    })
}

/// The request of `notation verify` for what `generate-envelope` answered, made from the envelope's
/// own bytes.
fn verify_request(answer: &Value, trusted_identity: &str) -> Value {
    let envelope = STANDARD
        .decode(answer["signatureEnvelope"].as_str().unwrap())
        .unwrap();
    let envelope: Value = serde_json::from_slice(&envelope).unwrap();
    let protected = URL_SAFE_NO_PAD
        .decode(envelope["protected"].as_str().unwrap())
        .unwrap();
    let protected: Value = serde_json::from_slice(&protected).unwrap();
    json!({
        "contractVersion": "1.0",
        "signature": {
            "criticalAttributes": {
                "contentType": protected["cty"],
                "signingScheme": protected["io.cncf.notary.signingScheme"],
                "expiry": protected["io.cncf.notary.expiry"],
                "authenticSigningTime": protected["io.cncf.notary.authenticSigningTime"],
                "extendedAttributes": {
                    PROFILE_VERSION: protected[PROFILE_VERSION],
                    JOB: protected[JOB],
                },
            },
            "unprocessedAttributes": [PROFILE_VERSION, JOB],
            "certificateChain": envelope["header"]["x5c"],
        },
        "trustPolicy": {
            "trustedIdentities": [trusted_identity],
            "signatureVerification": [TRUSTED_IDENTITY, REVOCATION_CHECK],
        },
    })
}

/// Another account's access key.
fn other_account() -> AccessKey {
    AccessKey::generate("444455556666", "other")
}
