//! AWS as everything here uses it: names of resources, partitions, and one shared configuration.

mod arn;
mod checked_credentials;
mod context;
mod credentials_source;
mod ecs;
mod endpoints;
mod error;
mod http_client;
mod iam;
mod identity;
mod lambda;
mod metadata;
mod named_profile;
mod node_credentials;
mod pace;
mod pages;
mod percent;
mod profile_files;
mod retry;
mod settings;
mod signed_call;
mod stored;
mod call_trace;

pub use crate::partition::Partition;
pub(crate) use arn::is_account;
pub(crate) use arn::is_profile_name;
pub use arn::{
    AliasedSigningProfileArn, ArnError, ArnService, KmsKeyId, KmsKeyIdError, Location, SignerArn,
    SigningJobArn, SigningProfile, SigningProfileAliasArn, SigningProfileArn,
    SigningProfileVersionArn,
};
pub use context::{Aws, RegionChoice};
pub use ecs::{
    DeploymentConfiguration, DeploymentController, EcsArn, EcsArnError, EcsKind, HookTimeout,
    LifecycleHook, RevisionImage, Service, ServiceConnect, ServiceRevision, Task, TaskContainer,
    TaskDefinitionName, TaskDefinitionNameError, is_ecs_name,
};
pub(crate) use endpoints::{check_endpoint, has_endpoint};
pub(crate) use error::NOT_AS_AWS;
pub use error::{Call, CallError, CallErrorKind};
pub use iam::{EvalDecision, Simulated};
pub use identity::{CallerIdentity, Heard};
pub use lambda::{
    AwsList, CodeSigningConfig, CodeSigningConfigArn, CodeSigningConfigChange, FunctionArn,
    FunctionArnError, FunctionCode, FunctionConfiguration, FunctionName, LambdaFunction,
    LayerReference, LayerVersion, LayerVersionArn, NewCodeSigningConfig, PackageUrl,
    PackageUrlError, SignedBy, UntrustedArtifact,
};
pub use node_credentials::{CredentialFileError, credentials_in, instance_credentials};
pub use pace::Pace;
pub(crate) use pages::Pages;
pub(crate) use retry::{NoAnswer, Repeat, insist};
pub(crate) use settings::hint_of_unknown;
pub use settings::{Settings, SettingsError};
pub use stored::{
    Bucket, BucketName, ObjectName, StoredContent, StoredNameError, StoredText, Versioning,
};

#[cfg(test)]
pub(crate) use error::tests::error as call_error;
