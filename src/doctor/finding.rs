//! What was found of one thing, and what to do about it.

use crate::aws::{CallError, CallErrorKind};
use crate::causes;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Check {
    /// Settings without which nothing can be asked: a proxy, an endpoint, `config.json`.
    Configuration,
    /// Who the caller is for AWS, and where its credentials come from.
    Credentials,
    /// This machine's clock against AWS's.
    Clock,
    /// The region that is set.
    Region,
    /// Proxies in force.
    Proxy,
    /// A signing profile: status, platform, validity.
    SigningProfile,
    /// What the owner of a profile permits others.
    ProfilePermissions,
    /// A host of AWS Signer's data plane, which knows what was revoked.
    DataPlane,
    /// What IAM lets the caller do.
    Permission,
    /// The credential for the registry.
    RegistryLogin,
    /// The artifact in the registry.
    Registry,
    /// The registry's list of an artifact's signatures.
    ReferrersApi,
    /// The same list under a tag, as old tools write it.
    TagSchema,
    /// The trust policy.
    TrustPolicy,
    /// A trust store that the policy names.
    TrustStore,
    /// Certificates of a store against AWS's published roots.
    Roots,
    /// A key of the signing key list.
    SigningKey,
    /// An installed Notation plugin.
    Plugin,
    /// Files that other users may write.
    Files,
    /// The directory of kept answers.
    Caches,
    /// A service of Amazon ECS, and who deploys it.
    Service,
    /// That its deployments call the gate's function.
    Hook,
    /// When they call it.
    HookStage,
    /// How long they wait for it, and what happens then.
    HookTimeout,
    /// The function of the gate.
    Function,
    /// containerd on a node: whether it asks the image verifier.
    Containerd,
}

impl Check {
    /// Every check, in the order of the documentation.
    pub const ALL: [Self; 26] = [
        Self::Configuration,
        Self::Credentials,
        Self::Clock,
        Self::Region,
        Self::Proxy,
        Self::SigningProfile,
        Self::ProfilePermissions,
        Self::DataPlane,
        Self::Permission,
        Self::RegistryLogin,
        Self::Registry,
        Self::ReferrersApi,
        Self::TagSchema,
        Self::TrustPolicy,
        Self::TrustStore,
        Self::Roots,
        Self::SigningKey,
        Self::Plugin,
        Self::Files,
        Self::Caches,
        Self::Service,
        Self::Hook,
        Self::HookStage,
        Self::HookTimeout,
        Self::Function,
        Self::Containerd,
    ];

    /// The code; it does not change once published.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Credentials => "credentials",
            Self::Clock => "clock",
            Self::Region => "region",
            Self::Proxy => "proxy",
            Self::SigningProfile => "signing-profile",
            Self::ProfilePermissions => "profile-permissions",
            Self::DataPlane => "data-plane",
            Self::Permission => "permission",
            Self::RegistryLogin => "registry-login",
            Self::Registry => "registry",
            Self::ReferrersApi => "referrers-api",
            Self::TagSchema => "tag-schema",
            Self::TrustPolicy => "trust-policy",
            Self::TrustStore => "trust-store",
            Self::Roots => "roots",
            Self::SigningKey => "signing-key",
            Self::Plugin => "plugin",
            Self::Files => "files",
            Self::Caches => "caches",
            Self::Service => "service",
            Self::Hook => "hook",
            Self::HookStage => "hook-stage",
            Self::HookTimeout => "hook-timeout",
            Self::Function => "function",
            Self::Containerd => "containerd",
        }
    }
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As it must be.
    Pass,
    /// It works, and something about it is worth a change.
    Warn,
    /// Signing or verifying cannot work with it.
    Fail,
    /// It could not be looked at, or only doing it would show.
    Unknown,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Warn, Self::Fail, Self::Unknown];

    /// The code; it does not change once published.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// The smallest statement of an IAM policy that would allow what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyStatement {
    /// Actions, for example `signer:SignPayload`.
    pub actions: Vec<&'static str>,
    /// The ARN, or `*` for actions that know no resource.
    pub resource: String,
}

impl PolicyStatement {
    /// One that allows these actions on this resource.
    pub fn new(actions: &[&'static str], resource: impl Into<String>) -> Self {
        Self {
            actions: actions.to_vec(),
            resource: resource.into(),
        }
    }
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Which one, where there are several: an ARN, a host, a path, an action.
    pub subject: Option<String>,
    /// How it is.
    pub status: Status,
    /// What is there, in one clause.
    pub found: String,
    /// What should be there, where that is something else.
    pub wanted: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// What an IAM policy would have to allow.
    pub statement: Option<PolicyStatement>,
}

impl Finding {
    fn new(check: Check, status: Status, found: impl Into<String>) -> Self {
        Self {
            check,
            subject: None,
            status,
            found: found.into(),
            wanted: None,
            hint: None,
            statement: None,
        }
    }

    /// All is well: what is there.
    pub fn pass(check: Check, found: impl Into<String>) -> Self {
        Self::new(check, Status::Pass, found)
    }

    /// It works, but another thing is wanted.
    pub fn warn(check: Check, found: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self::new(check, Status::Warn, found).wanting(wanted)
    }

    /// It cannot work.
    pub fn fail(check: Check, found: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self::new(check, Status::Fail, found).wanting(wanted)
    }

    /// It is not known.
    pub fn unknown(check: Check, found: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self::new(check, Status::Unknown, found).wanting(wanted)
    }

    /// What came of a call to AWS that failed: what AWS or this machine answered for certain is a failure, what kept
    /// AWS from answering is not known.
    pub(super) fn of_call(check: Check, error: &CallError, wanted: &str) -> Self {
        let status = match error.kind() {
            CallErrorKind::NoCredentials
            | CallErrorKind::BadCredentials
            | CallErrorKind::NotFound
            | CallErrorKind::Denied
            | CallErrorKind::NotSent
            | CallErrorKind::NotAws
            | CallErrorKind::Malformed => Status::Fail,
            CallErrorKind::Invalid
            | CallErrorKind::Throttled
            | CallErrorKind::TimedOut
            | CallErrorKind::Unreachable
            | CallErrorKind::ServiceFailure => Status::Unknown,
        };
        Self::new(check, status, error.to_string())
            .wanting(wanted)
            .advising(error.hint())
    }

    /// What an error says, with its causes.
    pub(super) fn of_error(
        check: Check,
        status: Status,
        error: &(dyn std::error::Error + 'static),
        wanted: &str,
    ) -> Self {
        Self::new(check, status, causes::in_one_line(error)).wanting(wanted)
    }

    fn wanting(self, wanted: impl Into<String>) -> Self {
        Self {
            wanted: Some(wanted.into()),
            ..self
        }
    }

    /// The same about this one of several.
    #[must_use]
    pub fn about(self, subject: impl Into<String>) -> Self {
        Self {
            subject: Some(subject.into()),
            ..self
        }
    }

    /// The same with what to do.
    #[must_use]
    pub fn advising(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// The same with what an IAM policy would have to allow.
    #[must_use]
    pub(super) fn needing(self, statement: PolicyStatement) -> Self {
        Self {
            statement: Some(statement),
            ..self
        }
    }

    /// The same with another status.
    pub(super) fn with_status(self, status: Status) -> Self {
        Self { status, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_different_ones() {
        let mut codes: Vec<_> = Check::ALL.iter().map(|check| check.code()).collect();
        codes.extend(Status::ALL.iter().map(|status| status.code()));
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }

    #[test]
    fn what_kept_aws_from_answering_is_not_a_failure() {
        use CallErrorKind as K;
        for (kind, status) in [
            (K::Denied, Status::Fail),
            (K::NoCredentials, Status::Fail),
            (K::BadCredentials, Status::Fail),
            (K::NotFound, Status::Fail),
            (K::NotAws, Status::Fail),
            (K::Malformed, Status::Fail),
            (K::NotSent, Status::Fail),
            (K::Invalid, Status::Unknown),
            (K::Throttled, Status::Unknown),
            (K::TimedOut, Status::Unknown),
            (K::Unreachable, Status::Unknown),
            (K::ServiceFailure, Status::Unknown),
        ] {
            let error = CallError::of_kind(kind, None);
            let finding = Finding::of_call(Check::Credentials, &error, "an answer");
            assert_eq!(finding.status, status, "{kind:?}");
            assert_eq!(finding.wanted.as_deref(), Some("an answer"));
        }
    }
}
