//! What AWS Signer is asked, whole: two questions are the same only if everything in them is.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::super::{Claims, Error};
use super::RevokedEntity;
use crate::algorithm::HashAlgorithm;
use crate::aws::Call;
use crate::http::redact_text;
use crate::limits::{MAX_CHAIN_CERTIFICATES, MAX_TOLD_CHARS};
use crate::notary::rfc3339;
use crate::oci::hex;
use crate::x509::Certificate;

/// The signing platform of container images, the only one that signs here and can be asked about.
pub(crate) const PLATFORM_ID: &str = "Notation-OCI-SHA384-ECDSA";

/// What a signature rests on, in the API's words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subject {
    /// The signing platform.
    pub platform_id: String,
    /// ARN of the signing profile's version.
    pub profile_version_arn: String,
    /// ARN of the signing job.
    pub job_arn: String,
    /// When the signature was made, in RFC 3339.
    pub signature_timestamp: String,
    /// For each certificate the hash of what is signed in it and of what is signed in its issuer.
    pub certificate_hashes: Vec<String>,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// The partition of the signing profile.
    pub partition: String,
    /// The region asked.
    pub region: String,
    /// The URL asked, where it is not AWS's own for the region; without what may be secret in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// The whole URL, hashed, where something in it is secret. It is in no file.
    #[serde(skip)]
    hidden: Option<String>,
}

impl Place {
    /// The place that is asked in `region`, at `endpoint_url` if it is not AWS's own.
    pub fn new(partition: String, region: String, endpoint_url: Option<&str>) -> Self {
        let shown = endpoint_url.map(redact_text);
        let hidden = endpoint_url.filter(|url| Some(*url) != shown.as_deref());
        Self {
            partition,
            region,
            endpoint_url: shown,
            hidden: hidden.map(|url| hex(&HashAlgorithm::Sha256.hash(url.as_bytes()))),
        }
    }

    /// The same place, as far as a file says where it is.
    fn in_file(&self) -> Self {
        Self {
            hidden: None,
            ..self.clone()
        }
    }
}

/// A question (`GetRevocationStatus`), and where it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    /// Who is asked.
    pub place: Place,
    /// About what.
    pub subject: Subject,
}

impl Question {
    /// The question as a call.
    pub(super) fn call(&self) -> Call {
        Call {
            action: "signer:GetRevocationStatus",
            resource: self.subject.job_arn.clone(),
            region: self.place.region.clone(),
        }
    }

    /// A name for it that no other question has: a hash of all of it, of what is in no file too.
    pub(super) fn name(&self) -> String {
        match &self.place.hidden {
            None => name_of(self),
            hidden => name_of(&(self, hidden)),
        }
    }

    /// The same question, as far as a file has it.
    pub(super) fn in_file(&self) -> Self {
        Self {
            place: self.place.in_file(),
            subject: self.subject.clone(),
        }
    }
}

impl Subject {
    /// A name that no other subject of a question has, wherever it is sent.
    pub(super) fn name(&self) -> String {
        name_of(self)
    }
}

/// SHA-256 of the JSON form, whose members have a fixed order.
fn name_of(value: &impl Serialize) -> String {
    // Text and lists of text always have a JSON form.
    let json = serde_json::to_vec(value).unwrap_or_default();
    hex(&HashAlgorithm::Sha256.hash(&json))
}

/// What is asked about, with what the answer is compared with and shown by.
pub(super) struct QuestionParts {
    pub(super) subject: Subject,
    /// What goes into the request; the subject has it as text.
    pub(super) signing_time: OffsetDateTime,
    /// The subject of each certificate, in the order of the hashes.
    names: Vec<String>,
}

impl QuestionParts {
    pub(super) fn new(claims: &Claims, certificate_chain: &[Certificate]) -> Result<Self, Error> {
        if certificate_chain.is_empty() || certificate_chain.len() > MAX_CHAIN_CERTIFICATES {
            return Err(Error::ChainLength {
                found: certificate_chain.len(),
                limit: MAX_CHAIN_CERTIFICATES,
            });
        }
        let names = certificate_chain
            .iter()
            .map(|certificate| certificate.subject().to_string());
        Ok(Self {
            subject: Subject {
                platform_id: PLATFORM_ID.to_owned(),
                profile_version_arn: claims.signer().to_string(),
                job_arn: claims.job().to_string(),
                signature_timestamp: rfc3339(claims.signing_time()),
                certificate_hashes: certificate_hashes(certificate_chain),
            },
            signing_time: claims.signing_time(),
            names: names.collect(),
        })
    }

    /// Nothing may be in the answer but what was asked about, and then it was revoked.
    pub(super) fn judge(&self, answer: &[String]) -> Result<(), Error> {
        let mut revoked = Vec::new();
        let mut unexpected = None;
        let hashes = &self.subject.certificate_hashes;
        for entity in answer {
            let certificate = hashes.iter().position(|hash| hash == entity);
            if *entity == self.subject.job_arn {
                revoked.push(RevokedEntity::Job(entity.clone()));
            } else if *entity == self.subject.profile_version_arn {
                revoked.push(RevokedEntity::Profile(entity.clone()));
            } else if let Some(name) = certificate.and_then(|index| self.names.get(index)) {
                revoked.push(RevokedEntity::Certificate(name.clone()));
            } else {
                unexpected.get_or_insert_with(|| shown(entity));
            }
        }
        match unexpected {
            _ if !revoked.is_empty() => Err(Error::Revoked { revoked }),
            Some(entity) => Err(Error::UnexpectedEntity { entity }),
            None => Ok(()),
        }
    }
}

/// An entity for an error: one bounded line. The API allows as many characters as are shown.
fn shown(entity: &str) -> String {
    entity
        .chars()
        .take(MAX_TOLD_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// For each certificate SHA-384 of what is signed in it, and of what is signed in its issuer; the
/// last is its own issuer.
fn certificate_hashes(certificate_chain: &[Certificate]) -> Vec<String> {
    let hashes: Vec<String> = certificate_chain
        .iter()
        .map(|certificate| hex(&HashAlgorithm::Sha384.hash(certificate.tbs_der())))
        .collect();
    let issuers = hashes.iter().skip(1).chain(hashes.last());
    hashes
        .iter()
        .zip(issuers)
        .map(|(hash, issuer)| format!("{hash}{issuer}"))
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use time::macros::datetime;

    use super::super::super::tests::{JOB, VERSION};
    use super::*;

    pub(crate) fn inquired() -> QuestionParts {
        QuestionParts {
            subject: Subject {
                platform_id: PLATFORM_ID.to_owned(),
                profile_version_arn: VERSION.to_owned(),
                job_arn: JOB.to_owned(),
                signature_timestamp: "2026-01-02T03:04:05Z".to_owned(),
                certificate_hashes: vec!["aa".to_owned(), "bb".to_owned()],
            },
            signing_time: datetime!(2026-01-02 03:04:05 UTC),
            names: vec!["CN=leaf".to_owned(), "CN=root".to_owned()],
        }
    }

    pub(crate) fn question() -> Question {
        Question {
            place: Place::new("aws".to_owned(), "us-west-2".to_owned(), None),
            subject: inquired().subject,
        }
    }

    fn judge(answer: &[&str]) -> Result<(), Error> {
        let answer: Vec<String> = answer.iter().map(|&entity| entity.to_owned()).collect();
        inquired().judge(&answer)
    }

    #[test]
    fn a_name_is_of_one_question_and_a_file_says_nothing_hidden() {
        let (subject, mut other) = (question().subject, question().subject);
        other.job_arn.push('1');
        assert_eq!(subject.name().len(), 64, "{}", subject.name());
        assert_ne!(subject.name(), other.name());

        let url = Some("https://user:secret@127.0.0.1:1/");
        let place = Place::new("aws".to_owned(), "us-west-2".to_owned(), url);
        assert_ne!(place.in_file(), place);
        assert_eq!(place.in_file().in_file(), place.in_file());
    }

    #[test]
    fn certificates_are_named_by_their_hash_and_their_issuers() {
        // The hash of AWS Signer's published root, as another implementation computes it.
        const ROOT: &str = "163b39eb810821441b047ddf99b17fec3db7c40fc0e5fcd4fd69818dd8e953d4752d210c9e6f6382eff98edc0a2771ea";
        let root = include_bytes!("../../../trustpolicy/roots/aws-signer-notation-root.crt");
        let root = crate::x509::parse_certificates(root).unwrap().remove(0);
        let leaf = crate::x509::testing::self_signed("leaf");
        assert_eq!(
            certificate_hashes(std::slice::from_ref(&root)),
            [format!("{ROOT}{ROOT}")]
        );
        let leaf_hash = hex(&HashAlgorithm::Sha384.hash(leaf.tbs_der()));
        assert_eq!(
            certificate_hashes(&[leaf, root]),
            [format!("{leaf_hash}{ROOT}"), format!("{ROOT}{ROOT}")]
        );
    }

    #[test]
    fn a_question_of_any_other_part_has_another_name() {
        type Change = fn(&mut Question);
        let at = |url| Place::new("aws".to_owned(), "us-west-2".to_owned(), Some(url));
        let mut secrets: Vec<String> = Vec::new();
        for url in [
            "http://user:word@host/",
            "http://user:sword@host/",
            "http://host/",
            "http://host/?token=1",
            "http://host/?token=2",
        ] {
            let mut other = question();
            other.place = at(url);
            assert!(!secrets.contains(&other.name()), "{url}");
            secrets.push(other.name());
            let json = serde_json::to_string(&other).unwrap();
            assert!(!json.contains("word") && !json.contains("token"), "{json}");
            assert!(json.contains("\"endpointUrl\":\"http://host/"), "{json}");
        }
        let changes: [Change; 8] = [
            |q| q.place.partition = "aws-cn".to_owned(),
            |q| q.place.region = "us-west-1".to_owned(),
            |q| q.place.endpoint_url = Some("http://127.0.0.1:1".to_owned()),
            |q| q.subject.platform_id = "other".to_owned(),
            |q| q.subject.profile_version_arn.push('x'),
            |q| q.subject.job_arn.push('x'),
            |q| q.subject.signature_timestamp = "2026-01-02T03:04:06Z".to_owned(),
            |q| q.subject.certificate_hashes.swap(0, 1),
        ];
        let mut names = vec![question().name()];
        for change in changes {
            let mut other = question();
            change(&mut other);
            assert!(!names.contains(&other.name()), "{other:?}");
            names.push(other.name());
        }
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        assert!(
            names
                .iter()
                .all(|name| name.len() == 64 && name.chars().all(is_hex))
        );
        assert_ne!(question().subject.name(), question().name());
    }

    #[test]
    fn only_an_empty_answer_is_a_good_one() {
        judge(&[]).unwrap();
        for (answer, words) in [
            (&[JOB][..], format!("signing job `{JOB}` was revoked")),
            (
                &[VERSION][..],
                format!("signing profile `{VERSION}` was revoked"),
            ),
            (&["bb"][..], "certificate `CN=root` was revoked".to_owned()),
            (
                &["other", "aa", JOB][..],
                format!("certificate `CN=leaf`, signing job `{JOB}` were revoked"),
            ),
        ] {
            let error = judge(answer).unwrap_err();
            assert!(matches!(error, Error::Revoked { .. }));
            assert_eq!(error.to_string(), words);
            assert!(!error.is_inconclusive());
        }
    }

    #[test]
    fn what_was_not_asked_about_fails_too() {
        for entity in [
            "",
            "cc",
            "AA",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images",
        ] {
            assert!(matches!(
                judge(&[entity]),
                Err(Error::UnexpectedEntity { entity: found }) if found == entity
            ));
        }
    }
}
