//! `lambda`, without `lambda sign`.

use countersign_emulator::{Fault, FaultKind};

use super::transcript::Transcript;
use crate::support::stage::{Stage, a_package};
use serde_json::json;

/// A region with functions, of which `api` has a configuration that only warns.
fn transcript() -> Transcript {
    let stage = Stage::new();
    let signed = stage.signed_in_job("x");
    let config = stage.config(&[&stage.profile.version_arn], "Warn");
    let layer = stage.layer("tools", &a_package("y"));
    let attached = json!({ "CodeSigningConfigArn": config, "Layers": [layer] });
    stage.function("api", &signed, &attached);
    stage.function("bare", &a_package("x"), &json!({}));
    let home = stage.scene.sandbox.home();
    std::fs::write(home.join("app.zip"), a_package("x")).unwrap();
    std::fs::write(home.join("app.signed.zip"), &signed).unwrap();
    let version = stage.profile.version_arn.clone();
    let mut transcript = Transcript::of(stage.scene);
    transcript.naming("CONFIG", &config);
    transcript.naming("VERSION_ARN", &version);
    transcript.naming("LAYER", &layer);
    transcript.naming("TRUSTED", "--trust-anchor package-root.crt");
    transcript
}

#[test]
fn configurations_are_managed() {
    let mut transcript = transcript();
    transcript.run(&[
        "the configurations: lambda config list",
        "what would be made: lambda config create --signing-profile code --dry-run",
        "made: lambda config create --signing-profile code --description team --yes",
        "no profile: lambda config create",
        "a profile of images: lambda config create --signing-profile PROFILE --yes",
        "shown: lambda config show CONFIG",
        "that of a function: lambda config show api",
        "a function without one: lambda config show bare",
        "no such configuration: lambda config show arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0",
        "not an ARN: lambda config update --untrusted enforce csc-0123456789abcdef0",
        "no change: lambda config update CONFIG",
        "what would change: lambda config update --untrusted enforce --dry-run CONFIG",
        "changed: lambda config update --untrusted enforce --yes CONFIG",
        "changed already: lambda config update --untrusted enforce --yes CONFIG",
        "what would be attached: lambda config attach --dry-run CONFIG bare",
        "attached: lambda config attach --yes CONFIG bare",
        "no such function to attach to: lambda config attach --yes CONFIG nothing",
        "no confirmation: lambda config detach bare",
        "in use: lambda config delete --yes CONFIG",
        "what would be detached: lambda config detach --dry-run bare",
        "detached: lambda config detach --yes bare",
        "detached already: lambda config detach --yes bare",
        "no such function: lambda config detach --yes nothing",
        "detached too: lambda config detach --yes api",
        "deleted: lambda config delete --yes CONFIG",
    ]);
    let denied = Fault::new(FaultKind::AccessDenied).on("ListCodeSigningConfigs");
    transcript.scene.emulator.faults().add(denied.times(1));
    transcript.run(&["the caller may not ask: lambda config list"]);
    transcript.assert_snapshot("lambda-configs");
}

#[test]
fn functions_are_audited_and_explained() {
    let mut transcript = transcript();
    transcript.run(&[
        "an audit: lambda audit",
        "not a number: lambda audit --expires-within soon",
        "what it runs: lambda explain TRUSTED api",
        "what is to be deployed: lambda explain TRUSTED api --zip app.zip",
        "as a document: lambda explain TRUSTED api --zip app.signed.zip --output json",
        "without a configuration: lambda explain bare",
        "to be deployed without a configuration: lambda explain bare --zip app.zip",
        "no such function: lambda explain nothing",
        "not a package: lambda explain TRUSTED api --zip nothing.zip",
        "a function's code: lambda verify TRUSTED --signing-profile VERSION_ARN api",
        "by a configuration: lambda verify TRUSTED --code-signing-config CONFIG api LAYER",
        "nothing there: lambda verify TRUSTED --signing-profile VERSION_ARN s3://nothing/app.zip nothing",
        "names nothing: lambda verify TRUSTED --signing-profile VERSION_ARN s3://nothing",
    ]);
    transcript.assert_snapshot("lambda-audits");
}

#[test]
fn functions_that_run_signed_code_alone_pass_an_audit() {
    let stage = Stage::new();
    let config = stage.config(&[&stage.profile.version_arn], "Enforce");
    let attached = json!({ "CodeSigningConfigArn": config });
    stage.function("api", &stage.signed_in_job("x"), &attached);
    let mut transcript = Transcript::of(stage.scene);
    transcript.run(&["all is well: lambda audit"]);
    transcript.assert_snapshot("lambda-audits-passed");
}

#[test]
fn policies_are_written() {
    let mut transcript = transcript();
    transcript.run(&[
        "a policy: lambda iam-policy --config arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0 --functions team-*",
        "no configuration: lambda iam-policy",
        "not a role: lambda iam-policy --config CONFIG --execution-role functions",
    ]);
    transcript.assert_snapshot("lambda-policies");
}
