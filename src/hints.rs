//! Which hints fit who reads them.
//!
//! A hint is written where the failure is known; whether its reader can follow it, only the face knows: a
//! command has its flags, Notation's plugin those of notation. A hint's clauses, separated by `; `, are
//! alternatives and steps; a clause that names what the reader does not have is left out.

use std::collections::BTreeSet;

/// What the reader of a hint has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Flags, with their dashes; `None` where any may be there.
    flags: Option<BTreeSet<String>>,
    /// Signs with a key of one's own.
    has_own_key: bool,
    /// Trusts the signing profiles that are on the command line, so there is no policy and no store.
    trusts_profiles: bool,
    /// Trusts by a policy and its stores, so there is no root on the command line.
    trusts_policy: bool,
}

/// Words of those who trust by a policy.
const OF_POLICIES: [&str; 5] = [
    "trust policy",
    "trust store",
    "`trustedIdentities`",
    "`trustStores`",
    "trustpolicy",
];

impl Reader {
    /// A reader whose flags are not known, who gets whole hints.
    pub const fn any() -> Self {
        Self {
            flags: None,
            has_own_key: false,
            trusts_profiles: false,
            trusts_policy: false,
        }
    }

    /// A reader with these flags, each with its dashes.
    pub fn with_flags(flags: impl IntoIterator<Item = String>) -> Self {
        Self {
            flags: Some(flags.into_iter().collect()),
            ..Self::any()
        }
    }

    /// The same, who signs with a key of one's own.
    #[must_use]
    pub fn with_own_key(self, has_own_key: bool) -> Self {
        Self {
            has_own_key,
            ..self
        }
    }

    /// The same, who trusts signing profiles without a policy.
    #[must_use]
    pub fn trusting_profiles(self, trusts_profiles: bool) -> Self {
        Self {
            trusts_profiles,
            ..self
        }
    }

    /// The same, who trusts by a policy.
    #[must_use]
    pub fn trusting_policy(self, trusts_policy: bool) -> Self {
        Self {
            trusts_policy,
            ..self
        }
    }

    /// What of `hint` this reader can follow; `None` if that is nothing.
    pub fn fitting(&self, hint: &str) -> Option<String> {
        let clauses: Vec<&str> = hint
            .split("; ")
            .filter(|clause| self.fits(clause))
            .collect();
        (!clauses.is_empty()).then(|| clauses.join("; "))
    }

    fn fits(&self, clause: &str) -> bool {
        let flags = flags_in(clause);
        let names = |flag: &str| flags.iter().any(|found| found == flag);
        self.flags
            .as_ref()
            .is_none_or(|known| flags.iter().all(|flag| known.contains(flag)))
            && !(self.trusts_policy && names("--trust-anchor"))
            && !(self.has_own_key && names("--signing-profile"))
            && !(self.trusts_profiles && OF_POLICIES.iter().any(|words| clause.contains(words)))
    }
}

/// The flags that a hint tells its reader to give. In backticks, what begins with another word than a flag
/// is a command of its own, with flags of its own.
pub fn flags_in(hint: &str) -> Vec<String> {
    let mut flags = Vec::new();
    for (index, span) in hint.split('`').enumerate() {
        let is_code = index % 2 == 1;
        if is_code && !span.starts_with('-') {
            continue;
        }
        let words =
            span.split(|c: char| c.is_whitespace() || matches!(c, '=' | '/' | ',' | '(' | ')'));
        let is_flag = |word: &&str| {
            let name = word.trim_start_matches('-');
            let dashes = word.len() - name.len();
            let is_name = !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            is_name && (dashes == 2 || (dashes == 1 && is_code && name.len() == 1))
        };
        flags.extend(words.filter(is_flag).map(str::to_owned));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(flags: &[&str]) -> Reader {
        Reader::with_flags(flags.iter().map(|&flag| flag.to_owned()))
    }

    #[test]
    fn the_flags_of_a_hint_are_those_of_its_reader() {
        for (hint, flags) in [
            ("check the clock - and the time", &[][..]),
            ("give `--key NAME` or `-m KEY=VALUE`", &["--key", "-m"]),
            ("leave out `-e`/`--expiry`", &["-e", "--expiry"]),
            (
                "run `aws kms create-key --key-usage X` and give --id",
                &["--id"],
            ),
            (
                "`countersign revocation fetch REFERENCE --out DIR` asks again",
                &[],
            ),
            (
                "set `--plugin-config aws-region=REGION`",
                &["--plugin-config"],
            ),
        ] {
            assert_eq!(flags_in(hint), flags, "{hint}");
        }
    }

    #[test]
    fn a_clause_that_cannot_be_followed_is_left_out() {
        let hint =
            "add the profile to `trustedIdentities`; add `--signing-profile ARN`; check the clock";
        let all = reader(&["--signing-profile"]);
        assert_eq!(Reader::any().fitting(hint).unwrap(), hint);
        assert_eq!(all.fitting(hint).unwrap(), hint);
        assert_eq!(
            reader(&[]).fitting(hint).unwrap(),
            "add the profile to `trustedIdentities`; check the clock"
        );
        assert_eq!(
            all.clone().trusting_profiles(true).fitting(hint).unwrap(),
            "add `--signing-profile ARN`; check the clock"
        );
        assert_eq!(
            all.with_own_key(true).fitting(hint).unwrap(),
            "add the profile to `trustedIdentities`; check the clock"
        );
        assert_eq!(reader(&[]).fitting("give `--key NAME`"), None);
    }
}
