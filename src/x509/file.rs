//! Certificate files: PEM with any number of blocks and text around them, or DER certificates one
//! after the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::armor::{self, PemProblem};
use super::certificate::split_first;
use super::{Certificate, Error};

/// The first byte of a certificate in DER.
const DER_SEQUENCE: u8 = 0x30;

/// The certificates of a file, in its order: every PEM block if there is one, else concatenated DER.
///
/// No bytes, no certificates: whether that is enough is the caller's question.
///
/// # Errors
///
/// [`Error::Pem`] for a block that is not a whole, well-formed certificate block;
/// [`Error::NeitherForm`] where there is no block and no DER; [`Error::InFile`] with what is wrong with
/// one certificate.
pub fn parse_certificates(bytes: &[u8]) -> Result<Vec<Certificate>, Error> {
    let text = armor::text(bytes);
    let ders = if armor::has_block(&text) {
        pem_blocks(&text)?
    } else if !bytes.is_empty() && bytes.first() != Some(&DER_SEQUENCE) {
        return Err(Error::NeitherForm);
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
    let mut lines = armor::lines(text);
    while let Some((number, line)) = lines.next() {
        let broken = |problem| Error::Pem {
            line: number,
            problem,
        };
        let Some(label) = armor::begin(line).map_err(broken)? else {
            continue;
        };
        if !matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
            return Err(broken(PemProblem::Label(label.to_owned())));
        }
        let mut body = String::new();
        armor::body(label, &mut lines, |line| body.push_str(line)).map_err(broken)?;
        let der = STANDARD
            .decode(body)
            .map_err(|_| broken(PemProblem::Base64))?;
        blocks.push(der);
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::testing::self_signed;

    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    const DASHES: &str = "-----";

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
    fn what_editors_and_shells_do_to_a_file_hides_no_block() {
        let [first, second] = [self_signed("a"), self_signed("b")];
        let text = [&first, &second]
            .map(|one| pem("CERTIFICATE", one.der()))
            .concat();
        let both = [first, second];
        let utf16 = |unit: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
            let mark = mark.then_some(0xfeff);
            mark.into_iter()
                .chain(text.encode_utf16())
                .flat_map(unit)
                .collect()
        };
        let marked = format!("\u{feff}{text}");
        for (what, bytes) in [
            ("a mark", marked.clone().into_bytes()),
            (
                "a mark in the middle",
                text.replace("-\n-----BEGIN", "-\n\u{feff}-----BEGIN")
                    .into_bytes(),
            ),
            (
                "a mark and text",
                format!("\u{feff}text\n{text}text").into_bytes(),
            ),
            ("CR LF", marked.replace('\n', "\r\n").into_bytes()),
            ("CR", text.replace('\n', "\r").into_bytes()),
            (
                "blanks before each line",
                text.replace('\n', "\n  \t").into_bytes(),
            ),
            (
                "blanks behind each line",
                text.replace('\n', "  \n").into_bytes(),
            ),
            (
                "text in another encoding",
                [b"\xe9\n", text.as_bytes(), b"\xff"].concat(),
            ),
            (
                "text about PEM",
                format!("it has -----BEGIN lines\n{text}").into_bytes(),
            ),
            (
                "UTF-16, little end first, with its mark",
                utf16(u16::to_le_bytes, true),
            ),
            (
                "UTF-16, big end first, with its mark",
                utf16(u16::to_be_bytes, true),
            ),
            ("UTF-16, little end first", utf16(u16::to_le_bytes, false)),
            ("UTF-16, big end first", utf16(u16::to_be_bytes, false)),
        ] {
            assert_eq!(parse_certificates(&bytes).unwrap(), both, "{what}");
        }
    }

    #[test]
    fn a_block_that_others_would_miss_is_refused_with_the_reason() {
        let good = pem("CERTIFICATE", self_signed("a").der());
        let problem = |text: String| match parse_certificates(text.as_bytes()).unwrap_err() {
            Error::Pem { line, problem } => (line, problem),
            other => panic!("{other}"),
        };
        let lines = good.lines().count();
        assert_eq!(
            problem(format!("cert: {good}")),
            (1, PemProblem::TextBefore)
        );
        assert_eq!(
            problem(format!("{good}# {good}")),
            (lines + 1, PemProblem::TextBefore)
        );
        assert_eq!(
            problem(format!("{}{good}", good.trim_end())),
            (1, PemProblem::SameLine)
        );
        assert_eq!(
            problem(format!("{} x", good.trim_end())),
            (1, PemProblem::TextBehind)
        );
        assert_eq!(problem(good.replace('\n', "")), (1, PemProblem::OneLine));
        assert_eq!(problem(good.replace('\n', "\\n")), (1, PemProblem::OneLine));
        let inner = good.replace(
            "\n-----END",
            &format!("\n{BEGIN}CERTIFICATE{DASHES}\n-----END"),
        );
        assert_eq!(problem(inner), (1, PemProblem::NoEnd));
    }

    #[test]
    fn what_is_no_certificate_file_is_not_called_a_bad_certificate() {
        let base64 = STANDARD.encode(self_signed("a").der());
        for bytes in ["<html>", "\u{feff}", &base64, "\n", "certificate"] {
            let error = parse_certificates(bytes.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::NeitherForm), "{bytes:?}: {error}");
        }
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
