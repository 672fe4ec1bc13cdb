//! ECDSA signatures: from `Ecdsa-Sig-Value` in DER (RFC 3279), which KMS answers with, to the two
//! numbers in their full width, which envelopes have (RFC 7518 section 3.4, RFC 9053 section 2.1).

use der::asn1::UintRef;
use der::{Decode as _, Sequence};

use crate::algorithm::SignatureAlgorithm;
use crate::x509;

/// Why KMS's answer is not a signature for an envelope.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureProblem {
    /// Not two numbers in DER.
    #[error("it is not an ECDSA signature in DER")]
    Der {
        /// Where it departs from DER.
        #[source]
        source: der::Error,
    },
    /// A number that no signature has.
    #[error("a number of the ECDSA signature is 0")]
    Zero,
    /// A number that is longer than the curve's.
    #[error("a number of the ECDSA signature has {found} bytes, and the curve's have {width}")]
    TooLong {
        /// Its length in bytes.
        found: usize,
        /// The curve's.
        width: usize,
    },
    /// It is not of the certificate's key over the message.
    #[error("it does not verify with the certificate")]
    Mismatch {
        /// Why.
        #[source]
        source: x509::Error,
    },
}

#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// The bytes that each of the two numbers takes; nothing for RSA, whose signatures stay as they are.
pub(super) const fn of(algorithm: SignatureAlgorithm) -> Option<usize> {
    match algorithm {
        SignatureAlgorithm::Ps256 | SignatureAlgorithm::Ps384 | SignatureAlgorithm::Ps512 => None,
        SignatureAlgorithm::Es256 => Some(32),
        SignatureAlgorithm::Es384 => Some(48),
        SignatureAlgorithm::Es512 => Some(66),
    }
}

/// The two numbers of `signature`, each in `width` bytes.
pub(super) fn from_der(signature: &[u8], width: usize) -> Result<Vec<u8>, SignatureProblem> {
    let numbers =
        EcdsaSigValue::from_der(signature).map_err(|source| SignatureProblem::Der { source })?;
    let mut fixed = Vec::with_capacity(width.saturating_mul(2));
    for number in [numbers.r, numbers.s] {
        let bytes = number.as_bytes();
        let found = bytes.len();
        let padding = width
            .checked_sub(found)
            .ok_or(SignatureProblem::TooLong { found, width })?;
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(SignatureProblem::Zero);
        }
        fixed.resize(fixed.len().saturating_add(padding), 0);
        fixed.extend_from_slice(bytes);
    }
    Ok(fixed)
}

#[cfg(test)]
mod tests {
    use der::Encode as _;

    use super::*;

    fn der_of(r: &[u8], s: &[u8]) -> Vec<u8> {
        let (r, s) = (UintRef::new(r).unwrap(), UintRef::new(s).unwrap());
        EcdsaSigValue { r, s }.to_der().unwrap()
    }

    #[test]
    fn numbers_get_their_full_width() {
        for (algorithm, width) in [
            (SignatureAlgorithm::Es256, 32),
            (SignatureAlgorithm::Es384, 48),
            (SignatureAlgorithm::Es512, 66),
        ] {
            assert_eq!(of(algorithm), Some(width));
            let longest = vec![0xff; width];
            let mut wanted = vec![0; width - 1];
            wanted.push(1);
            wanted.extend_from_slice(&longest);
            let der = der_of(&[1], &longest);
            assert_eq!(from_der(&der, width).unwrap(), wanted);

            let too_long = der_of(&[1], &vec![0x01; width + 1]);
            assert!(matches!(
                from_der(&too_long, width),
                Err(SignatureProblem::TooLong { found, width: wanted })
                    if (found, wanted) == (width + 1, width)
            ));
        }
        assert_eq!(of(SignatureAlgorithm::Ps256), None);
    }

    #[test]
    fn a_signature_has_one_form() {
        let good = der_of(&[1], &[2]);
        assert_eq!(good, [0x30, 6, 2, 1, 1, 2, 1, 2]);
        let mut wanted = vec![0; 64];
        (wanted[31], wanted[63]) = (1, 2);
        assert_eq!(from_der(&good, 32).unwrap(), wanted);
        for bad in [
            &[][..],
            // Cut short, and with a byte behind it.
            &good[..7],
            &[0x30, 6, 2, 1, 1, 2, 1, 2, 0],
            // One number, three numbers, none.
            &[0x30, 3, 2, 1, 1],
            &[0x30, 9, 2, 1, 1, 2, 1, 2, 2, 1, 3],
            &[0x30, 0],
            // A length in more bytes than it needs, or without an end.
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 2],
            &[0x30, 0x80, 2, 1, 1, 2, 1, 2, 0, 0],
            // A zero in front that changes nothing; a negative number; a number of no bytes.
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 2],
            &[0x30, 6, 2, 1, 0x80, 2, 1, 2],
            &[0x30, 5, 2, 0, 2, 1, 2],
            // Something else than numbers, something else than a sequence.
            &[0x30, 6, 4, 1, 1, 2, 1, 2],
            &[0x31, 6, 2, 1, 1, 2, 1, 2],
        ] {
            assert!(
                matches!(from_der(bad, 32), Err(SignatureProblem::Der { .. })),
                "{bad:?}"
            );
        }
        for zero in [[0x30, 6, 2, 1, 0, 2, 1, 2], [0x30, 6, 2, 1, 1, 2, 1, 0]] {
            assert!(matches!(from_der(&zero, 32), Err(SignatureProblem::Zero)));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(fixed) = from_der(&bytes, 48) {
                proptest::prop_assert_eq!(fixed.len(), 96);
            }
        }
    }
}
