//! Which service and operation a request is for.

use http::header;

use crate::{
    call::Call, credential_endpoints::Endpoint, hosts::is_registry_host, iam, lambda,
    protocol::Protocol, registry, s3, signer::Operation, sts::Form,
};

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Service {
    Admin,
    Registry,
    /// The operation that `X-Amz-Target` names.
    Ecr(String),
    /// As for ECR.
    Ecs(String),
    /// As for ECR.
    Kms(String),
    /// As for ECR.
    Ssm(String),
    /// As for ECR.
    SecretsManager(String),
    S3(s3::Operation),
    Lambda(lambda::Operation),
    /// The code of a function or layer, under a URL that AWS Lambda gave out.
    Code,
    Sts(Form),
    Iam(Form),
    Credentials(Endpoint),
    Signer(Operation),
    Unknown,
}

impl Service {
    pub(crate) fn of(call: &Call) -> Self {
        let request = &call.request;
        let (method, path) = (request.method(), request.uri().path());
        let text = |name: header::HeaderName| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        // `/_registry/` is where the registry's redirects lead.
        let is_registry_path =
            path == "/v2" || path.starts_with("/v2/") || path.starts_with("/_registry/");
        if is_registry_host(&call.host) || is_registry_path {
            return Self::Registry;
        }
        if path.starts_with("/_emulator/") {
            return Self::Admin;
        }
        if let Some(target) = text(header::HeaderName::from_static("x-amz-target")) {
            return match target.split_once('.') {
                Some(("AmazonEC2ContainerRegistry_V20150921", action)) => {
                    Self::Ecr(action.to_owned())
                }
                Some(("AmazonEC2ContainerServiceV20141113", action)) => {
                    Self::Ecs(action.to_owned())
                }
                Some(("TrentService", action)) => Self::Kms(action.to_owned()),
                Some(("AmazonSSM", action)) => Self::Ssm(action.to_owned()),
                Some(("secretsmanager", action)) => Self::SecretsManager(action.to_owned()),
                _ => Self::Unknown,
            };
        }
        // Any path may be one of S3's.
        if s3::is_s3(&call.host, request) {
            return Self::S3(s3::Operation::of(&call.host, request));
        }
        if lambda::is_download(path) && method == http::Method::GET {
            return Self::Code;
        }
        if let Some(operation) = lambda::Operation::of(method, path, request.uri().query()) {
            return Self::Lambda(operation);
        }
        let is_form = text(header::CONTENT_TYPE)
            .is_some_and(|it| it.starts_with("application/x-www-form-urlencoded"));
        if is_form && path == "/" && method == http::Method::POST {
            let form = Form::parse(request.body());
            return match form.text("Version") {
                Some(iam::VERSION) => Self::Iam(form),
                _ => Self::Sts(form),
            };
        }
        if let Some(endpoint) = Endpoint::of(method, path) {
            return Self::Credentials(endpoint);
        }
        Operation::of(method, path).map_or(Self::Unknown, Self::Signer)
    }

    /// The name in the recorded calls, and for faults.
    pub(crate) fn operation(&self, call: &Call) -> String {
        match self {
            Self::Admin | Self::Unknown => "Unknown".to_owned(),
            Self::Registry => registry::operation(call).to_owned(),
            Self::Ecr(action)
            | Self::Ecs(action)
            | Self::Kms(action)
            | Self::Ssm(action)
            | Self::SecretsManager(action) => action.clone(),
            Self::S3(operation) => operation.name().to_owned(),
            Self::Lambda(operation) => operation.name().to_owned(),
            Self::Code => "lambda:code".to_owned(),
            Self::Sts(form) | Self::Iam(form) => form.action().to_owned(),
            Self::Credentials(endpoint) => endpoint.name().to_owned(),
            Self::Signer(operation) => operation.name().to_owned(),
        }
    }

    pub(crate) fn protocol(&self) -> Protocol {
        match self {
            Self::Ecr(_) | Self::Ecs(_) | Self::Ssm(_) | Self::SecretsManager(_) => {
                Protocol::Json11
            }
            Self::S3(_) | Self::Code => Protocol::S3,
            Self::Kms(_) => Protocol::Kms,
            Self::Sts(_) | Self::Iam(_) => Protocol::Query,
            Self::Registry => Protocol::Registry,
            Self::Admin
            | Self::Credentials(_)
            | Self::Lambda(_)
            | Self::Signer(_)
            | Self::Unknown => Protocol::RestJson,
        }
    }
}
