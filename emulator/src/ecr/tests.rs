//! The management API, operation by operation.

use time::macros::datetime;

use super::*;
use crate::registry::{Registry, RegistryOptions, TestImage};

const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

struct Api {
    registry: Registry,
    caller: Caller,
}

impl Api {
    fn new() -> Self {
        Self {
            registry: Registry::open(RegistryOptions::default(), None).unwrap(),
            caller: Caller {
                account: "111122223333".to_owned(),
                arn: "arn:aws:iam::111122223333:user/emulator".to_owned(),
                user_id: "AIDAEXAMPLE".to_owned(),
                region: "eu-west-1".to_owned(),
            },
        }
    }

    fn try_call(&self, action: &str, body: &Value) -> Result<Value, AwsError> {
        let request = Request {
            registry: &self.registry,
            caller: &self.caller,
            now: NOW,
            body,
        };
        answer(&request, action)
    }

    fn call(&self, action: &str, body: Value) -> Value {
        self.try_call(action, &body).unwrap()
    }

    /// Code and message of the error.
    fn refused(&self, action: &str, body: Value) -> (String, String) {
        let error = self.try_call(action, &body).unwrap_err();
        assert_eq!(error.status, 400);
        (error.code, error.message)
    }

    fn code(&self, action: &str, body: Value) -> String {
        self.refused(action, body).0
    }

    fn push(&self, repository: &str, tag: &str, image: TestImage) -> String {
        let registry = RegistryId {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
        };
        let pushed = self
            .registry
            .push_test_image(&registry, repository, tag, image, NOW);
        pushed.unwrap()
    }

    /// Makes every manifest of `repository` but `subject` one that refers to `subject`.
    fn push_referrers(&self, repository: &str, subject: &str, artifact_types: &[&str]) {
        let key = RepositoryKey::new(
            &RegistryId {
                account: "111122223333".to_owned(),
                region: "eu-west-1".to_owned(),
            },
            repository,
        );
        for (number, artifact_type) in artifact_types.iter().enumerate() {
            let digest = self.push(repository, &format!("t{number}"), TestImage::OnePlatform);
            let mut state = self.registry.state();
            let repository = state.repository_mut(&key).unwrap();
            let manifest = repository
                .manifests
                .get_mut(&Digest::parse(&digest).unwrap());
            let document = &mut manifest.unwrap().document;
            document.subject = Digest::parse(subject);
            document.artifact_type = Some((*artifact_type).to_owned());
        }
    }
}

#[test]
fn an_authorization_token_opens_the_callers_registry_for_twelve_hours() {
    let api = Api::new();
    let answer = api.call("GetAuthorizationToken", json!({}));
    let data = &answer["authorizationData"][0];
    assert_eq!(
        data["proxyEndpoint"],
        "https://111122223333.dkr.ecr.eu-west-1.amazonaws.com"
    );
    assert_eq!(
        data["expiresAt"],
        (NOW + time::Duration::hours(12)).unix_timestamp()
    );
    let token = STANDARD
        .decode(data["authorizationToken"].as_str().unwrap())
        .unwrap();
    let token = String::from_utf8(token).unwrap();
    assert!(token.starts_with("AWS:"), "{token}");
    assert!(token.len() > 1_000);
}

#[test]
fn a_repository_is_made_once() {
    let api = Api::new();
    let name = json!({ "repositoryName": "team/app" });
    let made = api.call("CreateRepository", name.clone())["repository"].clone();
    let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";
    assert_eq!(made["repositoryArn"], arn);
    let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app";
    assert_eq!(made["repositoryUri"], uri);
    assert_eq!(made["createdAt"], NOW.unix_timestamp());
    assert_eq!(made["imageTagMutability"], "MUTABLE");
    let (code, message) = api.refused("CreateRepository", name);
    assert_eq!(code, "RepositoryAlreadyExistsException");
    let expected =
        "The repository with name 'team/app' already exists in the registry with id '111122223333'";
    assert_eq!(message, expected);
    let described = api.call(
        "DescribeRepositories",
        json!({ "repositoryNames": ["team/app"] }),
    );
    assert_eq!(described["repositories"], json!([made]));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let api = Api::new();
    let longest = "a".repeat(256);
    api.call("CreateRepository", json!({ "repositoryName": longest }));
    for (body, code) in [
        (json!({}), "SerializationException"),
        (json!({ "repositoryName": 1 }), "SerializationException"),
        (json!([]), "SerializationException"),
        (
            json!({ "repositoryName": "UPPER" }),
            "InvalidParameterException",
        ),
        (
            json!({ "repositoryName": "a" }),
            "InvalidParameterException",
        ),
        (
            json!({ "repositoryName": "a".repeat(257) }),
            "InvalidParameterException",
        ),
        (
            json!({ "repositoryName": "app", "registryId": "1" }),
            "InvalidParameterException",
        ),
        (
            json!({ "repositoryName": "app", "imageTagMutability": "NEVER" }),
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(api.code("CreateRepository", body.clone()), code, "{body}");
    }
    assert_eq!(
        api.code("DeleteEverything", json!({})),
        "UnknownOperationException"
    );
}

#[test]
fn what_is_not_there_is_said_in_the_services_words() {
    let api = Api::new();
    let nowhere = json!({ "repositoryName": "app", "registryId": "444455556666" });
    let expected =
        "The repository with name 'app' does not exist in the registry with id '444455556666'";
    let (code, message) = api.refused("DescribeImages", nowhere);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("RepositoryNotFoundException", expected)
    );
    for (action, body) in [
        (
            "DescribeRepositories",
            json!({ "repositoryNames": ["app"] }),
        ),
        (
            "BatchGetImage",
            json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "v1" }] }),
        ),
        (
            "PutImageTagMutability",
            json!({ "repositoryName": "app", "imageTagMutability": "IMMUTABLE" }),
        ),
        (
            "ListImageReferrers",
            json!({ "repositoryName": "app", "subjectId": { "imageDigest": Digest::sha256(b"").to_string() } }),
        ),
    ] {
        assert_eq!(
            api.code(action, body),
            "RepositoryNotFoundException",
            "{action}"
        );
    }
    api.push("app", "v1", TestImage::OnePlatform);
    let body = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "v2" }] });
    let (code, message) = api.refused("DescribeImages", body);
    assert_eq!(code, "ImageNotFoundException");
    let expected = "The image with imageId {imageDigest:'null', imageTag:'v2'} does not exist within the repository with \
                    name 'app' in the registry with id '111122223333'";
    assert_eq!(message, expected);
}

#[test]
fn images_are_described_and_got() {
    let api = Api::new();
    let digest = api.push("app", "v1", TestImage::OnePlatform);
    let body = json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "v1" }] });
    let detail = api.call("DescribeImages", body.clone())["imageDetails"][0].clone();
    assert_eq!(detail["imageDigest"], digest);
    assert_eq!(detail["imageTags"], json!(["v1"]));
    assert_eq!(detail["imagePushedAt"], NOW.unix_timestamp());
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    assert_eq!(detail["imageManifestMediaType"], manifest_type);
    assert_eq!(
        detail["artifactMediaType"],
        "application/vnd.oci.image.config.v1+json"
    );
    assert!(detail["imageSizeInBytes"].as_u64().unwrap() > 2_048);

    let image = api.call("BatchGetImage", body)["images"][0].clone();
    assert_eq!(
        image["imageId"],
        json!({ "imageDigest": digest, "imageTag": "v1" })
    );
    assert_eq!(image["imageManifestMediaType"], manifest_type);
    let manifest = image["imageManifest"].as_str().unwrap();
    assert_eq!(Digest::sha256(manifest.as_bytes()).to_string(), digest);

    let ids = json!([
        {}, { "imageDigest": "x" }, { "imageTag": "-" }, { "imageTag": "none" },
        { "imageTag": "v1", "imageDigest": Digest::sha256(b"").to_string() },
    ]);
    let answer = api.call(
        "BatchGetImage",
        json!({ "repositoryName": "app", "imageIds": ids }),
    );
    let failures = answer["failures"].as_array().unwrap();
    let codes: Vec<_> = failures
        .iter()
        .map(|failure| failure["failureCode"].as_str().unwrap())
        .collect();
    let expected = [
        "MissingDigestAndTag",
        "InvalidImageDigest",
        "InvalidImageTag",
        "ImageNotFound",
        "ImageTagDoesNotMatchDigest",
    ];
    assert_eq!(codes, expected);
    let too_many =
        json!({ "repositoryName": "app", "imageIds": vec![json!({ "imageTag": "v1" }); 101] });
    assert_eq!(
        api.code("BatchGetImage", too_many),
        "InvalidParameterException"
    );
}

#[test]
fn lists_come_in_pages() {
    let api = Api::new();
    for name in ["one", "two", "three"] {
        api.push(name, "v1", TestImage::TwoPlatforms);
    }
    let first = api.call("DescribeRepositories", json!({ "maxResults": 2 }));
    let names = |answer: &Value| {
        let repositories = answer["repositories"].as_array().unwrap().iter();
        repositories
            .map(|entry| entry["repositoryName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&first), ["one", "three"]);
    let second = api.call(
        "DescribeRepositories",
        json!({ "maxResults": 2, "nextToken": first["nextToken"] }),
    );
    assert_eq!(names(&second), ["two"]);
    assert_eq!(second.get("nextToken"), None);
    for (limit, token) in [(0, Value::Null), (1_001, Value::Null), (1, json!("*"))] {
        let body = json!({ "maxResults": limit, "nextToken": token });
        assert_eq!(
            api.code("DescribeRepositories", body),
            "InvalidParameterException"
        );
    }

    // An index and its two manifests; only the index has a tag.
    let count = |filter: Value| {
        let answer = api.call(
            "DescribeImages",
            json!({ "repositoryName": "one", "filter": filter }),
        );
        answer["imageDetails"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({})), 3);
    assert_eq!(count(json!({ "tagStatus": "TAGGED" })), 1);
    assert_eq!(count(json!({ "tagStatus": "UNTAGGED" })), 2);
    let mut body = json!({ "repositoryName": "one", "maxResults": 1 });
    let mut digests = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let answer = api.call("DescribeImages", body.clone());
        digests.insert(answer["imageDetails"][0]["imageDigest"].to_string());
        body["nextToken"] = answer["nextToken"].clone();
    }
    assert_eq!((digests.len(), &body["nextToken"]), (3, &Value::Null));
}

#[test]
fn referrers_are_listed_by_type_and_page() {
    let api = Api::new();
    let subject = api.push("app", "v1", TestImage::OnePlatform);
    api.push_referrers("app", &subject, &["a/sig", "a/sbom", "a/sig"]);
    let list = |more: Value| {
        let mut body = json!({ "repositoryName": "app", "subjectId": { "imageDigest": subject } });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let all = api.call("ListImageReferrers", list(json!({})));
    let types: Vec<_> = all["referrers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["artifactType"])
        .collect();
    assert_eq!(types, ["a/sig", "a/sbom", "a/sig"]);
    assert_eq!(all["referrers"][0]["artifactStatus"], "ACTIVE");
    let filter = json!({ "artifactTypes": ["a/sig"] });
    let first = api.call(
        "ListImageReferrers",
        list(json!({ "filter": filter, "maxResults": 1 })),
    );
    assert_eq!(first["referrers"].as_array().unwrap().len(), 1);
    let more = json!({ "filter": filter, "maxResults": 50, "nextToken": first["nextToken"] });
    let second = api.call("ListImageReferrers", list(more));
    assert_eq!(
        second["referrers"][0]["digest"],
        all["referrers"][2]["digest"]
    );
    assert_eq!(second.get("nextToken"), None);
    let archived = api.call(
        "ListImageReferrers",
        list(json!({ "filter": { "artifactStatus": "ARCHIVED" } })),
    );
    assert_eq!(archived["referrers"], json!([]));
    for more in [
        json!({ "maxResults": 0 }),
        json!({ "maxResults": 51 }),
        json!({ "nextToken": "eA==" }),
        json!({ "filter": { "artifactTypes": ["1", "2", "3", "4", "5", "6"] } }),
        json!({ "filter": { "artifactStatus": "LOST" } }),
        json!({ "subjectId": { "imageDigest": "v1" } }),
    ] {
        let body = list(more);
        assert_eq!(
            api.code("ListImageReferrers", body.clone()),
            "InvalidParameterException",
            "{body}"
        );
    }
}

#[test]
fn tags_are_made_immutable_with_exclusions() {
    let api = Api::new();
    api.call(
        "CreateRepository",
        json!({ "repositoryName": "app", "imageTagMutability": "IMMUTABLE" }),
    );
    let filters = json!([{ "filterType": "WILDCARD", "filter": "sha256-*" }]);
    let body = |mutability: &str, filters: &Value| {
        json!({
            "repositoryName": "app",
            "imageTagMutability": mutability,
            "imageTagMutabilityExclusionFilters": filters,
        })
    };
    let answer = api.call(
        "PutImageTagMutability",
        body("IMMUTABLE_WITH_EXCLUSION", &filters),
    );
    assert_eq!(answer["imageTagMutability"], "IMMUTABLE_WITH_EXCLUSION");
    assert_eq!(answer["imageTagMutabilityExclusionFilters"], filters);
    let described = api.call("DescribeRepositories", json!({}));
    assert_eq!(
        described["repositories"][0]["imageTagMutabilityExclusionFilters"],
        filters
    );
    let filter = |text: &str| json!([{ "filterType": "WILDCARD", "filter": text }]);
    for (mutability, filters) in [
        ("IMMUTABLE", filters.clone()),
        ("IMMUTABLE_WITH_EXCLUSION", json!([])),
        ("MUTABLE_WITH_EXCLUSION", filter("a*b*c*")),
        ("MUTABLE_WITH_EXCLUSION", filter("a b")),
        (
            "MUTABLE_WITH_EXCLUSION",
            json!(vec![json!({ "filterType": "WILDCARD", "filter": "a" }); 6]),
        ),
        (
            "MUTABLE_WITH_EXCLUSION",
            json!([{ "filterType": "REGEX", "filter": "a" }]),
        ),
    ] {
        let body = body(mutability, &filters);
        assert_eq!(
            api.code("PutImageTagMutability", body.clone()),
            "InvalidParameterException",
            "{body}"
        );
    }
    let missing = json!({ "repositoryName": "app" });
    assert_eq!(
        api.code("PutImageTagMutability", missing),
        "InvalidParameterException"
    );
}
