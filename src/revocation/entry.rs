//! Entries of a CRL, and what they add up to (RFC 5280 section 5.3).

use der::asn1::{GeneralizedTime, ObjectIdentifier};
use der::{AnyRef, Decode as _, Reader, Tag, Tagged as _};
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::CrlReason;

use super::validity::check_unique;
use super::{Error, RevocationReason};
use crate::x509::decode_bounded;
use crate::x509::rfc5280::{read_time, time_of};

const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
pub(super) const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");

/// An entry whose details are not read yet.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The serial number's two's complement bytes.
    pub(super) serial_number: &'a [u8],
    revoked_at: OffsetDateTime,
    /// The extensions in DER, if there are any.
    extensions: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    pub(super) fn read<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        reader.sequence(|fields| {
            let serial_number = AnyRef::decode(fields)?;
            serial_number.tag().assert_eq(Tag::Integer)?;
            let revoked_at = read_time(fields)?;
            let extensions = if fields.is_finished() {
                None
            } else {
                Some(fields.tlv_bytes()?)
            };
            Ok(Self {
                serial_number: serial_number.value(),
                revoked_at,
                extensions,
            })
        })
    }

    /// Reads the extensions, all of whose critical ones must be known.
    pub(super) fn details(&self) -> Result<Details, Error> {
        let extensions = match self.extensions {
            None => Vec::new(),
            Some(der) => decode_bounded::<Vec<Extension>>(der)
                .map_err(|error| Error::of_der("an entry's extensions", error))?,
        };
        check_unique(&extensions)?;
        let mut details = Details {
            revoked_at: self.revoked_at,
            reason: RevocationReason::Unspecified,
            invalid_since: None,
        };
        for extension in &extensions {
            let malformed = |_| Error::MalformedExtension {
                oid: extension.extn_id.to_string(),
            };
            let value = extension.extn_value.as_bytes();
            match extension.extn_id {
                REASON_CODE => {
                    let reason = CrlReason::from_der(value).map_err(malformed)?;
                    details.reason = RevocationReason::from_code(reason);
                }
                INVALIDITY_DATE => {
                    details.invalid_since = Some(read_invalidity_date(value).map_err(malformed)?);
                }
                _ if extension.critical => {
                    return Err(Error::CriticalExtension {
                        oid: extension.extn_id.to_string(),
                    });
                }
                _ => {}
            }
        }
        Ok(details)
    }
}

pub(super) fn read_invalidity_date(der: &[u8]) -> der::Result<OffsetDateTime> {
    let time = GeneralizedTime::from_der(der)?.to_unix_duration();
    time_of(time).ok_or_else(|| Tag::GeneralizedTime.value_error())
}

/// Whether a signature at `signing_time` is older than what made the certificate invalid. Equal times
/// are not: what was signed in that very second is not known to be good.
pub(super) fn was_signed_before(
    invalid_since: Option<OffsetDateTime>,
    signing_time: Option<OffsetDateTime>,
) -> bool {
    matches!((signing_time, invalid_since), (Some(signed), Some(invalid)) if signed < invalid)
}

/// What one entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) revoked_at: OffsetDateTime,
    pub(super) reason: RevocationReason,
    /// Since when the certificate is not to be believed; may be before `revoked_at`.
    pub(super) invalid_since: Option<OffsetDateTime>,
}

/// What all entries for one certificate say together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CertificateEntries {
    /// The first entry that cannot be taken back.
    permanent: Option<Details>,
    /// The last entry that puts the certificate on hold or takes it off.
    temporary: Option<Details>,
}

impl CertificateEntries {
    /// Adds an entry. One whose invalidity date is after the authentic signing time does not count.
    pub(super) fn add(&mut self, entry: &Details, signing_time: Option<OffsetDateTime>) {
        if was_signed_before(entry.invalid_since, signing_time) {
            return;
        }
        match entry.reason {
            RevocationReason::CertificateHold | RevocationReason::RemoveFromCrl => {
                // Of two entries of one time the hold counts.
                let is_later = self.temporary.as_ref().is_none_or(|last| {
                    entry.revoked_at > last.revoked_at
                        || (entry.revoked_at == last.revoked_at
                            && entry.reason == RevocationReason::CertificateHold)
                });
                if is_later {
                    self.temporary = Some(entry.clone());
                }
            }
            _ => {
                self.permanent.get_or_insert_with(|| entry.clone());
            }
        }
    }

    /// The entry that revokes the certificate.
    pub(super) fn revocation(&self) -> Option<&Details> {
        let hold = self
            .temporary
            .as_ref()
            .filter(|last| last.reason == RevocationReason::CertificateHold);
        self.permanent.as_ref().or(hold)
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.revocation().is_some()
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const REVOKED_AT: OffsetDateTime = datetime!(2024-06-01 00:00 UTC);

    fn entry(reason: RevocationReason, days_later: i64) -> Details {
        Details {
            revoked_at: REVOKED_AT + Duration::days(days_later),
            reason,
            invalid_since: None,
        }
    }

    /// The reason for which entries, in this order, revoke the certificate.
    fn revoked_for(entries: &[(RevocationReason, i64)]) -> Option<RevocationReason> {
        let mut listed = CertificateEntries::default();
        for (reason, days_later) in entries {
            listed.add(&entry(*reason, *days_later), None);
        }
        listed.revocation().map(|entry| entry.reason)
    }

    #[test]
    fn a_hold_ends_with_a_later_removal_and_a_revocation_never() {
        use RevocationReason::{
            CertificateHold as Hold, KeyCompromise as Compromise, RemoveFromCrl as Remove,
            Superseded,
        };
        for (entries, wanted) in [
            (&[][..], None),
            (&[(Hold, 0)], Some(Hold)),
            (&[(Hold, 0), (Remove, 1)], None),
            // The times count, not the order in the lists.
            (&[(Remove, 1), (Hold, 0)], None),
            (&[(Remove, 0), (Hold, 1)], Some(Hold)),
            (&[(Hold, 0), (Remove, 0)], Some(Hold)),
            (&[(Remove, 0), (Hold, 0)], Some(Hold)),
            (&[(Hold, 0), (Remove, 1), (Hold, 2)], Some(Hold)),
            (&[(Remove, 0)], None),
            (&[(Compromise, 0), (Remove, 1)], Some(Compromise)),
            (&[(Hold, 0), (Superseded, 1)], Some(Superseded)),
            (&[(Superseded, 0), (Compromise, 1)], Some(Superseded)),
        ] {
            assert_eq!(revoked_for(entries), wanted, "{entries:?}");
        }
    }

    #[test]
    fn an_entry_of_what_became_invalid_after_signing_does_not_count() {
        let invalid_since = datetime!(2024-03-01 00:00 UTC);
        let is_revoked = |signing_time, more: Option<Details>| {
            let mut listed = CertificateEntries::default();
            let invalid = Details {
                invalid_since: Some(invalid_since),
                ..entry(RevocationReason::KeyCompromise, 0)
            };
            listed.add(&invalid, signing_time);
            if let Some(entry) = more {
                listed.add(&entry, signing_time);
            }
            listed.is_revoked()
        };
        assert!(is_revoked(None, None));
        assert!(is_revoked(Some(invalid_since), None));
        assert!(!is_revoked(Some(invalid_since - Duration::SECOND), None));
        // Another entry, of a delta CRL for example, is judged by itself.
        assert!(is_revoked(
            Some(invalid_since - Duration::SECOND),
            Some(entry(RevocationReason::Superseded, 1))
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_entry_is_read_or_refused(bytes: Vec<u8>) {
            let mut reader = der::SliceReader::new(&bytes).unwrap();
            if let Ok(entry) = Entry::read(&mut reader) {
                let _ = entry.details();
            }
            let extensions = Entry { serial_number: &[1], revoked_at: REVOKED_AT, extensions: Some(&bytes) };
            let _ = extensions.details();
            let _ = read_invalidity_date(&bytes);
        }
    }
}
