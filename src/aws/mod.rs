//! AWS as everything here uses it: names of resources, partitions, and one shared configuration.

mod arn;
mod partition;

pub use arn::{
    AliasedSigningProfileArn, ArnError, Location, SignerArn, SigningJobArn, SigningProfileAliasArn,
    SigningProfileArn, SigningProfileVersionArn,
};
pub use partition::Partition;
