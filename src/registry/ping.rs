//! Whether a registry answers and accepts the credentials, without naming a repository (OCI distribution
//! specification, end-1).

use http::StatusCode;

use super::endpoint::{Access, Endpoint};
use super::error::Error;
use super::words::Words;
use super::{Client, media_types};
use crate::reference::RegistryName;

impl Client {
    /// Asks the registry `name` for `/v2/`, and answers its challenge.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthorized`] if it does not take the credential, [`Error::NotFound`] if it is not a registry, and
    /// what keeps a request from an answer.
    pub async fn ping(&self, name: &RegistryName) -> Result<(), Error> {
        let shown = name.server(self.shared.plain_http.scheme(name));
        let registry = self.registry_named(name, &shown)?;
        let mut url = registry.base.clone();
        url.set_path("/v2/");
        let endpoint = Endpoint {
            registry,
            repository: String::new(),
            access: Access::Pull,
            pool: self.shared.pool.clone(),
        };
        let session = self.session_with(endpoint);
        let response = session.get(url.clone(), media_types::ACCEPT_ANY).await?;
        match response.status() {
            StatusCode::OK => Ok(()),
            StatusCode::NOT_FOUND => Err(Error::NotFound {
                reference: url.to_string(),
                said: Words::of(response).await,
            }),
            _ => Err(session.endpoint.status_error(response).await),
        }
    }
}
