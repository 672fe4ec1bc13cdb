//! The protected headers of both formats, and the one set of rules for them
//! (`signature-specification.md`, "Signed Attributes").

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;
use time::{OffsetDateTime, UtcOffset};

use super::Error;
use crate::algorithm::SignatureAlgorithm;
use crate::json;
use crate::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_SCHEME, SIGNING_TIME, VERIFICATION_PLUGIN,
    VERIFICATION_PLUGIN_MIN_VERSION,
};
use crate::notary::{EnvelopeFormat, SigningScheme};
use crate::signer_info::{ExtendedAttribute, LabelKind, SignedAttributes};

/// Names that RFC 7515 and RFC 7797 define for a JWS header. Nothing here processes them as critical,
/// and `b64` would change what is signed.
const JOSE_NAMES: [&str; 12] = [
    "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "b64",
];

/// Labels that RFC 9052 keeps for COSE itself; the specification forbids them among the critical.
const COSE_LABELS: std::ops::RangeInclusive<i64> = 0..=8;

/// The name of a header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Label {
    Text(String),
    Integer(i64),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
        }
    }
}

impl Label {
    /// The name for a message: a number with what it stands for.
    pub(super) fn describe(&self) -> String {
        let meaning = match self {
            Self::Integer(1) => "alg",
            Self::Integer(2) => "crit",
            Self::Integer(3) => "content type",
            Self::Integer(4) => "kid",
            Self::Integer(5) => "IV",
            Self::Integer(6) => "partial IV",
            Self::Integer(33) => "x5chain",
            other => return other.to_string(),
        };
        format!("{self} ({meaning})")
    }
}

/// The protected headers, typed and not yet judged.
#[derive(Debug)]
pub(super) struct Headers {
    pub(super) algorithm: SignatureAlgorithm,
    /// Empty without that header.
    pub(super) content_type: String,
    pub(super) critical: Vec<Label>,
    pub(super) signing_scheme: String,
    pub(super) signing_time: Option<OffsetDateTime>,
    pub(super) authentic_signing_time: Option<OffsetDateTime>,
    pub(super) expiry: Option<OffsetDateTime>,
    /// Every other header.
    pub(super) others: Vec<(Label, Value)>,
}

impl Headers {
    /// Checks the headers.
    pub(super) fn into_signed_attributes(
        mut self,
        format: EnvelopeFormat,
    ) -> Result<SignedAttributes, Error> {
        let signing_scheme = SigningScheme::from_name(&self.signing_scheme).ok_or_else(|| {
            Error::UnsupportedScheme {
                found: self.signing_scheme.clone(),
            }
        })?;
        let signing_time = self.signing_time(signing_scheme)?;
        if let Some(expiry) = self.expiry
            && expiry <= signing_time
        {
            return Err(Error::ExpiryNotAfterSigning {
                expiry,
                signing_time,
            });
        }
        self.check_critical(signing_scheme, format)?;
        let verification_plugin = self.take_plugin_attribute(VERIFICATION_PLUGIN)?;
        let verification_plugin_min_version =
            self.take_plugin_attribute(VERIFICATION_PLUGIN_MIN_VERSION)?;
        if let Some(version) = &verification_plugin_min_version {
            let header = VERIFICATION_PLUGIN_MIN_VERSION;
            if verification_plugin.is_none() {
                return Err(Error::VersionWithoutPlugin { header });
            }
            semver::Version::parse(version).map_err(|_| Error::NotAVersion {
                header,
                found: version.clone(),
            })?;
        }
        let critical: HashSet<Label> = self.critical.into_iter().collect();
        let extended = self
            .others
            .into_iter()
            .map(|(label, value)| ExtendedAttribute {
                name: label.to_string(),
                critical: critical.contains(&label),
                label: match label {
                    Label::Text(_) => LabelKind::Text,
                    Label::Integer(_) => LabelKind::Integer,
                },
                value,
            });
        Ok(SignedAttributes {
            content_type: self.content_type,
            signing_scheme,
            signing_time,
            expiry: self.expiry,
            verification_plugin,
            verification_plugin_min_version,
            extended: extended.collect(),
        })
    }

    /// The scheme's own signing time; the other scheme's must not be there.
    fn signing_time(&self, scheme: SigningScheme) -> Result<OffsetDateTime, Error> {
        let claimed = (SIGNING_TIME, self.signing_time);
        let authentic = (AUTHENTIC_SIGNING_TIME, self.authentic_signing_time);
        let ((header, wanted), (other, unwanted)) = match scheme {
            SigningScheme::X509 => (claimed, authentic),
            SigningScheme::SigningAuthority => (authentic, claimed),
        };
        if unwanted.is_some() {
            return Err(Error::NotOfScheme {
                header: other,
                scheme,
            });
        }
        let time = wanted.ok_or(Error::MissingHeader { header })?;
        Ok(time)
    }

    /// The list of critical headers: the ones that must be in it are, and every one in it is there
    /// and may be in it.
    fn check_critical(&self, scheme: SigningScheme, format: EnvelopeFormat) -> Result<(), Error> {
        if self.critical.is_empty() {
            return Err(Error::NoCritical);
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.critical.iter().find(|label| !seen.insert(*label)) {
            return Err(Error::CriticalTwice {
                header: twice.describe(),
            });
        }
        let mut required = vec![SIGNING_SCHEME];
        if scheme == SigningScheme::SigningAuthority {
            required.push(AUTHENTIC_SIGNING_TIME);
        }
        if self.expiry.is_some() {
            required.push(EXPIRY);
        }
        let there: HashSet<&Label> = self.others.iter().map(|(label, _)| label).collect();
        for header in &required {
            if !self.critical.contains(&Label::Text((*header).to_owned())) {
                return Err(Error::NotCritical { header });
            }
        }
        for label in &self.critical {
            let header = || label.describe();
            let may_not = match label {
                Label::Text(name) if required.contains(&name.as_str()) => continue,
                Label::Text(name) => {
                    name == SIGNING_TIME
                        || (format == EnvelopeFormat::Jws && JOSE_NAMES.contains(&name.as_str()))
                }
                Label::Integer(number) => COSE_LABELS.contains(number),
            };
            if may_not {
                return Err(Error::MayNotBeCritical { header: header() });
            }
            if !there.contains(label) {
                return Err(Error::CriticalMissing { header: header() });
            }
        }
        Ok(())
    }

    /// Removes an attribute that names the plugin: critical text that is not blank.
    fn take_plugin_attribute(&mut self, header: &'static str) -> Result<Option<String>, Error> {
        let label = Label::Text(header.to_owned());
        let Some(index) = self.others.iter().position(|(other, _)| *other == label) else {
            return Ok(None);
        };
        let (_, value) = self.others.remove(index);
        let Value::String(text) = value else {
            return Err(Error::WrongKind {
                header: header.to_owned(),
                found: json::kind(&value),
                wanted: "a string",
            });
        };
        if text.trim().is_empty() {
            return Err(Error::Blank { header });
        }
        if !self.critical.contains(&label) {
            return Err(Error::NotCritical { header });
        }
        Ok(Some(text))
    }
}

/// A time that any calendar in use has: from 1970 to 9999. What lies outside is a program's error
/// value, such as the year 1 of a time that was never set.
pub(super) fn check_range(header: &str, time: OffsetDateTime) -> Result<OffsetDateTime, Error> {
    // The hours of a place far west can be past the last ones of UTC, in which times are shown.
    if time < OffsetDateTime::UNIX_EPOCH || time.checked_to_offset(UtcOffset::UTC).is_none() {
        return Err(Error::TimeOutOfRange {
            header: header.to_owned(),
        });
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const TIME: OffsetDateTime = datetime!(2024-01-02 03:04:05 UTC);

    /// Headers of scheme `notary.x509`, with these extended attributes, all critical.
    fn headers(others: &[(&str, Value)]) -> Headers {
        let label = |name: &str| Label::Text(name.to_owned());
        let names = others.iter().map(|(name, _)| *name);
        Headers {
            algorithm: SignatureAlgorithm::Es256,
            content_type: String::new(),
            critical: std::iter::once(SIGNING_SCHEME)
                .chain(names)
                .map(label)
                .collect(),
            signing_scheme: "notary.x509".to_owned(),
            signing_time: Some(TIME),
            authentic_signing_time: None,
            expiry: None,
            others: others
                .iter()
                .map(|(name, value)| (label(name), value.clone()))
                .collect(),
        }
    }

    fn judge(headers: Headers) -> Result<SignedAttributes, String> {
        headers
            .into_signed_attributes(EnvelopeFormat::Jws)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn plugin_attributes_are_whole() {
        let plugin = (VERIFICATION_PLUGIN, json!("plugin"));
        let version = (VERIFICATION_PLUGIN_MIN_VERSION, json!("1.0.0-rc.1"));
        let attributes =
            judge(headers(&[plugin.clone(), version.clone(), ("x", json!(1))])).unwrap();
        assert_eq!(attributes.verification_plugin.as_deref(), Some("plugin"));
        assert_eq!(
            attributes.verification_plugin_min_version.as_deref(),
            Some("1.0.0-rc.1")
        );
        assert_eq!(attributes.extended.len(), 1);
        for (others, wanted) in [
            (
                vec![version],
                "header `io.cncf.notary.verificationPluginMinVersion` names a version and no plugin",
            ),
            (
                vec![(VERIFICATION_PLUGIN, json!(1))],
                "header `io.cncf.notary.verificationPlugin` is a number, wanted a string",
            ),
            (
                vec![(VERIFICATION_PLUGIN, json!(" \t"))],
                "header `io.cncf.notary.verificationPlugin` is blank",
            ),
            (
                vec![
                    plugin.clone(),
                    (VERIFICATION_PLUGIN_MIN_VERSION, json!("v1.0")),
                ],
                "header `io.cncf.notary.verificationPluginMinVersion` has `v1.0`, which is not a \
                 semantic version",
            ),
        ] {
            assert_eq!(judge(headers(&others)), Err(wanted.to_owned()));
        }
        let mut not_critical = headers(&[plugin]);
        not_critical.critical.truncate(1);
        assert_eq!(
            judge(not_critical),
            Err("header `io.cncf.notary.verificationPlugin` is not marked critical".to_owned())
        );
    }

    #[test]
    fn every_required_header_must_be_critical_and_every_critical_one_present() {
        let with_expiry = || Headers {
            expiry: Some(TIME + time::Duration::SECOND),
            ..headers(&[])
        };
        assert_eq!(
            judge(with_expiry()),
            Err("header `io.cncf.notary.expiry` is not marked critical".to_owned())
        );
        let mut critical = with_expiry();
        critical.critical.push(Label::Text(EXPIRY.to_owned()));
        assert_eq!(
            judge(critical).unwrap().expiry,
            Some(TIME + time::Duration::SECOND)
        );
        // Without an expiry it is only a name.
        let mut absent = headers(&[]);
        absent.critical.push(Label::Text(EXPIRY.to_owned()));
        assert_eq!(
            judge(absent),
            Err("header `io.cncf.notary.expiry` is marked critical and missing".to_owned())
        );
        let mut at_once = with_expiry();
        at_once.expiry = Some(TIME);
        assert_eq!(
            judge(at_once),
            Err(
                "expiry `2024-01-02T03:04:05Z` is not after the signing time \
                 `2024-01-02T03:04:05Z`"
                    .to_owned()
            )
        );
        for name in JOSE_NAMES {
            assert_eq!(
                judge(headers(&[(name, json!(1))])),
                Err(format!("header `{name}` must not be marked critical"))
            );
        }
    }

    #[test]
    fn a_scheme_has_its_own_time_only() {
        let authority = || Headers {
            signing_scheme: "notary.x509.signingAuthority".to_owned(),
            ..headers(&[])
        };
        assert_eq!(
            judge(authority()),
            Err(
                "header `io.cncf.notary.signingTime` does not belong to signing scheme \
                 `notary.x509.signingAuthority`"
                    .to_owned()
            )
        );
        let without_time = Headers {
            signing_time: None,
            ..authority()
        };
        assert_eq!(
            judge(without_time),
            Err("header `io.cncf.notary.authenticSigningTime` is missing".to_owned())
        );
        let not_critical = Headers {
            signing_time: None,
            authentic_signing_time: Some(TIME),
            ..authority()
        };
        assert_eq!(
            judge(not_critical),
            Err("header `io.cncf.notary.authenticSigningTime` is not marked critical".to_owned())
        );
        let other = Headers {
            signing_scheme: "notary.X509".to_owned(),
            ..headers(&[])
        };
        assert_eq!(
            judge(other),
            Err("signing scheme `notary.X509` is not supported".to_owned())
        );
    }

    #[test]
    fn times_begin_with_1970() {
        let check = |time| check_range("h", time).map_err(|error| error.to_string());
        assert_eq!(
            check(OffsetDateTime::UNIX_EPOCH),
            Ok(OffsetDateTime::UNIX_EPOCH)
        );
        assert_eq!(
            check(OffsetDateTime::UNIX_EPOCH - time::Duration::SECOND),
            Err("header `h` has a time out of range".to_owned())
        );
    }

    #[test]
    fn times_end_with_9999_in_utc() {
        let check = |time| check_range("h", time).map_err(|error| error.to_string());
        let last = datetime!(9999-12-31 23:59:59 UTC);
        assert_eq!(check(last), Ok(last));
        let same = datetime!(9999-12-31 22:59:59 -01:00);
        assert_eq!(check(same), Ok(same));
        for time in [
            datetime!(9999-12-31 23:00:00 -01:00),
            datetime!(9999-12-31 23:59:59 -23:59),
        ] {
            let wanted = Err("header `h` has a time out of range".to_owned());
            assert_eq!(check(time), wanted);
        }
        // The first hours of 1970 at a place in the east are of 1969.
        check(datetime!(1970-01-01 00:30:00 +01:00)).unwrap_err();
    }
}
