//! `profile` and `signature`.

use super::transcript::Transcript;

#[test]
fn profiles_are_managed() {
    let mut transcript = Transcript::new();
    transcript.run(&[
        "the profiles: profile list",
        "what would be made: profile create --dry-run nightly",
        "made: profile create --yes nightly",
        "the name is taken: profile create --yes nightly",
        "not a name: profile create --yes night-ly",
        "no confirmation: profile create weekly",
        "shown: profile show nightly",
        "not there: profile show nihgtly",
        "granted: profile grant --principal 444455556666 --yes nightly",
        "granted to nobody: profile grant --principal somebody --yes nightly",
        "an unknown statement: profile revoke-grant --yes nightly none",
        "what would be canceled: profile cancel --dry-run nightly",
        "canceled: profile cancel --yes nightly",
        "canceled already: profile cancel --yes nightly",
        "no reason: profile revoke --yes nightly",
        "not a time: profile revoke --reason leaked --effective-time yesterday --yes nightly",
        "revoked in the future: profile revoke --reason leaked --effective-time 2999-01-01T00:00:00Z --yes nightly",
        "of another region: profile show --plugin-config aws-region=eu-west-1 PROFILE",
    ]);
    transcript.assert_snapshot("profiles");
}

#[test]
fn signatures_are_managed() {
    let mut transcript = Transcript::new();
    transcript.run(&[
        "not a job: signature show PROFILE",
        "an image: signature show IMAGE",
        "no such job: signature show 00000000-0000-4000-8000-000000000000",
        "no reason: signature revoke 00000000-0000-4000-8000-000000000000",
        "no such job to revoke: signature revoke --reason leaked --yes 00000000-0000-4000-8000-000000000000",
    ]);
    transcript.assert_snapshot("signatures");
}
