//! The runtime API of AWS Lambda, as far as a custom runtime needs it, and the real binary behind it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::measure::high_water_mark;
use super::waiting;

/// What a function posted.
#[derive(Debug)]
pub(crate) enum Posted {
    Answer(Value),
    Error(Value),
}

/// What is handed out next.
struct Handed {
    body: String,
    /// How long the invocation has.
    time: Duration,
}

/// A package with the program in it, started as Lambda starts it.
pub(crate) struct Function {
    child: Option<Child>,
    events: Sender<Handed>,
    posted: Receiver<Posted>,
    lines: Receiver<String>,
    started: Instant,
    /// When each connection to the runtime API came.
    asked: Receiver<Instant>,
    _package: Arc<tempfile::TempDir>,
}

/// The directory of a package, with the program as `bootstrap`.
pub(crate) struct Package(Arc<tempfile::TempDir>);

impl Package {
    /// On the file system of the program, which is linked and not copied.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        // What is measured is not the tests' own program.
        let measured = std::env::var_os("HOOK_PROGRAM").map(PathBuf::from);
        let program = measured.unwrap_or_else(|| env!("CARGO_BIN_EXE_countersign").into());
        std::fs::hard_link(program, directory.path().join("bootstrap")).unwrap();
        Self(Arc::new(directory))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.path().join(name), content).unwrap();
    }

    /// Starts the function with these variables and no others; `HOME` is not among them.
    pub(crate) fn start(&self, variables: &[(String, String)]) -> Function {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (events, handed) = mpsc::channel();
        let (tell, posted) = mpsc::channel();
        let (note, asked) = mpsc::channel();
        serve(listener, handed, tell, note);
        let mut command = Command::new(self.0.path().join("bootstrap"));
        command.env_clear().envs(of_lambda(address));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.current_dir("/").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().unwrap();
        let (told, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = told.send(line);
            }
        });
        Function {
            child: Some(child),
            events,
            posted,
            lines,
            started,
            asked,
            _package: Arc::clone(&self.0),
        }
    }
}

fn of_lambda(address: SocketAddr) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("AWS_LAMBDA_RUNTIME_API", address.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", "gate".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ])
}

impl Function {
    /// How long after its start the process first asked for an event.
    pub(crate) fn asked_after(&self) -> Duration {
        waiting::received(&self.asked, "the function's first request") - self.started
    }

    /// Reads the log away, which would fill its pipe where the function is asked often.
    pub(crate) fn discard_log(&mut self) {
        let mut log = self.child.as_mut().unwrap().stderr.take().unwrap();
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    }

    /// The most memory that the process has had, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        high_water_mark(self.child.as_ref().unwrap()).unwrap()
    }

    /// Hands out an event, with a minute of time; what was posted about it.
    pub(crate) fn invoke(&self, event: &Value) -> Posted {
        self.invoke_text(&event.to_string(), Duration::from_mins(1))
    }

    pub(crate) fn invoke_within(&self, event: &Value, time: Duration) -> Posted {
        self.invoke_text(&event.to_string(), time)
    }

    pub(crate) fn invoke_text(&self, event: &str, time: Duration) -> Posted {
        self.hand_out(event, time);
        waiting::received(&self.posted, "the function's answer")
    }

    /// Hands out an event, and waits for nothing.
    pub(crate) fn hand_out(&self, event: &str, time: Duration) {
        let body = event.to_owned();
        self.events.send(Handed { body, time }).unwrap();
    }

    /// The answer to an event.
    #[track_caller]
    pub(crate) fn answer(&self, event: &Value) -> Value {
        match self.invoke(event) {
            Posted::Answer(answer) => answer,
            Posted::Error(error) => panic!("an error was posted: {error}"),
        }
    }

    /// The next line on stdout, which is JSON.
    #[track_caller]
    pub(crate) fn line(&self) -> Value {
        let line = waiting::received(&self.lines, "a line of the function");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// What the last invocation wrote: the verdict and the metrics.
    #[track_caller]
    pub(crate) fn verdict(&self) -> (Value, Value) {
        (self.line(), self.line())
    }

    /// Whether the process ended of itself; its exit code and its log.
    pub(crate) fn ended(mut self) -> Output {
        waiting::end(self.child.take().unwrap(), "the function")
    }

    /// Ends the process, and gives its log.
    pub(crate) fn end(mut self) -> String {
        let mut child = self.child.take().unwrap();
        let process = child.id();
        child.kill().unwrap();
        let output = waiting::end(child, "the function");
        clean(process);
        String::from_utf8(output.stderr).unwrap()
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let process = child.id();
            let _ = child.kill();
            waiting::end(child, "the function");
            clean(process);
        }
    }
}

/// Removes what a function that was killed could not remove: in Lambda, nothing ends a process otherwise.
fn clean(process: u32) {
    for entry in std::fs::read_dir("/tmp").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&format!("countersign-{process}-")) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn serve(
    listener: TcpListener,
    handed: Receiver<Handed>,
    posted: Sender<Posted>,
    asked: Sender<Instant>,
) {
    let handed = Arc::new(Mutex::new(handed));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = asked.send(Instant::now());
            let (handed, posted) = (Arc::clone(&handed), posted.clone());
            thread::spawn(move || connection(&stream, &handed, &posted));
        }
    });
}

fn connection(
    stream: &TcpStream,
    handed: &Mutex<Receiver<Handed>>,
    posted: &Sender<Posted>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut start = String::new();
        reader
            .read_line(&mut start)
            .ok()
            .filter(|length| *length > 0)?;
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let path = start.split(' ').nth(1)?;
        let answer = if path.ends_with("/invocation/next") {
            let handed = handed.lock().ok()?.recv_timeout(waiting::LIMIT).ok()?;
            let deadline = SystemTime::now() + handed.time;
            let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                 lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
                 lambda-runtime-deadline-ms: {}\r\n\
                 lambda-runtime-invoked-function-arn: arn:aws:lambda:us-west-2:123456789012:function:gate\r\n\
                 lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n\
                 content-length: {}\r\n\r\n{}",
                deadline.as_millis(),
                handed.body.len(),
                handed.body
            )
        } else {
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let told = match path.rsplit('/').next() {
                Some("response") => Posted::Answer(body),
                _ => Posted::Error(body),
            };
            let _ = posted.send(told);
            "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"status\":\"OK\"}".to_owned()
        };
        writer.write_all(answer.as_bytes()).ok()?;
    }
}
