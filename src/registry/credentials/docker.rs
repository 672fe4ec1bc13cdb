//! Docker's `config.json`: `auths`, `credHelpers`, `credsStore`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Credential, Error, Proof, Secret, helper};
use crate::{files, limits};

/// What Docker calls Docker Hub in its configuration.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The host that serves Docker Hub.
const DOCKER_HUB_SERVER: &str = "registry-1.docker.io";

/// Docker writes padding; other programs that write this file may not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Docker's configuration file: in `DOCKER_CONFIG`, or else in `.docker` of the home directory.
pub fn config_path(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let directory = match variable("DOCKER_CONFIG") {
        Some(directory) => PathBuf::from(directory),
        None => Path::new(&variable("HOME")?).join(".docker"),
    };
    Some(directory.join("config.json"))
}

#[derive(serde::Deserialize)]
struct Config {
    #[serde(default)]
    auths: HashMap<String, Auth>,
    #[serde(default, rename = "credHelpers")]
    helpers: HashMap<String, String>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

#[derive(serde::Deserialize)]
struct Auth {
    #[serde(rename = "auth")]
    pair: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// The credential for `server` in the configuration at `path`; `None` if there is none, or no file.
/// As Docker: a helper of the registry's own, else the store of all, else the file itself.
pub(super) async fn find(path: &Path, server: &str) -> Result<Option<Credential>, Error> {
    let bytes = match files::read_following_links(path, limits::MAX_CONFIG_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(source) => return Err(Error::DockerConfig { source }),
    };
    let config: Config =
        serde_json::from_slice(&bytes).map_err(|source| Error::MalformedDockerConfig {
            path: path.to_owned(),
            source,
        })?;
    let key = if server == DOCKER_HUB_SERVER {
        DOCKER_HUB_KEY
    } else {
        server
    };
    let store = config.store.filter(|name| !name.is_empty());
    if let Some(name) = config.helpers.get(key).or(store.as_ref()) {
        return helper::find(name, key).await;
    }
    // Older entries have a scheme and a path.
    let auth = config.auths.get(key).or_else(|| {
        let mut entries = config.auths.iter();
        let found = entries.find(|(name, _)| host_of(name) == server);
        found.map(|(_, auth)| auth)
    });
    match auth {
        Some(auth) => credential(path, key, auth),
        None => Ok(None),
    }
}

/// Every entry of a configuration, for fuzz targets.
#[cfg(fuzzing)]
pub fn read(bytes: &[u8]) {
    let config: Config = serde_json::from_slice(bytes).unwrap_or(Config {
        auths: HashMap::new(),
        helpers: HashMap::new(),
        store: None,
    });
    for (name, auth) in &config.auths {
        let _ = credential(Path::new("config.json"), host_of(name), auth);
    }
}

fn host_of(name: &str) -> &str {
    let name = name
        .strip_prefix("https://")
        .or_else(|| name.strip_prefix("http://"))
        .unwrap_or(name);
    name.split_once('/').map_or(name, |(host, _)| host)
}

fn credential(path: &Path, server: &str, auth: &Auth) -> Result<Option<Credential>, Error> {
    let origin = format!("`{}`", path.display());
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(token) = given(&auth.identitytoken) {
        return Ok(Some(Credential {
            proof: Proof::IdentityToken(Secret::new(token)),
            origin,
        }));
    }
    let pair = match given(&auth.pair) {
        Some(encoded) => {
            let malformed = || Error::MalformedAuth {
                path: path.to_owned(),
                server: server.to_owned(),
            };
            let decoded = BASE64.decode(encoded).map_err(|_| malformed())?;
            let decoded = String::from_utf8(decoded).map_err(|_| malformed())?;
            let (username, password) = decoded.split_once(':').ok_or_else(malformed)?;
            Some((
                username.to_owned(),
                password.trim_end_matches('\0').to_owned(),
            ))
        }
        None => given(&auth.username).zip(given(&auth.password)),
    };
    Ok(pair
        .map(|(username, password)| Credential::password(username, Secret::new(password), origin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn found(config: &str, server: &str) -> Result<Option<Credential>, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        std::fs::write(&path, config).unwrap();
        let found = find(&path, server).await;
        found.map(|credential| {
            credential.map(|credential| Credential {
                origin: credential.origin.replace(path.to_str().unwrap(), "FILE"),
                ..credential
            })
        })
    }

    fn password(username: &str, password: &str) -> Credential {
        Credential::password(
            username.to_owned(),
            Secret::new(password.to_owned()),
            "`FILE`",
        )
    }

    #[tokio::test]
    async fn an_entry_is_found_by_its_host() {
        // user:p:w
        let auth = r#"{"auth":"dXNlcjpwOnc="}"#;
        for (key, server, is_found) in [
            ("r.example:5000", "r.example:5000", true),
            ("https://r.example:5000", "r.example:5000", true),
            ("http://r.example:5000/v1/", "r.example:5000", true),
            ("r.example", "r.example:5000", false),
            ("https://index.docker.io/v1/", "registry-1.docker.io", true),
            ("r.example.evil", "r.example", false),
        ] {
            let config = format!(r#"{{"auths":{{"{key}":{auth}}}}}"#);
            let wanted = is_found.then(|| password("user", "p:w"));
            assert_eq!(found(&config, server).await.unwrap(), wanted, "{key}");
        }
    }

    #[tokio::test]
    async fn the_kinds_of_entries() {
        let identity = found(
            r#"{"auths":{"r":{"auth":"dTpw","identitytoken":"t"}}}"#,
            "r",
        )
        .await;
        assert_eq!(
            identity.unwrap().unwrap().proof,
            Proof::IdentityToken(Secret::new("t".to_owned()))
        );
        let plain = found(r#"{"auths":{"r":{"username":"u","password":"p"}}}"#, "r").await;
        assert_eq!(plain.unwrap(), Some(password("u", "p")));
        assert_eq!(found(r#"{"auths":{"r":{}}}"#, "r").await.unwrap(), None);
        assert_eq!(found("{}", "r").await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_error_that_names_the_file() {
        assert!(matches!(
            found("{", "r").await,
            Err(Error::MalformedDockerConfig { .. })
        ));
        for auth in ["***", "bm9jb2xvbg==", "/w=="] {
            assert!(matches!(
                found(&format!(r#"{{"auths":{{"r":{{"auth":"{auth}"}}}}}}"#), "r").await,
                Err(Error::MalformedAuth { server, .. }) if server == "r"
            ));
        }
    }

    #[tokio::test]
    async fn no_file_is_no_credential() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(
            find(&directory.path().join("none"), "r").await.unwrap(),
            None
        );
    }

    #[test]
    fn the_file_is_where_docker_keeps_it() {
        let path = |pairs: &[(&str, &str)]| {
            config_path(|name| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(
            path(&[("DOCKER_CONFIG", "/d"), ("HOME", "/h")]),
            Some(PathBuf::from("/d/config.json"))
        );
        assert_eq!(
            path(&[("DOCKER_CONFIG", ""), ("HOME", "/h")]),
            Some(PathBuf::from("/h/.docker/config.json"))
        );
        assert_eq!(path(&[]), None);
    }
}
