//! Rows of kind `oci layout`: which signatures a layout has for `v1`, and whether they can be fetched.
//!
//! Whatever a row's layout has in it, a signature that is stored in a copy of it must be found.

use std::path::Path;

use countersign::notary::EnvelopeFormat;
use countersign::oci::Descriptor;
use countersign::reference::LayoutReference;
use countersign::registry::{Kind, LayoutRepository, NewSignature, Signature};

use super::{Answer, Case};

pub(super) fn answer(case: &Case) -> Answer {
    let layout = open(&case.file(&case.path));
    let (target, listing) = match layout.resolve_and_list() {
        Ok((target, Ok(listing))) => (target, listing),
        Ok((_, Err(error))) | Err(error) => return Answer::reject(&error),
    };
    if let Some(error) = &listing.incomplete {
        assert_ne!(error.kind(), Kind::Inconclusive, "{}: {error}", case.path);
    }
    let subject = &target.descriptor;
    let mut word = format!("{} listed", listing.signatures.len());
    let fetched: Vec<_> = listing
        .signatures
        .iter()
        .map(|signature| layout.fetch_signature(subject.digest(), signature))
        .collect();
    if !fetched.is_empty() {
        let all = fetched.iter().all(Result::is_ok);
        word.push_str(if all { ", fetched" } else { ", fetch fails" });
    }
    let fetched: Vec<Signature> = fetched.into_iter().filter_map(Result::ok).collect();
    if case.path.ends_with("/pushed")
        && let Some(wrong) = differs_from_written(case, subject, &fetched)
    {
        return wrong;
    }
    if !finds_another(case, listing.signatures.len()) {
        return Answer::wrong("hides a signature that is stored in it");
    }
    if case.expected.contains("nothing else hidden") {
        word.push_str(", nothing else hidden");
    }
    Answer::word(&word)
}

fn open(path: &Path) -> LayoutRepository {
    let reference = LayoutReference::parse(&format!("{}:v1", path.display())).unwrap();
    LayoutRepository::open(&reference).unwrap()
}

/// Stores the signatures that notation wrote once more, into an empty copy of the layout: the
/// manifests must have the same bytes.
fn differs_from_written(
    case: &Case,
    subject: &Descriptor,
    signatures: &[Signature],
) -> Option<Answer> {
    let copy = copy(case);
    let layout = open(copy.path());
    signatures.iter().find_map(|signature| {
        let manifest = push(
            &layout,
            &NewSignature {
                subject: subject.clone(),
                format: signature.format,
                envelope: signature.envelope.clone(),
                annotations: signature.annotations.clone(),
            },
        );
        let wanted = signature.manifest.digest();
        (manifest.digest() != wanted)
            .then(|| Answer::wrong(format!("wrote manifest {manifest:?}, not {wanted}")))
    })
}

fn finds_another(case: &Case, known: usize) -> bool {
    let copy = copy(case);
    let layout = open(copy.path());
    let subject = layout.resolve().unwrap().descriptor;
    let manifest = push(
        &layout,
        &NewSignature {
            subject: subject.clone(),
            format: EnvelopeFormat::Jws,
            envelope: (&b"{}"[..]).into(),
            annotations: std::collections::BTreeMap::new(),
        },
    );
    let listing = layout.list_signatures(&subject).unwrap();
    let digests: Vec<_> = listing.signatures.iter().map(Descriptor::digest).collect();
    digests.len() == known + 1 && digests.contains(&manifest.digest())
}

fn push(layout: &LayoutRepository, signature: &NewSignature) -> Descriptor {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(layout.push_signature(signature))
        .unwrap()
        .manifest
}

fn copy(case: &Case) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    crate::support::layout::copy(&case.file(&case.path), directory.path());
    directory
}
