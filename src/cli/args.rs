//! Flags that several commands share, and values of flags that are checked in one way.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::duration::parse_span;
use super::report::{Exit, Report};
use crate::allowance::Allowed;
use crate::limits::{MAX_COMMAND_TIMEOUT, NAMED_PIPE_TIMEOUT};
use crate::registry::Secret;

/// How a registry is reached.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Registry")]
pub(super) struct RegistryArgs {
    /// User name for the registry [default: `NOTATION_USERNAME`, then AWS for Amazon ECR, then
    /// the credential stores of Notation, Docker and Podman]
    #[arg(short, long, value_parser = NonEmptyStringValueParser::new())]
    pub(super) username: Option<String>,
    /// Password for the registry [default: `NOTATION_PASSWORD`]; visible to other users of the
    /// machine when given here
    #[arg(short, long, value_parser = parse_secret)]
    pub(super) password: Option<Secret>,
    /// Reach the registry over plain HTTP; `localhost` always is
    #[arg(long)]
    pub(super) insecure_registry: bool,
}

/// How long a command may take.
#[derive(Debug, Default, Args)]
pub(super) struct TimeArgs {
    /// Time for the whole command, for example 30s or 10m; local files and questions to you do not count
    /// [default: 2m for each artifact]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
}

impl TimeArgs {
    /// What each artifact may use. The time of the command begins here.
    ///
    /// # Errors
    ///
    /// The report of a value that cannot be used.
    pub(super) fn allowed(&self) -> Result<Allowed, Report> {
        Ok(Allowed::for_each_artifact(self.parse()?))
    }

    /// How long a pipe that the user named may take to be written to its end.
    ///
    /// # Errors
    ///
    /// The report of a value that cannot be used.
    pub(super) fn for_pipes(&self) -> Result<Duration, Report> {
        Ok(self.parse()?.unwrap_or(NAMED_PIPE_TIMEOUT))
    }

    fn parse(&self) -> Result<Option<Duration>, Report> {
        self.timeout
            .as_deref()
            .map(|text| parse_span("--timeout", text, MAX_COMMAND_TIMEOUT))
            .transpose()
            .map_err(|text| Report::failed(Exit::Usage, &text))
    }
}

fn parse_secret(text: &str) -> Result<Secret, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    Ok(Secret::new(text.to_owned()))
}

/// Parses the values of a flag `--NAME KEY=VALUE`, whose keys may not repeat.
///
/// # Errors
///
/// A sentence in notation's words, as notation's flags give it.
pub(super) fn parse_pairs(
    flag: &str,
    values: &[String],
) -> Result<BTreeMap<String, String>, String> {
    let mut pairs = BTreeMap::new();
    for value in values {
        let Some((key, value)) = value.split_once('=') else {
            return Err(format!(
                "could not parse flag {flag}: key-value pair requires \"=\" as separator"
            ));
        };
        if key.is_empty() || value.is_empty() {
            return Err(format!(
                "could not parse flag {flag}: key-value pair must not have an empty key or value: \
                 `{key}={value}`"
            ));
        }
        if pairs.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!(
                "could not parse flag {flag}: the key `{key}` is given twice"
            ));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> Result<BTreeMap<String, String>, String> {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        parse_pairs("user-metadata", &values)
    }

    #[test]
    fn pairs_split_at_the_first_equals_sign() {
        assert_eq!(
            parse(&["a=b=c"]).unwrap().get("a").map(String::as_str),
            Some("b=c")
        );
    }

    #[test]
    fn a_pair_needs_both_sides_and_a_key_of_its_own() {
        assert_eq!(
            parse(&["abc"]).unwrap_err(),
            "could not parse flag user-metadata: key-value pair requires \"=\" as separator"
        );
        assert_eq!(
            parse(&["=b"]).unwrap_err(),
            "could not parse flag user-metadata: key-value pair must not have an empty key or \
             value: `=b`"
        );
        assert_eq!(
            parse(&["a=1", "a=2"]).unwrap_err(),
            "could not parse flag user-metadata: the key `a` is given twice"
        );
    }
}
