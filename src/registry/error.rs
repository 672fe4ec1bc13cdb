//! Why a registry gave no usable answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(super) use super::words::{Words, clean};

use super::push::RejectedPart;
use super::{advice, credentials};
use crate::reference::RegistryName;
use crate::{files, http, oci};

/// What an error means for somebody who was looking for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The registry said that it is not there.
    NotFound,
    /// What came cannot be what was asked for.
    Misbehaved,
    /// Nothing is known: denied, throttled, unreachable, or not asked at all.
    Inconclusive,
}

/// Why a path is no OCI image layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutFault {
    /// Nothing has this path.
    #[error("there is nothing there")]
    Missing,
    /// It is a file, for example.
    #[error("it is not a directory")]
    NotADirectory,
    /// It lacks the file that makes it a layout.
    #[error("it has no file `oci-layout`")]
    Unmarked,
    /// It is of a version that this program does not know.
    #[error("its version is `{0}`, not `1.0.0`")]
    Version(String),
}

/// Why a registry gave no usable answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry does not have it.
    #[error("`{reference}` was not found{said}")]
    NotFound {
        /// `registry/repository` and tag or digest.
        reference: String,
        /// The registry's own words.
        said: Words,
    },
    /// The registry wants other credentials, or any.
    #[error("registry `{registry}` denied {credential} access to `{repository}`{said}")]
    Unauthorized {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What was shown to it, for example ``the credential of `/root/.docker/config.json` ``.
        credential: String,
        /// The registry's own words.
        said: Words,
        /// What kept a credential from being found, if there may have been one.
        #[source]
        unread: Option<Arc<credentials::Error>>,
    },
    /// The registry knows who asks, and says no.
    #[error("registry `{registry}` denied {credential} access to `{repository}`{said}")]
    Denied {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What was shown to it.
        credential: String,
        /// The registry's own words.
        said: Words,
    },
    /// Too many requests.
    #[error("registry `{registry}` is rate-limiting requests{said}")]
    RateLimited {
        /// The registry.
        registry: String,
        /// How long it wants to be left alone, if it says so.
        retry_after: Option<Duration>,
        /// The registry's own words.
        said: Words,
    },
    /// A fault of the registry's (status 500 to 599).
    #[error("registry `{registry}` failed with status {status}{said}")]
    Unavailable {
        /// The registry.
        registry: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own words.
        said: Words,
    },
    /// A status that nothing else here stands for.
    #[error("`{url}` answered with status {status}{said}")]
    UnexpectedStatus {
        /// The request's URL, without its query.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own words.
        said: Words,
    },
    /// A tag that cannot be moved has to be.
    #[error("tag `{reference}` cannot be changed{said}")]
    TagImmutable {
        /// `registry/repository:tag`.
        reference: String,
        /// The registry's own words.
        said: Words,
    },
    /// No answer, or none that may be read.
    #[error("no usable answer from registry `{registry}`")]
    Request {
        /// The registry.
        registry: String,
        /// What happened.
        #[source]
        source: http::Error,
    },
    /// The listing took longer than one request may.
    #[error("registry `{registry}` did not list the referrers of `{digest}` in time")]
    ListingTimedOut {
        /// The registry.
        registry: String,
        /// Whose referrers.
        digest: String,
    },
    /// It came too slowly, while others waited for the memory that it took.
    #[error(
        "`{url}` sent {came} bytes in {} seconds, and others waited for the memory of its answer",
        time.as_secs()
    )]
    TooSlow {
        /// The request's URL.
        url: String,
        /// The bytes that came.
        came: u64,
        /// The time that it had.
        time: Duration,
    },
    /// Credentials could not be read.
    #[error("could not get credentials for registry `{registry}`")]
    Credentials {
        /// The registry.
        registry: String,
        /// What happened.
        #[source]
        source: credentials::Error,
    },
    /// The bytes are not those of their digest.
    #[error("`{url}` answered with other content than was asked for")]
    WrongDigest {
        /// The request's URL.
        url: String,
        /// The two digests.
        #[source]
        source: oci::Error,
    },
    /// The bytes are more or fewer than their descriptor says.
    #[error("`{url}` answered with {found} bytes, wanted {wanted}")]
    WrongSize {
        /// The request's URL.
        url: String,
        /// The descriptor's size in bytes.
        wanted: u64,
        /// The bytes that came.
        found: u64,
    },
    /// A descriptor announces more than is read.
    #[error("{what} has {size} bytes, more than {max}")]
    TooLarge {
        /// What it is, for example ``the envelope `sha256:...` ``.
        what: String,
        /// The size that is announced, in bytes.
        size: u64,
        /// The limit, in bytes.
        max: u64,
    },
    /// Something else than a manifest, a web page for example.
    #[error("`{url}` {}", advice::not_a_manifest(media_type))]
    NotAManifest {
        /// The request's URL.
        url: String,
        /// The media type, as far as there is one.
        media_type: String,
    },
    /// The tag of the tag schema names something else than an index of referrers.
    #[error(
        "`{reference}` is {}, not the index of signatures",
        advice::kind_of_manifest(media_type)
    )]
    NotAnIndex {
        /// `registry/repository:tag`.
        reference: String,
        /// What it is.
        media_type: String,
    },
    /// JSON that is not what its media type says.
    #[error("`{url}` answered with a malformed document")]
    Malformed {
        /// The request's URL.
        url: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// An answer that would lead somewhere it must not, or says what nobody may say.
    #[error("`{url}` {fault}")]
    Misbehaved {
        /// The request's URL.
        url: String,
        /// What it did.
        fault: String,
    },
    /// A manifest that is listed as a signature is none of this artifact.
    #[error("manifest `{digest}` is not a signature of the artifact: {reason}")]
    NotASignature {
        /// The manifest's digest.
        digest: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More referrers than are looked at.
    #[error("`{digest}` has more than {max} referrers or pages of them")]
    TooManyReferrers {
        /// Whose referrers.
        digest: String,
        /// The limit that was met.
        max: usize,
    },
    /// Entries of a list of referrers that cannot be read.
    #[error(
        "the list of the referrers of `{digest}` has {count} unreadable entries, the first one: {reason}"
    )]
    UnreadableReferrers {
        /// Whose referrers.
        digest: String,
        /// How many.
        count: usize,
        /// What is wrong with the first one.
        reason: String,
    },
    /// The registry will not take it, however often it is sent.
    #[error("{}: it answered with status {status}{said}", advice::refusal(registry, *what))]
    PushRefused {
        /// The registry.
        registry: String,
        /// What it did not take.
        what: RejectedPart,
        /// The HTTP status.
        status: u16,
        /// The registry's own words.
        said: Words,
    },
    /// A signature was pushed, and cannot be found: no list has it, or none could be read or written.
    #[error("signature manifest `{manifest}` was pushed, not listed")]
    NotListed {
        /// The manifest's digest.
        manifest: String,
        /// What kept it off the lists, or kept them from being read; nothing where the registry does
        /// not list it and nothing else was to be written.
        #[source]
        source: Option<Box<Self>>,
    },
    /// A signature manifest was sent, and no answer says whether the registry has it.
    #[error("the registry did not confirm the signature manifest `{manifest}`")]
    Unconfirmed {
        /// The manifest's digest.
        manifest: String,
        /// What came in place of the answer.
        #[source]
        source: Box<Self>,
    },
    /// The index of the tag schema did not keep what was written.
    #[error("the index `{reference}` lost the signature that was written to it")]
    IndexConflict {
        /// `registry/repository:tag`, or the index of an OCI image layout.
        reference: String,
    },
    /// A directory that should be an OCI image layout.
    #[error("`{}` is not an OCI image layout: {fault}", path.display())]
    NotALayout {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        fault: LayoutFault,
    },
    /// A copy of a registry's artifact is not as it was made. It says nothing about the registry's.
    #[error("the copy in `{}` cannot be used", path.display())]
    SpoiledCopy {
        /// The directory of the copy.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<Self>,
    },
    /// Another process keeps the OCI image layout locked.
    #[error("the lock on `{}` is held by another process", path.display())]
    LayoutBusy {
        /// The file that is locked.
        path: PathBuf,
    },
    /// A file of an OCI image layout cannot be read or written.
    #[error("no usable file in the OCI image layout")]
    File {
        /// Which file, and what is wrong with it.
        #[source]
        source: files::Error,
    },
}

impl Error {
    /// The same, where it came in place of the answer to a signature manifest, or to its entry in the
    /// index: both may be there.
    pub(super) fn after_sending(self, manifest: &oci::Digest) -> Self {
        let is_open = match &self {
            Self::Request { source, .. } => !source.is_connect() && !source.is_lying(),
            Self::Unavailable { .. } => true,
            _ => false,
        };
        if !is_open {
            return self;
        }
        Self::Unconfirmed {
            manifest: manifest.to_string(),
            source: Box::new(self),
        }
    }

    /// The same, where it came of writing the index for a signature manifest that the registry has.
    pub(super) fn after_pushing(self, manifest: &oci::Digest) -> Self {
        match self.after_sending(manifest) {
            error @ Self::Unconfirmed { .. } => error,
            error => Self::NotListed {
                manifest: manifest.to_string(),
                source: Some(Box::new(error)),
            },
        }
    }

    /// Whether the registry knows who asks and says no, or wants other credentials.
    pub(super) fn is_denial(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Denied { .. })
    }

    /// What the error means for somebody who was looking for something.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. }
            | Self::NotALayout {
                fault: LayoutFault::Missing,
                ..
            } => Kind::NotFound,
            Self::WrongDigest { .. }
            | Self::WrongSize { .. }
            | Self::TooLarge { .. }
            | Self::NotAManifest { .. }
            | Self::Malformed { .. }
            | Self::Misbehaved { .. }
            | Self::NotASignature { .. }
            | Self::NotAnIndex { .. }
            | Self::PushRefused { .. }
            | Self::NotALayout { .. } => Kind::Misbehaved,
            Self::Request { source, .. } if source.is_lying() => Kind::Misbehaved,
            Self::File { source } => kind_of_file(source),
            Self::Unconfirmed { source, .. } => source.kind(),
            Self::Unauthorized { .. }
            | Self::Denied { .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::UnexpectedStatus { .. }
            | Self::TagImmutable { .. }
            | Self::Request { .. }
            | Self::ListingTimedOut { .. }
            | Self::TooSlow { .. }
            | Self::Credentials { .. }
            | Self::TooManyReferrers { .. }
            | Self::UnreadableReferrers { .. }
            | Self::NotListed { .. }
            | Self::IndexConflict { .. }
            | Self::SpoiledCopy { .. }
            | Self::LayoutBusy { .. } => Kind::Inconclusive,
        }
    }

    /// What may help.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unauthorized {
                unread: Some(unread),
                ..
            } => unread.hint(),
            Self::Unauthorized { registry, .. } | Self::Denied { registry, .. } => {
                Some(if is_ecr(registry) {
                    "the AWS identity needs `ecr:GetAuthorizationToken` on `*`, and \
                     `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer` on the repository (to sign \
                     also `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`, \
                     `ecr:CompleteLayerUpload`, `ecr:BatchCheckLayerAvailability` and \
                     `ecr:PutImage`); the repository's policy can deny it as well"
                        .to_owned()
                } else {
                    format!("log in with `docker login {registry}`, or check the repository's name")
                })
            }
            Self::RateLimited {
                retry_after: Some(wait),
                ..
            } => Some(format!("try again in {} seconds", wait.as_secs())),
            Self::RateLimited { .. } => Some("try again later".to_owned()),
            Self::NotFound { reference, .. } => {
                let registry = reference.split('/').next().unwrap_or_default();
                Some(if is_ecr(registry) {
                    "check the repository, the tag or digest, and the AWS region".to_owned()
                } else {
                    "check the repository, and the tag or digest".to_owned()
                })
            }
            Self::TagImmutable { .. } => Some(
                "the signature needs this tag, since the registry does not list it otherwise or \
                 `--force-referrers-tag` is given, and the repository's tags are immutable; exclude \
                 `sha256-*` from immutability"
                    .to_owned(),
            ),
            Self::TooManyReferrers { .. } => Some(
                "a client with push access can pile up referrers; remove those that are not needed"
                    .to_owned(),
            ),
            Self::NotAManifest { media_type, .. } => Some(advice::hint_about_type(media_type).to_owned()),
            Self::NotAnIndex { .. } => Some(
                "without the referrers API, signatures are listed under this tag; give what is there \
                 another tag, and delete this one"
                    .to_owned(),
            ),
            Self::UnreadableReferrers { .. } => Some(
                "one of them may be a signature; remove them, or ask the registry's operator"
                    .to_owned(),
            ),
            Self::PushRefused { what, .. } => Some(advice::hint_about_refusal(*what).to_owned()),
            Self::NotListed { source, .. } => Some(advice::hint_about_listing(source.as_deref())),
            Self::Request { registry, source } => source
                .hint()
                .or_else(|| source.is_answer_of_no_http().then(|| may_speak_tls(registry))),
            Self::UnexpectedStatus {
                url, status: 400, ..
            } if url.starts_with("http://") => {
                let registry = url.trim_start_matches("http://").split('/').next();
                Some(may_speak_tls(registry.unwrap_or_default()))
            }
            Self::Unconfirmed { .. } => Some(
                "the signature may have been stored: check with `countersign list`, and sign again if it is missing"
                    .to_owned(),
            ),
            Self::Credentials { source, .. } => source.hint(),
            Self::File { source } => source.hint(),
            Self::SpoiledCopy { source, .. } => {
                let file = match &**source {
                    Self::File { source } => source.hint(),
                    _ => None,
                };
                file.or_else(|| {
                    Some(
                        "with a network, `countersign revocation fetch REFERENCE --out DIR` copies it \
                         again; let DIR be a new directory"
                            .to_owned(),
                    )
                })
            }
            Self::NotALayout { path, fault: LayoutFault::Missing }
                if crate::reference::transport(&path.to_string_lossy()).is_some() =>
            {
                let transport = crate::reference::transport(&path.to_string_lossy());
                Some(format!("leave out `{}`", transport.unwrap_or_default()))
            }
            Self::NotALayout { .. } => Some(
                "an OCI image layout is a directory with the files `oci-layout` and `index.json`, as \
                 `skopeo copy ... oci:DIRECTORY:TAG` or `oras copy --to-oci-layout` writes it"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Plain HTTP is no way to a registry that speaks TLS.
fn may_speak_tls(registry: &str) -> String {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    if host.eq_ignore_ascii_case("localhost") {
        return "`localhost` is asked in plain HTTP; if it speaks TLS, name it by its address, `127.0.0.1`"
            .to_owned();
    }
    format!(
        "`{registry}` may speak TLS: try without `--insecure-registry`, and without its entry in \
         `insecureRegistries` of `config.json`"
    )
}

/// A link or a directory in a file's place cannot be right; what the operating system refuses is not
/// known.
fn kind_of_file(error: &files::Error) -> Kind {
    match error {
        files::Error::NotFound { .. } => Kind::NotFound,
        files::Error::Io { .. } => Kind::Inconclusive,
        _ => Kind::Misbehaved,
    }
}

/// Whether this name of a registry is one of Amazon ECR.
fn is_ecr(registry: &str) -> bool {
    RegistryName::parse(registry).is_ok_and(|name| name.ecr().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_doubted_where_there_is_one() {
        let hint = |registry: &str| {
            let reference = format!("{registry}/app:v1");
            let said = Words::default();
            Error::NotFound { reference, said }.hint().unwrap()
        };
        assert_eq!(
            hint("111122223333.dkr.ecr.eu-west-1.amazonaws.com"),
            "check the repository, the tag or digest, and the AWS region"
        );
        assert_eq!(
            hint("example.com"),
            "check the repository, and the tag or digest"
        );
    }
}
