//! What AWS Lambda would do with the code of a function and with its layers: the document of `lambda explain`, version 1
//! (`schemas/lambda-explanation.v1.schema.json`).

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use crate::aws::CodeSigningConfig;
use crate::code_signing::{Deployment, Explanation, PackageOf};

/// What becomes of a function's next deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LambdaExplanationV1 {
    /// ARN of the function's code signing configuration; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    /// Why nothing could be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// The function.
    pub function: String,
    /// The code first, then each layer in the function's order.
    pub packages: Vec<ExplainedPackage>,
    /// What the configuration says of other code: `Warn` or `Enforce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<&'static str>,
    /// The version of the document.
    pub version: &'static str,
}

/// What becomes of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedPackage {
    /// What AWS Lambda does by the configuration as it is: `accepted`, `warned`, `refused` or `inconclusive`.
    pub decision: &'static str,
    /// What it would do with `Enforce`; absent where the function has no configuration and runs the package already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforced: Option<&'static str>,
    /// `code` or `layer`.
    pub of: &'static str,
    /// The function, the layer's version or the file.
    pub package: String,
    /// Why it is not simply accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl LambdaExplanationV1 {
    /// The document about `function` with this configuration, or without one.
    pub fn new(
        function: &str,
        config: Option<&CodeSigningConfig>,
        packages: Vec<ExplainedPackage>,
    ) -> Self {
        let exits = packages.iter().map(ExplainedPackage::exit);
        Self {
            configuration: config.map(|config| config.arn.to_string()),
            error: None,
            exit_code: exits.fold(Exit::Done, worse),
            function: function.to_owned(),
            packages,
            untrusted: config.map(|config| config.untrusted.as_str()),
            version: super::results::VERSION,
        }
    }

    /// The document of a command that could not say anything.
    pub fn not_begun(function: &str, exit_code: Exit, reason: Reason) -> Self {
        Self {
            error: Some(reason),
            exit_code,
            ..Self::new(function, None, Vec::new())
        }
    }

    /// The document as text.
    pub fn text(&self) -> String {
        let mut text = super::results::pretty(self);
        text.push('\n');
        text
    }
}

/// What is certain decides: a refusal before what is not known.
const fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Rejected, _) | (_, Exit::Rejected) => Exit::Rejected,
        (Exit::Done, other) => other,
        (one, _) => one,
    }
}

impl ExplainedPackage {
    /// What becomes of a package by the configuration as it is, and what would with `Enforce`.
    pub fn new(of: PackageOf, package: &str, now: &Explanation, enforced: &Explanation) -> Self {
        Self {
            decision: code(now.decision),
            enforced: Some(code(enforced.decision)),
            of: of.code(),
            package: package.to_owned(),
            reasons: now.reasons.clone(),
        }
    }

    /// A package of a function without a configuration.
    pub fn unchecked(of: PackageOf, package: &str) -> Self {
        let why = "the function does not have a code signing configuration";
        Self {
            decision: code(Deployment::Accepted),
            enforced: None,
            of: of.code(),
            package: package.to_owned(),
            reasons: vec![why.to_owned()],
        }
    }

    /// A package that is to be deployed to a function without a configuration.
    pub fn not_enforced(of: PackageOf, package: &str) -> Self {
        let why = "the function does not have a code signing configuration, so what `Enforce` would accept is not known";
        Self {
            enforced: Some(code(Deployment::Inconclusive)),
            reasons: vec![why.to_owned()],
            ..Self::unchecked(of, package)
        }
    }

    /// A package that could not be looked at.
    pub fn unknown(of: PackageOf, package: &str, why: String) -> Self {
        let inconclusive = code(Deployment::Inconclusive);
        Self {
            decision: inconclusive,
            enforced: Some(inconclusive),
            of: of.code(),
            package: package.to_owned(),
            reasons: vec![why],
        }
    }

    fn exit(&self) -> Exit {
        match self.enforced {
            None | Some("accepted") => Exit::Done,
            Some("inconclusive") => Exit::Inconclusive,
            Some(_) => Exit::Rejected,
        }
    }
}

const fn code(decision: Deployment) -> &'static str {
    match decision {
        Deployment::Accepted => "accepted",
        Deployment::Warned => "warned",
        Deployment::Refused => "refused",
        Deployment::Inconclusive => "inconclusive",
    }
}
