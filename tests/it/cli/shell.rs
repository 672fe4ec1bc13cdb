//! What belongs to the program itself: its version, completion scripts, manual pages, help by every way.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::sandbox::{Ran, Sandbox};

fn notation(sandbox: &Sandbox) -> PathBuf {
    let program = sandbox.home().join("notation");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_countersign"), &program).unwrap();
    program
}

#[test]
fn the_version_is_said_in_notations_lines() {
    let ran = Sandbox::new().run(&["version"]);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "Countersign - a tool to sign and verify artifacts."
    );
    assert_eq!(lines[2], format!("Version:     v{version}"));
    assert!(lines[3].starts_with("OS/Arch:     "), "{ran:#?}");
}

#[test]
fn every_shell_gets_a_script_for_the_name_that_was_called() {
    let sandbox = Sandbox::new();
    let notation = notation(&sandbox);
    for (shell, begins) in [
        ("bash", "_notation() {"),
        ("zsh", "#compdef notation"),
        ("fish", "# Print an optspec"),
        (
            "powershell",
            "\nusing namespace System.Management.Automation",
        ),
    ] {
        let whole = sandbox.run_as(&notation, &["completion", shell]);
        assert_eq!((whole.code, whole.stderr.as_str()), (0, ""), "{shell}");
        assert!(whole.stdout.starts_with(begins), "{}", &whole.stdout[..200]);
        for word in ["generate-test", "insecure-registry", "gate"] {
            assert!(whole.stdout.contains(word), "{shell}: {word}");
        }
        let bare = sandbox.run_as(&notation, &["completion", shell, "--no-descriptions"]);
        assert!(bare.stdout.contains("insecure-registry"), "{shell}");
        assert!(!bare.stdout.contains("plain HTTP"), "{shell}");
        let own = sandbox.run(&["completion", shell]);
        assert!(own.stdout.contains("countersign"), "{shell}");
    }
}

#[test]
fn the_script_for_bash_completes_commands_and_flags() {
    let sandbox = Sandbox::new();
    let script = sandbox.home().join("script");
    std::fs::write(&script, sandbox.run(&["completion", "bash"]).stdout).unwrap();
    let complete = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let code = format!(
            "source {}; COMP_WORDS=({}); COMP_CWORD={}; _countersign countersign '{}' ''; echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            words.join(" "),
            words.len() - 1,
            words.last().unwrap()
        );
        let mut bash = Command::new("bash");
        Ran::of(bash.args(["-c", &code]).stdin(Stdio::null())).stdout
    };
    assert_eq!(complete("countersign ver"), "verify version\n");
    assert_eq!(complete("countersign cert gen"), "generate-test\n");
    assert_eq!(
        complete("countersign sign --force"),
        "--force-referrers-tag\n"
    );
}

#[test]
fn scripts_of_notation_are_answered_by_its_name() {
    let sandbox = Sandbox::new();
    let notation = notation(&sandbox);
    for (typed, wanted, directive) in [
        (
            &["__completeNoDesc", "ke"][..],
            "key\n:4\n",
            "ShellCompDirectiveNoFileComp",
        ),
        (
            &["__complete", "key", "upd"],
            "update\tMake a key the default\n:4\n",
            "ShellCompDirectiveNoFileComp",
        ),
        (
            &["__complete", "blob", "sign", ""],
            ":0\n",
            "ShellCompDirectiveDefault",
        ),
    ] {
        let ran = sandbox.run_as(&notation, typed);
        let said = format!("Completion ended with directive: {directive}\n");
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr),
            (0, wanted, said),
            "{typed:?}"
        );
    }
    let own = sandbox.run(&["__complete", ""]);
    own.assert_refused(2, "Error: unrecognized subcommand '__complete'");
}

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["man", "--out", "man/man1"]);
    let mut helps = Vec::new();
    sandbox.helps(&[], &mut helps);
    let wanted: BTreeSet<String> = helps
        .iter()
        .map(|(command, _)| format!("countersign {command}").trim().replace(' ', "-") + ".1")
        .collect();
    let said = format!("Wrote {} manual pages to man/man1\n", wanted.len());
    assert_eq!((ran.stdout, ran.stderr.as_str()), (said, ""));
    let folder = sandbox.home().join("man/man1");
    let files = std::fs::read_dir(&folder).unwrap();
    let found: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, wanted);
    let page = std::fs::read_to_string(folder.join("countersign-blob-sign.1")).unwrap();
    for part in [
        ".TH countersign-blob-sign 1",
        "\\-\\-signature\\-directory",
        "Examples:",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let own = sandbox.run(&["man"]).stdout;
    assert_eq!(
        own,
        std::fs::read_to_string(folder.join("countersign.1")).unwrap()
    );
}

#[test]
fn help_is_the_same_by_every_way_and_by_the_name_that_was_called() {
    let sandbox = Sandbox::new();
    let notation = notation(&sandbox);
    for program in [PathBuf::from(env!("CARGO_BIN_EXE_countersign")), notation] {
        let name = program.file_name().unwrap().to_str().unwrap().to_owned();
        let by_flag = sandbox.run_as(&program, &["cert", "add", "--help"]);
        assert_eq!(by_flag.code, 0, "{by_flag:#?}");
        assert!(by_flag.stdout.contains(&format!("Usage: {name} cert add ")));
        assert!(by_flag.stdout.contains(&format!("\n  {name} cert add ")));
        for words in [&["help", "cert", "add"][..], &["certificate", "add", "-h"]] {
            let other = sandbox.run_as(&program, words);
            assert_eq!(other, by_flag, "{words:?}");
        }
    }
}

#[test]
fn groups_without_a_command_show_their_help_by_notations_name() {
    let sandbox = Sandbox::new();
    let notation = notation(&sandbox);
    for words in [&[][..], &["key"], &["blob", "policy"]] {
        let help = sandbox.run_as(&notation, &[words, &["--help"]].concat());
        assert_eq!(sandbox.run_as(&notation, words), help, "{words:?}");
        let own = sandbox.run(words);
        assert_eq!((own.code, own.stdout.as_str()), (2, ""), "{words:?}");
    }
}

#[test]
fn what_is_experimental_in_notation_is_so_under_its_name_alone() {
    let sandbox = Sandbox::new().with("NOTATION_EXPERIMENTAL", "true");
    let notation = notation(&sandbox);
    crate::support::layout::make(&sandbox.home().join("layout"), &["v1"]);
    let words = ["list", "--oci-layout=true", "layout:v1"];
    sandbox.run_as(&notation, &words).assert_refused(
        1,
        "Error: flag(s) --oci-layout in \"notation list\" is experimental and not enabled by default. To use, please \
         set NOTATION_EXPERIMENTAL=1 environment variable",
    );
    let own = sandbox.run(&words);
    assert_eq!(own.code, 0, "{own:#?}");
    assert!(!own.stderr.contains("experimental"), "{own:#?}");
    let sandbox = sandbox.with("NOTATION_EXPERIMENTAL", "1");
    let ran = sandbox.run_as(&notation, &words);
    assert_eq!((ran.code, &ran.stdout), (0, &own.stdout));
    ran.assert_says("Warning: This feature is experimental and may not be fully tested");
}
