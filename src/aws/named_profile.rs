//! Profiles of AWS's configuration files that the user names: `--plugin-config aws-profile`, or
//! `AWS_PROFILE`.
//!
//! The SDK passes over a profile that is not there and takes other credentials, an instance's for
//! example. AWS's command line and AWS's plugin fail, and so does this: a misspelled name must not
//! lead to a signature by another identity.

use aws_config::SdkConfig;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::http_client::PooledHttp;

/// Credentials of this profile and nothing else, with the region and the kind of endpoints of `sdk`.
pub(super) fn credentials(
    sdk: &SdkConfig,
    http: &PooledHttp,
    profile: &str,
    files: Option<&EnvConfigFiles>,
) -> SharedCredentialsProvider {
    let config = ProviderConfig::default()
        .with_http_client(http.clone())
        .with_region(sdk.region().cloned())
        .with_use_fips(sdk.use_fips())
        .with_use_dual_stack(sdk.use_dual_stack());
    let mut provider = ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_name(profile);
    if let Some(files) = files {
        provider = provider.profile_files(files.clone());
    }
    SharedCredentialsProvider::new(provider.build())
}

/// The profile that is named, in the settings or in the environment, and is in no file.
pub(super) async fn missing(
    in_settings: Option<&str>,
    files: Option<&EnvConfigFiles>,
) -> Option<Unavailable> {
    let (name, from) = match in_settings {
        Some(name) => (name.to_owned(), "aws-profile"),
        None => (in_environment()?, "AWS_PROFILE"),
    };
    let files = files.cloned().unwrap_or_default();
    let files = aws_config::profile::load(&Fs::real(), &Env::real(), &files, None).await;
    match files {
        Ok(files) if files.get_profile(&name).is_none() => Some(Unavailable(format!(
            "profile `{name}`, which `{from}` names, is not in AWS's configuration files"
        ))),
        // What is malformed is for the SDK to say, when it reads it.
        _ => None,
    }
}

fn in_environment() -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the SDK does not say whether a profile was named"
    )]
    let name = std::env::var("AWS_PROFILE").ok()?;
    (!name.is_empty()).then_some(name)
}

/// Gives no credentials, but the reason.
#[derive(Debug)]
pub(super) struct Unavailable(pub(super) String);

impl ProvideCredentials for Unavailable {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded(self.0.clone())))
    }
}
