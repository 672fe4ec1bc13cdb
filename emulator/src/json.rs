//! JSON answers.

use serde_json::Value;

/// An object without its members that are null: what has no value is left out of an answer.
pub(crate) fn without_nulls(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    object
}
