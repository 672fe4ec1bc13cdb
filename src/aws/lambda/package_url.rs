//! Where a package of AWS Lambda is: a URL in an answer, which may lead anywhere until it is looked at.

use std::fmt;

use url::Url;

use crate::aws::context::Aws;
use crate::aws::endpoints::configured;
use crate::http::redact;
use crate::partition::Partition;

/// Services whose endpoint, where one is set, may have packages: an emulator of AWS has them there.
const SERVICES: [&str; 2] = ["Lambda", "S3"];

/// Where a package can be fetched: in Amazon S3 of the function's region, or at an endpoint that is set for AWS. Its query
/// is a credential, and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PackageUrl(Url);

impl fmt::Debug for PackageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PackageUrl").field(&redact(&self.0)).finish()
    }
}

impl fmt::Display for PackageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.0))
    }
}

/// Why a package is not fetched from where an answer leads.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackageUrlError {
    /// No URL at all.
    #[error("its package is not at a URL")]
    NotAUrl,
    /// A URL of something else.
    #[error("its package is at `{url}`, wanted a URL of Amazon S3 in region `{region}`")]
    Elsewhere {
        /// The URL, without its query.
        url: String,
        /// The region.
        region: String,
    },
}

impl PackageUrl {
    /// Holds what an answer from `region` says to where packages are: in Amazon S3 of that region over `https`, or where
    /// one of `endpoints` is.
    ///
    /// # Errors
    ///
    /// [`PackageUrlError`] for anything else.
    pub(super) fn new(
        text: &str,
        region: &str,
        endpoints: &[Url],
    ) -> Result<Self, PackageUrlError> {
        let url = Url::parse(text).map_err(|_| PackageUrlError::NotAUrl)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_set = |endpoint: &Url| endpoint.origin() == url.origin();
        let is_there = endpoints.iter().any(is_set) || is_in_s3(&url, region);
        if is_plain && is_there && url.fragment().is_none() {
            return Ok(Self(url));
        }
        Err(PackageUrlError::Elsewhere {
            url: redact(&url),
            region: region.to_owned(),
        })
    }

    /// The URL, with its query.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

/// `https://BUCKET.s3.REGION.amazonaws.com/...` and its older and FIPS forms; the bucket may stand in the path.
fn is_in_s3(url: &Url, region: &str) -> bool {
    let suffix = Partition::of_region(region).dns_suffix();
    let host = url.host_str().unwrap_or_default();
    let Some(before) = host
        .strip_suffix(suffix)
        .and_then(|host| host.strip_suffix('.'))
    else {
        return false;
    };
    let labels: Vec<&str> = before.split('.').collect();
    let is_s3 = match labels.as_slice() {
        [.., "s3" | "s3-fips", "dualstack", last] | [.., "s3" | "s3-fips", last] => *last == region,
        [.., "s3"] => region == "us-east-1",
        [.., last] => last.strip_prefix("s3-") == Some(region),
        [] => false,
    };
    url.scheme() == "https" && url.port().is_none() && is_s3
}

impl Aws {
    /// Where an answer of AWS Lambda in `region` says that a package is.
    pub(super) async fn package_url(
        &self,
        text: &str,
        region: &str,
    ) -> Result<PackageUrl, PackageUrlError> {
        let sdk = self.config(region).await;
        let set = SERVICES.iter().filter_map(|id| configured(&sdk, id));
        let set = set.chain(sdk.endpoint_url().map(str::to_owned));
        let endpoints: Vec<Url> = set.filter_map(|url| Url::parse(&url).ok()).collect();
        PackageUrl::new(text, region, &endpoints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: &str = "us-west-2";

    fn read(text: &str) -> Result<PackageUrl, PackageUrlError> {
        let endpoint = Url::parse("http://127.0.0.1:4570").unwrap();
        PackageUrl::new(text, REGION, &[endpoint])
    }

    #[test]
    fn packages_are_in_s3_or_at_the_endpoint_that_is_set() {
        for right in [
            "https://awslambda-us-west-2-tasks.s3.us-west-2.amazonaws.com/snapshots/1/a?versionId=x&X-Amz-Signature=y",
            "https://awslambda-us-west-2-layers.s3.us-west-2.amazonaws.com/a",
            "https://s3.us-west-2.amazonaws.com/bucket/a",
            "https://bucket.s3.dualstack.us-west-2.amazonaws.com/a",
            "https://bucket.s3-fips.us-west-2.amazonaws.com/a",
            "https://bucket.s3-us-west-2.amazonaws.com/a",
            "http://127.0.0.1:4570/packages/a?token=x",
        ] {
            read(right).unwrap();
        }
        PackageUrl::new("https://b.s3.amazonaws.com/a", "us-east-1", &[]).unwrap();
        let china = "https://b.s3.cn-north-1.amazonaws.com.cn/a";
        PackageUrl::new(china, "cn-north-1", &[]).unwrap();
    }

    #[test]
    fn nothing_else_is_asked_for_a_package() {
        for wrong in [
            "http://bucket.s3.us-west-2.amazonaws.com/a",
            "https://bucket.s3.us-west-2.amazonaws.com:8443/a",
            "https://u:p@bucket.s3.us-west-2.amazonaws.com/a",
            "https://bucket.s3.us-east-1.amazonaws.com/a",
            "https://bucket.s3.amazonaws.com/a",
            "https://bucket.s3.us-west-2.amazonaws.com.evil.example/a",
            "https://s3.us-west-2.evilamazonaws.com/a",
            "https://x.execute-api.us-west-2.amazonaws.com/a",
            "https://ec2-1-2-3-4.us-west-2.compute.amazonaws.com/a",
            "https://bucket.s3.cn-north-1.amazonaws.com.cn/a",
            "http://127.0.0.1:4571/a",
            "http://169.254.169.254/latest/meta-data",
            "http://localhost:4570/a",
            "file:///etc/passwd",
        ] {
            let error = read(wrong).unwrap_err();
            assert!(
                matches!(error, PackageUrlError::Elsewhere { .. }),
                "{wrong}"
            );
        }
        assert_eq!(read("a"), Err(PackageUrlError::NotAUrl));
    }

    #[test]
    fn its_query_is_not_shown() {
        let url = read("http://127.0.0.1:4570/a?X-Amz-Signature=word").unwrap();
        assert_eq!(url.to_string(), "http://127.0.0.1:4570/a?...");
        assert_eq!(
            format!("{url:?}"),
            "PackageUrl(\"http://127.0.0.1:4570/a?...\")"
        );
        let error = read("http://evil.example/a?X-Amz-Signature=word").unwrap_err();
        assert!(!error.to_string().contains("word"), "{error}");
    }
}
