//! Documents that say what will run, of every kind: what is found is written back and read again.
#![no_main]

use countersign::gate::documents::{Kind, Options, RunDocument};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for kind in Kind::ALL {
        let Ok(document) = RunDocument::parse(kind, bytes, &Options::default()) else {
            continue;
        };
        let images = document.images();
        let pinned: Vec<String> = images
            .iter()
            .map(|image| {
                let reference = &image.reference;
                format!("{}/{}@{DIGEST}", reference.registry(), reference.repository())
            })
            .collect();
        // Nothing but a refusal or the same images by digest.
        if let Ok(text) = document.pin(&pinned) {
            let again = RunDocument::parse(kind, text.as_bytes(), &Options::default()).unwrap();
            let found: Vec<String> = again.images().iter().map(|image| image.text.clone()).collect();
            assert_eq!(found, pinned);
        }
    }
});
