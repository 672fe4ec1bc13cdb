//! By which trust policy a signature counts as one by this very signer.

use std::collections::BTreeMap;

use crate::aws::SigningProfile;
use crate::config::StoreName;
use crate::notary::StoreType;
use crate::signer::Signer;
use crate::signer::timestamping::Timestamping;
use crate::trust_policy::{
    BlobUse, Level, Statement, TrustedIdentity, VerificationLevel, VerifyTimestamp,
};
use crate::trust_store::{NamedStore, TrustedCertificate};
use crate::verify::{self, published_roots};
use crate::x509::Certificate;

/// Trust in one signer only.
#[derive(Debug)]
pub struct OwnTrust {
    pub(super) statement: Statement,
    stores: Vec<NamedStore>,
    /// The signer's certificate; nothing where the statement names a signing profile.
    pub(super) leaf: Option<Certificate>,
}

/// Why signatures by a signer cannot be told from others.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnTrustError {
    /// A plugin that does not say in advance with which certificate it signs.
    #[error("the signing certificate is not known in advance")]
    UnknownCertificate,
    /// The roots of the signing profile cannot be used.
    #[error(transparent)]
    Roots(verify::SetupError),
}

impl OwnTrustError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownCertificate => {
                Some("sign with AWS Signer, AWS KMS or a key in a file".to_owned())
            }
            Self::Roots(error) => error.hint(),
        }
    }
}

impl OwnTrust {
    /// Trust in `signer`, whose timestamps are of this authority. The roots of a signing profile of AWS Signer are
    /// `roots`, else the published ones; a key's are its own.
    ///
    /// # Errors
    ///
    /// [`OwnTrustError`].
    #[doc(hidden)]
    pub fn new(
        signer: &Signer,
        timestamping: Option<&Timestamping>,
        roots: Option<Vec<NamedStore>>,
    ) -> Result<Self, OwnTrustError> {
        match (signer, signer.certificate_chain()) {
            (Signer::AwsSigner(by), _) => Self::of_profile(&by.profile, roots),
            (_, Some([leaf, issuers @ ..])) => Ok(Self::of_key(leaf, issuers, timestamping)),
            (_, Some([]) | None) => Err(OwnTrustError::UnknownCertificate),
        }
    }

    fn of_profile(
        profile: &SigningProfile,
        roots: Option<Vec<NamedStore>>,
    ) -> Result<Self, OwnTrustError> {
        let profile = std::slice::from_ref(profile);
        let stores = match roots {
            Some(roots) => roots,
            None => published_roots(profile).map_err(OwnTrustError::Roots)?,
        };
        let names = stores.iter().map(|store| store.name.clone()).collect();
        Ok(Self {
            statement: Statement::of_signing_profiles(profile, names),
            stores,
            leaf: None,
        })
    }

    fn of_key(
        leaf: &Certificate,
        issuers: &[Certificate],
        timestamping: Option<&Timestamping>,
    ) -> Self {
        let root = issuers.last().unwrap_or(leaf);
        let mut stores = vec![own_store(StoreType::Ca, root)];
        if let Some(authority) = timestamping {
            stores.push(own_store(StoreType::Tsa, &authority.root));
        }
        Self {
            statement: own_statement(&stores),
            stores,
            leaf: Some(leaf.clone()),
        }
    }

    /// What a verifier that trusts so is made of.
    pub fn setup(&self) -> verify::Setup {
        verify::Setup::of_statement(self.statement.clone(), self.stores.clone())
    }
}

fn own_store(kind: StoreType, root: &Certificate) -> NamedStore {
    NamedStore {
        name: StoreName::own(kind),
        certificates: vec![TrustedCertificate {
            certificate: root.clone(),
            file: "the command line".into(),
        }],
    }
}

/// A policy that trusts every owner of a certificate of these stores; the search compares which one it is.
fn own_statement(stores: &[NamedStore]) -> Statement {
    Statement {
        name: "if-missing".to_owned(),
        file: None,
        registry_scopes: Vec::new(),
        blob_use: BlobUse::ByName,
        level: VerificationLevel::new(Level::Strict, BTreeMap::new()),
        trust_stores: stores.iter().map(|store| store.name.clone()).collect(),
        trusted_identities: vec![TrustedIdentity::Any],
        verify_timestamp: VerifyTimestamp::Always,
        unsigned_revocation_statements: Vec::new(),
    }
}
