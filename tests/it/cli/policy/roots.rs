//! `cert add --aws-signer`: the published roots, which are built in.

use std::fs;

use countersign::trust_store::built_in_file;

use crate::support::sandbox::Sandbox;

#[test]
fn published_roots_are_added_once_and_never_over_something_else() {
    let sandbox = Sandbox::new();
    let path = |store: &str, file: &str| {
        sandbox
            .config()
            .join(format!("truststore/x509/signingAuthority/{store}/{file}"))
    };
    let aws = path("aws-signer-ts", "aws-signer-notation-root.crt");
    let gov = path(
        "aws-us-gov-signer-ts",
        "aws-us-gov-signer-notation-root.crt",
    );
    let line = |done: &str, partition: &str, path: &std::path::Path| {
        format!(
            "{done} AWS Signer's published root of partition {partition}: {}\n",
            path.display()
        )
    };
    let ran = sandbox.run(&["cert", "add", "--aws-signer", "--partition", "aws"]);
    assert_eq!(
        (ran.code, ran.stdout),
        (0, line("Added", "aws", &aws)),
        "{}",
        ran.stderr
    );
    assert!(!gov.exists());
    let ran = sandbox.run(&["cert", "add", "--aws-signer"]);
    let wanted = line("Found", "aws", &aws) + &line("Added", "aws-us-gov", &gov);
    assert_eq!((ran.code, ran.stdout), (0, wanted));
    assert_eq!(fs::read(&aws).unwrap(), built_in_file("aws").unwrap().1);

    fs::write(&aws, "something else").unwrap();
    let ran = sandbox.run(&["cert", "add", "--aws-signer", "--partition", "aws"]);
    ran.assert_refused(
        2,
        "Error: AWS Signer's root of partition `aws` was not added: certificate already exists in the Trust Store",
    );
    assert_eq!(fs::read(&aws).unwrap(), b"something else");
    let ran = sandbox.run(&["cert", "add", "--aws-signer", "--partition", "aws-cn"]);
    ran.assert_refused(
        2,
        "Error: AWS Signer's root of partition `aws-cn` was not added: no root certificate of AWS Signer is published \
         for the partition `aws-cn`",
    );
}

#[test]
fn files_need_a_store_and_published_roots_take_none() {
    let sandbox = Sandbox::new();
    for arguments in [
        &["cert", "add"][..],
        &["cert", "add", "f.crt"],
        &["cert", "add", "--type", "ca", "f.crt"],
        &["cert", "add", "--type", "ca", "--store", "s"],
        &["cert", "add", "--aws-signer", "f.crt"],
        &[
            "cert",
            "add",
            "--aws-signer",
            "--type",
            "ca",
            "--store",
            "s",
        ],
        &["cert", "add", "--partition", "aws"],
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {ran:#?}"
        );
    }
}
