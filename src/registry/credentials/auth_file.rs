//! Files that keep credentials for registries: Docker's `config.json`, Podman's `auth.json`, Docker's old
//! `.dockercfg`, and Notation's `config.json`. All have one shape.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::{Credential, CredentialRequest, Error, Proof, Secret, key};
use crate::json_size::count_values;
use crate::{files, limits};

/// Docker writes padding; other programs that write this file may not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Docker's `config.json` or Podman's `auth.json`.
    Current,
    /// `.dockercfg`, which is the value of `auths` alone.
    Legacy,
    /// Notation's `config.json`: no link, and if it says anything about credentials, no other file counts.
    Notation,
    /// As [`Kind::Current`], no link, and without helpers: it must not make this process run others.
    WithoutHelpers,
}

/// A file that may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthFile {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

/// What a file says about a repository.
#[derive(Debug)]
pub(super) enum FileLookup {
    /// This helper knows; if it has nothing, the file's own entry counts, if there is one.
    Helper(String, Option<Credential>),
    Credential(Credential),
    Nothing,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) path: PathBuf,
    auths: Map<String, Value>,
    helpers: Map<String, Value>,
    store: Option<String>,
}

impl AuthFile {
    /// The file at `path`, of Docker or Podman.
    pub(super) fn current(path: PathBuf) -> Self {
        let kind = Kind::Current;
        Self { path, kind }
    }

    /// Notation's `config.json`.
    pub fn of_notation(path: PathBuf) -> Self {
        let kind = Kind::Notation;
        Self { path, kind }
    }

    /// A file in Docker's form that names no helper, so no program is run.
    pub fn without_helpers(path: PathBuf) -> Self {
        let kind = Kind::WithoutHelpers;
        Self { path, kind }
    }

    /// What is in it; `None` if there is no file.
    pub(super) fn read(&self) -> Result<Option<Content>, Error> {
        let read = match self.kind {
            Kind::Notation | Kind::WithoutHelpers => {
                files::read(&self.path, limits::MAX_CONFIG_BYTES)
            }
            Kind::Current | Kind::Legacy => {
                files::read_following_links(&self.path, limits::MAX_CONFIG_BYTES)
            }
        };
        match read {
            Ok(bytes) => self.parse(&bytes).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(source) => Err(Error::Unreadable { source }),
        }
    }

    fn parse(&self, bytes: &[u8]) -> Result<Content, Error> {
        let path = &self.path;
        let malformed = |problem: String| Error::Malformed {
            path: path.clone(),
            problem,
        };
        let text = decode(bytes).ok_or_else(|| malformed("it is not text".to_owned()))?;
        if count_values(text.as_bytes()) > limits::MAX_JSON_VALUES {
            let max = limits::MAX_JSON_VALUES;
            return Err(malformed(format!("it has more than {max} values")));
        }
        // Docker and Podman take an empty file for one without entries.
        let value = if text.trim().is_empty() {
            Value::Object(Map::new())
        } else {
            // serde's words give the place and never quote a value.
            serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?
        };
        let Value::Object(mut root) = value else {
            return Err(malformed("it is not a JSON object".to_owned()));
        };
        let mut content = Content {
            path: path.clone(),
            auths: Map::new(),
            helpers: Map::new(),
            store: None,
        };
        if self.kind == Kind::Legacy {
            content.auths = root;
            return Ok(content);
        }
        let mut object = |name: &str| match take(&mut root, name) {
            None => Ok(Map::new()),
            Some(Value::Object(members)) => Ok(members),
            Some(_) => Err(malformed(format!("`{name}` is not an object"))),
        };
        content.auths = object("auths")?;
        content.helpers = object("credHelpers")?;
        content.store = match take(&mut root, "credsStore") {
            None => None,
            Some(Value::String(name)) => Some(name).filter(|name| !name.is_empty()),
            Some(_) => return Err(malformed("`credsStore` is not a string".to_owned())),
        };
        let has_helpers = content.store.is_some() || !content.helpers.is_empty();
        if self.kind == Kind::WithoutHelpers && has_helpers {
            let problem = "it names a credential helper, and no program may be run here";
            return Err(malformed(problem.to_owned()));
        }
        Ok(content)
    }
}

impl Content {
    /// Whether it says anything about credentials.
    pub(super) fn is_configured(&self) -> bool {
        self.store.is_some() || !self.helpers.is_empty() || !self.auths.is_empty()
    }

    /// What it says about `asked`. As in Docker: a helper of the registry's own, else the store of all,
    /// else the file itself.
    pub(super) fn answer(&self, asked: &CredentialRequest<'_>) -> Result<FileLookup, Error> {
        let own = key::fitting(self.helpers.iter(), asked)
            .into_iter()
            .find_map(|(key, name)| match name.as_str() {
                Some("") => None,
                Some(name) => Some(Ok(name.to_owned())),
                None => Some(Err(self.malformed(key))),
            })
            .transpose()?;
        let entry = self.entry(asked);
        match own.or_else(|| self.store.clone()) {
            // What the file itself has matters only if the helper has nothing.
            Some(helper) => Ok(FileLookup::Helper(helper, entry.unwrap_or_default())),
            None => Ok(entry?.map_or(FileLookup::Nothing, FileLookup::Credential)),
        }
    }

    /// The keys of what it keeps in the clear for `asked`.
    pub(super) fn keys(&self, asked: &CredentialRequest<'_>) -> Vec<String> {
        let fitting = key::fitting(self.auths.iter(), asked);
        fitting.into_iter().map(|(key, _)| key.to_owned()).collect()
    }

    fn entry(&self, asked: &CredentialRequest<'_>) -> Result<Option<Credential>, Error> {
        for (key, entry) in key::fitting(self.auths.iter(), asked) {
            let found =
                credential(entry, &self.path).map_err(|MalformedEntry| self.malformed(key))?;
            // Docker leaves an empty entry where a store has the password.
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn malformed(&self, key: &str) -> Error {
        Error::MalformedEntry {
            path: self.path.clone(),
            key: key.to_owned(),
        }
    }
}

/// Every entry of a file of Docker or Podman, for fuzz targets.
#[cfg(fuzzing)]
pub fn read(bytes: &[u8]) {
    let file = AuthFile::current(PathBuf::from("config.json"));
    let content = file.parse(bytes).ok();
    for entry in content.iter().flat_map(|content| content.auths.values()) {
        let _ = credential(entry, &file.path);
    }
}

/// The member of this name, or else of this name in other letter case, as Go's programs read it. `null`
/// counts as absent.
fn take(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let found = if members.contains_key(name) {
        Some(name.to_owned())
    } else {
        let mut names = members.keys();
        names.find(|key| key.eq_ignore_ascii_case(name)).cloned()
    };
    members.remove(&found?).filter(|value| !value.is_null())
}

/// An entry that is not as it must be.
struct MalformedEntry;

/// The credential of an entry, if it has one.
fn credential(entry: &Value, path: &Path) -> Result<Option<Credential>, MalformedEntry> {
    let mut members = match entry {
        Value::Null => return Ok(None),
        Value::Object(members) => members.clone(),
        _ => return Err(MalformedEntry),
    };
    let mut text = |name: &str| match take(&mut members, name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(MalformedEntry),
    };
    let origin = format!("`{}`", path.display());
    let registry_token = text("registrytoken")?;
    if !registry_token.is_empty() {
        let proof = Proof::RegistryToken(Secret::new(registry_token));
        return Ok(Some(Credential { proof, origin }));
    }
    let identity_token = text("identitytoken")?;
    if !identity_token.is_empty() {
        let proof = Proof::IdentityToken(Secret::new(identity_token));
        return Ok(Some(Credential { proof, origin }));
    }
    let encoded = text("auth")?;
    let (username, password) = (text("username")?, text("password")?);
    let (username, password) = if encoded.trim().is_empty() {
        (username, password)
    } else {
        let decoded = decode_pair(&encoded).ok_or(MalformedEntry)?;
        let (username, password) = decoded.split_once(':').ok_or(MalformedEntry)?;
        (
            username.to_owned(),
            password.trim_end_matches('\0').to_owned(),
        )
    };
    if username.is_empty() && password.is_empty() {
        return Ok(None);
    }
    let secret = Secret::new(password);
    Ok(Some(Credential::password(username, secret, origin)))
}

/// Base64 as people and programs write it: in lines, with or without padding, in the alphabet of URLs.
fn decode_pair(encoded: &str) -> Option<String> {
    let encoded: String = encoded
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    String::from_utf8(BASE64.decode(encoded).ok()?).ok()
}

/// UTF-8 with or without a mark, and UTF-16 as PowerShell writes it.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|pair| unit(*pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok())?
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, first, ..] if *first != 0 => utf16(bytes, u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

#[cfg(test)]
mod tests;
