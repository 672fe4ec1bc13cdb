//! What is not a request gets the contract's error, exit status 1, and nothing on stdout; in bounded
//! memory, and without a word to AWS.

use std::process::Command;

use serde_json::json;

use super::*;

const COMMANDS: [&str; 5] = [
    "get-plugin-metadata",
    "describe-key",
    "generate-signature",
    "generate-envelope",
    "verify-signature",
];

#[test]
fn what_is_not_json_is_refused_by_every_command() {
    for command in COMMANDS {
        for stdin in ["", "\n", "x", "{", "{}{}", "\u{0}", "{\"a\":}"] {
            run(&[command], stdin.as_bytes(), &[])
                .assert_error("VALIDATION_ERROR", "input is not a valid JSON");
        }
        run(&[command], b"{\"contractVersion\":\"\xff\"}", &[])
            .assert_error("VALIDATION_ERROR", "input is not a valid JSON");
        for stdin in ["[]", "null", "\"x\"", "1", "[\"1.0\",\"key\"]"] {
            run(&[command], stdin.as_bytes(), &[])
                .assert_error("VALIDATION_ERROR", "expected an object");
        }
    }
}

#[test]
fn another_contract_version_is_refused_by_every_command() {
    for command in COMMANDS {
        for version in ["1.1", "2.0", "1", "v1.0"] {
            let request = json!({ "contractVersion": version });
            run(&[command], request.to_string().as_bytes(), &[]).assert_error(
                "UNSUPPORTED_CONTRACT_VERSION",
                &format!("contract version `{version}` is not supported, wanted `1.0`"),
            );
        }
        run(&[command], br#"{"contractVersion":1.0}"#, &[])
            .assert_error("VALIDATION_ERROR", "`contractVersion`: invalid type");
    }
}

#[test]
fn the_command_line_is_one_command() {
    for (arguments, message) in [
        (&[][..], "no command was given"),
        (&["sign"], "`sign` is not a command of the plugin contract"),
        (&["--help"], "`--help` is not a command"),
        (&["Describe-Key"], "`Describe-Key` is not a command"),
        (&[""], "`` is not a command"),
        (&["describe-key", "--x"], "unexpected argument `--x`"),
        (&["get-plugin-metadata", ""], "unexpected argument ``"),
    ] {
        run(arguments, b"{}", &[]).assert_error("VALIDATION_ERROR", message);
    }
}

/// The plugin with an address space of 256 MiB, which its own code and one whole message fit into.
fn run_in_little_memory(command: &str, stdin: &[u8]) -> Reply {
    let mut limited = Command::new("/bin/sh");
    limited
        .args(["-c", "ulimit -v 262144 && exec \"$0\" \"$1\""])
        .arg(&INSTALLED.1)
        .arg(command);
    run_command(limited, stdin, &[])
}

#[test]
#[cfg(target_os = "linux")]
fn sixty_five_mebibytes_are_refused_in_bounded_memory() {
    let limit = 64 * 1024 * 1024;
    let too_long = vec![b' '; limit + 1024 * 1024];
    for command in COMMANDS {
        run_in_little_memory(command, &too_long)
            .assert_error("VALIDATION_ERROR", "input has 67108864 bytes or more");
    }

    // One byte under the limit is read; at the limit no more.
    let mut request = b"{}".to_vec();
    request.resize(limit - 1, b' ');
    run_in_little_memory("get-plugin-metadata", &request).answer("get-plugin-metadata.response");
    request.push(b' ');
    run_in_little_memory("get-plugin-metadata", &request)
        .assert_error("VALIDATION_ERROR", "input has 67108864 bytes or more");
}

#[test]
#[cfg(target_os = "linux")]
fn many_small_values_are_refused_in_bounded_memory() {
    let mut request = br#"{"contractVersion":"1.0","signature":{"criticalAttributes":{"extendedAttributes":{"a":["#.to_vec();
    request.extend_from_slice("[],".repeat(20 * 1024 * 1024).as_bytes());
    run_in_little_memory("verify-signature", &request)
        .assert_error("VALIDATION_ERROR", "input has more than 100000 values");
    // Deep instead of wide.
    let mut request = br#"{"contractVersion":"1.0","signature":{"criticalAttributes":{"contentType":"a","signingScheme":"b","extendedAttributes":{"a":"#.to_vec();
    request.extend_from_slice("[".repeat(90_000).as_bytes());
    request.extend_from_slice("]".repeat(90_000).as_bytes());
    request.extend_from_slice(
        br#"}},"certificateChain":[]},"trustPolicy":{"signatureVerification":[]}}"#,
    );
    run_in_little_memory("verify-signature", &request)
        .assert_error("VALIDATION_ERROR", "recursion limit exceeded");
}

#[test]
fn a_closed_stdout_is_a_failure() {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "exec \"$0\" get-plugin-metadata >/dev/full"])
        .arg(&INSTALLED.1);
    if Path::new("/dev/full").exists() {
        run_command(shell, b"{}", &[]).assert_error("ERROR", "could not be written to stdout");
    }
}

#[test]
fn a_bad_proxy_setting_is_named_and_not_ignored() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    fixture
        .run_with(
            "generate-envelope",
            &envelope_request(&profile),
            &[("HTTPS_PROXY", "ftp://x")],
        )
        .assert_error("ERROR", "the proxy in `HTTPS_PROXY` cannot be used");
    assert_eq!(fixture.operations(), Vec::<String>::new());
}
