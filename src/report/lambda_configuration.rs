//! Code signing configurations of AWS Lambda in a document.

use serde::Serialize;

use crate::aws::{CodeSigningConfig, FunctionArn, SigningProfileVersionArn};
use crate::signing_profiles::Profile;

/// A code signing configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConfigurationRecord {
    /// Its ARN.
    pub arn: String,
    /// What its owner says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The functions that have it; absent where they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<Vec<String>>,
    /// Its identifier.
    pub id: String,
    /// When it was changed last, in AWS's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// The account that owns it.
    pub owner: String,
    /// The signing profiles whose signatures it accepts.
    pub profiles: Vec<AllowedProfile>,
    /// Its region.
    pub region: String,
    /// What becomes of other packages: `Warn` or `Enforce`.
    pub untrusted: &'static str,
}

/// A signing profile of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AllowedProfile {
    /// Its ARN, with its version.
    pub arn: String,
    /// Why it could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// AWS's word for where it is in its life; absent where it was not or could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl ConfigurationRecord {
    /// The record of `config`, whose profiles were not looked at.
    pub fn new(config: &CodeSigningConfig) -> Self {
        let location = config.arn.location();
        Self {
            arn: config.arn.to_string(),
            description: config.description.clone(),
            functions: None,
            id: config.arn.id().to_owned(),
            last_modified: config.last_modified.clone(),
            owner: location.account().to_owned(),
            profiles: config.profiles.iter().map(AllowedProfile::new).collect(),
            region: location.region().to_owned(),
            untrusted: config.untrusted.as_str(),
        }
    }

    /// The same with the functions that have it.
    #[must_use]
    pub fn with_functions(self, functions: &[FunctionArn]) -> Self {
        let functions = functions.iter().map(ToString::to_string);
        Self {
            functions: Some(functions.collect()),
            ..self
        }
    }
}

impl AllowedProfile {
    /// The record of a profile that was not looked at.
    pub fn new(arn: &SigningProfileVersionArn) -> Self {
        Self {
            arn: arn.to_string(),
            problem: None,
            status: None,
        }
    }

    /// Notes what AWS Signer says of it, or why that is not known.
    pub fn looked_at(&mut self, found: Result<&Profile, String>) {
        match found {
            Ok(profile) => self.status = Some(profile.status.as_str().to_owned()),
            Err(problem) => self.problem = Some(problem),
        }
    }
}
