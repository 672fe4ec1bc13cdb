//! The digest of a file that is signed or verified.

use std::fs;

use countersign::algorithm::HashAlgorithm;
use countersign::blob::Blob;
use divan::Bencher;
use divan::counter::BytesCount;

/// Bytes of the file.
const SIZES: [usize; 2] = [4 << 10, 64 << 20];

#[divan::bench(args = SIZES)]
fn sha256(bencher: Bencher<'_, '_>, size: usize) {
    digest(bencher, size, HashAlgorithm::Sha256);
}

#[divan::bench(args = SIZES)]
fn sha384(bencher: Bencher<'_, '_>, size: usize) {
    digest(bencher, size, HashAlgorithm::Sha384);
}

fn digest(bencher: Bencher<'_, '_>, size: usize, algorithm: HashAlgorithm) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, vec![7; size]).unwrap();
    let blob = Blob::open(&path).unwrap();
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        let described = blob.describe("application/octet-stream", algorithm, &|_| {});
        described.unwrap()
    });
}
