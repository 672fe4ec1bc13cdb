//! What stands in the function's package beside the program: the gate policy or where it is, and the settings.
//!
//! The package decides, so its authors do; no variable and no event does.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::aws::{
    EcsArn, EcsArnError, EcsKind, ObjectName, StoredNameError, StoredText, is_account,
};
use crate::files;
use crate::gate::policy::normal_endpoint;
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
    /// URLs at which AWS may be asked for a gate policy that is not in the package, in the form in which they are
    /// compared.
    pub aws_endpoints: Vec<String>,
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
    pub inconclusive: bool,
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
    #[serde(default)]
    aws_endpoints: Vec<String>,
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
    account: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum WaitWord {
    Inconclusive,
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
                aws_endpoints: Vec::new(),
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
            inconclusive: words.contains(&WaitWord::Inconclusive),
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
            aws_endpoints: endpoints(&file.aws_endpoints)?,
        })
    }

    /// Whether AWS may be asked at this URL for a gate policy that is not in the package.
    pub fn allows_endpoint(&self, url: &str) -> bool {
        normal_endpoint(url).is_some_and(|url| self.aws_endpoints.contains(&url))
    }
}

impl Waits {
    /// For nothing.
    pub(super) const NOTHING: Self = Self {
        inconclusive: false,
        not_signed: false,
    };
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            inconclusive: true,
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

fn endpoints(urls: &[String]) -> Result<Vec<String>, PackageError> {
    let wanted = "a list of URLs of endpoints, without a user, a query and a fragment";
    let normal = urls.iter().map(|url| normal_endpoint(url));
    let normal: Option<Vec<String>> = normal.collect();
    normal.ok_or_else(|| member("awsEndpoints", wanted))
}

fn policy_source(directory: &Path, source: SourceFile) -> Result<PolicySource, PackageError> {
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
        (None, Some(name), None, None) => parameter(name)?,
        (None, None, Some(name), None) => secret(name)?,
        (None, None, None, Some(found)) => object(found, source.unpinned)?,
        _ => {
            let one = "exactly one of `file`, `ssmParameter`, `secret` and `s3Object`";
            return Err(member("gatePolicy", one));
        }
    };
    text.check().map_err(PackageError::Stored)?;
    Ok(PolicySource::Stored {
        text,
        region,
        name,
        pin: pin(source.sha256, source.unpinned)?,
    })
}

/// A text that AWS keeps, its region, and its name for people.
type Stored = (StoredText, String, String);

fn parameter(name: String) -> Result<Stored, PackageError> {
    let region = region_of(&name, "ssm");
    let region = region.ok_or_else(|| member("gatePolicy.ssmParameter", "the parameter's ARN"))?;
    let text = StoredText::Parameter {
        name: name.clone(),
        version: None,
    };
    Ok((text, region, name))
}

fn secret(name: String) -> Result<Stored, PackageError> {
    let region = region_of(&name, "secretsmanager");
    let region = region.ok_or_else(|| member("gatePolicy.secret", "the secret's ARN"))?;
    let text = StoredText::Secret {
        name: name.clone(),
        version: None,
    };
    Ok((text, region, name))
}

fn object(object: ObjectFile, unpinned: bool) -> Result<Stored, PackageError> {
    let name = ObjectName::new(&object.bucket, &object.key).map_err(PackageError::Stored)?;
    if !is_region(&object.region) {
        return Err(member("gatePolicy.s3Object.region", "a region of AWS"));
    }
    let words = format!("s3://{}/{}", object.bucket, object.key);
    let name = match object.account {
        Some(account) if is_account(&account) => name.owned_by(account),
        // Without a digest, the account is what keeps a bucket of the same name from deciding.
        None if !unpinned => name,
        _ => {
            let wanted = "the 12 digits of the account that owns the bucket; `unpinned` needs it";
            return Err(member("gatePolicy.s3Object.account", wanted));
        }
    };
    let text = StoredText::Object {
        name,
        version: None,
    };
    Ok((text, object.region, words))
}

/// The digest that the text must have.
fn pin(sha256: Option<String>, unpinned: bool) -> Result<Option<Digest>, PackageError> {
    match (sha256, unpinned) {
        (Some(hash), false) => {
            let digest = oci::parse_digest(&format!("sha256:{hash}"));
            let wanted = "64 lower-case hexadecimal digits";
            Ok(Some(
                digest.map_err(|_| member("gatePolicy.sha256", wanted))?,
            ))
        }
        (None, true) => Ok(None),
        _ => {
            let wanted = "with either `sha256`, or `unpinned` set to `true`";
            Err(member("gatePolicy", wanted))
        }
    }
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
mod tests;
