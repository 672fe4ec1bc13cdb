//! Packages of AWS Lambda, and the signature in one: whatever is read is read to its end, within its bounds.
#![no_main]

use std::fs::File;
use std::io::{Read, Write};

use countersign::archive::package::{Allowed, Package};
use countersign::code_signing::{Contents, Signature};
use countersign::limits::{MAX_PACKAGE_BYTES, MAX_PACKAGE_ENTRIES};

/// A file without a name.
fn file(bytes: &[u8]) -> File {
    let path = std::env::temp_dir().join(format!("fuzz-package-{}", std::process::id()));
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(true);
    let mut file = options.open(&path).expect("a temporary file");
    std::fs::remove_file(&path).expect("its removal");
    file.write_all(bytes).expect("its content");
    file
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let file = file(bytes);
    let allowed = Allowed { links: true };
    let Ok(package) = Package::open(&file, allowed) else { return };
    assert!(package.entries().len() <= MAX_PACKAGE_ENTRIES);
    let mut length = 0;
    let mut names = std::collections::HashSet::new();
    let read = package.read_through(&mut |entry, content: &mut dyn Read| {
        let name = entry.name();
        assert!(!name.starts_with('/') && !name.contains(['\\', '\0']) && names.insert(name.to_owned()));
        assert!(!name.split('/').any(|part| part == ".."));
        let count = std::io::copy(content, &mut std::io::sink())?;
        assert_eq!(count, entry.size());
        length += count;
        Ok(())
    });
    assert!(length <= MAX_PACKAGE_BYTES);
    let contents = Contents::read(&file, allowed);
    assert_eq!(contents.is_ok(), read.is_ok());
    if let Ok(contents) = contents {
        assert_eq!(contents.entries.len(), package.entries().len());
        if let Some(text) = contents.signature {
            // No root is trusted, so nothing is.
            assert!(Signature::verify(&text, &[]).is_err());
        }
    }
});
