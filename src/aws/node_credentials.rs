//! Credentials of a node, for what may read no variable and no file of AWS's: those of the instance's role, or those in
//! one file that is named.

use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::checked_credentials::{Checked, is_for_header};
use super::http_client::PooledHttp;
use super::settings::{SettingsError, is_endpoint};
use crate::http;
use crate::http::redact_text;

/// Where EC2's instance metadata is.
const METADATA: &str = "http://169.254.169.254";

/// Credentials of the instance's role (IMDS version 2), asked at `endpoint`, or else where EC2 has it. No proxy stands
/// between an instance and its metadata.
///
/// # Errors
///
/// [`SettingsError::EndpointUrl`] if `endpoint` cannot be one.
pub async fn instance_credentials(
    endpoint: Option<&str>,
) -> Result<SharedCredentialsProvider, SettingsError> {
    let url = endpoint.unwrap_or(METADATA);
    let not_a_url = || SettingsError::EndpointUrl(redact_text(url));
    if !is_endpoint(url) {
        return Err(not_a_url());
    }
    let pool = http::Pool::new(http::Settings::default());
    let config = ProviderConfig::default().with_http_client(PooledHttp::new(&pool));
    let client = imds::Client::builder()
        .configure(&config)
        .endpoint(url)
        .map_err(|_| not_a_url())?
        .build();
    let credentials = ImdsCredentialsProvider::builder()
        .configure(&config)
        .imds_client(client)
        .build();
    let credentials = SharedCredentialsProvider::new(credentials);
    Ok(Checked::provider(credentials, None, true).await)
}

/// Why a file with credentials cannot be used. Nothing in it is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialFileError {
    /// It is not text.
    #[error("it is not text in UTF-8")]
    NotText,
    /// A line that is not one of the four that the file may have.
    #[error(
        "line {line} is not `[default]`, `aws_access_key_id`, `aws_secret_access_key` or `aws_session_token`"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// A key is there twice.
    #[error("`{0}` is there twice")]
    Twice(&'static str),
    /// A key is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// The access key has characters that no access key has.
    #[error("`aws_access_key_id` has characters that no access key has")]
    NotAKey,
}

/// The credentials in a file of AWS's form that has the section `default` and its keys alone: anything else in it could
/// lead to other files, programs or services.
///
/// # Errors
///
/// [`CredentialFileError`].
pub fn credentials_in(bytes: &[u8]) -> Result<Credentials, CredentialFileError> {
    const NAMES: [&str; 3] = [
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
    ];
    let text = std::str::from_utf8(bytes).map_err(|_| CredentialFileError::NotText)?;
    let mut found: [Option<&str>; 3] = [None; 3];
    let mut is_in_section = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "[default]" && !is_in_section {
            is_in_section = true;
            continue;
        }
        let wrong = CredentialFileError::Line { line: index + 1 };
        let Some((name, value)) = line.split_once('=').filter(|_| is_in_section) else {
            return Err(wrong);
        };
        let (name, value) = (name.trim(), value.trim());
        let Some((known, place)) = NAMES
            .iter()
            .zip(&mut found)
            .find(|(known, _)| **known == name)
        else {
            return Err(wrong);
        };
        if place.is_some() {
            return Err(CredentialFileError::Twice(known));
        }
        *place = Some(value).filter(|value| !value.is_empty());
    }
    let [id, secret, token] = found;
    let [id_name, secret_name, _] = NAMES;
    let id = id.ok_or(CredentialFileError::Missing(id_name))?;
    let secret = secret.ok_or(CredentialFileError::Missing(secret_name))?;
    if !is_for_header(id) {
        return Err(CredentialFileError::NotAKey);
    }
    let token = token.map(str::to_owned);
    Ok(Credentials::new(id, secret, token, None, "CredentialFile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_file_has_keys_and_nothing_else() {
        let read = |text: &str| credentials_in(text.as_bytes());
        let found = read(
            "# of the node\n[default]\naws_access_key_id = AKID\n\
             aws_secret_access_key=a=b\naws_session_token = T\n",
        );
        let found = found.unwrap();
        let parts = (
            found.access_key_id(),
            found.secret_access_key(),
            found.session_token(),
        );
        assert_eq!(parts, ("AKID", "a=b", Some("T")));
        let keys = "aws_access_key_id=A\naws_secret_access_key=B\n";
        assert!(read(&format!("[default]\n{keys}")).is_ok());
        for (text, wanted) in [
            (keys.to_owned(), CredentialFileError::Line { line: 1 }),
            (
                format!("[default]\n{keys}credential_process = evil\n"),
                CredentialFileError::Line { line: 4 },
            ),
            (
                format!("[default]\n{keys}[other]\n"),
                CredentialFileError::Line { line: 4 },
            ),
            (
                format!("[default]\n{keys}{keys}"),
                CredentialFileError::Twice("aws_access_key_id"),
            ),
            (
                "[default]\naws_access_key_id = \n".to_owned(),
                CredentialFileError::Missing("aws_access_key_id"),
            ),
            (
                "[default]\naws_access_key_id = A\n".to_owned(),
                CredentialFileError::Missing("aws_secret_access_key"),
            ),
            (
                "[default]\naws_access_key_id=Ü\naws_secret_access_key=B\n".to_owned(),
                CredentialFileError::NotAKey,
            ),
        ] {
            assert_eq!(read(&text).unwrap_err(), wanted, "{text}");
        }
        assert_eq!(
            credentials_in(b"\xff").unwrap_err(),
            CredentialFileError::NotText
        );
    }

    #[tokio::test]
    async fn metadata_is_asked_at_a_url() {
        assert!(instance_credentials(None).await.is_ok());
        assert!(
            instance_credentials(Some("http://[fd00:ec2::254]"))
                .await
                .is_ok()
        );
        let refused = instance_credentials(Some("fd00:ec2::254"))
            .await
            .unwrap_err();
        assert_eq!(
            refused,
            SettingsError::EndpointUrl("fd00:ec2::254".to_owned())
        );
    }
}
