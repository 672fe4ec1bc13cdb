//! `doctor`: each of its faults alone stands, in exact words, in `cli/doctor/`.

use super::transcript::Transcript;

#[test]
fn a_machine_without_anything_is_looked_at() {
    let mut transcript = Transcript::new();
    transcript.run(&[
        "an image without a registry: doctor app:v1",
        "no region: doctor --signing-profile release",
        "a word too many: doctor --signing-profile PROFILE --image IMAGE",
    ]);
    transcript.assert_snapshot("doctor");
}

#[test]
fn a_machine_that_is_set_up_is_looked_at() {
    let mut transcript = Transcript::new();
    transcript.run(&[
        "set up: setup --signing-profile PROFILE TRUSTING",
        "all is well: doctor IMAGE",
        "no such repository: doctor REPOSITORYs:v1",
    ]);
    for name in ["trustpolicy.oci.json", "trustpolicy.json"] {
        std::fs::remove_file(transcript.scene.sandbox.config().join(name)).unwrap();
    }
    transcript.run(&["no policy: doctor IMAGE"]);
    transcript.assert_snapshot("doctor-set-up");
}
