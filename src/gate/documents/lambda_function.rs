//! AWS Lambda functions: what `CreateFunction` and `UpdateFunctionCode` take, and what `GetFunction` answers.

use super::error::Error;
use super::place::{Finder, Place};

/// Where the images are: the second way is that of the two requests, the last one of the answer.
const IMAGES: [&[&str]; 3] = [
    &["ImageUri"],
    &["Code", "ImageUri"],
    &["Code", "ResolvedImageUri"],
];

/// The image of the function, and the one that Lambda has made of it.
pub(super) fn find<'d>(finder: &mut Finder<'d>, root: &Place<'d>) -> Result<(), Error> {
    for way in IMAGES {
        if let Some(image) = finder.at(root, way)? {
            finder.image(&image)?;
        }
    }
    Ok(())
}
