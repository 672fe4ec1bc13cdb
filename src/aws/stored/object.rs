//! An object in S3 (`GetObject`).

use std::fmt;
use std::fs::File;
use std::io;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SigningSettings, UriPathNormalizationMode,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ErrorMetadata;
use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};

use super::{StoredContent, StoredNameError, is_bucket, short};
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::aws::percent::escaped;
use crate::aws::signed_call::{BodyDigest, Endpoint, Question, Unsigned};
use crate::limits::MAX_OBJECT_KEY_BYTES;

/// Bucket and key of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    bucket: String,
    key: String,
    /// The account that must own the bucket.
    owner: Option<String>,
}

/// The account that must own a bucket, for Amazon S3 to answer at all.
const EXPECTED_OWNER: &str = "x-amz-expected-bucket-owner";

impl ObjectName {
    /// An object in a bucket.
    ///
    /// # Errors
    ///
    /// [`StoredNameError`] for what cannot be one, and for a key that no URL can carry: with a segment `.` or `..`.
    pub fn new(bucket: &str, key: &str) -> Result<Self, StoredNameError> {
        if !is_bucket(bucket) {
            return Err(StoredNameError::Bucket(short(bucket)));
        }
        let is_key = (1..=MAX_OBJECT_KEY_BYTES).contains(&key.len())
            && !key.chars().any(char::is_control)
            && !key.split('/').any(|segment| matches!(segment, "." | ".."));
        if !is_key {
            return Err(StoredNameError::Key(short(key)));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            owner: None,
        })
    }

    /// The same, in a bucket that this account must own: the name of a deleted bucket may be taken by another account.
    #[must_use]
    pub fn owned_by(self, account: String) -> Self {
        Self {
            owner: Some(account),
            ..self
        }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The call that asks for it.
    fn call(&self, version: Option<&str>, region: &str) -> Call {
        Call {
            action: match version {
                Some(_) => "s3:GetObjectVersion",
                None => "s3:GetObject",
            },
            resource: self.to_string(),
            region: region.to_owned(),
        }
    }

    /// Its URL.
    fn url(&self, endpoint: &Endpoint, version: Option<&str>) -> String {
        let Self { bucket, key, .. } = self;
        let key = escaped(key, true);
        let mut url = format!("{}/{key}", bucket_url(endpoint, bucket));
        if let Some(version) = version {
            url.push_str("?versionId=");
            url.push_str(&escaped(version, false));
        }
        url
    }
}

/// `s3://BUCKET/KEY`.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl Aws {
    /// An object in S3.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about this object and version, or one that is longer than an answer of AWS
    /// may be.
    pub async fn object(
        &self,
        name: &ObjectName,
        version: Option<&str>,
        region: &str,
    ) -> Result<StoredContent, CallError> {
        let call = name.call(version, region);
        let request = |endpoint: &Endpoint| {
            let mut request = ::http::Request::get(name.url(endpoint, version));
            if let Some(owner) = &name.owner {
                request = request.header(EXPECTED_OWNER, owner);
            }
            request.body(SdkBody::empty())
        };
        let answer = Box::pin(self.put_question(call.clone(), &question(&request))).await?;
        let found = version_in(&call, &answer, version)?;
        Ok(StoredContent {
            bytes: answer.body().bytes().unwrap_or_default().to_vec(),
            version: found,
        })
    }

    /// The same object, however large, up to `max` bytes: each piece of it goes to `take` as it comes. Gives the version
    /// that came; an object in a bucket without versions has none.
    ///
    /// # Errors
    ///
    /// As [`Self::object`]; what `take` got counts for nothing then.
    pub async fn download_object(
        &self,
        name: &ObjectName,
        version: Option<&str>,
        region: &str,
        max: u64,
        take: &mut (dyn FnMut(&[u8]) -> io::Result<()> + Send),
    ) -> Result<Option<String>, CallError> {
        let call = name.call(version, region);
        let request = |endpoint: &Endpoint| {
            ::http::Request::get(name.url(endpoint, version)).body(SdkBody::empty())
        };
        let answer = Box::pin(self.stream(&call, &question(&request), max, take)).await?;
        version_in(&call, &answer, version)
    }
}

impl Aws {
    /// Stores a file of `bytes` bytes, whose SHA-256 is `sha256` in hexadecimal digits, as an object. Gives its version; in a
    /// bucket without versions it has none.
    ///
    /// # Errors
    ///
    /// [`CallError`] where it was not stored, or where it is not known whether it was.
    pub async fn upload_object(
        &self,
        name: &ObjectName,
        region: &str,
        file: &File,
        bytes: u64,
        sha256: &str,
    ) -> Result<Option<String>, CallError> {
        let call = Call {
            action: "s3:PutObject",
            resource: name.to_string(),
            region: region.to_owned(),
        };
        let request = |endpoint: &Endpoint| {
            ::http::Request::put(name.url(endpoint, None))
                .header("content-type", "application/zip")
                .extension(BodyDigest(sha256.to_owned()))
                .body(SdkBody::empty())
        };
        let question = question(&request);
        let sent = self.put_file(call.clone(), &question, (file, bytes));
        let answer = Box::pin(sent).await?;
        version_in(&call, &answer, None)
    }
}

/// A question about an object.
fn question(
    request: &(dyn Fn(&Endpoint) -> Result<Unsigned, ::http::Error> + Sync),
) -> Question<'_> {
    Question {
        id: "S3",
        name: "s3",
        settings,
        request,
        error: error_in,
    }
}

/// The version that an answer is about, which must be the one that was asked for, and the whole of it.
fn version_in(
    call: &Call,
    answer: &HttpResponse,
    version: Option<&str>,
) -> Result<Option<String>, CallError> {
    let found = answer.headers().get("x-amz-version-id").map(str::to_owned);
    let malformed = |problem: &str| CallError::malformed(call.clone(), problem, None);
    if version.is_some() && found.as_deref() != version {
        return Err(malformed("it is about another version"));
    }
    if answer.status().as_u16() != 200 {
        return Err(malformed("it is not the whole object"));
    }
    Ok(found.filter(|version| version != "null"))
}

/// The URL of a bucket, without a slash at its end: its own host at AWS, unless its name has dots, which no certificate
/// covers.
pub(super) fn bucket_url(endpoint: &Endpoint, bucket: &str) -> String {
    let own_host = endpoint
        .url
        .strip_prefix("https://")
        .filter(|_| !endpoint.is_set && !bucket.contains('.'));
    match own_host {
        Some(host) => format!("https://{bucket}.{host}"),
        None => format!("{}/{bucket}", endpoint.url),
    }
}

/// S3 signs paths as they are sent, and wants the digest of the body.
pub(super) fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings
}

/// S3's error, in XML: `<Error><Code>NoSuchKey</Code>...`.
pub(super) fn error_in(_answer: &HttpResponse, text: &[u8]) -> ErrorMetadata {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| error_of(text).ok())
        .unwrap_or_default()
}

fn error_of(text: &str) -> Result<ErrorMetadata, XmlDecodeError> {
    let mut document = Document::new(text);
    let mut root = document.root_element()?;
    if !root.start_el().matches("Error") {
        return Err(XmlDecodeError::custom("not an error of S3"));
    }
    let mut error = ErrorMetadata::builder();
    while let Some(mut member) = root.next_tag() {
        match member.start_el().local() {
            "Code" => error = error.code(try_data(&mut member)?),
            "Message" => error = error.message(try_data(&mut member)?),
            _ => {}
        }
    }
    Ok(error.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, is_set: bool) -> Endpoint {
        Endpoint {
            url: url.to_owned(),
            is_set,
        }
    }

    #[test]
    fn a_bucket_is_a_host_at_aws_and_a_path_elsewhere() {
        let aws = endpoint("https://s3.us-west-2.amazonaws.com", false);
        let other = endpoint("http://127.0.0.1:4570", true);
        let name = ObjectName::new("policies", "gate/a b+ü.json").unwrap();
        let key = "gate/a%20b%2B%C3%BC.json";
        assert_eq!(
            name.url(&aws, None),
            format!("https://policies.s3.us-west-2.amazonaws.com/{key}")
        );
        assert_eq!(
            name.url(&other, Some("a/b?")),
            format!("http://127.0.0.1:4570/policies/{key}?versionId=a%2Fb%3F")
        );
        let dotted = ObjectName::new("policies.example", "k").unwrap();
        assert_eq!(
            dotted.url(&aws, None),
            "https://s3.us-west-2.amazonaws.com/policies.example/k"
        );
        assert_eq!(name.to_string(), "s3://policies/gate/a b+ü.json");
    }

    #[test]
    fn a_name_that_would_lead_elsewhere_is_refused() {
        for bucket in [
            "ab",
            "Aa-b",
            "a..b",
            "-abc",
            "abc-",
            "a/b",
            "a.b@c",
            &"x".repeat(64),
        ] {
            let error = ObjectName::new(bucket, "k").unwrap_err();
            assert_eq!(error, StoredNameError::Bucket(bucket.to_owned()));
        }
        for key in ["", "..", "a/../b", "./a", "a\nb", &"x".repeat(1_025)] {
            let error = ObjectName::new("bucket", key).unwrap_err();
            assert_eq!(error, StoredNameError::Key(key.to_owned()));
        }
    }

    #[test]
    fn an_error_is_read_from_xml() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
                    <Message>The specified key does not exist.</Message><Key>k</Key></Error>";
        let error = error_of(text).unwrap();
        assert_eq!(error.code(), Some("NoSuchKey"));
        assert_eq!(error.message(), Some("The specified key does not exist."));
        assert!(error_of("<html></html>").is_err());
    }
}
