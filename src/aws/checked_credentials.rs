//! The SDK's credentials, with a look at what it takes unseen.
//!
//! It opens files with tokens by itself: it would wait without an end for a pipe, and read a device without end. It repeats
//! endpoints that it cannot use, with the passwords in them. And it ends with a panic where an access key cannot stand
//! in a header.

use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::credentials_source;
use super::profile_files::set;
use super::settings::is_endpoint;
use crate::files;
use crate::http::redact_text;
use crate::limits::{MAX_FOUND_ENTRIES, MAX_TOKEN_FILE_BYTES};

/// Variables that name a file with a token.
const TOKEN_FILES: [&str; 2] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Variables that name an endpoint at which credentials are asked for.
const ENDPOINTS: [&str; 6] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
];

/// The variable with the path of a container's credentials.
const CONTAINER_PATH: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

/// Credentials of the SDK, checked each time.
#[derive(Debug)]
pub(super) struct Checked {
    credentials: SharedCredentialsProvider,
    files: Vec<PathBuf>,
    /// Where the tokens of single sign-on are.
    sign_on: Option<PathBuf>,
    problem: Option<String>,
    /// That one half of a key is in the environment, which is said where no credentials are found.
    half: Option<String>,
}

impl Checked {
    /// `credentials` that may come out of everything that the environment and `profiles` say; out of the profiles
    /// alone if `profile_named`.
    pub(super) async fn provider(
        credentials: SharedCredentialsProvider,
        profiles: Option<&EnvConfigFiles>,
        profile_named: bool,
    ) -> SharedCredentialsProvider {
        let mut checked = Self {
            credentials,
            files: Vec::new(),
            sign_on: None,
            problem: None,
            half: if profile_named {
                None
            } else {
                half_of_a_key(set)
            },
        };
        // Keys in the environment come before everything else.
        let has_keys = set("AWS_ACCESS_KEY_ID").is_some() && set("AWS_SECRET_ACCESS_KEY").is_some();
        if profile_named || !has_keys {
            let named = TOKEN_FILES.iter().filter_map(|name| set(name));
            checked.files.extend(named.map(PathBuf::from));
            checked.problem = problem_of_endpoints(set);
            checked.sign_on = set("HOME").map(|home| Path::new(&home).join(".aws/sso/cache"));
            if let Some(profiles) = profiles {
                checked.add_profiles(profiles).await;
            }
        }
        SharedCredentialsProvider::new(checked)
    }

    async fn add_profiles(&mut self, profiles: &EnvConfigFiles) {
        // What is malformed is for the SDK to say.
        let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), profiles, None).await;
        let Ok(profiles) = profiles else {
            return;
        };
        for profile in profiles
            .profiles()
            .filter_map(|name| profiles.get_profile(name))
        {
            let file = profile.get("web_identity_token_file");
            self.files.extend(file.map(PathBuf::from));
            let key = profile.get("aws_access_key_id").unwrap_or_default();
            if !is_for_header(key) {
                self.problem = Some(not_for_header(&format!("of profile `{}`", profile.name())));
            }
        }
    }

    async fn provide(&self) -> aws_credential_types::provider::Result {
        let problem = self.problem.clone().or_else(|| self.problem_of_files());
        if let Some(problem) = problem {
            return Err(CredentialsError::not_loaded(problem));
        }
        let found = self.credentials.provide_credentials().await;
        let credentials = found.map_err(|found| match &self.half {
            Some(half) => CredentialsError::not_loaded(HalfOfKey {
                half: half.clone(),
                found,
            }),
            None => found,
        })?;
        if !is_for_header(credentials.access_key_id()) {
            return Err(CredentialsError::not_loaded(not_for_header(
                "that was found",
            )));
        }
        tracing::info!(
            from = credentials_source::of(&credentials),
            "AWS credentials found"
        );
        Ok(credentials)
    }

    /// What is wrong with a file that the SDK would open now.
    fn problem_of_files(&self) -> Option<String> {
        let cached = self
            .sign_on
            .iter()
            .filter_map(|path| std::fs::read_dir(path).ok());
        let cached = cached
            .flat_map(|entries| entries.take(MAX_FOUND_ENTRIES))
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            });
        let mut all = self.files.iter().cloned().chain(cached);
        let error = all.find_map(|path| look_at(&path).err())?;
        Some(format!(
            "a file with a token for AWS cannot be read: {error}"
        ))
    }
}

/// No credentials were found, and one variable of an access key is set without the other.
#[derive(Debug, thiserror::Error)]
#[error("{half}")]
pub(super) struct HalfOfKey {
    half: String,
    /// Why nothing else gave credentials.
    pub(super) found: CredentialsError,
}

/// That one variable of an access key is set and the other is not.
fn half_of_a_key(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    const ID: &str = "AWS_ACCESS_KEY_ID";
    const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
    let (set, missing) = match (variable(ID), variable(SECRET)) {
        (Some(_), None) => (ID, SECRET),
        (None, Some(_)) => (SECRET, ID),
        _ => return None,
    };
    Some(format!(
        "`{set}` is set in the environment and `{missing}` is not"
    ))
}

fn problem_of_endpoints(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let unusable = |name: &str| {
        let url = variable(name).filter(|url| !is_endpoint(url))?;
        let shown = redact_text(&url);
        Some(format!(
            "`{name}` is `{shown}`, which is not the URL of an endpoint"
        ))
    };
    ENDPOINTS
        .iter()
        .find_map(|name| unusable(name))
        .or_else(|| {
            let path = variable(CONTAINER_PATH)?;
            let is_path = path.starts_with('/')
                && path.parse::<http::Uri>().is_ok()
                && !path.contains('@')
                && !path.contains("//");
            (!is_path).then(|| format!("`{CONTAINER_PATH}` is not a path"))
        })
}

/// The SDK's text without what may be secret in the endpoints that it repeats.
pub(super) fn without_endpoints(text: &str) -> String {
    let named = ENDPOINTS.iter().filter_map(|name| set(name));
    named.fold(text.to_owned(), |text, url| {
        text.replace(&url, &redact_text(&url))
    })
}

/// Checks that what is there can be read to its end; what is missing is for the SDK to say.
fn look_at(path: &Path) -> Result<(), files::Error> {
    match files::open_following_links(path) {
        Ok(file) => match file.metadata() {
            Ok(metadata) if metadata.len() > MAX_TOKEN_FILE_BYTES => Err(files::Error::TooLarge {
                path: path.to_owned(),
                max_bytes: MAX_TOKEN_FILE_BYTES,
            }),
            _ => Ok(()),
        },
        Err(error) if error.is_wrong_kind() => Err(error),
        Err(_) => Ok(()),
    }
}

pub(super) fn is_for_header(key: &str) -> bool {
    key.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn not_for_header(whose: &str) -> String {
    format!("the access key {whose} has characters that no access key has")
}

impl ProvideCredentials for Checked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.credentials.fallback_on_interrupt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_that_cannot_be_one_is_said_without_what_may_be_secret() {
        let problem = |name: &str, value: &str| {
            let (name, value) = (name.to_owned(), value.to_owned());
            problem_of_endpoints(move |asked| (asked == name).then(|| value.clone()))
        };
        for (value, shown) in [
            ("user:HUSH@127.0.0.1:1", "..."),
            ("http://user:HUSH HUSH@h/", "http://h/"),
            ("http:/user:HUSH@host x", "..."),
            ("127.0.0.1:1/?token=HUSH", "..."),
            ("127.0.0.1:80", "127.0.0.1:80"),
        ] {
            for name in ENDPOINTS {
                assert_eq!(
                    problem(name, value).unwrap(),
                    format!("`{name}` is `{shown}`, which is not the URL of an endpoint")
                );
            }
        }
        for value in [
            "v2/x",
            "http://user:HUSH@h/",
            "/http://user:HUSH@h/",
            "/a b",
        ] {
            assert_eq!(
                problem(CONTAINER_PATH, value).unwrap(),
                "`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` is not a path"
            );
        }
        assert_eq!(problem(CONTAINER_PATH, "/v2/credentials/1-2?a=b"), None);
        assert_eq!(
            problem("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4570"),
            None
        );
    }
}
