//! `policy lint`: every rule alone, and a good neighbour of each.

use std::collections::BTreeSet;
use std::fs;

use countersign::trust_policy::lint::LINT_RULES;
use serde_json::Value;

use super::{at_home, document, policy, statement, write};
use crate::support::document as schema;
use crate::support::sandbox::Sandbox;

/// A home with the trust stores that the policies name.
fn home() -> Sandbox {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["cert", "add", "--aws-signer"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let stores = sandbox.config().join("truststore/x509");
    let root = stores.join("signingAuthority/aws-signer-ts/aws-signer-notation-root.crt");
    for store in ["ca/acme", "tsa/acme"] {
        fs::create_dir_all(stores.join(store)).unwrap();
        fs::copy(&root, stores.join(store).join("root.crt")).unwrap();
    }
    fs::create_dir_all(stores.join("ca/empty")).unwrap();
    sandbox
}

/// A rule's name, the file's name, the policy that breaks it, the exit code, what is said, and the good neighbour.
struct Case<'t> {
    rule: &'t str,
    file: &'t str,
    bad: &'t str,
    exit: i32,
    says: &'t str,
    good: &'t str,
}

fn cases() -> Vec<Case<'static>> {
    let text = include_str!("lint.txt");
    let mut parts = text.split("### ").skip(1);
    let mut cases = Vec::new();
    while let (Some(bad), Some(says), Some(good)) = (parts.next(), parts.next(), parts.next()) {
        let (title, bad) = bad.split_once('\n').unwrap();
        let (rule, file) = title.split_once(": ").unwrap();
        let (exit, says) = says.split_once('\n').unwrap();
        cases.push(Case {
            rule,
            file,
            bad,
            exit: exit.strip_prefix("says, exit ").unwrap().parse().unwrap(),
            says,
            good: good.strip_prefix("good\n").unwrap(),
        });
    }
    cases
}

#[test]
fn each_rule_is_broken_alone_and_kept_by_its_neighbour() {
    let sandbox = home();
    let mut met = BTreeSet::new();
    for case in cases() {
        write(&sandbox, case.file, case.bad);
        let ran = policy(&sandbox, &["lint", case.file]);
        let said = at_home(&sandbox, &ran.stdout);
        assert_eq!(
            (ran.code, said.as_str()),
            (case.exit, case.says),
            "{}",
            case.rule
        );
        assert_eq!(ran.stderr, "");
        let named = said.lines().filter(|line| line.ends_with(']'));
        for line in named {
            assert!(line.ends_with(&format!("[{}]", case.rule)), "{line}");
        }
        met.insert(case.rule);
        write(&sandbox, case.file, case.good);
        let ran = policy(&sandbox, &["lint", case.file]);
        let wanted = format!("{}: 0 errors, 0 warnings\n", case.file);
        assert_eq!((ran.code, ran.stdout), (0, wanted), "{}", case.rule);
    }
    let rules: BTreeSet<&str> = LINT_RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(met, rules);
}

#[test]
fn every_document_for_machines_is_valid_and_has_the_place() {
    let sandbox = home();
    for case in cases() {
        write(&sandbox, case.file, case.bad);
        let ran = policy(&sandbox, &["lint", "--output", "json", case.file]);
        let found = schema::document(&ran, "policy-lint.v1.schema.json");
        let finding = &found["results"][0]["findings"][0];
        assert_eq!(finding["rule"], case.rule);
        let place = format!("{}:{}:{}: ", case.file, finding["line"], finding["column"]);
        assert!(case.says.starts_with(&place), "{place} {}", case.says);

        let ran = policy(&sandbox, &["lint", "--output", "sarif", case.file]);
        assert_eq!(ran.code, case.exit);
        let log: Value = serde_json::from_str(&ran.stdout).unwrap();
        schema::assert_sarif(&log);
        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], case.rule);
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], case.file);
        assert_eq!(location["region"]["startLine"], finding["line"]);
        assert_eq!(location["region"]["startColumn"], finding["column"]);
    }
}

#[test]
fn a_named_directory_of_trust_stores_makes_a_missing_one_an_error() {
    let sandbox = Sandbox::new();
    let trust = r#", "trustStores": ["ca:acme"], "trustedIdentities": ["*"]"#;
    write(
        &sandbox,
        "p.json",
        document(&[statement("p", "*", "strict", trust)]),
    );
    let ran = policy(&sandbox, &["lint", "--trust-store", "stores", "p.json"]);
    let said = "p.json:1:139: error: the trust store `ca:acme` does not exist in `stores/x509` [store-missing]\n  \
                hint: add its certificates: `countersign cert add --type ca --store acme FILE`\n\
                p.json: 1 error, 0 warnings\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (1, said));
    let ran = policy(&sandbox, &["lint", "p.json"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.ends_with("p.json: 0 errors, 1 warning\n"),
        "{ran:#?}"
    );
}

#[test]
fn several_files_are_counted_together_and_a_missing_one_is_wrong_usage() {
    let sandbox = home();
    let trust = r#", "trustStores": ["ca:acme"], "trustedIdentities": ["*"]"#;
    write(
        &sandbox,
        "good.json",
        document(&[statement("p", "*", "strict", trust)]),
    );
    write(
        &sandbox,
        "bad.json",
        document(&[statement("p", "*", "strikt", trust)]),
    );
    let ran = policy(&sandbox, &["lint", "good.json", "bad.json"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.ends_with("2 files: 1 error, 0 warnings\n"),
        "{ran:#?}"
    );
    let ran = policy(&sandbox, &["lint", "good.json", "none.json"]);
    ran.assert_refused(
        2,
        "Error: failed to read trust policy: open none.json: no such file or directory",
    );
    let ran = policy(&sandbox, &["lint", "--output", "json", "none.json"]);
    let found = schema::document(&ran, "policy-lint.v1.schema.json");
    assert_eq!(found["error"]["code"], "not-begun");
}

/// The shipped policies are good, but for their stores, which only the reader has.
#[test]
fn the_shipped_policies_have_no_finding() {
    let sandbox = home();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("trustpolicy");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            let ran = policy(&sandbox, &["lint", path.to_str().unwrap()]);
            assert!(ran.stdout.ends_with(": 0 errors, 0 warnings\n"), "{ran:#?}");
            count += 1;
        }
    }
    assert!(count >= 5, "{count}");
}

#[test]
fn a_gate_policy_is_linted_with_places_in_every_form() {
    let sandbox = Sandbox::new();
    let signer = |name: &str| {
        format!(
            r#"{{ "name": "{name}", "signingProfile": "arn:aws:signer:us-east-1:111122223333:/signing-profiles/{name}" }}"#
        )
    };
    let policy = format!(
        "{{ \"version\": \"1.0\", \"rules\": [\n  {{ \"name\": \"app\", \"scopes\": [\"r.io/team/app\"],\n    \"require\": {{ \
         \"all\": [{ci}] }} }},\n  {{ \"name\": \"all\", \"scopes\": [\"r.io/*\"],\n    \"require\": {{ \"all\": [{ci}, \
         {security}] }} }}\n] }}\n",
        ci = signer("ci"),
        security = signer("security"),
    );
    fs::write(sandbox.home().join("images.json"), &policy).unwrap();
    let ran = sandbox.run(&["policy", "lint", "images.json"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "images.json:2:31: warning: the scope `r.io/team/app` of the rule `app` asks less than the wider scope `r.io/*` of \
             the rule `all`: signers [gate-asks-less]\n  hint: ask for the signers and settings of the wider scope too, or \
             remove the scope\nimages.json: 0 errors, 1 warning\n"
        ),
        "{ran:#?}"
    );
    let ran = sandbox.run(&["policy", "lint", "--output", "json", "images.json"]);
    let found = schema::document(&ran, "policy-lint.v1.schema.json");
    assert_eq!(found["results"][0]["kind"], "gate");
    assert_eq!(
        found["results"][0]["findings"][0]["pointer"],
        "/rules/0/scopes/0"
    );
    let ran = sandbox.run(&["policy", "lint", "--output", "sarif", "images.json"]);
    assert!(ran.stdout.contains("\"gate-asks-less\""), "{ran:#?}");
    // By its name, whatever its members.
    let broken = policy.replace("\"rules\"", "\"rulez\"");
    fs::write(sandbox.home().join("gate.json"), broken).unwrap();
    let ran = sandbox.run(&["policy", "lint", "gate.json"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stdout
            .contains("gate.json:1:21: error: unknown member `rulez` [gate-member]\n  hint: did you mean `rules`?\n"),
        "{ran:#?}"
    );
}
