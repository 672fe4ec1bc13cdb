//! `sign`, `verify`, `list`, `inspect`, `blob`, `revocation`.

use super::transcript::Transcript;

#[test]
fn an_image_is_signed_and_verified() {
    let mut transcript = Transcript::new();
    transcript
        .scene
        .emulator
        .create_signing_profile("second")
        .unwrap();
    transcript
        .scene
        .emulator
        .push_test_image("other", "v1")
        .unwrap();
    transcript.run(&[
        "no signature yet: verify --signing-profile PROFILE TRUSTING IMAGE",
        "no signature to list: list IMAGE",
        "a signature: sign --signing-profile PROFILE IMAGE",
        "the signature is there: sign --if-missing --signing-profile PROFILE TRUSTING IMAGE",
        "no such profile: sign --signing-profile PROFILEs IMAGE",
        "no key: sign IMAGE",
        "verified: verify --signing-profile PROFILE TRUSTING IMAGE",
        "verified, with what was found: verify -v --signing-profile PROFILE TRUSTING IMAGE",
        "a tag: verify --signing-profile PROFILE TRUSTING REPOSITORY:v1",
        "another profile: verify --signing-profile arn:aws:signer:us-east-1:111122223333:/signing-profiles/second TRUSTING IMAGE",
        "no policy: verify IMAGE",
        "no such tag: verify --signing-profile PROFILE TRUSTING REPOSITORY:v9",
        "nobody listens: verify --signing-profile PROFILE TRUSTING localhost:1/app:v1",
        "the signatures: list IMAGE",
        "what a signature says: inspect IMAGE",
        "no such tag to list: list REPOSITORY:v9",
        "nobody listens to a list: list localhost:1/app:v1",
        "no such tag to inspect: inspect REPOSITORY:v9",
        "facts are stored: revocation fetch --out facts --signing-profile PROFILE TRUSTING IMAGE",
        "without a network: verify --offline facts --signing-profile PROFILE TRUSTING IMAGE",
        "nothing to store: revocation fetch --out nothing --signing-profile PROFILE TRUSTING REPOSITORY:v9",
        "facts of nothing: verify --offline none --signing-profile PROFILE TRUSTING IMAGE",
        "no gate policy: gate check --gate-policy gate.json IMAGE",
    ]);
    transcript.assert_snapshot("signing");
}

#[test]
fn a_file_is_signed_and_verified() {
    let mut transcript = Transcript::new();
    let home = transcript.scene.sandbox.home();
    let other = r#"{ "version": "1.0", "trustPolicies": [ { "name": "other", "signatureVerification": { "level": "skip" } } ] }"#;
    std::fs::write(home.join("app.txt"), "hello\n").unwrap();
    std::fs::write(home.join("other.json"), other).unwrap();
    transcript.run(&[
        "no signature yet: blob verify --signing-profile PROFILE TRUSTING app.txt",
        "a signature: blob sign --signing-profile PROFILE app.txt",
        "a signature is there already: blob sign --signing-profile PROFILE app.txt",
        "verified: blob verify --signing-profile PROFILE TRUSTING app.txt",
        "what a signature says: blob inspect app.txt.jws.sig",
        "not a signature: blob inspect app.txt",
        "no signature: blob inspect none.jws.sig",
        "no such file: blob sign --signing-profile PROFILE none.txt",
        "no policy: blob verify app.txt",
        "no policy to show: blob policy show",
        "a policy: blob policy init --name files --trust-store ca:acme --trusted-identity x509.subject:C=US,ST=WA,O=acme",
        "a policy is there already: blob policy init --name files --trust-store ca:acme --trusted-identity x509.subject:C=US,ST=WA,O=acme",
        "the policy: blob policy show",
        "imported: blob policy import --force other.json",
        "not imported: blob policy import --force app.txt",
        "no policy to import: blob policy import --force none.json",
    ]);
    transcript.assert_snapshot("files");
}
