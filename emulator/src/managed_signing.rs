//! Managed signing of Amazon ECR: the rules of each registry, and how the signing of each profile goes.
//!
//! AWS signs in the background. Here a signing goes on with each `DescribeImageSigningStatus` about it, so that a test
//! waits for calls and not for seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hosts::RegistryId;

/// Rules of one registry (`PutSigningConfiguration`).
const MAX_RULES: usize = 10;

/// Filters of one rule.
const MAX_FILTERS: usize = 100;

/// A rule: what is pushed into these repositories is signed by this profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SigningRule {
    pub(crate) signing_profile_arn: String,
    /// None is every repository.
    #[serde(default)]
    pub(crate) repository_filters: Vec<RepositoryFilter>,
}

/// A filter: `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepositoryFilter {
    pub(crate) filter: String,
    pub(crate) filter_type: String,
}

impl SigningRule {
    /// The rules of `{"rules": [...]}`, or what is wrong with them.
    pub(crate) fn all_of(configuration: &Value) -> Result<Vec<Self>, String> {
        let rules = configuration.get("rules").cloned().unwrap_or_default();
        let rules: Vec<Self> =
            serde_json::from_value(rules).map_err(|error| format!("rules: {error}"))?;
        if rules.len() > MAX_RULES {
            return Err(format!("rules: must have {MAX_RULES} members at most"));
        }
        for rule in &rules {
            if profile_of(&rule.signing_profile_arn).is_none() {
                return Err("signingProfileArn: must be the ARN of a signing profile".to_owned());
            }
            let is_known = |filter: &RepositoryFilter| filter.filter_type == "WILDCARD_MATCH";
            if rule.repository_filters.len() > MAX_FILTERS
                || !rule.repository_filters.iter().all(is_known)
            {
                return Err(format!(
                    "repositoryFilters: must be {MAX_FILTERS} filters of type WILDCARD_MATCH at most"
                ));
            }
        }
        Ok(rules)
    }

    pub(crate) fn is_for(&self, repository: &str, matches: impl Fn(&str, &str) -> bool) -> bool {
        let mut filters = self.repository_filters.iter();
        self.repository_filters.is_empty()
            || filters.any(|filter| matches(&filter.filter, repository))
    }
}

/// Account and name of a signing profile, by its ARN without a version.
pub(crate) fn profile_of(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "signer", _, account, resource] = parts.as_slice() else {
        return None;
    };
    let name = resource.strip_prefix("/signing-profiles/")?;
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (name.len() >= 2 && is_name && account.len() == 12).then_some((account, name))
}

/// How the signing by a profile goes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningCourse {
    /// How many times each image's signing is still in progress when `DescribeImageSigningStatus` is asked.
    #[serde(default)]
    pub in_progress: u32,
    /// How it ends after that.
    #[serde(default)]
    pub end: SigningEnd,
}

/// How a signing ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SigningEnd {
    /// AWS Signer signs, as the owner of the registry, and the signature is pushed. What AWS Signer refuses has failed.
    #[default]
    Signed,
    /// `COMPLETE`, but there is no signature.
    Lost,
    /// `FAILED`.
    Failed {
        /// `failureCode`; absent where it is empty.
        code: String,
        /// `failureReason`; absent where it is empty.
        reason: String,
    },
}

/// The rules of one registry, and from which manifest on they are in force.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct RulesInForce {
    pub(crate) rules: Vec<SigningRule>,
    /// What was pushed by then is not signed.
    pub(crate) since: u64,
}

/// The signing of one image by one profile.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Signing {
    /// How often it was asked about.
    asked: u32,
    /// How it has ended.
    pub(crate) ended: Option<SigningEnd>,
}

/// What is known of managed signing. Keys are texts, as JSON has them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    registries: BTreeMap<String, RulesInForce>,
    /// By profile.
    courses: BTreeMap<String, SigningCourse>,
    /// By image and profile.
    signings: BTreeMap<String, Signing>,
}

impl Store {
    pub(crate) fn rules(&self, registry: &RegistryId) -> Option<&RulesInForce> {
        self.registries.get(&registry.host())
    }

    pub(crate) fn set_rules(&mut self, registry: &RegistryId, rules: RulesInForce) {
        self.registries.insert(registry.host(), rules);
    }

    pub(crate) fn remove_rules(&mut self, registry: &RegistryId) -> Option<RulesInForce> {
        self.registries.remove(&registry.host())
    }

    /// How the signing by the profile goes from now on.
    pub(crate) fn set_course(&mut self, profile: &str, course: SigningCourse) {
        self.courses.insert(profile.to_owned(), course);
    }

    /// How the signing by the profile goes.
    pub(crate) fn course(&self, profile: &str) -> SigningCourse {
        self.courses.get(profile).cloned().unwrap_or_default()
    }

    /// Asks once about the signing of `image` by `profile`: how it has ended, or will end now (`false`); nothing while
    /// it is in progress.
    pub(crate) fn ask(&mut self, image: &str, profile: &str) -> Option<(SigningEnd, bool)> {
        let course = self.course(profile);
        let signing = self.signing(image, profile);
        if let Some(ended) = &signing.ended {
            return Some((ended.clone(), true));
        }
        signing.asked = signing.asked.saturating_add(1);
        (signing.asked > course.in_progress).then_some((course.end, false))
    }

    pub(crate) fn signing(&mut self, image: &str, profile: &str) -> &mut Signing {
        self.signings
            .entry(format!("{image} {profile}"))
            .or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";

    #[test]
    fn a_signing_goes_on_with_each_question_and_ends_once() {
        let mut store = Store::default();
        let course = SigningCourse {
            in_progress: 2,
            end: SigningEnd::Lost,
        };
        store.set_course(PROFILE, course);
        assert_eq!(store.ask("a", PROFILE), None);
        assert_eq!(store.ask("a", PROFILE), None);
        assert_eq!(store.ask("b", PROFILE), None);
        assert_eq!(store.ask("a", PROFILE), Some((SigningEnd::Lost, false)));
        store.signing("a", PROFILE).ended = Some(SigningEnd::Signed);
        assert_eq!(store.ask("a", PROFILE), Some((SigningEnd::Signed, true)));
    }

    #[test]
    fn rules_are_read_as_aws_reads_them() {
        let rule = |arn: &str, kind: &str| {
            json!({ "rules": [{
                "signingProfileArn": arn,
                "repositoryFilters": [{ "filter": "a*", "filterType": kind }],
            }] })
        };
        let rules = SigningRule::all_of(&rule(PROFILE, "WILDCARD_MATCH")).unwrap();
        assert!(rules[0].is_for("app", |filter, name| (filter, name) == ("a*", "app")));
        assert!(!rules[0].is_for("app", |_, _| false));
        for (arn, kind) in [
            (format!("{PROFILE}/0123456789").as_str(), "WILDCARD_MATCH"),
            (PROFILE, "PREFIX_MATCH"),
            ("release", "WILDCARD_MATCH"),
        ] {
            assert!(
                SigningRule::all_of(&rule(arn, kind)).is_err(),
                "{arn} {kind}"
            );
        }
    }
}
