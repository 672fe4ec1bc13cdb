//! An error with what caused it, in words.

use std::error::Error;

/// An error and its causes on one line, parted by colons.
pub fn in_one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
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
    struct Inner(#[source] std::fmt::Error);

    #[test]
    fn every_cause_is_said_in_its_order() {
        let error = Outer(Inner(std::fmt::Error));
        let innermost = std::fmt::Error.to_string();
        assert_eq!(in_one_line(&error), format!("outer: inner: {innermost}"));
        assert_eq!(in_one_line(&std::fmt::Error), innermost);
    }
}
