//! What AWS says: caller, clock, region, profile, permissions.

use std::fs;

use countersign::aws::{Aws, Settings};
use countersign::http;
use countersign_emulator::{AccessKey, Decision, Emulator, Fault, FaultKind};
use serde_json::Value;

use super::{assert_found, deny, doctor, not_passed, scene, scrubbed, set_up};
use crate::support::document;
use crate::support::scene::Scene;

#[test]
fn permissions_are_as_iam_says_and_unknown_where_it_says_nothing() {
    let scene = scene();
    let statement = "         statement: {\"Action\":[\"signer:SignPayload\"],\"Effect\":\"Allow\",\"Resource\":\"PROFILE_ARN\"}\n";
    let of = "permission signer:SignPayload on PROFILE_ARN: the policies of `arn:aws:iam::111122223333:user/emulator`";
    for (decision, code, wanted) in [
        (
            Decision::ImplicitDeny,
            1,
            format!(
                "fail     {of} do not allow `signer:SignPayload`\n         wanted: policies that allow it\n         \
                 hint: add the statement to a policy of the caller; where the caller only verifies, give `--verify-only`\n"
            ),
        ),
        (
            Decision::ExplicitDeny,
            1,
            format!(
                "fail     {of} deny `signer:SignPayload`\n         wanted: policies that allow it\n         \
                 hint: find the statement that denies it, which no other can outweigh; where the caller only verifies, \
                 give `--verify-only`\n"
            ),
        ),
        (
            Decision::MissingContext,
            3,
            format!(
                "unknown  {of} have conditions that only a real request meets\n         wanted: policies that allow \
                 it\n         hint: try it\n"
            ),
        ),
    ] {
        scene.emulator.simulate("signer:SignPayload", decision);
        assert_found(&scene, &[], code, &format!("{wanted}{statement}"));
        assert_found(&scene, &["--verify-only"], 0, "");
    }
    scene
        .emulator
        .simulate("signer:SignPayload", Decision::Allowed);
    deny(&scene, "SimulatePrincipalPolicy");
    let said = denied(
        "iam",
        "SimulatePrincipalPolicy",
        "AccessDenied",
        "arn:aws:iam::111122223333:user/emulator",
    );
    let wanted = format!(
        "unknown  permission signer:SignPayload on PROFILE_ARN: only doing it would show: {said}\n         wanted: a policy \
         that allows it\n         hint: allow `iam:SimulatePrincipalPolicy` on `arn:aws:iam::111122223333:user/emulator` \
         to have it looked up, or try it\n{statement}"
    );
    assert_found(&scene, &[], 3, &wanted);
}

/// AWS's denial, as an error says it.
fn denied(service: &str, action: &str, code: &str, resource: &str) -> String {
    format!(
        "AWS denied `{service}:{action}` on `{resource}` in region `us-east-1`: {code}: User: \
         arn:aws:iam::111122223333:user/emulator is not authorized to perform: {service}:{action} on resource: {resource} \
         because no identity-based policy allows the {service}:{action} action (request `ID`)"
    )
}

/// What to do about it.
fn allow(service: &str, action: &str, resource: &str) -> String {
    format!(
        "         hint: allow `arn:aws:iam::111122223333:user/emulator` the action `{service}:{action}` on `{resource}` in an \
         IAM policy, and look for a policy that denies it\n"
    )
}

#[test]
fn a_reading_call_that_is_denied_names_the_statement_it_needs() {
    let scene = scene();
    let job =
        "arn:aws:signer:us-east-1:111122223333:/signing-jobs/00000000-0000-0000-0000-000000000000";
    for (action, status, code, check, wanted, resource, of_statement) in [
        (
            "GetSigningProfile",
            "unknown",
            3,
            "signing-profile PROFILE_ARN",
            "an active signing profile for container images",
            "PROFILE_ARN",
            "PROFILE_ARN",
        ),
        (
            "ListProfilePermissions",
            "unknown",
            3,
            "profile-permissions PROFILE_ARN",
            "no permission for every account",
            "PROFILE_ARN",
            "PROFILE_ARN",
        ),
        (
            "GetRevocationStatus",
            "fail",
            1,
            "permission signer:GetRevocationStatus in us-east-1",
            "an answer of AWS Signer about revocation",
            job,
            "arn:aws:signer:us-east-1:111122223333:/signing-jobs/*",
        ),
    ] {
        deny(&scene, action);
        let said = denied("signer", action, "AccessDeniedException", resource);
        let allow = allow("signer", action, resource);
        let wanted = format!(
            "{status:<7}  {check}: {said}\n         wanted: {wanted}\n{allow}         statement: \
             {{\"Action\":[\"signer:{action}\"],\"Effect\":\"Allow\",\"Resource\":\"{of_statement}\"}}\n"
        );
        assert_found(&scene, &[], code, &wanted);
    }
}

#[test]
fn a_clock_that_is_wrong_is_said_with_how_much() {
    let scene = scene();
    for (seconds, code, status, said) in [(400, 1, "fail", "behind"), (-100, 0, "warn", "ahead of")]
    {
        scene.emulator.faults().clear();
        let fault = Fault::new(FaultKind::DateSkew { seconds }).on("GetCallerIdentity");
        scene.emulator.faults().add(fault);
        let begun = std::time::Instant::now();
        let ran = doctor(&scene, &[]);
        let found = not_passed(&scene, &ran);
        // The header has no fractions of seconds, and the answer is older by no more than the whole run took.
        let late = i64::try_from(begun.elapsed().as_secs()).unwrap() + 1;
        let mut near = (-late..=late).map(|more| {
            format!(
                "{status:<7}  clock: this machine's clock is {} seconds {said} AWS's\n         wanted: at most 60 seconds of \
                 difference; AWS refuses requests beyond 300\n         hint: set the clock, for example with `chronyc makestep` \
                 or `timedatectl set-ntp true`\n",
                seconds.abs() + more
            )
        });
        assert!(near.any(|words| words == found), "{ran:#?}");
        assert_eq!(ran.code, code, "{ran:#?}");
    }
}

#[test]
fn a_region_that_is_not_the_profiles_is_said() {
    let scene = scene();
    let hint = "         hint: omit the region; the one in the ARN is used, with credentials of that partition\n";
    let partitions = |arn: &str| {
        format!(
            "`{arn}` is of partition `aws`, but region `us-gov-west-1`, which is set explicitly, is of `aws-us-gov`"
        )
    };
    let (profile, version) = (
        partitions("PROFILE_ARN"),
        partitions("PROFILE_ARN/0000000000"),
    );
    let wanted = format!(
        "fail     region: {profile}\n         wanted: the region of the signing profile, or none\n{hint}\
         fail     signing-profile PROFILE_ARN: the signing profile cannot be used: {profile}\n         wanted: an active \
         signing profile for container images\n{hint}\
         unknown  permission signer:GetRevocationStatus in us-east-1: could not ask for the revocation status: \
         {version}\n         wanted: an answer of AWS Signer about revocation\n{hint}"
    );
    assert_found(
        &scene,
        &["--plugin-config", "aws-region=us-gov-west-1"],
        1,
        &wanted,
    );
    let ran = doctor(&scene, &["--plugin-config", "aws-region=eu-west-1"]);
    let begin = "warn     region: asked in region `eu-west-1`, which is set explicitly, although the ARN says `us-east-1`\n         \
                 wanted: the region of the signing profile, or none\n         hint: omit `aws-region` of `--plugin-config`\n";
    assert!(not_passed(&scene, &ran).starts_with(begin), "{ran:#?}");
}

/// Does something with AWS Signer as the owner of the scene's profile.
fn as_owner<T>(scene: &Scene, act: impl AsyncFnOnce(aws_sdk_signer::Client) -> T) -> T {
    let settings = Settings::default().with_signer_endpoint_url(scene.emulator.endpoint());
    let (key, secret) = (
        scene.emulator.access_key_id(),
        scene.emulator.secret_access_key(),
    );
    let credentials = aws_credential_types::Credentials::new(key, secret, None, None, "test");
    let aws = Aws::new(http::Pool::new(http::Settings::default()), settings).unwrap();
    let aws = aws.with_credentials(credentials);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { act(aws.signer("us-east-1").await.unwrap()).await })
}

#[test]
fn a_profile_that_is_cancelled_revoked_or_for_something_else_is_said() {
    let never = "a cancelled or revoked profile cannot sign again, and its name cannot be reused; create another profile";
    let finding = |status: &str, profile: &str, said: &str, hint: &str| {
        format!(
            "{status:<7}  signing-profile {profile}: signing profile `{profile}` {said}\n         wanted: an active signing profile \
             for container images\n         hint: {hint}\n"
        )
    };
    let scene = scene();
    as_owner(&scene, async |client| {
        let cancelled = client.cancel_signing_profile().profile_name("release");
        cancelled.send().await.unwrap();
        let zips = client.put_signing_profile().profile_name("zips");
        zips.platform_id("AWSLambda-SHA384-ECDSA")
            .send()
            .await
            .unwrap();
    });
    let said = "has the status `Canceled`, wanted `Active`";
    assert_found(&scene, &[], 1, &finding("fail", "PROFILE_ARN", said, never));
    // What it has signed still counts.
    assert_found(
        &scene,
        &["--verify-only"],
        0,
        &finding("warn", "PROFILE_ARN", said, never),
    );
    let zips = scene.profile.arn.replace("release", "zips");
    let said = "is of the platform `AWSLambda-SHA384-ECDSA`, wanted `Notation-OCI-SHA384-ECDSA`";
    let hint = "create a profile with `aws signer put-signing-profile --profile-name NAME --platform-id Notation-OCI-SHA384-ECDSA`";
    assert_found(
        &scene,
        &["--signing-profile", &zips],
        1,
        &finding("fail", &zips, said, hint),
    );

    let scene = super::scene();
    let now = time::OffsetDateTime::now_utc();
    let version = &scene.profile.version_arn;
    scene
        .emulator
        .revoke_signing_profile(version, now - time::Duration::hours(1))
        .unwrap();
    let said = "has the status `Revoked`, wanted `Active`";
    assert_found(&scene, &[], 1, &finding("fail", "PROFILE_ARN", said, never));
    assert_found(
        &scene,
        &["--verify-only"],
        1,
        &finding("fail", "PROFILE_ARN", said, never),
    );
}

#[test]
fn who_else_may_use_the_profile_is_said() {
    let scene = scene();
    as_owner(&scene, async |client| {
        let permission = client.add_profile_permission().profile_name("release");
        let permission = permission
            .action("signer:SignPayload")
            .principal("444455556666");
        permission.statement_id("ci").send().await.unwrap();
    });
    let ran = doctor(&scene, &[]);
    let line =
        "pass     profile-permissions PROFILE_ARN: `444455556666` may `signer:SignPayload`\n";
    let shown = scrubbed(&scene, &ran.stdout);
    assert!(shown.contains(line), "{shown}");
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn a_callers_permission_on_anothers_profile_is_not_known() {
    let own = AccessKey::generate("111122223333", "emulator");
    let other = AccessKey::generate("444455556666", "other");
    let scene = Scene::with(
        Emulator::builder()
            .access_key(own)
            .access_key(other.clone()),
    );
    set_up(&scene);
    let scene = scene
        .with_variable("AWS_ACCESS_KEY_ID", other.access_key_id)
        .with_variable("AWS_SECRET_ACCESS_KEY", other.secret_access_key);
    let ran = doctor(&scene, &[]);
    let found = not_passed(&scene, &ran);
    let wanted = "unknown  permission signer:SignPayload on PROFILE_ARN: the policies of `arn:aws:iam::444455556666:user/other` \
                  allow it; whether account `111122223333`, which owns the profile, permits it is not known\n         wanted: a \
                  permission of the profile\n         hint: ask its owner to look with `aws signer list-profile-permissions \
                  --profile-name release`\n";
    assert!(found.contains(wanted), "{found}");
    assert_eq!(ran.code, 3, "{ran:#?}");
}

#[test]
fn what_aws_cannot_be_asked_with_is_said_and_nothing_secret_with_it() {
    let scene = scene();
    // A proxy that cannot be used keeps everything from being asked; what files say is known.
    let scene = scene.with_variable("HTTPS_PROXY", "ftp://user:HUSH@proxy.example/?token=HUSH");
    assert_found(
        &scene,
        &[],
        1,
        "fail     configuration: the proxy in `HTTPS_PROXY` cannot be used: its scheme is neither `http` nor `https`\n         \
         wanted: settings that can be used\n         hint: set `HTTPS_PROXY` to `http://HOST:PORT` or `https://HOST:PORT`, or \
         unset it\n",
    );
    let scene = scene.without_variables(&["HTTPS_PROXY"]);
    scene.sandbox.write_config("config.json", "{");
    let ran = doctor(&scene, &[]);
    let begin = "fail     configuration: malformed configuration file `HOME/.config/notation/config.json`: ";
    assert!(not_passed(&scene, &ran).starts_with(begin), "{ran:#?}");
    assert_eq!(ran.code, 1);
    fs::remove_file(scene.sandbox.config().join("config.json")).unwrap();

    let statuses = |scene: &Scene| -> Vec<(String, String)> {
        let ran = doctor(scene, &["--output", "json"]);
        let document = document::document(&ran, "doctor.v1.schema.json");
        let words = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!words.contains("HUSH"), "{words}");
        let findings = document["findings"].as_array().unwrap().iter();
        let of = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        let all = findings.map(|finding| (of(finding, "check"), of(finding, "status")));
        all.filter(|(check, status)| status != "pass" && check != "roots")
            .collect()
    };
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(check, status)| ((*check).to_owned(), (*status).to_owned()))
            .collect()
    };
    let scene = scene.with_variable("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN");
    let refused = [
        ("credentials", "fail"),
        ("signing-profile", "fail"),
        ("permission", "fail"),
        ("permission", "unknown"),
    ];
    assert_eq!(statuses(&scene), owned(&refused));
    let scene = scene.without_variables(&["AWS_ACCESS_KEY_ID"]);
    let without = [
        ("credentials", "fail"),
        ("clock", "unknown"),
        ("signing-profile", "fail"),
        ("permission", "fail"),
        ("permission", "unknown"),
    ];
    assert_eq!(statuses(&scene), owned(&without));
    // Port 1: nothing listens there.
    let scene = scene
        .with_variable("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN")
        .with_variable(
            "AWS_ENDPOINT_URL",
            "http://user:HUSH@127.0.0.1:1/?token=HUSH",
        );
    let unreachable = [
        ("credentials", "unknown"),
        ("clock", "unknown"),
        ("signing-profile", "unknown"),
        ("data-plane", "fail"),
        ("permission", "unknown"),
        ("permission", "unknown"),
    ];
    assert_eq!(statuses(&scene), owned(&unreachable));
}
