//! Verdicts, of artifacts and of files.

use super::*;

#[test]
fn every_verdict_is_what_its_schema_says() {
    let statement = statement();
    let asked = AskedArtifact {
        text: "r.test/app:v1",
        scope: "local/layout",
        statement: Some(&statement),
    };
    let reader = Reader::any();
    let answers = [
        Ok(Verification::Verified(accepted())),
        Ok(Verification::Tolerated(accepted())),
        Ok(Verification::Skipped {
            reference: reference(),
            statement: statement.clone(),
        }),
        Ok(Verification::Images(images(ImageFinding::Covered))),
        Ok(Verification::Images(images(ImageFinding::Own(Ok(
            Verification::Tolerated(accepted()),
        ))))),
    ];
    let answers = answers.into_iter().chain(errors().into_iter().map(Err));
    let results: Vec<_> = answers
        .map(|answer| ArtifactVerdict::new(&asked, &answer, &reader))
        .collect();
    let document = check_verdict(&VerdictV1::new(results));
    assert_words(
        &document,
        "verdict",
        &[
            "verified",
            "tolerated",
            "skipped",
            "unsigned",
            "rejected",
            "inconclusive",
        ],
    );
    assert_words(&document, "source", &["ocsp", "crl", "aws-signer"]);
    assert_words(&document, "from", &["network", "cache", "offline"]);
    assert_words(
        &document,
        "status",
        &["good", "revoked", "not-revokable", "unknown"],
    );
    assert_words(&document, "result", &["passed", "failed"]);
    let unseen: Vec<&Value> = document["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|result| result.get("unseen"))
        .map(|unseen| &unseen["code"])
        .collect();
    assert_eq!(
        unseen,
        [
            "limit-reached",
            "list-broke-off",
            "signatures-withheld",
            "out-of-time"
        ]
    );
    assert_eq!(document["exitCode"], 1, "a refusal outweighs");
}

#[test]
fn every_verdict_about_a_file_is_what_its_schema_says() {
    let statement = statement();
    let accepted = || {
        Box::new(blob::Accepted {
            statement: statement.clone(),
            signature: outcome(Action::Log),
        })
    };
    let refused = || {
        Box::new(blob::RejectedBlob {
            path: "file".into(),
            statement: statement.clone(),
            outcome: refused_outcome(),
        })
    };
    let results: Vec<_> = [
        Ok(blob::Verification::Verified(accepted())),
        Ok(blob::Verification::Tolerated(accepted())),
        Ok(blob::Verification::Skipped {
            statement: statement.clone(),
        }),
        Err(blob::Error::Policy {
            path: "file".into(),
            source: no_statement(),
        }),
        Err(blob::Error::Requirement {
            path: "file".into(),
            statement: statement.clone(),
            source: Shortfall(vec![verify::Lack::Global]),
        }),
        Err(blob::Error::Rejected(refused())),
        Err(blob::Error::Inconclusive(refused())),
    ]
    .iter()
    .map(|answer| {
        ArtifactVerdict::of_blob(Path::new("file"), Some(&statement), answer, &Reader::any())
    })
    .collect();
    let document = check_verdict(&VerdictV1::new(results));
    assert_words(
        &document,
        "verdict",
        &[
            "verified",
            "tolerated",
            "skipped",
            "rejected",
            "inconclusive",
        ],
    );
}

#[test]
fn only_a_refused_signature_is_cut_short() {
    let long = "x".repeat(crate::limits::MAX_TOLD_CHARS + 1);
    let texts = |mut outcome: SignatureOutcome| {
        outcome.warnings = vec![long.clone(); crate::limits::MAX_TOLD_VALUES + 1];
        outcome.user_metadata = vec![("key".to_owned(), long.clone())];
        let verdict = SignatureVerdict::new(&outcome, &Reader::any());
        let metadata: &BTreeMap<String, String> = &verdict.user_metadata;
        (verdict.warnings, metadata["key"].clone())
    };
    let (warnings, value) = texts(outcome(Action::Log));
    assert_eq!(warnings.len(), crate::limits::MAX_TOLD_VALUES + 1);
    assert_eq!((&warnings[0], &value), (&long, &long));
    let (warnings, value) = texts(refused_outcome());
    assert_eq!(warnings.len(), crate::limits::MAX_TOLD_VALUES);
    assert!(warnings[0].ends_with("x... (2049 bytes in all)"));
    assert_eq!(warnings[0], value);
}
