//! Why a package was not signed.

use std::fmt;
use std::path::PathBuf;

use time::OffsetDateTime;

use super::at_hand::AtHand;
use crate::allowance::Exhausted;
use crate::archive::package::PackageError;
use crate::aws::{CallError, CallErrorKind, StoredNameError};
use crate::code_signing::checks::Failure;
use crate::code_signing::comparison::Difference;
use crate::code_signing::configuration;
use crate::code_signing::fetch;
use crate::code_signing::{PLATFORM_ID, SIGNATURE_DIRECTORY, SIGNATURE_NAME};
use crate::files;
use crate::limits::{MAX_NAME_CHARS, MAX_TOLD_VALUES};
use crate::notary::rfc3339;
use crate::signing_profiles::{self, Class, hint_of_call};

/// What becomes of a job whose package is not accepted.
const NOT_TAKEN: &str = "nothing was written, and the job is not taken: the same command begins another one; look at who \
                         else can write to the bucket, and at what answers in the place of AWS";

/// Why a bucket does not keep versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unversioned {
    /// It never did.
    Off,
    /// It did, and does no more.
    Suspended,
}

impl fmt::Display for Unversioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Suspended => "suspended",
        })
    }
}

/// Why a package was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened.
    #[error("`{}` cannot be read", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: files::Error,
    },
    /// It is not a package that every reader reads in the same way, or too large.
    #[error("`{package}` is not a zip file that can be signed")]
    Package {
        /// The package.
        package: String,
        /// Why.
        #[source]
        source: PackageError,
    },
    /// There is nothing in it.
    #[error("`{0}` does not have an entry, wanted a file at least")]
    Empty(String),
    /// There is a signature in it.
    #[error("`{package}` is signed already{}", by(profile.as_deref(), *expires_at))]
    AlreadySigned {
        /// The package.
        package: String,
        /// The profile version that signed it, if the signature is one of AWS Signer's.
        profile: Option<String>,
        /// Until when.
        expires_at: Option<OffsetDateTime>,
    },
    /// A package in S3 could not be fetched.
    #[error("the package `{package}` could not be fetched")]
    Fetch {
        /// The package.
        package: String,
        /// Why.
        #[source]
        source: fetch::Error,
    },
    /// An object without versions, which can be replaced before it is signed.
    #[error("`{0}` does not have a version, so it can be replaced before AWS Signer reads it")]
    NoVersion(String),
    /// AWS Signer was not asked, or refused.
    #[error(transparent)]
    Signer(#[from] signing_profiles::Error),
    /// A profile for something else.
    #[error("signing profile `{profile}` is of the platform `{platform}`, wanted `{PLATFORM_ID}`")]
    OtherPlatform {
        /// The profile.
        profile: String,
        /// Its platform.
        platform: String,
    },
    /// A profile that signs no more.
    #[error("signing profile `{profile}` has the status `{status}`, wanted `Active`")]
    NotActive {
        /// The profile.
        profile: String,
        /// Its status.
        status: String,
    },
    /// Another version of the profile than the one that was named.
    #[error(
        "the current version of the signing profile is `{profile}/{found}`, wanted `{profile}/{wanted}`"
    )]
    OtherVersion {
        /// The profile.
        profile: String,
        /// Its version.
        found: String,
        /// The one that was named.
        wanted: String,
    },
    /// Not the name of a bucket.
    #[error(transparent)]
    Name(#[from] StoredNameError),
    /// There is no such bucket.
    #[error("bucket `{bucket}` was not found")]
    NoBucket {
        /// The bucket.
        bucket: String,
        /// The region in which it was looked for.
        region: String,
        /// What S3 said.
        #[source]
        source: Box<CallError>,
    },
    /// A bucket that AWS Signer cannot use.
    #[error(
        "bucket `{bucket}` is in region `{found}`, wanted `{wanted}`, that of the signing profile"
    )]
    BucketRegion {
        /// The bucket.
        bucket: String,
        /// Its region.
        found: String,
        /// The profile's region.
        wanted: String,
    },
    /// A bucket in which the package can be replaced before it is signed.
    #[error("versioning of bucket `{bucket}` is {versioning}, wanted enabled")]
    Unversioned {
        /// The bucket.
        bucket: String,
        /// What it is.
        versioning: Unversioned,
    },
    /// S3 was not asked, or refused.
    #[error(transparent)]
    Call(CallError),
    /// The job ended without a signature.
    #[error("signing job `{job}` failed: {reason}")]
    JobFailed {
        /// The job.
        job: String,
        /// AWS's reason.
        reason: String,
    },
    /// The job that was picked up signs something else.
    #[error("signing job `{job}` has the {what} `{found}`, wanted `{wanted}`")]
    OtherJob {
        /// The job.
        job: String,
        /// What differs.
        what: &'static str,
        /// What it has.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// What the job made cannot be read.
    #[error("the package that signing job `{job}` made cannot be read")]
    Received {
        /// The job.
        job: String,
        /// Why.
        #[source]
        source: PackageError,
    },
    /// What the job made has other entries.
    #[error(
        "the package that signing job `{job}` made differs from the one that was uploaded: {}",
        told(differences)
    )]
    Differs {
        /// The job.
        job: String,
        /// How.
        differences: Vec<Difference>,
    },
    /// What the job made is not signed as was asked.
    #[error("the package that signing job `{job}` made is not accepted")]
    NotAccepted {
        /// The job.
        job: String,
        /// Why.
        #[source]
        source: Failure,
    },
    /// The file cannot be written.
    #[error("the signed package cannot be written")]
    Write(#[source] files::Error),
    /// What was begun cannot be kept.
    #[error("the file that says which signing job was begun cannot be written")]
    NotKept(#[source] files::Error),
    /// An interrupt came before the signed package was written.
    #[error("interrupted before `{package}` was signed; nothing was written")]
    Interrupted {
        /// The package.
        package: String,
    },
    /// The time is over.
    #[error("`{package}` was not signed in time")]
    OutOfTime {
        /// The package.
        package: String,
        /// What is over.
        #[source]
        source: Exhausted,
    },
}

fn by(profile: Option<&str>, expires_at: Option<OffsetDateTime>) -> String {
    match (profile, expires_at) {
        (Some(profile), Some(time)) => {
            format!(
                " by `{profile}` until `{}`, wanted an unsigned one",
                rfc3339(time)
            )
        }
        _ => ", and the signature is not one of AWS Signer's".to_owned(),
    }
}

fn told(differences: &[Difference]) -> String {
    let word = |difference: &Difference| {
        let what = match difference {
            Difference::Added(_) => "is added",
            Difference::Missing(_) => "is missing",
            Difference::Content(_) => "has another content",
            Difference::Kind(_) => "is another kind of file",
            Difference::SetId(_) => "has a set-user-ID or set-group-ID bit more",
            Difference::Mode(_) => "has another mode",
            Difference::Order(_) => "is in another place",
        };
        let name: String = difference.name().chars().take(MAX_NAME_CHARS).collect();
        format!("entry `{}` {what}", name.escape_debug())
    };
    let told: Vec<String> = differences.iter().take(MAX_TOLD_VALUES).map(word).collect();
    let more = match differences.len().saturating_sub(told.len()) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    told.join(", ") + &more
}

impl Error {
    /// What it means for the one who asked.
    pub fn class(&self) -> Class {
        match self {
            Self::Open { .. } | Self::Name(_) => Class::Usage,
            Self::Signer(source) => source.class(),
            Self::Fetch { source, .. } => match source {
                fetch::Error::Call(source) => source.class(),
                fetch::Error::Temporary(_) => Class::Inconclusive,
                _ => Class::Refused,
            },
            Self::Package {
                source: PackageError::Read(_),
                ..
            }
            | Self::Received {
                source: PackageError::Read(_),
                ..
            }
            | Self::Call(_)
            | Self::Write(_)
            | Self::NotKept(_)
            | Self::Interrupted { .. }
            | Self::OutOfTime { .. } => Class::Inconclusive,
            _ => Class::Refused,
        }
    }

    /// Whether another job may do what this one did not: AWS Signer does not know it, it is not the one that was asked for, or
    /// what it made is gone or not accepted.
    pub(super) fn is_of_job(&self) -> bool {
        use configuration::Error::Call;
        match self {
            Self::Signer(signing_profiles::Error::NoJob { .. })
            | Self::OtherJob { .. }
            | Self::Differs { .. } => true,
            Self::Fetch {
                source: fetch::Error::Call(Call(source)),
                ..
            } => source.kind() == CallErrorKind::NotFound,
            // Not the job's fault: a file of this machine, or its clock.
            Self::Received { source, .. } => !matches!(source, PackageError::Read(_)),
            Self::NotAccepted { source, .. } => !matches!(source, Failure::FromTheFuture { .. }),
            _ => false,
        }
    }

    /// A name for programs to branch on; it does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "file-not-read",
            Self::Package { source, .. } => source.code(),
            Self::Empty(_) => "empty",
            Self::AlreadySigned { .. } => "already-signed",
            Self::Fetch { source, .. } => source.code(),
            Self::NoVersion(_) => "no-version",
            Self::Signer(source) => source.code(),
            Self::OtherPlatform { .. } => "other-platform",
            Self::NotActive { .. } => "not-active",
            Self::OtherVersion { .. } => "other-version",
            Self::Name(_) => "not-a-bucket",
            Self::NoBucket { .. } => "bucket-not-found",
            Self::BucketRegion { .. } => "bucket-in-other-region",
            Self::Unversioned { .. } => "bucket-not-versioned",
            Self::Call(_) => "aws-refused",
            Self::JobFailed { .. } => "signing-job-failed",
            Self::OtherJob { .. } => "other-signing-job",
            Self::Received { .. } => "signed-package-malformed",
            Self::Differs { .. } => "signed-package-differs",
            Self::NotAccepted { .. } => "signature-not-accepted",
            Self::Write(_) => "not-written",
            Self::NotKept(_) => "not-kept",
            Self::Interrupted { .. } => "interrupted",
            Self::OutOfTime { source, .. } => source.code(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Open { source, .. } | Self::Write(source) | Self::NotKept(source) => {
                return source.hint();
            }
            Self::Package { package, source } => return hint_of_package(package, source),
            Self::Fetch { source, .. } => return source.hint(),
            Self::Signer(source) => return source.hint(),
            Self::Call(source) => return hint_of_call(source, None),
            Self::NotAccepted { source, .. } => match source {
                Failure::FromTheFuture { .. } => return source.hint(),
                // Of another root, or not one of AWS Signer's.
                Failure::Signature(source) => match source.hint() {
                    Some(hint) => format!("{hint}; {NOT_TAKEN}"),
                    None => NOT_TAKEN.to_owned(),
                },
                _ => NOT_TAKEN.to_owned(),
            },
            Self::Interrupted { .. } => {
                "run the same command again: it goes on with the signing job that was begun".to_owned()
            }
            Self::OutOfTime { source, .. } => format!(
                "{}; the same command goes on with what was begun",
                source.hint()
            ),
            Self::Empty(package) => format!(
                "put what the function needs into it: {} in its directory",
                AtHand::of(package).packing()
            ),
            Self::AlreadySigned { package, .. } => {
                let AtHand { fetching, file, .. } = AtHand::of(package);
                format!(
                    "AWS Signer signs no package twice: deploy it as it is, or remove the signature and sign `{file}`: \
                     {fetching}`zip -d {file} '{SIGNATURE_NAME}' {SIGNATURE_DIRECTORY}`"
                )
            }
            Self::NoVersion(object) => {
                let bucket = object.trim_start_matches("s3://").split('/').next();
                enable(bucket.unwrap_or_default()) + ", and upload the package again"
            }
            Self::OtherPlatform { profile, .. } | Self::NotActive { profile, .. } => format!(
                "create a profile for AWS Lambda: `aws signer put-signing-profile --platform-id {PLATFORM_ID} \
                 --profile-name NAME{}`",
                region_of(profile)
            ),
            Self::OtherVersion { .. } => {
                "omit the version, or name the current one; a profile signs with its current version only".to_owned()
            }
            Self::Name(_) => "a bucket's name has 3 to 63 lower-case letters, digits, `-` and `.`".to_owned(),
            Self::NoBucket { bucket, region, .. } => format!("create it: {}", create(bucket, region)),
            Self::BucketRegion { wanted, .. } => format!(
                "name a bucket of that region with the setting `bucket`; {} creates one",
                create("NAME", wanted)
            ),
            Self::Unversioned { bucket, .. } => enable(bucket),
            Self::JobFailed { .. } => {
                "AWS Signer signs a zip file that has entries, is not signed, and is not malformed; it reads and writes the \
                 bucket with the permissions of the caller: `s3:GetObjectVersion` and `s3:PutObject`"
                    .to_owned()
            }
            Self::OtherJob { .. } => {
                "the job that was begun is not taken; run the same command again, which begins another one".to_owned()
            }
            Self::Received { .. } | Self::Differs { .. } => NOT_TAKEN.to_owned(),
        })
    }
}

fn hint_of_package(package: &str, error: &PackageError) -> Option<String> {
    match error {
        PackageError::TooLarge { .. } => {
            let AtHand { fetching, file, .. } = AtHand::of(package);
            Some(format!(
                "AWS Signer signs zip files of 250 MB at most; leave out what the function does not need, or move it into \
                 layers: {fetching}`unzip -l {file} | sort -n` shows what is large"
            ))
        }
        PackageError::Read(_)
        | PackageError::Changed
        | PackageError::Link { .. }
        | PackageError::Device { .. }
        | PackageError::SetId { .. } => error.hint(),
        error => Some(format!(
            "{}; {} in the directory of the code makes a new one, where no `{}` is",
            error.hint()?,
            AtHand::of(package).packing(),
            AtHand::of(package).file
        )),
    }
}

/// The command that has a bucket keep versions.
fn enable(bucket: &str) -> String {
    format!(
        "enable it: `aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled`; \
         the setting `allow-unversioned` signs what is there when AWS Signer reads it"
    )
}

/// The command that creates a bucket.
fn create(bucket: &str, region: &str) -> String {
    let constraint = if region == "us-east-1" {
        String::new()
    } else {
        format!(" --create-bucket-configuration LocationConstraint={region}")
    };
    format!("`aws s3api create-bucket --bucket {bucket} --region {region}{constraint}`")
}

/// ` --region REGION` of an ARN.
fn region_of(arn: &str) -> String {
    let region = arn.split(':').nth(3);
    region.map_or_else(String::new, |region| format!(" --region {region}"))
}
