//! Why a package is refused: each structure that two readers could read in two ways has a variant of its own.

use std::io;

use crate::limits::MAX_NAME_CHARS;

/// A name as a message has it: bounded, and without a character that a terminal obeys.
fn shown(name: &str) -> String {
    name.chars()
        .take(MAX_NAME_CHARS)
        .flat_map(char::escape_debug)
        .collect()
}

/// Why a package is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// It cannot be read.
    #[error("the zip file cannot be read")]
    Read(#[source] io::Error),
    /// Another program wrote to it meanwhile.
    #[error("the zip file was changed while it was read")]
    Changed,
    /// Larger than [`crate::limits::MAX_PACKAGE_BYTES`].
    #[error("the zip file has {bytes} bytes, more than the {max} that AWS Lambda takes")]
    TooLarge {
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        max: u64,
    },
    /// There is no end of a central directory.
    #[error("the file is not a zip file, or it is cut off: it does not end with a directory")]
    NoEnd,
    /// Bytes follow the end.
    #[error("{bytes} bytes follow the end of the zip file")]
    DataAfter {
        /// How many.
        bytes: u64,
    },
    /// A reader that looks from the front, or into the comment, finds another directory.
    #[error("the zip file has a second end record, at byte {at}")]
    SecondEnd {
        /// Where.
        at: u64,
    },
    /// A part of an archive of several files.
    #[error("the zip file is one of several parts")]
    SeveralParts,
    /// The form for large files, which no package needs.
    #[error("the zip file has zip64 records, which a package of this size does not need")]
    Zip64,
    /// Two counts of its entries differ, or the directory has another number.
    #[error("the directory of the zip file has another number of entries than it says")]
    Count,
    /// The directory does not end where the end record begins.
    #[error("the directory of the zip file is not where it says")]
    DirectoryPlace,
    /// The directory has more bytes than are read.
    #[error("the directory of the zip file has {bytes} bytes, more than the {max} that are read")]
    LargeDirectory {
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        max: u64,
    },
    /// Something else than an entry is in the directory.
    #[error("the directory of the zip file is malformed")]
    Directory,
    /// More entries than are read.
    #[error("the zip file has more than {max} entries")]
    TooManyEntries {
        /// The limit.
        max: usize,
    },
    /// Bytes precede the first entry.
    #[error("{bytes} bytes precede the first entry of the zip file")]
    DataBefore {
        /// How many.
        bytes: u64,
    },
    /// Bytes that belong to no entry.
    #[error(
        "{bytes} bytes between the entries of the zip file belong to no entry, before `{}`",
        shown(before)
    )]
    DataBetween {
        /// How many.
        bytes: u64,
        /// What follows them.
        before: String,
    },
    /// The entries overlap, or the directory lists them in another order.
    #[error(
        "entry `{}` is not behind the entry that the directory lists before it",
        shown(name)
    )]
    Order {
        /// The entry.
        name: String,
    },
    /// There is no header where an entry should begin.
    #[error("entry `{}` is not where the directory says", shown(name))]
    NoHeader {
        /// The entry.
        name: String,
    },
    /// The header before an entry says something else than the directory.
    #[error(
        "the header of entry `{}` has another {field} than the directory",
        shown(name)
    )]
    HeadersDiffer {
        /// The entry.
        name: String,
        /// What differs.
        field: &'static str,
    },
    /// The record behind an entry says something else, or is not there.
    #[error("the record behind entry `{}` {problem}", shown(name))]
    Descriptor {
        /// The entry.
        name: String,
        /// A verb and its object.
        problem: &'static str,
    },
    /// The end of an entry that is not compressed stands only behind it.
    #[error(
        "entry `{}` is stored without its size, so its end is a guess",
        shown(name)
    )]
    EndUnknown {
        /// The entry.
        name: String,
    },
    /// Flags that change how an entry is read.
    #[error(
        "entry `{}` has the flags {flags:#06x}, which are not supported",
        shown(name)
    )]
    Flags {
        /// The entry.
        name: String,
        /// All its flags.
        flags: u16,
    },
    /// An entry that cannot be looked into.
    #[error("entry `{}` is encrypted", shown(name))]
    Encrypted {
        /// The entry.
        name: String,
    },
    /// A compression that not every reader knows.
    #[error(
        "entry `{}` is compressed by method {method}, wanted 0 (stored) or 8 (deflate)",
        shown(name)
    )]
    Method {
        /// The entry.
        name: String,
        /// Its number.
        method: u16,
    },
    /// A version of the format for which some readers leave an entry out, and others refuse the file.
    #[error(
        "entry `{}` needs version {version} of the zip format, wanted 10 or 20",
        shown(name)
    )]
    Version {
        /// The entry.
        name: String,
        /// Ten times the version.
        version: u16,
    },
    /// A system whose attributes some readers take in another way.
    #[error(
        "entry `{}` was made on system {system}, which is not supported",
        shown(name)
    )]
    System {
        /// The entry.
        name: String,
        /// Its number.
        system: u16,
    },
    /// Attributes that change how some readers take a content.
    #[error(
        "entry `{}` has the internal attributes {attributes:#06x}, which are not supported",
        shown(name)
    )]
    Attributes {
        /// The entry.
        name: String,
        /// All of them.
        attributes: u16,
    },
    /// The name of a disk, which some readers leave out.
    #[error("entry `{}` is a volume label by its attributes", shown(name))]
    VolumeLabel {
        /// The entry.
        name: String,
    },
    /// An extra field that gives an entry another name.
    #[error("entry `{}` has an extra field with another name", shown(name))]
    OtherName {
        /// The entry.
        name: String,
    },
    /// An extra field that not every reader knows.
    #[error(
        "entry `{}` has the extra field {id:#06x}, which is not supported",
        shown(name)
    )]
    ExtraField {
        /// The entry.
        name: String,
        /// Its number.
        id: u16,
    },
    /// Extra fields that are cut off, or there twice.
    #[error("the extra fields of entry `{}` are malformed", shown(name))]
    ExtraFields {
        /// The entry.
        name: String,
    },
    /// A name that is not text.
    #[error("the name `{}` is not UTF-8", shown(name))]
    NotUtf8 {
        /// The name, as far as it is text.
        name: String,
    },
    /// A name with letters outside ASCII that is not marked as UTF-8.
    #[error("the name `{}` is not marked as UTF-8", shown(name))]
    NameFlag {
        /// The name.
        name: String,
    },
    /// A name from the root of a file system.
    #[error("the name `{}` is absolute", shown(name))]
    Absolute {
        /// The name.
        name: String,
    },
    /// A name that leads out of the package.
    #[error("the name `{}` leads out of the package", shown(name))]
    Climbs {
        /// The name.
        name: String,
    },
    /// A separator on some systems, and a letter on others.
    #[error("the name `{}` has a backslash", shown(name))]
    Backslash {
        /// The name.
        name: String,
    },
    /// A letter on some systems; on Windows, what follows it names a part of the same file.
    #[error("the name `{}` has a colon", shown(name))]
    Colon {
        /// The name.
        name: String,
    },
    /// A file version as VMS writes it, which some readers leave out.
    #[error("the name `{}` ends with a file version after `;`", shown(name))]
    FileVersion {
        /// The name.
        name: String,
    },
    /// A name that ends earlier for some readers, or draws on a terminal.
    #[error("the name `{}` has a control character", shown(name))]
    Control {
        /// The name.
        name: String,
    },
    /// A part of a name that some readers leave out.
    #[error("the name `{}` has an empty part or `.`", shown(name))]
    NameParts {
        /// The name.
        name: String,
    },
    /// A name, or a part of one, that no file system takes.
    #[error("the name `{}` is longer than {max} bytes", shown(name))]
    LongName {
        /// The name.
        name: String,
        /// The limit in bytes.
        max: usize,
    },
    /// Two entries of one name.
    #[error("two entries have the name `{}`", shown(name))]
    Twice {
        /// The name.
        name: String,
    },
    /// Two names that are one where letters or marks are compared otherwise.
    #[error(
        "the names `{}` and `{}` are the same on some systems",
        shown(name),
        shown(other)
    )]
    Alike {
        /// The second of the two.
        name: String,
        /// The first.
        other: String,
    },
    /// A file, and something below it.
    #[error("`{}` is a file and a directory", shown(name))]
    FileAndDirectory {
        /// The name.
        name: String,
    },
    /// A name says that it is a directory and a mode that it is not, or the other way round.
    #[error("entry `{}` is a directory by {by} alone", shown(name))]
    Kind {
        /// The entry.
        name: String,
        /// What says so.
        by: &'static str,
    },
    /// A directory in which bytes stand.
    #[error("the directory `{}` has content", shown(name))]
    DirectoryContent {
        /// The entry.
        name: String,
    },
    /// A symbolic link.
    #[error("entry `{}` is a symbolic link", shown(name))]
    Link {
        /// The entry.
        name: String,
    },
    /// A device, a pipe or a socket.
    #[error("entry `{}` is a device, a pipe or a socket", shown(name))]
    Device {
        /// The entry.
        name: String,
    },
    /// A file that runs as another user or group.
    #[error("entry `{}` has a set-user-ID or set-group-ID bit", shown(name))]
    SetId {
        /// The entry.
        name: String,
    },
    /// More comes out of it than AWS Lambda takes.
    #[error("the content of the zip file is larger than the {max} bytes that AWS Lambda takes")]
    Content {
        /// The limit in bytes.
        max: u64,
    },
    /// Far more comes out of it than it has bytes.
    #[error("the content of the zip file is more than {max} times as long as the zip file")]
    Bomb {
        /// The limit.
        max: u64,
    },
    /// The compressed bytes of an entry are malformed, or end too early.
    #[error("entry `{}` cannot be unpacked", shown(name))]
    Unpack {
        /// The entry.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// More comes out of an entry than it says, or its compressed bytes end earlier.
    #[error("entry `{}` is not as long as it says", shown(name))]
    Length {
        /// The entry.
        name: String,
    },
    /// An entry is not what its checksum says.
    #[error("the checksum of entry `{}` is wrong", shown(name))]
    Checksum {
        /// The entry.
        name: String,
    },
    /// The one who takes the contents failed.
    #[error("the content of entry `{}` was not taken", shown(name))]
    Taken {
        /// The entry.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl PackageError {
    /// A name for programs to branch on; it does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read(_) => "unreadable",
            Self::Changed => "changed",
            Self::TooLarge { .. } => "too-large",
            Self::NoEnd => "not-a-zip-file",
            Self::DataAfter { .. } => "data-after",
            Self::SecondEnd { .. } => "second-end-record",
            Self::SeveralParts => "several-parts",
            Self::Zip64 => "zip64",
            Self::Count => "wrong-count",
            Self::DirectoryPlace => "wrong-directory-place",
            Self::LargeDirectory { .. } => "large-directory",
            Self::Directory => "malformed-directory",
            Self::TooManyEntries { .. } => "too-many-entries",
            Self::DataBefore { .. } => "data-before",
            Self::DataBetween { .. } => "data-between",
            Self::Order { .. } => "wrong-order",
            Self::NoHeader { .. } => "no-header",
            Self::HeadersDiffer { .. } => "headers-differ",
            Self::Descriptor { .. } => "wrong-descriptor",
            Self::EndUnknown { .. } => "end-unknown",
            Self::Flags { .. } => "unknown-flags",
            Self::Encrypted { .. } => "encrypted",
            Self::Method { .. } => "unknown-method",
            Self::Version { .. } => "unknown-version",
            Self::System { .. } => "unknown-system",
            Self::Attributes { .. } => "unknown-attributes",
            Self::VolumeLabel { .. } => "volume-label",
            Self::OtherName { .. } => "name-in-extra-field",
            Self::ExtraField { .. } => "unknown-extra-field",
            Self::ExtraFields { .. } => "malformed-extra-fields",
            Self::NotUtf8 { .. } => "name-not-utf-8",
            Self::NameFlag { .. } => "name-not-marked",
            Self::Absolute { .. } => "absolute-name",
            Self::Climbs { .. } => "climbing-name",
            Self::Backslash { .. } => "backslash",
            Self::Colon { .. } => "colon",
            Self::FileVersion { .. } => "file-version",
            Self::Control { .. } => "control-character",
            Self::NameParts { .. } => "empty-name-part",
            Self::LongName { .. } => "long-name",
            Self::Twice { .. } => "duplicate-name",
            Self::Alike { .. } => "similar-names",
            Self::FileAndDirectory { .. } => "file-and-directory",
            Self::Kind { .. } => "unclear-kind",
            Self::DirectoryContent { .. } => "directory-content",
            Self::Link { .. } => "symbolic-link",
            Self::Device { .. } => "device",
            Self::SetId { .. } => "set-id",
            Self::Content { .. } => "large-content",
            Self::Bomb { .. } => "bomb",
            Self::Unpack { .. } => "malformed-content",
            Self::Length { .. } => "wrong-length",
            Self::Checksum { .. } => "wrong-checksum",
            Self::Taken { .. } => "not-taken",
        }
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Read(_) | Self::Taken { .. } => return None,
                Self::Changed => "wait until the file is complete, and try again",
                Self::NoEnd | Self::Unpack { .. } | Self::Checksum { .. } => {
                    "the file may be damaged or cut off: get it again and compare its SHA-256 digest"
                }
                Self::TooLarge { .. }
                | Self::Content { .. }
                | Self::TooManyEntries { .. }
                | Self::LargeDirectory { .. }
                | Self::Bomb { .. } => {
                    "AWS Lambda takes 250 MB, packed and unpacked; leave out what the function does not need"
                }
                Self::Link { .. } | Self::Device { .. } | Self::SetId { .. } => {
                    "the signature does not cover modes and kinds of files; look at the entry, and accept such entries \
                     with the setting `allow-links`"
                }
                Self::NameFlag { .. } | Self::OtherName { .. } => {
                    "make a new zip file with names that are marked as UTF-8, for example with \
                     `python3 -m zipfile -c FILE.zip FILE...`, and sign that one"
                }
                _ => {
                    "other programs may read the zip file in another way; make a new one with an ordinary program, and \
                     sign that one"
                }
            }
            .to_owned(),
        )
    }
}
