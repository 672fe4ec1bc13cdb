//! `countersign lambda config`.

use countersign_emulator::{AccessKey, Emulator, Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::stage::{Stage, a_package};

const NO_CONFIG: &str =
    "arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0";

#[track_caller]
fn document(ran: &Ran) -> Value {
    crate::support::document::document(ran, "management.v1.schema.json")
}

#[test]
fn a_configuration_is_made_attached_changed_and_taken_away() {
    let stage = Stage::new();
    stage.function("api", &a_package("x"), &json!({}));
    let profile = ["--signing-profile", "code"];
    let create = ["lambda", "config", "create", "--yes", "--output", "json"];
    let more = ["--untrusted", "warn", "--description", "team a"];
    let made = document(&stage.run(&[&create[..], &profile, &more].concat()));
    assert_eq!(made["state"], "done", "{made:#}");
    let config = made["configurations"][0].clone();
    assert_eq!(config["untrusted"], "Warn");
    assert_eq!(config["description"], "team a");
    assert_eq!(
        config["profiles"],
        json!([{ "arn": stage.profile.version_arn }])
    );
    let arn = config["arn"].as_str().unwrap();

    let json = ["--output", "json"];
    let attach = ["lambda", "config", "attach", "--yes", arn, "api"];
    let attached = document(&stage.run(&[&attach[..], &json].concat()));
    assert_eq!(attached["state"], "done");
    let again = document(&stage.run(&[&attach[..], &json].concat()));
    assert_eq!(again["state"], "unchanged");

    let update = ["lambda", "config", "update", "--untrusted", "enforce", arn];
    let planned = document(&stage.run(&[&update[..], &["--dry-run"], &json].concat()));
    assert_eq!(planned["state"], "planned");
    assert_eq!(
        planned["consequences"][0],
        "1 function has it; what runs now is not examined again"
    );
    let changed = document(&stage.run(&[&update[..], &["--yes"], &json].concat()));
    assert_eq!(changed["state"], "done");
    assert_eq!(changed["configurations"][0]["untrusted"], "Enforce");

    let shown = document(&stage.run(&[&["lambda", "config", "show", "api"], &json[..]].concat()));
    let config = &shown["configurations"][0];
    assert_eq!(config["untrusted"], "Enforce");
    assert_eq!(config["profiles"][0]["status"], "Active");
    assert_eq!(config["functions"].as_array().unwrap().len(), 1);

    let delete = ["lambda", "config", "delete", "--yes", arn];
    let ran = stage.run(&delete);
    let words = format!("Error: code signing configuration `{arn}` is attached to 1 function");
    ran.assert_refused(1, &words);
    let detach = ["lambda", "config", "detach", "--yes", "api"];
    assert_eq!(
        document(&stage.run(&[&detach[..], &json].concat()))["state"],
        "done"
    );
    let again = document(&stage.run(&[&detach[..], &json].concat()));
    assert_eq!(again["state"], "unchanged");
    assert_eq!(stage.run(&delete).code, 0);
    let list = document(&stage.run(&[&["lambda", "config", "list"], &json[..]].concat()));
    assert_eq!(list["configurations"], json!([]));
}

#[test]
fn profiles_are_added_and_removed() {
    let stage = Stage::new();
    let emulator = &stage.scene.emulator;
    let other = emulator.create_package_profile("other").unwrap();
    let own = stage.profile.version_arn.as_str();
    let arn = stage.config(&[own], "Enforce");
    let update = |more: &[&str]| {
        let begin = [
            "lambda", "config", "update", "--yes", "--output", "json", &arn,
        ];
        stage.run(&[&begin[..], more].concat())
    };
    let profiles = |ran: &Ran| {
        let document = document(ran);
        let profiles = document["configurations"][0]["profiles"]
            .as_array()
            .unwrap();
        let arns = profiles
            .iter()
            .map(|one| one["arn"].as_str().unwrap().to_owned());
        arns.collect::<Vec<_>>()
    };
    let ran = update(&["--add-signing-profile", "other"]);
    assert_eq!(profiles(&ran), [own, &other.version_arn]);
    let ran = update(&["--add-signing-profile", "other"]);
    assert_eq!(document(&ran)["state"], "unchanged");
    let ran = update(&["--remove-signing-profile", own]);
    assert_eq!(profiles(&ran), [other.version_arn.as_str()]);
    let ran = update(&["--remove-signing-profile", &other.version_arn]);
    assert_eq!(ran.code, 2);
    assert_eq!(document(&ran)["error"]["code"], "against-a-rule");
    let ran = update(&["--remove-signing-profile", own]);
    assert_eq!(document(&ran)["error"]["code"], "profile-not-allowed");
    let ran = update(&[]);
    assert_eq!(ran.code, 2);
}

#[test]
fn a_profile_that_signs_no_packages_is_refused() {
    let stage = Stage::new();
    let create = |profile: &str| {
        let words = [
            "lambda",
            "config",
            "create",
            "--yes",
            "--signing-profile",
            profile,
        ];
        stage.run(&words)
    };
    let of_images = stage.scene.profile.arn.as_str();
    create(of_images).assert_refused(
        1,
        &format!(
            "Error: signing profile `{of_images}` is of the platform `Notation-OCI-SHA384-ECDSA`, wanted \
             `AWSLambda-SHA384-ECDSA`"
        ),
    );
    stage.scene.emulator.cancel_signing_profile("code").unwrap();
    create("code").assert_refused(
        1,
        &format!(
            "Error: signing profile `{}` has the status `Canceled`, wanted `Active`",
            stage.profile.arn
        ),
    );
    create("nothing").assert_refused(
        1,
        "Error: signing profile `nothing` was not found in region `us-east-1`",
    );
    assert_eq!(
        stage
            .scene
            .operations()
            .iter()
            .filter(|name| *name == "CreateCodeSigningConfig")
            .count(),
        0
    );
}

#[test]
fn a_profile_of_an_account_that_denies_looking_is_taken_by_its_version() {
    let key = AccessKey::generate("111122223333", "admin");
    let scene = Scene::with(Emulator::builder().access_key(key));
    let stage = Stage::of(scene);
    let denied = Fault::new(FaultKind::AccessDenied).on("GetSigningProfile");
    stage.scene.emulator.faults().add(denied);
    let create = |profile: &str| {
        let words = [
            "lambda",
            "config",
            "create",
            "--yes",
            "--signing-profile",
            profile,
        ];
        stage.run(&words)
    };
    let ran = create(&stage.profile.version_arn);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stderr.starts_with("Warning: signing profile `"),
        "{ran:#?}"
    );
    // Without a version it is not known which one is accepted.
    assert_eq!(create(&stage.profile.arn).code, 3);
}

#[test]
fn what_is_not_there_is_said() {
    let stage = Stage::new();
    let config = stage.config(&[&stage.profile.version_arn], "Warn");
    for (words, first_line) in [
        (
            vec!["show", NO_CONFIG],
            format!("Error: code signing configuration `{NO_CONFIG}` was not found"),
        ),
        (
            vec!["show", "nothing"],
            "Error: function `nothing` was not found in region `us-east-1`".to_owned(),
        ),
        (
            vec!["attach", "--yes", &config, "nothing"],
            "Error: function `nothing` was not found in region `us-east-1`".to_owned(),
        ),
        (
            vec!["detach", "--yes", "nothing"],
            "Error: function `nothing` was not found in region `us-east-1`".to_owned(),
        ),
        (
            vec!["delete", "--yes", NO_CONFIG],
            format!("Error: code signing configuration `{NO_CONFIG}` was not found"),
        ),
    ] {
        let ran = stage.run(&[&["lambda", "config"], &words[..]].concat());
        ran.assert_refused(1, &first_line);
    }
}

#[test]
fn a_denial_names_the_smallest_statement_and_is_not_an_answer() {
    let stage = Stage::new();
    let config = stage.config(&[&stage.profile.version_arn], "Warn");
    let denied = Fault::new(FaultKind::AccessDenied).on("GetCodeSigningConfig");
    stage.scene.emulator.faults().add(denied);
    let ran = stage.run(&["lambda", "config", "show", &config, "--output", "json"]);
    assert_eq!(ran.code, 3);
    let document = document(&ran);
    assert_eq!(document["error"]["cause"], "denied");
    let hint = document["error"]["hint"].as_str().unwrap();
    let statement = format!(
        "the smallest statement that is needed is \
         `{{\"Effect\":\"Allow\",\"Action\":\"lambda:GetCodeSigningConfig\",\"Resource\":\"{config}\"}}`"
    );
    assert!(hint.ends_with(&statement), "{hint}");
}

#[test]
fn a_change_that_failed_is_not_asked_for_twice() {
    let stage = Stage::new();
    let lost = Fault::new(FaultKind::ServerError { status: 500 }).on("CreateCodeSigningConfig");
    stage.scene.emulator.faults().add(lost);
    let words = [
        "lambda",
        "config",
        "create",
        "--yes",
        "--signing-profile",
        "code",
    ];
    let ran = stage.run(&words);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("AWS may have done it: look with `countersign lambda config list`");
    let made = stage.scene.operations();
    let made = made
        .iter()
        .filter(|name| *name == "CreateCodeSigningConfig");
    assert_eq!(made.count(), 1);
}

#[test]
fn each_command_asks_what_it_needs_and_no_more() {
    let stage = Stage::new();
    let config = stage.config(&[&stage.profile.version_arn], "Warn");
    stage.function("api", &a_package("x"), &json!({}));
    let operations = |words: &[&str]| {
        stage.scene.operations();
        let ran = stage.run(&[&["lambda", "config"], words].concat());
        assert_eq!(ran.code, 0, "{ran:#?}");
        stage.scene.operations()
    };
    let look = "GetCodeSigningConfig";
    let of_function = "GetFunctionCodeSigningConfig";
    assert_eq!(operations(&["list"]), ["ListCodeSigningConfigs"]);
    assert_eq!(
        operations(&["create", "--yes", "--signing-profile", "code"]),
        ["GetSigningProfile", "CreateCodeSigningConfig"]
    );
    assert_eq!(
        operations(&["attach", "--yes", &config, "api"]),
        [
            look,
            "GetFunction",
            of_function,
            "PutFunctionCodeSigningConfig",
            look
        ]
    );
    assert_eq!(
        operations(&["show", "api"]),
        [
            of_function,
            look,
            "GetSigningProfile",
            "ListFunctionsByCodeSigningConfig"
        ]
    );
    assert_eq!(
        operations(&["update", "--yes", "--untrusted", "enforce", &config]),
        [
            look,
            "ListFunctionsByCodeSigningConfig",
            "UpdateCodeSigningConfig",
            look
        ]
    );
    assert_eq!(
        operations(&["detach", "--yes", "api"]),
        [of_function, "DeleteFunctionCodeSigningConfig"]
    );
    assert_eq!(
        operations(&["delete", "--yes", &config]),
        [
            look,
            "ListFunctionsByCodeSigningConfig",
            "DeleteCodeSigningConfig"
        ]
    );
}

#[test]
fn a_function_and_a_configuration_are_of_one_account_and_region() {
    let stage = Stage::new();
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:api";
    let ran = stage.run(&["lambda", "config", "attach", "--yes", NO_CONFIG, function]);
    let words = format!(
        "Error: function `{function}` and code signing configuration `{NO_CONFIG}` are not of the same account and region"
    );
    ran.assert_refused(2, &words);
    assert_eq!(stage.scene.operations(), [""; 0]);
}

#[test]
fn an_image_has_no_configuration() {
    let stage = Stage::new();
    let config = stage.config(&[&stage.profile.version_arn], "Warn");
    let image = json!({ "PackageType": "Image", "Code": { "ImageUri": stage.scene.image } });
    stage.function("boxed", &[], &image);
    let ran = stage.run(&["lambda", "config", "attach", "--yes", &config, "boxed"]);
    let words = "Error: function `boxed` is a container image, which AWS Lambda does not hold to a code signing configuration";
    ran.assert_refused(1, words);
}
