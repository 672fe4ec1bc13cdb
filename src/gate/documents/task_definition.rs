//! Task definitions of Amazon ECS, those of daemons included: as they are registered, and as AWS describes them.

use super::error::Error;
use super::place::{Finder, Place};

/// What AWS's answers have around a task definition.
const AROUND: [&str; 2] = ["taskDefinition", "daemonTaskDefinition"];

/// What of a container has members with names that people choose.
const CHOSEN_NAMES: [&[&str]; 2] = [&["dockerLabels"], &["logConfiguration", "options"]];

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
        note_chosen_names(finder, &container, &CHOSEN_NAMES);
    }
    Ok(())
}

/// Notes what of a container has members with names that people choose, and starts nothing.
pub(super) fn note_chosen_names<'d>(
    finder: &mut Finder<'d>,
    container: &Place<'d>,
    ways: &[&[&str]],
) {
    for way in ways {
        let mut here = Some(container.clone());
        for name in *way {
            here = here.and_then(|place| Some(place.below(name, place.node.get(name)?)));
        }
        if let Some(names) = here {
            finder.has_chosen_names(&names);
        }
    }
}
