//! Compose files.

use super::error::Error;
use super::place::{Finder, Place};

/// Where people choose the names.
const NAMES: [&str; 5] = ["services", "volumes", "networks", "configs", "secrets"];

/// Types of volumes that are not images.
const WITHOUT_IMAGE: [&str; 5] = ["bind", "volume", "tmpfs", "npipe", "cluster"];

/// The image of every service, and every image that a service mounts.
pub(super) fn find<'d>(finder: &mut Finder<'d>, root: &Place<'d>) -> Result<(), Error> {
    for (name, what) in [
        ("include", "a list of other Compose files"),
        ("models", "a list of models"),
    ] {
        if let Some(place) = finder.member(root, name)? {
            finder.unknown(&place, what);
        }
    }
    for name in NAMES {
        if let Some(named) = finder.member(root, name)? {
            finder.has_chosen_names(&named);
        }
    }
    let services = finder.member(root, "services")?;
    let services = services.ok_or_else(|| finder.missing(root, "services"))?;
    for (_, service) in finder.members(&services)? {
        find_in_service(finder, &service)?;
    }
    Ok(())
}

fn find_in_service<'d>(finder: &mut Finder<'d>, service: &Place<'d>) -> Result<(), Error> {
    let mut comes_from_elsewhere = false;
    for (name, what) in [
        ("build", "an image that is built, not pulled"),
        ("extends", "a service of another place"),
        ("provider", "a service that another program runs"),
    ] {
        if let Some(place) = finder.member(service, name)? {
            finder.unknown(&place, what);
            comes_from_elsewhere = true;
        }
    }
    match finder.member(service, "image")? {
        Some(image) => finder.image(&image)?,
        None if comes_from_elsewhere => {}
        None => return Err(finder.missing(service, "image")),
    }
    if let Some(platform) = finder.member(service, "platform")? {
        let text = finder.text_of(service, "platform")?.unwrap_or_default();
        // No signature is asked for an index's entries for `unknown`, since runtimes pass over them; one that is named
        // here is not passed over.
        if text.contains('$') || text.to_ascii_lowercase().contains("unknown") {
            finder.unknown(&platform, "a platform that is not known");
        }
    }
    for volume in finder.elements_of(service, "volumes")? {
        // The short form is a text, and has no images.
        if volume.node.text().is_some() {
            continue;
        }
        match finder.member(&volume, "type")? {
            None => {}
            Some(kind) => match finder.text_of(&volume, "type")? {
                Some("image") => finder.image_in(&volume, "source")?,
                Some(known) if WITHOUT_IMAGE.contains(&known) => {}
                // Compose fills in variables before it looks at the type.
                _ => finder.unknown(&kind, "a type of volume that is not known"),
            },
        }
    }
    Ok(())
}
