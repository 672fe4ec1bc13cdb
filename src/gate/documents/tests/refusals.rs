//! Every way in which a document is refused, each alone.

use super::*;

/// A Compose file of one good service, and of these lines.
fn compose(lines: &str) -> String {
    format!("services:\n  a: {{image: r.io/a:1}}\n{lines}")
}

const KIND: &str = "a kind of object that is not known, and that may run images";

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nspec: {spec}\n")
}

#[test]
fn what_stands_elsewhere_or_is_worked_out_by_others() {
    for (kind, text, words) in [
        (
            Kind::Compose,
            "x: &i r.io/a:1\nservices:\n  a: {image: *i}\n".to_owned(),
            "`/services/a/image` at line 3, column 14 is an alias, so what runs stands elsewhere",
        ),
        (
            Kind::Compose,
            "x: &s {image: r.io/a:1}\nservices:\n  a: *s\n".to_owned(),
            "`/services/a` at line 3, column 6 is an alias, so what runs stands elsewhere",
        ),
        (
            Kind::Compose,
            "services: !reset\n  a: {image: r.io/a:1}\n".to_owned(),
            "`/services` at line 1, column 11 has the tag `!reset`, so what runs is not what is written",
        ),
        (
            Kind::Kubernetes,
            pod("{containers: [{image: !!binary ci5pby9hOjE=}]}"),
            "`/spec/containers/0/image` at line 3, column 29 has the tag `!!binary`, so what runs is not what is written",
        ),
    ] {
        assert_eq!(refusal(kind, &text), words, "{text}");
    }
}

fn template(image: &str) -> String {
    format!(
        "Parameters: {{Image: {{Type: String, Default: r.io/a:1}}}}\nResources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    \
         Properties:\n      ContainerDefinitions:\n        - Image: {image}\n"
    )
}

#[test]
fn functions_of_cloudformation_at_an_image() {
    let place = "`/Resources/Task/Properties/ContainerDefinitions/0/Image` at line 7, column 18";
    let not_written = "so what runs is not what is written";
    for (image, words) in [
        (
            "!Sub 'r.io/a:${Tag}'",
            format!("has the tag `!Sub`, {not_written}"),
        ),
        (
            "!Join ['', [a, b]]",
            format!("has the tag `!Join`, {not_written}"),
        ),
        (
            "{\"Fn::Sub\": a}",
            format!("is the function `Fn::Sub`, {not_written}"),
        ),
        (
            "!Ref Image",
            "is the value of parameter `Image`, which is not given".to_owned(),
        ),
        (
            "{Ref: Image}",
            "is the value of parameter `Image`, which is not given".to_owned(),
        ),
        (
            "{Ref: !Sub Image}",
            format!("is the function `Ref`, {not_written}"),
        ),
    ] {
        let text = template(image);
        assert_eq!(
            refusal(Kind::CloudFormation, &text),
            format!("{place} {words}")
        );
    }
    let list = "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions: LIST\n";
    let place = "`/Resources/Task/Properties/ContainerDefinitions` at line 5, column 29";
    for (value, words) in [
        ("!If [a, [{Image: r.io/a:1}], []]", "has the tag `!If`"),
        (
            "{\"Fn::If\": [a, [{Image: r.io/a:1}], []]}",
            "is the function `Fn::If`",
        ),
    ] {
        let text = list.replace("LIST", value);
        let words = format!("{place} {words}, {not_written}");
        assert_eq!(refusal(Kind::CloudFormation, &text), words);
    }
}

#[test]
fn a_function_that_is_an_image_has_one() {
    let text = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {PackageType: Image}\n    Metadata: {DockerContext: .}\n";
    let words = "`/Resources/F/Properties` at line 4, column 17 has no `ImageUri`";
    assert_eq!(refusal(Kind::CloudFormation, text), words);
    // Archives have none.
    let text = "Resources:\n  G: {Type: AWS::Lambda::Function, Properties: {Code: ./src}}\n  F: {Type: AWS::Lambda::Function, \
                Properties: {Code: {ImageUri: r.io/f:1}}}\n";
    assert_eq!(found(Kind::CloudFormation, text).len(), 1);
}

#[test]
fn parameters_are_given_and_used() {
    let given = |name: &str| Options {
        ignored: Vec::new(),
        parameters: BTreeMap::from([(name.to_owned(), "r.io/b:2".to_owned())]),
    };
    for image in ["!Ref Image", "{Ref: Image}"] {
        let text = template(image);
        let options = given("Image");
        let document = RunDocument::parse(Kind::CloudFormation, text.as_bytes(), &options);
        assert_eq!(document.unwrap().images()[0].text, "r.io/b:2");
    }
    let found = refusal_with(Kind::CloudFormation, &template("r.io/a:1"), &given("Image"));
    assert_eq!(
        found,
        "no image in the document is the value of parameter `Image`"
    );
}

#[test]
fn images_in_places_that_are_not_known() {
    let place = "an image in a place that is not known";
    for (kind, text, words) in [
        (
            Kind::Compose,
            compose("x-b: {image: r.io/b:1}\n"),
            format!("`/x-b/image` at line 3, column 14 is {place}"),
        ),
        (
            Kind::Compose,
            compose("x-b: {sidecar-image: {repository: b}}\nx-c: {Image: r.io/b:1, useImage: true, imageUrl: ''}\n"),
            format!(
                "`/x-b/sidecar-image` at line 3, column 22 is {place}, `/x-c/Image` at line 4, column 14 is {place}"
            ),
        ),
        (
            Kind::TaskDefinition,
            r#"{"containerDefinitions": [{"image": "r.io/a:1", "Image": "r.io/b:1"}]}"#.to_owned(),
            format!("`/containerDefinitions/0/Image` at line 1, column 58 is {place}"),
        ),
        (
            Kind::Kubernetes,
            "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {spec: {containers: [{image: r.io/a:1}]}}}\n"
                .to_owned(),
            format!("`/kind` at line 2, column 7 is {KIND}, `/spec/template/spec/containers/0/image` at line 3, column 47 is {place}"),
        ),
        (
            Kind::Kubernetes,
            "apiVersion: serving.knative.dev/v1\nkind: Deployment\nspec: {image: r.io/a:1}\n---\napiVersion: v1\nkind: \
             ConfigMap\ndata: {proxyImage: r.io/a:1}\n"
                .to_owned(),
            format!("`1:/kind` at line 2, column 7 is {KIND}, `1:/spec/image` at line 3, column 15 is {place}, `2:/data/proxyImage` at line 7, column 20 is {place}"),
        ),
        (
            Kind::CloudFormation,
            "Resources:\n  B:\n    Type: AWS::CodeBuild::Project\n    Properties: {Environment: {Image: 'aws/codebuild/standard:7.0'}}\n"
                .to_owned(),
            format!("`/Resources/B/Properties/Environment/Image` at line 4, column 39 is {place}"),
        ),
    ] {
        assert_eq!(refusal(kind, &text), words, "{text}");
    }
}

#[test]
fn names_that_people_choose_are_no_keys() {
    let text = "Parameters: {Image: {Type: String}}\nMappings: {Image: {a: {Image: r.io/x:1}}}\nResources:\n  AppImage: {Type: \
                AWS::ECR::Repository}\n  F: {Type: AWS::Lambda::Function, Properties: {Code: {ImageUri: r.io/f:1}}}\n\
                Outputs: {Image: {Value: r.io/f:1}}\n";
    assert_eq!(found(Kind::CloudFormation, text).len(), 1);
    let text = "services:\n  image: {image: r.io/a:1}\nvolumes: {image: {driver: x}}\n";
    assert_eq!(found(Kind::Compose, text).len(), 1);
    let text = "Globals: {Function: {ImageUri: r.io/x:1}}\nResources:\n  F: {Type: AWS::Lambda::Function, Properties: {Code: {ImageUri: r.io/f:1}}}\n";
    let words = "`/Globals/Function/ImageUri` at line 1, column 32 is an image in a place that is not known";
    assert_eq!(refusal(Kind::CloudFormation, text), words);
}

#[test]
fn what_brings_images_from_elsewhere() {
    let web = |member: &str| format!("services:\n  a: {{image: r.io/a:1, {member}}}\n");
    for (kind, text, words) in [
        (
            Kind::Compose,
            web("build: ."),
            "`/services/a/build` at line 2, column 31 is an image that is built, not pulled",
        ),
        (
            Kind::Compose,
            web("extends: {file: b.yaml, service: b}"),
            "`/services/a/extends` at line 2, column 33 is a service of another place",
        ),
        (
            Kind::Compose,
            web("provider: {type: awesomecloud}"),
            "`/services/a/provider` at line 2, column 34 is a service that another program runs",
        ),
        (
            Kind::Compose,
            compose("include: [b.yaml]\n"),
            "`/include` at line 3, column 10 is a list of other Compose files",
        ),
        (
            Kind::Compose,
            compose("models: {m: {model: ai/m}}\n"),
            "`/models` at line 3, column 9 is a list of models",
        ),
        (
            Kind::CloudFormation,
            "Transform: AWS::Serverless-2016-10-31\nResources: {}\n".to_owned(),
            "`/Transform` at line 1, column 12 is a macro that rewrites the template",
        ),
        (
            Kind::CloudFormation,
            "Resources:\n  A:\n    Type: B\n    Properties: {'Fn::Transform': {Name: x}}\n"
                .to_owned(),
            "`/Resources/A/Properties/Fn::Transform` at line 4, column 35 is a macro that rewrites the template",
        ),
        (
            Kind::CloudFormation,
            "Resources:\n  A: {Type: AWS::CloudFormation::Stack}\n".to_owned(),
            "`/Resources/A` at line 2, column 6 is a resource whose own resources are not in the template",
        ),
        (
            Kind::CloudFormation,
            "Resources:\n  A: {Type: My::S3::Bucket::MODULE}\n".to_owned(),
            "`/Resources/A` at line 2, column 6 is a resource whose own resources are not in the template",
        ),
        (
            Kind::CloudFormation,
            "Resources:\n  Fn::ForEach::A: [x, [y], {}]\n".to_owned(),
            "`/Resources/Fn::ForEach::A` at line 2, column 19 is a function that makes resources",
        ),
    ] {
        assert_eq!(refusal(kind, &text), words, "{text}");
    }
}

#[test]
fn a_place_is_ignored_by_its_name_and_no_image_that_runs() {
    let text = compose("x-b: {image: r.io/b:1}\n");
    for places in [vec!["/x-b"], vec!["/x-b/image"]] {
        let options = ignoring(&places);
        let document = RunDocument::parse(Kind::Compose, text.as_bytes(), &options).unwrap();
        assert_eq!(document.images().len(), 1);
    }
    for (places, words) in [
        (
            vec!["/x-b", "/x-c"],
            "the document has nothing at `/x-c`, which is to be ignored",
        ),
        (
            vec!["/x-b", ""],
            "the image `/services/a/image` at line 2, column 14 runs, and cannot be ignored",
        ),
        (
            vec!["/x-b", "/services"],
            "the image `/services/a/image` at line 2, column 14 runs, and cannot be ignored",
        ),
        (
            vec!["/x"],
            "the document has nothing at `/x`, which is to be ignored",
        ),
    ] {
        assert_eq!(
            refusal_with(Kind::Compose, &text, &ignoring(&places)),
            words
        );
    }
    // Nothing runs from a service that is not started from here.
    let text = compose("  b: {build: .}\n");
    let options = ignoring(&["/services/b/build"]);
    assert!(RunDocument::parse(Kind::Compose, text.as_bytes(), &options).is_ok());
    let text = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: r.io/a:1}]}\n---\napiVersion: x/v1\nkind: X\nimage: r.io/b:1\n";
    let options = ignoring(&["2:/image", "2:/kind"]);
    assert!(RunDocument::parse(Kind::Kubernetes, text.as_bytes(), &options).is_ok());
    let words = "the document has nothing at `/image`, which is to be ignored";
    assert_eq!(
        refusal_with(Kind::Kubernetes, text, &ignoring(&["/image"])),
        words
    );
}

#[test]
fn what_is_not_of_its_kind() {
    for (kind, text, words) in [
        (
            Kind::TaskDefinition,
            "[]",
            "`` at line 1, column 1 is a list, not a mapping",
        ),
        (
            Kind::TaskDefinition,
            "{}",
            "`` at line 1, column 1 has no `containerDefinitions`",
        ),
        (
            Kind::TaskDefinition,
            r#"{"containerDefinitions": {}}"#,
            "`/containerDefinitions` at line 1, column 26 is a mapping, not a list",
        ),
        (
            Kind::TaskDefinition,
            r#"{"containerDefinitions": [{"name": "a"}]}"#,
            "`/containerDefinitions/0` at line 1, column 27 has no `image`",
        ),
        (
            Kind::TaskDefinition,
            r#"{"containerDefinitions": []}"#,
            "the document has no image",
        ),
        (
            Kind::Compose,
            "services:\n  a: {command: x}\n",
            "`/services/a` at line 2, column 6 has no `image`",
        ),
        (
            Kind::Compose,
            "services:\n  a: {image: [r.io/a:1]}\n",
            "`/services/a/image` at line 2, column 14 is a list, not the reference of an image",
        ),
        (
            Kind::Kubernetes,
            "apiVersion: v1\nspec: {}\n",
            "`` at line 1, column 1 has no `kind`",
        ),
        (
            Kind::Kubernetes,
            "apiVersion: v1\nkind: Pod\n",
            "`` at line 1, column 1 has no `spec`",
        ),
        (
            Kind::Kubernetes,
            "just text\n",
            "`` at line 1, column 1 is a scalar, not a mapping",
        ),
        (
            Kind::Kubernetes,
            "apiVersion: v1\nkind: Service\n",
            "the document has no image",
        ),
        (
            Kind::ImageDefinitions,
            "{}",
            "`` at line 1, column 1 is a mapping, not a list",
        ),
        (
            Kind::LambdaFunction,
            r#"{"FunctionName": "f", "ZipFile": "x"}"#,
            "the document has no image",
        ),
    ] {
        let words = words.replacen("``", "the document", 1);
        assert_eq!(refusal(kind, text), words, "{text}");
    }
}

#[test]
fn what_is_not_a_reference_with_a_registry() {
    let place = "in `/services/a/image` at line 2, column 14 names no registry, so who pulls it decides what runs";
    for image in [
        "nginx",
        "nginx:1",
        "library/nginx:1",
        "amazon/aws-xray-daemon:3",
        "HOST/app:1",
    ] {
        let text = format!("services:\n  a: {{image: {image}}}\n");
        assert_eq!(
            refusal(Kind::Compose, &text),
            format!("the image `{image}` {place}")
        );
    }
    for image in [
        "r.io/a",
        "'r.io/a:${TAG}'",
        "'<IMAGE1_NAME>'",
        "\"r.io/a:1\\n\"",
        "'r.io/a:1 '",
        "r.io/a@sha256:12",
        "http://r.io/a:1",
    ] {
        let text = format!("services:\n  a: {{image: {image}}}\n");
        let found = refusal(Kind::Compose, &text);
        let words = "`/services/a/image` at line 2, column 14 is not the reference of an image";
        let no_registry = found.ends_with("names no registry, so who pulls it decides what runs");
        assert!(
            found == words || no_registry && image.contains('<'),
            "{image}: {found}"
        );
    }
    // A block that ends with a line break is not a reference.
    let text = "services:\n  a:\n    image: |\n      r.io/a:1\n";
    assert!(refusal(Kind::Compose, text).ends_with("is not the reference of an image"));
}

#[test]
fn two_digests_of_one_image() {
    let text = format!(r#"{{"ImageURI": "r.io/a@{DIGEST}", "ImageDigest": "sha256:00"}}"#);
    let found = refusal(Kind::ImageDetail, &text);
    let place = "`/ImageDigest` at line 1, column 111";
    assert_eq!(
        found,
        format!("{place} is `sha256:00`, but the image is `{DIGEST}`")
    );
    // Only the digest that is written says that the tag has moved.
    let text = r#"{"ImageURI": "r.io/a:1", "ImageDigest": "sha256:00"}"#;
    let document =
        RunDocument::parse(Kind::ImageDetail, text.as_bytes(), &Options::default()).unwrap();
    let error = document.pin(&[format!("r.io/a@{DIGEST}")]).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with(&format!("is `sha256:00`, but the image is `{DIGEST}`"))
    );
}

#[test]
fn every_refusal_that_can_be_mended_says_how() {
    let hint = |kind, text: &str| {
        let error = RunDocument::parse(kind, text.as_bytes(), &Options::default()).unwrap_err();
        error.hint().unwrap_or_default()
    };
    assert_eq!(
        hint(Kind::Compose, "services:\n  a: {image: nginx:1}\n"),
        "write the registry; for an image of Docker Hub, `docker.io/library/nginx:1`"
    );
    assert_eq!(
        hint(Kind::Compose, "services:\n  a: {image: r.io/a}\n"),
        "write the tag or the digest; without one, `latest` runs"
    );
    assert_eq!(
        hint(Kind::Compose, &compose("x-b: {image: r.io/b:1}\n")),
        "if nothing runs from there, name the place with the setting `ignore /x-b/image`"
    );
    assert_eq!(
        hint(Kind::CloudFormation, &template("!Ref Image")),
        "name the image that is deployed: the setting `parameter Image=REGISTRY/REPOSITORY@DIGEST`"
    );
}
