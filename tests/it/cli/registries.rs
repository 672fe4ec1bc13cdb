//! Registries by name, as the emulator plays them: an image is signed, listed and verified on each, and is
//! afterwards what it was.

use countersign_emulator::{Emulator, RegistryOptions, Software};

use crate::support::registry_client::RepositoryClient;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

fn sign(scene: &Scene, more: &[&str], image: &str) -> Ran {
    let fixed = ["sign", "--signing-profile", &scene.profile.arn];
    scene.run(&[&fixed[..], more, &[image]].concat())
}

const IF_MISSING: &[&str] = &["--if-missing", "--trust-anchor", "root.crt"];

/// Harbor to 2.7 denies the list of referrers to everybody, whatever the registry has.
fn denies_lists(software: Software) -> bool {
    matches!(software, Software::Harbor(..=7))
}

/// Signs one image or index on a registry, by digest or by tag.
fn check(scene: &Scene, software: Software, is_index: bool, by_tag: bool) {
    let name = format!(
        "{}-{}",
        if is_index { "multi" } else { "single" },
        if by_tag { "tag" } else { "digest" }
    );
    let digest = if is_index {
        scene.emulator.push_test_index(&name, "v1").unwrap()
    } else {
        scene.emulator.push_test_image(&name, "v1").unwrap()
    };
    let repository = format!("{}/{name}", scene.registry());
    let image = if by_tag {
        format!("{repository}:v1")
    } else {
        format!("{repository}@{digest}")
    };
    let client = RepositoryClient::new(&repository);
    let before = client.manifest_bytes(&digest);
    let what = format!("{} {name}", software.name());
    let is_denied = denies_lists(software);

    // Nothing there yet, and not known where the list is denied.
    let unknown = if is_denied { 3 } else { 1 };
    assert_eq!(scene.verify(&image).code, unknown, "{what}");
    let listed = scene.run(&["list", &image]);
    assert_eq!(
        listed.code,
        if is_denied { 3 } else { 0 },
        "{what} {listed:#?}"
    );

    let how = if is_denied {
        &["--force-referrers-tag"][..]
    } else {
        IF_MISSING
    };
    scene.emulator.clear_calls();
    let signed = sign(scene, how, &image);
    assert_eq!(signed.code, 0, "{what} {signed:#?}");
    let signature = signed
        .stdout
        .lines()
        .last()
        .unwrap()
        .rsplit('@')
        .next()
        .unwrap();
    for _ in 0..2 {
        let again = sign(scene, IF_MISSING, &image);
        assert!(
            again.stdout.starts_with("Already signed "),
            "{what} {again:#?}"
        );
        assert!(again.stdout.contains(signature), "{what} {again:#?}");
    }
    let made = scene.operations();
    let made = made.iter().filter(|name| *name == "SignPayload").count();
    assert_eq!(made, 1, "{what}");

    let listed = scene.run(&["list", &image]);
    assert_eq!(
        listed.code,
        if is_denied { 3 } else { 0 },
        "{what} {listed:#?}"
    );
    assert_eq!(
        listed.stdout.matches(signature).count(),
        1,
        "{what} {listed:#?}"
    );
    let verified = scene.verify(&image);
    assert_eq!(verified.code, 0, "{what} {verified:#?}");
    for reference in ["v1", &digest] {
        assert_eq!(
            client.manifest_bytes(reference),
            before,
            "{what} {reference}"
        );
    }
}

fn play(name: &str) {
    let software: Software = name.parse().unwrap();
    let options = RegistryOptions::playing(software);
    let scene = Scene::with(Emulator::builder().registry(options));
    for is_index in [false, true] {
        for by_tag in [false, true] {
            check(&scene, software, is_index, by_tag);
        }
    }
    if denies_lists(software) {
        // Without the flag the signature is there, and nothing leads to it.
        let ran = sign(&scene, &[], &scene.image);
        assert_eq!(ran.code, 3, "{ran:#?}");
        ran.assert_says("was pushed, not listed");
        ran.assert_says("hint: it cannot be found where the list of referrers is denied");
        ran.assert_says("`--force-referrers-tag`");
        assert_eq!(scene.tags(), ["v1"]);
    }
}

macro_rules! registries {
    ($($test:ident: $name:literal,)*) => {
        $(#[test] fn $test() { play($name); })*

        #[test]
        fn every_registry_is_tried() {
            let tried = [$($name),*];
            let all = Software::ALL.map(Software::name);
            assert_eq!(all.map(|name| tried.contains(&name.as_str())), [true; Software::ALL.len()]);
        }
    };
}

registries! {
    gitlab: "gitlab",
    harbor_2_6: "harbor-2.6",
    harbor_2_7: "harbor-2.7",
    harbor_2_8: "harbor-2.8",
    harbor_2_9: "harbor-2.9",
    harbor_2_10: "harbor-2.10",
    harbor_2_11: "harbor-2.11",
    harbor_2_12: "harbor-2.12",
    harbor_2_13: "harbor-2.13",
    artifactory: "artifactory",
    quay: "quay",
    nexus: "nexus",
    acr: "acr",
    ecr: "ecr",
}
