//! The places where a machine in AWS gets its credentials, so that a client's credential chain can be tried on
//! loopback: containers (Amazon ECS, EKS Pod Identity), EC2 instance metadata (IMDS version 2), IAM Identity Center (SSO).

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    call::Call,
    identities::{Identities, TemporaryCredentials},
};

/// How long these credentials last.
const LIFE: Duration = Duration::hours(6);
/// AWS's bound on the life of an IMDS token.
const MAX_IMDS_TOKEN_SECONDS: u32 = 21_600;

/// Which one a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Container,
    ImdsToken,
    Imds,
    Sso,
}

impl Endpoint {
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        match (method.as_str(), path) {
            ("GET", "/credentials/container") => Some(Self::Container),
            ("PUT", "/latest/api/token") => Some(Self::ImdsToken),
            ("GET", path) if path.starts_with("/latest/") => Some(Self::Imds),
            ("GET", "/federation/credentials") => Some(Self::Sso),
            _ => None,
        }
    }

    /// The name in the recorded calls, and for faults.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Container => "credentials:Container",
            Self::ImdsToken => "credentials:ImdsToken",
            Self::Imds => "credentials:Imds",
            Self::Sso => "credentials:Sso",
        }
    }
}

/// What the endpoints work with.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) identities: &'a Identities,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) role: &'a str,
    /// What `Authorization` must be at the container endpoint; `None`: anything.
    pub(crate) container_token: Option<&'a str>,
    /// The bearer token of SSO; `None`: any.
    pub(crate) sso_token: Option<&'a str>,
    /// The token that IMDS gives out.
    pub(crate) imds_token: &'a str,
    pub(crate) real_now: OffsetDateTime,
}

pub(crate) fn handle(context: &Context<'_>, endpoint: Endpoint, call: &Call) -> Response<Bytes> {
    let header_is = |name: &str, expected: &str| {
        call.request
            .headers()
            .get(name)
            .is_some_and(|value| value.as_bytes() == expected.as_bytes())
    };
    match endpoint {
        Endpoint::Container => {
            if context
                .container_token
                .is_some_and(|token| !header_is("authorization", token))
            {
                return json_response(
                    StatusCode::UNAUTHORIZED,
                    &json!({ "code": "AccessDenied", "message": "the Authorization header is missing or wrong" }),
                );
            }
            let credentials = context.credentials(context.account, context.role, "container");
            json_response(StatusCode::OK, &keys(&credentials))
        }
        Endpoint::ImdsToken => imds_token(context, call),
        Endpoint::Imds => {
            if !header_is("x-aws-ec2-metadata-token", context.imds_token) {
                return text(StatusCode::UNAUTHORIZED, "401 - Unauthorized");
            }
            imds(context, call.request.uri().path())
        }
        Endpoint::Sso => sso(context, call),
    }
}

impl Context<'_> {
    fn credentials(&self, account: &str, role: &str, session: &str) -> TemporaryCredentials {
        self.identities
            .assume_role(account, role, session, self.real_now, LIFE)
    }
}

fn imds_token(context: &Context<'_>, call: &Call) -> Response<Bytes> {
    let ttl = call
        .request
        .headers()
        .get("x-aws-ec2-metadata-token-ttl-seconds");
    let ttl = ttl
        .and_then(|value| value.to_str().ok()?.parse::<u32>().ok())
        .filter(|ttl| (1..=MAX_IMDS_TOKEN_SECONDS).contains(ttl));
    let Some(ttl) = ttl else {
        return text(StatusCode::BAD_REQUEST, "400 - Bad Request");
    };
    let mut response = text(StatusCode::OK, context.imds_token);
    response.headers_mut().insert(
        "x-aws-ec2-metadata-token-ttl-seconds",
        HeaderValue::from(ttl),
    );
    response
}

fn imds(context: &Context<'_>, path: &str) -> Response<Bytes> {
    match path.trim_end_matches('/') {
        "/latest/meta-data/placement/region" => text(StatusCode::OK, context.region),
        "/latest/meta-data/iam/security-credentials" => text(StatusCode::OK, context.role),
        path => match path.strip_prefix("/latest/meta-data/iam/security-credentials/") {
            Some(role) if role == context.role => {
                let credentials = context.credentials(context.account, role, "i-0123456789abcdef0");
                let mut answer = keys(&credentials);
                if let Some(members) = answer.as_object_mut() {
                    members.insert("Code".to_owned(), json!("Success"));
                    members.insert("Type".to_owned(), json!("AWS-HMAC"));
                    members.insert("LastUpdated".to_owned(), json!(rfc3339(context.real_now)));
                }
                json_response(StatusCode::OK, &answer)
            }
            _ => text(StatusCode::NOT_FOUND, "404 - Not Found"),
        },
    }
}

fn sso(context: &Context<'_>, call: &Call) -> Response<Bytes> {
    let token = call
        .request
        .headers()
        .get("x-amz-sso_bearer_token")
        .and_then(|value| value.to_str().ok());
    let is_accepted =
        token.is_some_and(|token| context.sso_token.is_none_or(|expected| expected == token));
    if !is_accepted {
        let mut response = json_response(
            StatusCode::UNAUTHORIZED,
            &json!({ "message": "Session token not found or invalid" }),
        );
        response.headers_mut().insert(
            "x-amzn-errortype",
            HeaderValue::from_static("UnauthorizedException"),
        );
        return response;
    }
    let query = call.request.uri().query().unwrap_or_default().as_bytes();
    let parameter = |name: &str| {
        form_urlencoded::parse(query)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let (Some(role), Some(account)) = (parameter("role_name"), parameter("account_id")) else {
        return json_response(
            StatusCode::BAD_REQUEST,
            &json!({ "message": "role_name and account_id are required" }),
        );
    };
    let credentials = context.credentials(&account, &role, "sso");
    let answer = json!({
        "roleCredentials": {
            "accessKeyId": credentials.access_key_id,
            "secretAccessKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
            "expiration": credentials.expiration.unix_timestamp() * 1_000,
        },
    });
    json_response(StatusCode::OK, &answer)
}

/// Credentials in the form that containers and instances get them.
fn keys(credentials: &TemporaryCredentials) -> Value {
    json!({
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": rfc3339(credentials.expiration),
    })
}

fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

fn text(status: StatusCode, body: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
