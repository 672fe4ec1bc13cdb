//! Rows of kind `jws envelope` and `cose envelope`: an envelope's integrity. Rows of signatures that
//! notation wrote are also compared with the payload and the envelope that we would write.

use std::error::Error;

use countersign::envelope::{UnsignedEnvelope, UnverifiedEnvelope, VerifiedEnvelope};
use countersign::notary::EnvelopeFormat;
use countersign::oci::Descriptor;
use countersign::payload::Payload;

use super::{Answer, Case};

pub(super) fn answer(case: &Case, format: EnvelopeFormat) -> Answer {
    let envelope = match verify(format, &case.read()) {
        Ok(envelope) => envelope,
        Err(error) => return Answer::reject(error.as_ref()),
    };
    if case.path.starts_with("generated/sign/") {
        return compare_with_written(case, &envelope);
    }
    Answer::accept()
}

/// Verifies an envelope that no plugin processes.
fn verify(format: EnvelopeFormat, bytes: &[u8]) -> Result<VerifiedEnvelope, Box<dyn Error>> {
    let envelope = UnverifiedEnvelope::parse(format, bytes)?.verify()?;
    Payload::parse(envelope.payload())?;
    let attributes = &envelope.signer_info().signed_attributes;
    // Without a plugin nothing processes critical attributes, and the verification must fail.
    if attributes.verification_plugin.is_none()
        && let Some(attribute) = attributes.critical_extended().next()
    {
        return Err(format!("critical attribute `{}` is not processed", attribute.name).into());
    }
    Ok(envelope)
}

fn compare_with_written(case: &Case, envelope: &VerifiedEnvelope) -> Answer {
    let format = envelope.format();
    let signed = envelope.payload();
    if case.read_other(&format!("{}.payload", case.path)) != signed {
        return Answer::wrong("the file `.payload` is not what was signed");
    }
    let info = envelope.signer_info();
    let written = UnsignedEnvelope::new(
        format,
        signed.to_vec(),
        &info.signed_attributes,
        info.signature_algorithm,
    );
    let written = written.unwrap().into_bytes(
        &info.signature,
        &info.certificate_chain,
        &info.unsigned_attributes,
    );
    if written != case.read() {
        return Answer::wrong(String::from_utf8_lossy(&written).into_owned());
    }
    let (stem, _) = case.path.rsplit_once('.').unwrap();
    let descriptor = case.read_other(&format!("{stem}.descriptor.json"));
    let descriptor: Descriptor = serde_json::from_slice(&descriptor).unwrap();
    let annotations = descriptor.annotations().clone().unwrap_or_default();
    match Payload::new(&descriptor, annotations.into_iter().collect()).to_bytes(format) {
        Ok(written) if written != signed => {
            Answer::wrong(String::from_utf8_lossy(&written).into_owned())
        }
        result => Answer::from_result(&result),
    }
}
