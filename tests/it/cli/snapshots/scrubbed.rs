//! One name in place of what is another one in each run.

/// The forms that are replaced: `d` is a digit, `x` a digit in hexadecimal and `X` one in capitals,
/// `w` a letter or digit, `A` a letter, `B` one of base64.
const FORMS: [(&str, &str); 18] = [
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "DIGEST",
    ),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "DIGEST",
    ),
    ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "UUID"),
    ("dddd-dd-ddTdd:dd:ddZ", "TIME"),
    ("dddd-dd-ddTdd:dd:dd.ddd+0000", "TIME"),
    ("csc-wwwwwwwwwwwwwwwww", "csc-ID"),
    ("on dddd-dd-dd", "on DATE"),
    ("AAA, dd AAA dddd dd:dd:dd +0000", "TIME"),
    ("AAA AAA dd dd:dd:dd dddd", "TIME"),
    ("AAA AAA  d dd:dd:dd dddd", "TIME"),
    ("(d seconds old)", "(SECONDS old)"),
    ("(d second old)", "(SECONDS old)"),
    (
        "object version: wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
        "object version: VERSION",
    ),
    ("version: wwwwwwwwww", "version: VERSION"),
    ("version `wwwwwwwwww`", "version `VERSION`"),
    (": BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=", ": SHA256"),
    ("`BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=`", "`SHA256`"),
    ("request `XXXXXXXXXXXXXXXX`", "request `ID`"),
];

/// `text` without times, digests, identifiers and versions.
pub(super) fn scrubbed(text: &str) -> String {
    let mut shown = without_versions(text);
    for (form, name) in FORMS {
        shown = with_name(&shown, form, name);
    }
    shown
}

fn with_name(text: &str, form: &str, name: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(character) = rest.chars().next() {
        if begins_with(rest, form) {
            shown.push_str(name);
            rest = &rest[form.len()..];
        } else {
            shown.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    shown
}

fn begins_with(text: &str, form: &str) -> bool {
    text.len() >= form.len()
        && form
            .bytes()
            .zip(text.bytes())
            .all(|(form, byte)| match form {
                b'd' => byte.is_ascii_digit(),
                b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
                b'X' => byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte),
                b'w' => byte.is_ascii_alphanumeric(),
                b'A' => byte.is_ascii_alphabetic(),
                b'B' => byte.is_ascii_alphanumeric() || b"+/".contains(&byte),
                other => byte == other,
            })
}

/// The version of a signing profile follows its name.
fn without_versions(text: &str) -> String {
    let mut parts = text.split("/signing-profiles/");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        shown.push_str("/signing-profiles/");
        match part.split_once('/') {
            Some((name, version))
                if name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && begins_with(version, "wwwwwwwwww") =>
            {
                shown.push_str(&format!("{name}/VERSION{}", &version[10..]));
            }
            _ => shown.push_str(&without_version_beside(part)),
        }
    }
    shown
}

/// The same in a table, whose next column has the version.
fn without_version_beside(text: &str) -> String {
    let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let rest = text.trim_start_matches(is_of_name);
    let version = rest.trim_start_matches(' ');
    if rest.len() - version.len() < 3 || !begins_with(version, "wwwwwwwwww") {
        return text.to_owned();
    }
    let before = &text[..text.len() - version.len()];
    format!("{before}VERSION{}", &version[10..])
}

#[test]
fn only_what_changes_is_replaced() {
    let digest = "0a".repeat(32);
    for (text, shown) in [
        (format!("app@sha256:{digest} is"), "app@sha256:DIGEST is"),
        (
            "/signing-profiles/a/A1b2C3d4E5` and /signing-profiles/NAME".to_owned(),
            "/signing-profiles/a/VERSION` and /signing-profiles/NAME",
        ),
        (
            "/signing-profiles/a_1   A1b2C3d4E5   \nb".to_owned(),
            "/signing-profiles/a_1   VERSION   \nb",
        ),
        (
            "on Sun, 29 Nov 2026 08:59:09 +0000, 2026-11-29T08:59:09Z".to_owned(),
            "on TIME, TIME",
        ),
        (
            "job 1896588b-8be4-46ff-8b2f-d6f5673d101b; ü".to_owned(),
            "job UUID; ü",
        ),
        ("sha384:".to_owned() + &"0a".repeat(48), "sha384:DIGEST"),
        (
            format!(
                "package `{}=`, version `vXWtna206R`",
                "8Bq".repeat(14) + "/"
            ),
            "package `SHA256`, version `VERSION`",
        ),
        ("(request `700B2403537C8A77`)".to_owned(), "(request `ID`)"),
    ] {
        assert_eq!(scrubbed(&text), shown);
    }
}
