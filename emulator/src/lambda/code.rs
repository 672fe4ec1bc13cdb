//! The archive that a request has in it, or names in S3.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;

use super::Context;
use super::names::invalid;
use super::store::{Archive, Code, Signed, Store};
use crate::error::AwsError;
use crate::random;

/// What AWS Lambda takes in a request.
const MAX_ZIP_FILE_BYTES: usize = 50 * 1024 * 1024;

/// `ZipFile`, or an object in S3.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Source {
    pub(super) zip_file: Option<String>,
    pub(super) s3_bucket: Option<String>,
    pub(super) s3_key: Option<String>,
    pub(super) s3_object_version: Option<String>,
    pub(super) image_uri: Option<String>,
}

/// The archive's bytes.
pub(super) fn archive(context: &Context<'_>, source: &Source) -> Result<Bytes, AwsError> {
    if let Some(text) = &source.zip_file {
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| invalid(&error.to_string()))?;
        if bytes.len() > MAX_ZIP_FILE_BYTES {
            return Err(AwsError::new(
                http::StatusCode::PAYLOAD_TOO_LARGE,
                "RequestTooLargeException",
                "Request must be smaller than 69905067 bytes for the operation",
            ));
        }
        return Ok(Bytes::from(bytes));
    }
    let (Some(bucket), Some(key)) = (&source.s3_bucket, &source.s3_key) else {
        return Err(invalid("Please provide a source for function code."));
    };
    let version = source.s3_object_version.as_deref();
    let read = context.objects.get(context.caller, (bucket, key), version);
    let (bytes, _) = read.map_err(|error| {
        invalid(&format!(
            "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
            error.code, error.message
        ))
    })?;
    Ok(bytes)
}

/// Keeps an archive.
pub(super) fn keep(store: &mut Store, bytes: &Bytes, signed: Option<Signed>) -> Code {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let digest = random::to_hex(digest.as_ref());
    let archive = || Archive(bytes.clone());
    store.archives.entry(digest.clone()).or_insert_with(archive);
    Code {
        digest,
        size: bytes.len(),
        signed,
    }
}
