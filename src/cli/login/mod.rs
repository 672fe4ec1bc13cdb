//! `countersign login`: shows a registry a user name and a password, and has a credential helper keep them.

mod ask;
mod words;

use std::io;

pub(super) use words::no_store;

use clap::builder::NonEmptyStringValueParser;

use super::args::parse_secret;
use super::context::{config_in_notation, environment, no_directory, unusable};
use super::output::{CommandOutput, Exit, one_line};
use crate::config::{Config, Error as ConfigError, NotationDirs};
use crate::environment::Environment;
use crate::reference::{RegistryName, RegistryNameError, Scheme};
use crate::registry::{Credential, Login, LoginStore, PlainHttp, Secret};
use ask::{Input, UserLogin};

/// Flags of `login`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign login --username USER --password-stdin registry.example\n  \
    countersign login registry.example\n\n\
    The password is kept by the credential helper that `config.json` of Notation or Docker names, or that the system has; \
    it is never written to a file. Amazon ECR needs no login: AWS issues a token for each command.")]
pub(super) struct Args {
    /// User name [default: `NOTATION_USERNAME`, else asked for]
    // An empty value is a variable that is not set.
    #[arg(short, long, value_parser = NonEmptyStringValueParser::new())]
    username: Option<String>,
    /// Password [default: `NOTATION_PASSWORD`, else asked for]; visible to other users of the machine when given here
    #[arg(short, long, value_parser = parse_secret)]
    password: Option<Secret>,
    /// Read the password from standard input, to its end; one line end there is left out
    #[arg(long)]
    password_stdin: bool,
    /// Reach the registry over plain HTTP; `localhost` always is
    #[arg(long)]
    insecure_registry: bool,
    /// Registry: HOST or HOST:PORT
    #[arg(value_name = "REGISTRY")]
    server: Option<String>,
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    log_in(args).await.unwrap_or_else(|report| report)
}

/// Where a command about logins works.
pub(super) struct Place {
    pub(super) environment: Environment,
    pub(super) name: RegistryName,
    pub(super) scheme: Scheme,
    pub(super) store: LoginStore,
}

impl Place {
    /// Finds the registry `server` and the store of logins, and that both can be used.
    pub(super) fn of(server: &str, insecure: bool) -> Result<Self, CommandOutput> {
        let environment = environment();
        let directories = environment
            .notation_directories()
            .map_err(|error| no_directory(&error))?;
        let store = environment
            .login_store()
            .map_err(|error| no_directory(&error))?;
        let config = config(&directories)?;
        let plain_http = if insecure {
            PlainHttp::All
        } else {
            PlainHttp::AlsoThese(config.insecure_registries)
        };
        store.check().map_err(|error| no_store(&error))?;
        let name = RegistryName::parse(server).map_err(|error| no_registry(server, &error))?;
        Ok(Self {
            scheme: plain_http.scheme(&name),
            environment: environment.with_plain_http(plain_http),
            name,
            store,
        })
    }
}

fn config(directories: &NotationDirs) -> Result<Config, CommandOutput> {
    Config::load(directories).map_err(|error: ConfigError| {
        let sentence = format!("failed to get credentials store: {error}");
        CommandOutput::error(Exit::Usage, &sentence, &error, error.hint())
            .in_notation(|| config_in_notation(directories, &error))
    })
}

fn no_registry(server: &str, error: &RegistryNameError) -> CommandOutput {
    let sentence = format!(
        "failed to get registry client: invalid reference: invalid registry \"{}\"",
        one_line(server)
    );
    let hint = if server.is_empty() {
        "name the registry: HOST or HOST:PORT; an empty value may be a variable that is not set"
            .to_owned()
    } else if server.contains('/') {
        "write HOST or HOST:PORT, without `https://` and without a path".to_owned()
    } else {
        error.hint()
    };
    CommandOutput::usage(&sentence, Some(hint))
}

/// The registry that was named.
pub(super) fn named(server: Option<&String>) -> Result<&str, CommandOutput> {
    let missing = || CommandOutput::usage("no hostname specified", None);
    server.map(String::as_str).ok_or_else(missing)
}

async fn log_in(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let named = named(args.server.as_ref())?;
    let mut input = Input::new(io::stdin());
    let from_stdin = if args.password_stdin {
        Some(input.whole()?)
    } else {
        None
    };
    let Place {
        environment,
        name,
        scheme,
        store,
    } = Place::of(named, args.insecure_registry)?;
    let set = |name: &str| environment.variable(name).filter(|value| !value.is_empty());
    let given = UserLogin {
        username: args.username.clone().or_else(|| set("NOTATION_USERNAME")),
        password: from_stdin
            .or_else(|| args.password.clone())
            .or_else(|| set("NOTATION_PASSWORD").map(Secret::new)),
    };
    let (username, password) = given.complete(&mut input)?;
    let credential = if username.is_empty() {
        Credential::identity_token(password.clone(), "`login`")
    } else {
        Credential::password(username.clone(), password.clone(), "`login`")
    };
    let server = name.server(scheme);
    let environment = environment.with_registry_credential(server.clone(), credential);
    let connections = environment
        .connections()
        .map_err(|error| unusable(&error))?;
    let url = format!("{}://{server}/v2/", scheme.as_str());
    let shown = one_line(named);
    if let Err(error) = connections.registry.ping(&name).await {
        return Err(words::not_validated(
            &shown,
            &url,
            username.is_empty(),
            &error,
        ));
    }
    let kept = store.save(&name, scheme, &username, &password).await;
    let kept = kept.map_err(|error| words::not_stored(&shown, &error))?;
    match kept {
        Login::Kept => Ok(done("")),
        Login::InTheClear => Ok(CommandOutput {
            stderr: words::in_the_clear(),
            ..done("Authenticated with existing credentials\n")
        }),
        Login::NotKept => Err(words::not_kept(&shown)),
    }
}

fn done(before: &str) -> CommandOutput {
    CommandOutput {
        stdout: format!("{before}Login Succeeded\n"),
        ..CommandOutput::done()
    }
}
