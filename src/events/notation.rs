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

/// The lines of an event; `request` counts requests.
pub(super) fn lines(fields: &Fields, head: &Head<'_>, request: impl FnOnce() -> u64) -> String {
    let mut lines = Lines {
        fields,
        head,
        text: String::new(),
    };
    let told = match fields.message.as_str() {
        "request answered" | "request failed" => {
            lines.write_request(request());
            Some(())
        }
        "reference resolved" => lines.write_resolved(),
        "trust policy statement applies" => lines.write_statement(),
        "validation failed" => lines.write_failed(),
        "signature judged" => lines.write_judged(),
        _ => None,
    };
    if told.is_none() {
        lines.write_generic();
    }
    lines.text
}

/// What is written of one event. Where a field is missing that a sentence has, nothing is.
struct Lines<'a> {
    fields: &'a Fields,
    head: &'a Head<'a>,
    text: String,
}

impl Lines<'_> {
    fn field(&self, name: &str) -> Option<String> {
        let mut others = self.fields.others.iter();
        let found = others.find(|(other, _)| *other == name);
        found.map(|(_, value)| shown(value))
    }

    fn write(&mut self, level: &str, message: &str) {
        if let Some(time) = self.head.time {
            let _ = write!(self.text, "time={time} ");
        }
        let _ = writeln!(self.text, "level={level} msg={message}");
    }

    /// At the event's own level.
    fn tell(&mut self, message: &str) {
        self.write(self.head.level, message);
    }

    /// What notation has no sentence for.
    fn write_generic(&mut self) {
        let level = match self.head.level {
            "warn" => "warning",
            level => level,
        };
        let mut message = self.fields.message.clone();
        for (name, value) in &self.fields.others {
            let _ = write!(message, " {name}={}", quoted(&shown(value)));
        }
        self.write(level, &message);
    }

    /// Headers are left out: they hold credentials.
    fn write_request(&mut self, number: u64) {
        let of = |name: &str| self.field(name).unwrap_or_default();
        let (method, url, status) = (of("method"), of("url"), of("status"));
        let request = format!("Request #{number}\n> Request: \"{method}\" \"{url}\"");
        self.write("debug", &request);
        if let Some(error) = self.field("error") {
            self.write("error", &format!("Error in getting response: {error}"));
            return;
        }
        let name = status.parse().ok().and_then(|status| {
            let status = reqwest::StatusCode::from_u16(status).ok()?;
            status.canonical_reason()
        });
        let response = format!(
            "Response #{number}\n< Response status: \"{status} {}\"",
            name.unwrap_or_default()
        );
        self.write("debug", &response);
    }

    fn write_resolved(&mut self) -> Option<()> {
        let reference = self.field("reference")?;
        let target = reference
            .rsplit_once('@')
            .or_else(|| reference.rsplit_once(':'))
            .map_or(reference.as_str(), |(_, target)| target);
        let message = format!(
            "Reference {target} resolved to manifest descriptor: {{MediaType:{} Digest:{} Size:{} URLs:[] \
             Annotations:map[] Data:[] Platform:<nil> ArtifactType:}}",
            self.field("media_type")?,
            self.field("digest")?,
            self.field("bytes")?
        );
        self.tell(&message);
        Some(())
    }

    fn write_statement(&mut self) -> Option<()> {
        let (artifact, level) = (self.field("artifact")?, self.field("level_of_statement")?);
        let statement = self.field("statement")?;
        let file = self.field("file").map(|file| format!(" File:{file}"));
        self.tell("Checking whether signature verification should be skipped or not");
        self.tell(&format!(
            "Trust policy configuration: &{{Name:{statement} SignatureVerification:{{VerificationLevel:{level}}}{}}}",
            file.unwrap_or_default()
        ));
        if level == "skip" {
            self.tell(&format!("Signature verification skipped for {artifact}"));
        } else {
            self.tell(
                "Check over. The signature verification level is not set to 'skip' in the trust policy.",
            );
        }
        Some(())
    }

    fn write_failed(&mut self) -> Option<()> {
        let (validation, failure) = (self.field("validation")?, self.field("failure")?);
        let (level, action) = match self.field("set_to")?.as_str() {
            "log" => ("warning", " with validation action set to \"logged\""),
            _ => ("error", ""),
        };
        let message = format!("{validation} validation failed{action}. Failure reason: {failure}");
        self.write(level, &message);
        Some(())
    }

    fn write_judged(&mut self) -> Option<()> {
        let signature = self.field("signature")?;
        if let Some(failure) = self.field("failure") {
            let message =
                format!("Signature {signature} failed verification with error: {failure}");
            self.write("warning", &message);
            return Some(());
        }
        let artifact = self
            .field("artifact")
            .map(|artifact| format!(" for artifact {artifact}"));
        self.tell(&format!(
            "Signature verification succeeded{} with signature digest {signature}",
            artifact.unwrap_or_default()
        ));
        Some(())
    }
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
