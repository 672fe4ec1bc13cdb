//! Signed packages of AWS Lambda without a bucket and without a job: for tests that need one.

use time::OffsetDateTime;

use crate::{
    ConvenienceError, Emulator, SigningProfile,
    authority::SigningIdentity,
    signer::{
        self,
        lambda_zip::{self, PackageError, PackageSignature, PackageSigning},
    },
};

/// A package that [`Emulator::sign_package_in_job`] signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedPackage {
    /// The zip file.
    pub bytes: Vec<u8>,
    /// ARN of the signing job.
    pub job_arn: String,
}

impl Emulator {
    /// The root of the signatures in packages of AWS Lambda, in PEM. It signs no envelope.
    pub fn package_root_certificate_pem(&self) -> String {
        self.shared.package_authority.root_pem()
    }

    /// Makes a signing profile for packages of AWS Lambda.
    ///
    /// # Errors
    ///
    /// As [`Emulator::create_signing_profile`].
    pub fn create_package_profile(&self, name: &str) -> Result<SigningProfile, ConvenienceError> {
        self.create_profile(name, signer::LAMBDA)
    }

    /// Signs a package with the profile of this name, in a job that AWS Signer knows.
    ///
    /// # Errors
    ///
    /// [`ConvenienceError`], as `StartSigningJob` refuses or its job fails.
    pub fn sign_package_in_job(
        &self,
        profile: &str,
        zip: &[u8],
    ) -> Result<SignedPackage, ConvenienceError> {
        let refused = |message: String| ConvenienceError {
            operation: "StartSigningJob",
            message,
        };
        let now = self.shared.clock.now();
        let now = OffsetDateTime::from_unix_timestamp(now.unix_timestamp()).unwrap_or(now);
        let job = signer::new_job(&self.shared.signer, &self.shared.owner(), profile, now);
        let job = job.map_err(|error| refused(error.message))?;
        let signing = PackageSigning {
            job_arn: job.arn(),
            profile_version_arn: job.profile_version_arn(),
            signing_time: now,
            expires_at: job.expires_at,
        };
        let bytes = self.sign_package(zip, &signing);
        Ok(SignedPackage {
            bytes: bytes.map_err(|error| refused(error.to_string()))?,
            job_arn: job.arn(),
        })
    }

    /// A package as AWS Signer signs it, whatever its profile and job are.
    ///
    /// # Errors
    ///
    /// [`PackageError`].
    pub fn sign_package(
        &self,
        zip: &[u8],
        signing: &PackageSigning,
    ) -> Result<Vec<u8>, PackageError> {
        lambda_zip::sign(zip, signing, &self.package_identity(signing)?)
    }

    /// The same with a signature that AWS Signer would not make: `draft` changes its parts and signs it.
    ///
    /// # Errors
    ///
    /// [`PackageError`].
    pub fn sign_package_with(
        &self,
        zip: &[u8],
        signing: &PackageSigning,
        draft: impl FnOnce(PackageSignature) -> Result<Vec<u8>, PackageError>,
    ) -> Result<Vec<u8>, PackageError> {
        lambda_zip::sign_with(zip, signing, &self.package_identity(signing)?, draft)
    }

    fn package_identity(&self, signing: &PackageSigning) -> Result<SigningIdentity, PackageError> {
        let region = signing.job_arn.split(':').nth(3).unwrap_or(self.region());
        self.shared
            .package_authority
            .signing_identity(region, signing.signing_time)
            .map_err(|_| PackageError::Authority("it issued no certificate"))
    }
}
