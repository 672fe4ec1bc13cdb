//! Credentials, and the hosts that want them.

use super::*;
use crate::registry::access::MAX_SCOPES;

#[test]
fn redirects_of_requests_with_credentials_lead_to_another_host() {
    let mut server = Server::new();
    let digest = server.push_blob("app", b"x");
    server.authorization = Some("Basic YTpi".to_owned());
    let response = server.send("GET", &format!("/v2/app/blobs/{digest}"));
    let target = location(&response);
    assert!(
        target.starts_with("http://localhost:4570/_registry/blobs/"),
        "{target}"
    );

    server.host = ECR;
    let password = server.registry.tokens.password("eu-west-1", NOW);
    server.authorization = Some(ecr_authorization(&password));
    let response = server.send("GET", &format!("/v2/app/blobs/{digest}"));
    let bucket =
        "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/_registry/blobs/";
    assert!(
        location(&response).starts_with(bucket),
        "{}",
        location(&response)
    );
}

#[test]
fn an_ecr_host_wants_its_token_and_an_existing_repository() {
    let mut server = Server {
        host: ECR,
        ..Server::new()
    };
    let response = server.send("GET", "/v2/");
    assert_eq!(response.status(), 401);
    assert_eq!(response.body(), "Not Authorized\n");
    let challenge = format!("Basic realm=\"https://{ECR}/\",service=\"ecr.amazonaws.com\"");
    assert_eq!(text(response.headers(), "WWW-Authenticate"), challenge);
    for wrong in ["Basic QVdTOng=", "Bearer x", "Basic !", "Basic"] {
        server.authorization = Some(wrong.to_owned());
        assert_eq!(server.send("GET", "/v2/").status(), 401, "{wrong}");
    }
    let password = server.registry.tokens.password("eu-west-1", NOW);
    server.authorization = Some(ecr_authorization(&password));
    assert_eq!(server.send("GET", "/v2/").status(), 200);
    let response = server.send("POST", "/v2/app/blobs/uploads/");
    assert_eq!(refusal(&response), refused(404, "NAME_UNKNOWN"));
    let message =
        "The repository with name 'app' does not exist in the registry with id '111122223333'";
    assert_eq!(json(&response)["errors"][0]["message"], message);
    server.host = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    assert_eq!(server.send("GET", "/v2/").status(), 401);
    server.host = ECR;
    server.now = NOW + Duration::hours(12);
    let response = server.send("GET", "/v2/");
    assert_eq!(refusal(&response), refused(403, "DENIED"));
}

#[test]
fn the_loopback_registry_is_the_default_accounts() {
    let mut server = Server::new();
    server.push_image("app", "v1");
    server.host = ECR;
    let password = server.registry.tokens.password("eu-west-1", NOW);
    server.authorization = Some(ecr_authorization(&password));
    assert_eq!(server.send("GET", "/v2/app/manifests/v1").status(), 200);
    server.host = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";
    let response = server.send("GET", "/v2/app/manifests/v1");
    assert_eq!(refusal(&response), refused(404, "NAME_UNKNOWN"));
}

#[test]
fn basic_takes_one_user() {
    let mut server = Server::with(|options| {
        options.loopback_access = Access::Basic {
            username: "user".to_owned(),
            password: "pass:word".to_owned(),
        };
    });
    let response = server.send("GET", "/v2/");
    assert_eq!(refusal(&response), refused(401, "UNAUTHORIZED"));
    assert_eq!(
        text(response.headers(), "WWW-Authenticate"),
        "Basic realm=\"countersign-emulator\""
    );
    server.authorization = Some("Basic dXNlcjpwYXNzOndvcmQ=".to_owned());
    assert_eq!(server.send("GET", "/v2/").status(), 200);
    server.authorization = Some("Basic dXNlcjpwYXNz".to_owned());
    assert_eq!(server.send("GET", "/v2/").status(), 401);
}

#[test]
fn bearer_tokens_allow_what_they_were_asked_for() {
    let mut server = Server::with(|options| {
        options.loopback_access = Access::Bearer {
            username: "user".to_owned(),
            password: "pass".to_owned(),
            anonymous_pull: true,
        };
    });
    let response = server.send("PUT", "/v2/app/manifests/v1");
    let challenge = "Bearer realm=\"http://127.0.0.1:4570/_registry/token\",service=\"countersign-emulator\",\
                     scope=\"repository:app:pull,push\"";
    assert_eq!(text(response.headers(), "WWW-Authenticate"), challenge);
    let token = |server: &Server, scope: &str| {
        let response = server.send("GET", &format!("/_registry/token?service=x&scope={scope}"));
        assert_eq!(response.status(), 200);
        Some(format!(
            "Bearer {}",
            json(&response)["token"].as_str().unwrap()
        ))
    };
    // Anonymous clients may read, whatever was asked for.
    server.authorization = token(&server, "repository:app:pull,push");
    assert_eq!(server.send("GET", "/v2/app/tags/list").status(), 404);
    let response = server.send("POST", "/v2/app/blobs/uploads/");
    assert_eq!(response.status(), 401);
    assert!(
        text(response.headers(), "WWW-Authenticate").ends_with(",error=\"insufficient_scope\"")
    );
    // The user may do what the token is for, on the repository that it is for.
    server.authorization = Some("Basic dXNlcjpwYXNz".to_owned());
    let granted = token(&server, "repository:app:pull,push+repository:other:pull");
    server.authorization = Some("Basic dXNlcjp3cm9uZw==".to_owned());
    assert_eq!(server.send("GET", "/_registry/token").status(), 401);
    server.authorization = granted;
    server.push_image("app", "v1");
    assert_eq!(
        server.send("POST", "/v2/other/blobs/uploads/").status(),
        401
    );
    assert_eq!(server.send("GET", "/v2/third/tags/list").status(), 401);
    server.now = NOW + Duration::minutes(5);
    let response = server.send("GET", "/v2/app/tags/list");
    assert!(text(response.headers(), "WWW-Authenticate").ends_with(",error=\"invalid_token\""));
}

#[test]
fn only_a_registry_that_takes_bearer_tokens_gives_them() {
    let mut server = Server::new();
    assert_eq!(
        refusal(&server.send("GET", "/_registry/token")),
        refused(404, "UNSUPPORTED")
    );
    let options = RegistryOptions {
        loopback_access: Access::Bearer {
            username: "user".to_owned(),
            password: "pass".to_owned(),
            anonymous_pull: true,
        },
        ..RegistryOptions::default()
    };
    server.registry.set_options(options);
    assert_eq!(server.send("GET", "/_registry/token").status(), 200);
    assert_eq!(
        refusal(&server.send("POST", "/_registry/token")),
        refused(405, "UNSUPPORTED")
    );
    server.host = ECR;
    assert_eq!(
        refusal(&server.send("GET", "/_registry/token")),
        refused(404, "UNSUPPORTED")
    );
}

#[test]
fn a_token_has_as_many_scopes_as_one_may_ask_for() {
    let mut server = Server::with(|options| {
        options.loopback_access = Access::Bearer {
            username: "user".to_owned(),
            password: "pass".to_owned(),
            anonymous_pull: true,
        };
    });
    let scopes = |count: usize| {
        let scopes = (1..=count).map(|number| format!("scope=repository:r{number}:pull"));
        scopes.collect::<Vec<_>>().join("&")
    };
    let status = |server: &mut Server, count: usize| {
        server.authorization = None;
        let answer = json(&server.send("GET", &format!("/_registry/token?{}", scopes(count))));
        server.authorization = Some(format!("Bearer {}", answer["token"].as_str().unwrap()));
        let last = server.send("GET", &format!("/v2/r{count}/tags/list"));
        last.status().as_u16()
    };
    // Allowed, but there is no such repository; and not allowed.
    assert_eq!(status(&mut server, MAX_SCOPES), 404);
    assert_eq!(status(&mut server, MAX_SCOPES + 1), 401);
}
