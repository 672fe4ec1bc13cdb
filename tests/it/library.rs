//! The library as others use it: its examples, and an environment that is made by hand.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use aws_credential_types::Credentials;
use countersign::environment::{AwsSettings, Clock, Environment};
use countersign::reference::{ArtifactReference, Reference};
use countersign::sign::ArtifactSigner;
use countersign::trust_store::NamedStore;
use countersign::verify::{Error, Verification, Verifier};
use time::OffsetDateTime;

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// The programs of `examples/`, built once.
fn example(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| {
        let binary = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let profile = binary.parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "--locked", "--offline"])
            .args(["--example", "sign", "--example", "verify"])
            .args(["--example", "judge_offline", "--target-dir"])
            .arg(profile.parent().unwrap())
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        let ran = Ran::of(&mut cargo);
        assert_eq!(ran.code, 0, "{ran:#?}");
        profile.join("examples")
    });
    directory.join(name)
}

fn run(scene: &Scene, name: &str, arguments: &[&str]) -> Ran {
    Ran::of(scene.sandbox.command(&example(name)).args(arguments))
}

#[test]
fn the_examples_sign_verify_and_judge_offline() {
    let scene = Scene::new();
    let (profile, image) = (scene.profile.arn.as_str(), scene.image.as_str());
    let ran = run(&scene, "verify", &[profile, "root.crt", image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let ran = run(&scene, "sign", &[profile, image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout.starts_with(&format!("signed {image}\n")),
        "{ran:#?}"
    );
    let ran = run(&scene, "verify", &[profile, "root.crt", image]);
    assert_eq!((ran.code, ran.stdout), (0, format!("may run: {image}\n")));

    let allowing = r#"{ "level": "strict", "unsignedRevocationStatements": ["aws-signer"] }"#;
    scene.write_policy_with(allowing, profile);
    let fetched = scene.run(&["revocation", "fetch", "--out", "facts", image]);
    assert_eq!(fetched.code, 0, "{fetched:#?}");
    let asked = scene.emulator.calls().len();
    let ran = run(&scene, "judge_offline", &["facts", image]);
    assert_eq!((ran.code, ran.stdout), (0, format!("may run: {image}\n")));
    assert_eq!(scene.emulator.calls().len(), asked, "it asked somebody");
}

/// An environment with what this emulator needs, and nothing of the process.
fn by_hand(scene: &Scene, clock: Clock) -> Environment {
    let settings = AwsSettings {
        signer_endpoint_url: Some(scene.emulator.endpoint()),
        ..AwsSettings::default()
    };
    let credentials = Credentials::new(
        scene.emulator.access_key_id(),
        scene.emulator.secret_access_key(),
        None,
        None,
        "by hand",
    );
    Environment::of_variables([("HOME", scene.sandbox.home())], clock)
        .with_aws_settings(settings)
        .with_aws_credentials(credentials)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_made_by_hand_signs_and_verifies() {
    let scene = tokio::task::spawn_blocking(Scene::new).await.unwrap();
    let environment = by_hand(&scene, Clock::System);
    let reference: ArtifactReference = Reference::parse(&scene.image).unwrap().into();
    let root = scene.sandbox.home().join("root.crt");
    let roots = vec![NamedStore::aws_signer_roots(&root).unwrap()];
    let profile = scene.profile.arn.as_str();
    let trust = Verifier::for_signing_profiles_under([profile], roots).unwrap();
    let verifier = trust.connect(&environment).unwrap();
    let unsigned = verifier.verify(&reference).await;
    assert!(
        matches!(unsigned, Err(Error::NoSignature { .. })),
        "{unsigned:?}"
    );

    let signer = ArtifactSigner::with_signing_profile(profile).unwrap();
    let outcome = signer.connect(&environment).unwrap().sign(&reference).await;
    assert_eq!(outcome.unwrap().signature.target.reference, reference);
    match verifier.verify(&reference).await.unwrap() {
        Verification::Verified(image) => assert_eq!(image.reference, reference),
        other => panic!("{other:?}"),
    }

    // The clock is the environment's: years before the signature was made.
    let then = Clock::Fixed(OffsetDateTime::UNIX_EPOCH);
    let earlier = trust.connect(&by_hand(&scene, then)).unwrap();
    let refused = earlier.verify(&reference).await;
    assert!(matches!(refused, Err(Error::Rejected(_))), "{refused:?}");

    // Without credentials nothing of the process stands in for them.
    let nobody = Environment::of_variables([("HOME", scene.sandbox.home())], Clock::System);
    let undecided = trust.connect(&nobody).unwrap().verify(&reference).await;
    assert!(
        matches!(undecided, Err(Error::Inconclusive(_))),
        "{undecided:?}"
    );
    tokio::task::spawn_blocking(move || drop(scene))
        .await
        .unwrap();
}

#[test]
fn what_a_library_user_may_print_tells_no_secret() {
    let environment = Environment::of_variables([("AWS_SECRET_ACCESS_KEY", "hush")], Clock::System);
    assert!(!format!("{environment:?}").contains("hush"));
    assert_eq!(
        environment.variable("AWS_SECRET_ACCESS_KEY").as_deref(),
        Some("hush")
    );
}
