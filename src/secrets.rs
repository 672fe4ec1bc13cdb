//! Secrets of this process, so none is printed, even if a server that has seen one, a plugin, or a library repeats
//! it.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use crate::limits;

/// What stands in the place of one.
const BLOT: &str = "[secret]";

static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From now on, [`blot`] knows this secret. One that may be a word is not kept: it would make holes in what is said.
pub(crate) fn remember(secret: &str) {
    let may_be_word = secret.chars().all(|c| c.is_ascii_lowercase());
    if secret.chars().count() < limits::MIN_KNOWN_SECRET_CHARS || may_be_word {
        return;
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.iter().any(|known| known == secret) {
        return;
    }
    if known.len() == limits::MAX_KNOWN_SECRETS {
        known.remove(0);
    }
    known.push(secret.to_owned());
}

/// The text without every secret that is known.
pub(crate) fn blot(text: &str) -> Cow<'_, str> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    blot_out(text, &known)
}

/// The text without these secrets.
pub(crate) fn blot_out<'a>(text: &'a str, secrets: &[String]) -> Cow<'a, str> {
    let mut found: Vec<&String> = secrets
        .iter()
        .filter(|secret| {
            secret.chars().count() >= limits::MIN_BLOTTED_CHARS && text.contains(secret.as_str())
        })
        .collect();
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    // One may be a part of another.
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let blotted = found.into_iter().fold(text.to_owned(), |text, secret| {
        text.replace(secret.as_str(), BLOT)
    });
    Cow::Owned(blotted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_blotted_out_with_what_it_is_a_part_of() {
        let secrets = ["abcd", "abcdefgh", "xyz"].map(str::to_owned);
        assert_eq!(
            blot_out("1 abcdefgh2 abcd xyz", &secrets),
            "1 [secret]2 [secret] xyz"
        );
        assert_eq!(blot_out("abc", &secrets), "abc");
    }

    #[test]
    fn what_may_be_a_word_is_not_kept() {
        for secret in ["registry", "Sh0rt", ""] {
            remember(secret);
            let text = format!("a {secret} b");
            assert_eq!(blot(&text), text);
        }
        remember("a-Secret-of-this-t3st");
        remember("a-Secret-of-this-t3st");
        assert_eq!(blot("<a-Secret-of-this-t3st>"), "<[secret]>");
    }
}
