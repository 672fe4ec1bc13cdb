//! Where a login is kept: in one credential helper, chosen as notation chooses it, and never in a file.

use std::path::{Path, PathBuf};

use serde_json::ser::PrettyFormatter;
use serde_json::{Serializer, Value};

use super::auth_file::{AuthFile, Content, FileLookup, decode};
use super::{Credential, CredentialRequest, Error, Proof, Secret, helper, key};
use crate::reference::{RegistryName, Scheme};
use crate::{files, limits};

/// What became of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// A helper keeps it.
    Kept,
    /// No helper is configured, and a file has the same credential in the clear already.
    InTheClear,
    /// No helper is configured: nothing was kept.
    NotKept,
}

/// The places of logins.
#[derive(Debug, Clone)]
pub struct LoginStore {
    notation: AuthFile,
    docker: Option<AuthFile>,
    native: Option<String>,
}

/// The one that counts.
enum Chosen {
    File(Content),
    Native(String),
    Nothing,
}

impl LoginStore {
    /// Notation's `config.json`, if it says anything about credentials; else Docker's, if it does; else the helper of
    /// the system.
    pub fn new(notation: PathBuf, docker: Option<PathBuf>, native: Option<String>) -> Self {
        Self {
            notation: AuthFile::of_notation(notation),
            docker: docker.map(AuthFile::current),
            native,
        }
    }

    fn chosen(&self) -> Result<Chosen, Error> {
        for file in std::iter::once(&self.notation).chain(&self.docker) {
            if let Some(content) = file.read()?
                && content.is_configured()
            {
                return Ok(Chosen::File(content));
            }
        }
        Ok(match &self.native {
            Some(native) => Chosen::Native(native.clone()),
            None => Chosen::Nothing,
        })
    }

    /// Checks that the place of logins can be found out, before a password is sent anywhere.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] and [`Error::Malformed`].
    pub fn check(&self) -> Result<(), Error> {
        self.chosen().map(drop)
    }

    /// Has a user name and a password kept for a registry; an empty user name says that it is a token.
    ///
    /// # Errors
    ///
    /// [`Error`]; then nothing is kept.
    pub async fn save(
        &self,
        name: &RegistryName,
        scheme: Scheme,
        username: &str,
        secret: &Secret,
    ) -> Result<Login, Error> {
        let server = name.server(scheme);
        let asked = asked(name, scheme, &server);
        let helper = match self.chosen()? {
            Chosen::Nothing => return Ok(Login::NotKept),
            Chosen::Native(helper) => helper,
            Chosen::File(content) => match content.answer(&asked)? {
                FileLookup::Helper(helper, _) => helper,
                FileLookup::Credential(known) if is_same(&known, username, secret) => {
                    return Ok(Login::InTheClear);
                }
                FileLookup::Credential(_) | FileLookup::Nothing => return Ok(Login::NotKept),
            },
        };
        helper::store(&helper, key::of_helper(&asked), username, secret).await?;
        Ok(Login::Kept)
    }

    /// Has what is kept for a registry forgotten, also what a file has in the clear. That there is nothing is as good.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn erase(&self, name: &RegistryName, scheme: Scheme) -> Result<(), Error> {
        let server = name.server(scheme);
        let asked = asked(name, scheme, &server);
        let helper = match self.chosen()? {
            Chosen::Nothing => return Ok(()),
            Chosen::Native(helper) => helper,
            Chosen::File(content) => match content.answer(&asked) {
                Ok(FileLookup::Helper(helper, _)) => helper,
                // An entry that cannot be read is removed as well.
                Ok(_) | Err(Error::MalformedEntry { .. }) => {
                    let keys = content.keys(&asked);
                    return remove_entries(&content.path, &keys);
                }
                Err(error) => return Err(error),
            },
        };
        helper::erase(&helper, key::of_helper(&asked)).await
    }
}

fn asked<'a>(name: &'a RegistryName, scheme: Scheme, server: &'a str) -> CredentialRequest<'a> {
    CredentialRequest {
        name,
        scheme,
        server,
        repository: "",
        ecr: None,
    }
}

fn is_same(known: &Credential, username: &str, secret: &Secret) -> bool {
    match &known.proof {
        Proof::Password {
            username: known,
            password,
        } => known == username && password == secret,
        Proof::IdentityToken(token) => username.is_empty() && token == secret,
        Proof::RegistryToken(_) => false,
    }
}

/// Takes entries out of `auths`; everything else stays, in Docker's own layout.
fn remove_entries(path: &Path, keys: &[String]) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let unreadable = |source| Error::Unreadable { source };
    let malformed = |problem: &str| Error::Malformed {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let bytes = files::read_following_links(path, limits::MAX_CONFIG_BYTES).map_err(unreadable)?;
    let text = decode(&bytes).ok_or_else(|| malformed("it is not text"))?;
    let mut root: Value =
        serde_json::from_str(&text).map_err(|error| malformed(&error.to_string()))?;
    let auths = root.as_object_mut().and_then(|members| {
        let mut members = members.iter_mut();
        let found = members.find(|(name, _)| name.eq_ignore_ascii_case("auths"));
        found.and_then(|(_, value)| value.as_object_mut())
    });
    let auths = auths.ok_or_else(|| malformed("`auths` is not an object"))?;
    auths.retain(|key, _| !keys.contains(key));
    let mut written = Vec::new();
    let layout = PrettyFormatter::with_indent(b"\t");
    let mut serializer = Serializer::with_formatter(&mut written, layout);
    serde::Serialize::serialize(&root, &mut serializer)
        .map_err(|error| malformed(&error.to_string()))?;
    files::write_atomic(path, &written).map_err(|source| Error::Unwritable { source })
}
