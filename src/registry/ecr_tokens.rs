//! Tokens for Amazon ECR from AWS (`GetAuthorizationToken`).

use aws_config::{Region, SdkConfig};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::{BoxFuture, FutureExt as _};

use super::credentials::{EcrTokenError, EcrTokens, Secret};
use super::words::clean;
use crate::aws::{self, Aws, Call, CallError};
use crate::reference::EcrHost;

/// Asks AWS, with the credentials of this environment, in the region that a registry's host names.
#[derive(Debug, Clone)]
pub struct AwsEcrTokens(Aws);

impl AwsEcrTokens {
    /// Tokens from `aws`.
    pub fn new(aws: Aws) -> Self {
        Self(aws)
    }
}

impl EcrTokens for AwsEcrTokens {
    fn token<'a>(&'a self, host: &'a EcrHost) -> BoxFuture<'a, Result<Secret, EcrTokenError>> {
        async move { issue(self.0.config(host.region()).await, host).await }.boxed()
    }
}

fn call(host: &EcrHost) -> Call {
    Call {
        action: "ecr:GetAuthorizationToken",
        resource: "*".to_owned(),
        region: host.region().to_owned(),
    }
}

async fn issue(config: SdkConfig, host: &EcrHost) -> Result<Secret, EcrTokenError> {
    aws::check_endpoint(&config, "ECR")?;
    let has_endpoint = aws::has_endpoint(&config, "ECR");
    // The host's region counts, whatever region is set for anything else.
    let mut builder = config
        .into_builder()
        .region(Region::new(host.region().to_owned()));
    // An endpoint that is configured has no variants, and the SDK refuses to ask for one.
    if !has_endpoint {
        if host.is_fips() {
            builder.set_use_fips(Some(true));
        }
        if host.is_dual_stack() {
            builder.set_use_dual_stack(Some(true));
        }
    }
    let client = aws_sdk_ecr::Client::new(&builder.build());
    let answer = client
        .get_authorization_token()
        .send()
        .await
        .map_err(|error| CallError::from_sdk(call(host), &error))?;
    let [data] = answer.authorization_data() else {
        return Err("AWS answered with no token, or with more than one".into());
    };
    let encoded = data.authorization_token().unwrap_or_default();
    let decoded = STANDARD
        .decode(encoded)
        .ok()
        .and_then(|decoded| String::from_utf8(decoded).ok());
    // The password may have colons of its own.
    match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
        Some(("AWS", password)) if !password.is_empty() => Ok(Secret::new(password.to_owned())),
        Some((username, _)) if username != "AWS" => Err(format!(
            "AWS issued a token for user `{}`, not `AWS`",
            clean(username)
        )
        .into()),
        _ => Err("AWS answered with a token that cannot be read".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::BehaviorVersion;
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_smithy_runtime_api::client::http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// AWS that answers every request with `status` and `body`, and remembers where it was asked.
    #[derive(Debug, Clone)]
    struct FakeAws {
        status: u16,
        body: String,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl HttpConnector for FakeAws {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            self.asked.lock().unwrap().push(request.uri().to_owned());
            let status = self.status.try_into().unwrap();
            let body = SdkBody::from(self.body.as_str());
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body)))
        }
    }

    impl HttpClient for FakeAws {
        fn http_connector(
            &self,
            _: &HttpConnectorSettings,
            _: &RuntimeComponents,
        ) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    async fn issued(status: u16, body: String, host: &str) -> (String, Result<Secret, String>) {
        let fake = FakeAws {
            status,
            body,
            asked: Arc::default(),
        };
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new("ap-south-2"))
            .http_client(fake.clone())
            .build();
        let token = issue(config, &EcrHost::parse(host).unwrap()).await;
        let asked = fake.asked.lock().unwrap().join(" ");
        (asked, token.map_err(|error| error.to_string()))
    }

    fn answer(tokens: &[&str]) -> String {
        let data: Vec<_> = tokens
            .iter()
            .map(|token| serde_json::json!({"authorizationToken": STANDARD.encode(token)}))
            .collect();
        serde_json::json!({"authorizationData": data}).to_string()
    }

    #[tokio::test]
    async fn the_hosts_region_and_kind_decide_who_is_asked() {
        for (host, asked) in [
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "https://api.ecr.eu-west-1.amazonaws.com/",
            ),
            (
                "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                "https://api.ecr-fips.us-gov-west-1.amazonaws.com/",
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                "https://api.ecr.cn-north-1.amazonaws.com.cn/",
            ),
            (
                "123456789012.dkr-ecr.us-east-1.on.aws",
                "https://ecr.us-east-1.api.aws/",
            ),
        ] {
            let answered = issued(200, answer(&["AWS:pass:word"]), host).await;
            let token = Secret::new("pass:word".to_owned());
            assert_eq!(answered, (asked.to_owned(), Ok(token)));
        }
    }

    #[tokio::test]
    async fn what_is_no_token_is_an_error() {
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        let none_or_many = "AWS answered with no token, or with more than one";
        let unreadable = "AWS answered with a token that cannot be read";
        for (body, wanted) in [
            (answer(&[]), none_or_many),
            (answer(&["AWS:a", "AWS:b"]), none_or_many),
            (answer(&["AWS:"]), unreadable),
            (answer(&["AWS"]), unreadable),
            (
                r#"{"authorizationData":[{"authorizationToken":"***"}]}"#.to_owned(),
                unreadable,
            ),
            (
                answer(&["someone:word"]),
                "AWS issued a token for user `someone`, not `AWS`",
            ),
        ] {
            let (_, token) = issued(200, body, host).await;
            assert_eq!(token, Err(wanted.to_owned()));
        }
    }

    #[tokio::test]
    async fn aws_is_quoted_when_it_says_no() {
        let body = r#"{"__type":"AccessDeniedException","message":"User: arn:aws:iam::1:user/x is not authorized"}"#;
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        let (_, token) = issued(400, body.to_owned(), host).await;
        assert_eq!(
            token.unwrap_err(),
            "AWS denied `ecr:GetAuthorizationToken` on `*` in region `eu-west-1`: \
             AccessDeniedException: User: arn:aws:iam::1:user/x is not authorized"
        );
    }
}
