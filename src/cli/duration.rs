//! Durations as Go writes them, which notation's `--expiry` takes: `24h`, `1h30m`, `1.5h`. Our own
//! flags take the same.

use std::time::Duration;

/// Parses the value of `--expiry`; `None` for no expiry, which `0s` is.
///
/// # Errors
///
/// A sentence in notation's words.
pub(super) fn parse_expiry(text: &str) -> Result<Option<Duration>, String> {
    let duration = parse_seconds("-e, --expiry", "expiry duration", text)?;
    Ok(Some(duration).filter(|duration| !duration.is_zero()))
}

/// Parses the value of `flag`, whole seconds, which is called `name` in sentences.
///
/// # Errors
///
/// A sentence in notation's words.
pub(super) fn parse_seconds(flag: &str, name: &str, text: &str) -> Result<Duration, String> {
    let nanoseconds = parse(text).map_err(|problem| {
        format!("invalid argument \"{text}\" for \"{flag}\" flag: time: {problem}")
    })?;
    if nanoseconds < 0 {
        return Err(format!("{name} cannot be a negative value"));
    }
    let seconds = nanoseconds / 1_000_000_000;
    if seconds * 1_000_000_000 != nanoseconds {
        return Err(format!("{name} supports minimum granularity of seconds"));
    }
    Ok(Duration::from_secs(
        u64::try_from(seconds).unwrap_or_default(),
    ))
}

/// Parses the value of the flag `flag`: more than nothing, and at most `longest`.
///
/// # Errors
///
/// A sentence.
pub(super) fn parse_span(flag: &str, text: &str, longest: Duration) -> Result<Duration, String> {
    let nanoseconds =
        parse(text).map_err(|problem| format!("invalid value `{text}` for `{flag}`: {problem}"))?;
    let span = u64::try_from(nanoseconds).map(Duration::from_nanos);
    match span {
        Ok(span) if !span.is_zero() && span <= longest => Ok(span),
        _ => Err(format!(
            "invalid value `{text}` for `{flag}`: must be greater than zero and at most {}h",
            longest.as_secs() / 3_600
        )),
    }
}

/// Nanoseconds, within 64 bits as in Go.
fn parse(text: &str) -> Result<i128, String> {
    let invalid = || format!("invalid duration \"{text}\"");
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale: i128 = match unit {
            "" => return Err(format!("missing unit in duration \"{text}\"")),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(format!("unknown unit \"{unit}\" in duration \"{text}\"")),
        };
        let number = |digits: &str| match digits {
            "" => Some(0),
            digits => digits
                .parse::<i128>()
                .ok()
                .filter(|n| *n <= i128::from(i64::MAX)),
        };
        let mut value = number(whole).ok_or_else(invalid)?.saturating_mul(scale);
        let mut place = scale;
        for digit in fraction.bytes() {
            place /= 10;
            value = value.saturating_add(i128::from(digit - b'0').saturating_mul(place));
        }
        total = total.saturating_add(value);
        rest = after;
    }
    if total > i128::from(i64::MAX) {
        return Err(invalid());
    }
    Ok(if negative { -total } else { total })
}

fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, seconds) in [
            ("24h", 86_400),
            ("1h30m", 5_400),
            ("90m", 5_400),
            ("1s", 1),
            ("1.5h", 5_400),
            (".5m", 30),
            ("+1s", 1),
            ("1000ms", 1),
            ("1000000h", 3_600_000_000),
        ] {
            let wanted = Some(Duration::from_secs(seconds));
            assert_eq!(parse_expiry(text).unwrap(), wanted, "{text}");
        }
        for text in ["0", "0s", "-0s"] {
            assert_eq!(parse_expiry(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn others_are_refused_in_notations_words() {
        let flag = |text: &str, problem: &str| {
            format!("invalid argument \"{text}\" for \"-e, --expiry\" flag: time: {problem}")
        };
        for (text, sentence) in [
            (
                "-1h",
                "expiry duration cannot be a negative value".to_owned(),
            ),
            (
                "1ms",
                "expiry duration supports minimum granularity of seconds".to_owned(),
            ),
            (
                "1500ms",
                "expiry duration supports minimum granularity of seconds".to_owned(),
            ),
            ("24", flag("24", "missing unit in duration \"24\"")),
            ("abc", flag("abc", "invalid duration \"abc\"")),
            ("", flag("", "invalid duration \"\"")),
            ("1d", flag("1d", "unknown unit \"d\" in duration \"1d\"")),
            (
                "99999999h",
                flag("99999999h", "invalid duration \"99999999h\""),
            ),
            (
                "9223372036854775807s",
                flag(
                    "9223372036854775807s",
                    "invalid duration \"9223372036854775807s\"",
                ),
            ),
        ] {
            assert_eq!(parse_expiry(text).unwrap_err(), sentence);
        }
    }

    #[test]
    fn a_span_is_more_than_nothing_and_bounded() {
        let longest = Duration::from_hours(24);
        let span = |text| parse_span("--x", text, longest);
        assert_eq!(span("24h"), Ok(longest));
        assert_eq!(span("1s"), Ok(Duration::from_secs(1)));
        for text in ["0", "-1s", "24h1ns", "9000h"] {
            assert_eq!(
                span(text).unwrap_err(),
                format!(
                    "invalid value `{text}` for `--x`: must be greater than zero and at most 24h"
                )
            );
        }
        assert_eq!(
            span("5").unwrap_err(),
            "invalid value `5` for `--x`: missing unit in duration \"5\""
        );
    }
}
