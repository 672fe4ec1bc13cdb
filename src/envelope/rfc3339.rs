//! Times in JWS headers: RFC 3339 in the one form that every program reads alike.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Parses `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`: capital letters, a point, no second 60.
pub(super) fn parse(text: &str) -> Option<OffsetDateTime> {
    let date_and_time = text.get(..19)?;
    let form = date_and_time
        .bytes()
        .zip("0000-00-00T00:00:00".bytes())
        .all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        });
    // A leap second belongs to no second that certificates count.
    let leap_second = text.get(17..19)? == "60";
    let rest = text.get(19..)?;
    let offset = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let end = fraction.find(|c: char| !c.is_ascii_digit())?;
            if end == 0 {
                return None;
            }
            fraction.get(end..)?
        }
    };
    if !form || leap_second || !is_offset(offset) {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn is_offset(offset: &str) -> bool {
    let mut bytes = offset.bytes();
    match bytes.next() {
        Some(b'Z') => offset.len() == 1,
        Some(b'+' | b'-') => {
            let numbers = offset.get(1..3).zip(offset.get(4..6));
            let in_range = |text: &str, limit: u8| {
                text.bytes().all(|byte| byte.is_ascii_digit())
                    && text.parse::<u8>().is_ok_and(|number| number < limit)
            };
            offset.len() == 6
                && offset.get(3..4) == Some(":")
                && numbers
                    .is_some_and(|(hours, minutes)| in_range(hours, 24) && in_range(minutes, 60))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_one_form_is_read() {
        for (text, wanted) in [
            ("2024-01-02T03:04:05Z", datetime!(2024-01-02 03:04:05 UTC)),
            (
                "2024-01-02T03:04:05.678Z",
                datetime!(2024-01-02 03:04:05.678 UTC),
            ),
            (
                "2024-01-02T03:04:05-08:00",
                datetime!(2024-01-02 03:04:05 -8),
            ),
            (
                "2024-01-02T03:04:05-00:00",
                datetime!(2024-01-02 03:04:05 UTC),
            ),
            (
                "2024-02-29T23:59:59+23:59",
                datetime!(2024-02-29 23:59:59 +23:59),
            ),
        ] {
            assert_eq!(parse(text), Some(wanted), "{text}");
        }
        assert_eq!(
            parse("2024-01-02T03:04:05-08:00")
                .unwrap()
                .offset()
                .whole_hours(),
            -8
        );
    }

    #[test]
    fn every_other_form_is_refused() {
        for text in [
            "",
            "2024-01-02T03:04:05",
            "2024-01-02t03:04:05Z",
            "2024-01-02T03:04:05z",
            "2024-01-02 03:04:05Z",
            "2024-01-02T03:04:05,5Z",
            "2024-01-02T03:04:05.Z",
            "2024-01-02T03:04:05+0800",
            "2024-01-02T03:04:05+24:00",
            "2024-01-02T03:04:05+08:60",
            "2024-01-02T03:04:05+8:00",
            "2024-01-02T03:04:05++1:00",
            "2024-01-02T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2023-02-29T00:00:00Z",
            "2024-1-2T3:04:05Z",
            "10000-01-02T03:04:05Z",
            "2024-01-02T03:04:05Z ",
            "+024-01-02T03:04:05Z",
            "2024-01-02T03:04:0\u{665}Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0..253_402_300_799_i64) {
            let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            prop_assert_eq!(parse(&time.format(&Rfc3339).unwrap()), Some(time));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = parse(&text);
        }
    }
}
