use serde_json::{Value, json};

use super::*;

fn digest_of(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn description(containers: &Value) -> Vec<u8> {
    let arn = "arn:aws:ecs:us-west-2:111122223333:task-definition/app:7";
    json!({ "taskDefinition": {
        "taskDefinitionArn": arn, "family": "app", "containerDefinitions": containers,
    } })
    .to_string()
    .into_bytes()
}

fn revision(images: &Value) -> ServiceRevision {
    serde_json::from_value(json!({
        "serviceRevisionArn": "arn:aws:ecs:us-west-2:111122223333:service-revision/prod/web/1",
        "serviceArn": "arn:aws:ecs:us-west-2:111122223333:service/prod/web",
        "taskDefinition": "arn:aws:ecs:us-west-2:111122223333:task-definition/app:7",
        "containerImages": images,
    }))
    .unwrap()
}

/// Each reference, with how many digests it must have.
fn images(containers: &Value, of_revision_: &Value) -> Result<Vec<(String, usize)>, String> {
    let found = of_revision(&description(containers), &revision(of_revision_));
    let found = found.map_err(|error| error.to_string())?;
    let found = found.into_iter();
    Ok(found
        .map(|one| (one.reference.to_string(), one.digests.len()))
        .collect())
}

#[test]
fn images_are_the_union_of_definition_and_revision() {
    let (a, b) = (digest_of('a'), digest_of('b'));
    let (app, tagged) = (format!("r.example/app@{a}"), "r.example/side:v1");
    let containers = json!([{ "name": "web", "image": app }, { "name": "side", "image": tagged }]);
    assert_eq!(
        images(&containers, &json!([])).unwrap(),
        [(app.clone(), 0), (tagged.to_owned(), 0)]
    );
    let of_revision = json!([
        { "containerName": "web", "image": app, "imageDigest": a },
        { "containerName": "side", "image": tagged, "imageDigest": b },
        { "containerName": "agent", "image": "r.example/agent:1", "imageDigest": b },
        { "containerName": "other", "image": "r.example/other:1" },
    ]);
    assert_eq!(
        images(&containers, &of_revision).unwrap(),
        [
            (app, 1),
            (tagged.to_owned(), 1),
            (format!("r.example/agent@{b}"), 0),
            ("r.example/other:1".to_owned(), 0),
        ]
    );
}

#[test]
fn what_differs_is_refused() {
    let (a, b) = (digest_of('a'), digest_of('b'));
    let app = format!("r.example/app@{a}");
    let containers = json!([{ "name": "web", "image": app }]);
    for (of_revision, words) in [
        (
            json!([{ "containerName": "web", "image": app, "imageDigest": b }]),
            format!("Amazon ECS runs the digest `{b}` for `{app}`"),
        ),
        (
            json!([{ "containerName": "web", "image": "r.example/app:v2" }]),
            format!(
                "the container `web` has the image `r.example/app:v2` in the service revision, and `{app}` in the \
                 task definition"
            ),
        ),
        (
            json!([{ "containerName": "agent", "image": app, "imageDigest": b }]),
            format!("Amazon ECS runs the digest `{b}` for `{app}`"),
        ),
        (
            json!([{ "containerName": "agent", "image": "agent:1", "imageDigest": b }]),
            "the image of the container `agent` cannot be used".to_owned(),
        ),
        (
            json!([{ "containerName": "web", "image": app, "imageDigest": "sha256:ab" }]),
            "the digest of the container `web` cannot be used".to_owned(),
        ),
    ] {
        assert_eq!(images(&containers, &of_revision).unwrap_err(), words);
    }
    assert_eq!(
        images(&json!([]), &json!([])).unwrap_err(),
        "the task definition cannot be used"
    );
}

#[test]
fn two_containers_of_one_image_that_ecs_sees_differently_must_both_be_right() {
    let (a, b) = (digest_of('a'), digest_of('b'));
    let image = "r.example/app:v1";
    let containers = json!([{ "name": "one", "image": image }, { "name": "two", "image": image }]);
    let of_revision = json!([
        { "containerName": "one", "image": image, "imageDigest": a },
        { "containerName": "two", "image": image, "imageDigest": b },
    ]);
    assert_eq!(
        images(&containers, &of_revision).unwrap(),
        [(image.to_owned(), 2)]
    );
}

fn task(containers: &Value) -> Task {
    serde_json::from_value(json!({
        "taskArn": "arn:aws:ecs:us-west-2:111122223333:task/prod/1",
        "clusterArn": "arn:aws:ecs:us-west-2:111122223333:cluster/prod",
        "taskDefinitionArn": "arn:aws:ecs:us-west-2:111122223333:task-definition/app:7",
        "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
        "containers": containers,
    }))
    .unwrap()
}

#[test]
fn a_task_is_judged_by_the_digests_that_run() {
    let (a, b) = (digest_of('a'), digest_of('b'));
    let found = of_task(&task(&json!([
        { "name": "web", "image": "r.example/app:v1", "imageDigest": a },
        { "name": "late", "image": "r.example/late:v1" },
        { "name": "pinned", "image": format!("r.example/pinned@{b}") },
        { "name": "aws-guardduty-agent", "imageDigest": b },
    ])));
    let (images, untold) = found.unwrap();
    let images: Vec<String> = images.iter().map(|one| one.reference.to_string()).collect();
    assert_eq!(
        images,
        [
            format!("r.example/app@{a}"),
            format!("r.example/pinned@{b}")
        ]
    );
    assert_eq!(untold, ["late", "aws-guardduty-agent"]);

    let differs =
        json!([{ "name": "web", "image": format!("r.example/app@{a}"), "imageDigest": b }]);
    assert!(matches!(
        of_task(&task(&differs)),
        Err(ImagesError::DigestDiffers { .. })
    ));
    assert!(matches!(
        of_task(&task(&json!([]))),
        Err(ImagesError::NoImage)
    ));
}
