//! What is wrong with a trust policy, or probably not meant: every problem and warning of its checks, and what a
//! policy may say that yet has another effect than it seems to have.
//!
//! Input: the bytes of a document, and a value that knows the trust stores. Output: findings, each with its rule, place
//! and advice. No signature is looked at.

mod place;
mod rules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use rules::{LINT_RULES, LintRule, Severity};

use self::place::{member, strings};
use super::check;
use super::rule::Problem;
use super::scope::WILDCARD;
use super::warning::Warning;
use super::{DocumentKind, scope};
use crate::aws::SignerArn;
use crate::config::StoreName;
use crate::document::{Document, Node, Position};
use crate::limits::MAX_POLICY_PROBLEMS;
use crate::notary::StoreType;
use crate::reference::{RegistryName, Scheme, normalize_scope};

/// One thing that is wrong, or probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name, one of [`LINT_RULES`].
    pub rule: &'static str,
    /// Whether a policy with it must not be used.
    pub severity: Severity,
    /// The document's file.
    pub path: PathBuf,
    /// JSON pointer of the value; empty for the whole document.
    pub pointer: String,
    /// Where it is; the document's first character where nothing says it.
    pub position: Position,
    /// What was found, and what was wanted: one clause.
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<String>,
}

/// What keeps a trust store from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFault {
    /// Whether there is no such store; otherwise it is there and cannot be used.
    pub is_missing: bool,
    /// Whether that is an error; otherwise the machine that verifies may have it.
    pub severity: Severity,
    /// What was found.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Lints a document; `store_fault` says what is wrong with a trust store, if anything is.
pub fn lint(
    kind: DocumentKind,
    path: &Path,
    bytes: &[u8],
    store_fault: &dyn Fn(&StoreName) -> Option<StoreFault>,
) -> Vec<Finding> {
    let mut linter = Linter {
        kind,
        path,
        store_fault,
        findings: Vec::new(),
    };
    let document = match Document::parse(bytes) {
        Ok(document) => document,
        Err(error) => {
            let position = error.position().unwrap_or(START);
            let message = crate::causes::in_one_line(&error);
            linter.add(
                "json",
                Severity::Error,
                ("", position),
                message,
                error.hint(),
            );
            return linter.findings;
        }
    };
    let checked = check::check(&document, kind, path);
    linter
        .findings
        .extend(checked.problems.iter().map(of_problem));
    linter
        .findings
        .extend(checked.warnings.iter().map(of_warning));
    linter.lint_document(&document.root());
    // What is at one place stays in its order.
    linter.findings.sort_by_key(|finding| finding.position);
    linter.findings
}

const START: Position = Position { line: 1, column: 1 };

fn of_problem(problem: &Problem) -> Finding {
    Finding {
        rule: rules::of_rule(&problem.rule),
        severity: Severity::Error,
        path: problem.path.clone(),
        pointer: problem.pointer.clone(),
        position: problem.position,
        message: problem.rule.to_string(),
        hint: problem.hint(),
    }
}

fn of_warning(warning: &Warning) -> Finding {
    let (rule, severity) = rules::of_cause(&warning.cause);
    Finding {
        rule,
        severity,
        path: warning.path.clone(),
        pointer: warning.pointer.clone(),
        position: warning.position,
        message: warning.cause.to_string(),
        hint: warning.hint(),
    }
}

/// A scope that was met, and the position of its statement.
struct ScopeSeen<'d> {
    statement: usize,
    text: &'d str,
}

struct Linter<'a> {
    kind: DocumentKind,
    path: &'a Path,
    store_fault: &'a dyn Fn(&StoreName) -> Option<StoreFault>,
    findings: Vec<Finding>,
}

impl Linter<'_> {
    fn add(
        &mut self,
        rule: &'static str,
        severity: Severity,
        (pointer, position): (&str, Position),
        message: String,
        hint: Option<String>,
    ) {
        self.findings.push(Finding {
            rule,
            severity,
            path: self.path.to_owned(),
            pointer: pointer.to_owned(),
            position,
            message,
            hint,
        });
    }

    fn at(
        &mut self,
        rule: &'static str,
        severity: Severity,
        node: &Node<'_>,
        message: String,
        hint: Option<String>,
    ) {
        let position = node.position();
        self.add(rule, severity, (node.pointer(), position), message, hint);
    }

    fn lint_document(&mut self, root: &Node<'_>) {
        let statements = member(root, "trustPolicies").and_then(|list| list.elements());
        let mut repositories = [BTreeMap::new(), BTreeMap::new()];
        let before = self.findings.len();
        for (number, statement) in statements.unwrap_or_default().iter().enumerate() {
            if self.kind == DocumentKind::Oci {
                for (node, text) in strings(statement, "registryScopes") {
                    self.lint_scope(&node, text);
                    let seen = ScopeSeen {
                        statement: number,
                        text,
                    };
                    self.lint_spelling(&node, &seen, &mut repositories);
                }
            }
            self.lint_trust(statement);
            if self.findings.len() - before > MAX_POLICY_PROBLEMS {
                return;
            }
        }
    }

    /// A scope that no reference is likely to have.
    fn lint_scope(&mut self, node: &Node<'_>, text: &str) {
        let Some((registry, repository)) = text.split_once('/') else {
            return;
        };
        let Ok(name) = RegistryName::parse(registry) else {
            return;
        };
        if scope::check(text).is_err() {
            return;
        }
        let rule = "scope-never-matches";
        let host = registry
            .split(':')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        if is_almost_ecr(&host) && !name.is_amazon_ecr() {
            let message = format!("`{registry}` is not a host name of Amazon ECR");
            let hint = "a private registry is `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, with 12 digits of the account and \
                        the region's own ending";
            self.at(rule, Severity::Error, node, message, Some(hint.to_owned()));
        } else if host == "hub.docker.com" {
            let message = format!("`{registry}` is Docker Hub's web site, not its registry");
            let repository = repository.strip_prefix("r/").unwrap_or(repository);
            let hint = format!(
                "write `docker.io/{}`",
                repository.strip_prefix("_/").unwrap_or(repository)
            );
            self.at(rule, Severity::Error, node, message, Some(hint));
        } else if !registry.contains(['.', ':']) && !["localhost", "local"].contains(&host.as_str())
        {
            let message = format!(
                "`{registry}` is taken for a registry, and its name has no dot and no port"
            );
            let hint = format!(
                "write Docker Hub's repository as `docker.io/{text}`, and an OCI image layout as `local/NAME`"
            );
            self.at(rule, Severity::Warning, node, message, Some(hint));
        }
    }

    /// One repository under two spellings: in one statement, or over plain HTTP in two.
    fn lint_spelling<'d>(
        &mut self,
        node: &Node<'_>,
        seen: &ScopeSeen<'d>,
        repositories: &mut [BTreeMap<String, (usize, &'d str)>; 2],
    ) {
        if seen.text == WILDCARD || scope::check(seen.text).is_err() {
            return;
        }
        let rule = "scope-two-spellings";
        for (scheme, known) in [Scheme::Https, Scheme::Http].into_iter().zip(repositories) {
            let earlier = known
                .entry(normalize_scope(seen.text, scheme))
                .or_insert((seen.statement, seen.text));
            let (statement, other) = *earlier;
            if other == seen.text {
                continue;
            }
            if statement == seen.statement {
                let message = format!(
                    "`{}` and `{other}` are one repository in two spellings",
                    seen.text
                );
                let hint = format!(
                    "keep one of them; it is compared as `{}`",
                    normalize_scope(seen.text, scheme)
                );
                return self.at(rule, Severity::Warning, node, message, Some(hint));
            }
            // Over HTTPS that is a problem of the policy, and was found.
            if scheme == Scheme::Http
                && normalize_scope(seen.text, Scheme::Https)
                    != normalize_scope(other, Scheme::Https)
            {
                let message = format!(
                    "over plain HTTP `{}` is the same repository as `{other}` of another statement, and is refused",
                    seen.text
                );
                let hint = "keep the repository in one statement, with or without the port";
                self.at(
                    rule,
                    Severity::Warning,
                    node,
                    message,
                    Some(hint.to_owned()),
                );
            }
        }
    }

    fn lint_trust(&mut self, statement: &Node<'_>) {
        let stores: Vec<(Node<'_>, StoreName)> = strings(statement, "trustStores")
            .into_iter()
            .filter_map(|(node, text)| Some((node, StoreName::parse(text).ok()?)))
            .collect();
        for (node, store) in &stores {
            if let Some(fault) = (self.store_fault)(store) {
                let rule = if fault.is_missing {
                    "store-missing"
                } else {
                    "store-unusable"
                };
                self.at(rule, fault.severity, node, fault.message, fault.hint);
            }
        }
        let has = |kind| stores.iter().any(|(_, store)| store.kind() == kind);
        let identities = strings(statement, "trustedIdentities");
        let aws_signer = stores.iter().find(|(_, store)| is_aws_signers(store));
        for (node, identity) in &identities {
            if let ("*", Some((_, store))) = (*identity, aws_signer) {
                let message = format!(
                    "`*` trusts no signature of AWS Signer, whose root is in `{store}`: every customer of AWS signs under it"
                );
                let hint = "name the signing profiles: `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`";
                self.at(
                    "aws-signer-wildcard",
                    Severity::Error,
                    node,
                    message,
                    Some(hint.to_owned()),
                );
            }
            let is_profile = !matches!(SignerArn::parse(identity), Err(_) | Ok(SignerArn::Job(_)));
            if is_profile && !stores.is_empty() && !has(StoreType::SigningAuthority) {
                let message = "no trust store of the statement is of type `signingAuthority`, which signing profiles need";
                let hint = "add `signingAuthority:aws-signer-ts` to `trustStores`, and its root with \
                            `countersign cert add --aws-signer`";
                let rule = "aws-signer-without-store";
                self.at(
                    rule,
                    Severity::Error,
                    node,
                    message.to_owned(),
                    Some(hint.to_owned()),
                );
            }
        }
        let verification = member(statement, "signatureVerification");
        let timestamp = verification.and_then(|node| member(&node, "verifyTimestamp"));
        if let Some(node) =
            timestamp.filter(|node| node.as_str().is_some_and(|text| !text.is_empty()))
            && !has(StoreType::Tsa)
        {
            let message = "`verifyTimestamp` has no effect without a trust store of type `tsa`";
            let hint = "add the store of the timestamping authority, `tsa:NAME`, to `trustStores`; or leave the member out";
            self.at(
                "timestamp-without-store",
                Severity::Warning,
                &node,
                message.to_owned(),
                Some(hint.to_owned()),
            );
        }
    }
}

/// Whether a host was meant to be Amazon ECR's: its own part, or AWS's ending and `ecr` in it. Endpoints in a VPC are
/// named otherwise.
fn is_almost_ecr(host: &str) -> bool {
    let has_part = host.contains(".dkr.ecr.") || host.contains(".dkr-ecr.");
    let is_aws = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "on.aws",
    ]
    .iter()
    .any(|end| host.ends_with(&format!(".{end}")));
    (has_part || is_aws && host.contains("ecr")) && !host.contains(".vpce.")
}

/// Whether a store has the name that AWS's instructions give to the store of AWS Signer's root.
fn is_aws_signers(store: &StoreName) -> bool {
    store.kind() == StoreType::SigningAuthority
        && ["aws-signer-ts", "aws-us-gov-signer-ts"].contains(&store.name())
}
