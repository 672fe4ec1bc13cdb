//! What was found and done at AWS Signer and AWS Lambda: the document of `profile`, `signature` and `lambda config`, version 1
//! (`schemas/management.v1.schema.json`).

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::exit::Exit;
use super::lambda_configuration::ConfigurationRecord;
use super::reason::Reason;
use crate::hints::Reader;
use crate::limits::MAX_TOLD_VALUES;
use crate::registry::Coverage;
use crate::signing_profiles::{Job, Permission, Profile};
use crate::verify::CountedSignature;
use crate::verify::Uncounted;

/// The answer of one command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ManagementV1 {
    /// The command, for example `profile revoke`.
    pub action: &'static str,
    /// Code signing configurations of AWS Lambda.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configurations: Option<Vec<ConfigurationRecord>>,
    /// What follows from the change, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<String>,
    /// The signatures that were counted, where repositories were named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<SignatureCount>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// The function that the command is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The signing jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<Vec<JobRecord>>,
    /// What other accounts may do with the profile; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<PermissionRecord>>,
    /// The signing profiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Vec<ProfileRecord>>,
    /// How it ended, in one word.
    pub state: ManagementState,
    /// The version of the document.
    pub version: &'static str,
    /// What is worth knowing, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl ManagementV1 {
    /// A document about `action` with nothing in it yet.
    pub const fn new(action: &'static str, state: ManagementState) -> Self {
        Self {
            action,
            configurations: None,
            consequences: Vec::new(),
            count: None,
            error: None,
            exit_code: Exit::Done,
            function: None,
            jobs: None,
            permissions: None,
            profiles: None,
            state,
            version: super::results::VERSION,
            warnings: Vec::new(),
        }
    }

    /// The document of a command that failed.
    pub fn failed(action: &'static str, exit_code: Exit, error: Reason) -> Self {
        Self {
            error: Some(error),
            exit_code,
            ..Self::new(action, ManagementState::Failed)
        }
    }

    /// The same with these consequences.
    #[must_use]
    pub fn with_consequences(self, consequences: &[String]) -> Self {
        Self {
            consequences: consequences.to_vec(),
            ..self
        }
    }

    /// The document as text, without what a terminal would obey.
    pub fn text(&self) -> String {
        let mut text = super::results::pretty(self);
        text.push('\n');
        text
    }
}

/// How a command ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ManagementState {
    /// It was looked at.
    Shown,
    /// It was changed.
    Done,
    /// It was as it was asked for.
    Unchanged,
    /// It would be changed: a dry run.
    Planned,
    /// The user said no.
    Cancelled,
    /// It failed.
    Failed,
}

/// A signing profile.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProfileRecord {
    /// Its ARN, without a version.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub owner: String,
    /// The signing platform.
    pub platform: String,
    /// Its region.
    pub region: String,
    /// Who revoked it, when, and from when on that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<RevocationRecord>,
    /// AWS's word for where it is in its life.
    pub status: String,
    /// What AWS says about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// How long its signatures are valid, for example `135 months`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<String>,
    /// Its version.
    pub version: String,
    /// Its ARN with its version.
    pub version_arn: String,
}

impl ProfileRecord {
    /// The record of `profile`.
    pub fn new(profile: &Profile) -> Self {
        let arn = profile.profile();
        let revocation = profile
            .revocation
            .as_ref()
            .map(|revocation| RevocationRecord {
                at: revocation.at.and_then(time),
                by: revocation.by.clone(),
                effective_from: revocation.effective_from.and_then(time),
                reason: None,
            });
        Self {
            arn: arn.to_string(),
            name: arn.name().to_owned(),
            owner: arn.location().account().to_owned(),
            platform: profile.platform.clone(),
            region: arn.location().region().to_owned(),
            revocation,
            status: profile.status.as_str().to_owned(),
            status_reason: profile.status_reason.clone(),
            validity: profile.validity.map(|validity| validity.to_string()),
            version: profile.arn.version().to_owned(),
            version_arn: profile.arn.to_string(),
        }
    }
}

/// Who revoked something.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RevocationRecord {
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The IAM identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// From when on signatures are not trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<String>,
    /// Why, in that identity's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What another account may do with a profile.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PermissionRecord {
    /// The IAM action.
    pub action: String,
    /// The ID.
    pub id: String,
    /// The account or role.
    pub principal: String,
    /// The version of the profile that it is for, where it is for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl PermissionRecord {
    /// The record of `permission`.
    pub fn new(permission: &Permission) -> Self {
        Self {
            action: permission.action.clone(),
            id: permission.statement_id.clone(),
            principal: permission.principal.clone(),
            version: permission.version.clone(),
        }
    }
}

/// A signing job: who signed, when, with which profile.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobRecord {
    /// Its ARN.
    pub arn: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When its signature expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Its ID.
    pub id: String,
    /// The account that asked for the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoker: Option<String>,
    /// The account that owns the profile, and so the job.
    pub owner: String,
    /// The signing platform.
    pub platform: String,
    /// The profile version that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The IAM identity that asked for the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// Who revoked its signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<RevocationRecord>,
    /// Whether its signature is revoked.
    pub revoked: bool,
    /// AWS's word for how it ended.
    pub status: String,
}

impl JobRecord {
    /// The record of `job`.
    pub fn new(job: &Job) -> Self {
        let revocation = job.revocation.as_ref().map(|revocation| RevocationRecord {
            at: revocation.at.and_then(time),
            by: revocation.by.clone(),
            effective_from: None,
            reason: revocation.reason.clone(),
        });
        Self {
            arn: job.arn.to_string(),
            created_at: job.created_at.and_then(time),
            expires_at: job.expires_at.and_then(time),
            id: job.arn.id().to_owned(),
            invoker: job.invoker.clone(),
            owner: job.owner.clone(),
            platform: job.platform.clone(),
            profile: job.profile.as_ref().map(ToString::to_string),
            requested_by: job.requested_by.clone(),
            revocation,
            revoked: job.is_revoked,
            status: job.status.clone(),
        }
    }
}

/// The signatures that a command is about, in the repositories that were named.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignatureCount {
    /// Whether everything that was named was looked at.
    pub complete: bool,
    /// How many images have such a signature.
    pub images: usize,
    /// The signatures, the first of them where there are many.
    pub named: Vec<SignatureRecord>,
    /// What was looked at.
    pub repositories: Vec<RepositoryCount>,
    /// How many signatures there are.
    pub signatures: usize,
}

/// The signatures in one repository.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RepositoryCount {
    /// Images that are archived, and were not looked at.
    pub archived: usize,
    /// Whether everything that `coverage` says was looked at.
    pub complete: bool,
    /// What the registry lists: `all-images`, or `tags` alone; absent where it listed nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<&'static str>,
    /// How many images have such a signature.
    pub images: usize,
    /// How many images were looked at.
    pub looked_at: usize,
    /// Signatures that were found and do not count, by why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_counted: Vec<NotCounted>,
    /// What could not be looked at, in sentences; the first ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The repository.
    pub repository: String,
    /// How many signatures there are.
    pub signatures: usize,
}

impl RepositoryCount {
    /// A count of `repository` in which nothing was found yet.
    pub const fn new(repository: String) -> Self {
        Self {
            archived: 0,
            complete: true,
            coverage: None,
            images: 0,
            looked_at: 0,
            not_counted: Vec::new(),
            problems: Vec::new(),
            repository,
            signatures: 0,
        }
    }

    /// Notes what the registry lists.
    pub const fn covers(&mut self, coverage: Coverage) {
        self.coverage = Some(match coverage {
            Coverage::AllImages => "all-images",
            Coverage::Tags => "tags",
        });
    }
}

/// Signatures that were found and do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NotCounted {
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Why they do not count.
    pub reason: String,
    /// How many.
    pub signatures: usize,
}

impl RepositoryCount {
    /// Notes a signature that does not count; of many reasons the first ones are told apart. Of its hint, what fits
    /// the reader.
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "only the command line counts")
    )]
    pub(crate) fn add_uncounted(&mut self, uncounted: &Uncounted, reader: &Reader) {
        let Uncounted { reason, hint } = uncounted;
        let is_full = self.not_counted.len() >= MAX_TOLD_VALUES;
        let mut known = self.not_counted.iter();
        let same = known.position(|known| known.reason == *reason);
        let same = same.or(is_full.then(|| self.not_counted.len() - 1));
        match same.and_then(|at| self.not_counted.get_mut(at)) {
            Some(known) => known.signatures += 1,
            None => self.not_counted.push(NotCounted {
                hint: hint.as_deref().and_then(|hint| reader.fitting(hint)),
                reason: reason.clone(),
                signatures: 1,
            }),
        }
    }
}

/// A signature that was counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignatureRecord {
    /// The image that it signs, by digest.
    pub artifact: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Whether it has expired, and is rejected for that.
    pub expired: bool,
    /// The ARN of its job.
    pub job: String,
    /// The digest of its manifest.
    pub manifest: String,
    /// The profile version that made it.
    pub profile: String,
}

impl SignatureRecord {
    /// The record of a signature of `artifact`.
    pub fn new(artifact: String, signature: &CountedSignature) -> Self {
        let claims = &signature.claims;
        Self {
            artifact,
            created_at: time(claims.signing_time()),
            expired: signature.is_expired,
            job: claims.job().to_string(),
            manifest: signature.manifest.to_string(),
            profile: claims.signer().to_string(),
        }
    }
}

fn time(time: OffsetDateTime) -> Option<String> {
    time.format(&Rfc3339).ok()
}
