//! `countersign login` and `logout`: a password is kept by a helper or not at all, and never shown.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::asking::Asking;
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::script_plugin::write_program;

pub(super) const PASSWORD: &str = "c0rrect-horse";

/// A registry that takes one password; at `/token` it gives tokens for it.
pub(super) fn registry(by_token: bool) -> Hostile {
    let is_right = |seen: &Seen| {
        let pair = STANDARD.encode(format!("user:{PASSWORD}"));
        seen.header("authorization") == Some(&format!("Basic {pair}"))
    };
    Hostile::start(move |seen| {
        let refused = |challenge: &str| {
            let words = json!({"errors": [{"code": "UNAUTHORIZED", "message": "no such user"}]});
            Reply::status(401)
                .header("WWW-Authenticate", challenge)
                .body(words.to_string())
        };
        match seen.path() {
            "/token" if is_right(seen) => Reply::ok("application/json", r#"{"token":"t0ken"}"#),
            "/v2/" if seen.header("authorization") == Some("Bearer t0ken") => Reply::status(200),
            "/v2/" if by_token => refused(&format!(
                "Bearer realm=\"http://{}/token\",service=\"s\"",
                seen.host
            )),
            "/v2/" if is_right(seen) => Reply::status(200),
            _ => refused("Basic realm=\"r\""),
        }
    })
}

/// A home with a helper that keeps what it is told in the file `kept`.
fn home(helper: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let path = self::helper(&sandbox, helper);
    sandbox.with("PATH", path)
}

/// Has this sandbox's credentials kept by a helper with these lines; gives the `PATH` on which it is.
pub(super) fn helper(sandbox: &Sandbox, lines: &str) -> String {
    let bin = sandbox.home().join("bin");
    fs::create_dir(&bin).unwrap();
    write_program(
        &bin.join("docker-credential-test"),
        &format!("#!/bin/sh\n{lines}\n"),
    );
    sandbox.write_config("config.json", r#"{"credsStore": "test"}"#);
    format!("{}:/usr/bin:/bin", bin.display())
}

pub(super) const KEEPS: &str = r#"echo "$1" >> "$HOME/asked"; cat > "$HOME/kept""#;

fn log_in(sandbox: &Sandbox, password: &str, host: &str) -> Ran {
    let mut command = sandbox.command(Path::new(env!("CARGO_BIN_EXE_countersign")));
    let file = sandbox.home().join("typed");
    fs::write(&file, password).unwrap();
    command
        .args(["login", "-u", "user", "--password-stdin", host])
        .stdin(fs::File::open(file).unwrap());
    Ran::of(&mut command)
}

#[test]
fn a_password_is_tried_and_then_given_to_the_helper() {
    for by_token in [false, true] {
        let (registry, sandbox) = (registry(by_token), home(KEEPS));
        let ran = log_in(&sandbox, &format!("{PASSWORD}\n"), &registry.host());
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, "Login Succeeded\n", "")
        );
        let kept: serde_json::Value =
            serde_json::from_slice(&fs::read(sandbox.home().join("kept")).unwrap()).unwrap();
        let wanted = json!({"ServerURL": registry.host(), "Username": "user", "Secret": PASSWORD});
        assert_eq!(kept, wanted);
        let ran = sandbox.run(&["logout", &registry.host()]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "Logout Succeeded\n"));
        let read = |name: &str| fs::read_to_string(sandbox.home().join(name)).unwrap();
        assert_eq!(
            (read("asked"), read("kept")),
            ("store\nerase\n".to_owned(), registry.host())
        );
    }
}

#[test]
fn a_terminal_does_not_show_the_password_that_is_typed() {
    let (registry, sandbox) = (registry(false), home(KEEPS));
    let host = registry.host();
    let asking = Asking::start(&sandbox, &["login", "-u", "user", &host], "Password: ");
    let (ran, shown) = asking.end(format!("{PASSWORD}\n").as_bytes());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.stdout.ends_with("Login Succeeded\n"), "{ran:#?}");
    assert!(!(shown + &ran.stdout).contains(PASSWORD));
    let kept = fs::read_to_string(sandbox.home().join("kept")).unwrap();
    assert!(kept.contains(PASSWORD), "{kept}");
}

#[test]
fn an_interrupt_at_the_prompt_sends_nothing() {
    let (registry, sandbox) = (registry(false), home(KEEPS));
    let host = registry.host();
    let asking = Asking::start(&sandbox, &["login", "-u", "user", &host], "Password: ");
    let (ran, _) = asking.end(b"c0rr\x03");
    ran.assert_refused(3, "Error: interrupted at the prompt; nothing was sent");
    assert!(!sandbox.home().join("kept").exists());
}

#[test]
fn a_wrong_password_is_given_to_nobody_else() {
    for by_token in [false, true] {
        let (registry, sandbox) = (registry(by_token), home(KEEPS));
        let ran = log_in(&sandbox, "wr0ng-horse", &registry.host());
        let host = registry.host();
        let realm = if by_token {
            format!("GET \"http://{host}/token?...\": ")
        } else {
            String::new()
        };
        let sentence = format!(
            "Error: failed to log in to {host}: failed to validate the credentials for {host}: GET \
             \"http://{host}/v2/\": {realm}response status code 401: unauthorized: no such user"
        );
        ran.assert_refused(1, &sentence);
        ran.assert_says("caused by: the registry says `UNAUTHORIZED: no such user`");
        ran.assert_says("hint: check the user name and the password");
        assert!(!sandbox.home().join("kept").exists());
    }
}

#[test]
fn without_a_helper_nothing_is_written() {
    let (registry, sandbox) = (registry(false), home(KEEPS));
    let config = sandbox.write_config("config.json", "{}");
    let docker = sandbox.home().join(".docker/config.json");
    fs::create_dir(docker.parent().unwrap()).unwrap();
    fs::write(&docker, r#"{"auths": {}}"#).unwrap();
    let ran = log_in(&sandbox, PASSWORD, &registry.host());
    assert_eq!(ran.code, 1);
    ran.assert_says("a credentials store is required to securely store the password");
    ran.assert_says("hint: install a credential helper");
    assert_eq!(fs::read_to_string(config).unwrap(), "{}");
    assert_eq!(fs::read_to_string(docker).unwrap(), r#"{"auths": {}}"#);
}

#[test]
fn a_helper_that_babbles_or_repeats_the_password_does_not_show_it() {
    let registry = registry(false);
    for (helper, wanted) in [
        ("cat; exit 1", "[secret]"),
        ("yes", "its answer is too long"),
        (
            "printf '\\033[2J'; exit 1",
            "failed to store the credentials",
        ),
    ] {
        let sandbox = home(helper);
        let ran = log_in(&sandbox, PASSWORD, &registry.host());
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
        ran.assert_says(wanted);
        assert!(
            !ran.stderr.contains(PASSWORD) && !ran.stderr.contains('\u{1b}'),
            "{ran:#?}"
        );
    }
}

#[test]
fn an_answer_for_another_registry_is_not_shown_to_this_one() {
    let registry = registry(false);
    let sandbox =
        home(r#"echo '{"ServerURL":"other.example","Username":"user","Secret":"c0rrect-horse"}'"#);
    let ran = sandbox.run(&["list", &format!("{}/app:v1", registry.host())]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("its answer is for `other.example`");
    let shown = |seen: &Seen| seen.header("authorization").is_some();
    assert!(!registry.seen().iter().any(shown));
}

#[test]
fn what_a_file_has_in_the_clear_goes_and_the_rest_stays() {
    let sandbox = home(KEEPS);
    sandbox.write_config("config.json", "{}");
    let docker = sandbox.home().join(".docker/config.json");
    fs::create_dir(docker.parent().unwrap()).unwrap();
    let before = r#"{"auths": {"r.example": {"auth": "dTpw"}, "https://r.example/v1/": {}, "s.example": {"auth": "dTpw"}},
        "HttpHeaders": {"X-A": "b"}}"#;
    fs::write(&docker, before).unwrap();
    let ran = sandbox.run(&["logout", "r.example"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "Logout Succeeded\n"),
        "{ran:#?}"
    );
    let after = "{\n\t\"HttpHeaders\": {\n\t\t\"X-A\": \"b\"\n\t},\n\t\"auths\": {\n\t\t\"s.example\": {\n\t\t\t\"auth\": \
                 \"dTpw\"\n\t\t}\n\t}\n}";
    assert_eq!(fs::read_to_string(&docker).unwrap(), after);
}

#[test]
fn a_helper_of_the_system_that_fails_stops_no_anonymous_request() {
    let sandbox = home("exit 1");
    fs::remove_file(sandbox.config().join("config.json")).unwrap();
    let bin = sandbox.home().join("bin");
    fs::rename(
        bin.join("docker-credential-test"),
        bin.join("docker-credential-secretservice"),
    )
    .unwrap();
    let is_open = Hostile::start(|_| Reply::status(404));
    let ran = sandbox.run(&["list", &format!("{}/app:v1", is_open.host())]);
    ran.assert_says("not found");
    let closed = registry(false);
    let ran = sandbox.run(&["list", &format!("{}/app:v1", closed.host())]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("`docker-credential-secretservice` gave no credential");
}

#[test]
fn a_password_without_a_user_name_is_a_token_for_the_realm() {
    let hostile = Hostile::start(|seen| match seen.path() {
        "/token" if seen.method == "POST" => {
            Reply::ok("application/json", r#"{"access_token":"t0ken"}"#)
        }
        _ if seen.header("authorization") == Some("Bearer t0ken") => Reply::status(404),
        "/v2/app/manifests/v1" => Reply::status(401).header(
            "WWW-Authenticate",
            &format!("Bearer realm=\"http://{}/token\",service=\"s\"", seen.host),
        ),
        _ => Reply::status(401).header("WWW-Authenticate", "Basic realm=\"r\""),
    });
    let sandbox = Sandbox::new();
    let image = |name: &str| format!("{}/{name}:v1", hostile.address());
    let run = |sandbox: &Sandbox, arguments: &[&str]| {
        sandbox.run(&[&["list", "--insecure-registry"], arguments].concat())
    };
    let (app, other) = (image("app"), image("other"));
    let by_flag = run(&sandbox, &["-p", PASSWORD, &app]);
    let by_variable = run(&Sandbox::new().with("NOTATION_PASSWORD", PASSWORD), &[&app]);
    for ran in [&by_flag, &by_variable] {
        let wanted = format!("Error: failed to get manifest descriptor: {app}: not found");
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert!(ran.stderr.contains(&wanted), "{ran:#?}");
    }
    let forms = hostile.seen();
    let forms: Vec<_> = forms
        .iter()
        .filter(|seen| seen.path() == "/token")
        .collect();
    assert_eq!(forms.len(), 2);
    for seen in forms {
        let form = String::from_utf8_lossy(&seen.body);
        assert!(
            form.contains("grant_type=refresh_token") && form.contains(PASSWORD),
            "{form}"
        );
    }
    // Who wants a user name is not shown it.
    let ran = run(&sandbox, &["-p", PASSWORD, &other]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(
        ran.stderr.contains(
            "an anonymous request (it wants a user name and a password, and `--password` has only a token)"
        ),
        "{ran:#?}"
    );
    let headers = format!(
        "{:?}",
        hostile
            .seen()
            .iter()
            .map(|seen| &seen.headers)
            .collect::<Vec<_>>()
    );
    assert!(!headers.contains(PASSWORD));
}

#[test]
fn notations_sentence_has_the_registrys_errors() {
    let hostile = registry(false);
    let sandbox = Sandbox::new();
    let notation = sandbox.home().join("notation");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_countersign"), &notation).unwrap();
    let host = hostile.address().to_string();
    let ran = sandbox.run_as(
        &notation,
        &[
            "login",
            "--insecure-registry",
            "-u",
            "user",
            "-p",
            "wrong",
            &host,
        ],
    );
    assert_eq!(ran.code, 1, "{ran:#?}");
    let wanted = format!(
        "failed to validate the credentials for {host}: GET \"http://{host}/v2/\": response status code 401: \
         unauthorized: no such user\n"
    );
    assert!(ran.stderr.contains(&wanted), "{ran:#?}");
    // Nothing listens at a port that was just given back.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    drop(listener);
    let ran = sandbox.run_as(&notation, &["login", "-u", "user", "-p", "x", &host]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let wanted =
        format!("Get \"http://{host}/v2/\": dial tcp {host}: connect: connection refused\n");
    assert!(ran.stderr.contains(&wanted), "{ran:#?}");
}
