//! Why there are no credentials: where they were looked for, and what went wrong there.

use std::error::Error as _;

use aws_config::meta::ProviderChainError;
use aws_credential_types::provider::error::CredentialsError;

use super::error::{chain, printable};

/// Where credentials were looked for, and what went wrong there.
pub(super) fn in_words(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => not_found(error),
        CredentialsError::ProviderTimedOut(_) => {
            format!(
                "the source of credentials did not answer in {} seconds",
                crate::limits::CREDENTIALS_TIMEOUT.as_secs()
            )
        }
        other => {
            let mut text = chain(other);
            if let Some(io) = other.source()
                && io.is::<std::io::Error>()
            {
                // The SDK reads these files, and does not say which.
                text.push_str(
                    ": the file that `AWS_WEB_IDENTITY_TOKEN_FILE` or \
                     `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names",
                );
            }
            // What a credential process prints is shown nowhere: it deals in secrets.
            match text.split_once("Stderr:") {
                Some((text, _)) => format!(
                    "{}; run its command by hand to see what it says",
                    text.trim_end().trim_end_matches('.')
                ),
                None => text,
            }
        }
    }
}

/// Where none were found, and why not there.
fn not_found(error: &CredentialsError) -> String {
    let Some(source) = error.source() else {
        // So it is with one profile, and nothing else to try.
        return "none were found in the profile that is named".to_owned();
    };
    let Some(chain_error) = source.downcast_ref::<ProviderChainError<CredentialsError>>() else {
        return format!("none were found: {}", chain(source));
    };
    let places: Vec<String> = chain_error
        .attempts()
        .iter()
        .map(|attempt| {
            let place = match attempt.name() {
                "Environment" => "the environment",
                "Profile" => "the profile of the configuration files",
                "WebIdentityToken" => "a web identity token",
                "EcsContainer" => "the container's metadata",
                "Ec2InstanceMetadata" => "the instance's metadata",
                other => other,
            };
            match attempt.error().source() {
                Some(reason) => format!("{place} ({})", chain(reason)),
                None => place.to_owned(),
            }
        })
        .collect();
    printable(&format!("none were found in {}", places.join(", ")))
}
