//! What files say: policy, stores, plugins, and who may write them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{assert_found, doctor, not_passed, scene};
use crate::support::scene::Scene;
use crate::support::script_plugin::write_program;

#[test]
fn a_policy_or_store_that_cannot_be_used_is_said_as_a_verification_says_it() {
    let scene = scene();
    let config = scene.sandbox.config();
    let both = [
        config.join("trustpolicy.oci.json"),
        config.join("trustpolicy.json"),
    ];
    let good = fs::read_to_string(&both[0]).unwrap();
    let write = |text: &str| both.iter().for_each(|path| fs::write(path, text).unwrap());
    let root = scene.emulator.root_certificate_pem();
    scene.sandbox.write_config(
        "truststore/x509/signingAuthority/aws-signer-ts/root.crt",
        &root,
    );
    let fingerprint = fingerprint(&scene);
    for (policy, code, wanted) in [
        (
            good.replace("strict", "permissive"),
            0,
            "warn     trust-policy localhost:PORT/app: statement `aws-signer` of \
             `HOME/.config/notation/trustpolicy.oci.json`, level `permissive`\n         wanted: level `strict`, which enforces \
             every validation\n         hint: set `level` of the statement to `strict`\n"
                .to_owned(),
        ),
        (
            good.replace("\"*\"", "\"other.example/app\""),
            1,
            "fail     trust-policy localhost:PORT/app: no statement of the trust policy \
             `HOME/.config/notation/trustpolicy.oci.json` has the scope `localhost:PORT/app`\n         wanted: a statement about \
             the repository\n         hint: add `localhost:PORT/app` to the `registryScopes` of a statement; a repository is not \
             covered by its parent's scope\n"
                .to_owned(),
        ),
        (
            good.replace("trust-anchor", "missing"),
            1,
            "fail     trust-store signingAuthority:missing: the trust store `signingAuthority:missing` does not exist\n         \
             wanted: a trust store with certificates\n         hint: add its certificates: `countersign cert add --type \
             signingAuthority --store missing FILE`\n"
                .to_owned(),
        ),
        (
            good.replace("trust-anchor", "aws-signer-ts"),
            1,
            format!(
                "fail     roots signingAuthority:aws-signer-ts: not AWS's root: \
                 `HOME/.config/notation/truststore/x509/signingAuthority/aws-signer-ts/root.crt` ({fingerprint})\n         wanted: \
                 certificates with the fingerprints of the roots that AWS has published\n         hint: take the file out of the \
                 store, and find out who put it there; write AWS's root with `countersign setup --signing-profile ARN`\n"
            ),
        ),
    ] {
        write(&policy);
        assert_found(&scene, &[], code, &wanted);
    }
    write("{");
    let profile = &scene.profile.arn.clone();
    let with_profile = ["--signing-profile", profile];
    assert_found(
        &scene,
        &with_profile,
        1,
        "fail     trust-policy: malformed trust policy `HOME/.config/notation/trustpolicy.oci.json`: not valid JSON at line 1, \
         column 1: EOF while parsing an object at line 1 column 1\n         wanted: a trust policy that can be used\n         \
         hint: the end of the document is missing: get or write the whole of it\n",
    );
    write(&good);
    fs::write(&both[1], good.replace("strict", "permissive")).unwrap();
    assert_found(
        &scene,
        &[],
        0,
        "warn     trust-policy: `HOME/.config/notation/trustpolicy.oci.json` counts, and \
         `HOME/.config/notation/trustpolicy.json`, which notation 1.x reads, says something else\n         wanted: one policy \
         for every reader\n         hint: copy one of them over the other, or remove one\n",
    );
    for path in &both {
        fs::remove_file(path).unwrap();
    }
    assert_found(
        &scene,
        &[],
        0,
        "warn     trust-policy: no trust policy in `HOME/.config/notation`\n         wanted: a trust policy that can be \
         used\n         hint: write one with `countersign setup --signing-profile ARN`, or name the profile at each \
         verification with `--signing-profile`\n",
    );
    // With a profile on the command line there need not be one.
    assert_found(
        &scene,
        &with_profile,
        0,
        "warn     roots localhost:PORT: it answers in place of AWS Signer, and the trust stores have AWS's roots alone\n         \
         wanted: AWS's own endpoint, or a trust store with the root of what answers\n         hint: take away \
         `AWS_ENDPOINT_URL` or `endpoint_url`; for an emulator, write its root with `countersign setup --signing-profile ARN \
         --trust-anchor FILE --force`\n",
    );
}

/// SHA-256 of the emulator's root.
fn fingerprint(scene: &Scene) -> String {
    let ran = scene.run(&["doctor"]);
    let line = ran
        .stdout
        .lines()
        .find(|line| line.contains("not AWS's root"))
        .unwrap();
    line.rsplit('(')
        .next()
        .unwrap()
        .trim_end_matches(')')
        .to_owned()
}

#[test]
fn what_others_may_write_is_said_with_how_to_close_it() {
    let scene = scene();
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let policy = scene.sandbox.config().join("trustpolicy.oci.json");
    set(&policy, 0o666);
    assert_found(
        &scene,
        &[],
        0,
        "warn     files: others may write the trust policy: `HOME/.config/notation/trustpolicy.oci.json` can be written by \
         every user\n         wanted: files that only this user and root can write\n         hint: take the permission away with \
         `chmod go-w`, or the ownership with `chown`\n",
    );
    set(&policy, 0o600);
    let cache = scene.sandbox.home().join(".cache/notation");
    fs::create_dir_all(&cache).unwrap();
    set(&cache, 0o777);
    assert_found(
        &scene,
        &[],
        0,
        "warn     caches HOME/.cache/notation: `HOME/.cache/notation` can be written by other users\n         wanted: a \
         directory that only this user can write\n         hint: take the permission away with `chmod go-w \
         HOME/.cache/notation`, or the ownership with `chown`\n",
    );
    set(&cache, 0o700);
    assert_found(&scene, &[], 0, "");
}

#[test]
fn a_plugin_is_missing_broken_open_or_another_build() {
    const NAME: &str = "com.amazonaws.signer.notation.plugin";
    let scene = scene();
    let folder = scene.sandbox.config().join("plugins").join(NAME);
    fs::create_dir_all(&folder).unwrap();
    let plugin = folder.join(format!("notation-{NAME}"));
    let path = "HOME/.config/notation/plugins/com.amazonaws.signer.notation.plugin/notation-com.amazonaws.signer.notation.plugin";
    let begin = format!("plugin {NAME}: ");
    assert_found(
        &scene,
        &[],
        0,
        &format!(
            "warn     {begin}it is not installed, and notation is here: `HOME/.config/notation/plugins`\n         wanted: the \
             plugin, without which notation cannot verify AWS Signer's signatures\n         hint: install it with `countersign \
             setup --signing-profile ARN`\n"
        ),
    );
    write_program(&plugin, "#!/bin/sh\nexit 1\n");
    assert_found(
        &scene,
        &[],
        1,
        &format!(
            "fail     {begin}plugin `{NAME}` failed at `get-plugin-metadata` without an error of the contract's form (exit \
             status: 1)\n         wanted: a plugin that answers\n         hint: the plugin itself failed; run it by hand: `echo \
             '{{}}' | notation-{NAME} get-plugin-metadata`\n"
        ),
    );
    let trace = scene.sandbox.home().join("ran");
    write_program(&plugin, &format!("#!/bin/sh\ntouch {}\n", trace.display()));
    fs::set_permissions(&plugin, Permissions::from_mode(0o777)).unwrap();
    assert_found(
        &scene,
        &[],
        1,
        &format!(
            "fail     {begin}others may write it, so it was not asked for its version: `{path}` can be written by every \
             user\n         wanted: a plugin that only this user can change\n         hint: take the permission away with `chmod \
             go-w`, or the ownership with `chown`, and install it again\n\
             warn     files: others may write the plugin `{NAME}`: `{path}` can be written by every user\n         wanted: \
             files that only this user and root can write\n         hint: take the permission away with `chmod go-w`, or the \
             ownership with `chown`\n"
        ),
    );
    assert!(!trace.exists(), "a plugin that others may write was run");
    fs::set_permissions(&plugin, Permissions::from_mode(0o600)).unwrap();
    assert_found(
        &scene,
        &[],
        1,
        &format!(
            "fail     {begin}plugin `{NAME}`: `{path}` is not executable\n         wanted: an executable file\n         hint: \
             `{path}` must be an executable regular file, not a link\n"
        ),
    );
    fs::remove_file(&plugin).unwrap();
    let program = env!("CARGO_BIN_EXE_countersign");
    write_program(
        &plugin,
        &format!("#!/bin/bash\nexec -a notation-{NAME} {program} \"$@\"\n"),
    );
    let ran = doctor(&scene, &[]);
    let found = not_passed(&scene, &ran);
    let first = format!("warn     {begin}another build of this program, version `");
    assert!(found.starts_with(&first), "{found}");
    let end = "         wanted: a copy of this program\n         hint: replace it with `countersign setup --force --signing-profile ARN`\n";
    assert!(found.ends_with(end), "{found}");
    fs::remove_file(&plugin).unwrap();
    fs::copy(program, &plugin).unwrap();
    assert_found(&scene, &[], 0, "");
}

#[test]
fn an_endpoint_that_is_not_awss_signs_under_a_root_that_is_not_trusted() {
    let scene = Scene::new();
    let ran = scene.run(&["setup", "--signing-profile", &scene.profile.arn]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    scene.sign(&scene.image);
    let ran = scene.run(&["doctor", &scene.image]);
    let wanted = "it answers in place of AWS Signer, and the trust stores have AWS's roots alone";
    assert!(ran.stdout.contains(wanted), "{ran:#?}");
    assert!(
        ran.stdout.contains("--trust-anchor FILE --force"),
        "{ran:#?}"
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn where_nothing_asks_aws_its_time_is_not_missed() {
    let scene = Scene::new();
    let sandbox = crate::support::sandbox::Sandbox::new();
    let policy = r#"{ "version": "1.0", "trustPolicies": [ {
        "name": "images", "registryScopes": [ "*" ], "signatureVerification": { "level": "strict" },
        "trustStores": [ "ca:acme" ], "trustedIdentities": [ "x509.subject: C=US, ST=WA, O=Example" ]
    } ] }"#;
    sandbox.write_config("trustpolicy.oci.json", policy);
    let root = scene.emulator.root_certificate_pem();
    sandbox.write_config("truststore/x509/ca/acme/root.crt", root);
    let ran = sandbox.run(&["doctor", "--verify-only"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout
            .contains("warn     clock: AWS gave no time to compare with"),
        "{ran:#?}"
    );
    // Who signs may need it.
    let ran = sandbox.run(&["doctor"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(
        ran.stdout
            .contains("unknown  clock: AWS gave no time to compare with"),
        "{ran:#?}"
    );
}
