//! The pipelines of `examples/`, run: their commands in a shell, as each pipeline's own runner would run them, with the emulator
//! for AWS and its registry. `tests/interop/run` has them run with distribution's registry and the AWS command line instead.

mod actions;
mod buildspec;
mod codebuild;
mod codepipeline;
mod files;
mod github;
mod gitlab;
mod managed_signing;
mod registry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::oci::sha256_digest;
use serde_json::{Value, json};

use crate::support::registry_client::RepositoryClient;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::script_plugin::write_program;
use crate::support::shown::shown;
use registry::Registry;

/// Stands in for Docker: what it builds was pushed before.
const DOCKER: &str = r#"#!/bin/sh
echo "docker $*" >> "$NOTES/calls"
case $1 in
login) cat > /dev/null ;;
buildx)
    while [ $# -gt 0 ]; do
        [ "$1" = --metadata-file ] && out=$2
        shift
    done
    cat > "$out" <<END
{
  "buildx.build.ref": "default/default/x",
  "containerimage.config.digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
  "containerimage.digest": "$(cat "$NOTES/pushed")",
  "image.name": "x"
}
END
    ;;
esac
"#;

/// Stands in for the AWS command line where that is not there.
const AWS: &str = r#"#!/bin/sh
echo "aws $*" >> "$NOTES/calls"
case "$1 $2" in
"ecr get-login-password") echo password ;;
"s3 cp") exec cp "$NOTES/bucket/${3#s3://tools/}" "$4" ;;
"ecs register-task-definition") echo arn:aws:ecs:us-east-1:111122223333:task-definition/app:1 ;;
"ecs update-service") ;;
*) exit 252 ;;
esac
"#;

/// The AWS command line itself, which asks the emulator.
const NOTED_AWS: &str = r#"#!/bin/sh
echo "aws $*" >> "$NOTES/calls"
exec "$INTEROP_PYTHON_BIN/aws" "$@"
"#;

/// Stands in for `wget` and `kubectl`.
const FETCH: &str = r#"#!/bin/sh
echo "wget $*" >> "$NOTES/calls"
while [ $# -gt 1 ]; do
    [ "$1" = -O ] && out=$2
    shift
done
exec cp "$NOTES/bucket/${1##*/}" "$out"
"#;

const KUBECTL: &str = r#"#!/bin/sh
echo "kubectl $*" >> "$NOTES/calls"
"#;

/// A checked-out source in an environment where a pipeline runs.
pub(super) struct Pipeline {
    pub(super) scene: Scene,
    /// `HOST/app`.
    pub(super) repository: String,
    /// An unsigned image in it.
    pub(super) image: String,
    pub(super) variables: BTreeMap<String, String>,
    _registry: Registry,
}

impl Pipeline {
    /// A source with the files of an example; the program and the example's gate policy are in the bucket `tools`.
    pub(super) fn of(example: &str) -> Self {
        let scene = Scene::new();
        let registry = Registry::start(&scene);
        let repository = format!("{}/app", registry.host);
        Self::at(example, scene, registry, repository)
    }

    fn at(example: &str, scene: Scene, registry: Registry, repository: String) -> Self {
        for name in ["ci", "security"] {
            scene.emulator.create_signing_profile(name).unwrap();
        }
        let mut pipeline = Self {
            scene,
            image: String::new(),
            repository,
            variables: BTreeMap::new(),
            _registry: registry,
        };
        for folder in ["bin", "bucket", "source", "home"] {
            std::fs::create_dir_all(pipeline.notes().join(folder)).unwrap();
        }
        for name in files::below(example) {
            if Path::new(&name).extension().is_none_or(|end| end != "md") {
                let text = std::fs::read(files::folder(example).join(&name)).unwrap();
                let file = pipeline.source().join(&name);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
        }
        pipeline.write_programs();
        let program = pipeline.put("countersign", &pipeline.wrapper());
        pipeline.set("COUNTERSIGN_SHA256", &program);
        if pipeline.source().join("gate.json").exists() {
            let policy = pipeline.gate_policy();
            let digest = pipeline.put("gate.json", &policy);
            pipeline.set("GATE_POLICY_SHA256", &digest);
        }
        for (name, value) in [
            ("TOOLS_BUCKET", "tools"),
            ("REPOSITORY", &pipeline.repository.clone()),
            ("PROFILE_ARN", &pipeline.profile("ci")),
            ("CLUSTER", "prod"),
            ("SERVICE", "web"),
            ("CONTAINER", "app"),
        ] {
            pipeline.set(name, value);
        }
        let service =
            json!({ "cluster": "prod", "serviceName": "web", "taskDefinition": "before" });
        let emulator = &pipeline.scene.emulator;
        emulator
            .ecs("CreateCluster", &json!({ "clusterName": "prod" }))
            .unwrap();
        let before = json!({ "family": "before", "containerDefinitions": [{ "name": "app", "image": "localhost:1/a:1" }] });
        emulator.register_task_definition(&before).unwrap();
        emulator.ecs("CreateService", &service).unwrap();
        pipeline
    }

    /// What the pipeline's project or repository has set.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Pushes an image that is like no other one, and has the next build push it.
    pub(super) fn push(&mut self, tag: &str) -> String {
        let digest = push_image(&self.repository, tag);
        self.build_pushes(&digest);
        self.image = format!("{}@{digest}", self.repository);
        self.image.clone()
    }

    fn build_pushes(&self, digest: &str) {
        std::fs::write(self.notes().join("pushed"), digest).unwrap();
    }

    /// Signs with a profile, past the pipeline.
    pub(super) fn sign(&self, profile: &str, image: &str) {
        let ran = self
            .scene
            .run(&["sign", "--signing-profile", &self.profile(profile), image]);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }

    pub(super) fn profile(&self, name: &str) -> String {
        self.scene
            .profile
            .arn
            .replace("/release", &format!("/{name}"))
    }

    /// Puts a text into the bucket; answers its SHA-256.
    pub(super) fn put(&self, name: &str, text: &str) -> String {
        self.scene
            .emulator
            .put_object("tools", name, text.as_bytes())
            .unwrap();
        std::fs::write(self.notes().join("bucket").join(name), text).unwrap();
        let digest = sha256_digest(text.as_bytes()).to_string();
        digest.strip_prefix("sha256:").unwrap().to_owned()
    }

    /// The program, which trusts the emulator's root in place of AWS's.
    fn wrapper(&self) -> String {
        format!(
            "#!/bin/sh\ncase $1 in gate|sign|verify|wait) set -- \"$@\" --trust-anchor {}/root.crt ;; esac\nexec {} \"$@\"\n",
            self.notes().display(),
            env!("CARGO_BIN_EXE_countersign")
        )
    }

    /// The example's gate policy, for this registry and the emulator.
    fn gate_policy(&self) -> String {
        let text = std::fs::read_to_string(self.source().join("gate.json")).unwrap();
        let mut policy: Value =
            serde_json::from_str(&text.replace("us-west-2", self.scene.emulator.region())).unwrap();
        policy["awsEndpoints"] = json!([self.scene.emulator.endpoint()]);
        let host = self.repository.split('/').next().unwrap();
        policy["rules"][0]["scopes"] = json!([format!("{host}/*")]);
        policy.to_string()
    }

    fn write_programs(&self) {
        let is_real = std::env::var_os("INTEROP_PYTHON_BIN").is_some();
        for (name, text) in [
            ("docker", DOCKER),
            ("aws", if is_real { NOTED_AWS } else { AWS }),
            ("wget", FETCH),
            ("kubectl", KUBECTL),
        ] {
            write_program(&self.notes().join("bin").join(name), text);
        }
    }

    /// Where the stand-ins write what they were asked for.
    pub(super) fn notes(&self) -> PathBuf {
        self.scene.sandbox.home().to_owned()
    }

    pub(super) fn source(&self) -> PathBuf {
        self.notes().join("source")
    }

    /// A file of the source, which a pipeline has written.
    pub(super) fn written(&self, name: &str) -> String {
        std::fs::read_to_string(self.source().join(name)).unwrap()
    }

    /// The calls of other programs since the last time.
    pub(super) fn calls(&self) -> Vec<String> {
        let path = self.notes().join("calls");
        let calls = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        calls.lines().map(str::to_owned).collect()
    }

    /// Whether something was deployed since the last time.
    pub(super) fn has_deployed(&self) -> bool {
        let calls = self.calls();
        calls
            .iter()
            .any(|call| call.starts_with("aws ecs ") || call.starts_with("kubectl "))
    }

    /// Runs a script in the source, with these variables beside the pipeline's.
    pub(super) fn shell(
        &self,
        flags: &[&str],
        script: &str,
        more: &BTreeMap<String, String>,
    ) -> Ran {
        let mut shell = self.scene.sandbox.command("/bin/bash".as_ref());
        let bin = self.notes().join("bin");
        shell
            .env("NOTES", self.notes())
            .env("HOME", self.notes().join("home"))
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .envs(&self.variables)
            .envs(more)
            .args(flags)
            .args(["-c", script])
            .current_dir(self.source());
        if let Some(python) = std::env::var_os("INTEROP_PYTHON_BIN") {
            shell.env("INTEROP_PYTHON_BIN", python);
        }
        Ran::of(&mut shell)
    }

    /// How the refusal begins and what it says, as the pages show it.
    pub(super) fn refusal(&self, ran: Ran) -> String {
        let ran = ran.plain();
        let at = ran.stderr.find("Error: ");
        let refusal = &ran.stderr[at.unwrap_or_else(|| panic!("no refusal in {ran:#?}"))..];
        let refusal = refusal.split("COMMAND_EXECUTION_ERROR").next().unwrap();
        let host = self.repository.split('/').next().unwrap();
        shown(refusal.trim_end(), host)
    }

    /// A page in `docs/` shows this refusal, in the words that were printed.
    #[track_caller]
    pub(super) fn assert_page_shows(&self, page: &str, ran: Ran) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(page);
        // What a page cannot have run is indented there.
        let text = std::fs::read_to_string(path)
            .unwrap()
            .replace("\n    ", "\n");
        let refusal = self.refusal(ran);
        assert!(
            text.contains(&refusal.replace("\n    ", "\n")),
            "docs/{page} does not show:\n{refusal}"
        );
    }
}

/// Pushes an image, whose config has the tag's name, as any client would.
fn push_image(repository: &str, tag: &str) -> String {
    let client = RepositoryClient::new(repository);
    let config = json!({
        "architecture": "amd64", "os": "linux", "author": tag, "rootfs": { "type": "layers", "diff_ids": [] },
    });
    let config = config.to_string();
    let digest = client.push_blob(config.as_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": config.len(),
        },
        "layers": [],
    });
    client.put_manifest(tag, &manifest).to_string()
}
