//! `policy` and `setup`; what each rule of `policy lint` says stands in `cli/policy/lint.txt`.

use super::transcript::Transcript;

#[test]
fn policies_are_made_checked_and_explained() {
    let mut transcript = Transcript::new();
    let home = transcript.scene.sandbox.home();
    let misspelt = r#"{ "version": "1.0", "trustPolicies": [ {
    "name": "images", "registryScopes": [ "*" ], "signatureVerification": { "level": "strikt" },
    "trustStores": [ "ca:acme" ], "trustedIdentities": [ "*" ] } ] }
"#;
    std::fs::write(home.join("misspelt.json"), misspelt).unwrap();
    std::fs::write(home.join("words.txt"), "not a policy\n").unwrap();
    std::fs::write(home.join("cases.json"), "[]\n").unwrap();
    let cases = |signer: &str| {
        format!(
            r#"{{ "version": "1", "cases": [ {{ "reference": "registry.example/app:v1", "signer": "{signer}",
                "expected": "accept" }} ] }}"#
        )
    };
    let profile = &transcript.scene.profile.arn;
    std::fs::write(home.join("good.json"), cases(profile)).unwrap();
    std::fs::write(
        home.join("bad.json"),
        cases(&profile.replace("release", "other")),
    )
    .unwrap();
    transcript.run(&[
        "no policy: policy show",
        "nothing to explain: policy explain IMAGE",
        "a policy: policy init --signing-profile PROFILE",
        "a policy is there already: policy init --signing-profile PROFILE",
        "the policy: policy show",
        "explained: policy explain IMAGE",
        "a store is missing: policy lint .config/notation/trustpolicy.oci.json",
        "the store: cert add --aws-signer",
        "checked: policy lint .config/notation/trustpolicy.oci.json",
        "misspelt: policy lint misspelt.json",
        "not a policy: policy lint words.txt",
        "not there: policy lint none.json",
        "not imported: policy import --force misspelt.json",
        "no cases: policy test cases.json",
        "as expected: policy test good.json",
        "not as expected: policy test bad.json",
        "not there to import: policy import --force none.json",
        "imported: policy import --force .config/notation/trustpolicy.oci.json",
    ]);
    transcript.assert_snapshot("policies");
}

#[test]
fn a_machine_is_set_up() {
    let mut transcript = Transcript::new();
    transcript.run(&[
        "what would be done: setup --dry-run --signing-profile PROFILE TRUSTING",
        "set up: setup --signing-profile PROFILE TRUSTING",
        "set up already: setup --signing-profile PROFILE TRUSTING",
        "for whom: setup",
        "for an image: setup --for image --signing-profile PROFILE",
        "a mistake: setup --signing-profile release",
    ]);
    transcript.assert_snapshot("setup");
}
