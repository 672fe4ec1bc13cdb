//! An image index as text: every user who may push writes it, so it is read member by member, and never
//! into a tree, which takes a hundred times the bytes. Where an entry is added, all else stays as it is.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::oci::Descriptor;

const MANIFESTS: &str = "manifests";

/// Gives `each` the members of the object `bytes`, one after the other.
///
/// # Errors
///
/// What is wrong with it; that it has two lists of manifests, too.
pub(super) fn for_each_member(
    bytes: &[u8],
    each: &mut dyn FnMut(&str, &RawValue),
) -> Result<(), serde_json::Error> {
    struct Members<'a>(&'a mut dyn FnMut(&str, &RawValue));
    impl<'de> Visitor<'de> for Members<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an image index, an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
            let mut has_list = false;
            while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                let is_list = name == MANIFESTS;
                if is_list && has_list {
                    return Err(A::Error::custom("member `manifests` occurs twice"));
                }
                has_list |= is_list;
                (self.0)(&name, members.next_value::<&'de RawValue>()?);
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    deserializer.deserialize_map(Members(each))?;
    deserializer.end()
}

/// Gives `each` the entries of the list of manifests in the index `bytes`, one after the other.
///
/// # Errors
///
/// As [`for_each_member`], and that the list is something else. `null` stands for an empty one.
pub(super) fn for_each_entry(
    bytes: &[u8],
    each: &mut dyn FnMut(&str),
) -> Result<(), serde_json::Error> {
    struct Entries<'a>(&'a mut dyn FnMut(&str));
    impl<'de> DeserializeSeed<'de> for Entries<'_> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_seq(self)
        }
    }
    impl<'de> Visitor<'de> for Entries<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of descriptors")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
            while let Some(entry) = entries.next_element::<&'de RawValue>()? {
                (self.0)(entry.get());
            }
            Ok(())
        }
    }
    let mut read = Ok(());
    for_each_member(bytes, &mut |name, value| {
        if name == MANIFESTS && value.get() != "null" {
            let mut deserializer = serde_json::Deserializer::from_str(value.get());
            read = Entries(each).deserialize(&mut deserializer);
        }
    })?;
    read
}

/// The text that `raw` is; nothing for another value.
pub(super) fn lenient_text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

/// Whether the index `bytes` lists `manifest` as it is.
///
/// # Errors
///
/// As [`for_each_entry`].
pub(super) fn contains(bytes: &[u8], manifest: &Descriptor) -> Result<bool, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Described {
        media_type: String,
        digest: String,
        size: u64,
    }
    let mut is_listed = false;
    for_each_entry(bytes, &mut |entry| {
        is_listed |= entry.starts_with('{')
            && serde_json::from_str::<Described>(entry).is_ok_and(|described| {
                described.digest == manifest.digest().as_ref()
                    && described.media_type == manifest.media_type().as_ref()
                    && described.size == manifest.size()
            });
    })?;
    Ok(is_listed)
}

/// The index `bytes` with `entry` at the end of its list.
///
/// # Errors
///
/// As [`for_each_entry`].
pub(super) fn with_entry(bytes: &[u8], entry: &str) -> Result<String, serde_json::Error> {
    let mut text = String::with_capacity(bytes.len().saturating_add(entry.len() + 64));
    let mut has_list = false;
    let mut is_list = true;
    for_each_member(bytes, &mut |name, value| {
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push_str(&Value::from(name).to_string());
        text.push(':');
        let value = value.get();
        if name != MANIFESTS {
            text.push_str(value);
            return;
        }
        has_list = true;
        match value.strip_suffix(']') {
            Some(entries) if value.starts_with('[') => {
                text.push_str(entries);
                if entries.trim_ascii_end() != "[" {
                    text.push(',');
                }
            }
            _ => {
                is_list = value == "null";
                text.push('[');
            }
        }
        text.push_str(entry);
        text.push(']');
    })?;
    if !is_list {
        return Err(serde_json::Error::custom(
            "member `manifests` is not a list",
        ));
    }
    if !has_list {
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push_str("\"manifests\":[");
        text.push_str(entry);
        text.push(']');
    }
    text.push('}');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use oci_spec::image::MediaType;

    use super::super::index_entry::IndexEntry;
    use super::*;
    use crate::oci;

    #[test]
    fn an_entry_is_added_and_all_else_stays_as_it_is() {
        for (old, new) in [
            ("{}", r#"{"manifests":[E]}"#),
            (r#"{"manifests":null}"#, r#"{"manifests":[E]}"#),
            (r#"{"manifests": [ ]}"#, r#"{"manifests":[ E]}"#),
            (
                r#" { "z" : 1.50, "manifests":[{"a": 1}, 2 ] ,"\u0061":{"a":0,"a":0}} "#,
                r#"{"z":1.50,"manifests":[{"a": 1}, 2 ,E],"a":{"a":0,"a":0}}"#,
            ),
            (r#"{"b":"\"]"}"#, r#"{"b":"\"]","manifests":[E]}"#),
        ] {
            let added = with_entry(old.as_bytes(), "E").unwrap();
            assert_eq!(added, new);
            let read = with_entry(old.as_bytes(), "0").unwrap();
            assert!(serde_json::from_str::<Value>(&read).is_ok(), "{read}");
        }
        for (old, words) in [
            (r#"{"manifests":{}}"#, "is not a list"),
            (r#"{"manifests":[],"manifests":[]}"#, "occurs twice"),
            ("[]", "an image index, an object"),
            ("{} {}", "trailing characters"),
        ] {
            let error = with_entry(old.as_bytes(), "E").unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_manifest_is_listed_if_all_of_it_is() {
        let manifest = Descriptor::new(MediaType::ImageManifest, 7, oci::sha256_digest(b"x"));
        let entry = IndexEntry::of(&manifest).to_text();
        let is_listed = |entry: &str| {
            let index = with_entry(b"{\"manifests\":[1,null,{}]}", entry).unwrap();
            contains(index.as_bytes(), &manifest).unwrap()
        };
        assert!(is_listed(&entry));
        assert!(is_listed(&IndexEntry::of_signature(&manifest).to_text()));
        assert!(!is_listed(&entry.replace(":7", ":8")));
        assert!(!is_listed(&entry.replace("sha256:", "sha512:")));
        assert!(!contains(b"{}", &manifest).unwrap());
        let error = contains(b"{\"manifests\":{}}", &manifest).unwrap_err();
        let wanted = "invalid type: map, expected a list of descriptors";
        assert!(error.to_string().starts_with(wanted), "{error}");
    }
}
