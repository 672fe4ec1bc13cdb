//! The record of the signatures that an artifact had.

use serde_json::{Value, json};

use super::aws_signer::{allowed, fetch, fetched, write_policy};
use crate::cli::verdict::document;
use crate::support::document::assert_valid;
use crate::support::scene::Scene;

#[test]
fn a_signature_that_was_withheld_is_could_not_look() {
    let (scene, island) = fetched();
    write_policy(&scene, &island, &allowed());
    let index = island.sandbox.home().join("facts/artifacts/index.json");
    let record = island.files("signatures").remove(0);
    let written = std::fs::read_to_string(&record).unwrap();
    let recorded: Value = serde_json::from_str(&written).unwrap();
    assert_valid(&recorded, "offline-signatures.v1.schema.json");
    assert_eq!(recorded["signatures"].as_array().unwrap().len(), 1);

    // Without a record not even a good signature is an answer.
    island.assert_verified(&[]);
    std::fs::remove_file(&record).unwrap();
    let ran = island.verify(&[]);
    let sentence = format!(
        "Error: the signatures of `{}` could not be judged",
        island.image
    );
    ran.assert_refused(3, &sentence);
    ran.assert_says("there is no record of the artifact's signatures");

    let good = std::fs::read_to_string(&index).unwrap();
    let mut withheld: Value = serde_json::from_str(&good).unwrap();
    withheld["manifests"].as_array_mut().unwrap().pop();
    std::fs::write(&index, withheld.to_string()).unwrap();
    let signature = recorded["signatures"][0].as_str().unwrap();
    for (text, words) in [
        (
            None,
            "there is no record of the artifact's signatures".to_owned(),
        ),
        (
            Some(written.as_str()),
            format!("the signature `{signature}` is named in "),
        ),
        (Some("{"), "` is malformed".to_owned()),
        (
            Some(&*written.replace("sha256:", "sha256:0")),
            "is not about this artifact".to_owned(),
        ),
    ] {
        match text {
            None => {}
            Some(text) => std::fs::write(&record, text).unwrap(),
        }
        let ran = island.verify(&[]);
        ran.assert_refused(
            3,
            &format!(
                "Error: the signatures of `{}` could not be judged",
                island.image
            ),
        );
        ran.assert_says(&words);
        ran.assert_says("hint: with a network, `countersign revocation fetch");
        let ran = island.verify(&["-o", "json"]);
        let result = document(&ran)["results"][0].clone();
        assert_eq!(result["verdict"], "inconclusive");
        assert_eq!(result["error"]["code"], "signatures-withheld");
        assert_eq!(result["unseen"]["code"], "signatures-withheld");
    }
    // This does not detect an attacker who rewrites the record too.
    let mut emptied = recorded.clone();
    emptied["signatures"] = json!([]);
    std::fs::write(&record, emptied.to_string()).unwrap();
    assert_eq!(island.verify(&[]).code, 1);
}

#[test]
fn of_two_signatures_a_good_one_is_enough_and_a_refused_one_is_not_the_last_word() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let other = scene.emulator.create_signing_profile("other").unwrap();
    let ran = scene.run(&["sign", "--signing-profile", &other.arn, &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = fetch(&scene, &[&scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let island = super::Island::new(&scene, scene.digest());
    write_policy(&scene, &island, &allowed());
    island.assert_verified(&[]);
    let index = island.sandbox.home().join("facts/artifacts/index.json");
    let good: Value = serde_json::from_str(&std::fs::read_to_string(&index).unwrap()).unwrap();
    // Whichever is withheld, the answer is never "rejected".
    let mut codes = Vec::new();
    for position in 1..good["manifests"].as_array().unwrap().len() {
        let mut withheld = good.clone();
        withheld["manifests"]
            .as_array_mut()
            .unwrap()
            .remove(position);
        std::fs::write(&index, withheld.to_string()).unwrap();
        codes.push(island.verify(&[]).code);
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 3]);
}
