//! The library as others use it: its examples, and an environment that is made by hand.

mod apart;
mod reasons;
mod signing;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use aws_credential_types::Credentials;
use countersign::environment::{AwsSettings, Clock, Environment};
use countersign::hints::Reader;
use countersign::many::{self, NotTried, Order, Stop};
use countersign::reference::{ArtifactReference, Reference};
use countersign::report::SigningV1;
use countersign::sign::ArtifactSigner;
use countersign::sign::many::{End, Outcome};
use countersign::trust_store::NamedStore;
use countersign::verify::{Error, Options, Verification, Verifier};
use futures_util::{StreamExt as _, stream};
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
    let settings = AwsSettings::default()
        .with_signer_endpoint_url(scene.emulator.endpoint())
        .with_kms_endpoint_url(scene.emulator.endpoint());
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
    assert_eq!(outcome.unwrap().target.reference, reference);
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

/// A scene with [`images`].
async fn with_images() -> (Scene, Vec<ArtifactReference>) {
    let scene = tokio::task::spawn_blocking(|| {
        let scene = Scene::new();
        let images = images(&scene);
        (scene, images)
    });
    scene.await.unwrap()
}

/// Three images by digest, and one that is not there.
fn images(scene: &Scene) -> Vec<ArtifactReference> {
    let repository = &scene.repository;
    let pushed = (0..3).map(|number| {
        let tag = format!("more-{number}");
        let digest = scene.emulator.push_test_image("app", &tag).unwrap();
        format!("{repository}@{digest}")
    });
    let missing = format!("{repository}@sha256:{}", "0".repeat(64));
    let all = pushed.chain([missing]);
    all.map(|image| Reference::parse(&image).unwrap().into())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_images_are_signed_and_verified_in_one_call_each() {
    let (scene, images) = with_images().await;
    let environment = by_hand(&scene, Clock::System);
    let root = scene.sandbox.home().join("root.crt");
    let roots = vec![NamedStore::aws_signer_roots(&root).unwrap()];
    let profile = scene.profile.arn.as_str();
    let signer = ArtifactSigner::with_signing_profile(profile).unwrap();
    let signer = signer.connect(&environment).unwrap();
    let trust = Verifier::for_signing_profiles_under([profile], roots.clone()).unwrap();

    // Each can be a task of its own.
    let (asked, verifier) = (images.clone(), trust.connect(&environment).unwrap());
    let found = async move { verifier.verify_all(asked, &Options::default()).await };
    let found = tokio::spawn(found).await.unwrap();
    assert!(found.iter().map(|one| &one.reference).eq(&images));
    assert!(matches!(found[0].found, Err(Error::NoSignature { .. })));
    assert!(matches!(found[3].found, Err(Error::Resolve { .. })));

    let asked: Vec<_> = images.iter().chain([&images[0]]).cloned().collect();
    let (outcomes, signer) = tokio::spawn(async move { (signer.sign_all(asked).await, signer) })
        .await
        .unwrap();
    let document = serde_json::to_value(SigningV1::of(&outcomes, &Reader::any())).unwrap();
    let summary = serde_json::json!({"failed": 1, "notTried": 0, "signed": 3, "skipped": 1});
    assert_eq!(
        (&document["summary"], &document["exitCode"]),
        (&summary, &1.into())
    );

    // As they come, from a stream, and what is signed is not signed again.
    let verifier = trust.connect(&environment).unwrap();
    let options = Options::default();
    let as_they_come = many::Options::default().in_order(Order::AsTheyCome);
    let asked = stream::iter(images.clone());
    let mut verifying = verifier.verify_many(asked, &options, as_they_come);
    let mut accepted = Vec::new();
    while let Some(answer) = verifying.answer().await {
        if let Ok(Verification::Verified(image)) = answer.outcome.found {
            assert_eq!(image.reference, images[answer.index]);
            accepted.push(answer.index);
        }
    }
    accepted.sort_unstable();
    assert_eq!(accepted, [0, 1, 2]);
    let batch = signer.batch();
    let batch = batch.if_missing(Some(signer.if_missing(Some(roots)).unwrap()));
    let asked = stream::iter(images[..3].iter().cloned().map(Into::into));
    let outcomes = batch.sign(asked, many::Options::default()).outcomes().await;
    let there = |one: &Outcome| matches!(one.end, End::AlreadySigned { .. });
    assert!(outcomes.iter().all(there), "{outcomes:#?}");

    tokio::task::spawn_blocking(move || drop(scene))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_ends_many_has_an_answer_for_each_and_may_go_on_later() {
    let (scene, images) = with_images().await;
    let environment = by_hand(&scene, Clock::System);
    let profile = scene.profile.arn.as_str();
    let signer = ArtifactSigner::with_signing_profile(profile).unwrap();
    let signer = signer.connect(&environment).unwrap();
    let verifier = Verifier::for_signing_profiles([profile]).unwrap();
    let (verifier, options) = (verifier.connect(&environment).unwrap(), Options::default());
    let stop = Stop::default();
    stop.interrupt();
    let stopped = many::Options::default().ended_by(stop);
    let asked = || stream::iter(images.clone());
    let found = verifier.verify_many(asked(), &options, stopped.clone());
    for one in found.outcomes().await {
        assert!(matches!(one.found, Err(Error::Stopped { .. })), "{one:?}");
    }
    let batch = signer.batch();
    let outcomes = batch
        .sign(asked().map(Into::into), stopped)
        .outcomes()
        .await;
    let interrupted = |one: &Outcome| matches!(one.end, End::NotTried(NotTried::Interrupted));
    assert!(
        outcomes.len() == 4 && outcomes.iter().all(interrupted),
        "{outcomes:#?}"
    );
    let outcomes = signer.sign_all([images[0].clone()]).await;
    assert!(
        matches!(outcomes[0].end, End::Signed { .. }),
        "{outcomes:#?}"
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
