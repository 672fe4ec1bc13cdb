//! The two files that AWS CodePipeline hands from a build to a deployment.

use super::DigestBeside;
use super::error::Error;
use super::place::{Finder, Place};

/// `imagedefinitions.json`: the image of each container that is deployed.
pub(super) fn find_definitions<'d>(finder: &mut Finder<'d>, root: &Place<'d>) -> Result<(), Error> {
    for container in finder.elements(root)? {
        finder.image_in(&container, "imageUri")?;
    }
    Ok(())
}

/// `imageDetail.json`: the image that takes a placeholder's place, or the one that was pushed.
pub(super) fn find_detail<'d>(finder: &mut Finder<'d>, root: &Place<'d>) -> Result<(), Error> {
    finder.image_in(root, "ImageURI")
}

/// The digest that `imageDetail.json` has beside the image, with its place.
pub(super) fn digest<'d>(
    finder: &Finder<'d>,
    root: &Place<'d>,
) -> Result<Option<DigestBeside>, Error> {
    let Some(place) = finder.member(root, "ImageDigest")? else {
        return Ok(None);
    };
    let text = finder.text_of(root, "ImageDigest")?;
    Ok(text.map(|text| DigestBeside {
        pointer: place.pointer.clone(),
        position: finder.position(place.node),
        text: text.to_owned(),
    }))
}
