//! Waits that end: what a test waits for comes within [`LIMIT`], or the test fails and says what it waited for.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any limit of the program's own that a test meets, on a machine with much else to do.
pub(crate) const LIMIT: Duration = Duration::from_secs(150);

/// How long a program may take to end once it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// What `wait` gives, on a thread of its own, which is left behind if it takes too long.
#[track_caller]
pub(crate) fn within<T: Send + 'static>(
    what: &str,
    wait: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(wait()));
    received(&told, what)
}

/// The next message. A sender that is gone has failed.
#[track_caller]
pub(crate) fn received<T>(messages: &mpsc::Receiver<T>, what: &str) -> T {
    received_within(LIMIT, messages, what)
}

#[track_caller]
fn received_within<T>(limit: Duration, messages: &mpsc::Receiver<T>, what: &str) -> T {
    match messages.recv_timeout(limit) {
        Ok(message) => message,
        Err(RecvTimeoutError::Timeout) => panic!("waited {limit:?} for {what}"),
        Err(RecvTimeoutError::Disconnected) => panic!("{what} will not come: its sender is gone"),
    }
}

/// Waits until `is_so`, which is asked again and again.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "waited {LIMIT:?} for {what}");
        thread::yield_now();
    }
}

/// What `future` gives.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(LIMIT, future).await;
    waited.unwrap_or_else(|_| panic!("waited {LIMIT:?} for {what}"))
}

/// Runs `command` to its end and collects what it writes.
#[track_caller]
pub(crate) fn ended(command: &mut Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    end(command.spawn().unwrap(), &format!("{command:?}"))
}

/// Waits for the end of a program, which is killed if it takes too long; the failure says what it wrote.
#[track_caller]
pub(crate) fn end(child: Child, what: &str) -> Output {
    end_within(LIMIT, child, what)
}

#[track_caller]
fn end_within(limit: Duration, child: Child, what: &str) -> Output {
    let program = Pid::from_child(&child);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(child.wait_with_output()));
    if let Ok(output) = told.recv_timeout(limit) {
        return output.unwrap();
    }
    let _ = kill_process(program, Signal::KILL);
    // A program that it started may have its pipes still.
    let wrote = told.recv_timeout(GRACE);
    panic!("waited {limit:?} for the end of {what}; it wrote {wrote:?}");
}

/// The rest of a stream as text.
#[track_caller]
pub(crate) fn rest(what: &str, mut stream: impl Read + Send + 'static) -> String {
    within(what, move || {
        let mut bytes = Vec::new();
        // A terminal that no program has open any more is an error to read.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A connection whose reads and writes end.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, LIMIT).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

/// `localhost`, the name of registries that are spoken to in plain HTTP, where it resolves.
#[track_caller]
pub(crate) fn localhost() -> &'static str {
    static RESOLVES: OnceLock<bool> = OnceLock::new();
    let resolves = RESOLVES.get_or_init(|| {
        use std::net::ToSocketAddrs as _;
        ("localhost", 0).to_socket_addrs().is_ok()
    });
    assert!(
        resolves,
        "`localhost` does not resolve on this machine; the tests need `127.0.0.1 localhost` in /etc/hosts"
    );
    "localhost"
}

#[test]
#[should_panic(expected = "waited 1ms for a message")]
fn a_message_that_does_not_come_is_named() {
    let (_tell, told) = mpsc::channel::<()>();
    received_within(Duration::from_millis(1), &told, "a message");
}

#[test]
#[should_panic(expected = "a message will not come: its sender is gone")]
fn a_sender_that_is_gone_is_not_waited_for() {
    let (tell, told) = mpsc::channel::<()>();
    drop(tell);
    received(&told, "a message");
}

#[test]
fn a_program_that_does_not_end_is_killed_and_what_it_wrote_is_said() {
    let child = Command::new("/bin/sh")
        .args(["-c", "echo begun; exec sleep 1000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let program = child.id();
    let failed = std::panic::catch_unwind(|| {
        end_within(Duration::from_millis(200), child, "a test's program")
    });
    let message = failed.unwrap_err().downcast::<String>().unwrap();
    assert!(
        message.starts_with("waited 200ms for the end of a test's program; it wrote "),
        "{message}"
    );
    // Collected by the wait for its output.
    assert!(!std::path::Path::new(&format!("/proc/{program}")).exists());
}
