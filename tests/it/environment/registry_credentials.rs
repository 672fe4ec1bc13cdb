//! Who is shown what the environment and the files of Notation, Docker and Podman have: the real binary.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::hostile::{Hostile, Reply};
use crate::support::sandbox::{Ran, Sandbox};

/// Registries that want a password, all of them, and never take one.
fn wanting() -> Hostile {
    let hosts = [
        "registry.example",
        "other.example",
        "public.ecr.aws",
        "*.dkr.ecr.us-east-1.amazonaws.com",
    ];
    Hostile::start_as(&hosts, |_| {
        Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\"")
    })
}

/// A sandbox whose every request goes to `registries`, with these variables.
fn sandbox(registries: &Hostile, variables: &[(&str, &str)]) -> Sandbox {
    let mut sandbox = Sandbox::new()
        .with("HTTPS_PROXY", format!("http://{}", registries.host()))
        .with("HTTP_PROXY", format!("http://{}", registries.host()))
        .with("SSL_CERT_FILE", registries.root().to_str().unwrap());
    for (name, value) in variables {
        sandbox = sandbox.with(name, *value);
    }
    sandbox
}

/// The hosts that were shown user name and password, and which.
fn shown(registries: &Hostile) -> Vec<(String, String)> {
    let mut shown: Vec<_> = registries
        .seen()
        .iter()
        .filter_map(|seen| {
            let pair = seen.header("authorization")?.strip_prefix("Basic ")?;
            let pair = String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap();
            Some((seen.host.clone(), pair))
        })
        .collect();
    shown.sort();
    shown.dedup();
    shown
}

const USER: [(&str, &str); 2] = [("NOTATION_USERNAME", "ci"), ("NOTATION_PASSWORD", "s3cret")];

const ECR: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

fn list(sandbox: &Sandbox, registry: &str) -> Ran {
    sandbox.run(&["list", &format!("{registry}/app:v1")])
}

/// A verification of two images; gives the hosts that saw the password.
fn verify_two(variables: &[(&str, &str)], images: [&str; 2]) -> (Ran, Vec<(String, String)>) {
    let registries = wanting();
    let sandbox = sandbox(&registries, &[&USER, variables].concat());
    let profile = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
    let ran = sandbox.run(&["verify", "--signing-profile", profile, images[0], images[1]]);
    (ran, shown(&registries))
}

fn to(host: &str) -> Vec<(String, String)> {
    vec![(host.to_owned(), "ci:s3cret".to_owned())]
}

#[test]
fn the_environments_password_goes_to_the_only_registry_with_a_note() {
    let registries = wanting();
    let sandbox = sandbox(&registries, &USER);
    let ran = list(&sandbox, "Registry.example:443");
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says(
        "Note: `NOTATION_USERNAME` and `NOTATION_PASSWORD` are sent to `registry.example`, the only \
         registry of this command; set `NOTATION_REGISTRY=registry.example` to send them to no other one",
    );
    assert_eq!(shown(&registries), to("registry.example"));
    // Two spellings of one registry are one.
    let (ran, seen) = verify_two(&[], ["registry.example/a:v1", "REGISTRY.example:443/b:v1"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_eq!(seen, to("registry.example"));
}

#[test]
fn of_several_registries_the_one_that_is_named_gets_the_environments_password() {
    let images = ["registry.example/a:v1", "other.example/b:v1"];
    let (ran, seen) = verify_two(&[], images);
    assert_eq!((ran.code, seen), (2, Vec::new()), "{ran:#?}");
    ran.assert_says(
        "Error: `NOTATION_USERNAME` and `NOTATION_PASSWORD` are for one registry, and the references \
         name several",
    );
    ran.assert_says("hint: set `NOTATION_REGISTRY` to the registry that they are for");
    for named in ["other.example", "Other.Example:443"] {
        let (ran, seen) = verify_two(&[("NOTATION_REGISTRY", named)], images);
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert_eq!(seen, to("other.example"));
        assert!(!ran.stderr.contains("Note:"), "{ran:#?}");
    }
    let (_, seen) = verify_two(&[("NOTATION_REGISTRY", "third.example")], images);
    assert_eq!(seen, []);
    let (ran, seen) = verify_two(&[("NOTATION_REGISTRY", "https://other.example")], images);
    assert_eq!((ran.code, seen), (2, Vec::new()), "{ran:#?}");
    ran.assert_says("Error: `NOTATION_REGISTRY` is not a registry: `https://other.example`");
}

#[test]
fn amazon_ecr_is_never_shown_the_environments_password() {
    for (registry, named) in [
        (ECR, ""),
        ("public.ecr.aws", ""),
        (ECR, ECR),
        (ECR, "111122223333.dkr-ecr.us-east-1.on.aws"),
        ("public.ecr.aws", "public.ecr.aws"),
    ] {
        let registries = wanting();
        let sandbox = sandbox(&registries, &USER).with("NOTATION_REGISTRY", named);
        let ran = list(&sandbox, registry);
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
        ran.assert_says(
            "Note: `NOTATION_USERNAME` and `NOTATION_PASSWORD` are not sent to Amazon ECR; AWS issues \
             its tokens, and `--username` and `--password` override them",
        );
        assert_eq!(shown(&registries), [], "{registry}");
    }
    // The program does not guess which one of several is meant.
    let ecr = format!("{ECR}/b:v1");
    let (ran, seen) = verify_two(&[], ["registry.example/a:v1", &ecr]);
    assert_eq!((ran.code, seen), (2, Vec::new()), "{ran:#?}");
    let (_, seen) = verify_two(
        &[("NOTATION_REGISTRY", "registry.example")],
        ["registry.example/a:v1", &ecr],
    );
    assert_eq!(seen, to("registry.example"));
}

#[test]
fn flags_go_where_the_reference_beside_them_points() {
    let registries = wanting();
    let sandbox = sandbox(&registries, &[]);
    let image = "public.ecr.aws/app:v1";
    sandbox.run(&["list", "-u", "ci", "-p", "s3cret", image]);
    assert_eq!(shown(&registries), to("public.ecr.aws"));
}

/// A helper for credentials that answers with its own name and what it was asked for.
fn write_helper(sandbox: &Sandbox, name: &str) {
    let path = sandbox.home().join(format!("docker-credential-{name}"));
    let script = format!(
        "#!/bin/sh\nread server\nprintf '{{\"Username\":\"{name}\",\"Secret\":\"for %s\"}}' \"$server\"\n"
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn notations_own_stores_are_used_and_no_others_beside_them() {
    let docker = r#"{"auths":{"registry.example":{"auth":"ZG9ja2VyOnB3"}}}"#;
    let registry = "registry.example".to_owned();
    for (config, wanted) in [
        (r#"{"credsStore":"all"}"#, Some("all:for registry.example")),
        (
            r#"{"credHelpers":{"registry.example":"own"},"credsStore":"all"}"#,
            Some("own:for registry.example"),
        ),
        // Of another registry: this one has nothing there, and Docker is not asked.
        (r#"{"credHelpers":{"other.example":"own"}}"#, None),
        (
            r#"{"auths":{"registry.example":{"auth":"bjpw"}}}"#,
            Some("n:p"),
        ),
        // Nothing about credentials: Docker's.
        (r#"{"insecureRegistries":[]}"#, Some("docker:pw")),
    ] {
        let registries = wanting();
        let sandbox = sandbox(&registries, &[]);
        for helper in ["all", "own"] {
            write_helper(&sandbox, helper);
        }
        let path = format!("{}:/usr/bin:/bin", sandbox.home().display());
        let sandbox = sandbox.with("PATH", path);
        sandbox.write_config("config.json", config);
        std::fs::create_dir(sandbox.home().join(".docker")).unwrap();
        std::fs::write(sandbox.home().join(".docker/config.json"), docker).unwrap();
        let ran = list(&sandbox, "registry.example");
        assert_eq!(ran.code, 3, "{ran:#?}");
        let wanted: Vec<_> = wanted
            .map(|pair| (registry.clone(), pair.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(shown(&registries), wanted, "{config}");
    }
}

#[test]
fn podmans_login_is_found_and_a_variable_that_names_the_file_is_said() {
    let registries = wanting();
    let sandbox = sandbox(&registries, &[]);
    let directory = sandbox.home().join("run/containers");
    std::fs::create_dir_all(&directory).unwrap();
    let config = r#"{"auths":{"registry.example/app":{"auth":"cG9kbWFuOnB3"}}}"#;
    std::fs::write(directory.join("auth.json"), config).unwrap();
    let runtime = sandbox.home().join("run").to_str().unwrap().to_owned();
    let sandbox = sandbox.with("XDG_RUNTIME_DIR", runtime);
    list(&sandbox, "registry.example");
    let podman = ("registry.example".to_owned(), "podman:pw".to_owned());
    assert_eq!(shown(&registries), [podman]);

    let file = directory.join("auth.json").to_str().unwrap().to_owned();
    let sandbox = sandbox
        .with("DOCKER_CONFIG", file.as_str())
        .without(&["XDG_RUNTIME_DIR"]);
    let ran = list(&sandbox, "registry.example");
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("denied an anonymous request access to `app`");
    ran.assert_says("caused by: could not read a credentials file");
    ran.assert_says(&format!(
        "hint: `{file}` is a file; `DOCKER_CONFIG` names the directory with Docker's `config.json`"
    ));
}
