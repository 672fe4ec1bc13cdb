//! The signature of an archive, read: a CMS message in PEM, BER outside and DER inside.
//!
//! Written apart from what makes it, and from what `countersign` reads it with.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use time::{
    OffsetDateTime, PrimitiveDateTime, format_description::FormatItem, macros::format_description,
};

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
const JOB: &[u8] = &[0x2b, 0x81, 0x3b, 0x81, 9, 1, 2];
const EXPIRY: &[u8] = &[0x2b, 0x81, 0x3b, 0x81, 9, 1, 3];
const PROFILE_VERSION: &[u8] = &[0x2b, 0x81, 0x3b, 0x81, 9, 1, 4];

const SECONDS: &[FormatItem<'_>] = format_description!("[year][month][day][hour][minute][second]");

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// What a signature says, after it and its certificates were verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) digest: Vec<u8>,
    pub(super) job_arn: String,
    pub(super) profile_version_arn: String,
    pub(super) signed_at: OffsetDateTime,
    pub(super) expires_at: OffsetDateTime,
}

/// An element: tag, content, and all its bytes.
#[derive(Debug, Clone, Copy)]
struct Element<'b> {
    tag: u8,
    content: &'b [u8],
    whole: &'b [u8],
}

/// The first element, of definite or indefinite length, and what follows it.
fn first(bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    if depth > 16 {
        return None;
    }
    let (tag, length) = (*bytes.first()?, *bytes.get(1)?);
    if length == 0x80 {
        let mut rest = bytes.get(2..)?;
        let mut size = 0;
        while !rest.starts_with(&[0, 0]) {
            let (element, after) = first(rest, depth + 1)?;
            size += element.whole.len();
            rest = after;
        }
        let element = Element {
            tag,
            content: bytes.get(2..2 + size)?,
            whole: bytes.get(..4 + size)?,
        };
        return Some((element, rest.get(2..)?));
    }
    let (start, length) = if length < 0x80 {
        (2, usize::from(length))
    } else {
        let count = usize::from(length & 0x7f);
        let octets = bytes.get(2..2 + count).filter(|_| count <= 4)?;
        let add = |sum: usize, octet: &u8| (sum << 8) | usize::from(*octet);
        (2 + count, octets.iter().fold(0, add))
    };
    let (whole, rest) = bytes.split_at_checked(start.checked_add(length)?)?;
    let element = Element {
        tag,
        content: whole.get(start..)?,
        whole,
    };
    Some((element, rest))
}

/// All elements of `bytes`, which has nothing else.
fn all(mut bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut elements = Vec::new();
    while !bytes.is_empty() {
        let (element, rest) = first(bytes, 0)?;
        elements.push(element);
        bytes = rest;
    }
    Some(elements)
}

/// The elements inside of one that must have this tag.
fn inside<'b>(element: &Element<'b>, tag: u8) -> Option<Vec<Element<'b>>> {
    (element.tag == tag).then(|| all(element.content))?
}

/// A certificate, as far as it is looked at.
struct Certificate<'b> {
    /// What is signed.
    body: &'b [u8],
    signature: &'b [u8],
    serial: &'b [u8],
    issuer: &'b [u8],
    valid: (OffsetDateTime, OffsetDateTime),
    key: &'b [u8],
}

impl<'b> Certificate<'b> {
    fn read(bytes: &'b [u8]) -> Option<Self> {
        let (certificate, _) = first(bytes, 0)?;
        let parts = inside(&certificate, SEQUENCE)?;
        let [body, _, signature] = parts.as_slice() else {
            return None;
        };
        let fields = inside(body, SEQUENCE)?;
        let [_, serial, _, issuer, validity, _, key, ..] = fields.as_slice() else {
            return None;
        };
        let validity = inside(validity, SEQUENCE)?;
        let [from, to] = validity.as_slice() else {
            return None;
        };
        let key = inside(key, SEQUENCE)?;
        Some(Self {
            body: body.whole,
            signature: signature.content.get(1..)?,
            serial: serial.whole,
            issuer: issuer.whole,
            valid: (time_of(from)?, time_of(to)?),
            key: key.get(1)?.content.get(1..)?,
        })
    }

    fn is_signed_by(&self, issuer: &Self) -> bool {
        is_signature(issuer.key, self.body, self.signature)
    }
}

fn is_signature(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, key);
    key.verify(message, signature).is_ok()
}

/// `UTCTime` or `GeneralizedTime`, a fraction of a second left out.
fn time_of(element: &Element<'_>) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(element.content).ok()?;
    let text = text.strip_suffix('Z')?;
    let text = match element.tag {
        0x17 => format!("20{text}"),
        0x18 => text.split('.').next()?.to_owned(),
        _ => return None,
    };
    let time = PrimitiveDateTime::parse(&text, SECONDS).ok()?;
    Some(time.assume_utc())
}

/// The bytes in PEM, whatever its label.
pub(super) fn from_pem(text: &str) -> Option<Vec<u8>> {
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).ok()
}

/// The message in `text`, if its signature is right and its certificates lead to `root`, all valid when it was made.
pub(super) fn verified(text: &[u8], root: &[u8]) -> Option<Message> {
    let bytes = from_pem(std::str::from_utf8(text).ok()?)?;
    let (outer, _) = first(&bytes, 0)?;
    let outer = inside(&outer, SEQUENCE)?;
    let [kind, content] = outer.as_slice() else {
        return None;
    };
    if kind.content != SIGNED_DATA {
        return None;
    }
    let content = inside(content, 0xa0)?;
    let data = inside(content.first()?, SEQUENCE)?;
    let certificates = data.iter().find(|element| element.tag == 0xa0)?;
    let certificates = all(certificates.content)?;
    let signers = inside(data.last()?, SET)?;
    let [signer] = signers.as_slice() else {
        return None;
    };
    let signer = inside(signer, SEQUENCE)?;
    let [_, identity, _, attributes, _, value, ..] = signer.as_slice() else {
        return None;
    };
    let message = read_attributes(attributes)?;

    let leaf = Certificate::read(certificates.first()?.whole)?;
    let named = inside(identity, SEQUENCE)?;
    let is_named = matches!(
        named.as_slice(),
        [issuer, serial] if issuer.whole == leaf.issuer && serial.whole == leaf.serial
    );
    // The attributes are signed as a set.
    let mut set = attributes.whole.to_vec();
    *set.first_mut()? = SET;
    let is_right = is_named
        && is_signature(leaf.key, &set, value.content)
        && leads_to(&certificates, root, message.signed_at);
    is_right.then_some(message)
}

fn read_attributes(attributes: &Element<'_>) -> Option<Message> {
    let attributes = inside(attributes, 0xa0)?;
    let value = |oid: &[u8]| -> Option<Element<'_>> {
        attributes.iter().find_map(|attribute| {
            let parts = inside(attribute, SEQUENCE)?;
            let [kind, values] = parts.as_slice() else {
                return None;
            };
            let values = inside(values, SET)?;
            (kind.content == oid).then(|| values.first().copied())?
        })
    };
    let text = |oid: &[u8]| String::from_utf8(value(oid)?.content.to_vec()).ok();
    Some(Message {
        digest: value(MESSAGE_DIGEST)?.content.to_vec(),
        job_arn: text(JOB)?,
        profile_version_arn: text(PROFILE_VERSION)?,
        signed_at: time_of(&value(SIGNING_TIME)?)?,
        expires_at: time_of(&value(EXPIRY)?)?,
    })
}

/// Whether each certificate is signed by the next one, up to the root, and all are valid at `time`.
fn leads_to(certificates: &[Element<'_>], root: &[u8], time: OffsetDateTime) -> bool {
    for pair in certificates.windows(2) {
        let [one, issuer] = pair else {
            return false;
        };
        let (Some(read), Some(by)) = (
            Certificate::read(one.whole),
            Certificate::read(issuer.whole),
        ) else {
            return false;
        };
        let is_valid = |it: &Certificate<'_>| it.valid.0 <= time && time <= it.valid.1;
        if !is_valid(&read) || !is_valid(&by) || !read.is_signed_by(&by) {
            return false;
        }
        if issuer.whole == root {
            return true;
        }
    }
    false
}
