//! Many images at once: waited for until Amazon ECR has signed them, or until their signatures verify.
//!
//! Input: a [`Wait`] and images in Amazon ECR. Output: a [`Many`] with an answer for every image.

use futures_util::Stream;

use super::error::Error;
use super::{Wait, WaitAnswer};
use crate::limits::MAX_CONCURRENT_WAITS;
use crate::many::{self, Many, NotTried, Work};
use crate::reference::Reference;
use crate::verify::{Options, Verifier};

/// Waits until the signings of images have ended.
#[derive(Debug, Clone, Copy)]
pub struct UntilSigned<'a>(Wait<'a>);

/// Waits until images are signed and verified.
#[derive(Debug, Clone, Copy)]
pub struct UntilVerified<'a> {
    wait: Wait<'a>,
    verifier: &'a Verifier,
    options: &'a Options,
}

impl Work for UntilSigned<'_> {
    type Item = Reference;
    type Outcome = Result<(), Error>;

    const MOST_OF_ONE_LANE: usize = MAX_CONCURRENT_WAITS;

    fn lane(&self, image: &Reference) -> String {
        lane(image)
    }

    async fn run(self, _index: usize, image: Reference) -> Result<(), Error> {
        self.0.until_signed(&image, &mut Vec::new()).await
    }

    fn not_tried(&self, image: Reference, reason: NotTried) -> Result<(), Error> {
        Err(Error::stopped(image, reason))
    }

    fn is_failure(outcome: &Result<(), Error>) -> bool {
        outcome.is_err()
    }
}

impl Work for UntilVerified<'_> {
    type Item = Reference;
    type Outcome = WaitAnswer;

    const MOST_OF_ONE_LANE: usize = MAX_CONCURRENT_WAITS;

    fn lane(&self, image: &Reference) -> String {
        lane(image)
    }

    async fn run(self, _index: usize, image: Reference) -> WaitAnswer {
        let wait = self.wait;
        wait.until_verified(self.verifier, &image, self.options)
            .await
    }

    fn not_tried(&self, image: Reference, reason: NotTried) -> WaitAnswer {
        WaitAnswer {
            image: None,
            signings: Vec::new(),
            found: Err(Error::stopped(image, reason)),
        }
    }

    fn is_failure(outcome: &WaitAnswer) -> bool {
        outcome.found.is_err()
    }
}

fn lane(image: &Reference) -> String {
    image.registry().to_ascii_lowercase()
}

impl<'a> Wait<'a> {
    /// [`Wait::until_signed`] for each of `images`.
    pub fn until_all_signed(
        self,
        images: impl Stream<Item = Reference> + Send + 'a,
        many: many::Options,
    ) -> Many<'a, UntilSigned<'a>> {
        Many::new(UntilSigned(self), images, many)
    }

    /// [`Wait::until_verified`] for each of `images`.
    pub fn until_all_verified(
        self,
        verifier: &'a Verifier,
        images: impl Stream<Item = Reference> + Send + 'a,
        options: &'a Options,
        many: many::Options,
    ) -> Many<'a, UntilVerified<'a>> {
        let work = UntilVerified {
            wait: self,
            verifier,
            options,
        };
        Many::new(work, images, many)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::stream;
    use tokio::time::Instant;

    use super::super::testing::{IMAGE, PROFILE, Scripted, image, signing};
    use super::*;
    use crate::outcome::FailureClass;
    use crate::registry::SigningProgress::{Complete, InProgress};

    fn wait(scripted: &Scripted) -> Wait<'_> {
        let limit = Duration::from_mins(10);
        Wait {
            statuses: scripted,
            profiles: &[],
            limit,
            deadline: Instant::now() + limit,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_images_of_a_registry_than_the_limit_are_waited_for_at_once() {
        let scripted = Scripted::new().then(vec![signing(PROFILE, Complete)]);
        let images = stream::iter(vec![image(); MAX_CONCURRENT_WAITS + 3]);
        let waiting = wait(&scripted).until_all_signed(images, many::Options::default());
        let outcomes = waiting.outcomes().await;
        assert_eq!(outcomes.len(), MAX_CONCURRENT_WAITS + 3);
        assert!(outcomes.iter().all(Result::is_ok));
        let hanging = Scripted::new().then(vec![signing(PROFILE, InProgress)]);
        let images = stream::iter(vec![image(); MAX_CONCURRENT_WAITS + 3]);
        let mut waiting = wait(&hanging).until_all_signed(images, many::Options::default());
        let first = tokio::time::timeout(Duration::from_millis(500), waiting.answer()).await;
        assert!(first.is_err(), "answered before it was signed: {first:?}");
        assert_eq!(hanging.asked(), MAX_CONCURRENT_WAITS);
    }

    #[tokio::test(start_paused = true)]
    async fn an_image_that_was_not_begun_has_its_answer_too() {
        let scripted = Scripted::new().then(vec![signing(PROFILE, Complete)]);
        let options = many::Options::default();
        options.stop.interrupt();
        let waiting = wait(&scripted).until_all_signed(stream::iter([image()]), options);
        let outcomes = waiting.outcomes().await;
        let [Err(error)] = outcomes.as_slice() else {
            panic!("{outcomes:?}");
        };
        assert_eq!(error.class(), FailureClass::Inconclusive);
        assert!(error.to_string().contains(IMAGE), "{error}");
        assert_eq!(scripted.asked(), 0);
    }
}
