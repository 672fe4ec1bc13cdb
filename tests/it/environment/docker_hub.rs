//! Docker Hub has many names, and one policy.

use serde_json::{Value, json};

use crate::support::scene::Scene;

#[test]
fn no_host_name_of_docker_hub_leads_past_its_strict_statement() {
    // No request is needed to know which statement counts.
    let scene = Scene::new().with_variable("HTTPS_PROXY", "http://127.0.0.1:9");
    scene.write_policy("strict");
    let statement = |name: &str, scope: &str| {
        json!({
            "name": name,
            "registryScopes": [ scope ],
            "signatureVerification": { "level": "strict" },
            "trustStores": [ "signingAuthority:aws-signer-ts" ],
            "trustedIdentities": [ "*" ],
        })
    };
    let policy = json!({ "version": "1.0", "trustPolicies": [
        statement("hub", "docker.io/library/nginx"), statement("rest", "*"),
    ] });
    scene
        .sandbox
        .write_config("trustpolicy.oci.json", policy.to_string());
    let digest = scene.digest();
    for (repository, wanted) in [
        ("docker.io/library/nginx", "hub"),
        ("docker.io/nginx", "hub"),
        ("index.docker.io/nginx", "hub"),
        ("registry-1.docker.io/library/nginx", "hub"),
        ("registry.docker.io/library/nginx", "hub"),
        ("Registry.Docker.IO:443/nginx", "hub"),
        ("registry.hub.docker.com/library/nginx", "hub"),
        ("registry.hub.docker.com/nginx", "hub"),
        ("registry.ipv6.docker.com/library/nginx", "hub"),
        ("registry.docker.io/other/nginx", "rest"),
        ("registry.example/library/nginx", "rest"),
    ] {
        let ran = scene.run(&["verify", "-o", "json", &format!("{repository}@{digest}")]);
        assert_eq!(ran.code, 3, "{repository}: {ran:#?}");
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(
            answer["results"][0]["policyStatement"], wanted,
            "{repository}"
        );
    }
}
