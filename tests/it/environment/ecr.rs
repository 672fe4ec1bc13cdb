//! Amazon ECR by its host names: whose token goes where, and how many requests it takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_emulator::{Fault, FaultKind};

use super::{ECR, aws, behind, behind_the_emulator, pushed};
use crate::support::hostile::{Hostile, Seen};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

#[track_caller]
fn assert_verified(ran: &Ran, image: &str) {
    let expected = Ran {
        code: 0,
        stdout: format!("Successfully verified signature for {image}\n"),
        stderr: String::new(),
    };
    assert_eq!(*ran, expected);
}

fn token_requests(scene: &Scene) -> usize {
    let operations = scene.operations();
    let is_token = |name: &&String| *name == "GetAuthorizationToken";
    operations.iter().filter(is_token).count()
}

#[test]
fn every_kind_of_host_name_is_signed_and_verified() {
    let scene = behind_the_emulator();
    for host in [
        ECR,
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        "111122223333.dkr-ecr.us-east-1.on.aws",
        "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
        "111122223333.dkr-ecr-fips.us-east-1.on.aws",
        "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com",
        "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
        // Another account's registry: the token is the caller's, and ECR decides.
        "444455556666.dkr.ecr.us-east-1.amazonaws.com",
    ] {
        let image = pushed(&scene, host);
        let digest = image.split('@').nth(1).unwrap().to_owned();
        scene.emulator.clear_calls();
        // The emulator's passwords are good in one region only.
        let signature = scene.sign(&image);
        assert_ne!(signature, digest);
        assert_eq!(token_requests(&scene), 1, "{host}");
        assert_verified(&scene.verify(&image), &image);
        assert_eq!(token_requests(&scene), 1, "{host}");
    }
}

/// A policy with a strict statement for `named` and another one for everything else: the first trusts
/// no signer of these tests, the other one trusts the scene's profile.
fn write_strict_and_rest(scene: &Scene, named: &[&str]) {
    let statement = |name: &str, scopes: &[&str], identity: &str| {
        serde_json::json!({
            "name": name,
            "registryScopes": scopes,
            "signatureVerification": { "level": "strict" },
            "trustStores": [ "signingAuthority:aws-signer-ts" ],
            "trustedIdentities": [ identity ],
        })
    };
    let stranger = "arn:aws:signer:us-east-1:999999999999:/signing-profiles/stranger";
    let policy = serde_json::json!({ "version": "1.0", "trustPolicies": [
        statement("strict", named, stranger),
        statement("rest", &["*"], &scene.profile.arn),
    ] });
    scene.write_policy("strict");
    scene
        .sandbox
        .write_config("trustpolicy.oci.json", policy.to_string());
}

#[test]
fn no_host_name_of_a_repository_leads_past_its_strict_statement() {
    let scene = behind_the_emulator();
    let image = pushed(&scene, ECR);
    scene.sign(&image);
    let digest = image.split('@').nth(1).unwrap();
    write_strict_and_rest(&scene, &[&format!("{ECR}/app")]);
    for host in [
        ECR,
        "111122223333.DKR.ECR.us-east-1.amazonaws.com",
        "111122223333.dkr-ecr.us-east-1.on.aws",
        "111122223333.dkr-ecr.us-east-1.on.aws:443",
        "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
        "111122223333.dkr-ecr.us-east-1.amazonaws.com",
        &format!("{ECR}:443"),
    ] {
        // The emulator has repositories by the host that is asked.
        let asked = host.trim_end_matches(":443").to_lowercase();
        if asked != ECR {
            pushed(&scene, &asked);
            scene.sign(&format!("{asked}/app@{digest}"));
        }
        let ran = scene.run(&["verify", &format!("{host}/app@{digest}")]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{host}: {ran:#?}");
        ran.assert_says("is not a trusted identity");
    }
    let other = pushed(&scene, "111122223333.dkr-ecr.us-west-2.on.aws");
    scene.sign(&other);
    assert_verified(&scene.run(&["verify", &other]), &other);
    for host in [
        format!("{ECR}."),
        format!("{ECR}:0443"),
        format!("{ECR}:"),
        ECR.replace("dkr", "%64kr"),
    ] {
        let ran = scene.run(&["verify", &format!("{host}/app@{digest}")]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{host}: {ran:#?}");
    }
}

#[test]
fn the_port_of_plain_http_leads_past_no_statement() {
    let scene = Scene::new();
    let port = scene.emulator.address().port();
    scene.sign(&scene.image);
    let named = [
        format!("localhost:{port}/app"),
        // Two spellings of one repository in one statement are fine.
        format!("LOCALHOST:{port}/app"),
    ];
    write_strict_and_rest(&scene, &[&named[0], &named[1]]);
    let digest = scene.digest();
    let ran = scene.run(&["verify", &format!("LocalHost:{port}/app@{digest}")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    ran.assert_says("is not a trusted identity");
    // The address is another registry, for which `*` is.
    let address = format!("127.0.0.1:{port}/app@{digest}");
    let ran = scene.run(&["verify", "--insecure-registry", &address]);
    assert_verified(&ran, &address);
    for host in [
        "127.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "2130706433",
        "[::ffff:7f00:1]",
    ] {
        let ran = scene.run(&[
            "verify",
            "--insecure-registry",
            &format!("{host}:{port}/app@{digest}"),
        ]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{host}: {ran:#?}");
        ran.assert_says("invalid registry");
    }
}

#[test]
fn a_repository_in_two_statements_is_refused_before_anything_is_asked() {
    let scene = Scene::new();
    let policy = serde_json::json!({ "version": "1.0", "trustPolicies": [
        { "name": "strict", "registryScopes": [format!("{ECR}/app")],
          "signatureVerification": { "level": "strict" },
          "trustStores": ["ca:a"], "trustedIdentities": ["*"] },
        { "name": "loose", "registryScopes": ["111122223333.dkr-ecr.us-east-1.on.aws/app"],
          "signatureVerification": { "level": "audit" },
          "trustStores": ["ca:b"], "trustedIdentities": ["*"] },
    ] });
    scene
        .sandbox
        .write_config("trustpolicy.oci.json", policy.to_string());
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    ran.assert_says(&format!(
        "the scope `111122223333.dkr-ecr.us-east-1.on.aws/app` is the same repository as \
         `{ECR}/app` of statement `strict`, in another spelling"
    ));
    ran.assert_says(
        "hint: keep the repository in one statement; there it may stand in several spellings",
    );
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn no_token_is_asked_for_a_host_whose_region_and_suffix_are_of_two_partitions() {
    let scene = behind_the_emulator();
    let digest = format!("sha256:{}", "a".repeat(64));
    for host in [
        "123456789012.dkr.ecr.us-east-1.cloud.adc-e.uk",
        "123456789012.dkr.ecr.us-east-1.c2s.ic.gov",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com",
        "123456789012.dkr.ecr.s3.amazonaws.com",
        "123456789012.dkr.ecr.evil.on.aws",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example",
    ] {
        scene.run(&["list", &format!("{host}/app@{digest}")]);
        assert_eq!(token_requests(&scene), 0, "{host}");
    }
    scene.run(&[
        "list",
        &format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/app@{digest}"),
    ]);
    assert_eq!(token_requests(&scene), 1);
}

#[test]
fn the_region_that_is_set_has_no_say_in_whom_ecr_tokens_are_asked_from() {
    for (host, endpoint) in [
        (ECR, "api.ecr.us-east-1.amazonaws.com"),
        (
            "111122223333.dkr-ecr.us-east-1.on.aws",
            "ecr.us-east-1.api.aws",
        ),
        (
            "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
            "api.ecr-fips.us-east-1.amazonaws.com",
        ),
        (
            "111122223333.dkr-ecr-fips.us-east-1.on.aws",
            "ecr-fips.us-east-1.api.aws",
        ),
        (
            "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com",
            "api.ecr.us-gov-west-1.amazonaws.com",
        ),
        (
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "api.ecr.cn-north-1.amazonaws.com.cn",
        ),
    ] {
        let scene = Scene::new();
        let image = pushed(&scene, host);
        let aws = aws(&scene, |_| 0);
        let scene = behind(scene, &aws).with_variable("AWS_REGION", "ap-south-1");
        scene.sign(&image);
        let asked = |is_asked: fn(&Seen) -> bool| -> Vec<String> {
            let seen = aws.seen();
            let asked = seen.iter().filter(|seen| is_asked(seen));
            asked.map(|seen| seen.host.clone()).collect()
        };
        let tokens = asked(|seen| {
            seen.header("x-amz-target")
                .is_some_and(|it| it.ends_with(".GetAuthorizationToken"))
        });
        assert_eq!(tokens, [endpoint], "{host}");
        let signer = asked(|seen| seen.path() == "/signing-jobs/with-payload");
        assert_eq!(signer, ["signer.us-east-1.amazonaws.com"], "{host}");
    }
}

#[test]
fn one_token_serves_all_references_of_a_registry() {
    let scene = behind_the_emulator();
    let images: Vec<String> = ["v1", "v2", "v3"]
        .into_iter()
        .flat_map(|tag| ["app", "base"].map(|name| (name, tag)))
        .map(|(name, tag)| {
            let repository = format!("{ECR}/{name}");
            let digest = scene.emulator.push_test_image(&repository, tag).unwrap();
            format!("{repository}@{digest}")
        })
        .collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    scene.emulator.clear_calls();
    let sign = ["sign", "--signing-profile", &scene.profile.arn];
    let ran = scene.run(&[&sign[..], &images].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(token_requests(&scene), 1);

    // These go at the same time, and each needs the token at once.
    let verify = ["verify", "--trust-anchor", "root.crt"];
    let profile = ["--signing-profile", &scene.profile.arn];
    let ran = scene.run(&[&verify[..], &profile, &images].concat());
    let answers: Vec<_> = images
        .iter()
        .map(|image| format!("Successfully verified signature for {image}\n"))
        .collect();
    let answers = answers.concat();
    assert_eq!((ran.code, ran.stdout), (0, answers));
    assert_eq!(token_requests(&scene), 1);

    // A second registry needs a second token.
    let other = pushed(&scene, "111122223333.dkr.ecr.eu-west-1.amazonaws.com");
    scene.sign(&other);
    scene.emulator.clear_calls();
    let both = [images[0], &other];
    let ran = scene.run(&[&verify[..], &profile, &both].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(token_requests(&scene), 2);
}

#[test]
fn the_token_goes_to_its_registry_and_nowhere_else() {
    let scene = Scene::new();
    let image = pushed(&scene, ECR);
    let aws = aws(&scene, |_| 0);
    let scene = behind(scene, &aws);
    scene.sign(&image);
    assert_eq!(scene.verify(&image).code, 0);
    let mut layers = 0;
    for seen in aws.seen() {
        let authorization = seen.header("authorization").unwrap_or_default();
        if seen.host == ECR {
            let user = authorization
                .strip_prefix("Basic ")
                .map(|pair| STANDARD.decode(pair).unwrap());
            assert!(user.unwrap().starts_with(b"AWS:"), "{}", seen.url());
        } else if seen.host.contains("-starport-layer-bucket.") {
            layers += 1;
            assert_eq!(authorization, "", "{}", seen.url());
        } else {
            assert!(
                authorization.starts_with("AWS4-HMAC-SHA256 "),
                "{}",
                seen.url()
            );
        }
        assert_eq!(seen.scheme, "https", "{}", seen.url());
    }
    assert_eq!(layers, 1);
}

/// Requests to the registry and its bucket, each with the path's kind only.
fn registry_requests(aws: &Hostile) -> Vec<&'static str> {
    let kind = |seen: &Seen| {
        let kinds = ["/manifests/", "/referrers/", "/blobs/"];
        if seen.host.contains("-starport-layer-bucket.") {
            return Some("bucket");
        }
        if seen.host != ECR {
            return None;
        }
        kinds.into_iter().find(|kind| seen.path().contains(kind))
    };
    aws.seen().iter().filter_map(kind).collect()
}

#[test]
fn a_verification_is_five_registry_requests_in_four_steps() {
    let scene = Scene::new();
    let image = pushed(&scene, ECR);
    let signing = aws(&scene, |_| 0);
    let scene = behind(scene, &signing);
    scene.sign(&image);

    // The image and its referrers are answered once both have been asked for: the token was the
    // first request. Were they asked one after the other, none would be.
    let digest = image.split('@').nth(1).unwrap().to_owned();
    let first_step = move |seen: &Seen| {
        if seen.path().ends_with(&digest) { 3 } else { 0 }
    };
    let held = aws(&scene, first_step);
    let scene = behind(scene, &held);
    assert_verified(&scene.verify(&image), &image);
    let mut asked = registry_requests(&held);
    asked[..2].sort_unstable();
    assert_eq!(
        asked,
        [
            "/manifests/",
            "/referrers/",
            "/manifests/",
            "/blobs/",
            "bucket"
        ]
    );
    // The token before, the question about revocation after.
    assert_eq!(held.seen().len(), 7);

    let by_tag = aws(&scene, |_| 0);
    let scene = behind(scene, &by_tag);
    let ran = scene.verify(&format!("{ECR}/app:v1"));
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        registry_requests(&by_tag),
        [
            "/manifests/",
            "/referrers/",
            "/manifests/",
            "/blobs/",
            "bucket"
        ]
    );
    assert_eq!(by_tag.seen().len(), 7);
}

#[test]
fn a_token_that_aws_denies_is_said_with_who_what_and_where() {
    let scene = behind_the_emulator();
    let image = pushed(&scene, ECR);
    scene
        .emulator
        .faults()
        .add(Fault::new(FaultKind::AccessDenied).on("GetAuthorizationToken"));
    for command in ["sign", "verify"] {
        let ran = scene.run(&[command, "--signing-profile", &scene.profile.arn, &image]);
        ran.assert_refused(
            3,
            &format!(
                "Error: failed to get manifest descriptor: could not get credentials for registry `{ECR}`"
            ),
        );
        ran.assert_says(
            "caused by: AWS denied `ecr:GetAuthorizationToken` on `*` in region `us-east-1`: \
             AccessDeniedException: User: arn:aws:iam::111122223333:user/emulator is not \
             authorized to perform: ecr:GetAuthorizationToken on resource: *",
        );
        ran.assert_says(
            "hint: allow `arn:aws:iam::111122223333:user/emulator` the action \
             `ecr:GetAuthorizationToken` on `*` in an IAM policy",
        );
        assert_eq!(
            ran.stderr.matches("could not get credentials").count(),
            1,
            "nothing is said twice: {ran:#?}"
        );
    }
}

#[test]
fn many_images_of_one_registry_take_one_token() {
    let scene = behind_the_emulator();
    let images: Vec<String> = (0..6)
        .map(|number| {
            let name = format!("{ECR}/app-{number}");
            let digest = scene.emulator.push_test_image(&name, "v1").unwrap();
            format!("{name}@{digest}")
        })
        .collect();
    let mut arguments = vec!["sign", "--signing-profile", &scene.profile.arn];
    arguments.extend(images.iter().map(String::as_str));
    scene.emulator.clear_calls();
    let ran = scene.run(&arguments);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let mut operations = scene.operations();
    operations.retain(|name| !name.starts_with("registry:"));
    operations.sort();
    let mut expected = vec!["GetAuthorizationToken"];
    expected.extend(["SignPayload"; 6]);
    assert_eq!(operations, expected);
}
