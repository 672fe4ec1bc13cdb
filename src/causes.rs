//! An error with what caused it, in words: the one writer of cause chains.

use std::error::Error;
use std::iter;

/// `error` and the errors below it, from the outside in.
pub fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

/// What each error below `error` says, from the outside in. What repeats the one above it is left out: the
/// transparent wrappers of foreign libraries do.
pub fn of(error: &dyn Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.source().into_iter().flat_map(chain) {
        let sentence = cause.to_string();
        if causes.last() != Some(&sentence) {
            causes.push(sentence);
        }
    }
    causes
}

/// The causes of `error` that `sentence`, which says what failed, does not say already: some of notation's
/// sentences say what caused them.
pub fn beyond(sentence: &str, error: &dyn Error) -> Vec<String> {
    let mut causes = of(error);
    causes.retain(|cause| !sentence.contains(cause.as_str()));
    causes
}

/// An error and its causes on one line, separated by colons.
pub fn in_one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    for cause in of(error) {
        line.push_str(": ");
        line.push_str(&cause);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("inner")]
    struct Inner(#[source] Repeating);

    /// A wrapper of a foreign library, which says what its source says.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Repeating(#[source] std::fmt::Error);

    #[test]
    fn every_cause_is_said_once_in_its_order() {
        let error = Outer(Inner(Repeating(std::fmt::Error)));
        let innermost = std::fmt::Error.to_string();
        assert_eq!(of(&error), ["inner", &innermost]);
        assert_eq!(in_one_line(&error), format!("outer: inner: {innermost}"));
        assert_eq!(in_one_line(&std::fmt::Error), innermost);
        assert_eq!(chain(&error).count(), 4);
    }

    #[test]
    fn what_the_sentence_says_is_no_further_cause() {
        let error = Outer(Inner(Repeating(std::fmt::Error)));
        let innermost = std::fmt::Error.to_string();
        assert_eq!(beyond("failed", &error), ["inner", &innermost]);
        assert_eq!(
            beyond("failed, the inner way", &error),
            [innermost.as_str()]
        );
        let all = format!("inner: {innermost}");
        assert_eq!(beyond(&all, &error), Vec::<String>::new());
    }
}
