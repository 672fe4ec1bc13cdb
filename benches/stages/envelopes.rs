//! Signature envelopes of both formats and every algorithm: read and verified, their chain known, as in a verification of many
//! images.

use std::fs;

use countersign::envelope::UnverifiedEnvelope;
use countersign::notary::EnvelopeFormat;
use countersign::oci::{self, Descriptor};
use countersign::payload::Payload;
use countersign::signer::local_key::KeyFile;
use countersign::signer::{Signer, Terms};
use divan::{Bencher, black_box};

use crate::certificates::{Algorithm, Chain, NOW};

#[divan::bench(args = Algorithm::ALL)]
fn verify_jws(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    verify(bencher, algorithm, EnvelopeFormat::Jws);
}

#[divan::bench(args = Algorithm::ALL)]
fn verify_cose(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    verify(bencher, algorithm, EnvelopeFormat::Cose);
}

/// Everything but the signature.
#[divan::bench(args = [EnvelopeFormat::Jws, EnvelopeFormat::Cose])]
fn parse(bencher: Bencher<'_, '_>, format: EnvelopeFormat) {
    let envelope = envelope(Algorithm::P256, format);
    bencher.bench(|| UnverifiedEnvelope::parse(format, black_box(&envelope)).unwrap());
}

fn verify(bencher: Bencher<'_, '_>, algorithm: Algorithm, format: EnvelopeFormat) {
    let envelope = envelope(algorithm, format);
    bencher.bench(|| {
        let unverified = UnverifiedEnvelope::parse(format, black_box(&envelope)).unwrap();
        unverified.verify().unwrap()
    });
}

/// An envelope as `countersign sign --key` makes it.
fn envelope(algorithm: Algorithm, format: EnvelopeFormat) -> Vec<u8> {
    let chain = Chain::of(algorithm);
    let directory = tempfile::tempdir().unwrap();
    let (key, certificates) = (
        directory.path().join("key.pem"),
        directory.path().join("chain.pem"),
    );
    fs::write(&key, &chain.key_pem).unwrap();
    fs::write(&certificates, chain.pem()).unwrap();
    let file = KeyFile::read(&key, &certificates, NOW).unwrap();
    let signer = Signer::LocalKey(file.open(None).unwrap());
    let artifact = Descriptor::new(
        "application/vnd.oci.image.manifest.v1+json".into(),
        528_u64,
        oci::sha256_digest(b"an image"),
    );
    let payload = Payload::new(&artifact, std::collections::BTreeMap::new());
    let terms = Terms {
        format,
        expiry: None,
        timestamping: None,
        now: NOW,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let signature = runtime.block_on(signer.sign(&payload, &terms)).unwrap();
    signature.envelope.bytes().to_vec()
}
