//! Installed Notation plugins: there, executable, which version, and whether this program's copy is this program.

use super::examination::Examination;
use super::finding::{Check, Finding, Status};
use crate::environment::Environment;
use crate::extended_validation::PLUGIN_NAME;
use crate::files;
use crate::limits::MAX_PROGRAM_BYTES;
use crate::plugin_contract::PluginConfig;
use crate::plugin_host::{Error, Plugin, PluginHost, notation_in};
use crate::signer::aws_kms;

const URL: &str = env!("CARGO_PKG_REPOSITORY");

/// What was found of AWS Signer's plugin and of `aws-kms`; of neither where notation is not here.
pub(super) async fn check(examination: &Examination, runs_plugins: bool) -> Vec<Finding> {
    let environment = &examination.environment;
    let plugins = match environment.plugins() {
        Ok(plugins) => plugins,
        Err(error) => {
            let wanted = "a directory of plugins";
            let finding = Finding::of_error(Check::Plugin, Status::Warn, &error, wanted);
            return vec![finding.advising(Some(error.hint()))];
        }
    };
    let host = PluginHost::new(plugins.clone()).with_variables(environment.child_variables());
    let mut findings = Vec::new();
    for name in [PLUGIN_NAME, aws_kms::PLUGIN_NAME] {
        let finding = match host.find(name) {
            Ok(plugin) => of_plugin(examination, &plugin, runs_plugins).await,
            Err(Error::NotInstalled { .. }) if name != PLUGIN_NAME => continue,
            Err(Error::NotInstalled { .. }) => not_installed(environment),
            Err(error) => {
                let wanted = "an executable file";
                Finding::of_error(Check::Plugin, Status::Fail, &error, wanted)
                    .advising(error.hint())
            }
        };
        findings.push(finding.about(name));
    }
    findings
}

fn not_installed(environment: &Environment) -> Finding {
    let path = environment.variable("PATH");
    let plugins = environment.plugins().ok();
    match notation_in(plugins.as_deref(), path.as_deref()) {
        Some(place) => {
            let found = format!(
                "it is not installed, and notation is here: `{}`",
                place.display()
            );
            Finding::warn(
                Check::Plugin,
                found,
                "the plugin, without which notation cannot verify AWS Signer's signatures",
            )
            .advising(Some(
                "install it with `countersign setup --signing-profile ARN`".to_owned(),
            ))
        }
        None => Finding::pass(
            Check::Plugin,
            "it is not installed, and notation is not here",
        ),
    }
}

async fn of_plugin(examination: &Examination, plugin: &Plugin, runs_plugins: bool) -> Finding {
    let wanted = "a plugin that only this user can change";
    if let Some(exposure) = files::exposure(plugin.path()) {
        let found = format!("others may write it, so it was not asked for its version: {exposure}");
        return Finding::fail(Check::Plugin, found, wanted).advising(Some(
            "take the permission away with `chmod go-w`, or the ownership with `chown`, and install it again".to_owned(),
        ));
    }
    let is_this = is_copy(examination, plugin);
    if is_this == Some(true) {
        return Finding::pass(
            Check::Plugin,
            format!(
                "a copy of this program, version {}",
                env!("CARGO_PKG_VERSION")
            ),
        );
    }
    if !runs_plugins {
        return Finding::pass(Check::Plugin, "it is installed");
    }
    match plugin.metadata(&PluginConfig::new()).await {
        Ok(metadata) if metadata.url == URL => {
            let found = format!(
                "another build of this program, version `{}`",
                metadata.version
            );
            Finding::warn(Check::Plugin, found, "a copy of this program").advising(Some(
                "replace it with `countersign setup --force --signing-profile ARN`".to_owned(),
            ))
        }
        Ok(metadata) => Finding::pass(
            Check::Plugin,
            format!("version `{}` of `{}`", metadata.version, metadata.url),
        ),
        Err(error) => {
            let wanted = "a plugin that answers";
            Finding::of_error(Check::Plugin, Status::Fail, &error, wanted).advising(error.hint())
        }
    }
}

/// Whether the plugin is this program, byte for byte; nothing where this program cannot be read.
fn is_copy(examination: &Examination, plugin: &Plugin) -> Option<bool> {
    let program = examination.program.as_deref()?;
    let ours = files::read_following_links(program, MAX_PROGRAM_BYTES).ok()?;
    let theirs = files::read(plugin.path(), MAX_PROGRAM_BYTES).ok()?;
    Some(ours == theirs)
}
