//! Findings in the Static Analysis Results Interchange Format, SARIF 2.1.0 (OASIS), which code hosts show beside the
//! lines that they are about. Only what is needed here is written; the schema is the standard's.

use std::path::{Component, Path};

use serde::Serialize;
use url::Url;

use super::exit::Exit;
use super::invocation::Invocation;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A log with one run of this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Sarif {
    /// The schema of the format.
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    /// The format's version.
    pub version: &'static str,
    /// The run.
    pub runs: [SarifRun; 1],
}

/// One run of this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SarifRun {
    /// The program.
    pub tool: SarifTool,
    /// What a column counts.
    pub column_kind: &'static str,
    /// What was found.
    pub results: Vec<SarifResult>,
    /// How the program ended, where that is said; at most one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invocations: Vec<SarifInvocation>,
}

/// How the program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SarifInvocation {
    /// Whether everything was looked at, whatever was found.
    pub execution_successful: bool,
    /// The exit code.
    pub exit_code: Exit,
    /// By which policy and at what cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Invocation>,
    /// When it began, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time_utc: Option<String>,
}

impl SarifInvocation {
    /// That the program ended so.
    pub const fn new(exit_code: Exit) -> Self {
        Self {
            execution_successful: matches!(exit_code, Exit::Done | Exit::Rejected),
            exit_code,
            properties: None,
            start_time_utc: None,
        }
    }

    /// The same, which was not successful unless `is_whole`: where nothing could be begun, nothing was looked at.
    #[must_use]
    pub(super) fn successful_if(self, is_whole: bool) -> Self {
        Self {
            execution_successful: self.execution_successful && is_whole,
            ..self
        }
    }

    /// The same of this run.
    #[must_use]
    pub fn of(self, invocation: &Invocation) -> Self {
        Self {
            start_time_utc: Some(invocation.time.clone()),
            properties: Some(invocation.clone()),
            ..self
        }
    }
}

/// The program that found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SarifTool {
    /// Name, version and rules.
    pub driver: SarifDriver,
}

/// Name, version and rules of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SarifDriver {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The rules that it knows.
    pub rules: Vec<SarifRule>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SarifRule {
    /// Its name, which does not change.
    pub id: &'static str,
    /// What it finds.
    pub short_description: SarifText,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SarifText {
    /// Plain text.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SarifResult {
    /// The rule's name.
    pub rule_id: &'static str,
    /// `error`, `warning` or `note`.
    pub level: &'static str,
    /// What was found, and what to do.
    pub message: SarifText,
    /// Where it was found; one place.
    pub locations: [SarifLocation; 1],
}

/// A place: in a file, or a thing that has a name only, such as an artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SarifLocation {
    /// The place in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_location: Option<SarifPhysicalLocation>,
    /// What has a name only; at most one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logical_locations: Vec<SarifLogicalLocation>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SarifPhysicalLocation {
    /// The file.
    pub artifact_location: SarifArtifact,
    /// Where in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<SarifRegion>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SarifArtifact {
    /// Its URI: of scheme `file`, or relative to where the program ran.
    pub uri: String,
}

/// A place in a file; both counts start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SarifRegion {
    /// The line.
    pub start_line: usize,
    /// The character of the line.
    pub start_column: usize,
}

/// Something that has a name and no file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SarifLogicalLocation {
    /// Its whole name.
    pub fully_qualified_name: String,
}

impl Sarif {
    /// A log of these results, and of the rules that there are, each with its summary.
    pub fn new(
        rules: impl IntoIterator<Item = (&'static str, &'static str)>,
        results: Vec<SarifResult>,
    ) -> Self {
        let rules = rules.into_iter().map(|(id, summary)| SarifRule {
            id,
            short_description: SarifText {
                text: summary.to_owned(),
            },
        });
        let driver = SarifDriver {
            name: "countersign",
            version: env!("CARGO_PKG_VERSION"),
            rules: rules.collect(),
        };
        Self {
            schema: SCHEMA,
            version: "2.1.0",
            runs: [SarifRun {
                tool: SarifTool { driver },
                column_kind: "unicodeCodePoints",
                results,
                invocations: Vec::new(),
            }],
        }
    }

    /// The same, with how the program ended.
    #[must_use]
    pub(super) fn with_invocation(mut self, invocation: SarifInvocation) -> Self {
        let [run] = &mut self.runs;
        run.invocations = vec![invocation];
        self
    }
}

impl SarifResult {
    /// A finding at a place. `level` is `error`, `warning` or `note`.
    pub fn new(
        rule_id: &'static str,
        level: &'static str,
        text: String,
        location: SarifLocation,
    ) -> Self {
        Self {
            rule_id,
            level,
            message: SarifText { text },
            locations: [location],
        }
    }
}

impl SarifLocation {
    /// A place in a file: line and character, both from 1.
    pub fn in_file(path: &Path, line: usize, column: usize) -> Self {
        Self {
            physical_location: Some(SarifPhysicalLocation {
                artifact_location: SarifArtifact { uri: uri_of(path) },
                region: Some(SarifRegion {
                    start_line: line,
                    start_column: column,
                }),
            }),
            ..Self::default()
        }
    }

    /// Something that has a name and no file, such as a reference.
    pub fn named(name: String) -> Self {
        Self {
            logical_locations: vec![SarifLogicalLocation {
                fully_qualified_name: name,
            }],
            ..Self::default()
        }
    }
}

/// The URI of a file: whole for an absolute path, relative for another one.
fn uri_of(path: &Path) -> String {
    if let Ok(url) = Url::from_file_path(path) {
        return url.to_string();
    }
    let parts = path.components().filter_map(|component| match component {
        Component::ParentDir => Some("..".to_owned()),
        // Below a made-up root, so that what needs it is escaped in the same way.
        Component::Normal(name) => match Url::from_file_path(Path::new("/").join(name)) {
            Ok(url) => Some(url.path().trim_start_matches('/').to_owned()),
            Err(()) => Some(name.to_string_lossy().into_owned()),
        },
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        for (path, uri) in [
            ("policy.json", "policy.json"),
            ("./../policy.json", "../policy.json"),
            ("a/b c#1.json", "a/b%20c%231.json"),
            ("/etc/p.json", "file:///etc/p.json"),
        ] {
            assert_eq!(uri_of(Path::new(path)), uri);
        }
    }
}
