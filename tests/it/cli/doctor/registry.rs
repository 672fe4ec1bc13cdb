//! What registries say, Amazon ECR among them, and the hosts of the data plane.

use std::fs;

use countersign_emulator::{Decision, Emulator, Fault, FaultKind, ReferrersApi, RegistryOptions};

use super::{assert_found, deny, doctor, not_passed, scene, scrubbed, set_up};
use crate::support::scene::Scene;

#[test]
fn a_registry_without_the_artifact_or_the_referrers_api_is_said() {
    let mut options = RegistryOptions::default();
    options.referrers = ReferrersApi::Absent;
    let scene = Scene::with(Emulator::builder().registry(options));
    set_up(&scene);
    assert_found(
        &scene,
        &[],
        0,
        "warn     referrers-api localhost:PORT: the registry has no referrers API; signatures are listed by the tag \
         schema\n         wanted: a registry with the referrers API\n         hint: keep tags that begin with `sha256-` from being \
         deleted or made immutable, or update the registry\n",
    );
    let missing = format!("{}:missing", scene.repository);
    let ran = scene.run(&["doctor", &missing]);
    let begin =
        "fail     registry localhost:PORT/app:missing: `localhost:PORT/app:missing` was not found";
    let found = not_passed(&scene, &ran);
    assert!(found.starts_with(begin), "{found}");
    assert_eq!(ran.code, 1, "{ran:#?}");
    deny(&scene, "registry:GetManifest");
    let ran = doctor(&scene, &[]);
    assert!(
        not_passed(&scene, &ran).starts_with("fail     registry localhost:PORT/app@DIGEST: "),
        "{ran:#?}"
    );
    assert_eq!(ran.code, 1, "{ran:#?}");
}

/// Everything of AWS under its own names, through the emulator as the proxy.
fn behind_a_proxy() -> (Scene, String) {
    let scene = scene();
    let tls = scene.sandbox.home().join("tls.crt");
    fs::write(&tls, scene.emulator.tls_root_pem()).unwrap();
    let proxy = scene.emulator.endpoint();
    let image = format!(
        "111122223333.dkr.ecr.us-east-1.amazonaws.com/app@{}",
        scene.digest()
    );
    let scene = scene
        .without_variables(&["AWS_ENDPOINT_URL"])
        .with_variable("HTTPS_PROXY", proxy)
        .with_variable("SSL_CERT_FILE", tls.to_str().unwrap());
    (scene, image)
}

#[test]
fn amazon_ecr_and_the_data_plane_under_both_names() {
    let (scene, image) = behind_a_proxy();
    let run = || scene.run(&["doctor", &image]);
    let ran = run();
    assert_eq!(
        (ran.code, not_passed(&scene, &ran).as_str()),
        (0, ""),
        "{ran:#?}"
    );
    let shown = scrubbed(&scene, &ran.stdout);
    for line in [
        "pass     proxy data-signer.us-east-1.amazonaws.com: through proxy `http://localhost:PORT` of `HTTPS_PROXY`\n",
        "pass     data-plane data-signer.us-east-1.amazonaws.com: it answers\n",
        "pass     data-plane verification.signer.us-east-1.amazonaws.com: it answers\n",
        "pass     registry-login 111122223333.dkr.ecr.us-east-1.amazonaws.com: the credential of the AWS identity of this \
         environment\n",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let refuse = |host: &str| {
        scene.emulator.faults().clear();
        let tunnel = format!("CONNECT {host}.us-east-1.amazonaws.com");
        scene
            .emulator
            .faults()
            .add(Fault::new(FaultKind::TunnelRefused).on(&tunnel));
    };
    refuse("verification.signer");
    let ran = run();
    let found = not_passed(&scene, &ran);
    let begin = "warn     data-plane verification.signer.us-east-1.amazonaws.com: the proxy refused a connection to ";
    assert!(
        found.starts_with(begin) && found.lines().count() == 3,
        "{found}"
    );
    assert!(
        found.contains("if notation runs with AWS's own plugin; Countersign does not ask it\n"),
        "{found}"
    );
    assert_eq!(ran.code, 0);
    refuse("data-signer");
    let ran = run();
    let found = not_passed(&scene, &ran);
    let begin = "fail     data-plane data-signer.us-east-1.amazonaws.com: the proxy refused a connection to ";
    assert!(found.starts_with(begin), "{found}");
    assert!(found.contains("or make a VPC endpoint for it\n"), "{found}");
    assert_eq!(ran.code, 1);

    deny(&scene, "GetAuthorizationToken");
    let ran = run();
    let found = not_passed(&scene, &ran);
    assert!(
        found.starts_with("fail     registry-login 111122223333.dkr.ecr.us-east-1.amazonaws.com: "),
        "{found}"
    );
    let statement = "         statement: {\"Action\":[\"ecr:GetAuthorizationToken\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}\n";
    assert!(found.contains(statement), "{found}");
    assert_eq!(ran.code, 1);

    scene.emulator.faults().clear();
    scene
        .emulator
        .simulate("ecr:PutImage", Decision::ImplicitDeny);
    let ran = run();
    assert_eq!(
        not_passed(&scene, &ran),
        "fail     permission to store signatures in arn:aws:ecr:us-east-1:111122223333:repository/app: the policies of \
         `arn:aws:iam::111122223333:user/emulator` do not allow `ecr:PutImage`\n         wanted: policies that allow it\n         \
         hint: add the statement to a policy of the caller; where the caller only verifies, give `--verify-only`\n         \
         statement: {\"Action\":[\"ecr:PutImage\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:ecr:us-east-1:111122223333:repository/app\"}\n"
    );
    assert_eq!(ran.code, 1);
}
