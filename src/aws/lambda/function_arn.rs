//! The names of functions.

use std::fmt;

use crate::aws::arn::{ArnService, Location, is_account, is_region, parse_location};
use crate::limits::MAX_ARN_BYTES;
use crate::partition::Partition;

/// The ARN of a function, with or without a version or an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionArn {
    text: String,
    region: String,
    /// Where the ARN of the function itself ends.
    end: usize,
}

/// Why a text is not the ARN of a function.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{0}` is not the ARN of a Lambda function")]
pub struct FunctionArnError(String);

impl FunctionArnError {
    /// What such an ARN looks like.
    pub fn hint(&self) -> String {
        "such an ARN is like `arn:aws:lambda:us-east-1:111122223333:function:countersign-gate`"
            .to_owned()
    }
}

/// The text for an error.
fn abbreviated(text: &str) -> String {
    text.chars().take(MAX_ARN_BYTES).collect()
}

impl FunctionArn {
    /// Reads the ARN of a function.
    ///
    /// # Errors
    ///
    /// [`FunctionArnError`] for anything else.
    pub fn new(text: &str) -> Result<Self, FunctionArnError> {
        Self::read(text).ok_or_else(|| FunctionArnError(abbreviated(text)))
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (fixed, names) = parts.split_at_checked(6)?;
        let ["arn", partition, "lambda", region, account, "function"] = fixed else {
            return None;
        };
        let is_right = Partition::from_name(partition) == Some(Partition::of_region(region))
            && is_region(region)
            && is_account(account)
            && matches!(names, [_] | [_, _])
            && names.iter().all(|name| is_name(name));
        let qualifier = names.get(1).map_or(0, |qualifier| qualifier.len() + 1);
        is_right.then(|| Self {
            text: text.to_owned(),
            region: (*region).to_owned(),
            end: text.len() - qualifier,
        })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The ARN of the function itself, whatever version or alias is named.
    pub fn function(&self) -> &str {
        self.text.get(..self.end).unwrap_or(&self.text)
    }

    /// The version or alias that is named.
    pub fn qualifier(&self) -> Option<&str> {
        self.text.get(self.end + 1..)
    }

    /// The name alone.
    pub fn name(&self) -> &str {
        self.function().rsplit(':').next().unwrap_or_default()
    }

    /// The account that owns it.
    pub fn account(&self) -> &str {
        self.text.split(':').nth(4).unwrap_or_default()
    }

    /// Where it lives.
    pub fn location(&self) -> Option<Location> {
        let location = parse_location(&self.text, ArnService::Lambda);
        location.ok().map(|(location, _)| location)
    }
}

/// A function by its name in the caller's account and region, or by its ARN; with or without a version or an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionName {
    /// By its ARN.
    Arn(FunctionArn),
    /// By its name.
    Name {
        /// The name.
        name: String,
        /// The version or alias.
        qualifier: Option<String>,
    },
}

impl FunctionName {
    /// Reads a name or an ARN.
    ///
    /// # Errors
    ///
    /// [`FunctionArnError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, FunctionArnError> {
        if text.starts_with("arn:") {
            return FunctionArn::new(text).map(Self::Arn);
        }
        let (name, qualifier) = match text.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (text, None),
        };
        if is_name(name) && qualifier.is_none_or(is_name) {
            return Ok(Self::Name {
                name: name.to_owned(),
                qualifier: qualifier.map(str::to_owned),
            });
        }
        Err(FunctionArnError(abbreviated(text)))
    }

    /// The version or alias that is named.
    pub fn qualifier(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => arn.qualifier(),
            Self::Name { qualifier, .. } => qualifier.as_deref(),
        }
    }

    /// Where it lives, where it is named by its ARN.
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::Arn(arn) => arn.location(),
            Self::Name { .. } => None,
        }
    }

    /// What an IAM policy calls it in `region`; `*` stands for an account that is not known.
    pub(super) fn resource(&self, region: &str) -> String {
        match self {
            Self::Arn(arn) => arn.to_string(),
            Self::Name { .. } => {
                let partition = Partition::of_region(region);
                format!("arn:{partition}:lambda:{region}:*:function:{self}")
            }
        }
    }

    /// The same without a version or an alias.
    pub(super) fn unqualified(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.function(),
            Self::Name { name, .. } => name,
        }
    }

    /// Whether `arn`, with or without a version, is of this function.
    pub(super) fn is(&self, arn: &FunctionArn, region: &str) -> bool {
        match self {
            Self::Arn(own) => own.function() == arn.function(),
            Self::Name { name, .. } => name == arn.name() && arn.region() == region,
        }
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arn(arn) => arn.fmt(f),
            Self::Name {
                name,
                qualifier: None,
            } => f.write_str(name),
            Self::Name {
                name,
                qualifier: Some(qualifier),
            } => write!(f, "{name}:{qualifier}"),
        }
    }
}

/// The name of a function, a version or an alias.
fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'))
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-west-2:111122223333:function:gate";

    #[test]
    fn an_arn_may_name_a_version() {
        let plain = FunctionArn::new(ARN).unwrap();
        assert_eq!((plain.function(), plain.qualifier()), (ARN, None));
        let text = format!("{ARN}:live");
        let alias = FunctionArn::new(&text).unwrap();
        assert_eq!((alias.function(), alias.qualifier()), (ARN, Some("live")));
        assert_eq!(
            (alias.region(), alias.as_str()),
            ("us-west-2", text.as_str())
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "gate",
            "arn:aws:lambda:us-west-2:111122223333:function:",
            "arn:aws:lambda:us-west-2:111122223333:function:a:b:c",
            "arn:aws:lambda:us-west-2:111122223333:layer:gate",
            "arn:aws:lambda:us-west-2:11112222333:function:gate",
            "arn:aws-cn:lambda:us-west-2:111122223333:function:gate",
            "arn:aws:lambda:us-west-2:111122223333:function:a/../b",
        ] {
            let error = FunctionArn::new(wrong).unwrap_err();
            let words = format!("`{wrong}` is not the ARN of a Lambda function");
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn a_function_has_a_name_or_an_arn() {
        for text in ["gate", "gate:live", "gate:$LATEST", ARN] {
            let name = FunctionName::parse(text).unwrap();
            assert_eq!(name.to_string(), text);
        }
        let arn = FunctionArn::new(&format!("{ARN}:7")).unwrap();
        assert_eq!((arn.name(), arn.account()), ("gate", "111122223333"));
        assert_eq!(arn.location().unwrap().region(), "us-west-2");
        let by_name = FunctionName::parse("gate:live").unwrap();
        assert!(by_name.is(&arn, "us-west-2") && !by_name.is(&arn, "us-east-1"));
        assert!(!FunctionName::parse("gat").unwrap().is(&arn, "us-west-2"));
        assert_eq!(
            by_name.resource("us-west-2"),
            "arn:aws:lambda:us-west-2:*:function:gate:live"
        );
        for wrong in [
            "",
            "a b",
            "a.zip",
            "a/b",
            "a:",
            ":a",
            "a:b:c",
            "s3://a/b",
            "arn:aws:lambda",
        ] {
            assert!(FunctionName::parse(wrong).is_err(), "{wrong}");
        }
    }
}
