//! Trust policies: the checks, the schemas and the ready-made policies agree.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

use std::path::{Path, PathBuf};

use countersign::trust_policy::scope::ScopeError;
use countersign::trust_policy::{DocumentKind, Error, LEGACY_FILE_NAME, Rule, TrustPolicies};
use countersign::trust_store::{TrustStores, built_in_file, built_in_package_root};
use jsonschema::Validator;
use serde_json::{Value, json};

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "files of this repository")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files_of(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    assert!(!paths.is_empty(), "{}", directory.display());
    paths
}

fn schema(kind: DocumentKind) -> Validator {
    let path = package().join(format!("schemas/trustpolicy.{kind}.schema.json"));
    let schema: Value = serde_json::from_str(&read(&path)).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Rules that no schema can express; every other one is in both.
fn only_in_code(rule: &Rule) -> bool {
    matches!(
        rule,
        // Uniqueness over several statements.
        Rule::NameTaken { .. }
            | Rule::ScopeTaken { .. }
            | Rule::ScopeRespelled { .. }
            // What URLs make of a registry's name.
            | Rule::ScopeInvalid {
                problem: ScopeError::Registry(_),
                ..
            }
            // Syntax and meaning of distinguished names.
            | Rule::IdentitySubject { .. }
            | Rule::IdentitiesOverlap { .. }
            // Nearness of a text to `x509.subject`; other letter case and blanks are in the schema as well.
            | Rule::IdentityType { .. }
            // Beside another problem only; alone it is a warning.
            | Rule::MemberMisspelt { .. }
    )
}

/// Fails unless both refuse the document or both take it; true if they take it.
fn agree(kind: DocumentKind, schema: &Validator, text: &str) -> bool {
    let parsed = TrustPolicies::parse(kind, Path::new("policy"), text.as_bytes());
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        assert!(matches!(parsed, Err(Error::Malformed { .. })), "{text}");
        return false;
    };
    match (parsed, schema.is_valid(&value)) {
        (Ok(_), true) => true,
        (Ok(_), false) => {
            let errors: Vec<String> = schema
                .iter_errors(&value)
                .map(|error| error.to_string())
                .collect();
            panic!("only the schema refuses {text}: {errors:?}")
        }
        // A name twice in one object: the schema never sees it.
        (Err(Error::Malformed { .. }), _) | (Err(Error::Invalid { .. }), false) => false,
        (Err(error), true) => {
            let problems = error.problems();
            let expressible = problems.iter().find(|problem| !only_in_code(&problem.rule));
            assert!(
                expressible.is_none(),
                "only the code refuses {text}: {error}"
            );
            false
        }
        (Err(error), false) => panic!("{text}: {error}"),
    }
}

/// Documents that are good, each with something of everything.
fn good(kind: DocumentKind) -> Vec<Value> {
    let of_kind = |oci: Value, blob: Value| match kind {
        DocumentKind::Oci => ("registryScopes", oci),
        DocumentKind::Blob => ("globalPolicy", blob),
    };
    let document = |(member, value): (&str, Value), mut statement: Value| {
        statement[member] = value;
        let mut other = statement.clone();
        other["name"] = json!("other");
        other[member] = match kind {
            DocumentKind::Oci => json!(["other.io/a"]),
            DocumentKind::Blob => json!(false),
        };
        json!({"version": "1.0", "trustPolicies": [statement, other]})
    };
    vec![
        document(
            of_kind(json!(["a.io/b", "localhost:5000/c"]), json!(true)),
            json!({
                "name": "p",
                "signatureVerification": {
                    "level": "strict",
                    "verifyTimestamp": "afterCertExpiry",
                    "override": {"authenticity": "log", "revocation": "skip"},
                    "unsignedRevocationStatements": ["aws-signer"],
                },
                "trustStores": ["ca:x", "signingAuthority:y", "tsa:z"],
                "trustedIdentities": ["x509.subject: C=US, ST=WA, O=N", "arn:x"],
            }),
        ),
        document(
            of_kind(json!(["*"]), json!(null)),
            json!({
                "name": "p",
                "signatureVerification": {"level": "audit", "override": {}},
                "trustStores": ["ca:x"],
                "trustedIdentities": ["*"],
            }),
        ),
        document(
            of_kind(json!(["a.io/b"]), json!(false)),
            json!({"name": "p", "signatureVerification": {"level": "skip", "verifyTimestamp": ""}, "trustStores": []}),
        ),
    ]
}

/// What every value of a good document is replaced by.
fn replacements() -> Vec<Value> {
    let texts = [
        "",
        " ",
        "x",
        "*",
        "1.0",
        "strict",
        "STRICT",
        "skip",
        "audit",
        "log",
        "enforce",
        "always",
        "Always",
        "ca:x",
        "ca:.",
        "ca:..",
        "ca:...",
        "CA:x",
        "tsa:",
        "ca:a b",
        "a.io/b",
        "a.io/b:v",
        "a.io/B",
        "a.io/*",
        "A.io:5/b__c",
        "a.io/b___c",
        "a/b@c",
        ":x",
        "x",
        "x509.subject:",
        "X509.subject:C=US,ST=WA,O=N",
        " x509.subject : x",
        "x509.subject:C=US,ST=WA,O=#1",
        "x509.subject:C=US",
        "x509.subjet:C=US",
        "arn:x",
        "*:x",
        "é.io/b",
        "a.io/b\n",
        "ca:x\n",
    ];
    let mut values: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
    values.extend(texts.iter().map(|text| json!([text])));
    values.extend(texts.iter().map(|text| json!([text, "a.io/z"])));
    values.extend(texts.iter().map(|text| json!([text, text])));
    values.extend([
        json!(null),
        json!(true),
        json!(false),
        json!(1.0),
        json!([]),
        json!({}),
        json!([null]),
        json!([1]),
    ]);
    values.extend([
        json!({"level": "strict"}),
        json!({"level": "skip"}),
        json!({"level": null}),
    ]);
    for action in ["enforce", "log", "skip", "Log", ""] {
        for validation in [
            "integrity",
            "authenticity",
            "authenticTimestamp",
            "expiry",
            "revocation",
            "Expiry",
        ] {
            values.push(json!({validation: action}));
        }
    }
    values
}

/// Gives a member another name, or takes it out.
fn rename(name: &str, other: Option<String>) -> impl Fn(&mut Value) {
    move |value| {
        let members = value.as_object_mut().unwrap();
        let removed = members.remove(name).unwrap();
        if let Some(other) = &other {
            members.insert(other.clone(), removed);
        }
    }
}

/// Every document that differs from `document` in one place.
fn mutations(document: &Value) -> Vec<Value> {
    let replacements = replacements();
    let mut mutated = Vec::new();
    for pointer in pointers(document, "") {
        let mut change = |edit: &dyn Fn(&mut Value)| {
            let mut copy = document.clone();
            edit(copy.pointer_mut(&pointer).unwrap());
            mutated.push(copy);
        };
        for replacement in &replacements {
            change(&|value| value.clone_from(replacement));
        }
        let Some(members) = document.pointer(&pointer).unwrap().as_object() else {
            continue;
        };
        change(&|value| value["x"] = json!(1));
        for name in members.keys() {
            change(&rename(name, None));
            change(&rename(name, Some(name.to_uppercase())));
            change(&rename(name, Some(name.replacen('s', "\u{17f}", 1))));
            change(&rename(name, Some(format!("{name}x"))));
        }
    }
    mutated
}

fn pointers(value: &Value, pointer: &str) -> Vec<String> {
    let mut found = vec![pointer.to_owned()];
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.extend(pointers(value, &format!("{pointer}/{name}")));
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                found.extend(pointers(value, &format!("{pointer}/{index}")));
            }
        }
        _ => {}
    }
    found
}

#[test]
fn the_checks_and_the_schemas_refuse_the_same_documents() {
    for kind in [DocumentKind::Oci, DocumentKind::Blob] {
        let schema = schema(kind);
        let (mut taken, mut refused) = (0, 0);
        for good in good(kind) {
            assert!(agree(kind, &schema, &good.to_string()), "{good}");
            for mutated in mutations(&good) {
                if agree(kind, &schema, &mutated.to_string()) {
                    taken += 1;
                } else {
                    refused += 1;
                }
            }
        }
        // Both sides are really exercised.
        assert!(
            taken > 100 && refused > 1_000,
            "{kind}: {taken} taken, {refused} refused"
        );
        for (first, second) in [("p", "p"), ("p", "P")] {
            for scopes in [["*", "*"], ["a/b", "a/b"], ["a/b", "*"]] {
                let statement = |name: &str, scope: &str| {
                    json!({"name": name, "registryScopes": [scope], "globalPolicy": scope == "*",
                        "signatureVerification": {"level": "strict"}, "trustStores": ["ca:x"],
                        "trustedIdentities": ["*"]})
                };
                let statements = [statement(first, scopes[0]), statement(second, scopes[1])];
                let document = json!({"version": "1.0", "trustPolicies": statements});
                agree(kind, &schema, &document.to_string());
            }
        }
    }
}

#[test]
fn the_checks_and_the_schemas_agree_about_the_vectors() {
    for (kind, folder) in [(DocumentKind::Oci, "oci"), (DocumentKind::Blob, "blob")] {
        let schema = schema(kind);
        let folder = package()
            .join("tests/vectors/generated/trustpolicy")
            .join(folder);
        for path in files_of(&folder, "json") {
            agree(kind, &schema, &read(&path));
        }
    }
}

#[test]
fn the_ready_made_policies_are_good_and_explained() {
    let directory = package().join("trustpolicy");
    for path in files_of(&directory, "json") {
        let text = read(&path);
        let name = path.file_name().unwrap().to_str().unwrap();
        let kind = if name.starts_with("blob.") {
            DocumentKind::Blob
        } else {
            DocumentKind::Oci
        };
        assert!(agree(kind, &schema(kind), &text), "{}", path.display());
        let policies = TrustPolicies::parse(kind, &path, text.as_bytes()).unwrap();
        // Its placeholders are ARNs as they must be, in an account that no one has.
        assert_eq!(policies.warnings(), [], "{}", path.display());
        assert!(
            text.contains(":111122223333:/signing-profiles/Example"),
            "{}",
            path.display()
        );
        let explanation = read(&path.with_extension("md"));
        // The one that every release of notation reads.
        let file = match kind {
            DocumentKind::Oci => LEGACY_FILE_NAME,
            DocumentKind::Blob => kind.file_name(),
        };
        assert!(
            explanation.contains(&format!("cp {name} ~/.config/notation/{file}")),
            "{}",
            path.display()
        );
        // Following the explanation gives the stores that the policy names.
        for statement in policies.statements() {
            for store in &statement.trust_stores {
                let target = format!("truststore/x509/{}/{}/", store.kind(), store.name());
                assert!(explanation.contains(&target), "{}: {store}", path.display());
            }
        }
    }
}

#[test]
fn the_roots_beside_the_policies_are_the_built_in_ones() {
    let roots = package().join("trustpolicy/roots");
    // The third is the root of packages of AWS Lambda, which no trust store has.
    assert_eq!(files_of(&roots, "crt").len(), 3);
    let packages = read(&roots.join("aws-signer-lambda-root.crt"));
    let packages = countersign::x509::parse_certificates(packages.as_bytes()).unwrap();
    assert_eq!(packages, [built_in_package_root().unwrap()]);
    for partition in ["aws", "aws-us-gov"] {
        let (name, pem) = built_in_file(partition).unwrap();
        assert_eq!(read(&roots.join(name)).as_bytes(), pem);
    }
    // As a trust store, in the place that the explanations name.
    let config = tempfile::tempdir().unwrap();
    let stores = TrustStores::new(config.path());
    let store = countersign::config::StoreName::parse("signingAuthority:aws-signer-ts").unwrap();
    let directory = stores.directory_of(&store).unwrap();
    std::fs::create_dir_all(&directory).unwrap();
    let (name, _) = built_in_file("aws").unwrap();
    std::fs::copy(roots.join(name), directory.join(name)).unwrap();
    assert_eq!(stores.load(&store).unwrap().certificates.len(), 1);
}
