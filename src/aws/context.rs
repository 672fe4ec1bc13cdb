//! One configuration of AWS per process: credentials are fetched once and shared by the clients of
//! every region.

use std::sync::Arc;

use aws_config::identity::IdentityCache;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::sdk_ua_metadata::FrameworkMetadata;
use tokio::sync::OnceCell;

use super::arn::Location;
use super::checked_credentials::Checked;
use super::endpoints::{DataPlane, check_endpoint, configured_urls};
use super::http_client::PooledHttp;
use super::named_profile::{self, Unavailable};
use super::profile_files::ProfileFiles;
use super::settings::{Settings, SettingsError, is_endpoint};
use crate::http::redact_text;
use crate::partition::Partition;
use crate::{allowance, http, limits};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The region to ask, and whether that is not the one of the ARN in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionChoice {
    /// The region to ask.
    pub region: String,
    /// The region of the ARN, where the one set explicitly is another.
    pub conflicts_with: Option<String>,
}

impl RegionChoice {
    /// The conflict in words.
    pub fn warning(&self) -> Option<String> {
        let other = self.conflicts_with.as_ref()?;
        Some(format!(
            "asked in region `{}`, which is set explicitly, although the ARN says `{other}`",
            self.region
        ))
    }
}

/// AWS, as this process talks to it. Clones share everything; no request is sent before the first client
/// is made.
#[derive(Debug, Clone)]
pub struct Aws(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: PooledHttp,
    settings: Settings,
    credentials: Option<SharedCredentialsProvider>,
    /// Whether nothing is taken from the process's environment and AWS's configuration files.
    is_apart: bool,
    /// AWS's configuration files, where they count.
    profile_files: Option<ProfileFiles>,
    base: OnceCell<SdkConfig>,
    /// The region that AWS's own rules find.
    default_region: OnceCell<Option<String>>,
}

impl Aws {
    /// AWS through `pool`, with these settings.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if a setting cannot be what it should be.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a pool is a handle, which is given away as any other"
    )]
    pub fn new(pool: http::Pool, settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self(Arc::new(Inner {
            http: PooledHttp::new(&pool),
            settings,
            credentials: None,
            is_apart: false,
            profile_files: Some(ProfileFiles::default()),
            base: OnceCell::new(),
            default_region: OnceCell::new(),
        })))
    }

    /// AWS through `pool`, with these settings and credentials alone: no variable, no configuration file and
    /// no instance metadata is read.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if a setting cannot be what it should be.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a pool is a handle, which is given away as any other"
    )]
    pub fn apart(
        pool: http::Pool,
        settings: Settings,
        credentials: Option<SharedCredentialsProvider>,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self(Arc::new(Inner {
            http: PooledHttp::new(&pool),
            settings,
            credentials,
            is_apart: true,
            profile_files: None,
            base: OnceCell::new(),
            default_region: OnceCell::new(),
        })))
    }

    /// The same, with these credentials and no others.
    #[must_use]
    pub fn with_credentials(&self, credentials: impl ProvideCredentials + 'static) -> Self {
        Self(Arc::new(Inner {
            http: self.0.http.clone(),
            settings: self.0.settings.clone(),
            is_apart: self.0.is_apart,
            profile_files: self.0.profile_files.clone(),
            credentials: Some(SharedCredentialsProvider::new(credentials)),
            base: OnceCell::new(),
            default_region: OnceCell::new(),
        }))
    }

    /// The settings that this was made with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The region to ask about something at `location`: the one that is set explicitly, else that
    /// of the ARN. The environment's region has no say: signatures of several regions are verified
    /// on one machine, and a CodeBuild project always has an `AWS_REGION`.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Partition`] if the region set is of another partition.
    pub fn region_for(
        &self,
        arn: &dyn std::fmt::Display,
        location: &Location,
    ) -> Result<RegionChoice, SettingsError> {
        let Some(region) = self.0.settings.region.clone() else {
            return Ok(RegionChoice {
                region: location.region().to_owned(),
                conflicts_with: None,
            });
        };
        let other = Partition::of_region(&region);
        if other != location.partition() {
            return Err(SettingsError::Partition {
                arn: arn.to_string(),
                partition: location.partition(),
                region,
                other,
            });
        }
        let conflicts_with = (region != location.region()).then(|| location.region().to_owned());
        Ok(RegionChoice {
            region,
            conflicts_with,
        })
    }

    /// The region of what does not name one: the one that is set explicitly, else the one that AWS's
    /// own rules find (environment, configuration files, instance metadata); `None` if no rule finds
    /// one. A variable that is set and empty is not set, as for AWS's command line; the SDK would
    /// ask in a region without a name.
    pub async fn default_region(&self) -> Option<String> {
        if self.0.settings.region.is_some() || self.0.is_apart {
            return self.0.settings.region.clone();
        }
        // Not the shared configuration's, which is that of the first client.
        self.0
            .default_region
            .get_or_init(async || match region_in_environment() {
                Some(region) => Some(region),
                // What one artifact has used up says nothing about the region of the others.
                None => allowance::for_all(Box::pin(region_elsewhere(&self.0))).await,
            })
            .await
            .clone()
    }

    /// The SDK's configuration for `region`, or for the one that is set explicitly.
    ///
    /// Reads configuration files at the first call. Credentials are fetched when a client needs
    /// them, and then once for all regions.
    pub async fn config(&self, region: &str) -> SdkConfig {
        let region = self.0.settings.region.as_deref().unwrap_or(region);
        let base = self
            .0
            .base
            .get_or_init(|| allowance::for_all(Box::pin(load(&self.0, region))))
            .await
            .clone();
        base.into_builder()
            .region(Region::new(region.to_owned()))
            .build()
    }

    /// A client of AWS Signer in `region`.
    ///
    /// # Errors
    ///
    /// [`SettingsError::EndpointUrl`] if the endpoint that is configured cannot be one.
    pub async fn signer(&self, region: &str) -> Result<aws_sdk_signer::Client, SettingsError> {
        let sdk = self.config(region).await;
        let mut config = aws_sdk_signer::config::Builder::from(&sdk);
        if let Some(url) = &self.0.settings.signer_endpoint_url {
            config.set_endpoint_url(Some(url.clone()));
        } else {
            check_endpoint(&sdk, "Signer")?;
        }
        Ok(aws_sdk_signer::Client::from_conf(config.build()))
    }

    /// A client of AWS Signer's data plane in `region`.
    ///
    /// An endpoint that is configured for AWS Signer (`AWS_ENDPOINT_URL_SIGNER`) holds for the data
    /// plane too, unless that has its own (`AWS_ENDPOINT_URL_SIGNER_DATA`): in AWS's plugin the
    /// question is one of AWS Signer's.
    ///
    /// # Errors
    ///
    /// As [`Aws::signer`].
    pub async fn signer_data(
        &self,
        region: &str,
    ) -> Result<aws_sdk_signerdata::Client, SettingsError> {
        let sdk = self.config(region).await;
        let mut config = aws_sdk_signerdata::config::Builder::from(&sdk);
        match DataPlane::of(&sdk, self.0.settings.signer_endpoint_url.as_ref()) {
            DataPlane::Signers(url) => {
                if !is_endpoint(&url) {
                    return Err(SettingsError::EndpointUrl(redact_text(&url)));
                }
                config.set_endpoint_url(Some(url));
            }
            DataPlane::Own => check_endpoint(&sdk, "Signer Data")?,
        }
        Ok(aws_sdk_signerdata::Client::from_conf(config.build()))
    }

    /// Sends one request of the SDK's form, without the SDK's retries.
    pub(super) fn http(&self) -> PooledHttp {
        self.0.http.clone()
    }

    /// The URL at which the client of [`Aws::signer_data`] asks; `None` for AWS's own.
    pub async fn signer_data_endpoint(&self, region: &str) -> Option<String> {
        let sdk = self.config(region).await;
        DataPlane::of(&sdk, self.0.settings.signer_endpoint_url.as_ref()).url(&sdk)
    }

    /// The URL at which AWS's own data plane of AWS Signer is in `region`, where no other is configured.
    pub async fn signer_data_url(&self, region: &str) -> Option<String> {
        use aws_sdk_signerdata::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
        let sdk = self.config(region).await;
        let params = Params::builder()
            .region(sdk.region()?.as_ref())
            .use_fips(sdk.use_fips().unwrap_or_default())
            .use_dual_stack(sdk.use_dual_stack().unwrap_or_default())
            .build()
            .ok()?;
        let endpoint = DefaultResolver::new()
            .resolve_endpoint(&params)
            .await
            .ok()?;
        Some(endpoint.url().to_owned())
    }

    /// A client of AWS STS in `region`.
    ///
    /// # Errors
    ///
    /// As [`Aws::signer`].
    pub(super) async fn sts(&self, region: &str) -> Result<aws_sdk_sts::Client, SettingsError> {
        let sdk = self.config(region).await;
        check_endpoint(&sdk, "STS")?;
        Ok(aws_sdk_sts::Client::new(&sdk))
    }

    /// Every URL at which AWS would be asked in place of its own endpoints: those of the settings, of the
    /// environment's variables and of AWS's configuration files. The files are read once, so that what is asked later is
    /// what was looked at here.
    pub async fn endpoint_urls(&self) -> Vec<String> {
        let settings = &self.0.settings;
        let given = [&settings.signer_endpoint_url, &settings.kms_endpoint_url];
        let mut urls: Vec<String> = given.into_iter().flatten().cloned().collect();
        // Which region is asked makes no difference to the URLs, but the shared configuration has that of the first
        // client, whose credentials come from there.
        let sdk = allowance::for_all(Box::pin(load(&self.0, "us-east-1"))).await;
        urls.extend(configured_urls(&sdk));
        urls
    }

    /// A client of AWS KMS in `region`.
    ///
    /// # Errors
    ///
    /// As [`Aws::signer`].
    pub async fn kms(&self, region: &str) -> Result<aws_sdk_kms::Client, SettingsError> {
        let sdk = self.config(region).await;
        let mut config = aws_sdk_kms::config::Builder::from(&sdk);
        if let Some(url) = &self.0.settings.kms_endpoint_url {
            config.set_endpoint_url(Some(url.clone()));
        } else {
            check_endpoint(&sdk, "KMS")?;
        }
        Ok(aws_sdk_kms::Client::from_conf(config.build()))
    }
}

/// The region that the environment names.
fn region_in_environment() -> Option<String> {
    let set = |variable| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the SDK takes an empty variable for a region, and looks no further"
        )]
        let region = std::env::var(variable).ok()?;
        (!region.is_empty()).then_some(region)
    };
    set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION"))
}

/// The region that a configuration file or an instance's metadata name.
async fn region_elsewhere(aws: &Inner) -> Option<String> {
    let config = ProviderConfig::default().with_http_client(aws.http.clone());
    let mut files = ProfileFileRegionProvider::builder().configure(&config);
    if let Some(contents) = &aws.profile_files {
        // Why they cannot be read is said where credentials are needed.
        files = files.profile_files(contents.read().ok()?.clone());
    }
    if let Some(profile) = &aws.settings.profile {
        files = files.profile_name(profile);
    }
    let instance = ImdsRegionProvider::builder().configure(&config).build();
    let region = RegionProviderChain::first_try(files.build())
        .or_else(instance)
        .region()
        .await?;
    (!region.as_ref().is_empty()).then(|| region.to_string())
}

async fn load(aws: &Inner, region: &str) -> SdkConfig {
    let Inner { http, settings, .. } = aws;
    let retry = RetryConfig::standard()
        .with_max_attempts(limits::MAX_ATTEMPTS)
        .with_initial_backoff(limits::RETRY_DELAY)
        .with_max_backoff(limits::MAX_RETRY_DELAY);
    let timeout = TimeoutConfig::builder()
        .connect_timeout(limits::CONNECT_TIMEOUT)
        .operation_timeout(limits::REQUEST_TIMEOUT)
        .build();
    // It takes a signature that is five seconds in the making for a connection that has stalled; how
    // long an answer may take is the pool's to say.
    let stalled = StalledStreamProtectionConfig::disabled();
    let identities = IdentityCache::lazy()
        .load_timeout(limits::CREDENTIALS_TIMEOUT)
        .build();
    if aws.is_apart {
        let mut sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http.clone())
            .retry_config(retry)
            .timeout_config(timeout)
            .stalled_stream_protection(stalled)
            .identity_cache(identities)
            .region(Region::new(region.to_owned()));
        sdk.set_credentials_provider(aws.credentials.clone());
        return sdk.build();
    }
    let read = aws.profile_files.as_ref().map(ProfileFiles::read);
    let (profile_files, unavailable) = match read.transpose() {
        Ok(files) => (files.cloned(), None),
        Err(problem) => (Some(ProfileFiles::empty()), Some(Unavailable(problem))),
    };
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(retry)
        .timeout_config(timeout)
        .stalled_stream_protection(stalled)
        .identity_cache(identities);
    if let Ok(metadata) = FrameworkMetadata::new("countersign", Some(VERSION)) {
        loader = loader.framework_metadata(metadata);
    }
    loader = loader.region(Region::new(region.to_owned()));
    if let Some(contents) = &profile_files {
        loader = loader.profile_files(contents.clone());
    }
    if let Some(unavailable) = unavailable {
        return loader.credentials_provider(unavailable).load().await;
    }
    if let Some(credentials) = &aws.credentials {
        return loader
            .credentials_provider(credentials.clone())
            .load()
            .await;
    }
    if let Some(missing) =
        named_profile::missing(settings.profile.as_deref(), profile_files.as_ref()).await
    {
        return loader.credentials_provider(missing).load().await;
    }
    if let Some(profile) = &settings.profile {
        // As in AWS's plugin: a profile that is named explicitly beats keys in the environment,
        // and nothing else is tried in its place.
        let sdk = loader.profile_name(profile).no_credentials().load().await;
        let credentials = named_profile::credentials(&sdk, http, profile, profile_files.as_ref());
        let credentials = Checked::provider(credentials, profile_files.as_ref(), true).await;
        return sdk.into_builder().credentials_provider(credentials).build();
    }
    let sdk = loader.load().await;
    let Some(credentials) = sdk.credentials_provider() else {
        return sdk;
    };
    let credentials = Checked::provider(credentials, profile_files.as_ref(), false).await;
    sdk.into_builder().credentials_provider(credentials).build()
}

#[cfg(test)]
mod tests;
