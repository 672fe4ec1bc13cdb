//! Judges an image with what `countersign revocation fetch --out DIR` stored, without a network: `cargo
//! run --example judge_offline -- DIR REGISTRY/REPOSITORY@sha256:...`
//!
//! The trust policy is Notation's, in `NOTATION_CONFIG`.

#![expect(clippy::print_stdout, reason = "what the program says")]

use std::error::Error;
use std::path::PathBuf;

use countersign::environment::{Clock, Environment};
use countersign::reference::Reference;
use countersign::verify::{OFFLINE_ANSWER_AGE, OfflineDirectory, Verification, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, reference] = arguments.as_slice() else {
        return Err("give DIR REFERENCE".into());
    };
    let reference = Reference::parse(reference)?.into();
    let directories = Environment::of_process().notation_directories()?;
    let stored = OfflineDirectory::new(PathBuf::from(directory));
    let verifier = Verifier::from_notation_config(&directories)?.offline(
        stored,
        OFFLINE_ANSWER_AGE,
        Clock::System,
    );
    match verifier.verify(&reference).await? {
        Verification::Verified(image) => println!("may run: {}", image.reference),
        Verification::Tolerated(image) => {
            return Err(format!("{} only logs", image.statement).into());
        }
        Verification::Skipped { statement, .. } => return Err(format!("{statement} skips").into()),
        // Only where `Options::images` asks for the images of an index.
        Verification::Images(_) => return Err("the images were not asked for".into()),
    }
    Ok(())
}
