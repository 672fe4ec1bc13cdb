//! Whatever a document is like: nothing panics, only the images change, and the result reads as it should.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// How one service is written around its image.
fn service() -> impl Strategy<Value = String> {
    let image = "r\\.io/[a-z]{1,5}:[a-z0-9]{1,4}";
    let style = prop::sample::select(vec![
        "{ image: IMAGE, x: [1, 'IMAGE'] }  # IMAGE",
        "{\"image\": \"IMAGE\", 'y': \"é # IMAGE\"}",
        "\n    # IMAGE\n    image: IMAGE # tag\n    z: IMAGE",
        "\n    image: 'IMAGE'\n    z: |\n      image: IMAGE",
        "\n    z: &z \"IMAGE\"\n    image: \"IMAGE\"\n    y: *z",
        "\n    image: >-\n      IMAGE\n    z: ü",
        "\n    image: |-\n\n      IMAGE\n\n    z: >\n      IMAGE",
        "\n    image:\n      IMAGE",
    ]);
    (image, style).prop_map(|(image, style)| {
        style
            .replace("image: |-\n\n", "image: |-\n")
            .replace("IMAGE", &image)
    })
}

fn compose() -> impl Strategy<Value = String> {
    let line_end = prop::sample::select(vec!["\n", "\r\n"]);
    (prop::collection::vec(service(), 1..5), line_end).prop_map(|(services, line_end)| {
        let mut text = "# head\nservices:\n".to_owned();
        for (number, service) in services.iter().enumerate() {
            writeln!(text, "  s{number}: {service}").unwrap();
        }
        text.replace('\n', line_end)
    })
}

/// Everything that is not an image, cut where the images are.
fn rest<'t>(text: &'t str, images: &[Image]) -> Vec<&'t str> {
    let mut ranges: Vec<_> = images.iter().map(|image| image.range.clone()).collect();
    ranges.sort_by_key(|range| range.start);
    let mut rest = Vec::new();
    let mut done = 0;
    for range in ranges {
        rest.push(text.get(done..range.start).unwrap());
        done = range.end;
    }
    rest.push(text.get(done..).unwrap());
    rest
}

proptest! {
    #[test]
    fn only_the_images_change(text in compose()) {
        let options = Options::default();
        let before = RunDocument::parse(Kind::Compose, text.as_bytes(), &options).unwrap();
        let words: Vec<String> = before.images().iter().map(by_digest).collect();
        let pinned = before.pin(&words).unwrap();
        let after = RunDocument::parse(Kind::Compose, pinned.as_bytes(), &options).unwrap();
        let found: Vec<&String> = after.images().iter().map(|image| &image.text).collect();
        prop_assert_eq!(found, words.iter().collect::<Vec<_>>());
        prop_assert_eq!(rest(&text, before.images()), rest(&pinned, after.images()));
        // Once there are digests, nothing is left to change.
        prop_assert_eq!(after.pin(&words).unwrap(), pinned.clone());
    }

    #[test]
    fn only_the_images_of_json_change(
        images in prop::collection::vec("r\\.io/[a-z]{1,5}:[a-z0-9]{1,4}", 1..5),
        blank in "[ \\n\\t]{0,3}",
    ) {
        let containers: Vec<String> = images
            .iter()
            .map(|image| format!("{{{blank}\"image\":{blank}\"{image}\",\"name\":\"{image}\"}}"))
            .collect();
        let text = format!("{{\"x\": 1.0e5,{blank}\"containerDefinitions\":[{}]{blank}}}\n", containers.join(","));
        let options = Options::default();
        let before = RunDocument::parse(Kind::TaskDefinition, text.as_bytes(), &options).unwrap();
        let words: Vec<String> = before.images().iter().map(by_digest).collect();
        let pinned = before.pin(&words).unwrap();
        let after = RunDocument::parse(Kind::TaskDefinition, pinned.as_bytes(), &options).unwrap();
        prop_assert_eq!(rest(&text, before.images()), rest(&pinned, after.images()));
        prop_assert_eq!(after.images().len(), images.len());
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[\\[\\]{}\"',:&*!|>%#?0-9a-f\\\\ \n\r\t~ü-]{0,120}") {
        for kind in Kind::ALL {
            let _ = RunDocument::parse(kind, text.as_bytes(), &Options::default());
        }
    }

    #[test]
    fn arbitrary_lines_of_a_compose_file_never_panic(
        lines in prop::collection::vec("( {0,6})(services|a|image|x)?:? ?(r\\.io/a:1|&a|\\*a|!b|\\||>-|\\[|\\}|- |\"|'|\\?|)", 0..12),
    ) {
        let text = lines.join("\n");
        if let Ok(document) = RunDocument::parse(Kind::Compose, text.as_bytes(), &Options::default()) {
            let words: Vec<String> = document.images().iter().map(by_digest).collect();
            // Written as it should be, or refused.
            if let Err(error) = document.pin(&words) {
                prop_assert!(matches!(error, Error::Unwritable { .. }), "{}: {}", error, text);
            }
        }
    }
}
