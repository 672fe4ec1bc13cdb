//! Mistakes on the command line are reported before any request is sent.

use super::key;
use crate::support::scene::Scene;

#[test]
fn wrong_flags_are_said_before_anybody_is_asked() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    scene.emulator.clear_calls();
    let profile = scene.profile.arn.clone();
    let kms = ["--kms-key", &arn, "--certificate-chain", "ec-256.crt"];
    let plugin = ["--plugin", "aws-kms", "--id", &arn];
    let setting = |setting| [&plugin[..], &["--plugin-config", setting]].concat();
    for (arguments, first_line) in [
        (
            vec!["--kms-key", &arn],
            "Error: the following required arguments were not provided:",
        ),
        (
            vec!["--certificate-chain", "ec-256.crt"],
            "Error: the following required arguments were not provided:",
        ),
        (
            vec!["--kms-key", "", "--certificate-chain", "ec-256.crt"],
            "Error: a value is required for '--kms-key <KEY>' but none was supplied",
        ),
        (
            vec!["--kms-key", &arn, "--certificate-chain", ""],
            "Error: a value is required for '--certificate-chain <FILE>' but none was supplied",
        ),
        (
            [&kms[..], &["--signing-profile", &profile]].concat(),
            "Error: the argument '--kms-key <KEY>' cannot be used with '--signing-profile <ARN>'",
        ),
        (
            [&kms[..], &["--key", "release"]].concat(),
            "Error: the argument '--kms-key <KEY>' cannot be used with '--key <NAME>'",
        ),
        (
            [&kms[..], &plugin].concat(),
            "Error: the argument '--kms-key <KEY>' cannot be used with:",
        ),
        (
            [&kms[..], &["--plugin-config", "certificate_chain=x"]].concat(),
            "Error: `--certificate-chain` and `--plugin-config certificate_chain=...` say the \
             same; give one of them",
        ),
        (
            vec!["--kms-key", "release key", "--certificate-chain", "x"],
            "Error: `release key` does not name a key of AWS KMS",
        ),
        (
            vec!["--kms-key", &profile, "--certificate-chain", "x"],
            &format!("Error: `{profile}` is an ARN of `signer`, not of AWS KMS (`kms`)"),
        ),
        (
            plugin.to_vec(),
            "Error: setting `certificate_chain` is missing",
        ),
        (
            setting("certificate-chain=x"),
            "Error: setting `certificate-chain` is not known",
        ),
        (
            setting("aws-signer-endpoint-url=http://x"),
            "Error: setting `aws-signer-endpoint-url` is not known",
        ),
        (
            [&kms[..], &["--plugin-config", "aws-kms-endpoint-url=x"]].concat(),
            "Error: `x` is not the URL of an endpoint",
        ),
        (
            vec![
                "--signing-profile",
                &profile,
                "--plugin-config",
                "aws-kms-endpoint-url=http://x",
            ],
            "Error: setting `aws-kms-endpoint-url` is not known",
        ),
    ] {
        let ran = scene.run(&[&["sign"], &arguments[..], &[&scene.image]].concat());
        ran.assert_refused(2, first_line);
        assert_eq!(scene.operations(), [""; 0], "{arguments:?}");
    }
}
