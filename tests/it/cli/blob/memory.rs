//! The size of a file costs time and no memory.

use std::fs::File;
use std::path::Path;

use super::{scene, write};
use crate::support::measure;

/// Memory of one run: 32 MiB for the program as it is released. One that is built for tests maps more of its own file.
const MAX_PEAK_KIB: u64 = if cfg!(debug_assertions) { 40 } else { 32 } * 1024;

const GIB: u64 = 1024 * 1024 * 1024;

#[test]
fn four_gibibytes_are_signed_and_verified_in_32_mebibytes() {
    let scene = scene("rsa-2048");
    // Nothing is on the disk: reading gives zeros.
    File::create(scene.sandbox.home().join("big"))
        .unwrap()
        .set_len(4 * GIB)
        .unwrap();
    write(&scene, "small", "");
    for (file, arguments) in [
        ("small", &["sign"][..]),
        ("big", &["sign"]),
        ("big", &["verify", "-s", "big.jws.sig"]),
    ] {
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let mut command = scene.sandbox.command(program);
        command.arg("blob").args(arguments).arg(file);
        let measured = measure::run(command);
        assert_eq!(measured.ran.code, 0, "{measured:#?}");
        assert!(measured.peak_kib <= MAX_PEAK_KIB, "{measured:#?}");
    }
}
