//! Rows of kind `jws envelope` and `cose envelope`: an envelope's integrity. Rows of signatures that
//! notation wrote are also compared with the payload that we would write.

use std::error::Error;

use countersign::envelope::UnverifiedEnvelope;
use countersign::notary::EnvelopeFormat;
use countersign::oci::Descriptor;
use countersign::payload::Payload;

use super::{Answer, Case};

pub(super) fn answer(case: &Case, format: EnvelopeFormat) -> Answer {
    let payload = match verify(format, &case.read()) {
        Ok(payload) => payload,
        Err(error) => return Answer::reject(error.as_ref()),
    };
    if case.path.starts_with("generated/sign/") {
        return compare_with_written(case, format, &payload);
    }
    Answer::accept()
}

/// Verifies an envelope that no plugin processes, and returns its payload's bytes.
fn verify(format: EnvelopeFormat, bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let envelope = UnverifiedEnvelope::parse(format, bytes)?.verify()?;
    Payload::parse(envelope.payload())?;
    let attributes = &envelope.signer_info().signed_attributes;
    // Without a plugin nothing processes critical attributes, and the verification must fail.
    if attributes.verification_plugin.is_none()
        && let Some(attribute) = attributes.critical_extended().next()
    {
        return Err(format!("critical attribute `{}` is not processed", attribute.name).into());
    }
    Ok(envelope.payload().to_vec())
}

fn compare_with_written(case: &Case, format: EnvelopeFormat, signed: &[u8]) -> Answer {
    let (stem, _) = case.path.rsplit_once('.').unwrap();
    let descriptor = case.read_other(&format!("{stem}.descriptor.json"));
    let descriptor: Descriptor = serde_json::from_slice(&descriptor).unwrap();
    let annotations = descriptor.annotations().clone().unwrap_or_default();
    let written = Payload::new(&descriptor, annotations.into_iter().collect()).to_bytes(format);
    let file = case.read_other(&format!("{}.payload", case.path));
    match written {
        _ if file != signed => Answer::wrong("the file `.payload` is not what was signed"),
        Ok(written) if written != signed => {
            Answer::wrong(String::from_utf8_lossy(&written).into_owned())
        }
        Ok(_) => Answer::accept(),
        Err(error) => Answer::reject(&error),
    }
}
