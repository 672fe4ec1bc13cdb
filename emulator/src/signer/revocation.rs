//! The data plane's `GetRevocationStatus`.

use serde_json::{Value, json};

use super::{
    Context,
    input::{ARN, Input, STRING},
    platforms::NOTATION,
    store::validation,
};
use crate::{error::AwsError, partition::partition};

/// SHA-384 of the certificate's to-be-signed part and of its issuer's, in hexadecimal.
const HASH_DIGITS: usize = 192;

pub(super) fn status(context: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let signed_at = input.query_time("signatureTimestamp")?;
    let platform_id = input.query_text("platformId", STRING);
    let profile_version_arn = input.query_text("profileVersionArn", ARN);
    let job_arn = input.query_text("jobArn", ARN);
    let hashes = input.required_query_list("certificateHashes", STRING);
    input.finish()?;

    if platform_id != NOTATION {
        return Err(validation(format!("Invalid platformId: {platform_id}")));
    }
    let partition = partition(&context.caller.region);
    let profile_arn = parse_profile_version(&profile_version_arn, partition)
        .ok_or_else(|| validation(format!("Invalid profileVersionArn: {profile_version_arn}")))?;
    if !is_job(&job_arn, partition) {
        return Err(validation(format!("Invalid jobArn: {job_arn}")));
    }
    let is_hash = |hash: &str| {
        hash.len() == HASH_DIGITS
            && hash
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if let Some(hash) = hashes.iter().find(|hash| !is_hash(hash)) {
        return Err(validation(format!("Invalid certificateHash: {hash}")));
    }

    let store = context.store.read();
    let mut revoked = Vec::new();
    let profile = store
        .profiles
        .get(profile_arn)
        .filter(|profile| profile.version_arn() == profile_version_arn);
    let revocation = profile.and_then(|profile| profile.revocation.as_ref());
    // AWS distrusts what was signed after the effective time; of that very second it says nothing.
    if revocation.is_some_and(|revocation| revocation.effective_from <= signed_at) {
        revoked.push(profile_version_arn);
    }
    if store
        .jobs
        .get(&job_arn)
        .is_some_and(|job| job.revocation.is_some())
    {
        revoked.push(job_arn);
    }
    revoked.extend(
        hashes
            .into_iter()
            .filter(|hash| store.revoked_certificate_hashes.contains(hash)),
    );
    Ok(json!({ "revokedEntities": revoked }))
}

/// The ARN of the profile, if `arn` is that of a profile version of AWS Signer in `partition`.
fn parse_profile_version<'a>(arn: &'a str, partition: &str) -> Option<&'a str> {
    let (profile_arn, version) = arn.rsplit_once('/')?;
    let name = resource(arn, partition)?
        .strip_prefix("/signing-profiles/")?
        .strip_suffix(version)?
        .strip_suffix('/')?;
    let is_name = name.len() >= 2
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_version =
        version.len() == 10 && version.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_name && is_version).then_some(profile_arn)
}

fn is_job(arn: &str, partition: &str) -> bool {
    resource(arn, partition)
        .and_then(|resource| resource.strip_prefix("/signing-jobs/"))
        .is_some_and(|id| {
            id.len() == 36
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        })
}

/// The resource of an ARN of AWS Signer in `partition`.
fn resource<'a>(arn: &'a str, partition: &str) -> Option<&'a str> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", of, "signer", region, account, resource] = *parts.as_slice() else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (of == partition && crate::partition::partition(region) == of && is_account).then_some(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_this_partition_only() {
        let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/web_1/awUPb84ibN";
        assert_eq!(
            parse_profile_version(arn, "aws"),
            Some("arn:aws:signer:us-east-1:111122223333:/signing-profiles/web_1")
        );
        assert_eq!(parse_profile_version(arn, "aws-us-gov"), None);
        for other in [
            "arn:aws:signer:us-east-1:111122223333:/signing-profiles/web_1",
            "arn:aws:signer:us-east-1:111122223333:/signing-profile/web_1/awUPb84ibN",
            "arn:aws:signer:us-gov-west-1:111122223333:/signing-profiles/web_1/awUPb84ibN",
            "arn:aws:signer:us-east-1:11112222333:/signing-profiles/web_1/awUPb84ibN",
            "arn:aws:ecr:us-east-1:111122223333:/signing-profiles/web_1/awUPb84ibN",
        ] {
            assert_eq!(parse_profile_version(other, "aws"), None, "{other}");
        }
    }

    #[test]
    fn jobs() {
        let id = "e218ee67-5dd3-4dc4-8caf-224898b12493";
        assert!(is_job(
            &format!("arn:aws:signer:us-east-2:209640446841:/signing-jobs/{id}"),
            "aws"
        ));
        assert!(!is_job(
            &format!("arn:aws:signer:us-east-2:209640446841:signing-jobs/{id}"),
            "aws"
        ));
        assert!(!is_job(
            "arn:aws:signer:us-east-2:209640446841:/signing-jobs/",
            "aws"
        ));
    }
}
