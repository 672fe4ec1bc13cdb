//! The user name and password that the user gives: on the command line, or in the environment.
//!
//! What is on the command line is for the references beside it. What is in the environment stays there
//! for every command, and references may come from elsewhere: it goes to one registry, which is decided
//! before anything is asked.

use super::args::RegistryArgs;
use super::output::{CommandOutput, one_line};
use crate::environment::Environment;
use crate::reference::{ArtifactReference, RegistryName};
use crate::registry::{Credential, PlainHttp, Secret};

const USERNAME: &str = "NOTATION_USERNAME";
const PASSWORD: &str = "NOTATION_PASSWORD";
const REGISTRY: &str = "NOTATION_REGISTRY";

/// Which registry the credentials of the environment are for if `NOTATION_REGISTRY` is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CredentialScope {
    /// The only registry of the command: the user named it.
    OnlyRegistry,
    /// No registry: the references are not the user's own.
    NamedRegistry,
    /// No registry yet: more references are read from a list, so their registries are not known.
    NotYetRead,
}

/// What was given.
#[derive(Debug, Default)]
pub(super) struct UserCredential {
    /// The server that it is for, and what it is.
    pub(super) credential: Option<(String, Credential)>,
    /// What is said about it.
    pub(super) note: Option<String>,
}

/// What the user gave for the registries of these references.
pub(super) fn given(
    args: &RegistryArgs,
    references: &[ArtifactReference],
    plain_http: &PlainHttp,
    shown: CredentialScope,
    environment: &Environment,
) -> Result<UserCredential, CommandOutput> {
    let canonical = |name: &RegistryName| name.canonical(plain_http.scheme(name));
    let mut registries = registries_of(references, canonical);
    let set = |name: &str| environment.variable(name).filter(|value| !value.is_empty());
    // The one that is named may come later in the list.
    let named = match (shown, set(REGISTRY)) {
        (CredentialScope::NotYetRead, Some(named)) => Some(parse_named(&named)?),
        _ => None,
    };
    registries.extend(&named);
    if registries.is_empty() && shown != CredentialScope::NotYetRead {
        return Ok(UserCredential::default());
    }
    let (username, from) = match &args.username {
        Some(username) => (Some(username.clone()), "`--username`"),
        None => (set(USERNAME), "`NOTATION_USERNAME`"),
    };
    let password = args.password()?;
    let of_environment = password.is_none();
    let password = password.or_else(|| set(PASSWORD).map(Secret::new));
    let from = match (&username, of_environment) {
        (Some(_), _) => from,
        (None, true) => "`NOTATION_PASSWORD`",
        (None, false) => "`--password`",
    };
    let Some(credential) = pair(username, password, from)? else {
        return Ok(UserCredential::default());
    };
    let (registry, note) = if of_environment {
        let named = set(REGISTRY);
        if named.is_none() && shown != CredentialScope::OnlyRegistry {
            let note = format!(
                "Note: `{USERNAME}` and `{PASSWORD}` are not used; set `{REGISTRY}` to the registry that they are for"
            );
            return Ok(UserCredential {
                credential: None,
                note: Some(note),
            });
        }
        match one_of_environment(named, &registries, canonical)? {
            Choice::For(registry, note) => (registry, note),
            Choice::Nothing(note) => {
                return Ok(UserCredential {
                    credential: None,
                    note,
                });
            }
        }
    } else {
        match registries.as_slice() {
            [registry] => (*registry, None),
            _ => {
                return Err(CommandOutput::usage(
                    "one user name and password were given for references to several registries",
                    Some("run the command once for each registry".to_owned()),
                ));
            }
        }
    };
    let server = registry.server(plain_http.scheme(registry));
    Ok(UserCredential {
        credential: Some((server, credential)),
        note,
    })
}

/// The registries of these references, each once.
fn registries_of(
    references: &[ArtifactReference],
    canonical: impl Fn(&RegistryName) -> String,
) -> Vec<&RegistryName> {
    let mut registries: Vec<&RegistryName> = Vec::new();
    for reference in references {
        if let ArtifactReference::Registry(reference) = reference {
            let name = reference.registry_name();
            if !registries
                .iter()
                .any(|known| canonical(known) == canonical(name))
            {
                registries.push(name);
            }
        }
    }
    registries
}

/// The credential that a user name and a password make; `None` without either. A password alone is a token, as it is at
/// a login.
fn pair(
    username: Option<String>,
    password: Option<Secret>,
    from: &'static str,
) -> Result<Option<Credential>, CommandOutput> {
    match (username, password) {
        (Some(username), Some(password)) => {
            Ok(Some(Credential::password(username, password, from)))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(CommandOutput::usage(
            "a user name for the registry was given without a password",
            Some("give `--password-stdin` or `--password`, or set `NOTATION_PASSWORD`".to_owned()),
        )),
        (None, Some(token)) => Ok(Some(Credential::identity_token(token, from))),
    }
}

/// The registry that `NOTATION_REGISTRY` names.
fn parse_named(named: &str) -> Result<RegistryName, CommandOutput> {
    RegistryName::parse(named).map_err(|error| {
        let sentence = format!("`{REGISTRY}` is not a registry: `{}`", one_line(named));
        CommandOutput::usage(&sentence, Some(error.hint()))
    })
}

/// Which registry is shown what the environment has.
enum Choice<'r> {
    /// This one.
    For(&'r RegistryName, Option<String>),
    /// None of them.
    Nothing(Option<String>),
}

/// The one in `NOTATION_REGISTRY`, or else the only one; never one of Amazon ECR, because any AWS account
/// can have such a host name, and AWS issues its tokens.
fn one_of_environment<'r>(
    named: Option<String>,
    registries: &[&'r RegistryName],
    canonical: impl Fn(&RegistryName) -> String,
) -> Result<Choice<'r>, CommandOutput> {
    let not_to_ecr = || {
        format!(
            "Note: `{USERNAME}` and `{PASSWORD}` are not sent to Amazon ECR; AWS issues its tokens, \
             and `--username` and `--password` override them"
        )
    };
    if let Some(named) = named {
        let name = parse_named(&named)?;
        let mut registries = registries.iter().copied();
        return Ok(
            match registries.find(|known| canonical(known) == canonical(&name)) {
                Some(known) if known.is_amazon_ecr() => Choice::Nothing(Some(not_to_ecr())),
                Some(known) => Choice::For(known, None),
                None => Choice::Nothing(None),
            },
        );
    }
    match registries {
        _ if registries.iter().all(|name| name.is_amazon_ecr()) => {
            Ok(Choice::Nothing(Some(not_to_ecr())))
        }
        [registry] => {
            let shown = canonical(registry);
            let note = format!(
                "Note: `{USERNAME}` and `{PASSWORD}` are sent to `{shown}`, the only registry of this \
                 command; set `{REGISTRY}={shown}` to send them to no other one"
            );
            Ok(Choice::For(registry, Some(note)))
        }
        _ => Err(CommandOutput::usage(
            &format!(
                "`{USERNAME}` and `{PASSWORD}` are for one registry, and the references name several"
            ),
            Some(format!(
                "set `{REGISTRY}` to the registry that they are for"
            )),
        )),
    }
}
