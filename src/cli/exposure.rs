//! The refusal of what others may write.

use super::output::{CommandOutput, Exit};

/// Refuses, where the strictest level is required, what others may write.
///
/// # Errors
///
/// What to print where there is something.
pub(super) fn refuse(lines: &[String]) -> Result<(), CommandOutput> {
    if lines.is_empty() {
        return Ok(());
    }
    let sentence = "`--require strict` accepts nothing that other users may write";
    let hint = "take the permission away with `chmod go-w`, or the ownership with `chown`, from each place named";
    Err(
        CommandOutput::failed_with_hint(Exit::Rejected, sentence, hint.to_owned())
            .caused_by(lines.to_vec()),
    )
}
