//! Where the bytes of a blob are: behind a redirect.

use crate::{
    call::Call,
    hosts::{RegistryId, layer_bucket},
};

/// The origin (scheme, host and port) that a redirect to the bytes of a blob leads to.
///
/// Empty, so a plain path on the same server, unless the request carries credentials: ECR's redirects lead to another
/// host, where a client's HTTP library leaves the credentials out, and on the same host most libraries would not.
pub(crate) fn blob_origin(call: &Call) -> String {
    if !call
        .request
        .headers()
        .contains_key(http::header::AUTHORIZATION)
    {
        return String::new();
    }
    if let Some(registry) = RegistryId::of_host(&call.host) {
        return format!("https://{}", layer_bucket(&registry.region));
    }
    // The other name of the loopback interface: the nearest thing to another host that one server has.
    match call.host.as_str() {
        "127.0.0.1" => call.origin.replacen("127.0.0.1", "localhost", 1),
        "localhost" => call.origin.replacen("localhost", "127.0.0.1", 1),
        _ => String::new(),
    }
}
