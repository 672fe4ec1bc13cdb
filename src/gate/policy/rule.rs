//! What a gate policy says, once it was read.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

use super::scope::GateScope;
use crate::aws::SigningProfile;
use crate::oci::Digest;
use crate::trust_policy::TrustedIdentity;

/// Who must have signed the images of some repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateRule {
    /// Its name, unique in the policy.
    pub name: String,
    /// The repositories.
    pub scopes: Vec<GateScope>,
    /// How many of the roles must be filled.
    pub need: Need,
    /// The roles that signers fill; at least one.
    pub roles: Vec<Role>,
    /// What a failure leads to.
    pub on_failure: OnFailure,
    /// Whether a tag may be asked about.
    pub tags: Tags,
    /// What the signature of an index covers.
    pub signed_index_covers: SignedIndexCovers,
    /// Whether revocation must have been checked.
    pub revocation: RevocationNeed,
    /// Whether a statement may apply through `*`.
    pub wildcard_statement: WildcardStatement,
}

impl GateRule {
    /// How many roles must be filled.
    pub fn needed(&self) -> usize {
        match self.need {
            Need::All => self.roles.len(),
            Need::Any => 1,
            Need::AtLeast(count) => count,
        }
    }
}

/// How many of the roles of a rule must be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Every one.
    All,
    /// One.
    Any,
    /// So many: at least one, at most all.
    AtLeast(usize),
}

/// One signature that is asked for: its signer, its greatest age, and the metadata that must be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// What the signature stands for, for example `built by CI`; unique in the rule.
    pub name: String,
    /// Who signs.
    pub signer: RoleSigner,
    /// How old the signature may be, by a time that the signer cannot choose.
    pub max_age: Option<Duration>,
    /// User metadata that this very signature must have.
    pub user_metadata: BTreeMap<String, MetadataNeed>,
}

/// Who fills a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleSigner {
    /// A signing profile of AWS Signer, or one version of it, by its ARN.
    SigningProfile(SigningProfile),
    /// An identity that a statement of Notation's trust policy trusts.
    Identity {
        /// The statement's name.
        statement: String,
        /// The identity.
        identity: TrustedIdentity,
    },
}

impl fmt::Display for RoleSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SigningProfile(profile) => write!(f, "`{profile}`"),
            Self::Identity {
                statement,
                identity,
            } => write!(
                f,
                "`{}` under the statement `{statement}`",
                identity.as_str()
            ),
        }
    }
}

/// What is asked of a member of the user metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataNeed {
    /// It is there and not empty.
    Present,
    /// It has this value.
    Value(String),
}

impl MetadataNeed {
    /// Whether `found` is enough.
    pub fn is_met_by(&self, found: Option<&str>) -> bool {
        match self {
            Self::Present => found.is_some_and(|value| !value.is_empty()),
            Self::Value(wanted) => found == Some(wanted),
        }
    }
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// A refusal.
    #[default]
    Enforce,
    /// A pass that is called tolerated.
    Warn,
}

/// Whether a reference may be a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tags {
    /// It must have a digest.
    #[default]
    Refuse,
    /// It is resolved, once.
    Resolve,
}

/// What the signature of an index covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignedIndexCovers {
    /// Nothing but itself: the image of each platform needs its own signature.
    #[default]
    Image,
    /// The images of known platforms that stand in the index itself.
    Index,
}

/// Whether revocation must have been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevocationNeed {
    /// It must, whatever the statement says.
    #[default]
    Required,
    /// As the statement of the trust policy has it.
    AsStatement,
}

/// Whether a statement of the trust policy may apply through `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WildcardStatement {
    /// It must name the repository.
    #[default]
    Refuse,
    /// It may.
    Accept,
}

macro_rules! words {
    ($($type:ident { $($variant:ident => $word:literal,)+ })+) => {$(
        impl $type {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in a gate policy.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    )+};
}

words! {
    OnFailure { Enforce => "enforce", Warn => "warn", }
    Tags { Refuse => "refuse", Resolve => "resolve", }
    SignedIndexCovers { Image => "image", Index => "index", }
    RevocationNeed { Required => "required", AsStatement => "asStatement", }
    WildcardStatement { Refuse => "refuse", Accept => "accept", }
}

/// An image that may run without a signature, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exemption {
    /// The repository, `HOST/REPOSITORY`.
    pub repository: GateScope,
    /// The digest of its manifest or index.
    pub digest: Digest,
    /// Why.
    pub reason: String,
    /// From when on it does not count any more.
    pub until: OffsetDateTime,
}
