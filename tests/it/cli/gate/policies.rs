//! Gate policies that cannot be used, and those that are probably not meant.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::refusals::signed;
use super::{Gate, signer};

#[test]
fn an_unknown_member_is_named_with_its_place_and_the_near_one() {
    let gate = signed();
    let file = gate.scene.sandbox.home().join("gate.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"require\"", "\"requires\"")).unwrap();
    gate.scene.emulator.clear_calls();
    let ran = gate.check_image();
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
    assert!(
        ran.stderr
            .contains(": `/rules/0/requires`: unknown member `requires`"),
        "{ran:#?}"
    );
    ran.assert_says("caused by: `gate.json`, line ");
    ran.assert_says(": `/rules/0`: the member `require` is missing\n");
    ran.assert_says("hint: did you mean `require`?\n");
    assert_eq!(gate.scene.operations(), [""; 0]);
    let ran = gate.check(&["--output", "json", &gate.scene.image]);
    let document = crate::support::document::document(&ran, "gate-verdict.v1.schema.json");
    assert_eq!(document["error"]["code"], "not-begun");
    assert_eq!(document["results"], json!([]));
}

#[test]
fn a_policy_that_is_not_there_or_a_link_is_refused() {
    let gate = signed();
    let home = gate.scene.sandbox.home();
    let check = |file: &str| {
        gate.scene
            .run(&["gate", "check", "--gate-policy", file, &gate.scene.image])
    };
    let ran = check("nowhere.json");
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(
        ran.stderr
            .starts_with("Error: the gate policy cannot be read\ncaused by: "),
        "{ran:#?}"
    );
    std::os::unix::fs::symlink(home.join("gate.json"), home.join("link.json")).unwrap();
    let ran = check("link.json");
    assert_eq!(ran.code, 2, "{ran:#?}");
    fs::write(home.join("bad.json"), "{").unwrap();
    let ran = check("bad.json");
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(
        ran.stderr
            .starts_with("Error: malformed gate policy `bad.json`\n"),
        "{ran:#?}"
    );
    // It is never found by itself.
    let ran = gate.scene.run(&["gate", "check", &gate.scene.image]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("--gate-policy <FILE>");
}

#[test]
fn a_digest_says_what_the_bytes_of_the_policy_must_be() {
    let gate = signed();
    let home = gate.scene.sandbox.home();
    let bytes = fs::read(home.join("gate.json")).unwrap();
    let digest = countersign::oci::sha256_digest(&bytes).to_string();
    let digits = digest.strip_prefix("sha256:").unwrap();
    // As a volume of Kubernetes has it: the file and its directory are links.
    fs::create_dir(home.join("real")).unwrap();
    fs::write(home.join("real/policy.json"), &bytes).unwrap();
    std::os::unix::fs::symlink("real", home.join("data")).unwrap();
    std::os::unix::fs::symlink("data/policy.json", home.join("link.json")).unwrap();
    let check = |file: &str, more: &[&str]| {
        let fixed = [
            "gate",
            "check",
            "--trust-anchor",
            "root.crt",
            "--gate-policy",
            file,
        ];
        gate.scene
            .run(&[&fixed[..], more, &[&gate.scene.image]].concat())
    };
    for (file, more, code) in [
        ("link.json", vec!["--gate-policy-sha256", digits], 0),
        ("link.json", vec!["--gate-policy-sha256", &digest], 0),
        ("data/policy.json", vec!["--gate-policy-sha256", digits], 0),
        ("link.json", vec![], 2),
        ("data/policy.json", vec![], 2),
        ("-", vec![], 2),
        ("", vec![], 2),
        ("gate.json", vec!["--gate-policy-sha256", "abc"], 2),
    ] {
        let ran = check(file, &more);
        assert_eq!(ran.code, code, "{file} {more:?}: {ran:#?}");
    }
    check("-", &[]).assert_says("Error: `--gate-policy -` needs `--gate-policy-sha256`\n");
    check("link.json", &[]).assert_says("`--gate-policy-sha256 DIGEST`");
    // What others may write is theirs to change, and no change has the digest.
    fs::set_permissions(home.join("gate.json"), fs::Permissions::from_mode(0o666)).unwrap();
    let pin = ["--gate-policy-sha256", digits];
    assert_eq!(check("gate.json", &pin).code, 0);
    fs::write(home.join("gate.json"), [&bytes[..], b"\n"].concat()).unwrap();
    let ran = check("gate.json", &pin);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(&format!("; wanted: `{digest}`\n"));
    // Over the very bytes that are parsed, also those of standard input.
    let program = env!("CARGO_BIN_EXE_countersign");
    let image = &gate.scene.image;
    let line = format!(
        "{program} gate check --trust-anchor root.crt --gate-policy - --gate-policy-sha256 {digits} {image} < real/policy.json"
    );
    let mut shell = gate.scene.sandbox.command("/bin/sh".as_ref());
    let ran = crate::support::sandbox::Ran::of(shell.args(["-c", &line]));
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = gate.scene.run(&[
        "gate",
        "compose",
        "--gate-policy",
        "-",
        "--gate-policy-sha256",
        digits,
        "-",
    ]);
    ran.assert_refused(
        2,
        "Error: the document and a policy would both be read from standard input",
    );
}

#[test]
fn what_others_may_write_decides_nothing() {
    let gate = signed();
    let file = gate.scene.sandbox.home().join("gate.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let ran = gate.check_image();
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    assert!(
        ran.stderr.starts_with(
            "Error: a gate accepts nothing that other users may write\ncaused by: others may write the gate policy: "
        ),
        "{ran:#?}"
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(gate.check_image().code, 0);
}

#[test]
fn the_trust_policy_must_have_what_the_gate_policy_names() {
    let gate = Gate::new();
    let by = |statement: &str, identity: &str| {
        let ci = json!({ "name": "ci", "statement": statement, "identity": identity });
        gate.write_rule(&json!({ "require": { "all": [ci] } }));
    };
    by("images", &gate.scene.profile.arn);
    let ran = gate.check_image();
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stderr
            .starts_with("Error: trust policy is not present."),
        "{ran:#?}"
    );

    gate.scene.write_policy("strict");
    gate.sign(&gate.scene.profile.arn.clone(), &[]);
    assert_eq!(gate.check_image().code, 0);
    for (statement, identity, cause, hint) in [
        (
            "image",
            gate.scene.profile.arn.clone(),
            "the trust policy has no statement `image`".to_owned(),
            "the statements are `images`".to_owned(),
        ),
        (
            "images",
            "arn:aws:signer:us-east-1:111122223333:/signing-profiles/other".to_owned(),
            "the statement `images` does not trust `arn:aws:signer:us-east-1:111122223333:/signing-profiles/other`".to_owned(),
            format!("write one of its `trustedIdentities`, or a narrower subject: `{}`", gate.scene.profile.arn),
        ),
    ] {
        by(statement, &identity);
        let ran = gate.check_image();
        assert_eq!(
            (ran.code, ran.stderr),
            (
                2,
                format!(
                    "Error: the signer `ci` of the rule `images` cannot be used\ncaused by: {cause}\nhint: {hint}\n"
                )
            )
        );
    }
}

#[test]
fn a_more_specific_rule_that_asks_less_is_warned_of() {
    let gate = signed();
    let (release, security) = (gate.profile("release"), gate.profile("security"));
    let mut policy = gate.policy(&json!({ "require": { "all": [signer("ci", &release)] } }));
    let wide = json!({
        "name": "all of them", "scopes": [format!("{}/*", gate.scene.registry())],
        "require": { "all": [signer("ci", &release), signer("security", &security)] },
    });
    policy["rules"].as_array_mut().unwrap().push(wide);
    gate.write(&policy);
    let ran = gate.check_image();
    assert_eq!(ran.code, 0, "{ran:#?}");
    let (repository, registry) = (&gate.scene.repository, gate.scene.registry());
    assert_eq!(
        ran.stderr,
        format!(
            "Warning: the scope `{repository}` of the rule `images` asks less than the wider scope `{registry}/*` of the rule `all of them`: signers\n"
        )
    );
}
