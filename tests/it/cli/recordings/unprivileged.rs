//! Cases that an ordinary user ran, who may write all but the configuration.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::case::Case;

const USER: u32 = 65534;
const ROOT: u32 = 0;

/// Whether the case is one of these.
pub(super) fn is_of(case: &Case) -> bool {
    let mut preconditions = case.preconditions.iter();
    preconditions.any(|text| text.starts_with("runs as an unprivileged user"))
}

/// What was arranged for one case, and its way back: other cases are root's, who would be warned of a stranger's
/// directories.
pub(super) struct Arranged {
    modes: Vec<(PathBuf, u32)>,
    lent: Vec<PathBuf>,
}

impl Arranged {
    /// Lends home and cache to the user, who runs `command`, and sets the modes that the case names.
    pub(super) fn new(case: &Case, home: &Path, command: &mut Command) -> Self {
        command.uid(USER).gid(USER);
        let config = home.join(".config/notation");
        let mut modes = Vec::new();
        for text in &case.preconditions {
            let Some((what, mode)) = text.split_once(" to root, mode ") else {
                continue;
            };
            let what = what
                .trim_end_matches(" belongs")
                .trim_end_matches(" belong");
            let digits = mode.split(';').next().unwrap();
            let mode = u32::from_str_radix(digits, 8).unwrap();
            for path in paths(what, case, home, &config) {
                let before = fs::metadata(&path);
                let before = before.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                modes.push((path.clone(), before.mode() & 0o7777));
                fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            }
        }
        let mut lent = vec![home.to_owned()];
        lent.extend(below(&home.join(".cache")));
        for path in &lent {
            chown(path, Some(USER), Some(USER)).unwrap();
        }
        Self { modes, lent }
    }

    pub(super) fn undo(self) {
        for (path, mode) in self.modes {
            if path.exists() {
                fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            }
        }
        for path in self.lent {
            let _ = chown(path, Some(ROOT), Some(ROOT));
        }
    }
}

/// The files that the case means.
fn paths(what: &str, case: &Case, home: &Path, config: &Path) -> Vec<PathBuf> {
    let store = config.join("truststore/x509/ca/test");
    match what {
        "<config>/notation" => vec![config.to_owned()],
        "store" => vec![store],
        "certificate" => below(&store)
            .into_iter()
            .filter(|path| path.is_file())
            .collect(),
        "the key file" => vec![config.join("localkeys/signer.key")],
        "the file" => vec![home.join("noread")],
        "NOTATION_CACHE and its crl" => {
            let cache = home.join("readonly");
            fs::create_dir_all(cache.join("crl")).unwrap();
            vec![cache.join("crl"), cache]
        }
        "signingkeys.json"
        | "trustpolicy.json"
        | "trustpolicy.oci.json"
        | "trustpolicy.blob.json" => {
            vec![config.join(what)]
        }
        other => panic!("{}: {other}", case.name),
    }
}

/// A directory with all that is in it; nothing if it does not exist.
fn below(path: &Path) -> Vec<PathBuf> {
    if !path.exists() {
        return Vec::new();
    }
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            found.extend(below(&entry.unwrap().path()));
        }
    }
    found
}
