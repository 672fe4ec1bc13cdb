//! The record of `revocation fetch`: which signatures an artifact had. What is withheld from the directory
//! then is "could not look", and not "no signature".
//!
//! Input: an artifact and the signatures that its repository listed. Output: one file for each artifact,
//! `signatures/{SHA-256 of its name}.json` (`schemas/offline-signatures.v1.schema.json`). This does not detect
//! an attacker who rewrites the record too.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;
use crate::json_size::count_values;
use crate::limits::{MAX_JSON_VALUES, MAX_MANIFEST_BYTES};
use crate::oci::{Digest, sha256_digest};
use crate::reference::ArtifactReference;

/// Why it is not known whether all signatures are there that the artifact had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// There is no record.
    #[error("there is no record of the artifact's signatures, `{}`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("the record of the artifact's signatures is not usable")]
    File {
        /// Why; names the file.
        #[source]
        source: files::Error,
    },
    /// It is not what its schema says.
    #[error("the record `{}` is malformed", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// It is about another artifact, or of another version.
    #[error("the record `{}` is not about this artifact", path.display())]
    OtherArtifact {
        /// The file.
        path: PathBuf,
    },
    /// A signature is named, and is not there.
    #[error("the signature `{signature}` is named in `{}` and is not there", path.display())]
    Withheld {
        /// The digest of the signature manifest.
        signature: String,
        /// The file.
        path: PathBuf,
    },
}

impl RecordError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        "with a network, `countersign revocation fetch REFERENCE --out DIR` copies the signatures and their \
         record again"
            .to_owned()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: String,
    artifact: String,
    signatures: Vec<String>,
}

const VERSION: &str = "1";

/// The folder of records.
#[derive(Debug, Clone)]
pub(super) struct Records {
    folder: PathBuf,
}

impl Records {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Records the signatures that `artifact` has. Copies of those that were there before stay, and so do their
    /// names; a layout is not copied, and has those that it has.
    pub(super) fn write<'a>(
        &self,
        artifact: &ArtifactReference,
        digest: &Digest,
        signatures: impl Iterator<Item = &'a Digest>,
    ) -> Result<(), files::Error> {
        let name = name_of(artifact, digest);
        let mut names: BTreeSet<String> = signatures.map(Digest::to_string).collect();
        if let (ArtifactReference::Registry(_), Ok(before)) = (artifact, self.read(&name)) {
            names.extend(before);
        }
        let document = Document {
            version: VERSION.to_owned(),
            signatures: names.into_iter().collect(),
            artifact: name.clone(),
        };
        // Text and lists of it cannot fail to be written.
        let json = serde_json::to_vec_pretty(&document).unwrap_or_default();
        files::create_directory_with_mode(&self.folder, files::SHARED_DIRECTORY)?;
        files::check_directory(&self.folder)?;
        files::write_atomic_with_mode(&self.path(&name), &json, files::SHARED_FILE)
    }

    /// Checks that every signature is among `found` that the record of `artifact` names.
    pub(super) fn check(
        &self,
        artifact: &ArtifactReference,
        digest: &Digest,
        found: &[Digest],
    ) -> Result<(), RecordError> {
        let name = name_of(artifact, digest);
        let found: HashSet<String> = found.iter().map(Digest::to_string).collect();
        let mut recorded = self.read(&name)?.into_iter();
        match recorded.find(|one| !found.contains(one)) {
            None => Ok(()),
            Some(signature) => Err(RecordError::Withheld {
                signature,
                path: self.path(&name),
            }),
        }
    }

    fn read(&self, name: &str) -> Result<Vec<String>, RecordError> {
        let path = self.path(name);
        let missing = |path| Err(RecordError::Missing { path });
        let unusable = |source| RecordError::File { source };
        match files::check_directory(&self.folder) {
            Err(error) if error.is_not_found() => return missing(path),
            checked => checked.map_err(unusable)?,
        }
        let json = match files::read(&path, MAX_MANIFEST_BYTES) {
            Err(error) if error.is_not_found() => return missing(path),
            read => read.map_err(unusable)?,
        };
        if count_values(&json) > MAX_JSON_VALUES {
            let words = format_args!("it has more than {MAX_JSON_VALUES} values");
            let source = serde::de::Error::custom(words);
            return Err(RecordError::Malformed { path, source });
        }
        let document: Document = match serde_json::from_slice(&json) {
            Ok(document) => document,
            Err(source) => return Err(RecordError::Malformed { path, source }),
        };
        if document.version != VERSION || document.artifact != name {
            return Err(RecordError::OtherArtifact { path });
        }
        Ok(document.signatures)
    }

    fn path(&self, name: &str) -> PathBuf {
        let hash = sha256_digest(name.as_bytes()).to_string();
        let hash = hash.rsplit(':').next().unwrap_or_default().to_owned();
        Path::new(&self.folder).join(format!("{hash}.json"))
    }
}

/// What a record calls an artifact. A copy is found by its digest, whatever its repository is called where it was
/// carried to.
fn name_of(artifact: &ArtifactReference, digest: &Digest) -> String {
    match artifact {
        ArtifactReference::Registry(_) => digest.to_string(),
        ArtifactReference::Layout(_) => format!("{digest} in an OCI image layout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;

    fn artifact() -> (ArtifactReference, Digest) {
        let reference = Reference::parse("r.test/app:v1").unwrap();
        (reference.into(), sha256_digest(b"artifact"))
    }

    #[test]
    fn what_is_named_must_be_there() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::new(directory.path().join("signatures"));
        let (artifact, digest) = artifact();
        let check = |found: &[Digest]| records.check(&artifact, &digest, found);
        let [a, b] = [sha256_digest(b"a"), sha256_digest(b"b")];
        // Neither the folder nor, where that is there, the file.
        assert!(matches!(check(&[]), Err(RecordError::Missing { .. })));
        std::fs::create_dir(directory.path().join("signatures")).unwrap();
        let error = check(&[]).unwrap_err();
        assert!(matches!(error, RecordError::Missing { .. }), "{error}");
        assert_eq!(
            error.hint(),
            "with a network, `countersign revocation fetch REFERENCE --out DIR` copies the signatures and their \
             record again"
        );
        records
            .write(&artifact, &digest, [&a, &b].into_iter())
            .unwrap();
        check(&[b.clone(), a.clone()]).unwrap();
        for found in [&[][..], std::slice::from_ref(&a)] {
            assert!(matches!(check(found), Err(RecordError::Withheld { .. })));
        }
        // A signature that was added later does not cause doubt.
        let more = [a.clone(), b, sha256_digest(b"c")];
        check(&more).unwrap();
        // What was copied before is still there.
        records
            .write(&artifact, &digest, std::iter::empty())
            .unwrap();
        assert!(matches!(check(&[]), Err(RecordError::Withheld { .. })));
    }

    #[test]
    fn a_record_of_another_artifact_or_form_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("signatures");
        let records = Records::new(folder.clone());
        let (artifact, digest) = artifact();
        records
            .write(&artifact, &digest, std::iter::empty())
            .unwrap();
        let file = std::fs::read_dir(&folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let good = String::from_utf8(files::read(&file, MAX_MANIFEST_BYTES).unwrap()).unwrap();
        for (text, is_other) in [
            (good.replace("sha256:", "sha256:0"), true),
            (good.replace("\"1\"", "\"2\""), true),
            (good.replace("\"signatures\"", "\"signature\""), false),
            (String::new(), false),
        ] {
            std::fs::write(&file, &text).unwrap();
            let error = records.check(&artifact, &digest, &[]).unwrap_err();
            assert_eq!(
                matches!(error, RecordError::OtherArtifact { .. }),
                is_other,
                "{text}: {error}"
            );
            assert!(
                is_other || matches!(error, RecordError::Malformed { .. }),
                "{error}"
            );
        }
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/null", &file).unwrap();
        let error = records.check(&artifact, &digest, &[]).unwrap_err();
        assert!(matches!(error, RecordError::File { .. }), "{error}");
        // Nor is the folder a link.
        std::fs::remove_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(directory.path(), &folder).unwrap();
        let error = records.check(&artifact, &digest, &[]).unwrap_err();
        assert!(matches!(error, RecordError::File { .. }), "{error}");
    }

    #[test]
    fn a_record_is_read_up_to_its_limit_of_values() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::new(directory.path().join("signatures"));
        let (artifact, digest) = artifact();
        records
            .write(&artifact, &digest, std::iter::empty())
            .unwrap();
        let file = records.path(&name_of(&artifact, &digest));
        let good = String::from_utf8(files::read(&file, MAX_MANIFEST_BYTES).unwrap()).unwrap();
        for (count, is_read) in [(MAX_JSON_VALUES, true), (MAX_JSON_VALUES + 1, false)] {
            // Three members and the first of the list's elements are four.
            let names = vec![r#""x""#; count - 3].join(",");
            let text = good.replace("[]", &format!("[{names}]"));
            assert_eq!(count_values(text.as_bytes()), count);
            std::fs::write(&file, text).unwrap();
            let error = records.check(&artifact, &digest, &[]).unwrap_err();
            let (read, malformed) = (
                matches!(error, RecordError::Withheld { .. }),
                matches!(error, RecordError::Malformed { .. }),
            );
            assert_eq!((read, malformed), (is_read, !is_read), "{error}");
        }
    }
}
