//! Pages of a listing: `nextToken` is the key of the last item, opaque to clients.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::store::validation;
use crate::error::AwsError;

/// What a token begins with, so that another listing's token or a made-up one is refused.
const PREFIX: &str = "after:";

/// At most `max` of `items` (sorted by key), from behind the one that `token` names, and the next token.
pub(crate) fn page(
    items: Vec<(String, Value)>,
    token: Option<&str>,
    max: usize,
) -> Result<(Vec<Value>, Option<String>), AwsError> {
    let after = token.map(parse).transpose()?;
    let mut rest: Vec<_> = items
        .into_iter()
        .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
        .collect();
    let has_more = rest.len() > max;
    rest.truncate(max);
    let next = rest
        .last()
        .filter(|_| has_more)
        .map(|(key, _)| URL_SAFE_NO_PAD.encode(format!("{PREFIX}{key}")));
    Ok((rest.into_iter().map(|(_, value)| value).collect(), next))
}

fn parse(token: &str) -> Result<String, AwsError> {
    let key = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    key.as_deref()
        .and_then(|key| key.strip_prefix(PREFIX))
        .map(str::to_owned)
        .ok_or_else(|| validation("Invalid nextToken"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(keys: &[&str]) -> Vec<(String, Value)> {
        keys.iter()
            .map(|key| ((*key).to_owned(), json!(key)))
            .collect()
    }

    #[test]
    fn pages_go_on_behind_the_last_item() {
        let (first, token) = page(items(&["a", "b", "c"]), None, 2).unwrap();
        assert_eq!(first, [json!("a"), json!("b")]);
        // One came in between: none is lost, none is repeated.
        let (second, none) = page(items(&["a", "aa", "b", "c"]), token.as_deref(), 2).unwrap();
        assert_eq!((second, none), (vec![json!("c")], None));
    }

    #[test]
    fn a_full_last_page_has_no_token() {
        assert_eq!(page(items(&["a", "b"]), None, 2).unwrap().1, None);
    }

    #[test]
    fn a_made_up_token() {
        assert_eq!(
            page(items(&["a"]), Some("bm8"), 2).unwrap_err().message,
            "Invalid nextToken"
        );
    }
}
