//! AWS as everything here uses it: names of resources, partitions, and one shared configuration.

mod arn;
mod context;
mod error;
mod http_client;
mod named_profile;
mod rate_limit;
mod settings;

pub use crate::partition::Partition;
pub use arn::{
    AliasedSigningProfileArn, ArnError, ArnService, KmsKeyId, KmsKeyIdError, Location, SignerArn,
    SigningJobArn, SigningProfileAliasArn, SigningProfileArn, SigningProfileVersionArn,
};
pub(crate) use context::has_endpoint;
pub use context::{Aws, RegionChoice};
pub use error::{Call, CallError, CallErrorKind};
pub use rate_limit::RateLimit;
pub use settings::{Settings, SettingsError};

#[cfg(test)]
pub(crate) use error::tests::error as call_error;
