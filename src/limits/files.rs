//! Files, and programs that are started or installed.

use std::time::Duration;

// Files

/// Bytes of a blob that are in memory at a time: few beside the program itself, and enough that reading
/// costs nothing beside hashing.
pub const BLOB_BUFFER_BYTES: usize = 1024 * 1024;

/// Bytes for which room is made before a file is read, where it says that it has as many or more.
pub const MOST_ROOM_AT_ONCE: u64 = 64 * 1024;

/// Bytes of a configuration file: `config.json`, `signingkeys.json`, Docker's `config.json`.
pub const MAX_CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// Keys in `signingkeys.json`.
pub const MAX_SIGNING_KEYS: usize = 1_000;

/// Bytes of a trust policy.
pub const MAX_POLICY_BYTES: u64 = 4 * 1024 * 1024;

/// Trust stores of one type.
pub const MAX_TRUST_STORES: usize = 1_000;

/// Files in one trust store.
pub const MAX_TRUST_STORE_FILES: usize = 1_000;

/// Bytes of a file in a trust store.
pub const MAX_TRUST_STORE_FILE_BYTES: u64 = 1024 * 1024;

/// Bytes of a file of TLS roots, and of all files of a directory of them; a system's have under one MiB.
pub const MAX_ROOTS_BYTES: u64 = 16 * 1024 * 1024;

/// Entries of a directory that are looked at for TLS roots, and for tokens of single sign-on; a system's has some
/// hundreds, most of them links.
pub const MAX_FOUND_ENTRIES: usize = 10_000;

/// Symbolic links that lead to one file; Linux follows as many.
#[cfg(unix)]
pub const MAX_SYMBOLIC_LINKS: usize = 40;

/// Time in which a pipe that the user named on the command line must have been written to its end, and
/// the longest silence of one with the file that is signed or verified: nothing may ever be written
/// into it.
pub const NAMED_PIPE_TIMEOUT: Duration = Duration::from_mins(2);

/// Time in which a pipe that a variable names (`AWS_CONFIG_FILE`, `SSL_CERT_FILE`) must have been written to its
/// end: everything else stands still meanwhile.
pub const VARIABLE_PIPE_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of this program, which `setup` copies and compares; a build with symbols has some 70 MiB. Notation
/// installs plugins of up to 256 MiB.
pub const MAX_PROGRAM_BYTES: u64 = 256 * 1024 * 1024;

// Other programs

/// Installed plugins that are looked at before one of them is run; a machine has a few.
pub const MAX_INSTALLED_PLUGINS: usize = 1_000;

/// Bytes of a plugin's name; a file name has 255, and `notation-` and `.exe` are part of it.
pub const MAX_PLUGIN_NAME_BYTES: usize = 200;

/// Bytes of a plugin's request or of its answer (`plugin-extensibility.md`: less than 64 MiB).
pub const MAX_PLUGIN_MESSAGE_BYTES: u64 = 64 * 1024 * 1024;

/// Values (members, elements) in a plugin's message. A tree of values takes some 50 times the bytes
/// of its text; a real message has under 100.
pub const MAX_PLUGIN_MESSAGE_VALUES: usize = 100_000;

/// Bytes of the name of a credential helper behind `docker-credential-`; real ones have some ten.
pub const MAX_HELPER_NAME_BYTES: usize = 64;

/// Time that a plugin or a credential helper may take.
pub const PROCESS_TIMEOUT: Duration = Duration::from_mins(1);

// Plugins that are installed

/// Bytes that a plugin's file or archive, and everything that comes out of an archive, must stay below, as in notation.
pub const MAX_PLUGIN_SOURCE_BYTES: u64 = 256 * 1024 * 1024;

/// Entries of a plugin's archive; a real one has under ten.
pub const MAX_ARCHIVE_ENTRIES: usize = 1_000;

/// Bytes of a name in an archive; no file system takes longer paths.
pub const MAX_ARCHIVE_NAME_BYTES: usize = 4_096;

/// Bytes of the last part of a name in an archive; no file system takes longer ones.
pub const MAX_ARCHIVE_FILE_NAME_BYTES: usize = 255;

/// Bytes of one extended header in an archive; a real one has some hundred.
pub const MAX_ARCHIVE_HEADER_BYTES: u64 = 64 * 1024;

/// How many times as long as its archive what comes out of it may be; programs shrink to a third.
pub const MAX_ARCHIVE_RATIO: u64 = 100;

/// Bytes that come out of an archive whatever the ratio: small files of one letter shrink well.
pub const FREE_ARCHIVE_BYTES: u64 = 1024 * 1024;

/// Time of a plugin's download, as in notation.
pub const PLUGIN_DOWNLOAD_TIMEOUT: Duration = Duration::from_mins(10);

/// Bytes of a registry's server, user name or password that are read from a terminal or a pipe.
pub const MAX_LOGIN_INPUT_BYTES: u64 = 64 * 1024;

// Packages of AWS Lambda

/// Bytes of a package, and of everything that comes out of it: AWS Signer signs and AWS Lambda runs 250 MB.
pub const MAX_PACKAGE_BYTES: u64 = 250 * 1024 * 1024;

/// Entries of a package: one fewer than a zip file can count without zip64.
pub const MAX_PACKAGE_ENTRIES: usize = 65_534;

/// Bytes of a package's directory; 65,000 files with names of 70 characters have less.
pub const MAX_PACKAGE_DIRECTORY_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes that come out of a package whatever the ratio is: tables of zeros shrink well.
pub const FREE_PACKAGE_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of the signature in a package; a real one has 5 KiB.
pub const MAX_PACKAGE_SIGNATURE_BYTES: u64 = 64 * 1024;

/// Certificates in the signature of a package; a real one has five.
pub const MAX_PACKAGE_CERTIFICATES: usize = 11;
