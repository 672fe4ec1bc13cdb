//! Trust policies: read, and the statement that is about a repository found.

use std::path::Path;

use countersign::trust_policy::{DocumentKind, TrustPolicies};
use divan::{Bencher, black_box};

/// Statements of the documents.
const STATEMENTS: [usize; 3] = [1, 100, 1000];

#[divan::bench(args = STATEMENTS)]
fn parse(bencher: Bencher<'_, '_>, statements: usize) {
    let text = document(statements);
    bencher.bench(|| parsed(black_box(&text)));
}

#[divan::bench(args = STATEMENTS)]
fn select(bencher: Bencher<'_, '_>, statements: usize) {
    let policies = parsed(&document(statements));
    let scope = format!("registry.example/team/app-{}", statements - 1);
    bencher.bench(|| policies.select(black_box(&scope)).unwrap().named());
}

fn parsed(text: &str) -> TrustPolicies {
    let path = Path::new("trustpolicy.json");
    TrustPolicies::parse(DocumentKind::Oci, path, text.as_bytes()).unwrap()
}

/// A statement for each of so many repositories.
fn document(statements: usize) -> String {
    let statement = |number: usize| {
        format!(
            r#"{{"name":"app-{number}","registryScopes":["registry.example/team/app-{number}"],
            "signatureVerification":{{"level":"strict"}},"trustStores":["ca:bench"],
            "trustedIdentities":["x509.subject: C=US, ST=WA, O=Bench, CN=signer"]}}"#
        )
    };
    let statements: Vec<String> = (0..statements).map(statement).collect();
    format!(
        r#"{{"version":"1.0","trustPolicies":[{}]}}"#,
        statements.join(",")
    )
}
