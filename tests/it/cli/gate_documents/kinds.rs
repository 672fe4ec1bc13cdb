//! Every kind of document, from file to file.

use serde_json::json;

use super::Gate;
use crate::support::document;

#[test]
fn every_kind_is_verified_and_written_with_digests() {
    let gate = Gate::new();
    for (kind, name, text, more) in [
        (
            "kubernetes",
            "manifests.yaml",
            "# all\napiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      initContainers:\n        - image: 'REPO:v2'\n      \
             containers:\n        - name: a   # the application\n          image: REPO:v1\n---\napiVersion: v1\nkind: Service\nspec: {ports: [80]}\n",
            vec![],
        ),
        (
            "image-definitions",
            "imagedefinitions.json",
            "[{\"name\":\"app\",\"imageUri\":\"REPO:v1\"},{\"name\":\"b\",\"imageUri\":\"REPO:v2\"}]",
            vec![],
        ),
        (
            "image-detail",
            "imageDetail.json",
            "{\"ImageURI\":\"REPO:v1\"}",
            vec![],
        ),
        (
            "cloudformation",
            "template.yaml",
            "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: !Sub '${AWS::StackName}'\n      ContainerDefinitions:\n        \
             - {Name: a, Image: 'REPO:v1'}\n",
            vec![],
        ),
        (
            "cloudformation",
            "template.json",
            "{\"Resources\":{\"F\":{\"Type\":\"AWS::Lambda::Function\",\"Properties\":{\"Code\":{\"ImageUri\":\"REPO:v2\"}}}}}",
            vec![],
        ),
        (
            "lambda-function",
            "function.json",
            "{\"FunctionName\":\"f\",\"ImageUri\":\"REPO:v1\"}",
            vec!["--max-signatures", "5"],
        ),
    ] {
        let text = gate.write(name, text);
        let pin = [more.as_slice(), &["--pin", name]].concat();
        let ran = gate.run(kind, &pin);
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert_eq!(ran.stdout, gate.by_digest(&text), "{kind}");
    }
}

#[test]
fn a_parameter_is_the_image_that_is_given() {
    let gate = Gate::new();
    let text = gate.write(
        "template.yaml",
        "Parameters: {Image: {Type: String}}\nResources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties: {Code: {ImageUri: !Ref Image}}\n",
    );
    let ran = gate.run("cloudformation", &["template.yaml"]);
    ran.assert_refused(
        1,
        "Error: `template.yaml`: `/Resources/F/Properties/Code/ImageUri` at line 5, column 35 is the value of parameter `Image`, which is \
         not given",
    );
    let parameter = format!("Image={}:v1", gate.scene.repository);
    let ran = gate.run(
        "cloudformation",
        &["--parameter", &parameter, "--pin", "template.yaml"],
    );
    let expected = text.replace("!Ref Image", &format!("\"{}\"", gate.scene.image));
    assert_eq!((ran.code, ran.stdout), (0, expected));
    let ran = gate.run("cloudformation", &["--parameter", "Image", "template.yaml"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
}

#[test]
fn a_digest_beside_the_image_must_be_its_own() {
    let gate = Gate::new();
    let digest = gate.second.split('@').nth(1).unwrap();
    gate.write(
        "imageDetail.json",
        &format!("{{\"ImageURI\":\"REPO:v1\",\"ImageDigest\":\"{digest}\"}}"),
    );
    let words = format!(
        "`/ImageDigest` at line 1, column {} is `{digest}`, but the image is `{}`",
        r#"{"ImageURI":"REPO:v1","ImageDigest":"#.len() - "REPO".len()
            + gate.scene.repository.len()
            + 1,
        gate.scene.digest()
    );
    for flags in [
        &["--pin", "--out", "out.json"][..],
        &["--lock", "out.json"],
        &[],
    ] {
        let ran = gate.run("image-detail", &[flags, &["imageDetail.json"]].concat());
        assert_eq!(ran.code, 1, "{ran:#?}");
        ran.assert_says(&format!(
            "Error: `imageDetail.json`: {words}\nhint: the two are of different builds: "
        ));
        assert!(!gate.exists("out.json"));
    }
    let ran = gate.run("image-detail", &["--output", "json", "imageDetail.json"]);
    let found = document::document(&ran, "run-document.v1.schema.json");
    assert_eq!(
        (
            &found["permitted"],
            &found["verdict"],
            &found["error"]["message"]
        ),
        (
            &json!(false),
            &json!("rejected"),
            &json!(format!("`imageDetail.json`: {words}"))
        )
    );
    // The digest that the tag has.
    let own = gate.scene.digest();
    gate.write(
        "imageDetail.json",
        &format!("{{\"ImageURI\":\"REPO:v1\",\"ImageDigest\":\"{own}\"}}"),
    );
    assert_eq!(gate.run("image-detail", &["imageDetail.json"]).code, 0);
}
