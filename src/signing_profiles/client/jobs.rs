//! Calls about signing jobs.

use aws_sdk_signer::operation::RequestId as _;

use super::{SigningProfiles, pages};
use crate::aws::{CallError, CallErrorKind};
use crate::signing_profiles::calls::{HARMLESS, ask};
use crate::signing_profiles::error::Error;
use crate::signing_profiles::job::{Job, JobList};
use crate::signing_profiles::names::{JobId, resource};
use crate::signing_profiles::profile::Profile;
use crate::signing_profiles::rules::Reason;

impl SigningProfiles {
    /// What AWS says of a job to its owner, and to the account that asked for it.
    ///
    /// # Errors
    ///
    /// [`Error::NoJob`], [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn job(&self, id: &JobId) -> Result<Job, Error> {
        let call = self.call("signer:DescribeSigningJob", id.resource(&self.region));
        let asked = ask(&self.lists, HARMLESS, &call, || async {
            let answer = self
                .client
                .describe_signing_job()
                .job_id(id.id())
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        });
        let output = asked.await.map_err(|error| match error {
            Error::Call(source) if source.kind() == CallErrorKind::NotFound => Error::NoJob {
                job: id.to_string(),
                region: self.region.clone(),
                source: Box::new(source),
            },
            error => error,
        })?;
        let malformed = |problem: String| {
            Error::Call(CallError::malformed(
                call.clone(),
                problem,
                output.request_id(),
            ))
        };
        let job = Job::read(&output, id.id(), &self.region).map_err(malformed)?;
        match id.owner() {
            Some(owner) if owner != job.owner => {
                Err(malformed(format!("it is about `{}`", job.arn)))
            }
            _ => Ok(job),
        }
    }

    /// The newest `most` jobs of a profile in the caller's account, with who asked for each.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn jobs(&self, profile: &Profile, most: usize) -> Result<JobList, Error> {
        let path = "/signing-jobs/*";
        let account = profile.profile().location().account();
        let resource = resource(&self.region, Some(account), path);
        let call = self.call("signer:ListSigningJobs", resource.clone());
        let mut pages = pages();
        let mut jobs: Vec<Job> = Vec::new();
        while pages.has_next() {
            let token = pages.token();
            let output = ask(&self.lists, HARMLESS, &call, || async {
                let request = self
                    .client
                    .list_signing_jobs()
                    .platform_id(&profile.platform);
                let answer = request.set_next_token(token.clone()).send().await;
                answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
            })
            .await?;
            let malformed = |problem: String| {
                Error::Call(CallError::malformed(
                    call.clone(),
                    problem,
                    output.request_id(),
                ))
            };
            for row in output.jobs() {
                if row.profile_name() == Some(profile.profile().name()) {
                    jobs.push(Job::read_row(row, &self.region).map_err(malformed)?);
                }
            }
            pages.turn(output.next_token()).map_err(malformed)?;
        }
        let all = jobs.len();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at));
        jobs.truncate(most);
        // A list does not say who asked.
        for job in &mut jobs {
            if let Ok(id) = JobId::parse(&job.arn.to_string()) {
                *job = self.job(&id).await?;
            }
        }
        Ok(JobList {
            jobs,
            all,
            is_complete: pages.is_complete(),
        })
    }

    /// Revokes the signature of a job, also of another account's.
    ///
    /// # Errors
    ///
    /// [`Error::NoJob`], [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn revoke_signature(&self, id: &JobId, reason: &Reason) -> Result<(), Error> {
        let call = self.call("signer:RevokeSignature", id.resource(&self.region));
        let asked = ask(&self.pace, HARMLESS, &call, || async {
            let request = self.client.revoke_signature().job_id(id.id());
            let request = request.set_job_owner(id.owner().map(str::to_owned));
            let answer = request.reason(reason.as_str()).send().await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        });
        asked.await.map(drop).map_err(|error| match error {
            Error::Call(source) if source.kind() == CallErrorKind::NotFound => Error::NoJob {
                job: id.to_string(),
                region: self.region.clone(),
                source: Box::new(source),
            },
            error => error,
        })
    }
}
