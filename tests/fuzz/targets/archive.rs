//! Archives of plugins, zip and tar.gz.
#![no_main]

use std::fs::File;
use std::io::{Read, Seek, Write};

use countersign::archive::{Entry, Form, unpack};
use countersign::limits::{MAX_ARCHIVE_ENTRIES, MAX_PLUGIN_SOURCE_BYTES};

/// A file without a name.
fn file(bytes: &[u8]) -> File {
    let path = std::env::temp_dir().join(format!("fuzz-archive-{}", std::process::id()));
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(true);
    let mut file = options.open(&path).expect("a temporary file");
    std::fs::remove_file(&path).expect("its removal");
    file.write_all(bytes).expect("its content");
    file.rewind().expect("its beginning");
    file
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(form) = Form::of(bytes) else { return };
    let (mut names, mut length) = (Vec::new(), 0);
    let mut take = |entry: &Entry, content: &mut dyn Read| {
        assert!(!entry.name.contains(['/', '\\', '\0']) && !entry.name.contains(".."));
        assert!(!entry.name.is_empty() && entry.name != "." && !names.contains(&entry.name));
        names.push(entry.name.clone());
        length += std::io::copy(content, &mut std::io::sink())?;
        Ok(())
    };
    let _ = unpack(&file(bytes), form, &|name| name.starts_with("notation-"), &mut take);
    assert!(names.len() <= MAX_ARCHIVE_ENTRIES && length < MAX_PLUGIN_SOURCE_BYTES);
});
