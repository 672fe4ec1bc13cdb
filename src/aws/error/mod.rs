//! Why a call to AWS has no answer: what was asked for, what AWS said, and what to do.

mod reading;

use std::fmt;

/// What to do where an answer is not as AWS answers.
pub(crate) const NOT_AS_AWS: &str = "look at what answers in the place of AWS: a proxy, a gateway, or the \
                                     endpoint that is set (`AWS_ENDPOINT_URL`)";

/// A call: which action, on what, where. The words of IAM policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The IAM action, for example `signer:SignPayload`.
    pub action: &'static str,
    /// The ARN of what the action is on.
    pub resource: String,
    /// The region that was asked.
    pub region: String,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallErrorKind {
    /// The caller may not do this.
    Denied,
    /// AWS wants fewer requests.
    Throttled,
    /// AWS says that the request is wrong.
    Invalid,
    /// What was asked about does not exist, or not for this caller.
    NotFound,
    /// There are no credentials, or they could not be read.
    NoCredentials,
    /// AWS does not accept the credentials: expired, unknown, of another partition.
    BadCredentials,
    /// No answer in time.
    TimedOut,
    /// No connection, or one that broke off.
    Unreachable,
    /// AWS failed.
    ServiceFailure,
    /// An answer that is not one.
    Malformed,
    /// Something else than AWS answered: a proxy, a gateway, a wrong endpoint.
    NotAws,
    /// The request could not even be made: no endpoint, for example.
    NotSent,
}

impl CallErrorKind {
    /// Whether the same call may well succeed later.
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Throttled | Self::TimedOut | Self::Unreachable | Self::ServiceFailure => true,
            Self::Denied
            | Self::Invalid
            | Self::NotFound
            | Self::NoCredentials
            | Self::BadCredentials
            | Self::Malformed
            | Self::NotAws
            | Self::NotSent => false,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Denied => "AWS denied",
            Self::Throttled => "AWS throttled",
            Self::Invalid => "AWS refused as invalid",
            Self::NotFound => "AWS found no such resource for",
            Self::NoCredentials => "no AWS credentials for",
            Self::BadCredentials => "AWS does not accept the credentials for",
            Self::TimedOut => "AWS did not answer in time to",
            Self::Unreachable => "AWS could not be reached for",
            Self::ServiceFailure => "AWS failed during",
            Self::Malformed => "AWS gave no usable answer to",
            Self::NotAws => "AWS was not reached for",
            Self::NotSent => "no request could be sent to AWS for",
        }
    }
}

/// A call to AWS that failed. Its text has all that AWS said, and nothing that was secret in the
/// request.
#[derive(Debug, Clone)]
pub struct CallError {
    call: Box<Call>,
    kind: CallErrorKind,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    /// What the way there advises, where that is what failed.
    cause_hint: Option<String>,
    /// The region of the resource, where the one that was set and asked is another.
    other_region: Option<String>,
    /// How often it was asked.
    attempts: u32,
    /// Whether AWS may have done what was asked, and only the answer is missing.
    may_be_done: bool,
}

impl std::error::Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            action,
            resource,
            region,
        } = self.call.as_ref();
        write!(
            f,
            "{} `{action}` on `{resource}` in region `{region}`",
            self.kind.words()
        )?;
        if let Some(other) = &self.other_region {
            write!(
                f,
                " (which is set explicitly, although the ARN says `{other}`)"
            )?;
        }
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, ": {code}: {message}")?,
            (Some(code), None) => write!(f, ": {code}, without a message")?,
            (None, Some(message)) => write!(f, ": {message}")?,
            (None, None) => {}
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request `{id}`)")?;
        }
        match self.attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, ", after {attempts} attempts"),
        }
    }
}

impl CallError {
    /// The call that failed.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> CallErrorKind {
        self.kind
    }

    /// Whether AWS may have done what was asked, and only the answer is missing: what is not to be done
    /// twice is then not asked for again.
    pub fn may_be_done(&self) -> bool {
        self.may_be_done
    }

    /// AWS's error code, for example `AccessDeniedException`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// AWS's message, or what came in its place.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// AWS's name for the request; their support asks for it.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The caller, where AWS's message names it.
    pub fn principal(&self) -> Option<&str> {
        let (_, rest) = self.message.as_deref()?.split_once("User: ")?;
        let principal = rest.split_whitespace().next()?;
        principal.starts_with("arn:").then_some(principal)
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        if let Some(hint) = &self.cause_hint {
            return Some(hint.clone());
        }
        let Call {
            action, resource, ..
        } = self.call.as_ref();
        Some(match self.kind {
            CallErrorKind::Denied => {
                let caller = self
                    .principal()
                    .map_or_else(|| "the caller".to_owned(), |arn| format!("`{arn}`"));
                let of_profile = self.permission_of_profile().unwrap_or_default();
                format!(
                    "allow {caller} the action `{action}` on `{resource}` in an IAM policy{of_profile}, and look for a policy that denies it"
                )
            }
            CallErrorKind::Throttled => {
                "the account's quota for this action is used up; try again later, or ask AWS for more"
                    .to_owned()
            }
            CallErrorKind::NoCredentials => "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, \
                 or `AWS_PROFILE` (with `aws sso login` where that profile needs it), or run where a role is attached"
                .to_owned(),
            CallErrorKind::BadCredentials => match self.code.as_deref() {
                Some("ExpiredTokenException" | "ExpiredToken" | "RequestExpired") => {
                    "the session has ended: get new credentials, for example by `aws sso login`"
                        .to_owned()
                }
                Some("SignatureDoesNotMatch" | "InvalidSignatureException") => {
                    "check `AWS_SECRET_ACCESS_KEY`, and this machine's clock".to_owned()
                }
                _ => "check that the credentials are of the same partition, and have not been deleted; \
                      temporary ones need `AWS_SESSION_TOKEN` too"
                    .to_owned(),
            },
            CallErrorKind::NotFound => {
                format!("check the name, the account and the region in `{resource}`")
            }
            CallErrorKind::TimedOut | CallErrorKind::Unreachable => {
                let endpoint = match action.split_once(':') {
                    Some(("signer", "GetRevocationStatus")) => "`data-signer`",
                    Some(("signer", _)) => "`signer`",
                    Some(("ecr", _)) => "`ecr.api`",
                    Some(("kms", _)) => "`kms`",
                    _ => "the service",
                };
                format!(
                    "check the region, the proxy and, in a VPC without a way out, that there is an endpoint for {endpoint}"
                )
            }
            CallErrorKind::ServiceFailure => "try again later".to_owned(),
            CallErrorKind::Malformed | CallErrorKind::NotAws => NOT_AS_AWS.to_owned(),
            CallErrorKind::Invalid | CallErrorKind::NotSent => return None,
        })
    }

    /// What else a denial may need: the owner of a signing profile lets other accounts use it.
    fn permission_of_profile(&self) -> Option<String> {
        let Call {
            action, resource, ..
        } = self.call.as_ref();
        if !matches!(
            *action,
            "signer:SignPayload" | "signer:StartSigningJob" | "signer:GetSigningProfile"
        ) {
            return None;
        }
        let owner = account_of(resource)?;
        let name = resource.split('/').nth(2).unwrap_or("NAME");
        let allow = |account: &str| {
            format!(
                "`aws signer add-profile-permission --profile-name {name} --action {action} \
                 --principal {account} --statement-id ID`"
            )
        };
        match self.principal().and_then(account_of) {
            Some(account) if account == owner => None,
            Some(account) => Some(format!(
                ", have account `{owner}`, which owns the profile, permit it too ({})",
                allow(account)
            )),
            None => Some(format!(
                ", if the caller is of another account than `{owner}` have that account permit it too ({})",
                allow("ACCOUNT")
            )),
        }
    }

    fn new(call: Call, kind: CallErrorKind, message: Option<String>) -> Self {
        Self {
            call: Box::new(call),
            kind,
            code: None,
            message,
            request_id: None,
            cause_hint: None,
            other_region: None,
            attempts: 1,
            may_be_done: false,
        }
    }

    /// No answer, within all the time that there is for the call.
    pub(crate) fn timed_out(call: Call, limit: std::time::Duration) -> Self {
        let message = format!("not within {} seconds", limit.as_secs());
        Self::new(call, CallErrorKind::TimedOut, Some(message))
    }

    /// The request could not be made, because of `problem`.
    pub(crate) fn not_sent(call: Call, problem: String, hint: Option<String>) -> Self {
        Self {
            cause_hint: hint,
            ..Self::new(call, CallErrorKind::NotSent, Some(problem))
        }
    }

    /// The same, given up after so many attempts.
    #[must_use]
    pub(crate) fn after(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The same of another call, which was not made because of it.
    #[must_use]
    pub(crate) fn also_for(&self, call: Call) -> Self {
        let why = self.message.as_deref().unwrap_or("no answer");
        Self {
            call: Box::new(call),
            message: Some(format!(
                "not asked, because another question had no answer: {why}"
            )),
            request_id: None,
            attempts: 1,
            ..self.clone()
        }
    }

    /// The same of a call in another region than the resource's, where one was.
    #[must_use]
    pub(crate) fn in_spite_of(self, other_region: Option<&str>) -> Self {
        Self {
            other_region: other_region.map(str::to_owned),
            ..self
        }
    }

    /// AWS answered, and what was asked about is not among it, for this `reason`.
    pub(crate) fn not_found(call: Call, reason: &str) -> Self {
        let code = Some(reason.to_owned());
        Self {
            code,
            ..Self::new(call, CallErrorKind::NotFound, None)
        }
    }

    /// An answer that came, but is not what the API promises.
    pub(crate) fn malformed(
        call: Call,
        problem: impl Into<String>,
        request_id: Option<&str>,
    ) -> Self {
        Self {
            request_id: request_id.map(str::to_owned),
            ..Self::new(call, CallErrorKind::Malformed, Some(problem.into()))
        }
    }
}

/// The account in an ARN.
fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn error(kind: CallErrorKind, code: &str, message: &str) -> CallError {
        CallError {
            call: Box::new(Call {
                action: "signer:SignPayload",
                resource: "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images"
                    .to_owned(),
                region: "us-west-2".to_owned(),
            }),
            kind,
            code: Some(code.to_owned()),
            message: Some(message.to_owned()),
            request_id: Some("r-1".to_owned()),
            cause_hint: None,
            other_region: None,
            attempts: 1,
            may_be_done: false,
        }
    }

    impl CallError {
        pub(crate) fn of_kind(kind: CallErrorKind, code: Option<&str>) -> Self {
            Self {
                code: code.map(str::to_owned),
                ..error(kind, "", "")
            }
        }
    }

    #[test]
    fn a_denial_names_who_what_and_where() {
        let error = error(
            CallErrorKind::Denied,
            "AccessDeniedException",
            "User: arn:aws:sts::111122223333:assumed-role/ci/x is not authorized to perform: signer:SignPayload",
        );
        assert_eq!(
            error.to_string(),
            "AWS denied `signer:SignPayload` on `arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images` \
             in region `us-west-2`: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/ci/x \
             is not authorized to perform: signer:SignPayload (request `r-1`)"
        );
        assert_eq!(
            error.principal(),
            Some("arn:aws:sts::111122223333:assumed-role/ci/x")
        );
        assert_eq!(
            error.hint().unwrap(),
            "allow `arn:aws:sts::111122223333:assumed-role/ci/x` the action `signer:SignPayload` on \
             `arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images` in an IAM policy, \
             and look for a policy that denies it"
        );
    }

    #[test]
    fn a_denial_across_accounts_names_the_permission_of_the_profile() {
        let denied = |message| error(CallErrorKind::Denied, "AccessDeniedException", message);
        let across = denied("User: arn:aws:iam::444455556666:user/ci is not authorized");
        assert_eq!(
            across.hint().unwrap(),
            "allow `arn:aws:iam::444455556666:user/ci` the action `signer:SignPayload` on \
             `arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images` in an IAM policy, have \
             account `111122223333`, which owns the profile, permit it too (`aws signer \
             add-profile-permission --profile-name Images --action signer:SignPayload --principal \
             444455556666 --statement-id ID`), and look for a policy that denies it"
        );
        let unknown = denied("not today").hint().unwrap();
        assert!(
            unknown.contains("if the caller is of another account than `111122223333`"),
            "{unknown}"
        );
        let mut other = denied("User: arn:aws:iam::444455556666:user/ci is not authorized");
        other.call.action = "signer:GetRevocationStatus";
        assert!(!other.hint().unwrap().contains("add-profile-permission"));
    }

    #[test]
    fn what_was_given_up_says_after_how_many_attempts() {
        let throttled = error(CallErrorKind::Throttled, "TooManyRequestsException", "No");
        assert!(
            throttled
                .clone()
                .after(1)
                .to_string()
                .ends_with("(request `r-1`)")
        );
        let text = throttled.after(6).to_string();
        assert!(
            text.ends_with("(request `r-1`), after 6 attempts"),
            "{text}"
        );
    }
}
