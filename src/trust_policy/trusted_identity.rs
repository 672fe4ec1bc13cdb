//! Whether a statement trusts the holder of a signing certificate (`trust-store-trust-policy.md`, "Trusted Identities
//! Constraints"). Identities that only a plugin understands are not judged here.

use std::fmt;

use super::statement::{Statement, TrustedIdentity};
use crate::x509::identity::{self, SubjectIdentity, quote};
use crate::x509::{Certificate, DistinguishedName};

/// Why a statement does not trust the holder of a signing certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The statement has only identities for plugins.
    #[error(
        "the statement `{statement}` has no identity of the form `x509.subject: ...`, and no plugin judged the others"
    )]
    NoSubject {
        /// The statement's name.
        statement: String,
        /// Its identities.
        found: Vec<String>,
    },
    /// No identity can fit such a subject.
    #[error("the signing certificate's subject `{subject}` matches no trusted identity")]
    Subject {
        /// The subject.
        subject: String,
        /// Why.
        source: identity::Error,
    },
    /// The subject fits none of the statement's identities.
    #[error(
        "the signing certificate's subject `{subject}` matches none of the identities of the statement `{statement}`: {}",
        listed(wanted)
    )]
    NotTrusted {
        /// The statement's name.
        statement: String,
        /// The subject.
        subject: String,
        /// The statement's subjects.
        wanted: Vec<SubjectIdentity>,
    },
}

fn listed(wanted: &[SubjectIdentity]) -> String {
    let subjects: Vec<String> = wanted
        .iter()
        .map(|subject| format!("`{subject}`"))
        .collect();
    subjects.join(", ")
}

impl IdentityError {
    /// notation's sentence, as a result of the validation `authenticity`.
    #[doc(hidden)]
    pub fn notation_sentence(&self) -> String {
        match self {
            Self::NoSubject { statement, .. } => format!(
                "no x509 trusted identities are configured in the trust policy {}",
                quote(statement)
            ),
            Self::Subject { subject, source } => format!(
                "error while parsing the certificate subject from the digital signature. error : {}",
                quote(&source.notation_sentence(subject))
            ),
            Self::NotTrusted {
                statement, wanted, ..
            } => {
                let maps: Vec<String> = wanted.iter().map(SubjectIdentity::notation_map).collect();
                format!(
                    "signing certificate from the digital signature does not match the X.509 trusted identities [{}] defined \
                     in the trust policy {}",
                    maps.join(" "),
                    quote(statement)
                )
            }
        }
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSubject { .. } => Some(
                "identities such as ARNs are judged by the plugin that a signature names, and this one names none that \
                 judges them"
                    .into(),
            ),
            Self::Subject { source, .. } => source.hint_for_certificate(),
            Self::NotTrusted { subject, .. } => {
                Some(format!("if you trust this signer, add the identity `x509.subject: {subject}`"))
            }
        }
    }
}

impl Statement {
    /// Checks that the holder of a chain's first certificate is trusted: by `*`, or by an identity that its subject
    /// fits.
    ///
    /// # Errors
    ///
    /// Every variant of [`IdentityError`].
    #[doc(hidden)]
    pub fn check_identity(&self, signing_certificate: &Certificate) -> Result<(), IdentityError> {
        self.check_subject(signing_certificate.subject())
    }

    fn check_subject(&self, subject: &DistinguishedName) -> Result<(), IdentityError> {
        if self.trusted_identities.contains(&TrustedIdentity::Any) {
            return Ok(());
        }
        self.check_has_subject()?;
        let found =
            SubjectIdentity::of_subject(subject).map_err(|source| IdentityError::Subject {
                subject: subject.to_string(),
                source,
            })?;
        self.check_found(&found, subject)
    }

    /// Checks the same for a subject that is known without a certificate.
    ///
    /// # Errors
    ///
    /// [`IdentityError::NoSubject`] and [`IdentityError::NotTrusted`].
    #[doc(hidden)]
    pub fn check_subject_identity(&self, subject: &SubjectIdentity) -> Result<(), IdentityError> {
        if self.trusted_identities.contains(&TrustedIdentity::Any) {
            return Ok(());
        }
        self.check_has_subject()?;
        self.check_found(subject, subject)
    }

    fn check_has_subject(&self) -> Result<(), IdentityError> {
        if self.subject_identities().next().is_some() {
            return Ok(());
        }
        let found = self
            .trusted_identities
            .iter()
            .map(|identity| identity.as_str().to_owned());
        Err(IdentityError::NoSubject {
            statement: self.name.clone(),
            found: found.collect(),
        })
    }

    fn check_found(
        &self,
        found: &SubjectIdentity,
        subject: &dyn fmt::Display,
    ) -> Result<(), IdentityError> {
        if self
            .subject_identities()
            .any(|identity| identity.is_part_of(found))
        {
            return Ok(());
        }
        Err(IdentityError::NotTrusted {
            statement: self.name.clone(),
            subject: subject.to_string(),
            wanted: self.subject_identities().cloned().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;
    use crate::trust_policy::{DocumentKind, TrustPolicies};

    fn certificate(attributes: &[(DnType, &str)]) -> Certificate {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in attributes {
            params.distinguished_name.push(kind.clone(), *value);
        }
        let key = KeyPair::generate().unwrap();
        Certificate::parse(params.self_signed(&key).unwrap().der()).unwrap()
    }

    fn check(identities: &str, certificate: &Certificate) -> Result<(), IdentityError> {
        let text = format!(
            r#"{{"version": "1.0", "trustPolicies": [{{"name": "p", "registryScopes": ["*"],
                "signatureVerification": {{"level": "strict"}}, "trustStores": ["ca:a"],
                "trustedIdentities": [{identities}]}}]}}"#
        );
        let policies =
            TrustPolicies::parse(DocumentKind::Oci, Path::new("p"), text.as_bytes()).unwrap();
        policies.statements()[0].check_identity(certificate)
    }

    fn signer() -> Certificate {
        certificate(&[
            (DnType::CountryName, "US"),
            (DnType::StateOrProvinceName, "WA"),
            (DnType::OrganizationName, "N"),
            (DnType::CommonName, "x"),
        ])
    }

    #[test]
    fn one_identity_that_fits_is_enough() {
        let fits = r#""arn:x", "x509.subject: C=US, ST=WA, O=M", "x509.subject: C=US, ST=WA, O=N""#;
        assert_eq!(check(fits, &signer()), Ok(()));
        assert_eq!(check(r#""*""#, &certificate(&[])), Ok(()));
    }

    #[test]
    fn what_does_not_fit_has_notations_sentence() {
        let error = check(
            r#""x509.subject: C=US, ST=WA, O=M", "x509.subject: C=US, ST=WA, O=L""#,
            &signer(),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the signing certificate's subject `CN=x,O=N,ST=WA,C=US` matches none of the identities of the \
             statement `p`: `C=US, O=M, ST=WA`, `C=US, O=L, ST=WA`"
        );
        assert_eq!(
            error.notation_sentence(),
            "signing certificate from the digital signature does not match the X.509 trusted identities [map[\"C\":\"US\" \
             \"O\":\"M\" \"ST\":\"WA\"] map[\"C\":\"US\" \"O\":\"L\" \"ST\":\"WA\"]] defined in the trust policy \"p\""
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("if you trust this signer, add the identity `x509.subject: CN=x,O=N,ST=WA,C=US`")
        );
        let error = check(r#""arn:x", "y:z""#, &signer()).unwrap_err();
        let found = vec!["arn:x".into(), "y:z".into()];
        assert_eq!(
            error,
            IdentityError::NoSubject {
                statement: "p".into(),
                found
            }
        );
        assert_eq!(
            error.notation_sentence(),
            "no x509 trusted identities are configured in the trust policy \"p\""
        );
        let no_state = certificate(&[
            (DnType::CountryName, "US"),
            (DnType::OrganizationName, "N"),
            (DnType::CommonName, "x"),
        ]);
        let error = check(r#""x509.subject: C=US, ST=WA, O=N""#, &no_state).unwrap_err();
        assert_eq!(
            error.notation_sentence(),
            "error while parsing the certificate subject from the digital signature. error : \"distinguished name (DN) \
             \\\"CN=x,O=N,C=US\\\" has no mandatory RDN attribute for \\\"ST\\\", it must contain 'C', 'ST' or 'S', and 'O' RDN \
             attributes at a minimum\""
        );
    }
}
