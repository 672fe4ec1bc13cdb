//! Whether an image may run: its signatures held against the gate policy.
//!
//! Input: a reference, which in a gate is the attacker's. Output: a [`Decision`]. Every signature is judged, up to a
//! limit, for each role of the rule; which signature fills which role is a matching. Nothing that could not be looked at
//! fills a role.

mod decision;
mod evaluate;
mod examination;
mod explanation;
mod fit;
mod index;
mod many;
mod matching;
mod setup;
mod signers;
mod statements;

pub use decision::{Answer, Decision, Refusal};
pub use examination::{
    Examination, Filling, ImageExamination, RoleExamination, RoleLack, RoleShortfall,
};
pub use explanation::{ExplainedRole, GateExplanation};
pub use index::IndexFault;
pub use many::Decisions;
pub use setup::{GateConnectError, GateRoots, GateSetup, GateSetupError, SignerName};
pub use statements::{NoStatement, UnknownStatement};

use futures_util::StreamExt as _;

use self::evaluate::{Roles, evaluate};
use self::index::{Index, IndexImage};
use self::statements::{Roots, Trust};
use super::policy::{GatePolicy, GateRule, SignedIndexCovers, Tags};
use crate::limits::MAX_CONCURRENT_INDEX_IMAGES;
use crate::oci::Descriptor;
use crate::reference::{ArtifactReference, Reference, Scheme};
use crate::registry::{self, Listing, Repository, Target};
use crate::trust_policy::TrustPolicies;
use crate::verify::{Error, Options, Unseen, Verifier, in_time, within};

/// A gate, ready to decide. A [`GateSetup`] makes it.
#[derive(Debug)]
pub struct Gate {
    policy: GatePolicy,
    /// The trust policy; nothing where no role names a statement of it.
    trust_policies: Option<TrustPolicies>,
    roots: Roots,
    verifier: Verifier,
}

/// An artifact with the list of its signatures.
struct Listed {
    repository: Repository,
    target: Target,
    listing: Result<Listing, registry::Error>,
}

impl Gate {
    /// The gate policy.
    pub const fn policy(&self) -> &GatePolicy {
        &self.policy
    }

    /// Decides whether the artifact that `reference` names may run. What may run is the digest in the decision, and
    /// nothing else.
    ///
    /// [`Options::max_signatures`] and [`Options::allowed`] count; the rest is the gate policy's to say. One reference
    /// has one allowance, however many images an index has.
    pub async fn check(&self, reference: &Reference, options: &Options) -> Decision {
        let scheme = self.verifier.scheme(reference);
        let rule = match self.rule(reference, scheme) {
            Ok(rule) => rule,
            Err(answer) => return Decision::new(reference, None, *answer),
        };
        let examined = self.examine(reference, scheme, rule, options).await;
        Decision::new(reference, Some(rule), Answer::of(rule.on_failure, examined))
    }

    /// The rule that decides about the reference, or the answer where none has to.
    fn rule(&self, reference: &Reference, scheme: Scheme) -> Result<&GateRule, Box<Answer>> {
        let now = self.verifier.now();
        if let Some(exemption) = self.policy.exemption(reference, scheme, now) {
            return Err(Box::new(Answer::Exempted(exemption.clone())));
        }
        self.policy
            .rule(reference, scheme)
            .map_err(|none| Box::new(Answer::Refused(Box::new(Refusal::NoRule(none)))))
    }

    async fn examine(
        &self,
        reference: &Reference,
        scheme: Scheme,
        rule: &GateRule,
        options: &Options,
    ) -> Result<Examination, Refusal> {
        if reference.digest().is_none() && rule.tags == Tags::Refuse {
            let tag = reference.tag().unwrap_or_default().to_owned();
            let rule = rule.name.clone();
            return Err(Refusal::Tag { tag, rule });
        }
        let trust = Trust {
            policies: self.trust_policies.as_ref(),
            roots: &self.roots,
        };
        let roles = Roles::new(rule, |signer| {
            trust.statement(rule, signer, reference, scheme)
        });
        let options = Options {
            max_signatures: options.max_signatures,
            allowed: options.allowed.clone(),
            ..Options::default()
        };
        let whole = ArtifactReference::from(reference.clone());
        let work = async { Ok(self.examine_artifact(&whole, &roles, &options).await) };
        match within(&options, || whole.clone(), Box::pin(work)).await {
            Ok(examined) => examined,
            Err(source) => Err(Refusal::Artifact { source }),
        }
    }

    async fn examine_artifact(
        &self,
        reference: &ArtifactReference,
        roles: &Roles<'_>,
        options: &Options,
    ) -> Result<Examination, Refusal> {
        let listed = self.resolve(reference).await?;
        let tag = match reference.digest() {
            Some(_) => None,
            None => reference.tag().map(str::to_owned),
        };
        let mut examination = Examination {
            reference: listed.target.reference.clone(),
            media_type: listed.target.descriptor.media_type().to_string(),
            tag,
            images: Vec::new(),
            uncovered: Vec::new(),
        };
        if !listed.target.is_index() {
            let examined = self.examine_image(listed, Vec::new(), roles, options);
            examination.images.push(examined.await);
            return Ok(examination);
        }
        let Index { images, uncovered } = read_index(&listed).await?;
        examination.uncovered = uncovered;
        let own: Vec<IndexImage> = match roles.rule().signed_index_covers {
            SignedIndexCovers::Image => images,
            SignedIndexCovers::Index => {
                let examined = self.examine_image(listed, Vec::new(), roles, options);
                examination.images.push(examined.await);
                // Which runtime starts it cannot be told, so that the index does not cover it.
                let is_open = |image: &IndexImage| image.platforms.is_empty();
                images.into_iter().filter(is_open).collect()
            }
        };
        let each = own.into_iter().map(|image| {
            let reference = reference.with_digest(image.descriptor.digest());
            Box::pin(self.examine_platform(reference, image, roles, options))
        });
        let examined: Vec<_> = futures_util::stream::iter(each)
            .buffered(MAX_CONCURRENT_INDEX_IMAGES)
            .collect()
            .await;
        for image in examined {
            examination.images.push(image?);
        }
        Ok(examination)
    }

    /// An image that stands in an index.
    async fn examine_platform(
        &self,
        reference: ArtifactReference,
        image: IndexImage,
        roles: &Roles<'_>,
        options: &Options,
    ) -> Result<ImageExamination, Refusal> {
        let IndexImage {
            descriptor,
            platforms,
        } = image;
        let listed = self.resolve(&reference).await?;
        check_entry(&listed.target.descriptor, &descriptor)?;
        Ok(self.examine_image(listed, platforms, roles, options).await)
    }

    async fn resolve(&self, reference: &ArtifactReference) -> Result<Listed, Refusal> {
        let failed = |source| Refusal::Artifact { source };
        let repository = self.verifier.locate(reference).map_err(failed)?;
        let work = Box::pin(repository.resolve_and_list());
        let found = in_time(reference.clone(), work).await.map_err(failed)?;
        let (target, listing) = found.map_err(|source| {
            let reference = reference.clone();
            failed(Error::Resolve { reference, source })
        })?;
        Ok(Listed {
            repository,
            target,
            listing,
        })
    }

    /// Judges the signatures of one manifest.
    async fn examine_image(
        &self,
        listed: Listed,
        platforms: Vec<String>,
        roles: &Roles<'_>,
        options: &Options,
    ) -> ImageExamination {
        let Listed {
            repository,
            target,
            listing,
        } = listed;
        let reference = target.reference.clone();
        let statements = roles.statements();
        let judging =
            Box::pin(
                self.verifier
                    .judge_listed(&repository, target, listing, statements, options),
            );
        let (signatures, unseen, error): (_, Option<Unseen>, _) = match judging.await {
            Ok(judged) => (judged.signatures, judged.unseen, None),
            Err(error) => (Vec::new(), None, Some(error)),
        };
        let image = ImageExamination {
            reference,
            platforms,
            needed: roles.rule().needed(),
            roles: Vec::new(),
            signatures,
            unseen,
            error,
            result: Ok(()),
        };
        evaluate(roles, image, self.verifier.now())
    }
}

async fn read_index(listed: &Listed) -> Result<Index, Refusal> {
    let Listed {
        repository, target, ..
    } = listed;
    let reference = || target.reference.clone();
    let work = Box::pin(repository.fetch_manifest(&target.descriptor));
    let fetched = in_time(reference(), work).await;
    let bytes = fetched.and_then(|fetched| {
        fetched.map_err(|source| Error::Resolve {
            reference: reference(),
            source,
        })
    });
    let bytes = bytes.map_err(|source| Refusal::Artifact { source })?;
    index::read(&bytes).map_err(|source| Refusal::Index {
        reference: Box::new(reference()),
        source,
    })
}

/// Checks that an image is what its index says of it.
fn check_entry(found: &Descriptor, wanted: &Descriptor) -> Result<(), Refusal> {
    let is_same = found.digest() == wanted.digest()
        && found.size() == wanted.size()
        && found.media_type() == wanted.media_type();
    if is_same {
        return Ok(());
    }
    Err(Refusal::Entry {
        source: IndexFault::Differs {
            found: Box::new(found.clone()),
            wanted: Box::new(wanted.clone()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::sha256_digest;
    use crate::outcome::FailureClass;

    #[test]
    fn an_image_is_what_its_index_says_of_it() {
        let of = |media_type: &str, size, bytes: &[u8]| {
            Descriptor::new(media_type.into(), size, sha256_digest(bytes))
        };
        let found = of("a/b", 7, b"x");
        assert!(check_entry(&found, &found).is_ok());
        for wanted in [of("a/c", 7, b"x"), of("a/b", 8, b"x"), of("a/b", 7, b"y")] {
            let refusal = check_entry(&found, &wanted).unwrap_err();
            assert_eq!(refusal.code(), "index-entry-differs", "{wanted:?}");
            assert_eq!(refusal.class(), FailureClass::Rejected);
        }
        let Err(Refusal::Entry { source }) = check_entry(&found, &of("a/c", 8, b"x")) else {
            panic!("it differs");
        };
        let said = source.to_string();
        assert!(
            said.ends_with("is a `a/b` of 7 bytes, and the index says `a/c` of 8 bytes"),
            "{said}"
        );
    }
}
