//! Signed packages of AWS Lambda without a bucket and without a job: for tests that need one.

use crate::{
    Emulator,
    signer::lambda_zip::{self, PackageError, PackageSignature, PackageSigning},
};

impl Emulator {
    /// The root of the signatures in packages of AWS Lambda, in PEM. It signs no envelope.
    pub fn package_root_certificate_pem(&self) -> String {
        self.shared.package_authority.root_pem()
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
        self.sign_package_with(zip, signing, |signature| signature.text())
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
        let region = signing.job_arn.split(':').nth(3).unwrap_or(self.region());
        let identity = self
            .shared
            .package_authority
            .signing_identity(region, signing.signing_time)
            .map_err(|_| PackageError::Authority("it issued no certificate"))?;
        lambda_zip::sign_with(zip, signing, &identity, draft)
    }
}
