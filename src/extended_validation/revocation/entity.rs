//! What AWS Signer says was revoked, in words.

use std::fmt;

/// What AWS Signer says was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokedEntity {
    /// The signing job.
    Job(String),
    /// The signing profile, from some time before the signature.
    Profile(String),
    /// A certificate of the chain, by its subject.
    Certificate(String),
}

impl fmt::Display for RevokedEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(arn) => write!(f, "signing job `{arn}`"),
            Self::Profile(arn) => write!(f, "signing profile `{arn}`"),
            Self::Certificate(subject) => write!(f, "certificate `{subject}`"),
        }
    }
}

pub(in crate::extended_validation) fn in_words(revoked: &[RevokedEntity]) -> String {
    let names: Vec<String> = revoked.iter().map(RevokedEntity::to_string).collect();
    let verb = if revoked.len() == 1 { "was" } else { "were" };
    format!("{} {verb} revoked", names.join(", "))
}

/// What was revoked, in the words of AWS's plugin; which certificates, it does not say.
pub fn revoked_in_aws_words(revoked: &[RevokedEntity]) -> String {
    let (mut resources, mut subjects) = (Vec::new(), Vec::new());
    for entity in revoked {
        match entity {
            RevokedEntity::Job(arn) | RevokedEntity::Profile(arn) => resources.push(arn.as_str()),
            RevokedEntity::Certificate(subject) => subjects.push(format!("`{subject}`")),
        }
    }
    let mut sentences = Vec::new();
    if !resources.is_empty() {
        sentences.push(format!(
            "Resource(s) {} have been revoked.",
            resources.join(", ")
        ));
    }
    if !subjects.is_empty() {
        sentences.push(format!(
            "Certificate(s) have been revoked. ({})",
            subjects.join(", ")
        ));
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awss_plugin_names_resources_and_certificates_apart() {
        let job = RevokedEntity::Job("arn:job".to_owned());
        let profile = RevokedEntity::Profile("arn:profile".to_owned());
        let certificate = RevokedEntity::Certificate("CN=a".to_owned());
        let resources = "Resource(s) arn:job, arn:profile have been revoked.";
        let certificates = "Certificate(s) have been revoked. (`CN=a`)";
        assert_eq!(
            revoked_in_aws_words(&[job.clone(), profile.clone()]),
            resources
        );
        assert_eq!(
            revoked_in_aws_words(std::slice::from_ref(&certificate)),
            certificates
        );
        assert_eq!(
            revoked_in_aws_words(&[job, profile, certificate]),
            format!("{resources} {certificates}")
        );
    }
}
