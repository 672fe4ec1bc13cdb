//! What notation-core-go says of a chain of certificates that may not sign, where it has the same fault.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::x509::identity::quote as go_quoted;
use crate::x509::{self, ChainProblem};

/// As Go prints a time in UTC.
const GO_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");

/// The sentence after `certificate-chain is invalid, `.
pub(super) fn of_chain(error: &x509::Error) -> Option<String> {
    let x509::Error::Chain {
        position,
        count,
        subject,
        problem,
        ..
    } = error
    else {
        return None;
    };
    let subject = go_quoted(subject);
    let of_certificate = |problem: &str| format!("certificate with subject {subject}: {problem}");
    let sentence = match problem {
        ChainProblem::NotValidAt {
            at,
            not_before,
            not_after,
        } => {
            let [at, not_before, not_after] =
                [at, not_before, not_after].map(|time| go_time(*time));
            // The validity has this sentence whatever the length of the chain.
            return Some(format!(
                "certificate with subject {subject} was invalid at signing time of {at}. Certificate is valid from \
                 [{not_before}] to [{not_after}]"
            ));
        }
        ChainProblem::SelfSignedBeforeEnd => {
            let place = if *position == 1 {
                "leaf"
            } else {
                "intermediate"
            };
            return Some(format!(
                "{place} certificate with subject {subject} is self-signed. Certificate chain must not contain self-signed \
                 {place} certificate"
            ));
        }
        ChainProblem::LeafIsCa => of_certificate(
            "if the basic constraints extension is present, the ca field must be set to false",
        ),
        ChainProblem::NotCa => of_certificate(
            "ca field in basic constraints must be present, critical, and set to true",
        ),
        ChainProblem::PathTooLong { allowed, found } => of_certificate(&format!(
            "expected path length of {found} but certificate has path length {allowed} instead"
        )),
        ChainProblem::ExtensionMissing { extension } if *extension == KEY_USAGE => {
            of_certificate("key usage extension must be present")
        }
        ChainProblem::ExtensionNotCritical { extension } if *extension == KEY_USAGE => {
            of_certificate("key usage extension must be marked critical")
        }
        ChainProblem::KeyUsageMissing { bit } if *bit == "keyCertSign" => {
            of_certificate("key usage must have the bit positions for key cert sign set")
        }
        ChainProblem::KeyUsageMissing { bit } if *bit == "digitalSignature" => format!(
            "the certificate with subject {subject} is invalid. The key usage must have the bit positions for \"Digital \
             Signature\" set"
        ),
        ChainProblem::PurposeForbidden { purpose } => of_certificate(&format!(
            "extended key usage must not contain {} eku",
            purpose_in_go(purpose)?
        )),
        _ => return None,
    };
    Some(if *count == 1 {
        format!("invalid self-signed certificate. Error: {sentence}")
    } else {
        sentence
    })
}

const KEY_USAGE: &str = "keyUsage";

/// A purpose by Go's name.
fn purpose_in_go(purpose: &str) -> Option<&'static str> {
    Some(match purpose {
        "serverAuth" => "ServerAuth",
        "clientAuth" => "ClientAuth",
        "emailProtection" => "EmailProtection",
        "timeStamping" => "Timestamping",
        "OCSPSigning" => "OCSPSigning",
        _ => return None,
    })
}

fn go_time(time: OffsetDateTime) -> String {
    time.format(GO_TIME).unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::x509::Purpose;

    fn said(position: usize, count: usize, problem: ChainProblem) -> Option<String> {
        of_chain(&x509::Error::Chain {
            purpose: Purpose::CodeSigning,
            position,
            count,
            subject: "CN=a,O=b".to_owned(),
            problem,
        })
    }

    #[test]
    fn what_is_wrong_with_a_chain_has_notations_sentence() {
        let not_valid = ChainProblem::NotValidAt {
            at: datetime!(2026-11-30 01:02:03 UTC),
            not_before: datetime!(2024-01-01 00:00 UTC),
            not_after: datetime!(2025-01-01 00:00 UTC),
        };
        assert_eq!(
            said(1, 1, not_valid).unwrap(),
            "certificate with subject \"CN=a,O=b\" was invalid at signing time of 2026-11-30 01:02:03 +0000 UTC. \
             Certificate is valid from [2024-01-01 00:00:00 +0000 UTC] to [2025-01-01 00:00:00 +0000 UTC]"
        );
        assert_eq!(
            said(1, 1, ChainProblem::LeafIsCa).unwrap(),
            "invalid self-signed certificate. Error: certificate with subject \"CN=a,O=b\": if the basic constraints \
             extension is present, the ca field must be set to false"
        );
        let purpose = ChainProblem::PurposeForbidden {
            purpose: "serverAuth".to_owned(),
        };
        assert_eq!(
            said(1, 2, purpose).unwrap(),
            "certificate with subject \"CN=a,O=b\": extended key usage must not contain ServerAuth eku"
        );
        assert_eq!(said(1, 2, ChainProblem::NotForTimestamping), None);
    }
}
