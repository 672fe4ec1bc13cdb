//! containerd's version: whether it asks verifiers at all.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use semver::Version;

use crate::causes;
use crate::doctor::{Check, Finding};
use crate::files;
use crate::limits::{CONTAINERD_VERSION_TIMEOUT, MAX_CONTAINERD_VERSION_BYTES};
use crate::process::{self, ChildVariables};

/// Where packages and nodes have it.
const PROGRAMS: [&str; 3] = [
    "/usr/local/bin/containerd",
    "/usr/bin/containerd",
    "/bin/containerd",
];

const WANTED: &str = "containerd 2.1 or later, which asks image verifiers for Kubernetes too";

pub(super) async fn check(program: Option<&Path>) -> Finding {
    let usual = || {
        PROGRAMS
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.exists())
    };
    let Some(program) = program.map(Path::to_owned).or_else(usual) else {
        let found = format!("no containerd is in {}", PROGRAMS.join(", "));
        return unknown(&found).about("version");
    };
    let finding = match asked(&program).await {
        Ok(said) => of_words(&said),
        Err(problem) => unknown(&problem),
    };
    finding.about("version")
}

fn unknown(found: &str) -> Finding {
    let hint = "name containerd's program with the setting `containerd-program`";
    Finding::unknown(Check::Containerd, found, WANTED).advising(Some(hint.to_owned()))
}

/// What the program says of itself. What others may write is not run.
async fn asked(program: &Path) -> Result<String, String> {
    let shown = program.display();
    if let Some(exposure) = files::exposure(program) {
        return Err(format!(
            "others may write `{shown}`, so it was not asked: {exposure}"
        ));
    }
    let limits = process::Limits {
        max_output_bytes: MAX_CONTAINERD_VERSION_BYTES,
        timeout: CONTAINERD_VERSION_TIMEOUT,
    };
    let arguments = [OsStr::new("--version")];
    match process::run(program, &arguments, &ChildVariables::OfProcess, b"", limits).await {
        Ok(finished) if finished.status.success() => {
            Ok(String::from_utf8_lossy(&finished.stdout).trim().to_owned())
        }
        Ok(finished) => Err(format!(
            "`{shown} --version` ended with {}",
            finished.status
        )),
        Err(error) => Err(causes::in_one_line(&error)),
    }
}

/// `containerd github.com/containerd/containerd/v2 v2.4.2 REVISION`; packages leave the `v` out.
fn of_words(said: &str) -> Finding {
    let version = said.split_whitespace().skip(1).find_map(|word| {
        let word = word.strip_prefix('v').unwrap_or(word);
        Version::parse(word).ok()
    });
    let Some(version) = version else {
        return unknown(&format!("containerd does not say its version: `{said}`"));
    };
    let (major, minor) = (version.major, version.minor);
    let upgrade = Some("upgrade containerd to 2.1 or later".to_owned());
    match (major, minor) {
        (0 | 1, _) => Finding::fail(
            Check::Containerd,
            format!("containerd {version} has no image verifiers; every image is pulled"),
            WANTED,
        )
        .advising(upgrade),
        (2, 0) => Finding::fail(
            Check::Containerd,
            format!(
                "containerd {version} asks no image verifier for Kubernetes; every image of a pod is pulled"
            ),
            WANTED,
        )
        .advising(upgrade),
        _ => Finding::pass(Check::Containerd, format!("containerd {version}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn versions_without_verifiers_for_kubernetes_fail() {
        for (said, status, found) in [
            (
                "containerd github.com/containerd/containerd 1.7.27 05044ec0",
                Status::Fail,
                "containerd 1.7.27 has no image verifiers; every image is pulled",
            ),
            (
                "containerd github.com/containerd/containerd/v2 v2.0.14 x",
                Status::Fail,
                "containerd 2.0.14 asks no image verifier for Kubernetes; every image of a pod is pulled",
            ),
            (
                "containerd github.com/containerd/containerd/v2 2.4.2+unknown",
                Status::Pass,
                "containerd 2.4.2+unknown",
            ),
            (
                "containerd github.com/containerd/containerd/v2 v2.1.0-rc.1 x",
                Status::Pass,
                "containerd 2.1.0-rc.1",
            ),
            (
                "docker",
                Status::Unknown,
                "containerd does not say its version: `docker`",
            ),
        ] {
            let finding = of_words(said);
            assert_eq!((finding.status, finding.found.as_str()), (status, found));
        }
    }
}
