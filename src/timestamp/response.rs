//! `TimeStampResp` (RFC 3161 section 2.4.2): the status, and the token if it was granted.

use std::fmt::Write as _;

use der::asn1::{BitStringRef, Utf8StringRef};
use der::{Decode as _, Reader, SliceReader, Tag};

use super::{Error, ber};

use crate::limits;

/// `PKIStatus` by number.
const STATUS: [&str; 6] = [
    "granted",
    "grantedWithMods",
    "rejection",
    "waiting",
    "revocationWarning",
    "revocationNotification",
];

/// The bits of `PKIFailureInfo` that RFC 3161 has.
const FAILURES: [(usize, &str); 8] = [
    (0, "unrecognized or unsupported algorithm"),
    (2, "request not permitted or supported"),
    (5, "data submitted has the wrong format"),
    (14, "time source is not available"),
    (15, "requested policy is not supported"),
    (16, "requested extension is not supported"),
    (17, "additional information is not available"),
    (25, "system failure"),
];

/// The token in `response`, which must be one `TimeStampResp` in BER or DER that grants; in DER.
///
/// # Errors
///
/// [`Error::Refused`] if it does not grant, [`Error::TokenMissing`], and what makes it malformed.
pub fn parse_response(response: &[u8]) -> Result<Vec<u8>, Error> {
    let der = ber::to_der(response)?;
    let malformed = |source| Error::MalformedResponse { source };
    let mut reader = SliceReader::new(&der).map_err(malformed)?;
    let (status, token) = reader
        .sequence(|fields| {
            let status = fields.sequence(Status::read)?;
            let token = if fields.is_finished() {
                None
            } else {
                Some(fields.tlv_bytes()?.to_vec())
            };
            Ok((status, token))
        })
        .and_then(|parts| reader.finish(parts))
        .map_err(malformed)?;
    if status.number > 1 {
        return Err(Error::Refused {
            status: usize::try_from(status.number)
                .ok()
                .and_then(|number| STATUS.get(number).copied())
                .map_or_else(|| status.number.to_string(), str::to_owned),
            reason: status.reason,
        });
    }
    token.ok_or(Error::TokenMissing)
}

struct Status {
    number: u32,
    /// Failure information and text, as `: ...`; empty without.
    reason: String,
}

impl Status {
    fn read<'a, R: Reader<'a>>(fields: &mut R) -> der::Result<Self> {
        let number = u32::decode(fields)?;
        let mut reason = String::new();
        let mut texts = String::new();
        if !fields.is_finished() && fields.peek_tag()? == Tag::Sequence {
            fields.sequence(|strings| {
                while !strings.is_finished() {
                    let text = Utf8StringRef::decode(strings)?;
                    let room = limits::MAX_STATUS_TEXT_CHARS.saturating_sub(texts.chars().count());
                    texts.extend(text.as_str().chars().filter(|c| !c.is_control()).take(room));
                }
                Ok(())
            })?;
        }
        if !fields.is_finished() {
            let bits = BitStringRef::decode(fields)?;
            for (bit, failure) in FAILURES {
                if bits.bits().nth(bit) == Some(true) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(reason, ": {failure}");
                }
            }
        }
        if !texts.is_empty() {
            let _ = write!(reason, ": `{texts}`");
        }
        Ok(Self { number, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_why() {
        let error = |bytes: &[u8]| parse_response(bytes).unwrap_err();
        let refused = error(&[0x30, 0x07, 0x30, 0x05, 0x02, 0x01, 0x02, 0x30, 0x00]);
        assert_eq!(
            refused.to_string(),
            "the timestamping authority refused: status rejection"
        );
        // With the text `a`, a control character and `b`, and the bits 0 and 25.
        let refused = error(&[
            0x30, 0x12, 0x30, 0x10, 0x02, 0x01, 0x09, 0x30, 0x05, 0x0c, 0x03, b'a', 7, b'b', 0x03,
            0x04, 0x06, 0x80, 0x00, 0x00,
        ]);
        assert_eq!(
            refused.to_string(),
            "the timestamping authority refused: status 9: unrecognized or unsupported \
             algorithm: `ab`"
        );
        let missing = error(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x01]);
        assert!(matches!(missing, Error::TokenMissing), "{missing}");
        let negative = error(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0xff]);
        assert!(
            matches!(negative, Error::MalformedResponse { .. }),
            "{negative}"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = parse_response(&bytes);
        }
    }
}
