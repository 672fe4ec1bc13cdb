//! The program, and what survives a restart.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Instant,
};

use countersign_emulator::{AccessKey, Emulator, Error};
use serde_json::{Value, json};

use crate::support::*;

/// Ends the program if a test fails half-way.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(data_dir: &Path) -> (Program, Vec<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign-emulator"))
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let program = Program(child);
    (program, lines_before_ready(stdout))
}

/// What the program writes before it says that it is ready, which it must say.
fn lines_before_ready(stdout: ChildStdout) -> Vec<String> {
    within("the line `ready`", || {
        let mut before = Vec::new();
        for line in BufReader::new(stdout).lines().map(Result::unwrap) {
            if line == "ready" {
                return before;
            }
            before.push(line);
        }
        panic!("it ended before it was ready: {before:?}");
    })
}

/// What the program writes to stderr where it cannot start.
fn refused(arguments: &[&str]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign-emulator"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut program = Program(child);
    assert_eq!(ended(&mut program.0).code(), Some(1));
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn what_is_in_use_is_said_with_the_flag_for_another_one() {
    let (used, free) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_program, _) = run(used.path());
    let address = client(used.path()).address.to_string();
    let free = free.path().to_str().unwrap();
    let said = refused(&["--listen", &address, "--data-dir", free]);
    assert!(
        said.starts_with(&format!("Error: cannot listen on `{address}`\n")),
        "{said}"
    );
    assert!(
        said.contains("\nhint: give another address and port: `--listen 127.0.0.1:PORT`"),
        "{said}"
    );
    let used = used.path().to_str().unwrap();
    let said = refused(&["--listen", "127.0.0.1:0", "--data-dir", used]);
    assert!(
        said.starts_with("Error: another emulator has the data directory"),
        "{said}"
    );
    assert!(
        said.contains("give another directory with `--data-dir`"),
        "{said}"
    );
}

/// Ends the program by its id: the shell's own `kill`, since the program may be missing.
fn terminate(program: &mut Program) -> Option<i32> {
    let id = program.0.id().to_string();
    let mut shell = Command::new("/bin/sh");
    let mut killing = shell
        .args(["-c", "kill -TERM \"$0\"", &id])
        .spawn()
        .unwrap();
    assert!(ended(&mut killing).success());
    ended(&mut program.0).code()
}

/// The status of a program that ends.
fn ended(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(start.elapsed() < LIMIT, "waited {LIMIT:?} for an end");
        std::thread::yield_now();
    }
}

/// The client that the program's `env` file describes.
fn client(data_dir: &Path) -> Client {
    let env = fs::read_to_string(data_dir.join("env")).unwrap();
    let value = |name: &str| {
        let prefix = format!("export {name}='");
        env.lines()
            .find_map(|line| line.strip_prefix(&prefix)?.strip_suffix('\''))
            .unwrap()
            .to_owned()
    };
    assert_eq!(value("AWS_REGION"), value("AWS_DEFAULT_REGION"));
    let address = value("AWS_ENDPOINT_URL")
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    Client {
        address: address.parse().unwrap(),
        key: value("AWS_ACCESS_KEY_ID"),
        secret: value("AWS_SECRET_ACCESS_KEY"),
        token: None,
        region: value("AWS_REGION"),
        service: "signer",
        host: address,
        time: std::time::SystemTime::now(),
    }
}

/// What the documents say after `cargo run -p countersign-emulator -- `, with an address and a directory of this test's.
#[test]
fn the_documents_commands_start_it() {
    for document in ["README.md", "../docs/emulator.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let text = fs::read_to_string(path).unwrap();
        let commands: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("cargo run -p countersign-emulator -- "))
            .collect();
        assert!(!commands.is_empty(), "{document}");
        for command in commands {
            let dir = tempfile::tempdir().unwrap();
            let mut arguments: Vec<&str> = command.split(' ').collect();
            for (flag, value) in [
                ("--listen", "127.0.0.1:0"),
                ("--data-dir", dir.path().to_str().unwrap()),
            ] {
                let at = arguments.iter().position(|word| *word == flag).unwrap();
                arguments[at + 1] = value;
            }
            let child = Command::new(env!("CARGO_BIN_EXE_countersign-emulator"))
                .args(&arguments)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut program = Program(child);
            let lines = lines_before_ready(program.0.stdout.take().unwrap());
            assert_ne!(lines, [""; 0], "{document}: {command}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn it_says_where_its_files_are_and_takes_its_state_up_again() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let (mut program, lines) = run(&data_dir);
    assert_eq!(
        lines,
        [data_dir.join("env"), data_dir.join("root.crt")].map(|path| path.display().to_string())
    );
    for secret in [
        "env",
        "authority.json",
        "access-key.json",
        "tls.json",
        "signer.json",
    ] {
        let mode = fs::metadata(data_dir.join(secret))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let root = fs::read(data_dir.join("root.crt")).unwrap();

    let first = client(&data_dir);
    let profile = first.put_profile("web").await;
    let job = first.sign_payload("web").await;
    let path = format!("/signing-jobs/{}/revoke", job["jobId"].as_str().unwrap());
    first
        .send("PUT", &path, &json!({ "reason": "leaked" }))
        .await
        .ok();

    assert_eq!(terminate(&mut program), Some(0));

    let (_program, _) = run(&data_dir);
    let second = client(&data_dir);
    assert_eq!(second.key, first.key);
    assert_eq!(fs::read(data_dir.join("root.crt")).unwrap(), root);
    assert_eq!(
        second.get("/signing-profiles/web").await.ok()["profileVersion"],
        profile["profileVersion"]
    );
    let envelope = Envelope::of(&job);
    let revoked = second.get(&revocation_query(&envelope)).await.ok();
    assert_eq!(
        revoked["revokedEntities"],
        json!([envelope.attribute("com.amazonaws.signer.signingJob")])
    );
    // The leaf too: signatures of before and after have one chain.
    assert_eq!(
        Envelope::of(&second.sign_payload("web").await).chain,
        envelope.chain
    );
    second
        .send(
            "PUT",
            "/signing-profiles/web",
            &json!({ "platformId": NOTATION }),
        )
        .await
        .assert_validation("Profile with name web already exists");
}

#[test]
fn it_listens_on_loopback_alone_unless_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign-emulator"))
        .args(["--listen", "0.0.0.0:0", "--data-dir"])
        .arg(dir.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(ended(&mut child).code(), Some(1));
    let mut error = String::new();
    child.stderr.unwrap().read_to_string(&mut error).unwrap();
    assert!(
        error.starts_with("Error: `0.0.0.0:0` is not a loopback address; --allow-remote "),
        "{error}"
    );
}

#[test]
fn a_taken_address_a_taken_directory_and_a_broken_file() {
    let emulator = start();
    let error = Emulator::builder()
        .listen(emulator.address())
        .start_blocking()
        .unwrap_err();
    assert!(
        matches!(&error, Error::Listen { address, .. } if *address == emulator.address()),
        "{error:?}"
    );

    let dir = tempfile::tempdir().unwrap();
    let first = Emulator::builder()
        .data_dir(dir.path())
        .start_blocking()
        .unwrap();
    let error = Emulator::builder()
        .data_dir(dir.path())
        .start_blocking()
        .unwrap_err();
    assert!(
        matches!(&error, Error::InUse { path } if path == dir.path()),
        "{error:?}"
    );
    drop(first);
    fs::write(dir.path().join("signer.json"), "{").unwrap();
    let error = Emulator::builder()
        .data_dir(dir.path())
        .start_blocking()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is not a state file of this emulator",
            dir.path().join("signer.json").display()
        )
    );
}

#[tokio::test]
async fn it_ends_when_dropped() {
    let emulator = start();
    let address = emulator.address();
    drop(emulator);
    let error = connect(address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn secrets_are_not_printed() {
    let emulator = Emulator::builder()
        .access_key(AccessKey::new("111122223333", "ci", "AKIACI", "the secret"))
        .container_token("the token")
        .start_blocking()
        .unwrap();
    let text = format!("{emulator:?}");
    for secret in ["the secret", "the token", "PRIVATE KEY"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(Value::from(emulator.secret_access_key()), "the secret");
}
