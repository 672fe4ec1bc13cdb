//! The same document with digests: every other byte stays.

use super::*;

#[test]
fn quotes_comments_order_and_line_ends_stay() {
    let pinned_a = format!("r.io/a@{DIGEST}");
    for before in [
        "services:\r\n  a:   # first\r\n    image:   r.io/a:1   # the tag\r\n    unknown: [1, {x: y}]\r\n",
        "services: {a: {image: r.io/a:1, z: ~}, b: {image: r.io/a:1}}",
        "services:\n  a:\n    image: 'r.io/a:1'\n",
        "services:\n  a:\n    \"image\" : \"r.io/a:1\"\n",
        "services:\n  a:\n    image: >-\n      r.io/a:1\n    x: |\n      r.io/a:1 is not an image here\n",
        "services:\n  a:\n    image: |-\n      r.io/a:1\n",
        "services:\n  a:\n    image:\n      r.io/a:1\n  'r.io/a': {image: r.io/a:1}\n",
        "services:\n  a:\n    image: &i r.io/a:1\n    command: *i\n",
        "services:\n  a: {\n    image: r.io/a:1}\n",
        "{\"services\": {\"a\": {\"image\" : \"r.io/a:1\" }}}",
    ] {
        let after = pinned(Kind::Compose, before);
        let mut expected = before.to_owned();
        let document = RunDocument::parse(Kind::Compose, before.as_bytes(), &Options::default());
        let document = document.unwrap();
        for image in document.images().iter().rev() {
            let written = before.get(image.range.clone()).unwrap();
            let changed = written.replace("r.io/a:1", &pinned_a);
            expected.replace_range(image.range.clone(), &changed);
        }
        assert_eq!(after, expected);
        assert_ne!(after, before);
    }
}

#[test]
fn escapes_are_written_anew_inside_their_quotes() {
    let text = r#"{"containerDefinitions":[{"image":"r.io\/a\u003a1","name":"r.io\/a:1"}]}"#;
    assert_eq!(
        pinned(Kind::TaskDefinition, text),
        format!(r#"{{"containerDefinitions":[{{"image":"r.io/a@{DIGEST}","name":"r.io\/a:1"}}]}}"#)
    );
    let text = "services:\n  a:\n    image: \"r.io/\\x61:1\"\n";
    let expected = format!("services:\n  a:\n    image: \"r.io/a@{DIGEST}\"\n");
    assert_eq!(pinned(Kind::Compose, text), expected);
}

#[test]
fn parameters_are_replaced_as_a_whole() {
    let options = Options {
        ignored: Vec::new(),
        parameters: BTreeMap::from([("Image".to_owned(), "r.io/b:2".to_owned())]),
    };
    let before = "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code:\n        ImageUri: HERE\n        X: y # z\n";
    for value in [
        "!Ref Image",
        "!Ref  'Image'",
        "{Ref: Image}",
        "{ \"Ref\": \"Image\" }",
        "\n          Ref: Image",
    ] {
        let text = before.replace("HERE", value);
        let break_ = if value.starts_with('\n') {
            "\n          "
        } else {
            ""
        };
        let expected = before.replace("HERE", &format!("{break_}\"r.io/b@{DIGEST}\""));
        assert_eq!(
            pinned_with(Kind::CloudFormation, &text, &options),
            expected,
            "{value}"
        );
    }
    let json = r#"{"Resources":{"F":{"Type":"AWS::Lambda::Function","Properties":{"Code":{"ImageUri":{"Ref":"Image"}}}}}}"#;
    let expected = json.replace(r#"{"Ref":"Image"}"#, &format!("\"r.io/b@{DIGEST}\""));
    assert_eq!(pinned_with(Kind::CloudFormation, json, &options), expected);
}

#[test]
fn short_names_of_docker_hub_keep_their_place() {
    let text = "services:\n  a: {image: docker.io/nginx:1}\n";
    let expected = format!("services:\n  a: {{image: docker.io/library/nginx@{DIGEST}}}\n");
    assert_eq!(pinned(Kind::Compose, text), expected);
}

#[test]
fn what_would_read_otherwise_is_not_written() {
    let text = "services:\n  a: {image: r.io/a:1}\n";
    let document = RunDocument::parse(Kind::Compose, text.as_bytes(), &Options::default());
    let document = document.unwrap();
    for words in [
        vec![],
        vec!["r.io/a:1".to_owned(), "r.io/a:1".to_owned()],
        vec!["r.io/a:1, x: y".to_owned()],
        vec!["r.io/a:1}\n  b: {image: r.io/b:1".to_owned()],
        vec!["not a reference".to_owned()],
    ] {
        assert!(
            matches!(document.pin(&words), Err(Error::Different)),
            "{words:?}"
        );
    }
}
