//! `GeneralizedTime` with a fraction of a second, which RFC 5652 does not have and AWS Signer writes.

use time::{Date, Month, OffsetDateTime, Time};

const GENERALIZED_TIME: u8 = 0x18;
/// Digits before the fraction.
const SECONDS: usize = 14;
/// Digits of a fraction that are read.
const NANOSECONDS: usize = 9;

/// The time in `der`; `None` if it is another element, or not a time in UTC. A fraction may end with zeros: it is signed,
/// so there is no second form of a signature, and it is not known whether AWS Signer leaves them out.
pub(super) fn parse(der: &[u8]) -> Option<OffsetDateTime> {
    let [tag, length, text @ ..] = der else {
        return None;
    };
    if *tag != GENERALIZED_TIME || usize::from(*length) != text.len() {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (seconds, fraction) = match text.split_once('.') {
        Some((seconds, fraction)) if (1..=NANOSECONDS).contains(&fraction.len()) => {
            (seconds, fraction)
        }
        Some(_) => return None,
        None => (text, "0"),
    };
    if seconds.len() != SECONDS || !is_digits(seconds) || !is_digits(fraction) {
        return None;
    }
    let number = |from: usize, to: usize| seconds.get(from..to)?.parse::<u8>().ok();
    let year = seconds.get(..4)?.parse().ok()?;
    let month = Month::try_from(number(4, 6)?).ok()?;
    let date = Date::from_calendar_date(year, month, number(6, 8)?).ok()?;
    let nanosecond = format!("{fraction:0<NANOSECONDS$}").parse().ok()?;
    let time = Time::from_hms_nano(number(8, 10)?, number(10, 12)?, number(12, 14)?, nanosecond);
    Some(date.with_time(time.ok()?).assume_utc())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn time(text: &str) -> Option<OffsetDateTime> {
        let length = u8::try_from(text.len()).unwrap();
        parse(&[&[0x18, length], text.as_bytes()].concat())
    }

    #[test]
    fn a_time_may_have_a_fraction() {
        for (text, wanted) in [
            (
                "20220211174524.338Z",
                datetime!(2022-02-11 17:45:24.338 UTC),
            ),
            ("20220211174524.34Z", datetime!(2022-02-11 17:45:24.34 UTC)),
            ("20220211174524.340Z", datetime!(2022-02-11 17:45:24.34 UTC)),
            ("20220211174524Z", datetime!(2022-02-11 17:45:24 UTC)),
            (
                "99991231235959.999999999Z",
                datetime!(9999-12-31 23:59:59.999999999 UTC),
            ),
        ] {
            assert_eq!(time(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_a_time() {
        for text in [
            "",
            "Z",
            "20220211174524",
            "20220211174524.Z",
            "20220211174524,338Z",
            "20220211174524.338+0000",
            "20220211174524.1234567890Z",
            "202202111745Z",
            "220211174524Z",
            "20220231174524Z",
            "20221311174524Z",
            "20220211244524Z",
            "20220211174560Z",
            "2022021117452 Z",
            "+2022021117452Z",
            "20220211174524.+38Z",
            "20220211174524.338Zz",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
        assert_eq!(parse(&[0x17, 13]), None);
        assert_eq!(parse(b"\x18\x0e20220211174524Z"), None);
    }
}
