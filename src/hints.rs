//! Which hints fit who reads them, and how they name a setting.
//!
//! A hint is written where the failure is known; whether its reader can follow it, and by which word, only the
//! face knows: a command has its flags, Notation's plugin those of notation, a function none. So the library's
//! hints name settings, with a value or without, as in "allow more time with the setting `timeout`" or "give the
//! setting `trust-anchor FILE`". A Rust program may print them so; a face puts its flag in the place of each. A
//! hint's clauses, separated by `; `, are alternatives and steps; a clause that names what the reader does not
//! have is left out.

use std::collections::BTreeSet;

/// Every setting that a text of the library names; each is a long flag of a command.
pub const SETTINGS: [&str; 42] = [
    "allow-links",
    "allow-unversioned",
    "bucket",
    "containerd-program",
    "covered-by",
    "expires-within",
    "expiry",
    "file",
    "force",
    "force-referrers-tag",
    "gate-policy-sha256",
    "id",
    "if-missing",
    "ignore",
    "index",
    "insecure-registry",
    "key",
    "key-passphrase-fd",
    "kms-key",
    "max-signatures",
    "media-type",
    "oci-layout",
    "offline",
    "out",
    "parameter",
    "platform",
    "plugin",
    "plugin-config",
    "policy-name",
    "policy-sha256",
    "signature-format",
    "signing-profile",
    "statement-id",
    "timeout",
    "timestamp-root-cert",
    "timestamp-url",
    "trust-anchor",
    "trust-store-sha256",
    "unsigned-revocation-statements",
    "user-metadata",
    "verify-only",
    "wait-for-signature",
];

/// What stands before the name of a setting, which may be followed by its value and ends with a backtick.
const SETTING: &str = "the setting `";

/// Words of those who trust by a policy.
const OF_POLICIES: [&str; 5] = [
    "trust policy",
    "trust store",
    "`trustedIdentities`",
    "`trustStores`",
    "trustpolicy",
];

/// What the reader of a hint has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The settings that are flags; `None` for one who reads hints as the library writes them.
    flags: Option<BTreeSet<String>>,
    /// Signs with a key of one's own.
    has_own_key: bool,
    /// Trusts the signing profiles that are on the command line, so there is no policy and no store.
    trusts_profiles: bool,
    /// Trusts by a policy and its stores, so there is no root on the command line.
    trusts_policy: bool,
}

impl Reader {
    /// A reader who gets whole hints, with settings by their names: a program that uses the library.
    pub const fn any() -> Self {
        Self::new(None)
    }

    /// A reader who has these settings and gives each as a flag, `--timeout` for `timeout`.
    pub fn with_flags<S: Into<String>>(settings: impl IntoIterator<Item = S>) -> Self {
        Self::new(Some(settings.into_iter().map(Into::into).collect()))
    }

    /// A reader who can give no setting.
    pub const fn without_settings() -> Self {
        Self::new(Some(BTreeSet::new()))
    }

    const fn new(flags: Option<BTreeSet<String>>) -> Self {
        Self {
            flags,
            has_own_key: false,
            trusts_profiles: false,
            trusts_policy: false,
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

    /// What of `hint` this reader can follow, in the reader's words; `None` if that is nothing.
    pub fn fitting(&self, hint: &str) -> Option<String> {
        let clauses: Vec<String> = hint
            .split("; ")
            .filter(|clause| self.fits(clause))
            .map(|clause| self.in_own_words(clause))
            .collect();
        (!clauses.is_empty()).then(|| clauses.join("; "))
    }

    fn fits(&self, clause: &str) -> bool {
        let settings = settings_in(clause);
        self.flags
            .as_ref()
            .is_none_or(|known| settings.iter().all(|&setting| known.contains(setting)))
            && !(self.trusts_policy && settings.contains(&"trust-anchor"))
            && !(self.has_own_key && settings.contains(&"signing-profile"))
            && !(self.trusts_profiles && OF_POLICIES.iter().any(|words| clause.contains(words)))
    }

    fn in_own_words(&self, clause: &str) -> String {
        if self.flags.is_some() {
            clause.replace(SETTING, "`--")
        } else {
            clause.to_owned()
        }
    }
}

/// The settings that a text names.
pub fn settings_in(text: &str) -> Vec<&str> {
    let mentions = text.split(SETTING).skip(1);
    let names = mentions.filter_map(|rest| rest.split([' ', '=', '`']).next());
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_a_text_are_those_that_it_calls_so() {
        for (text, settings) in [
            ("check the clock - and the time", &[][..]),
            (
                "give the setting `key NAME`, or the setting `plugin NAME` with the setting `id ID`",
                &["key", "plugin", "id"],
            ),
            (
                "omit the setting `force-referrers-tag=false`",
                &["force-referrers-tag"],
            ),
            (
                "`countersign revocation fetch REFERENCE --out DIR` asks again",
                &[],
            ),
            ("take the setting away, or setting `x`", &[]),
        ] {
            assert_eq!(settings_in(text), settings, "{text}");
        }
    }

    #[test]
    fn a_setting_is_a_flag_where_the_reader_has_flags() {
        let hint = "give the setting `key NAME` or the setting `plugin-config a=B`; allow more time with the \
                    setting `timeout`";
        let reader = Reader::with_flags(["key", "plugin-config", "timeout"]);
        let fitting = reader.fitting(hint).unwrap();
        assert_eq!(
            fitting,
            "give `--key NAME` or `--plugin-config a=B`; allow more time with `--timeout`"
        );
        assert_eq!(reader.fitting(&fitting), Some(fitting));
        assert_eq!(Reader::any().fitting(hint).as_deref(), Some(hint));
    }

    #[test]
    fn a_clause_that_cannot_be_followed_is_left_out() {
        let hint = "add the profile to `trustedIdentities`; add the setting `signing-profile ARN`; check the clock";
        let all = Reader::with_flags(["signing-profile"]);
        assert_eq!(
            all.fitting(hint).unwrap(),
            "add the profile to `trustedIdentities`; add `--signing-profile ARN`; check the clock"
        );
        assert_eq!(
            Reader::without_settings().fitting(hint).unwrap(),
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
        assert_eq!(
            Reader::without_settings().fitting("give the setting `key NAME`"),
            None
        );
    }
}
