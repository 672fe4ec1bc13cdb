//! What is kept between the invocations of one process.

use countersign_emulator::{Fault, FaultKind};

use super::{Gated, pre_scale_up, status};

#[test]
fn a_signature_that_was_revoked_between_two_invocations_fails() {
    let gated = Gated::signed();
    let function = gated.start();
    let process = function.process();
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "SUCCEEDED");
    let (verdict, _) = function.verdict();
    let profile = &gated.scene.profile;
    assert_eq!(verdict["results"][0]["verdict"], "verified");

    gated
        .scene
        .emulator
        .revoke_signing_profile(&profile.version_arn, time::OffsetDateTime::UNIX_EPOCH)
        .unwrap();
    let answer = function.answer(&pre_scale_up());
    let (found, reason) = status(&answer);
    assert_eq!((found, function.process()), ("FAILED", process));
    assert!(
        reason.contains("the image is not signed as required"),
        "{reason}"
    );
    let (verdict, _) = function.verdict();
    assert_eq!(verdict["results"][0]["verdict"], "rejected");
}

#[test]
fn an_answer_of_aws_signer_counts_for_as_long_as_the_gate_policy_says_and_in_this_process() {
    let gated = Gated::signed();
    let mut policy = gated.policy(&serde_json::json!({}));
    policy["awsSignerAnswersFor"] = "1h".into();
    gated.package.write("gate-policy.json", policy.to_string());
    let function = gated.start();
    let asked = || {
        let operations = gated.scene.operations();
        let asked = operations.iter();
        asked.filter(|one| *one == "GetRevocationStatus").count()
    };
    asked();
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "SUCCEEDED");
    assert_eq!(asked(), 1);
    let version = &gated.scene.profile.version_arn;
    let emulator = &gated.scene.emulator;
    emulator
        .revoke_signing_profile(version, time::OffsetDateTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "SUCCEEDED");
    assert_eq!(asked(), 0);
    let (found, _) = (gated.start().answer(&pre_scale_up()), asked());
    assert_eq!(status(&found).0, "FAILED", "{found}");
}

#[test]
fn everything_that_may_change_is_asked_again() {
    let gated = Gated::signed();
    let function = gated.start();
    gated.scene.operations();
    function.answer(&pre_scale_up());
    let first = gated.scene.operations();
    function.answer(&pre_scale_up());
    let second = gated.scene.operations();
    for operation in [
        "DescribeServiceRevisions",
        "DescribeTaskDefinition",
        "GetRevocationStatus",
    ] {
        for asked in [&first, &second] {
            let count = asked.iter().filter(|one| *one == operation).count();
            assert_eq!(count, 1, "{operation} in {asked:?}");
        }
    }
    let referrers = second.iter().filter(|one| one.contains("eferrers")).count();
    assert!(referrers > 0, "{second:?}");
}

#[test]
fn a_connection_that_died_between_two_invocations_is_replaced() {
    let gated = Gated::signed();
    let function = gated.start();
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "SUCCEEDED");
    let fault = Fault::new(FaultKind::ConnectionReset).times(1);
    gated.scene.emulator.faults().add(fault);
    let answer = function.answer(&pre_scale_up());
    assert_eq!(status(&answer).0, "SUCCEEDED", "{answer}");
    assert_eq!(gated.scene.emulator.faults().all(), []);
}

#[test]
fn bytes_of_signatures_are_kept_and_asked_about_every_time() {
    let gated = Gated::signed();
    gated.configure(&serde_json::json!({ "contentCache": true }));
    gated.start().answer(&pre_scale_up());
    gated.scene.operations();
    // In another process, as after a pause.
    assert_eq!(
        status(&gated.start().answer(&pre_scale_up())).0,
        "SUCCEEDED"
    );
    let asked = gated.scene.operations();
    let count = |name: &str| asked.iter().filter(|asked| *asked == name).count();
    assert_eq!(count("registry:GetBlob"), 0, "{asked:?}");
    // The image's own, by the verification and by the gate, which looks whether it is an index.
    assert_eq!(count("registry:GetManifest"), 2, "{asked:?}");
    assert_eq!(count("registry:ListReferrers"), 1, "{asked:?}");
    assert_eq!(count("GetRevocationStatus"), 1, "{asked:?}");
}
