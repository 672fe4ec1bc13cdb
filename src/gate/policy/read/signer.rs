//! `require`: how many of which signers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Members, REQUIRE_MEMBERS, Reader};
use crate::aws::{SignerArn, SigningProfile};
use crate::document::{Kind, Node};
use crate::duration;
use crate::gate::policy::error::GateFault;
use crate::gate::policy::rule::{MetadataNeed, Need, Role, RoleSigner};
use crate::limits::{MAX_GATE_AGE, MAX_GATE_METADATA, MAX_GATE_SIGNERS};
use crate::trust_policy::TrustedIdentity;
use crate::x509::identity::SubjectIdentity;

const SIGNER_MEMBERS: &[&str] = &[
    "name",
    "signingProfile",
    "statement",
    "identity",
    "maxAge",
    "userMetadata",
];

/// What begins an identity that is judged here.
const X509_SUBJECT: &str = "x509.subject:";

impl Reader<'_> {
    pub(super) fn read_require(&mut self, node: &Node<'_>) -> (Need, Vec<Role>) {
        let members = self.members(node, REQUIRE_MEMBERS);
        let has = |name: &str| members.contains_key(name);
        let (need, list) = match (has("all"), has("any"), has("atLeast"), has("of")) {
            (true, false, false, false) => (Need::All, "all"),
            (false, true, false, false) => (Need::Any, "any"),
            (false, false, true, true) => (Need::AtLeast(0), "of"),
            _ => {
                if node.kind() == Kind::Object {
                    self.problem(node, GateFault::Requirement);
                }
                return (Need::All, Vec::new());
            }
        };
        let nodes = self.elements(members.get(list), MAX_GATE_SIGNERS);
        let signers = nodes.len();
        let need = match need {
            Need::AtLeast(_) => self.read_count(&members, signers),
            need => need,
        };
        let mut roles: Vec<Role> = Vec::new();
        for node in &nodes {
            let Some(role) = self.read_role(node) else {
                continue;
            };
            if roles.iter().any(|other| other.name == role.name) {
                let found = role.name.clone();
                self.problem(node, GateFault::NameTaken { found });
            }
            // Of `any`, one signer is enough, and the others do not matter.
            let same = |other: &&Role| signer_of(&other.signer) == signer_of(&role.signer);
            if need != Need::Any
                && let Some(other) = roles.iter().find(same)
            {
                let name = other.name.clone();
                self.problem(node, GateFault::SameSigner { name });
            }
            roles.push(role);
        }
        (need, roles)
    }

    fn read_count(&mut self, members: &Members<'_>, signers: usize) -> Need {
        let Some(node) = members.get("atLeast") else {
            return Need::All;
        };
        let Some(number) = node.as_number() else {
            self.wrong_type(node, "a number");
            return Need::All;
        };
        match number.parse::<usize>() {
            Ok(count) if (1..=signers).contains(&count) => Need::AtLeast(count),
            _ => {
                let found = number.to_owned();
                self.problem(node, GateFault::Count { found, signers });
                Need::All
            }
        }
    }

    fn read_role(&mut self, node: &Node<'_>) -> Option<Role> {
        let members = self.members(node, SIGNER_MEMBERS);
        let name = self.required(node, &members, "name").cloned();
        let name = self.text(name.as_ref());
        let has = |name: &str| members.contains_key(name);
        let signer = match (has("signingProfile"), has("statement"), has("identity")) {
            (true, false, false) => self.read_profile(members.get("signingProfile")?),
            (false, true, true) => {
                let statement = self.text(members.get("statement"));
                let identity = self.read_identity(members.get("identity")?);
                statement
                    .zip(identity)
                    .map(|(statement, identity)| RoleSigner::Identity {
                        statement,
                        identity,
                    })
            }
            _ => {
                if node.kind() == Kind::Object {
                    self.problem(node, GateFault::Signer);
                }
                None
            }
        };
        let max_age = members
            .get("maxAge")
            .map(|node| self.read_span(node, MAX_GATE_AGE));
        let user_metadata = self.read_metadata(members.get("userMetadata"));
        Some(Role {
            name: name?,
            signer: signer?,
            max_age: max_age.flatten(),
            user_metadata,
        })
    }

    fn read_profile(&mut self, node: &Node<'_>) -> Option<RoleSigner> {
        let text = self.text(Some(node))?;
        let source = match SigningProfile::parse(&text) {
            Ok(profile) => return Some(RoleSigner::SigningProfile(profile)),
            Err(source) => source,
        };
        self.problem(node, GateFault::Profile { source });
        None
    }

    fn read_identity(&mut self, node: &Node<'_>) -> Option<TrustedIdentity> {
        let text = self.text(Some(node))?;
        if text.trim() == "*" {
            self.problem(node, GateFault::AnyIdentity);
            return None;
        }
        let Some(subject) = text.strip_prefix(X509_SUBJECT) else {
            return Some(TrustedIdentity::Other(text));
        };
        match SubjectIdentity::parse(subject) {
            Ok(subject) => Some(TrustedIdentity::X509Subject { text, subject }),
            Err(source) => {
                self.problem(node, GateFault::Subject { source });
                None
            }
        }
    }

    /// A length of time, greater than zero and at most `longest`.
    pub(super) fn read_span(&mut self, node: &Node<'_>, longest: Duration) -> Option<Duration> {
        let text = self.text(Some(node))?;
        let nanoseconds = match duration::parse(&text) {
            Ok(nanoseconds) => nanoseconds,
            Err(problem) => {
                self.problem(node, GateFault::Span { problem });
                return None;
            }
        };
        let span = u64::try_from(nanoseconds).map(Duration::from_nanos);
        match span {
            Ok(span) if !span.is_zero() && span <= longest => Some(span),
            _ => {
                let problem = format!(
                    "`{text}` is not greater than zero and at most {}h",
                    longest.as_secs() / 3_600
                );
                self.problem(node, GateFault::Span { problem });
                None
            }
        }
    }

    fn read_metadata(&mut self, node: Option<&Node<'_>>) -> BTreeMap<String, MetadataNeed> {
        let mut needs = BTreeMap::new();
        let Some(node) = node else {
            return needs;
        };
        let Some(members) = node.members() else {
            self.wrong_type(node, "an object");
            return needs;
        };
        if members.is_empty() {
            self.problem(node, GateFault::EmptyList);
        }
        if members.len() > MAX_GATE_METADATA {
            let max = MAX_GATE_METADATA;
            self.problem(node, GateFault::TooMany { max });
        }
        for member in members {
            let need = match (member.value.as_str(), member.value.as_bool()) {
                (Some(text), _) if !text.is_empty() => MetadataNeed::Value(text.to_owned()),
                (_, Some(true)) => MetadataNeed::Present,
                (Some(_), _) => {
                    self.problem(&member.value, GateFault::Empty);
                    continue;
                }
                _ => {
                    let found = member.value.kind();
                    self.problem(&member.value, GateFault::Metadata { found });
                    continue;
                }
            };
            if member.name.is_empty() {
                self.problem(&member.value, GateFault::Empty);
            }
            needs.insert(member.name.to_owned(), need);
        }
        needs
    }
}

/// The version of the signing profile that a role wants, if it wants one.
pub(in crate::gate::policy) fn version_of(signer: &RoleSigner) -> Option<String> {
    let text = match signer {
        RoleSigner::SigningProfile(profile) => profile.to_string(),
        RoleSigner::Identity { identity, .. } => identity.as_str().to_owned(),
    };
    match SignerArn::parse(&text) {
        Ok(SignerArn::ProfileVersion(version)) => Some(version.version().to_owned()),
        _ => None,
    }
}

/// What two roles may not share: the signing profile without its version, or the identity.
pub(in crate::gate::policy) fn signer_of(signer: &RoleSigner) -> String {
    let of_arn = |text: &str| match SignerArn::parse(text) {
        Ok(SignerArn::ProfileVersion(version)) => version.profile().to_string(),
        _ => text.to_owned(),
    };
    match signer {
        RoleSigner::SigningProfile(profile) => profile.arn().to_string(),
        RoleSigner::Identity { identity, .. } => match identity {
            TrustedIdentity::X509Subject { subject, .. } => subject.to_string(),
            TrustedIdentity::Any | TrustedIdentity::Other(_) => of_arn(identity.as_str()),
        },
    }
}
