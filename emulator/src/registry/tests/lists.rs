//! Tags and referrers.

use super::*;

#[test]
fn tags_come_in_pages() {
    let server = Server::with(|options| options.page_size = 2);
    for tag in ["a", "b", "c"] {
        server.push_image("app", tag);
    }
    let first = server.send("GET", "/v2/app/tags/list");
    assert_eq!(json(&first)["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(
        text(first.headers(), "Link"),
        "</v2/app/tags/list?n=2&last=b>; rel=\"next\""
    );
    let second = server.send("GET", "/v2/app/tags/list?n=2&last=b");
    assert_eq!(json(&second)["tags"], serde_json::json!(["c"]));
    assert_eq!(text(second.headers(), "Link"), "");
    assert_eq!(
        json(&server.send("GET", "/v2/app/tags/list?n=0"))["tags"],
        serde_json::json!([])
    );
    let response = server.send("GET", "/v2/app/tags/list?n=-1");
    assert_eq!(
        refusal(&response),
        refused(400, "PAGINATION_NUMBER_INVALID")
    );
}

#[test]
fn referrers_are_listed_in_pages_in_the_order_of_their_pushes() {
    let server = Server::with(|options| options.page_size = 2);
    let subject = server.push_image("app", "v1");
    let pushed: Vec<_> = (0..5)
        .map(|n| {
            server
                .push_referrer("app", &subject, SIGNATURE, n)
                .to_string()
        })
        .collect();
    server.push_referrer("app", &subject, "application/vnd.sbom", 9);
    let mut target = format!(
        "/v2/app/referrers/{subject}?artifactType={}",
        SIGNATURE.replace('/', "%2F")
    );
    let mut listed = Vec::new();
    for page in 0..3 {
        let response = server.send("GET", &target);
        assert_eq!(response.status(), 200);
        assert_eq!(
            text(response.headers(), "Content-Type"),
            document::OCI_INDEX
        );
        assert_eq!(
            text(response.headers(), "OCI-Filters-Applied"),
            "artifactType"
        );
        let index = json(&response);
        assert_eq!(index["schemaVersion"], 2);
        listed.extend(index["manifests"].as_array().unwrap().clone());
        let link = text(response.headers(), "Link");
        if page == 2 {
            assert_eq!(link, "");
        } else {
            target = link
                .strip_prefix('<')
                .unwrap()
                .strip_suffix(">; rel=\"next\"")
                .unwrap()
                .to_owned();
        }
    }
    let digests: Vec<_> = listed
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap())
        .collect();
    assert_eq!(digests, pushed);
    assert_eq!(listed[3]["artifactType"], SIGNATURE);
    assert_eq!(
        listed[3]["annotations"],
        serde_json::json!({ "number": "3" })
    );
    assert_eq!(listed[3]["mediaType"], document::OCI_MANIFEST);
    let size = server
        .send("GET", &format!("/v2/app/manifests/{}", pushed[3]))
        .body()
        .len();
    assert_eq!(listed[3]["size"], size);
    let bad = server.send("GET", &format!("/v2/app/referrers/{subject}?last=x"));
    assert_eq!(refusal(&bad), refused(400, "PAGINATION_NUMBER_INVALID"));
}

#[test]
fn a_page_of_referrers_is_no_longer_than_a_manifest_may_be() {
    let server = Server::new();
    let subject = server.push_image("app", "v1");
    for number in 0..3 {
        let mut manifest = server.referrer("app", &subject, SIGNATURE, number);
        manifest["annotations"]["long"] = "x".repeat(2_000_000).into();
        let response = server.put_manifest(
            "app",
            &format!("t{number}"),
            document::OCI_MANIFEST,
            &manifest,
        );
        assert_eq!(response.status(), 201);
    }
    let response = server.send("GET", &format!("/v2/app/referrers/{subject}"));
    assert_eq!(json(&response)["manifests"].as_array().unwrap().len(), 2);
    assert!(response.body().len() <= document::MAX_MANIFEST_BYTES);
    assert!(text(response.headers(), "Link").contains("last="));
}

#[test]
fn the_artifact_type_of_an_old_signature_is_its_configurations() {
    let server = Server::new();
    let subject = server.push_image("app", "v1");
    let mut manifest = server.referrer("app", &subject, SIGNATURE, 1);
    manifest.as_object_mut().unwrap().remove("artifactType");
    manifest["config"]["mediaType"] = SIGNATURE.into();
    let response = server.put_manifest("app", "old", document::OCI_MANIFEST, &manifest);
    assert_eq!(text(response.headers(), "OCI-Subject"), subject.to_string());
    let listed = json(&server.send(
        "GET",
        &format!("/v2/app/referrers/{subject}?artifactType={SIGNATURE}"),
    ));
    assert_eq!(listed["manifests"][0]["artifactType"], SIGNATURE);
}

#[test]
fn a_referrer_may_come_before_its_subject_and_nobody_has_none() {
    let server = Server::new();
    let subject = Digest::sha256(b"not pushed");
    // A repository that the next push makes is as empty as one without referrers.
    let none = server.send("GET", &format!("/v2/app/referrers/{subject}"));
    assert_eq!(none.status(), 200);
    assert_eq!(json(&none)["manifests"], serde_json::json!([]));
    let explicit = Server::with(|options| options.creation = RepositoryCreation::Explicit);
    let response = explicit.send("GET", &format!("/v2/app/referrers/{subject}"));
    assert_eq!(refusal(&response), refused(404, "NAME_UNKNOWN"));
    server.push_image("app", "v1");
    let none = server.send("GET", &format!("/v2/app/referrers/{subject}"));
    assert_eq!(none.status(), 200);
    assert_eq!(json(&none)["manifests"], serde_json::json!([]));
    assert_eq!(text(none.headers(), "OCI-Filters-Applied"), "");
    server.push_referrer("app", &subject, SIGNATURE, 1);
    let listed = json(&server.send("GET", &format!("/v2/app/referrers/{subject}")));
    assert_eq!(listed["manifests"].as_array().unwrap().len(), 1);
}

#[test]
fn the_referrers_api_can_be_without_filter_or_absent() {
    let server = Server::with(|options| options.referrers = ReferrersApi::Unfiltered);
    let subject = server.push_image("app", "v1");
    server.push_referrer("app", &subject, "application/vnd.sbom", 1);
    let target = format!("/v2/app/referrers/{subject}?artifactType={SIGNATURE}");
    let response = server.send("GET", &target);
    assert_eq!(json(&response)["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(text(response.headers(), "OCI-Filters-Applied"), "");

    let absent = RegistryOptions {
        referrers: ReferrersApi::Absent,
        ..RegistryOptions::default()
    };
    server.registry.set_options(absent);
    let response = server.send("GET", &target);
    assert_eq!(response.status(), 404);
    assert_eq!(response.body(), "404 page not found\n");
    assert_eq!(
        text(response.headers(), "Content-Type"),
        "text/plain; charset=utf-8"
    );
    let manifest = server.referrer("app", &subject, SIGNATURE, 2);
    let response = server.put_manifest("app", "x", document::OCI_MANIFEST, &manifest);
    assert_eq!(response.status(), 201);
    assert_eq!(text(response.headers(), "OCI-Subject"), "");
}

#[test]
fn registries_by_name_list_as_they_do() {
    let listed = |software: Software| {
        let server = Server::on(Registry::open(RegistryOptions::playing(software), None).unwrap());
        let subject = server.push_image("app", "v1");
        let manifest = server.referrer("app", &subject, SIGNATURE, 1);
        let pushed = server.put_manifest("app", "s", document::OCI_MANIFEST, &manifest);
        let filter = format!("/v2/app/referrers/{subject}?artifactType={SIGNATURE}");
        let list = server.send("GET", &filter);
        let has_header = pushed.headers().contains_key("OCI-Subject");
        (list.status().as_u16(), has_header, list)
    };
    for software in Software::ALL {
        let (status, has_header, list) = listed(software);
        let expected = match software {
            Software::GitLab | Software::Nexus => 404,
            Software::Harbor(..=7) => 401,
            Software::Artifactory => 406,
            Software::Quay => 400,
            _ => 200,
        };
        assert_eq!(
            (status, has_header),
            (expected, expected == 200),
            "{software:?}"
        );
        assert!(!list.headers().contains_key("WWW-Authenticate"));
        if status == 200 {
            let entries = json(&list)["manifests"].clone();
            let kind = &entries[0]["artifactType"];
            match software {
                Software::Harbor(..=10) => assert_eq!(entries, serde_json::json!([])),
                Software::Acr => assert!(kind.is_null() && entries[0].is_object()),
                _ => assert_eq!(kind, SIGNATURE),
            }
        }
    }
}

#[test]
fn what_is_listed_can_be_late_and_wrong() {
    let server = Server::with(|options| {
        options.listing_lag = 1;
        options.listed_type = ListedType::Configuration;
        options.listed_size = ListedSize::WithContent;
        options.dash_tag_is_digest = true;
    });
    let subject = server.push_image("app", "v1");
    let manifest = server.referrer("app", &subject, SIGNATURE, 1);
    server.put_manifest("app", "s", document::OCI_MANIFEST, &manifest);
    let list = || json(&server.send("GET", &format!("/v2/app/referrers/{subject}")));
    assert_eq!(list()["manifests"], serde_json::json!([]));
    let entries = list()["manifests"].clone();
    assert_eq!(entries[0]["artifactType"], manifest["config"]["mediaType"]);
    let bytes = u64::try_from(manifest.to_string().len()).unwrap();
    assert!(entries[0]["size"].as_u64().unwrap() > bytes);
    let tag = subject.to_string().replace(':', "-");
    let by_tag = server.send("GET", &format!("/v2/app/manifests/{tag}"));
    assert_eq!(
        text(by_tag.headers(), "Docker-Content-Digest"),
        subject.to_string()
    );
}
