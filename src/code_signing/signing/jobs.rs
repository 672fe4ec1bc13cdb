//! What was begun: which upload a package is, and which signing job, in a file for each.
//!
//! A file here only says where to go on. What the job signs is asked of AWS Signer again, and what it made is held to the
//! package that is on this machine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::algorithm::HashAlgorithm;
use crate::files;
use crate::limits::MAX_BEGUN_JOB_BYTES;
use crate::oci::hex;

/// What is signed, by which profile, with the help of which bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobRequest<'a> {
    /// SHA-256 of the package, in hexadecimal digits.
    pub(super) sha256: &'a str,
    /// The ARN of the profile's version.
    pub(super) profile: &'a str,
    /// The bucket of the signed package.
    pub(super) bucket: &'a str,
    /// What keys begin with.
    pub(super) prefix: &'a str,
    /// The object that is signed, where it was one; nothing for a file, which is uploaded.
    pub(super) object: Option<&'a str>,
}

impl JobRequest<'_> {
    /// A name of 64 digits, which no other question has.
    fn name(&self) -> String {
        digest_of(&[
            "package",
            self.sha256,
            self.profile,
            self.bucket,
            self.prefix,
            self.object.unwrap_or_default(),
        ])
    }
}

/// How far the signing of a package is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct JobProgress {
    /// How many jobs failed before: AWS Signer answers a token with its first job each time.
    pub(super) failed: u32,
    /// What is to be signed.
    pub(super) upload: Option<Upload>,
    /// `clientRequestToken`, where the job may have been started.
    pub(super) token: Option<String>,
    /// The ARN of the job.
    pub(super) job: Option<String>,
}

/// A package in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    /// `null` where the bucket keeps no versions.
    pub(super) version: String,
}

impl Upload {
    /// Its name, and that of no other.
    fn name(&self) -> String {
        format!("{}/{}?{}", self.bucket, self.key, self.version)
    }
}

/// The token of a job: the same for the same package, profile, bucket, version and number of failures, and for no other.
pub(super) fn token(asked: &JobRequest<'_>, upload: &Upload, failed: u32) -> String {
    digest_of(&[
        "signing job",
        asked.sha256,
        asked.profile,
        asked.bucket,
        asked.prefix,
        &upload.name(),
        &failed.to_string(),
    ])
}

/// SHA-256 of texts, each with its length before it.
fn digest_of(texts: &[&str]) -> String {
    let mut hasher = HashAlgorithm::Sha256.hasher();
    for text in texts {
        hasher.update(&text.len().to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hex(&hasher.finish())
}

/// The directory of what was begun.
#[derive(Debug, Clone)]
pub struct Jobs {
    directory: Option<PathBuf>,
}

impl Jobs {
    /// What is kept in this directory; without one nothing is kept.
    pub const fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// Whether a command that is interrupted can be picked up.
    pub const fn is_kept(&self) -> bool {
        self.directory.is_some()
    }

    fn path(&self, asked: &JobRequest<'_>) -> Option<PathBuf> {
        let directory = self.directory.as_ref()?;
        Some(directory.join(format!("{}.json", asked.name())))
    }

    /// What was begun of `asked`, if it was. A file that cannot be used says nothing.
    pub(super) fn find(&self, asked: &JobRequest<'_>) -> Option<JobProgress> {
        let path = self.path(asked)?;
        let bytes = files::read_private(&path, MAX_BEGUN_JOB_BYTES).ok()?;
        let begun: JobProgress = serde_json::from_slice(&bytes).ok()?;
        let upload = begun.upload.as_ref();
        let wanted = upload.map(|upload| token(asked, upload, begun.failed));
        (begun.token.is_none() || begun.token == wanted).then_some(begun)
    }

    /// Keeps what was begun, for this user alone.
    pub(super) fn keep(&self, asked: &JobRequest<'_>, begun: &JobProgress) -> Result<(), Error> {
        let (Some(directory), Some(path)) = (&self.directory, self.path(asked)) else {
            return Ok(());
        };
        let bytes = serde_json::to_vec_pretty(begun).unwrap_or_default();
        files::create_directory(directory)
            .and_then(|()| files::write_atomic(&path, &bytes))
            .map_err(Error::NotKept)
    }

    /// Forgets what has ended.
    pub(super) fn forget(&self, asked: &JobRequest<'_>) {
        if let Some(path) = self.path(asked) {
            // What is left says nothing that is not asked again.
            let _ = files::remove(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: JobRequest<'_> = JobRequest {
        sha256: "00",
        profile: "arn",
        bucket: "zips",
        prefix: "countersign/",
        object: None,
    };

    fn upload(version: &str) -> Upload {
        Upload {
            bucket: "zips".to_owned(),
            key: "a.zip".to_owned(),
            version: version.to_owned(),
        }
    }

    fn begun(version: &str) -> JobProgress {
        JobProgress {
            failed: 0,
            token: Some(token(&ASKED, &upload(version), 0)),
            upload: Some(upload(version)),
            job: None,
        }
    }

    #[test]
    fn a_token_is_of_one_package_profile_bucket_version_and_attempt() {
        let first = token(&ASKED, &upload("v1"), 0);
        assert_eq!(first.len(), 64);
        assert_eq!(first, token(&ASKED.clone(), &upload("v1"), 0));
        let other = |change: fn(&mut JobRequest<'_>)| {
            let mut asked = ASKED;
            change(&mut asked);
            assert_ne!(asked.name(), ASKED.name());
            token(&asked, &upload("v1"), 0)
        };
        let tokens = [
            first,
            token(&ASKED, &upload("v2"), 0),
            token(&ASKED, &upload("v1"), 1),
            other(|asked| asked.sha256 = "01"),
            other(|asked| asked.profile = "arn2"),
            other(|asked| asked.bucket = "zip"),
            other(|asked| asked.prefix = "scountersign/"),
        ];
        let apart: std::collections::BTreeSet<&String> = tokens.iter().collect();
        assert_eq!(apart.len(), tokens.len());
        let mut object = ASKED;
        object.object = Some("s3://zips/a");
        assert_ne!(object.name(), ASKED.name());
    }

    #[test]
    fn what_was_begun_is_found_until_it_is_forgotten() {
        let cache = tempfile::tempdir().unwrap();
        let jobs = Jobs::new(Some(cache.path().join("jobs")));
        assert_eq!(jobs.find(&ASKED), None);
        jobs.keep(&ASKED, &begun("v1")).unwrap();
        assert_eq!(jobs.find(&ASKED), Some(begun("v1")));
        let mut other = ASKED;
        other.bucket = "others";
        assert_eq!(jobs.find(&other), None);
        // Of another token than what is asked for makes.
        let mut forged = begun("v1");
        forged.token = Some(token(&other, &upload("v1"), 0));
        jobs.keep(&ASKED, &forged).unwrap();
        assert_eq!(jobs.find(&ASKED), None);
        jobs.keep(&ASKED, &begun("v1")).unwrap();
        jobs.forget(&ASKED);
        assert_eq!(jobs.find(&ASKED), None);
        // Without a directory there is nothing.
        let nowhere = Jobs::new(None);
        nowhere.keep(&ASKED, &begun("v1")).unwrap();
        assert!(!nowhere.is_kept() && nowhere.find(&ASKED).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn what_others_may_read_or_write_is_not_believed() {
        use std::os::unix::fs::PermissionsExt as _;
        let cache = tempfile::tempdir().unwrap();
        let jobs = Jobs::new(Some(cache.path().join("jobs")));
        jobs.keep(&ASKED, &begun("v1")).unwrap();
        let path = jobs.path(&ASKED).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(jobs.find(&ASKED), None);
    }
}
