//! BER to DER (X.690), so that the readers behind it need to know DER alone.
//!
//! RFC 5652 lets a `SignedData` be BER, and some authorities send it so. Changed are lengths
//! (indefinite and longer than needed) and bit and octet strings that come in pieces. Not changed:
//! the order of sets, values of booleans, and strings in pieces under a tag that hides their type;
//! DER's readers refuse what is still no DER.

use super::Error;
use crate::cms::write_length;
use crate::limits::{MAX_NESTING, MAX_TIMESTAMP_BYTES};

const CONSTRUCTED: u8 = 0x20;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const END_OF_CONTENTS: [u8; 2] = [0, 0];

/// `bytes`, which must be one BER element and nothing else, as DER.
pub(super) fn to_der(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_TIMESTAMP_BYTES {
        return Err(Error::TooLarge {
            bytes: bytes.len(),
            limit: MAX_TIMESTAMP_BYTES,
        });
    }
    let mut reader = Reader { rest: bytes };
    let element = reader.element(0)?;
    if !reader.rest.is_empty() {
        return Err(Error::TrailingBytes {
            bytes: reader.rest.len(),
        });
    }
    let mut der = Vec::with_capacity(bytes.len());
    element.write(&mut der);
    Ok(der)
}

/// An element whose content is DER already.
struct Element<'a> {
    identifier: &'a [u8],
    /// Whether the identifier's mark of a constructed value goes, because the pieces were joined.
    joined: bool,
    content: Vec<u8>,
}

impl Element<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match (self.identifier.split_first(), self.joined) {
            (Some((first, rest)), true) => {
                out.push(first & !CONSTRUCTED);
                out.extend_from_slice(rest);
            }
            _ => out.extend_from_slice(self.identifier),
        }
        write_length(self.content.len(), out);
        out.extend_from_slice(&self.content);
    }

    fn is_primitive(&self, tag: u8) -> bool {
        matches!(self.identifier, [first] if *first == tag || (self.joined && *first == tag | CONSTRUCTED))
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn element(&mut self, depth: usize) -> Result<Element<'a>, Error> {
        if depth > MAX_NESTING {
            return Err(Error::TooDeep { limit: MAX_NESTING });
        }
        let identifier = self.identifier()?;
        let first = identifier.first().copied().unwrap_or_default();
        let length = self.length()?;
        if first & CONSTRUCTED == 0 {
            let content = match length {
                Some(length) => self.take(length)?.to_vec(),
                None => return Err(Error::NotBer("an indefinite length of a primitive value")),
            };
            return Ok(Element {
                identifier,
                joined: false,
                content,
            });
        }
        let mut parts = Parts::new(first);
        let depth = depth.saturating_add(1);
        if let Some(length) = length {
            let mut inner = Self {
                rest: self.take(length)?,
            };
            while !inner.rest.is_empty() {
                parts.push(&inner.element(depth)?)?;
            }
        } else {
            while !self.rest.starts_with(&END_OF_CONTENTS) {
                parts.push(&self.element(depth)?)?;
            }
            self.take(END_OF_CONTENTS.len())?;
        }
        let (joined, content) = parts.finish();
        Ok(Element {
            identifier,
            joined,
            content,
        })
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Error::NotBer("an element longer than what holds it"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn octet(&mut self) -> Result<u8, Error> {
        let (first, rest) = self
            .rest
            .split_first()
            .ok_or(Error::NotBer("a truncated element"))?;
        self.rest = rest;
        Ok(*first)
    }

    fn identifier(&mut self) -> Result<&'a [u8], Error> {
        let start = self.rest;
        let first = self.octet()?;
        if first == 0 {
            return Err(Error::NotBer("an end-of-contents mark out of place"));
        }
        let mut count = 1;
        if first & 0x1f == 0x1f {
            // Tag numbers above 30; nothing here has one above 2^14.
            loop {
                count += 1;
                let octet = self.octet()?;
                if octet & 0x80 == 0 {
                    break;
                }
                if count > 2 {
                    return Err(Error::NotBer("a tag number above 16383"));
                }
            }
        }
        start
            .get(..count)
            .ok_or(Error::NotBer("a truncated element"))
    }

    /// The length; `None` if it is indefinite.
    fn length(&mut self) -> Result<Option<usize>, Error> {
        let first = self.octet()?;
        let count = usize::from(first & 0x7f);
        match (first & 0x80 != 0, count) {
            (false, length) => Ok(Some(length)),
            (true, 0) => Ok(None),
            (true, 0x7f) => Err(Error::NotBer("a reserved length")),
            (true, count) => {
                let octets = self.take(count)?;
                let mut length: usize = 0;
                for octet in octets {
                    length = length
                        .checked_mul(256)
                        .and_then(|length| length.checked_add(usize::from(*octet)))
                        .ok_or(Error::NotBer("a length beyond this machine's memory"))?;
                }
                Ok(Some(length))
            }
        }
    }
}

/// What a constructed value is put together from.
enum Parts {
    Elements(Vec<u8>),
    Octets(Vec<u8>),
    /// The unused bits of the last piece, and the bits.
    Bits(u8, Vec<u8>),
}

impl Parts {
    fn new(identifier: u8) -> Self {
        match identifier & !CONSTRUCTED {
            OCTET_STRING => Self::Octets(Vec::new()),
            BIT_STRING => Self::Bits(0, Vec::new()),
            _ => Self::Elements(Vec::new()),
        }
    }

    fn push(&mut self, element: &Element<'_>) -> Result<(), Error> {
        const FOREIGN: Error = Error::NotBer("a string with a piece of another type");
        match self {
            Self::Elements(out) => element.write(out),
            Self::Octets(out) if element.is_primitive(OCTET_STRING) => {
                out.extend_from_slice(&element.content);
            }
            Self::Bits(unused, out) if element.is_primitive(BIT_STRING) => {
                let Some((more_unused, bits)) = element.content.split_first() else {
                    return Err(Error::NotBer("a bit string without its first octet"));
                };
                if *unused != 0 {
                    return Err(Error::NotBer("a bit string with a gap"));
                }
                *unused = *more_unused;
                out.extend_from_slice(bits);
            }
            Self::Octets(_) | Self::Bits(..) => return Err(FOREIGN),
        }
        Ok(())
    }

    /// Whether pieces were joined, and the content.
    fn finish(self) -> (bool, Vec<u8>) {
        match self {
            Self::Elements(content) => (false, content),
            Self::Octets(content) => (true, content),
            Self::Bits(unused, mut bits) => {
                bits.insert(0, unused);
                (true, bits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_stays_as_it_is() {
        for der in [
            &[0x05, 0x00][..],
            &[0x30, 0x03, 0x02, 0x01, 0x00],
            &[0x1f, 0x81, 0x01, 0x01, 0xff],
            &[0xa0, 0x04, 0x04, 0x02, 0x24, 0x80],
        ] {
            assert_eq!(to_der(der).unwrap(), der);
        }
        let mut long = vec![0x04, 0x82, 0x01, 0x00];
        long.resize(4 + 256, 7);
        assert_eq!(to_der(&long).unwrap(), long);
    }

    #[test]
    fn lengths_and_strings_become_der() {
        for (ber, der) in [
            // Longer length than needed, outside and inside.
            (
                &[0x30, 0x82, 0x00, 0x04, 0x02, 0x81, 0x01, 0x05][..],
                &[0x30, 0x03, 0x02, 0x01, 0x05][..],
            ),
            // Indefinite in indefinite.
            (
                &[0x30, 0x80, 0xa0, 0x80, 0x05, 0x00, 0, 0, 0, 0],
                &[0x30, 0x04, 0xa0, 0x02, 0x05, 0x00],
            ),
            // An octet string in pieces, one of them in pieces again.
            (
                &[
                    0x24, 0x80, 0x04, 0x01, 1, 0x24, 0x03, 0x04, 0x01, 2, 0x04, 0, 0, 0,
                ],
                &[0x04, 0x02, 1, 2],
            ),
            (
                &[0x23, 0x08, 0x03, 0x02, 0, 0xff, 0x03, 0x02, 4, 0xf0],
                &[0x03, 0x03, 4, 0xff, 0xf0],
            ),
            (&[0x23, 0x80, 0, 0], &[0x03, 0x01, 0]),
        ] {
            assert_eq!(to_der(ber).unwrap(), der);
            assert_eq!(to_der(der).unwrap(), der);
        }
    }

    #[test]
    fn what_is_no_ber_is_refused() {
        for (bytes, wanted) in [
            (&[][..], "a truncated element"),
            (&[0x04], "a truncated element"),
            (&[0x04, 0x02, 1], "an element longer than what holds it"),
            (
                &[0x30, 0x02, 0x04, 0x01],
                "an element longer than what holds it",
            ),
            (
                &[0x30, 0x80, 0x05, 0x00, 0],
                "an end-of-contents mark out of place",
            ),
            (&[0x00, 0x00], "an end-of-contents mark out of place"),
            (
                &[0x04, 0x80, 0, 0],
                "an indefinite length of a primitive value",
            ),
            (&[0x04, 0xff], "a reserved length"),
            (
                &[0x04, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
                "a length beyond this machine's memory",
            ),
            (
                &[0x24, 0x02, 0x05, 0x00],
                "a string with a piece of another type",
            ),
            (
                &[0x23, 0x08, 0x03, 0x02, 4, 0xf0, 0x03, 0x02, 0, 0xff],
                "a bit string with a gap",
            ),
            (
                &[0x23, 0x02, 0x03, 0x00],
                "a bit string without its first octet",
            ),
            (&[0x1f, 0x81, 0x81, 0x01, 0x00], "a tag number above 16383"),
        ] {
            let error = to_der(bytes).unwrap_err();
            assert!(
                matches!(error, Error::NotBer(found) if found == wanted),
                "{bytes:x?}: {error}"
            );
        }
        let error = to_der(&[0x05, 0x00, 0x05]).unwrap_err();
        assert!(
            matches!(error, Error::TrailingBytes { bytes: 1 }),
            "{error}"
        );
    }

    #[test]
    fn nesting_and_size_are_bounded() {
        let nested = |levels: usize| {
            let mut bytes = [0x30, 0x80].repeat(levels);
            bytes.extend([0, 0].repeat(levels));
            to_der(&bytes)
        };
        assert_eq!(
            nested(MAX_NESTING + 1).unwrap().len(),
            2 * (MAX_NESTING + 1)
        );
        assert!(matches!(
            nested(MAX_NESTING + 2).unwrap_err(),
            Error::TooDeep { limit: MAX_NESTING }
        ));
        let sized = |size: u64| {
            let content = usize::try_from(size).unwrap() - 5;
            let mut bytes = vec![0x04, 0x83];
            bytes.extend(&u32::try_from(content).unwrap().to_be_bytes()[1..]);
            bytes.resize(bytes.len() + content, 0);
            to_der(&bytes)
        };
        assert!(sized(MAX_TIMESTAMP_BYTES).is_ok());
        assert!(matches!(
            sized(MAX_TIMESTAMP_BYTES + 1).unwrap_err(),
            Error::TooLarge { .. }
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(der) = to_der(&bytes) {
                proptest::prop_assert_eq!(to_der(&der).unwrap(), der);
            }
        }
    }
}
