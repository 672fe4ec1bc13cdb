//! `sign --if-missing`: what is signed already is left as it is, and only that.

use countersign_emulator::{Emulator, Fault, FaultKind, ReferrersApi, RegistryOptions, Tamper};
use serde_json::Value;

use super::many::{images, strs};
use super::{PLUGIN, assert_signed, sign, tag_warning};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::{kms, local_keys, script_plugin};

/// Signs what is missing with the scene's profile, the emulator's root, and `more`.
fn sign_missing(scene: &Scene, more: &[&str]) -> Ran {
    let fixed = ["--if-missing", "--trust-anchor", "root.crt"];
    sign(scene, &[&fixed, more].concat())
}

/// Asserts that `image` was left as it is: these operations and no SignPayload.
#[track_caller]
fn assert_left(scene: &Scene, more: &[&str], signature: &str) -> Vec<String> {
    scene.emulator.clear_calls();
    let ran = sign_missing(scene, &[more, &[&scene.image]].concat());
    let expected = format!(
        "Already signed {}\nThe signature is {}@{signature}\n",
        scene.image, scene.repository
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, expected.as_str(), ""),
        "{ran:#?}"
    );
    let operations = scene.operations();
    assert!(
        !operations.contains(&"SignPayload".to_owned()),
        "{operations:?}"
    );
    assert!(
        operations
            .iter()
            .all(|name| !name.contains("Put") && !name.contains("Upload")),
        "{operations:?}"
    );
    operations
}

/// Asserts that `image` is signed; gives the signature. Others that were there may be said not to
/// count.
#[track_caller]
fn assert_made(scene: &Scene, more: &[&str]) -> String {
    let ran = sign_missing(scene, &[more, &[&scene.image]].concat());
    assert_signed(&without_note(ran), &scene.image, "")
}

/// The same without the note that signatures did not count.
pub(super) fn without_note(mut ran: Ran) -> Ran {
    ran.stderr = ran
        .stderr
        .split_inclusive('\n')
        .filter(|line| !(line.starts_with("Note: ") && line.contains(" there did not count")))
        .collect();
    ran
}

#[test]
fn why_a_signature_does_not_count_is_said() {
    let scene = Scene::new();
    assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
    // The emulator's root is not one of AWS's: every run signs again.
    let reason = "the signature's certificate chain does not contain any trusted certificate: no ";
    let ran = sign(&scene, &["--if-missing", &scene.image]);
    let note = format!("Note: a signature there did not count: {reason}");
    assert!(ran.stderr.starts_with(&note), "{ran:#?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
    assert_signed(&without_note(ran), &scene.image, "");
    let ran = sign(&scene, &["--if-missing", "-o", "json", &scene.image]);
    let document = super::document::document(&ran);
    let warning = document["results"][0]["warnings"][0].as_str().unwrap();
    let note = format!("2 signatures there did not count, the best of them: {reason}");
    assert!(warning.starts_with(&note), "{warning}");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_second_run_asks_aws_signer_for_no_signature() {
    let scene = Scene::new();
    let unsigned = images(&scene, 1).remove(0);
    let first = assert_made(&scene, &[]);
    // The artifact and its signatures at the same time, the signature's manifest, its envelope
    // with a redirect, and one question about revocation.
    let mut operations = assert_left(&scene, &[], &first);
    operations[..2].sort();
    assert_eq!(
        operations,
        [
            "registry:GetManifest",
            "registry:ListReferrers",
            "registry:GetManifest",
            "registry:GetBlob",
            "registry:GetLayer",
            "GetRevocationStatus",
        ]
    );
    // Without a signature, looking costs the list and the tag schema; the artifact is resolved once.
    scene.emulator.clear_calls();
    let ran = sign_missing(&scene, &[&unsigned]);
    assert_signed(&ran, &unsigned, "");
    let mut operations = scene.operations();
    operations[..2].sort();
    let writes = operations.split_off(3);
    assert_eq!(
        operations,
        [
            "registry:GetManifest",
            "registry:ListReferrers",
            "registry:GetManifest",
        ]
    );
    assert_eq!(writes[0], "SignPayload");
    assert!(!writes.contains(&"registry:GetManifest".to_owned()));
    // Whether the registry lists it.
    let looks = writes
        .iter()
        .filter(|name| *name == "registry:ListReferrers");
    assert_eq!(looks.count(), 1);
    assert_eq!(writes.last().unwrap(), "registry:ListReferrers");
}

#[test]
fn a_run_that_broke_off_is_finished_by_the_next() {
    let scene = Scene::new();
    let images = images(&scene, 5);
    let lost = Fault::new(FaultKind::AccessDenied).on("registry:PutManifest");
    scene.emulator.faults().add(lost.times(2));
    let arguments = [&["--keep-going"][..], &strs(&images)].concat();
    let ran = sign_missing(&scene, &arguments);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("Summary: signed 3, skipped 0, failed 2, not tried 0\n");
    ran.assert_says("hint: run the same command to sign the rest\n");

    scene.emulator.clear_calls();
    let ran = sign_missing(&scene, &arguments);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("Summary: signed 2, skipped 3, failed 0, not tried 0\n");
    ran.assert_says(": signed already, ");
    ran.assert_says(", good until 20");
    let operations = scene.operations();
    let made = operations.iter().filter(|name| *name == "SignPayload");
    assert_eq!(made.count(), 2);

    let ran = sign_missing(&scene, &arguments);
    ran.assert_says("Summary: signed 0, skipped 5, failed 0, not tried 0\n");
    assert!(!scene.operations().contains(&"SignPayload".to_owned()));
}

#[test]
fn only_this_profile_and_this_metadata_count() {
    let mut scene = Scene::new();
    let first = assert_made(&scene, &[]);
    // Exactly the same metadata: neither more nor less nor other.
    let tagged = assert_made(&scene, &["-m", "build=1"]);
    assert_left(&scene, &["-m", "build=1"], &tagged);
    assert_made(&scene, &["-m", "build=2"]);
    assert_left(&scene, &[], &first);

    let scene_of_one = Scene::new();
    let tagged = assert_made(&scene_of_one, &["-m", "build=1"]);
    assert_ne!(assert_made(&scene_of_one, &[]), tagged);

    // Any version of the profile, unless one is named.
    let profile = scene.profile.clone();
    scene.profile.arn.clone_from(&profile.version_arn);
    assert_left(&scene, &[], &first);
    scene.profile.arn = format!("{}/0000000000", profile.arn);
    let ran = sign_missing(&scene, &[&scene.image]);
    ran.assert_refused(1, &format!("Error: failed to sign `{}`", scene.image));

    scene.profile = scene.emulator.create_signing_profile("other").unwrap();
    assert_made(&scene, &[]);
}

#[test]
fn a_tag_is_warned_about_whether_or_not_it_is_signed() {
    let scene = Scene::new();
    let signature = assert_made(&scene, &[]);
    let ran = sign_missing(&scene, &[&format!("{}:v1", scene.repository)]);
    assert_eq!((ran.code, ran.stderr), (0, tag_warning("v1")));
    assert_eq!(
        ran.stdout,
        format!(
            "Already signed {}\nThe signature is {}@{signature}\n",
            scene.image, scene.repository
        )
    );
}

/// The ARN of the job that made `signature`.
fn job(scene: &Scene, signature: &str) -> String {
    use base64::Engine as _;
    let envelope: Value = serde_json::from_slice(&scene.client().envelope(signature)).unwrap();
    let header = envelope["protected"].as_str().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let job = &header["com.amazonaws.signer.signingJob"];
    job.as_str().unwrap().to_owned()
}

#[test]
fn a_revoked_signature_is_not_there() {
    let scene = Scene::new();
    let revoked = assert_made(&scene, &[]);
    let job = job(&scene, &revoked);
    scene.emulator.revoke_signature(&job).unwrap();
    let second = assert_made(&scene, &[]);
    assert_ne!(second, revoked);
    assert_left(&scene, &[], &second);
}

#[test]
fn a_signature_that_does_not_verify_is_not_there() {
    let scene = Scene::new();
    let fault = Fault::new(FaultKind::Tamper {
        what: Tamper::Chain,
    })
    .on("SignPayload");
    scene.emulator.faults().add(fault.times(1));
    assert_made(&scene, &[]);
    let second = assert_made(&scene, &[]);
    assert_left(&scene, &[], &second);

    // Without the emulator's root AWS's published ones count, and nothing here leads to them.
    let ran = sign(&scene, &["--if-missing", &scene.image]);
    assert_signed(&without_note(ran), &scene.image, "");
}

/// Signs what is missing, which must fail as "not known", with this cause, and sign nothing.
#[track_caller]
fn assert_unknown(scene: &Scene, sentence: &str, cause: &str) {
    scene.emulator.clear_calls();
    let ran = sign_missing(scene, &[&scene.image]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    let first = ran.stderr.lines().next().unwrap();
    assert!(first.starts_with(sentence), "{ran:#?}");
    assert!(
        first.ends_with("; cannot tell whether a signature is missing"),
        "{ran:#?}"
    );
    ran.assert_says(cause);
    ran.assert_says("\nhint: ");
    let operations = scene.operations();
    assert!(
        !operations.contains(&"SignPayload".to_owned()),
        "{operations:?}"
    );
}

#[test]
fn what_cannot_be_looked_at_is_neither_there_nor_missing() {
    let scene = Scene::new();
    let signature = assert_made(&scene, &[]);
    let judged = format!(
        "Error: the signature `{signature}` of `{}` could not be judged",
        scene.image
    );
    let listed = format!(
        "Error: the signatures of `{}` could not be listed",
        scene.image
    );
    for (fault, operation, sentence, cause) in [
        (
            FaultKind::AccessDenied,
            "GetRevocationStatus",
            &judged,
            "caused by: AWS denied `signer:GetRevocationStatus`",
        ),
        (
            FaultKind::Throttle,
            "GetRevocationStatus",
            &judged,
            "caused by: AWS throttled `signer:GetRevocationStatus`",
        ),
        (
            FaultKind::AccessDenied,
            "registry:GetBlob",
            &judged,
            "requested access to the resource is denied",
        ),
        (
            FaultKind::AccessDenied,
            "registry:ListReferrers",
            &listed,
            "requested access to the resource is denied",
        ),
    ] {
        let faults = scene.emulator.faults();
        faults.add(Fault::new(fault).on(operation));
        assert_unknown(&scene, sentence, cause);
        scene.emulator.faults().clear();
    }
    assert_left(&scene, &[], &signature);

    // A good one counts, whatever could not be looked at before it.
    let second = assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
    let once = Fault::new(FaultKind::AccessDenied).on("registry:GetBlob");
    scene.emulator.faults().add(once.times(1));
    assert_left(&scene, &[], &second);
}

#[test]
fn a_signature_must_be_good_for_long_enough() {
    let scene = Scene::new();
    // AWS Signer's signatures are good for 135 months by default.
    let signature = assert_made(&scene, &[]);
    for enough in ["0s", "24h", "90000h"] {
        assert_left(&scene, &["--min-remaining", enough], &signature);
    }
    let ran = sign_missing(&scene, &["--min-remaining", "100000h", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.starts_with("Successfully signed "), "{ran:#?}");
    ran.assert_says("Warning: the new signature is good until 20");
    ran.assert_says(
        " only, which is too short for the time that must remain; the next run will sign again\n",
    );

    // One that has expired is not there, whatever is asked for.
    let scene = Scene::new();
    scene.sign_at(-time::Duration::days(5_000));
    let second = assert_made(&scene, &["--min-remaining", "0s"]);
    assert_left(&scene, &["--min-remaining", "0s"], &second);
}

#[test]
fn signatures_of_the_tag_schema_count() {
    let mut options = RegistryOptions::default();
    options.referrers = ReferrersApi::Absent;
    let scene = Scene::with(Emulator::builder().registry(options));
    let signature = assert_made(&scene, &[]);
    assert_left(&scene, &[], &signature);

    // An old client's, where the registry has the referrers API too.
    let scene = Scene::new();
    let signature = assert_made(&scene, &["--force-referrers-tag"]);
    assert_left(&scene, &[], &signature);
}

#[test]
fn flags_about_what_is_missing_need_the_flag() {
    let scene = Scene::new();
    let required = "Error: the following required arguments were not provided:";
    for flags in [["--min-remaining", "1h"], ["--trust-anchor", "root.crt"]] {
        let ran = sign(&scene, &[&flags[..], &[&scene.image]].concat());
        ran.assert_refused(2, required);
        ran.assert_says("  --if-missing\n");
    }
    for (text, sentence) in [
        (
            "1",
            "invalid argument \"1\" for \"--min-remaining\" flag: time: missing unit in duration \"1\"",
        ),
        ("-1h", "minimum remaining life cannot be a negative value"),
        (
            "1ms",
            "minimum remaining life supports minimum granularity of seconds",
        ),
    ] {
        let ran = sign_missing(&scene, &["--min-remaining", text, &scene.image]);
        ran.assert_refused(2, &format!("Error: {sentence}"));
    }
    // 292 years, the longest duration that Go has.
    let ran = sign_missing(&scene, &["--min-remaining", "2562047h", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = sign(
        &scene,
        &["--if-missing", "--trust-anchor", "none.crt", &scene.image],
    );
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("none.crt");
}

/// A scene with the key `name` and its certificate as `trial`, the default.
fn with_key(scene: &Scene, name: &str) {
    let certificates = scene.sandbox.home().join(format!("{name}.crt"));
    std::fs::write(&certificates, local_keys::certificate(name)).unwrap();
    let ran = scene.run(&[
        "key",
        "add",
        "--key-file",
        local_keys::path(name).to_str().unwrap(),
        "--certificates",
        certificates.to_str().unwrap(),
        name,
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn with_a_key_in_a_file_its_very_certificate_and_the_format_count() {
    let scene = Scene::new();
    with_key(&scene, "ec-256");
    with_key(&scene, "rsa-2048");
    let run = |more: &[&str]| {
        let fixed = ["sign", "--if-missing", "--key"];
        scene.run(&[&fixed[..], more, &[&scene.image]].concat())
    };
    let first = assert_signed(&run(&["ec-256"]), &scene.image, "");
    let left = |more: &[&str], signature: &str| {
        let ran = run(more);
        let expected = format!(
            "Already signed {}\nThe signature is {}@{signature}\n",
            scene.image, scene.repository
        );
        assert_eq!(
            (ran.code, ran.stdout, ran.stderr),
            (0, expected, String::new())
        );
    };
    left(&["ec-256"], &first);
    let cose = ["ec-256", "--signature-format", "cose"];
    let second = assert_signed(&run(&cose), &scene.image, "");
    left(&cose, &second);
    let other = assert_signed(&run(&["rsa-2048"]), &scene.image, "");
    left(&["rsa-2048"], &other);

    // An expiry that is too near counts as none.
    let short = ["ec-256", "--expiry", "30h", "-m", "a=b"];
    let third = assert_signed(&without_note(run(&short)), &scene.image, "");
    left(&short, &third);
    let longer = [&short[..], &["--min-remaining", "29h"]].concat();
    left(&longer, &third);
    let longer = [&short[..], &["--min-remaining", "31h"]].concat();
    let ran = run(&longer);
    assert!(ran.stdout.starts_with("Successfully signed "), "{ran:#?}");

    let ran = run(&["ec-256", "--trust-anchor", "root.crt"]);
    ran.assert_refused(
        2,
        "Error: `--trust-anchor` replaces AWS Signer's roots, but `CN=ec-256,O=Notary,ST=WA,C=US` signs",
    );
}

#[test]
fn with_a_key_in_aws_kms_its_very_certificate_counts() {
    let scene = Scene::new();
    let folder = scene.sandbox.home();
    let arn = kms::import(&scene.emulator, "ec-256");
    kms::write_chain(folder, "ec-256");
    let run = || {
        let key = ["sign", "--kms-key", &arn, "--certificate-chain"];
        scene.run(&[&key[..], &["ec-256.crt", "--if-missing", &scene.image]].concat())
    };
    assert_signed(&run(), &scene.image, "");
    scene.emulator.clear_calls();
    let ran = run();
    assert!(ran.stdout.starts_with("Already signed "), "{ran:#?}");
    let operations = scene.operations();
    let of_kms = |name: &&String| !name.starts_with("registry:");
    assert_eq!(operations.iter().find(of_kms), None);

    // Another certificate of the same key.
    kms::write_chain(folder, "ec-256");
    assert_signed(&run(), &scene.image, "");
    let ran = run();
    assert!(ran.stdout.starts_with("Already signed "), "{ran:#?}");
}

#[test]
fn aws_signers_plugin_by_its_name_is_aws_signer() {
    let scene = Scene::new();
    let fixed = ["sign", "--plugin", PLUGIN, "--id", &scene.profile.arn];
    let missing = ["--if-missing", "--trust-anchor", "root.crt", &scene.image];
    let arguments = [&fixed[..], &missing].concat();
    assert_signed(&scene.run(&arguments), &scene.image, "");
    let ran = scene.run(&arguments);
    assert!(ran.stdout.starts_with("Already signed "), "{ran:#?}");
}

#[test]
fn other_plugins_cannot_say_what_would_be_missing() {
    let scene = Scene::new();
    script_plugin::install(&scene.sandbox, "other", |_, _| unreachable!());
    let ran = scene.run(&[
        "sign",
        "--plugin",
        "other",
        "--id",
        "k",
        "--if-missing",
        &scene.image,
    ]);
    ran.assert_refused(
        2,
        "Error: `--if-missing` does not work with this plugin: its signing certificate is not known in advance",
    );
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn layouts_are_looked_at_too() {
    let scene = Scene::new();
    crate::support::layout::make(&scene.sandbox.home().join("layout"), &["v1", "v2"]);
    let references = ["--oci-layout", "./layout:v1", "./layout:v2"];
    let ran = sign_missing(&scene, &references);
    ran.assert_says("Summary: signed 2, skipped 0, failed 0, not tried 0\n");
    scene.emulator.clear_calls();
    let ran = sign_missing(&scene, &references);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("Summary: signed 0, skipped 2, failed 0, not tried 0\n");
    assert!(!scene.operations().contains(&"SignPayload".to_owned()));
}
