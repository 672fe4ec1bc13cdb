//! What only a registry has: a tag schema, and lists that do not say what is on them.

use super::*;
use crate::allowance::Allowed;
use crate::http::testing::{Reply, Server};
use crate::registry::{Access, AuthFiles, Client, Credentials, PlainHttp, Source};
use crate::{files, http};

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
    async fn find(&self, scene: &Scene, listed: Listing) -> Result<SearchResult, Error> {
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
