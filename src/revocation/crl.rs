//! Certificate revocation lists (RFC 5280 sections 5 and 6.3), whole and of changes.
//!
//! Input: the CRLs of one location. Output: what they say about one certificate. A list is read
//! entry by entry without keeping them, because lists of a million entries exist.

use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{Decode as _, Reader, SliceReader, Tag, TagNumber};
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::IssuingDistributionPoint;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::Error;
use super::entry::{CertificateEntries, Entry};
use super::validity::{check_unique, check_validity};
use crate::x509::rfc5280::read_time;
use crate::x509::{
    Certificate, DerError, DistributionPoint, decode_bounded, parse_distribution_points, uris,
};

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const DELTA_CRL_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
const FRESHEST_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");

/// A CRL that was read; its signature is not verified yet.
#[derive(Debug)]
pub(super) struct Crl<'a> {
    tbs: &'a [u8],
    algorithm: AlgorithmIdentifierOwned,
    signature: &'a [u8],
    issuer: &'a [u8],
    pub(super) this_update: OffsetDateTime,
    pub(super) next_update: Option<OffsetDateTime>,
    /// The entries, one after the other.
    entries: &'a [u8],
    extensions: Vec<Extension>,
}

impl<'a> Crl<'a> {
    /// Reads a CRL, which must be all of `der`.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let malformed = |source| Error::Malformed {
            what: "a CRL",
            source,
        };
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let (tbs, algorithm, signature) = reader
            .sequence(|fields| {
                let tbs = fields.tlv_bytes()?;
                let algorithm = AlgorithmIdentifierOwned::decode(fields)?;
                let signature = BitStringRef::decode(fields)?;
                Ok((tbs, algorithm, signature))
            })
            .and_then(|parts| reader.finish(parts))
            .map_err(malformed)?;
        let signature = signature
            .as_bytes()
            .ok_or_else(|| malformed(Tag::BitString.value_error()))?;
        let mut reader = SliceReader::new(tbs).map_err(malformed)?;
        let (inner, extensions, mut crl) = reader
            .sequence(|fields| {
                if fields.peek_tag()? == Tag::Integer && u8::decode(fields)? != 1 {
                    return Err(Tag::Integer.value_error());
                }
                let inner = AlgorithmIdentifierOwned::decode(fields)?;
                let issuer = fields.tlv_bytes()?;
                let this_update = read_time(fields)?;
                let is_next = |fields: &mut _, tags: &[Tag]| next_is(fields, tags);
                let next_update = if is_next(fields, &[Tag::UtcTime, Tag::GeneralizedTime]) {
                    Some(read_time(fields)?)
                } else {
                    None
                };
                let entries = if is_next(fields, &[Tag::Sequence]) {
                    let all = der::AnyRef::decode(fields)?;
                    all.value()
                } else {
                    &[]
                };
                let extensions = read_extensions(fields)?;
                Ok((
                    inner,
                    extensions,
                    Self {
                        tbs,
                        algorithm,
                        signature,
                        issuer,
                        this_update,
                        next_update,
                        entries,
                        extensions: Vec::new(),
                    },
                ))
            })
            .map_err(malformed)?;
        if inner != crl.algorithm {
            return Err(Error::AlgorithmsDiffer);
        }
        if let Some(der) = extensions {
            crl.extensions = decode_bounded(der)
                .map_err(|error| Error::of_der("the extensions of a CRL", error))?;
        }
        check_unique(&crl.extensions)?;
        Ok(crl)
    }

    /// Where its delta CRLs are; `None` if it does not say.
    pub(super) fn freshest_crl(&self) -> Result<Option<Vec<DistributionPoint>>, Error> {
        self.read_extension(FRESHEST_CRL, parse_distribution_points)
    }

    fn number(&self) -> Result<Option<Number>, Error> {
        self.read_extension(CRL_NUMBER, Number::read)
    }

    fn base_number(&self) -> Result<Option<Number>, Error> {
        self.read_extension(DELTA_CRL_INDICATOR, Number::read)
    }

    fn extension(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.extensions
            .iter()
            .find(|extension| extension.extn_id == oid)
    }

    fn read_extension<T>(
        &self,
        oid: ObjectIdentifier,
        read: impl FnOnce(&[u8]) -> Result<T, DerError>,
    ) -> Result<Option<T>, Error> {
        self.extension(oid)
            .map(|extension| read(extension.extn_value.as_bytes()))
            .transpose()
            .map_err(|_| Error::MalformedExtension {
                oid: oid.to_string(),
            })
    }

    /// Steps (a), (f) and (g) of RFC 5280 section 6.3.3, for a base or a delta CRL.
    pub(super) fn verify(&self, issuer: &Certificate, now: OffsetDateTime) -> Result<(), Error> {
        let subject = || issuer.subject().to_string();
        if self.issuer != issuer.subject_der() {
            return Err(Error::IssuerMismatch { subject: subject() });
        }
        if !issuer.may_sign_crls() {
            return Err(Error::IssuerMayNotSign { subject: subject() });
        }
        issuer
            .verify_signature(&self.algorithm, self.tbs, self.signature)
            .map_err(|source| Error::Signature {
                subject: subject(),
                source: Box::new(source),
            })?;
        check_validity(self.this_update, self.next_update, now)?;
        let supported = [ISSUING_DISTRIBUTION_POINT, DELTA_CRL_INDICATOR];
        match self
            .extensions
            .iter()
            .find(|extension| extension.critical && !supported.contains(&extension.extn_id))
        {
            Some(extension) => Err(Error::CriticalExtension {
                oid: extension.extn_id.to_string(),
            }),
            None => Ok(()),
        }
    }

    /// What the issuing distribution point leaves out; every flag of it is honoured.
    fn scope(&self) -> Result<Option<IssuingDistributionPoint>, Error> {
        self.read_extension(ISSUING_DISTRIBUTION_POINT, |der| {
            decode_bounded::<IssuingDistributionPoint>(der)
        })
    }
}

/// What a CRL says about itself. Nothing of it is verified: for people, never for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlSummary {
    /// As of when it holds.
    pub this_update: OffsetDateTime,
    /// Until when it holds.
    pub next_update: Option<OffsetDateTime>,
    /// Whether it has changes only.
    pub is_delta: bool,
    /// Where its delta CRLs are, of any scheme.
    pub delta_urls: Vec<String>,
}

impl CrlSummary {
    /// Reads a CRL in DER.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] or [`Error::MalformedExtension`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        let crl = Crl::parse(der)?;
        let points = crl.freshest_crl()?.unwrap_or_default();
        Ok(Self {
            this_update: crl.this_update,
            next_update: crl.next_update,
            is_delta: crl.base_number()?.is_some(),
            delta_urls: points.into_iter().flat_map(|point| point.uris).collect(),
        })
    }
}

/// A CRL and its delta CRL that were verified together; only [`Verified::new`] makes one.
#[derive(Debug)]
pub(super) struct Verified<'a> {
    base: Crl<'a>,
    delta: Option<Crl<'a>>,
}

impl<'a> Verified<'a> {
    /// Verifies `base`, with `delta` if the base names one, as `issuer`'s CRLs at `now`.
    pub(super) fn new(
        base: Crl<'a>,
        delta: Option<Crl<'a>>,
        issuer: &Certificate,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        base.verify(issuer, now)?;
        if base.base_number()?.is_some() {
            return Err(Error::DeltaMismatch {
                found: "a delta CRL",
                wanted: "a whole one",
            });
        }
        match (&delta, base.freshest_crl()?) {
            (Some(delta), _) => check_delta(&base, delta, issuer, now)?,
            (None, None) => {}
            (None, Some(_)) => {
                return Err(Error::DeltaUnfit {
                    reason: "the base names one and none is there",
                });
            }
        }
        Ok(Self { base, delta })
    }

    pub(super) fn this_update(&self) -> OffsetDateTime {
        self.delta
            .as_ref()
            .map_or(self.base.this_update, |delta| delta.this_update)
    }

    /// The earlier end of both.
    pub(super) fn next_update(&self) -> Option<OffsetDateTime> {
        let delta = self.delta.as_ref().and_then(|delta| delta.next_update);
        match (self.base.next_update, delta) {
            (Some(base), Some(delta)) => Some(base.min(delta)),
            (base, delta) => base.or(delta),
        }
    }

    /// What the CRLs, which come from `point` of `certificate`, say about it.
    pub(super) fn look_up(
        &self,
        certificate: &Certificate,
        point: &DistributionPoint,
        signing_time: Option<OffsetDateTime>,
    ) -> Result<CertificateEntries, Error> {
        let some_reasons = self.check_scope(certificate, point)?;
        if point.other_issuer {
            return Err(Error::OutOfScope {
                reason: "it is for another issuer's CRL",
            });
        }
        // Off-spec: a certificate that names a delta CRL which its base does not name is not checked
        // against it, as in notation; but neither is it then good.
        let only_here = certificate
            .freshest_crl()
            .map_err(|source| Error::Addresses {
                source: Box::new(source),
            })?;
        if only_here.is_some() && self.base.freshest_crl()?.is_none() {
            return Err(Error::DeltaOnlyInCertificate);
        }
        let mut listed = CertificateEntries::default();
        let delta = self.delta.iter().map(|delta| delta.entries);
        for entries in std::iter::once(self.base.entries).chain(delta) {
            let malformed = |source| Error::Malformed {
                what: "a list of revoked certificates",
                source,
            };
            let mut reader = SliceReader::new(entries).map_err(malformed)?;
            while !reader.is_finished() {
                let entry = Entry::read(&mut reader).map_err(malformed)?;
                if entry.serial_number == certificate.serial_number() {
                    listed.add(&entry.details()?, signing_time);
                }
            }
        }
        if listed.is_revoked() || !(some_reasons || point.some_reasons) {
            Ok(listed)
        } else {
            Err(Error::OutOfScope {
                reason: "it is for some reasons of revocation only",
            })
        }
    }

    /// Step (b)(2) of RFC 5280 section 6.3.3. Whether the CRL is for some reasons only.
    fn check_scope(
        &self,
        certificate: &Certificate,
        point: &DistributionPoint,
    ) -> Result<bool, Error> {
        let Some(scope) = self.base.scope()? else {
            return Ok(false);
        };
        let out_of_scope = |reason| Err(Error::OutOfScope { reason });
        if scope.indirect_crl {
            return out_of_scope("it is an indirect CRL, which is not supported");
        }
        if scope.only_contains_attribute_certs {
            return out_of_scope("it is for attribute certificates only");
        }
        if scope.only_contains_ca_certs && !certificate.is_ca() {
            return out_of_scope("it is for certificate authorities only");
        }
        if scope.only_contains_user_certs && certificate.is_ca() {
            return out_of_scope("it is for end entities only");
        }
        if let Some(name) = scope.distribution_point {
            let names = uris(name);
            if !names.iter().any(|name| point.uris.contains(name)) {
                return out_of_scope("it is for another distribution point");
            }
        }
        Ok(scope.only_some_reasons.is_some())
    }
}

/// Steps (c) of RFC 5280 section 6.3.3 and the rules of section 5.2.4.
fn check_delta(
    base: &Crl<'_>,
    delta: &Crl<'_>,
    issuer: &Certificate,
    now: OffsetDateTime,
) -> Result<(), Error> {
    delta.verify(issuer, now)?;
    let unfit = |reason| Error::DeltaUnfit { reason };
    let wanted_base = delta.base_number()?.ok_or(Error::DeltaMismatch {
        found: "a whole CRL",
        wanted: "a delta CRL",
    })?;
    let number = base.number()?;
    let number = number.ok_or_else(|| unfit("the base has no number"))?;
    let delta_number = delta.number()?;
    let delta_number = delta_number.ok_or_else(|| unfit("it has no number"))?;
    if delta_number <= number {
        return Err(unfit("its number is not above that of the base"));
    }
    if wanted_base > number {
        return Err(unfit("it is for a later base"));
    }
    let scope = |crl: &Crl<'_>| {
        crl.extension(ISSUING_DISTRIBUTION_POINT)
            .map(|extension| extension.extn_value.as_bytes().to_vec())
    };
    if scope(base) != scope(delta) {
        return Err(unfit("its scope is another"));
    }
    Ok(())
}

/// A CRL number: the length of the big-endian bytes without leading zeros, then the bytes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number(usize, Vec<u8>);

impl Number {
    fn read(der: &[u8]) -> Result<Self, DerError> {
        let number = der::asn1::UintRef::from_der(der)?;
        Ok(Self(number.as_bytes().len(), number.as_bytes().to_vec()))
    }
}

/// The bytes in `[0] EXPLICIT Extensions OPTIONAL`.
fn read_extensions<'a, R: Reader<'a>>(fields: &mut R) -> der::Result<Option<&'a [u8]>> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber::N0,
    };
    if !next_is(fields, &[tag]) {
        return Ok(None);
    }
    der::AnyRef::decode(fields).map(|tagged| Some(tagged.value()))
}

fn next_is<'a, R: Reader<'a>>(fields: &R, tags: &[Tag]) -> bool {
    !fields.is_finished() && fields.peek_tag().is_ok_and(|tag| tags.contains(&tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let number = |der: &[u8]| Number::read(der).unwrap();
        let ordered = [
            number(&[2, 1, 0]),
            number(&[2, 1, 5]),
            number(&[2, 1, 0x7f]),
            number(&[2, 2, 0, 0x80]),
            number(&[2, 2, 0, 0xff]),
            number(&[2, 2, 1, 0]),
        ];
        assert!(ordered.is_sorted_by(|a, b| a < b), "{ordered:?}");
        assert!(Number::read(&[2, 1, 0xff]).is_err(), "negative");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = CrlSummary::parse(&bytes);
        }
    }
}
