//! What is looked at before anything is uploaded: the packages, the signing profile, the bucket.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::error::{Error, Unversioned};
use crate::archive::package::Allowed;
use crate::aws::{Aws, Bucket, BucketName, CallErrorKind, ObjectName, Versioning};
use crate::code_signing::contents::Contents;
use crate::code_signing::{PLATFORM_ID, Signature, fetch};
use crate::files;
use crate::oci::hex;
use crate::signing_profiles::{Profile, ProfileId, SigningProfiles, Status};
use crate::x509::Certificate;

/// What is asked for, for all packages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The profile that signs.
    pub profile: ProfileId,
    /// Where packages are uploaded to, and the signed ones written.
    pub bucket: BucketName,
    /// What the keys in it begin with.
    pub prefix: String,
    /// Whether an object may be replaced before it is signed.
    pub allow_unversioned: bool,
    /// Which entries are accepted although they are unusual.
    pub allowed: Allowed,
    /// Where AWS Signer's certificates must lead.
    pub roots: Vec<Certificate>,
}

/// Looks at the profile, which must sign packages, and at the bucket.
///
/// # Errors
///
/// [`Error`].
pub async fn look(
    aws: &Aws,
    signer: &SigningProfiles,
    settings: &Settings,
) -> Result<Profile, Error> {
    let profile = signer.profile(&settings.profile).await?;
    let arn = profile.profile().to_string();
    if profile.platform != PLATFORM_ID {
        return Err(Error::OtherPlatform {
            profile: arn,
            platform: profile.platform,
        });
    }
    if profile.status != Status::Active {
        return Err(Error::NotActive {
            profile: arn,
            status: profile.status.as_str().to_owned(),
        });
    }
    if let Some(wanted) = settings.profile.version()
        && wanted != profile.arn.version()
    {
        return Err(Error::OtherVersion {
            profile: arn,
            found: profile.arn.version().to_owned(),
            wanted: wanted.to_owned(),
        });
    }
    let versioning = look_at_bucket(aws, &settings.bucket, signer.region()).await?;
    check_versioning(&settings.bucket, versioning, settings)?;
    Ok(profile)
}

async fn look_at_bucket(aws: &Aws, bucket: &BucketName, region: &str) -> Result<Versioning, Error> {
    match aws.bucket(bucket, region).await {
        Ok(Bucket::Here(versioning)) => Ok(versioning),
        Ok(Bucket::In(found)) => Err(Error::BucketRegion {
            bucket: bucket.to_string(),
            found,
            wanted: region.to_owned(),
        }),
        Err(error) if error.kind() == CallErrorKind::NotFound => Err(Error::NoBucket {
            bucket: bucket.to_string(),
            region: region.to_owned(),
            source: Box::new(error),
        }),
        Err(error) => Err(Error::Call(error)),
    }
}

fn check_versioning(
    bucket: &BucketName,
    versioning: Versioning,
    settings: &Settings,
) -> Result<(), Error> {
    let versioning = match versioning {
        Versioning::Enabled => return Ok(()),
        _ if settings.allow_unversioned => return Ok(()),
        Versioning::Suspended => Unversioned::Suspended,
        Versioning::Off => Unversioned::Off,
    };
    Err(Error::Unversioned {
        bucket: bucket.to_string(),
        versioning,
    })
}

/// A package that can be signed.
#[derive(Debug)]
pub struct Candidate {
    /// What a person calls it.
    pub name: String,
    /// Its bytes.
    pub(super) file: File,
    /// How many.
    pub(super) bytes: u64,
    /// What is in it.
    pub(super) contents: Contents,
    /// Where it is in S3 already, and in which version.
    pub(super) object: Option<(ObjectName, String)>,
}

impl Candidate {
    /// A file of this machine.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, Error> {
        let file = files::open_following_links(path).map_err(|source| Error::Open {
            path: PathBuf::from(path),
            source,
        })?;
        Self::read(path.display().to_string(), file, None, settings)
    }

    /// An object in S3, fetched as it is looked at.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn fetch(
        aws: &Aws,
        object: &ObjectName,
        version: Option<&str>,
        region: &str,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let bucket = BucketName::new(object.bucket())?;
        if bucket != settings.bucket {
            let versioning = look_at_bucket(aws, &bucket, region).await?;
            check_versioning(&bucket, versioning, settings)?;
        }
        let name = match version {
            Some(version) => format!("{object}?versionId={version}"),
            None => object.to_string(),
        };
        let fetched = fetch::fetch_object(aws, object, version, region).await;
        let (found, fetched) = fetched.map_err(|source| Error::Fetch {
            package: name.clone(),
            source,
        })?;
        let version = match found {
            Some(version) => version,
            None if settings.allow_unversioned => "null".to_owned(),
            None => return Err(Error::NoVersion(name)),
        };
        let object = (object.clone(), version);
        Self::read(name, fetched.file, Some(object), settings)
    }

    fn read(
        name: String,
        file: File,
        object: Option<(ObjectName, String)>,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let contents = Contents::read(&file, settings.allowed);
        let contents = contents.map_err(|source| Error::Package {
            package: name.clone(),
            source,
        })?;
        if contents.entries.is_empty() {
            return Err(Error::Empty(name));
        }
        if let Some(text) = &contents.signature {
            let signature = Signature::verify(text, &settings.roots).ok();
            let signature = signature.as_ref();
            return Err(Error::AlreadySigned {
                package: name,
                profile: signature.map(|it| it.profile_version().to_string()),
                expires_at: signature.map(Signature::expires_at),
            });
        }
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        Ok(Self {
            name,
            file,
            bytes,
            contents,
            object,
        })
    }

    /// SHA-256 of the whole package, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        hex(&self.contents.sha256)
    }
}
