//! What the author of a text that is not a reference probably meant.

/// Transports of other tools, which stand before what they name.
const TRANSPORTS: [&str; 6] = [
    "oci:",
    "oci-archive:",
    "dir:",
    "docker-archive:",
    "docker-daemon:",
    "containers-storage:",
];

/// Advice that the text as a whole gives; `None` where only its parts can.
pub(super) fn on_text(text: &str) -> Option<String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Some("the reference is empty; a variable may not be set".to_owned());
    }
    if let Some(hint) = on_blanks(text) {
        return Some(hint);
    }
    if let Some((scheme, _)) = text.split_once("://") {
        let known = ["http", "https", "docker", "oci"];
        let known = known
            .iter()
            .find(|known| scheme.eq_ignore_ascii_case(known));
        return Some(match known {
            Some(_) => format!("leave out `{scheme}://`"),
            None => "leave out everything up to `://`".to_owned(),
        });
    }
    if text.starts_with("arn:") {
        return Some(
            "that is an ARN, which the setting `signing-profile` or the setting `kms-key` takes; name the image as \
             `REGISTRY/REPOSITORY@DIGEST`"
                .to_owned(),
        );
    }
    if is_digest(text) {
        return Some(format!(
            "a digest alone names no repository; write `REGISTRY/REPOSITORY@{}:...`",
            text.split(':').next().unwrap_or_default()
        ));
    }
    if let Some(transport) = transport(text) {
        return Some(match transport {
            "oci:" => "leave out `oci:`; for a directory in the OCI image layout, give the \
                       setting `oci-layout` too"
                .to_owned(),
            transport => format!(
                "leave out `{transport}` and name an image in a registry: \
                 `REGISTRY/REPOSITORY:TAG`"
            ),
        });
    }
    // Neither a registry nor a repository, tag or digest has an equals sign.
    let (key, value) = text.split_once('=')?;
    if key.is_empty() || value.is_empty() || key.contains(['/', ':', '@']) {
        return None;
    }
    Some(format!(
        "`{text}` looks like user metadata and not like a reference; each pair needs the setting `user-metadata` of \
         its own"
    ))
}

/// Advice on blanks and line breaks, which no reference has.
pub(super) fn on_blanks(text: &str) -> Option<String> {
    let at_end = text.len() != text.trim_end().len();
    let hint = if at_end && text.ends_with(['\n', '\r']) {
        "there is a line break at the end of the reference; remove it"
    } else if at_end {
        "there is a space at the end of the reference; remove it"
    } else if text.len() != text.trim_start().len() {
        "there is a space or a line break at the beginning of the reference; remove it"
    } else if text.contains(['\n', '\r']) {
        "there is a line break in the reference; give each reference as an argument of its own"
    } else if text.contains(' ') {
        "there is a space in the reference; give each reference as an argument of its own"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// The transport of another tool that `text` begins with: `oci:` and the like.
pub(crate) fn transport(text: &str) -> Option<&'static str> {
    TRANSPORTS
        .into_iter()
        .find(|transport| text.starts_with(transport))
}

fn is_digest(text: &str) -> bool {
    ["sha256:", "sha384:", "sha512:"].iter().any(|algorithm| {
        text.strip_prefix(algorithm).is_some_and(|digits| {
            digits.len() >= 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_names_the_mistake() {
        let digest = format!("sha256:{}", "7".repeat(64));
        let at_digest = format!("r.example/a@{digest}\n");
        let scheme = format!("docker://r.example/a@{digest}");
        for (text, wanted) in [
            ("", "the reference is empty; a variable may not be set"),
            (" \n", "the reference is empty; a variable may not be set"),
            (
                "stage=scan",
                "`stage=scan` looks like user metadata and not like a reference; each pair needs \
                 the setting `user-metadata` of its own",
            ),
            (
                "commit=a/b:c",
                "`commit=a/b:c` looks like user metadata and not like a reference; each pair needs \
                 the setting `user-metadata` of its own",
            ),
            (
                digest.as_str(),
                "a digest alone names no repository; write `REGISTRY/REPOSITORY@sha256:...`",
            ),
            (
                at_digest.as_str(),
                "there is a line break at the end of the reference; remove it",
            ),
            (
                "r.example/a:v1\r\n",
                "there is a line break at the end of the reference; remove it",
            ),
            (
                "r.example/a:v1 ",
                "there is a space at the end of the reference; remove it",
            ),
            (
                "\tr.example/a:v1",
                "there is a space or a line break at the beginning of the reference; remove it",
            ),
            (
                "r.example/a:v1\nr.example/b:v1",
                "there is a line break in the reference; give each reference as an argument of its \
                 own",
            ),
            (
                "r.example/a:v1 r.example/b:v1",
                "there is a space in the reference; give each reference as an argument of its own",
            ),
            (scheme.as_str(), "leave out `docker://`"),
            ("HTTPS://r.example/a:v1", "leave out `HTTPS://`"),
            ("ftp://r.example/a:v1", "leave out everything up to `://`"),
            (
                "oci:layout:v1",
                "leave out `oci:`; for a directory in the OCI image layout, give the setting `oci-layout` too",
            ),
            (
                "docker-daemon:app:v1",
                "leave out `docker-daemon:` and name an image in a registry: \
                 `REGISTRY/REPOSITORY:TAG`",
            ),
        ] {
            assert_eq!(on_text(text).as_deref(), Some(wanted), "{text:?}");
        }
        for text in [
            "nginx:1.29",
            "sha256:v1",
            "r.example/a",
            "=a",
            "a=",
            "r.example/a=b",
        ] {
            assert_eq!(on_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_digest_has_its_digits() {
        let digits = "7".repeat(32);
        assert!(is_digest(&format!("sha256:{digits}")));
        for text in [
            "sha256:7",
            "sha256:",
            "sha256:latest-of-the-main-branch-of-this-week",
        ] {
            assert!(!is_digest(text), "{text}");
        }
        assert!(!is_digest(&digits));
    }
}
