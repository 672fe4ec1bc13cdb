//! `countersign lambda iam-policy`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::document::stdout;
use crate::support::sandbox::Sandbox;

const CONFIG: &str =
    "arn:aws:lambda:eu-central-1:111122223333:code-signing-config:csc-0123456789abcdef0";
const ROLE: &str = "arn:aws:iam::111122223333:role/functions";

fn policy(more: &[&str]) -> Value {
    let begin = ["lambda", "iam-policy", "--config", CONFIG];
    let ran = Sandbox::new().run(&[&begin[..], more].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    stdout(&ran, "iam-policy.schema.json")
}

fn statement<'p>(policy: &'p Value, sid: &str) -> &'p Value {
    let statements = policy["Statement"].as_array().unwrap();
    let found = statements.iter().find(|one| one["Sid"] == sid);
    found.unwrap_or_else(|| panic!("{sid}: {policy:#}"))
}

#[test]
fn a_function_is_created_with_the_configuration_or_not_at_all() {
    let policy = policy(&["--functions", "team-*", "--execution-role", ROLE]);
    let functions = "arn:aws:lambda:eu-central-1:111122223333:function:team-*";
    let create = statement(&policy, "CreateWithTheConfiguration");
    assert_eq!(create["Effect"], "Allow");
    assert_eq!(create["Resource"], json!([functions]));
    let equals = json!({ "ArnEquals": { "lambda:CodeSigningConfigArn": [CONFIG] } });
    assert_eq!(create["Condition"], equals);
    // It is an action on the function and on the configuration.
    let attach = statement(&policy, "AttachTheConfiguration");
    assert_eq!(attach["Resource"], json!([functions, CONFIG]));
    assert_eq!(attach["Condition"], equals);
    // `ArnNotEquals` is true where the request has no such key: a function without a configuration.
    let no_other = statement(&policy, "NoOtherConfiguration");
    assert_eq!(no_other["Effect"], "Deny");
    assert_eq!(no_other["Resource"], json!(["*"]));
    let differs = json!({ "ArnNotEquals": { "lambda:CodeSigningConfigArn": [CONFIG] } });
    assert_eq!(no_other["Condition"], differs);
    // A function gets a layer only from who may read that version of it.
    let layers = statement(&policy, "UseLayers");
    assert_eq!(layers["Action"], json!(["lambda:GetLayerVersion"]));
    let every = "arn:aws:lambda:eu-central-1:111122223333:layer:*:*";
    assert_eq!(layers["Resource"], json!([every]));
    let pass = statement(&policy, "PassTheExecutionRole");
    assert_eq!(pass["Resource"], json!([ROLE]));
}

#[test]
fn what_would_lead_past_it_is_denied_whatever_else_is_allowed() {
    let policy = policy(&[]);
    let denied: BTreeSet<&str> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["Effect"] == "Deny" && one.get("Condition").is_none())
        .flat_map(|one| one["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap())
        .collect();
    for action in [
        "lambda:CreateCodeSigningConfig",
        "lambda:UpdateCodeSigningConfig",
        "lambda:DeleteCodeSigningConfig",
        "lambda:DeleteFunctionCodeSigningConfig",
        "signer:PutSigningProfile",
        "signer:AddProfilePermission",
        "signer:RevokeSigningProfile",
    ] {
        assert!(denied.contains(action), "{action}");
    }
    assert!(!policy.to_string().contains("iam:PassRole"));
}

/// IAM's quotas and grammar, as far as a schema cannot say them.
#[test]
fn it_is_a_policy_that_iam_takes() {
    let other = CONFIG.replace("eu-central-1", "us-east-1");
    let policy = policy(&["--config", &other, "--execution-role", ROLE]);
    let statements = policy["Statement"].as_array().unwrap();
    let names: BTreeSet<&str> = statements
        .iter()
        .map(|one| one["Sid"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), statements.len());
    // Of a managed policy, without white space.
    assert!(policy.to_string().len() <= 6_144);
    let functions = &statement(&policy, "Deploy")["Resource"];
    assert_eq!(functions.as_array().unwrap().len(), 2);
}

#[test]
fn what_cannot_stand_in_a_policy_is_refused() {
    for (words, first_line) in [
        (
            vec!["--config", "csc-0123456789abcdef0"],
            "Error: `csc-0123456789abcdef0` is not an ARN: it must have six parts, `arn:PARTITION:lambda:REGION:ACCOUNT:RESOURCE`",
        ),
        (
            vec!["--config", CONFIG, "--functions", "a b"],
            "Error: `a b` is not a pattern of function names",
        ),
        (
            vec![
                "--config",
                CONFIG,
                "--execution-role",
                "arn:aws:iam::111122223333:role/*",
            ],
            "Error: `arn:aws:iam::111122223333:role/*` is not the ARN of a role",
        ),
    ] {
        let ran = Sandbox::new().run(&[&["lambda", "iam-policy"], &words[..]].concat());
        ran.assert_refused(2, first_line);
        assert_eq!(ran.stdout, "");
    }
}
