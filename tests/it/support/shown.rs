//! What a run printed, as the pages show it: one name in place of what is another one in each run.

/// `text` of a run that asked `registry`.
pub(crate) fn shown(text: &str, registry: &str) -> String {
    let text = with_one_version(&text.replace(registry, "registry.example.com"));
    let lines = text.lines().map(|line| {
        // The signature has another digest than the image.
        let is_pushed = line.starts_with("Pushed the signature to ");
        let digest = if is_pushed { "9b1e..." } else { "4c3f..." };
        [
            ("@sha256:", 64, digest),
            ("signature sha256:", 64, "9b1e..."),
            ("── sha256:", 64, "9b1e..."),
            ("signed on ", 25, "Mon, 01 Jun 2026 12:00:00"),
            ("expires on ", 25, "Tue, 01 Sep 2037 12:00:00"),
        ]
        .into_iter()
        .fold(line.to_owned(), |line, (mark, length, shown)| {
            replaced_after(&line, mark, length, shown)
        })
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `text` with `shown` in place of the `length` characters after each `mark`.
fn replaced_after(text: &str, mark: &str, length: usize, shown: &str) -> String {
    let mut parts = text.split(mark);
    let mut replaced = parts.next().unwrap().to_owned();
    for part in parts {
        replaced.push_str(mark);
        replaced.push_str(shown);
        replaced.push_str(&part[length..]);
    }
    replaced
}

/// `text` with one version in place of that of every signing profile.
fn with_one_version(text: &str) -> String {
    const MARK: &str = "/signing-profiles/";
    const LENGTH: usize = 10;

    let mut parts = text.split(MARK);
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let end = part.find(|letter| !is_name(letter)).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let version = rest.strip_prefix('/').and_then(|rest| rest.get(..LENGTH));
        let is_version = version.is_some_and(|version| version.chars().all(is_name));
        whole.push_str(MARK);
        whole.push_str(name);
        whole.push_str(if is_version { "/A1b2C3d4E5" } else { "" });
        whole.push_str(if is_version {
            &rest[1 + LENGTH..]
        } else {
            rest
        });
    }
    whole
}

#[test]
fn versions_digests_and_times_are_those_of_the_pages() {
    let digest = "5".repeat(64);
    let printed = format!(
        "a host:1/app@sha256:{digest}: signature sha256:{digest}, by arn:x:/signing-profiles/ci/Zz9zZz9zZz, or \
         `arn:x:/signing-profiles/ci`"
    );
    assert_eq!(
        shown(&printed, "host:1"),
        "a registry.example.com/app@sha256:4c3f...: signature sha256:9b1e..., by \
         arn:x:/signing-profiles/ci/A1b2C3d4E5, or `arn:x:/signing-profiles/ci`"
    );
}
