//! Signature Version 4, checked by signing the request again with the secret and comparing.

use std::time::{Duration as StdDuration, SystemTime};

use aws_credential_types::Credentials as SdkCredentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use bytes::Bytes;
use http::{Request, header};
use time::{
    Duration, OffsetDateTime, PrimitiveDateTime, format_description::FormatItem,
    macros::format_description,
};

use crate::{call::Caller, hosts::region_of_host, identities::Identities, partition::is_region};

/// AWS takes a date this far from its own clock.
const MAX_SKEW: Duration = Duration::minutes(5);
const BASIC_DATE_TIME: &[FormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Why a request is refused before its operation is looked at. Each service writes its own code for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing is signed.
    MissingToken,
    /// The `Authorization` header is not what it should be.
    Incomplete(String),
    /// The access key or the session token is unknown.
    UnknownToken,
    /// The session token has ended.
    ExpiredToken,
    /// The signature is not the one computed here, or is of another time, region or service.
    Signature(String),
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

/// What a signature is held against.
#[derive(Debug)]
pub(crate) struct Expectations<'a> {
    pub(crate) identities: &'a Identities,
    /// The name in the credential scope.
    pub(crate) service: &'a str,
    /// The host the client means, without a port; its region, if it names one, must be the scope's.
    pub(crate) host: &'a str,
    /// Empty: every well-formed region.
    pub(crate) regions: &'a [String],
    /// `None`: the date is not compared with any clock.
    pub(crate) now: Option<OffsetDateTime>,
    /// For the end of session tokens.
    pub(crate) real_now: OffsetDateTime,
}

/// The access key ID that an `Authorization` header names.
pub(crate) fn access_key_id<B>(request: &Request<B>) -> Option<&str> {
    Some(
        Authorization::parse(
            request
                .headers()
                .get(header::AUTHORIZATION)?
                .to_str()
                .ok()?,
        )
        .ok()?
        .access_key_id,
    )
}

/// Checks the signature of `request`. The body's own digest goes into the comparison, whatever the client says it is.
pub(crate) fn check(
    request: &Request<Bytes>,
    expected: &Expectations<'_>,
) -> Result<Caller, Refusal> {
    let header = request
        .headers()
        .get(header::AUTHORIZATION)
        .ok_or(Refusal::MissingToken)?;
    let header = header
        .to_str()
        .map_err(|_| Refusal::Incomplete("Authorization header is not text".to_owned()))?;
    let authorization = Authorization::parse(header)?;

    let date = request
        .headers()
        .get("x-amz-date")
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| Refusal::Incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned()))?;
    let signed_at = PrimitiveDateTime::parse(date, BASIC_DATE_TIME)
        .map_err(|_| {
            Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"))
        })?
        .assume_utc();

    let credentials = expected
        .identities
        .find(authorization.access_key_id)
        .ok_or(Refusal::UnknownToken)?;
    let token = request
        .headers()
        .get("x-amz-security-token")
        .map(|value| value.to_str().unwrap_or_default());
    if token != credentials.session_token() {
        return Err(Refusal::UnknownToken);
    }

    check_scope(&authorization, date, expected)?;
    if let Some(now) = expected.now {
        check_date(signed_at, date, now)?;
    }
    let ours = sign_again(
        request,
        &authorization,
        credentials.secret_access_key(),
        signed_at,
    )?;
    aws_lc_rs::constant_time::verify_slices_are_equal(
        ours.as_bytes(),
        authorization.signature.as_bytes(),
    )
    .map_err(|_| Refusal::Signature(MISMATCH.to_owned()))?;
    // Last, so that only the owner of a token learns that it has ended.
    if credentials
        .expiration()
        .is_some_and(|expiration| expiration <= expected.real_now)
    {
        return Err(Refusal::ExpiredToken);
    }
    Ok(credentials.caller(authorization.region))
}

fn check_scope(
    authorization: &Authorization<'_>,
    date: &str,
    expected: &Expectations<'_>,
) -> Result<(), Refusal> {
    if !date.starts_with(authorization.date) || authorization.date.len() != 8 {
        return Err(Refusal::Signature(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{date}'.",
            authorization.date,
            date.get(..8).unwrap_or_default(),
        )));
    }
    if authorization.service != expected.service {
        return Err(Refusal::Signature(format!(
            "Credential should be scoped to correct service: '{}'. ",
            expected.service
        )));
    }
    let region = authorization.region;
    let is_accepted = is_region(region)
        && (expected.regions.is_empty() || expected.regions.iter().any(|it| it == region));
    if !is_accepted || region_of_host(expected.host).is_some_and(|of_host| of_host != region) {
        return Err(Refusal::Signature(
            "Credential should be scoped to a valid region. ".to_owned(),
        ));
    }
    Ok(())
}

fn check_date(signed_at: OffsetDateTime, date: &str, now: OffsetDateTime) -> Result<(), Refusal> {
    let basic = |time: OffsetDateTime| time.format(BASIC_DATE_TIME).unwrap_or_default();
    let now_text = basic(now);
    if signed_at < now - MAX_SKEW {
        let earliest = basic(now - MAX_SKEW);
        return Err(Refusal::Signature(format!(
            "Signature expired: {date} is now earlier than {earliest} ({now_text} - 5 min.)"
        )));
    }
    if signed_at > now + MAX_SKEW {
        let latest = basic(now + MAX_SKEW);
        return Err(Refusal::Signature(format!(
            "Signature not yet current: {date} is still later than {latest} ({now_text} + 5 min.)"
        )));
    }
    Ok(())
}

/// How requests to a service are signed.
fn settings_of(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    // S3 signs paths as they are sent.
    (
        settings.percent_encoding_mode,
        settings.uri_path_normalization_mode,
    ) = if service == "s3" {
        (
            PercentEncodingMode::Single,
            UriPathNormalizationMode::Disabled,
        )
    } else {
        (
            PercentEncodingMode::Double,
            UriPathNormalizationMode::Enabled,
        )
    };
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings
}

/// The signature that the owner of the secret puts on this request.
fn sign_again(
    request: &Request<Bytes>,
    authorization: &Authorization<'_>,
    secret: &str,
    signed_at: OffsetDateTime,
) -> Result<String, Refusal> {
    let mismatch = |_| Refusal::Signature(MISMATCH.to_owned());
    let mut headers = Vec::new();
    for name in authorization.signed_headers.split(';') {
        for value in request.headers().get_all(name) {
            headers.push((
                name,
                value
                    .to_str()
                    .map_err(|_| Refusal::Signature(MISMATCH.to_owned()))?,
            ));
        }
    }
    if !authorization
        .signed_headers
        .split(';')
        .any(|name| name == "host")
    {
        return Err(Refusal::Signature(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
        ));
    }
    let identity = SdkCredentials::new(
        authorization.access_key_id,
        secret,
        None,
        None,
        "countersign-emulator",
    )
    .into();
    let seconds = u64::try_from(signed_at.unix_timestamp()).unwrap_or_default();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(authorization.region)
        .name(authorization.service)
        .time(SystemTime::UNIX_EPOCH + StdDuration::from_secs(seconds))
        .settings(settings_of(authorization.service))
        .build()
        .map_err(|_| Refusal::Signature(MISMATCH.to_owned()))?
        .into();
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    // Only S3 takes a body that is not signed.
    let digest = request.headers().get("x-amz-content-sha256");
    let is_unsigned = digest.is_some_and(|digest| digest == "UNSIGNED-PAYLOAD");
    let body = if is_unsigned && authorization.service == "s3" {
        SignableBody::UnsignedPayload
    } else {
        SignableBody::Bytes(request.body())
    };
    // The host header is among `headers`; the one of the URI is not looked at.
    let uri = format!("http://emulator{path}");
    let signable = SignableRequest::new(request.method().as_str(), uri, headers.into_iter(), body)
        .map_err(mismatch)?;
    let (_, signature) = sign(signable, &params).map_err(mismatch)?.into_parts();
    Ok(signature)
}

/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=a;b, Signature=HEX`
#[derive(Debug, PartialEq, Eq)]
struct Authorization<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, Refusal> {
        let parameters = header
            .strip_prefix("AWS4-HMAC-SHA256 ")
            .ok_or(Refusal::MissingToken)?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for parameter in parameters.split(',') {
            match parameter.trim().split_once('=') {
                Some(("Credential", value)) => credential = Some(value),
                Some(("SignedHeaders", value)) => signed_headers = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                _ => {
                    return Err(Refusal::Incomplete(
                        "Authorization header is malformed".to_owned(),
                    ));
                }
            }
        }
        let missing = |name: &str| {
            Refusal::Incomplete(format!("Authorization header requires '{name}' parameter."))
        };
        let credential = credential.ok_or_else(|| missing("Credential"))?;
        let signed_headers = signed_headers.ok_or_else(|| missing("SignedHeaders"))?;
        let signature = signature.ok_or_else(|| missing("Signature"))?;
        let scope: Vec<_> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = *scope.as_slice() else {
            return Err(Refusal::Incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term".to_owned(),
            ));
        };
        Ok(Self {
            access_key_id,
            date,
            region,
            service,
            signed_headers,
            signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn five_minutes_either_way_and_a_second_more() {
        let now = datetime!(2026-11-22 05:00 UTC);
        let check = |signed_at| check_date(signed_at, "DATE", now);
        assert_eq!(check(now - MAX_SKEW), Ok(()));
        assert_eq!(check(now + MAX_SKEW), Ok(()));
        assert_eq!(
            check(now - MAX_SKEW - Duration::SECOND),
            Err(Refusal::Signature(
                "Signature expired: DATE is now earlier than 20261122T045500Z (20261122T050000Z - 5 min.)".to_owned()
            ))
        );
        assert_eq!(
            check(now + MAX_SKEW + Duration::SECOND),
            Err(Refusal::Signature(
                "Signature not yet current: DATE is still later than 20261122T050500Z (20261122T050000Z + 5 min.)"
                    .to_owned()
            ))
        );
    }

    #[test]
    fn a_date_that_is_not_the_scope_s() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/signer/aws4_request, SignedHeaders=host, \
                      Signature=00";
        let authorization = Authorization::parse(header).unwrap();
        let expected = Expectations {
            identities: &Identities::default(),
            service: "signer",
            host: "127.0.0.1",
            regions: &[],
            now: None,
            real_now: datetime!(2026-11-22 05:00 UTC),
        };
        assert_eq!(
            check_scope(&authorization, "20261121T050000Z", &expected),
            Ok(())
        );
        assert_eq!(
            check_scope(&authorization, "20261122T050000Z", &expected),
            Err(Refusal::Signature(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '20261121' != '20261122', from '20261122T050000Z'."
                    .to_owned()
            ))
        );
    }
}
