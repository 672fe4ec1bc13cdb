//! Bounds on the work that decoders of DER do for bytes from strangers.
//!
//! Input: bytes, before a decoder of types sees them. Output: the same bytes, or why they would cost
//! too much. The crate `der` keeps every `SET OF` in order by insertion, at a cost that grows with the
//! square of its elements, and others keep a list for every element. The walk here costs one look at
//! each element, and nothing that counts in a certificate comes near its limits.

use der::{Decode, Header, Reader as _, SliceReader, Tag};

use crate::limits::{MAX_NESTING, MAX_SEQUENCE_ELEMENTS, MAX_SET_ELEMENTS};

/// Why bytes are not decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DerError {
    /// Not DER, or not of the wanted type.
    #[error(transparent)]
    Der(#[from] der::Error),
    /// A set, such as the attributes of one relative distinguished name, has too many elements.
    #[error("a set has more than the {limit} elements that are read")]
    LargeSet {
        /// The limit.
        limit: usize,
    },
    /// A list, such as a name or the extensions of a certificate, has too many elements.
    #[error("a list has more than the {limit} elements that are read")]
    LongList {
        /// The limit.
        limit: usize,
    },
    /// Values inside each other.
    #[error("values are nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
}

/// Decodes one value, which is all of `bytes`, after [`check`].
pub(crate) fn decode<'a, T: Decode<'a>>(bytes: &'a [u8]) -> Result<T, DerError> {
    check(bytes)?;
    Ok(T::from_der(bytes)?)
}

/// Checks that no set and no list in `bytes` has too many elements. What is inside of strings is not
/// looked at: it is decoded on its own, after a check of its own.
pub(crate) fn check(bytes: &[u8]) -> Result<(), DerError> {
    check_lists(bytes, MAX_SEQUENCE_ELEMENTS)
}

/// [`check`] with another limit for lists.
pub(crate) fn check_lists(bytes: &[u8], list: usize) -> Result<(), DerError> {
    walk(bytes, list, list, MAX_NESTING)
}

/// Walks through elements that follow each other, `here` at most.
fn walk(bytes: &[u8], here: usize, list: usize, levels_left: usize) -> Result<(), DerError> {
    let mut reader = SliceReader::new(bytes)?;
    let mut count: usize = 0;
    while !reader.is_finished() {
        if count == here {
            return Err(if here == MAX_SET_ELEMENTS {
                DerError::LargeSet { limit: here }
            } else {
                DerError::LongList { limit: here }
            });
        }
        count = count.saturating_add(1);
        let header = Header::decode(&mut reader)?;
        let content = reader.read_slice(header.length)?;
        let within = match header.tag {
            Tag::Set => MAX_SET_ELEMENTS,
            // A set whose tag says only its place looks so too.
            tag if tag.is_constructed() && tag != Tag::Sequence => list.min(MAX_SEQUENCE_ELEMENTS),
            Tag::Sequence => list,
            _ => continue,
        };
        let levels_left = levels_left
            .checked_sub(1)
            .ok_or(DerError::TooDeep { limit: MAX_NESTING })?;
        walk(content, within, list, levels_left)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use der::Encode as _;
    use der::asn1::Any;

    use super::*;

    fn element(tag: Tag, content: &[u8]) -> Vec<u8> {
        Any::new(tag, content).unwrap().to_der().unwrap()
    }

    fn many(tag: Tag, count: usize) -> Vec<u8> {
        element(tag, &[5, 0].repeat(count))
    }

    fn context() -> Tag {
        Tag::ContextSpecific {
            constructed: true,
            number: der::TagNumber::N1,
        }
    }

    #[test]
    fn sets_and_lists_are_bounded_at_the_limit_wherever_they_are() {
        for (tag, limit) in [
            (Tag::Set, MAX_SET_ELEMENTS),
            (Tag::Sequence, MAX_SEQUENCE_ELEMENTS),
            (context(), MAX_SEQUENCE_ELEMENTS),
        ] {
            for around in [None, Some(Tag::Sequence), Some(Tag::Set), Some(context())] {
                let place = |inner: Vec<u8>| match around {
                    None => inner,
                    Some(around) => element(around, &[&[5, 0][..], &inner].concat()),
                };
                check(&place(many(tag, limit))).unwrap();
                let error = check(&place(many(tag, limit + 1))).unwrap_err();
                match error {
                    DerError::LargeSet { limit } => {
                        assert_eq!((tag, limit), (Tag::Set, MAX_SET_ELEMENTS));
                    }
                    DerError::LongList { limit } => {
                        assert!(tag != Tag::Set && limit == MAX_SEQUENCE_ELEMENTS);
                    }
                    other => panic!("{other}"),
                }
            }
        }
        // The content of a string is checked where it is decoded.
        check(&element(Tag::OctetString, &many(Tag::Set, 100))).unwrap();
        // Where longer lists are allowed, sets and what may be one are not larger.
        check_lists(&many(Tag::Sequence, 1_000), 1_000).unwrap();
        for tag in [Tag::Set, context()] {
            check_lists(&many(tag, MAX_SEQUENCE_ELEMENTS + 1), 1_000).unwrap_err();
        }
    }

    #[test]
    fn nesting_is_bounded_and_half_an_element_is_none() {
        let nested =
            |levels: usize| (0..levels).fold(vec![5, 0], |inner, _| element(Tag::Sequence, &inner));
        check(&nested(MAX_NESTING)).unwrap();
        assert!(matches!(
            check(&nested(MAX_NESTING + 1)).unwrap_err(),
            DerError::TooDeep { limit: MAX_NESTING }
        ));
        for bytes in [&[0x30, 0x02, 0x05][..], &[0x30], &[0x30, 0x80, 0, 0]] {
            assert!(matches!(check(bytes).unwrap_err(), DerError::Der(_)));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_walked_or_refused(bytes: Vec<u8>) {
            let _ = check(&bytes);
        }
    }
}
