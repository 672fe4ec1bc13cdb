//! `cert delete`.

use std::os::unix::fs::symlink;

use super::{add_root, assert_done, cert, sandbox, tree};

#[test]
fn a_file_is_deleted_and_the_store_with_its_last_one() {
    let sandbox = sandbox();
    let stores = sandbox.config().join("truststore/x509/ca");
    for file in ["root.crt", "self.crt"] {
        let ran = cert(&sandbox, &["add", "-t", "ca", "-s", "test", file]);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
    assert_done(
        &sandbox,
        &["delete", "-t", "ca", "-s", "test", "-y", "root.crt"],
        "Successfully deleted root.crt from trust store test of type ca\n",
    );
    assert_eq!(tree(&stores), ["test", "test/self.crt"]);
    assert_done(
        &sandbox,
        &["delete", "-t", "ca", "-s", "test", "--yes", "self.crt"],
        "Successfully deleted self.crt from trust store test of type ca\n",
    );
    assert_eq!(tree(&stores), [""; 0]);
}

#[test]
fn a_store_is_deleted_whole() {
    let sandbox = sandbox();
    add_root(&sandbox, "ca", "test");
    add_root(&sandbox, "ca", "other");
    let stores = sandbox.config().join("truststore/x509/ca");
    std::fs::write(stores.join("test/junk"), "junk").unwrap();
    assert_done(
        &sandbox,
        &["delete", "-t", "ca", "-s", "test", "--all", "-y"],
        &format!("Successfully deleted {}/test\n", stores.display()),
    );
    assert_eq!(tree(&stores), ["other", "other/root.crt"]);
}

#[test]
fn no_name_leads_out_of_the_store() {
    let sandbox = sandbox();
    add_root(&sandbox, "ca", "test");
    add_root(&sandbox, "tsa", "x");
    let victim = sandbox.write_config("victim.txt", "x");
    let before = tree(&sandbox.config());
    for name in [
        "../../../../victim.txt",
        "../test/root.crt",
        "./root.crt",
        "root.crt/",
        "..",
        ".",
        victim.to_str().unwrap(),
    ] {
        let ran = cert(&sandbox, &["delete", "-t", "ca", "-s", "test", "-y", name]);
        ran.assert_refused(
            2,
            &format!(
                "Error: failed to delete the certificate file: `{name}` is not the name of a file in a trust store"
            ),
        );
        ran.assert_says("hint: give the name alone, as `countersign cert list` shows it\n");
    }
    let ran = cert(&sandbox, &["delete", "-t", "ca", "-s", "..", "--all", "-y"]);
    let sentence = "Error: named store name needs to follow [a-zA-Z0-9_.-]+ format";
    ran.assert_refused(2, sentence);
    assert_eq!(tree(&sandbox.config()), before);
}

#[test]
fn nothing_is_deleted_through_a_link() {
    let sandbox = sandbox();
    add_root(&sandbox, "ca", "test");
    let stores = sandbox.config().join("truststore/x509/ca");
    symlink("test", stores.join("link")).unwrap();
    let path = stores.join("link");
    let link = format!("`{}` is a symbolic link", path.display());
    let ran = cert(
        &sandbox,
        &["delete", "-t", "ca", "-s", "link", "-y", "root.crt"],
    );
    ran.assert_refused(
        2,
        &format!("Error: failed to delete the certificate file: {link}"),
    );
    let ran = cert(
        &sandbox,
        &["delete", "-t", "ca", "-s", "link", "--all", "-y"],
    );
    ran.assert_refused(
        2,
        &format!("Error: failed to delete the named trust store: {link}"),
    );
    // A link that spoils a store is deleted itself.
    symlink("root.crt", stores.join("test/link.crt")).unwrap();
    assert_done(
        &sandbox,
        &["delete", "-t", "ca", "-s", "test", "-y", "link.crt"],
        "Successfully deleted link.crt from trust store test of type ca\n",
    );
    assert_eq!(tree(&stores), ["link", "test", "test/root.crt"]);
}

#[test]
fn what_is_not_there_cannot_be_deleted() {
    let sandbox = sandbox();
    add_root(&sandbox, "ca", "test");
    let stores = sandbox.config().join("truststore/x509/ca");
    let missing = |path: &str| {
        format!(
            "stat {}/{path}: no such file or directory",
            stores.display()
        )
    };
    let file = "Error: failed to delete the certificate file: ";
    for (arguments, sentence) in [
        (
            &["-s", "test", "-y", "none.crt"][..],
            file.to_owned() + &missing("test/none.crt"),
        ),
        (
            &["-s", "none", "-y", "root.crt"],
            file.to_owned() + &missing("none/root.crt"),
        ),
        (
            &["-s", "none", "--all", "-y"],
            "Error: failed to delete the named trust store: ".to_owned() + &missing("none"),
        ),
        (
            &["-s", "test", "-y", ""],
            "Error: to delete a specific certificate, certificate fileName cannot be empty".to_owned(),
        ),
        (
            &["-s", "test", "--all", "root.crt"],
            "Error: cannot delete a single certificate file when --all flag is set. use --help flag for more details"
                .to_owned(),
        ),
        (
            &["-s", "test"],
            "Error: delete requires either the certificate file name that needs to be deleted or --all flag to delete \
             all certificates in the given named trust store"
                .to_owned(),
        ),
    ] {
        let ran = cert(&sandbox, &[&["delete", "-t", "ca"], arguments].concat());
        ran.assert_refused(2, &sentence);
    }
    assert_eq!(tree(&stores), ["test", "test/root.crt"]);
}
