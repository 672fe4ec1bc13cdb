//! This program as a custom runtime of AWS Lambda: under the name `bootstrap`, it answers events until it is ended.
//!
//! The answers are `hook`'s; here are the process's clocks, its variables, and what is written: answers to Lambda, a
//! verdict and metrics to stdout, the log to stderr.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::output;
use super::terminal::{self, Manner};
use crate::environment::{Clock, Environment};
use crate::events::{Depth, Form, Log};
use crate::hook::{Hook, Invocation, InvocationOutcome, Moment};
use crate::json;
use crate::printable;
use crate::reference::{RegistryName, Scheme};
use crate::registry::{Credential, Secret};

/// The name by which Lambda starts a program.
const NAME: &str = "bootstrap";

/// Where Lambda hands out events.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Variables that such a program keeps, by the start of their names: credentials, the region, what Lambda says of the
/// function, proxies, and endpoints, which the gate policy must name. No other one is seen: no home, no configuration
/// file, no profile, no certificate file, no directory of Notation.
const KEPT: [&str; 19] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_LAMBDA_",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];

/// Of Notation's variables, only the credential of one registry.
const OF_NOTATION: [&str; 3] = [
    "NOTATION_USERNAME",
    "NOTATION_PASSWORD",
    "NOTATION_REGISTRY",
];

/// Whether a program started by this name is a function of Lambda.
pub fn is_function(program: &OsStr) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "which program it is decides before anything else is read"
    )]
    let is_asked = std::env::var_os(RUNTIME_API).is_some();
    is_asked && Path::new(program).file_name() == Some(OsStr::new(NAME))
}

/// Whether a function sees this variable.
pub fn keeps_variable(name: &str) -> bool {
    if cfg!(debug_assertions) && name == "COUNTERSIGN_TEST_FAULT" {
        return true;
    }
    if name.starts_with("NOTATION_") {
        return OF_NOTATION.contains(&name);
    }
    KEPT.iter().any(|start| name.starts_with(start))
}

/// Answers events until Lambda ends the process; gives the exit code of one that could not.
pub fn run(program: &OsString) -> u8 {
    let environment = Environment::of_process();
    environment.remember_secrets();
    terminal::set(Manner {
        is_quiet: false,
        has_log: true,
        is_notations: false,
    });
    let _has_begun = Log::new(Depth::Found, Form::Json, wall, output::write_stderr).begin();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(serve(directory(program))),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => 0,
        Err(error) => {
            tracing::info!(error = %error, "the function ends");
            3
        }
    }
}

/// The directory of the package: that of the executable, which no variable decides.
fn directory(program: &OsString) -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_else(|_| PathBuf::from(program));
    executable.parent().map(Path::to_owned).unwrap_or_default()
}

async fn serve(directory: PathBuf) -> Result<(), Error> {
    let hook = Arc::new(Mutex::new(Hook::new(directory, surroundings)));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let hook = Arc::clone(&hook);
        async move {
            #[cfg(debug_assertions)]
            fail_on_request();
            let (bytes, context) = event.into_parts();
            let invocation = invocation(&context);
            let mut hook = hook.lock().await;
            let answering = hook.answer(bytes.get().as_bytes(), &invocation, moment);
            let answered = Box::pin(answering).await;
            write(&answered);
            let answer = printable::json(&answered.answer).into_owned();
            RawValue::from_string(answer).map_err(Error::from)
        }
    }))
    .await
}

/// Lets the tests see how a panic in an invocation ends. A release build has nothing of it.
#[cfg(debug_assertions)]
#[expect(clippy::disallowed_methods, reason = "this is for tests alone")]
fn fail_on_request() {
    let asked = std::env::var("COUNTERSIGN_TEST_FAULT");
    assert!(
        asked.as_deref() != Ok("in an invocation"),
        "a fault of an invocation"
    );
}

fn invocation(context: &Context) -> Invocation {
    let deadline = i128::from(context.deadline).saturating_mul(1_000_000);
    Invocation {
        request_id: context.request_id.clone(),
        trace_id: context.xray_trace_id.clone(),
        // A deadline that is out of range counts as one that has passed.
        deadline: OffsetDateTime::from_unix_timestamp_nanos(deadline)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        begun: moment(),
    }
}

fn wall() -> OffsetDateTime {
    Clock::System.now()
}

fn moment() -> Moment {
    Moment {
        wall: wall(),
        steady: Instant::now(),
    }
}

/// Writes the verdict and the metrics, a line each, and one event to the log.
fn write(answered: &InvocationOutcome) {
    let verdict = &answered.verdict;
    tracing::info!(
        request_id = verdict.request_id.as_deref(),
        trace = verdict.trace_id.as_deref(),
        answer = verdict.status.as_str(),
        ms = verdict.latency_ms,
        "invocation answered"
    );
    let mut text = String::new();
    for line in [json::to_text(verdict), json::to_text(&answered.metrics)] {
        text.push_str(&printable::json(&line));
        text.push('\n');
    }
    // Who cannot be told gets an answer anyway: it is the one that counts.
    let _ = output::write_text(&mut std::io::stdout().lock(), &text);
}

/// The surroundings of the process, with the one registry's credential that it may have.
fn surroundings() -> Environment {
    let environment = Environment::of_process();
    let set = |name: &str| environment.variable(name).filter(|value| !value.is_empty());
    let [username, password, registry] = OF_NOTATION.map(set);
    let registry = registry.and_then(|registry| RegistryName::parse(&registry).ok());
    match (username, password, registry) {
        (Some(username), Some(password), Some(registry)) => {
            let credential =
                Credential::password(username, Secret::new(password), "`NOTATION_USERNAME`");
            environment.with_registry_credential(registry.server(Scheme::Https), credential)
        }
        _ => environment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_sees_credentials_and_endpoints_and_nothing_that_is_trusted() {
        for kept in [
            "AWS_SESSION_TOKEN",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_ENDPOINT_URL_ECS",
            "NOTATION_USERNAME",
        ] {
            assert!(keeps_variable(kept), "{kept}");
        }
        for dropped in [
            "HOME",
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_PROFILE",
            "AWS_CA_BUNDLE",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "NOTATION_CONFIG",
            "NOTATION_CACHE",
            "NOTATION_LIBEXEC",
            "DOCKER_CONFIG",
            "REGISTRY_AUTH_FILE",
            "LD_PRELOAD",
            "PATH",
            "TMPDIR",
        ] {
            assert!(!keeps_variable(dropped), "{dropped}");
        }
    }
}
