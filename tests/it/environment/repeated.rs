//! A secret is not printed, even if a server that was shown it, or the SDK that was given it, repeats it.

use countersign_emulator::Emulator;

use super::credentials::{without_credentials, write};
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// In everything secret here.
const HUSH: &str = "HUSH";

#[track_caller]
fn assert_hushed(ran: &Ran) {
    assert_eq!(ran.code, 3, "{ran:#?}");
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!said.contains(HUSH) && !said.contains("dTpIVVNI"), "{said}");
}

/// Signs, and verifies for people and for programs.
fn runs(scene: &Scene) -> [Ran; 3] {
    let sign = [
        "sign",
        "--signing-profile",
        &scene.profile.arn,
        &scene.image,
    ];
    [
        scene.run(&sign),
        scene.verify(&scene.image),
        scene.verify_with(&["-o", "json"], &scene.image),
    ]
}

/// A server that puts every header that it was sent into what it says of an error.
fn echo(body: fn(&str) -> String) -> Hostile {
    Hostile::start(move |seen: &Seen| {
        let all: Vec<String> = seen
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let said = body(&all.join(" "));
        match seen.header("authorization") {
            None => Reply::status(401).header("www-authenticate", "Basic realm=\"x\""),
            Some(_) => Reply::status(403)
                .header("content-type", "application/json")
                .header("x-amzn-errortype", "AccessDeniedException")
                .header(
                    "x-amzn-requestid",
                    seen.header("x-amz-security-token").unwrap_or("r"),
                )
                .body(said),
        }
    })
}

#[test]
fn a_registry_that_repeats_the_password() {
    let registry = echo(|said| {
        serde_json::json!({"errors": [{"code": "DENIED", "message": said}]}).to_string()
    });
    for password in ["HUSHPW", "HUSH a longer \"password\""] {
        let scene = Scene::new()
            .with_variable("NOTATION_USERNAME", "u")
            .with_variable("NOTATION_PASSWORD", password);
        let image = format!("{}/app:v1", registry.host());
        let ran = scene.verify(&image);
        assert_hushed(&ran);
        ran.assert_says("authorization: Basic [secret]");
    }
}

#[test]
fn an_aws_that_repeats_the_session_token() {
    // As it is, and in the spelling that JSON has for every character.
    let plain = echo(|said| serde_json::json!({"message": said}).to_string());
    let escaped = echo(|said| {
        let units = said.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        let said = units.collect::<Vec<_>>().concat();
        format!("{{\"message\":\"{said}\"}}")
    });
    let scene = Scene::new();
    scene.sign(&scene.image);
    let mut scene = scene;
    for aws in [plain, escaped] {
        scene = scene
            .with_variable("AWS_SESSION_TOKEN", "HUSHTOKEN")
            .with_variable("AWS_ENDPOINT_URL", format!("http://{}", aws.host()));
        for ran in runs(&scene) {
            assert_hushed(&ran);
            assert!(
                format!("{}{}", ran.stdout, ran.stderr).contains("x-amz-security-token: [secret]"),
                "{ran:#?}"
            );
        }
    }
}

/// The spellings of an endpoint that something takes, and the SDK repeats.
const ENDPOINTS: [&str; 15] = [
    "http://user:HUSH@127.0.0.1:1/",
    "http://user:HU SH HUSH@h/",
    "user:HUSH@127.0.0.1:1",
    "user:HUSH@h ost",
    "https//user:HUSH@host",
    "http:/user:HUSH@host",
    "http://127.0.0.1:1/?k=HUSH",
    "http://127.0.0.1:1/?a b=HUSH",
    "127.0.0.1:1/?token=HUSH",
    "127.0.0.1:1/ ?token=HUSH",
    "http://user:a'HUSH@h.invalid",
    "http://user:a\"HUSH@h.invalid",
    "http://user:a|HUSH@h.invalid",
    "http://user:a<HUSH@h.invalid",
    "http://u:a HUSH@h/",
];

fn sign(scene: &Scene) -> Ran {
    scene.run(&[
        "sign",
        "--signing-profile",
        &scene.profile.arn,
        &scene.image,
    ])
}

#[test]
fn the_sdk_that_repeats_an_endpoint() {
    let mut scene = without_credentials(Emulator::builder());
    let role = "[default]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = base\n\
                [profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n";
    for endpoint in ENDPOINTS {
        for (variable, value) in [
            ("AWS_ENDPOINT_URL_STS", endpoint.to_owned()),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.to_owned()),
            (
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                format!("/{endpoint}"),
            ),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.to_owned()),
        ] {
            let is_sts = variable.ends_with("STS");
            write(&scene, ".aws/config", if is_sts { role } else { "" });
            let disabled = if variable.contains("EC2") {
                "false"
            } else {
                "true"
            };
            scene = scene
                .with_variable("AWS_EC2_METADATA_DISABLED", disabled)
                .with_variable(variable, value);
            assert_hushed(&sign(&scene));
            scene = scene.without_variables(&[variable, "AWS_EC2_METADATA_DISABLED"]);
        }
        write(
            &scene,
            ".aws/config",
            &format!("{role}endpoint_url = {endpoint}\n[default]\nENDPOINT_URL = {endpoint}\n"),
        );
        assert_hushed(&sign(&scene));
    }
}

/// What the SDK ends with a panic for, and does not here.
#[test]
fn no_spelling_of_a_setting_is_a_fault() {
    let no_fault = |scene: &Scene| {
        let ran = sign(scene);
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert!(!ran.stderr.contains("fault of its own"), "{ran:#?}");
    };
    let scene = without_credentials(Emulator::builder()).without_variables(&["AWS_ENDPOINT_URL"]);
    for line in [
        "ENDPOINT_URL =",
        "Endpoint_Url\t=\t",
        "endpoint_url = # none",
        "endpoint_url =\n ",
        "region = a b",
        "retry_mode = adaptive\nmax_attempts = 0",
        "ec2_metadata_service_endpoint =",
        "sts_regional_endpoints = x",
        "services = s\n[services s]\nSTS =\n  endpoint_url =\n  ENDPOINT_URL =",
    ] {
        let config = format!(
            "[default]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = base\n{line}\n\
             [profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n"
        );
        write(&scene, ".aws/config", &config);
        no_fault(&scene);
    }
    // A line that goes on makes a key of two lines, which no header can have.
    let key = "[default]\naws_access_key_id = AK\n  ID=x\naws_secret_access_key = x\n";
    write(&scene, ".aws/config", key);
    no_fault(&scene);
    write(&scene, ".aws/config", "");
    let mut scene = scene;
    for (variable, value) in [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "127.0.0.1:80"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "localhost"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "/x"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "*"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "h:80"),
        ("AWS_ACCESS_KEY_ID", "AK\nID"),
        ("AWS_ACCESS_KEY_ID", "AK\u{e9}"),
        ("AWS_SESSION_TOKEN", "a\nb"),
        ("AWS_REGION", "a b"),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_RETRY_MODE", "adaptive"),
        ("AWS_SDK_UA_APP_ID", "a\nb"),
        ("AWS_EXECUTION_ENV", "a\nb"),
    ] {
        scene = scene
            .with_variable("AWS_SECRET_ACCESS_KEY", "x")
            .with_variable("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .with_variable(variable, value);
        if matches!(
            variable,
            "AWS_SESSION_TOKEN" | "AWS_REGION" | "AWS_MAX_ATTEMPTS" | "AWS_RETRY_MODE"
        ) || variable.contains("SDK")
            || variable.contains("EXECUTION")
        {
            scene = scene.with_variable("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
        }
        no_fault(&scene);
        scene = scene.without_variables(&[variable, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    }
}

/// No answer of an instance's metadata is a fault either.
#[test]
fn no_answer_of_an_instances_metadata_is_a_fault() {
    let role = "/latest/meta-data/iam/security-credentials/";
    for (seconds, name) in [
        ("60", "a\nb"),
        ("60", "a b"),
        ("18446744073709551615", "role"),
    ] {
        let metadata = Hostile::start(move |seen: &Seen| {
            let body = if seen.path() == role { name } else { "token" };
            Reply::status(200)
                .header("x-aws-ec2-metadata-token-ttl-seconds", seconds)
                .body(body)
        });
        let scene = without_credentials(Emulator::builder())
            .with_variable("AWS_EC2_METADATA_DISABLED", "false")
            .with_variable(
                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                format!("http://{}", metadata.host()),
            );
        let ran = sign(&scene);
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert!(!ran.stderr.contains("fault of its own"), "{ran:#?}");
        assert!(metadata.seen().len() > 1, "{:?}", metadata.lines());
    }
}
