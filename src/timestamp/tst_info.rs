//! `TSTInfo` (RFC 3161 section 2.4.2): what a timestamping authority says.
//!
//! Input: DER. Output: the time with its accuracy, and what it is for. Fractional seconds are read,
//! which the crate `x509-tsp` does not. Extensions (critical ones too), ordering, serial number and
//! the authority's own name decide nothing here, as in notation.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Reader, SliceReader, Tag, TagMode, TagNumber, Tagged as _};
use time::{Date, Duration, Month, OffsetDateTime, Time};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::Error;
use crate::algorithm::HashAlgorithm;

/// ETSI EN 319 421's baseline policy, which promises one second without saying so each time.
const BASELINE_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.2023.1.1");

/// Digits of the smallest fraction of a second that is read.
const NANOSECOND_DIGITS: usize = 9;

/// What a timestamping authority says.
#[derive(Debug)]
pub(super) struct TstInfo<'a> {
    /// The policy's identifier, encoded: its numbers may be larger than `ObjectIdentifier` holds.
    pub(super) policy: &'a [u8],
    pub(super) hash_algorithm: AlgorithmIdentifierOwned,
    pub(super) hashed_message: &'a [u8],
    pub(super) generated_at: OffsetDateTime,
    /// How far the true time may be from `generated_at`, to both sides.
    pub(super) accuracy: Duration,
    /// The nonce's two's complement bytes.
    pub(super) nonce: Option<&'a [u8]>,
}

impl<'a> TstInfo<'a> {
    /// Reads a `TSTInfo`, which must be all of `der`.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let malformed = |source| Error::MalformedTstInfo { source };
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let version = reader
            .sequence(|fields| {
                let version = u32::decode(fields)?;
                fields.read_slice(fields.remaining_len())?;
                Ok(version)
            })
            .map_err(malformed)?;
        if version != 1 {
            return Err(Error::Version {
                what: "TSTInfo",
                found: version,
                wanted: 1,
            });
        }
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let (mut info, stated) = reader
            .sequence(Self::fields)
            .and_then(|info| reader.finish(info))
            .map_err(malformed)?;
        info.accuracy = stated.unwrap_or_default();
        if info.accuracy.is_zero() && info.policy == BASELINE_POLICY.as_bytes() {
            info.accuracy = Duration::SECOND;
        }
        Ok(info)
    }

    fn fields<R: Reader<'a>>(fields: &mut R) -> der::Result<(Self, Option<Duration>)> {
        u32::decode(fields)?;
        let policy = AnyRef::decode(fields)?;
        policy.tag().assert_eq(Tag::ObjectIdentifier)?;
        let (hash_algorithm, hashed_message) = fields.sequence(|imprint| {
            Ok((
                AlgorithmIdentifierOwned::decode(imprint)?,
                OctetStringRef::decode(imprint)?.as_bytes(),
            ))
        })?;
        let serial_number = AnyRef::decode(fields)?;
        serial_number.tag().assert_eq(Tag::Integer)?;
        let time = AnyRef::decode(fields)?;
        time.tag().assert_eq(Tag::GeneralizedTime)?;
        let generated_at =
            generalized_time(time.value()).ok_or_else(|| Tag::GeneralizedTime.value_error())?;
        let accuracy = if next_is(fields, Tag::Sequence) {
            Some(fields.sequence(read_accuracy)?)
        } else {
            None
        };
        if next_is(fields, Tag::Boolean) {
            bool::decode(fields)?;
        }
        let nonce = if next_is(fields, Tag::Integer) {
            Some(AnyRef::decode(fields)?.value())
        } else {
            None
        };
        for number in [TagNumber::N0, TagNumber::N1] {
            let tag = Tag::ContextSpecific {
                constructed: true,
                number,
            };
            if next_is(fields, tag) {
                AnyRef::decode(fields)?;
            }
        }
        let info = Self {
            policy: policy.value(),
            hash_algorithm,
            hashed_message,
            generated_at,
            accuracy: Duration::ZERO,
            nonce,
        };
        Ok((info, accuracy))
    }

    /// Checks that the stamp is over `message`.
    pub(super) fn check_imprint(&self, message: &[u8]) -> Result<(), Error> {
        let algorithm = sha2(&self.hash_algorithm).ok_or_else(|| Error::HashAlgorithm {
            what: "message imprint",
            oid: self.hash_algorithm.oid.to_string(),
        })?;
        if algorithm.hash(message) == self.hashed_message {
            Ok(())
        } else {
            Err(Error::ImprintMismatch)
        }
    }
}

fn next_is<'a, R: Reader<'a>>(reader: &R, tag: Tag) -> bool {
    !reader.is_finished() && reader.peek_tag().is_ok_and(|found| found == tag)
}

fn read_accuracy<'a, R: Reader<'a>>(fields: &mut R) -> der::Result<Duration> {
    let seconds = Option::<u32>::decode(fields)?.unwrap_or_default();
    let mut thousandths = |number| -> der::Result<u16> {
        let value = fields
            .context_specific::<u16>(number, TagMode::Implicit)?
            .unwrap_or_default();
        if value > 999 {
            return Err(Tag::Integer.value_error());
        }
        Ok(value)
    };
    let millis = thousandths(TagNumber::N0)?;
    let micros = thousandths(TagNumber::N1)?;
    Ok(Duration::seconds(i64::from(seconds))
        + Duration::milliseconds(i64::from(millis))
        + Duration::microseconds(i64::from(micros)))
}

/// The hash algorithm of an identifier whose parameters are absent or NULL; `None` for any but
/// SHA-256, SHA-384 and SHA-512.
pub(super) fn sha2(algorithm: &AlgorithmIdentifierOwned) -> Option<HashAlgorithm> {
    if algorithm
        .parameters
        .as_ref()
        .is_some_and(|parameters| !parameters.is_null())
    {
        return None;
    }
    match algorithm.oid.to_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => Some(HashAlgorithm::Sha256),
        "2.16.840.1.101.3.4.2.2" => Some(HashAlgorithm::Sha384),
        "2.16.840.1.101.3.4.2.3" => Some(HashAlgorithm::Sha512),
        _ => None,
    }
}

/// A `GeneralizedTime` as RFC 3161 has it: `YYYYMMDDhhmmss[.s...]Z`, without trailing zeros in the
/// fraction. Digits below nanoseconds are cut off.
fn generalized_time(bytes: &[u8]) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        None => (text, ""),
        Some((_, fraction)) if fraction.is_empty() || fraction.ends_with('0') => return None,
        Some(parts) => parts,
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| whole.get(range)?.parse::<u8>().ok();
    let year = whole.get(..4)?.parse().ok()?;
    let month = Month::try_from(number(4..6)?).ok()?;
    let date = Date::from_calendar_date(year, month, number(6..8)?).ok()?;
    let nanoseconds = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(NANOSECOND_DIGITS)
        .collect::<String>()
        .parse()
        .ok()?;
    let time = Time::from_hms_nano(
        number(8..10)?,
        number(10..12)?,
        number(12..14)?,
        nanoseconds,
    );
    Some(date.with_time(time.ok()?).assume_utc())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_have_fractions_and_no_trailing_zeros() {
        let parse = |text: &str| generalized_time(text.as_bytes());
        assert_eq!(
            parse("20240621071205.884Z"),
            Some(datetime!(2024-06-21 07:12:05.884 UTC))
        );
        assert_eq!(
            parse("20240621071205.1234567899Z"),
            Some(datetime!(2024-06-21 07:12:05.123456789 UTC))
        );
        assert_eq!(
            parse("20240229235959Z"),
            Some(datetime!(2024-02-29 23:59:59 UTC))
        );
        for text in [
            "20240621071205.Z",
            "20240621071205.10Z",
            "20240621071205",
            "20240621071205+0000",
            "202406210712Z",
            "20230229000000Z",
            "20240621246060Z",
            "20240621071205,5Z",
            "2024062107120 Z",
            "20240621071205.5z",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, text: String) {
            let _ = TstInfo::parse(&bytes);
            let _ = generalized_time(text.as_bytes());
        }
    }
}
