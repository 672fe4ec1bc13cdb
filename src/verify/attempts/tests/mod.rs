mod tag_schema;
mod unseen;

use serde_json::json;

use super::*;
use crate::envelope::testing::Signer;
use crate::oci::Digest;
use crate::reference::Reference;
use crate::signer_info::SignedAttributes;
use crate::verify::testing::{NOW, Scene, attributes, audit, expired, revokable_leaf, statement};

/// A search that is as the test wants it, beside the layout and its target.
struct Wanted<'a> {
    statement: Statement,
    max_signatures: usize,
    criteria: &'a dyn Criteria,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            statement: statement(&json!({})),
            max_signatures: 100,
            criteria: &AnySignature,
        }
    }
}

impl Wanted<'_> {
    fn audit() -> Self {
        Self {
            statement: audit(),
            ..Self::default()
        }
    }

    async fn find(&self, scene: &Scene, listing: Listing) -> Result<SearchResult, Error> {
        let (repository, target) = (scene.repository(), scene.target());
        self.find_in(scene, &repository, &target, listing).await
    }

    async fn find_in(
        &self,
        scene: &Scene,
        repository: &Repository,
        target: &Target,
        listing: Listing,
    ) -> Result<SearchResult, Error> {
        let options = Options {
            max_signatures: self.max_signatures,
            ..Options::default()
        };
        let search = Search {
            repository,
            target,
            statement: &self.statement,
            options: &options,
            criteria: self.criteria,
            now: NOW,
        };
        scene.validators().find(search, Ok(listing)).await
    }
}

fn digests(outcomes: &[SignatureOutcome]) -> Vec<&Digest> {
    let outcomes = outcomes.iter();
    outcomes.map(|outcome| &outcome.manifest_digest).collect()
}

/// How many certificates are kept of the signer's two.
fn certificates(outcome: &SignatureOutcome) -> usize {
    let info = outcome.signer_info.as_ref().unwrap();
    info.certificate_chain.len()
}

#[track_caller]
fn rejected(found: Result<SearchResult, Error>) -> RejectedArtifact {
    match found {
        Err(Error::Rejected(refused)) => *refused,
        other => panic!("{other:#?}"),
    }
}

#[track_caller]
fn inconclusive(found: Result<SearchResult, Error>) -> RejectedArtifact {
    match found {
        Err(Error::Inconclusive(refused)) => *refused,
        other => panic!("{other:#?}"),
    }
}

/// A layout with signatures that have these attributes, in this order.
async fn signed(all: &[SignedAttributes]) -> (Scene, Vec<Descriptor>) {
    let scene = Scene::new();
    let mut signatures = Vec::new();
    for attributes in all {
        signatures.push(scene.sign(attributes).await);
    }
    assert_eq!(scene.listing().signatures, signatures);
    (scene, signatures)
}

/// The target by the name that it has in a registry.
fn in_registry(scene: &Scene) -> Target {
    Target {
        reference: Reference::parse("r.test/app:v1").unwrap().into(),
        ..scene.target()
    }
}

#[tokio::test]
async fn the_first_verified_signature_ends_the_search() {
    let (scene, signatures) = signed(&[attributes(), attributes()]).await;
    let found = Wanted::default().find(&scene, scene.listing()).await;
    let found = found.unwrap();
    assert_eq!(&found.accepted.manifest_digest, signatures[0].digest());
    assert_eq!(found.accepted.standing(), Standing::Verified);
    assert_eq!(certificates(&found.accepted), 2);
    assert!(found.others.is_empty());
}

#[test]
fn what_is_refused_is_never_an_answer() {
    let scene = Scene::new();
    let answer = |failure| {
        let mut accepted = SignatureOutcome::new(crate::oci::sha256_digest(b"s"));
        accepted.failure = failure;
        let found = SearchResult {
            accepted,
            others: Vec::new(),
            unseen: None,
        };
        found.answer(scene.target(), statement(&json!({})).named())
    };
    let (rejected, undecided) = (
        Failure::NoTimestamp,
        Failure::PluginNotRun {
            name: "p".to_owned(),
        },
    );
    for (failure, wanted) in [
        (rejected, FailureClass::Rejected),
        (undecided, FailureClass::Inconclusive),
    ] {
        let words = failure.to_string();
        let error = answer(Some(failure)).unwrap_err();
        assert_eq!(error.class(), wanted);
        let source = std::error::Error::source(&error);
        assert_eq!(source.map(ToString::to_string), Some(words));
    }
    assert!(matches!(answer(None), Ok(Verification::Tolerated(_))));
}

#[tokio::test]
async fn a_refused_signature_hides_no_good_one_and_is_told_briefly() {
    let (scene, signatures) = signed(&[expired(), attributes()]).await;
    let found = Wanted::default().find(&scene, scene.listing()).await;
    let found = found.unwrap();
    assert_eq!(&found.accepted.manifest_digest, signatures[1].digest());
    assert_eq!(digests(&found.others), [signatures[0].digest()]);
    assert_eq!(certificates(&found.others[0]), 1);
    assert!(matches!(
        found.others[0].refusal(),
        Some(Failure::Expired { .. })
    ));
}

#[tokio::test]
async fn a_tolerated_signature_is_found_only_where_none_is_verified() {
    let (scene, signatures) = signed(&[expired(), expired()]).await;
    let wanted = Wanted::audit();
    let found = wanted.find(&scene, scene.listing()).await.unwrap();
    assert_eq!(&found.accepted.manifest_digest, signatures[0].digest());
    assert_eq!(found.accepted.standing(), Standing::Tolerated);
    assert_eq!(certificates(&found.accepted), 2);
    assert_eq!(digests(&found.others), [signatures[1].digest()]);
    // It will not be the answer.
    assert_eq!(certificates(&found.others[0]), 1);

    let good = scene.sign(&attributes()).await;
    let found = wanted.find(&scene, scene.listing()).await.unwrap();
    assert_eq!(&found.accepted.manifest_digest, good.digest());
    assert_eq!(found.accepted.standing(), Standing::Verified);
    let others = [signatures[0].digest(), signatures[1].digest()];
    assert_eq!(digests(&found.others), others);
}

#[tokio::test]
async fn what_was_tolerated_is_told_before_what_was_refused() {
    let (scene, signatures) = signed(&[attributes(), expired(), attributes()]).await;
    let broken = scene.push(b"{}".to_vec()).await;
    let mut listing = scene.listing();
    listing.signatures = vec![broken.clone(), signatures[1].clone(), signatures[2].clone()];
    let found = Wanted::audit().find(&scene, listing).await.unwrap();
    let others = [signatures[1].digest(), broken.digest()];
    assert_eq!(digests(&found.others), others);
}

#[tokio::test]
async fn without_any_signature_the_answer_is_that_there_is_none() {
    let scene = Scene::new();
    let error = Wanted::default().find(&scene, scene.listing()).await;
    let error = error.unwrap_err();
    let Error::NoSignature { reference, .. } = error else {
        panic!("{error:#?}");
    };
    assert_eq!(reference, scene.target().reference);
}

#[tokio::test]
async fn the_signature_that_came_furthest_leads() {
    let (scene, signatures) = signed(&[expired()]).await;
    let broken = scene.push(b"{}".to_vec()).await;
    let mut listing = scene.listing();
    listing.signatures = vec![broken.clone(), signatures[0].clone()];
    let refused = rejected(Wanted::default().find(&scene, listing).await);
    let order = [signatures[0].digest(), broken.digest()];
    assert_eq!(digests(&refused.outcomes), order);
    assert!(refused.unseen.is_none(), "{refused:#?}");
    assert_eq!(refused.statement.name, "s");
    assert_eq!(refused.reference, scene.target().reference);
}

/// Looks for the signatures of these digests; which of them it was asked about before they were judged.
#[derive(Debug)]
struct These {
    may_be: Vec<Digest>,
    is: Vec<Digest>,
}

impl Criteria for These {
    fn may_be(&self, signature: &Signature) -> bool {
        self.may_be.contains(signature.manifest.digest())
    }

    fn is(&self, accepted: &SignatureOutcome) -> bool {
        self.is.contains(&accepted.manifest_digest)
    }
}

#[tokio::test]
async fn what_is_not_looked_for_is_neither_found_nor_told() {
    let (scene, signatures) = signed(&[attributes(), attributes(), attributes()]).await;
    let all: Vec<Digest> = signatures.iter().map(|one| one.digest().clone()).collect();
    let find = async |may_be: &[Digest], is: &[Digest]| {
        let criteria = These {
            may_be: may_be.to_vec(),
            is: is.to_vec(),
        };
        let wanted = Wanted {
            criteria: &criteria,
            ..Wanted::default()
        };
        wanted.find(&scene, scene.listing()).await
    };
    // The first is not judged, the second is accepted and another one.
    let found = find(&all[1..], &all[2..]).await.unwrap();
    assert_eq!(found.accepted.manifest_digest, all[2]);
    assert!(found.others.is_empty());
    for (may_be, is) in [(&[][..], &all[..]), (&all[..], &[][..])] {
        let error = find(may_be, is).await.unwrap_err();
        assert!(matches!(error, Error::NoSignature { .. }), "{error:#?}");
    }
}

#[tokio::test]
async fn what_is_refused_is_told_whatever_is_looked_for() {
    let (scene, signatures) = signed(&[expired()]).await;
    let criteria = These {
        may_be: vec![signatures[0].digest().clone()],
        is: Vec::new(),
    };
    let wanted = Wanted {
        criteria: &criteria,
        ..Wanted::default()
    };
    let refused = rejected(wanted.find(&scene, scene.listing()).await);
    assert_eq!(digests(&refused.outcomes), [signatures[0].digest()]);
}

#[tokio::test]
async fn a_signature_that_is_listed_again_is_judged_once() {
    let (scene, signatures) = signed(&[expired()]).await;
    let mut listing = scene.listing();
    // Of the same digest, and another entry.
    let size = signatures[0].size() + 1;
    let digest = signatures[0].digest().clone();
    let other = Descriptor::new(signatures[0].media_type().clone(), size, digest);
    listing.signatures = vec![signatures[0].clone(), other.clone(), signatures[0].clone()];
    listing.candidates = vec![other, signatures[0].clone()];
    let refused = rejected(Wanted::default().find(&scene, listing).await);
    assert_eq!(refused.outcomes.len(), 2, "{refused:#?}");
    assert!(matches!(
        refused.outcomes[0].refusal(),
        Some(Failure::Expired { .. })
    ));
    assert!(matches!(
        refused.outcomes[1].refusal(),
        Some(Failure::Fetch { .. })
    ));
}

#[tokio::test]
async fn what_may_be_a_signature_is_looked_at_last() {
    let (scene, signatures) = signed(&[attributes(), expired()]).await;
    let mut listing = scene.listing();
    listing.candidates = vec![listing.signatures.remove(0)];
    let found = Wanted::default().find(&scene, listing).await.unwrap();
    assert_eq!(&found.accepted.manifest_digest, signatures[0].digest());
    assert_eq!(digests(&found.others), [signatures[1].digest()]);
}

#[tokio::test]
async fn a_signature_that_could_not_be_judged_leaves_the_answer_open() {
    let scene = Scene::with(Signer::of(revokable_leaf()));
    scene.sign(&attributes()).await;
    let mut wanted = Wanted::default();
    let refused = inconclusive(wanted.find(&scene, scene.listing()).await);
    assert!(matches!(
        refused.outcomes[0].refusal(),
        Some(Failure::CertificateRevocationUnknown { .. })
    ));
    // Also beside one that was judged.
    scene.sign(&expired()).await;
    let refused = inconclusive(wanted.find(&scene, scene.listing()).await);
    assert_eq!(refused.outcomes.len(), 2);
    // What the policy skips is not open.
    let skips = json!({"level": "strict", "override": {"revocation": "skip"}});
    wanted.statement = statement(&json!({"signatureVerification": skips}));
    let found = wanted.find(&scene, scene.listing()).await.unwrap();
    assert_eq!(found.accepted.standing(), Standing::Verified);
}
