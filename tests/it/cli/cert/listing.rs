//! `cert list` and `cert show`.

use std::os::unix::fs::symlink;

use countersign::x509::parse_certificates;

use super::{add_root, assert_done, cert, sandbox};

#[test]
fn stores_are_listed_by_type_and_name() {
    let sandbox = sandbox();
    assert_done(&sandbox, &["list"], "");
    assert_done(&sandbox, &["list", "-t", "ca", "-s", "none"], "");
    add_root(&sandbox, "tsa", "test");
    add_root(&sandbox, "signingAuthority", "test");
    add_root(&sandbox, "ca", "test");
    add_root(&sandbox, "ca", "a.b-c_d");
    // A file, and a store of an unknown type, are not listed.
    sandbox.write_config("truststore/x509/ca/file", "");
    sandbox.write_config("truststore/x509/other/test/root.crt", "");
    let all = "STORE TYPE         STORE NAME   CERTIFICATE   \n\
               ca                 a.b-c_d      root.crt      \n\
               ca                 test         root.crt      \n\
               signingAuthority   test         root.crt      \n\
               tsa                test         root.crt      \n";
    assert_done(&sandbox, &["list"], all);
    assert_done(&sandbox, &["ls"], all);
    let named = all.replace("ca                 a.b-c_d      root.crt      \n", "");
    assert_done(&sandbox, &["list", "-s", "test"], &named);
    let of_type = "STORE TYPE   STORE NAME   CERTIFICATE   \n\
                   ca           a.b-c_d      root.crt      \n\
                   ca           test         root.crt      \n";
    assert_done(&sandbox, &["list", "--type", "ca"], of_type);
    let ran = sandbox.run(&["certificate", "list", "-t", "x"]);
    ran.assert_refused(2, "Error: unsupported store type: x");
}

#[test]
fn what_spoils_a_store_is_named_and_hides_nothing() {
    let sandbox = sandbox();
    add_root(&sandbox, "ca", "test");
    add_root(&sandbox, "tsa", "last");
    sandbox.write_config("truststore/x509/ca/test/junk.txt", "junk");
    let store = sandbox.config().join("truststore/x509/ca/test");
    std::fs::create_dir(store.join("folder")).unwrap();
    symlink("root.crt", store.join("link.crt")).unwrap();
    std::fs::copy(sandbox.home().join("leaf.crt"), store.join("leaf.crt")).unwrap();
    let ran = cert(&sandbox, &["list"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "STORE TYPE   STORE NAME   CERTIFICATE   \n\
             ca           test         junk.txt      \n\
             ca           test         leaf.crt      \n\
             ca           test         root.crt      \n\
             tsa          last         root.crt      \n"
        )
    );
    let warnings: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("Warning: "))
        .collect();
    assert_eq!(
        warnings,
        [
            "Warning: `folder` in the trust store `ca:test` is not a regular file",
            "Warning: `junk.txt` in the trust store `ca:test` cannot be read as certificates",
            "Warning: `leaf.crt` in the trust store `ca:test` holds `CN=leaf`, which is neither a certificate authority \
             nor self-signed; wanted: a certificate authority, or a self-signed certificate",
            "Warning: `link.crt` in the trust store `ca:test` is not a regular file",
        ]
    );
}

#[test]
fn a_list_that_is_not_whole_says_so() {
    let sandbox = sandbox();
    add_root(&sandbox, "tsa", "last");
    sandbox.write_config("truststore/x509/ca", "no directory");
    let ran = cert(&sandbox, &["list"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(
        ran.stdout
            .ends_with("tsa          last         root.crt      \n")
    );
    let path = sandbox.config().join("truststore/x509/ca");
    assert_eq!(
        ran.stderr,
        format!(
            "Error: `{0}` is a regular file, not a directory\nhint: check the path `{0}`, or move what is there away\n",
            path.display()
        )
    );
}

#[test]
fn every_certificate_of_a_file_is_shown() {
    let sandbox = sandbox();
    let read = |name: &str| std::fs::read_to_string(sandbox.home().join(name)).unwrap();
    let both = read("middle.crt") + &read("root.crt");
    sandbox.write_config("truststore/x509/ca/test/both.crt", &both);
    let certificates = parse_certificates(both.as_bytes()).unwrap();
    let rule = "-".repeat(80);
    let mut wanted = "Certificate details\n".to_owned();
    for (certificate, subject) in certificates.iter().zip(["middle", "root"]) {
        wanted += &format!(
            "{rule}\nIssuer: CN=root\nSubject: CN={subject}\nValid from: 2020-01-01 00:00:00 +0000 UTC\n\
             Valid to: 2120-01-01 00:00:00 +0000 UTC\nIsCA: true\nSHA256 Thumbprint: {}\n",
            certificate.sha256_fingerprint()
        );
    }
    assert_done(
        &sandbox,
        &["show", "-t", "ca", "-s", "test", "both.crt"],
        &wanted,
    );
}

#[test]
fn only_files_of_the_store_are_shown() {
    let sandbox = sandbox();
    add_root(&sandbox, "ca", "test");
    let store = sandbox.config().join("truststore/x509/ca/test");
    symlink("root.crt", store.join("link.crt")).unwrap();
    std::fs::write(store.join("empty.crt"), "").unwrap();
    std::fs::write(store.join("junk.crt"), "junk").unwrap();
    let store = store.display();
    for (name, words) in [
        (
            "none.crt",
            format!("open {store}/none.crt: no such file or directory"),
        ),
        ("link.crt", format!("`{store}/link.crt` is a symbolic link")),
        (
            "../test/root.crt",
            "`../test/root.crt` is not the name of a file in a trust store".to_owned(),
        ),
        (
            "./root.crt",
            "`./root.crt` is not the name of a file in a trust store".to_owned(),
        ),
        (
            "..",
            "`..` is not the name of a file in a trust store".to_owned(),
        ),
        (
            "empty.crt",
            "no valid certificate found in the file".to_owned(),
        ),
        (
            "junk.crt",
            "the file has no PEM block and is not DER".to_owned(),
        ),
    ] {
        let ran = cert(&sandbox, &["show", "-t", "ca", "-s", "test", name]);
        let sentence = "Error: failed to show details of certificate";
        ran.assert_refused(2, &format!("{sentence} {name}, with error: {words}"));
    }
    let ran = cert(&sandbox, &["show", "-t", "ca", "-s", "test", ""]);
    ran.assert_refused(2, "Error: certificate fileName cannot be empty");
}
