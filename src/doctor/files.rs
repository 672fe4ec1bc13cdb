//! Files that other users may write, and the directory of kept answers.

use std::path::Path;

use super::examination::Examination;
use super::finding::{Check, Finding, Status};
use crate::exposure::Exposed;
use crate::files;
use crate::verify::Setup;

/// What was found of who may write, and of the cache.
pub(super) fn check(examination: &Examination, setup: Option<&Setup>) -> Vec<Finding> {
    let directories = examination.environment.notation_directories().ok();
    let lines = match setup {
        Some(setup) => {
            let policies = setup.policies();
            // Without a document, the command line stands for it.
            let is_document = policies.statements().iter().any(|one| one.file.is_some());
            Exposed::of_verification(
                is_document.then(|| policies.path()),
                policies,
                &setup.stores(),
                None,
                directories.as_ref(),
            )
        }
        None => Exposed::of_plugins(directories.as_ref()),
    };
    let wanted = "files that only this user and root can write";
    let mut findings: Vec<Finding> = lines
        .into_iter()
        .map(|line| {
            Finding::warn(Check::Files, line, wanted).advising(Some(
                "take the permission away with `chmod go-w`, or the ownership with `chown`"
                    .to_owned(),
            ))
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::pass(
            Check::Files,
            "no other user can write what decides",
        ));
    }
    findings.push(match examination.environment.cache() {
        Some(cache) => cached(&cache),
        None => Finding::pass(
            Check::Caches,
            "there is no place for a cache; every answer is asked for",
        ),
    });
    findings
}

fn cached(cache: &Path) -> Finding {
    let shown = cache.display().to_string();
    let wanted = "a directory that only this user can write";
    let finding = match files::check_private_directory(cache) {
        Ok(()) if !is_writable(cache) => Finding::warn(
            Check::Caches,
            "it cannot be written, so no answer is kept",
            "a directory that this user can write",
        )
        .advising(Some("name another one with `NOTATION_CACHE`".to_owned())),
        Ok(()) => Finding::pass(Check::Caches, "it is this user's alone"),
        Err(error) if error.is_not_found() => {
            Finding::pass(Check::Caches, "it is made when an answer is first kept")
        }
        Err(error @ files::Error::NotPrivate { .. }) => {
            Finding::of_error(Check::Caches, Status::Warn, &error, wanted).advising(Some(format!(
                "take the permission away with `chmod go-w {shown}`, or the ownership with `chown`"
            )))
        }
        Err(error) => {
            Finding::of_error(Check::Caches, Status::Warn, &error, wanted).advising(error.hint())
        }
    };
    finding.about(shown)
}

/// Whether this user may write there; nothing is written to find out.
#[cfg(unix)]
fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(_: &Path) -> bool {
    true
}
