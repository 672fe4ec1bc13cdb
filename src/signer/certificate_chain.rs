//! The certificates for a key: PEM or DER with the signer's first, or the JSON in which AWS Private CA
//! (`aws acm-pca get-certificate`) and AWS Certificate Manager (`export-certificate`) print them.
//!
//! Input: a file. Output: a chain that fits the specification's requirements now, so no content is
//! read and no request sent for a signature that would be refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;

use crate::algorithm::KeySpec;
use crate::files;
use crate::json;
use crate::limits::MAX_TRUST_STORE_FILE_BYTES;
use crate::x509::{
    self, Certificate, ChainProblem, PemProblem, parse_certificates, verify_code_signing_chain,
};

/// The member of AWS's JSON with the one certificate.
const CERTIFICATE: &str = "Certificate";
/// The member of AWS's JSON with those of its issuers.
const CHAIN: &str = "CertificateChain";

/// The template of AWS Private CA whose certificates may sign code.
const CODE_SIGNING_TEMPLATE: &str = "arn:aws:acm-pca:::template/CodeSigningCertificate/V1";

/// A chain for code signing, the signer's certificate first.
#[derive(Debug, Clone)]
pub struct CertificateChain {
    certificates: Vec<Certificate>,
    leaf: Certificate,
    spec: KeySpec,
}

/// Why a file has no chain that could be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate chain in `{}` cannot be used", path.display())]
pub struct CertificateChainError {
    path: PathBuf,
    #[source]
    problem: ChainFileProblem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFileProblem {
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable {
        /// Why.
        #[source]
        source: files::Error,
    },
    /// It begins like JSON and is not JSON.
    #[error("it is not the JSON of an AWS command")]
    Json {
        /// Why not.
        #[source]
        source: json::Error,
    },
    /// JSON without the certificate.
    #[error("its JSON has no string `{member}`")]
    Member {
        /// The member that is missing, or not text.
        member: &'static str,
    },
    /// JSON of something else.
    #[error("`{CERTIFICATE}` in its JSON has {count} certificates, wanted one")]
    Count {
        /// How many it has.
        count: usize,
    },
    /// Something in it is not a certificate.
    #[error("a certificate in it cannot be read")]
    Certificates {
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// A chain that may not sign, or not now.
    #[error("the chain is not valid for code signing")]
    Chain {
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
}

impl CertificateChainError {
    /// What is wrong with the file.
    pub fn problem(&self) -> &ChainFileProblem {
        &self.problem
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            ChainFileProblem::Unreadable { source } => {
                let place = source.hint();
                Some(format!(
                    "{}; the file must contain the certificates in PEM: the signer's first, then each issuer, up to \
                     the root",
                    place.as_deref().unwrap_or("check the path")
                ))
            }
            ChainFileProblem::Json { .. }
            | ChainFileProblem::Member { .. }
            | ChainFileProblem::Count { .. } => Some(
                "give what `aws acm-pca get-certificate` prints, or a file with the certificates \
                 in PEM, the signer's first"
                    .to_owned(),
            ),
            ChainFileProblem::Certificates { source } => match source {
                x509::Error::Pem {
                    problem: PemProblem::Label(label),
                    ..
                } if label.contains("PRIVATE KEY") => Some(
                    "a private key belongs in a file of its own; the key file and the certificate file may \
                     have been switched"
                        .to_owned(),
                ),
                _ => source.hint(),
            },
            ChainFileProblem::Chain { source } => hint_of_chain(source),
        }
    }
}

fn hint_of_chain(error: &x509::Error) -> Option<String> {
    let x509::Error::Chain {
        position, problem, ..
    } = error
    else {
        return error.hint();
    };
    match problem {
        ChainProblem::IssuerMissing { issuer } => Some(format!(
            "add the certificate of `{issuer}` at the end of the file, and so on up to the root, \
             which is part of the envelope; AWS Private CA gives them as `CertificateChain`"
        )),
        ChainProblem::NotValidAt { at, not_before, .. } if at < not_before => problem.hint(),
        ChainProblem::NotValidAt { .. } => {
            Some("request a new certificate; the key can stay the same".to_owned())
        }
        ChainProblem::ExtensionMissing { .. }
        | ChainProblem::ExtensionNotCritical { .. }
        | ChainProblem::LeafIsCa
        | ChainProblem::KeyUsageMissing { .. }
        | ChainProblem::KeyUsageForbidden { .. }
        | ChainProblem::PurposeForbidden { .. }
            if *position == 1 =>
        {
            Some(format!(
                "request a certificate for code signing; with AWS Private CA, use the template \
                 `{CODE_SIGNING_TEMPLATE}`"
            ))
        }
        _ => error.hint(),
    }
}

impl CertificateChain {
    /// Reads the certificates in the file `path` and checks that they may sign code at `now`.
    ///
    /// # Errors
    ///
    /// [`CertificateChainError`], naming the file, the certificate and what is wrong with it.
    pub fn read(path: &Path, now: OffsetDateTime) -> Result<Self, CertificateChainError> {
        // Certificates are often mounted as links, and what is in them is checked.
        let bytes = files::read_following_links(path, MAX_TRUST_STORE_FILE_BYTES);
        Self::of_file(path, bytes, now)
    }

    /// The same of a file, or a pipe within `wait`, that the user named on the command line.
    ///
    /// # Errors
    ///
    /// As [`CertificateChain::read`].
    pub fn read_named(
        path: &Path,
        wait: Duration,
        now: OffsetDateTime,
    ) -> Result<Self, CertificateChainError> {
        Self::of_file(
            path,
            files::read_named(path, MAX_TRUST_STORE_FILE_BYTES, wait),
            now,
        )
    }

    fn of_file(
        path: &Path,
        bytes: Result<Vec<u8>, files::Error>,
        now: OffsetDateTime,
    ) -> Result<Self, CertificateChainError> {
        bytes
            .map_err(|source| ChainFileProblem::Unreadable { source })
            .and_then(|bytes| Self::parse(&bytes, now))
            .map_err(|problem| CertificateChainError {
                path: path.to_owned(),
                problem,
            })
    }

    /// Parses the bytes of such a file.
    ///
    /// # Errors
    ///
    /// [`ChainFileProblem`].
    pub fn parse(bytes: &[u8], now: OffsetDateTime) -> Result<Self, ChainFileProblem> {
        let certificates = if bytes.trim_ascii_start().first() == Some(&b'{') {
            from_json(bytes)?
        } else {
            certificates_in(bytes)?
        };
        let unfit = |source| ChainFileProblem::Chain { source };
        verify_code_signing_chain(&certificates, Some(now)).map_err(unfit)?;
        let leaf = certificates.first().cloned().ok_or_else(|| {
            unfit(x509::Error::EmptyChain {
                purpose: x509::Purpose::CodeSigning,
            })
        })?;
        Ok(Self {
            spec: leaf.key_spec().map_err(unfit)?,
            certificates,
            leaf,
        })
    }

    /// The certificates, the signer's first. Never empty.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The signer's certificate.
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// The kind of its key.
    pub fn key_spec(&self) -> KeySpec {
        self.spec
    }
}

/// `{"Certificate": "PEM", "CertificateChain": "PEM"}`. A private key beside them, which
/// `export-certificate` prints, is not looked at: the key is in KMS.
fn from_json(bytes: &[u8]) -> Result<Vec<Certificate>, ChainFileProblem> {
    let members = json::parse_object(bytes).map_err(|source| ChainFileProblem::Json { source })?;
    let text = |member: &'static str| match members.get(member) {
        None => Ok(None),
        Some(serde_json::Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(ChainFileProblem::Member { member }),
    };
    let certificate = text(CERTIFICATE)?.ok_or(ChainFileProblem::Member {
        member: CERTIFICATE,
    })?;
    let mut certificates = certificates_in(certificate.as_bytes())?;
    if certificates.len() != 1 {
        return Err(ChainFileProblem::Count {
            count: certificates.len(),
        });
    }
    // A self-signed certificate has no issuers.
    if let Some(chain) = text(CHAIN)? {
        certificates.extend(certificates_in(chain.as_bytes())?);
    }
    Ok(certificates)
}

/// The certificates in PEM or DER. AWS's texts have no line break at their end, so that one after
/// the other (`jq -r`, or `--output text` with its tabulator) they share a line.
fn certificates_in(bytes: &[u8]) -> Result<Vec<Certificate>, ChainFileProblem> {
    const END: &str = "-----END CERTIFICATE-----";
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let malformed = |source| ChainFileProblem::Certificates { source };
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let mut text = text.to_owned();
            for between in ["", "\t", " "] {
                let joined = format!("{END}{between}{BEGIN}");
                text = text.replace(&joined, &format!("{END}\n{BEGIN}"));
            }
            parse_certificates(text.as_bytes()).map_err(malformed)
        }
        Err(_) => parse_certificates(bytes).map_err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;
    use time::macros::datetime;

    use super::*;
    use crate::x509::testing::{NOT_AFTER, Request, TIME_STAMPING};

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    /// A signer, its authority and their root.
    fn chain() -> [Certificate; 3] {
        let root = Request::authority("root").self_signed();
        let authority = Request::authority("authority").issued_by(&root);
        let signer = Request::leaf("signer").issued_by(&authority);
        [signer.certificate, authority.certificate, root.certificate]
    }

    /// PEM as AWS writes it: without a line break at the end.
    fn pem(certificates: &[Certificate]) -> String {
        let one = |certificate: &Certificate| {
            let body = STANDARD.encode(certificate.der());
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----")
        };
        certificates.iter().map(one).collect::<Vec<_>>().join("\n")
    }

    fn problem(text: &str) -> CertificateChainError {
        CertificateChainError {
            path: PathBuf::from("chain.pem"),
            problem: CertificateChain::parse(text.as_bytes(), NOW).unwrap_err(),
        }
    }

    #[track_caller]
    fn assert_chain(text: &str, problem_is: impl Fn(&ChainProblem) -> bool, hint: &str) {
        let error = problem(text);
        let ChainFileProblem::Chain {
            source: x509::Error::Chain { problem, .. },
        } = error.problem()
        else {
            panic!("{error:?}");
        };
        assert!(problem_is(problem), "{problem:?}");
        let found = error.hint().unwrap_or_default();
        assert!(found.contains(hint), "{found}");
    }

    #[test]
    fn every_form_of_file_is_read() {
        let chain = chain();
        let [leaf, issuers @ ..] = &chain;
        let (one, rest) = (pem(std::slice::from_ref(leaf)), pem(issuers));
        for text in [
            pem(&chain),
            format!("{one}{rest}"),
            format!("{one}\t{rest}\n"),
            format!("{one}\r\n{rest}\r\n"),
            json!({ "Certificate": one, "CertificateChain": rest }).to_string(),
            format!(
                "\n {}",
                json!({
                    "CertificateChain": format!("{rest}\n"),
                    "PrivateKey": "-----BEGIN ENCRYPTED PRIVATE KEY-----",
                    "Certificate": format!("{one}\n"),
                })
            ),
        ] {
            let read = CertificateChain::parse(text.as_bytes(), NOW).unwrap();
            assert_eq!(read.certificates(), &chain, "{text}");
            assert_eq!((read.leaf(), read.key_spec()), (leaf, KeySpec::Ec256));
        }
        let der: Vec<u8> = chain.iter().flat_map(|one| one.der().to_vec()).collect();
        let read = CertificateChain::parse(&der, NOW).unwrap();
        assert_eq!(read.certificates(), &chain);
        let alone = Request::leaf("alone").self_signed().certificate;
        let text = json!({ "Certificate": pem(std::slice::from_ref(&alone)) }).to_string();
        let read = CertificateChain::parse(text.as_bytes(), NOW).unwrap();
        assert_eq!(read.certificates(), [alone]);
    }

    #[test]
    fn what_a_chain_lacks_is_said() {
        let [leaf, authority, root] = chain();
        let missing = |chain: &[Certificate], issuer: &str| {
            let added = format!("add the certificate of `CN={issuer}` at the end of the file");
            let is_missing =
                |problem: &ChainProblem| matches!(problem, ChainProblem::IssuerMissing { .. });
            assert_chain(&pem(chain), is_missing, &added);
        };
        missing(std::slice::from_ref(&leaf), "authority");
        missing(&[leaf.clone(), authority.clone()], "root");
        let order = "a chain is the signer's certificate first, then each issuer, up to the root";
        for wrong in [
            [root.clone(), authority.clone(), leaf.clone()],
            [leaf.clone(), root, authority],
        ] {
            assert_chain(
                &pem(&wrong),
                |problem| {
                    matches!(
                        problem,
                        ChainProblem::SelfSignedBeforeEnd | ChainProblem::NotIssuedByNext { .. }
                    )
                },
                order,
            );
        }
        assert!(matches!(
            problem("").problem(),
            ChainFileProblem::Chain {
                source: x509::Error::EmptyChain { .. }
            }
        ));
    }

    #[test]
    fn a_certificate_for_something_else_is_refused() {
        let one = |request: Request| pem(&[request.self_signed().certificate]);
        let template = "`arn:aws:acm-pca:::template/CodeSigningCertificate/V1`";
        assert_chain(
            &one(Request::leaf("x").purposes(true, &[TIME_STAMPING])),
            |problem| matches!(problem, ChainProblem::PurposeForbidden { .. }),
            template,
        );
        assert_chain(
            &one(Request::leaf("x").key_usage(true, &[2])),
            |problem| matches!(problem, ChainProblem::KeyUsageMissing { .. }),
            template,
        );
        assert_chain(
            &one(Request::leaf("x").valid_from(NOW + time::Duration::SECOND)),
            |problem| matches!(problem, ChainProblem::NotValidAt { .. }),
            "the certificate is not valid yet: wait until it is, or check this machine's clock",
        );
        let text = one(Request::leaf("x"));
        assert!(CertificateChain::parse(text.as_bytes(), NOT_AFTER).is_ok());
        let late = NOT_AFTER + time::Duration::SECOND;
        assert!(matches!(
            CertificateChain::parse(text.as_bytes(), late),
            Err(ChainFileProblem::Chain {
                source: x509::Error::Chain {
                    problem: ChainProblem::NotValidAt { .. },
                    ..
                }
            })
        ));
    }

    #[test]
    fn json_of_something_else_is_refused() {
        let chain = pem(&chain());
        for (text, wanted) in [
            ("{", "it is not the JSON of an AWS command"),
            ("{}", "its JSON has no string `Certificate`"),
            (
                r#"{"Certificate": 1}"#,
                "its JSON has no string `Certificate`",
            ),
            (
                r#"{"Certificate": "", "Certificate": ""}"#,
                "it is not the JSON of an AWS command",
            ),
            (
                r#"{"Certificate": ""}"#,
                "`Certificate` in its JSON has 0 certificates, wanted one",
            ),
            (
                &json!({ "Certificate": chain }).to_string(),
                "`Certificate` in its JSON has 3 certificates, wanted one",
            ),
            (
                r#"{"Certificate": "-----BEGIN CERTIFICATE-----"}"#,
                "a certificate in it cannot be read",
            ),
        ] {
            let error = problem(text);
            assert_eq!(error.problem().to_string(), wanted, "{text}");
            assert_eq!(
                error.to_string(),
                "the certificate chain in `chain.pem` cannot be used"
            );
        }
    }

    #[test]
    fn a_private_key_in_the_file_is_refused() {
        let text = format!(
            "{}\n-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
            pem(&chain())
        );
        let error = problem(&text);
        assert_eq!(
            error.hint().unwrap(),
            "a private key belongs in a file of its own; the key file and the certificate file may have been \
             switched"
        );
    }
}
