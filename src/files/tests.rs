//! Tests of files.

use super::*;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn reads_at_the_limit_and_refuses_one_past_it() {
    let directory = directory();
    let path = directory.path().join("file");
    fs::write(&path, b"12345").unwrap();
    assert_eq!(read(&path, 5).unwrap(), b"12345");
    assert_eq!(read_following_links(&path, 5).unwrap(), b"12345");
    for result in [read(&path, 4), read_following_links(&path, 4)] {
        assert!(matches!(result, Err(Error::TooLarge { max_bytes: 4, .. })));
    }
    assert!(
        read(&path, 4)
            .unwrap_err()
            .to_string()
            .ends_with("/file` is larger than 4 bytes")
    );
}

#[test]
fn says_that_nothing_is_there() {
    let directory = directory();
    let error = read(&directory.path().join("none"), 5).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.to_string().ends_with("/none` does not exist"));
}

#[test]
fn refuses_a_directory() {
    let directory = directory();
    for result in [
        read(directory.path(), 5),
        read_following_links(directory.path(), 5),
    ] {
        assert!(matches!(
            result,
            Err(Error::WrongKind {
                found: "a directory",
                wanted: "a regular file",
                ..
            })
        ));
    }
}

#[cfg(unix)]
#[test]
fn refuses_links_and_pipes_unless_a_user_named_them() {
    let directory = directory();
    let (file, link, dangling, pipe) = (
        directory.path().join("file"),
        directory.path().join("link"),
        directory.path().join("dangling"),
        directory.path().join("pipe"),
    );
    fs::write(&file, b"x").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    for path in [&link, &dangling] {
        let error = read(path, 5).unwrap_err();
        assert!(matches!(error, Error::SymbolicLink { .. }), "{error}");
        assert!(error.is_wrong_kind());
    }
    // Without a writer an open for reading would wait forever.
    assert!(matches!(
        read(&pipe, 5),
        Err(Error::WrongKind {
            found: "a pipe, socket or device",
            ..
        })
    ));
    assert_eq!(read_following_links(&link, 5).unwrap(), b"x");
    for path in [&pipe, Path::new("/dev/zero")] {
        let error = read_following_links(path, 5).unwrap_err();
        assert!(error.is_wrong_kind(), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_appears_after_the_look_is_not_opened() {
    let directory = directory();
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    fs::write(&file, b"x").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let mut options = OpenOptions::new();
    options.read(true);
    without_following(&mut options);
    let refused = options.open(&link).unwrap_err();
    assert!(is_link_refusal(&refused), "{refused}");
}

#[test]
fn lists_at_the_limit_in_order_and_refuses_one_past_it() {
    let directory = directory();
    for name in ["b", "a"] {
        fs::write(directory.path().join(name), b"").unwrap();
    }
    let names: Vec<_> = read_directory(directory.path(), 2)
        .unwrap()
        .iter()
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(matches!(
        read_directory(directory.path(), 1),
        Err(Error::TooManyEntries { max_entries: 1, .. })
    ));
    assert!(matches!(
        read_directory(&directory.path().join("a"), 1),
        Err(Error::WrongKind {
            found: "a regular file",
            wanted: "a directory",
            ..
        })
    ));
}

#[cfg(unix)]
#[test]
fn writes_for_the_owner_alone_and_never_through_a_link() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = directory();
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    write_atomic(&file, b"one").unwrap();
    write_atomic(&file, b"two").unwrap();
    assert_eq!(read(&file, 3).unwrap(), b"two");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(matches!(
        write_atomic(&link, b"three"),
        Err(Error::SymbolicLink { .. })
    ));
    assert_eq!(read(&file, 3).unwrap(), b"two");
    // Nothing but the file and the link: no temporary file stays behind.
    assert_eq!(read_directory(directory.path(), 2).unwrap().len(), 2);
}

#[cfg(unix)]
#[test]
fn makes_directories_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = directory();
    let path = directory.path().join("a/b");
    create_directory(&path).unwrap();
    create_directory(&path).unwrap();
    for path in [path.as_path(), path.parent().unwrap()] {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}

#[cfg(unix)]
#[test]
fn a_new_file_replaces_nothing() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = directory();
    let (file, dangling) = (
        directory.path().join("file"),
        directory.path().join("dangling"),
    );
    write_new(&file, b"one", 0o644, directory.path()).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
    for path in [&file, &dangling] {
        let error = write_new(path, b"two", 0o600, directory.path()).unwrap_err();
        assert_eq!(error.to_string(), format!("`{}` exists", path.display()));
    }
    assert_eq!(read(&file, 3).unwrap(), b"one");
    assert_eq!(read_directory(directory.path(), 2).unwrap().len(), 2);
}

#[cfg(unix)]
#[test]
fn what_is_removed_is_the_link_and_never_what_it_leads_to() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("real")).unwrap();
    fs::write(path("real/file"), b"x").unwrap();
    std::os::unix::fs::symlink("real", path("link")).unwrap();
    assert!(matches!(
        remove(&path("real")),
        Err(Error::WrongKind { .. })
    ));
    assert!(matches!(
        remove_directory(&path("link")),
        Err(Error::SymbolicLink { .. })
    ));
    assert!(!remove_empty_directory(&path("real")).unwrap());
    remove(&path("link")).unwrap();
    fs::create_dir(path("store")).unwrap();
    std::os::unix::fs::symlink("../real", path("store/link")).unwrap();
    remove_directory(&path("store")).unwrap();
    assert_eq!(read(&path("real/file"), 1).unwrap(), b"x");
    remove(&path("real/file")).unwrap();
    assert!(remove_empty_directory(&path("real")).unwrap());
    assert!(remove(&path("real/file")).unwrap_err().is_not_found());
}
