//! What a refusal says, with what caused it, and what to do.

use super::*;
use crate::causes;
use crate::gate::{Examination, Refusal};
use crate::registry::Error;

/// The refusal of an image of which this was found, on one line, with its hint.
fn told(image: ImageExamination) -> (String, Option<String>) {
    let examination = Examination {
        reference: image.reference.clone(),
        media_type: String::new(),
        tag: None,
        images: vec![image],
        uncovered: Vec::new(),
    };
    let refusal = Refusal::Unmet(Box::new(examination));
    (causes::in_one_line(&refusal), refusal.hint())
}

#[test]
fn a_refusal_says_which_signer_is_missing_and_why_the_first_signature_does_not_count() {
    let rule = all(&["one"]);
    let missing = format!("`one` is missing, wanted {}", rule.roles[0].signer);
    let (words, hint) = told(judge(&rule, Vec::new(), None));
    assert_eq!(words, format!("the image has no signature: {missing}"));
    assert!(hint.is_some());

    let digest = sha256_digest(&[1]);
    let by = By::Profile("pp/a");
    let (words, hint) = told(judge(&rule, vec![signature(vec![refused(1, by)])], None));
    let failure = Failure::NoTimestamp;
    let not_signed = "the image is not signed as required";
    let wanted = format!("{not_signed}: {missing}; signature {digest}: {failure}");
    assert_eq!((words, hint), (wanted, failure.hint()));

    // What leads is what keeps it undecided.
    let signatures = vec![signature(vec![inconclusive(1, by)])];
    let (words, hint) = told(judge(&rule, signatures, None));
    let failure = exhausted();
    let undecided = "whether the image is signed as required could not be decided";
    let failed = causes::in_one_line(&failure);
    let wanted = format!("{undecided}: {missing}; signature {digest}: {failed}");
    assert_eq!((words, hint), (wanted, failure.hint()));
    let broke_off = || Error::ListingTimedOut {
        registry: "r.io".to_owned(),
        digest: String::new(),
    };
    let unseen = Some(Unseen::Listing(broke_off()));
    let (words, hint) = told(judge(&rule, Vec::new(), unseen));
    let listed = causes::in_one_line(&broke_off());
    let wanted = format!("{undecided}: there may be more signatures: {listed}");
    assert_eq!((words, hint), (wanted, broke_off().hint()));
}

#[test]
fn a_verified_signature_that_lacks_something_is_told_with_what() {
    let mut rule = all(&["one"]);
    rule.roles[0].max_age = Some(Duration::from_hours(1));
    let by = By::Profile("pp/a");
    let (words, hint) = told(judge(&rule, vec![signature(vec![verified(1, by)])], None));
    let lack = "it was signed on 2026-11-28T12:00:00Z, wanted at most 1h ago";
    assert!(words.ends_with(lack), "{words}");
    assert_eq!(hint, None);
}
