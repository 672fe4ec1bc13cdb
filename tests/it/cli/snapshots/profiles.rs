//! `profile` and `signature`.

use countersign_emulator::{Fault, FaultKind};

use super::transcript::Transcript;
use crate::cli::management;

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
        "no longer granted: profile revoke-grant --yes nightly 444455556666-SignPayload",
        "what would be canceled: profile cancel --dry-run nightly",
        "canceled: profile cancel --yes nightly",
        "canceled already: profile cancel --yes nightly",
        "no reason: profile revoke --yes nightly",
        "not a time: profile revoke --reason leaked --effective-time yesterday --yes nightly",
        "revoked in the future: profile revoke --reason leaked --effective-time 2999-01-01T00:00:00Z --yes nightly",
        "not there to cancel: profile cancel --yes nihgtly",
        "what would be revoked: profile revoke --reason leaked --effective-time 2026-01-01T00:00:00Z --dry-run release",
        "revoked: profile revoke --reason leaked --effective-time 2026-01-01T00:00:00Z --yes release",
        "of another region: profile show --plugin-config aws-region=eu-west-1 PROFILE",
    ]);
    let denied = Fault::new(FaultKind::AccessDenied).on("ListSigningProfiles");
    transcript.scene.emulator.faults().add(denied.times(1));
    transcript.run(&["the caller may not ask: profile list"]);
    transcript.assert_snapshot("profiles");
}

#[test]
fn signatures_are_managed() {
    let mut transcript = Transcript::new();
    transcript.scene.sign(&transcript.scene.image);
    let job = management::job(&transcript.scene);
    transcript.naming("JOB", &job);
    transcript.run(&[
        "who signed: signature show JOB",
        "what would be revoked: signature revoke --reason leaked --dry-run JOB",
        "revoked: signature revoke --reason leaked --yes JOB",
        "revoked already: signature revoke --reason leaked --yes JOB",
        "not a job: signature show PROFILE",
        "an image: signature show IMAGE",
        "no such job: signature show 00000000-0000-4000-8000-000000000000",
        "no reason: signature revoke 00000000-0000-4000-8000-000000000000",
        "no such job to revoke: signature revoke --reason leaked --yes 00000000-0000-4000-8000-000000000000",
    ]);
    transcript.assert_snapshot("signatures");
}
