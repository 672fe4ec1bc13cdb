//! `countersign plugin install`: a plugin from a file, a URL, or this program.

use std::path::Path;

use url::Url;

use super::super::args::parse_timeout;
use super::super::context;
use super::super::interrupts::Interrupts;
use super::super::output::{CommandOutput, Exit, one_line};
use super::report;
use crate::environment::Environment;
use crate::http;
use crate::install::OWN_PLUGINS;
use crate::plugin_store::{self, Done, Error, Source};
use crate::report::{Called, plugin_sentence};

/// Flags of `plugin install`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign plugin install --file notation-example.tar.gz\n  \
    countersign plugin install --url https://example.com/notation-example.zip --sha256sum DIGEST\n  \
    countersign plugin install --self\n  \
    countersign plugin install --self aws-kms\n\n\
    An archive (zip or tar.gz) must have exactly one executable file called `notation-NAME`; a plugin may be such a file \
    itself. The plugin is run once, with `get-plugin-metadata`, before it takes its place.")]
#[expect(clippy::struct_excessive_bools, reason = "these are flags")]
pub(in crate::cli) struct Args {
    /// Install from a file: an archive, or the plugin's executable
    #[arg(long)]
    file: bool,
    /// Install from an HTTPS URL; needs `--sha256sum`
    #[arg(long)]
    url: bool,
    /// Install a copy of this program as AWS Signer's plugin, or as the one that SOURCE names: `aws-kms`
    #[arg(long = "self", conflicts_with_all = ["file", "url", "sha256sum"])]
    own: bool,
    /// SHA-256 checksum that the file must have: 64 hexadecimal digits
    #[arg(long, visible_alias = "sha256", value_name = "DIGEST")]
    sha256sum: Option<String>,
    /// Replace a plugin of the same or a higher version, or of one that cannot be compared
    #[arg(long)]
    force: bool,
    /// Time for the whole command, for example 30s or 10m [default: 10m for the download, 1m for the plugin's answer]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
    /// File, URL, or name of a plugin that this program is
    #[arg(value_name = "SOURCE")]
    source: Vec<String>,
}

/// Where the plugin comes from.
enum From<'a> {
    File(&'a Path),
    Url(&'a str),
    /// This program, under a plugin's name.
    This(&'static str),
}

pub(super) async fn run(
    args: &Args,
    called: Called,
    environment: &Environment,
    plugins: &Path,
    emit: &mut dyn FnMut(CommandOutput),
) {
    let timeout = parse_timeout(args.timeout.as_deref());
    let (from, timeout) = match (chosen(args, called), timeout) {
        (Ok(from), Ok(timeout)) => (from, timeout),
        (Err(report), _) | (_, Err(report)) => return emit(report),
    };
    // Without signals the first interrupt ends the process, and leaves a directory beside the plugins.
    let interrupted = async {
        match Interrupts::new() {
            Ok(mut interrupts) => interrupts.next().await,
            Err(_) => std::future::pending().await,
        }
    };
    let late = async {
        match timeout {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        biased;
        () = interrupted => Err("interrupted; nothing was installed"),
        () = late => Err("the time of `--timeout` is over; nothing was installed"),
        done = install(args, &from, environment, plugins, &mut *emit) => Ok(done),
    };
    emit(match ended {
        Ok(done) => done.unwrap_or_else(|report| report),
        Err(why) => {
            let sentence = format!("plugin installation failed: {why}");
            CommandOutput::failed(Exit::Inconclusive, &sentence)
        }
    });
}

/// What the command line says, in notation's words where it says nothing or too much.
fn chosen(args: &Args, called: Called) -> Result<From<'_>, CommandOutput> {
    let usage = |sentence: String| CommandOutput::usage(&sentence, None);
    if args.own {
        return own(&args.source).map(From::This);
    }
    let source = match args.source.as_slice() {
        [source] => source,
        [] if args.file => return Err(usage("missing plugin file path".to_owned())),
        [] if args.url => return Err(usage("missing plugin URL".to_owned())),
        [] => return Err(usage("missing plugin source location".to_owned())),
        several => {
            return Err(usage(format!(
                "can only install one plugin at a time, but got [{}]",
                several.join(" ")
            )));
        }
    };
    if args.sha256sum.as_deref() == Some("") {
        return Err(CommandOutput::usage(
            if args.url {
                WITHOUT_CHECKSUM
            } else {
                "the value of `--sha256sum` is empty"
            },
            Some("an empty checksum compares nothing: give the one that the plugin's publisher gives".to_owned()),
        ));
    }
    match (args.file, args.url) {
        (true, true) => Err(usage(
            "if any flags in the group [file url] are set none of the others can be; [file url] were all set"
                .to_owned(),
        )),
        (false, true) => Ok(From::Url(source)),
        (false, false) if called.is_notation() => Err(CommandOutput::usage(
            "at least one of the flags in the group [file url] is required",
            Some("write `--file` before a path, `--url` before a URL".to_owned()),
        )),
        (false, false) if source.contains("://") => Ok(From::Url(source)),
        (_, false) => Ok(From::File(Path::new(source))),
    }
}

const WITHOUT_CHECKSUM: &str =
    "installing from URL requires non-empty SHA256 checksum of the plugin source";

/// The plugin that a copy of this program is to be.
fn own(source: &[String]) -> Result<&'static str, CommandOutput> {
    let known = OWN_PLUGINS.join("` and `");
    let named = match source {
        [] => OWN_PLUGINS.first(),
        [name] => OWN_PLUGINS.iter().find(|known| *known == name),
        _ => None,
    };
    named.copied().ok_or_else(|| {
        CommandOutput::usage(
            &format!(
                "this program does not implement plugin `{}`",
                one_line(&source.join(" "))
            ),
            Some(format!(
                "the plugins that it is are `{known}`; give one of them at a time"
            )),
        )
    })
}

async fn install(
    args: &Args,
    from: &From<'_>,
    environment: &Environment,
    plugins: &Path,
    emit: &mut dyn FnMut(CommandOutput),
) -> Result<CommandOutput, CommandOutput> {
    let source = match from {
        From::File(path) => Source::of_file(path, plugins).map_err(|error| failed(&error))?,
        From::Url(text) => download(args, text, environment, plugins, emit).await?,
        From::This(name) => {
            let program = std::env::current_exe()
                .map_err(|error| CommandOutput::failed(Exit::Inconclusive, &error.to_string()))?;
            let source = Source::of_file(&program, plugins).map_err(|error| failed(&error))?;
            let done = source.install_as(name, args.force).await;
            return done.map(|done| said(&done)).map_err(|error| failed(&error));
        }
    };
    if let Some(wanted) = &args.sha256sum {
        source.check(wanted).map_err(|error| failed(&error))?;
    }
    let done = source.install(args.force).await;
    done.map(|done| said(&done)).map_err(|error| failed(&error))
}

async fn download(
    args: &Args,
    text: &str,
    environment: &Environment,
    plugins: &Path,
    emit: &mut dyn FnMut(CommandOutput),
) -> Result<Source, CommandOutput> {
    if args.sha256sum.is_none() {
        return Err(CommandOutput::usage(
            WITHOUT_CHECKSUM,
            Some(
                "add `--sha256sum DIGEST`, with the checksum that the plugin's publisher gives"
                    .to_owned(),
            ),
        ));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => return Err(not_https("")),
        Err(error) => {
            return Err(CommandOutput::usage(
                &plugin_sentence::of_url(text, error),
                Some("write the URL as `https://HOST/PATH`".to_owned()),
            ));
        }
    };
    if url.scheme() != "https" {
        return Err(not_https(url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CommandOutput::usage(
            "the URL has a user name or a password in it",
            Some("download the file by another program, and install it with `--file`".to_owned()),
        ));
    }
    let shown = http::redact(&url);
    let line = |stdout: String| CommandOutput {
        stdout,
        ..CommandOutput::done()
    };
    emit(line(format!("Downloading plugin from {shown}\n")));
    let connections = environment
        .connections()
        .map_err(|error| context::unusable(&error))?;
    let source = plugin_store::download(&connections.pool, &url, plugins).await;
    let source = source.map_err(|error| {
        let sentence = plugin_sentence::of_download(&shown, &error);
        CommandOutput::error(Exit::Inconclusive, &sentence, &error, error.hint())
    })?;
    emit(line("Download completed\n".to_owned()));
    Ok(source)
}

fn not_https(scheme: &str) -> CommandOutput {
    CommandOutput::usage(
        &format!("failed to download plugin from URL: only the HTTPS scheme is supported, but got {scheme}"),
        Some("write the URL as `https://HOST/PATH`; a file on this machine is installed with `--file`".to_owned()),
    )
}

fn failed(error: &Error) -> CommandOutput {
    let exit = match error {
        Error::Source { .. } => Exit::Usage,
        _ => Exit::Rejected,
    };
    report(exit, &plugin_sentence::of_install(error), error)
}

fn said(done: &Done) -> CommandOutput {
    let (name, version) = (&done.name, one_line(&done.version));
    let stdout = match &done.replaced {
        None => format!("Successfully installed plugin {name}, version {version}\n"),
        Some(old) => format!(
            "Successfully updated plugin {name} from version {} to {version}\n",
            one_line(old)
        ),
    };
    CommandOutput {
        stdout,
        ..CommandOutput::done()
    }
}
