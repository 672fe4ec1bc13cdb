//! Signatures that were not looked at: beyond a limit, behind a list that broke off, without anything left to use.

use super::*;
use crate::allowance::{Allowed, Exhausted};
use crate::registry::Words;

#[tokio::test]
async fn no_more_signatures_are_judged_than_may_be() {
    let (scene, signatures) = signed(&[expired(), attributes()]).await;
    let mut wanted = Wanted {
        max_signatures: 2,
        ..Wanted::default()
    };
    let found = wanted.find(&scene, scene.listing()).await.unwrap();
    assert_eq!(&found.accepted.manifest_digest, signatures[1].digest());
    wanted.max_signatures = 1;
    let refused = rejected(wanted.find(&scene, scene.listing()).await);
    assert_eq!(digests(&refused.outcomes), [signatures[0].digest()]);
    let unseen = refused.unseen;
    assert!(matches!(unseen, Some(Unseen::Limit(1))), "{unseen:?}");
    // As many as may be is not too many.
    let mut listing = scene.listing();
    listing.signatures.truncate(1);
    let refused = rejected(wanted.find(&scene, listing).await);
    assert!(refused.unseen.is_none(), "{refused:#?}");
    // Not even one.
    wanted.max_signatures = 0;
    let refused = rejected(wanted.find(&scene, scene.listing()).await);
    assert!(refused.outcomes.is_empty(), "{refused:#?}");
    let unseen = refused.unseen;
    assert!(matches!(unseen, Some(Unseen::Limit(0))), "{unseen:?}");
}

fn could_not_look() -> registry::Error {
    registry::Error::Unavailable {
        registry: "r.test".to_owned(),
        status: 500,
        said: Words::default(),
    }
}

fn lying() -> registry::Error {
    registry::Error::Misbehaved {
        url: "x".to_owned(),
        fault: "lies".to_owned(),
    }
}

fn too_many() -> registry::Error {
    registry::Error::TooManyReferrers {
        digest: "d".to_owned(),
        max: 7,
    }
}

#[tokio::test]
async fn a_list_that_broke_off_may_have_had_a_good_signature() {
    let (scene, signatures) = signed(&[expired()]).await;
    let wanted = Wanted::default();
    let repository = scene.repository();
    let find = async |target: &Target, incomplete| {
        let listing = Listing {
            incomplete: Some(incomplete),
            ..scene.listing()
        };
        wanted.find_in(&scene, &repository, target, listing).await
    };
    let is_listing =
        |refused: &RejectedArtifact| matches!(refused.unseen, Some(Unseen::Listing(_)));

    let (layout, registry) = (scene.target(), in_registry(&scene));
    for (target, error) in [
        (&layout, could_not_look()),
        (&registry, could_not_look()),
        // Only the registry knows what it had.
        (&registry, lying()),
    ] {
        let refused = inconclusive(find(target, error).await);
        assert_eq!(digests(&refused.outcomes), [signatures[0].digest()]);
        assert!(is_listing(&refused), "{refused:#?}");
    }
    // A layout is as it is.
    let refused = rejected(find(&layout, lying()).await);
    assert!(is_listing(&refused), "{refused:#?}");
}

#[tokio::test]
async fn a_list_that_broke_off_before_any_signature_is_the_error() {
    let scene = Scene::new();
    let listing = Listing {
        incomplete: Some(lying()),
        ..scene.listing()
    };
    let error = Wanted::default().find(&scene, listing).await.unwrap_err();
    let Error::List { reference, source } = error else {
        panic!("{error:#?}");
    };
    assert_eq!(reference, scene.target().reference);
    assert_eq!(source.to_string(), lying().to_string());
}

#[tokio::test]
async fn that_a_list_could_not_be_read_outweighs_that_it_is_long() {
    let (scene, _) = signed(&[expired(), expired()]).await;
    let wanted = Wanted {
        max_signatures: 1,
        ..Wanted::default()
    };
    let find = async |incomplete| {
        let listing = Listing {
            incomplete: Some(incomplete),
            ..scene.listing()
        };
        wanted.find(&scene, listing).await
    };
    let refused = inconclusive(find(could_not_look()).await);
    assert!(matches!(refused.unseen, Some(Unseen::Listing(_))));
    let refused = rejected(find(too_many()).await);
    assert!(matches!(refused.unseen, Some(Unseen::Limit(1))));
}

/// Uses up what may be fetched at the signature of this digest.
#[derive(Debug)]
struct ExhaustedAt(Digest);

impl Criteria for ExhaustedAt {
    fn may_be(&self, signature: &Signature) -> bool {
        if *signature.manifest.digest() == self.0 {
            allowance::charge(u64::MAX).unwrap_err();
        }
        true
    }
}

const MAX_BYTES: u64 = 1_000;

async fn find_until_exhausted(
    scene: &Scene,
    statement: Statement,
    at: &Descriptor,
    listing: Listing,
) -> Result<SearchResult, Error> {
    let criteria = ExhaustedAt(at.digest().clone());
    let wanted = Wanted {
        statement,
        criteria: &criteria,
        ..Wanted::default()
    };
    let allowed = Allowed {
        bytes: MAX_BYTES,
        ..Allowed::default()
    };
    allowed.begin().lend(wanted.find(scene, listing)).await
}

/// How many signatures were not tried because no more may be fetched.
#[track_caller]
fn not_tried(refused: &RejectedArtifact) -> usize {
    match refused.unseen {
        Some(Unseen::Exhausted {
            source: Exhausted::Bytes { max: MAX_BYTES },
            not_tried,
        }) => not_tried,
        _ => panic!("{refused:#?}"),
    }
}

#[tokio::test]
async fn what_is_used_up_ends_the_search_and_leaves_the_rest_open() {
    let (scene, signatures) = signed(&[expired(), expired(), attributes(), attributes()]).await;
    let strict = || statement(&json!({}));
    let listing = scene.listing();
    let found = find_until_exhausted(&scene, strict(), &signatures[1], listing).await;
    let refused = inconclusive(found);
    assert_eq!(not_tried(&refused), 2);
    // The one at which it happened is not refused for its own sake.
    let order = [signatures[0].digest(), signatures[1].digest()];
    assert_eq!(digests(&refused.outcomes), order);
    assert!(matches!(
        refused.outcomes[0].refusal(),
        Some(Failure::Expired { .. })
    ));
    assert!(matches!(
        refused.outcomes[1].refusal(),
        Some(Failure::Unfinished { .. })
    ));
    // At the last one: all were begun, and what may be a signature is not.
    let mut listing = scene.listing();
    listing.candidates = listing.signatures.split_off(1);
    let found = find_until_exhausted(&scene, strict(), &signatures[0], listing).await;
    let refused = inconclusive(found);
    assert_eq!(not_tried(&refused), 0);
    assert_eq!(digests(&refused.outcomes), [signatures[0].digest()]);
}

#[tokio::test]
async fn nothing_is_tolerated_while_signatures_were_not_looked_at() {
    let (scene, signatures) = signed(&[expired(), expired(), attributes()]).await;
    let listing = scene.listing();
    let found = find_until_exhausted(&scene, audit(), &signatures[1], listing).await;
    let refused = inconclusive(found);
    assert_eq!(not_tried(&refused), 1);
    assert_eq!(refused.outcomes.len(), 2, "{refused:#?}");
    // A failure that is only logged is not a refusal, and does not come first.
    let order = [signatures[1].digest(), signatures[0].digest()];
    assert_eq!(digests(&refused.outcomes), order);
}

#[tokio::test]
async fn what_is_used_up_before_the_first_signature_is_the_error() {
    let (scene, _) = signed(&[attributes()]).await;
    let wanted = Wanted::default();
    let allowed = Allowed {
        bytes: 0,
        ..Allowed::default()
    };
    let search = wanted.find(&scene, scene.listing());
    let error = allowed.begin().lend(search).await.unwrap_err();
    let Error::Unfinished { reference, source } = error else {
        panic!("{error:#?}");
    };
    assert_eq!(reference, scene.target().reference);
    assert_eq!(source, Exhausted::Bytes { max: 0 });
}
