//! The command line from the outside: exit code, stdout and stderr of the real binary.

mod key;
mod sign;
mod verdict;
mod verify;
