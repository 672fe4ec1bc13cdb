//! The command line from the outside: exit code, stdout and stderr of the real binary.

mod blob;
mod cert;
mod doctor;
mod exposure;
mod fault;
mod gate;
mod gate_documents;
mod image_verifier;
mod inspect;
mod key;
mod left_behind;
mod list;
mod log;
mod management;
mod oci_layout;
mod policy;
mod printing;
mod recordings;
mod references;
mod registries;
mod revocation;
mod setup;
mod sign;
mod verdict;
mod verify;
mod wait;
