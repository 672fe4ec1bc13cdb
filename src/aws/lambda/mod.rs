//! AWS Lambda as it is asked here: functions, layers and code signing configurations.
//!
//! Each answer must be about exactly what was asked. Where an answer leads for a package is not followed before it is
//! held to where packages of AWS Lambda are ([`PackageUrl`]).

mod code_signing_config;
mod config_arn;
mod download;
mod function;
mod function_arn;
mod function_configuration;
mod layer;
mod package_url;
mod request;
mod signed_by;

pub use code_signing_config::{
    CodeSigningConfig, CodeSigningConfigChange, NewCodeSigningConfig, UntrustedArtifact,
};
pub use config_arn::{CodeSigningConfigArn, LayerVersionArn};
pub use function::{AwsList, FunctionCode, LambdaFunction, LayerReference};
pub use function_arn::{FunctionArn, FunctionArnError, FunctionName};
pub use function_configuration::FunctionConfiguration;
pub use layer::LayerVersion;
pub use package_url::{PackageUrl, PackageUrlError};
pub use signed_by::SignedBy;
