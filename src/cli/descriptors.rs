//! How many files and connections this process may have open.

#[cfg(unix)]
use crate::limits::WANTED_DESCRIPTORS;

/// Raises the limit of this process to what many images at a time need, as far as it may be raised. Where it may not,
/// connections are refused, and fewer are tried.
#[cfg(unix)]
pub(super) fn allow_many() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let now = getrlimit(Resource::Nofile);
    let wanted = now
        .maximum
        .map_or(WANTED_DESCRIPTORS, |most| most.min(WANTED_DESCRIPTORS));
    if now.current.is_some_and(|current| current < wanted) {
        let wanted = Rlimit {
            current: Some(wanted),
            maximum: now.maximum,
        };
        // It goes on with what there is.
        let _ = setrlimit(Resource::Nofile, wanted);
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(super) fn allow_many() {}
