//! What a name in a package may be, and which two names may stand beside each other.

use std::collections::{HashMap, HashSet};

use icu_normalizer::ComposingNormalizerBorrowed;

use super::error::PackageError as Error;
use crate::limits::{MAX_ARCHIVE_FILE_NAME_BYTES, MAX_ARCHIVE_NAME_BYTES};

/// What some readers write as `_` on Windows, besides a colon.
const NOT_ON_WINDOWS: [char; 6] = ['<', '>', '|', '"', '?', '*'];

/// Checks the name of an entry; gives it as text.
pub(super) fn check(bytes: &[u8], is_marked: bool) -> Result<String, Error> {
    let lossy = || String::from_utf8_lossy(bytes).into_owned();
    if bytes.len() > MAX_ARCHIVE_NAME_BYTES {
        return Err(Error::LongName {
            name: lossy(),
            max: MAX_ARCHIVE_NAME_BYTES,
        });
    }
    let name = std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8 { name: lossy() })?;
    let name = name.to_owned();
    if !is_marked && !name.is_ascii() {
        return Err(Error::NameFlag { name });
    }
    if name.contains('\\') {
        return Err(Error::Backslash { name });
    }
    if name.chars().any(char::is_control) {
        return Err(Error::Control { name });
    }
    if name.starts_with('/') || has_drive(&name) {
        return Err(Error::Absolute { name });
    }
    if name.contains(':') {
        return Err(Error::Colon { name });
    }
    if has_file_version(&name) {
        return Err(Error::FileVersion { name });
    }
    let parts = name.strip_suffix('/').unwrap_or(&name).split('/');
    for part in parts {
        match part {
            ".." => return Err(Error::Climbs { name }),
            "" | "." => return Err(Error::NameParts { name }),
            part if part.len() > MAX_ARCHIVE_FILE_NAME_BYTES => {
                return Err(Error::LongName {
                    name,
                    max: MAX_ARCHIVE_FILE_NAME_BYTES,
                });
            }
            _ => {}
        }
    }
    Ok(name)
}

/// Whether a name begins with a drive of Windows.
fn has_drive(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Whether a name ends with a file version of VMS, `;` and a number, or none.
fn has_file_version(name: &str) -> bool {
    name.trim_end_matches(|letter: char| letter.is_ascii_digit())
        .ends_with(';')
}

/// The name as the most forgetful file system knows it: without case, with composed marks, without dots and blanks at
/// the ends of its parts, and with what Windows does not take as `_`.
fn folded(name: &str) -> String {
    let name = name.strip_suffix('/').unwrap_or(name);
    let cased = if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        let cased = name.to_uppercase().to_lowercase();
        ComposingNormalizerBorrowed::new_nfc()
            .normalize(&cased)
            .into_owned()
    };
    let cased = if cased.contains(NOT_ON_WINDOWS) {
        cased.replace(NOT_ON_WINDOWS, "_")
    } else {
        cased
    };
    if !cased.contains(['.', ' ']) {
        return cased;
    }
    let parts = cased
        .split('/')
        .map(|part| part.trim_end_matches(['.', ' ']));
    parts.collect::<Vec<_>>().join("/")
}

/// Checks that no two names are one, and that there is nothing below a file.
pub(super) fn check_all(names: &[&str]) -> Result<(), Error> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for &name in names {
        let Some(other) = seen.insert(folded(name), name) else {
            continue;
        };
        return Err(if name == other {
            Error::Twice {
                name: name.to_owned(),
            }
        } else if name.trim_end_matches('/') == other.trim_end_matches('/') {
            Error::FileAndDirectory {
                name: name.trim_end_matches('/').to_owned(),
            }
        } else {
            Error::Alike {
                name: name.to_owned(),
                other: other.to_owned(),
            }
        });
    }
    let mut directories: HashSet<&str> = HashSet::new();
    for folded in seen.keys() {
        let mut rest = folded.as_str();
        while let Some((parent, _)) = rest.rsplit_once('/') {
            if !directories.insert(parent) {
                break;
            }
            rest = parent;
        }
    }
    let is_file_above =
        |name: &&str| !name.ends_with('/') && directories.contains(folded(name).as_str());
    match names.iter().copied().find(is_file_above) {
        Some(name) => Err(Error::FileAndDirectory {
            name: name.to_owned(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> &'static str {
        check(name.as_bytes(), true).unwrap_err().code()
    }

    #[test]
    fn a_name_leads_to_one_place_inside() {
        for name in [
            "a",
            "a/b",
            "a/",
            "..a",
            "a..b",
            "a...",
            "ä/ö",
            "a b",
            ".a",
            "a;1/",
            "a;1/b",
            "a;b",
            "a?",
            "META_INF/",
        ] {
            assert_eq!(check(name.as_bytes(), true).unwrap(), name);
        }
        for (name, code) in [
            ("", "empty-name-part"),
            ("/", "absolute-name"),
            ("/a", "absolute-name"),
            ("//a", "absolute-name"),
            ("c:a", "absolute-name"),
            ("C:/a", "absolute-name"),
            ("ab:c", "colon"),
            ("a.py::$DATA", "colon"),
            ("a;1", "file-version"),
            ("a/b.py;22", "file-version"),
            ("a;", "file-version"),
            ("..", "climbing-name"),
            ("../a", "climbing-name"),
            ("a/../b", "climbing-name"),
            ("a/..", "climbing-name"),
            ("a/../", "climbing-name"),
            (".", "empty-name-part"),
            ("./a", "empty-name-part"),
            ("a/./b", "empty-name-part"),
            ("a//b", "empty-name-part"),
            ("a//", "empty-name-part"),
            ("a\\b", "backslash"),
            ("a\0b", "control-character"),
            ("a\n", "control-character"),
            ("\u{85}", "control-character"),
        ] {
            assert_eq!(refused(name), code, "{name:?}");
        }
        let part = "n".repeat(MAX_ARCHIVE_FILE_NAME_BYTES);
        check(part.as_bytes(), false).unwrap();
        assert_eq!(refused(&format!("{part}n")), "long-name");
        let deep = "d/".repeat(MAX_ARCHIVE_NAME_BYTES / 2);
        check(deep.as_bytes(), false).unwrap();
        assert_eq!(refused(&format!("{deep}/")), "long-name");
    }

    #[test]
    fn letters_outside_ascii_are_marked() {
        let code = |bytes: &[u8], is_marked| check(bytes, is_marked).map_err(|error| error.code());
        assert_eq!(code("ä".as_bytes(), false), Err("name-not-marked"));
        assert_eq!(code(b"\xe4", true), Err("name-not-utf-8"));
        assert_eq!(code(b"\xe4", false), Err("name-not-utf-8"));
        assert_eq!(code(b"a", false), Ok("a".to_owned()));
    }

    #[test]
    fn two_names_are_two_on_every_system() {
        let all = |names: &[&str]| {
            let checked = check_all(names);
            checked.map_err(|error| (error.code(), error.to_string()))
        };
        assert_eq!(all(&["a", "b", "a/", "c/d"][..2]), Ok(()));
        assert_eq!(all(&["a/", "a/b", "a/c/d", "ab"]), Ok(()));
        for (names, code) in [
            (&["a", "a"][..], "duplicate-name"),
            (&["a/", "a/"], "duplicate-name"),
            (&["a", "a/"], "file-and-directory"),
            (&["a", "a/b"], "file-and-directory"),
            (&["a/b/c", "a"], "file-and-directory"),
            (&["A", "a/b"], "file-and-directory"),
            (&["a", "A"], "similar-names"),
            (&["a/b", "A/B"], "similar-names"),
            (&["\u{e9}", "e\u{301}"], "similar-names"),
            (&["k", "\u{212a}"], "similar-names"),
            (&["s", "\u{17f}"], "similar-names"),
            (&["a", "a."], "similar-names"),
            (&["a /b", "a/b"], "similar-names"),
            (&["a?", "a_"], "similar-names"),
            (&["a<b>|\"*/c", "A_b____/c"], "similar-names"),
        ] {
            assert_eq!(all(names).unwrap_err().0, code, "{names:?}");
        }
        assert_eq!(
            all(&["x/a", "x/A"]).unwrap_err().1,
            "the names `x/A` and `x/a` are the same on some systems"
        );
    }
}
