//! An RFC 3161 timestamp: read and verified.

use countersign::timestamp;
use countersign::x509;
use divan::{Bencher, black_box};

use crate::certificates::NOW;

const TOKEN: &[u8] = include_bytes!("../../tests/fuzz/corpus/timestamp/ec_tsa.tst");
/// The value of the signature that it is for.
const MESSAGE: &[u8] = include_bytes!("../../tests/fuzz/targets/timestamp.message");
const ROOT: &[u8] =
    include_bytes!("../../tests/vectors/generated/tscfg/truststore/x509/tsa/tsa/root.pem");

#[divan::bench]
fn verify(bencher: Bencher<'_, '_>) {
    let roots = x509::parse_certificates(ROOT).unwrap();
    bencher.bench(|| timestamp::verify(black_box(TOKEN), MESSAGE, &roots, NOW).unwrap());
}
