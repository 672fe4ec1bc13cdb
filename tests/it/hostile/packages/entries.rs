//! What an entry of a package may be, whatever the archive around it is like.

use super::*;

#[test]
fn an_entry_is_read_in_one_way() {
    let both = |change: fn(&mut Header)| {
        refused(&first(|member| *member = member.clone().with_both(change)))
    };
    for (error, code) in [
        (both(|header| header.flags = 1), "encrypted"),
        (both(|header| header.flags = 1 << 6), "encrypted"),
        (both(|header| header.flags = 1 << 13), "encrypted"),
        (
            both(|header| header.extra = extra(0x9901, &[0; 7])),
            "encrypted",
        ),
        (
            both(|header| header.extra = extra(0x17, &[0; 8])),
            "encrypted",
        ),
        (both(|header| header.flags = 1 << 5), "unknown-flags"),
        (both(|header| header.flags = 1 << 4), "unknown-flags"),
        (both(|header| header.flags = 1 << 15), "unknown-flags"),
        (both(|header| header.method = 12), "unknown-method"),
        (both(|header| header.method = 9), "unknown-method"),
        (both(|header| header.method = 0), "wrong-length"),
        (
            both(|header| header.extra = extra(0x7075, b"\x01\0\0\0\0b")),
            "name-in-extra-field",
        ),
        // What some readers take a link or a mode from.
        (
            both(|header| header.extra = extra(0x756e, &[0; 14])),
            "unknown-extra-field",
        ),
        (
            both(|header| header.extra = extra(0x000d, &[0; 12])),
            "unknown-extra-field",
        ),
        (
            both(|header| header.extra = extra(0x1234, b"")),
            "unknown-extra-field",
        ),
        (
            both(|header| header.extra = vec![0x55, 0x54, 9]),
            "malformed-extra-fields",
        ),
        (
            both(|header| header.extra = vec![0x55, 0x54, 9, 0]),
            "malformed-extra-fields",
        ),
        (
            both(|header| header.extra = extra(0x5455, &[0; 5]).repeat(2)),
            "malformed-extra-fields",
        ),
        (both(|header| header.checksum ^= 1), "wrong-checksum"),
        (both(|header| header.size -= 1), "wrong-checksum"),
        (both(|header| header.size += 1), "malformed-content"),
    ] {
        assert_eq!(error.code(), code, "{error}");
    }
    // In one header alone.
    let local = first(|member| member.local.extra = extra(0x7075, b"\x01\0\0\0\0b"));
    assert_eq!(refused(&local).code(), "name-in-extra-field");
    let central = first(|member| member.central.extra = extra(0x7075, b"\x01\0\0\0\0b"));
    assert_eq!(refused(&central).code(), "name-in-extra-field");
    // Bytes behind the end of the compressed ones, which some readers take for the next entry.
    let longer = first(|member| {
        member.packed.push(0);
        let count = u32::try_from(member.packed.len()).unwrap();
        *member = member.clone().with_both(|header| header.packed = count);
    });
    assert_eq!(refused(&longer).code(), "wrong-length");
    let cut = first(|member| {
        member.packed.pop();
        let count = u32::try_from(member.packed.len()).unwrap();
        *member = member.clone().with_both(|header| header.packed = count);
    });
    assert_eq!(refused(&cut).code(), "malformed-content");
    let spoilt = first(|member| member.packed[0] = 7);
    assert_eq!(refused(&spoilt).code(), "malformed-content");
    let directory = with(|zip| zip.members[1] = Member::new("lib/", b"x"));
    assert_eq!(refused(&directory).code(), "directory-content");
}

/// Of version 9.9, Info-ZIP leaves the entry out, and Python refuses the file.
#[test]
fn an_entry_needs_no_version_that_some_readers_do_not_know() {
    for version in (0..=u16::from(u8::MAX)).chain([0x0114, 0x0314, 0x8014, u16::MAX]) {
        let bytes = first(|member| {
            *member = member.clone().with_both(|header| header.version = version);
        });
        match version {
            10 | 20 => drop(read(&bytes).unwrap()),
            45 => assert!(matches!(refused(&bytes), PackageError::Zip64)),
            other => {
                let error = refused(&bytes);
                assert_eq!(error.code(), "unknown-version");
                let words = format!(
                    "entry `app.py` needs version {other} of the zip format, wanted 10 or 20"
                );
                assert_eq!(error.to_string(), words);
            }
        }
    }
}

#[test]
fn attributes_mean_the_same_on_every_system() {
    for system in 0..=u8::MAX {
        let bytes = first(|member| member.made_by = system);
        if [0, 3, 10, 11, 14, 19].contains(&system) {
            read(&bytes).unwrap();
            continue;
        }
        let error = refused(&bytes);
        assert_eq!(error.code(), "unknown-system");
        let words = format!("entry `app.py` was made on system {system}, which is not supported");
        assert_eq!(error.to_string(), words);
    }
    // Content in records, each behind its length.
    for internal in [2, 3, 4, 0x8000] {
        let error = refused(&first(|member| member.internal = internal));
        assert_eq!(error.code(), "unknown-attributes");
        let words = format!(
            "entry `app.py` has the internal attributes {internal:#06x}, which are not supported"
        );
        assert_eq!(error.to_string(), words);
    }
    // Info-ZIP leaves out what is a label, and only where the system is one of Microsoft's.
    for (system, mode) in [(0, 0), (3, 0o100_644), (11, 0)] {
        for others in [0, 0x21] {
            let bytes = first(|member| {
                (member.made_by, member.attributes) = (system, mode << 16 | 8 | others);
            });
            let error = refused(&bytes);
            assert_eq!(error.code(), "volume-label");
            assert_eq!(
                error.to_string(),
                "entry `app.py` is a volume label by its attributes"
            );
            let allowed = Allowed { links: true };
            assert_eq!(
                read_with(&bytes, allowed).unwrap_err().code(),
                "volume-label"
            );
        }
    }
}

#[test]
fn names_are_unique_and_lead_inside() {
    let named = |names: &[&str]| {
        let members = names.iter().map(|name| Member::new(name, b""));
        refused(&Zip::of(members.collect()).bytes())
    };
    for (names, code) in [
        (&["a", "a"][..], "duplicate-name"),
        (&["a", "b", "A"], "similar-names"),
        (&["\u{e9}", "e\u{301}"], "similar-names"),
        (&["a", "a/"], "file-and-directory"),
        (&["a", "a/b"], "file-and-directory"),
        (&["/etc/passwd"], "absolute-name"),
        (&["C:x"], "absolute-name"),
        (&["app.py::$DATA"], "colon"),
        (&["app.py;1"], "file-version"),
        (&["a?", "a_"], "similar-names"),
        (&["../x"], "climbing-name"),
        (&["a/../../x"], "climbing-name"),
        (&["a\\b"], "backslash"),
        (&["a\0.py"], "control-character"),
        (&["./a"], "empty-name-part"),
        (&["a//b"], "empty-name-part"),
        (&[""], "empty-name-part"),
    ] {
        assert_eq!(named(names).code(), code, "{names:?}");
    }
    let name = |bytes: &'static [u8], flags: u16| {
        refused(&first(|member| {
            *member = member.clone().with_both(|header| {
                header.name = bytes.to_vec();
                header.flags = flags;
            });
        }))
        .code()
    };
    assert_eq!(name(b"\xe4.py", 0), "name-not-utf-8");
    assert_eq!(name(b"\xe4.py", 1 << 11), "name-not-utf-8");
    assert_eq!(name("\u{e4}.py".as_bytes(), 0), "name-not-marked");
}

#[test]
fn links_devices_and_other_owners_are_accepted_only_where_the_caller_says_so() {
    let mode =
        |name: &str, mode: u32| Zip::of(vec![Member::stored(name, b"x").with_mode(mode)]).bytes();
    for (bytes, code) in [
        (mode("a", 0o120_777), "symbolic-link"),
        (mode("a", 0o020_666), "device"),
        (mode("a", 0o060_666), "device"),
        (mode("a", 0o010_666), "device"),
        (mode("a", 0o140_777), "device"),
        (mode("a", 0o104_755), "set-id"),
        (mode("a", 0o102_755), "set-id"),
        (mode("a", 0o004_755), "set-id"),
    ] {
        assert_eq!(refused(&bytes).code(), code);
        assert!(
            refused(&bytes)
                .hint()
                .unwrap()
                .contains("the setting `allow-links`")
        );
        let found = read_with(&bytes, Allowed { links: true }).unwrap();
        assert_eq!(found, [("a".to_owned(), b"x".to_vec())]);
    }
    // The mode counts whatever system says that it wrote the archive: some readers do not ask.
    let mut other = Member::stored("a", b"x").with_mode(0o120_777);
    other.made_by = 0;
    assert_eq!(
        refused(&Zip::of(vec![other]).bytes()).code(),
        "symbolic-link"
    );
    for (bytes, by) in [
        (mode("a", 0o040_755), "its mode"),
        (mode("a/", 0o100_644), "its name"),
    ] {
        let words = refused(&bytes).to_string();
        assert!(
            words.ends_with(&format!("is a directory by {by} alone")),
            "{words}"
        );
    }
    let mut dos = Member::stored("a", b"");
    (dos.made_by, dos.attributes) = (0, 0x10);
    let words = refused(&Zip::of(vec![dos]).bytes()).to_string();
    assert_eq!(words, "entry `a` is a directory by its attributes alone");
    assert_eq!(refused(&mode("a/", 0o120_777)).code(), "symbolic-link");
    let link = read_with(&mode("a/", 0o120_777), Allowed { links: true });
    assert_eq!(link.unwrap_err().code(), "unclear-kind");
}
