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
