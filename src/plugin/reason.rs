//! Why the plugin `aws-kms` refuses, in one word for programs: the contract has six codes, and most
//! refusals are the same one of them.

use super::Error;
use crate::aws::{CallError, CallErrorKind, SettingsError};
use crate::signer::aws_kms;

/// The value of `reason` in the error's metadata. The values are stable; `None` is for what only the
/// plugin of AWS Signer says, and for a plugin that this program is not.
pub(super) fn reason(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::NoCommand
        | Error::UnknownCommand(_)
        | Error::ExtraArgument(_)
        | Error::RawOnly(_) => "command",
        Error::Request { .. } | Error::OtherKeySpec { .. } => "request",
        Error::Settings(source) | Error::KmsSettings(aws_kms::SettingsError::Aws(source)) => {
            of_settings(source)
        }
        Error::KmsSettings(
            aws_kms::SettingsError::Unknown { .. } | aws_kms::SettingsError::NoCertificateChain,
        )
        | Error::Http(_) => "settings",
        Error::KmsKeyId(_) => "key-id",
        Error::CertificateChain(_) => "certificate",
        Error::Kms(error) => of_kms(error),
        Error::Read(_) | Error::Write(_) | Error::Runtime(_) => "system",
        Error::UnknownPlugin(_)
        | Error::RawSignature
        | Error::KeyId(_)
        | Error::EnvelopeType(_)
        | Error::PayloadType(_)
        | Error::Expiry { .. }
        | Error::NoCapability
        | Error::Capability(_)
        | Error::Certificate { .. }
        | Error::Sign(_)
        | Error::Validation(_) => return None,
    })
}

fn of_settings(error: &SettingsError) -> &'static str {
    match error {
        SettingsError::Region(_) | SettingsError::Partition { .. } => "region",
        SettingsError::EndpointUrl(_) | SettingsError::Unknown { .. } => "settings",
    }
}

fn of_kms(error: &aws_kms::Error) -> &'static str {
    use aws_kms::Error as E;
    match error {
        E::Settings(source) => of_settings(source),
        E::NoRegion { .. } | E::OtherRegion { .. } => "region",
        E::Call(call) => of_call(call),
        E::Usage { .. } => "key-usage",
        E::KeySpec { .. } | E::Algorithm { .. } => "key-spec",
        E::Mismatch { .. } => "certificate",
        E::PublicKey { .. } | E::Signature { .. } => "unusable-answer",
        E::NotGenerated { .. } => "system",
    }
}

fn of_call(call: &CallError) -> &'static str {
    match call.code() {
        Some("DisabledException") => return "key-disabled",
        Some("KMSInvalidStateException") => return "key-state",
        // The second is what KMS says where a symmetric key's public key is asked for.
        Some("InvalidKeyUsageException" | "UnsupportedOperationException") => return "key-usage",
        _ => {}
    }
    match call.kind() {
        // A key's ARN and the endpoint asked are of two regions. Where the ARN itself names the
        // wrong region, all that KMS says is that it has no such key.
        CallErrorKind::NotFound
            if call
                .message()
                .is_some_and(|said| said.starts_with("Invalid arn ")) =>
        {
            "region"
        }
        CallErrorKind::NotFound => "key-not-found",
        CallErrorKind::Denied => "denied",
        CallErrorKind::NoCredentials | CallErrorKind::BadCredentials => "credentials",
        CallErrorKind::Throttled => "throttled",
        CallErrorKind::TimedOut => "timeout",
        CallErrorKind::Invalid => "invalid-call",
        CallErrorKind::Unreachable | CallErrorKind::NotAws | CallErrorKind::NotSent => {
            "unreachable"
        }
        CallErrorKind::ServiceFailure => "service-failure",
        CallErrorKind::Malformed => "unusable-answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::KeySpec;
    use crate::aws::{Partition, call_error};
    use crate::plugin_contract::{self, Command};
    use crate::signer::aws_kms::SignatureProblem;

    const SCHEMA: &str = include_str!("../../schemas/plugin.error.schema.json");

    /// Asserts the reason of `error`, and that the schema has it.
    #[track_caller]
    fn assert(error: &Error, expected: &str) {
        assert_eq!(reason(error), Some(expected), "{error:?}");
        assert!(SCHEMA.contains(&format!("\"{expected}\"")), "{expected}");
    }

    #[test]
    fn each_answer_of_kms_has_its_reason() {
        use CallErrorKind as Kind;
        for (kind, code, message, expected) in [
            (Kind::Invalid, "DisabledException", "", "key-disabled"),
            (Kind::Invalid, "KMSInvalidStateException", "", "key-state"),
            (Kind::Invalid, "InvalidKeyUsageException", "", "key-usage"),
            (
                Kind::Invalid,
                "UnsupportedOperationException",
                "",
                "key-usage",
            ),
            (Kind::Invalid, "ValidationException", "", "invalid-call"),
            (
                Kind::NotFound,
                "NotFoundException",
                "Key 'x' does not exist",
                "key-not-found",
            ),
            (
                Kind::NotFound,
                "NotFoundException",
                "Invalid arn eu-west-1",
                "region",
            ),
            (
                Kind::NotFound,
                "NotFoundException",
                "Invalid arn",
                "key-not-found",
            ),
            (Kind::Denied, "AccessDeniedException", "", "denied"),
            (Kind::NoCredentials, "", "", "credentials"),
            (
                Kind::BadCredentials,
                "ExpiredTokenException",
                "",
                "credentials",
            ),
            (Kind::Throttled, "ThrottlingException", "", "throttled"),
            (Kind::TimedOut, "DependencyTimeoutException", "", "timeout"),
            (Kind::Unreachable, "", "", "unreachable"),
            (Kind::NotAws, "", "", "unreachable"),
            (Kind::NotSent, "", "", "unreachable"),
            (
                Kind::ServiceFailure,
                "KMSInternalException",
                "",
                "service-failure",
            ),
            (Kind::Malformed, "", "", "unusable-answer"),
        ] {
            let error = aws_kms::Error::Call(call_error(kind, code, message));
            assert(&Error::Kms(error), expected);
        }
    }

    #[test]
    fn each_refusal_of_our_own_has_its_reason_as_metadata() {
        let text = || "x".to_owned();
        let partition = || SettingsError::Partition {
            arn: text(),
            partition: Partition::Aws,
            region: text(),
            other: Partition::AwsCn,
        };
        for (error, expected) in [
            (Error::NoCommand, "command"),
            (Error::UnknownCommand(text()), "command"),
            (Error::ExtraArgument(text()), "command"),
            (Error::RawOnly(Command::GenerateEnvelope), "command"),
            (
                Error::Request {
                    command: Command::DescribeKey,
                    source: plugin_contract::Error::TooLarge,
                },
                "request",
            ),
            (
                Error::OtherKeySpec {
                    field: "keySpec",
                    found: text(),
                    wanted: text(),
                },
                "request",
            ),
            (Error::Settings(SettingsError::Region(text())), "region"),
            (
                Error::Settings(SettingsError::EndpointUrl(text())),
                "settings",
            ),
            (
                Error::KmsSettings(aws_kms::SettingsError::Aws(SettingsError::Region(text()))),
                "region",
            ),
            (
                Error::KmsSettings(aws_kms::SettingsError::Unknown { name: text() }),
                "settings",
            ),
            (
                Error::KmsSettings(aws_kms::SettingsError::NoCertificateChain),
                "settings",
            ),
            (Error::Read(std::io::ErrorKind::BrokenPipe.into()), "system"),
            (Error::Kms(aws_kms::Error::Settings(partition())), "region"),
            (
                Error::Kms(aws_kms::Error::NoRegion { key: text() }),
                "region",
            ),
            (
                Error::Kms(aws_kms::Error::OtherRegion {
                    key: text(),
                    region: text(),
                    set: text(),
                }),
                "region",
            ),
            (
                Error::Kms(aws_kms::Error::Usage {
                    key: text(),
                    found: text(),
                }),
                "key-usage",
            ),
            (
                Error::Kms(aws_kms::Error::KeySpec {
                    key: text(),
                    found: text(),
                }),
                "key-spec",
            ),
            (
                Error::Kms(aws_kms::Error::Algorithm {
                    key: text(),
                    wanted: text(),
                    offered: text(),
                }),
                "key-spec",
            ),
            (
                Error::Kms(aws_kms::Error::Mismatch {
                    key: text(),
                    key_spec: KeySpec::Ec256,
                    subject: text(),
                    certificate_spec: text(),
                }),
                "certificate",
            ),
            (
                Error::Kms(aws_kms::Error::Signature {
                    key: text(),
                    problem: SignatureProblem::Zero,
                }),
                "unusable-answer",
            ),
        ] {
            assert(&error, expected);
        }
    }

    #[test]
    fn what_the_plugin_of_aws_signer_says_has_none() {
        let call = call_error(CallErrorKind::Denied, "AccessDeniedException", "");
        for error in [
            Error::Sign(crate::signer::aws_signer::Error::Call(call)),
            Error::RawSignature,
            Error::UnknownPlugin("x".to_owned()),
        ] {
            assert_eq!(reason(&error), None);
        }
    }
}
