//! Proxies, as Go's programs and the AWS command line read them from the environment.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ECR, aws, behind, pushed};
use crate::support::forward::forward;
use crate::support::hostile::{Hostile, Reply};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A host that is not this machine, cannot be reached without a proxy, and fails at once.
const ELSEWHERE: &str = "255.255.255.255";
/// Nothing listens there.
const DEAD: &str = "http://127.0.0.1:1";

/// A scene with a signed image, and a proxy for plain HTTP behind which the emulator is every host.
fn with_proxy() -> (Scene, Hostile) {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let emulator = scene.emulator.address();
    let proxy = Hostile::start(move |seen| {
        let mut seen = seen.clone();
        seen.headers
            .insert("host".to_owned(), "localhost".to_owned());
        forward(emulator, &seen)
    });
    (scene, proxy)
}

fn elsewhere(scene: &Scene) -> String {
    format!("{ELSEWHERE}/app@{}", scene.digest())
}

/// Verifies the image as one of a registry elsewhere.
fn verify_elsewhere(scene: &Scene) -> Ran {
    scene.verify_with(&["--insecure-registry"], &elsewhere(scene))
}

/// The hosts that were asked for, each once, in order.
fn hosts(proxy: &Hostile) -> Vec<String> {
    let mut hosts: Vec<String> = proxy.seen().into_iter().map(|seen| seen.host).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

#[test]
fn plain_http_goes_through_its_proxy_and_this_machine_does_not() {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let (scene, proxy) = with_proxy();
        scene.emulator.clear_calls();
        let scene = scene
            .with_variable(variable, proxy.host())
            .with_variable("HTTPS_PROXY", DEAD);
        let ran = verify_elsewhere(&scene);
        assert_eq!(ran.code, 0, "{variable} {ran:#?}");
        assert_eq!(hosts(&proxy), [ELSEWHERE], "{variable}");
        // AWS's endpoint is on this machine.
        assert!(
            scene
                .operations()
                .contains(&"GetRevocationStatus".to_owned())
        );
    }
}

#[test]
fn https_goes_through_its_proxy_and_aws_with_it() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let scene = Scene::new();
        let image = pushed(&scene, ECR);
        let proxy = aws(&scene, |_| 0);
        let scene = behind(scene, &proxy)
            .without_variables(&["HTTPS_PROXY"])
            .with_variable(variable, format!("http://{}", proxy.host()))
            .with_variable("HTTP_PROXY", DEAD);
        scene.sign(&image);
        assert_eq!(scene.verify(&image).code, 0);
        assert_eq!(
            hosts(&proxy),
            [
                ECR,
                "api.ecr.us-east-1.amazonaws.com",
                "data-signer.us-east-1.amazonaws.com",
                "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com",
                "signer.us-east-1.amazonaws.com",
            ],
            "{variable}"
        );
    }
}

#[test]
fn upper_case_wins() {
    let (scene, proxy) = with_proxy();
    let scene = scene
        .with_variable("HTTP_PROXY", proxy.host())
        .with_variable("http_proxy", DEAD);
    assert_eq!(verify_elsewhere(&scene).code, 0);
}

#[test]
fn hosts_of_no_proxy_are_asked_directly() {
    for (variable, value) in [
        ("NO_PROXY", ELSEWHERE),
        ("no_proxy", "example.com, 255.0.0.0/8"),
        ("NO_PROXY", "*"),
    ] {
        let (scene, proxy) = with_proxy();
        let scene = scene
            .with_variable("HTTP_PROXY", proxy.host())
            .with_variable(variable, value);
        let ran = verify_elsewhere(&scene);
        ran.assert_refused(
            3,
            &format!(
                "Error: failed to get manifest descriptor: no usable answer from registry \
                 `{ELSEWHERE}`"
            ),
        );
        ran.assert_says(&format!("caused by: cannot connect to `{ELSEWHERE}`\n"));
        assert_eq!(hosts(&proxy), [""; 0], "{value}");
    }
    let (scene, proxy) = with_proxy();
    let scene = scene
        .with_variable("HTTP_PROXY", proxy.host())
        .with_variable("NO_PROXY", "255.255.255.254,example.com");
    assert_eq!(verify_elsewhere(&scene).code, 0);
}

#[test]
fn this_machine_is_never_behind_a_proxy() {
    let (scene, proxy) = with_proxy();
    let uri = format!("{}/credentials/container", scene.emulator.endpoint());
    let scene = scene
        .without_variables(&super::KEYS)
        .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
        .with_variable("HTTP_PROXY", proxy.host())
        .with_variable("HTTPS_PROXY", proxy.host())
        .with_variable("ALL_PROXY", proxy.host());
    let port = scene.emulator.address().port();
    for host in ["localhost", "127.0.0.1"] {
        let image = format!("{host}:{port}/app@{}", scene.digest());
        let ran = scene.verify_with(&["--insecure-registry"], &image);
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert_eq!(hosts(&proxy), [""; 0]);
    }
}

#[test]
fn a_proxy_gets_its_password_and_nobody_else_does() {
    let (scene, proxy) = with_proxy();
    let url = format!("http://ci:s3cr3t@{}", proxy.host());
    let scene = scene.with_variable("HTTP_PROXY", url);
    assert_eq!(verify_elsewhere(&scene).code, 0);
    let expected = format!("Basic {}", STANDARD.encode("ci:s3cr3t"));
    for seen in proxy.seen() {
        assert_eq!(
            seen.header("proxy-authorization"),
            Some(expected.as_str()),
            "{}",
            seen.url()
        );
        assert_eq!(seen.header("authorization"), None, "{}", seen.url());
    }

    let scene = Scene::new();
    let image = pushed(&scene, ECR);
    let proxy = aws(&scene, |_| 0);
    let url = format!("http://ci:s3cr3t@{}", proxy.host());
    let scene = behind(scene, &proxy).with_variable("HTTPS_PROXY", url);
    scene.sign(&image);
    // What is inside the tunnel is for its other end.
    for seen in proxy.seen() {
        assert_eq!(seen.header("proxy-authorization"), None, "{}", seen.url());
    }
}

#[test]
fn a_proxy_that_is_down_is_named_without_its_password() {
    let scene = Scene::new().with_variable("HTTP_PROXY", "http://ci:s3cr3t@127.0.0.1:1");
    let ran = verify_elsewhere(&scene);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(&format!(
        "caused by: cannot connect to `{ELSEWHERE}` through proxy `http://127.0.0.1:1` of \
         `HTTP_PROXY`"
    ));
    ran.assert_says("hint: check the proxy; hosts in `NO_PROXY` are reached without it");
    assert!(!ran.stderr.contains("s3cr3t"), "{ran:#?}");
}

#[test]
fn a_proxy_that_cannot_be_used_stops_everything() {
    let scene = Scene::new();
    scene.emulator.clear_calls();
    let scene = scene.with_variable("HTTPS_PROXY", "socks5://ci:s3cr3t@127.0.0.1:1080");
    for command in ["sign", "verify"] {
        let ran = scene.run(&[
            command,
            "--signing-profile",
            &scene.profile.arn,
            &scene.image,
        ]);
        ran.assert_refused(
            2,
            "Error: the proxy in `HTTPS_PROXY` cannot be used: its scheme is neither `http` nor \
             `https`",
        );
        ran.assert_says(
            "hint: set `HTTPS_PROXY` to `http://HOST:PORT` or `https://HOST:PORT`, or unset it",
        );
        assert!(!ran.stderr.contains("s3cr3t"), "{ran:#?}");
    }
    assert_eq!(scene.operations(), [""; 0]);
}

/// A gateway or a proxy that answers itself is not AWS: its answer is neither a verdict nor a denial.
#[test]
fn what_a_proxy_answers_itself_is_not_taken_for_aws() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let mut scene = scene.with_variable("AWS_ENDPOINT_URL", "http://aws.example:8080");
    let arn = scene.profile.arn.clone();
    for (status, type_, words) in [
        (403, "text/html", "AWS was not reached for"),
        (404, "application/json", "AWS was not reached for"),
        (302, "text/html", "AWS was not reached for"),
        (407, "text/html", "AWS was not reached for"),
        (503, "text/html", "AWS could not be reached for"),
    ] {
        let proxy = Hostile::start(move |_| {
            Reply::status(status)
                .header("content-type", type_)
                .body(r#"{"code":"FORBIDDEN","message":"ask your administrator"}"#)
        });
        let url = format!("http://ci:s3cr3t@{}", proxy.host());
        scene = scene.with_variable("HTTP_PROXY", url);
        let answered = format!(
            "`aws.example:8080` answered {status}, not as AWS does (asked through proxy `http://{}` of \
             `HTTP_PROXY`)",
            proxy.host()
        );
        let verify = ["verify", "--trust-anchor", "root.crt"];
        for command in [&verify[..], &["sign"]] {
            let ran = scene.run(&[command, &["--signing-profile", &arn, &scene.image]].concat());
            assert_eq!(ran.code, 3, "{status} {ran:#?}");
            ran.assert_says(words);
            ran.assert_says(&answered);
            ran.assert_says("allow `aws.example:8080` at the proxy");
            assert!(!ran.stderr.contains("s3cr3t"), "{ran:#?}");
            assert!(!ran.stderr.contains("IAM"), "{ran:#?}");
        }
    }
}
