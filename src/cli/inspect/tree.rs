//! One signature as a tree, with notation's names.

use crate::cli::tree::Tree;
use crate::report::{
    CertificateDetails, SignatureDetails, SignedArtifact, TimestampDetails, UnsignedAttributes,
};

/// The tree below `name`, by which the signature is known.
pub(in crate::cli) fn of_signature(details: &SignatureDetails, name: &str) -> Tree {
    let signed = details.signed_attributes.0.iter();
    let metadata = details.user_defined_attributes.iter().flatten();
    let metadata = metadata.map(|(name, value)| Tree::pair(name, value));
    let envelope_type = details.signature_envelope_type;
    Tree::new(name)
        .with(Tree::pair(
            "signature algorithm",
            details.signature_algorithm,
        ))
        .with(Tree::pair("signature envelope type", envelope_type))
        .with(
            Tree::new("signed attributes")
                .with_all(signed.map(|attribute| Tree::pair(&attribute.in_tree, &attribute.value))),
        )
        .with(Tree::new("user defined attributes").with_all(or_empty(metadata.collect())))
        .with(of_unsigned(&details.unsigned_attributes))
        .with(of_certificates(&details.certificates))
        .with(of_artifact(&details.signed_artifact))
}

fn or_empty(mut branches: Vec<Tree>) -> Vec<Tree> {
    if branches.is_empty() {
        branches.push(Tree::new("(empty)"));
    }
    branches
}

fn of_unsigned(attributes: &UnsignedAttributes) -> Tree {
    let mut branches = Vec::new();
    if let Some(agent) = &attributes.signing_agent {
        branches.push(Tree::pair("signing agent", agent));
    }
    if let Some(timestamp) = &attributes.timestamp_signature {
        let tree = Tree::new("timestamp signature");
        branches.push(match timestamp {
            TimestampDetails::Readable {
                timestamp,
                certificates,
            } => tree
                .with(Tree::pair("timestamp", timestamp))
                .with(of_certificates(certificates)),
            TimestampDetails::Unreadable { error } => tree.with(Tree::pair("error", error)),
        });
    }
    Tree::new("unsigned attributes").with_all(or_empty(branches))
}

fn of_certificates(certificates: &[CertificateDetails]) -> Tree {
    let certificates = certificates.iter().map(|certificate| {
        Tree::pair("SHA256 fingerprint", &certificate.fingerprint)
            .with(Tree::pair("issued to", &certificate.issued_to))
            .with(Tree::pair("issued by", &certificate.issued_by))
            .with(Tree::pair("expiry", &certificate.expiry))
    });
    Tree::new("certificates").with_all(certificates)
}

fn of_artifact(artifact: &SignedArtifact) -> Tree {
    Tree::new("signed artifact")
        .with(Tree::pair("media type", &artifact.media_type))
        .with(Tree::pair("digest", &artifact.digest))
        .with(Tree::pair("size", &artifact.size.to_string()))
}
