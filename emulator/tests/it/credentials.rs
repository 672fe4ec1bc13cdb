//! STS and the places where credentials come from.

use countersign_emulator::Emulator;
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use crate::support::*;

const LIST: &str = "/latest/meta-data/iam/security-credentials/";
const ROLE_ARN: &str = "arn:aws:iam::444455556666:role/builder";

async fn request(emulator: &Emulator, request: http::request::Builder, body: &str) -> Answer {
    let request = request.header("host", emulator.address().to_string());
    exchange(
        emulator.address(),
        request.body(Full::from(body.to_owned())).unwrap(),
    )
    .await
    .unwrap()
}

async fn sts(client: &Client, form: &str) -> Answer {
    let client = Client {
        service: "sts",
        ..client.clone()
    };
    let request = client.signed(
        "POST",
        "/",
        "application/x-www-form-urlencoded",
        form.as_bytes(),
    );
    exchange(client.address, request).await.unwrap()
}

fn element<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let (_, rest) = answer
        .text()
        .split_once(&format!("<{name}>"))
        .unwrap_or_else(|| panic!("{}", answer.text()));
    rest.split_once('<').unwrap().0
}

/// Who these temporary credentials belong to.
async fn identity(emulator: &Emulator, key: &str, secret: &str, token: &str) -> Answer {
    let client = Client {
        key: key.to_owned(),
        secret: secret.to_owned(),
        token: Some(token.to_owned()),
        ..Client::of(emulator)
    };
    sts(&client, "Action=GetCallerIdentity&Version=2011-06-15").await
}

async fn identity_of(emulator: &Emulator, credentials: &Value, names: [&str; 3]) -> String {
    let [key, secret, token] = names.map(|name| credentials[name].as_str().unwrap());
    element(&identity(emulator, key, secret, token).await, "Arn").to_owned()
}

#[tokio::test]
async fn what_iam_would_allow() {
    use countersign_emulator::{Decision, Fault, FaultKind};

    let emulator = start();
    let client = Client {
        service: "iam",
        ..Client::of(&emulator)
    };
    let form = |principal: &str| {
        format!(
            "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn={principal}\
             &ActionNames.member.1=signer:SignPayload&ResourceArns.member.1=*"
        )
    };
    let ask = async |principal: &str| {
        let form = form(principal);
        let kind = "application/x-www-form-urlencoded";
        let request = client.signed("POST", "/", kind, form.as_bytes());
        exchange(client.address, request).await.unwrap()
    };
    let user = "arn:aws:iam::111122223333:user/emulator";
    for (decision, word) in [
        (Decision::Allowed, "allowed"),
        (Decision::ImplicitDeny, "implicitDeny"),
        (Decision::ExplicitDeny, "explicitDeny"),
        (Decision::MissingContext, "implicitDeny"),
    ] {
        emulator.simulate("signer:SignPayload", decision);
        let answer = ask(user).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(element(&answer, "EvalDecision"), word);
        assert_eq!(element(&answer, "EvalActionName"), "signer:SignPayload");
    }
    let answer = ask("arn:aws:iam::111122223333:user/other").await;
    assert_eq!(
        (answer.status, element(&answer, "Code")),
        (404, "NoSuchEntity")
    );
    emulator
        .faults()
        .add(Fault::new(FaultKind::AccessDenied).on("SimulatePrincipalPolicy"));
    let answer = ask(user).await;
    assert_eq!(
        (answer.status, element(&answer, "Code")),
        (403, "AccessDenied")
    );
}

#[tokio::test]
async fn who_am_i() {
    let emulator = start();
    let answer = sts(
        &Client::of(&emulator),
        "Action=GetCallerIdentity&Version=2011-06-15",
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        element(&answer, "Arn"),
        "arn:aws:iam::111122223333:user/emulator"
    );
    assert_eq!(element(&answer, "Account"), "111122223333");
    assert_eq!(answer.headers["content-type"], "text/xml");
}

#[tokio::test]
async fn sts_has_codes_of_its_own() {
    let emulator = start();
    let client = Client {
        secret: "wrong".to_owned(),
        ..Client::of(&emulator)
    };
    let answer = sts(&client, "Action=GetCallerIdentity").await;
    assert_eq!(
        (answer.status, element(&answer, "Code")),
        (403, "SignatureDoesNotMatch")
    );
    let client = Client {
        key: "AKIAUNKNOWN".to_owned(),
        ..client
    };
    let answer = sts(&client, "Action=GetCallerIdentity").await;
    assert_eq!(
        (answer.status, element(&answer, "Code")),
        (403, "InvalidClientTokenId")
    );
    let answer = sts(&Client::of(&emulator), "Action=GetFederationToken").await;
    assert_eq!(
        (answer.status, element(&answer, "Code")),
        (400, "InvalidAction")
    );
}

#[tokio::test]
async fn a_web_identity_gets_credentials_that_sign() {
    let emulator = Emulator::builder()
        .web_identity_token("jwt")
        .start()
        .await
        .unwrap();
    let form = |token: &str| {
        format!(
            "Action=AssumeRoleWithWebIdentity&RoleArn={ROLE_ARN}&RoleSessionName=job-7&WebIdentityToken={token}"
        )
    };
    let post = || Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let answer = request(&emulator, post(), &form("other")).await;
    assert_eq!(
        (answer.status, element(&answer, "Code")),
        (400, "InvalidIdentityToken")
    );

    let answer = request(&emulator, post(), &form("jwt")).await;
    let credentials =
        ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| element(&answer, name));
    let [key, secret, token] = credentials;
    let who = identity(&emulator, key, secret, token).await;
    assert_eq!(
        element(&who, "Arn"),
        "arn:aws:sts::444455556666:assumed-role/builder/job-7"
    );
    let who = identity(&emulator, key, secret, "another token").await;
    assert_eq!(
        (who.status, element(&who, "Code")),
        (403, "InvalidClientTokenId")
    );

    let client = Client {
        key: key.to_owned(),
        secret: secret.to_owned(),
        token: Some(token.to_owned()),
        ..Client::of(&emulator)
    };
    let profile = client.put_profile("web").await;
    assert_eq!(
        profile["arn"],
        "arn:aws:signer:us-east-1:444455556666:/signing-profiles/web"
    );
}

#[tokio::test]
async fn a_role_is_assumed() {
    let emulator = start();
    let form =
        format!("Action=AssumeRole&RoleArn={ROLE_ARN}&RoleSessionName=s&DurationSeconds=900");
    let answer = sts(&Client::of(&emulator), &form).await;
    assert_eq!(
        element(&answer, "Arn"),
        "arn:aws:sts::444455556666:assumed-role/builder/s"
    );
    let answer = sts(&Client::of(&emulator), &form.replace("=900", "=899")).await;
    assert_eq!(element(&answer, "Code"), "ValidationError");
    let answer = sts(&Client::of(&emulator), "Action=AssumeRole&RoleArn=x").await;
    assert_eq!(
        element(&answer, "Message"),
        "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must not be null"
    );
}

#[tokio::test]
async fn a_container_s_credentials() {
    let emulator = Emulator::builder()
        .container_token("secret token")
        .role("task")
        .start()
        .await
        .unwrap();
    let get = || Request::get("/credentials/container");
    assert_eq!(request(&emulator, get(), "").await.status, 401);
    assert_eq!(
        request(&emulator, get().header("authorization", "other"), "")
            .await
            .status,
        401
    );
    let credentials = request(&emulator, get().header("authorization", "secret token"), "")
        .await
        .ok();
    let arn = identity_of(
        &emulator,
        &credentials,
        ["AccessKeyId", "SecretAccessKey", "Token"],
    )
    .await;
    assert_eq!(arn, "arn:aws:sts::111122223333:assumed-role/task/container");
}

#[tokio::test]
async fn an_instance_s_credentials() {
    let emulator = start();
    assert_eq!(request(&emulator, Request::get(LIST), "").await.status, 401);
    assert_eq!(
        request(&emulator, Request::put("/latest/api/token"), "")
            .await
            .status,
        400
    );
    let put = |ttl: &str| {
        Request::put("/latest/api/token").header("x-aws-ec2-metadata-token-ttl-seconds", ttl)
    };
    assert_eq!(request(&emulator, put("21601"), "").await.status, 400);
    let token = request(&emulator, put("21600"), "").await;
    let get = |path: &str| Request::get(path).header("x-aws-ec2-metadata-token", token.text());
    assert_eq!(request(&emulator, get(LIST), "").await.text(), "emulator");
    assert_eq!(
        request(&emulator, get("/latest/meta-data/placement/region"), "")
            .await
            .text(),
        "us-east-1"
    );
    assert_eq!(
        request(&emulator, get(&format!("{LIST}other")), "")
            .await
            .status,
        404
    );
    let credentials = request(&emulator, get(&format!("{LIST}emulator")), "")
        .await
        .ok();
    assert_eq!(credentials["Code"], "Success");
    let arn = identity_of(
        &emulator,
        &credentials,
        ["AccessKeyId", "SecretAccessKey", "Token"],
    )
    .await;
    assert_eq!(
        arn,
        "arn:aws:sts::111122223333:assumed-role/emulator/i-0123456789abcdef0"
    );
}

#[tokio::test]
async fn credentials_of_single_sign_on() {
    let emulator = Emulator::builder()
        .sso_token("bearer")
        .start()
        .await
        .unwrap();
    let get = |token: &str| {
        Request::get("/federation/credentials?role_name=dev&account_id=444455556666")
            .header("x-amz-sso_bearer_token", token)
    };
    let answer = request(&emulator, get("other"), "").await;
    assert_eq!(
        (
            answer.status,
            answer.headers["x-amzn-errortype"].to_str().unwrap()
        ),
        (401, "UnauthorizedException")
    );
    let answer = request(&emulator, get("bearer"), "").await.ok();
    let names = ["accessKeyId", "secretAccessKey", "sessionToken"];
    let arn = identity_of(&emulator, &answer["roleCredentials"], names).await;
    assert_eq!(arn, "arn:aws:sts::444455556666:assumed-role/dev/sso");
}
