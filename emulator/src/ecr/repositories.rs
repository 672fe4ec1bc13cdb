//! Repositories: create, describe, and whether their tags may move.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Request, after, check_name, find, invalid, page, page_size, repository_not_found,
    with_next_token,
};
use crate::{
    error::AwsError,
    partition::partition,
    registry::{Repository, RepositoryKey, TagMutability},
};

/// Exclusion filters of one repository (`ImageTagMutabilityExclusionFilters`).
const MAX_FILTERS: usize = 5;

/// Asterisks of one filter.
const MAX_WILDCARDS: usize = 2;

/// Characters of one filter.
const MAX_FILTER_CHARACTERS: usize = 128;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeInput {
    registry_id: Option<String>,
    repository_name: String,
    image_tag_mutability: Option<String>,
    #[serde(default)]
    image_tag_mutability_exclusion_filters: Vec<ExclusionFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExclusionFilter {
    filter_type: String,
    filter: String,
}

impl ChangeInput {
    fn mutability(&self) -> Result<TagMutability, AwsError> {
        let filters = &self.image_tag_mutability_exclusion_filters;
        let name = self.image_tag_mutability.as_deref().unwrap_or("MUTABLE");
        let (is_immutable, has_exclusions) = match name {
            "MUTABLE" => (false, false),
            "IMMUTABLE" => (true, false),
            "MUTABLE_WITH_EXCLUSION" => (false, true),
            "IMMUTABLE_WITH_EXCLUSION" => (true, true),
            _ => {
                let values =
                    "[IMMUTABLE_WITH_EXCLUSION, IMMUTABLE, MUTABLE_WITH_EXCLUSION, MUTABLE]";
                let constraint = format!("Member must satisfy enum value set: {values}");
                return Err(invalid("imageTagMutability", &constraint));
            }
        };
        let parameter = "imageTagMutabilityExclusionFilters";
        if has_exclusions == filters.is_empty() || filters.len() > MAX_FILTERS {
            let constraint = format!(
                "must have 1 to {MAX_FILTERS} filters with ..._WITH_EXCLUSION, and none without"
            );
            return Err(invalid(parameter, &constraint));
        }
        let is_good = |filter: &ExclusionFilter| {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._*-".contains(&byte);
            filter.filter_type == "WILDCARD"
                && (1..=MAX_FILTER_CHARACTERS).contains(&filter.filter.len())
                && filter.filter.bytes().all(is_allowed)
                && filter.filter.matches('*').count() <= MAX_WILDCARDS
        };
        if !filters.iter().all(is_good) {
            let constraint =
                "must be WILDCARD filters of [0-9a-zA-Z._*-]{1,128} with two asterisks at most";
            return Err(invalid(parameter, constraint));
        }
        Ok(TagMutability {
            is_immutable,
            exclusions: filters.iter().map(|filter| filter.filter.clone()).collect(),
        })
    }
}

pub(super) fn create(request: &Request<'_>) -> Result<Value, AwsError> {
    let input: ChangeInput = request.input()?;
    let key = request.repository(input.registry_id.as_deref(), &input.repository_name)?;
    let mutability = input.mutability()?;
    let registry = request.registry;
    let mut state = registry.state();
    if find(&state, &key).is_ok() {
        let message = format!(
            "The repository with name '{}' already exists in the registry with id '{}'",
            key.name, key.registry.account
        );
        return Err(AwsError::client(
            "RepositoryAlreadyExistsException",
            message,
        ));
    }
    let mut repository = Repository::new(request.now);
    repository.mutability = mutability;
    let described = description(&key, &repository);
    state.insert(key, repository);
    registry.keep(&state).map_err(server_error)?;
    Ok(json!({ "repository": described }))
}

pub(super) fn put_tag_mutability(request: &Request<'_>) -> Result<Value, AwsError> {
    let input: ChangeInput = request.input()?;
    let key = request.repository(input.registry_id.as_deref(), &input.repository_name)?;
    if input.image_tag_mutability.is_none() {
        return Err(invalid("imageTagMutability", "Member must not be null"));
    }
    let mutability = input.mutability()?;
    let registry = request.registry;
    let mut state = registry.state();
    let repository = state
        .repository_mut(&key)
        .map_err(|_| repository_not_found(&key))?;
    repository.mutability = mutability;
    let answer = json!({
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "imageTagMutability": mutability_name(&repository.mutability),
        "imageTagMutabilityExclusionFilters": exclusion_filters(&repository.mutability),
    });
    registry.keep(&state).map_err(server_error)?;
    Ok(answer)
}

fn server_error(message: String) -> AwsError {
    AwsError::new(
        http::StatusCode::INTERNAL_SERVER_ERROR,
        "ServerException",
        message,
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeInput {
    registry_id: Option<String>,
    repository_names: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) fn describe(request: &Request<'_>) -> Result<Value, AwsError> {
    let input: DescribeInput = request.input()?;
    let registry = request.registry(input.registry_id.as_deref())?;
    let size = page_size(input.max_results, 1_000, 100)?;
    let after = after(input.next_token.as_deref())?;
    let state = request.registry.state();
    if let Some(names) = &input.repository_names {
        if !(1..=100).contains(&names.len()) {
            return Err(invalid("repositoryNames", "must have 1 to 100 members"));
        }
        let describe = |name: &String| {
            check_name(name)?;
            let key = RepositoryKey::new(&registry, name);
            Ok(description(&key, find(&state, &key)?))
        };
        let found: Result<Vec<Value>, AwsError> = names.iter().map(describe).collect();
        return Ok(json!({ "repositories": found? }));
    }
    let rest: Vec<_> = state
        .of_registry(&registry)
        .filter(|(key, _)| after.as_ref().is_none_or(|after| key.name > *after))
        .take(size + 1)
        .collect();
    let (entries, token) = page(rest, size, |(key, _)| key.name.clone());
    let described: Vec<_> = entries
        .iter()
        .map(|(key, repository)| description(key, repository))
        .collect();
    Ok(with_next_token(json!({ "repositories": described }), token))
}

/// A repository as ECR describes it.
fn description(key: &RepositoryKey, repository: &Repository) -> Value {
    let registry = &key.registry;
    let (account, region, name) = (&registry.account, &registry.region, &key.name);
    let arn = format!(
        "arn:{}:ecr:{region}:{account}:repository/{name}",
        partition(region)
    );
    json!({
        "repositoryArn": arn,
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": format!("{}/{name}", registry.host()),
        "createdAt": repository.created_at.unix_timestamp(),
        "imageTagMutability": mutability_name(&repository.mutability),
        "imageTagMutabilityExclusionFilters": exclusion_filters(&repository.mutability),
        "imageScanningConfiguration": { "scanOnPush": false },
        "encryptionConfiguration": { "encryptionType": "AES256" },
    })
}

fn mutability_name(mutability: &TagMutability) -> &'static str {
    match (mutability.is_immutable, mutability.exclusions.is_empty()) {
        (false, true) => "MUTABLE",
        (false, false) => "MUTABLE_WITH_EXCLUSION",
        (true, true) => "IMMUTABLE",
        (true, false) => "IMMUTABLE_WITH_EXCLUSION",
    }
}

/// Null without any.
fn exclusion_filters(mutability: &TagMutability) -> Value {
    let filters = mutability.exclusions.iter();
    let filters: Vec<_> = filters
        .map(|filter| json!({ "filterType": "WILDCARD", "filter": filter }))
        .collect();
    if filters.is_empty() {
        Value::Null
    } else {
        json!(filters)
    }
}
