//! AWS Signer, Amazon ECR and AWS STS on loopback.
//!
//! One server, one port. A request goes to a service by what it is signed for, by its path, or by its host:
//!
//! | request | module |
//! | --- | --- |
//! | `/v2/...`, or any path on an ECR host | `registry` |
//! | `X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.*` | `ecr` |
#![cfg_attr(not(test), allow(dead_code, reason = "skeleton"))]

mod call;
mod error;
mod json;
mod shared;

mod ecr;
mod registry;

pub use registry::{
    Access, BlobDelivery, DiskError, ReferrersApi, RegistryOptions, RepositoryCreation,
    TestImageError,
};
