//! `doctor`: each fault alone, with what was found, what is wanted and what to do; and that nothing is changed by it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use countersign_emulator::{AccessKey, Decision, Emulator, Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::script_plugin::write_program;

const STORE: &str = "truststore/x509/signingAuthority/trust-anchor/root.crt";

/// A machine on which all is well: set up, and with an image that is signed.
fn scene() -> Scene {
    let scene = Scene::new();
    set_up(&scene);
    scene
}

fn set_up(scene: &Scene) {
    let profile = &scene.profile.arn;
    let ran = scene.run(&[
        "setup",
        "--signing-profile",
        profile,
        "--trust-anchor",
        "root.crt",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    scene.sign(&scene.image);
}

fn doctor(scene: &Scene, more: &[&str]) -> Ran {
    scene.run(&[&["doctor", &scene.image], more].concat())
}

/// What is not as it should be, a block for each finding, with one name in place of what is another one in each run. That
/// the emulator's root is not AWS's is left out.
fn not_passed(scene: &Scene, ran: &Ran) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in ran.stdout.lines().take_while(|line| !line.is_empty()) {
        match blocks.last_mut() {
            Some(block) if line.starts_with(' ') => {
                block.push_str(line);
                block.push('\n');
            }
            _ => blocks.push(format!("{line}\n")),
        }
    }
    let is_known = |block: &String| {
        block.starts_with("pass ")
            || block.starts_with("warn     roots signingAuthority:trust-anchor: ")
    };
    blocks.retain(|block| !is_known(block));
    scrubbed(scene, &blocks.concat())
}

fn scrubbed(scene: &Scene, text: &str) -> String {
    let port = scene.emulator.address().port();
    let (digest, home) = (scene.digest(), scene.sandbox.home());
    let text = text
        .replace(&scene.profile.version_arn, "VERSION_ARN")
        .replace(&scene.profile.arn, "PROFILE_ARN")
        .replace(digest, "DIGEST")
        .replace(home.to_str().unwrap(), "HOME")
        .replace(&format!(":{port}"), ":PORT")
        .replace("127.0.0.1:PORT", "localhost:PORT");
    // AWS's names of requests.
    let mut parts = text.split("(request `");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        shown.push_str("(request `ID");
        shown.push_str(part.split_once('`').map_or("", |(_, rest)| rest));
        shown = shown.replacen("(request `ID)", "(request `ID`)", 1);
    }
    shown
}

/// The fault alone: exit code, and what is not as it should be.
#[track_caller]
fn assert_found(scene: &Scene, more: &[&str], code: i32, wanted: &str) {
    let ran = doctor(scene, more);
    let found = not_passed(scene, &ran);
    assert_eq!(found, wanted, "{ran:#?}");
    assert_eq!(ran.code, code, "{ran:#?}");
    // The document says the same.
    let ran = doctor(scene, &[more, &["--output", "json"]].concat());
    let document = document::document(&ran, "doctor.v1.schema.json");
    assert_eq!(document["exitCode"], code, "{document:#}");
}

/// The statuses of a document's findings, by check and subject.
fn statuses(document: &Value) -> BTreeMap<String, String> {
    let findings = document["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            let subject = finding["subject"].as_str().unwrap_or_default();
            let check = finding["check"].as_str().unwrap();
            let status = finding["status"].as_str().unwrap();
            (
                format!("{check} {subject}").trim_end().to_owned(),
                status.to_owned(),
            )
        })
        .collect()
}

/// Every file below `directory` with its time and content.
fn content(directory: &Path) -> BTreeMap<String, (std::time::SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let time = path.metadata().unwrap().modified().unwrap();
                found.insert(path.display().to_string(), (time, fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn where_all_is_well_everything_passes_and_nothing_is_changed() {
    let scene = scene();
    let before = (content(scene.sandbox.home()), scene.tags());
    scene.emulator.clear_calls();
    assert_found(&scene, &[], 0, "");
    assert_eq!((content(scene.sandbox.home()), scene.tags()), before);
    let calls = scene.emulator.calls();
    let changes = [
        "SignPayload",
        "PutSigningProfile",
        "registry:put-manifest",
        "registry:start-upload",
    ];
    for call in calls {
        assert!(!changes.contains(&call.operation.as_str()), "{call:#?}");
        let is_reading = call.method == "GET" || call.method == "HEAD" || call.path == "/";
        assert!(is_reading, "{call:#?}");
    }
    let ran = doctor(&scene, &[]);
    let shown = scrubbed(&scene, &ran.stdout);
    let lines: Vec<&str> = shown.lines().collect();
    println!("{shown}");
    assert!(lines.len() < 40, "not one screen: {shown}");
}

#[test]
fn print_faults() {
    // TEMPORARY
    let s = scene();
    s.emulator
        .simulate("signer:SignPayload", Decision::ImplicitDeny);
    println!("== implicit\n{}", not_passed(&s, &doctor(&s, &[])));
    s.emulator
        .simulate("signer:SignPayload", Decision::ExplicitDeny);
    println!("== explicit\n{}", not_passed(&s, &doctor(&s, &[])));
    s.emulator
        .simulate("signer:SignPayload", Decision::MissingContext);
    println!("== missing\n{}", not_passed(&s, &doctor(&s, &[])));
    s.emulator.simulate("signer:SignPayload", Decision::Allowed);
    for op in [
        "SimulatePrincipalPolicy",
        "GetSigningProfile",
        "ListProfilePermissions",
        "GetRevocationStatus",
        "GetCallerIdentity",
        "registry:get-manifest",
        "registry:referrers",
    ] {
        s.emulator
            .faults()
            .add(Fault::new(FaultKind::AccessDenied).on(op));
        println!("== denied {op}\n{}", not_passed(&s, &doctor(&s, &[])));
        s.emulator.faults().clear();
    }
    s.emulator
        .faults()
        .add(Fault::new(FaultKind::DateSkew { seconds: 400 }).on("GetCallerIdentity"));
    println!("== skew\n{}", not_passed(&s, &doctor(&s, &[])));
    s.emulator.faults().clear();
    s.emulator
        .faults()
        .add(Fault::new(FaultKind::DateSkew { seconds: -100 }).on("GetCallerIdentity"));
    println!("== skew\n{}", not_passed(&s, &doctor(&s, &[])));
    s.emulator.faults().clear();
    println!("== full\n{}", doctor(&s, &[]).stdout);
    println!("== ops\n{:?}", s.operations());
    println!(
        "== region\n{}",
        not_passed(
            &s,
            &doctor(&s, &["--plugin-config", "aws-region=us-gov-west-1"])
        )
    );
    println!(
        "== region2\n{}",
        not_passed(
            &s,
            &doctor(&s, &["--plugin-config", "aws-region=eu-west-1"])
        )
    );
    let policy = s.sandbox.config().join("trustpolicy.oci.json");
    let good = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, good.replace("strict", "permissive")).unwrap();
    println!("== permissive\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::write(&policy, "{").unwrap();
    println!("== malformed\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::write(&policy, good.replace("\"*\"", "\"other.example/app\"")).unwrap();
    println!("== no statement\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::write(&policy, good.replace("trust-anchor", "missing")).unwrap();
    println!("== no store\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::write(&policy, good.replace("trust-anchor", "aws-signer-ts")).unwrap();
    s.sandbox.write_config(
        "truststore/x509/signingAuthority/aws-signer-ts/root.crt",
        s.emulator.root_certificate_pem(),
    );
    println!("== false root\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::remove_file(&policy).unwrap();
    fs::remove_file(s.sandbox.config().join("trustpolicy.json")).unwrap();
    println!("== no policy\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::write(&policy, &good).unwrap();
    fs::write(s.sandbox.config().join("trustpolicy.json"), &good).unwrap();
    fs::set_permissions(&policy, Permissions::from_mode(0o666)).unwrap();
    println!("== exposed\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::set_permissions(&policy, Permissions::from_mode(0o600)).unwrap();
    let cache = s.sandbox.home().join(".cache/notation");
    fs::create_dir_all(&cache).unwrap();
    fs::set_permissions(&cache, Permissions::from_mode(0o777)).unwrap();
    println!("== cache\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::set_permissions(&cache, Permissions::from_mode(0o700)).unwrap();
    let name = "com.amazonaws.signer.notation.plugin";
    fs::create_dir_all(s.sandbox.config().join("plugins").join(name)).unwrap();
    println!("== no plugin\n{}", not_passed(&s, &doctor(&s, &[])));
    let plugin = s
        .sandbox
        .config()
        .join("plugins")
        .join(name)
        .join(format!("notation-{name}"));
    write_program(&plugin, "#!/bin/sh\nexit 1\n");
    println!("== broken plugin\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::set_permissions(&plugin, Permissions::from_mode(0o777)).unwrap();
    println!("== exposed plugin\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::set_permissions(&plugin, Permissions::from_mode(0o600)).unwrap();
    println!("== not executable\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::remove_file(&plugin).unwrap();
    let wrapper = format!(
        "#!/bin/sh\nexec -a notation-{name} {} \"$@\"\n",
        env!("CARGO_BIN_EXE_countersign")
    );
    write_program(&plugin, &wrapper.replace("/bin/sh", "/bin/bash"));
    println!("== other build\n{}", not_passed(&s, &doctor(&s, &[])));
    fs::remove_dir_all(s.sandbox.config().join("plugins")).unwrap();
    let s = s.with_variable("HTTPS_PROXY", "ftp://user:HUSH@x/?HUSH");
    println!("== proxy\n{}", not_passed(&s, &doctor(&s, &[])));
    let s = s.without_variables(&["HTTPS_PROXY", "AWS_ACCESS_KEY_ID"]);
    println!("== nocred\n{}", not_passed(&s, &doctor(&s, &[])));
    let s = s.with_variable("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN");
    println!("== badcred\n{}", not_passed(&s, &doctor(&s, &[])));
    let s = s.with_variable("AWS_ENDPOINT_URL", "http://127.0.0.1:1/?token=HUSH");
    println!("== unreachable\n{}", not_passed(&s, &doctor(&s, &[])));
    let _ = (
        AccessKey::generate("444455556666", "x"),
        Emulator::builder(),
        json!(1),
        STORE,
    );
}
