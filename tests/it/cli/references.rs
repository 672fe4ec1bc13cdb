//! Texts that are not references: the hint names the mistake. The real binary.

use crate::support::sandbox::Sandbox;

const DIGEST: &str = "sha256:7cb40419573ccedc366bbcaccfa89ee25fefe8bbfe670f59174d9d258691a1f0";

#[test]
fn the_hint_names_what_was_written_instead_of_a_reference() {
    let sandbox = Sandbox::new();
    let image = format!("localhost:1/app@{DIGEST}");
    let (with_line_break, with_scheme) = (format!("{image}\n"), format!("docker://{image}"));
    let profile = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
    let sign = ["sign", "--signing-profile", profile];
    for (arguments, hint) in [
        (
            vec![image.as_str(), "-m", "a=b", "stage=scan"],
            "hint: `stage=scan` looks like user metadata and not like a reference; each pair needs \
             `--user-metadata` of its own",
        ),
        (
            vec![DIGEST],
            "hint: a digest alone names no repository; write `REGISTRY/REPOSITORY@sha256:...`",
        ),
        (
            vec![""],
            "hint: the reference is empty; a variable may not be set",
        ),
        (
            vec![with_line_break.as_str()],
            "hint: there is a line break at the end of the reference; remove it",
        ),
        (vec![with_scheme.as_str()], "hint: leave out `docker://`"),
        (
            vec!["oci:layout:v1"],
            "hint: leave out `oci:`; for a directory in the OCI image layout, give `--oci-layout` too",
        ),
        (
            vec!["--oci-layout", "oci:layout:v1"],
            "hint: leave out `oci:`",
        ),
        (
            vec!["--oci-layout", ""],
            "hint: the reference is empty; a variable may not be set",
        ),
        (
            vec!["127.1/app:v1"],
            "hint: write an IPv4 address as four decimal numbers, such as `192.0.2.10`",
        ),
        (vec!["[::0:1]/app:v1"], "hint: write the address as `[::1]`"),
        (
            vec!["registry.example./app:v1"],
            "hint: leave out the dot at the end of the host name",
        ),
    ] {
        let ran = sandbox.run(&[&sign[..], &arguments].concat());
        assert_ne!(ran.code, 0, "{ran:#?}");
        assert_eq!(ran.stdout, "", "{ran:#?}");
        ran.assert_says(hint);
    }
}
