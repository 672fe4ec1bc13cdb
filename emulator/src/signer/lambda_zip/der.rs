//! DER, as much as a signature needs.

/// An element: its tag, its length, `content`.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let needed: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            bytes.push(0x80 | u8::try_from(needed.len()).unwrap_or_default());
            bytes.extend(needed);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// `SEQUENCE` of what these are.
pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// The first element of `bytes` as a whole, its content, and what follows it; `None` if it is cut off.
pub(super) fn first(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let length = *bytes.get(1)?;
    let (start, length) = if length < 0x80 {
        (2, usize::from(length))
    } else {
        let count = usize::from(length & 0x7f);
        let octets = bytes.get(2..2 + count)?;
        let length = octets.iter().try_fold(0_usize, |length, octet| {
            length.checked_mul(256)?.checked_add(usize::from(*octet))
        })?;
        (2 + count, length)
    };
    let (whole, rest) = bytes.split_at_checked(start.checked_add(length)?)?;
    Some((whole, whole.get(start..)?, rest))
}

/// Issuer and serial number of a certificate, each in DER.
pub(super) fn issuer_and_serial(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, certificate, _) = first(certificate)?;
    let (_, fields, _) = first(certificate)?;
    let (_, _, fields) = first(fields)?;
    let (serial, _, fields) = first(fields)?;
    let (_, _, fields) = first(fields)?;
    let (issuer, ..) = first(fields)?;
    Some((issuer, serial))
}
