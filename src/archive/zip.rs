//! Zip files.

use std::fs::File;
use std::io::{BufReader, Read as _};

use super::Take;
use super::budget::Budget;
use super::entry::{Entry, Names};
use super::error::Error;
use super::zip_content::{self, Facts, Fault};
use super::zip_directory::{self, DirectoryEntry};
use super::zip_records::{KIND, REGULAR};

const FORM: &str = "zip";

pub(super) fn unpack(
    archive: &File,
    is_wanted: &dyn Fn(&str) -> bool,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    let mut file = archive;
    let listed = zip_directory::read(&mut file)?;
    let mut names = Names::new(FORM);
    let mut budget = Budget::new(FORM);
    let mut regular = Vec::new();
    for entry in &listed {
        budget.entry()?;
        let name = names.check(&entry.name)?;
        if is_regular(entry) {
            regular.push((entry, name));
        }
    }
    let is_beside_directories = |name: &str| !name.trim_start_matches('/').contains('/');
    let last = |name: &str| is_wanted(name.rsplit('/').next().unwrap_or_default());
    let has_wanted = regular
        .iter()
        .any(|(_, name)| is_beside_directories(name) && last(name));
    let mut packed = 0_u64;
    for (entry, name) in regular {
        if !is_beside_directories(&name) && (has_wanted || !last(&name)) {
            continue;
        }
        packed = packed.saturating_add(entry.packed);
        budget.bytes(entry.size, packed)?;
        let entry_name = Entry {
            name: names.take(&name)?,
            mode: entry.mode.map(|mode| mode & 0o7777),
        };
        zip_directory::seek(&mut file, entry)?;
        unpack_one(file, entry, &entry_name, take)?;
    }
    Ok(())
}

fn is_regular(entry: &DirectoryEntry) -> bool {
    !entry.is_directory
        && entry
            .mode
            .is_none_or(|mode| matches!(mode & KIND, 0 | REGULAR))
}

/// Unpacks the entry whose content begins at the file's position; it must be exactly as the directory says.
fn unpack_one(
    file: &File,
    listed: &DirectoryEntry,
    entry: &Entry,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    let mut packed = BufReader::new(file.take(listed.packed));
    let facts = Facts {
        is_deflated: listed.is_deflated,
        checksum: listed.checksum,
        packed: listed.packed,
        size: listed.size,
    };
    let unpacked = zip_content::unpack(&mut packed, facts, &mut |content| take(entry, content));
    unpacked.map_err(|fault| match fault {
        Fault::Read(error) => Error::reading(FORM, error),
        Fault::Taken(source) => Error::Write {
            name: entry.name.clone(),
            source,
        },
        Fault::Longer => Error::Zip {
            problem: "an entry is longer than it says",
        },
        Fault::Checksum => Error::Zip {
            problem: "the checksum of an entry is wrong",
        },
    })
}
