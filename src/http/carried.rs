//! What is secret in a request, so that the answer can be shown without it: some servers repeat what they were sent.

use std::fmt;
use std::sync::Arc;

use ::http::HeaderMap;
use ::http::header::{AUTHORIZATION, CONTENT_TYPE};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::secrets;

/// Headers that are secret from end to end.
const HEADERS: [&str; 3] = [
    "x-amz-security-token",
    "x-amz-sso_bearer_token",
    "x-aws-ec2-metadata-token",
];

/// How the name of AWS's way to sign requests begins.
const AWS: &str = "AWS4-";

/// Fields of a form or of JSON that are secret.
const FIELDS: [&str; 5] = [
    "refresh_token",
    "password",
    "WebIdentityToken",
    "clientSecret",
    "refreshToken",
];

/// The secrets of a request; its answer has them among its extensions, where there are any.
#[derive(Clone, Default)]
pub(crate) struct Carried(Arc<[String]>);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secrets]")
    }
}

impl Carried {
    /// Those of `request`; none of them will be printed any more.
    pub(super) fn of(request: &reqwest::Request) -> Self {
        let headers = request.headers();
        let mut found = Vec::new();
        if let Some(value) = text(headers, AUTHORIZATION.as_str()) {
            add_authorization(value, &mut found);
        }
        found.extend(
            HEADERS
                .iter()
                .filter_map(|name| text(headers, name))
                .map(str::to_owned),
        );
        let body = request
            .body()
            .and_then(reqwest::Body::as_bytes)
            .unwrap_or_default();
        match text(headers, CONTENT_TYPE.as_str()) {
            Some(kind) if kind.contains("x-www-form-urlencoded") => {
                let fields = url::form_urlencoded::parse(body);
                found.extend(
                    fields
                        .filter(|(name, _)| is_field(name))
                        .map(|(_, value)| value.into_owned()),
                );
            }
            Some(kind) if kind.contains("json") => add_json(body, &mut found),
            _ => {}
        }
        found.retain(|secret| !secret.is_empty());
        for secret in &found {
            secrets::remember(secret);
        }
        // Of this request alone, so that there are as many as requests.
        let signature = text(headers, AUTHORIZATION.as_str()).and_then(signature);
        found.extend(signature.map(str::to_owned));
        Self(found.into())
    }

    /// Whether there is no secret in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of the request that `response` answers.
    pub(crate) fn by(response: &reqwest::Response) -> Self {
        response
            .extensions()
            .get::<Self>()
            .cloned()
            .unwrap_or_default()
    }

    /// What is said in answer, without them.
    pub(crate) fn blot(&self, text: &str) -> String {
        secrets::blot_out(text, &self.0).into_owned()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_field(name: &str) -> bool {
    FIELDS.contains(&name)
}

/// User name and access key are not secret.
fn add_authorization(value: &str, found: &mut Vec<String>) {
    let Some((scheme, rest)) = value.split_once(' ') else {
        return found.push(value.to_owned());
    };
    if scheme.starts_with(AWS) {
        return;
    }
    found.push(rest.to_owned());
    if scheme.eq_ignore_ascii_case("Basic")
        && let Ok(pair) = BASE64_STANDARD.decode(rest)
        && let Ok(pair) = String::from_utf8(pair)
        && let Some((_, password)) = pair.split_once(':')
    {
        found.push(password.to_owned());
    }
}

/// AWS's signature of the request.
fn signature(authorization: &str) -> Option<&str> {
    let (_, signature) = authorization.strip_prefix(AWS)?.split_once("Signature=")?;
    Some(signature)
}

/// Reads nothing else of the body: what is pushed is others' JSON, too.
fn add_json(body: &[u8], found: &mut Vec<String>) {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Fields<'b> {
        #[serde(borrow)]
        refresh_token: Option<&'b RawValue>,
        #[serde(borrow)]
        password: Option<&'b RawValue>,
        #[serde(borrow, rename = "WebIdentityToken")]
        web_identity_token: Option<&'b RawValue>,
        #[serde(borrow, rename = "clientSecret")]
        client_secret: Option<&'b RawValue>,
        #[serde(borrow, rename = "refreshToken")]
        other_refresh_token: Option<&'b RawValue>,
    }
    let fields: Fields<'_> = serde_json::from_slice(body).unwrap_or_default();
    let values = [
        fields.refresh_token,
        fields.password,
        fields.web_identity_token,
        fields.client_secret,
        fields.other_refresh_token,
    ];
    let texts = values.into_iter().flatten();
    found.extend(texts.filter_map(|value| serde_json::from_str(value.get()).ok()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(headers: &[(&str, &str)], body: &'static str) -> Vec<String> {
        let mut request = reqwest::Client::new().post("http://r.example/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).build().unwrap();
        Carried::of(&request).0.to_vec()
    }

    #[test]
    fn what_is_secret_in_a_request_is_known() {
        let form = (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        let json = ("content-type", "application/x-amz-json-1.1");
        for (headers, body, wanted) in [
            (
                &[("authorization", "Basic dTpIVVNIUFc=")][..],
                "",
                &["dTpIVVNIUFc=", "HUSHPW"][..],
            ),
            (&[("authorization", "Bearer a.b.c")], "", &["a.b.c"]),
            (
                &[("authorization", "of-a-container")],
                "",
                &["of-a-container"],
            ),
            (
                &[
                    (
                        "authorization",
                        "AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=0a1b",
                    ),
                    ("x-amz-security-token", "HUSHTOKEN"),
                ],
                "",
                &["HUSHTOKEN", "0a1b"],
            ),
            (
                &[form],
                "a=b&WebIdentityToken=x%2By&refresh_token=z",
                &["x+y", "z"],
            ),
            (&[json], r#"{"clientId":"i","clientSecret":"s"}"#, &["s"]),
            (&[json], "not JSON", &[]),
        ] {
            assert_eq!(carried(headers, body), wanted);
        }
    }
}
