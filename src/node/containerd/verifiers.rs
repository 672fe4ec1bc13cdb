//! The directory of image verifiers: whether ours is in it, is run, and has the time that it counts on.

use std::path::Path;
use std::time::Duration;

use toml::Value;

use super::configuration::ContainerdConfig;
use crate::causes;
use crate::doctor::{Check, Finding};
use crate::duration;
use crate::files;
use crate::limits::{MAX_NODE_DIRECTORY_ENTRIES, VERIFIER_TIME_LIMIT};
use crate::node::image_verifier::{PROGRAM, is_program};

/// containerd's own settings.
const DIRECTORY: &str = "/opt/containerd/image-verifier/bin";
const DEFAULT_COUNT: i64 = 10;
const TIMEOUT: &str = "10s";

const SECTION: &str = "io.containerd.image-verifier.v1.bindir";

/// What was found of the directory, its files and the time limits. `time_limit` is that of our configuration.
pub(super) fn check(config: &ContainerdConfig, time_limit: Option<Duration>) -> Vec<Finding> {
    let setting = |name: &str| {
        let places = config.all(&["plugins", SECTION, name]);
        places.last().map(|place| place.value.clone())
    };
    let directory = setting("bin_dir");
    let directory = directory.as_ref().map_or(Some(DIRECTORY), Value::as_str);
    let max = setting("max_verifiers");
    let max = max.as_ref().map_or(Some(DEFAULT_COUNT), Value::as_integer);
    let timeout = setting("per_verifier_timeout");
    let timeout = timeout.as_ref().map_or(Some(TIMEOUT), Value::as_str);
    let mut findings = match (directory, max) {
        (Some(directory), Some(max)) => of_directory(Path::new(directory), max),
        (None, _) => vec![not_a("bin_dir", "a path")],
        (_, None) => vec![not_a("max_verifiers", "a number")],
    };
    findings.push(match timeout {
        Some(timeout) => of_timeout(timeout, time_limit),
        None => not_a("per_verifier_timeout", "a length of time"),
    });
    findings
}

fn not_a(name: &str, wanted: &str) -> Finding {
    Finding::unknown(Check::Containerd, "it cannot be understood", wanted).about(name)
}

fn of_directory(directory: &Path, max: i64) -> Vec<Finding> {
    let wanted = "this program, first in the directory of image verifiers";
    let link = format!(
        "`install -D -m 0755 \"$(command -v countersign)\" {}/00-{PROGRAM}`",
        directory.display()
    );
    let fail = |found: String, hint: String| {
        Finding::fail(Check::Containerd, found, wanted)
            .about("bin_dir")
            .advising(Some(hint))
    };
    let shown = directory.display();
    let mut entries = match files::read_directory(directory, MAX_NODE_DIRECTORY_ENTRIES) {
        Ok(entries) => entries,
        Err(error) if error.is_not_found() => {
            return vec![fail(
                format!("`{shown}` does not exist: every image is pulled"),
                link,
            )];
        }
        Err(error) => {
            let found = causes::in_one_line(&error);
            return vec![Finding::unknown(Check::Containerd, found, wanted).about("bin_dir")];
        }
    };
    // containerd runs them in the order of their names.
    entries.sort();
    if entries.is_empty() {
        return vec![fail(
            format!("`{shown}` is empty: every image is pulled"),
            link,
        )];
    }
    let Some(place) = entries.iter().position(|path| is_program(path)) else {
        return vec![fail(
            format!("`{shown}` has no `{PROGRAM}`: this program is not asked"),
            link,
        )];
    };
    let mut findings = vec![of_order(place, max)];
    for entry in &entries {
        findings.extend(of_entry(entry));
    }
    if let Some(exposure) = files::exposure_of_directory(directory) {
        findings.push(fail(
            format!("others may change the verifiers: {exposure}"),
            "take the permission away with `chmod go-w`, or the ownership with `chown`".to_owned(),
        ));
    }
    findings
}

/// Whether our place in the directory is one that is run.
fn of_order(place: usize, max: i64) -> Finding {
    let number = i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1);
    if max >= 0 && number > max {
        let found = format!(
            "this program is number {number}, and `max_verifiers` is {max}: it is skipped, and the image is pulled"
        );
        let wanted = "a number that `max_verifiers` allows";
        let hint = if max == 0 {
            "take `max_verifiers` away".to_owned()
        } else {
            format!("name it `00-{PROGRAM}`, or raise `max_verifiers`")
        };
        return Finding::fail(Check::Containerd, found, wanted)
            .about("max_verifiers")
            .advising(Some(hint));
    }
    let found = format!("this program is number {number} in the directory of verifiers");
    Finding::pass(Check::Containerd, found).about("bin_dir")
}

/// What is to be said of a file in the directory: containerd runs everything that is there.
fn of_entry(path: &Path) -> Option<Finding> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let about = |finding: Finding| Some(finding.about("bin_dir"));
    if !is_executable(path) {
        let found = format!(
            "`{name}` cannot be run, and containerd runs everything in the directory: every pull is blocked"
        );
        let wanted = "programs alone in the directory of verifiers";
        let hint = Some(format!("take `{}` away", path.display()));
        return about(Finding::fail(Check::Containerd, found, wanted).advising(hint));
    }
    if let Some(exposure) = files::exposure(path) {
        let found = format!("others may write `{name}`: {exposure}");
        let wanted = "a program that only root can change";
        let hint = Some(
            "take the permission away with `chmod go-w`, or the ownership with `chown`".to_owned(),
        );
        return about(Finding::fail(Check::Containerd, found, wanted).advising(hint));
    }
    if is_program(path) {
        return None;
    }
    let found = format!("`{name}` is a verifier too, and is asked about every image");
    let wanted = "verifiers that you know";
    let hint = Some("take it away if it is not yours".to_owned());
    about(Finding::warn(Check::Containerd, found, wanted).advising(hint))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Whether containerd waits longer than we take.
fn of_timeout(timeout: &str, time_limit: Option<Duration>) -> Finding {
    let about = |finding: Finding| finding.about("per_verifier_timeout");
    let Ok(nanoseconds) = duration::parse(timeout) else {
        return not_a("per_verifier_timeout", "a length of time");
    };
    let ours = time_limit.unwrap_or(VERIFIER_TIME_LIMIT);
    let is_long = u128::try_from(nanoseconds).is_ok_and(|limit| limit >= ours.as_nanos());
    let seconds = ours.as_secs();
    if is_long {
        let found = format!(
            "containerd waits for `{timeout}`, and this program takes less than {seconds} s"
        );
        return about(Finding::pass(Check::Containerd, found));
    }
    let found = format!(
        "containerd waits for `{timeout}`, and this program for up to {seconds} s: slow answers are lost, and the reason \
         with them"
    );
    let wanted = format!("{seconds} s or more");
    let hint =
        "raise `per_verifier_timeout`, or lower `timeLimitSeconds` of this program's configuration";
    about(Finding::fail(Check::Containerd, found, wanted).advising(Some(hint.to_owned())))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::doctor::Status;

    struct Directory(tempfile::TempDir);

    impl Directory {
        fn add(&self, name: &str, mode: u32) {
            let path = self.0.path().join("bin").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }

        fn found(&self, more: &str) -> Vec<(String, Status, String)> {
            let bin = self.0.path().join("bin");
            let file = self.0.path().join("config.toml");
            let text = format!(
                "[plugins.'{SECTION}']\nbin_dir = '{}'\n{more}",
                bin.display()
            );
            fs::write(&file, text).unwrap();
            let config = ContainerdConfig::read(&file).unwrap();
            let findings = check(&config, None).into_iter();
            let short = |one: Finding| {
                let found = one.found.replace(bin.to_str().unwrap(), "BIN");
                (one.subject.unwrap(), one.status, found)
            };
            findings.map(short).collect()
        }
    }

    #[test]
    fn a_directory_without_this_program_fails() {
        let directory = Directory(tempfile::tempdir().unwrap());
        let first = |directory: &Directory| directory.found("").remove(0).2;
        assert_eq!(
            first(&directory),
            "`BIN` does not exist: every image is pulled"
        );
        fs::create_dir(directory.0.path().join("bin")).unwrap();
        assert_eq!(first(&directory), "`BIN` is empty: every image is pulled");
        directory.add("10-other", 0o755);
        assert_eq!(
            first(&directory),
            "`BIN` has no `countersign-image-verifier`: this program is not asked"
        );
    }

    #[test]
    fn every_file_is_run_and_the_first_ones_only() {
        let directory = Directory(tempfile::tempdir().unwrap());
        directory.add("00-countersign-image-verifier", 0o755);
        let found = directory.found("");
        let status: Vec<_> = found.iter().map(|one| one.1).collect();
        assert_eq!(status, [Status::Pass, Status::Pass], "{found:?}");
        assert_eq!(
            found[1].2,
            "containerd waits for `10s`, and this program takes less than 9 s"
        );
        directory.add("README", 0o644);
        directory.add("10-other", 0o755);
        symlink("nowhere", directory.0.path().join("bin/20-dangling")).unwrap();
        fs::create_dir(directory.0.path().join("bin/30-directory")).unwrap();
        let found = directory.found("");
        let words: Vec<_> = found
            .iter()
            .map(|one| one.2.split(',').next().unwrap())
            .collect();
        assert_eq!(
            words[1..5],
            [
                "`10-other` is a verifier too",
                "`20-dangling` cannot be run",
                "`30-directory` cannot be run",
                "`README` cannot be run",
            ]
        );
        directory.add("00-a", 0o777);
        let found = directory.found("max_verifiers = 1");
        assert_eq!(
            found[0].2,
            "this program is number 2, and `max_verifiers` is 1: it is skipped, and the image is pulled"
        );
        assert!(
            found[1].2.starts_with("others may write `00-a`: "),
            "{found:?}"
        );
        let found = directory.found("max_verifiers = 0");
        assert_eq!(
            (found[0].0.as_str(), found[0].1),
            ("max_verifiers", Status::Fail)
        );
        assert_eq!(directory.found("max_verifiers = -1")[0].1, Status::Pass);
    }

    #[test]
    fn containerd_must_wait_longer() {
        for (timeout, status) in [
            ("10s", Status::Pass),
            ("9s", Status::Pass),
            ("1m", Status::Pass),
            ("8999ms", Status::Fail),
            ("0s", Status::Fail),
            ("soon", Status::Unknown),
        ] {
            assert_eq!(of_timeout(timeout, None).status, status, "{timeout}");
        }
        let longer = Some(Duration::from_secs(30));
        assert_eq!(of_timeout("10s", longer).status, Status::Fail);
    }
}
