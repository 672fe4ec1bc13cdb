//! Who may do what: the challenge, and the check of what the client answers it with.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::{
    error::OciError,
    host::RegistryId,
    name::is_name,
    options::Access,
    route::Route,
    tokens::{BEARER_LIFETIME, Bearer, Refused, Tokens},
};
use crate::call::Call;

/// The name that the token service and the challenges use.
const SERVICE: &str = "countersign-emulator";

/// Scopes of one token request that are read.
const MAX_SCOPES: usize = 32;

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
) -> Result<Granted, Response<Bytes>> {
    match access {
        Access::Open => Ok(Granted::All),
        Access::Ecr => check_ecr(tokens, registry, call),
        Access::Basic { username, password } => match basic(call) {
            Some((user, secret)) if user == *username && secret == *password => Ok(Granted::All),
            _ => Err(challenge(
                OciError::unauthorized("authentication required").into_response(),
                "Basic realm=\"countersign-emulator\"",
            )),
        },
        Access::Bearer { .. } => check_bearer(tokens, route, call),
    }
}

/// Amazon ECR: the user `AWS` with a password of `GetAuthorizationToken`.
fn check_ecr(
    tokens: &Tokens,
    registry: &RegistryId,
    call: &Call,
) -> Result<Granted, Response<Bytes>> {
    let refused = match basic(call) {
        Some((user, password)) if user == "AWS" => {
            match tokens.check_password(&password, registry, call.now) {
                Ok(()) => return Ok(Granted::All),
                Err(refused) => refused,
            }
        }
        _ => Refused::Invalid,
    };
    match refused {
        Refused::Expired => {
            let message = "Your authorization token has expired. Reauthenticate and try again.";
            Err(OciError::denied(message).into_response())
        }
        Refused::Invalid => {
            let mut response = Response::new(Bytes::from_static(b"Not Authorized\n"));
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, text);
            let realm = format!(
                "Basic realm=\"{}/\",service=\"ecr.amazonaws.com\"",
                call.origin
            );
            Err(challenge(response, &realm))
        }
    }
}

fn check_bearer(tokens: &Tokens, route: &Route, call: &Call) -> Result<Granted, Response<Bytes>> {
    let actions = actions(call.request.method());
    let required = route
        .name()
        .map(|name| format!("repository:{name}:{actions}"));
    let problem =
        match authorization(call, "bearer").map(|token| tokens.check_bearer(&token, call.now)) {
            None => "",
            Some(Err(_)) => ",error=\"invalid_token\"",
            Some(Ok(bearer)) => {
                let granted = Granted::Token(bearer);
                let allowed = |name: &str| {
                    actions
                        .split(',')
                        .all(|action| granted.allows(name, action))
                };
                if route.name().is_none_or(allowed) {
                    return Ok(granted);
                }
                ",error=\"insufficient_scope\""
            }
        };
    // A name that is none is repeated in no header.
    let is_good_name = route.name().is_none_or(is_name);
    let scope = match required {
        Some(scope) if is_good_name => format!(",scope=\"{scope}\""),
        _ => String::new(),
    };
    let realm = format!(
        "Bearer realm=\"{}/_token\",service=\"{SERVICE}\"{scope}{problem}",
        call.origin
    );
    Err(challenge(
        OciError::unauthorized("authentication required").into_response(),
        &realm,
    ))
}

fn actions(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "pull",
        Method::DELETE => "delete",
        _ => "pull,push",
    }
}

fn challenge(mut response: Response<Bytes>, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    response
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

/// Answers the token service: everything that is asked for to the right user, reading to nobody in particular where the
/// options say so.
pub(super) fn token(
    access: &Access,
    tokens: &Tokens,
    call: &Call,
) -> Result<Response<Bytes>, Response<Bytes>> {
    let Access::Bearer {
        username,
        password,
        anonymous_pull,
    } = access
    else {
        return Err(OciError::no_such_path().into_response());
    };
    if call.request.method() != Method::GET {
        return Err(OciError::method_not_allowed().into_response());
    }
    let has_credentials = call.request.headers().contains_key(header::AUTHORIZATION);
    let is_known =
        basic(call).is_some_and(|(user, secret)| user == *username && secret == *password);
    if !is_known && (has_credentials || !anonymous_pull) {
        let response = OciError::unauthorized("authentication required").into_response();
        return Err(challenge(response, "Basic realm=\"countersign-emulator\""));
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
    let mut response = Response::new(Bytes::from(body.to_string()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
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
