//! What requests say: members of the body, values of the query, pages of lists.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::Context;
use super::names::invalid;
use crate::error::AwsError;

/// The body as `T`.
pub(super) fn body<T: DeserializeOwned>(context: &Context<'_>) -> Result<T, AwsError> {
    T::deserialize(context.body)
        .map_err(|error| AwsError::client("InvalidRequestContentException", error.to_string()))
}

/// A value of the query.
pub(super) fn query(context: &Context<'_>, name: &str) -> Option<String> {
    let query = context.request.uri().query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The page of `items` that `Marker` and `MaxItems` ask for, as `{member: [...], "NextMarker": ...}`. Each comes with its
/// key, by which they are sorted.
pub(super) fn page(
    context: &Context<'_>,
    member: &str,
    items: Vec<(String, Value)>,
) -> Result<Value, AwsError> {
    /// Lambda gives at most so many, whatever it is asked.
    const MOST: usize = 50;
    let most = query(context, "MaxItems").map_or(Ok(MOST), |text| {
        let number = text.parse::<usize>().ok();
        number
            .filter(|number| (1..=10_000).contains(number))
            .map(|number| number.min(MOST))
            .ok_or_else(|| {
                invalid(&format!(
                    "1 validation error detected: Value '{text}' at 'maxItems' failed to satisfy constraint"
                ))
            })
    })?;
    let after = query(context, "Marker");
    let mut rest: Vec<_> = items
        .into_iter()
        .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
        .collect();
    let has_more = rest.len() > most;
    rest.truncate(most);
    let next = rest.last().filter(|_| has_more).map(|(key, _)| key.clone());
    let values: Vec<Value> = rest.into_iter().map(|(_, value)| value).collect();
    Ok(json!({ member: values, "NextMarker": next }))
}

/// A time as Lambda writes it.
pub(super) fn timestamp(time: OffsetDateTime) -> String {
    let text = time.format(&Rfc3339).unwrap_or_default();
    text.replace('Z', ".000+0000")
}
