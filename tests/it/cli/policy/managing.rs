//! `policy init`, and `policy import` beside the file of notation 1.x.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::{PROFILE, at_home, document, policy, statement, write};
use crate::support::sandbox::Sandbox;
use crate::support::scene::Scene;

fn good(name: &str) -> String {
    let trust = r#", "trustStores": ["ca:acme"], "trustedIdentities": ["*"]"#;
    document(&[statement(name, "*", "strict", trust)])
}

#[test]
fn a_policy_for_profiles_is_strict_and_judges_what_they_signed() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.sandbox.write_config(
        "truststore/x509/signingAuthority/aws-signer-ts/root.crt",
        scene.emulator.root_certificate_pem(),
    );
    let init = [
        "init",
        "--signing-profile",
        &scene.profile.arn,
        "--scope",
        &scene.repository,
    ];
    let ran = policy(&scene.sandbox, &init);
    let file = scene.sandbox.config().join("trustpolicy.oci.json");
    let wanted = format!(
        "Successfully initialized OCI trust policy file to {}.\n",
        file.display()
    );
    assert_eq!((ran.code, ran.stdout, ran.stderr.as_str()), (0, wanted, ""));
    assert_eq!(
        file.metadata().unwrap().permissions().mode() & 0o7777,
        0o600
    );
    let text = fs::read_to_string(&file).unwrap();
    let shown = policy(&scene.sandbox, &["show"]);
    assert_eq!((shown.code, &shown.stdout), (0, &text));
    let written = text
        .replace(&scene.repository, "<repository>")
        .replace(&scene.profile.arn, "<profile>");
    assert_eq!(written, include_str!("init.json").trim_end());
    let ran = scene.run(&[
        "verify",
        "--require",
        "strict",
        "--require-statement",
        &scene.image,
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        policy(&scene.sandbox, &["lint", file.to_str().unwrap()]).code,
        0
    );

    policy(&scene.sandbox, &init).assert_refused(
        2,
        "Error: the OCI trust policy configuration already exists: there is no terminal to ask on",
    );
    let ran = policy(
        &scene.sandbox,
        &[&init[..], &["--force", "--keep-v1"]].concat(),
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    let legacy = scene.sandbox.config().join("trustpolicy.json");
    assert_eq!(fs::read_to_string(legacy).unwrap(), text);
}

#[test]
fn a_policy_for_a_store_names_signers_and_a_missing_store_is_said() {
    let sandbox = Sandbox::new();
    let subject = "x509.subject: C=US, ST=WA, O=acme";
    let ran = policy(
        &sandbox,
        &[
            "init",
            "--name",
            "ours",
            "--trust-store",
            "ca:acme",
            "--trusted-identity",
            subject,
        ],
    );
    assert_eq!(ran.code, 0);
    assert_eq!(
        at_home(&sandbox, &ran.stderr),
        "Warning: the trust store `ca:acme` does not exist in `<home>/.config/notation/truststore/x509`\n  \
         hint: add its certificates: `countersign cert add --type ca --store acme FILE`\n"
    );
    let ran = policy(&sandbox, &["init", "--force", "--signing-profile", PROFILE]);
    assert_eq!(
        at_home(&sandbox, &ran.stderr),
        "Warning: existing OCI trust policy configuration will be overwritten\n\
         Warning: the trust store `signingAuthority:aws-signer-ts` does not exist in \
         `<home>/.config/notation/truststore/x509`\n  \
         hint: add it: `countersign cert add --aws-signer --partition aws`\n"
    );
    let china = "arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/Images";
    let ran = policy(&sandbox, &["init", "--force", "--signing-profile", china]);
    ran.assert_refused(
        2,
        "Error: no root certificate of AWS Signer is published for the partition `aws-cn`",
    );
    ran.assert_says("hint: name the trust store that has the root of AWS Signer in this partition: `--trust-store ");
    let own = ["--trust-store", "signingAuthority:own"];
    let ran = policy(
        &sandbox,
        &[&["init", "--force", "--signing-profile", china], &own[..]].concat(),
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = policy(
        &sandbox,
        &[
            "init",
            "--force",
            "--signing-profile",
            PROFILE,
            "--scope",
            "r.example/a:v1",
        ],
    );
    ran.assert_refused(
        2,
        "Error: invalid OCI policy: registry scope \"r.example/a:v1\" is not valid, make sure it is a fully qualified \
         repository without the scheme, protocol or tag. For example domain.com/my/repository or a local scope like \
         local/myOCILayout",
    );
}

#[test]
fn the_file_of_notation_1_is_deleted_kept_or_follows() {
    let sandbox = Sandbox::new();
    let newer = sandbox.config().join("trustpolicy.oci.json");
    let older = sandbox.write_config("trustpolicy.json", good("old"));
    write(&sandbox, "p.json", good("p"));
    let import =
        |more: &[&str]| policy(&sandbox, &[&["import", "--force", "p.json"], more].concat());
    let done = |path: &std::path::Path| {
        format!(
            "Successfully imported OCI trust policy configuration to {}.\n",
            path.display()
        )
    };
    let kept = format!(
        "{}The same policy is in {}, which notation 1.x reads.\n",
        done(&newer),
        older.display()
    );
    let ran = import(&["--keep-v1"]);
    assert_eq!((ran.code, &ran.stdout), (0, &kept), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&older).unwrap(), good("p"));
    // Both had the same bytes: one policy for two releases stays one.
    write(&sandbox, "p.json", good("q"));
    let ran = import(&[]);
    assert_eq!((ran.code, &ran.stdout), (0, &kept));
    assert_eq!(fs::read_to_string(&older).unwrap(), good("q"));
    assert_eq!(fs::read_to_string(&newer).unwrap(), good("q"));
    // They differ: what notation 2 does, and what was deleted is said.
    fs::write(&older, good("old")).unwrap();
    let ran = import(&[]);
    let deleted = format!(
        "Deleted old trust policy configuration trustpolicy.json.\n{}",
        done(&newer)
    );
    assert_eq!((ran.code, ran.stdout), (0, deleted));
    assert!(!older.exists());
    let ran = import(&["--keep-v1"]);
    assert_eq!((ran.code, ran.stdout), (0, kept));
    assert_eq!(
        older.metadata().unwrap().permissions().mode() & 0o7777,
        0o600
    );
}

#[test]
fn nothing_is_written_through_a_link() {
    let sandbox = Sandbox::new();
    write(&sandbox, "p.json", good("p"));
    let other = sandbox.home().join("other");
    fs::write(&other, "precious").unwrap();
    fs::create_dir_all(sandbox.config()).unwrap();
    for name in ["trustpolicy.oci.json", "trustpolicy.json"] {
        let link = sandbox.config().join(name);
        symlink(&other, &link).unwrap();
        let ran = policy(&sandbox, &["import", "--force", "--keep-v1", "p.json"]);
        ran.assert_refused(
            1,
            &format!(
                "Error: failed to write OCI trust policy configuration: `{}` is a symbolic link",
                link.display()
            ),
        );
        assert_eq!(fs::read(&other).unwrap(), b"precious");
        fs::remove_file(link).unwrap();
    }
}
