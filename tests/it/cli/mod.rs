//! The command line from the outside: exit code, stdout and stderr of the real binary.

mod blob;
mod cert;
mod exposure;
mod fault;
mod gate_documents;
mod inspect;
mod key;
mod left_behind;
mod list;
mod oci_layout;
mod printing;
mod recordings;
mod references;
mod registries;
mod revocation;
mod sign;
mod verdict;
mod verify;
