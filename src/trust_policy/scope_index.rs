//! Which statements name a repository, by its scope as scopes are compared: looked up once for each artifact, among any
//! number of statements.

use std::collections::HashMap;

use super::statement::Statement;
use crate::reference::{Scheme, normalize_scope};

/// The places of statements by the scopes that they name, for one scheme.
#[derive(Debug, Clone, Default)]
pub(super) struct ScopeIndex(HashMap<String, Vec<usize>>);

impl ScopeIndex {
    /// The scopes of `statements`, whose places do not change any more.
    pub(super) fn of(statements: &[Statement], scheme: Scheme) -> Self {
        let mut index: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, statement) in statements.iter().enumerate() {
            for scope in &statement.registry_scopes {
                let places = index.entry(normalize_scope(scope, scheme)).or_default();
                // A statement may name one repository in two ways.
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        Self(index)
    }

    /// The places of those that name `scope`, which is as scopes are compared; in the order of the document.
    pub(super) fn naming(&self, scope: &str) -> &[usize] {
        self.0.get(scope).map_or(&[], Vec::as_slice)
    }
}
