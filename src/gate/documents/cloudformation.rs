//! CloudFormation templates: task definitions of Amazon ECS, and functions of AWS Lambda with an image.

use super::error::Error;
use super::place::{Finder, Place};
use super::task_definition::note_chosen_names;
use super::tree::{Content, Node};

/// Types of resources whose containers have images.
const TASK_DEFINITIONS: [&str; 2] = ["AWS::ECS::TaskDefinition", "AWS::ECS::DaemonTaskDefinition"];

/// Types of resources whose code may be an image, and where it is in their properties.
const FUNCTIONS: [(&str, &[&str]); 2] = [
    ("AWS::Lambda::Function", &["Code", "ImageUri"]),
    ("AWS::Serverless::Function", &["ImageUri"]),
];

/// Types of resources that bring others which are not in the template.
const OF_OTHERS: [&str; 4] = [
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::StackSet",
    "AWS::Serverless::Application",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
];

/// Sections whose values are nothing until a resource takes them, by a function or a `Ref`.
const WITHOUT_RESOURCES: [&str; 6] = [
    "Conditions",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Rules",
];

/// How the names of properties end that say what is run, in letters alone, and the types of resources whose ARN that may be.
/// The `Ref` of any other resource is a name that people choose, and may be that of a definition elsewhere.
const NAMES_OF_RUN: [(&str, &[&str]); 4] = [
    ("taskdefinition", &TASK_DEFINITIONS),
    ("taskdefinitionarn", &TASK_DEFINITIONS),
    ("jobdefinition", &JOB_DEFINITIONS),
    ("jobdefinitionarn", &JOB_DEFINITIONS),
];

const JOB_DEFINITIONS: [&str; 1] = ["AWS::Batch::JobDefinition"];

/// The attributes of those resources that are their own ARN.
const ARNS: [&str; 3] = [
    "TaskDefinitionArn",
    "DaemonTaskDefinitionArn",
    "JobDefinitionArn",
];

/// What of a container has members with names that people choose.
const CHOSEN_NAMES: [&[&str]; 2] = [&["DockerLabels"], &["LogConfiguration", "Options"]];

const RUN_ELSEWHERE: &str = "a definition that is not a resource of the template";

const MACRO: &str = "a macro that rewrites the template";

/// The images of all resources.
pub(super) fn find<'d>(finder: &mut Finder<'d>, root: &Place<'d>) -> Result<(), Error> {
    find_transforms(finder, root);
    let resources = finder.member(root, "Resources")?;
    let resources = resources.ok_or_else(|| finder.missing(root, "Resources"))?;
    finder.has_chosen_names(&resources);
    for (name, resource) in finder.members(&resources)? {
        if name.starts_with("Fn::") {
            finder.unknown(&resource, "a function that makes resources");
            continue;
        }
        let kind = finder.text_of(&resource, "Type")?;
        let kind = kind.ok_or_else(|| finder.missing(&resource, "Type"))?;
        find_in_resource(finder, &resource, kind)?;
        find_run_elsewhere(finder, resources.node, &resource);
    }
    for (name, section) in finder.members(root)? {
        if WITHOUT_RESOURCES.contains(&name) {
            finder.pass_over(&section);
        }
    }
    finder.look_elsewhere(root);
    Ok(())
}

fn find_in_resource<'d>(
    finder: &mut Finder<'d>,
    resource: &Place<'d>,
    kind: &str,
) -> Result<(), Error> {
    if OF_OTHERS.contains(&kind) || kind.ends_with("::MODULE") {
        finder.unknown(
            resource,
            "a resource whose own resources are not in the template",
        );
    }
    if TASK_DEFINITIONS.contains(&kind) {
        let way = ["Properties", "ContainerDefinitions"];
        let list = finder.at(resource, &way)?;
        let list = list.ok_or_else(|| finder.missing(resource, "ContainerDefinitions"))?;
        refuse_function(finder, &list)?;
        for container in finder.elements(&list)? {
            refuse_function(finder, &container)?;
            note_chosen_names(finder, &container, &CHOSEN_NAMES);
            let image = finder.member(&container, "Image")?;
            let image = image.ok_or_else(|| finder.missing(&container, "Image"))?;
            find_image(finder, &image)?;
        }
    }
    match FUNCTIONS.iter().find(|(of_kind, _)| *of_kind == kind) {
        Some((_, way)) => find_in_function(finder, resource, way),
        None => Ok(()),
    }
}

/// Definitions that a resource runs and that stand in no resource of the template: their images are not seen.
fn find_run_elsewhere<'d>(finder: &mut Finder<'d>, resources: &Node, place: &Place<'d>) {
    match &place.node.content {
        Content::Mapping(members) => {
            for member in members {
                let inner = place.below(&member.name, &member.value);
                let letters = member.name.chars().filter(char::is_ascii_alphanumeric);
                let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
                let is_value = matches!(&member.value.content, Content::Scalar(_) | Content::Alias)
                    || member.value.tag.is_some()
                    || function_in(&member.value).is_some();
                let known = NAMES_OF_RUN.iter().find(|(end, _)| name.ends_with(end));
                if let Some((_, types)) = known
                    && is_value
                    && !member.value.is_null()
                    && !is_of_template(resources, &member.value, types)
                {
                    finder.unknown(&inner, RUN_ELSEWHERE);
                }
                find_run_elsewhere(finder, resources, &inner);
            }
        }
        Content::Sequence(elements) => {
            for (index, node) in elements.iter().enumerate() {
                find_run_elsewhere(finder, resources, &place.below(&index.to_string(), node));
            }
        }
        Content::Scalar(_) | Content::Alias => {}
    }
}

/// Whether a value is the ARN of a resource of the template that has one of these types.
fn is_of_template(resources: &Node, value: &Node, types: &[&str]) -> bool {
    let resource = named_resource(value).and_then(|name| resources.get(name));
    let kind = resource.and_then(|resource| resource.get("Type")?.text());
    kind.is_some_and(|kind| types.contains(&kind))
}

/// The resource whose ARN a plain `Ref` or `Fn::GetAtt` is.
fn named_resource(value: &Node) -> Option<&str> {
    match plain_call(value)? {
        (Function::Ref, Content::Scalar(name)) => Some(&name.text),
        (Function::GetAtt, Content::Scalar(way)) => {
            let (name, attribute) = way.text.split_once('.')?;
            ARNS.contains(&attribute).then_some(name)
        }
        (Function::GetAtt, Content::Sequence(way)) => match way.as_slice() {
            [name, attribute] => {
                let is_arn = ARNS.contains(&attribute.text()?);
                name.text().filter(|_| is_arn)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The functions that can be told without CloudFormation.
#[derive(Clone, Copy)]
enum Function {
    Ref,
    GetAtt,
}

/// The function that a value is, in the short or the long form, and what it is given: no value of another function.
fn plain_call(value: &Node) -> Option<(Function, &Content)> {
    match (&value.tag, &value.content) {
        (Some(tag), content) => match tag.text.as_str() {
            "!Ref" => Some((Function::Ref, content)),
            "!GetAtt" => Some((Function::GetAtt, content)),
            _ => None,
        },
        (None, Content::Mapping(members)) => match members.as_slice() {
            [only] if only.value.tag.is_none() => match only.name.as_str() {
                "Ref" => Some((Function::Ref, &only.value.content)),
                "Fn::GetAtt" => Some((Function::GetAtt, &only.value.content)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The image of a function, if its code is one.
fn find_in_function<'d>(
    finder: &mut Finder<'d>,
    resource: &Place<'d>,
    way: &[&str],
) -> Result<(), Error> {
    let Some(properties) = finder.member(resource, "Properties")? else {
        return Ok(());
    };
    // A path on this machine, which is packed before the template is deployed.
    let code = finder.member(&properties, "Code")?;
    let is_path = code.is_some_and(|code| code.node.text().is_some());
    let image = if is_path && way.contains(&"Code") {
        None
    } else {
        finder.at(&properties, way)?
    };
    match image {
        Some(image) => find_image(finder, &image),
        None if finder.text_of(&properties, "PackageType")? == Some("Image") => {
            Err(finder.missing(&properties, "ImageUri"))
        }
        None => Ok(()),
    }
}

/// An image that is written out, or is the value of a parameter.
fn find_image<'d>(finder: &mut Finder<'d>, image: &Place<'d>) -> Result<(), Error> {
    if let Some((Function::Ref, Content::Scalar(name))) = plain_call(image.node) {
        let range = image.node.start()..image.node.range.end;
        return finder.parameter(image, &name.text, range);
    }
    refuse_function(finder, image)?;
    finder.image(image)
}

/// Refuses a value that only CloudFormation works out.
fn refuse_function(finder: &Finder<'_>, place: &Place<'_>) -> Result<(), Error> {
    match function_in(place.node) {
        None => Ok(()),
        Some(name) => Err(Error::Function {
            pointer: place.pointer.clone(),
            name: name.to_owned(),
            position: finder.position(place.node),
        }),
    }
}

fn function_in(node: &Node) -> Option<&str> {
    let Content::Mapping(members) = &node.content else {
        return None;
    };
    let found = members
        .iter()
        .find(|member| member.name == "Ref" || member.name.starts_with("Fn::"));
    found.map(|member| member.name.as_str())
}

/// Macros, which rewrite a template: everywhere, since each may stand at any place.
fn find_transforms<'d>(finder: &mut Finder<'d>, place: &Place<'d>) {
    match &place.node.content {
        Content::Mapping(members) => {
            for member in members {
                let name = member.name.as_str();
                let inner = place.below(name, &member.value);
                let is_top = place.pointer.is_empty() && name == "Transform";
                if is_top || name == "Fn::Transform" {
                    finder.unknown(&inner, MACRO);
                }
                find_transforms(finder, &inner);
            }
        }
        Content::Sequence(elements) => {
            for (index, node) in elements.iter().enumerate() {
                find_transforms(finder, &place.below(&index.to_string(), node));
            }
        }
        Content::Scalar(_) | Content::Alias => {}
    }
    if place
        .node
        .tag
        .as_ref()
        .is_some_and(|tag| tag.text == "!Transform")
    {
        finder.unknown(place, MACRO);
    }
}
