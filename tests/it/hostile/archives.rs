//! Archives of plugins that lie, explode and lead astray: each is refused, or what is wrong in it is left out; and
//! nothing is written but files beside each other.

use std::fs::File;
use std::io::{Read, Seek as _, Write as _};

use countersign::archive::{Entry, Error, Form, unpack};

use crate::support::archives::{ZipEntry, gzip, tar, tar_entry, tar_gz, with_sum, zip, zip_of};

const PLUGIN: (&str, u32, &[u8]) = ("notation-foo", 0o100_755, b"#!/bin/sh\n");

/// Unpacks; gives the names and the lengths of what came out.
fn unpacked(bytes: &[u8]) -> Result<Vec<(String, usize)>, Error> {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let form = Form::of(bytes).unwrap();
    let mut found = Vec::new();
    let is_plugin = |name: &str| name.starts_with("notation-");
    let mut take = |entry: &Entry, content: &mut dyn Read| {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        found.push((entry.name.clone(), bytes.len()));
        Ok(())
    };
    unpack(&file, form, &is_plugin, &mut take)?;
    Ok(found)
}

#[track_caller]
fn refused(bytes: &[u8]) -> String {
    match unpacked(bytes) {
        Err(error) => {
            let source = std::error::Error::source(&error);
            source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
        }
        Ok(found) => panic!("{found:?}"),
    }
}

fn ended(mut entries: Vec<u8>) -> Vec<u8> {
    entries.extend([0; 1024]);
    gzip(&entries)
}

#[test]
fn what_is_no_regular_file_is_left_out() {
    let mut tar = tar(&[PLUGIN]);
    for kind in *b"123456" {
        tar.extend(tar_entry(kind, b"notation-bar", 0o777, b""));
    }
    assert_eq!(
        unpacked(&ended(tar)).unwrap(),
        [("notation-foo".to_owned(), 10)]
    );
    let kinds = [
        0o120_777, 0o040_755, 0o020_666, 0o060_666, 0o010_666, 0o140_777,
    ];
    let mut entries = vec![ZipEntry::new(PLUGIN)];
    for (index, mode) in kinds.into_iter().enumerate() {
        let name = format!("notation-{index}");
        entries.push(ZipEntry::new((&name, mode, b"/etc/passwd")));
    }
    assert_eq!(
        unpacked(&zip_of(&entries)).unwrap(),
        [("notation-foo".to_owned(), 10)]
    );
}

#[test]
fn no_name_leads_anywhere() {
    let names: [(&str, &str); 6] = [
        ("../notation-foo", "cannot contain '..'"),
        ("a/../../notation-foo", "cannot contain '..'"),
        ("..\\notation-foo", "cannot contain '..'"),
        ("C:\\notation-foo", "has a backslash"),
        ("notation-\u{1b}[2J", "has a control character"),
        ("notation-\n", "has a control character"),
    ];
    for (name, problem) in names {
        for bytes in [
            zip(&[(name, 0o100_755, b"x")]),
            tar_gz(&[(name, 0o100_755, b"x")]),
        ] {
            let error = refused(&bytes);
            assert!(error.contains(problem), "{name:?}: {error}");
        }
    }
    // A name that is not a file's is as bad for a link, of which nothing is made.
    let link = ended(tar_entry(b'2', b"../x", 0o777, b""));
    assert!(refused(&link).contains("cannot contain '..'"));
    for bytes in [
        zip(&[("/notation-foo", 0o100_755, b"x")]),
        tar_gz(&[("/notation-foo", 0o100_755, b"x")]),
    ] {
        assert_eq!(unpacked(&bytes).unwrap(), [("notation-foo".to_owned(), 1)]);
    }
    let mut latin = ZipEntry::new(PLUGIN);
    (latin.name, latin.local_name) = (b"notation-\xe9".to_vec(), b"notation-\xe9".to_vec());
    assert!(refused(&zip_of(&[latin])).contains("is not UTF-8"));
    assert!(
        refused(&ended(tar_entry(b'0', b"notation-\xe9", 0o755, b""))).contains("is not UTF-8")
    );
}

#[test]
fn long_names_end() {
    let name = "n".repeat(256);
    assert!(refused(&zip(&[(&name, 0o100_644, b"x")])).contains("is too long"));
    let deep = "d/".repeat(2_049) + "x";
    assert!(refused(&zip(&[(&deep, 0o100_644, b"x")])).contains("is too long"));
    // By GNU's extension, by POSIX's, and longer than either may be.
    let gnu = |name: &[u8]| {
        [
            tar_entry(b'L', b"././@LongLink", 0o644, name),
            tar_entry(b'0', b"short", 0o644, b"x"),
        ]
        .concat()
    };
    assert!(refused(&ended(gnu(name.as_bytes()))).contains("is too long"));
    assert_eq!(
        unpacked(&ended(gnu(b"a/long/name\0"))).unwrap(),
        [("name".to_owned(), 1)]
    );
    assert!(refused(&ended(gnu(b"../x"))).contains("cannot contain '..'"));
    assert!(refused(&ended(gnu(&vec![b'n'; 65_537]))).contains("an extended header is too long"));
}

#[test]
fn extended_headers_are_read_and_never_believed_blindly() {
    let pax = |records: &str| {
        ended(
            [
                tar_entry(b'x', b"PaxHeader", 0o644, records.as_bytes()),
                tar_entry(b'0', b"short", 0o644, b"12345"),
            ]
            .concat(),
        )
    };
    assert_eq!(
        unpacked(&pax("14 path=a/new\n")).unwrap(),
        [("new".to_owned(), 5)]
    );
    assert_eq!(
        unpacked(&pax("10 size=2\n")).unwrap(),
        [("short".to_owned(), 2)]
    );
    for (records, problem) in [
        ("11 path=..\n", "cannot contain '..'"),
        ("29 size=18446744073709551615\n", "unexpected EOF"),
        ("99 path=x\n", "malformed"),
        ("0 path=x\n", "malformed"),
        ("path=x\n", "malformed"),
        ("9 path=\0\n", "malformed"),
        ("8 path=\n", "malformed"),
        ("22 GNU.sparse.major=1\n", "holes"),
    ] {
        let error = refused(&pax(records));
        assert!(error.contains(problem), "{records:?}: {error}");
    }
    let global =
        |records: &[u8]| ended([tar_entry(b'g', b"pax", 0o644, records), tar(&[PLUGIN])].concat());
    assert!(refused(&global(b"10 path=x\n")).contains("global header"));
    assert_eq!(
        unpacked(&global(b"13 comment=x\n")).unwrap(),
        [("notation-foo".to_owned(), 10)]
    );
}

#[test]
fn tar_headers_must_be_right() {
    let spoilt = |spoil: fn(&mut [u8; 512])| {
        let mut bytes = tar(&[PLUGIN]);
        let block = bytes.first_chunk_mut::<512>().unwrap();
        spoil(block);
        ended(bytes)
    };
    assert!(refused(&spoilt(|block| block[0] ^= 1)).contains("its checksum is wrong"));
    let negative = |block: &mut [u8; 512]| {
        block[124..136].fill(0xff);
        with_sum(block);
    };
    refused(&spoilt(negative));
    let letters = |block: &mut [u8; 512]| {
        block[124] = b'x';
        with_sum(block);
    };
    assert!(refused(&spoilt(letters)).contains("its size is not a number"));
    let holes = |block: &mut [u8; 512]| {
        block[156] = b'S';
        with_sum(block);
    };
    assert!(refused(&spoilt(holes)).contains("holes"));
    // A size that is larger than what follows.
    let longer = |block: &mut [u8; 512]| {
        block[124..136].copy_from_slice(b"00000100000\0");
        with_sum(block);
    };
    assert_eq!(refused(&spoilt(longer)), "unexpected EOF");
    let mut hidden = tar(&[PLUGIN]);
    hidden.extend([0; 1024]);
    hidden.extend(tar(&[("notation-bar", 0o100_755, b"x")]));
    assert!(refused(&gzip(&hidden)).contains("something follows the end"));
}

#[test]
fn a_stream_that_is_cut_or_changed_is_refused() {
    let whole = tar_gz(&[("notation-foo", 0o100_755, &random(5_000))]);
    for length in [3, 10, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        refused(&whole[..length]);
    }
    for at in [whole.len() - 8, whole.len() - 4, whole.len() / 2] {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        refused(&changed);
    }
    let mut followed = whole.clone();
    followed.extend(b"rubbish");
    refused(&followed);
    // Two streams are one, as for every other program.
    let mut twice = gzip(&tar(&[PLUGIN]));
    twice.extend(gzip(&[0; 1024]));
    assert_eq!(unpacked(&twice).unwrap().len(), 1);
}

/// Bytes that do not shrink.
fn random(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn bombs_do_not_go_off() {
    let zeros = vec![0; 8 * 1024 * 1024];
    let error = refused(&tar_gz(&[("notation-foo", 0o100_755, &zeros)]));
    assert!(error.contains("more than 100 times as long"), "{error}");
    let error = refused(&zip(&[("notation-foo", 0o100_755, &zeros)]));
    assert!(error.contains("more than 100 times as long"), "{error}");
    // What is never written is unpacked as well.
    let error = refused(&ended(tar_entry(b'7', b"x", 0o644, &zeros)));
    assert!(error.contains("more than 100 times as long"), "{error}");
    // A little of everything shrinks well.
    let small = vec![b'x'; 1024 * 1024 - 4096];
    assert!(unpacked(&tar_gz(&[("notation-foo", 0o100_755, &small)])).is_ok());
    assert!(unpacked(&zip(&[("notation-foo", 0o100_755, &small)])).is_ok());
    // A zip file that claims more than 256 MiB, whatever it has.
    let mut entry = ZipEntry::new(("notation-foo", 0o100_755, &random(4 * 1024 * 1024)));
    entry.size = 256 * 1024 * 1024;
    assert!(refused(&zip_of(&[entry])).contains("reaches 268435456 bytes"));
}

#[test]
fn entries_are_counted() {
    let names: Vec<String> = (0..1_001).map(|index| format!("f{index}")).collect();
    let files: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), 0o100_644, &b""[..]))
        .collect();
    for pack in [zip, tar_gz] {
        assert_eq!(unpacked(&pack(&files[..1_000])).unwrap().len(), 1_000);
        assert!(refused(&pack(&files)).contains("more than 1000 entries"));
    }
    // Those that are left out, too.
    let links: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), 0o120_777, &b""[..]))
        .collect();
    for pack in [zip, tar_gz] {
        assert!(refused(&pack(&links)).contains("more than 1000 entries"));
    }
}

#[test]
fn no_name_comes_twice() {
    let twice = [PLUGIN, PLUGIN];
    assert_eq!(
        refused(&zip(&twice)),
        "notation-foo: duplicate entries in zip file"
    );
    assert_eq!(
        refused(&tar_gz(&twice)),
        "notation-foo: duplicate entries in tar.gz file"
    );
    let flattened = [PLUGIN, ("bin/notation-foo", 0o100_755, &b"other"[..])];
    assert_eq!(
        refused(&tar_gz(&flattened)),
        "notation-foo: duplicate entries in tar.gz file"
    );
    // In a zip file, what is beside the directories counts, as for notation.
    assert_eq!(
        unpacked(&zip(&flattened)).unwrap(),
        [("notation-foo".to_owned(), 10)]
    );
    let deep = [
        ("a/notation-foo", 0o100_755, &b"x"[..]),
        ("b/notation-foo", 0o100_755, b"y"),
    ];
    assert_eq!(
        refused(&zip(&deep)),
        "notation-foo: duplicate entries in zip file"
    );
}

/// Makes an entry say something that is not so.
type Spoil = fn(&mut ZipEntry);

#[test]
fn a_zip_file_says_one_thing_twice() {
    let spoilt = |spoil: Spoil| {
        let mut entry = ZipEntry::new(PLUGIN);
        spoil(&mut entry);
        refused(&zip_of(&[entry]))
    };
    let lies: [(Spoil, &str); 10] = [
        (
            |entry| entry.local_name = b"notation-bar".to_vec(),
            "says something else than the directory",
        ),
        (
            |entry| entry.local_name = b"notation-foo2".to_vec(),
            "says something else",
        ),
        (
            |entry| entry.checksum ^= 1,
            "the checksum of an entry is wrong",
        ),
        (|entry| entry.size -= 1, "the checksum of an entry is wrong"),
        (|entry| entry.size += 1, "unexpected EOF"),
        (|entry| entry.method = 12, "not compressed by deflate"),
        (|entry| entry.method = 0, "an entry has two sizes"),
        (|entry| entry.flags = 1, "is encrypted"),
        (|entry| entry.offset = Some(1), "overlap"),
        (
            |entry| entry.packed.extend(b"more"),
            "an entry is longer than it says",
        ),
    ];
    for (spoil, problem) in lies {
        let error = spoilt(spoil);
        assert!(error.contains(problem), "{problem}: {error}");
    }
    // Two entries that are one piece of the file.
    let big = ZipEntry::new(("notation-foo", 0o100_755, &random(4_096)));
    let mut same = ZipEntry::new(("other", 0o100_644, &random(4_096)));
    same.offset = Some(0);
    assert!(refused(&zip_of(&[big, same])).contains("overlap"));
    let whole = zip(&[PLUGIN]);
    for length in [4, whole.len() - 23, whole.len() - 1] {
        refused(&whole[..length]);
    }
    // Something before or behind it may be another archive.
    let mut followed = whole.clone();
    followed.extend(b"more");
    assert!(refused(&followed).contains("no directory at its end"));
    let led = [b"PK\x03\x04".to_vec(), whole.clone()].concat();
    assert!(refused(&led).contains("its directory is not where it says"));
    let count = whole.len() - 12;
    let mut fewer = whole.clone();
    fewer[count - 2..count + 2].fill(0);
    assert!(refused(&fewer).contains("more entries than it says"));
}
