//! notation's sentence for each rule of a trust policy, letter for letter, so that its users find it again.

use super::rule::Rule;
use super::{DocumentKind, scope};
use crate::config::StoreNameError;
use crate::x509::identity::quote;

impl Rule {
    /// notation's sentence, where it has one: what its command line prints after `Error: `.
    #[expect(clippy::too_many_lines, reason = "one arm for each rule")]
    pub(super) fn notation_sentence(&self, kind: DocumentKind, statement: &str) -> Option<String> {
        let document = kind.as_str();
        let name = quote(statement);
        let of_statement =
            |rest: String| format!("{document} trust policy: trust policy statement {name} {rest}");
        let of_level =
            |rest: String| of_statement(format!("has invalid signatureVerification: {rest}"));
        let sentence = match self {
            Self::WrongType { .. }
            | Self::OtherLetterCase { .. }
            | Self::MemberMisspelt { .. }
            | Self::ScopeRespelled { .. }
            | Self::UnsignedStatement { .. } => return None,
            Self::VersionMissing => {
                format!("{document} trust policy document has empty version, version must be specified")
            }
            Self::VersionUnsupported { found } => {
                format!("{document} trust policy document uses unsupported version {}", quote(found))
            }
            Self::NoStatements => {
                format!("{document} trust policy document can not have zero trust policy statements")
            }
            Self::NameMissing => format!(
                "{document} trust policy: a trust policy statement is missing a name, every statement requires a name"
            ),
            Self::NameTaken { found } => format!(
                "multiple {document} trust policy statements use the same name {}, statement names must be unique",
                quote(found)
            ),
            Self::LevelMissing => of_level(
                "signature verification level is empty or missing in the trust policy statement".into(),
            ),
            Self::LevelUnknown { found } => {
                of_level(format!("invalid signature verification level {}", quote(found)))
            }
            Self::OverrideOfSkip => of_level(
                "signature verification level \"skip\" can't be used to customize signature verification".into(),
            ),
            Self::OverrideUnknown { found } => of_level(format!(
                "verification type {} in custom signature verification is not supported, supported values are \
                 [\"integrity\" \"authenticity\" \"authenticTimestamp\" \"expiry\" \"revocation\"]",
                quote(found)
            )),
            Self::ActionUnknown { found, .. } => of_level(format!(
                "verification action {} in custom signature verification is not supported, supported values are \
                 [\"enforce\" \"log\" \"skip\"]",
                quote(found)
            )),
            Self::OverrideOfIntegrity => of_level(
                "\"integrity\" verification can not be overridden in custom signature verification".into(),
            ),
            Self::SkipNotAllowed { validation } => of_level(format!(
                "\"{validation}\" verification can not be skipped in custom signature verification"
            )),
            Self::VerifyTimestamp { found } => of_level(format!(
                "verifyTimestamp must be \"always\" or \"afterCertExpiry\", but got {}",
                quote(found)
            )),
            Self::TrustAtSkip { .. } => of_statement(
                "is set to skip signature verification but configured with trust stores and/or trusted \
                 identities, remove them if signature verification needs to be skipped"
                    .into(),
            ),
            Self::TrustMissing { .. } => of_statement(
                "is either missing trust stores or trusted identities, both must be specified".into(),
            ),
            Self::Store { found, problem } => of_statement(store_sentence(found, problem)),
            Self::IdentityEmpty => of_statement("has an empty trusted identity".into()),
            Self::IdentityWithoutType { found } => {
                of_statement(format!("has trusted identity {} missing separator", quote(found)))
            }
            Self::IdentityType { found } => of_statement(format!(
                "has trusted identity of the unsupported type {}",
                quote(found)
            )),
            Self::IdentityWithoutValue { found } => of_statement(format!(
                "has trusted identity {} without an identity value",
                quote(found)
            )),
            Self::IdentitySubject { found, problem } => {
                let subject = found.split_once(':').map_or("", |(_, subject)| subject);
                of_statement(format!(
                    "has trusted identity {} with invalid identity value: {}",
                    quote(found),
                    problem.notation_sentence(subject)
                ))
            }
            Self::IdentityWildcard => of_statement(
                "uses a wildcard trusted identity '*', a wildcard identity cannot be used in conjunction with \
                 other values"
                    .into(),
            ),
            Self::IdentitiesOverlap { broad, narrow } => of_statement(format!(
                "has overlapping x509 trustedIdentities, {} overlaps with {}",
                quote(broad),
                quote(narrow)
            )),
            Self::ScopesMissing => format!(
                "{document} trust policy statement {name} has zero registry scopes, it must specify registry \
                 scopes with at least one value"
            ),
            Self::ScopeWildcard => format!(
                "{document} trust policy statement {name} uses wildcard registry scope '*', a wildcard scope \
                 cannot be used in conjunction with other scope values"
            ),
            Self::ScopeInvalid { found, .. } => {
                let wildcards = if found.contains(scope::WILDCARD) {
                    " with wild card(s)"
                } else {
                    ""
                };
                scope_sentence(found, wildcards)
            }
            Self::ScopeTaken { found } => format!(
                "registry scope {} is present in multiple {document} trust policy statements, one registry scope \
                 value can only be associated with one statement",
                quote(found)
            ),
            Self::SkipEverything => format!(
                "{document} trust policy statement {name} is set to skip signature verification and cannot use \
                 the wildcard registry scope '*'"
            ),
            Self::GlobalTwice => format!(
                "multiple {document} trust policy statements have globalPolicy set to true. Only one trust policy \
                 statement can be marked as global policy"
            ),
            Self::GlobalSkip => {
                "global blob trust policy statement cannot have verification level set to skip".into()
            }
        };
        Some(sentence)
    }
}

/// notation's sentence about an artifact's text that holds no scope.
pub(super) fn scope_sentence(found: &str, wildcards: &str) -> String {
    format!(
        "registry scope {}{wildcards} is not valid, make sure it is a fully qualified repository without the scheme, \
         protocol or tag. For example domain.com/my/repository or a local scope like local/myOCILayout",
        quote(found)
    )
}

fn store_sentence(found: &str, problem: &StoreNameError) -> String {
    let value = quote(found);
    match problem {
        StoreNameError::NoType { .. } => format!(
            "has malformed trust store value {value}. The required format is <TrustStoreType>:<TrustStoreName>"
        ),
        StoreNameError::Type { found } => {
            format!(
                "uses an unsupported trust store type {} in trust store value {value}",
                quote(found)
            )
        }
        StoreNameError::Name { found } => format!(
            "uses an unsupported trust store name {} in trust store value {value}. Named store name needs to \
             follow [a-zA-Z0-9_.-]+ format",
            quote(found)
        ),
    }
}
