//! Rules of RFC 5280 that certificates, CRLs and OCSP answers share.

use der::{Decode as _, Reader, Tag};
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::time::Time;

/// The first extension whose type occurred before; no type may occur twice (section 4.2).
pub(crate) fn repeated(extensions: &[Extension]) -> Option<&Extension> {
    let mut seen = std::collections::HashSet::new();
    extensions
        .iter()
        .find(|extension| !seen.insert(extension.extn_id))
}

/// The time so long after 1970; `None` past the end of the calendar.
pub(crate) fn time_of(since_1970: std::time::Duration) -> Option<OffsetDateTime> {
    let seconds = i64::try_from(since_1970.as_secs()).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// Reads a `Time` (section 4.1.2.5).
///
/// # Errors
///
/// As the decoder; a time past the end of the calendar is a wrong value.
pub(crate) fn read_time<'a, R: Reader<'a>>(fields: &mut R) -> der::Result<OffsetDateTime> {
    let time = Time::decode(fields)?.to_unix_duration();
    time_of(time).ok_or_else(|| Tag::GeneralizedTime.value_error())
}
