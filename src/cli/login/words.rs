//! What is said of a login that failed, in notation's words.

use super::super::output::{CommandOutput, Exit};
use crate::registry::{self, CredentialsError};
use crate::report::in_notation;

const HELP: &str = "https://notaryproject.dev/docs/how-to/registry-authentication/";

/// How a credential helper is set up.
const SET_UP: &str = "install a credential helper, such as `docker-credential-pass`, and name it in `credsStore` of Notation's \
                      `config.json` or of Docker's: `{\"credsStore\": \"pass\"}`; without one, set `NOTATION_USERNAME` and \
                      `NOTATION_PASSWORD` for each command";

/// What is said where it cannot be found out where logins are kept.
pub(in crate::cli) fn no_store(error: &CredentialsError) -> CommandOutput {
    let sentence = format!("failed to get credentials store: {error}");
    CommandOutput::error(Exit::Usage, &sentence, error, error.hint())
}

/// What is said where the registry at `server` did not let the user in; `url` is what was asked.
pub(super) fn not_validated(
    server: &str,
    url: &str,
    is_token: bool,
    error: &registry::Error,
) -> CommandOutput {
    let (exit, reason, said) = match error {
        registry::Error::Unauthorized {
            credential, said, ..
        } => {
            // A registry that takes passwords alone was shown nothing.
            let was_shown = credential.contains("credential of");
            let reason = if is_token && !was_shown {
                format!("GET \"{url}\": missing username or password for basic auth")
            } else {
                // The realm's answer is not the registry's.
                let answer = said.answer().map(|answer| {
                    if answer.contains(url) {
                        answer.to_owned()
                    } else {
                        format!("GET \"{url}\": {answer}")
                    }
                });
                answer.unwrap_or_else(|| {
                    format!("GET \"{url}\": response status code 401: Unauthorized")
                })
            };
            (Exit::Rejected, reason, said.as_str().to_owned())
        }
        registry::Error::NotFound { said, .. } => (
            Exit::Rejected,
            "not found".to_owned(),
            said.as_str().to_owned(),
        ),
        registry::Error::Request { source, .. } => {
            let words = in_notation::of_request(source).unwrap_or_else(|| error.to_string());
            (
                Exit::Inconclusive,
                format!("Get \"{url}\": {words}"),
                String::new(),
            )
        }
        other => (Exit::Inconclusive, other.to_string(), String::new()),
    };
    let sentence = format!(
        "failed to log in to {server}: failed to validate the credentials for {server}: {reason}"
    );
    let causes = if said.is_empty() {
        Vec::new()
    } else {
        vec![format!("the registry says `{said}`")]
    };
    CommandOutput::error(exit, &sentence, error, hint(error)).caused_by(causes)
}

fn hint(error: &registry::Error) -> Option<String> {
    match error {
        registry::Error::Unauthorized { .. } => Some(
            "check the user name and the password; some registries want an access token in place of the password"
                .to_owned(),
        ),
        registry::Error::NotFound { .. } => {
            Some("nothing at `/v2/` is a registry there: check the host and the port".to_owned())
        }
        other => other.hint(),
    }
}

/// What is said where the helper did not keep the credential.
pub(super) fn not_stored(server: &str, error: &CredentialsError) -> CommandOutput {
    let sentence = format!(
        "failed to log in to {server}: failed to store the credentials for {server}: {}",
        in_notation::of_store(error)
    );
    CommandOutput::error(Exit::Inconclusive, &sentence, error, error.hint())
}

/// What is said where no helper is configured.
pub(super) fn not_kept(server: &str) -> CommandOutput {
    CommandOutput::failed_with_hint(
        Exit::Rejected,
        &format!(
            "failed to log in to {server}: the credential could not be saved because a credentials store is required to \
             securely store the password. See {HELP}"
        ),
        SET_UP.to_owned(),
    )
}

/// The warning where a file has the same credential in the clear.
pub(super) fn in_the_clear() -> String {
    let warning = CommandOutput::warning(&format!(
        "The credentials store is not set up. It is recommended to configure the credentials store to securely store your \
         credentials. See {HELP}."
    ));
    warning.stderr
}
