//! Packages that are in AWS, fetched into a file of this user's alone and held to what AWS says of them.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::configuration::Error as CallFailure;
use super::configuration::{answered, of_function};
use crate::aws::{
    Aws, Call, FunctionArn, FunctionName, LambdaFunction, LayerVersion, LayerVersionArn,
    ObjectName, PackageUrl,
};
use crate::limits::MAX_PACKAGE_BYTES;
use crate::signing_profiles;

impl From<signing_profiles::Error> for Error {
    fn from(error: signing_profiles::Error) -> Self {
        Self::Call(CallFailure::Signer(error))
    }
}

/// A package that was fetched.
#[derive(Debug)]
pub struct FetchedPackage {
    /// Its bytes, in a file without a name, read from its beginning.
    pub file: File,
    /// How many bytes it has.
    pub bytes: u64,
    /// SHA-256 of it, in base64, as AWS Lambda writes it.
    pub sha256: String,
}

/// Why a package could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// AWS did not answer with it.
    #[error(transparent)]
    Call(#[from] CallFailure),
    /// There is no place for it on this machine.
    #[error("the package could not be kept in a temporary file")]
    Temporary(#[source] io::Error),
    /// What came is something else than what AWS Lambda says.
    #[error("the package of `{of}` has the SHA-256 `{found}`, and AWS Lambda says `{wanted}`")]
    OtherPackage {
        /// Whose package.
        of: String,
        /// What came.
        found: String,
        /// What AWS Lambda says.
        wanted: String,
    },
    /// A file of this machine needs no fetching.
    #[error("`{}` is a file of this machine", .0.display())]
    NotAway(PathBuf),
    /// A function that is an image has no package.
    #[error("function `{0}` is a container image, which does not have a package")]
    IsImage(FunctionArn),
    /// More than a package can have.
    #[error("the package of `{of}` has {bytes} bytes, wanted at most {MAX_PACKAGE_BYTES}")]
    TooLarge {
        /// Whose package.
        of: String,
        /// How many bytes AWS says that it has.
        bytes: u64,
    },
}

impl Error {
    /// A name for programs to branch on; it does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call(source) => source.code(),
            Self::Temporary(_) => "no-temporary-file",
            Self::OtherPackage { .. } => "other-package",
            Self::NotAway(_) => "not-in-aws",
            Self::IsImage(_) => "container-image",
            Self::TooLarge { .. } => "package-too-large",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Call(source) => return source.hint(),
            Self::NotAway(_) => return None,
            Self::Temporary(_) => {
                "make room in the directory for temporary files, which `TMPDIR` names".to_owned()
            }
            Self::OtherPackage { .. } => {
                "run the command again: the function may have been deployed meanwhile; if it stays so, look at what answers \
                 in the place of AWS"
                    .to_owned()
            }
            Self::IsImage(_) => {
                "verify the image with `countersign verify`; AWS Lambda holds no image to a code signing configuration"
                    .to_owned()
            }
            Self::TooLarge { .. } => "AWS Signer signs packages of 250 MB at most".to_owned(),
        })
    }
}

/// A function's code, and what AWS Lambda says of the function.
///
/// # Errors
///
/// [`Error`].
pub async fn fetch_function(
    aws: &Aws,
    name: &FunctionName,
    region: &str,
) -> Result<(LambdaFunction, FetchedPackage), Error> {
    let code = of_function(name, None, aws.function(name, region)).await?;
    let function = code.function;
    let package = code
        .package
        .ok_or_else(|| Error::IsImage(function.arn.clone()))?;
    let said = ReportedPackage {
        of: function.arn.to_string(),
        bytes: function.code_bytes,
        sha256: &function.code_sha256,
    };
    let call = call("lambda:GetFunction", &said.of, region);
    let fetched = package_at(aws, &package, &call, &said).await?;
    Ok((function, fetched))
}

/// A version of a layer, and what AWS Lambda says of it.
///
/// # Errors
///
/// [`Error`].
pub async fn fetch_layer(
    aws: &Aws,
    arn: &LayerVersionArn,
) -> Result<(LayerVersion, FetchedPackage), Error> {
    let layer = answered(aws.layer_version(arn)).await?;
    let said = ReportedPackage {
        of: arn.to_string(),
        bytes: layer.code_bytes,
        sha256: &layer.code_sha256,
    };
    let region = arn.location().region();
    let call = call("lambda:GetLayerVersion", &said.of, region);
    let fetched = package_at(aws, &layer.package, &call, &said).await?;
    Ok((layer, fetched))
}

/// An object in Amazon S3, and the version that came; `region` is the bucket's.
///
/// # Errors
///
/// [`Error`].
pub async fn fetch_object(
    aws: &Aws,
    name: &ObjectName,
    version: Option<&str>,
    region: &str,
) -> Result<(Option<String>, FetchedPackage), Error> {
    let mut writer = Writer::new()?;
    let mut take = |bytes: &[u8]| writer.append(bytes);
    let asking = aws.download_object(name, version, region, MAX_PACKAGE_BYTES, &mut take);
    let found = answered(asking).await?;
    Ok((found, writer.finish()?))
}

/// What AWS Lambda says of a package.
struct ReportedPackage<'a> {
    of: String,
    bytes: u64,
    sha256: &'a str,
}

async fn package_at(
    aws: &Aws,
    url: &PackageUrl,
    call: &Call,
    said: &ReportedPackage<'_>,
) -> Result<FetchedPackage, Error> {
    if said.bytes > MAX_PACKAGE_BYTES {
        return Err(Error::TooLarge {
            of: said.of.clone(),
            bytes: said.bytes,
        });
    }
    let mut writer = Writer::new()?;
    let mut take = |bytes: &[u8]| writer.append(bytes);
    answered(aws.download_package(url, call, MAX_PACKAGE_BYTES, &mut take)).await?;
    let fetched = writer.finish()?;
    if fetched.sha256 == said.sha256 {
        return Ok(fetched);
    }
    Err(Error::OtherPackage {
        of: said.of.clone(),
        found: fetched.sha256,
        wanted: said.sha256.to_owned(),
    })
}

fn call(action: &'static str, resource: &str, region: &str) -> Call {
    Call {
        action,
        resource: resource.to_owned(),
        region: region.to_owned(),
    }
}

/// A file without a name, which is gone with this process.
struct Writer {
    file: File,
    digest: Context,
    bytes: u64,
}

impl Writer {
    fn new() -> Result<Self, Error> {
        Ok(Self {
            file: tempfile::tempfile().map_err(Error::Temporary)?,
            digest: Context::new(&SHA256),
            bytes: 0,
        })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(count);
        self.file.write_all(bytes)
    }

    fn finish(mut self) -> Result<FetchedPackage, Error> {
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(Error::Temporary)?;
        Ok(FetchedPackage {
            file: self.file,
            bytes: self.bytes,
            sha256: STANDARD.encode(self.digest.finish()),
        })
    }
}
