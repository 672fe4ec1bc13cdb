//! What each stage of a verification takes by itself, in memory: `cargo bench --bench stages`, or a part of it by name, as in
//! `cargo bench --bench stages -- envelopes`.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be prepared cannot be measured"
)]

mod certificates;
mod digests;
mod envelopes;
mod policies;
mod referrers;
mod revocation;
mod timestamps;

fn main() {
    divan::main();
}
