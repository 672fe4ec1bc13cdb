//! What is asked of AWS for an audit: lists first, then each profile, layer and signing job once.

use std::collections::HashMap;
use std::time::Duration;

use time::OffsetDateTime;

use super::finding::{AuditFinding, AuditRule, Severity};
use super::judge;
use crate::aws::{
    Aws, CodeSigningConfig, FunctionArn, LambdaFunction, LayerReference, LayerVersionArn, SignedBy,
    SigningJobArn, SigningProfileArn,
};
use crate::code_signing::configuration::{Error, answered};
use crate::signing_profiles::{Job, JobId, Profile, ProfileId, SigningProfiles};

/// An audit of the functions of an account in a region.
#[derive(Debug)]
pub struct Audit<'a> {
    /// AWS.
    pub aws: &'a Aws,
    /// AWS Signer in the same region.
    pub signer: &'a SigningProfiles,
    /// The time.
    pub now: OffsetDateTime,
    /// How long before its end a signature is told of; `None`: signing jobs are not asked about.
    pub soon: Option<Duration>,
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditResult {
    /// How many functions there are.
    pub functions: usize,
    /// How many of them are images, which no configuration counts for.
    pub images: usize,
    /// How many configurations there are.
    pub configurations: usize,
    /// What was found: of configurations first, then of functions.
    pub findings: Vec<AuditFinding>,
}

/// Why something could not be looked at.
type Lookup<T> = Result<T, String>;

/// What was asked already.
#[derive(Default)]
struct Answers {
    profiles: HashMap<SigningProfileArn, Lookup<Profile>>,
    layers: HashMap<LayerVersionArn, Lookup<Option<SignedBy>>>,
    jobs: HashMap<SigningJobArn, Lookup<Job>>,
}

impl Audit<'_> {
    /// Everything that is found.
    ///
    /// # Errors
    ///
    /// [`Error`] where the functions or the configurations could not be listed.
    pub async fn audited(&self) -> Result<AuditResult, Error> {
        let region = self.signer.region();
        let functions = answered(self.aws.functions(region)).await?;
        let configs = answered(self.aws.code_signing_configs(region)).await?;
        let mut asked = Answers::default();
        let mut audited = AuditResult {
            functions: functions.entries.len(),
            images: functions.entries.iter().filter(|one| one.is_image).count(),
            configurations: configs.entries.len(),
            findings: Vec::new(),
        };
        for (is_complete, what) in [
            (functions.is_complete, "functions"),
            (configs.is_complete, "code signing configurations"),
        ] {
            if !is_complete {
                audited.findings.push(incomplete(
                    &region,
                    format!("there are more {what} than are read"),
                ));
            }
        }
        let mut attached: HashMap<String, usize> = HashMap::new();
        let mut is_whole = configs.is_complete;
        for (at, config) in configs.entries.iter().enumerate() {
            let of_config = answered(self.aws.functions_of_config(&config.arn)).await;
            let count = match of_config {
                Ok(list) => {
                    is_whole &= list.is_complete;
                    for function in &list.entries {
                        attached.insert(function.function().to_owned(), at);
                    }
                    list.is_complete.then_some(list.entries.len())
                }
                Err(error) => {
                    is_whole = false;
                    let found = format!("the functions that have it could not be listed: {error}");
                    audited.findings.push(incomplete(&config.arn, found));
                    None
                }
            };
            audited.findings.extend(judge::of_config(config, count));
            self.look_at_profiles(config, &mut asked, &mut audited.findings)
                .await;
        }
        for function in functions.entries.iter().filter(|one| !one.is_image) {
            let config = attached.get(function.arn.function());
            let Some(config) = config.and_then(|at| configs.entries.get(*at)) else {
                audited
                    .findings
                    .push(judge::without_config(&function.arn, is_whole));
                continue;
            };
            let found = self.of_function(function, config, &mut asked).await;
            audited.findings.extend(found);
        }
        Ok(audited)
    }

    async fn look_at_profiles(
        &self,
        config: &CodeSigningConfig,
        asked: &mut Answers,
        findings: &mut Vec<AuditFinding>,
    ) {
        for version in &config.profiles {
            let arn = version.profile();
            if !asked.profiles.contains_key(arn) {
                let found = self.profile(arn).await;
                asked.profiles.insert(arn.clone(), found);
            }
            let found = asked.profiles.get(arn);
            let found = found.map(|found| found.as_ref().map_err(String::as_str));
            findings.extend(found.and_then(|found| judge::of_profile(config, version, found)));
        }
    }

    async fn profile(&self, arn: &SigningProfileArn) -> Lookup<Profile> {
        let id = ProfileId::parse(&arn.to_string()).map_err(|error| error.to_string())?;
        self.signer
            .profile(&id)
            .await
            .map_err(|error| error.to_string())
    }

    async fn of_function(
        &self,
        function: &LambdaFunction,
        config: &CodeSigningConfig,
        asked: &mut Answers,
    ) -> Vec<AuditFinding> {
        let arn = &function.arn;
        let mut findings = Vec::new();
        findings.extend(judge::of_code(arn, config, function.signed_by.as_ref()));
        if let Some(by) = &function.signed_by {
            findings.extend(self.of_job(arn, "its code", by, asked).await);
        }
        for layer in &function.layers {
            let signed_by = self.signer_of_layer(layer, asked).await;
            let found = signed_by.as_ref().map(Option::as_ref);
            let found = found.map_err(String::as_str);
            findings.extend(judge::of_layer(arn, config, &layer.arn, found));
            if let Ok(Some(by)) = &signed_by {
                let what = format!("its layer `{}`", layer.arn);
                findings.extend(self.of_job(arn, &what, by, asked).await);
            }
        }
        findings
    }

    /// Who signed a layer: as the function says, else as the layer itself says.
    async fn signer_of_layer(
        &self,
        layer: &LayerReference,
        asked: &mut Answers,
    ) -> Lookup<Option<SignedBy>> {
        if let Some(by) = &layer.signed_by {
            return Ok(Some(by.clone()));
        }
        if let Some(known) = asked.layers.get(&layer.arn) {
            return known.clone();
        }
        let found = answered(self.aws.layer_version(&layer.arn)).await;
        let found = found.map(|layer| layer.signed_by);
        let found = found.map_err(|error| error.to_string());
        asked.layers.insert(layer.arn.clone(), found.clone());
        found
    }

    async fn of_job(
        &self,
        function: &FunctionArn,
        what: &str,
        by: &SignedBy,
        asked: &mut Answers,
    ) -> Option<AuditFinding> {
        let soon = self.soon?;
        let Some(arn) = by.job.as_ref() else {
            return Some(judge::without_job(function, what));
        };
        if !asked.jobs.contains_key(arn) {
            let found = self.job(arn).await;
            asked.jobs.insert(arn.clone(), found);
        }
        let job = asked.jobs.get(arn)?;
        let job = job.as_ref().map_err(String::as_str);
        judge::of_job(function, what, job, self.now, soon)
    }

    async fn job(&self, arn: &SigningJobArn) -> Lookup<Job> {
        // A job is asked about where it is.
        if arn.location().region() != self.signer.region() {
            return Err(format!("it is in region `{}`", arn.location().region()));
        }
        let id = JobId::parse(&arn.to_string()).map_err(|error| error.to_string())?;
        self.signer
            .job(&id)
            .await
            .map_err(|error| error.to_string())
    }
}

fn incomplete(subject: &dyn std::fmt::Display, found: String) -> AuditFinding {
    AuditFinding::new(AuditRule::Incomplete, Severity::Unknown, subject, found)
}
