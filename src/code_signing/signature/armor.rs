//! The text of a signature: one PEM block, of which there is one form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Error;
use crate::limits::MAX_PACKAGE_SIGNATURE_BYTES;

const BEGIN: &str = "-----BEGIN PKCS7-----\n";
const END: &str = "-----END PKCS7-----\n";
const LINE: usize = 64;

/// The message in `text`.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, Error> {
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_PACKAGE_SIGNATURE_BYTES {
        return Err(Error::TooLarge {
            max: MAX_PACKAGE_SIGNATURE_BYTES,
        });
    }
    let text = std::str::from_utf8(text).map_err(|_| Error::NotPem)?;
    let body = text.strip_prefix(BEGIN).ok_or(Error::NotPem)?;
    let body = body.strip_suffix(END).ok_or(Error::NotPem)?;
    let joined: String = body.split('\n').collect();
    let message = STANDARD.decode(joined).map_err(Error::Base64)?;
    // Written again, so that whatever was read past is seen.
    if encode(&message) != text {
        return Err(Error::Lines);
    }
    Ok(message)
}

/// The only text of a message.
fn encode(message: &[u8]) -> String {
    let body = STANDARD.encode(message);
    let mut text = BEGIN.to_owned();
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str(END);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        decode(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_message_has_one_text() {
        for length in [1, 2, 3, 47, 48, 49, 96, 100] {
            let message = vec![7; length];
            let text = encode(&message);
            assert_eq!(decode(text.as_bytes()).unwrap(), message);
        }
        let text = encode(&[7; 50]);
        let lines = "the signature is not in lines of 64 characters that each end with a line feed";
        let pem = "the signature is not one block `PKCS7` in PEM";
        let base64 = "the body of the signature is not base64";
        for (changed, wanted) in [
            (text.replace('\n', "\r\n"), pem),
            (text.replace("=\n", "=\n\n"), lines),
            (text.replace("-----\nBw", "-----\nB\nw"), lines),
            (text.replacen("Bw", " Bw", 1), base64),
            (text.replace('=', ""), base64),
            // Loose bits in the last letter.
            (text.replace("c=", "d="), base64),
            (format!("{text}\n"), pem),
            (format!("\n{text}"), pem),
            (text.replace("PKCS7", "CMS"), pem),
            (text.trim_end().to_owned(), pem),
            (format!("{BEGIN}{END}"), ""),
        ] {
            if wanted.is_empty() {
                assert_eq!(decode(changed.as_bytes()).unwrap(), b"");
                continue;
            }
            assert_ne!(changed, text);
            assert_eq!(code(&changed), wanted, "{changed:?}");
        }
    }

    #[test]
    fn a_text_is_bounded() {
        let most = usize::try_from(MAX_PACKAGE_SIGNATURE_BYTES).unwrap();
        assert!(matches!(
            decode(&vec![b'-'; most]).unwrap_err(),
            Error::NotPem
        ));
        assert!(matches!(
            decode(&vec![b'-'; most + 1]).unwrap_err(),
            Error::TooLarge {
                max: MAX_PACKAGE_SIGNATURE_BYTES
            }
        ));
    }
}
