//! AWS Lambda's operations by method and path, as the API models list them.

use http::{Method, StatusCode};

use crate::signed_call::decode;

/// An operation, with what its path names: a function's name or ARN, a configuration's ARN, a layer's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateFunction,
    ListFunctions,
    GetFunction(String),
    GetFunctionConfiguration(String),
    UpdateFunctionCode(String),
    UpdateFunctionConfiguration(String),
    DeleteFunction(String),
    PutFunctionCodeSigningConfig(String),
    GetFunctionCodeSigningConfig(String),
    DeleteFunctionCodeSigningConfig(String),
    CreateCodeSigningConfig,
    ListCodeSigningConfigs,
    GetCodeSigningConfig(String),
    UpdateCodeSigningConfig(String),
    DeleteCodeSigningConfig(String),
    ListFunctionsByCodeSigningConfig(String),
    PublishLayerVersion(String),
    GetLayerVersion { name: String, version: String },
    GetLayerVersionByArn(String),
    ListLayers,
    ListLayerVersions(String),
}

impl Operation {
    /// The operation with this method, path and query. `path` is still percent-encoded.
    pub(crate) fn of(method: &Method, path: &str, query: Option<&str>) -> Option<Self> {
        let segments: Vec<String> = path.strip_prefix('/')?.split('/').map(decode).collect();
        // A slash at the end is the same path.
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let segments = match segments.as_slice() {
            [rest @ .., ""] => rest,
            whole => whole,
        };
        let text = |it: &&str| (*it).to_owned();
        Some(match (method.as_str(), segments) {
            ("POST", ["2015-03-31", "functions"]) => Self::CreateFunction,
            ("GET", ["2015-03-31", "functions"]) => Self::ListFunctions,
            ("GET", ["2015-03-31", "functions", name]) => Self::GetFunction(text(name)),
            ("DELETE", ["2015-03-31", "functions", name]) => Self::DeleteFunction(text(name)),
            ("GET", ["2015-03-31", "functions", name, "configuration"]) => {
                Self::GetFunctionConfiguration(text(name))
            }
            ("PUT", ["2015-03-31", "functions", name, "configuration"]) => {
                Self::UpdateFunctionConfiguration(text(name))
            }
            ("PUT", ["2015-03-31", "functions", name, "code"]) => {
                Self::UpdateFunctionCode(text(name))
            }
            ("PUT", ["2020-06-30", "functions", name, "code-signing-config"]) => {
                Self::PutFunctionCodeSigningConfig(text(name))
            }
            ("GET", ["2020-06-30", "functions", name, "code-signing-config"]) => {
                Self::GetFunctionCodeSigningConfig(text(name))
            }
            ("DELETE", ["2020-06-30", "functions", name, "code-signing-config"]) => {
                Self::DeleteFunctionCodeSigningConfig(text(name))
            }
            ("POST", ["2020-04-22", "code-signing-configs"]) => Self::CreateCodeSigningConfig,
            ("GET", ["2020-04-22", "code-signing-configs"]) => Self::ListCodeSigningConfigs,
            ("GET", ["2020-04-22", "code-signing-configs", arn]) => {
                Self::GetCodeSigningConfig(text(arn))
            }
            ("PUT", ["2020-04-22", "code-signing-configs", arn]) => {
                Self::UpdateCodeSigningConfig(text(arn))
            }
            ("DELETE", ["2020-04-22", "code-signing-configs", arn]) => {
                Self::DeleteCodeSigningConfig(text(arn))
            }
            ("GET", ["2020-04-22", "code-signing-configs", arn, "functions"]) => {
                Self::ListFunctionsByCodeSigningConfig(text(arn))
            }
            ("POST", ["2018-10-31", "layers", name, "versions"]) => {
                Self::PublishLayerVersion(text(name))
            }
            ("GET", ["2018-10-31", "layers", name, "versions"]) => {
                Self::ListLayerVersions(text(name))
            }
            ("GET", ["2018-10-31", "layers", name, "versions", version]) => Self::GetLayerVersion {
                name: text(name),
                version: text(version),
            },
            ("GET", ["2018-10-31", "layers"]) => match by_arn(query) {
                Some(arn) => Self::GetLayerVersionByArn(arn),
                None => Self::ListLayers,
            },
            _ => return None,
        })
    }

    /// The name in the API models, in the recorded calls, and for faults.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CreateFunction => "CreateFunction",
            Self::ListFunctions => "ListFunctions",
            Self::GetFunction(_) => "GetFunction",
            Self::GetFunctionConfiguration(_) => "GetFunctionConfiguration",
            Self::UpdateFunctionCode(_) => "UpdateFunctionCode",
            Self::UpdateFunctionConfiguration(_) => "UpdateFunctionConfiguration",
            Self::DeleteFunction(_) => "DeleteFunction",
            Self::PutFunctionCodeSigningConfig(_) => "PutFunctionCodeSigningConfig",
            Self::GetFunctionCodeSigningConfig(_) => "GetFunctionCodeSigningConfig",
            Self::DeleteFunctionCodeSigningConfig(_) => "DeleteFunctionCodeSigningConfig",
            Self::CreateCodeSigningConfig => "CreateCodeSigningConfig",
            Self::ListCodeSigningConfigs => "ListCodeSigningConfigs",
            Self::GetCodeSigningConfig(_) => "GetCodeSigningConfig",
            Self::UpdateCodeSigningConfig(_) => "UpdateCodeSigningConfig",
            Self::DeleteCodeSigningConfig(_) => "DeleteCodeSigningConfig",
            Self::ListFunctionsByCodeSigningConfig(_) => "ListFunctionsByCodeSigningConfig",
            Self::PublishLayerVersion(_) => "PublishLayerVersion",
            Self::GetLayerVersion { .. } => "GetLayerVersion",
            Self::GetLayerVersionByArn(_) => "GetLayerVersionByArn",
            Self::ListLayers => "ListLayers",
            Self::ListLayerVersions(_) => "ListLayerVersions",
        }
    }

    /// The status of an answer with success.
    pub(super) fn success(&self) -> StatusCode {
        match self {
            Self::CreateFunction | Self::CreateCodeSigningConfig | Self::PublishLayerVersion(_) => {
                StatusCode::CREATED
            }
            Self::DeleteFunction(_)
            | Self::DeleteCodeSigningConfig(_)
            | Self::DeleteFunctionCodeSigningConfig(_) => StatusCode::NO_CONTENT,
            _ => StatusCode::OK,
        }
    }
}

/// The layer version that `?find=LayerVersion&Arn=...` names.
fn by_arn(query: Option<&str>) -> Option<String> {
    let pairs: Vec<_> = form_urlencoded::parse(query?.as_bytes()).collect();
    let find = pairs.iter().find(|(name, _)| name == "find")?;
    let arn = pairs.iter().find(|(name, _)| name == "Arn")?;
    (find.1 == "LayerVersion").then(|| arn.1.clone().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_known_by_method_path_and_query() {
        let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Alayer%3Al%3A1";
        for (method, path, query, name) in [
            ("POST", "/2015-03-31/functions", None, "CreateFunction"),
            ("GET", "/2015-03-31/functions/", None, "ListFunctions"),
            ("GET", "/2015-03-31/functions/a%3Alive", None, "GetFunction"),
            (
                "PUT",
                "/2015-03-31/functions/a/code",
                None,
                "UpdateFunctionCode",
            ),
            (
                "GET",
                "/2018-10-31/layers",
                Some("find=LayerVersion&Arn=ARN"),
                "GetLayerVersionByArn",
            ),
            (
                "GET",
                "/2018-10-31/layers",
                Some("MaxItems=1"),
                "ListLayers",
            ),
            (
                "POST",
                "/2020-04-22/code-signing-configs/",
                None,
                "CreateCodeSigningConfig",
            ),
        ] {
            let query = query.map(|query: &str| query.replace("ARN", arn));
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let found = Operation::of(&method, path, query.as_deref());
            assert_eq!(found.unwrap().name(), name, "{path}");
        }
        assert_eq!(
            Operation::of(&Method::POST, "/2015-03-31/functions/a", None),
            None
        );
        assert_eq!(Operation::of(&Method::GET, "/signing-jobs", None), None);
    }
}
