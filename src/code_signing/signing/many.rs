//! Many packages at once: each is signed, or found to be signed already.
//!
//! Input: a [`PackageSigner`] and packages that were looked at. Output: a [`Many`] with an answer for every package. An interrupt
//! gives up what is under way, which leaves no file behind, and the job that was begun is picked up by the next command.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::Stream;

use super::error::Error;
use super::existing::{Existing, existing};
use super::look::Candidate;
use super::work::{PackageSigner, SignedPackage, Step};
use crate::allowance::Allowed;
use crate::limits::MAX_CONCURRENT_PACKAGES;
use crate::many::{self, Many, NotTried, Stop, Work};

/// A package to sign.
pub struct GivenPackage {
    /// As it was given: what errors call it.
    pub name: String,
    /// What was found in it.
    pub candidate: Candidate,
    /// Where its signed form goes.
    pub out: PathBuf,
    /// Called with each step; dropped when the package is done with.
    pub show: Box<dyn Fn(Step) + Send + Sync>,
}

impl fmt::Debug for GivenPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenPackage")
            .field("name", &self.name)
            .field("out", &self.out)
            .finish_non_exhaustive()
    }
}

/// What became of a package.
#[derive(Debug)]
pub struct PackageOutcome {
    /// As it was given.
    pub name: String,
    /// SHA-256 of the package in hexadecimal digits; empty where it could not be looked at.
    pub sha256: String,
    /// Where its signed form goes.
    pub out: PathBuf,
    /// How it ended.
    pub end: PackageEnd,
}

/// How one of many packages ended.
#[derive(Debug)]
pub enum PackageEnd {
    /// It was signed, and the signed package written.
    Signed(SignedPackage),
    /// Its signed form was there already.
    Skipped(Existing),
    /// It can be signed; nothing was done.
    Planned,
    /// It was not signed.
    Failed(Error),
    /// It was not begun.
    NotTried(NotTried),
}

/// How all packages are signed that are signed together.
#[derive(Debug)]
pub struct PackageBatch<'a> {
    /// What signs them.
    pub signer: &'a PackageSigner,
    /// How long the signature of a package must be valid that is there already, so that it is not signed again; nothing where
    /// every package is signed.
    pub if_missing: Option<Duration>,
    /// What each package may use.
    pub allowed: Allowed,
}

impl<'a> PackageBatch<'a> {
    /// Signs each of `packages`, within the time of the whole that is allowed.
    pub fn sign(
        &'a self,
        packages: impl Stream<Item = GivenPackage> + Send + 'a,
        options: many::Options,
    ) -> Many<'a, PackageSignings<'a>> {
        let signings = PackageSignings {
            batch: self,
            stop: options.stop.clone(),
        };
        let options = options.within(self.allowed.whole.clone());
        Many::new(signings, packages, options)
    }

    /// All steps of one package.
    async fn sign_one(&self, package: &GivenPackage) -> Result<PackageEnd, Error> {
        let GivenPackage {
            candidate,
            out,
            show,
            ..
        } = package;
        let work = async {
            if let Some(remaining) = self.if_missing
                && let Some(existing) = existing(self.signer, candidate, out, remaining).await
            {
                return Ok(PackageEnd::Skipped(existing));
            }
            let signed = self.signer.sign(candidate, out, show.as_ref()).await?;
            Ok(PackageEnd::Signed(signed))
        };
        let done = self.allowed.begin().run(Box::pin(work)).await;
        done.unwrap_or_else(|source| {
            Err(Error::OutOfTime {
                package: package.name.clone(),
                source,
            })
        })
    }
}

/// The signing of the packages of a [`PackageBatch`].
#[derive(Debug, Clone)]
pub struct PackageSignings<'a> {
    batch: &'a PackageBatch<'a>,
    stop: Stop,
}

impl Work for PackageSignings<'_> {
    type Item = GivenPackage;
    type Outcome = PackageOutcome;

    const MOST_OF_ONE_LANE: usize = MAX_CONCURRENT_PACKAGES;

    /// All of them go to one bucket, and are signed by one profile.
    fn lane(&self, _package: &GivenPackage) -> String {
        self.batch.signer.settings.bucket.to_string()
    }

    async fn run(self, _index: usize, package: GivenPackage) -> PackageOutcome {
        let done = tokio::select! {
            biased;
            done = self.batch.sign_one(&package) => done,
            () = self.stop.interrupted() => Err(Error::Interrupted { package: package.name.clone() }),
        };
        ended(package, done.unwrap_or_else(PackageEnd::Failed))
    }

    fn not_tried(&self, package: GivenPackage, reason: NotTried) -> PackageOutcome {
        let end = match reason {
            NotTried::OutOfTime(source) => PackageEnd::Failed(Error::OutOfTime {
                package: package.name.clone(),
                source,
            }),
            NotTried::AfterFailure | NotTried::Interrupted => PackageEnd::NotTried(reason),
        };
        ended(package, end)
    }

    fn is_failure(outcome: &PackageOutcome) -> bool {
        matches!(outcome.end, PackageEnd::Failed(_))
    }
}

fn ended(package: GivenPackage, end: PackageEnd) -> PackageOutcome {
    PackageOutcome {
        sha256: package.candidate.sha256(),
        name: package.name,
        out: package.out,
        end,
    }
}
