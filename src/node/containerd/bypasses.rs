//! Settings with which containerd pulls past every verifier, and says nothing or a line in its log.
//!
//! Kubernetes' pulls go past them where they do not go through containerd's transfer service. containerd takes another
//! way by itself where one of its settings asks for what the service has not (`CheckLocalImagePullConfigs`).

use std::path::Path;

use toml::{Table, Value};

use super::configuration::{ContainerdConfig, lookup};
use crate::doctor::{Check, Finding};

const IMAGES: &str = "io.containerd.cri.v1.images";
const OLD_CRI: &str = "io.containerd.grpc.v1.cri";
const VERIFIERS: &str = "io.containerd.image-verifier.v1.bindir";

/// The number that the transfer service does without a setting of its own.
const DOWNLOADS: i64 = 3;

/// Snapshotters that unpack layers which containerd has fetched.
const PLAIN_SNAPSHOTTERS: [&str; 7] = [
    "overlayfs",
    "native",
    "btrfs",
    "zfs",
    "devmapper",
    "blockfile",
    "erofs",
];

/// What is looked for in the configuration of images.
struct Bypass {
    /// Its keys there.
    keys: &'static [&'static str],
    /// Its keys in the old configuration of the whole of CRI.
    old: Option<&'static [&'static str]>,
    /// Whether this value leads past the verifiers.
    leads_past: fn(&Value) -> bool,
    /// What to do.
    hint: &'static str,
}

fn is_true(value: &Value) -> bool {
    value.as_bool() != Some(false)
}

fn is_false(value: &Value) -> bool {
    value.as_bool() != Some(true)
}

fn has_entries(value: &Value) -> bool {
    value.as_table().is_none_or(|table| !table.is_empty())
}

const HOSTS: &str = "move it to `config_path` and `hosts.toml`, and take the setting away";

const BYPASSES: [Bypass; 8] = [
    Bypass {
        keys: &["use_local_image_pull"],
        old: None,
        leads_past: is_true,
        hint: "take the setting away",
    },
    Bypass {
        keys: &["disable_snapshot_annotations"],
        old: Some(&["containerd", "disable_snapshot_annotations"]),
        leads_past: is_false,
        hint: "take the setting away; a snapshotter that needs the annotations fetches layers past the verifiers too",
    },
    Bypass {
        keys: &["discard_unpacked_layers"],
        old: Some(&["containerd", "discard_unpacked_layers"]),
        leads_past: is_true,
        hint: "take the setting away",
    },
    Bypass {
        keys: &["registry", "mirrors"],
        old: Some(&["registry", "mirrors"]),
        leads_past: has_entries,
        hint: HOSTS,
    },
    Bypass {
        keys: &["registry", "configs"],
        old: Some(&["registry", "configs"]),
        leads_past: has_entries,
        hint: HOSTS,
    },
    Bypass {
        keys: &["registry", "auths"],
        old: Some(&["registry", "auths"]),
        leads_past: has_entries,
        hint: "give credentials to the kubelet's credential provider, and take the setting away",
    },
    Bypass {
        keys: &["max_concurrent_downloads"],
        old: Some(&["max_concurrent_downloads"]),
        leads_past: |value| value.as_integer() != Some(DOWNLOADS),
        hint: "take the setting away, and set `max_concurrent_downloads` of `io.containerd.transfer.v1.local`",
    },
    Bypass {
        keys: &["image_pull_with_sync_fs"],
        old: Some(&["image_pull_with_sync_fs"]),
        leads_past: is_true,
        hint: "take the setting away",
    },
];

/// A finding for each setting by which pulls go past the verifiers, or one finding that no setting does so.
pub(super) fn check(config: &ContainerdConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    for bypass in &BYPASSES {
        findings.extend(of_bypass(config, bypass));
    }
    findings.extend(of_disabled(config));
    if findings.is_empty() {
        let found = "no setting leads Kubernetes' pulls past the verifiers";
        findings.push(Finding::pass(Check::Containerd, found).about("settings"));
    }
    findings.extend(of_snapshotters(config));
    findings
}

/// Whether any file has the setting so. What a later file says cannot always undo an earlier one: to containerd a
/// `false` or a 0 there is nothing.
fn of_bypass(config: &ContainerdConfig, bypass: &Bypass) -> Option<Finding> {
    let mut found: Option<(&Path, String, &Value)> = None;
    for (file, version, table) in config.versions() {
        for (name, value) in values(table, version, bypass) {
            let is_empty = matches!(value, Value::Boolean(false) | Value::Integer(0));
            if (bypass.leads_past)(value) {
                found = Some((file, name, value));
            } else if !is_empty {
                found = None;
            }
        }
    }
    let (file, name, value) = found?;
    let setting = match value {
        Value::Boolean(value) => format!("{name} = {value}"),
        Value::Integer(value) => format!("{name} = {value}"),
        _ => name.clone(),
    };
    let sentence = format!(
        "`{setting}` in `{}`: Kubernetes pulls every image past the verifiers",
        file.display()
    );
    let wanted = "pulls through the transfer service, which asks the verifiers";
    Some(
        Finding::fail(Check::Containerd, sentence, wanted)
            .about(name)
            .advising(Some(bypass.hint.to_owned())),
    )
}

/// The setting's values in one file, with their names.
fn values<'c>(table: &'c Table, version: i64, bypass: &Bypass) -> Vec<(String, &'c Value)> {
    let mut found = Vec::new();
    let mut look = |section: &[&str], keys: &[&str]| {
        let path = [&["plugins"], section, keys].concat();
        if let Some(value) = lookup(table, &path) {
            found.push((keys.join("."), value));
        }
    };
    look(&[IMAGES], bypass.keys);
    if let Some(old) = bypass.old
        && version < 3
    {
        look(&[OLD_CRI], old);
        look(&["cri"], old);
    }
    found
}

/// Whether the plugin that runs verifiers is switched off.
fn of_disabled(config: &ContainerdConfig) -> Option<Finding> {
    let lists = config.all(&["disabled_plugins"]);
    let place = lists.iter().find(|place| {
        let list = place.value.as_array();
        list.is_some_and(|list| list.iter().any(|name| name.as_str() == Some(VERIFIERS)))
    })?;
    let sentence = format!(
        "`disabled_plugins` in `{}` has `{VERIFIERS}`: no verifier is asked",
        place.file.display()
    );
    let wanted = "the plugin that runs image verifiers";
    Some(
        Finding::fail(Check::Containerd, sentence, wanted)
            .about("disabled_plugins")
            .advising(Some("take the plugin out of the list".to_owned())),
    )
}

/// Snapshotters that fetch layers by themselves: what is verified is the manifest, and they keep to its digests only if
/// they are made so.
fn of_snapshotters(config: &ContainerdConfig) -> Vec<Finding> {
    let mut names: Vec<(String, &Path)> = Vec::new();
    let sections: [&[&str]; 2] = [
        &["plugins", IMAGES, "snapshotter"],
        &["plugins", OLD_CRI, "containerd", "snapshotter"],
    ];
    for keys in sections {
        for place in config.all(keys) {
            let name = place.value.as_str().unwrap_or_default();
            if !PLAIN_SNAPSHOTTERS.contains(&name) {
                names.push((name.to_owned(), place.file));
            }
        }
    }
    for place in config.all(&["proxy_plugins"]) {
        let plugins = place.value.as_table().into_iter().flatten();
        for (name, plugin) in plugins {
            let kind = plugin.get("type").and_then(Value::as_str);
            if kind == Some("snapshot") && !names.iter().any(|(known, _)| known == name) {
                names.push((name.clone(), place.file));
            }
        }
    }
    let finding = |(name, file): (String, &Path)| {
        let found = format!(
            "`{name}` in `{}` may fetch layers by itself, and no verifier is asked about what it fetches",
            file.display()
        );
        let wanted = "a snapshotter that unpacks what containerd fetched";
        Finding::warn(Check::Containerd, found, wanted)
            .about("snapshotter")
            .advising(Some(
                "see whether it checks the digest of every layer".to_owned(),
            ))
    };
    names.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn found(texts: &[&str]) -> Vec<(String, Status, String)> {
        let root = tempfile::tempdir().unwrap();
        let main = root.path().join("config.toml");
        for (index, text) in texts.iter().enumerate() {
            let path = match index {
                0 => main.clone(),
                index => root.path().join(format!("{index}.toml")),
            };
            std::fs::write(path, text).unwrap();
        }
        let config = ContainerdConfig::read(&main).unwrap();
        let root = format!("{}/", root.path().display());
        check(&config)
            .into_iter()
            .map(|one| {
                assert_eq!(one.status == Status::Pass, one.hint.is_none());
                (
                    one.subject.unwrap(),
                    one.status,
                    one.found.replace(&root, ""),
                )
            })
            .collect()
    }

    fn images(line: &str) -> String {
        format!("version = 3\n[plugins.'{IMAGES}']\n{line}\n")
    }

    #[test]
    fn each_setting_is_named() {
        for (line, name, setting) in [
            (
                "use_local_image_pull = true",
                "use_local_image_pull",
                "use_local_image_pull = true",
            ),
            (
                "disable_snapshot_annotations = false",
                "disable_snapshot_annotations",
                "disable_snapshot_annotations = false",
            ),
            (
                "discard_unpacked_layers = true",
                "discard_unpacked_layers",
                "discard_unpacked_layers = true",
            ),
            (
                "registry.mirrors.'docker.io'.endpoint = ['https://m.example']",
                "registry.mirrors",
                "registry.mirrors",
            ),
            (
                "registry.configs.'r.example'.auth.username = 'u'",
                "registry.configs",
                "registry.configs",
            ),
            (
                "registry.auths.'r.example'.username = 'u'",
                "registry.auths",
                "registry.auths",
            ),
            (
                "max_concurrent_downloads = 4",
                "max_concurrent_downloads",
                "max_concurrent_downloads = 4",
            ),
            (
                "image_pull_with_sync_fs = true",
                "image_pull_with_sync_fs",
                "image_pull_with_sync_fs = true",
            ),
        ] {
            let sentence = format!(
                "`{setting}` in `config.toml`: Kubernetes pulls every image past the verifiers"
            );
            let wanted = [(name.to_owned(), Status::Fail, sentence)];
            assert_eq!(found(&[&images(line)]), wanted, "{line}");
        }
        let disabled = format!("disabled_plugins = ['{VERIFIERS}']");
        assert_eq!(found(&[&disabled])[0].0, "disabled_plugins");
    }

    #[test]
    fn what_is_as_it_is_without_a_setting_passes() {
        let fine = "use_local_image_pull = false\ndisable_snapshot_annotations = true\ndiscard_unpacked_layers = false\n\
                    registry.config_path = '/etc/containerd/certs.d'\nmax_concurrent_downloads = 3\nsnapshotter = \
                    'overlayfs'";
        for text in ["", "version = 2", &images(fine)] {
            let found = found(&[text]);
            assert_eq!((found.len(), found[0].1), (1, Status::Pass), "{found:?}");
        }
        // Not a setting of the third version any more.
        let old = format!("version = 3\n[plugins.'{OLD_CRI}']\nmax_concurrent_downloads = 4");
        assert_eq!(found(&[&old])[0].1, Status::Pass);
    }

    #[test]
    fn the_old_places_count_in_old_files() {
        for (version, section) in [
            ("version = 2", OLD_CRI),
            ("", "cri"),
            ("version = 1", "cri"),
        ] {
            for line in [
                "max_concurrent_downloads = 10",
                "containerd.discard_unpacked_layers = true",
                "containerd.disable_snapshot_annotations = false",
                "registry.mirrors.x.endpoint = []",
            ] {
                let text = format!("{version}\n[plugins.'{section}']\n{line}");
                assert_eq!(found(&[&text])[0].1, Status::Fail, "{text}");
            }
        }
    }

    #[test]
    fn a_later_file_undoes_only_what_containerd_lets_it() {
        let with = |line: &str| format!("imports = ['1.toml']\n{}", images(line));
        let downloads = with("max_concurrent_downloads = 4");
        let later = images("max_concurrent_downloads = 3");
        assert_eq!(found(&[&downloads, &later])[0].1, Status::Pass);
        let local = with("use_local_image_pull = true");
        let later = images("use_local_image_pull = false");
        assert_eq!(found(&[&local, &later])[0].1, Status::Fail);
        let later = images("use_local_image_pull = true");
        let found = found(&[&with(""), &later]);
        assert!(found[0].2.contains("in `1.toml`"), "{found:?}");
    }

    #[test]
    fn snapshotters_that_fetch_are_worth_a_warning() {
        let text = images("snapshotter = 'soci'") + "[proxy_plugins.nydus]\ntype = 'snapshot'\n";
        let found = found(&[&text]);
        assert_eq!(found.len(), 3);
        assert!(
            found[1].2.starts_with("`soci` in `config.toml` may fetch"),
            "{found:?}"
        );
        assert_eq!(
            (found[2].0.as_str(), found[2].1),
            ("snapshotter", Status::Warn)
        );
    }
}
