//! The parts of an ARN, and what was probably meant by a wrong one.

use super::{ArnError, ArnService, Location, SignerArn};
use crate::aws::Partition;
use crate::limits;

/// Everything before the resource, checked; and the resource.
pub(in crate::aws) fn parse_location(
    text: &str,
    wanted: ArnService,
) -> Result<(Location, &str), ArnError> {
    let not_an_arn = |reason| ArnError::NotAnArn {
        text: abbreviated(text),
        wanted,
        reason,
    };
    if text.len() > limits::MAX_ARN_BYTES {
        return Err(not_an_arn("it is longer than 2048 bytes"));
    }
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let (Some("arn"), Some(partition), Some(service), Some(region), Some(account), Some(resource)) =
        (next(), next(), next(), next(), next(), next())
    else {
        return Err(not_an_arn(match wanted {
            ArnService::Signer => {
                "it must have six parts, `arn:PARTITION:signer:REGION:ACCOUNT:RESOURCE`"
            }
            ArnService::Kms => {
                "it must have six parts, `arn:PARTITION:kms:REGION:ACCOUNT:RESOURCE`"
            }
            ArnService::Lambda => {
                "it must have six parts, `arn:PARTITION:lambda:REGION:ACCOUNT:RESOURCE`"
            }
        }));
    };
    if service != wanted.id() {
        return Err(ArnError::OtherService {
            text: text.to_owned(),
            wanted,
            service: service.to_owned(),
        });
    }
    let partition = Partition::from_name(partition).ok_or_else(|| ArnError::UnknownPartition {
        text: text.to_owned(),
        partition: partition.to_owned(),
    })?;
    if !is_region(region) {
        return Err(not_an_arn("its region is not like `us-east-1`"));
    }
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_an_arn("its account is not 12 digits"));
    }
    let belongs_to = Partition::of_region(region);
    if belongs_to != partition {
        return Err(ArnError::RegionOfOtherPartition {
            text: text.to_owned(),
            partition,
            region: region.to_owned(),
            belongs_to,
        });
    }
    let location = Location {
        service: wanted,
        partition,
        region: region.to_owned(),
        account: account.to_owned(),
    };
    Ok((location, resource))
}

/// What was probably meant by a resource that is of no known form.
pub(super) fn suggest(location: &Location, resource: &str) -> Option<String> {
    let mut parts = resource.trim_start_matches('/').splitn(2, '/');
    let (collection, rest) = (parts.next()?, parts.next()?);
    let meant = match collection.to_ascii_lowercase().as_str() {
        "signing-profile" | "signing-profiles" | "signingprofile" | "signingprofiles" => {
            "signing-profiles"
        }
        "signing-job" | "signing-jobs" => "signing-jobs",
        "alias" | "aliases" => "aliases",
        _ => return None,
    };
    let resource = format!("/{meant}/{}", rest.trim_end_matches('/'));
    SignerArn::from_resource(location, &resource).map(|arn| arn.to_string())
}

/// Text for an error, cut to a bound, because it may have any length.
pub(super) fn abbreviated(text: &str) -> String {
    if text.chars().count() <= limits::MAX_NAME_CHARS {
        return text.to_owned();
    }
    let start: String = text.chars().take(limits::MAX_NAME_CHARS).collect();
    format!("{start}…")
}

/// A region as AWS names them; whether it exists is AWS's business.
pub(in crate::aws) fn is_region(text: &str) -> bool {
    text.len() <= 32
        && text.contains('-')
        && text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

/// Twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Signer API, shape `ProfileName`: 2 to 64 of letters, digits and `_`.
pub(crate) fn is_profile_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Signer API, shape `ProfileVersion`: ten letters and digits. The length is not held against a
/// signature: the specification of the attribute has none.
pub(super) fn is_alphanumeric(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An identifier without anything that could be a separator or a pattern.
pub(super) fn is_plain(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
