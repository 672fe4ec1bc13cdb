//! Why a key of AWS KMS does not sign.

use super::SignatureProblem;
use crate::algorithm::KeySpec;
use crate::aws::{self, CallError, CallErrorKind};
use crate::x509;

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings contradict the key.
    #[error("the key cannot be used")]
    Settings(#[source] aws::SettingsError),
    /// Nothing says in which region the key is.
    #[error("the region of the key `{key}` is not known")]
    NoRegion {
        /// The key, as it was named.
        key: String,
    },
    /// The region that is set is not the key's.
    #[error("key `{key}` is in region `{region}`, but region `{set}` is set explicitly")]
    OtherRegion {
        /// The key's ARN.
        key: String,
        /// Its region.
        region: String,
        /// The region set.
        set: String,
    },
    /// KMS did not do it.
    #[error(transparent)]
    Call(CallError),
    /// The key is for something else.
    #[error("key `{key}` is for `{found}`, wanted `SIGN_VERIFY`")]
    Usage {
        /// The key's ARN.
        key: String,
        /// What it is for, in KMS's words.
        found: String,
    },
    /// The key is of a kind that the specification does not have.
    #[error(
        "key `{key}` is `{found}`, wanted RSA of 2048, 3072 or 4096 bits or ECDSA on P-256, P-384 \
         or P-521"
    )]
    KeySpec {
        /// The key's ARN.
        key: String,
        /// Its kind, in KMS's words.
        found: String,
    },
    /// The key does not sign with the algorithm that it must sign with.
    #[error("key `{key}` offers the algorithms `{offered}`, wanted `{wanted}`")]
    Algorithm {
        /// The key's ARN.
        key: String,
        /// The algorithm of the specification, in KMS's words.
        wanted: String,
        /// Those that it has.
        offered: String,
    },
    /// KMS's public key is not a public key.
    #[error("the public key that AWS KMS has for `{key}` cannot be read")]
    PublicKey {
        /// The key's ARN.
        key: String,
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// The certificate is for another key.
    #[error("{}", mismatch(key, *key_spec, subject, certificate_spec))]
    Mismatch {
        /// The key's ARN.
        key: String,
        /// The key's kind.
        key_spec: KeySpec,
        /// Whose certificate.
        subject: String,
        /// The kind of the certificate's key.
        certificate_spec: String,
    },
    /// No test certificate could be made.
    #[error("could not generate a test certificate")]
    NotGenerated {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What KMS answered is not a signature.
    #[error("the signature that AWS KMS made with `{key}` is refused")]
    Signature {
        /// The key's ARN.
        key: String,
        /// What is wrong with it.
        #[source]
        problem: SignatureProblem,
    },
}

fn mismatch(key: &str, key_spec: KeySpec, subject: &str, certificate_spec: &str) -> String {
    if key_spec.as_str() == certificate_spec {
        return format!("the certificate `{subject}` is not for the key `{key}`");
    }
    format!(
        "the certificate `{subject}` is for a key {certificate_spec}, not for the key `{key}`, \
         which is {key_spec}"
    )
}

impl Error {
    /// Whether asking again may succeed without any change: not allowed, not reachable, throttled.
    pub fn is_inconclusive(&self) -> bool {
        match self {
            Self::Call(call) => !matches!(
                call.kind(),
                CallErrorKind::Invalid | CallErrorKind::NotFound
            ),
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Settings(source) => return source.hint(),
            Self::Call(call) => return hint_of_call(call),
            Self::NoRegion { .. } => {
                "name the key by its ARN, or set `AWS_REGION` or the setting \
                 `plugin-config aws-region=REGION`"
            }
            Self::OtherRegion { .. } => {
                "omit the region, or name the key by its ARN in that region (a multi-Region key has one in \
                 each)"
            }
            Self::Usage { .. } | Self::KeySpec { .. } => {
                "a key's usage and kind cannot be changed: create another with `aws kms create-key \
                 --key-usage SIGN_VERIFY --key-spec ECC_NIST_P384`"
            }
            Self::Algorithm { .. } | Self::NotGenerated { .. } => return None,
            Self::Mismatch { .. } => {
                "the file must begin with the certificate of this key; request one for its public key (`aws \
                 kms get-public-key`)"
            }
            Self::PublicKey { .. } | Self::Signature { .. } => {
                "check which service answers in place of AWS KMS"
            }
        };
        Some(text.to_owned())
    }
}

/// Advice for what KMS itself says.
fn hint_of_call(call: &CallError) -> Option<String> {
    let key = &call.call().resource;
    let action = call.call().action;
    Some(match call.code() {
        Some("DisabledException") => {
            format!("enable the key: `aws kms enable-key --key-id {key}`")
        }
        Some("KMSInvalidStateException") => format!(
            "check the state of the key with `aws kms describe-key --key-id {key}`: one that is to be deleted \
             signs again after `cancel-key-deletion` and `enable-key`"
        ),
        Some("InvalidKeyUsageException") => {
            "sign with a key whose usage is `SIGN_VERIFY`".to_owned()
        }
        // What KMS says to `GetPublicKey` of a key that has none.
        Some("UnsupportedOperationException") => {
            "a symmetric key cannot sign: create an asymmetric one with `aws kms create-key --key-usage \
             SIGN_VERIFY --key-spec ECC_NIST_P384`"
                .to_owned()
        }
        _ => match call.kind() {
            CallErrorKind::Denied => {
                let caller = call
                    .principal()
                    .map_or_else(|| "the caller".to_owned(), |arn| format!("`{arn}`"));
                format!(
                    "allow {caller} `kms:GetPublicKey` and `kms:Sign` on `{key}` in the key's \
                     policy, or in an IAM policy where the key's policy leaves it to IAM; `{action}` \
                     was denied"
                )
            }
            CallErrorKind::NotFound if !key.starts_with("arn:") => format!(
                "check that `{key}` is in region `{}`, an alias is written `alias/NAME`; the ARN \
                 names region and account",
                call.call().region
            ),
            CallErrorKind::NotFound => {
                format!("check the region, the account and the identifier in `{key}`")
            }
            _ => return call.hint(),
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::operation::get_public_key::GetPublicKeyError;
    use aws_sdk_kms::operation::sign::SignError;
    use aws_sdk_kms::types::error::{
        DependencyTimeoutException, DisabledException, InvalidKeyUsageException,
        KeyUnavailableException, KmsInternalException, KmsInvalidStateException, NotFoundException,
        UnsupportedOperationException,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::client::result::SdkError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;

    use super::*;
    use crate::aws::Call;

    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn call(resource: &str) -> Call {
        Call {
            action: "kms:Sign",
            resource: resource.to_owned(),
            region: "eu-west-1".to_owned(),
        }
    }

    /// What becomes of the SDK's error.
    fn error<E>(resource: &str, status: u16, service: E) -> Error
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::from("{}"));
        let error = SdkError::service_error(service, raw);
        Error::Call(CallError::from_sdk(call(resource), &error))
    }

    fn meta(code: &str) -> ErrorMetadata {
        ErrorMetadata::builder()
            .code(code)
            .message("KMS's own words")
            .build()
    }

    #[track_caller]
    fn assert(error: &Error, kind: CallErrorKind, is_inconclusive: bool, hint: &str) {
        let Error::Call(call) = error else {
            panic!("{error:?}");
        };
        assert_eq!(call.kind(), kind, "{error}");
        assert_eq!(error.is_inconclusive(), is_inconclusive, "{error}");
        assert!(error.to_string().contains("KMS's own words"), "{error}");
        assert!(error.to_string().contains("`kms:Sign`"), "{error}");
        assert!(error.to_string().contains("in region `eu-west-1`"));
        let found = error.hint().unwrap_or_default();
        assert!(found.contains(hint), "{error}: {found}");
    }

    #[test]
    fn each_refusal_of_kms_has_advice_of_its_own() {
        use CallErrorKind as Kind;
        macro_rules! sign {
            ($variant:ident, $type:ident, $code:literal) => {
                SignError::$variant(
                    $type::builder()
                        .message("KMS's own words")
                        .meta(meta($code))
                        .build(),
                )
            };
        }
        let disabled = sign!(DisabledException, DisabledException, "DisabledException");
        assert(
            &error(ARN, 400, disabled),
            Kind::Invalid,
            false,
            &format!("`aws kms enable-key --key-id {ARN}`"),
        );
        let state = sign!(
            KmsInvalidStateException,
            KmsInvalidStateException,
            "KMSInvalidStateException"
        );
        assert(
            &error(ARN, 400, state),
            Kind::Invalid,
            false,
            "`cancel-key-deletion`",
        );
        let usage = sign!(
            InvalidKeyUsageException,
            InvalidKeyUsageException,
            "InvalidKeyUsageException"
        );
        assert(
            &error(ARN, 400, usage),
            Kind::Invalid,
            false,
            "`SIGN_VERIFY`",
        );
        let missing = || sign!(NotFoundException, NotFoundException, "NotFoundException");
        assert(
            &error(ARN, 400, missing()),
            Kind::NotFound,
            false,
            "check the region, the account and the identifier",
        );
        assert(
            &error("release", 400, missing()),
            Kind::NotFound,
            false,
            "check that `release` is in region `eu-west-1`, an alias is written `alias/NAME`",
        );
        let slow = sign!(
            DependencyTimeoutException,
            DependencyTimeoutException,
            "DependencyTimeoutException"
        );
        assert(
            &error(ARN, 503, slow),
            Kind::TimedOut,
            true,
            "endpoint for `kms`",
        );
        let down = sign!(
            KeyUnavailableException,
            KeyUnavailableException,
            "KeyUnavailableException"
        );
        assert(
            &error(ARN, 500, down),
            Kind::ServiceFailure,
            true,
            "try again later",
        );
        let internal = sign!(
            KmsInternalException,
            KmsInternalException,
            "KMSInternalException"
        );
        assert(
            &error(ARN, 500, internal),
            Kind::ServiceFailure,
            true,
            "try again later",
        );

        let symmetric = UnsupportedOperationException::builder()
            .message("KMS's own words")
            .meta(meta("UnsupportedOperationException"))
            .build();
        let symmetric = GetPublicKeyError::UnsupportedOperationException(symmetric);
        assert(
            &error(ARN, 400, symmetric),
            Kind::Invalid,
            false,
            "a symmetric key cannot sign",
        );
    }

    #[test]
    fn a_denial_names_who_what_and_where() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/ci/x is not authorized to \
                       perform: kms:Sign";
        let denied = ErrorMetadata::builder()
            .code("AccessDeniedException")
            .message(message)
            .build();
        let error = error(ARN, 400, SignError::generic(denied));
        assert_eq!(
            error.to_string(),
            format!(
                "AWS denied `kms:Sign` on `{ARN}` in region `eu-west-1`: AccessDeniedException: \
                 {message}"
            )
        );
        assert_eq!(
            error.hint().unwrap(),
            format!(
                "allow `arn:aws:sts::111122223333:assumed-role/ci/x` `kms:GetPublicKey` and \
                 `kms:Sign` on `{ARN}` in the key's policy, or in an IAM policy where the key's \
                 policy leaves it to IAM; `kms:Sign` was denied"
            )
        );
        assert!(error.is_inconclusive());
    }

    #[test]
    fn throttling_may_pass() {
        let error = error(ARN, 400, SignError::generic(meta("ThrottlingException")));
        assert(
            &error,
            CallErrorKind::Throttled,
            true,
            "the account's quota",
        );
    }
}
