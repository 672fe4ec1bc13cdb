//! How the registry behaves; every choice is for tests, the defaults are Amazon ECR's.

/// Bytes of one blob. It is in memory, and images for tests are small.
pub(crate) const MAX_BLOB_BYTES: usize = 256 * 1024 * 1024;

/// How the registry behaves. Start from `RegistryOptions::default()` and change what a test needs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RegistryOptions {
    /// Who may use the registry on hosts that are not ECR's, such as `127.0.0.1:4570`. [`Access::Open`] unless changed.
    ///
    /// ECR's hosts, which are reached through the emulator as a proxy, always ask for ECR's token.
    pub loopback_access: Access,
    /// The referrers API. [`ReferrersApi::Filtering`] unless changed.
    pub referrers: ReferrersApi,
    /// Entries of one page of referrers and of tags; 50 unless changed, and at least 1.
    pub page_size: usize,
    /// How the bytes of a blob are answered. [`BlobDelivery::Redirect`] unless changed.
    pub blobs: BlobDelivery,
    /// Bytes of one blob that a push may have; 256 MiB unless changed, and never more.
    pub max_blob_bytes: usize,
    /// Whether a push makes a repository that is not there. [`RepositoryCreation::LoopbackOnly`] unless changed.
    pub creation: RepositoryCreation,
    /// What a list of referrers says of each one's type. [`ListedType::ArtifactType`] unless changed.
    pub listed_type: ListedType,
    /// What it says of each one's size. [`ListedSize::Manifest`] unless changed.
    pub listed_size: ListedSize,
    /// When `OCI-Subject` answers a push. [`SubjectHeader::WithApi`] unless changed.
    pub subject_header: SubjectHeader,
    /// Lists of referrers that a manifest is not on yet after its push; 0 unless changed.
    pub listing_lag: u64,
    /// Whether a tag `sha256-HEX` that is not there means the manifest `sha256:HEX`. Not unless changed.
    pub dash_tag_is_digest: bool,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            loopback_access: Access::Open,
            referrers: ReferrersApi::Filtering,
            page_size: 50,
            blobs: BlobDelivery::Redirect,
            max_blob_bytes: MAX_BLOB_BYTES,
            creation: RepositoryCreation::LoopbackOnly,
            listed_type: ListedType::ArtifactType,
            listed_size: ListedSize::Manifest,
            subject_header: SubjectHeader::WithApi,
            listing_lag: 0,
            dash_tag_is_digest: false,
        }
    }
}

/// Who may use the registry.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Everybody; no credentials are asked for.
    Open,
    /// Amazon ECR's: `Basic` with the user `AWS` and a password that `GetAuthorizationToken` issued.
    Ecr,
    /// `Basic` with one user.
    Basic {
        /// The user.
        username: String,
        /// Its password.
        password: String,
    },
    /// `Bearer`, with tokens from `/_registry/token` on the same server, which asks for `Basic`.
    Bearer {
        /// The user that `/_registry/token` gives any token to.
        username: String,
        /// Its password.
        password: String,
        /// Whether `/_registry/token` gives tokens to read to requests without credentials.
        anonymous_pull: bool,
    },
}

impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Open => "Open",
            Self::Ecr => "Ecr",
            Self::Basic { .. } => "Basic",
            Self::Bearer { .. } => "Bearer",
        })
    }
}

/// How `/v2/<name>/referrers/<digest>` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferrersApi {
    /// As the specification wants it: `artifactType` filters, and `OCI-Filters-Applied` says so.
    Filtering,
    /// The filter is ignored, as the specification allows.
    Unfiltered,
    /// As registries before distribution 1.1: 404 in plain text, and no `OCI-Subject`. Clients must use the tag schema.
    Absent,
    /// An error of this status, without a challenge even where it is 401, and no `OCI-Subject`.
    Refusing {
        /// The HTTP status.
        status: u16,
    },
    /// 200 with an empty list, whatever was pushed.
    Empty,
}

impl ReferrersApi {
    /// Whether there is one, so that pushes are answered with `OCI-Subject`.
    pub(super) fn is_there(self) -> bool {
        matches!(self, Self::Filtering | Self::Unfiltered | Self::Empty)
    }
}

/// What a list of referrers says of a referrer's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListedType {
    /// Its artifact type, as the specification wants it.
    ArtifactType,
    /// The type of its configuration, by which it is filtered too.
    Configuration,
    /// Nothing. No filter finds it.
    Missing,
}

/// What a list of referrers says of a referrer's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListedSize {
    /// The size of its manifest, as the specification wants it.
    Manifest,
    /// The size of its manifest, configuration and layers together.
    WithContent,
}

/// When a push of a manifest with a subject is answered with `OCI-Subject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectHeader {
    /// Where the referrers API is.
    WithApi,
    /// Never.
    Never,
    /// Always, even without the API.
    Always,
}

/// How a GET of a blob is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlobDelivery {
    /// 307 to an address that is valid for an hour without credentials, and refuses requests that carry some.
    Redirect,
    /// 200 with the bytes.
    Direct,
}

/// Which pushes make the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepositoryCreation {
    /// Pushes to hosts that are not ECR's. On ECR's, `CreateRepository` makes them.
    LoopbackOnly,
    /// Every push.
    OnPush,
    /// No push: `CreateRepository` on every host.
    Explicit,
}
