//! `countersign lambda audit`.

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::hostile::{Hostile, Reply};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::stage::{Stage, a_package};

#[track_caller]
fn document(ran: &Ran) -> Value {
    crate::support::document::document(ran, "lambda-audit.v1.schema.json")
}

fn audit(stage: &Stage, more: &[&str]) -> Ran {
    let begin = [
        "lambda",
        "audit",
        "--output",
        "json",
        "--expires-within",
        "0",
    ];
    stage.run(&[&begin[..], more].concat())
}

/// `rule status`, and the last part of its subject.
fn found(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let line = |finding: &Value| {
        let subject = text(finding, "subject");
        let kind = subject.split(':').nth(5).unwrap_or_default().to_owned();
        let name = if kind == "function" {
            subject.rsplit(':').next().unwrap()
        } else {
            &kind
        };
        format!(
            "{} {} {name}",
            text(finding, "rule"),
            text(finding, "status")
        )
    };
    findings.iter().map(line).collect()
}

#[test]
fn functions_that_run_signed_code_only_pass() {
    let stage = Stage::new();
    let profile = stage.profile.version_arn.as_str();
    let config = stage.config(&[profile], "Enforce");
    let signed = stage.signed(&a_package("x"), profile);
    let layer = stage.layer("tools", &stage.signed(&a_package("y"), profile));
    let more = json!({ "CodeSigningConfigArn": config, "Layers": [layer] });
    stage.function("api", &signed, &more);
    stage.scene.operations();
    let ran = audit(&stage, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let document = document(&ran);
    assert_eq!(found(&document), [""; 0]);
    assert_eq!(
        (&document["functions"], &document["configurations"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        stage.scene.operations(),
        [
            "ListFunctions",
            "ListCodeSigningConfigs",
            "ListFunctionsByCodeSigningConfig",
            "GetSigningProfile"
        ]
    );
}

#[test]
fn each_way_past_code_signing_is_found() {
    let stage = Stage::new();
    let emulator = &stage.scene.emulator;
    let other = emulator
        .create_package_profile("other")
        .unwrap()
        .version_arn;
    let profile = stage.profile.version_arn.as_str();
    let warns = stage.config(&[profile], "Warn");
    let package = a_package("x");
    let unsigned = stage.layer("tools", &package);
    let foreign = stage.layer("foreign", &stage.signed(&package, &other));
    stage.function("bare", &package, &json!({}));
    let of = |layers: &[&String]| json!({ "CodeSigningConfigArn": warns, "Layers": layers });
    stage.function("unsigned", &package, &of(&[]));
    stage.function(
        "layered",
        &stage.signed(&package, profile),
        &of(&[&unsigned, &foreign]),
    );
    let image = json!({ "PackageType": "Image", "Code": { "ImageUri": stage.scene.image } });
    stage.function("boxed", &[], &image);
    let ran = audit(&stage, &[]);
    assert_eq!(ran.code, 1);
    let document = document(&ran);
    let mut found = found(&document);
    found.sort();
    assert_eq!(
        found,
        [
            "code-not-signed fail unsigned",
            "layer-not-signed fail layered",
            "layer-of-other-profile fail layered",
            "no-configuration fail bare",
            "only-warns fail code-signing-config",
        ]
    );
    assert_eq!(document["images"], 1);
}

#[test]
fn profiles_that_sign_no_more_are_found() {
    let stage = Stage::new();
    let emulator = &stage.scene.emulator;
    let revoked = emulator
        .create_package_profile("revoked")
        .unwrap()
        .version_arn;
    stage.config(&[&stage.profile.version_arn, &revoked], "Enforce");
    emulator.cancel_signing_profile("code").unwrap();
    let now = time::OffsetDateTime::now_utc() - time::Duration::hours(1);
    emulator.revoke_signing_profile(&revoked, now).unwrap();
    let document = document(&audit(&stage, &[]));
    assert_eq!(
        found(&document),
        [
            "profile-canceled warn code-signing-config",
            "profile-revoked fail code-signing-config"
        ]
    );
}

#[test]
fn a_full_configuration_is_told_of() {
    let stage = Stage::new();
    let emulator = &stage.scene.emulator;
    let profile = |number: usize| {
        let name = format!("team{number}");
        emulator.create_package_profile(&name).unwrap().version_arn
    };
    let profiles: Vec<String> = (0..18).map(profile).collect();
    let profiles: Vec<&str> = profiles.iter().map(String::as_str).collect();
    stage.config(&profiles, "Enforce");
    let ran = audit(&stage, &[]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        found(&document(&ran)),
        ["many-profiles warn code-signing-config"]
    );
}

#[test]
fn what_could_not_be_looked_at_is_not_fine() {
    let stage = Stage::new();
    let profile = stage.profile.version_arn.as_str();
    let config = stage.config(&[profile], "Enforce");
    let signed = stage.signed(&a_package("x"), profile);
    stage.function("api", &signed, &json!({ "CodeSigningConfigArn": config }));
    for (operation, rule) in [
        (
            "GetSigningProfile",
            "profile-not-known unknown code-signing-config",
        ),
        (
            "ListFunctionsByCodeSigningConfig",
            "incomplete unknown code-signing-config",
        ),
    ] {
        stage.scene.emulator.faults().clear();
        let denied = Fault::new(FaultKind::AccessDenied).on(operation);
        stage.scene.emulator.faults().add(denied);
        let ran = audit(&stage, &[]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert!(
            found(&document(&ran)).contains(&rule.to_owned()),
            "{ran:#?}"
        );
    }
    // A function of which it is not known whether it has a configuration is not said to have none.
    let document = document(&audit(&stage, &[]));
    assert!(
        found(&document).contains(&"no-configuration unknown api".to_owned()),
        "{document:#}"
    );
    stage.scene.emulator.faults().clear();
    let denied = Fault::new(FaultKind::AccessDenied).on("ListFunctions");
    stage.scene.emulator.faults().add(denied);
    for form in ["text", "csv", "json", "sarif"] {
        let ran = stage.run(&["lambda", "audit", "--output", form]);
        assert_eq!(ran.code, 3, "{form}: {ran:#?}");
        let is_document = ["json", "sarif"].contains(&form);
        assert_eq!(!ran.stdout.is_empty(), is_document, "{form}");
    }
}

#[test]
fn a_signing_job_that_is_not_the_callers_is_not_known() {
    let stage = Stage::new();
    let profile = stage.profile.version_arn.as_str();
    let config = stage.config(&[profile], "Enforce");
    let signed = stage.signed(&a_package("x"), profile);
    stage.function("api", &signed, &json!({ "CodeSigningConfigArn": config }));
    let ran = stage.run(&["lambda", "audit", "--output", "json"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_eq!(found(&document(&ran)), ["signature-not-known unknown api"]);
}

/// AWS Signer describes the version that it has, which another name of the same profile may not be.
#[test]
fn another_version_of_a_profile_says_nothing_about_this_one() {
    let stage = Stage::new();
    let (profile, version) = stage.profile.version_arn.rsplit_once('/').unwrap();
    let letters = version.chars().rev().collect::<String>();
    let other = format!("{profile}/{letters}");
    let config = stage.config(&[&other], "Enforce");
    let ran = audit(&stage, &[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let document = document(&ran);
    assert_eq!(
        found(&document),
        ["profile-not-known unknown code-signing-config"]
    );
    let described = &stage.profile.version_arn;
    let finding = &document["findings"][0];
    assert_eq!(
        finding["found"],
        format!(
            "signing profile `{other}` could not be examined: AWS Signer describes `{described}`"
        )
    );
    assert_eq!(
        finding["hint"],
        format!(
            "where that version is meant, `countersign lambda config update --add-signing-profile {described} \
             --remove-signing-profile {other} {config}`; code that the other version signed is not accepted then"
        )
    );
}

#[test]
fn a_signature_of_no_job_is_not_known() {
    const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:api";
    const LAYER: &str = "arn:aws:lambda:us-east-1:111122223333:layer:tools:1";
    const CONFIG: &str =
        "arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0";
    const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/code/abcdefghij";
    let server = Hostile::start(|seen| {
        let value = match seen.path() {
            "/2015-03-31/functions" => json!({ "Functions": [{
                "FunctionName": "api", "FunctionArn": FUNCTION, "PackageType": "Zip", "CodeSha256": "x",
                "CodeSize": 1, "SigningProfileVersionArn": PROFILE,
                "Layers": [{ "Arn": LAYER, "CodeSize": 1, "SigningProfileVersionArn": PROFILE }],
            }] }),
            "/2020-04-22/code-signing-configs" => json!({ "CodeSigningConfigs": [{
                "CodeSigningConfigId": "csc-0123456789abcdef0", "CodeSigningConfigArn": CONFIG,
                "AllowedPublishers": { "SigningProfileVersionArns": [PROFILE] },
                "CodeSigningPolicies": { "UntrustedArtifactOnDeployment": "Enforce" },
            }] }),
            _ => json!({ "FunctionArns": [FUNCTION] }),
        };
        Reply::ok("application/json", value.to_string()).header("x-amzn-requestid", "r")
    });
    let url = format!("http://{}", server.host());
    let scene = Scene::new().with_variable("AWS_ENDPOINT_URL_LAMBDA", url);
    let findings = |days: &str| {
        let words = [
            "lambda",
            "audit",
            "--output",
            "json",
            "--expires-within",
            days,
        ];
        let ran = scene.run(&words).plain();
        assert_eq!(ran.code, 3, "{ran:#?}");
        document(&ran)
    };
    // The profile does not exist in the emulator.
    let profile = "profile-not-known unknown code-signing-config";
    assert_eq!(found(&findings("0")), [profile]);
    let document = findings("30");
    let signature = "signature-not-known unknown api";
    assert_eq!(found(&document), [profile, signature, signature]);
    for (at, what) in [
        (1, "its code".to_owned()),
        (2, format!("its layer `{LAYER}`")),
    ] {
        assert_eq!(
            document["findings"][at]["found"],
            format!(
                "whether the signature of {what} expired or was revoked is not known: AWS Lambda does not name its signing \
                 job"
            )
        );
    }
}

#[test]
fn findings_are_values_and_sarif_too() {
    let stage = Stage::new();
    stage.function("bare", &a_package("x"), &json!({}));
    let ran = stage.run(&["lambda", "audit", "--output", "csv"]);
    assert_eq!(ran.code, 1);
    let account = stage.scene.emulator.account();
    let function = format!("arn:aws:lambda:us-east-1:{account}:function:bare");
    assert_eq!(
        ran.stdout,
        format!(
            "status,rule,subject,found,hint\r\n\"fail\",\"no-configuration\",\"{function}\",\"it does not have a code signing \
             configuration: any code can be deployed\",\"`countersign lambda config attach CONFIG_ARN {function}`\"\r\n"
        )
    );
    let ran = stage.run(&["lambda", "audit", "--output", "sarif"]);
    let log: Value = serde_json::from_str(&ran.stdout).unwrap();
    crate::support::document::assert_sarif(&log);
    let run = &log["runs"][0];
    assert_eq!(run["results"][0]["ruleId"], "no-configuration");
    assert_eq!(run["results"][0]["level"], "error");
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 17);
}

#[test]
fn many_functions_are_listed_page_by_page() {
    let stage = Stage::new();
    for number in 0..45 {
        stage.function(&format!("f{number}"), &a_package("x"), &json!({}));
    }
    stage.scene.operations();
    let document = document(&audit(&stage, &[]));
    assert_eq!(document["functions"], 45);
    assert_eq!(found(&document).len(), 45);
    let pages = stage.scene.operations();
    assert_eq!(
        pages,
        [
            "ListFunctions",
            "ListFunctions",
            "ListFunctions",
            "ListCodeSigningConfigs"
        ]
    );
}
