//! Events as notation logs them: the same form of a line, and the same sentence where both do the same.

use std::fmt::Write as _;

use super::{Fields, quoted, shown};

/// What a line begins with.
pub(super) struct Head<'a> {
    /// Missing in a log of what was found.
    pub(super) time: Option<&'a str>,
    /// The event's own level.
    pub(super) level: &'a str,
}

impl Head<'_> {
    fn write(&self, text: &mut String, level: &str, message: &str) {
        if let Some(time) = self.time {
            let _ = write!(text, "time={time} ");
        }
        let _ = writeln!(text, "level={level} msg={message}");
    }
}

/// The lines of an event; `request` counts requests.
pub(super) fn lines(fields: &Fields, head: &Head<'_>, request: impl FnOnce() -> u64) -> String {
    let mut text = String::new();
    let field = |name: &str| {
        let mut others = fields.others.iter();
        others
            .find(|(other, _)| *other == name)
            .map(|(_, value)| shown(value))
    };
    let told = match fields.message.as_str() {
        "request answered" | "request failed" => {
            write_request(&mut text, head, request(), field);
            Some(())
        }
        "reference resolved" => write_resolved(&mut text, head, field),
        "trust policy statement applies" => write_statement(&mut text, head, field),
        "validation failed" => write_failed(&mut text, head, field),
        "signature judged" => write_judged(&mut text, head, field),
        _ => None,
    };
    if told.is_none() {
        let level = if head.level == "warn" {
            "warning"
        } else {
            head.level
        };
        head.write(&mut text, level, &generic(fields));
    }
    text
}

/// What notation has no sentence for.
fn generic(fields: &Fields) -> String {
    let mut message = fields.message.clone();
    for (name, value) in &fields.others {
        let _ = write!(message, " {name}={}", quoted(&shown(value)));
    }
    message
}

/// Headers are left out: they hold credentials.
fn write_request(
    text: &mut String,
    head: &Head<'_>,
    number: u64,
    field: impl Fn(&str) -> Option<String>,
) {
    let of = |name: &str| field(name).unwrap_or_default();
    let request = format!(
        "Request #{number}\n> Request: \"{}\" \"{}\"",
        of("method"),
        of("url")
    );
    head.write(text, "debug", &request);
    if let Some(error) = field("error") {
        head.write(
            text,
            "error",
            &format!("Error in getting response: {error}"),
        );
        return;
    }
    let status = of("status");
    let name = status.parse().ok().and_then(|status| {
        let status = reqwest::StatusCode::from_u16(status).ok()?;
        status.canonical_reason()
    });
    let response = format!(
        "Response #{number}\n< Response status: \"{status} {}\"",
        name.unwrap_or_default()
    );
    head.write(text, "debug", &response);
}

fn write_resolved(
    text: &mut String,
    head: &Head<'_>,
    field: impl Fn(&str) -> Option<String>,
) -> Option<()> {
    let reference = field("reference")?;
    let target = reference
        .rsplit_once('@')
        .or_else(|| reference.rsplit_once(':'))
        .map_or(reference.as_str(), |(_, target)| target);
    let message = format!(
        "Reference {target} resolved to manifest descriptor: {{MediaType:{} Digest:{} Size:{} URLs:[] \
         Annotations:map[] Data:[] Platform:<nil> ArtifactType:}}",
        field("media_type")?,
        field("digest")?,
        field("bytes")?
    );
    head.write(text, head.level, &message);
    Some(())
}

fn write_statement(
    text: &mut String,
    head: &Head<'_>,
    field: impl Fn(&str) -> Option<String>,
) -> Option<()> {
    let (artifact, level) = (field("artifact")?, field("level_of_statement")?);
    let mut write = |message: &str| head.write(text, head.level, message);
    write("Checking whether signature verification should be skipped or not");
    let file = field("file").map(|file| format!(" File:{file}"));
    write(&format!(
        "Trust policy configuration: &{{Name:{} SignatureVerification:{{VerificationLevel:{level}}}{}}}",
        field("statement")?,
        file.unwrap_or_default()
    ));
    if level == "skip" {
        write(&format!("Signature verification skipped for {artifact}"));
    } else {
        write(
            "Check over. The signature verification level is not set to 'skip' in the trust policy.",
        );
    }
    Some(())
}

fn write_failed(
    text: &mut String,
    head: &Head<'_>,
    field: impl Fn(&str) -> Option<String>,
) -> Option<()> {
    let (validation, failure) = (field("validation")?, field("failure")?);
    let (level, action) = match field("set_to")?.as_str() {
        "log" => ("warning", " with validation action set to \"logged\""),
        _ => ("error", ""),
    };
    let message = format!("{validation} validation failed{action}. Failure reason: {failure}");
    head.write(text, level, &message);
    Some(())
}

fn write_judged(
    text: &mut String,
    head: &Head<'_>,
    field: impl Fn(&str) -> Option<String>,
) -> Option<()> {
    let signature = field("signature")?;
    let of_artifact = field("artifact").map(|artifact| format!(" for artifact {artifact}"));
    match field("failure") {
        Some(failure) => head.write(
            text,
            "warning",
            &format!("Signature {signature} failed verification with error: {failure}"),
        ),
        None => head.write(
            text,
            head.level,
            &format!(
                "Signature verification succeeded{} with signature digest {signature}",
                of_artifact.unwrap_or_default()
            ),
        ),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(message: &str, others: &[(&'static str, Value)], time: Option<&str>) -> String {
        let fields = Fields {
            message: message.to_owned(),
            others: others.to_vec(),
        };
        lines(
            &fields,
            &Head {
                time,
                level: "info",
            },
            || 7,
        )
    }

    #[test]
    fn a_request_has_a_number_and_no_headers() {
        let request = [
            ("method", json!("GET")),
            ("url", json!("http://h.example/v2/?...")),
        ];
        let answered = [&request[..], &[("status", json!(404)), ("ms", json!(3))]].concat();
        assert_eq!(
            written("request answered", &answered, Some("T")),
            "time=T level=debug msg=Request #7\n> Request: \"GET\" \"http://h.example/v2/?...\"\n\
             time=T level=debug msg=Response #7\n< Response status: \"404 Not Found\"\n"
        );
        let failed = [&request[..], &[("error", json!("cannot connect"))]].concat();
        assert_eq!(
            written("request failed", &failed, None),
            "level=debug msg=Request #7\n> Request: \"GET\" \"http://h.example/v2/?...\"\n\
             level=error msg=Error in getting response: cannot connect\n"
        );
    }

    #[test]
    fn what_was_judged_is_said_as_notation_says_it() {
        let failed = |set_to: &str| {
            let fields = [
                ("signature", json!("sha256:1")),
                ("validation", json!("expiry")),
                ("set_to", json!(set_to)),
                ("failure", json!("gone")),
            ];
            written("validation failed", &fields, None)
        };
        assert_eq!(
            failed("enforce"),
            "level=error msg=expiry validation failed. Failure reason: gone\n"
        );
        assert_eq!(
            failed("log"),
            "level=warning msg=expiry validation failed with validation action set to \"logged\". Failure reason: \
             gone\n"
        );
        let judged = [("signature", json!("sha256:1"))];
        assert_eq!(
            written("signature judged", &judged, None),
            "level=info msg=Signature verification succeeded with signature digest sha256:1\n"
        );
        let refused = [&judged[..], &[("failure", json!("gone"))]].concat();
        assert_eq!(
            written("signature judged", &refused, None),
            "level=warning msg=Signature sha256:1 failed verification with error: gone\n"
        );
    }

    #[test]
    fn a_level_that_skips_is_said() {
        let fields = [
            ("artifact", json!("r.example/a:v1")),
            ("statement", json!("s")),
            ("level_of_statement", json!("skip")),
        ];
        let text = written("trust policy statement applies", &fields, None);
        assert!(
            text.ends_with("level=info msg=Signature verification skipped for r.example/a:v1\n"),
            "{text}"
        );
    }

    #[test]
    fn what_notation_does_not_say_keeps_its_fields() {
        assert_eq!(
            written("signature made", &[("signer", json!("local key"))], None),
            "level=info msg=signature made signer=\"local key\"\n"
        );
        // An event that lacks what the sentence needs is said nevertheless.
        assert_eq!(
            written("reference resolved", &[("reference", json!("a"))], None),
            "level=info msg=reference resolved reference=a\n"
        );
    }
}
