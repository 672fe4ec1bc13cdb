//! What belongs to the program itself: `version`, `completion`, `man`.

use super::transcript::Transcript;

#[test]
fn the_program_is_described() {
    let mut transcript = Transcript::new();
    let home = transcript.scene.sandbox.home();
    std::fs::write(home.join("words.txt"), "not a directory\n").unwrap();
    let version = transcript.scene.run(&["version"]).stdout;
    transcript.showing(version.lines().last().unwrap(), "OS/Arch:     SYSTEM");
    transcript.showing(env!("CARGO_PKG_VERSION"), "VERSION");
    transcript.run(&[
        "the version: version",
        "no room for the version: version > /dev/full",
        "for bash: completion bash | head",
        "no room for bash: completion bash > /dev/full",
        "for zsh: completion zsh | head",
        "no room for zsh: completion zsh > /dev/full",
        "for fish: completion fish | head",
        "no room for fish: completion fish > /dev/full",
        "for PowerShell: completion powershell | head",
        "no room for PowerShell: completion powershell > /dev/full",
        "an unknown shell: completion tcsh",
        "the manual page: man | head",
        "all manual pages: man --out man/man1",
        "not a directory: man --out words.txt",
    ]);
    transcript.assert_snapshot("shell");
}
