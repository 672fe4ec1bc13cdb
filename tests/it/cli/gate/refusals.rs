//! What may not run, and in which words.

use countersign_emulator::{Fault, FaultKind};
use serde_json::json;

use super::{Gate, signer};

/// A gate that wants the scene's profile, over a signed image.
pub(super) fn signed() -> Gate {
    let gate = Gate::new();
    let release = gate.profile("release");
    gate.sign(&release, &[]);
    gate.write_rule(&json!({ "require": { "all": [signer("ci", &release)] } }));
    gate
}

#[test]
fn what_no_rule_covers_may_not_run_and_no_registry_is_asked() {
    let gate = signed();
    let other = gate.scene.emulator.push_test_image("other", "v1").unwrap();
    let other = format!("{}/other@{other}", gate.scene.registry());
    gate.scene.emulator.clear_calls();
    let ran = gate.check(&[&other]);
    let repository = other.split('@').next().unwrap();
    let wanted = format!(
        "Error: {other}: no rule of the gate policy `gate.json` covers `{repository}`\n\
         hint: if the image is yours, add `{repository}` to the `scopes` of a rule; if it is not, exempt it by its digest\n"
    );
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr),
        (1, String::new(), wanted)
    );
    assert_eq!(gate.scene.operations(), [""; 0]);
}

#[test]
fn a_tag_is_refused_before_anybody_is_asked_unless_the_rule_resolves_it() {
    let gate = signed();
    let tagged = format!("{}:v1", gate.scene.repository);
    gate.scene.emulator.clear_calls();
    let ran = gate.check(&[&tagged]);
    assert_eq!(
        (ran.code, ran.stderr),
        (
            1,
            format!(
                "Error: {tagged}: the tag `v1` can be moved, and the rule `images` refuses tags\n\
                 hint: name the image by its digest, `REPOSITORY@sha256:...`; or set `tags` to `resolve` in the rule\n\
                 rule: `images` of `gate.json`\n"
            )
        )
    );
    assert_eq!(gate.scene.operations(), [""; 0]);
    let require = json!({ "all": [signer("ci", &gate.profile("release"))] });
    gate.write_rule(&json!({ "require": require, "tags": "resolve" }));
    let ran = gate.check(&[&tagged]);
    let image = &gate.scene.image;
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout.starts_with(&format!("Verified: {image}\n")),
        "{ran:#?}"
    );
    assert_eq!(
        ran.stderr,
        format!(
            "Warning: the tag `v1` can be moved before the image is pulled; only {image} may run\n"
        )
    );
    let (_, result) = gate.verdict(&tagged);
    assert_eq!(
        (&result["movableTag"], &result["reference"]),
        (&json!("v1"), &json!(image))
    );
    // Nothing says of an image that is refused that it may run.
    let repository = &gate.scene.repository;
    let emulator = &gate.scene.emulator;
    emulator.push_test_image("app", "unsigned").unwrap();
    let unsigned = format!("{repository}:unsigned");
    let ran = gate.check(&[&unsigned]);
    ran.assert_refused(1, &format!("Error: {unsigned}: the image has no signature"));
    assert!(!ran.stderr.contains("may run"), "{ran:#?}");
}

#[test]
fn warn_lets_pass_as_tolerated_and_nothing_else_is_changed() {
    let gate = Gate::new();
    let require = json!({ "all": [signer("ci", &gate.profile("release"))] });
    gate.write_rule(&json!({ "require": require, "onFailure": "warn" }));
    let image = gate.scene.image.clone();
    let (code, result) = gate.verdict(&image);
    assert_eq!((code, &result["verdict"]), (0, &json!("tolerated")));
    assert_eq!(result["error"]["code"], "no-signature");
    let ran = gate.check_image();
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stdout,
        format!("Tolerated, not verified: {image}\nrule: `images` of `gate.json`\n")
    );
    assert!(
        ran.stderr
            .starts_with(&format!("Warning: {image}: the image has no signature\n")),
        "{ran:#?}"
    );
    let tagged = format!("{}:v1", gate.scene.repository);
    assert_eq!(gate.verdict(&tagged).1["verdict"], "tolerated");
    gate.scene
        .emulator
        .faults()
        .add(Fault::new(FaultKind::ServerError { status: 500 }).on("registry:ListReferrers"));
    assert_eq!(gate.verdict(&image).1["verdict"], "tolerated");
    gate.scene.emulator.faults().clear();
    // A warning is not an exemption from what no rule covers.
    let other = image.replace("/app@", "/other@");
    assert_eq!(gate.verdict(&other).1["verdict"], "rejected");
    gate.sign(&gate.profile("release"), &[]);
    assert_eq!(gate.verdict(&image).1["verdict"], "verified");
}

#[test]
fn an_exempted_image_runs_until_its_time() {
    let gate = signed();
    let digest = gate
        .scene
        .emulator
        .push_test_image("sidecar", "v1")
        .unwrap();
    let repository = format!("{}/sidecar", gate.scene.registry());
    let image = format!("{repository}@{digest}");
    let until = |days: i64| {
        let now = time::OffsetDateTime::now_utc()
            .replace_nanosecond(0)
            .unwrap();
        let until = now + time::Duration::days(days);
        until
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap()
    };
    let write = |until: &str| {
        let require = json!({ "all": [signer("ci", &gate.profile("release"))] });
        let mut policy = gate.policy(&json!({ "require": require }));
        policy["exemptions"] = json!([{ "repository": repository, "digest": digest,
            "reason": "sidecar of AWS", "until": until }]);
        gate.write(&policy);
    };
    let soon = until(30);
    write(&soon);
    gate.scene.emulator.clear_calls();
    let ran = gate.check(&[&image]);
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr),
        (
            0,
            format!(
                "Exempted, not verified: {image}\nuntil {soon} by `gate.json`: sidecar of AWS\n"
            ),
            String::new()
        )
    );
    assert_eq!(gate.scene.operations(), [""; 0]);
    assert_eq!(gate.verdict(&image).1["verdict"], "exempted");
    // Neither another digest nor a tag of it.
    let other = image.replace(&digest, gate.scene.digest());
    assert_eq!(gate.verdict(&other).1["verdict"], "rejected");
    assert_eq!(
        gate.verdict(&format!("{repository}:v1")).1["verdict"],
        "rejected"
    );

    let over = until(-1);
    write(&over);
    let ran = gate.check(&[&image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(&format!(
        "hint: the exemption of this image ended on {over}; renew its `until`, or add a rule for the repository\n"
    ));
    assert!(
        ran.stderr.starts_with(&format!(
            "Warning: the exemption of `{image}` ended on {over}\n"
        )),
        "{ran:#?}"
    );
    write(&until(91));
    let ran = gate.check(&[&image]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("is more than 90 days from now\n");
}

#[test]
fn what_cannot_be_looked_at_is_not_refused() {
    let gate = signed();
    let nowhere = format!("localhost:1/app@{}", gate.scene.digest());
    let mut policy =
        gate.policy(&json!({ "require": { "all": [signer("ci", &gate.profile("release"))] } }));
    policy["rules"][0]["scopes"] = json!([gate.scene.repository, "localhost:1/*"]);
    gate.write(&policy);
    let (code, result) = gate.verdict(&nowhere);
    assert_eq!(
        (code, &result["verdict"], &result["error"]["cause"]),
        (3, &json!("inconclusive"), &json!("unreachable"))
    );
    let missing = gate
        .scene
        .image
        .replace(gate.scene.digest(), &format!("sha256:{}", "0".repeat(64)));
    let (code, result) = gate.verdict(&missing);
    assert_eq!((code, &result["verdict"]), (1, &json!("rejected")));
    let faults = gate.scene.emulator.faults();
    faults.add(Fault::new(FaultKind::AccessDenied).on("registry:ListReferrers"));
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!(
        (code, &result["verdict"]),
        (3, &json!("inconclusive")),
        "{result:#}"
    );
    assert_eq!(result["error"]["cause"], "denied");
}

#[test]
fn a_revoked_signature_does_not_count() {
    let gate = signed();
    assert_eq!(gate.verdict(&gate.scene.image).0, 0);
    gate.scene
        .emulator
        .revoke_signing_profile(
            &gate.scene.profile.version_arn,
            time::OffsetDateTime::UNIX_EPOCH,
        )
        .unwrap();
    let (code, result) = gate.verdict(&gate.scene.image);
    assert_eq!((code, &result["verdict"]), (1, &json!("rejected")));
    let lack = &result["images"][0]["signers"][0]["notMetBy"][0]["reason"];
    assert_eq!(lack["code"], "revoked");
}

#[test]
fn no_plugin_runs_that_the_gate_policy_does_not_name() {
    let gate = signed();
    let name = "com.amazonaws.signer.notation.plugin";
    // One of the name that every signature asks for is installed; the built-in checks judge anyway.
    let plugins = gate.scene.sandbox.config().join("plugins").join(name);
    std::fs::create_dir_all(&plugins).unwrap();
    let program = plugins.join(format!("notation-{name}"));
    std::fs::write(&program, "#!/bin/sh\ntouch \"$HOME/ran\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    assert_eq!(gate.verdict(&gate.scene.image).0, 0);
    assert!(!gate.scene.sandbox.home().join("ran").exists());
}
