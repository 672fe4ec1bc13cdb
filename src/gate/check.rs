//! Whether an image may run: its signatures held against the gate policy.
//!
//! Input: a reference, which in a gate is the attacker's. Output: a [`Decision`]. Every signature is judged, up to a
//! limit, for each role of the rule; which signature fills which role is a matching. Nothing that could not be looked at
//! fills a role.

#[doc(hidden)]
mod case;
mod decision;
mod evaluate;
mod examination;
#[doc(hidden)]
mod explanation;
mod fit;
mod many;
mod matching;
mod setup;
mod signers;
mod statements;

#[doc(hidden)]
pub use case::{CaseSignature, GateCase, GateCaseOutcome};
pub use decision::{Decision, Refusal, Ruling};
pub use examination::{
    Examination, Filling, ImageExamination, RoleExamination, RoleLack, RoleShortfall,
};
#[doc(hidden)]
pub use explanation::{ExplainedRole, GateExplanation};
pub use many::Decisions;
pub(crate) use setup::other_endpoint;
pub use setup::{GateConnectError, GateRoots, GateSetup, GateSetupError, SignerName};
pub use statements::{NoStatement, UnknownStatement};

use futures_util::StreamExt as _;
use time::OffsetDateTime;

use self::evaluate::{Roles, evaluate};
use self::statements::{Roots, Trust};
use super::policy::{GatePolicy, GateRule, SignedIndexCovers, Tags};
use crate::limits::MAX_CONCURRENT_INDEX_IMAGES;
use crate::reference::{ArtifactReference, Reference, Scheme};
use crate::registry::SharedAnswers;
use crate::trust_policy::TrustPolicies;
use crate::verify::{
    Error, Index, IndexImage, ListedArtifact, Options, Platform, Unseen, Verifier, within,
};

/// A gate, ready to decide. A [`GateSetup`] makes it.
#[derive(Debug)]
pub struct Gate {
    policy: GatePolicy,
    /// The trust policy; nothing where no role names a statement of it.
    trust_policies: Option<TrustPolicies>,
    roots: Roots,
    verifier: Verifier,
}

impl Gate {
    /// The gate policy.
    pub const fn policy(&self) -> &GatePolicy {
        &self.policy
    }

    /// The trust policy; nothing where no role names a statement of it.
    pub const fn trust_policies(&self) -> Option<&TrustPolicies> {
        self.trust_policies.as_ref()
    }

    /// The time by which it decides.
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "only the command line says when")
    )]
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.verifier.now()
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
        Decision::new(reference, Some(rule), Ruling::of(rule.on_failure, examined))
    }

    /// The rule that decides about the reference, or the answer where none has to.
    fn rule(&self, reference: &Reference, scheme: Scheme) -> Result<&GateRule, Box<Ruling>> {
        let now = self.verifier.now();
        if let Some(exemption) = self.policy.exemption(reference, scheme, now) {
            return Err(Box::new(Ruling::Exempted(exemption.clone())));
        }
        self.policy
            .rule(reference, scheme)
            .map_err(|none| Box::new(Ruling::Refused(Box::new(Refusal::NoRule(none)))))
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
        let work = async {
            Ok(SharedAnswers::join(self.examine_artifact(&whole, &roles, &options)).await)
        };
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
        let listed = self.verifier.list(reference).await.map_err(refusal)?;
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
        let read = Index::fetch(&listed).await;
        let Index { images, uncovered } = read.map_err(refusal)?;
        examination.uncovered = uncovered;
        let own: Vec<IndexImage> = match roles.rule().signed_index_covers {
            SignedIndexCovers::Image => images,
            SignedIndexCovers::Index => {
                let examined = self.examine_image(listed, Vec::new(), roles, options);
                examination.images.push(examined.await);
                let (covered, own): (Vec<_>, Vec<_>) =
                    images.into_iter().partition(IndexImage::may_be_covered);
                self.check_covered(reference, covered).await?;
                own
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
        let listed = self.verifier.list_image(&reference, &image).await;
        let listed = listed.map_err(refusal)?;
        let platforms = image.platforms.iter().map(Platform::to_string).collect();
        Ok(self.examine_image(listed, platforms, roles, options).await)
    }

    /// Checks that images that a signature of the index counts for are what the index says.
    async fn check_covered(
        &self,
        reference: &ArtifactReference,
        images: Vec<IndexImage>,
    ) -> Result<(), Refusal> {
        let each = images.into_iter().map(|image| {
            let reference = reference.with_digest(image.descriptor.digest());
            Box::pin(async move { self.verifier.resolve_image(&reference, &image).await })
        });
        let mut checked = futures_util::stream::iter(each).buffered(MAX_CONCURRENT_INDEX_IMAGES);
        while let Some(image) = checked.next().await {
            image.map_err(refusal)?;
        }
        Ok(())
    }

    /// Judges the signatures of one manifest.
    async fn examine_image(
        &self,
        listed: ListedArtifact,
        platforms: Vec<String>,
        roles: &Roles<'_>,
        options: &Options,
    ) -> ImageExamination {
        let ListedArtifact {
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

/// The refusal of what could not be looked at, or is not what its index says.
fn refusal(error: Error) -> Refusal {
    match error {
        Error::Index { reference, source } => Refusal::Index { reference, source },
        Error::Entry { source, .. } => Refusal::Entry { source },
        source => Refusal::Artifact { source },
    }
}
