//! Durations on the command line: notation's `--expiry`, and our own flags, which take the same.

use std::time::Duration;

use super::output::CommandOutput;
use crate::duration::parse;

/// Parses the value of `--expiry`; `None` for no expiry, which `0s` is.
///
/// # Errors
///
/// A report in notation's words.
pub(super) fn parse_expiry(text: &str) -> Result<Option<Duration>, CommandOutput> {
    let duration = parse_seconds("-e, --expiry", "expiry duration", text)?;
    Ok(Some(duration).filter(|duration| !duration.is_zero()))
}

/// Parses the value of `flag`, whole seconds, which is called `name` in sentences.
///
/// # Errors
///
/// A report in notation's words.
pub(super) fn parse_seconds(flag: &str, name: &str, text: &str) -> Result<Duration, CommandOutput> {
    let nanoseconds = parse(text).map_err(|problem| {
        unusable(&format!(
            "invalid argument \"{text}\" for \"{flag}\" flag: time: {problem}"
        ))
    })?;
    if nanoseconds < 0 {
        return Err(unusable(&format!("{name} cannot be a negative value")));
    }
    let seconds = nanoseconds / 1_000_000_000;
    if seconds * 1_000_000_000 != nanoseconds {
        return Err(unusable(&format!(
            "{name} supports minimum granularity of seconds"
        )));
    }
    Ok(Duration::from_secs(
        u64::try_from(seconds).unwrap_or_default(),
    ))
}

/// Parses the value of the flag `flag`: more than nothing, and at most `longest`.
///
/// # Errors
///
/// A report.
pub(super) fn parse_span(
    flag: &str,
    text: &str,
    longest: Duration,
) -> Result<Duration, CommandOutput> {
    let nanoseconds = parse(text)
        .map_err(|problem| unusable(&format!("invalid value `{text}` for `{flag}`: {problem}")))?;
    let span = u64::try_from(nanoseconds).map(Duration::from_nanos);
    match span {
        Ok(span) if !span.is_zero() && span <= longest => Ok(span),
        _ => Err(unusable(&format!(
            "invalid value `{text}` for `{flag}`: must be greater than zero and at most {}h",
            longest.as_secs() / 3_600
        ))),
    }
}

/// A value that is not a duration of ours, with the forms that are.
fn unusable(sentence: &str) -> CommandOutput {
    let hint = "write numbers with their units, such as `90s`, `30m` or `1h30m`; a day is `24h`, a year `8760h`";
    CommandOutput::usage(sentence, Some(hint.to_owned()))
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
            assert_eq!(parse_expiry(text).unwrap_err().sentence(), sentence);
        }
    }

    #[test]
    fn a_span_is_more_than_nothing_and_bounded() {
        let longest = Duration::from_hours(24);
        let span =
            |text| parse_span("--x", text, longest).map_err(|report| report.sentence().to_owned());
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
