//! A gate policy as `policy lint` sees it: every problem, and what is probably not meant, each with its place.

use std::path::Path;

use time::OffsetDateTime;

use super::error::{GateFault, GatePolicyError, GateProblem};
use super::{GatePolicy, GateWarning};
use crate::document::{Document, Node, Position};
use crate::trust_policy::lint::{Finding, LintRule, Severity};

macro_rules! rules {
    ($($name:literal: $summary:literal,)*) => {
        /// Every rule by which gate policies are linted, by name; and `json`, which is that of trust policies.
        pub const GATE_LINT_RULES: &[LintRule] = &[$(LintRule { name: $name, summary: $summary },)*];
    };
}

rules! {
    "gate-asks-less": "A more specific scope asks less than a wider one",
    "gate-endpoint": "An entry of `awsEndpoints` is not the URL of an endpoint",
    "gate-exemption": "An exemption is not for one repository and digest, or ends too late",
    "gate-exemption-over": "An exemption has ended",
    "gate-member": "A member is unknown or missing, or has a value of another form",
    "gate-name-taken": "Two rules, signers or plugins have one name",
    "gate-plugin": "A plugin cannot be added",
    "gate-requirement": "A requirement is not one of `all`, `any` and `atLeast`",
    "gate-scope": "A scope is not a repository or a prefix, or has the rank of another one",
    "gate-signer": "A signer is not one, or is that of another role",
    "gate-too-long": "The gate policy is too long",
}

/// The document's first character, where nothing says the place.
const START: Position = Position { line: 1, column: 1 };

/// Whether a document is a gate policy, by its members: one that is neither is a trust policy.
pub fn is_gate_policy(bytes: &[u8]) -> bool {
    let document = Document::parse(bytes).ok();
    document.is_some_and(|document| {
        let root = document.root();
        member(&root, "rules").is_some() && member(&root, "trustPolicies").is_none()
    })
}

/// What is wrong with the gate policy in `bytes`, or probably not meant at the time `now`, in the order of the
/// document.
#[doc(hidden)]
pub fn findings(path: &Path, bytes: &[u8], now: OffsetDateTime) -> Vec<Finding> {
    let add = |rule, severity, (pointer, position): (String, Position), message, hint| Finding {
        rule,
        severity,
        path: path.to_owned(),
        pointer,
        position,
        message,
        hint,
    };
    let whole = || (String::new(), START);
    let mut found: Vec<Finding> = match GatePolicy::parse(path, bytes, now) {
        Ok(policy) => {
            let Ok(document) = Document::parse(bytes) else {
                return Vec::new();
            };
            let warnings = policy.warnings(now).into_iter().map(|warning| {
                let place = place(&document.root(), &warning).unwrap_or_else(whole);
                let (rule, hint) = match &warning {
                    GateWarning::AsksLess { .. } => ("gate-asks-less", ASKS_LESS),
                    GateWarning::ExemptionOver { .. } => ("gate-exemption-over", EXEMPTION_OVER),
                };
                let hint = Some(hint.to_owned());
                add(rule, Severity::Warning, place, warning.to_string(), hint)
            });
            warnings.collect()
        }
        Err(GatePolicyError::Invalid { problems }) => {
            let problems = problems.iter().map(|problem| {
                let place = (problem.pointer.clone(), problem.position);
                let message = crate::causes::in_one_line(&problem.fault);
                let rule = rule_of(problem);
                add(rule, Severity::Error, place, message, problem.fault.hint())
            });
            problems.collect()
        }
        Err(GatePolicyError::Malformed { source, .. }) => {
            let place = (String::new(), source.position().unwrap_or(START));
            let message = crate::causes::in_one_line(&source);
            vec![add("json", Severity::Error, place, message, source.hint())]
        }
        Err(error) => {
            let (message, hint) = (error.to_string(), error.hint());
            vec![add(
                "gate-too-long",
                Severity::Error,
                whole(),
                message,
                hint,
            )]
        }
    };
    // What is at one place stays in its order.
    found.sort_by_key(|finding| finding.position);
    found
}

const ASKS_LESS: &str =
    "ask for the signers and settings of the wider scope too, or remove the scope";
const EXEMPTION_OVER: &str = "remove the exemption, or renew its `until`";

fn rule_of(problem: &GateProblem) -> &'static str {
    match &problem.fault {
        GateFault::Scope { .. } | GateFault::ScopeTaken { .. } => "gate-scope",
        GateFault::NameTaken { .. } => "gate-name-taken",
        GateFault::Requirement | GateFault::Count { .. } | GateFault::TooManySigners => {
            "gate-requirement"
        }
        GateFault::Signer
        | GateFault::SameSigner { .. }
        | GateFault::Profile { .. }
        | GateFault::AnyIdentity
        | GateFault::Subject { .. } => "gate-signer",
        GateFault::Digest { .. }
        | GateFault::ExemptionScope { .. }
        | GateFault::ExemptionTaken
        | GateFault::Time { .. }
        | GateFault::ExemptionTime { .. } => "gate-exemption",
        GateFault::Plugin { .. } | GateFault::Directory { .. } => "gate-plugin",
        GateFault::Endpoint { .. } => "gate-endpoint",
        _ => "gate-member",
    }
}

/// Where a warning is: the scope, or the exemption's time.
fn place(root: &Node<'_>, warning: &GateWarning) -> Option<(String, Position)> {
    let text = |node: &Node<'_>, name: &str| {
        let found = member(node, name)?;
        found.as_str().map(str::to_owned)
    };
    let found = match warning {
        GateWarning::AsksLess { scope, rule, .. } => {
            let mut rules = member(root, "rules")?.elements()?.into_iter();
            let rule = rules.find(|node| text(node, "name").as_ref() == Some(rule))?;
            let mut scopes = member(&rule, "scopes")?.elements()?.into_iter();
            scopes.find(|node| node.as_str() == Some(scope))?
        }
        GateWarning::ExemptionOver { image, .. } => {
            let mut exemptions = member(root, "exemptions")?.elements()?.into_iter();
            let exemption = exemptions.find(|node| {
                let parts = text(node, "repository").zip(text(node, "digest"));
                parts.is_some_and(|(repository, digest)| format!("{repository}@{digest}") == *image)
            })?;
            member(&exemption, "until")?
        }
    };
    Some((found.pointer().to_owned(), found.position()))
}

fn member<'d>(node: &Node<'d>, name: &str) -> Option<Node<'d>> {
    let mut members = node.members()?.into_iter();
    members
        .find(|member| member.name == name)
        .map(|member| member.value)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-29 00:00 UTC);

    /// Each finding as `LINE:COLUMN rule pointer`.
    fn places(text: &str) -> Vec<String> {
        let found = findings(Path::new("gate.json"), text.as_bytes(), NOW);
        found
            .iter()
            .map(|one| {
                let position = one.position;
                let severity = one.severity.as_str();
                let (line, column) = (position.line, position.column);
                format!("{line}:{column} {severity} {} {}", one.rule, one.pointer)
            })
            .collect()
    }

    const ARN: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/";

    fn policy(narrow: &str, more: &str) -> String {
        format!(
            r#"{{ "version": "1.0", "rules": [
  {{ "name": "narrow", "scopes": ["r.io/team/*"], {narrow}
    "require": {{ "any": [{{ "name": "a", "signingProfile": "{ARN}aa" }}] }} }},
  {{ "name": "wide", "scopes": ["r.io/*"],
    "require": {{ "all": [{{ "name": "a", "signingProfile": "{ARN}aa" }}] }} }} ]{more}
}}"#
        )
    }

    #[test]
    fn a_good_policy_has_no_finding_and_one_that_asks_less_has_its_place() {
        assert_eq!(places(&policy("", "")), [""; 0]);
        assert_eq!(
            places(&policy("\"onFailure\": \"warn\",", "")),
            ["2:34 warning gate-asks-less /rules/0/scopes/0"]
        );
        let exemptions = format!(
            ",\n\"exemptions\": [{{ \"repository\": \"r.io/x\", \"digest\": \"sha256:{}\", \"reason\": \"r\",\n\
             \"until\": \"2026-01-01T00:00:00Z\" }}]",
            "0".repeat(64)
        );
        assert_eq!(
            places(&policy("", &exemptions)),
            ["7:10 warning gate-exemption-over /exemptions/0/until"]
        );
    }

    #[test]
    fn every_problem_has_a_rule_that_is_known() {
        let known =
            |rule: &str| rule == "json" || GATE_LINT_RULES.iter().any(|one| one.name == rule);
        for (text, wanted) in [
            ("{", vec!["1:2 error json "]),
            (
                "{}",
                vec!["1:1 error gate-member ", "1:1 error gate-member "],
            ),
            (
                policy("\"tag\": \"resolve\",", "").as_str(),
                vec!["2:49 error gate-member /rules/0/tag"],
            ),
            (
                policy("", "").replace("r.io/team/*", "r.io/te*").as_str(),
                vec!["2:33 error gate-scope /rules/0/scopes/0"],
            ),
            (
                policy("", ", \"awsEndpoints\": [\"x\"]").as_str(),
                vec!["5:115 error gate-endpoint /awsEndpoints/0"],
            ),
        ] {
            let found = places(text);
            let rules = |one: &String| one.split(' ').nth(2).unwrap().to_owned();
            assert!(
                found.iter().map(rules).all(|rule| known(&rule)),
                "{found:?}"
            );
            assert_eq!(found.len(), wanted.len(), "{found:?}");
            for (found, wanted) in found.iter().zip(&wanted) {
                // The column of what follows a long ARN is not this test's.
                let rest = |text: &str| text.split_once(' ').map(|(_, rest)| rest.to_owned());
                assert_eq!(rest(found), rest(wanted), "{text}");
            }
        }
        assert!(is_gate_policy(policy("", "").as_bytes()));
        assert!(!is_gate_policy(
            br#"{"version": "1.0", "trustPolicies": [], "rules": []}"#
        ));
        assert!(!is_gate_policy(b"{"));
    }
}
