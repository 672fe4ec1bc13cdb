//! AWS Signer's operations by method and path, as the API model lists them.

use http::Method;

use crate::signed_call::decode;

/// An operation with the parameters of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    AddProfilePermission {
        profile_name: String,
    },
    CancelSigningProfile {
        profile_name: String,
    },
    DescribeSigningJob {
        job_id: String,
    },
    GetRevocationStatus,
    GetSigningPlatform {
        platform_id: String,
    },
    GetSigningProfile {
        profile_name: String,
    },
    ListProfilePermissions {
        profile_name: String,
    },
    ListSigningJobs,
    ListSigningPlatforms,
    ListSigningProfiles,
    ListTagsForResource {
        resource_arn: String,
    },
    PutSigningProfile {
        profile_name: String,
    },
    RemoveProfilePermission {
        profile_name: String,
        statement_id: String,
    },
    RevokeSignature {
        job_id: String,
    },
    RevokeSigningProfile {
        profile_name: String,
    },
    SignPayload,
    StartSigningJob,
    TagResource {
        resource_arn: String,
    },
    UntagResource {
        resource_arn: String,
    },
}

impl Operation {
    /// The operation of a request. `path` is still percent-encoded.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let (method, segments) = (method.as_str(), segments.as_slice());
        Some(match (method, segments) {
            ("POST", ["signing-jobs", "with-payload"]) => Self::SignPayload,
            ("POST", ["signing-jobs"]) => Self::StartSigningJob,
            ("GET", ["signing-jobs"]) => Self::ListSigningJobs,
            ("GET", ["signing-jobs", id]) => Self::DescribeSigningJob { job_id: decode(id) },
            ("PUT", ["signing-jobs", id, "revoke"]) => Self::RevokeSignature { job_id: decode(id) },
            ("GET", ["signing-profiles"]) => Self::ListSigningProfiles,
            ("PUT", ["signing-profiles", name]) => Self::PutSigningProfile {
                profile_name: decode(name),
            },
            ("GET", ["signing-profiles", name]) => Self::GetSigningProfile {
                profile_name: decode(name),
            },
            ("DELETE", ["signing-profiles", name]) => Self::CancelSigningProfile {
                profile_name: decode(name),
            },
            ("PUT", ["signing-profiles", name, "revoke"]) => Self::RevokeSigningProfile {
                profile_name: decode(name),
            },
            ("POST", ["signing-profiles", name, "permissions"]) => Self::AddProfilePermission {
                profile_name: decode(name),
            },
            ("GET", ["signing-profiles", name, "permissions"]) => Self::ListProfilePermissions {
                profile_name: decode(name),
            },
            ("DELETE", ["signing-profiles", name, "permissions", id]) => {
                Self::RemoveProfilePermission {
                    profile_name: decode(name),
                    statement_id: decode(id),
                }
            }
            ("GET", ["signing-platforms"]) => Self::ListSigningPlatforms,
            ("GET", ["signing-platforms", id]) => Self::GetSigningPlatform {
                platform_id: decode(id),
            },
            ("GET", ["revocations"]) => Self::GetRevocationStatus,
            // Some clients leave the slashes of the ARN as they are.
            ("GET", ["tags", arn @ ..]) => Self::ListTagsForResource {
                resource_arn: decode(&arn.join("/")),
            },
            ("POST", ["tags", arn @ ..]) => Self::TagResource {
                resource_arn: decode(&arn.join("/")),
            },
            ("DELETE", ["tags", arn @ ..]) => Self::UntagResource {
                resource_arn: decode(&arn.join("/")),
            },
            _ => return None,
        })
    }

    /// The name in the API model, and in IAM policies after `signer:`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AddProfilePermission { .. } => "AddProfilePermission",
            Self::CancelSigningProfile { .. } => "CancelSigningProfile",
            Self::DescribeSigningJob { .. } => "DescribeSigningJob",
            Self::GetRevocationStatus => "GetRevocationStatus",
            Self::GetSigningPlatform { .. } => "GetSigningPlatform",
            Self::GetSigningProfile { .. } => "GetSigningProfile",
            Self::ListProfilePermissions { .. } => "ListProfilePermissions",
            Self::ListSigningJobs => "ListSigningJobs",
            Self::ListSigningPlatforms => "ListSigningPlatforms",
            Self::ListSigningProfiles => "ListSigningProfiles",
            Self::ListTagsForResource { .. } => "ListTagsForResource",
            Self::PutSigningProfile { .. } => "PutSigningProfile",
            Self::RemoveProfilePermission { .. } => "RemoveProfilePermission",
            Self::RevokeSignature { .. } => "RevokeSignature",
            Self::RevokeSigningProfile { .. } => "RevokeSigningProfile",
            Self::SignPayload => "SignPayload",
            Self::StartSigningJob => "StartSigningJob",
            Self::TagResource { .. } => "TagResource",
            Self::UntagResource { .. } => "UntagResource",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_in_the_path_with_and_without_encoding() {
        let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/web";
        let expected = Some(Operation::ListTagsForResource {
            resource_arn: arn.to_owned(),
        });
        assert_eq!(
            Operation::of(&Method::GET, &format!("/tags/{arn}")),
            expected
        );
        let encoded =
            "/tags/arn%3Aaws%3Asigner%3Aus-east-1%3A111122223333%3A%2Fsigning-profiles%2Fweb";
        assert_eq!(Operation::of(&Method::GET, encoded), expected);
    }

    #[test]
    fn the_method_matters() {
        assert_eq!(
            Operation::of(&Method::POST, "/signing-jobs/with-payload"),
            Some(Operation::SignPayload)
        );
        assert_eq!(
            Operation::of(&Method::PUT, "/signing-jobs/with-payload"),
            None
        );
        assert_eq!(
            Operation::of(&Method::GET, "/signing-jobs/with-payload"),
            Some(Operation::DescribeSigningJob {
                job_id: "with-payload".to_owned()
            })
        );
    }
}
