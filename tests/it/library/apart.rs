//! An environment of variables that were given takes nothing of the process.

use std::process::Command;

use countersign::environment::{Clock, Environment};
use countersign::reference::{ArtifactReference, Reference};
use countersign::verify::{Error, Verification, Verifier};

use crate::support::hostile::{Hostile, Reply};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::script_plugin::write_program;

const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";

fn verify(environment: &Environment, reference: &str) -> Result<Verification, Error> {
    let reference: ArtifactReference = Reference::parse(reference).unwrap().into();
    let trust = Verifier::for_signing_profiles([PROFILE]).unwrap();
    let verifier = trust.connect(environment).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(verifier.verify(&reference))
}

/// The variables that a shell was started with, as `env` printed them.
pub(super) fn variables_of(printed: &str) -> Vec<&str> {
    let of_shell = ["PWD=", "OLDPWD=", "SHLVL=", "_="];
    let mut lines: Vec<&str> = printed.lines().collect();
    lines.retain(|line| !of_shell.iter().any(|start| line.starts_with(start)));
    lines.sort_unstable();
    lines
}

#[test]
fn a_credential_helper_is_given_the_variables_and_no_others() {
    let sandbox = Sandbox::new();
    let registry = Hostile::start_as(&["registry.example"], |_| {
        Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\"")
    });
    let home = sandbox.home();
    let helper = home.join("docker-credential-spy");
    let script = "#!/bin/sh\nenv > \"$HOME/printed\"\necho 'credentials not found in native keychain'\nexit 1\n";
    write_program(&helper, script);
    sandbox.write_config("config.json", r#"{"credsStore":"spy"}"#);
    let path = format!("{}:/usr/bin:/bin", home.display());
    let (proxy, root) = (format!("http://{}", registry.host()), registry.root());
    let variables = [
        ("HOME", home.to_str().unwrap()),
        ("HTTPS_PROXY", &proxy),
        ("NOTATION_PASSWORD", "s3cret"),
        ("PATH", &path),
        ("SSL_CERT_FILE", root.to_str().unwrap()),
    ];
    let environment = Environment::of_variables(variables, Clock::System);
    let error = verify(&environment, "registry.example/app:v1").unwrap_err();
    assert!(matches!(error, Error::Resolve { .. }), "{error:?}");
    let printed = std::fs::read_to_string(home.join("printed")).unwrap();
    let given = variables
        .iter()
        .filter(|(name, _)| *name != "NOTATION_PASSWORD");
    let given: Vec<String> = given
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(variables_of(&printed), given);
}

/// Run by the test below, in a process that has `SSL_CERT_FILE`.
#[test]
#[ignore = "asks a server that another test has started"]
fn asks_a_registry_whose_root_the_process_alone_knows() {
    let proxy = std::env::var("TEST_PROXY").unwrap();
    let variables = [("HTTPS_PROXY", proxy.as_str())];
    let of_process = ("SSL_CERT_FILE", &*std::env::var("SSL_CERT_FILE").unwrap());
    let apart = Environment::of_variables(variables, Clock::System);
    let error = verify(&apart, "registry.example/app:v1").unwrap_err();
    println!("apart: {}", countersign::causes::in_one_line(&error));
    let told = Environment::of_variables(variables.into_iter().chain([of_process]), Clock::System);
    let error = verify(&told, "registry.example/app:v1").unwrap_err();
    println!("told: {}", countersign::causes::in_one_line(&error));
}

#[test]
fn roots_that_the_process_names_do_not_vouch_for_a_registry() {
    let registry = Hostile::start_as(&["registry.example"], |_| Reply::status(404));
    let mut again = Command::new(std::env::current_exe().unwrap());
    again
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("library::apart::asks_a_registry_whose_root_the_process_alone_knows")
        .env("TEST_PROXY", format!("http://{}", registry.host()))
        .env("SSL_CERT_FILE", registry.root());
    let ran = Ran::of(&mut again);
    assert_eq!(ran.code, 0, "{ran:#?}");
    // Only who is told of the roots came so far as to ask.
    let told = ran.stdout.lines().find(|line| line.contains("told: "));
    assert!(told.unwrap().contains("not found"), "{ran:#?}");
    let apart = ran.stdout.lines().find(|line| line.contains("apart: "));
    assert!(!apart.unwrap().contains("not found"), "{ran:#?}");
}
