//! What is said of a call to AWS on demand: the action, where it went, and AWS's name for the request.

use reqwest::header::{AUTHORIZATION, HeaderMap};
use tokio::time::Instant;
use tracing::debug;
use url::Url;

use crate::http;

/// How AWS names a request in its answer; a service has one of them.
const REQUEST_ID: [&str; 3] = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];

/// The actions of AWS Signer, which are not in the request: method, path, name. `*` is one segment.
const OF_SIGNER: [(&str, &str, &str); 19] = [
    ("GET", "/revocations", "GetRevocationStatus"),
    ("POST", "/signing-jobs/with-payload", "SignPayload"),
    ("POST", "/signing-jobs", "StartSigningJob"),
    ("GET", "/signing-jobs", "ListSigningJobs"),
    ("GET", "/signing-jobs/*", "DescribeSigningJob"),
    ("PUT", "/signing-jobs/*/revoke", "RevokeSignature"),
    ("GET", "/signing-platforms", "ListSigningPlatforms"),
    ("GET", "/signing-platforms/*", "GetSigningPlatform"),
    ("GET", "/signing-profiles", "ListSigningProfiles"),
    ("GET", "/signing-profiles/*", "GetSigningProfile"),
    ("PUT", "/signing-profiles/*", "PutSigningProfile"),
    ("DELETE", "/signing-profiles/*", "CancelSigningProfile"),
    ("PUT", "/signing-profiles/*/revoke", "RevokeSigningProfile"),
    (
        "GET",
        "/signing-profiles/*/permissions",
        "ListProfilePermissions",
    ),
    (
        "POST",
        "/signing-profiles/*/permissions",
        "AddProfilePermission",
    ),
    (
        "DELETE",
        "/signing-profiles/*/permissions/*",
        "RemoveProfilePermission",
    ),
    ("GET", "/tags/*", "ListTagsForResource"),
    ("POST", "/tags/*", "TagResource"),
    ("DELETE", "/tags/*", "UntagResource"),
];

/// A call to AWS's APIs that is under way. Other requests, such as a question to an instance's metadata, have no
/// such value.
pub(super) struct CallTrace {
    /// As IAM has it, `signer:SignPayload` for example; without a service where the request is not signed.
    action: String,
    region: Option<String>,
    host: String,
    since: Instant,
}

impl CallTrace {
    pub(super) fn of(request: &reqwest::Request) -> Option<Self> {
        let (region, service) = scope(request.headers()).unzip();
        let name = action(request, service.as_deref())?;
        Some(Self {
            action: match service {
                Some(service) => format!("{service}:{name}"),
                None => name,
            },
            region,
            host: http::host(request.url()),
            since: Instant::now(),
        })
    }

    /// The head of its answer came.
    pub(super) fn answered(&self, status: u16, headers: &HeaderMap) {
        let text = |name: &&str| headers.get(*name)?.to_str().ok();
        debug!(
            action = self.action,
            region = self.region,
            host = self.host,
            status,
            request_id = REQUEST_ID.iter().find_map(text),
            ms = http::milliseconds(self.since),
            "AWS answered"
        );
    }

    /// There is no answer; why is said of the request.
    pub(super) fn failed(&self) {
        debug!(
            action = self.action,
            region = self.region,
            host = self.host,
            ms = http::milliseconds(self.since),
            "AWS did not answer"
        );
    }
}

/// Region and service, of which the signature of a request speaks.
fn scope(headers: &HeaderMap) -> Option<(String, String)> {
    let signed = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (_, scope) = signed.strip_prefix("AWS4-")?.split_once("Credential=")?;
    let scope = scope.split(',').next()?;
    let mut parts = scope.rsplit('/');
    let (_, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    Some((region.to_owned(), service.to_owned()))
}

/// What the request asks for: in a header, in its form, or by its path.
fn action(request: &reqwest::Request, service: Option<&str>) -> Option<String> {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.to_str().ok()?.rsplit('.').next().map(str::to_owned);
    }
    if service == Some("signer") {
        return of_signer(request.method().as_str(), request.url());
    }
    let body = request.body().and_then(reqwest::Body::as_bytes)?;
    let mut form = url::form_urlencoded::parse(body);
    let (_, action) = form.find(|(name, _)| name == "Action")?;
    let is_name = action.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| action.into_owned())
}

fn of_signer(method: &str, url: &Url) -> Option<String> {
    let path: Vec<&str> = url.path().split('/').collect();
    let is_it = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        let mut pairs = pattern.iter().zip(&path);
        pattern.len() == path.len()
            && pairs.all(|(wanted, found)| *wanted == "*" || wanted == found)
    };
    let mut known = OF_SIGNER.iter();
    let (_, _, name) = known.find(|(with, pattern, _)| *with == method && is_it(pattern))?;
    Some((*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &'static str,
    ) -> Option<String> {
        let method = method.parse().unwrap();
        let mut request = reqwest::Client::new().request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let told = CallTrace::of(&request.body(body).build().unwrap())?;
        Some(format!(
            "{} {}",
            told.action,
            told.region.unwrap_or_default()
        ))
    }

    #[test]
    fn the_action_is_in_a_header_in_a_form_or_in_the_path() {
        let signed = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKID/20260203/eu-west-1/{service}/aws4_request, \
                 SignedHeaders=host, Signature=0a1b"
            )
        };
        let with = |service: &str, url: &str, method: &str| {
            told(method, url, &[("authorization", &signed(service))], "")
        };
        for (method, path, wanted) in [
            ("POST", "/signing-jobs/with-payload", "SignPayload"),
            ("GET", "/signing-jobs/1-2", "DescribeSigningJob"),
            ("GET", "/revocations?jobArn=x", "GetRevocationStatus"),
            (
                "DELETE",
                "/signing-profiles/a/permissions/b",
                "RemoveProfilePermission",
            ),
        ] {
            let url = format!("http://h.example{path}");
            let wanted = format!("signer:{wanted} eu-west-1");
            assert_eq!(with("signer", &url, method).as_deref(), Some(&*wanted));
        }
        assert_eq!(with("signer", "http://h.example/x", "GET"), None);
        let target = ("x-amz-target", "TrentService.Sign");
        assert_eq!(
            told(
                "POST",
                "http://h/",
                &[("authorization", &signed("kms")), target],
                ""
            )
            .as_deref(),
            Some("kms:Sign eu-west-1")
        );
        // Not signed: a web identity's token is what it shows.
        assert_eq!(
            told(
                "POST",
                "http://h/",
                &[],
                "Action=AssumeRoleWithWebIdentity&WebIdentityToken=HUSH"
            )
            .as_deref(),
            Some("AssumeRoleWithWebIdentity ")
        );
        assert_eq!(
            told("GET", "http://169.254.169.254/latest/api/token", &[], ""),
            None
        );
    }
}
