//! What a person names as a package: a file, an object in Amazon S3, a function, a version of a layer.

use std::fmt;
use std::path::PathBuf;

use crate::aws::{
    ArnError, FunctionArnError, FunctionName, LayerVersionArn, Location, ObjectName,
    StoredNameError, StoredText,
};

/// Where a package is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of this machine.
    File(PathBuf),
    /// An object in Amazon S3.
    Object {
        /// Bucket and key.
        name: ObjectName,
        /// The identifier of its version; `None` for the newest.
        version: Option<String>,
    },
    /// The code of a function.
    Function(FunctionName),
    /// A version of a layer.
    Layer(LayerVersionArn),
}

/// Why a text names no package.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// An address of Amazon S3 without a key.
    #[error("`{0}` does not have a key, wanted `s3://BUCKET/KEY`")]
    NoKey(String),
    /// A bucket, key or version that cannot be one.
    #[error(transparent)]
    Stored(#[from] StoredNameError),
    /// The ARN of something else.
    #[error(transparent)]
    Arn(#[from] ArnError),
    /// Not the name of a function.
    #[error(transparent)]
    Function(#[from] FunctionArnError),
}

impl SourceError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoKey(_) | Self::Stored(_) => {
                "write `s3://BUCKET/KEY`, or `s3://BUCKET/KEY?versionId=VERSION`".to_owned()
            }
            Self::Arn(source) => return source.hint(),
            Self::Function(source) => format!(
                "name a file (with a `.` or a `/` in it), `s3://BUCKET/KEY`, a function, or the ARN of a layer's version; {}",
                source.hint()
            ),
        })
    }
}

impl Source {
    /// Reads what a person names. A file's name has a `.` or a `/`, which no function's name has.
    ///
    /// # Errors
    ///
    /// [`SourceError`] for a text that has none of the four forms.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        if let Some(rest) = text.strip_prefix("s3://") {
            let (rest, version) = match rest.rsplit_once("?versionId=") {
                Some((rest, version)) => (rest, Some(version.to_owned())),
                None => (rest, None),
            };
            let (bucket, key) = rest
                .split_once('/')
                .ok_or_else(|| SourceError::NoKey(text.to_owned()))?;
            let name = ObjectName::new(bucket, key)?;
            let stored = StoredText::Object { name, version };
            stored.check()?;
            if let StoredText::Object { name, version } = stored {
                return Ok(Self::Object { name, version });
            }
        }
        if LayerVersionArn::is_meant(text) {
            return Ok(Self::Layer(LayerVersionArn::parse(text)?));
        }
        if !text.starts_with("arn:") && text.contains(['.', '/']) {
            return Ok(Self::File(PathBuf::from(text)));
        }
        Ok(Self::Function(FunctionName::parse(text)?))
    }

    /// Where it lives, where its name says so.
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::File(_) | Self::Object { .. } => None,
            Self::Function(name) => name.location(),
            Self::Layer(arn) => Some(arn.location().clone()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Object {
                name,
                version: None,
            } => name.fmt(f),
            Self::Object {
                name,
                version: Some(version),
            } => write!(f, "{name}?versionId={version}"),
            Self::Function(name) => name.fmt(f),
            Self::Layer(arn) => arn.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-west-2:111122223333:";

    #[test]
    fn a_name_says_what_it_is_of() {
        let kind = |text: &str| match Source::parse(text).unwrap() {
            Source::File(_) => "file",
            Source::Object { version: None, .. } => "newest object",
            Source::Object { .. } => "object",
            Source::Function(_) => "function",
            Source::Layer(_) => "layer",
        };
        for (text, wanted) in [
            ("app.zip", "file"),
            ("./app", "file"),
            ("/tmp/app", "file"),
            ("s3://bucket/a/b.zip", "newest object"),
            ("s3://bucket/a?versionId=abc.1", "object"),
            ("s3://bucket/a?versionId=b?versionId=c", "object"),
            ("api", "function"),
            ("api:live", "function"),
            (&format!("{ARN}function:api:7"), "function"),
            (&format!("{ARN}layer:tools:7"), "layer"),
        ] {
            assert_eq!(kind(text), wanted, "{text}");
            assert_eq!(Source::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_names_no_package_is_refused() {
        let layer = format!("{ARN}layer:tools");
        let config = format!("{ARN}code-signing-config:csc-0123456789abcdef0");
        for text in [
            "",
            "s3://bucket",
            "s3://bucket/",
            "s3://b/a",
            "s3://bucket/a/../b",
            "s3://bucket/a?versionId=",
            "a b",
            layer.as_str(),
            config.as_str(),
        ] {
            let error = Source::parse(text).unwrap_err();
            assert!(
                error.hint().is_some() || matches!(error, SourceError::Arn(_)),
                "{text}"
            );
        }
    }
}
