//! Who asks AWS, when, from which region and through which proxy.

use tokio::time::Instant;
use url::Url;

use super::examination::Examination;
use super::finding::{Check, Finding, Status};
use crate::aws::{Aws, CallErrorKind, CallerIdentity};
use crate::environment::Connections;
use crate::limits::{CLOCK_SKEW, NOTICEABLE_CLOCK_SKEW};
use crate::signer::aws_signer::SigningProfile;

/// Where nothing says which region to ask who the caller is.
const ANY_REGION: &str = "us-east-1";

/// The region in which AWS is asked who the caller is: the one that is set, else that of a profile or of the registry.
pub(super) async fn region_to_ask(
    examination: &Examination,
    profiles: &[SigningProfile],
    connections: &Connections,
) -> String {
    if let Some(profile) = profiles.first() {
        return profile.arn().location().region().to_owned();
    }
    let reference = examination.reference.as_ref();
    if let Some(ecr) = reference.and_then(|reference| reference.registry_name().ecr()) {
        return ecr.region().to_owned();
    }
    let set = Box::pin(connections.aws.default_region()).await;
    set.unwrap_or_else(|| ANY_REGION.to_owned())
}

/// The caller, if AWS says who it is; and what was found of it and of the clock.
pub(super) async fn check(
    examination: &Examination,
    connections: &Connections,
    region: &str,
    is_needed: bool,
    begun: Instant,
) -> (Option<CallerIdentity>, Vec<Finding>) {
    let heard = Box::pin(connections.aws.caller(region)).await;
    let now = examination.environment.now() + begun.elapsed();
    let credentials = match &heard.identity {
        Ok(identity) => {
            let source = Box::pin(connections.aws.credentials_source(region)).await;
            let from =
                source.map_or_else(String::new, |source| format!(", credentials from {source}"));
            Finding::pass(Check::Credentials, format!("`{}`{from}", identity.arn))
        }
        Err(error) => {
            let wanted = "credentials that AWS accepts";
            let found = Finding::of_call(Check::Credentials, error, wanted);
            let is_without = error.kind() == CallErrorKind::NoCredentials;
            if is_without && !is_needed {
                found.with_status(Status::Warn)
            } else {
                found
            }
        }
    };
    let clock = match heard.date {
        Some(date) => clock(now - date),
        None => no_time(!is_needed && examination.only_verifies),
    };
    (heard.identity.ok(), vec![credentials, clock])
}

/// AWS gave no time. Where nothing here asks AWS, nothing is missing.
fn no_time(is_without_aws: bool) -> Finding {
    let finding = Finding::unknown(
        Check::Clock,
        "AWS gave no time to compare with",
        "a clock that agrees with AWS's",
    );
    if is_without_aws {
        let hint = "compare the clock with another one, for example with `chronyc tracking`; AWS is not needed here";
        return finding
            .with_status(Status::Warn)
            .advising(Some(hint.to_owned()));
    }
    finding.advising(Some(
        "get an answer from AWS first: see `credentials`".to_owned(),
    ))
}

/// This machine's clock is `ahead` of AWS's by this much; behind it, if that is negative.
fn clock(ahead: time::Duration) -> Finding {
    let seconds = ahead.whole_seconds().unsigned_abs();
    let direction = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let wanted = format!(
        "at most {} seconds of difference; AWS refuses requests beyond {}",
        NOTICEABLE_CLOCK_SKEW.as_secs(),
        CLOCK_SKEW.as_secs()
    );
    let found = format!("this machine's clock is {seconds} seconds {direction} AWS's");
    let hint = Some(
        "set the clock, for example with `chronyc makestep` or `timedatectl set-ntp true`"
            .to_owned(),
    );
    if seconds > CLOCK_SKEW.as_secs() {
        Finding::fail(Check::Clock, found, wanted).advising(hint)
    } else if seconds > NOTICEABLE_CLOCK_SKEW.as_secs() {
        Finding::warn(Check::Clock, found, wanted).advising(hint)
    } else {
        Finding::pass(Check::Clock, "this machine's clock agrees with AWS's")
    }
}

/// The region that is set, and whether the profiles can be asked about with it.
pub(super) async fn region(connections: &Connections, profiles: &[SigningProfile]) -> Finding {
    let wanted = "the region of the signing profile, or none";
    for profile in profiles {
        match connections
            .aws
            .region_for(profile, profile.arn().location())
        {
            Err(error) => {
                return Finding::of_error(Check::Region, Status::Fail, &error, wanted)
                    .advising(error.hint());
            }
            Ok(choice) => {
                if let Some(warning) = choice.warning() {
                    return Finding::warn(Check::Region, warning, wanted).advising(Some(
                        "omit `aws-region` of the setting `plugin-config`".to_owned(),
                    ));
                }
            }
        }
    }
    let set = Box::pin(connections.aws.default_region()).await;
    let set = set.map_or_else(
        || "no region is set".to_owned(),
        |region| format!("`{region}` is set"),
    );
    let mut regions: Vec<&str> = profiles
        .iter()
        .map(|profile| profile.arn().location().region())
        .collect();
    regions.dedup();
    let found = match regions.as_slice() {
        [] => set,
        regions => format!(
            "{set}; the profile's own counts: `{}`",
            regions.join("`, `")
        ),
    };
    Finding::pass(Check::Region, found)
}

/// Which proxies stand between this machine and AWS, and the registry.
pub(super) async fn proxies(
    examination: &Examination,
    connections: &Connections,
    region: &str,
) -> Vec<Finding> {
    let mut urls = Vec::new();
    urls.extend(aws_url(&connections.aws, region).await);
    if let Some(reference) = &examination.reference {
        let scheme = connections.registry.scheme(reference);
        let server = reference.registry_name().server(scheme);
        urls.extend(Url::parse(&format!("{}://{server}/", scheme.as_str())).ok());
    }
    let mut findings: Vec<Finding> = Vec::new();
    for url in urls {
        let via = connections.pool.via(&url);
        let found = match via.strip_prefix(" through ") {
            Some(proxy) => format!("through {proxy}"),
            None => "none".to_owned(),
        };
        let host = crate::http::host(&url);
        if findings
            .iter()
            .any(|finding| finding.subject.as_ref() == Some(&host))
        {
            continue;
        }
        findings.push(Finding::pass(Check::Proxy, found).about(host));
    }
    findings
}

/// Where AWS Signer's data plane is asked.
pub(super) async fn aws_url(aws: &Aws, region: &str) -> Option<Url> {
    let configured = Box::pin(aws.signer_data_endpoint(region)).await;
    let url = match configured {
        Some(url) => Some(url),
        None => Box::pin(aws.signer_data_url(region)).await,
    };
    Url::parse(&url?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_aws_would_refuse_fails_and_a_noticeable_one_warns() {
        let status = |seconds| clock(time::Duration::seconds(seconds)).status;
        for (seconds, wanted) in [
            (0, Status::Pass),
            (60, Status::Pass),
            (-60, Status::Pass),
            (61, Status::Warn),
            (-300, Status::Warn),
            (301, Status::Fail),
            (-301, Status::Fail),
        ] {
            assert_eq!(status(seconds), wanted, "{seconds}");
        }
        let behind = clock(time::Duration::seconds(-400));
        assert_eq!(
            behind.found,
            "this machine's clock is 400 seconds behind AWS's"
        );
        let ahead = clock(time::Duration::seconds(400));
        assert_eq!(
            ahead.found,
            "this machine's clock is 400 seconds ahead of AWS's"
        );
    }
}
