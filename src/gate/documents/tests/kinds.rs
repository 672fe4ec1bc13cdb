//! Where each kind has its images.

use super::*;

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = expected.iter();
    pairs
        .map(|(pointer, image)| ((*pointer).to_owned(), (*image).to_owned()))
        .collect()
}

#[test]
fn a_task_definition_has_one_for_each_container() {
    let text = r#"{ "family": "app", "containerDefinitions": [
        { "name": "init", "image": "r.io/init:1", "essential": false },
        { "name": "app", "image": "r.io/app:1" }, { "name": "xray", "image": "r.io/xray@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" } ] }"#;
    let expected = [
        ("/containerDefinitions/0/image", "r.io/init:1"),
        ("/containerDefinitions/1/image", "r.io/app:1"),
        (
            "/containerDefinitions/2/image",
            "r.io/xray@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ];
    assert_eq!(found(Kind::TaskDefinition, text), pairs(&expected));
    for around in ["taskDefinition", "daemonTaskDefinition"] {
        let described = format!(r#"{{ "{around}": {text}, "tags": [] }}"#);
        let images = found(Kind::TaskDefinition, &described);
        assert_eq!(images.len(), 3);
        assert_eq!(
            images[0].0,
            format!("/{around}/containerDefinitions/0/image")
        );
    }
    let yaml = "family: app\ncontainerDefinitions:\n  - name: app\n    image: r.io/app:1\n";
    let expected = [("/containerDefinitions/0/image", "r.io/app:1")];
    assert_eq!(found(Kind::TaskDefinition, yaml), pairs(&expected));
}

#[test]
fn a_compose_file_has_those_of_services_and_of_what_they_mount() {
    let text = "services:\n  web:\n    image: r.io/web:1\n    volumes:\n      - ./a:/b\n      - type: image\n        \
                source: r.io/data:2\n        target: /data\n  db: { image: \"r.io/db:3\" }\nvolumes: {}\n";
    let expected = [
        ("/services/web/image", "r.io/web:1"),
        ("/services/web/volumes/1/source", "r.io/data:2"),
        ("/services/db/image", "r.io/db:3"),
    ];
    assert_eq!(found(Kind::Compose, text), pairs(&expected));
}

#[test]
fn every_kind_of_kubernetes_workload_is_known() {
    let pod = "initContainers: [{name: i, image: r.io/i:1}]\nCONTAINERS: [{name: c, image: r.io/c:1}]\nephemeralContainers: \
               [{name: e, image: r.io/e:1}]\nvolumes: [{name: v, image: {reference: r.io/v:1, pullPolicy: Always}}, {name: w, emptyDir: {}}]\n"
        .replace("CONTAINERS", "containers");
    for (version, kind, way) in [
        ("v1", "Pod", "spec"),
        ("v1", "PodTemplate", "template/spec"),
        ("v1", "ReplicationController", "spec/template/spec"),
        ("apps/v1", "Deployment", "spec/template/spec"),
        ("extensions/v1beta1", "Deployment", "spec/template/spec"),
        ("apps/v1", "ReplicaSet", "spec/template/spec"),
        ("apps/v1", "StatefulSet", "spec/template/spec"),
        ("apps/v1", "DaemonSet", "spec/template/spec"),
        ("batch/v1", "Job", "spec/template/spec"),
        ("batch/v1", "CronJob", "spec/jobTemplate/spec/template/spec"),
    ] {
        let mut inner = pod.clone();
        for name in way.rsplit('/') {
            let lines: Vec<String> = inner.lines().map(|line| format!("  {line}")).collect();
            inner = format!("{name}:\n{}\n", lines.join("\n"));
        }
        let text = format!("apiVersion: {version}\nkind: {kind}\n{inner}");
        let expected = [
            (
                format!("/{way}/initContainers/0/image"),
                "r.io/i:1".to_owned(),
            ),
            (format!("/{way}/containers/0/image"), "r.io/c:1".to_owned()),
            (
                format!("/{way}/ephemeralContainers/0/image"),
                "r.io/e:1".to_owned(),
            ),
            (
                format!("/{way}/volumes/0/image/reference"),
                "r.io/v:1".to_owned(),
            ),
        ];
        assert_eq!(found(Kind::Kubernetes, &text), expected, "{kind}");
    }
}

#[test]
fn many_manifests_and_lists_of_them_are_one_file() {
    let text = "# first\napiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n---\n---\napiVersion: v1\nkind: List\nitems:\n\
                - apiVersion: v1\n  kind: Pod\n  spec: {containers: [{image: r.io/a:1}]}\n---\napiVersion: v1\nkind: PodList\n\
                items:\n- spec: {containers: [{image: r.io/b:1}]}\n...\n---\napiVersion: apiextensions.k8s.io/v1\n\
                kind: CustomResourceDefinition\nspec: {versions: [{schema: {openAPIV3Schema: \
                {properties: {image: {type: string}}}}}]}\n";
    let expected = [
        ("2:/items/0/spec/containers/0/image", "r.io/a:1"),
        ("3:/items/0/spec/containers/0/image", "r.io/b:1"),
    ];
    assert_eq!(found(Kind::Kubernetes, text), pairs(&expected));
}

#[test]
fn the_files_of_codepipeline_are_known() {
    let text = r#"[{"name":"app","imageUri":"r.io/app:1"},{"name":"b","imageUri":"r.io/b:2"}]"#;
    let expected = [("/0/imageUri", "r.io/app:1"), ("/1/imageUri", "r.io/b:2")];
    assert_eq!(found(Kind::ImageDefinitions, text), pairs(&expected));
    let text = format!(
        r#"{{"ImageSizeInBytes":"1","ImageDigest":"{DIGEST}","Version":"1.0","ImagePushedAt":"x","RegistryId":"1","RepositoryName":"app",
           "ImageURI":"r.io/app@{DIGEST}","ImageTags":["latest"]}}"#
    );
    let image = format!("r.io/app@{DIGEST}");
    assert_eq!(
        found(Kind::ImageDetail, &text),
        pairs(&[("/ImageURI", &image)])
    );
}

#[test]
fn a_template_has_those_of_task_definitions_and_functions() {
    let text = "Description: x\nResources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: \
                !Sub '${AWS::StackName}-x'\n      ContainerDefinitions:\n        - Name: a\n          Image: r.io/a:1\n  \
                Function:\n    Type: AWS::Lambda::Function\n    Properties:\n      PackageType: Image\n      Code: {ImageUri: \
                r.io/f:1}\n  Zip:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: {S3Bucket: !Ref B}\n  Sam:\n    \
                Type: AWS::Serverless::Function\n    Properties:\n      ImageUri: r.io/s:1\n  Daemon:\n    Type: \
                AWS::ECS::DaemonTaskDefinition\n    Properties:\n      ContainerDefinitions: [{Image: r.io/d:1}]\n";
    let expected = [
        (
            "/Resources/Task/Properties/ContainerDefinitions/0/Image",
            "r.io/a:1",
        ),
        ("/Resources/Function/Properties/Code/ImageUri", "r.io/f:1"),
        ("/Resources/Sam/Properties/ImageUri", "r.io/s:1"),
        (
            "/Resources/Daemon/Properties/ContainerDefinitions/0/Image",
            "r.io/d:1",
        ),
    ];
    assert_eq!(found(Kind::CloudFormation, text), pairs(&expected));
    let json = r#"{"Resources":{"F":{"Type":"AWS::Lambda::Function","Properties":{"Code":{"ImageUri":"r.io/f:1"}}}}}"#;
    let expected = [("/Resources/F/Properties/Code/ImageUri", "r.io/f:1")];
    assert_eq!(found(Kind::CloudFormation, json), pairs(&expected));
}

#[test]
fn a_function_is_known_by_request_and_answer() {
    for (text, expected) in [
        (
            r#"{"FunctionName":"f","ImageUri":"r.io/f:1"}"#,
            vec![("/ImageUri", "r.io/f:1")],
        ),
        (
            r#"{"FunctionName":"f","PackageType":"Image","Code":{"ImageUri":"r.io/f:1"}}"#,
            vec![("/Code/ImageUri", "r.io/f:1")],
        ),
        (
            r#"{"Configuration":{},"Code":{"RepositoryType":"ECR","ImageUri":"r.io/f:1","ResolvedImageUri":"r.io/f:2"}}"#,
            vec![
                ("/Code/ImageUri", "r.io/f:1"),
                ("/Code/ResolvedImageUri", "r.io/f:2"),
            ],
        ),
    ] {
        assert_eq!(found(Kind::LambdaFunction, text), pairs(&expected));
    }
}

#[test]
fn places_are_lines_and_characters() {
    let text = "services:\n  ü: {image: r.io/a:1}\n";
    let document = RunDocument::parse(Kind::Compose, text.as_bytes(), &Options::default());
    let document = document.unwrap();
    let image = &document.images()[0];
    assert_eq!(image.position.to_string(), "line 2, column 14");
    assert_eq!(image.pointer, "/services/ü/image");
}
