//! Whether AWS Signer's data plane can be reached, under the name that this program asks and under the old one.

use reqwest::Method;
use url::Url;

use super::caller::aws_url;
use super::finding::{Check, Finding, Status};
use crate::environment::Connections;
use crate::http;
use crate::limits::REACH_TIMEOUT;
use crate::partition::Partition;
use crate::signer::aws_signer::SigningProfile;

/// How the host of the data plane begins, and how it began before AWS renamed it.
const NAMES: (&str, &str) = ("data-signer", "verification.signer");

/// The regions that are asked about these profiles, each once.
pub(super) fn regions(connections: &Connections, profiles: &[SigningProfile]) -> Vec<String> {
    let mut regions = Vec::new();
    for profile in profiles {
        let choice = connections
            .aws
            .region_for(profile, profile.arn().location());
        // A region that contradicts the profile has a finding of its own.
        if let Ok(choice) = choice
            && !regions.contains(&choice.region)
        {
            regions.push(choice.region);
        }
    }
    regions
}

/// Whether its hosts answer at all.
pub(super) async fn check(connections: &Connections, region: &str) -> Vec<Finding> {
    let configured = Box::pin(connections.aws.signer_data_endpoint(region)).await;
    let Some(url) = Box::pin(aws_url(&connections.aws, region)).await else {
        let wanted = "an endpoint of AWS Signer's data plane";
        let found = format!("no endpoint of region `{region}` is known");
        return vec![
            Finding::fail(Check::DataPlane, found, wanted)
                .about(region)
                .advising(Some(
                    "check the region in the ARN of the signing profile".to_owned(),
                )),
        ];
    };
    let mut findings = vec![reached(connections, &url, Status::Fail).await];
    let old = old_name(&url).filter(|_| configured.is_none());
    if let Some(old) = old {
        findings.push(reached(connections, &old, Status::Warn).await);
    }
    findings
}

/// Says that what answers in place of AWS Signer signs under another root than those that are trusted.
pub(super) async fn another_signer(connections: &Connections, region: &str) -> Option<Finding> {
    let configured = Box::pin(connections.aws.signer_data_endpoint(region)).await?;
    let url = Url::parse(&configured).ok()?;
    let host = http::host(&url);
    let suffix = Partition::of_region(region).dns_suffix();
    // An endpoint in a VPC has a name of AWS's, too.
    if host
        .strip_suffix(suffix)
        .is_some_and(|rest| rest.ends_with('.'))
    {
        return None;
    }
    let found = "it answers in place of AWS Signer, and the trust stores have AWS's roots alone";
    let wanted = "AWS's own endpoint, or a trust store with the root of what answers";
    let advice = "take away `AWS_ENDPOINT_URL` or `endpoint_url`; for an emulator, write its root with `countersign setup \
                  --signing-profile ARN --trust-anchor FILE --force`";
    let finding = Finding::warn(Check::Roots, found, wanted).about(host);
    Some(finding.advising(Some(advice.to_owned())))
}

/// The same URL under the name that AWS's plugin asks.
fn old_name(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    let rest = host.strip_prefix(NAMES.0)?;
    let mut old = url.clone();
    old.set_host(Some(&format!("{}{rest}", NAMES.1))).ok()?;
    Some(old)
}

/// Whether anything answers at `url`; `otherwise` is what it means if not.
async fn reached(connections: &Connections, url: &Url, otherwise: Status) -> Finding {
    let host = http::host(url);
    let request = reqwest::Request::new(Method::GET, url.clone());
    let sent = tokio::time::timeout(REACH_TIMEOUT, connections.pool.send_harmless(request)).await;
    let (found, hint) = match sent {
        Ok(Ok(_)) => return Finding::pass(Check::DataPlane, "it answers").about(host),
        Ok(Err(error)) => (crate::causes::in_one_line(&error), error.hint()),
        Err(_elapsed) => (
            format!("no answer within {} seconds", REACH_TIMEOUT.as_secs()),
            None,
        ),
    };
    let (wanted, advice) = match otherwise {
        Status::Warn => (
            "an answer, since older versions of AWS's plugin ask this name",
            format!(
                "allow `{host}` where requests leave, if notation runs with AWS's own plugin; Countersign does not ask it"
            ),
        ),
        _ => (
            "an answer, since every verification asks it",
            format!("allow `{host}` where requests leave, or make a VPC endpoint for it"),
        ),
    };
    let finding = Finding::fail(Check::DataPlane, found, wanted).with_status(otherwise);
    finding.about(host).advising(Some(match hint {
        Some(hint) => format!("{hint}; {advice}"),
        None => advice,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_name_has_the_same_region_and_suffix() {
        for (new, old) in [
            (
                "https://data-signer.us-east-1.amazonaws.com/",
                Some("https://verification.signer.us-east-1.amazonaws.com/"),
            ),
            (
                "https://data-signer-fips.us-gov-west-1.amazonaws.com/",
                Some("https://verification.signer-fips.us-gov-west-1.amazonaws.com/"),
            ),
            ("http://127.0.0.1:4570/", None),
        ] {
            let found = old_name(&Url::parse(new).unwrap());
            assert_eq!(found.as_ref().map(Url::as_str), old);
        }
    }
}
