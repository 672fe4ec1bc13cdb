//! Notation's sentences for what a registry answered, or did not.

use crate::http;
use crate::oci;
use crate::reference::{ArtifactReference, Scheme};
use crate::registry;

/// Of an artifact that could not be resolved, in a registry that is spoken to by `scheme`. Notation asks with `HEAD`,
/// whose answers have no words.
pub(crate) fn of_resolve(
    reference: &ArtifactReference,
    error: &registry::Error,
    scheme: Scheme,
) -> Option<String> {
    let ArtifactReference::Registry(reference) = reference else {
        return None;
    };
    let host = reference.registry();
    let url = format!(
        "{}://{host}/v2/{}/manifests/{}",
        scheme.as_str(),
        reference.repository(),
        reference.target()
    );
    let (verb, problem) = match error {
        registry::Error::Unauthorized { credential, .. } if credential == ANONYMOUS => {
            ("HEAD", "basic credential not found".to_owned())
        }
        registry::Error::Unauthorized { credential, .. } if credential.starts_with(ANONYMOUS) => (
            "HEAD",
            "missing username or password for basic auth".to_owned(),
        ),
        registry::Error::Unauthorized { .. } => ("HEAD", of_status(401)?),
        registry::Error::Denied { .. } => ("HEAD", of_status(403)?),
        registry::Error::RateLimited { .. } => ("HEAD", of_status(429)?),
        registry::Error::Unavailable { status, .. } => ("HEAD", of_status(*status)?),
        registry::Error::WrongDigest {
            source: oci::Error::DigestMismatch { found, wanted },
            ..
        } => (
            "HEAD",
            format!(
                "invalid response; digest mismatch in Docker-Content-Digest: received \"{found}\" when expecting \
                 \"{wanted}\""
            ),
        ),
        registry::Error::Credentials { source, .. } => (
            "HEAD",
            format!("failed to resolve credential: {}", of_store(source)),
        ),
        registry::Error::Request { source, .. } => ("Head", of_request(source)?),
        _ => return None,
    };
    Some(format!(
        "failed to get manifest descriptor: {verb} \"{url}\": {problem}"
    ))
}

/// Of a request that had no answer.
pub(crate) fn of_request(error: &http::Error) -> Option<String> {
    // A registry that speaks plain HTTP answers in it.
    let words = error.in_words_of_go()?.replace(
        "tls: first record does not look like a TLS handshake",
        "http: server gave HTTP response to HTTPS client",
    );
    Some(words)
}

/// What a helper or a file of credentials did not do, as Go's programs say it.
pub(crate) fn of_store(error: &registry::CredentialsError) -> String {
    match error {
        registry::CredentialsError::HelperRefused { said, .. } => said.clone(),
        registry::CredentialsError::HelperStart { program, source }
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            format!("exec: \"{program}\": executable file not found in $PATH")
        }
        other => other.to_string(),
    }
}

/// Of a list of signatures that the registry did not give.
pub(crate) fn of_listing(error: &registry::Error) -> Option<String> {
    match error {
        registry::Error::Unauthorized { credential, .. } if credential.starts_with(ANONYMOUS) => {
            None
        }
        error => {
            // A realm's answer is one to another request.
            let answer = error.answer().filter(|answer| answer.contains("/v2/"));
            answer.map(str::to_owned)
        }
    }
}

/// Of a signature that the registry did not take.
pub(crate) fn of_push(error: &registry::Error) -> Option<String> {
    let answer = of_listing(error)?;
    let manifest = if answer.contains("/manifests/") {
        "failed to push manifest: "
    } else {
        ""
    };
    Some(format!(
        "failed to push signature to registry with error: {manifest}{answer}"
    ))
}

/// What an error about credentials says where there were none.
const ANONYMOUS: &str = "an anonymous request";

/// A status with its name.
fn of_status(status: u16) -> Option<String> {
    let name = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return None,
    };
    Some(format!("response status code {status}: {name}"))
}
