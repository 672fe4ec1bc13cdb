//! What AWS's answer to `GetRevocationStatus` says, read strictly: an answer that is not AWS's must not
//! say "nothing was revoked" by accident.
//!
//! Not checked here: whether what was revoked is among what was asked about ([`super::question`]).

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde_json::{Map, Value};

use crate::json;
use crate::limits::{MAX_NEAR_NAME_EDITS, MAX_REVOCATION_ANSWER_BYTES};

/// The member that says what was revoked.
const REVOKED_ENTITIES: &str = "revokedEntities";

/// Why an answer says nothing about revocation.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// Another status than 200.
    #[error("its status is {found}, wanted 200")]
    Status { found: u16 },
    /// Another media type than that of AWS's answers, none, or more than one.
    #[error("its type is `{found}`, wanted `application/json`")]
    ContentType { found: String },
    /// An error, although the status is that of a success.
    #[error("it has the header `x-amzn-ErrorType: {found}`")]
    ErrorType { found: String },
    /// More bytes than any answer about a few certificates.
    #[error("it has {found} bytes, more than {MAX_REVOCATION_ANSWER_BYTES}")]
    TooLong { found: usize },
    /// Not one JSON object.
    #[error(transparent)]
    Json(json::Error),
    /// The list of what was revoked is another value.
    #[error("its member `{REVOKED_ENTITIES}` is not a list of strings")]
    NotStrings,
    /// A member that an error has, or one whose name is nearly that of the list.
    #[error("it has the member `{name}`, which no answer of AWS about revocation has")]
    Member { name: String },
    /// Something, and not the list of what was revoked.
    #[error("it lacks the member `{REVOKED_ENTITIES}`")]
    NoList,
    /// Nothing, and no sign that AWS said it.
    #[error("it is an empty object without the header `x-amzn-RequestId`")]
    EmptyWithoutId,
}

/// What was revoked, as the answer says.
pub(super) fn read(answer: &HttpResponse) -> Result<Vec<String>, Unusable> {
    let headers = answer.headers();
    let found = answer.status().as_u16();
    if found != 200 {
        return Err(Unusable::Status { found });
    }
    let types: Vec<&str> = headers.get_all("content-type").collect();
    if !matches!(types.as_slice(), [one] if is_json(one)) {
        let found = types.join(", ");
        return Err(Unusable::ContentType { found });
    }
    if let Some(found) = headers.get("x-amzn-errortype") {
        let found = found.to_owned();
        return Err(Unusable::ErrorType { found });
    }
    let body = answer.body().bytes().unwrap_or_default();
    if u64::try_from(body.len()).map_or(true, |found| found > MAX_REVOCATION_ANSWER_BYTES) {
        return Err(Unusable::TooLong { found: body.len() });
    }
    let members = json::parse_object(body).map_err(Unusable::Json)?;
    if let Some(name) = members.keys().find(|name| is_out_of_place(name)) {
        let name = name.clone();
        return Err(Unusable::Member { name });
    }
    match members.get(REVOKED_ENTITIES) {
        Some(list) => strings(list).ok_or(Unusable::NotStrings),
        None => absent(&members, headers.get("x-amzn-requestid")),
    }
}

/// What an answer means that does not say what was revoked. AWS's own plugin takes it for "nothing",
/// and the API's model lets AWS leave out an empty list; whether AWS does so was not seen. This is the
/// one place that decides it: nothing was revoked, if the object is empty and AWS's name for the request
/// comes with it.
fn absent(members: &Map<String, Value>, request_id: Option<&str>) -> Result<Vec<String>, Unusable> {
    if !members.is_empty() {
        return Err(Unusable::NoList);
    }
    match request_id {
        Some(id) if !id.trim().is_empty() => Ok(Vec::new()),
        _ => Err(Unusable::EmptyWithoutId),
    }
}

fn strings(list: &Value) -> Option<Vec<String>> {
    let text = |entity: &Value| entity.as_str().map(str::to_owned);
    list.as_array()?.iter().map(text).collect()
}

/// `application/json` or `application/x-amz-json-1.x`, whatever its parameters.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let version = essence.strip_prefix("application/x-amz-json-1.");
    essence == "application/json"
        || version.is_some_and(|version| {
            !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Whether the member is one of an error, or a near spelling of the one that is wanted.
fn is_out_of_place(name: &str) -> bool {
    if name == REVOKED_ENTITIES {
        return false;
    }
    let lower = name.to_lowercase();
    let letters: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    let wanted = REVOKED_ENTITIES.to_ascii_lowercase();
    let is_near =
        letters == "revoked" || strsim::levenshtein(&letters, &wanted) <= MAX_NEAR_NAME_EDITS;
    let is_error = lower.trim() == "__type"
        || matches!(letters.as_str(), "message" | "code")
        || letters.starts_with("error");
    is_near || is_error
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> HttpResponse {
        let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            answer.headers_mut().append(*name, *value);
        }
        answer
    }

    const TYPE: (&str, &str) = ("content-type", "application/json");
    const ID: (&str, &str) = ("x-amzn-requestid", "r-1");

    fn said(body: &str) -> Result<Vec<String>, String> {
        read(&answer(200, &[TYPE, ID], body)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_is_read_and_further_members_are_passed_over() {
        for body in [
            r#"{"revokedEntities":[]}"#,
            r#" {"revokedEntities" : [ ] } "#,
            "{}",
            r#"{"revokedEntities":[],"new":1,"nextToken":null,"type":"x","entities":["a"]}"#,
        ] {
            assert_eq!(said(body), Ok(Vec::new()), "{body}");
        }
        let body = r#"{"revokedEntities":["a","a","b"]}"#;
        assert_eq!(said(body).unwrap(), ["a", "a", "b"]);
    }

    #[test]
    fn the_list_is_there_as_the_api_has_it_or_the_answer_is_none() {
        let not_strings = "its member `revokedEntities` is not a list of strings";
        for value in ["null", "\"x\"", "{}", "[1]", "[null]", "[[\"x\"]]", "false"] {
            let body = format!(r#"{{"revokedEntities":{value}}}"#);
            assert_eq!(said(&body).unwrap_err(), not_strings, "{body}");
        }
        for body in [r#"{"status":"ok"}"#, r#"{"new":1}"#, r#"{"":[]}"#] {
            let error = said(body).unwrap_err();
            assert_eq!(error, "it lacks the member `revokedEntities`", "{body}");
        }
        for body in [
            r#"{"revokedEntities":["a"],"revokedEntities":[]}"#,
            r#"{"revokedEntities":[],"revoked\u0045ntities":["a"]}"#,
            r#"{"revokedEntities":[],"new":{"a":1,"a":2}}"#,
        ] {
            assert!(said(body).unwrap_err().ends_with("occurs twice"), "{body}");
        }
        for body in ["", "[]", "null", "{}x", "\u{feff}{}", "<html></html>"] {
            said(body).unwrap_err();
        }
    }

    #[test]
    fn no_more_is_read_than_is_kept() {
        let limit = usize::try_from(MAX_REVOCATION_ANSWER_BYTES).unwrap();
        let good = r#"{"revokedEntities":[]}"#;
        let body = |length: usize| format!("{good}{}", " ".repeat(length - good.len()));
        assert_eq!(said(&body(limit)), Ok(Vec::new()));
        let words = format!("it has {} bytes, more than {limit}", limit + 1);
        assert_eq!(said(&body(limit + 1)), Err(words));
    }

    #[test]
    fn a_near_spelling_or_a_member_of_an_error_refuses_beside_the_list_too() {
        for name in [
            "RevokedEntities",
            "revokedentities",
            "revoked_entities",
            "revoked-entities",
            "revoked entities",
            "revokedEntities ",
            "revokedEntities\u{200b}",
            "r\u{435}vokedEntities",
            "revokedEntity",
            "revokedEntites",
            "revoked",
            "message",
            "Message",
            "code",
            "__type",
            "__Type",
            "error",
            "errors",
            "Error",
            "errorMessage",
            "error_code",
        ] {
            for rest in ["", r#","revokedEntities":[]"#] {
                let body = format!("{{{}:[]{rest}}}", Value::from(name));
                assert!(
                    matches!(
                        read(&answer(200, &[TYPE, ID], &body)),
                        Err(Unusable::Member { name: found }) if found == name
                    ),
                    "{body}"
                );
            }
        }
    }

    #[test]
    fn the_answer_comes_as_aws_sends_it() {
        let good = r#"{"revokedEntities":[]}"#;
        for media_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/x-amz-json-1.0",
            "application/x-amz-json-1.1",
        ] {
            read(&answer(200, &[("content-type", media_type)], good)).unwrap();
        }
        for types in [
            &[][..],
            &[("content-type", "text/html")],
            &[("content-type", "application/json2")],
            &[("content-type", "application/x-amz-json-1.")],
            &[("content-type", "application/x-amz-json-2.0")],
            &[("content-type", "application/problem+json")],
            &[TYPE, ("content-type", "text/html")],
            &[TYPE, TYPE],
        ] {
            let error = read(&answer(200, types, good)).unwrap_err();
            assert!(matches!(error, Unusable::ContentType { .. }), "{types:?}");
        }
        for error_type in ["AccessDeniedException", ""] {
            let headers = [TYPE, ID, ("x-amzn-errortype", error_type)];
            let error = read(&answer(200, &headers, good)).unwrap_err();
            assert!(matches!(error, Unusable::ErrorType { .. }), "{error_type}");
        }
        for status in [100, 201, 204, 206, 302, 404, 500] {
            let error = read(&answer(status, &[TYPE, ID], good)).unwrap_err();
            assert!(matches!(error, Unusable::Status { found } if found == status));
        }
        for headers in [&[TYPE][..], &[TYPE, ("x-amzn-requestid", " ")]] {
            let error = read(&answer(200, headers, "{}")).unwrap_err();
            assert!(matches!(error, Unusable::EmptyWithoutId));
        }
    }
}
