//! Which operation a request of S3 is: bucket and key by host or by path.

use bytes::Bytes;
use http::{Method, Request, header};
use percent_encoding::percent_decode_str;

/// An operation, with what its URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateBucket {
        bucket: String,
    },
    HeadBucket {
        bucket: String,
    },
    GetBucketLocation {
        bucket: String,
    },
    GetBucketVersioning {
        bucket: String,
    },
    PutBucketVersioning {
        bucket: String,
    },
    PutObject {
        bucket: String,
        key: String,
    },
    GetObject {
        bucket: String,
        key: String,
        version: Option<String>,
        is_head: bool,
    },
    Unknown,
}

/// Whether a request is one to S3: by its host, or by what its signature is for where the host is any.
pub(crate) fn is_s3(host: &str, request: &Request<Bytes>) -> bool {
    let scope = request.headers().get(header::AUTHORIZATION);
    let scope = scope
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    bucket_before(host).is_some() || scope.contains("/s3/aws4_request")
}

/// The bucket that an endpoint's host names; empty for the host of all buckets, nothing for another host.
fn bucket_before(host: &str) -> Option<&str> {
    let before = ["amazonaws.com", "amazonaws.com.cn"]
        .iter()
        .find_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.'))?;
    let (before, _region) = before.rsplit_once('.')?;
    match before {
        "s3" | "s3-fips" => Some(""),
        before => ["s3", "s3-fips"]
            .iter()
            .find_map(|service| before.strip_suffix(service)?.strip_suffix('.')),
    }
}

impl Operation {
    /// The bucket that it is about.
    pub(crate) fn bucket(&self) -> Option<&str> {
        match self {
            Self::CreateBucket { bucket }
            | Self::HeadBucket { bucket }
            | Self::GetBucketLocation { bucket }
            | Self::GetBucketVersioning { bucket }
            | Self::PutBucketVersioning { bucket }
            | Self::PutObject { bucket, .. }
            | Self::GetObject { bucket, .. } => Some(bucket),
            Self::Unknown => None,
        }
    }

    /// The operation of a request to `host`.
    pub(crate) fn of(host: &str, request: &Request<Bytes>) -> Self {
        let uri = request.uri();
        let path = uri.path().trim_start_matches('/');
        let (bucket, key) = match bucket_before(host).filter(|bucket| !bucket.is_empty()) {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        let Ok(key) = percent_decode_str(key).decode_utf8() else {
            return Self::Unknown;
        };
        let (bucket, key) = (bucket.to_owned(), key.into_owned());
        let query: Vec<(String, String)> =
            form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                // What boto3 adds to say which operation it is.
                .filter(|(name, _)| name != "x-id")
                .collect();
        let names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
        let method = request.method();
        let is_head = *method == Method::HEAD;
        match (method, key.is_empty(), names.as_slice()) {
            _ if bucket.is_empty() => Self::Unknown,
            (&Method::PUT, true, []) => Self::CreateBucket { bucket },
            (&Method::HEAD, true, []) => Self::HeadBucket { bucket },
            (&Method::GET, true, ["location"]) => Self::GetBucketLocation { bucket },
            (&Method::GET, true, ["versioning"]) => Self::GetBucketVersioning { bucket },
            (&Method::PUT, true, ["versioning"]) => Self::PutBucketVersioning { bucket },
            (&Method::PUT, false, []) => Self::PutObject { bucket, key },
            (&Method::GET | &Method::HEAD, false, [] | ["versionId"]) => Self::GetObject {
                bucket,
                key,
                version: query.into_iter().next().map(|(_, version)| version),
                is_head,
            },
            _ => Self::Unknown,
        }
    }

    /// The name in the recorded calls, and for faults.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CreateBucket { .. } => "CreateBucket",
            Self::HeadBucket { .. } => "HeadBucket",
            Self::GetBucketLocation { .. } => "GetBucketLocation",
            Self::GetBucketVersioning { .. } => "GetBucketVersioning",
            Self::PutBucketVersioning { .. } => "PutBucketVersioning",
            Self::PutObject { .. } => "PutObject",
            Self::GetObject { is_head: false, .. } => "GetObject",
            Self::GetObject { is_head: true, .. } => "HeadObject",
            Self::Unknown => "Unknown",
        }
    }

    /// The ARN of what it is about, as a denial names it.
    pub(crate) fn resource(&self) -> String {
        match self {
            Self::CreateBucket { bucket }
            | Self::HeadBucket { bucket }
            | Self::GetBucketLocation { bucket }
            | Self::GetBucketVersioning { bucket }
            | Self::PutBucketVersioning { bucket } => {
                format!("arn:aws:s3:::{bucket}")
            }
            Self::PutObject { bucket, key } | Self::GetObject { bucket, key, .. } => {
                format!("arn:aws:s3:::{bucket}/{key}")
            }
            Self::Unknown => "*".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str) -> Request<Bytes> {
        let request = Request::builder().method(method).uri(path);
        request.body(Bytes::new()).unwrap()
    }

    #[test]
    fn bucket_and_key_are_in_the_host_or_in_the_path() {
        let wanted = Operation::GetObject {
            bucket: "gate.policies".to_owned(),
            key: "a b/c".to_owned(),
            version: Some("x/y".to_owned()),
            is_head: false,
        };
        for (host, path) in [
            (
                "gate.policies.s3.us-west-2.amazonaws.com",
                "/a%20b/c?versionId=x%2Fy",
            ),
            (
                "gate.policies.s3-fips.us-east-1.amazonaws.com",
                "/a%20b/c?versionId=x%2Fy&x-id=GetObject",
            ),
            (
                "s3.us-west-2.amazonaws.com",
                "/gate.policies/a%20b/c?versionId=x%2Fy",
            ),
            ("127.0.0.1", "/gate.policies/a%20b/c?versionId=x%2Fy"),
        ] {
            assert_eq!(Operation::of(host, &request("GET", path)), wanted, "{host}");
        }
        for (method, path, name) in [
            ("PUT", "/bucket", "CreateBucket"),
            ("PUT", "/bucket?versioning", "PutBucketVersioning"),
            ("GET", "/bucket?versioning", "GetBucketVersioning"),
            ("GET", "/bucket?location", "GetBucketLocation"),
            ("HEAD", "/bucket", "HeadBucket"),
            ("PUT", "/bucket/key", "PutObject"),
            ("HEAD", "/bucket/key", "HeadObject"),
            ("GET", "/bucket/key?acl", "Unknown"),
            ("DELETE", "/bucket/key", "Unknown"),
            ("GET", "/bucket", "Unknown"),
            ("GET", "/", "Unknown"),
        ] {
            assert_eq!(
                Operation::of("127.0.0.1", &request(method, path)).name(),
                name,
                "{path}"
            );
        }
    }

    #[test]
    fn other_hosts_are_not_those_of_s3() {
        for host in [
            "127.0.0.1",
            "s3.example",
            "ecs.us-west-2.amazonaws.com",
            "xs3.us-west-2.amazonaws.com",
        ] {
            assert!(!is_s3(host, &request("GET", "/a/b")), "{host}");
        }
    }
}
