//! The directory with all that a verification without a network needs.
//!
//! `artifacts/` is an OCI image layout with copies of manifests, signatures and envelopes;
//! `revocation/` has OCSP answers and CRLs, `aws-signer/` AWS Signer's answers, `signatures/` which signatures
//! there were. Nothing in it is trusted
//! for being there: what is content-addressed is hashed, what is signed is verified, and what is
//! neither counts only where the trust policy allows it by name. Nothing in it is secret: files and
//! directories have the modes of what all may read, so that it can be carried to another user.

use std::path::PathBuf;
use std::time::Duration;

use super::record::{RecordError, Records};
use super::{Error, RejectedArtifact, Unseen};
use crate::extended_validation::StoredAnswers;
use crate::files;
use crate::oci::Digest;
use crate::reference::Reference;
use crate::registry::{self, Kind, LayoutRepository, Target};
use crate::revocation::AnswerDirectory;
use crate::trust_policy::Statement;

/// Directories that must be writable if they exist.
const FOLDERS: [&str; 8] = [
    "artifacts",
    "artifacts/blobs",
    "artifacts/blobs/sha256",
    "revocation",
    "revocation/crl",
    "revocation/ocsp",
    "aws-signer",
    "signatures",
];

/// The directory of `revocation fetch` and `verify --offline`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineDirectory {
    root: PathBuf,
}

impl OfflineDirectory {
    /// The directory `root`. Reads nothing yet.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the directory, and checks that everything in it can be written, before any request is sent.
    ///
    /// # Errors
    ///
    /// What keeps a directory from being made or written. Links in it are refused, as they would lead
    /// out of it; the directory itself may be one.
    pub fn prepare(&self) -> Result<(), files::Error> {
        match files::check_writable(&self.root) {
            Err(error) if error.is_not_found() => {
                files::create_directory_with_mode(&self.root, files::SHARED_DIRECTORY)?;
            }
            checked => checked?,
        }
        for folder in FOLDERS {
            let folder = self.root.join(folder);
            let checked = files::check_directory(&folder);
            match checked.and_then(|()| files::check_writable(&folder)) {
                Err(error) if error.is_not_found() => {}
                checked => checked?,
            }
        }
        Ok(())
    }

    /// OCSP answers and CRLs.
    #[doc(hidden)]
    pub fn revocation(&self) -> AnswerDirectory {
        AnswerDirectory::new(&self.root.join("revocation"))
    }

    /// AWS Signer's answers, of which those count that are at most `max_age` old.
    #[doc(hidden)]
    pub fn aws_signer(&self, max_age: Duration) -> StoredAnswers {
        StoredAnswers::new(self.root.join("aws-signer"), max_age)
    }

    /// Which signatures artifacts had.
    pub(super) fn records(&self) -> Records {
        Records::new(self.root.join("signatures"))
    }

    /// `found`, as far as the record of the artifact lets it stand. A signature that may have been withheld
    /// means that "no signature is good" cannot be said. Without a record that can be read, the directory is
    /// not one that `revocation fetch` made, so not even a good signature is accepted. A good one needs no
    /// other signature of the record.
    pub(super) fn against_record<F>(
        &self,
        found: Result<F, Error>,
        target: &Target,
        statement: &Statement,
        listed: &[Digest],
    ) -> Result<F, Error> {
        let (reference, digest) = (&target.reference, target.descriptor.digest());
        let Err(doubt) = self.records().check(reference, digest, listed) else {
            return found;
        };
        let open = |outcomes, doubt| {
            Err(Error::Inconclusive(Box::new(RejectedArtifact {
                reference: reference.clone(),
                statement: statement.named(),
                outcomes,
                unseen: Some(Unseen::Record(doubt)),
            })))
        };
        match (found, doubt) {
            (Ok(found), RecordError::Withheld { .. }) => Ok(found),
            (Ok(_) | Err(Error::NoSignature { .. }), doubt) => open(Vec::new(), doubt),
            (Err(Error::Rejected(refused)), doubt) => open(refused.outcomes, doubt),
            // It is open already, and says why.
            (Err(error), _) => Err(error),
        }
    }

    fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    /// The copy of the artifact that `reference` names by its digest.
    pub(super) fn open(&self, reference: &Reference) -> Result<LayoutRepository, Error> {
        let called = || reference.clone().into();
        if reference.digest().is_none() {
            return Err(Error::TagOffline {
                reference: called(),
            });
        }
        let directory = self.artifacts();
        let opened = LayoutRepository::open_copy(&directory, reference).and_then(|layout| {
            // Whether it is there decides who is told what; it is read again when it is verified.
            layout.resolve().map(|_| layout)
        });
        opened.map_err(|source| match source.kind() {
            Kind::NotFound => Error::NotStored {
                reference: called(),
                directory: self.root.clone(),
            },
            _ => Error::Resolve {
                reference: called(),
                source,
            },
        })
    }

    /// A place for a copy of the artifact that `reference` names by its digest.
    pub(super) fn create(
        &self,
        reference: &Reference,
    ) -> Result<LayoutRepository, registry::Error> {
        LayoutRepository::create_copy(&self.artifacts(), reference)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::RecordError;
    use crate::verify::testing::{Scene, statement};

    #[test]
    fn what_may_be_withheld_leaves_the_answer_open_and_says_so() {
        let scene = Scene::new();
        let (target, strict) = (scene.target(), statement(&json!({})));
        let directory = OfflineDirectory::new(scene.path("offline"));
        let reference = || target.reference.clone();
        let none = || Error::NoSignature {
            reference: reference(),
            wanted: Vec::new(),
        };
        let rejected = || {
            Error::Rejected(Box::new(RejectedArtifact {
                reference: reference(),
                statement: strict.named(),
                outcomes: Vec::new(),
                unseen: Some(Unseen::Limit(1)),
            }))
        };
        let answer = |error| {
            let found = directory.against_record::<()>(Err(error), &target, &strict, &[]);
            found.unwrap_err()
        };
        for error in [none(), rejected()] {
            let Error::Inconclusive(refused) = answer(error) else {
                panic!("without a record it is not known what was withheld");
            };
            assert!(
                matches!(
                    refused.unseen,
                    Some(Unseen::Record(RecordError::Missing { .. }))
                ),
                "{refused:#?}"
            );
            assert_eq!(refused.reference, reference());
            assert_eq!(refused.statement, strict.named());
        }
        // An error that is open already says why.
        let is_open = Error::TagOffline {
            reference: reference(),
        };
        assert!(matches!(answer(is_open), Error::TagOffline { .. }));

        let digest = target.descriptor.digest();
        let records = directory.records();
        let written = records.write(&target.reference, digest, std::iter::empty());
        written.unwrap();
        assert!(matches!(answer(none()), Error::NoSignature { .. }));
        let Error::Rejected(refused) = answer(rejected()) else {
            panic!("nothing was withheld");
        };
        assert!(matches!(refused.unseen, Some(Unseen::Limit(1))));
    }
}
