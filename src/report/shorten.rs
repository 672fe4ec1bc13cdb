//! Cuts off the long texts and lists of a refused signature's report: every user who may push decides on their
//! length.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reason::Reason;
use crate::limits::{MAX_TOLD_CHARS, MAX_TOLD_VALUES};
use crate::printable;

/// What may be long.
pub(super) trait Shorten {
    /// Cuts off every text and every list that is longer than is told.
    fn shorten(&mut self);
}

impl Shorten for String {
    fn shorten(&mut self) {
        // No character is shorter than a byte.
        if self.len() > MAX_TOLD_CHARS {
            *self = printable::shorten(self, MAX_TOLD_CHARS);
        }
    }
}

impl<T: Shorten> Shorten for Option<T> {
    fn shorten(&mut self) {
        self.iter_mut().for_each(Shorten::shorten);
    }
}

impl<T: Shorten> Shorten for Vec<T> {
    fn shorten(&mut self) {
        self.truncate(MAX_TOLD_VALUES);
        self.iter_mut().for_each(Shorten::shorten);
    }
}

impl Shorten for BTreeMap<String, String> {
    fn shorten(&mut self) {
        self.values_mut().for_each(Shorten::shorten);
    }
}

impl Shorten for Value {
    fn shorten(&mut self) {
        match self {
            Self::String(text) => text.shorten(),
            Self::Array(values) => values.shorten(),
            Self::Object(members) => members.values_mut().for_each(Shorten::shorten),
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }
}

impl Shorten for Reason {
    fn shorten(&mut self) {
        self.causes.shorten();
        self.details.shorten();
        self.hint.shorten();
        self.message.shorten();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_texts_and_lists_are_cut_off_at_every_depth() {
        let fits = "ü".repeat(MAX_TOLD_CHARS);
        let long = format!("{fits}ü");
        let cut = format!("{fits}... ({} bytes in all)", long.len());
        let mut value = json!({ "a": [long, fits, 1], "b": vec![0; MAX_TOLD_VALUES + 1] });
        value.shorten();
        assert_eq!(
            value,
            json!({ "a": [cut, fits, 1], "b": vec![0; MAX_TOLD_VALUES] })
        );
    }
}
