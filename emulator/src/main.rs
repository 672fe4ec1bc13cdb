//! The emulator as a program: starts it, writes the files a client needs, and waits to be ended.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use countersign_emulator::{Emulator, Error, RegistryOptions, Software};

/// AWS Signer, AWS KMS, Amazon ECR and AWS STS on loopback
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4570")]
    listen: SocketAddr,
    /// Directory for the files `env`, `root.crt`, `package-root.crt`, `tls-root.crt` and for what survives a restart
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Default region
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    region: String,
    /// Account of the access key, twelve digits (of a new data directory)
    #[arg(long, value_name = "ACCOUNT", default_value = "111122223333", value_parser = account)]
    account: String,
    /// Seconds to add to the clock that signs (negative: sign in the past)
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        allow_hyphen_values = true
    )]
    clock_offset: i64,
    /// Registry to play, with the faults that are known of it: gitlab, harbor-2.6 to harbor-2.13, artifactory, quay, nexus,
    /// acr, ecr
    #[arg(long, value_name = "NAME", default_value = "ecr")]
    play: Software,
    /// S3 server, http://HOST:PORT, whose objects AWS Signer and AWS Lambda read and write here [default: this emulator's]
    #[arg(long, value_name = "URL")]
    s3_endpoint: Option<String>,
    /// Listen on an address that is not loopback: every client that reaches it may inject faults and read the recorded
    /// calls
    #[arg(long)]
    allow_remote: bool,
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has twelve digits".to_owned())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a program's errors")]
fn report(error: &(dyn std::error::Error + 'static)) {
    eprintln!("Error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  caused by: {cause}");
        source = cause.source();
    }
    match error.downcast_ref::<Error>() {
        Some(Error::Listen { .. }) => eprintln!(
            "hint: give another address and port: `--listen 127.0.0.1:PORT`; port 0 is any that is free, and `env` names it"
        ),
        Some(Error::InUse { .. }) => eprintln!(
            "hint: use the emulator that runs, or give another directory with `--data-dir` and another port with `--listen`"
        ),
        _ => {}
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    if !arguments.listen.ip().is_loopback() && !arguments.allow_remote {
        return Err(format!(
            "`{}` is not a loopback address; --allow-remote listens on it anyway, and every client that \
             reaches it may inject faults and read the recorded calls",
            arguments.listen
        )
        .into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before `ready`, so that a signal right after it is not lost.
        let ended = ended()?;
        let mut builder = Emulator::builder();
        if let Some(url) = &arguments.s3_endpoint {
            builder = builder.s3_endpoint(url);
        }
        let emulator = builder
            .listen(arguments.listen)
            .region(&arguments.region)
            .account(&arguments.account)
            .data_dir(&arguments.data_dir)
            .clock_offset(time::Duration::seconds(arguments.clock_offset))
            .registry(RegistryOptions::playing(arguments.play))
            .start()
            .await?;
        announce(&emulator, &arguments.data_dir)?;
        ended.await;
        Ok(())
    })
}

/// Writes the files and says where they are.
fn announce(emulator: &Emulator, data_dir: &Path) -> Result<(), Error> {
    emulator.write_files(data_dir)?;
    let text = format!(
        "{}\n{}\nready\n",
        data_dir.join("env").display(),
        data_dir.join("root.crt").display()
    );
    // If stdout is closed, the emulator serves anyway.
    let mut stdout = io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    Ok(())
}

/// Resolves when the program is told to end.
#[cfg(unix)]
fn ended() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves when the program is told to end.
#[cfg(not(unix))]
fn ended() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
