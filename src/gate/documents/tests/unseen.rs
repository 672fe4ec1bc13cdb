//! What would run without being seen: each known trick, and its refusal with the place.

use super::*;

const KIND: &str = "a kind of object that is not known, and that may run images";
const ELSEWHERE: &str = "a definition that is not a resource of the template";
const PLACE: &str = "an image in a place that is not known";

#[test]
fn objects_that_bring_pods_are_refused_and_kubernetes_own_others_are_not() {
    let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: r.io/a:1}]}\n---\n";
    for (version, kind) in [
        ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
        ("helm.cattle.io/v1", "HelmChart"),
        ("argoproj.io/v1alpha1", "Application"),
        ("pkg.crossplane.io/v1", "Provider"),
        (
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration",
        ),
        ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"),
        // The kind of another group is another kind.
        ("example.com/v1", "Service"),
        ("v1", "service"),
        ("v1", "Service "),
        // A name that ends with `List` makes no list of what is not known.
        ("operator.example.com/v1", "WorkloadList"),
        ("operator.example.com/v1", "List"),
        ("v1", "DeploymentList"),
        ("apps/v1", "ListList"),
    ] {
        let text = format!("{pod}apiVersion: {version}\nkind: '{kind}'\nspec: {{chart: evil}}\n");
        let words = format!("`2:/kind` at line 6, column 7 is {KIND}");
        assert_eq!(refusal(Kind::Kubernetes, &text), words, "{text}");
        let options = ignoring(&["2:/kind"]);
        assert!(RunDocument::parse(Kind::Kubernetes, text.as_bytes(), &options).is_ok());
    }
    for (version, kind) in [
        ("v1", "Service"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("networking.k8s.io/v1", "Ingress"),
        ("policy/v1", "PodDisruptionBudget"),
    ] {
        let text = format!("{pod}apiVersion: {version}\nkind: {kind}\n");
        assert_eq!(found(Kind::Kubernetes, &text).len(), 1, "{text}");
    }
    // In a list, too.
    let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, spec: {containers: [{image: \
                r.io/a:1}]}}\n- {apiVersion: helm.cattle.io/v1, kind: HelmChart}\n";
    let words = format!("`/items/1/kind` at line 5, column 41 is {KIND}");
    assert_eq!(refusal(Kind::Kubernetes, text), words);
}

#[test]
fn kubernetes_places_of_images_that_are_easily_missed() {
    let pod = |spec: &str| format!("apiVersion: v1\nkind: Pod\nspec: {spec}\n");
    let text = pod("{containers: [{image: r.io/a:1}], volumes: [{image: {reference: 'nginx'}}]}");
    assert!(
        refusal(Kind::Kubernetes, &text)
            .starts_with("the image `nginx` in `/spec/volumes/0/image/reference`")
    );
    let text = pod("{containers: [{image: r.io/a:1}], volumes: [{image: {pullPolicy: Always}}]}");
    assert!(refusal(Kind::Kubernetes, &text).ends_with("has no `reference`"));
    let text = pod("{containers: [{image: r.io/a:1, Image: r.io/b:1}]}");
    assert!(refusal(Kind::Kubernetes, &text).ends_with(PLACE));
    let text = pod("{containers: [{image: r.io/a:1}], Containers: [{image: r.io/b:1}]}");
    assert!(refusal(Kind::Kubernetes, &text).ends_with(PLACE));
    let text = pod("{containers: [{image: r.io/a:1}], ephemeralContainers: [{name: debug}]}");
    assert!(refusal(Kind::Kubernetes, &text).ends_with("has no `image`"));
    let text = "apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {initContainers: \
                [{image: r.io/i:1}], containers: [{image: r.io/a:1}]}}}}, template: {spec: {containers: [{image: \
                r.io/x:1}]}}}\n";
    assert!(refusal(Kind::Kubernetes, text).ends_with(PLACE));
}

#[test]
fn what_a_template_runs_from_elsewhere_is_refused() {
    let task = "  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties: {ContainerDefinitions: [{Image: r.io/a:1}]}\n";
    let with = |resource: &str| format!("Resources:\n{task}  Other: {resource}\n");
    for (resource, place) in [
        (
            "{Type: AWS::ECS::Service, Properties: {TaskDefinition: 'evil:1'}}",
            "TaskDefinition",
        ),
        (
            "{Type: AWS::ECS::Service, Properties: {TaskDefinition: !Ref Parameter}}",
            "TaskDefinition",
        ),
        (
            "{Type: AWS::ECS::Service, Properties: {TaskDefinition: !ImportValue x}}",
            "TaskDefinition",
        ),
        (
            "{Type: AWS::ECS::Service, Properties: {TaskDefinition: {'Fn::If': [a, b, c]}}}",
            "TaskDefinition",
        ),
        (
            "{Type: AWS::Scheduler::Schedule, Properties: {TaskDefinitionArn: 'arn:x'}}",
            "TaskDefinitionArn",
        ),
    ] {
        let before = resource.find(place).unwrap() + place.len() + ": ".len();
        let column = "  Other: ".len() + before + 1;
        let text = with(resource);
        let words = format!(
            "`/Resources/Other/Properties/{place}` at line 5, column {column} is {ELSEWHERE}"
        );
        assert_eq!(refusal(Kind::CloudFormation, &text), words, "{text}");
    }
    for value in [
        "!Ref Task",
        "{Ref: Task}",
        "!GetAtt Task.TaskDefinitionArn",
        "!GetAtt [Task, TaskDefinitionArn]",
        "{Fn::GetAtt: [Task, TaskDefinitionArn]}",
        "{Fn::GetAtt: Task.TaskDefinitionArn}",
    ] {
        let service =
            format!("{{Type: AWS::ECS::Service, Properties: {{TaskDefinition: {value}}}}}");
        assert_eq!(found(Kind::CloudFormation, &with(&service)).len(), 1);
    }
    for value in [
        "!GetAtt Task.Family",
        "!GetAtt Gone.TaskDefinitionArn",
        "!GetAtt [Task]",
        "!GetAtt [Task, TaskDefinitionArn, '7']",
        "!GetAtt [!Ref Task, TaskDefinitionArn]",
        "!GetAtt [Task, !Ref TaskDefinitionArn]",
        "{Fn::GetAtt: !Sub Task.TaskDefinitionArn}",
        "{Ref: !ImportValue Task}",
        "!Sub '${Task}'",
        "{Fn::GetAtt: [Task, TaskDefinitionArn], Fn::Sub: x}",
        "!Custom Task",
    ] {
        let text = with(&format!(
            "{{Type: AWS::ECS::Service, Properties: {{TaskDefinition: {value}}}}}"
        ));
        let words = refusal(Kind::CloudFormation, &text);
        assert!(words.ends_with(ELSEWHERE), "{value}: {words}");
    }
    // The `Ref` of another resource is a name that people choose, here that of a family.
    for kind in [
        "AWS::SSM::Parameter",
        "AWS::S3::Bucket",
        "AWS::Batch::JobDefinition",
    ] {
        let text = with(&format!(
            "{{Type: '{kind}', Properties: {{Name: evil}}}}\n  Service: {{Type: AWS::ECS::Service, Properties: \
             {{TaskDefinition: !Ref Other}}}}"
        ));
        let words = refusal(Kind::CloudFormation, &text);
        assert!(words.ends_with(ELSEWHERE), "{kind}: {words}");
        assert!(
            words.starts_with("`/Resources/Service/Properties/TaskDefinition`"),
            "{words}"
        );
    }
    for kind in [
        "AWS::CloudFormation::Stack",
        "AWS::CloudFormation::StackSet",
        "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
        "Acme::Web::App::MODULE",
    ] {
        let text = with(&format!("{{Type: '{kind}'}}"));
        let words = "is a resource whose own resources are not in the template";
        assert!(
            refusal(Kind::CloudFormation, &text).ends_with(words),
            "{kind}"
        );
    }
}

#[test]
fn resources_that_run_images_and_are_not_known_are_refused() {
    for (kind, properties, pointer) in [
        (
            "AWS::Batch::JobDefinition",
            "{ContainerProperties: {Image: r.io/b:1}}",
            "ContainerProperties/Image",
        ),
        (
            "AWS::SageMaker::Model",
            "{PrimaryContainer: {Image: r.io/b:1}}",
            "PrimaryContainer/Image",
        ),
        (
            "AWS::CodeBuild::Project",
            "{Environment: {Image: r.io/b:1}}",
            "Environment/Image",
        ),
        (
            "AWS::AppRunner::Service",
            "{SourceConfiguration: {ImageRepository: {ImageIdentifier: r.io/b:1}}}",
            "SourceConfiguration/ImageRepository",
        ),
        (
            "AWS::Lightsail::Container",
            "{ContainerServiceDeployment: {Containers: [{Image: r.io/b:1}]}}",
            "ContainerServiceDeployment/Containers/0/Image",
        ),
        (
            "AWS::ECS::ExpressGatewayService",
            "{PrimaryContainer: {Image: r.io/b:1}}",
            "PrimaryContainer/Image",
        ),
        (
            "AWS::BedrockAgentCore::Runtime",
            "{AgentRuntimeArtifact: {ContainerConfiguration: {ContainerUri: r.io/b:1}}}",
            "AgentRuntimeArtifact/ContainerConfiguration/ContainerUri",
        ),
        (
            "AWS::GameLift::ContainerGroupDefinition",
            "{GameServerContainerDefinition: {ImageUri: r.io/b:1}}",
            "GameServerContainerDefinition/ImageUri",
        ),
        // Lower case is another member, which a reader may take for the image.
        (
            "AWS::ECS::TaskDefinition",
            "{ContainerDefinitions: [{Image: r.io/a:1, image: r.io/b:1}]}",
            "ContainerDefinitions/0/image",
        ),
        (
            "AWS::Lambda::Function",
            "{Code: {ImageUri: r.io/a:1}, 'Fn::If': [a, {Code: {ImageUri: r.io/b:1}}, {}]}",
            "Fn::If/1/Code/ImageUri",
        ),
    ] {
        let text = format!("Resources:\n  R:\n    Type: {kind}\n    Properties: {properties}\n");
        let words = refusal(Kind::CloudFormation, &text);
        assert!(
            words.contains(&format!("`/Resources/R/Properties/{pointer}` at line 4"))
                && words.contains(PLACE),
            "{words}\n{text}"
        );
    }
}

#[test]
fn an_image_is_exactly_a_reference() {
    let long = format!("r.io/{}:1", "a".repeat(5_000));
    let both = format!("r.io/a:1@{DIGEST}");
    for image in [
        " r.io/a:1",
        "r.io/a:1 ",
        "r.io/a:1\\n",
        "r.io/a:1\\t",
        "\\uFEFFr.io/a:1",
        "r.io/a:1\\0",
        "r.io/\\u0430:1",
        "r.io/a\\u200b:1",
        "r.io/A:1",
        "r.io/a:",
        "r.io/a@",
        "r.io/a@sha256:abc",
        "r.io/a",
        "https://r.io/a:1",
        "r.io//a:1",
        "r.io/../a:1",
        "r.io/${REPO}:1",
        "",
        long.as_str(),
    ] {
        for (kind, text) in [
            (
                Kind::Compose,
                format!("services:\n  a: {{image: \"{image}\"}}\n"),
            ),
            (
                Kind::Kubernetes,
                format!(
                    "apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: \"{image}\"}}]}}\n"
                ),
            ),
        ] {
            let words = refusal(kind, &text);
            assert!(words.contains(" at line "), "{words}\n{text}");
        }
    }
    // The digest decides, whatever the tag.
    let text = format!("services:\n  a: {{image: \"{both}\"}}\n");
    assert_eq!(pinned(Kind::Compose, &text).matches(DIGEST).count(), 1);
}

#[test]
fn a_block_with_a_line_break_at_its_end_is_no_reference() {
    let text = "services:\n  a:\n    image: |\n      r.io/a:1\n";
    assert!(refusal(Kind::Compose, text).contains("is not the reference of an image"));
    let text = "services:\n  a:\n    image: |-\n      r.io/a:1\n";
    assert_eq!(found(Kind::Compose, text).len(), 1);
}

#[test]
fn what_stands_beside_a_task_definition_is_seen() {
    let text = r#"{"taskDefinition": {"containerDefinitions": [{"image": "r.io/a:1"}]},
        "containerDefinitions": [{"image": "r.io/b:1"}]}"#;
    assert!(refusal(Kind::TaskDefinition, text).ends_with(PLACE));
    let text = r#"{"Code": {"ImageUri": "r.io/a:1"}, "ImageConfig": {"Command": ["x"]}, "imageuri": "r.io/b:1"}"#;
    assert!(refusal(Kind::LambdaFunction, text).ends_with(PLACE));
    let text = r#"[{"name": "a", "imageUri": "r.io/a:1", "imageURI": "r.io/b:1"}]"#;
    assert!(refusal(Kind::ImageDefinitions, text).ends_with(PLACE));
}

/// kubectl takes every object with `items` for a list, and applies what is in it.
#[test]
fn objects_that_kubectl_takes_for_lists_are_refused() {
    let list = "a list by its `items`, in an object whose kind is not known as a list";
    let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: r.io/a:1}]}\n---\n";
    for (version, kind) in [
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("rbac.authorization.k8s.io/v1", "Role"),
    ] {
        for name in ["items", "Items", "item\u{17f}"] {
            let text = format!(
                "{pod}apiVersion: {version}\nkind: {kind}\n{name}:\n- {{apiVersion: v1, kind: HelmChart}}\n"
            );
            let words = format!("`2:/{name}` at line 8, column 3 is {list}");
            assert_eq!(refusal(Kind::Kubernetes, &text), words, "{text}");
        }
        let nothing = format!("{pod}apiVersion: {version}\nkind: {kind}\nitems: null\n");
        assert_eq!(found(Kind::Kubernetes, &nothing).len(), 1);
    }
    // A pod that has `items` beside its containers.
    let text = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: r.io/a:1}]}\nitems: [{kind: Pod}]\n";
    let words = format!("`/items` at line 4, column 8 is {list}");
    assert_eq!(refusal(Kind::Kubernetes, text), words);
}

#[test]
fn an_item_is_of_the_group_of_its_list() {
    for (list, item) in [
        ("v1\nkind: SecretList", "evil.example/v1, kind: Secret"),
        ("v1\nkind: PodList", "evil.example/v1"),
        ("apps/v1\nkind: DeploymentList", "v1"),
        ("v1\nkind: SecretList", "v1, kind: Pod"),
    ] {
        let text = format!("apiVersion: {list}\nitems:\n- {{apiVersion: {item}}}\n");
        assert_eq!(
            refusal(Kind::Kubernetes, &text),
            "`/items/0` at line 4, column 3 is a mapping, not an object of the list's kind"
        );
    }
}

#[test]
fn a_definition_of_kinds_is_looked_at_but_for_its_schemas() {
    let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: r.io/a:1}]}\n---\n";
    let definition = |rest: &str| {
        format!(
            "{pod}apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n{rest}\n"
        )
    };
    for schemas in [
        "spec: {versions: [{schema: {openAPIV3Schema: {properties: {image: {type: string}}}}}]}",
        "spec: {validation: {openAPIV3Schema: {properties: {image: {type: string}}}}}",
    ] {
        assert_eq!(found(Kind::Kubernetes, &definition(schemas)).len(), 1);
    }
    for elsewhere in ["spec: {image: r.io/b:1}", "metadata: {image: r.io/b:1}"] {
        assert!(refusal(Kind::Kubernetes, &definition(elsewhere)).ends_with(PLACE));
    }
}

#[test]
fn volumes_of_a_service_have_a_known_type() {
    let service = |volume: &str| {
        format!("services:\n  a:\n    image: r.io/a:1\n    volumes:\n    - {volume}\n")
    };
    for kind in ["bind", "volume", "tmpfs", "npipe", "cluster"] {
        let text = service(&format!("{{type: {kind}, source: r.io/x:1, target: /x}}"));
        assert_eq!(found(Kind::Compose, &text).len(), 1);
    }
    assert_eq!(found(Kind::Compose, &service("/a:/b")).len(), 1);
    for kind in ["\"${T:-image}\"", "Image", "'image '", "plugin"] {
        let text = service(&format!("{{type: {kind}, source: r.io/x:1, target: /x}}"));
        assert_eq!(
            refusal(Kind::Compose, &text),
            "`/services/a/volumes/0/type` at line 5, column 14 is a type of volume that is not known"
        );
    }
}

#[test]
fn a_service_names_a_known_platform() {
    let service =
        |platform: &str| format!("services:\n  a: {{image: r.io/a:1, platform: {platform}}}\n");
    assert_eq!(found(Kind::Compose, &service("linux/arm64")).len(), 1);
    for platform in ["unknown/unknown", "linux/Unknown", "'${P}'"] {
        assert_eq!(
            refusal(Kind::Compose, &service(platform)),
            "`/services/a/platform` at line 2, column 34 is a platform that is not known"
        );
    }
}

#[test]
fn a_daemon_with_a_definition_from_elsewhere_is_refused() {
    let daemon = "{Type: AWS::ECS::Daemon, Properties: {DaemonTaskDefinitionArn: ";
    let of_template = "  Task:\n    Type: AWS::ECS::DaemonTaskDefinition\n    Properties: {ContainerDefinitions: [{Image: r.io/a:1}]}\n";
    let with = |value: &str| format!("Resources:\n{of_template}  D: {daemon}{value}}}}}\n");
    assert_eq!(found(Kind::CloudFormation, &with("!Ref Task")).len(), 1);
    let words = format!(
        "`/Resources/D/Properties/DaemonTaskDefinitionArn` at line 5, column {} is {ELSEWHERE}",
        "  D: ".len() + daemon.len() + 1
    );
    assert_eq!(
        refusal(Kind::CloudFormation, &with("'arn:aws:ecs:x'")),
        words
    );
}

#[test]
fn labels_and_options_of_logs_have_names_that_people_choose() {
    let text = r#"{"containerDefinitions":[{"name":"a","image":"r.io/a:1","dockerLabels":{"com.docker.compose.image":"x"},
        "logConfiguration":{"logDriver":"awsfirelens","options":{"image":"x"}}}]}"#;
    assert_eq!(found(Kind::TaskDefinition, text).len(), 1);
    let inner = text.replace(
        r#"{"com.docker.compose.image":"x"}"#,
        r#"{"a":{"image":"x"}}"#,
    );
    assert!(refusal(Kind::TaskDefinition, &inner).ends_with(PLACE));
    let template = "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties: {ContainerDefinitions: [{Image: \
                    r.io/a:1, DockerLabels: {image: x}, LogConfiguration: {Options: {image: x}}}]}\n";
    assert_eq!(found(Kind::CloudFormation, template).len(), 1);
}
