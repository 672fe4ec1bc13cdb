//! One package from its upload to the signed file.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use time::OffsetDateTime;
use tokio::time::sleep;

use super::error::Error;
use super::jobs::{JobProgress, JobRequest, Jobs, Upload, token};
use super::look::{Candidate, Settings};
use super::received::{self, ReceivedPackage};
use crate::aws::{Aws, ObjectName, SigningJobArn, SigningProfileVersionArn};
use crate::code_signing::fetch;
use crate::environment::Clock;
use crate::files::Reserved;
use crate::limits::{
    FIRST_SIGNING_JOB_WAIT, MAX_SIGNING_JOB_FAILURES, MAX_SIGNING_JOB_WAIT, OLD_SIGNING_JOB,
};
use crate::notary::rfc3339;
use crate::signing_profiles::{Job, JobId, NewSigningJob, Profile, SigningProfiles};

/// AWS's word for a job that made a signature.
const SUCCEEDED: &str = "Succeeded";

/// AWS's word for the version of an object in a bucket without versions.
const UNVERSIONED: &str = "null";

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The package goes to the bucket.
    Uploading,
    /// AWS Signer signs.
    Signing,
    /// The signed package comes back.
    Fetching,
}

/// A package that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPackage {
    /// The job.
    pub job: SigningJobArn,
    /// The profile version that signed.
    pub profile_version: SigningProfileVersionArn,
    /// Until when the signature is valid.
    pub expires_at: OffsetDateTime,
    /// SHA-256 of the signed package, in hexadecimal digits.
    pub sha256: String,
    /// The same in base64, as AWS Lambda shows it.
    pub code_sha256: String,
    /// The object that was signed, and its version.
    pub source: (ObjectName, String),
    /// The signed object.
    pub object: ObjectName,
    /// Its version that was fetched; `None` in a bucket without versions.
    pub object_version: Option<String>,
    /// Whether an earlier command had begun the job.
    pub is_picked_up: bool,
    /// Entries whose modes are others than before.
    pub modes: Vec<String>,
}

/// What a job made.
struct JobResult {
    object: ObjectName,
    version: Option<String>,
    file: File,
    received: ReceivedPackage,
}

/// Signs packages one by one; several at the same time.
#[derive(Debug)]
pub struct PackageSigner {
    /// Where packages go to and come from.
    pub aws: Aws,
    /// Where jobs are started.
    pub signer: SigningProfiles,
    /// What is asked for.
    pub settings: Settings,
    /// The profile that signs.
    pub profile: Profile,
    /// What was begun before.
    pub jobs: Jobs,
    /// What time it is. The signing of a package takes minutes, so nothing keeps a time that it said.
    pub clock: Clock,
}

impl PackageSigner {
    /// Signs a package and writes the signed one to `out`, in place of a file that is there.
    ///
    /// # Errors
    ///
    /// [`Error`]; nothing was written then.
    pub async fn sign(
        &self,
        candidate: &Candidate,
        out: &Path,
        step: &(dyn Fn(Step) + Sync),
    ) -> Result<SignedPackage, Error> {
        let reserved = reserve(out)?;
        let (sha256, profile) = (candidate.sha256(), self.profile.arn.to_string());
        let object = candidate.object.as_ref();
        let object = object.map(|(name, version)| format!("{name}?versionId={version}"));
        let asked = JobRequest {
            sha256: &sha256,
            profile: &profile,
            bucket: self.settings.bucket.as_str(),
            prefix: &self.settings.prefix,
            object: object.as_deref(),
        };
        let mut begun = self.jobs.find(&asked).unwrap_or_default();
        let earlier = begun.job.clone();
        let upload = self.upload(candidate, &asked, &mut begun, step).await?;
        let (arn, fetched) = loop {
            step(Step::Signing);
            let (arn, job) = self.ended(&asked, &mut begun, &upload).await?;
            step(Step::Fetching);
            match self.fetched(candidate, &arn, &job).await {
                Ok(fetched) => break (arn, fetched),
                Err(error) if is_gone(&error) && self.is_old(&job) => {
                    if !self.begin_another(&asked, &mut begun, &upload)? {
                        return Err(error);
                    }
                }
                Err(error) => {
                    self.forget_job(&asked, &mut begun, &error);
                    return Err(error);
                }
            }
        };
        let JobResult {
            object,
            version,
            file,
            received,
        } = fetched;
        write(reserved, &file, &object)?;
        self.forget(&asked, &begun, &upload);
        Ok(SignedPackage {
            is_picked_up: earlier.is_some_and(|earlier| earlier == arn.to_string()),
            job: arn,
            profile_version: received.signature.profile_version().clone(),
            expires_at: received.signature.expires_at(),
            sha256: received.sha256,
            code_sha256: received.code_sha256,
            source: (upload_name(&upload)?, upload.version),
            object,
            object_version: version,
            modes: received.modes,
        })
    }

    /// What the job made, fetched and accepted.
    async fn fetched(
        &self,
        candidate: &Candidate,
        arn: &SigningJobArn,
        job: &Job,
    ) -> Result<JobResult, Error> {
        let object = self.signed_object(arn, job)?;
        let region = self.signer.region();
        let fetched = fetch::fetch_object(&self.aws, &object, None, region).await;
        let (version, fetched) = fetched.map_err(|source| Error::Fetch {
            package: object.to_string(),
            source,
        })?;
        let received = received::accept(
            &fetched.file,
            candidate,
            &self.settings,
            arn,
            &self.profile.arn,
            self.clock,
        )?;
        Ok(JobResult {
            object,
            version,
            file: fetched.file,
            received,
        })
    }

    /// Where the package is in S3: where it was, where an earlier command uploaded it, or where it is uploaded now.
    async fn upload(
        &self,
        candidate: &Candidate,
        asked: &JobRequest<'_>,
        begun: &mut JobProgress,
        step: &(dyn Fn(Step) + Sync),
    ) -> Result<Upload, Error> {
        if let Some(upload) = &begun.upload {
            return Ok(upload.clone());
        }
        let upload = if let Some((name, version)) = &candidate.object {
            Upload {
                bucket: name.bucket().to_owned(),
                key: name.key().to_owned(),
                version: version.clone(),
            }
        } else {
            step(Step::Uploading);
            let key = format!("{}unsigned/{}.zip", self.settings.prefix, asked.sha256);
            let name = ObjectName::new(self.settings.bucket.as_str(), &key)?;
            let sent = self.aws.upload_object(
                &name,
                self.signer.region(),
                &candidate.file,
                candidate.bytes,
                asked.sha256,
            );
            let version = sent.await.map_err(Error::Call)?;
            if version.is_none() && !self.settings.allow_unversioned {
                return Err(Error::NoVersion(name.to_string()));
            }
            Upload {
                bucket: name.bucket().to_owned(),
                key,
                version: version.unwrap_or_else(|| UNVERSIONED.to_owned()),
            }
        };
        begun.upload = Some(upload.clone());
        begun.token = Some(token(asked, &upload, begun.failed));
        self.jobs.keep(asked, begun)?;
        Ok(upload)
    }

    /// The job, ended with success: the one that was begun, or another one.
    async fn ended(
        &self,
        asked: &JobRequest<'_>,
        begun: &mut JobProgress,
        upload: &Upload,
    ) -> Result<(SigningJobArn, Job), Error> {
        loop {
            let arn = self.start(asked, begun, upload).await?;
            let job = match self.wait(&arn, upload).await {
                Ok(job) => job,
                Err(error) => {
                    // The next command begins another job.
                    self.forget_job(asked, begun, &error);
                    return Err(error);
                }
            };
            let Some(failure) = self.failure(&job) else {
                return Ok((arn, job));
            };
            // Where nothing was begun, a token that was used before is answered with the job of that time.
            let is_past = job.status == SUCCEEDED || self.is_old(&job);
            if !is_past {
                begun.failed = begun.failed.saturating_add(1);
            } else if self.begin_another(asked, begun, upload)? {
                continue;
            }
            // A file is uploaded again: what is there may be what failed.
            (begun.job, begun.upload, begun.token) = (None, None, None);
            self.jobs.keep(asked, begun)?;
            return Err(Error::JobFailed {
                job: arn.to_string(),
                reason: failure,
            });
        }
    }

    /// Why what a job made is not taken, of a job that has ended; nothing of one that succeeded.
    fn failure(&self, job: &Job) -> Option<String> {
        if job.status != SUCCEEDED {
            let reason = job.status_reason.clone();
            return Some(reason.unwrap_or_else(|| {
                format!("AWS Signer gives no reason for the status `{}`", job.status)
            }));
        }
        if job.is_revoked {
            return Some("its signature was revoked".to_owned());
        }
        let expired = job.expires_at.filter(|at| *at <= self.clock.now())?;
        Some(format!("its signature expired at `{}`", rfc3339(expired)))
    }

    /// Whether a job was begun by an earlier command, as far as its time says.
    fn is_old(&self, job: &Job) -> bool {
        let now = self.clock.now();
        job.created_at.is_some_and(|at| at + OLD_SIGNING_JOB < now)
    }

    /// Passes over a job, so that the next one that is started is another; not if too many were passed over.
    fn begin_another(
        &self,
        asked: &JobRequest<'_>,
        begun: &mut JobProgress,
        upload: &Upload,
    ) -> Result<bool, Error> {
        begun.failed = begun.failed.saturating_add(1);
        begun.job = None;
        begun.token = Some(token(asked, upload, begun.failed));
        self.jobs.keep(asked, begun)?;
        Ok(begun.failed < MAX_SIGNING_JOB_FAILURES)
    }

    /// Forgets a job that AWS Signer does not know, that is not the one that was asked for, or that made what is not accepted.
    fn forget_job(&self, asked: &JobRequest<'_>, begun: &mut JobProgress, error: &Error) {
        if error.is_of_job() {
            begun.failed = begun.failed.saturating_add(1);
            (begun.job, begun.upload, begun.token) = (None, None, None);
            // The error says more.
            let _ = self.jobs.keep(asked, begun);
        }
    }

    /// Forgets what has ended; not how many jobs were passed over, where the same object is asked for again with the same token.
    fn forget(&self, asked: &JobRequest<'_>, begun: &JobProgress, upload: &Upload) {
        let is_same = asked.object.is_some() || upload.version == UNVERSIONED;
        if begun.failed == 0 || !is_same {
            self.jobs.forget(asked);
            return;
        }
        let ended = JobProgress {
            failed: begun.failed,
            ..JobProgress::default()
        };
        // The signed package is written; without this, the next command passes over the same jobs again.
        let _ = self.jobs.keep(asked, &ended);
    }

    /// Starts the job, unless it was.
    async fn start(
        &self,
        asked: &JobRequest<'_>,
        begun: &mut JobProgress,
        upload: &Upload,
    ) -> Result<SigningJobArn, Error> {
        let known = begun.job.as_deref();
        if let Some(Ok(arn)) = known.map(SigningJobArn::parse) {
            return Ok(arn);
        }
        let token = token(asked, upload, begun.failed);
        let source = upload_name(upload)?;
        let prefix = self.signed_prefix();
        let new = NewSigningJob {
            profile: &self.profile,
            source: &source,
            version: &upload.version,
            bucket: self.settings.bucket.as_str(),
            prefix: &prefix,
            token: &token,
        };
        let arn = self.signer.start(&new).await?;
        begun.token = Some(token);
        begun.job = Some(arn.to_string());
        self.jobs.keep(asked, begun)?;
        Ok(arn)
    }

    fn signed_prefix(&self) -> String {
        format!("{}signed/", self.settings.prefix)
    }

    /// Asks about the job until it has ended. It must be the one that was asked for.
    async fn wait(&self, arn: &SigningJobArn, upload: &Upload) -> Result<Job, Error> {
        let id = JobId::parse(&arn.to_string()).map_err(crate::signing_profiles::Error::Rule)?;
        let mut pause = FIRST_SIGNING_JOB_WAIT;
        loop {
            let job = self.signer.job(&id).await?;
            self.check(&job, upload)?;
            if job.status != "InProgress" {
                return Ok(job);
            }
            sleep(pause).await;
            pause = (pause * 2).min(MAX_SIGNING_JOB_WAIT);
        }
    }

    /// Checks that a job signs what was uploaded, by the profile that was asked for.
    fn check(&self, job: &Job, upload: &Upload) -> Result<(), Error> {
        let other = |what, found: Option<String>, wanted: String| {
            let found = found.unwrap_or_else(|| "nothing".to_owned());
            if found == wanted {
                return Ok(());
            }
            Err(Error::OtherJob {
                job: job.arn.to_string(),
                what,
                found,
                wanted,
            })
        };
        let source = job.source.as_ref();
        let found = source.map(|it| format!("s3://{}/{}", it.bucket, it.key));
        other(
            "source",
            found,
            format!("s3://{}/{}", upload.bucket, upload.key),
        )?;
        let version = source.map(|source| source.version.clone());
        other("version", version, upload.version.clone())?;
        let profile = job.profile.as_ref().map(ToString::to_string);
        other("profile version", profile, self.profile.arn.to_string())
    }

    /// The signed object, which must be where it was asked for.
    fn signed_object(&self, arn: &SigningJobArn, job: &Job) -> Result<ObjectName, Error> {
        let prefix = self.signed_prefix() + arn.id();
        let bucket = self.settings.bucket.as_str();
        match &job.signed_object {
            Some((found, key)) if found == bucket && key.starts_with(&prefix) => {
                Ok(ObjectName::new(found, key)?)
            }
            other => {
                let found = other.as_ref();
                let found = found.map(|(bucket, key)| format!("s3://{bucket}/{key}"));
                Err(Error::OtherJob {
                    job: arn.to_string(),
                    what: "signed object",
                    found: found.unwrap_or_else(|| "nothing".to_owned()),
                    wanted: format!("s3://{bucket}/{prefix}"),
                })
            }
        }
    }
}

/// Whether S3 does not have what a job made.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Fetch { .. }) && error.is_of_job()
}

fn upload_name(upload: &Upload) -> Result<ObjectName, Error> {
    Ok(ObjectName::new(&upload.bucket, &upload.key)?)
}

/// Finds out, before anything is uploaded, that the signed package can be written.
fn reserve(out: &Path) -> Result<Reserved, Error> {
    let directory = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Reserved::new(out, 0o644, directory, true).map_err(Error::Write)
}

fn write(mut reserved: Reserved, mut file: &File, package: &ObjectName) -> Result<(), Error> {
    let failed = |source| Error::Fetch {
        package: package.to_string(),
        source: fetch::Error::Temporary(source),
    };
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            return reserved.finish().map_err(Error::Write);
        }
        let piece = buffer.get(..count).unwrap_or_default();
        reserved.append(piece).map_err(Error::Write)?;
    }
}
