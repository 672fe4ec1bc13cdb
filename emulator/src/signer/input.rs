//! A request's parameters, checked against the API model's constraints. All that is wrong is said in one error.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::error::AwsError;

/// A regular expression of the model as text, and the same as code.
type Pattern = (&'static str, fn(&str) -> bool);

/// Constraints of one string shape of the model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    min: usize,
    max: usize,
    pattern: Option<Pattern>,
    values: &'static [&'static str],
}

const ANY: Rule = Rule {
    min: 0,
    max: usize::MAX,
    pattern: None,
    values: &[],
};

pub(crate) const STRING: Rule = ANY;
pub(crate) const PROFILE_NAME: Rule = Rule {
    min: 2,
    max: 64,
    pattern: Some(("^[a-zA-Z0-9_]{2,}", |text| {
        text.len() >= 2
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })),
    ..ANY
};
pub(crate) const PROFILE_VERSION: Rule = Rule {
    min: 10,
    max: 10,
    pattern: Some(("^[a-zA-Z0-9]{10}$", |text| {
        text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })),
    ..ANY
};
pub(crate) const ACCOUNT_ID: Rule = Rule {
    min: 12,
    max: 12,
    pattern: Some(("^[0-9]{12}$", |text| {
        text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
    })),
    ..ANY
};
pub(crate) const ARN: Rule = Rule {
    min: 20,
    max: 2048,
    ..ANY
};
pub(crate) const REVOCATION_REASON: Rule = Rule {
    min: 1,
    max: 500,
    ..ANY
};
pub(crate) const SIGNING_STATUS: Rule = Rule {
    values: &["InProgress", "Failed", "Succeeded"],
    ..ANY
};
pub(crate) const PROFILE_STATUS: Rule = Rule {
    values: &["Active", "Canceled", "Revoked"],
    ..ANY
};
pub(crate) const VALIDITY_TYPE: Rule = Rule {
    values: &["DAYS", "MONTHS", "YEARS"],
    ..ANY
};
pub(crate) const TAG_VALUE: Rule = Rule { max: 256, ..ANY };
/// In this pattern `+-=` is a range, which has the digits in it.
pub(crate) const TAG_KEY: Rule = Rule {
    min: 1,
    max: 128,
    pattern: Some(("^(?!aws:)[a-zA-Z+-=._:/]+$", |text| {
        !text.starts_with("aws:")
            && text.chars().all(|c| {
                c.is_ascii_alphabetic()
                    || ('+'..='=').contains(&c)
                    || matches!(c, '.' | '_' | ':' | '/')
            })
    })),
    ..ANY
};

/// Body and query of a request, and what was found wrong so far.
#[derive(Debug)]
pub(crate) struct Input {
    body: Map<String, Value>,
    query: Vec<(String, String)>,
    violations: Vec<String>,
}

impl Input {
    pub(crate) fn of(request: &Request<Bytes>) -> Result<Self, AwsError> {
        let body = if request.body().is_empty() {
            Map::new()
        } else {
            serde_json::from_slice(request.body()).map_err(|error| {
                AwsError::client(
                    "SerializationException",
                    format!("The request body is not a JSON object: {error}"),
                )
            })?
        };
        let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        Ok(Self {
            body,
            query,
            violations: Vec::new(),
        })
    }

    /// The error that names all violations, if there are any.
    pub(crate) fn finish(self) -> Result<(), AwsError> {
        if self.violations.is_empty() {
            return Ok(());
        }
        let count = self.violations.len();
        let errors = if count == 1 { "error" } else { "errors" };
        Err(AwsError::client(
            "ValidationException",
            format!(
                "{count} validation {errors} detected: {}",
                self.violations.join("; ")
            ),
        ))
    }

    fn violation(&mut self, name: &str, value: Option<&str>, constraint: &str) {
        let value = value.map(|value| format!(" '{value}'")).unwrap_or_default();
        self.violations.push(format!(
            "Value{value} at '{name}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// Checks a value, such as a parameter of the path.
    pub(crate) fn check(&mut self, name: &str, value: &str, rule: Rule) {
        let length = value.chars().count();
        if length < rule.min {
            let constraint = format!(
                "Member must have length greater than or equal to {}",
                rule.min
            );
            self.violation(name, Some(value), &constraint);
        }
        if length > rule.max {
            let constraint = format!("Member must have length less than or equal to {}", rule.max);
            self.violation(name, Some(value), &constraint);
        }
        if let Some((pattern, _)) = rule.pattern.filter(|(_, matches)| !matches(value)) {
            let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
            self.violation(name, Some(value), &constraint);
        }
        if !rule.values.is_empty() && !rule.values.contains(&value) {
            let constraint = format!(
                "Member must satisfy enum value set: [{}]",
                rule.values.join(", ")
            );
            self.violation(name, Some(value), &constraint);
        }
    }

    fn required(&mut self, name: &str, value: Option<String>) -> String {
        value.unwrap_or_else(|| {
            self.violation(name, None, "Member must not be null");
            String::new()
        })
    }

    /// A member of the body that may be absent. `null` is absent.
    pub(crate) fn member(&mut self, name: &str) -> Option<Value> {
        self.body
            .get(name)
            .filter(|value| !value.is_null())
            .cloned()
    }

    /// A string of the body that may be absent.
    pub(crate) fn optional_body_text(
        &mut self,
        name: &str,
        rule: Rule,
    ) -> Result<Option<String>, AwsError> {
        let Some(value) = self.member(name) else {
            return Ok(None);
        };
        let Value::String(text) = value else {
            return Err(wrong_type(name, "a string"));
        };
        self.check(name, &text, rule);
        Ok(Some(text))
    }

    /// A string of the body; empty if absent, and then `finish` fails.
    pub(crate) fn body_text(&mut self, name: &str, rule: Rule) -> Result<String, AwsError> {
        let value = self.optional_body_text(name, rule)?;
        Ok(self.required(name, value))
    }

    /// A time of the body, in seconds since 1970; the epoch if absent, and then `finish` fails.
    pub(crate) fn body_time(&mut self, name: &str) -> Result<OffsetDateTime, AwsError> {
        let Some(value) = self.member(name) else {
            self.violation(name, None, "Member must not be null");
            return Ok(OffsetDateTime::UNIX_EPOCH);
        };
        let time = match value {
            Value::Number(number) => seconds(&number.to_string()),
            Value::String(text) => OffsetDateTime::parse(&text, &Rfc3339).ok(),
            _ => None,
        };
        time.ok_or_else(|| wrong_type(name, "a number of seconds since 1970"))
    }

    /// A string of the query that may be absent.
    pub(crate) fn optional_query_text(&mut self, name: &str, rule: Rule) -> Option<String> {
        let value = self
            .query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())?;
        self.check(name, &value, rule);
        Some(value)
    }

    /// A string of the query; empty if absent, and then `finish` fails.
    pub(crate) fn query_text(&mut self, name: &str, rule: Rule) -> String {
        let value = self.optional_query_text(name, rule);
        self.required(name, value)
    }

    /// All values of a repeated key of the query.
    pub(crate) fn query_list(&mut self, name: &str, rule: Rule) -> Vec<String> {
        let values: Vec<String> = self
            .query
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
            .collect();
        for (index, value) in values.iter().enumerate() {
            self.check(&format!("{name}.{}.member", index + 1), value, rule);
        }
        values
    }

    /// As [`Self::query_list`]; `finish` fails without a value.
    pub(crate) fn required_query_list(&mut self, name: &str, rule: Rule) -> Vec<String> {
        let values = self.query_list(name, rule);
        if values.is_empty() {
            self.violation(name, None, "Member must not be null");
        }
        values
    }

    /// A time of the query, RFC 3339.
    pub(crate) fn optional_query_time(
        &mut self,
        name: &str,
    ) -> Result<Option<OffsetDateTime>, AwsError> {
        let Some(text) = self.optional_query_text(name, ANY) else {
            return Ok(None);
        };
        let time = OffsetDateTime::parse(&text, &Rfc3339)
            .ok()
            .or_else(|| seconds(&text));
        time.map(Some)
            .ok_or_else(|| wrong_type(name, "a date and time of RFC 3339"))
    }

    /// As [`Self::optional_query_time`]; `finish` fails without one.
    pub(crate) fn query_time(&mut self, name: &str) -> Result<OffsetDateTime, AwsError> {
        let time = self.optional_query_time(name)?;
        if time.is_none() {
            self.violation(name, None, "Member must not be null");
        }
        Ok(time.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// `true` or `false` of the query.
    pub(crate) fn optional_query_bool(&mut self, name: &str) -> Result<Option<bool>, AwsError> {
        match self.optional_query_text(name, ANY).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(wrong_type(name, "true or false")),
        }
    }

    /// `maxResults`, 1 to 25; 25 if absent.
    pub(crate) fn max_results(&mut self) -> Result<usize, AwsError> {
        const MAX: usize = 25;
        let Some(text) = self.optional_query_text("maxResults", ANY) else {
            return Ok(MAX);
        };
        let number: i64 = text
            .parse()
            .map_err(|_| wrong_type("maxResults", "an integer"))?;
        if number < 1 {
            self.violation(
                "maxResults",
                Some(&text),
                "Member must have value greater than or equal to 1",
            );
        } else if number > 25 {
            self.violation(
                "maxResults",
                Some(&text),
                "Member must have value less than or equal to 25",
            );
        }
        Ok(usize::try_from(number).unwrap_or(1).clamp(1, MAX))
    }

    /// A map of strings in the body, with 1 to 200 members.
    pub(crate) fn tags(&mut self) -> Result<Option<Vec<(String, String)>>, AwsError> {
        let Some(value) = self.member("tags") else {
            return Ok(None);
        };
        let Value::Object(members) = value else {
            return Err(wrong_type("tags", "an object"));
        };
        if members.is_empty() {
            self.violation(
                "tags",
                Some("{}"),
                "Member must have length greater than or equal to 1",
            );
        }
        if members.len() > 200 {
            self.violation(
                "tags",
                None,
                "Member must have length less than or equal to 200",
            );
        }
        let mut tags = Vec::new();
        for (key, value) in members {
            let Value::String(value) = value else {
                return Err(wrong_type("tags", "an object of strings"));
            };
            self.check("tags.key", &key, TAG_KEY);
            self.check("tags.value", &value, TAG_VALUE);
            tags.push((key, value));
        }
        Ok(Some(tags))
    }
}

/// Seconds since 1970, with a fraction perhaps, which is dropped.
fn seconds(text: &str) -> Option<OffsetDateTime> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    OffsetDateTime::from_unix_timestamp(whole.parse().ok()?).ok()
}

fn wrong_type(name: &str, expected: &str) -> AwsError {
    AwsError::new(
        StatusCode::BAD_REQUEST,
        "SerializationException",
        format!("'{name}' must be {expected}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(uri: &str, body: &str) -> Input {
        Input::of(
            &Request::builder()
                .uri(uri)
                .body(Bytes::copy_from_slice(body.as_bytes()))
                .unwrap(),
        )
        .unwrap()
    }

    fn refused(rule: Rule, value: &str) -> bool {
        let mut input = input("/", "");
        input.check("it", value, rule);
        input.finish().is_err()
    }

    #[test]
    fn each_rule_at_its_limit_and_one_past() {
        assert!(!refused(PROFILE_NAME, "ab"));
        assert!(refused(PROFILE_NAME, "a"));
        assert!(!refused(PROFILE_NAME, &"a".repeat(64)));
        assert!(refused(PROFILE_NAME, &"a".repeat(65)));
        assert!(refused(PROFILE_NAME, "with-dash"));
        assert!(!refused(PROFILE_VERSION, "awUPb84ibN"));
        assert!(refused(PROFILE_VERSION, "awUPb84ib"));
        assert!(!refused(ACCOUNT_ID, "111122223333"));
        assert!(refused(ACCOUNT_ID, "11112222333"));
        assert!(!refused(REVOCATION_REASON, &"r".repeat(500)));
        assert!(refused(REVOCATION_REASON, &"r".repeat(501)));
        assert!(!refused(TAG_KEY, "team:5/x"));
        assert!(refused(TAG_KEY, "aws:team"));
        assert!(refused(TAG_KEY, "a b"));
    }

    #[test]
    fn all_violations_in_one_message() {
        let mut input = input("/?maxResults=26", r#"{"profileName": "a"}"#);
        input.body_text("profileName", PROFILE_NAME).unwrap();
        input.body_text("payloadFormat", STRING).unwrap();
        input.max_results().unwrap();
        assert_eq!(
            input.finish().unwrap_err().message,
            "4 validation errors detected: \
             Value 'a' at 'profileName' failed to satisfy constraint: Member must have length greater than or equal to 2; \
             Value 'a' at 'profileName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9_]{2,}; \
             Value at 'payloadFormat' failed to satisfy constraint: Member must not be null; \
             Value '26' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 25"
        );
    }

    #[test]
    fn a_wrong_type_is_not_a_missing_member() {
        let mut input = input("/", r#"{"profileName": 5}"#);
        let error = input.body_text("profileName", PROFILE_NAME).unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("SerializationException", "'profileName' must be a string")
        );
    }
}
