use serde_json::json;

use super::*;
use crate::allowance::{Allowed, Exhausted};
use crate::envelope::testing::Signer;
use crate::http::testing::{Reply, Server};
use crate::oci::Digest;
use crate::reference::Reference;
use crate::registry::{Access, AuthFiles, Client, Credentials, PlainHttp, Source, Words};
use crate::signer_info::SignedAttributes;
use crate::verify::testing::{NOW, Scene, attributes, audit, expired, revokable_leaf, statement};
use crate::{files, http};

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

    async fn find(&self, scene: &Scene, listing: Listing) -> Result<Found, Error> {
        let (repository, target) = (scene.repository(), scene.target());
        self.find_in(scene, &repository, &target, listing).await
    }

    async fn find_in(
        &self,
        scene: &Scene,
        repository: &Repository,
        target: &Target,
        listing: Listing,
    ) -> Result<Found, Error> {
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
        scene.judges().find(search, Ok(listing)).await
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
fn rejected(found: Result<Found, Error>) -> Refused {
    match found {
        Err(Error::Rejected(refused)) => *refused,
        other => panic!("{other:#?}"),
    }
}

#[track_caller]
fn inconclusive(found: Result<Found, Error>) -> Refused {
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
    let Error::NoSignature { reference } = error else {
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

/// The target by the name that it has in a registry.
fn in_registry(scene: &Scene) -> Target {
    Target {
        reference: Reference::parse("r.test/app:v1").unwrap().into(),
        ..scene.target()
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
    let is_listing = |refused: &Refused| matches!(refused.unseen, Some(Unseen::Listing(_)));

    let (layout, registry) = (scene.target(), in_registry(&scene));
    for (target, error) in [
        (&layout, could_not_look()),
        (&registry, could_not_look()),
        // Nobody but the registry knows what it had.
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
) -> Result<Found, Error> {
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
fn not_tried(refused: &Refused) -> usize {
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
    // A failure that is only logged is no refusal, and leads nothing.
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

/// A registry with what is in the layout, and a tag schema that the test gives.
struct Registry {
    server: Server,
    repository: Repository,
}

impl Registry {
    async fn of(scene: &Scene, tag_schema: Reply) -> Self {
        let blobs = scene.path("layout/blobs/sha256");
        let server = Server::start(move |request| {
            let name = request.rsplit('/').next().unwrap();
            if name.starts_with("sha256-") {
                return tag_schema.clone();
            }
            let hex = name.strip_prefix("sha256:").unwrap_or_default();
            match files::read(&blobs.join(hex), 1_000_000) {
                Ok(bytes) => Reply::new(200, bytes),
                Err(_) => Reply::new(404, ""),
            }
        })
        .await;
        let pool = http::Pool::new(http::Settings {
            retry_delay: std::time::Duration::ZERO,
            ..http::Settings::default()
        });
        let credentials = Credentials::new(None, None, AuthFiles::default());
        let client = Client::new(pool, credentials, PlainHttp::All);
        let reference = format!("{}/app:v1", server.address());
        let reference = Reference::parse(&reference).unwrap();
        let repository = client.repository(&reference, Access::Pull).unwrap();
        Self {
            server,
            repository: repository.into(),
        }
    }

    /// Looks for a signature, where the referrers API has `listed`.
    async fn find(&self, scene: &Scene, listed: Listing) -> Result<Found, Error> {
        let target = in_registry(scene);
        let wanted = Wanted::default();
        wanted
            .find_in(scene, &self.repository, &target, listed)
            .await
    }

    fn reads_of_tag_schema(&self) -> usize {
        let asked = self.server.asked();
        asked.iter().filter(|one| one.contains("/sha256-")).count()
    }
}

fn tag_schema(signatures: &[Descriptor]) -> Reply {
    let entries: Vec<_> = signatures
        .iter()
        .map(|one| {
            json!({"mediaType": one.media_type().to_string(), "digest": one.digest(), "size": one.size(),
            "artifactType": crate::notary::SIGNATURE_ARTIFACT_TYPE})
        })
        .collect();
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": entries});
    Reply::new(200, index.to_string()).header("Content-Type", media_type)
}

fn listed(source: Source, signatures: &[Descriptor]) -> Listing {
    Listing {
        signatures: signatures.to_vec(),
        candidates: Vec::new(),
        source,
        incomplete: None,
    }
}

#[tokio::test]
async fn the_tag_schema_is_read_only_before_the_answer_is_no() {
    let (scene, signatures) = signed(&[attributes(), expired()]).await;
    let [good, bad] = [&signatures[..1], &signatures[1..]];
    let registry = Registry::of(&scene, tag_schema(good)).await;
    // What the referrers API has is enough.
    let found = registry.find(&scene, listed(Source::ReferrersApi, good));
    assert_eq!(found.await.unwrap().others.len(), 0);
    assert_eq!(registry.reads_of_tag_schema(), 0);
    // It was read already.
    let found = registry.find(&scene, listed(Source::TagSchema, bad)).await;
    rejected(found);
    assert_eq!(registry.reads_of_tag_schema(), 0);
    // The API has nothing good.
    let found = registry.find(&scene, listed(Source::ReferrersApi, bad));
    let found = found.await.unwrap();
    assert_eq!(&found.accepted.manifest_digest, good[0].digest());
    assert_eq!(digests(&found.others), [bad[0].digest()]);
    assert_eq!(registry.reads_of_tag_schema(), 1);
    // No more may be fetched.
    let allowed = Allowed {
        bytes: 0,
        ..Allowed::default()
    };
    let found = registry.find(&scene, listed(Source::ReferrersApi, bad));
    let error = allowed.begin().lend(found).await.unwrap_err();
    assert!(matches!(error, Error::Unfinished { .. }), "{error:#?}");
    assert_eq!(registry.reads_of_tag_schema(), 1);
}

#[tokio::test]
async fn a_tag_schema_that_cannot_be_read_leaves_the_answer_open() {
    let (scene, signatures) = signed(&[expired()]).await;
    let registry = Registry::of(&scene, Reply::new(403, "")).await;
    let found = registry.find(&scene, listed(Source::ReferrersApi, &signatures));
    let refused = inconclusive(found.await);
    assert_eq!(digests(&refused.outcomes), [signatures[0].digest()]);
    assert!(matches!(
        refused.unseen,
        Some(Unseen::Listing(
            registry::Error::Denied { .. } | registry::Error::Unauthorized { .. }
        ))
    ));
    // An empty one is an answer.
    let registry = Registry::of(&scene, Reply::new(404, "")).await;
    let found = registry.find(&scene, listed(Source::ReferrersApi, &signatures));
    assert!(rejected(found.await).unseen.is_none());
}

#[tokio::test]
async fn a_candidate_that_is_something_else_is_passed_over() {
    let (scene, signatures) = signed(&[attributes()]).await;
    let registry = Registry::of(&scene, Reply::new(404, "")).await;
    let mut listing = listed(Source::ReferrersApi, &[]);
    listing.candidates = vec![scene.target().descriptor];
    let error = registry.find(&scene, listing).await.unwrap_err();
    assert!(matches!(error, Error::NoSignature { .. }), "{error:#?}");
    let mut listing = listed(Source::ReferrersApi, &[]);
    listing.candidates = vec![scene.target().descriptor, signatures[0].clone()];
    let found = registry.find(&scene, listing).await.unwrap();
    assert_eq!(&found.accepted.manifest_digest, signatures[0].digest());
    assert!(found.others.is_empty());
}
