//! Notation's sentences for what our own say in more detail: by the name `notation` they come first, and ours is the
//! first cause below them.

mod at_registry;

pub(crate) use at_registry::{of_listing, of_push, of_request, of_resolve, of_store};

use super::go_json::{self, Shape};
use super::sentence;
use super::{go_chain, go_envelope, go_timestamping};
use crate::algorithm::KeySpec;
use crate::config::SigningKeysError;
use crate::envelope;
use crate::notary::EnvelopeFormat;
use crate::outcome::Failure;
use crate::plugin_contract;
use crate::plugin_host::{self, MetadataProblem, executable_name};
use crate::process;
use crate::signer::local_key::{self, KeyProblem};
use crate::signer::{self, EnvelopeFlaw, plugin};
use crate::timestamp;
use crate::trust_policy::DocumentKind;
use crate::trust_store::AuthenticityError;
use crate::verify;
use crate::x509::identity::quote;
use crate::x509::{self, PemProblem};

/// Of a plugin that is not there, or does not do as the contract says.
pub(crate) fn of_plugin(error: &plugin_host::Error) -> Option<String> {
    use plugin_host::Error;
    let own = error.plugin();
    match error {
        Error::NotInstalled { path, .. } => Some(format!(
            "plugin executable file is either not found or inaccessible: stat {}: no such file or directory",
            path.display()
        )),
        Error::NotExecutable { path, found, .. } if *found == "not executable" => {
            Some(format!("fork/exec {}: permission denied", path.display()))
        }
        Error::Run {
            source: process::Error::Start { program, source },
            ..
        } => {
            let reason = match source.raw_os_error() {
                Some(EXEC_FORMAT) => "exec format error".to_owned(),
                Some(NO_ENTRY) => "no such file or directory".to_owned(),
                _ => return None,
            };
            Some(format!("fork/exec {}: {reason}", program.display()))
        }
        Error::Refused { message, .. } => Some(message.clone()),
        Error::NoError {
            said: Some(said), ..
        } => go_json::of_text(said.as_bytes()).or_else(|| {
            let said: serde_json::Value = serde_json::from_str(said).ok()?;
            said.get("errorMessage")?.as_str().map(str::to_owned)
        }),
        Error::NoError { status, .. } => status.code().map(|code| format!("exit status {code}")),
        Error::Answer { command, .. } => Some(format!(
            "failed to unmarshal the response of {command} command for plugin {own}"
        )),
        Error::Metadata { problem, .. } => Some(of_metadata(own, problem)),
        _ => None,
    }
}

/// Of a plugin `name` whose metadata cannot be used.
pub(super) fn of_metadata(name: &str, problem: &MetadataProblem) -> String {
    let problem = match problem {
        MetadataProblem::Name(found) => {
            return format!(
                "plugin executable file name must be \"{}\" instead of \"{}\"",
                executable_name(found),
                executable_name(name)
            );
        }
        MetadataProblem::Empty("supportedContractVersions") => {
            "supported contract versions not specified".to_owned()
        }
        MetadataProblem::Empty(field) => format!("empty {field}"),
        MetadataProblem::ContractVersions(found) => format!(
            "contract version \"1.0\" is not in the list of the plugin supported versions [{}]",
            found.join(" ")
        ),
    };
    format!("metadata validation failed for plugin {name}: {problem}")
}

/// `ENOEXEC` and `ENOENT`, the same on every Unix.
const EXEC_FORMAT: i32 = 8;
const NO_ENTRY: i32 = 2;

/// Of a file's signature that a verification refuses: `bytes` are those of its envelope.
pub(crate) fn of_blob_verification(
    error: &verify::blob::Error,
    format: EnvelopeFormat,
    bytes: &[u8],
) -> Option<String> {
    let (verify::blob::Error::Rejected(refused) | verify::blob::Error::Inconclusive(refused)) =
        error
    else {
        return None;
    };
    let problem = match refused.outcome.refusal()? {
        Failure::Envelope { source } => go_envelope::of_refused(format, bytes, source)?,
        Failure::Plugin {
            source: source @ plugin_host::Error::NotInstalled { .. },
        } => format!(
            "error while locating the verification plugin {}, make sure the plugin is installed successfully before \
             verifying the signature. error: {}",
            quote(source.plugin()),
            of_plugin(source)?
        ),
        _ => return None,
    };
    Some(format!("signature verification failed: {problem}"))
}

/// Of a signing that failed; images have the plugin's name before it, files do not.
pub(crate) fn of_signing(error: &signer::Error, is_blob: bool) -> Option<String> {
    let error = match error {
        signer::Error::Plugin(error) => error,
        error => return of_own_signing(error),
    };
    let name = error.plugin();
    let sentence = match error {
        plugin::Error::Host(source) => {
            let sentence = of_plugin(source)?;
            match source.command() {
                // Asked before the plugin is told to sign.
                Some(plugin_contract::Command::GetPluginMetadata) | None => return Some(sentence),
                Some(plugin_contract::Command::GenerateEnvelope) => {
                    format!("plugin failed to sign with following error: {sentence}")
                }
                Some(_) => sentence,
            }
        }
        plugin::Error::NoCapability { .. } => {
            return Some("plugin does not have signing capabilities".to_owned());
        }
        plugin::Error::Answer {
            command,
            field,
            found,
            wanted,
            ..
        } => {
            let (field, command) = match (*field, command) {
                ("keyId", plugin_contract::Command::DescribeKey) => ("keyID", "describeKey"),
                ("keyId", _) => ("keyID", "generateSignature"),
                ("signatureEnvelopeType", _) => ("signatureEnvelopeType", "generateEnvelope"),
                _ => return None,
            };
            format!("{field} in {command} response \"{found}\" does not match request \"{wanted}\"")
        }
        plugin::Error::KeySpec { .. } => "unknown key spec".to_owned(),
        plugin::Error::Unsound {
            source,
            key,
            format,
            ..
        } => of_made(source, Some((*key, *format)))?,
        plugin::Error::Envelope { problem, .. } => of_flaw(problem, None)?,
        plugin::Error::Certificate { .. } => "x509: malformed certificate".to_owned(),
        _ => return None,
    };
    Some(if is_blob {
        sentence
    } else {
        format!("failed to sign with the plugin {name}: {sentence}")
    })
}

/// Of a signing with a key of our own.
fn of_own_signing(error: &signer::Error) -> Option<String> {
    match error {
        signer::Error::Timestamp { source } => Some(format!(
            "timestamp: {}",
            go_timestamping::of_answer(source)?
        )),
        error => of_made(error, None),
    }
}

/// Of a signature, or the certificates of its key, that are not good; `key` is the signer's.
fn of_made(error: &signer::Error, key: Option<(KeySpec, EnvelopeFormat)>) -> Option<String> {
    match error {
        signer::Error::Chain {
            source: x509::Error::EmptyChain { .. },
        } => Some("certificate-chain not present or is empty".to_owned()),
        signer::Error::Chain { source } => Some(format!(
            "certificate-chain is invalid, {}",
            go_chain::of_chain(source)?
        )),
        signer::Error::Signature {
            source: x509::Error::SignatureMismatch,
        } => {
            let (key, format) = key?;
            let problem = go_envelope::of_wrong_signature(key, format);
            Some(format!(
                "generated signature failed verification: {problem}"
            ))
        }
        signer::Error::NotVerified { source } => of_flaw(source, key),
        _ => None,
    }
}

/// Of an envelope that a signer made.
fn of_flaw(flaw: &EnvelopeFlaw, key: Option<(KeySpec, EnvelopeFormat)>) -> Option<String> {
    match flaw {
        EnvelopeFlaw::Envelope(envelope::Error::ContentType { found })
        | EnvelopeFlaw::ContentType { found } => Some(format!(
            "payload content type {} not supported",
            quote(found)
        )),
        EnvelopeFlaw::Envelope(source) => {
            let problem = go_envelope::of_integrity(source, key)?;
            Some(format!(
                "generated signature failed verification: {problem}"
            ))
        }
        _ => None,
    }
}

/// Of a validation that failed and was only logged.
pub(crate) fn of_failure(failure: &Failure) -> Option<String> {
    let source = match failure {
        Failure::TimestampStore { source }
        | Failure::Authenticity {
            source: AuthenticityError::Store { source },
        } => return Some(source.notation_message()),
        Failure::Timestamp { source } => source,
        _ => return None,
    };
    match source {
        timestamp::Error::ImprintMismatch => Some(
            "failed to get timestamp from timestamp countersignature with error: invalid TSTInfo: mismatched message"
                .to_owned(),
        ),
        timestamp::Error::UntrustedAuthority { .. } => Some(
            "failed to verify the timestamp countersignature with error: failed to verify signed token: cms \
             verification failure: x509: certificate signed by unknown authority"
                .to_owned(),
        ),
        error @ timestamp::Error::NotBer(_) => Some(format!(
            "failed to parse timestamp countersignature with error: {}",
            sentence::of_unreadable_timestamp(error)
        )),
        _ => None,
    }
}

/// Of a key in a file.
pub(crate) fn of_key(error: &local_key::Error) -> Option<String> {
    match error {
        local_key::Error::Unreadable { source, .. } => Some(sentence::of_file(source)),
        local_key::Error::Mismatch { .. } => {
            Some("tls: private key does not match public key".to_owned())
        }
        local_key::Error::KeyFile {
            problem: KeyProblem::NoKey { found: Some(found) },
            ..
        } if found == "CERTIFICATE" => Some(
            "tls: found a certificate rather than a key in the PEM for the private key".to_owned(),
        ),
        local_key::Error::KeyFile {
            problem: KeyProblem::NoKey { found: None },
            ..
        } => Some("tls: failed to find any PEM data in key input".to_owned()),
        local_key::Error::Chain(error) => match error.problem() {
            signer::certificate_chain::ChainFileProblem::Unreadable { source } => {
                Some(sentence::of_file(source))
            }
            signer::certificate_chain::ChainFileProblem::Chain { source } => {
                let problem = go_chain::of_chain(source).unwrap_or_else(|| source.to_string());
                Some(format!("certificate-chain is invalid, {problem}"))
            }
            signer::certificate_chain::ChainFileProblem::Certificates {
                source:
                    x509::Error::Pem {
                        problem: PemProblem::Label(label),
                        ..
                    },
            } if label.ends_with("PRIVATE KEY") => Some(
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs \
                 may have been switched"
                    .to_owned(),
            ),
            signer::certificate_chain::ChainFileProblem::Certificates {
                source: x509::Error::NeitherForm,
            } => Some("tls: failed to find any PEM data in certificate input".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// Of the list of keys, whose file has these bytes.
pub(crate) fn of_keys(error: &SigningKeysError, bytes: &[u8]) -> Option<String> {
    match error {
        SigningKeysError::Malformed { .. } | SigningKeysError::Invalid { .. } => {
            go_json::of_stream(bytes).or_else(|| of_shape(bytes, &KEYS))
        }
        SigningKeysError::File { source } if source.is_symbolic_link() => Some(format!(
            "\"{}\" is not a regular file (symlinks are not supported)",
            source.path().display()
        )),
        SigningKeysError::File { source } if source.is_denied() => Some(sentence::of_file(source)),
        _ => None,
    }
}

/// Of a trust policy that cannot be read as one.
pub(crate) fn of_policy(kind: DocumentKind, bytes: &[u8]) -> Option<String> {
    let shape = match kind {
        DocumentKind::Oci => &OCI_POLICY,
        DocumentKind::Blob => &BLOB_POLICY,
    };
    go_json::of_text(bytes).or_else(|| of_shape(bytes, shape))
}

fn of_shape(bytes: &[u8], shape: &Shape) -> Option<String> {
    let value = serde_json::from_slice(bytes).ok()?;
    go_json::of_value(&value, shape)
}

const TEXTS: Shape = Shape::List("[]string", &Shape::Text);

const VERIFICATION: Shape = Shape::Struct(
    "trustpolicy.SignatureVerification",
    &[
        ("level", Shape::Text),
        (
            "override",
            Shape::Map("map[trustpolicy.ValidationType]trustpolicy.ValidationAction"),
        ),
        ("verifyTimestamp", Shape::Text),
    ],
);

const OCI_POLICY: Shape = Shape::Struct(
    "trustpolicy.OCIDocument",
    &[
        ("version", Shape::Text),
        (
            "trustPolicies",
            Shape::List(
                "[]trustpolicy.OCITrustPolicy",
                &Shape::Struct(
                    "trustpolicy.OCITrustPolicy",
                    &[
                        ("name", Shape::Text),
                        ("registryScopes", TEXTS),
                        ("signatureVerification", VERIFICATION),
                        ("trustStores", TEXTS),
                        ("trustedIdentities", TEXTS),
                    ],
                ),
            ),
        ),
    ],
);

const BLOB_POLICY: Shape = Shape::Struct(
    "trustpolicy.BlobDocument",
    &[
        ("version", Shape::Text),
        (
            "trustPolicies",
            Shape::List(
                "[]trustpolicy.BlobTrustPolicy",
                &Shape::Struct(
                    "trustpolicy.BlobTrustPolicy",
                    &[
                        ("name", Shape::Text),
                        ("signatureVerification", VERIFICATION),
                        ("trustStores", TEXTS),
                        ("trustedIdentities", TEXTS),
                        ("globalPolicy", Shape::Truth),
                    ],
                ),
            ),
        ),
    ],
);

const KEYS: Shape = Shape::Struct(
    "config.SigningKeys",
    &[
        ("default", Shape::Text),
        (
            "keys",
            Shape::List(
                "[]config.KeySuite",
                &Shape::Struct(
                    "config.KeySuite",
                    &[
                        ("name", Shape::Text),
                        ("keyPath", Shape::Text),
                        ("certPath", Shape::Text),
                        ("id", Shape::Text),
                        ("pluginName", Shape::Text),
                    ],
                ),
            ),
        ),
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_that_cannot_be_used_has_one_sentence_wherever_it_is_asked_for() {
        for (problem, said) in [
            (
                MetadataProblem::Empty("supportedContractVersions"),
                "metadata validation failed for plugin p: supported contract versions not specified",
            ),
            (
                MetadataProblem::Empty("url"),
                "metadata validation failed for plugin p: empty url",
            ),
            (
                MetadataProblem::ContractVersions(vec!["0.9".to_owned(), "2.0".to_owned()]),
                "metadata validation failed for plugin p: contract version \"1.0\" is not in the list of the plugin supported \
                 versions [0.9 2.0]",
            ),
        ] {
            assert_eq!(of_metadata("p", &problem), said);
        }
    }
}
