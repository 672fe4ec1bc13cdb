//! Durations as Go writes them, and notation takes them: `24h`, `1h30m`, `1.5h`.

/// Nanoseconds, within 64 bits as in Go.
///
/// # Errors
///
/// What is wrong with it, in Go's words.
pub(crate) fn parse(text: &str) -> Result<i128, String> {
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
