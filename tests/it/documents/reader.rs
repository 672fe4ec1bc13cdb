//! A reader who follows a page: a home with what the pages speak of, in which their commands run.

use std::path::PathBuf;

use super::pages;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::script_plugin::write_program;
use crate::support::shown::shown;
use crate::support::stage::{Stage, a_package};
use crate::support::{kms, layout, local_keys};

/// The directory that the pages give the emulator.
pub(super) const EMULATOR_FOLDER: &str = "/tmp/countersign-emulator";

/// In a page about a node.
pub(super) const NODE: &str = "mkdir -p /etc/countersign";

/// Makes the reader's own directories those of the machine, then runs the block. Only root can.
const ON_NODE: &str = r#"for place in etc opt usr/local/bin; do mount --bind "$0/node/$place" "/$place"; done; exec /bin/sh -e -c "$1""#;

/// In a page about managed signing, which has an image of Amazon ECR.
const ON_ECR: &str = "$ECR_IMAGE";

/// In a page that signs; every other page finds its image signed.
const SIGNS: &str = "countersign sign ";

/// In a page that writes a trust policy; every other page finds one.
const WRITES_A_POLICY: [&str; 3] = [
    "trustpolicy.oci.json\"",
    "countersign policy init ",
    "\ncountersign setup ",
];

pub(super) struct Reader {
    pub(super) scene: Scene,
    bin: PathBuf,
    variables: Vec<(&'static str, String)>,
    /// Whether the page is about a node, whose `/etc` and programs are the reader's own.
    is_of_node: bool,
}

impl Reader {
    /// A reader of a page with this text.
    pub(super) fn of(text: &str) -> Self {
        let mut scene = Scene::new();
        if text.contains(ON_ECR) {
            scene = scene.with_amazon_ecr();
        }
        if !text.contains(SIGNS) {
            scene.sign(&scene.image);
        }
        if !WRITES_A_POLICY.iter().any(|written| text.contains(written)) {
            let of_page = scene.repository.clone();
            if text.contains(ON_ECR) {
                scene.repository = scene.repository_on_ecr();
            }
            scene.write_policy("strict");
            scene.repository = of_page;
        }
        let reader = Self {
            bin: scene.sandbox.home().join("bin"),
            variables: Self::variables(&scene),
            is_of_node: text.contains(NODE),
            scene,
        };
        if reader.is_of_node {
            reader.write_node();
        }
        reader.write_programs();
        reader.write_files();
        reader
    }

    /// What the pages name by a variable.
    fn variables(scene: &Scene) -> Vec<(&'static str, String)> {
        let second = scene.emulator.push_test_image("base", "v1").unwrap();
        let other = scene.emulator.create_signing_profile("production").unwrap();
        let on_ecr = scene.push_under_rules(&scene.repository_on_ecr(), &[&scene.profile.arn]);
        [
            ("ECR_IMAGE", on_ecr),
            ("PROFILE_ARN", scene.profile.arn.clone()),
            ("OTHER_PROFILE_ARN", other.arn),
            ("KMS_KEY", kms::import(&scene.emulator, "ec-384")),
            ("IMAGE", scene.image.clone()),
            ("IMAGE2", format!("{}/base@{second}", scene.registry())),
            ("FUNCTION_ARN", Self::gated_service(scene)),
        ]
        .into_iter()
        .chain(Self::code_of_lambda(scene))
        .collect()
    }

    /// A profile for packages of AWS Lambda, a configuration that only warns, a function with signed code and a layer, and a
    /// bucket; what the pages call the first two and the layer.
    fn code_of_lambda(scene: &Scene) -> [(&'static str, String); 3] {
        let stage = Stage::part_of(scene, "package");
        let signed = stage.signed_in_job("x");
        let config = stage.config(&[&stage.profile.version_arn], "Warn");
        let layer = stage.layer("tools", &signed);
        stage.function("api", &signed, &serde_json::json!({ "Layers": [layer] }));
        let home = scene.sandbox.home();
        std::fs::write(home.join("app.zip"), a_package("x")).unwrap();
        std::fs::write(home.join("app.signed.zip"), &signed).unwrap();
        scene
            .emulator
            .create_bucket("packages", Some(true))
            .unwrap();
        [
            ("CODE_PROFILE", stage.profile.version_arn.clone()),
            ("CONFIG_ARN", config),
            ("LAYER_ARN", layer),
        ]
    }

    /// A service in the cluster `prod` whose deployments call a function; the function's ARN.
    fn gated_service(scene: &Scene) -> String {
        let emulator = &scene.emulator;
        let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", emulator.account());
        for name in ["gate", "ecs-hook"] {
            emulator.add_principal(&role(name));
        }
        let function = serde_json::json!({ "FunctionName": "gate", "Role": role("gate") });
        let function = emulator.create_function(&function).unwrap();
        let task = serde_json::json!({
            "family": "web", "containerDefinitions": [{ "name": "web", "image": scene.image }],
        });
        emulator.register_task_definition(&task).unwrap();
        let cluster = serde_json::json!({ "clusterName": "prod" });
        emulator.ecs("CreateCluster", &cluster).unwrap();
        let service = serde_json::json!({
            "cluster": "prod",
            "serviceName": "web",
            "taskDefinition": "web",
            "deploymentConfiguration": {
                "strategy": "BLUE_GREEN",
                "lifecycleHooks": [{
                    "hookTargetArn": function,
                    "roleArn": role("ecs-hook"),
                    "lifecycleStages": ["PRE_SCALE_UP"],
                    "timeoutConfiguration": { "timeoutInMinutes": 15, "action": "ROLLBACK" },
                }],
            },
        });
        emulator.ecs("CreateService", &service).unwrap();
        function
    }

    /// `countersign`, and the same by the name `notation`, whose flags it has.
    fn write_programs(&self) {
        std::fs::create_dir(&self.bin).unwrap();
        let program = env!("CARGO_BIN_EXE_countersign");
        // The pages are about AWS, whose roots are built in; here the emulator's stand in for them, and
        // so does its endpoint in a gate policy.
        let wrapper = format!(
            r#"#!/bin/sh
case "$*" in
*--trust-anchor*|*--for*|"gate audit-service"*|"lambda audit"*|"lambda config"*|"lambda iam-policy"*) ;;
"lambda "*)
    set -- "$@" --trust-anchor {home}/package-root.crt ;;
"cert add --aws-signer")
    set -- cert add --type signingAuthority --store aws-signer-ts trustpolicy/roots/aws-signer-notation-root.crt ;;
"gate "*)
    sed -i '1s|^{{$|{{ "awsEndpoints": ["{endpoint}"],|' gate.json
    set -- "$@" --trust-anchor {home}/root.crt ;;
setup*|verify*--signing-profile*|wait*--signing-profile*|revocation*--signing-profile*|sign*--if-missing*|profile*--count-in*|signature*--count-in*|"blob verify"*--signing-profile*)
    set -- "$@" --trust-anchor {home}/root.crt ;;
esac
exec {program} "$@"
"#,
            home = self.scene.sandbox.home().display(),
            endpoint = self.scene.emulator.endpoint(),
        );
        write_program(&self.bin.join("countersign"), &wrapper);
        // A machine may lack it; what it is asked for has a test of its own.
        write_program(&self.bin.join("curl"), "#!/bin/sh\n");
        std::os::unix::fs::symlink(program, self.bin.join("notation")).unwrap();
    }

    /// The directories of a node with containerd.
    fn write_node(&self) {
        let node = self.scene.sandbox.home().join("node");
        for place in ["etc", "opt", "usr/local/bin"] {
            std::fs::create_dir_all(node.join(place)).unwrap();
        }
        for name in ["hosts", "nsswitch.conf"] {
            let _ = std::fs::copy(format!("/etc/{name}"), node.join("etc").join(name));
        }
        let words = "containerd github.com/containerd/containerd/v2 v2.4.2 x";
        let containerd = format!("#!/bin/sh\necho {words}\n");
        write_program(&node.join("usr/local/bin/containerd"), &containerd);
    }

    fn write_files(&self) {
        let home = self.scene.sandbox.home();
        std::fs::write(home.join("app.tar.gz"), "hello\n").unwrap();
        layout::make(&home.join("layout"), &["v1"]);
        // Documents that say what will run.
        let image = format!("{}:v1", self.scene.repository);
        let task = format!(
            "{{\n  \"family\": \"app\",\n  \"containerDefinitions\": [\n    {{ \"name\": \"app\", \"image\": \"{image}\" }}\n  ]\n}}\n"
        );
        std::fs::write(home.join("taskdef.json"), &task).unwrap();
        let compose =
            format!("services:\n  app:\n    image: {image}\nx-tools: {{image: {image}}}\n");
        std::fs::write(home.join("compose.yaml"), compose).unwrap();
        let task = serde_json::from_str(&task).unwrap();
        self.scene.emulator.register_task_definition(&task).unwrap();
        // One key, in AWS KMS and in a file, with one chain of certificates.
        let chain = kms::Chain::of("ec-384");
        std::fs::write(home.join("release.crt"), chain.pem()).unwrap();
        std::fs::write(home.join("company-root.crt"), chain.root).unwrap();
        std::fs::copy(local_keys::path("ec-384"), home.join("release.key")).unwrap();
        // The repository's policies, with the emulator's root in place of AWS's.
        let policies = home.join("trustpolicy");
        std::fs::create_dir_all(policies.join("roots")).unwrap();
        for entry in std::fs::read_dir(pages::package().join("trustpolicy")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), policies.join(entry.file_name())).unwrap();
            }
        }
        let root = self.scene.emulator.root_certificate_pem();
        std::fs::write(policies.join("roots/aws-signer-notation-root.crt"), root).unwrap();
        let emulator = home.join("emulator");
        std::fs::create_dir(&emulator).unwrap();
        self.scene.emulator.write_files(&emulator).unwrap();
    }

    /// Runs a block of shell commands.
    pub(super) fn run(&self, block: &str) -> Ran {
        let emulator = self.scene.sandbox.home().join("emulator");
        let block = block.replace(EMULATOR_FOLDER, emulator.to_str().unwrap());
        let mut shell = if self.is_of_node {
            let mut shell = self.scene.sandbox.command("/usr/bin/unshare".as_ref());
            let home = self.scene.sandbox.home();
            shell.args(["--mount", "/bin/sh", "-e", "-c", ON_NODE]);
            shell.arg(home).arg(&block);
            shell
        } else {
            let mut shell = self.scene.sandbox.command("/bin/sh".as_ref());
            shell.args(["-e", "-c", &block]);
            shell
        };
        shell
            .env("PATH", format!("{}:/usr/bin:/bin", self.bin.display()))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        Ran::of(&mut shell)
    }

    /// What a run said, errors first, with one name in place of what is another one in each run.
    pub(super) fn said(&self, ran: Ran) -> String {
        let ran = ran.plain();
        shown(
            &format!("{}{}", ran.stderr, ran.stdout),
            self.scene.registry(),
        )
    }
}
