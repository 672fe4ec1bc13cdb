//! The names of code signing configurations and of layers.

use std::fmt;

use crate::aws::arn::{ArnError, ArnService, Location, parse_location};

const WANTED_CONFIG: &str =
    "`code-signing-config:csc-ID`, the identifier with 17 letters and digits";
const WANTED_LAYER: &str = "`layer:NAME:VERSION`";

/// `arn:…:code-signing-config:csc-…`: a code signing configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodeSigningConfigArn {
    location: Location,
    id: String,
}

impl CodeSigningConfigArn {
    /// Parses the ARN of a configuration.
    ///
    /// # Errors
    ///
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let (location, resource) = parse_location(text, ArnService::Lambda)?;
        let is_id = |id: &&str| {
            id.strip_prefix("csc-").is_some_and(|rest| {
                rest.len() == 17
                    && rest
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            })
        };
        let id = resource.strip_prefix("code-signing-config:").filter(is_id);
        match id {
            Some(id) => Ok(Self {
                location,
                id: id.to_owned(),
            }),
            None => Err(other(text, resource, WANTED_CONFIG)),
        }
    }

    /// Where it lives.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Its identifier, `csc-` and 17 letters and digits.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for CodeSigningConfigArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}code-signing-config:{}", self.location, self.id)
    }
}

/// `arn:…:layer:NAME:VERSION`: a version of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LayerVersionArn {
    location: Location,
    name: String,
    version: u64,
}

impl LayerVersionArn {
    /// Parses the ARN of a layer's version.
    ///
    /// # Errors
    ///
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let (location, resource) = parse_location(text, ArnService::Lambda)?;
        let parts: Vec<&str> = resource.split(':').collect();
        let is_name = |name: &str| {
            (1..=140).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        match parts.as_slice() {
            ["layer", name, version] if is_name(name) => {
                // One spelling for each version.
                let number = version.parse::<u64>().ok();
                let number = number.filter(|number| *number > 0 && number.to_string() == *version);
                number.map(|version| Self {
                    location,
                    name: (*name).to_owned(),
                    version,
                })
            }
            _ => None,
        }
        .ok_or_else(|| other(text, resource, WANTED_LAYER))
    }

    /// Whether a text is meant to be one.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("arn:") && text.contains(":layer:")
    }

    /// Where it lives.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The layer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of the version.
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl fmt::Display for LayerVersionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            location,
            name,
            version,
        } = self;
        write!(f, "{location}layer:{name}:{version}")
    }
}

fn other(text: &str, resource: &str, wanted: &'static str) -> ArnError {
    ArnError::Resource {
        text: text.to_owned(),
        resource: resource.to_owned(),
        wanted,
        suggestion: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_and_a_layer_are_read_and_written() {
        let text =
            "arn:aws:lambda:us-west-2:111122223333:code-signing-config:csc-0123456789abcdef0";
        let arn = CodeSigningConfigArn::parse(text).unwrap();
        assert_eq!(arn.to_string(), text);
        assert_eq!(arn.id(), "csc-0123456789abcdef0");
        assert_eq!(arn.location().region(), "us-west-2");
        let text = "arn:aws-cn:lambda:cn-north-1:111122223333:layer:tools_1:12";
        let arn = LayerVersionArn::parse(text).unwrap();
        assert_eq!(arn.to_string(), text);
        assert_eq!((arn.name(), arn.version()), ("tools_1", 12));
    }

    #[test]
    fn anything_else_is_refused() {
        let before = "arn:aws:lambda:us-west-2:111122223333:";
        for resource in [
            "",
            "code-signing-config",
            "code-signing-config:",
            "code-signing-config:csc-0123456789abcdef",
            "code-signing-config:csc-0123456789abcdef01",
            "code-signing-config:csc-0123456789ABCDEF0",
            "code-signing-config:csc-0123456789abcdef0:x",
            "function:gate",
        ] {
            let error = CodeSigningConfigArn::parse(&format!("{before}{resource}")).unwrap_err();
            assert!(matches!(error, ArnError::Resource { .. }), "{resource}");
        }
        for resource in [
            "layer:tools",
            "layer:tools:0",
            "layer:tools:01",
            "layer:tools:+1",
            "layer:tools:x",
            "layer:to/ols:1",
            "layer::1",
            "layer:tools:1:2",
            "layer:tools:99999999999999999999",
        ] {
            let error = LayerVersionArn::parse(&format!("{before}{resource}")).unwrap_err();
            assert!(matches!(error, ArnError::Resource { .. }), "{resource}");
        }
        let other = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";
        let error = CodeSigningConfigArn::parse(other).unwrap_err();
        assert!(matches!(error, ArnError::OtherService { .. }), "{error}");
    }
}
