//! Task definitions of Amazon ECS, those of daemons included: as they are registered, and as AWS describes them.

use super::error::Error;
use super::place::{Finder, Place};

/// What AWS's answers have around a task definition.
const AROUND: [&str; 2] = ["taskDefinition", "daemonTaskDefinition"];

/// The image of every container, whatever its part: the application, a sidecar, one that ends before others start.
pub(super) fn find<'d>(finder: &mut Finder<'d>, root: &Place<'d>) -> Result<(), Error> {
    let mut definition = root.clone();
    for name in AROUND {
        if let Some(inner) = finder.member(root, name)? {
            definition = inner;
        }
    }
    let name = "containerDefinitions";
    let list = finder.member(&definition, name)?;
    let list = list.ok_or_else(|| finder.missing(&definition, name))?;
    for container in finder.elements(&list)? {
        finder.image_in(&container, "image")?;
    }
    Ok(())
}
