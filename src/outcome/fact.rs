//! What is known about revocation: who says so, as of when, until when.

use std::fmt;

use time::OffsetDateTime;

use super::rfc1123z;
use crate::extended_validation::{self, Question};
use crate::facts::{Evidence, Origin};
use crate::http::redact_text;
use crate::revocation::{self, CertificateRevocation, Protocol, Status};

/// What is known about one thing that a signature rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationFact {
    /// What it is about: the subject of a certificate, or a signing job with all that it rests on.
    pub about: String,
    /// What is known.
    pub status: RevocationStatus,
    /// The source of the status; `None` if no accepted source answered, or there is no source.
    pub source: Option<FactSource>,
}

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// It was not revoked.
    Good,
    /// It was revoked.
    Revoked,
    /// It cannot be revoked: it is a root, or names no source to ask.
    NotRevokable,
    /// No accepted source gave a status. Not good.
    Unknown,
}

impl RevocationStatus {
    /// A name for programs; it does not change once published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::NotRevokable => "not-revokable",
            Self::Unknown => "unknown",
        }
    }
}

/// Who said so, as of when, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FactSource {
    /// Who was asked.
    pub responder: Responder,
    /// Where the answer was until now.
    pub origin: Origin,
    /// As of when it holds.
    pub as_of: OffsetDateTime,
    /// Until when it holds; AWS Signer's own answer does not say.
    pub until: Option<OffsetDateTime>,
    /// How old it was when it was looked at, in seconds.
    pub age_seconds: u64,
}

impl FactSource {
    /// How old the answer was, in its two largest units: `3 days 4 hours`.
    pub fn age(&self) -> String {
        in_words(self.age_seconds)
    }
}

/// Who was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Responder {
    /// An OCSP responder or the publisher of a CRL, who signed the answer.
    Authority {
        /// How it was asked.
        protocol: Protocol,
        /// Where, as the certificate names it.
        url: String,
    },
    /// AWS Signer, whose answer is not signed.
    AwsSigner {
        /// The region asked.
        region: String,
        /// The URL asked, where it is not AWS's own.
        endpoint_url: Option<String>,
    },
}

impl RevocationFact {
    /// What is known at `now` about one certificate.
    #[doc(hidden)]
    pub fn of_certificate(certificate: &CertificateRevocation, now: OffsetDateTime) -> Self {
        let (status, evidence) = match &certificate.status {
            Status::Good(evidence) => (RevocationStatus::Good, Some(evidence)),
            Status::Revoked { evidence, .. } => (RevocationStatus::Revoked, Some(evidence)),
            Status::NotRevokable => (RevocationStatus::NotRevokable, None),
            Status::Unknown => (RevocationStatus::Unknown, None),
        };
        Self {
            about: certificate.subject.clone(),
            status,
            source: evidence.map(|evidence| of_authority(evidence, now)),
        }
    }

    /// What AWS Signer's answer says at `now`; `result` is what it comes to.
    #[doc(hidden)]
    pub fn of_aws_signer(
        evidence: &extended_validation::Evidence,
        result: &Result<(), extended_validation::Error>,
        now: OffsetDateTime,
    ) -> Self {
        let Question { place, subject } = &evidence.source;
        let responder = Responder::AwsSigner {
            region: place.region.clone(),
            endpoint_url: place.endpoint_url.clone(),
        };
        Self {
            about: subject.job_arn.clone(),
            status: match result {
                Ok(()) => RevocationStatus::Good,
                Err(_) => RevocationStatus::Revoked,
            },
            source: Some(FactSource::new(responder, evidence, now)),
        }
    }
}

impl FactSource {
    fn new<S>(responder: Responder, evidence: &Evidence<S>, now: OffsetDateTime) -> Self {
        Self {
            responder,
            origin: evidence.origin.clone(),
            as_of: evidence.as_of,
            until: evidence.until,
            age_seconds: evidence.age_seconds(now),
        }
    }
}

fn of_authority(evidence: &revocation::Evidence, now: OffsetDateTime) -> FactSource {
    let responder = Responder::Authority {
        protocol: evidence.source.protocol,
        url: redact_text(&evidence.source.url),
    };
    FactSource::new(responder, evidence, now)
}

impl fmt::Display for RevocationFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.status {
            RevocationStatus::Good => "not revoked",
            RevocationStatus::Revoked => "revoked",
            RevocationStatus::NotRevokable => "not revokable",
            RevocationStatus::Unknown => "not known",
        };
        write!(f, "{words}: `{}`", self.about)?;
        let Some(source) = &self.source else {
            return Ok(());
        };
        match &source.responder {
            Responder::Authority { protocol, url } => write!(f, ", by {protocol} of `{url}`")?,
            Responder::AwsSigner {
                region,
                endpoint_url,
            } => {
                write!(f, ", by AWS Signer in `{region}`")?;
                if let Some(url) = endpoint_url {
                    write!(f, " at `{url}`")?;
                }
            }
        }
        write!(
            f,
            ", as of {} ({} old)",
            rfc1123z(source.as_of),
            source.age()
        )?;
        if let Some(until) = source.until {
            write!(f, ", until {}", rfc1123z(until))?;
        }
        match &source.origin {
            Origin::Asked => Ok(()),
            Origin::Kept(path) => write!(f, ", kept in `{}`", path.display()),
            Origin::Stored(path) => write!(f, ", stored in `{}`", path.display()),
        }
    }
}

/// A length of time in its two largest units: `3 days 4 hours`.
fn in_words(seconds: u64) -> String {
    let units = [
        ("day", 86_400),
        ("hour", 3_600),
        ("minute", 60),
        ("second", 1),
    ];
    let mut rest = seconds;
    let mut words = Vec::new();
    for (unit, length) in units {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            words.push(format!("{count} {unit}{plural}"));
        } else if !words.is_empty() {
            break;
        }
        if words.len() == 2 {
            break;
        }
    }
    if words.is_empty() {
        return "0 seconds".to_owned();
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_age_is_said_in_its_two_largest_units() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (61, "1 minute 1 second"),
            (3_600, "1 hour"),
            (90_061, "1 day 1 hour"),
            (86_400 * 2 + 59, "2 days"),
        ] {
            assert_eq!(in_words(seconds), words);
        }
    }

    #[test]
    fn a_fact_says_who_when_and_until_when() {
        let as_of = datetime!(2026-11-20 00:00 UTC);
        let now = datetime!(2026-11-22 01:00 UTC);
        let evidence = Evidence {
            source: revocation::Source {
                protocol: Protocol::Crl,
                url: "http://crl.test/".to_owned(),
            },
            origin: Origin::Stored("dir/crl/x".into()),
            as_of,
            until: Some(datetime!(2026-12-01 00:00 UTC)),
        };
        let certificate = |status| CertificateRevocation {
            subject: "CN=leaf".to_owned(),
            serial_number: "01".to_owned(),
            status,
            failures: Vec::new(),
        };
        let fact = RevocationFact::of_certificate(&certificate(Status::Good(evidence)), now);
        assert_eq!(
            fact.to_string(),
            "not revoked: `CN=leaf`, by CRL of `http://crl.test/`, as of Fri, 20 Nov 2026 00:00:00 +0000 \
             (2 days 1 hour old), until Tue, 01 Dec 2026 00:00:00 +0000, stored in `dir/crl/x`"
        );
        let fact = RevocationFact::of_certificate(&certificate(Status::Unknown), now);
        assert_eq!(fact.to_string(), "not known: `CN=leaf`");
        let fact = RevocationFact::of_certificate(&certificate(Status::NotRevokable), now);
        assert_eq!(fact.to_string(), "not revokable: `CN=leaf`");
    }
}
