//! The message: BER with indefinite lengths at exactly the levels where AWS Signer has them, and DER inside.

use der::{Reader as _, SliceReader, Tag};

use super::Error;
use crate::cms::{Element, Signer, elements};
use crate::limits::MAX_PACKAGE_CERTIFICATES;

/// From the beginning to the first certificate: `ContentInfo`, `signedData`, `SignedData` of version 1, SHA-384 with its
/// parameter, data that are elsewhere, certificates.
const BEGINNING: &[u8] = &[
    0x30, 0x80, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2, 0xa0, 0x80, 0x30, 0x80, 2, 1, 1,
    0x31, 0x0f, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 0x30, 0x80, 6, 9,
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1, 0, 0, 0xa0, 0x80,
];
const END_OF_CONTENTS: &[u8] = &[0; 2];
/// Of the signed data, of what holds them, and of the message.
const END: &[u8] = &[0; 6];

/// What differs from one message to the next.
#[derive(Debug)]
pub(super) struct Message<'a> {
    /// In DER.
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) signer: Signer<'a>,
}

impl<'a> Message<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut rest = bytes.strip_prefix(BEGINNING).ok_or(Error::Beginning)?;
        let mut certificates = Vec::new();
        while !rest.starts_with(END_OF_CONTENTS) {
            if certificates.len() == MAX_PACKAGE_CERTIFICATES {
                return Err(Error::TooMany {
                    what: "certificates",
                    limit: MAX_PACKAGE_CERTIFICATES,
                });
            }
            let (certificate, behind) = first(rest)?;
            certificate.tag.assert_eq(Tag::Sequence)?;
            certificates.push(certificate.whole);
            rest = behind;
        }
        let rest = rest.strip_prefix(END_OF_CONTENTS).unwrap_or_default();
        let (signers, rest) = first(rest)?;
        signers.tag.assert_eq(Tag::Set)?;
        if rest != END {
            return Err(Error::End);
        }
        let signers = elements(signers.value, MAX_PACKAGE_CERTIFICATES, "signers")?;
        let [signer] = signers.as_slice() else {
            return Err(Error::SignerCount {
                found: signers.len(),
            });
        };
        Ok(Self {
            certificates,
            signer: Signer::parse(signer.whole)?,
        })
    }
}

/// The first element of `bytes`, and what follows it.
fn first(bytes: &[u8]) -> der::Result<(Element<'_>, &[u8])> {
    let mut reader = SliceReader::new(bytes)?;
    let element = Element::read(&mut reader)?;
    let rest = reader.read_slice(reader.remaining_len())?;
    Ok((element, rest))
}
