//! What the certificate of a key for trials says; not for anything that counts.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose,
};
use time::OffsetDateTime;

/// For how long a test certificate is valid, as in notation.
const VALIDITY: time::Duration = time::Duration::DAY;

/// A self-signed certificate for `common_name` that is valid for a day from `now`.
pub(super) fn params(common_name: &str, now: OffsetDateTime) -> CertificateParams {
    let not_before = now.replace_nanosecond(0).unwrap_or(now);
    let mut name = DistinguishedName::new();
    for (kind, value) in [
        (DnType::CountryName, "US"),
        (DnType::StateOrProvinceName, "WA"),
        (DnType::LocalityName, "Seattle"),
        (DnType::OrganizationName, "Notary"),
        (DnType::CommonName, common_name),
    ] {
        name.push(kind, value);
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = not_before;
    params.not_after = not_before.saturating_add(VALIDITY);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params
}
