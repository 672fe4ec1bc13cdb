//! Verifies an image that one signing profile of AWS Signer must have signed, and prints the digest that may run:
//! `cargo run --example verify -- PROFILE_ARN ROOT_FILE REGISTRY/REPOSITORY@sha256:...`
//!
//! `ROOT_FILE` has the root of an emulator. AWS's own roots are built in: `Verifier::for_signing_profiles([profile])`.

#![expect(clippy::print_stdout, reason = "what the program says")]

use std::error::Error;
use std::path::Path;

use countersign::environment::Environment;
use countersign::reference::Reference;
use countersign::trust_store::NamedStore;
use countersign::verify::{Verification, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, root, reference] = arguments.as_slice() else {
        return Err("give PROFILE_ARN ROOT_FILE REFERENCE".into());
    };
    let reference = Reference::parse(reference)?.into();
    let roots = NamedStore::aws_signer_roots(Path::new(root))?;
    let verifier = Verifier::for_signing_profiles_under([profile], vec![roots])?
        .connect(&Environment::of_process())?;
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
