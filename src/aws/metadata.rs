//! What the metadata of an instance answers, as far as the SDK ends with a panic where it is not as it should be.

use ::http::{HeaderMap, HeaderValue};

/// The time of a token, in seconds.
const TOKEN_TIME: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// The longest that EC2 gives.
const LONGEST_TOKEN_TIME: HeaderValue = HeaderValue::from_static("21600");

/// Where the name of the instance's role is, which the SDK makes a part of the next URL.
const ROLE: &str = "/latest/meta-data/iam/security-credentials/";

/// The time of a token in `headers`, no longer than EC2 gives: the SDK adds it to the time now.
pub(super) fn limit_token_time(headers: &mut HeaderMap) {
    let is_too_long = |value: &HeaderValue| {
        let seconds = value
            .to_str()
            .ok()
            .and_then(|text| text.parse::<u64>().ok());
        seconds.is_some_and(|seconds| seconds > 21_600)
    };
    if headers.get(TOKEN_TIME).is_some_and(is_too_long) {
        headers.insert(TOKEN_TIME, LONGEST_TOKEN_TIME);
    }
}

/// Whether this answer to a request for `path` is the name of a role that cannot be one.
pub(super) fn is_no_role(path: &str, body: &[u8]) -> bool {
    path.ends_with(ROLE) && !body.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_no_longer_than_ec2_gives() {
        for (said, taken) in [("60", "60"), ("18446744073709551615", "21600"), ("x", "x")] {
            let mut headers = HeaderMap::new();
            headers.insert(TOKEN_TIME, HeaderValue::from_static(said));
            limit_token_time(&mut headers);
            assert_eq!(headers.get(TOKEN_TIME).unwrap(), taken);
        }
    }

    #[test]
    fn a_role_has_a_name_of_one_word() {
        for (name, is_role) in [
            (&b"ci-role_1"[..], true),
            (b"a\nb", false),
            (b"a b", false),
            (b"\xff", false),
        ] {
            assert_eq!(is_no_role(ROLE, name), !is_role);
            assert!(!is_no_role(&format!("{ROLE}x"), name));
        }
    }
}
