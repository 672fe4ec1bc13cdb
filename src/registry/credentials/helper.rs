//! Docker's credential helpers: `docker-credential-NAME get`, the registry on its standard input; `store` and `erase`.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::super::words::clean;
use super::{Credential, Error, Proof, Secret, key};
use crate::process::ChildVariables;
use crate::{limits, process};

/// The user name by which a helper says that its secret is an identity token.
const IDENTITY_TOKEN_USER: &str = "<token>";

/// What every helper says on its standard output if it has nothing for this registry.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// What a helper answers, and what it is told. In the order of the fields as Docker's own programs write them.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperOutput {
    #[serde(default, rename = "ServerURL")]
    server: String,
    username: String,
    secret: String,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct HelperInput<'a> {
    #[serde(rename = "ServerURL")]
    server: &'a str,
    username: &'a str,
    secret: &'a str,
}

/// The program of the helper `name`.
fn program(name: &str) -> Result<String, Error> {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty()
        || name.len() > limits::MAX_HELPER_NAME_BYTES
        || name.starts_with(['.', '-'])
        || !name.bytes().all(is_safe)
    {
        return Err(Error::HelperName { name: clean(name) });
    }
    Ok(format!("docker-credential-{name}"))
}

/// What the helper `name` has for `server`; `None` if it has nothing.
pub(super) async fn find(
    name: &str,
    server: &str,
    variables: &ChildVariables,
) -> Result<Option<Credential>, Error> {
    get(&program(name)?, server, variables, limits::PROCESS_TIMEOUT).await
}

/// Has the helper `name` keep a user name and a secret for `server`.
pub(super) async fn store(
    name: &str,
    server: &str,
    username: &str,
    secret: &Secret,
) -> Result<(), Error> {
    let input = HelperInput {
        server,
        // As Docker marks a token that stands for a user.
        username: if username.is_empty() {
            IDENTITY_TOKEN_USER
        } else {
            username
        },
        secret: secret.expose(),
    };
    // Three texts always have a JSON form.
    let mut input = Zeroizing::new(serde_json::to_vec(&input).unwrap_or_default());
    input.push(b'\n');
    told(&program(name)?, "store", &input, limits::PROCESS_TIMEOUT).await
}

/// Has the helper `name` forget what it has for `server`. That it has nothing is as good.
pub(super) async fn erase(name: &str, server: &str) -> Result<(), Error> {
    let program = program(name)?;
    match told(
        &program,
        "erase",
        server.as_bytes(),
        limits::PROCESS_TIMEOUT,
    )
    .await
    {
        Err(Error::HelperRefused { said, .. }) if said == NOT_FOUND => Ok(()),
        done => done,
    }
}

/// Tells a helper something; it has nothing to answer.
async fn told(program: &str, verb: &str, input: &[u8], limit: Duration) -> Result<(), Error> {
    // Logins are the command line's.
    let variables = ChildVariables::OfProcess;
    let finished = ask(program, verb, &variables, input, limit).await?;
    if finished.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&finished.stdout);
    let mut said = clean(words.trim());
    if said.is_empty() {
        said = finished.status.to_string();
    }
    Err(Error::HelperRefused {
        program: program.to_owned(),
        said,
    })
}

async fn ask(
    program: &str,
    verb: &str,
    variables: &ChildVariables,
    input: &[u8],
    limit: Duration,
) -> Result<process::ProcessOutput, Error> {
    let bounds = process::Limits {
        max_output_bytes: limits::MAX_TOKEN_BYTES,
        timeout: limit,
    };
    let arguments = [OsStr::new(verb)];
    let finished = process::run(Path::new(program), &arguments, variables, input, bounds);
    finished.await.map_err(|error| match error {
        process::Error::Start { source, .. } | process::Error::Pipe { source, .. } => {
            Error::HelperStart {
                program: program.to_owned(),
                source,
            }
        }
        process::Error::TooMuchOutput { .. } => Error::HelperFailed {
            program: program.to_owned(),
            reason: "its answer is too long".to_owned(),
        },
        process::Error::TimedOut { .. } => Error::HelperTimedOut {
            program: program.to_owned(),
            seconds: limit.as_secs(),
        },
    })
}

async fn get(
    program: &str,
    server: &str,
    variables: &ChildVariables,
    limit: Duration,
) -> Result<Option<Credential>, Error> {
    let failed = |reason: String| Error::HelperFailed {
        program: program.to_owned(),
        reason,
    };
    let finished = ask(program, "get", variables, server.as_bytes(), limit).await?;
    let (status, answer) = (finished.status, finished.stdout);
    if !status.success() {
        let words = clean(String::from_utf8_lossy(&answer).trim());
        return if words == NOT_FOUND {
            Ok(None)
        } else {
            Err(failed(format!("{status}, saying `{words}`")))
        };
    }
    // The answer holds the secret, so that nothing of it is shown.
    let answer: HelperOutput = serde_json::from_slice(&answer)
        .map_err(|_| failed("its answer is not a credential".to_owned()))?;
    if answer.username.is_empty() && answer.secret.is_empty() {
        return Ok(None);
    }
    // Some helpers leave the server out; none may give the secret of another one.
    if !answer.server.is_empty() && !key::is_same_server(&answer.server, server) {
        let other = clean(&answer.server);
        return Err(failed(format!("its answer is for `{other}`")));
    }
    let origin = format!("`{program}`");
    let secret = Secret::new(answer.secret);
    Ok(Some(if answer.username == IDENTITY_TOKEN_USER {
        Credential {
            proof: Proof::IdentityToken(secret),
            origin,
        }
    } else {
        Credential::password(answer.username, secret, origin)
    }))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// Runs a helper made of `script`.
    async fn ran(script: &str, limit: Duration) -> Result<Option<Credential>, Error> {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("docker-credential-test");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let variables = ChildVariables::OfProcess;
        get(program.to_str().unwrap(), "r.example", &variables, limit).await
    }

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_helper_is_asked_for_the_registry() {
        let script = r#"[ "$1" = get ] && s=$(cat); printf '{"ServerURL":"https://R.example/v1/","Username":"%s","Secret":"s"}' "$s""#;
        let credential = ran(script, LONG).await.unwrap().unwrap();
        assert_eq!(
            credential.proof,
            Proof::Password {
                username: "r.example".to_owned(),
                password: Secret::new("s".to_owned())
            }
        );
    }

    #[tokio::test]
    async fn the_user_token_marks_an_identity_token() {
        let credential = ran(r#"echo '{"Username":"<token>","Secret":"s"}'"#, LONG).await;
        assert_eq!(
            credential.unwrap().unwrap().proof,
            Proof::IdentityToken(Secret::new("s".to_owned()))
        );
    }

    #[tokio::test]
    async fn nothing_found_is_told_from_failure() {
        let script = format!("echo '{NOT_FOUND}'; exit 1");
        assert_eq!(ran(&script, LONG).await.unwrap(), None);
        let Err(Error::HelperFailed { reason, .. }) = ran("echo locked; exit 1", LONG).await else {
            panic!("a failure is not an answer");
        };
        assert_eq!(reason, "exit status: 1, saying `locked`");
    }

    #[tokio::test]
    async fn an_answer_that_is_no_credential_is_an_error_that_does_not_show_it() {
        let Err(Error::HelperFailed { reason, .. }) =
            ran(r#"echo '{"Secret":"s3cret"}'"#, LONG).await
        else {
            panic!("half a credential counts");
        };
        assert_eq!(reason, "its answer is not a credential");
    }

    #[tokio::test]
    async fn an_endless_answer_and_an_endless_wait_end() {
        let Err(Error::HelperFailed { reason, .. }) = ran("yes", LONG).await else {
            panic!("an endless answer was taken");
        };
        assert_eq!(reason, "its answer is too long");
        assert!(matches!(
            ran("exec sleep 600", Duration::from_millis(50)).await,
            Err(Error::HelperTimedOut { .. })
        ));
    }

    #[tokio::test]
    async fn an_answer_for_another_server_is_not_shown_to_this_one() {
        for server in ["s.example", "r.example:5000", "https://r.example.net", "x"] {
            let script =
                format!(r#"echo '{{"ServerURL":"{server}","Username":"u","Secret":"s3cret"}}'"#);
            let Err(Error::HelperFailed { reason, .. }) = ran(&script, LONG).await else {
                panic!("the secret of {server} counts");
            };
            assert_eq!(reason, format!("its answer is for `{server}`"));
        }
    }

    /// Runs `told` with a helper made of `script`.
    async fn told_by(script: &str, limit: Duration) -> Result<(), Error> {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("docker-credential-test");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        told(program.to_str().unwrap(), "store", b"in", limit).await
    }

    #[tokio::test]
    async fn a_helper_that_is_told_something_may_refuse_and_must_end() {
        told_by("[ \"$1\" = store ] && [ \"$(cat)\" = in ]", LONG)
            .await
            .unwrap();
        for (script, wanted) in [
            ("echo locked; exit 1", "locked"),
            ("exit 3", "exit status: 3"),
        ] {
            let Err(Error::HelperRefused { said, .. }) = told_by(script, LONG).await else {
                panic!("{script}");
            };
            assert_eq!(said, wanted);
        }
        assert!(matches!(
            told_by("yes", LONG).await,
            Err(Error::HelperFailed { .. })
        ));
        assert!(matches!(
            told_by("exec sleep 600", Duration::from_millis(50)).await,
            Err(Error::HelperTimedOut { .. })
        ));
    }

    #[tokio::test]
    async fn names_stay_in_the_path_and_missing_programs_are_named() {
        for name in [
            "",
            "../x",
            "a/b",
            ".hidden",
            "-x",
            "a b",
            "a\u{1b}",
            &"x".repeat(65),
        ] {
            assert!(
                matches!(
                    find(name, "r", &ChildVariables::OfProcess).await,
                    Err(Error::HelperName { .. })
                ),
                "{name}"
            );
        }
        assert!(matches!(
            find("countersign-test-missing", "r", &ChildVariables::OfProcess).await,
            Err(Error::HelperStart { program, .. })
                if program == "docker-credential-countersign-test-missing"
        ));
    }
}
