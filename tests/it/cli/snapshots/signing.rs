//! `sign`, `verify`, `list`, `inspect`, `blob`, `revocation`, `gate`.

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
        "facts are stored: revocation fetch --out facts --signing-profile PROFILE TRUSTING IMAGE",
        "without a network: verify --offline facts --signing-profile PROFILE TRUSTING IMAGE",
        "facts of nothing: verify --offline none --signing-profile PROFILE TRUSTING IMAGE",
        "no gate policy: gate check --gate-policy gate.json IMAGE",
    ]);
    transcript.assert_snapshot("signing");
}

#[test]
fn a_file_is_signed_and_verified() {
    let mut transcript = Transcript::new();
    let home = transcript.scene.sandbox.home();
    std::fs::write(home.join("app.txt"), "hello\n").unwrap();
    transcript.run(&[
        "no signature yet: blob verify --signing-profile PROFILE TRUSTING app.txt",
        "a signature: blob sign --signing-profile PROFILE app.txt",
        "a signature is there already: blob sign --signing-profile PROFILE app.txt",
        "verified: blob verify --signing-profile PROFILE TRUSTING app.txt",
        "no such file: blob sign --signing-profile PROFILE none.txt",
        "no policy: blob verify app.txt",
        "no policy to show: blob policy show",
        "a policy: blob policy init --name files --trust-store ca:acme --trusted-identity x509.subject:C=US,ST=WA,O=acme",
        "a policy is there already: blob policy init --name files --trust-store ca:acme --trusted-identity x509.subject:C=US,ST=WA,O=acme",
    ]);
    transcript.assert_snapshot("files");
}
