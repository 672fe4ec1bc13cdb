//! Large signed packages are verified in little memory.

use super::*;

/// Verifies `zip` in a sandbox of its own.
fn measured(authority: &Authority, zip: Vec<u8>, more: &[&str]) -> measure::Measured {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    std::fs::write(home.join("app.zip"), &zip).unwrap();
    drop(zip);
    let root = authority.emulator.package_root_certificate_pem();
    std::fs::write(home.join("root.crt"), root).unwrap();
    let fixed = [
        "lambda",
        "verify",
        "--trust-anchor",
        "root.crt",
        "--signing-profile",
        PROFILE,
    ];
    let mut command = sandbox.command(&crate::hostile::program());
    command.args(fixed).args(more).arg("app.zip");
    measure::run(command)
}

#[test]
fn a_package_of_250_mb_is_verified_in_64_mib() {
    let authority = Authority::new();
    // Content that does not shrink, in a few large files and many small ones, one of them compressed.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut block = Vec::new();
    while block.len() < 64 * 1024 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block.extend(state.to_le_bytes());
    }
    let mut members = vec![Member::new("compressed", &block.repeat(16))];
    let count = 16_000;
    members
        .extend((0..count).map(|index| Member::stored(&format!("many/small-file-{index}"), b"x")));
    let used = block.len() * 16 + count;
    let room = 250 * 1024 * 1024 - used - 3_000_000;
    for index in 0..5 {
        let mut content = block.repeat(room / 5 / block.len());
        content[0] = index;
        members.push(Member::stored(&format!("large-{index}"), &content));
    }
    let zip = authority
        .emulator
        .sign_package(&Zip::of(members).bytes(), &signing())
        .unwrap();
    assert!(zip.len() > 247 * 1024 * 1024, "{}", zip.len());
    let measured = measured(&authority, zip, &["--against", "app.zip"]);
    // Without credentials revocation is not known; everything else is.
    assert_eq!(measured.ran.code, 3, "{measured:#?}");
    measured.ran.assert_says("integrity: passed");
    measured
        .ran
        .assert_says("entries: the same as in the other package");
    assert!(measured.peak_kib <= max_peak_kib(), "{measured:#?}");
    assert!(measured.elapsed <= MAX_TIME * 2, "{measured:#?}");
}

#[test]
fn a_directory_of_every_name_fits_in_the_same_memory() {
    let authority = Authority::new();
    let members =
        (0..65_000).map(|index| Member::stored(&format!("{:0>70}/{index:0>7}", index % 50), b""));
    let zip = authority
        .emulator
        .sign_package(&Zip::of(members.collect()).bytes(), &signing())
        .unwrap();
    let measured = measured(&authority, zip, &[]);
    assert_eq!(measured.ran.code, 3, "{measured:#?}");
    measured.ran.assert_says("integrity: passed");
    assert!(measured.peak_kib <= max_peak_kib(), "{measured:#?}");
    assert!(measured.elapsed <= MAX_TIME, "{measured:#?}");
}
