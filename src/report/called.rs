//! The name that the program was started by: by Notation's own, it keeps Notation's sentences and exit codes.

use std::ffi::OsStr;
use std::path::Path;

/// The name that the program was started by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    /// Its own, or another one.
    Countersign,
    /// Notation's.
    Notation,
}

impl Called {
    /// The name of `program`, which is the first argument of the process.
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "only the command line says it")
    )]
    pub(crate) fn by(program: &OsStr) -> Self {
        let stem = Path::new(program).file_stem();
        if stem.is_some_and(|stem| stem == "notation") {
            Self::Notation
        } else {
            Self::Countersign
        }
    }

    /// The name that its user types.
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "only the command line says it")
    )]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Countersign => "countersign",
            Self::Notation => "notation",
        }
    }

    pub(crate) fn is_notation(self) -> bool {
        self == Self::Notation
    }
}
