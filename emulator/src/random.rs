//! Identifiers and secrets, from the cryptographic library's generator.

use std::fmt::Write as _;

#[expect(
    clippy::expect_used,
    reason = "aws-lc's generator does not fail on a supported platform, and nothing works without it"
)]
fn fill(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the system's random generator works");
}

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// `count` random bytes in lower-case hexadecimal.
pub(crate) fn hex(count: usize) -> String {
    let mut bytes = vec![0; count];
    fill(&mut bytes);
    to_hex(&bytes)
}

/// A random UUID of version 4.
pub(crate) fn uuid() -> String {
    let digits = hex(16);
    let mut text = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(match index {
            12 => '4',
            // The variant: 8, 9, a or b.
            16 => match digit {
                '0'..='3' => '8',
                '4'..='7' => '9',
                '8' | '9' | 'a' | 'b' => 'a',
                _ => 'b',
            },
            _ => digit,
        });
    }
    text
}

/// `count` characters of `alphabet`.
fn from_alphabet(alphabet: &[u8], count: usize) -> String {
    let mut bytes = vec![0; count];
    fill(&mut bytes);
    bytes
        .iter()
        .filter_map(|byte| alphabet.get(usize::from(*byte) % alphabet.len()))
        .map(|byte| char::from(*byte))
        .collect()
}

/// `count` letters and digits, as in a profile version.
pub(crate) fn alphanumeric(count: usize) -> String {
    from_alphabet(
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        count,
    )
}

/// An AWS unique identifier: a four-letter prefix (`AKIA`, `ASIA`, `AROA`, `AIDA`) and 16 capitals and digits.
pub(crate) fn aws_id(prefix: &str) -> String {
    format!(
        "{prefix}{}",
        from_alphabet(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
    )
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
