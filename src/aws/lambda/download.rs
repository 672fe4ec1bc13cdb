//! A package, fetched from where AWS Lambda says that it is.

use std::io;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

use super::package_url::PackageUrl;
use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::limits::PACKAGE_TRANSFER_TIMEOUT;

impl Aws {
    /// The package at `url`, up to `max` bytes: each piece of it goes to `take` as it comes. `call` is the call whose answer
    /// led there. No redirect is followed.
    ///
    /// # Errors
    ///
    /// [`CallError`] where it did not come whole; what `take` got counts for nothing then.
    pub async fn download_package(
        &self,
        url: &PackageUrl,
        call: &Call,
        max: u64,
        take: &mut (dyn FnMut(&[u8]) -> io::Result<()> + Send),
    ) -> Result<(), CallError> {
        let failed = |error: ConnectorError| {
            let error = SdkError::<ErrorMetadata, _>::dispatch_failure(error);
            CallError::from_sdk(call.clone(), &error)
        };
        // The URL is the permission: nothing is signed.
        let request = ::http::Request::get(url.url().as_str()).body(SdkBody::empty());
        let request = request
            .map_err(|error| ConnectorError::user(error.into()))
            .map_err(failed)?;
        let request = HttpRequest::try_from(request)
            .map_err(|error| ConnectorError::user(error.into()))
            .map_err(failed)?;
        let http = self.http().taking(PACKAGE_TRANSFER_TIMEOUT);
        let answer = Box::pin(http.stream(request, max, take)).await;
        let status = answer.map_err(failed)?.status().as_u16();
        if status == 200 {
            return Ok(());
        }
        let problem = format!("its package at `{url}` came with status {status}");
        Err(CallError::malformed(call.clone(), problem, None))
    }
}
