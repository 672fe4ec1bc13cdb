//! Who may do what: the challenge, and the check of what the client answers it with.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Response, header};
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::{
    content_response,
    error::OciError,
    name::is_name,
    options::Access,
    route::Route,
    tokens::{BEARER_LIFETIME, Bearer, TokenRefusal, Tokens},
};
use crate::{call::Call, hosts::RegistryId};

/// The name that the token service and the challenges use.
const SERVICE: &str = "countersign-emulator";

/// The challenge of a registry, or of a token service, that takes one user.
const BASIC: &str = "Basic realm=\"countersign-emulator\"";

/// Scopes of one token request that are read.
pub(super) const MAX_SCOPES: usize = 32;

/// What a request may touch besides the repository it names.
#[derive(Debug)]
pub(super) enum Granted {
    /// Every repository.
    All,
    /// What the token says.
    Token(Bearer),
}

impl Granted {
    /// Whether `action` (`pull`, `push`, `delete`) on `name` is allowed.
    pub(super) fn allows(&self, name: &str, action: &str) -> bool {
        match self {
            Self::All => true,
            Self::Token(bearer) => bearer.scopes.iter().any(|scope| match scope_parts(scope) {
                Some((repository, actions)) => {
                    repository == name
                        && actions
                            .split(',')
                            .any(|allowed| allowed == action || allowed == "*")
                }
                None => false,
            }),
        }
    }
}

fn scope_parts(scope: &str) -> Option<(&str, &str)> {
    scope.strip_prefix("repository:")?.rsplit_once(':')
}

/// Checks the request's credentials, or makes the answer that asks for them.
pub(super) fn check(
    access: &Access,
    tokens: &Tokens,
    registry: &RegistryId,
    route: &Route,
    call: &Call,
) -> Result<Granted, OciError> {
    match access {
        Access::Open => Ok(Granted::All),
        Access::Ecr => check_ecr(tokens, registry, call),
        Access::Basic { username, password } => match basic(call) {
            Some((user, secret)) if user == *username && secret == *password => Ok(Granted::All),
            _ => Err(OciError::unauthorized(BASIC.to_owned())),
        },
        Access::Bearer { .. } => check_bearer(tokens, route, call),
    }
}

/// Amazon ECR: the user `AWS` with a password of `GetAuthorizationToken`.
fn check_ecr(tokens: &Tokens, registry: &RegistryId, call: &Call) -> Result<Granted, OciError> {
    let refused = match basic(call) {
        Some((user, password)) if user == "AWS" => {
            match tokens.check_password(&password, registry, call.now) {
                Ok(()) => return Ok(Granted::All),
                Err(refused) => refused,
            }
        }
        _ => TokenRefusal::Invalid,
    };
    Err(match refused {
        TokenRefusal::Expired => {
            let message = "Your authorization token has expired. Reauthenticate and try again.";
            OciError::denied(message)
        }
        TokenRefusal::Invalid => OciError::ecr_unauthorized(&call.origin),
    })
}

fn check_bearer(tokens: &Tokens, route: &Route, call: &Call) -> Result<Granted, OciError> {
    let actions = actions(call.request.method());
    let token = authorization(call, "bearer");
    let problem = match token.map(|token| tokens.check_bearer(&token, call.now)) {
        None => "",
        Some(Err(_)) => ",error=\"invalid_token\"",
        Some(Ok(bearer)) => {
            let granted = Granted::Token(bearer);
            let mut needed = actions.split(',');
            let is_allowed = route
                .name()
                .is_none_or(|name| needed.all(|action| granted.allows(name, action)));
            if is_allowed {
                return Ok(granted);
            }
            ",error=\"insufficient_scope\""
        }
    };
    // What is not a name is not repeated in a header.
    let scope = match route.name().filter(|name| is_name(name)) {
        Some(name) => format!(",scope=\"repository:{name}:{actions}\""),
        None => String::new(),
    };
    let realm = format!("{}/_registry/token", call.origin);
    Err(OciError::unauthorized(format!(
        "Bearer realm=\"{realm}\",service=\"{SERVICE}\"{scope}{problem}"
    )))
}

fn actions(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "pull",
        Method::DELETE => "delete",
        _ => "pull,push",
    }
}

/// What follows the scheme in the request's `Authorization`.
fn authorization(call: &Call, scheme: &str) -> Option<String> {
    let value = call
        .request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (said, value) = value.split_once(' ')?;
    said.eq_ignore_ascii_case(scheme)
        .then(|| value.trim().to_owned())
}

/// User and password of `Basic`. A password may have colons, a user not.
fn basic(call: &Call) -> Option<(String, String)> {
    let decoded = STANDARD.decode(authorization(call, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Answers the token service: everything that is asked for to the right user, and reading to anonymous clients if the
/// options say so.
pub(super) fn token(
    access: &Access,
    tokens: &Tokens,
    call: &Call,
) -> Result<Response<Bytes>, OciError> {
    let Access::Bearer {
        username,
        password,
        anonymous_pull,
    } = access
    else {
        return Err(OciError::no_such_path());
    };
    if call.request.method() != Method::GET {
        return Err(OciError::method_not_allowed());
    }
    let has_credentials = call.request.headers().contains_key(header::AUTHORIZATION);
    let is_known =
        basic(call).is_some_and(|(user, secret)| user == *username && secret == *password);
    if !is_known && (has_credentials || !anonymous_pull) {
        return Err(OciError::unauthorized(BASIC.to_owned()));
    }
    let scopes = requested_scopes(call)
        .filter_map(|scope| {
            if is_known {
                Some(scope)
            } else {
                pull_only(&scope)
            }
        })
        .take(MAX_SCOPES)
        .collect();
    let token = tokens.bearer(scopes, call.now);
    let body = json!({
        "token": token,
        "access_token": token,
        "expires_in": BEARER_LIFETIME.whole_seconds(),
        "issued_at": call.now.format(&Rfc3339).unwrap_or_default(),
    });
    Ok(content_response(
        "application/json",
        Bytes::from(body.to_string()),
    ))
}

/// The values of `scope`, each of which may hold several, separated by blanks.
fn requested_scopes(call: &Call) -> impl Iterator<Item = String> {
    form_urlencoded::parse(call.request.uri().query().unwrap_or_default().as_bytes())
        .filter(|(key, _)| key == "scope")
        .flat_map(|(_, value)| value.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

/// The part of a scope that allows reading.
fn pull_only(scope: &str) -> Option<String> {
    let (repository, actions) = scope_parts(scope)?;
    let pulls = actions
        .split(',')
        .any(|action| action == "pull" || action == "*");
    pulls.then(|| format!("repository:{repository}:pull"))
}
