//! How far the work is.

/// How far the work on many items is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// How many items there are; nothing while the stream does not say.
    pub all: Option<usize>,
    /// How many are done with: failed ones and those that were not tried among them.
    pub ended: usize,
    /// How many failed.
    pub failed: usize,
}
