//! Plugins as scripts.

use std::os::unix::fs::PermissionsExt as _;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Error, PluginHost};
use crate::limits::MAX_PLUGIN_NAME_BYTES;
use crate::plugin_contract::{PluginConfig, PluginMetadata};
use crate::process;

struct Installed {
    folder: tempfile::TempDir,
}

impl Installed {
    fn new(name: &str, script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        let file = path.join(format!("notation-{name}"));
        // Written by another process: a file that this one has open for writing while another
        // test forks could not be executed.
        let status = std::process::Command::new("/bin/sh")
            .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\""])
            .args([file.as_os_str(), OsStr::new(script)])
            .status()
            .unwrap();
        assert!(status.success());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn host(&self) -> PluginHost {
        PluginHost::new(self.folder.path().to_owned())
    }

    async fn metadata(&self) -> Result<PluginMetadata, Error> {
        self.host()
            .find("p")
            .unwrap()
            .metadata(&PluginConfig::new())
            .await
    }
}

fn metadata(name: &str, versions: &str) -> String {
    format!(
        r#"echo '{{"name":"{name}","description":"d","version":"1.0.0","url":"u","supportedContractVersions":[{versions}],"capabilities":["X"]}}'"#
    )
}

#[tokio::test]
async fn metadata_is_asked_for_with_one_argument_and_an_empty_request() {
    let script = format!(
        "[ \"$#\" = 1 ] && [ \"$1\" = get-plugin-metadata ] && [ \"$(cat)\" = '{{}}' ] || exit 9\n{}",
        metadata("p", r#""2.0","1.0""#)
    );
    let found = Installed::new("p", &script).metadata().await.unwrap();
    assert_eq!(found.version, "1.0.0");
}

#[tokio::test]
async fn metadata_of_another_name_or_contract_is_refused() {
    let error = Installed::new("p", &metadata("P", r#""1.0""#))
        .metadata()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugin `p` has unusable metadata: its name is `P`"
    );
    let error = Installed::new("p", &metadata("p", r#""1.1""#))
        .metadata()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugin `p` has unusable metadata: it speaks the contract's versions `1.1`, not `1.0`"
    );
    let error = Installed::new("p", &metadata("p", ""))
        .metadata()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugin `p` has unusable metadata: `supportedContractVersions` is empty"
    );
}

#[tokio::test]
async fn a_refusal_keeps_the_plugins_words() {
    let script = r#"echo '{"errorCode":"THROTTLED","errorMessage":"slow down"}' >&2; exit 1"#;
    let error = Installed::new("p", script).metadata().await.unwrap_err();
    assert!(error.is_inconclusive());
    assert_eq!(
        error.to_string(),
        "plugin `p` failed at `get-plugin-metadata` with THROTTLED: slow down"
    );
}

#[tokio::test]
async fn a_plugin_that_dies_is_quoted_in_one_bounded_line() {
    let said = async |script: &str| {
        let error = Installed::new("p", script).metadata().await.unwrap_err();
        assert!(
            error
                .hint()
                .unwrap()
                .contains("notation-p get-plugin-metadata")
        );
        error.to_string()
    };
    let begin =
        "plugin `p` failed at `get-plugin-metadata` without an error of the contract's form";
    for (script, end) in [
        (
            r"printf '\n\033[31mboom\r\nmore\n' >&2; exit 7",
            " (exit status: 7): `[31mboom`",
        ),
        ("exit 7", " (exit status: 7)"),
        ("printf ' \\n' >&2; exit 1", " (exit status: 1)"),
        ("kill -9 $$", " (signal: 9 (SIGKILL))"),
    ] {
        assert_eq!(said(script).await, format!("{begin}{end}"));
    }
    let long = |length| format!("head -c {length} /dev/zero | tr '\\0' x >&2; exit 1");
    let quoted = |length| format!("{begin} (exit status: 1): `{}`", "x".repeat(length));
    assert_eq!(said(&long(200)).await, quoted(200));
    assert_eq!(said(&long(201)).await, quoted(200));
}

#[tokio::test]
async fn what_is_said_on_the_wrong_stream_does_not_count() {
    let script = format!("{}; exit 1", metadata("p", r#""1.0""#));
    let error = Installed::new("p", &script).metadata().await.unwrap_err();
    assert!(matches!(error, Error::NoError { .. }), "{error:?}");
    let script = format!("{} >&2", metadata("p", r#""1.0""#));
    let error = Installed::new("p", &script).metadata().await.unwrap_err();
    assert!(matches!(error, Error::Answer { .. }), "{error:?}");
}

#[tokio::test]
async fn a_plugin_that_hangs_or_babbles_is_ended() {
    let plugin = Installed::new("p", "sleep 1000");
    let host = plugin.host().with_timeout(Duration::from_millis(200));
    let error = host
        .find("p")
        .unwrap()
        .metadata(&PluginConfig::new())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Run {
                source: process::Error::TimedOut { .. },
                ..
            }
        ),
        "{error:?}"
    );
    let error = Installed::new("p", "cat /dev/zero")
        .metadata()
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Run {
                source: process::Error::TooMuchOutput { .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_name_never_leads_out_of_the_directory() {
    let host = PluginHost::new(PathBuf::from("/nonexistent"));
    let long = "a".repeat(MAX_PLUGIN_NAME_BYTES + 1);
    for name in [
        "", ".", "..", "../x", "a/b", "a\\b", "-x", ".x", "a b", "a\0b", "é", &long,
    ] {
        let error = host.find(name).unwrap_err();
        assert!(
            matches!(&error, Error::Name { name: found } if found == name),
            "{error:?}"
        );
    }
    for name in [
        "p",
        "com.amazonaws.signer.notation.plugin",
        &"a".repeat(MAX_PLUGIN_NAME_BYTES),
    ] {
        let error = host.find(name).unwrap_err();
        assert!(matches!(error, Error::NotInstalled { .. }), "{error:?}");
    }
}

#[test]
fn links_and_files_that_cannot_run_are_refused() {
    let plugin = Installed::new("p", "true");
    let root = plugin.folder.path();
    std::os::unix::fs::symlink(root.join("p"), root.join("q")).unwrap();
    let error = plugin.host().find("q").unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotExecutable {
                found: "a symbolic link",
                ..
            }
        ),
        "{error:?}"
    );

    std::fs::create_dir(root.join("r")).unwrap();
    std::os::unix::fs::symlink(root.join("p/notation-p"), root.join("r/notation-r")).unwrap();
    let error = plugin.host().find("r").unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotExecutable {
                found: "a symbolic link",
                ..
            }
        ),
        "{error:?}"
    );

    let file = root.join("p/notation-p");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = plugin.host().find("p").unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotExecutable {
                found: "not executable",
                ..
            }
        ),
        "{error:?}"
    );
}
