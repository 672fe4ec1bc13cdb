//! Values of a document that may be anything.

use crate::document::Node;

/// The member of this name; `None` without it, or if the value is not an object.
pub(super) fn member<'d>(node: &Node<'d>, name: &str) -> Option<Node<'d>> {
    let mut members = node.members()?.into_iter();
    Some(members.find(|member| member.name == name)?.value)
}

/// The strings of the list of this name, with their places.
pub(super) fn strings<'d>(node: &Node<'d>, name: &str) -> Vec<(Node<'d>, &'d str)> {
    let elements = member(node, name).and_then(|list| list.elements());
    let elements = elements.unwrap_or_default().into_iter();
    elements
        .filter_map(|element| {
            let text = element.as_str()?;
            Some((element, text))
        })
        .collect()
}
