//! The certification authorities behind the envelopes and behind the signatures of Lambda packages, each shaped like AWS
//! Signer's: root, intermediate, one authority per region, and leaves that live three days. All P-384, with AWS's
//! subjects.

use std::{collections::BTreeMap, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384,
    SerialNumber,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{Error, error::AwsError, random, saved::Saved};

/// AWS's leaves expire three days after they are made.
const LEAF_LIFE: Duration = Duration::days(3);
/// A leaf signs for at most this long, so that it never ends soon after a signature.
const LEAF_USE: Duration = Duration::hours(12);
/// A leaf is valid before it is made, as AWS's are: a verifier's clock may be behind.
const LEAF_BACKDATED: Duration = Duration::hours(1);
/// AWS's regional authorities live about a year.
const REGIONAL_LIFE: Duration = Duration::days(395);
/// Long enough for any clock offset. AWS's root lives a hundred years.
const ROOT_VALIDITY: (OffsetDateTime, OffsetDateTime) = (
    datetime!(2000-01-01 0:00 UTC),
    datetime!(2122-10-27 22:33:22 UTC),
);
const INTERMEDIATE_VALIDITY: (OffsetDateTime, OffsetDateTime) = (
    datetime!(2000-01-01 0:00 UTC),
    datetime!(2100-01-01 0:00 UTC),
);

/// Keys and certificates, as kept in `authority.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Keys {
    root: Issued,
    intermediate: Issued,
    /// By region. Several only after the clock was moved.
    regional: BTreeMap<String, Vec<Issued>>,
    leaves: BTreeMap<String, Vec<Issued>>,
}

/// A certificate and its key, in PEM.
#[derive(Clone, Serialize, Deserialize)]
struct Issued {
    certificate: String,
    key: String,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Issued")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// What signs an envelope.
pub(crate) struct SigningIdentity {
    /// The leaf's key, PKCS #8.
    pub(crate) key: Vec<u8>,
    /// DER, leaf first, root last.
    pub(crate) chain: Vec<Vec<u8>>,
}

/// What an authority's leaves sign; AWS has a root for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// The envelopes of container images.
    Envelopes,
    /// Packages of AWS Lambda.
    Packages,
}

impl Signed {
    /// The file that keeps the authority.
    const fn file(self) -> &'static str {
        match self {
            Self::Envelopes => "authority.json",
            Self::Packages => "package-authority.json",
        }
    }

    const fn root(self) -> &'static str {
        match self {
            Self::Envelopes => "AWS Signer Code Signing Root CA G1",
            Self::Packages => "Signer us-west-2 ROOT CA",
        }
    }

    const fn intermediate(self) -> &'static str {
        match self {
            Self::Envelopes => "AWS Signer Code Signing Int CA G1",
            Self::Packages => "Signer us-west-2 SUBORDINATE CA",
        }
    }

    /// The name of the authority of a region. The one above is named after a region itself, which AWS leaves out of none.
    fn regional(self, region: &str) -> String {
        match self {
            Self::Envelopes => format!("AWS Signer {region} Code Signing CA G1"),
            Self::Packages => format!("Signer {region} SUBORDINATE CA"),
        }
    }

    fn leaf(self) -> CertificateParams {
        let (unit, name) = match self {
            Self::Envelopes => ("AWS Cryptography", "AWS Signer"),
            Self::Packages => ("Cryptography", "signer"),
        };
        let mut params = CertificateParams::default();
        params.distinguished_name = leaf_name(unit, name);
        match self {
            Self::Envelopes => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
            }
            Self::Packages => {
                let purposes = [0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3].to_vec();
                let mut purposes = CustomExtension::from_oid_content(&[2, 5, 29, 37], purposes);
                purposes.set_criticality(true);
                params.custom_extensions.push(purposes);
            }
        }
        params
    }
}

#[derive(Debug)]
pub(crate) struct Authority {
    signed: Signed,
    keys: Saved<Keys>,
}

impl Authority {
    pub(crate) fn open(data_dir: Option<&Path>, signed: Signed) -> Result<Self, Error> {
        let keys = Saved::open(data_dir, signed.file(), || {
            Keys::new(signed).map_err(Error::Certificate)
        })?;
        Ok(Self { signed, keys })
    }

    /// The trust anchor, in PEM.
    pub(crate) fn root_pem(&self) -> String {
        self.keys.read().root.certificate.clone()
    }

    /// A leaf of `region`, valid at `now` and for two days more at least, with its chain.
    pub(crate) fn signing_identity(
        &self,
        region: &str,
        now: OffsetDateTime,
    ) -> Result<SigningIdentity, AwsError> {
        if let Some(identity) = self
            .keys
            .read()
            .signing_identity(region, now)
            .map_err(internal)?
        {
            return Ok(identity);
        }
        self.keys.change(|keys| {
            keys.issue(self.signed, region, now).map_err(internal)?;
            keys.signing_identity(region, now)
                .map_err(internal)?
                .ok_or_else(|| AwsError::internal("the leaf just issued is not valid"))
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
fn internal(error: rcgen::Error) -> AwsError {
    AwsError::internal(format!(
        "the emulator's certification authority failed: {error}"
    ))
}

impl Keys {
    fn new(signed: Signed) -> Result<Self, rcgen::Error> {
        let mut params = authority_params(signed.root(), BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = ROOT_VALIDITY;
        // AWS's root has no authority key identifier.
        params.use_authority_key_identifier_extension = false;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
        let root = Issued::new(&params, params.self_signed(&key)?.pem(), &key);

        let mut params = authority_params(signed.intermediate(), BasicConstraints::Constrained(1));
        (params.not_before, params.not_after) = INTERMEDIATE_VALIDITY;
        let intermediate = Issued::by(&root, &params)?;
        Ok(Self {
            root,
            intermediate,
            regional: BTreeMap::new(),
            leaves: BTreeMap::new(),
        })
    }

    fn signing_identity(
        &self,
        region: &str,
        now: OffsetDateTime,
    ) -> Result<Option<SigningIdentity>, rcgen::Error> {
        let usable = |issued: &&Issued| {
            issued.not_before <= now && now <= issued.not_after - (LEAF_LIFE - LEAF_USE)
        };
        let Some(leaf) = self
            .leaves
            .get(region)
            .and_then(|leaves| leaves.iter().find(usable))
        else {
            return Ok(None);
        };
        let Some(regional) = self.regional_at(region, now) else {
            return Ok(None);
        };
        let chain = [leaf, regional, &self.intermediate, &self.root]
            .into_iter()
            .map(Issued::certificate_der)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some(SigningIdentity {
            key: leaf.key_pair()?.serialize_der(),
            chain,
        }))
    }

    /// The regional authority that covers a leaf made at `now`.
    fn regional_at(&self, region: &str, now: OffsetDateTime) -> Option<&Issued> {
        self.regional.get(region)?.iter().find(|issued| {
            issued.not_before <= now - LEAF_USE && now + LEAF_LIFE <= issued.not_after
        })
    }

    /// Makes a leaf that is usable at `now`, and the regional authority if it is missing.
    fn issue(
        &mut self,
        signed: Signed,
        region: &str,
        now: OffsetDateTime,
    ) -> Result<(), rcgen::Error> {
        // Leaves of which nothing is left for signing are dropped; so a regional authority always fits its leaves.
        let leaves = self.leaves.entry(region.to_owned()).or_default();
        leaves.clear();
        if self.regional_at(region, now).is_none() {
            let name = signed.regional(region);
            let mut params = authority_params(&name, BasicConstraints::Constrained(0));
            params.not_before = now - Duration::days(30);
            params.not_after = now + REGIONAL_LIFE;
            let regional = Issued::by(&self.intermediate, &params)?;
            self.regional
                .entry(region.to_owned())
                .or_default()
                .push(regional);
        }
        let Some(regional) = self.regional_at(region, now) else {
            return Ok(());
        };

        let mut params = signed.leaf();
        params.serial_number = Some(serial_number());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.not_before = now - LEAF_BACKDATED;
        params.not_after = params.not_before + LEAF_LIFE;
        let leaf = Issued::by(regional, &params)?;
        self.leaves.entry(region.to_owned()).or_default().push(leaf);
        Ok(())
    }
}

impl Issued {
    fn new(params: &CertificateParams, certificate: String, key: &KeyPair) -> Self {
        Self {
            certificate,
            key: key.serialize_pem(),
            not_before: params.not_before,
            not_after: params.not_after,
        }
    }

    fn by(issuer: &Self, params: &CertificateParams) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?;
        let issuer = Issuer::from_ca_cert_pem(&issuer.certificate, issuer.key_pair()?)?;
        Ok(Self::new(
            params,
            params.signed_by(&key, &issuer)?.pem(),
            &key,
        ))
    }

    fn key_pair(&self) -> Result<KeyPair, rcgen::Error> {
        KeyPair::from_pem_and_sign_algo(&self.key, &PKCS_ECDSA_P384_SHA384)
    }

    fn certificate_der(&self) -> Result<Vec<u8>, rcgen::Error> {
        use rustls::pki_types::{CertificateDer, pem::PemObject as _};
        let der = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        Ok(der
            .map_err(|_| rcgen::Error::CouldNotParseCertificate)?
            .to_vec())
    }
}

fn authority_params(common_name: &str, constraints: BasicConstraints) -> CertificateParams {
    let mut params = CertificateParams::default();
    // The order of AWS's root.
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, country());
    name.push(DnType::OrganizationName, "AWS");
    name.push(DnType::OrganizationalUnitName, "Cryptography");
    name.push(DnType::StateOrProvinceName, "WA");
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.serial_number = Some(serial_number());
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ];
    params.use_authority_key_identifier_extension = true;
    params
}

fn leaf_name(unit: &str, common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, country());
    name.push(DnType::StateOrProvinceName, "WA");
    name.push(DnType::LocalityName, "Seattle");
    name.push(DnType::OrganizationName, "AWS");
    name.push(DnType::OrganizationalUnitName, unit);
    name.push(DnType::CommonName, common_name);
    name
}

fn country() -> DnValue {
    "US".try_into()
        .map_or_else(|_| DnValue::from("US"), DnValue::PrintableString)
}

/// Sixteen random octets, positive: two authorities of one name must not share issuer and serial number.
fn serial_number() -> SerialNumber {
    let mut bytes = random::bytes::<16>();
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    SerialNumber::from_slice(&bytes)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 05:00 UTC);

    fn leaf(authority: &Authority, region: &str, now: OffsetDateTime) -> Vec<u8> {
        authority
            .signing_identity(region, now)
            .unwrap()
            .chain
            .swap_remove(0)
    }

    #[test]
    fn a_leaf_is_reused_while_enough_life_is_left() {
        let authority = Authority::open(None, Signed::Envelopes).unwrap();
        let first = leaf(&authority, "us-east-1", NOW);
        let last = NOW - LEAF_BACKDATED + LEAF_USE;
        assert_eq!(first, leaf(&authority, "us-east-1", last));
        assert_ne!(
            first,
            leaf(&authority, "us-east-1", last + Duration::SECOND)
        );
        assert_ne!(first, leaf(&authority, "us-west-2", NOW));
    }

    #[test]
    fn every_certificate_is_valid_at_any_clock_offset() {
        let authority = Authority::open(None, Signed::Envelopes).unwrap();
        for now in [
            NOW,
            NOW - Duration::days(365 * 12),
            datetime!(2000-02-01 0:00 UTC),
            datetime!(2090-01-01 0:00 UTC),
            NOW,
        ] {
            let chain = authority.signing_identity("us-east-1", now).unwrap().chain;
            assert_eq!(chain.len(), 4);
            for der in chain {
                let (_, certificate) = x509_parser::parse_x509_certificate(&der).unwrap();
                let validity = certificate.validity();
                assert!(
                    validity.not_before.timestamp() <= now.unix_timestamp(),
                    "{now}"
                );
                assert!(
                    now.unix_timestamp() <= validity.not_after.timestamp(),
                    "{now}"
                );
            }
        }
    }

    #[test]
    fn the_chain_has_the_subjects_of_aws() {
        let authority = Authority::open(None, Signed::Envelopes).unwrap();
        let chain = authority.signing_identity("us-east-2", NOW).unwrap().chain;
        let subjects: Vec<_> = chain
            .iter()
            .map(|der| {
                x509_parser::parse_x509_certificate(der)
                    .unwrap()
                    .1
                    .subject()
                    .to_string()
            })
            .collect();
        assert_eq!(
            subjects,
            [
                "C=US, ST=WA, L=Seattle, O=AWS, OU=AWS Cryptography, CN=AWS Signer",
                "C=US, O=AWS, OU=Cryptography, ST=WA, CN=AWS Signer us-east-2 Code Signing CA G1",
                "C=US, O=AWS, OU=Cryptography, ST=WA, CN=AWS Signer Code Signing Int CA G1",
                "C=US, O=AWS, OU=Cryptography, ST=WA, CN=AWS Signer Code Signing Root CA G1",
            ]
        );
        for pair in chain.windows(2) {
            let (_, certificate) = x509_parser::parse_x509_certificate(&pair[0]).unwrap();
            let (_, issuer) = x509_parser::parse_x509_certificate(&pair[1]).unwrap();
            assert_eq!(certificate.issuer().as_raw(), issuer.subject().as_raw());
        }
    }
}
