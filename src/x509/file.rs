//! Certificate files: PEM with any number of blocks and text around them, or DER certificates one
//! after the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::certificate::split_first;
use super::{Certificate, Error};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The certificates of a file, in its order: every PEM block if there is one, else concatenated DER.
///
/// No bytes, no certificates: whether that is enough is the caller's question.
///
/// # Errors
///
/// [`Error::Pem`] for a block that is not a whole, well-formed certificate block;
/// [`Error::InFile`] with what is wrong with one certificate.
pub fn parse_certificates(bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    // Text around the blocks may be in any encoding.
    let text = String::from_utf8_lossy(bytes);
    let ders = if text.lines().any(|line| line.starts_with(BEGIN)) {
        pem_blocks(&text)?
    } else {
        split_der(bytes)?
    };
    let certificates = ders
        .iter()
        .enumerate()
        .map(|(index, der)| Certificate::parse(der).map_err(|source| in_file(index, source)));
    certificates.collect()
}

fn in_file(index: usize, source: Error) -> Error {
    Error::InFile {
        position: index.saturating_add(1),
        source: Box::new(source),
    }
}

fn split_der(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut ders = Vec::new();
    while !bytes.is_empty() {
        let (first, rest) = split_first(bytes)
            .map_err(|source| in_file(ders.len(), Error::Malformed { source }))?;
        ders.push(first.to_vec());
        bytes = rest;
    }
    Ok(ders)
}

/// The decoded blocks of PEM (RFC 7468). Every line that begins a block must be followed by that
/// block's end: half a block is a damaged file and not a comment.
fn pem_blocks(text: &str) -> Result<Vec<Vec<u8>>, Error> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(label) = line.trim_end().strip_prefix(BEGIN) else {
            continue;
        };
        let broken = |problem| Error::Pem {
            line: index.saturating_add(1),
            problem,
        };
        let label = label
            .strip_suffix(DASHES)
            .ok_or_else(|| broken(PemProblem::BeginLine))?;
        if !matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
            return Err(broken(PemProblem::Label(label.to_owned())));
        }
        let mut body = String::new();
        loop {
            let (_, line) = lines.next().ok_or_else(|| broken(PemProblem::NoEnd))?;
            let line = line.trim();
            match line.strip_prefix(END) {
                Some(end) if end.strip_suffix(DASHES) == Some(label) => break,
                Some(_) => return Err(broken(PemProblem::NoEnd)),
                None => body.push_str(line),
            }
        }
        let der = STANDARD
            .decode(body)
            .map_err(|_| broken(PemProblem::Base64))?;
        blocks.push(der);
    }
    Ok(blocks)
}

/// What is wrong with a PEM block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemProblem {
    /// The line does not end in dashes.
    #[error("its first line is cut short")]
    BeginLine,
    /// Another kind of block.
    #[error("it holds `{0}`, wanted `CERTIFICATE`")]
    Label(String),
    /// The end line is missing or belongs to another kind of block.
    #[error("it has no end line of its own")]
    NoEnd,
    /// The body is not base64.
    #[error("its body is not base64")]
    Base64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::testing::self_signed;

    fn pem(label: &str, der: &[u8]) -> String {
        let body = STANDARD.encode(der);
        let lines: Vec<String> = body
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        format!(
            "{BEGIN}{label}{DASHES}\n{}\n{END}{label}{DASHES}\n",
            lines.join("\n")
        )
    }

    #[test]
    fn pem_and_der_files_hold_any_number() {
        let first = self_signed("a");
        let second = self_signed("b");
        let both = [first.clone(), second.clone()];
        let text = format!(
            "comment\r\n{}between{}",
            pem("CERTIFICATE", first.der()).replace('\n', "\r\n"),
            pem("CERTIFICATE", second.der())
        );
        // `between` stands at the start of the line and hides nothing.
        let text = text.replace("between", "between\n");
        assert_eq!(parse_certificates(text.as_bytes()).unwrap(), both);
        let latin = [b"Subject: Zo\xeb\n", text.as_bytes()].concat();
        assert_eq!(parse_certificates(&latin).unwrap(), both);
        let der = [first.der(), second.der()].concat();
        assert_eq!(parse_certificates(&der).unwrap(), both);
        assert_eq!(parse_certificates(b"").unwrap(), []);
    }

    #[test]
    fn a_damaged_file_is_refused_and_not_read_in_part() {
        let der = self_signed("a").der().to_vec();
        let good = pem("CERTIFICATE", &der);
        let problem = |text: &str| match parse_certificates(text.as_bytes()).unwrap_err() {
            Error::Pem { line, problem } => (line, problem),
            other => panic!("{other}"),
        };
        let key = good.clone() + &pem("PRIVATE KEY", &der);
        let begin = good.lines().count() + 1;
        assert_eq!(
            problem(&key),
            (begin, PemProblem::Label("PRIVATE KEY".to_owned()))
        );
        assert_eq!(problem("-----BEGIN CERT"), (1, PemProblem::BeginLine));
        let cut = good.trim_end().strip_suffix("-----END CERTIFICATE-----");
        assert_eq!(problem(cut.unwrap()), (1, PemProblem::NoEnd));
        assert_eq!(
            problem(&good.replace("-----END CERTIFICATE", "-----END X509 CERTIFICATE")),
            (1, PemProblem::NoEnd)
        );
        assert_eq!(
            problem("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"),
            (1, PemProblem::Base64)
        );
    }

    #[test]
    fn the_bad_certificate_of_a_file_is_named() {
        let good = self_signed("a");
        let bytes = [good.der(), b"\x30\x03\x02\x01\x00"].concat();
        let error = parse_certificates(&bytes).unwrap_err();
        assert!(
            matches!(&error, Error::InFile { position: 2, source }
                if matches!(**source, Error::Malformed { .. })),
            "{error:?}"
        );
        let error = parse_certificates(&[good.der(), b"x"].concat()).unwrap_err();
        assert!(matches!(error, Error::InFile { position: 2, .. }));
        // A block begins at the beginning of a line, or is none.
        let indented = format!(" {}", pem("CERTIFICATE", good.der()));
        let error = parse_certificates(indented.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::InFile { position: 1, .. }));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = parse_certificates(&bytes);
        }

        #[test]
        fn any_block_is_read_or_refused(body in "[A-Za-z0-9+/=\n -]{0,200}") {
            let _ = parse_certificates(
                format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n").as_bytes(),
            );
        }
    }
}
