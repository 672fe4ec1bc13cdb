//! Which endpoint of AWS is asked, and whose certificate is believed there.

use countersign_emulator::Emulator;

use super::credentials::{without_credentials, write};
use super::{ECR, aws, behind, behind_the_emulator, pushed};
use crate::support::forward::forward;
use crate::support::hostile::Hostile;
use crate::support::scene::Scene;

/// Signs and verifies an image of Amazon ECR through a proxy that is all of AWS, and gives the hosts
/// of AWS's services that were asked, each once, sorted.
fn services_asked(scene: Scene) -> Vec<String> {
    let image = pushed(&scene, ECR);
    let aws = aws(&scene, |_| 0);
    let scene = behind(scene, &aws);
    scene.sign(&image);
    let ran = scene.verify(&image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let mut hosts: Vec<String> = aws
        .seen()
        .into_iter()
        .map(|seen| seen.host)
        .filter(|host| host != ECR && !host.contains("-starport-layer-bucket."))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

#[test]
fn fips_and_dual_stack_endpoints_are_asked_where_the_environment_says_so() {
    let fips = ("AWS_USE_FIPS_ENDPOINT", "true");
    let dual_stack = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    for (variables, expected) in [
        (
            &[][..],
            [
                "api.ecr.us-east-1.amazonaws.com",
                "data-signer.us-east-1.amazonaws.com",
                "signer.us-east-1.amazonaws.com",
            ],
        ),
        (
            &[fips],
            [
                "api.ecr-fips.us-east-1.amazonaws.com",
                "data-signer-fips.us-east-1.amazonaws.com",
                "signer-fips.us-east-1.amazonaws.com",
            ],
        ),
        (
            &[dual_stack],
            [
                "data-signer.us-east-1.api.aws",
                "ecr.us-east-1.api.aws",
                "signer.us-east-1.api.aws",
            ],
        ),
        (
            &[fips, dual_stack],
            [
                "data-signer-fips.us-east-1.api.aws",
                "ecr-fips.us-east-1.api.aws",
                "signer-fips.us-east-1.api.aws",
            ],
        ),
    ] {
        let mut scene = Scene::new();
        for (name, value) in variables {
            scene = scene.with_variable(name, *value);
        }
        assert_eq!(services_asked(scene), expected);
    }
}

#[test]
fn credentials_come_from_such_an_endpoint_too() {
    let scene = without_credentials(Emulator::builder());
    write(&scene, "token", "any");
    let scene = scene
        .with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", "token")
        .with_variable("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/ci")
        .with_variable("AWS_USE_FIPS_ENDPOINT", "true");
    assert_eq!(
        services_asked(scene),
        [
            "api.ecr-fips.us-east-1.amazonaws.com",
            "data-signer-fips.us-east-1.amazonaws.com",
            "signer-fips.us-east-1.amazonaws.com",
            "sts-fips.us-east-1.amazonaws.com",
        ]
    );
}

/// The same for a profile that is named in the settings, whose provider is not the SDK's default.
#[test]
fn a_named_profile_asks_such_an_endpoint_too() {
    let scene = Scene::new();
    write(&scene, "token", "any");
    let config = "[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/ci\n\
                  web_identity_token_file = token\n";
    write(&scene, ".aws/config", config);
    let aws = aws(&scene, |_| 0);
    let scene = behind(scene, &aws).with_variable("AWS_USE_FIPS_ENDPOINT", "true");
    let sign = ["sign", "--signing-profile", &scene.profile.arn];
    let setting = ["--plugin-config", "aws-profile=ci"];
    let ran = scene.run(&[&sign[..], &setting, &[&scene.image]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let hosts: Vec<String> = aws.seen().into_iter().map(|seen| seen.host).collect();
    let expected = [
        "sts-fips.us-east-1.amazonaws.com",
        "signer-fips.us-east-1.amazonaws.com",
    ];
    assert_eq!(hosts, expected);
}

#[test]
fn each_service_may_have_an_endpoint_of_its_own() {
    let scene = behind_the_emulator().without_variables(&["AWS_ENDPOINT_URL"]);
    let endpoint = scene.emulator.endpoint();
    let scene = scene
        .with_variable("AWS_ENDPOINT_URL_SIGNER", &endpoint)
        .with_variable("AWS_ENDPOINT_URL_ECR", &endpoint);
    let image = pushed(&scene, ECR);
    scene.sign(&image);
    // The data plane is a part of AWS Signer.
    assert_eq!(scene.verify(&image).code, 0);

    let scene = scene.without_variables(&["AWS_ENDPOINT_URL_SIGNER"]);
    let setting = format!("aws-signer-endpoint-url={endpoint}");
    let ran = scene.verify_with(&["--plugin-config", &setting], &image);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// A server that speaks TLS on loopback and lets the emulator answer.
fn over_tls(scene: &Scene) -> Hostile {
    let emulator = scene.emulator.address();
    Hostile::start(move |seen| forward(emulator, seen))
}

#[test]
fn an_endpoint_is_believed_by_the_roots_that_the_environment_names() {
    for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        let scene = Scene::new();
        let aws = over_tls(&scene);
        let endpoint = format!("https://{}", aws.host());
        let scene = scene
            .with_variable("AWS_ENDPOINT_URL", endpoint)
            .with_variable(variable, aws.root().to_str().unwrap());
        scene.sign(&scene.image);
        assert_eq!(scene.verify(&scene.image).code, 0, "{variable}");
        assert!(aws.seen().iter().all(|seen| seen.scheme == "https"));
        assert_eq!(aws.seen().len(), 2, "{variable}");
    }
}

#[test]
fn an_endpoint_of_an_unknown_root_is_not_asked() {
    let scene = Scene::new();
    let aws = over_tls(&scene);
    let other = scene.sandbox.home().join("other.crt");
    std::fs::write(&other, scene.emulator.tls_root_pem()).unwrap();
    let other = other.to_str().unwrap().to_owned();
    let scene = scene
        .with_variable("AWS_ENDPOINT_URL", format!("https://{}", aws.host()))
        .with_variable("SSL_CERT_FILE", &other);
    let ran = scene.run(&[
        "sign",
        "--signing-profile",
        &scene.profile.arn,
        &scene.image,
    ]);
    ran.assert_refused(3, &format!("Error: failed to sign `{}`", scene.image));
    ran.assert_says(&format!(
        "no trusted TLS connection to `{}` with the roots of `SSL_CERT_FILE={other}`",
        aws.host()
    ));
    ran.assert_says("name its root in `SSL_CERT_FILE`");
    assert!(aws.seen().is_empty());
}

/// `AWS_CA_BUNDLE` adds to the other roots, for registries too; `SSL_CERT_FILE` replaces them.
#[test]
fn the_roots_of_both_variables_are_trusted() {
    let scene = Scene::new();
    let image = pushed(&scene, ECR);
    let aws = aws(&scene, |_| 0);
    let system = scene.sandbox.home().join("system.crt");
    std::fs::write(&system, scene.emulator.tls_root_pem()).unwrap();
    let system = system.to_str().unwrap().to_owned();
    let scene = behind(scene, &aws)
        .with_variable("SSL_CERT_FILE", system)
        .with_variable("AWS_CA_BUNDLE", aws.root().to_str().unwrap());
    scene.sign(&image);
}

#[test]
fn roots_that_cannot_be_read_are_an_error_and_not_passed_over() {
    for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        let scene = behind_the_emulator();
        let image = pushed(&scene, ECR);
        let scene = scene
            .without_variables(&["AWS_ENDPOINT_URL"])
            .with_variable(variable, "missing.crt");
        for image in [&image, &scene.image] {
            let ran = scene.run(&["sign", "--signing-profile", &scene.profile.arn, image]);
            assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
            ran.assert_says(&format!(
                "the TLS roots of `{variable}=missing.crt` cannot be read"
            ));
        }
    }
    // Nothing is read before something needs it.
    let scene = Scene::new().with_variable("SSL_CERT_FILE", "missing.crt");
    scene.sign(&scene.image);
}

/// Every variable that this program or the SDK reads, and that may be left empty by a template.
const VARIABLES: [&str; 45] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SIGNER",
    "AWS_ENDPOINT_URL_SIGNER_DATA",
    "AWS_ENDPOINT_URL_ECR",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_SESSION_TOKEN",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_SDK_UA_APP_ID",
    "AWS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "http_proxy",
    "https_proxy",
    "ALL_PROXY",
    "NO_PROXY",
    "no_proxy",
    "NOTATION_USERNAME",
    "NOTATION_PASSWORD",
    "NOTATION_CONFIG",
    "NOTATION_LIBEXEC",
    "NOTATION_CACHE",
    "DOCKER_CONFIG",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "TMPDIR",
];

fn with_empty_variables(mut scene: Scene) -> Scene {
    for name in VARIABLES {
        scene = scene.with_variable(name, "");
    }
    scene
}

/// As [`services_asked`], with every other variable empty.
fn services_asked_beside_empty_variables(scene: Scene) -> Vec<String> {
    let image = pushed(&scene, ECR);
    let aws = aws(&scene, |_| 0);
    let scene = with_empty_variables(behind(scene, &aws));
    scene.sign(&image);
    let ran = scene.verify(&image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let mut hosts: Vec<String> = aws.seen().into_iter().map(|seen| seen.host).collect();
    hosts.retain(|host| host != ECR && !host.contains("-starport-layer-bucket."));
    hosts.sort();
    hosts.dedup();
    hosts
}

const OWN: [&str; 3] = [
    "api.ecr.us-east-1.amazonaws.com",
    "data-signer.us-east-1.amazonaws.com",
    "signer.us-east-1.amazonaws.com",
];

#[test]
fn an_empty_variable_sets_nothing() {
    assert_eq!(services_asked_beside_empty_variables(Scene::new()), OWN);
}

/// The part of the SDK that fetches credentials reads the environment itself.
#[test]
fn an_empty_variable_sets_nothing_for_credentials_either() {
    let scene = without_credentials(Emulator::builder());
    write(&scene, "token", "any");
    let scene = scene
        .with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", "token")
        .with_variable("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/ci")
        .with_variable("AWS_ACCESS_KEY_ID", "")
        .with_variable("AWS_SECRET_ACCESS_KEY", "");
    let asked = services_asked_beside_empty_variables(scene);
    let sts = ["sts.us-east-1.amazonaws.com"];
    assert_eq!(asked, [&OWN[..], &sts].concat());
}

/// An empty variable does not hide what a configuration file sets.
#[test]
fn an_empty_endpoint_in_a_configuration_file_sets_nothing() {
    for file in [
        "[default]\nendpoint_url =\nregion = us-east-1\n",
        "[default]\nservices = own\n[services own]\nsigner =\n  endpoint_url =\nsigner_data =\n  \
         endpoint_url =\necr =\n  endpoint_url = # none\nsts =\n  endpoint_url =\n",
    ] {
        let scene = Scene::new();
        write(&scene, ".aws/config", file);
        assert_eq!(services_asked(scene), OWN, "{file}");
    }
    let scene = without_credentials(Emulator::builder());
    write(&scene, "token", "any");
    let config = "[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/ci\n\
                  web_identity_token_file = token\nendpoint_url =\n";
    write(&scene, ".aws/config", config);
    let scene = scene.with_variable("AWS_PROFILE", "ci");
    let asked = services_asked(scene);
    let sts = ["sts.us-east-1.amazonaws.com"];
    assert_eq!(asked, [&OWN[..], &sts].concat());
}

#[test]
fn an_empty_variable_does_not_hide_what_a_file_sets() {
    let scene = behind_the_emulator();
    let endpoint = scene.emulator.endpoint();
    let config = format!("[default]\nendpoint_url = {endpoint}\n");
    write(&scene, ".aws/config", &config);
    let scene = scene.with_variable("AWS_ENDPOINT_URL", "");
    scene.sign(&scene.image);
    assert_eq!(scene.verify(&scene.image).code, 0);
}
