//! The documents of many signings.

use super::*;
use crate::registry::Warning;
use crate::sign;
use crate::sign::many::{End, Error, IfMissingError, Note, Outcome, Refusals, SignatureInfo};

fn signature() -> SignatureInfo {
    SignatureInfo {
        format: EnvelopeFormat::Jws,
        info: info(),
    }
}

fn outcome_of(end: End) -> Outcome {
    Outcome {
        text: "r.test/app:v1".to_owned(),
        reference: reference(),
        target: Some(target()),
        end,
    }
}

fn signed() -> End {
    let best = refused(None).outcomes.remove(0).into_refusal().unwrap();
    let expiry = datetime!(2026-11-22 01:02:03 UTC);
    End::Signed {
        reference: reference(),
        signature: signature(),
        warnings: vec![
            Warning::NotListed,
            Warning::IndexContended,
            Warning::OldIndexNotDeleted {
                index: sha256_digest(b"index"),
                source: throttled(),
            },
        ],
        notes: vec![
            Note::OfSigner("a note".to_owned()),
            Note::ExpiresTooSoon(expiry),
        ],
        refusals: Some(Box::new(Refusals { count: 2, best })),
    }
}

/// Failures, each with whether a signature was made.
fn failures() -> Vec<(Error, bool)> {
    let asked = || "r.test/app:v1".to_owned();
    let [time, _] = exhausted();
    let push = |source| {
        Error::Sign(sign::Error::Push {
            reference: reference(),
            source,
        })
    };
    vec![
        (Error::Interrupted { asked: asked() }, false),
        (Error::InterruptedPush { asked: asked() }, true),
        (
            Error::Unfinished {
                asked: asked(),
                source: time,
            },
            false,
        ),
        (
            Error::UnfinishedPush {
                asked: asked(),
                source: time,
            },
            true,
        ),
        (
            Error::IfMissing(IfMissingError::NeverListed {
                reference: reference(),
            }),
            false,
        ),
        (
            Error::OtherMoved {
                asked: asked(),
                other: "r.test/app:v2".to_owned(),
                signed: sha256_digest(b"artifact"),
                found: sha256_digest(b"other"),
            },
            false,
        ),
        (push(throttled()), true),
        (
            push(registry::Error::NotListed {
                manifest: "sha256:x".to_owned(),
                source: None,
            }),
            true,
        ),
    ]
}

#[test]
fn every_outcome_of_many_is_what_the_schema_says() {
    let [time, _] = exhausted();
    let mut ends = vec![
        signed(),
        End::AlreadySigned {
            reference: reference(),
            signature: signature(),
        },
        End::SameAs {
            other: "r.test/app:v2".to_owned(),
        },
        End::NotTried(NotTried::AfterFailure),
        End::NotTried(NotTried::Interrupted),
        End::NotTried(NotTried::OutOfTime(time)),
    ];
    ends.extend(failures().into_iter().map(|(error, is_made)| End::Failed {
        error: Box::new(error),
        signature: is_made.then(signature),
    }));
    let outcomes: Vec<Outcome> = ends.into_iter().map(outcome_of).collect();
    let document = check_signing(&SigningV1::of(&outcomes, &Reader::any()));
    // What moved was looked at.
    assert_eq!(document["exitCode"], 1);
    assert_eq!(
        document["summary"],
        json!({ "signed": 1, "skipped": 2, "failed": 8, "notTried": 3 })
    );
    let results = document["results"].as_array().unwrap();
    let warnings = results[0]["warnings"].as_array().unwrap();
    assert_eq!((warnings.len(), &warnings[3]), (6, &json!("a note")));
    let last = warnings[5].as_str().unwrap();
    assert!(last.starts_with("2 signatures there did not count, the best of them: "));
    let reasons = results[1..]
        .iter()
        .map(|result| result.get("error").unwrap_or(&result["reason"]));
    let codes: Vec<&str> = reasons
        .map(|reason| reason["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            "already-signed",
            "given-twice",
            "stopped-after-failure",
            "interrupted",
            "out-of-time",
            "interrupted",
            "interrupted",
            "out-of-time",
            "out-of-time",
            "signatures-not-checked",
            "tag-moved",
            "push-failed",
            "pushed-not-listed",
        ]
    );
    let pushed: Vec<_> = results[6..]
        .iter()
        .map(|result| result["signature"]["pushed"].as_str())
        .collect();
    let [none, no, unknown, yes] = [None, Some("no"), Some("unknown"), Some("yes")];
    assert_eq!(pushed, [none, unknown, none, unknown, none, none, no, yes]);
}

#[test]
fn the_exit_of_a_signing_says_whether_it_was_decided() {
    let exit = |end| Exit::of_signing(&end);
    assert_eq!(exit(signed()), Exit::Done);
    assert_eq!(exit(End::NotTried(NotTried::AfterFailure)), Exit::Done);
    let interrupted = End::NotTried(NotTried::Interrupted);
    assert_eq!(exit(interrupted), Exit::Inconclusive);
    let exits = failures().into_iter().map(|(error, _)| {
        exit(End::Failed {
            error: Box::new(error),
            signature: None,
        })
    });
    let (rejected, other) = (Exit::Rejected, Exit::Inconclusive);
    let wanted = [other, other, other, other, other, rejected, other];
    assert_eq!(exits.take(7).collect::<Vec<_>>(), wanted);
    let reserved = sign::Error::ReservedMetadata {
        key: "io.cncf.notary.x".to_owned(),
    };
    let reserved = End::Failed {
        error: Box::new(Error::Sign(reserved)),
        signature: None,
    };
    assert_eq!(exit(reserved), Exit::Usage);
}
