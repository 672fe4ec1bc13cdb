//! What is the same for OCSP answers and CRLs: how long they hold, and that no extension occurs twice.

use time::OffsetDateTime;
use x509_cert::ext::Extension;

use super::Error;
use crate::limits::CLOCK_SKEW;
use crate::x509::rfc5280::repeated;

/// Checks that an answer holds at `now`. One that does not say until when holds not at all, as in
/// notation; one from the future is refused, with some room for clocks.
pub(super) fn check_validity(
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<(), Error> {
    if this_update - now > CLOCK_SKEW {
        return Err(Error::NotYetValid { this_update });
    }
    match next_update {
        None => Err(Error::NoNextUpdate),
        Some(next_update) if next_update < now => Err(Error::Expired { next_update }),
        Some(_) => Ok(()),
    }
}

/// RFC 5280 section 4.2: no extension twice.
pub(super) fn check_unique(extensions: &[Extension]) -> Result<(), Error> {
    match repeated(extensions) {
        Some(extension) => Err(Error::MalformedExtension {
            oid: extension.extn_id.to_string(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_answer_holds_from_this_update_to_next_update() {
        let now = datetime!(2026-01-01 00:00 UTC);
        let skew = Duration::try_from(CLOCK_SKEW).unwrap();
        let second = Duration::SECOND;
        assert!(check_validity(now, Some(now), now).is_ok());
        assert!(check_validity(now + skew, Some(now), now).is_ok());
        assert!(matches!(
            check_validity(now + skew + second, Some(now), now),
            Err(Error::NotYetValid { .. })
        ));
        assert!(matches!(
            check_validity(now, Some(now - second), now),
            Err(Error::Expired { next_update }) if next_update == now - second
        ));
        assert!(matches!(
            check_validity(now, None, now),
            Err(Error::NoNextUpdate)
        ));
    }
}
