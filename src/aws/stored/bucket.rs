//! A bucket in S3: whether it keeps versions, and where it is (`GetBucketVersioning`).

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ErrorMetadata;
use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};

use super::object::{bucket_url, error_in, settings};
use super::{StoredNameError, is_bucket, short};
use crate::aws::arn::is_region;
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::aws::signed_call::{Endpoint, Question};
use crate::partition::Partition;

/// The name of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketName(String);

impl BucketName {
    /// A bucket's name.
    ///
    /// # Errors
    ///
    /// [`StoredNameError::Bucket`].
    pub fn new(name: &str) -> Result<Self, StoredNameError> {
        if is_bucket(name) {
            Ok(Self(name.to_owned()))
        } else {
            Err(StoredNameError::Bucket(short(name)))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a bucket keeps the versions of its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// A new object leaves those before it.
    Enabled,
    /// It did, and does no more.
    Suspended,
    /// It never did.
    Off,
}

/// What S3 says of a bucket in the region that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bucket {
    /// It is there.
    Here(Versioning),
    /// It is in this other region.
    In(String),
}

/// In the place of S3's code, where the head of an answer names another region.
const OTHER_REGION: &str = "OtherRegion";

impl Aws {
    /// Whether a bucket keeps versions, and whether it is in `region` at all.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer.
    pub async fn bucket(&self, name: &BucketName, region: &str) -> Result<Bucket, CallError> {
        let call = Call {
            action: "s3:GetBucketVersioning",
            resource: format!("arn:{}:s3:::{name}", Partition::of_region(region)),
            region: region.to_owned(),
        };
        let request = |endpoint: &Endpoint| {
            let url = format!("{}/?versioning", bucket_url(endpoint, name.as_str()));
            ::http::Request::get(url).body(SdkBody::empty())
        };
        let question = Question {
            id: "S3",
            name: "s3",
            settings,
            request: &request,
            error: region_or_error,
        };
        let answer = match Box::pin(self.put_question(call.clone(), &question)).await {
            Ok(answer) => answer,
            Err(error) => {
                let other = error
                    .message()
                    .filter(|_| error.code() == Some(OTHER_REGION));
                return match other.filter(|other| is_region(other) && *other != region) {
                    Some(other) => Ok(Bucket::In(other.to_owned())),
                    None => Err(error),
                };
            }
        };
        let text = std::str::from_utf8(answer.body().bytes().unwrap_or_default());
        let found = text.ok().and_then(|text| versioning_of(text).ok());
        found.map(Bucket::Here).ok_or_else(|| {
            CallError::malformed(
                call,
                "it does not say whether the bucket keeps versions",
                None,
            )
        })
    }
}

/// The region that the head of S3's answer names, in the form of an error; else S3's error.
fn region_or_error(answer: &HttpResponse, text: &[u8]) -> ErrorMetadata {
    let error = error_in(answer, text);
    let is_elsewhere = matches!(
        error.code(),
        Some("PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect")
    );
    match answer.headers().get("x-amz-bucket-region") {
        Some(region) if is_elsewhere => ErrorMetadata::builder()
            .code(OTHER_REGION)
            .message(region)
            .build(),
        _ => error,
    }
}

fn versioning_of(text: &str) -> Result<Versioning, XmlDecodeError> {
    let mut document = Document::new(text);
    let mut root = document.root_element()?;
    // Amazon S3's name, and the one that other servers make of the operation's; AWS's clients look at neither.
    let names = ["VersioningConfiguration", "GetBucketVersioningResponse"];
    if !names.iter().any(|name| root.start_el().matches(name)) {
        return Err(XmlDecodeError::custom("not a versioning configuration"));
    }
    let mut versioning = Versioning::Off;
    while let Some(mut member) = root.next_tag() {
        if member.start_el().local() == "Status" {
            versioning = match try_data(&mut member)?.as_ref() {
                "Enabled" => Versioning::Enabled,
                "Suspended" => Versioning::Suspended,
                _ => return Err(XmlDecodeError::custom("an unknown status")),
            };
        }
    }
    Ok(versioning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versioning_is_read_from_xml() {
        let answer = |content: &str| {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<VersioningConfiguration \
                 xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{content}</VersioningConfiguration>"
            )
        };
        for (content, wanted) in [
            ("", Versioning::Off),
            ("<Status>Enabled</Status>", Versioning::Enabled),
            (
                "<MfaDelete>Disabled</MfaDelete><Status>Suspended</Status>",
                Versioning::Suspended,
            ),
        ] {
            assert_eq!(versioning_of(&answer(content)).unwrap(), wanted);
        }
        let other = answer("").replace("VersioningConfiguration", "GetBucketVersioningResponse");
        assert_eq!(versioning_of(&other).unwrap(), Versioning::Off);
        for text in [&answer("<Status>On</Status>"), "<Error/>", "", "{}"] {
            assert!(versioning_of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_no_bucket_has_is_refused() {
        assert_eq!(
            BucketName::new("zips.example").unwrap().as_str(),
            "zips.example"
        );
        let error = BucketName::new("Zips").unwrap_err();
        assert_eq!(error, StoredNameError::Bucket("Zips".to_owned()));
    }
}
