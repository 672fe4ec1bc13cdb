//! What tests do with the registry of an emulator besides requests.

use super::{RegistryOptions, TestImage, TestImageError};
use crate::{Emulator, hosts::RegistryId};

impl Emulator {
    /// Changes how the registry behaves, from the next request on.
    pub fn set_registry_options(&self, options: RegistryOptions) {
        self.shared.registry.set_options(options);
    }

    /// A test convenience: puts a small real image for linux/amd64 into a repository, which is made if it is not there, and
    /// returns the digest of its manifest. The same repository and tag give the same digest.
    ///
    /// `repository` is a name (`team/app`) in the registry of the emulator's account and region, which is the one that its
    /// loopback address serves; or in the registry whose ECR host name comes before it
    /// (`111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app`).
    ///
    /// # Errors
    ///
    /// [`TestImageError`] if `repository` or `tag` is not valid, if the tag is immutable and on another image, or if
    /// the data directory cannot be written.
    pub fn push_test_image(&self, repository: &str, tag: &str) -> Result<String, TestImageError> {
        self.push(repository, tag, TestImage::OnePlatform)
    }

    /// A test convenience: as [`Self::push_test_image`], but an index of two images, for linux/amd64 and linux/arm64, whose
    /// digest it returns.
    ///
    /// # Errors
    ///
    /// As [`Self::push_test_image`].
    pub fn push_test_index(&self, repository: &str, tag: &str) -> Result<String, TestImageError> {
        self.push(repository, tag, TestImage::TwoPlatforms)
    }

    fn push(
        &self,
        repository: &str,
        tag: &str,
        image: TestImage,
    ) -> Result<String, TestImageError> {
        let default = RegistryId {
            account: self.shared.access_key.account.clone(),
            region: self.shared.region.clone(),
        };
        let now = self.shared.clock.now();
        let registry = &self.shared.registry;
        registry.push_test_image(&default, repository, tag, image, now)
    }
}
