//! What a test sets up of Amazon S3 and AWS Lambda without a client of its own, as this emulator's own user.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::call::Caller;
use crate::json::without_nulls;
use crate::{ConvenienceError, Emulator, lambda, s3};

impl Emulator {
    /// Stores an object in S3, in a bucket with versions that is made where it is not there; answers its version.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `PutObject` refuses.
    pub fn put_object(
        &self,
        bucket: &str,
        key: &str,
        bytes: &[u8],
    ) -> Result<String, ConvenienceError> {
        let stored = s3::put(
            &self.shared.s3,
            &self.shared.owner(),
            self.shared.clock.now(),
            (bucket, key),
            &Bytes::copy_from_slice(bytes),
        );
        stored.map_err(|error| ConvenienceError {
            operation: "PutObject",
            message: error.message,
        })
    }

    /// Makes a bucket in S3, in the emulator's region: with versions (`Some(true)`), with versions suspended (`Some(false)`), or
    /// without.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `CreateBucket` refuses.
    pub fn create_bucket(
        &self,
        bucket: &str,
        keeps_versions: Option<bool>,
    ) -> Result<(), ConvenienceError> {
        self.create_bucket_in(self.region(), bucket, keeps_versions)
    }

    /// The same in another region.
    ///
    /// # Errors
    ///
    /// As [`Self::create_bucket`].
    pub fn create_bucket_in(
        &self,
        region: &str,
        bucket: &str,
        keeps_versions: Option<bool>,
    ) -> Result<(), ConvenienceError> {
        let owner = Caller {
            region: region.to_owned(),
            ..self.shared.owner()
        };
        let made = s3::create(&self.shared.s3, &owner, bucket, keeps_versions);
        made.map_err(|error| ConvenienceError {
            operation: "CreateBucket",
            message: error.message,
        })
    }

    /// An object in S3, in the version named or the newest.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `GetObject` refuses.
    pub fn object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Vec<u8>, ConvenienceError> {
        let found = self
            .shared
            .objects()
            .get(&self.shared.owner(), (bucket, key), version);
        let (bytes, _) = found.map_err(|error| ConvenienceError {
            operation: "GetObject",
            message: error.message,
        })?;
        Ok(bytes.to_vec())
    }

    /// The keys of a bucket's objects.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        s3::keys(&self.shared.s3, bucket)
    }

    /// Makes a function of AWS Lambda, the request of `CreateFunction`; answers its ARN. Where the request has no code, the
    /// function gets some.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `CreateFunction` refuses.
    pub fn create_function(&self, request: &Value) -> Result<String, ConvenienceError> {
        let mut request = request.clone();
        if let Some(members) = request.as_object_mut() {
            let sample = json!({ "ZipFile": STANDARD.encode(lambda::SAMPLE) });
            members.entry("Code").or_insert(sample);
        }
        let answer = self.lambda(&Method::POST, "/2015-03-31/functions", &request)?;
        let arn = answer.get("FunctionArn").and_then(Value::as_str);
        Ok(arn.unwrap_or_default().to_owned())
    }

    /// Makes a call of AWS Lambda by the method and path that the API has for it, as this emulator's own user. An ARN in
    /// the path is percent-encoded.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as the operation refuses.
    pub fn lambda(
        &self,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ConvenienceError> {
        let refused = |operation, message: String| ConvenienceError { operation, message };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::new())
            .map_err(|error| refused("a call of AWS Lambda", error.to_string()))?;
        let uri = request.uri();
        let operation = lambda::Operation::of(method, uri.path(), uri.query())
            .ok_or_else(|| refused("a call of AWS Lambda", format!("no {method} {path}")))?;
        let (owner, origin) = (self.shared.owner(), self.endpoint());
        let context = self.shared.lambda_context(&owner, &request, body, &origin);
        let answer = lambda::handle(&context, &operation);
        answer
            .map(|(_, answer)| without_nulls(answer))
            .map_err(|error| {
                refused(
                    operation.name(),
                    format!("{}: {}", error.code, error.message),
                )
            })
    }
}
