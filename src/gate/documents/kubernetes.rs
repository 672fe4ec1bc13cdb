//! Kubernetes manifests: every kind that has a pod in it, and lists of them.

use super::error::Error;
use super::place::{Finder, Place};

/// Where each kind of each group has its pods.
const PODS: [(&str, &str, &[&str]); 9] = [
    ("", "Pod", &["spec"]),
    ("", "PodTemplate", &["template", "spec"]),
    ("", "ReplicationController", &["spec", "template", "spec"]),
    ("apps", "Deployment", &["spec", "template", "spec"]),
    ("apps", "ReplicaSet", &["spec", "template", "spec"]),
    ("apps", "StatefulSet", &["spec", "template", "spec"]),
    ("apps", "DaemonSet", &["spec", "template", "spec"]),
    ("batch", "Job", &["spec", "template", "spec"]),
    (
        "batch",
        "CronJob",
        &["spec", "jobTemplate", "spec", "template", "spec"],
    ),
];

/// Lists of containers in a pod.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Schemas of other kinds, in which `image` is the name of a member.
const SCHEMAS: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

/// Kinds of Kubernetes itself that have no pod in them and bring none from elsewhere. Any other kind may: a chart's, a
/// Kustomization's, an operator's, a webhook's that changes pods.
const WITHOUT_PODS: [(&str, &[&str]); 16] = [
    (
        "",
        &[
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiregistration.k8s.io", &["APIService"]),
    ("apps", &["ControllerRevision"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("certificates.k8s.io", &["CertificateSigningRequest"]),
    ("coordination.k8s.io", &["Lease"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("events.k8s.io", &["Event"]),
    (
        "flowcontrol.apiserver.k8s.io",
        &["FlowSchema", "PriorityLevelConfiguration"],
    ),
    (
        "networking.k8s.io",
        &["Ingress", "IngressClass", "NetworkPolicy"],
    ),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodDisruptionBudget"]),
    (
        "rbac.authorization.k8s.io",
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
    ),
    ("scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io",
        &[
            "CSIDriver",
            "CSINode",
            "CSIStorageCapacity",
            "StorageClass",
            "VolumeAttachment",
        ],
    ),
];

/// Where a definition of kinds has schemas: of each of its versions, and of old clusters.
const WITH_SCHEMAS: [&str; 2] = ["versions", "validation"];

/// What an object that has `items` and is not known as a list is: kubectl takes every one for a list, whatever its
/// kind, and applies what is in it.
const UNKNOWN_LIST: &str = "a list by its `items`, in an object whose kind is not known as a list";

/// What an object of any other kind is.
const UNKNOWN_KIND: &str = "a kind of object that is not known, and that may run images";

/// The images of one object, and what looks like one elsewhere in it.
pub(super) fn find<'d>(finder: &mut Finder<'d>, object: &Place<'d>) -> Result<(), Error> {
    let kind = finder.text_of(object, "kind")?;
    let kind = kind.ok_or_else(|| finder.missing(object, "kind"))?;
    let version = finder.text_of(object, "apiVersion")?;
    let version = version.ok_or_else(|| finder.missing(object, "apiVersion"))?;
    find_of(finder, object, group_of(version), kind)
}

fn find_of<'d>(
    finder: &mut Finder<'d>,
    object: &Place<'d>,
    group: &str,
    kind: &str,
) -> Result<(), Error> {
    if let Some(of_items) = kind.strip_suffix("List")
        && is_list(group, of_items)
    {
        return find_in_list(finder, object, group, of_items);
    }
    for (name, items) in finder.members(object)? {
        // Old clients read names without regard to case, in Go's way: the long s is an s.
        if name.to_uppercase() == "ITEMS" && !items.node.is_null() {
            finder.unknown(&items, UNKNOWN_LIST);
        }
    }
    if (group, kind) == SCHEMAS {
        for name in WITH_SCHEMAS {
            if let Some(schemas) = finder.at(object, &["spec", name])? {
                finder.pass_over(&schemas);
            }
        }
        finder.look_elsewhere(object);
        return Ok(());
    }
    let Some(way) = way_to_pod(group, kind) else {
        if !is_without_pods(group, kind) {
            let place = finder.member(object, "kind")?;
            finder.unknown(place.as_ref().unwrap_or(object), UNKNOWN_KIND);
        }
        finder.look_elsewhere(object);
        return Ok(());
    };
    let pod = finder.at(object, way)?;
    let pod = pod.ok_or_else(|| finder.missing(object, "spec"))?;
    find_in_pod(finder, &pod)?;
    finder.look_elsewhere(object);
    Ok(())
}

/// The items of a list of one kind, or of any kinds.
fn find_in_list<'d>(
    finder: &mut Finder<'d>,
    object: &Place<'d>,
    group: &str,
    of_items: &str,
) -> Result<(), Error> {
    for item in finder.elements_of(object, "items")? {
        if of_items.is_empty() {
            find(finder, &item)?;
            continue;
        }
        // An item of a list of one kind need not name it, and has no other one, in no other group.
        let is_of_kind = finder
            .text_of(&item, "kind")?
            .is_none_or(|kind| kind == of_items);
        let is_of_group = finder
            .text_of(&item, "apiVersion")?
            .is_none_or(|version| group_of(version) == group);
        if !(is_of_kind && is_of_group) {
            return Err(finder.shape(&item, "an object of the list's kind"));
        }
        find_of(finder, &item, group, of_items)?;
    }
    if let Some(items) = finder.member(object, "items")? {
        finder.pass_over(&items);
    }
    finder.look_elsewhere(object);
    Ok(())
}

/// Where an object of this kind has its pods.
fn way_to_pod(group: &str, kind: &str) -> Option<&'static [&'static str]> {
    let mut known = PODS.iter();
    let found = known.find(|(of_group, of_kind, _)| (*of_group, *of_kind) == (group, kind));
    found.map(|(.., way)| *way)
}

fn is_without_pods(group: &str, kind: &str) -> bool {
    let mut known = WITHOUT_PODS.iter();
    known.any(|(of_group, kinds)| *of_group == group && kinds.contains(&kind))
}

/// Whether a list has items of this kind and nothing else. Another kind whose name ends so is an operator's own.
fn is_list(group: &str, of_items: &str) -> bool {
    if of_items.is_empty() {
        return group.is_empty();
    }
    (group, of_items) == SCHEMAS
        || way_to_pod(group, of_items).is_some()
        || is_without_pods(group, of_items)
}

fn find_in_pod<'d>(finder: &mut Finder<'d>, pod: &Place<'d>) -> Result<(), Error> {
    for name in CONTAINERS {
        for container in finder.elements_of(pod, name)? {
            finder.image_in(&container, "image")?;
        }
    }
    for volume in finder.elements_of(pod, "volumes")? {
        if let Some(image) = finder.member(&volume, "image")? {
            finder.image_in(&image, "reference")?;
        }
    }
    Ok(())
}

/// The group of an `apiVersion`. Old clusters have workloads in `extensions`.
fn group_of(version: &str) -> &str {
    match version.split_once('/').map_or("", |(group, _)| group) {
        "extensions" => "apps",
        group => group,
    }
}
