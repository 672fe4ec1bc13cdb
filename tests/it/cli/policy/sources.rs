//! `--policy` and `--trust-store`: what is judged by another policy than Notation's, and what must be pinned.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use countersign::oci::sha256_digest;

use super::policy;
use crate::support::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::waiting;

/// A scene whose policy and trust stores are in `etc` below its home, and not in Notation's configuration.
struct Moved {
    scene: Scene,
    etc: PathBuf,
}

impl Moved {
    fn new() -> Self {
        let scene = Scene::new();
        scene.sign(&scene.image);
        scene.write_policy("strict");
        let etc = scene.sandbox.home().join("etc");
        fs::rename(scene.sandbox.config(), &etc).unwrap();
        Self { scene, etc }
    }

    fn verify(&self, flags: &[&str]) -> Ran {
        self.scene
            .run(&[&["verify"], flags, &[&self.scene.image]].concat())
            .plain()
    }

    #[track_caller]
    fn assert_verified(&self, flags: &[&str]) {
        let ran = self.verify(flags);
        let wanted = format!("Successfully verified signature for {}\n", self.scene.image);
        assert_eq!((ran.code, ran.stdout), (0, wanted), "{}", ran.stderr);
    }

    /// The digest of the policy's bytes, as `sha256sum` prints it.
    fn policy_sha256(&self) -> String {
        let bytes = fs::read(self.etc.join("trustpolicy.oci.json")).unwrap();
        sha256_digest(&bytes).digest().to_owned()
    }

    /// The digest of the stores' certificates, as `policy explain` shows it.
    fn store_sha256(&self) -> String {
        let files = [
            "--policy",
            "etc/trustpolicy.oci.json",
            "--trust-store",
            "etc/truststore",
        ];
        let arguments = [
            &["explain", "--output", "json"],
            &files[..],
            &[&self.scene.image],
        ]
        .concat();
        let ran = policy(&self.scene.sandbox, &arguments);
        let found = document::document(&ran, "policy-explanation.v1.schema.json");
        found["policy"]["trustStoreSha256"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

const POLICY: [&str; 2] = ["--policy", "etc/trustpolicy.oci.json"];
const STORES: [&str; 2] = ["--trust-store", "etc/truststore"];

/// Moves a file or directory to where the kubelet would have it, and puts its links in its place.
fn mount(path: &Path) {
    let (parent, name) = (path.parent().unwrap(), path.file_name().unwrap());
    let data = parent.join("..2026_11_29_02_00_00.123");
    fs::create_dir_all(&data).unwrap();
    fs::rename(path, data.join(name)).unwrap();
    let _ = fs::remove_file(parent.join("..data"));
    symlink(data.file_name().unwrap(), parent.join("..data")).unwrap();
    symlink(Path::new("..data").join(name), path).unwrap();
}

#[test]
fn a_named_policy_and_named_stores_judge_in_place_of_notations() {
    let moved = Moved::new();
    moved.verify(&[]).assert_refused(
        1,
        "Error: trust policy is not present. To create a trust policy, see: \
         https://notaryproject.dev/docs/quickstart/#create-a-trust-policy",
    );
    moved.assert_verified(&[POLICY, STORES].concat());
    // Neither follows from the other.
    assert_eq!(moved.verify(&POLICY).code, 1);
    assert_eq!(moved.verify(&STORES).code, 1);
    let flags = [&POLICY[..], &STORES, &["--output", "json"]].concat();
    let found = document::document(&moved.verify(&flags), "verdict.v1.schema.json");
    assert_eq!(
        found["results"][0]["policyFile"],
        "etc/trustpolicy.oci.json"
    );
    // Another profile than the one that signed: the named policy decides, whatever Notation's says.
    moved.scene.write_policy("strict");
    let file = moved.etc.join("other.json");
    let other = fs::read_to_string(moved.etc.join("trustpolicy.oci.json")).unwrap();
    fs::write(&file, other.replace("/release", "/other")).unwrap();
    let ran = moved.verify(&["--policy", "etc/other.json", STORES[0], STORES[1]]);
    assert_eq!(ran.code, 1, "{ran:#?}");
}

#[test]
fn no_variable_chooses_a_policy_or_a_store() {
    let moved = Moved::new();
    let mut scene = moved.scene;
    for name in [
        "POLICY",
        "TRUST_STORE",
        "POLICY_SHA256",
        "TRUST_STORE_SHA256",
    ] {
        for program in ["COUNTERSIGN", "NOTATION"] {
            scene = scene.with_variable(&format!("{program}_{name}"), "etc/trustpolicy.oci.json");
        }
    }
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!(ran.code, 1);
    ran.assert_says("Error: trust policy is not present.");
}

#[test]
fn standard_input_needs_the_digest_of_the_very_bytes() {
    let moved = Moved::new();
    let home = moved.scene.sandbox.home();
    moved
        .verify(&["--policy", "-"])
        .assert_refused(2, "Error: `--policy -` needs `--policy-sha256`");
    let bytes = fs::read(home.join(POLICY[1])).unwrap();
    let fed = |sha256: &str, bytes: &[u8]| {
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let mut command = moved.scene.sandbox.command(program);
        command.args(["verify", "--policy", "-", "--policy-sha256", sha256]);
        command.args(STORES).arg(&moved.scene.image);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        Ran::from(waiting::end(child, "a verification by a policy on stdin")).plain()
    };
    let sha256 = moved.policy_sha256();
    assert_eq!(fed(&sha256, &bytes).code, 0);
    assert_eq!(fed(&format!("sha256:{sha256}"), &bytes).code, 0);
    let mut other = bytes.clone();
    other.push(b'\n');
    let found = sha256_digest(&other);
    fed(&sha256, &other).assert_refused(
        1,
        &format!("Error: the trust policy `/dev/stdin` has the digest `{found}`; wanted: `sha256:{sha256}`"),
    );
    for wrong in ["", "abc", &sha256.to_uppercase()] {
        assert_eq!(fed(wrong, &bytes).code, 2, "{wrong}");
    }
}

#[test]
fn a_mounted_policy_counts_with_its_digest_alone() {
    let moved = Moved::new();
    let sha256 = moved.policy_sha256();
    mount(&moved.etc.join("trustpolicy.oci.json"));
    let flags = [POLICY, STORES].concat();
    let ran = moved.verify(&flags);
    ran.assert_refused(
        1,
        "Error: trust policy is not a regular file (symlinks are not supported). To create a trust policy, see: \
         https://notaryproject.dev/docs/quickstart/#create-a-trust-policy",
    );
    ran.assert_says("caused by: `etc/trustpolicy.oci.json` is a symbolic link\n");
    ran.assert_says("`--policy-sha256 DIGEST`");
    let pinned = [&flags[..], &["--policy-sha256", &sha256]].concat();
    moved.assert_verified(&pinned);
    // A link in the middle of the path is one, too.
    let ran = moved.verify(&[
        "--policy",
        "etc/..data/trustpolicy.oci.json",
        STORES[0],
        STORES[1],
    ]);
    assert_eq!(ran.code, 1);
    ran.assert_says("caused by: `etc/..data` is a symbolic link\n");
    // The kubelet turned the link to other bytes.
    let data = moved.etc.join("..data/trustpolicy.oci.json");
    let text = fs::read_to_string(&data).unwrap();
    fs::write(&data, text.replace("strict", "audit")).unwrap();
    let ran = moved.verify(&pinned);
    assert_eq!(ran.code, 1);
    ran.assert_says("has the digest `sha256:");
    ran.assert_says("hint: find out who changed the policy");
}

#[test]
fn the_policy_of_the_configuration_can_be_pinned_too() {
    let moved = Moved::new();
    fs::create_dir_all(moved.scene.sandbox.config().parent().unwrap()).unwrap();
    fs::rename(&moved.etc, moved.scene.sandbox.config()).unwrap();
    let file = moved.scene.sandbox.config().join("trustpolicy.oci.json");
    let sha256 = sha256_digest(&fs::read(&file).unwrap()).digest().to_owned();
    mount(&file);
    let ran = moved.verify(&[]);
    assert_eq!(ran.code, 1);
    ran.assert_says("or give the digest that its bytes must have: `--policy-sha256 DIGEST`");
    moved.assert_verified(&["--policy-sha256", &sha256]);
    assert_eq!(moved.verify(&["--policy-sha256", &"0".repeat(64)]).code, 1);
}

#[test]
fn mounted_stores_count_with_their_digest_alone() {
    for mounted in [
        // A ConfigMap of the tree, of a type's directory, and of one store's certificates.
        "truststore/x509",
        "truststore/x509/signingAuthority",
        "truststore/x509/signingAuthority/aws-signer-ts",
        "truststore/x509/signingAuthority/aws-signer-ts/root.crt",
        "truststore",
    ] {
        let moved = Moved::new();
        let sha256 = moved.store_sha256();
        mount(&moved.etc.join(mounted));
        let flags = [POLICY, STORES].concat();
        let ran = moved.verify(&flags);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (1, ""),
            "{mounted}: {ran:#?}"
        );
        assert!(
            ran.stderr.contains("`--trust-store-sha256 DIGEST`"),
            "{mounted}: {ran:#?}"
        );
        let pinned = |digest: &str| {
            let pin = ["--trust-store-sha256", digest];
            moved.verify(&[&flags[..], &pin].concat())
        };
        let ran = pinned(&sha256);
        assert_eq!(ran.code, 0, "{mounted}: {ran:#?}");
        let ran = pinned(&"0".repeat(64));
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (1, ""),
            "{mounted}: {ran:#?}"
        );
        let wanted = format!(
            "Error: the certificates of the trust stores below `etc/truststore` have the digest `sha256:{sha256}`; \
             wanted: `sha256:{}`\n",
            "0".repeat(64)
        );
        assert!(ran.stderr.starts_with(&wanted), "{mounted}: {ran:#?}");
    }
}

#[test]
fn a_certificate_more_in_a_pinned_store_is_another_store() {
    let moved = Moved::new();
    let sha256 = moved.store_sha256();
    let flags = [&POLICY[..], &STORES, &["--trust-store-sha256", &sha256]].concat();
    moved.assert_verified(&flags);
    let store = moved
        .etc
        .join("truststore/x509/signingAuthority/aws-signer-ts");
    // The same certificate in another file is the same store.
    fs::copy(store.join("root.crt"), store.join("again.crt")).unwrap();
    moved.assert_verified(&flags);
    let aws = countersign::trust_store::built_in_file("aws").unwrap().1;
    fs::write(store.join("again.crt"), aws).unwrap();
    assert_eq!(moved.verify(&flags).code, 1);
}

#[test]
fn a_misspelt_member_is_told_with_the_near_name_where_the_policy_is_refused() {
    let moved = Moved::new();
    let good = fs::read_to_string(moved.etc.join("trustpolicy.oci.json")).unwrap();
    for (name, misspelt) in [
        ("signatureVerification", "signatureVerificaton"),
        ("trustPolicies", "trustPolices"),
        ("registryScopes", "registryScope"),
        ("trustStores", "trustStore"),
        ("trustedIdentities", "trustedIdentites"),
        ("level", "levle"),
        ("version", "versoin"),
    ] {
        let text = good.replace(&format!("\"{name}\""), &format!("\"{misspelt}\""));
        assert_ne!(text, good);
        fs::write(moved.etc.join("trustpolicy.oci.json"), text).unwrap();
        let ran = moved.verify(&[POLICY, STORES].concat());
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (1, ""),
            "{misspelt}: {ran:#?}"
        );
        let cause = format!("the unknown member `{misspelt}` is ignored; near: `{name}`\n");
        assert!(ran.stderr.contains(&cause), "{ran:#?}");
        let hint = format!("hint: did you mean `{name}`?\n");
        assert!(ran.stderr.ends_with(&hint), "{ran:#?}");
    }
}

#[test]
fn files_and_what_is_fetched_are_judged_by_the_named_policy_too() {
    let moved = Moved::new();
    let scene = &moved.scene;
    let flags = [POLICY, STORES].concat();
    let fetch = [
        &["revocation", "fetch", "--out", "facts"],
        &flags[..],
        &[&scene.image],
    ]
    .concat();
    let ran = scene.run(&fetch);
    assert_eq!(ran.code, 0, "{ran:#?}");
    // Offline, AWS Signer's answer counts only where the policy says so.
    let file = moved.etc.join("trustpolicy.oci.json");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace(
        r#""level": "strict""#,
        r#""level": "strict", "unsignedRevocationStatements": ["aws-signer"]"#,
    );
    fs::write(&file, text).unwrap();
    let ran = moved.verify(&[&flags[..], &["--offline", "facts"]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");

    write_blob(&moved);
    let ran = scene.run(&[
        "blob",
        "verify",
        "--policy",
        "etc/blob.json",
        STORES[0],
        STORES[1],
        "f",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = scene.run(&["blob", "verify", "f"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    for both in [POLICY, STORES] {
        let arn = &scene.profile.arn;
        let ran = scene.run(&[
            "verify",
            "--signing-profile",
            arn,
            both[0],
            both[1],
            &scene.image,
        ]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
    }
}

/// Writes a file with its signature, and a policy for it.
fn write_blob(moved: &Moved) {
    let scene = &moved.scene;
    fs::write(scene.sandbox.home().join("f"), "hello\n").unwrap();
    let arn = &scene.profile.arn;
    let ran = scene.run(&["blob", "sign", "--signing-profile", arn, "f"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let oci = fs::read_to_string(moved.etc.join("trustpolicy.oci.json")).unwrap();
    let scopes = format!(r#""registryScopes": [ "{}" ]"#, scene.repository);
    fs::write(
        moved.etc.join("blob.json"),
        oci.replace(&scopes, r#""globalPolicy": true"#),
    )
    .unwrap();
}
