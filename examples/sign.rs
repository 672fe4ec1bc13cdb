//! Signs an image with a signing profile of AWS Signer and stores the signature beside it:
//! `cargo run --example sign -- PROFILE_ARN REGISTRY/REPOSITORY@sha256:...`
//!
//! Credentials and region come from where AWS's own tools find them.

#![expect(clippy::print_stdout, reason = "what the program says")]

use std::error::Error;

use countersign::environment::Environment;
use countersign::reference::Reference;
use countersign::sign::ArtifactSigner;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [profile, reference] = arguments.as_slice() else {
        return Err("give PROFILE_ARN REFERENCE".into());
    };
    let reference = Reference::parse(reference)?.into();
    let signer =
        ArtifactSigner::with_signing_profile(profile)?.connect(&Environment::of_process())?;
    let outcome = signer.sign(&reference).await?;
    println!("signed {}", outcome.target.reference);
    println!("signature {}", outcome.reference);
    Ok(())
}
