//! The recordings' placeholders: out of a command, and into what our program prints.

use std::collections::BTreeMap;

use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

/// What stands for what, longest text first where one begins another.
#[derive(Debug, Clone, Default)]
pub(super) struct Placeholders {
    /// `<registry>` and so on, with the text that it stands for.
    pub(super) known: BTreeMap<&'static str, String>,
}

impl Placeholders {
    /// `text` with each placeholder replaced; `None` if one is not known.
    pub(super) fn fill(&self, text: &str) -> Option<String> {
        let mut filled = text.to_owned();
        for (name, value) in &self.known {
            filled = filled.replace(name, value);
        }
        (!filled.contains('<')).then_some(filled)
    }

    /// `text` with placeholders for what differs from run to run. Digests are numbered over all
    /// texts that are given to one `Digests`.
    pub(super) fn abstracted(&self, text: &str, digests: &mut Digests) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.known {
            if !name.starts_with("<digest:signature") {
                text = text.replace(value, name);
            }
        }
        let mut result = String::new();
        let mut rest = text.as_str();
        while let Some(character) = rest.chars().next() {
            let (placeholder, length) = digests
                .digest(rest)
                .or_else(|| fingerprint(rest))
                .or_else(|| time(rest))
                .or_else(|| download(rest))
                .unwrap_or_else(|| (character.to_string(), character.len_utf8()));
            result.push_str(&placeholder);
            rest = &rest[length..];
        }
        result
    }
}

/// The digests of one case, in the order of their first appearance.
#[derive(Debug, Default)]
pub(super) struct Digests(Vec<String>);

impl Digests {
    fn digest(&mut self, text: &str) -> Option<(String, usize)> {
        let length = "sha256:".len() + 64;
        let digest = text.get(..length)?;
        if !digest.starts_with("sha256:") || !is_hex(&digest[7..]) {
            return None;
        }
        let known = self.0.iter().position(|known| known == digest);
        let number = known.unwrap_or_else(|| {
            self.0.push(digest.to_owned());
            self.0.len() - 1
        });
        let placeholder = match number {
            0 => "<digest:signature>".to_owned(),
            number => format!("<digest:signature-{}>", number + 1),
        };
        Some((placeholder, length))
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of a temporary file.
fn download(text: &str) -> Option<(String, usize)> {
    let start = "notation-plugin-download";
    let random = text.strip_prefix(start)?;
    let rest = random.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    let length = text.len() - rest.len();
    (random.len() > rest.len()).then(|| (format!("{start}<random>"), length))
}

fn fingerprint(text: &str) -> Option<(String, usize)> {
    is_hex(text.get(..64)?).then(|| ("<fingerprint>".to_owned(), 64))
}

fn time(text: &str) -> Option<(String, usize)> {
    let ansic = format_description!(
        "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
    );
    let go = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");
    let rfc1123z = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] +0000"
    );
    let is_in = |form| move |text: &str| PrimitiveDateTime::parse(text, form).is_ok();
    for (form, length, name) in [
        (ansic, 24, "<time:ansic>"),
        (go, 29, "<time:go>"),
        (rfc1123z, 31, "<time:rfc1123z>"),
    ] {
        if text.get(..length).is_some_and(is_in(form)) {
            return Some((name.to_owned(), length));
        }
    }
    let is_rfc1123z = |text: &str| OffsetDateTime::parse(text, &Rfc2822).is_ok();
    if text.get(..31).is_some_and(is_rfc1123z) {
        return Some(("<time:rfc1123z>".to_owned(), 31));
    }
    let is_rfc3339 = |text: &str| OffsetDateTime::parse(text, &Rfc3339).is_ok();
    let is_rfc3339 = text.get(..20).is_some_and(is_rfc3339);
    is_rfc3339.then(|| ("<time:rfc3339>".to_owned(), 20))
}
