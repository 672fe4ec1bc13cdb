//! How many values JSON has, before any of them is read: a tree takes many times the bytes of its text.

/// Counts the members and elements in `bytes`, whether they are JSON or not; other values are not counted.
pub(crate) fn count_values(bytes: &[u8]) -> usize {
    let mut values = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b',' | b'{' | b'[' => values = values.saturating_add(1),
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_an_array_or_object_counts() {
        for (text, count) in [
            ("", 0),
            ("1", 0),
            ("[1]", 1),
            ("[1,2,3]", 3),
            (r#"{"a":[{},[]],"b,{[":",\\\",["}"#, 6),
        ] {
            assert_eq!(count_values(text.as_bytes()), count, "{text}");
        }
    }
}
