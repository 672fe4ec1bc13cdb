//! The artifact's registry: who we are for it, and where it lists signatures.

use super::actions::may;
use super::examination::Examination;
use super::finding::{Check, Finding, PolicyStatement, Status};
use crate::aws::{CallError, CallErrorKind, CallerIdentity, Partition};
use crate::causes;
use crate::environment::Connections;
use crate::oci::Digest;
use crate::reference::{EcrHost, Reference};
use crate::registry::{Access, Error, Kind, Listing, RemoteRepository};

/// Actions of Amazon ECR, beside reading, that storing a signature takes.
const PUSH: [&str; 5] = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
];

/// What was found of the registry of the artifact, if one is named.
pub(super) async fn check(
    examination: &Examination,
    connections: &Connections,
    caller: Option<&CallerIdentity>,
) -> Vec<Finding> {
    let Some(reference) = &examination.reference else {
        return Vec::new();
    };
    let host = reference.registry().to_owned();
    let repository = match connections.registry.repository(reference, Access::Pull) {
        Ok(repository) => repository,
        Err(error) => return vec![of_error(Check::Registry, &error, "a registry").about(host)],
    };
    let ecr = reference.registry_name().ecr();
    let mut findings = vec![log_in(&repository, ecr.as_ref()).await.about(host.clone())];
    let target = Box::pin(repository.resolve()).await;
    match target {
        Ok(target) => {
            let digest = target.descriptor.digest().clone();
            let found = format!("`{digest}` is there");
            findings.push(Finding::pass(Check::Registry, found).about(reference.to_string()));
            findings.extend(
                lists(&repository, &digest)
                    .await
                    .map(|found| found.about(host.clone())),
            );
        }
        Err(error) => {
            let wanted = "an artifact that can be read";
            let finding = of_error(Check::Registry, &error, wanted).about(reference.to_string());
            findings.push(match (&ecr, &error) {
                (Some(ecr), Error::Unauthorized { .. } | Error::Denied { .. }) => {
                    finding.needing(PolicyStatement::new(
                        &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                        arn_of(ecr, reference),
                    ))
                }
                _ => finding,
            });
        }
    }
    let ecr = ecr.filter(|_| !examination.only_verifies);
    if let Some(ecr) = ecr {
        let resource = arn_of(&ecr, reference);
        let finding = may(examination, connections, caller, &PUSH, &resource).await;
        findings.push(finding.about(format!("to store signatures in {resource}")));
    }
    findings
}

/// The repository of Amazon ECR in IAM's words.
fn arn_of(ecr: &EcrHost, reference: &Reference) -> String {
    let (partition, region) = (Partition::of_region(ecr.region()), ecr.region());
    let (account, name) = (ecr.account(), reference.repository());
    format!("arn:{partition}:ecr:{region}:{account}:repository/{name}")
}

async fn log_in(repository: &RemoteRepository, ecr: Option<&EcrHost>) -> Finding {
    let wanted = "a credential for the registry";
    match Box::pin(repository.log_in()).await {
        Ok(shown) => Finding::pass(Check::RegistryLogin, shown),
        Err(error) => {
            let denied = causes::chain(&error)
                .find_map(|error| error.downcast_ref::<CallError>())
                .is_some_and(|call| call.kind() == CallErrorKind::Denied);
            let finding = of_error(Check::RegistryLogin, &error, wanted);
            if denied && ecr.is_some() {
                finding
                    .with_status(Status::Fail)
                    .needing(PolicyStatement::new(&["ecr:GetAuthorizationToken"], "*"))
            } else {
                finding
            }
        }
    }
}

/// Where signatures are listed: by the referrers API, and by the tag schema.
async fn lists(repository: &RemoteRepository, digest: &Digest) -> [Finding; 2] {
    let wanted = "a list of signatures that can be read";
    let by_api = match Box::pin(repository.list_by_api(digest)).await {
        Ok(Some(listing)) => of_listing(Check::ReferrersApi, &listing),
        Ok(None) => {
            let found =
                "the registry has no referrers API; signatures are listed by the tag schema";
            Finding::warn(Check::ReferrersApi, found, "a registry with the referrers API").advising(
                Some(
                    "keep tags that begin with `sha256-` from being deleted or made immutable, or update the registry"
                        .to_owned(),
                ),
            )
        }
        Err(error) => of_error(Check::ReferrersApi, &error, wanted),
    };
    let by_tag = match Box::pin(repository.list_by_tag_schema(digest)).await {
        Ok(listing) => of_listing(Check::TagSchema, &listing),
        Err(error) => of_error(Check::TagSchema, &error, wanted),
    };
    [by_api, by_tag]
}

fn of_listing(check: Check, listing: &Listing) -> Finding {
    if let Some(error) = &listing.incomplete {
        let wanted = "a list that can be read to its end";
        return of_error(check, error, wanted).with_status(Status::Warn);
    }
    let count = listing.signatures.len() + listing.candidates.len();
    let found = match count {
        0 => "no signatures".to_owned(),
        1 => "1 signature".to_owned(),
        count => format!("{count} signatures"),
    };
    Finding::pass(check, found)
}

/// A registry that says no, or answers wrongly, is a failure; one that gives no answer is not known.
fn of_error(check: Check, error: &Error, wanted: &str) -> Finding {
    let is_certain = matches!(error.kind(), Kind::NotFound | Kind::Misbehaved)
        || matches!(
            error,
            Error::Unauthorized { .. } | Error::Denied { .. } | Error::Credentials { .. }
        );
    let status = if is_certain {
        Status::Fail
    } else {
        Status::Unknown
    };
    Finding::of_error(check, status, error, wanted).advising(error.hint())
}
