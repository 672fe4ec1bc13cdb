//! Packages of AWS Lambda that two zip readers could read in two ways: each is refused, by its own name. What writers of
//! zip files make is read.

mod entries;

use std::fs::File;
use std::io::Write as _;

use countersign::archive::package::{Allowed, Package, PackageError};
use countersign::limits::{MAX_PACKAGE_BYTES, MAX_PACKAGE_DIRECTORY_BYTES, MAX_PACKAGE_ENTRIES};

use crate::support::packages::{Header, Member, Zip, extra};
use crate::support::waiting;

type Found = Vec<(String, Vec<u8>)>;

fn read_with(bytes: &[u8], allowed: Allowed) -> Result<Found, PackageError> {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let package = Package::open(&file, allowed)?;
    let mut found = Vec::new();
    package.read_through(&mut |entry, content| {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        assert_eq!(u64::try_from(bytes.len()).unwrap(), entry.size());
        found.push((entry.name().to_owned(), bytes));
        Ok(())
    })?;
    Ok(found)
}

fn read(bytes: &[u8]) -> Result<Found, PackageError> {
    read_with(bytes, Allowed::default())
}

fn plain() -> Vec<Member> {
    vec![
        Member::new("app.py", b"print('app')\n"),
        Member::new("lib/", b""),
        Member::stored("lib/data", b"data"),
    ]
}

/// A package in which one thing is another.
fn with(change: impl FnOnce(&mut Zip)) -> Vec<u8> {
    let mut zip = Zip::of(plain());
    change(&mut zip);
    zip.bytes()
}

/// The same, of the first entry.
fn first(change: impl FnOnce(&mut Member)) -> Vec<u8> {
    with(|zip| change(&mut zip.members[0]))
}

#[track_caller]
fn refused(bytes: &[u8]) -> PackageError {
    match read(bytes) {
        Err(error) => error,
        Ok(found) => panic!("{found:?}"),
    }
}

#[test]
fn what_writers_make_is_read() {
    let names = |bytes: &[u8]| -> Vec<String> {
        let found = read(bytes).unwrap();
        found.into_iter().map(|(name, _)| name).collect()
    };
    let wanted = ["app.py", "lib/", "lib/data"];
    let written: [Vec<u8>; 16] = [
        with(|_| ()),
        // As Go, Java and macOS stream.
        first(|member| *member = member.clone().streamed()),
        // As Info-ZIP writes into a pipe: the size is known, the rest is not.
        first(|member| {
            *member = member.clone().streamed();
            member.local.size = member.central.size;
        }),
        // An empty file needs no end, and sizes that stand in both places are known.
        with(|zip| {
            let sizes = (zip.members[2].local.checksum, 4, 4);
            zip.members[2] = zip.members[2].clone().streamed();
            let local = &mut zip.members[2].local;
            (local.checksum, local.packed, local.size) = sizes;
            zip.members[1] = zip.members[1].clone().streamed();
        }),
        // A comment, as `git archive` writes.
        with(|zip| zip.comment = b"0123456789abcdef".to_vec()),
        with(|zip| zip.comment = vec![b'x'; usize::from(u16::MAX)]),
        // Info-ZIP: times and owners, other ones in each header.
        first(|member| {
            member.local.extra = [extra(0x5455, &[3; 9]), extra(0x7875, &[1; 11])].concat();
            member.central.extra = [extra(0x5455, &[3; 5]), extra(0x7875, &[1; 11])].concat();
        }),
        // A JAR file, padding of Android's.
        first(|member| member.local.extra = [extra(0xcafe, b""), extra(0xd935, &[0; 6])].concat()),
        // Made on Windows.
        with(|zip| {
            for member in &mut zip.members {
                (member.made_by, member.attributes) = (0, member.attributes & 0x10);
            }
        }),
        // All that NTFS knows of ordinary files; and what looks like text, as Info-ZIP says.
        with(|zip| {
            for member in &mut zip.members {
                (member.made_by, member.attributes) = (10, member.attributes & 0x10 | 0xa3);
            }
        }),
        first(|member| (member.made_by, member.internal, member.attributes) = (19, 1, 0x81a4_0001)),
        // As those write who name the oldest version that is enough.
        with(|zip| {
            zip.members[2] = zip.members[2]
                .clone()
                .with_both(|header| header.version = 10);
        }),
        first(|member| member.comment = b"of an entry".to_vec()),
        first(|member| *member = member.clone().with_both(|header| header.flags = 6)),
        // ASCII may be marked as UTF-8.
        first(|member| *member = member.clone().with_both(|header| header.flags = 1 << 11)),
        // A zip file in a zip file, with an end of its own near the end.
        with(|zip| {
            let inner = Zip::of(plain()).bytes();
            zip.members[2] = Member::stored("lib/data", &inner);
        }),
    ];
    for (index, bytes) in written.iter().enumerate() {
        assert_eq!(names(bytes), wanted, "{index}");
    }
    assert_eq!(read(&Zip::default().bytes()).unwrap(), []);
    let umlaut = Zip::of(vec![Member::new("\u{e4}", b"1")]).bytes();
    assert_eq!(names(&umlaut), ["\u{e4}"]);
}

#[test]
fn the_end_is_where_every_reader_finds_it() {
    let end = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    for (bytes, code) in [
        (b"".to_vec(), "not-a-zip-file"),
        (b"PK\x05\x06".to_vec(), "not-a-zip-file"),
        (b"not a zip file".to_vec(), "not-a-zip-file"),
        (with(|zip| zip.after = b"x".to_vec()), "data-after"),
        (with(|zip| zip.after = vec![0; 70_000]), "not-a-zip-file"),
        // A comment with another end: for those who search from the end, and for those who search from the front.
        (with(|zip| zip.comment = end.to_vec()), "second-end-record"),
        (
            with(|zip| zip.comment = [end, &b"x"[..]].concat()),
            "data-after",
        ),
        (
            with(|zip| zip.comment = b"PK\x05\x06".to_vec()),
            "not-a-zip-file",
        ),
        (
            with(|zip| zip.before_end = b"x".to_vec()),
            "wrong-directory-place",
        ),
        (
            with(|zip| zip.place = Some((0, 0))),
            "wrong-directory-place",
        ),
        (with(|zip| zip.disks = (1, 0)), "several-parts"),
        (with(|zip| zip.disks = (0, 1)), "several-parts"),
        (first(|member| member.disk = 1), "several-parts"),
        (with(|zip| zip.counts = Some((2, 3))), "wrong-count"),
        (with(|zip| zip.counts = Some((2, 2))), "wrong-count"),
        (with(|zip| zip.counts = Some((4, 4))), "wrong-count"),
        (
            with(|zip| zip.in_directory = b"PK\x05\x05\0\0".to_vec()),
            "wrong-count",
        ),
    ] {
        assert_eq!(refused(&bytes).code(), code, "{}", bytes.len());
    }
    let whole = with(|_| ());
    for length in 0..whole.len() {
        refused(&whole[..length]);
    }
}

#[test]
fn an_end_in_a_content_that_reaches_the_end_is_refused() {
    // From the end record in the content to the end of the file, less the record itself.
    let reaching = |reach: u16| {
        let mut content = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        content.extend(reach.to_le_bytes());
        Zip::of(vec![Member::stored("a", &content)]).bytes()
    };
    let rest = reaching(0).len() - (30 + 1 + 22);
    let rest = u16::try_from(rest).unwrap();
    assert!(matches!(
        refused(&reaching(rest)),
        PackageError::SecondEnd { at: 31 }
    ));
    for other in [0, rest - 1, rest + 1] {
        read(&reaching(other)).unwrap();
    }
}

#[test]
fn zip64_is_refused_in_every_place() {
    let locator = [b"PK\x06\x07".to_vec(), vec![0; 16]].concat();
    for bytes in [
        with(|zip| zip.counts = Some((u16::MAX, u16::MAX))),
        with(|zip| zip.place = Some((u32::MAX, 0))),
        with(|zip| zip.place = Some((0, u32::MAX))),
        with(|zip| zip.before_end = locator.clone()),
        // In the comment of the last entry, where Python looks.
        with(|zip| zip.members[2].comment = locator.clone()),
        first(|member| member.central.size = u32::MAX),
        first(|member| member.central.packed = u32::MAX),
        first(|member| member.offset = Some(u32::MAX)),
        first(|member| member.local.extra = extra(1, &[0; 16])),
        first(|member| member.central.extra = extra(1, &[0; 8])),
    ] {
        assert!(matches!(refused(&bytes), PackageError::Zip64));
    }
}

#[test]
fn every_byte_belongs_to_something() {
    for (bytes, words) in [
        (
            first(|member| member.before = b"#!/bin/sh\n".to_vec()),
            "10 bytes precede the first entry of the zip file",
        ),
        (
            with(|zip| zip.members[1].before = vec![0; 3]),
            "3 bytes between the entries of the zip file belong to no entry, before `lib/`",
        ),
        (
            with(|zip| zip.before_directory = vec![0; 2]),
            "2 bytes between the entries of the zip file belong to no entry, before `(the directory)`",
        ),
        // A record that only some readers see.
        (
            first(|member| member.descriptor = vec![0; 16]),
            "16 bytes between the entries of the zip file belong to no entry, before `lib/`",
        ),
    ] {
        assert_eq!(refused(&bytes).to_string(), words);
    }
    // The directory in another order than the entries, two entries in one place, and one within another.
    let order = |change: fn(&mut Zip, &[u32])| {
        let starts: Vec<u32> = {
            let bytes = with(|_| ());
            (0..bytes.len())
                .filter(|at| bytes[*at..].starts_with(b"PK\x03\x04"))
                .map(|at| u32::try_from(at).unwrap())
                .collect()
        };
        refused(&with(|zip| change(zip, &starts)))
    };
    let swapped = order(|zip, starts| {
        (zip.members[0].offset, zip.members[1].offset) = (Some(starts[1]), Some(starts[0]));
    });
    assert_eq!(swapped.code(), "data-before");
    let same = order(|zip, starts| zip.members[1].offset = Some(starts[0]));
    assert_eq!(same.code(), "wrong-order");
    let within = order(|zip, starts| zip.members[2].offset = Some(starts[1] + 1));
    assert_eq!(within.code(), "wrong-order");
    let elsewhere = first(|member| member.local.name = b"app.pyc".to_vec());
    assert_eq!(refused(&elsewhere).code(), "headers-differ");
    let unmarked = {
        let mut bytes = with(|_| ());
        bytes[0] = b'X';
        bytes
    };
    assert_eq!(refused(&unmarked).code(), "no-header");
}

#[test]
fn both_headers_say_the_same_in_every_field() {
    type Change = fn(&mut Header);
    let changes: [(Change, &str); 9] = [
        (|header| header.version = 10, "version"),
        (|header| header.flags = 2, "set of flags"),
        (|header| header.method = 0, "method"),
        (|header| header.time ^= 1, "time"),
        (|header| header.time ^= 1 << 16, "time"),
        (|header| header.checksum ^= 1, "checksum"),
        (|header| header.packed += 1, "packed size"),
        (|header| header.size += 1, "size"),
        (|header| header.name = b"App.py".to_vec(), "name"),
    ];
    for (change, field) in changes {
        let error = refused(&first(|member| change(&mut member.local)));
        let words = format!("the header of entry `app.py` has another {field} than the directory");
        assert_eq!(error.to_string(), words);
    }
    // Zeros before an entry are not sizes unless a record follows it.
    let zeros = |member: &mut Member| {
        (
            member.local.checksum,
            member.local.packed,
            member.local.size,
        ) = (0, 0, 0);
    };
    assert_eq!(refused(&first(zeros)).code(), "headers-differ");
    let others: [(Change, &str); 3] = [
        (|header| header.checksum = 1, "checksum"),
        (|header| header.packed = 1, "packed size"),
        (|header| header.size = 1, "size"),
    ];
    for (change, field) in others {
        let some = first(|member| {
            *member = member.clone().streamed();
            change(&mut member.local);
        });
        let words = format!("the header of entry `app.py` has another {field} than the directory");
        assert_eq!(refused(&some).to_string(), words);
    }
}

#[test]
fn the_end_of_an_entry_is_never_a_guess() {
    let stored = with(|zip| zip.members[2] = zip.members[2].clone().streamed());
    assert!(matches!(refused(&stored), PackageError::EndUnknown { .. }));
    let descriptor = |change: fn(&mut Vec<u8>)| {
        refused(&first(|member| {
            *member = member.clone().streamed();
            change(&mut member.descriptor);
        }))
        .to_string()
    };
    let says = "the record behind entry `app.py` says something else than the directory";
    for at in 4..16 {
        let error = refused(&first(|member| {
            *member = member.clone().streamed();
            member.descriptor[at] ^= 1;
        }));
        assert_eq!(error.to_string(), says, "{at}");
    }
    let missing = "the record behind entry `app.py` is missing, or has no mark";
    assert_eq!(descriptor(|bytes| drop(bytes.drain(..4))), missing);
    assert_eq!(descriptor(Vec::clear), missing);
    // With sizes of eight bytes.
    let long = descriptor(|bytes| {
        bytes.splice(12..12, [0; 4]);
        bytes.extend([0; 4]);
    });
    assert_eq!(long, says);
}

#[test]
fn a_package_is_bounded() {
    // Claims cost nothing.
    let claiming = |size: u64| {
        first(|member| {
            let size = u32::try_from(size).unwrap();
            *member = member.clone().with_both(|header| header.size = size);
        })
    };
    let past = claiming(MAX_PACKAGE_BYTES + 1);
    assert_eq!(refused(&past).code(), "large-content");
    assert_eq!(refused(&claiming(MAX_PACKAGE_BYTES)).code(), "bomb");
    let zeros = Zip::of(vec![Member::new("zeros", &vec![0; 40 * 1024 * 1024])]).bytes();
    assert_eq!(refused(&zeros).code(), "bomb");
    let fewer = Zip::of(vec![Member::new("zeros", &vec![0; 15 * 1024 * 1024])]).bytes();
    read(&fewer).unwrap();

    let many = |count: usize| {
        let member = |index: usize| Member::stored(&format!("{index}"), b"");
        Zip::of((0..count).map(member).collect()).bytes()
    };
    let most = many(MAX_PACKAGE_ENTRIES);
    assert_eq!(read(&most).unwrap().len(), MAX_PACKAGE_ENTRIES);
    assert_eq!(refused(&many(MAX_PACKAGE_ENTRIES + 1)).code(), "zip64");

    let bytes = MAX_PACKAGE_DIRECTORY_BYTES.div_ceil(65_000) + 1;
    let members = (0..bytes).map(|index| {
        let mut member = Member::stored(&format!("{index}"), b"");
        member.comment = vec![b'x'; 65_000];
        member
    });
    let large = Zip::of(members.collect()).bytes();
    assert_eq!(refused(&large).code(), "large-directory");

    let file = tempfile::tempfile().unwrap();
    file.set_len(MAX_PACKAGE_BYTES + 1).unwrap();
    let error = Package::open(&file, Allowed::default()).unwrap_err();
    assert_eq!(error.code(), "too-large");
    file.set_len(MAX_PACKAGE_BYTES).unwrap();
    let error = Package::open(&file, Allowed::default()).unwrap_err();
    assert_eq!(error.code(), "not-a-zip-file");
}

/// Prints, for every zip file that is named, its names and the lengths and checksums of their contents.
const PYTHON: &str = r"
import json, sys, zipfile, zlib
for line in sys.stdin.read().splitlines():
    with zipfile.ZipFile(line) as archive:
        found = [[entry.filename, *(lambda content: (len(content), zlib.crc32(content)))(archive.read(entry))] for entry in archive.infolist()]
        print(json.dumps(found))
";

/// Says of every entry, in both headers, that it needs `version`.
fn change_versions(bytes: &mut [u8], version: u16) {
    for at in 0..bytes.len() {
        let place = match bytes.get(at..at + 4) {
            Some(b"PK\x03\x04") => at + 4,
            Some(b"PK\x01\x02") => at + 6,
            _ => continue,
        };
        bytes[place..place + 2].copy_from_slice(&version.to_le_bytes());
    }
}

/// A package is changed in one byte again and again; whatever is still read, Python reads in the same way.
#[test]
fn another_reader_finds_the_same_in_what_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut named = String::new();
    let mut found = Vec::new();
    let mut keep = |bytes: &[u8]| {
        let Ok(entries) = read(bytes) else {
            return;
        };
        let path = directory.path().join(found.len().to_string());
        std::fs::write(&path, bytes).unwrap();
        named.push_str(&format!("{}\n", path.display()));
        found.push(entries);
    };
    for bytes in [
        with(|_| ()),
        first(|member| *member = member.clone().streamed()),
        first(|member| {
            member.local.extra = extra(0x5455, &[3; 9]);
            member.central.extra = extra(0x5455, &[3; 5]);
            member.comment = b"of an entry".to_vec();
        }),
        with(|zip| zip.comment = b"0123456789abcdef".to_vec()),
    ] {
        for version in 0..=u16::from(u8::MAX) {
            let mut changed = bytes.clone();
            change_versions(&mut changed, version);
            keep(&changed);
        }
        keep(&bytes);
        for at in 0..bytes.len() {
            for change in [1, 2, 8, 0x40, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                keep(&changed);
            }
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    let list = directory.path().join("list");
    std::fs::write(&list, named).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    if !std::env::split_paths(&path).any(|place| place.join("python3").exists()) {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        return;
    }
    let mut python = std::process::Command::new("python3");
    let list = File::open(list).unwrap();
    let output = waiting::ended(python.args(["-c", PYTHON]).stdin(list));
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), found.len());
    for (line, entries) in lines.iter().zip(&found) {
        let ours = entries.iter().map(|(name, content)| {
            let mut checksum = flate2::Crc::new();
            checksum.update(content);
            serde_json::json!([name, content.len(), checksum.sum()])
        });
        assert_eq!(*line, ours.collect::<serde_json::Value>());
    }
}
