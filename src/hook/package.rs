//! What stands in the function's package beside the program: the gate policy or where it is, and the settings.
//!
//! The package decides, so its authors do; no variable and no event does.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::aws::{EcsArn, EcsArnError, EcsKind, ObjectName, StoredNameError, StoredText};
use crate::files;
use crate::limits::{MAX_HOOK_CONFIG_BYTES, MAX_STOPS_PER_HOUR};
use crate::oci::{self, Digest};

/// The name of the configuration.
pub(super) const CONFIG_FILE: &str = "countersign-hook.json";
/// The name of the gate policy where the configuration names no other one.
pub(super) const POLICY_FILE: &str = "gate-policy.json";

/// What stands in the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Where the gate policy is.
    pub policy: PolicySource,
    /// A file with the root that signatures of signing profiles rest on, in place of AWS's published ones.
    pub trust_anchor: Option<PathBuf>,
    /// A directory as Notation's, with the trust policy and the trust stores.
    pub notation: Option<PathBuf>,
    /// For what a deployment is held.
    pub waits: Waits,
    /// Which tasks are stopped.
    pub stops: Option<StopSetting>,
    /// Whether fetched signatures are kept from one invocation to the next.
    pub keeps_content: bool,
}

/// Where the gate policy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// In this file of the package.
    File(PathBuf),
    /// In AWS.
    Stored {
        /// What is read.
        text: StoredText,
        /// Where.
        region: String,
        /// The same in words: an ARN, or `s3://BUCKET/KEY`.
        name: String,
        /// The digest that the policy must have; without one, every writer of the stored policy decides.
        pin: Option<Digest>,
    },
}

/// For what a deployment is held, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// What could not be looked at.
    pub could_not_look: bool,
    /// An image without any signature.
    pub not_signed: bool,
}

/// Which tasks are stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopSetting {
    /// In these clusters.
    pub clusters: Vec<EcsArn>,
    /// At most so many in an hour.
    pub most_per_hour: u64,
}

/// Why the package cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The configuration cannot be read.
    #[error("the configuration in the package cannot be read")]
    Unreadable(#[source] files::Error),
    /// It is not as its schema has it.
    #[error("`{CONFIG_FILE}` cannot be used")]
    Malformed(#[source] serde_json::Error),
    /// A member has a value that it cannot have.
    #[error("`{member}` of `{CONFIG_FILE}` must be {wanted}")]
    Member {
        /// The member.
        member: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// Nothing in AWS can have such a name.
    #[error("`gatePolicy` of `{CONFIG_FILE}` cannot be used")]
    Stored(#[source] StoredNameError),
    /// A cluster is not named by its ARN.
    #[error("`stopTasks.clusters` of `{CONFIG_FILE}` cannot be used")]
    Cluster(#[source] EcsArnError),
}

impl PackageError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable(error) => error.hint(),
            Self::Cluster(error) => Some(error.hint()),
            _ => Some(
                "write it as `schemas/hook-config.v1.schema.json` says, and deploy the package again"
                    .to_owned(),
            ),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ConfigFile {
    /// For editors.
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    version: String,
    gate_policy: Option<SourceFile>,
    trust_anchor: Option<String>,
    notation_directory: Option<String>,
    wait_for: Option<Vec<WaitWord>>,
    stop_tasks: Option<StopFile>,
    content_cache: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SourceFile {
    file: Option<String>,
    ssm_parameter: Option<String>,
    secret: Option<String>,
    s3_object: Option<ObjectFile>,
    sha256: Option<String>,
    #[serde(default)]
    unpinned: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectFile {
    bucket: String,
    key: String,
    region: String,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum WaitWord {
    CouldNotLook,
    NotSigned,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StopFile {
    clusters: Vec<String>,
    most_per_hour: u64,
}

impl Package {
    /// Reads the package in `directory`, that of the executable. Without a configuration, the gate policy is the file
    /// `gate-policy.json`.
    ///
    /// # Errors
    ///
    /// [`PackageError`].
    pub fn read(directory: &Path) -> Result<Self, PackageError> {
        match files::read(&directory.join(CONFIG_FILE), MAX_HOOK_CONFIG_BYTES) {
            Ok(bytes) => Self::parse(directory, &bytes),
            Err(error) if error.is_not_found() => Ok(Self {
                policy: PolicySource::File(directory.join(POLICY_FILE)),
                trust_anchor: None,
                notation: None,
                waits: Waits::default(),
                stops: None,
                keeps_content: true,
            }),
            Err(error) => Err(PackageError::Unreadable(error)),
        }
    }

    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// [`PackageError`].
    pub fn parse(directory: &Path, bytes: &[u8]) -> Result<Self, PackageError> {
        let file: ConfigFile = serde_json::from_slice(bytes).map_err(PackageError::Malformed)?;
        if file.version != "1.0" {
            return Err(member("version", "`1.0`"));
        }
        let below = |name: &'static str, path: Option<String>| {
            path.map(|path| inside(directory, &path).ok_or_else(|| member(name, IN_PACKAGE)))
                .transpose()
        };
        let waits = file.wait_for.map_or_else(Waits::default, |words| Waits {
            could_not_look: words.contains(&WaitWord::CouldNotLook),
            not_signed: words.contains(&WaitWord::NotSigned),
        });
        Ok(Self {
            policy: match file.gate_policy {
                None => PolicySource::File(directory.join(POLICY_FILE)),
                Some(source) => policy_source(directory, source)?,
            },
            trust_anchor: below("trustAnchor", file.trust_anchor)?,
            notation: below("notationDirectory", file.notation_directory)?,
            waits,
            stops: file.stop_tasks.as_ref().map(stop_setting).transpose()?,
            keeps_content: file.content_cache.unwrap_or(true),
        })
    }
}

impl Waits {
    /// For nothing.
    pub(super) const NOTHING: Self = Self {
        could_not_look: false,
        not_signed: false,
    };
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            could_not_look: true,
            not_signed: false,
        }
    }
}

const IN_PACKAGE: &str = "a path inside the package";

const fn member(member: &'static str, wanted: &'static str) -> PackageError {
    PackageError::Member { member, wanted }
}

/// The path below the package's directory.
fn inside(directory: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let is_plain = |component| matches!(component, Component::Normal(_));
    let is_inside = path.components().all(is_plain) && path.components().next().is_some();
    is_inside.then(|| directory.join(path))
}

fn policy_source(directory: &Path, source: SourceFile) -> Result<PolicySource, PackageError> {
    let one = "exactly one of `file`, `ssmParameter`, `secret` and `s3Object`";
    let (text, region, name) = match (
        source.file,
        source.ssm_parameter,
        source.secret,
        source.s3_object,
    ) {
        (Some(file), None, None, None) => {
            if source.sha256.is_some() || source.unpinned {
                let wanted = "without `sha256` and `unpinned` where it is a file of the package";
                return Err(member("gatePolicy", wanted));
            }
            let file = inside(directory, &file);
            let file = file.ok_or_else(|| member("gatePolicy.file", IN_PACKAGE))?;
            return Ok(PolicySource::File(file));
        }
        (None, Some(name), None, None) => {
            let region = region_of(&name, "ssm");
            let region =
                region.ok_or_else(|| member("gatePolicy.ssmParameter", "the parameter's ARN"))?;
            let text = StoredText::Parameter {
                name: name.clone(),
                version: None,
            };
            (text, region, name)
        }
        (None, None, Some(name), None) => {
            let region = region_of(&name, "secretsmanager");
            let region = region.ok_or_else(|| member("gatePolicy.secret", "the secret's ARN"))?;
            let text = StoredText::Secret {
                name: name.clone(),
                version: None,
            };
            (text, region, name)
        }
        (None, None, None, Some(object)) => {
            let name =
                ObjectName::new(&object.bucket, &object.key).map_err(PackageError::Stored)?;
            if !is_region(&object.region) {
                return Err(member("gatePolicy.s3Object.region", "a region of AWS"));
            }
            let words = format!("s3://{}/{}", object.bucket, object.key);
            let text = StoredText::Object {
                name,
                version: None,
            };
            (text, object.region, words)
        }
        _ => return Err(member("gatePolicy", one)),
    };
    text.check().map_err(PackageError::Stored)?;
    let pin = match (source.sha256, source.unpinned) {
        (Some(hash), false) => {
            let digest = oci::parse_digest(&format!("sha256:{hash}"));
            let wanted = "64 lower-case hexadecimal digits";
            Some(digest.map_err(|_| member("gatePolicy.sha256", wanted))?)
        }
        (None, true) => None,
        _ => {
            let wanted = "with either `sha256`, or `unpinned` set to `true`";
            return Err(member("gatePolicy", wanted));
        }
    };
    Ok(PolicySource::Stored {
        text,
        region,
        name,
        pin,
    })
}

/// The region in an ARN of this service.
fn region_of(arn: &str, service: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, found, region, _, _] if *found == service && is_region(region) => {
            Some((*region).to_owned())
        }
        _ => None,
    }
}

fn is_region(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn stop_setting(file: &StopFile) -> Result<StopSetting, PackageError> {
    if !(1..=MAX_STOPS_PER_HOUR).contains(&file.most_per_hour) {
        return Err(member("stopTasks.mostPerHour", "a number from 1 to 1000"));
    }
    if file.clusters.is_empty() {
        return Err(member(
            "stopTasks.clusters",
            "a list of at least one cluster's ARN",
        ));
    }
    let clusters = file.clusters.iter();
    let clusters = clusters.map(|arn| EcsArn::new(EcsKind::Cluster, arn));
    Ok(StopSetting {
        clusters: clusters
            .collect::<Result<_, _>>()
            .map_err(PackageError::Cluster)?,
        most_per_hour: file.most_per_hour,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::causes;

    const PARAMETER: &str = "arn:aws:ssm:us-west-2:111122223333:parameter/gate/policy";

    fn parse(config: &Value) -> Result<Package, PackageError> {
        Package::parse(Path::new("/var/task"), config.to_string().as_bytes())
    }

    fn said(config: &Value) -> String {
        let error = parse(config).unwrap_err();
        assert!(error.hint().is_some());
        let mut words = vec![error.to_string()];
        words.extend(causes::beyond(&error.to_string(), &error));
        words.join(": ")
    }

    fn with_policy(policy: &Value) -> Value {
        json!({ "version": "1.0", "gatePolicy": policy })
    }

    #[test]
    fn without_a_configuration_the_policy_is_in_the_package() {
        let directory = tempfile::tempdir().unwrap();
        let package = Package::read(directory.path()).unwrap();
        let wanted = directory.path().join("gate-policy.json");
        assert_eq!(package.policy, PolicySource::File(wanted));
        assert_eq!(
            (package.waits, package.stops),
            (
                Waits {
                    could_not_look: true,
                    not_signed: false
                },
                None
            )
        );
        assert_eq!(
            parse(&json!({ "version": "1.0" })).unwrap().waits,
            Waits::default()
        );
    }

    #[test]
    fn a_policy_outside_is_pinned_or_says_that_it_is_not() {
        let hash = "ab".repeat(32);
        for (policy, is_pinned) in [
            (json!({ "ssmParameter": PARAMETER, "sha256": hash }), true),
            (
                json!({ "ssmParameter": PARAMETER, "unpinned": true }),
                false,
            ),
            (
                json!({ "secret": "arn:aws:secretsmanager:us-west-2:111122223333:secret:gate-a1b2c3", "unpinned": true }),
                false,
            ),
            (
                json!({ "s3Object": { "bucket": "gates", "key": "prod.json", "region": "us-west-2" }, "sha256": hash }),
                true,
            ),
        ] {
            let package = parse(&with_policy(&policy)).unwrap();
            let PolicySource::Stored { pin, region, .. } = package.policy else {
                panic!("{policy}");
            };
            assert_eq!(
                (pin.is_some(), region.as_str()),
                (is_pinned, "us-west-2"),
                "{policy}"
            );
        }
    }

    #[test]
    fn whatever_leaves_open_who_decides_is_refused() {
        let hash = "ab".repeat(32);
        let either = "`gatePolicy` of `countersign-hook.json` must be with either `sha256`, or `unpinned` set to `true`";
        let one = "`gatePolicy` of `countersign-hook.json` must be exactly one of `file`, `ssmParameter`, `secret` and \
                   `s3Object`";
        for (policy, words) in [
            (json!({}), one),
            (json!({ "file": "a.json", "ssmParameter": PARAMETER }), one),
            (json!({ "ssmParameter": PARAMETER }), either),
            (
                json!({ "ssmParameter": PARAMETER, "unpinned": false }),
                either,
            ),
            (
                json!({ "ssmParameter": PARAMETER, "sha256": hash, "unpinned": true }),
                either,
            ),
            (
                json!({ "ssmParameter": PARAMETER, "sha256": "AB".repeat(32) }),
                "`gatePolicy.sha256` of `countersign-hook.json` must be 64 lower-case hexadecimal digits",
            ),
            (
                json!({ "ssmParameter": "gate", "unpinned": true }),
                "`gatePolicy.ssmParameter` of `countersign-hook.json` must be the parameter's ARN",
            ),
            (
                json!({ "file": "../gate.json" }),
                "`gatePolicy.file` of `countersign-hook.json` must be a path inside the package",
            ),
            (
                json!({ "file": "/tmp/gate.json" }),
                "`gatePolicy.file` of `countersign-hook.json` must be a path inside the package",
            ),
            (
                json!({ "file": "gate.json", "unpinned": true }),
                "`gatePolicy` of `countersign-hook.json` must be without `sha256` and `unpinned` where it is a file of \
                 the package",
            ),
        ] {
            assert_eq!(said(&with_policy(&policy)), words);
        }
    }

    #[test]
    fn unknown_and_doubled_members_are_refused() {
        for text in [
            r#"{ "version": "1.0", "mode": "warn" }"#,
            r#"{ "version": "1.0", "version": "1.0" }"#,
            r#"{ "version": "1.0", "gatePolicy": { "file": "a", "file": "b" } }"#,
            r#"{ "version": "1.0", "waitFor": ["rejected"] }"#,
            r#"{ "version": "1.0" } x"#,
            "",
        ] {
            let error = Package::parse(Path::new("/var/task"), text.as_bytes()).unwrap_err();
            assert!(matches!(error, PackageError::Malformed(_)), "{text}");
        }
        assert_eq!(
            said(&json!({ "version": "2.0" })),
            "`version` of `countersign-hook.json` must be `1.0`"
        );
    }

    #[test]
    fn tasks_are_stopped_only_in_clusters_with_a_name() {
        let cluster = "arn:aws:ecs:us-west-2:111122223333:cluster/prod";
        let stops = |clusters: Value, most: u64| json!({ "version": "1.0", "stopTasks": { "clusters": clusters, "mostPerHour": most } });
        let package = parse(&stops(json!([cluster]), 5)).unwrap();
        assert_eq!(package.stops.unwrap().most_per_hour, 5);
        let start = "of `countersign-hook.json`";
        for (config, words) in [
            (
                stops(json!([cluster]), 0),
                format!("`stopTasks.mostPerHour` {start} must be a number from 1 to 1000"),
            ),
            (
                stops(json!([cluster]), 1001),
                format!("`stopTasks.mostPerHour` {start} must be a number from 1 to 1000"),
            ),
            (
                stops(json!([]), 5),
                format!(
                    "`stopTasks.clusters` {start} must be a list of at least one cluster's ARN"
                ),
            ),
            (
                stops(json!(["*"]), 5),
                format!(
                    "`stopTasks.clusters` {start} cannot be used: `*` is not the ARN of an ECS cluster"
                ),
            ),
        ] {
            assert_eq!(said(&config), words);
        }
    }
}
