//! Each rule of a gate by each of its faces: what one refuses, no other one lets through.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{Gate, signer};
use crate::support::sandbox::Ran;

/// The commands that decide, each with the document that names the image, if it reads one.
const FACES: [(&str, &str); 9] = [
    ("check", ""),
    (
        "task-definition",
        r#"{"containerDefinitions": [{"image": "IMAGE"}]}"#,
    ),
    ("compose", r#"{"services": {"a": {"image": "IMAGE"}}}"#),
    (
        "kubernetes",
        r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "IMAGE"}]}}"#,
    ),
    (
        "image-definitions",
        r#"[{"name": "a", "imageUri": "IMAGE"}]"#,
    ),
    ("image-detail", r#"{"ImageURI": "IMAGE"}"#),
    (
        "cloudformation",
        r#"{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"ImageUri": "IMAGE"}}}}}"#,
    ),
    ("lambda-function", r#"{"ImageUri": "IMAGE"}"#),
    // By the name of what Amazon ECS describes.
    ("task-definition", "FAMILY"),
];

/// One rule: what is set up, the exit code, and what is said.
struct Rule {
    name: &'static str,
    set: fn(&Gate),
    /// `--pin` changes no answer.
    reference: fn(&Gate) -> String,
    more: &'static [&'static str],
    code: i32,
    says: &'static str,
}

const RULES: &[Rule] = &[
    Rule::of("signed", |_| {}, 0, "Verified: "),
    Rule::of(
        "no rule",
        |gate| edit(gate, "/rules/0/scopes", json!(["elsewhere.example/*"])),
        1,
        "covers",
    ),
    Rule {
        reference: |gate| format!("{}:v1", gate.scene.repository),
        ..Rule::of("a tag", |_| {}, 1, "the rule `images` refuses tags")
    },
    Rule::of(
        "a missing signer",
        |gate| {
            let security = signer("security", &gate.profile("security"));
            let ci = signer("ci", &gate.profile("release"));
            edit(gate, "/rules/0/require", json!({ "all": [ci, security] }));
        },
        1,
        "`security`: missing",
    ),
    Rule::of(
        "another signer",
        |gate| {
            edit(
                gate,
                "/rules/0/require",
                json!({ "all": [signer("ci", &gate.profile("other"))] }),
            );
        },
        1,
        "is not a trusted identity",
    ),
    Rule::of(
        "revoked",
        |gate| {
            let version = &gate.scene.profile.version_arn;
            gate.scene
                .emulator
                .revoke_signing_profile(version, time::OffsetDateTime::UNIX_EPOCH)
                .unwrap();
        },
        1,
        "is not signed as required",
    ),
    Rule::of(
        "an endpoint",
        |gate| edit(gate, "/awsEndpoints", Value::Null),
        2,
        "which is not AWS's own",
    ),
    Rule::of(
        "others may write",
        |gate| {
            let file = gate.scene.sandbox.home().join("gate.json");
            fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
        },
        1,
        "a gate accepts nothing that other users may write",
    ),
    Rule::of(
        "a link",
        |gate| {
            let home = gate.scene.sandbox.home();
            fs::rename(home.join("gate.json"), home.join("real.json")).unwrap();
            std::os::unix::fs::symlink("real.json", home.join("gate.json")).unwrap();
        },
        2,
        "the gate policy is behind a symbolic link",
    ),
    Rule {
        more: &[
            "--gate-policy-sha256",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ],
        ..Rule::of(
            "another digest",
            |_| {},
            1,
            "the gate policy `gate.json` has the digest",
        )
    },
    Rule::of(
        "denied",
        |gate| {
            let fault = Fault::new(FaultKind::AccessDenied).on("registry:ListReferrers");
            gate.scene.emulator.faults().add(fault);
        },
        3,
        "could not be decided",
    ),
    Rule::of(
        "no answer about revocation",
        |gate| {
            let fault = Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus");
            gate.scene.emulator.faults().add(fault);
        },
        3,
        "could not be decided",
    ),
    Rule::of(
        "a plugin",
        |gate| {
            let name = "com.amazonaws.signer.notation.plugin";
            let plugins = gate.scene.sandbox.config().join("plugins").join(name);
            fs::create_dir_all(&plugins).unwrap();
            let program = plugins.join(format!("notation-{name}"));
            fs::write(&program, "#!/bin/sh\ntouch \"$HOME/ran\"\n").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        },
        0,
        "Verified: ",
    ),
    Rule::of(
        "a warning",
        |gate| {
            edit(
                gate,
                "/rules/0/require",
                json!({ "all": [signer("ci", &gate.profile("other"))] }),
            );
            edit(gate, "/rules/0/onFailure", json!("warn"));
        },
        0,
        "Tolerated, not verified: ",
    ),
];

impl Rule {
    const fn of(name: &'static str, set: fn(&Gate), code: i32, says: &'static str) -> Self {
        Self {
            name,
            set,
            reference: |gate| gate.scene.image.clone(),
            more: &[],
            code,
            says,
        }
    }
}

/// Changes one member of the gate policy; `null` removes it.
fn edit(gate: &Gate, pointer: &str, value: Value) {
    let file = gate.scene.sandbox.home().join("gate.json");
    let mut policy: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = policy.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    gate.write(&policy);
}

fn run(gate: &Gate, (face, document): (&str, &str), reference: &str, more: &[&str]) -> Ran {
    let named = match document {
        "" => reference.to_owned(),
        "FAMILY" => {
            let task = json!({ "family": "app", "containerDefinitions": [{ "name": "a", "image": reference }] });
            gate.scene.emulator.register_task_definition(&task).unwrap()
        }
        text => {
            let file = gate.scene.sandbox.home().join("document.json");
            fs::write(&file, text.replace("IMAGE", reference)).unwrap();
            "document.json".to_owned()
        }
    };
    let fixed = [
        "gate",
        face,
        "--gate-policy",
        "gate.json",
        "--trust-anchor",
        "root.crt",
    ];
    gate.scene.run(&[&fixed[..], more, &[&named]].concat())
}

#[test]
fn every_rule_holds_by_every_face() {
    for rule in RULES {
        let gate = super::refusals::signed();
        (rule.set)(&gate);
        let reference = (rule.reference)(&gate);
        for face in FACES {
            gate.scene.operations();
            let ran = run(&gate, face, &reference, rule.more);
            let at = format!("{} by {face:?}: {ran:#?}", rule.name);
            assert_eq!(ran.code, rule.code, "{at}");
            assert!(
                format!("{}{}", ran.stdout, ran.stderr).contains(rule.says),
                "{at}"
            );
            // A run that cannot begin sends no request, not even for the document.
            if rule.code == 2 || rule.name == "another digest" {
                assert_eq!(gate.scene.operations(), [""; 0], "{at}");
            }
        }
        assert!(
            !gate.scene.sandbox.home().join("ran").exists(),
            "{}",
            rule.name
        );
    }
}

#[test]
fn no_face_has_a_flag_that_opens_it() {
    let gate = super::refusals::signed();
    for face in FACES {
        for flag in [
            "--username",
            "--password",
            "--plugin-config",
            "--signing-profile",
            "--insecure-registry",
            "--require",
        ] {
            let image = gate.scene.image.clone();
            let ran = run(&gate, face, &image, &[flag, "x"]);
            assert_eq!(ran.code, 2, "{face:?} {flag}: {ran:#?}");
        }
    }
}

#[test]
fn the_password_of_the_environment_is_not_used_by_any_face() {
    let gate = super::refusals::signed();
    let image = gate.scene.image.clone();
    let environment = [("NOTATION_USERNAME", "ci"), ("NOTATION_PASSWORD", "s3cret")];
    for (face, document) in &FACES[..8] {
        let named = if document.is_empty() {
            image.as_str()
        } else {
            "document.json"
        };
        let file = gate.scene.sandbox.home().join("document.json");
        fs::write(file, document.replace("IMAGE", &image)).unwrap();
        let mut command = gate
            .scene
            .sandbox
            .command(env!("CARGO_BIN_EXE_countersign").as_ref());
        command.envs(environment).args([
            "gate",
            face,
            "--gate-policy",
            "gate.json",
            "--trust-anchor",
            "root.crt",
            named,
        ]);
        let ran = Ran::of(&mut command);
        assert_eq!(ran.code, 0, "{ran:#?}");
        ran.assert_says("Note: `NOTATION_USERNAME` and `NOTATION_PASSWORD` are not used; set `NOTATION_REGISTRY`");
    }
}
