//! `gate check --wait-for-signature`: lets Amazon ECR end its signing before the gate decides. The signatures alone decide.

use std::time::Duration;

use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use crate::aws::Aws;
use crate::cli::duration::parse_span;
use crate::cli::output::{CommandOutput, write_causes, write_hint};
use crate::cli::reader;
use crate::gate::Gate;
use crate::limits::{
    MAX_GATE_WAIT, MAX_SIGNING_STATUS_INTERVAL, SIGNATURE_LISTED_WITHIN, SIGNING_STATUS_INTERVAL,
};
use crate::managed_signing::{Error, Wait};
use crate::many;
use crate::reference::Reference;
use crate::report::{GateResult, GateVerdict};
use crate::verify::Options;

const FLAG: &str = "--wait-for-signature";

/// How long the gate waits, at most, before it decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound(Duration);

impl Bound {
    /// The value of the flag, for these references: Amazon ECR is asked about digests.
    pub(super) fn parse(text: &str, references: &[Reference]) -> Result<Self, CommandOutput> {
        let limit = parse_span(FLAG, text, MAX_GATE_WAIT)?;
        for reference in references {
            if reference.registry_name().ecr().is_none() {
                let error = Error::NotEcr {
                    reference: reference.to_string(),
                };
                return Err(CommandOutput::unusable(&error, error.hint()));
            }
            if reference.digest().is_none() {
                return Err(CommandOutput::usage(
                    &format!("`{FLAG}` waits for images by digest, and `{reference}` is a tag"),
                    Some("name the image by its digest".to_owned()),
                ));
            }
        }
        Ok(Self(limit))
    }

    /// Begins to wait.
    pub(super) fn begin(self, aws: Aws) -> GateWait {
        GateWait {
            aws,
            limit: self.0,
            deadline: Instant::now() + self.0,
        }
    }
}

/// A wait that has begun.
#[derive(Debug)]
pub(super) struct GateWait {
    aws: Aws,
    limit: Duration,
    deadline: Instant,
}

impl GateWait {
    /// Waits for all of these images; why one is not signed, in their order.
    pub(super) async fn for_all(&self, references: &[Reference]) -> Vec<Result<(), Error>> {
        let wait = Wait {
            statuses: &self.aws,
            profiles: &[],
            limit: self.limit,
            deadline: self.deadline,
        };
        let images = stream::iter(references.to_vec());
        let waiting = wait.until_all_signed(images, many::Options::default());
        waiting.outcomes().await
    }

    /// Decides again about an image that Amazon ECR says to have signed, and that has no signature: its lists lag.
    pub(super) async fn again(
        &self,
        (gate, options): (&Gate, &Options),
        (asked, reference): (&str, &Reference),
        mut result: GateResult,
    ) -> GateResult {
        let listed_by = self.deadline.min(Instant::now() + SIGNATURE_LISTED_WITHIN);
        let mut interval = SIGNING_STATUS_INTERVAL;
        while result.verdict == GateVerdict::Unsigned {
            let next = Instant::now() + interval;
            if next >= listed_by {
                break;
            }
            sleep_until(next).await;
            interval = MAX_SIGNING_STATUS_INTERVAL.min(interval * 2);
            let decision = Box::pin(gate.check(reference, options)).await;
            result = GateResult::new(asked, &decision, reader::current());
        }
        result
    }
}

/// Says why Amazon ECR has not signed: a remark, since the gate decides by signatures.
pub(super) fn remark(error: &Error) -> String {
    let mut text = CommandOutput::warning(&error.to_string()).stderr;
    for detail in error.details() {
        let line = CommandOutput::warning(&detail).stderr;
        text.push_str("  ");
        text.push_str(line.trim_start_matches("Warning: "));
    }
    write_causes(&mut text, "  ", error);
    write_hint(&mut text, "  ", error.hint());
    text
}
