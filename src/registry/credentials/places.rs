//! Where Docker and Podman keep credentials.

use std::path::{Path, PathBuf};

use super::auth_file::{AuthFile, Kind};
use crate::limits::MAX_FOUND_ENTRIES;

/// The files, in the order in which they are asked: the one that `REGISTRY_AUTH_FILE` names, Docker's
/// `config.json`, Podman's two `auth.json`, and Docker's old `.dockercfg`. `user` is the number of this
/// process's user, where there is one.
///
/// Directories of the environment that are not absolute are not used, except where a variable is there
/// to name this very directory: the current one must not decide.
pub fn auth_files(variable: impl Fn(&str) -> Option<String>, user: Option<u32>) -> Vec<AuthFile> {
    let set = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let absolute = |name: &str| set(name).filter(|path| path.is_absolute());
    let home = absolute("HOME");
    let below_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let podman = match set("XDG_RUNTIME_DIR") {
        Some(path) => Some(path.join("containers")).filter(|path| path.is_absolute()),
        None => user.map(|user| Path::new("/run/containers").join(user.to_string())),
    };
    let configuration = match set("XDG_CONFIG_HOME") {
        Some(path) => Some(path).filter(|path| path.is_absolute()),
        None => below_home(".config"),
    };
    let current = [
        set("REGISTRY_AUTH_FILE"),
        docker_config(&variable),
        podman.map(|path| path.join("auth.json")),
        configuration.map(|path| path.join("containers/auth.json")),
    ];
    let mut files: Vec<AuthFile> = current
        .into_iter()
        .flatten()
        .map(AuthFile::current)
        .collect();
    files.extend(below_home(".dockercfg").map(|path| AuthFile {
        path,
        kind: Kind::Legacy,
    }));
    files
}

/// Docker's `config.json`.
pub fn docker_config(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let home = set("HOME").filter(|path| path.is_absolute());
    let directory = set("DOCKER_CONFIG").or_else(|| home.map(|home| home.join(".docker")));
    directory.map(|directory| directory.join("config.json"))
}

/// The credential helper that this system has by itself, as notation finds it: on Linux `pass` if that is here, else
/// `secretservice`; `osxkeychain` and `wincred` elsewhere. `None` unless its program is in `PATH`.
pub fn native_helper(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let path = variable("PATH")?;
    let has = |program: &str| {
        let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(&path)
            .take(MAX_FOUND_ENTRIES)
            // The current directory may be a checkout.
            .filter(|directory| directory.is_absolute())
            .any(|directory| directory.join(&file).is_file())
    };
    let name = if cfg!(target_os = "macos") {
        "osxkeychain"
    } else if cfg!(windows) {
        "wincred"
    } else if has("pass") {
        "pass"
    } else {
        "secretservice"
    };
    has(&format!("docker-credential-{name}")).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(pairs: &[(&str, &str)], user: Option<u32>) -> Vec<String> {
        let files = auth_files(
            |name| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            },
            user,
        );
        let path = |file: AuthFile| file.path.to_str().unwrap().to_owned();
        files.into_iter().map(path).collect()
    }

    #[test]
    fn the_files_are_where_docker_and_podman_keep_them() {
        assert_eq!(
            paths(
                &[
                    ("REGISTRY_AUTH_FILE", "auth.json"),
                    ("DOCKER_CONFIG", "docker"),
                    ("XDG_RUNTIME_DIR", "/r"),
                    ("XDG_CONFIG_HOME", "/x"),
                    ("HOME", "/h"),
                ],
                Some(7)
            ),
            [
                "auth.json",
                "docker/config.json",
                "/r/containers/auth.json",
                "/x/containers/auth.json",
                "/h/.dockercfg",
            ]
        );
        assert_eq!(
            paths(&[("DOCKER_CONFIG", ""), ("HOME", "/h")], Some(7)),
            [
                "/h/.docker/config.json",
                "/run/containers/7/auth.json",
                "/h/.config/containers/auth.json",
                "/h/.dockercfg",
            ]
        );
    }

    #[test]
    fn no_file_is_taken_from_the_current_directory_by_chance() {
        let relative = [
            ("HOME", "h"),
            ("XDG_RUNTIME_DIR", "r"),
            ("XDG_CONFIG_HOME", "x"),
        ];
        assert_eq!(paths(&relative, Some(7)), [""; 0]);
        assert_eq!(paths(&[], None), [""; 0]);
    }
}
