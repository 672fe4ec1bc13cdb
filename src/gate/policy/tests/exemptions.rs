//! Exemptions: what they cover, and until when.

use super::*;

fn exempting(changes: &Value) -> Value {
    let mut exemption = json!({ "repository": "public.ecr.aws/aws/x", "digest": DIGEST,
        "reason": "sidecar", "until": "2027-02-01T00:00:00Z" });
    for (name, value) in changes.as_object().unwrap() {
        exemption[name] = value.clone();
    }
    with("/exemptions", json!([exemption]))
}

#[test]
fn an_exemption_is_for_one_image_and_at_most_90_days() {
    for (changes, pointer, words) in [
        (
            json!({ "repository": "public.ecr.aws/aws/*" }),
            "repository",
            "an exemption is for one repository, not for `public.ecr.aws/aws/*`",
        ),
        (
            json!({ "digest": "sha256:7" }),
            "digest",
            "`sha256:7` is not a digest",
        ),
        (
            json!({ "digest": "latest" }),
            "digest",
            "`latest` is not a digest",
        ),
        (json!({ "reason": "" }), "reason", "the text is empty"),
        (
            json!({ "until": "2027-02-01" }),
            "until",
            "`2027-02-01` is not a time in RFC 3339",
        ),
        (
            json!({ "until": "2027-02-27T12:00:01Z" }),
            "until",
            "`2027-02-27T12:00:01Z` is more than 90 days from now",
        ),
        (
            json!({ "until": "9999-12-31T23:59:59Z" }),
            "until",
            "`9999-12-31T23:59:59Z` is more than 90 days from now",
        ),
    ] {
        let place = format!("/exemptions/0/{pointer}");
        assert_eq!(problem(&exempting(&changes)), (place, words.to_owned()));
    }
    for name in ["repository", "digest", "reason", "until"] {
        let mut lacking = exempting(&json!({}));
        lacking["exemptions"][0]
            .as_object_mut()
            .unwrap()
            .remove(name);
        assert_eq!(
            problem(&lacking).1,
            format!("the member `{name}` is missing")
        );
        assert!(!fits_schema(&lacking));
    }
    let mut twice = exempting(&json!({}));
    let again = twice["exemptions"][0].clone();
    twice["exemptions"].as_array_mut().unwrap().push(again);
    assert_eq!(
        problem(&twice).1,
        "the same repository and digest are exempted above"
    );
    // At the limit, and one that has ended.
    assert_eq!(MAX_EXEMPTION_TIME.as_secs(), 90 * 86_400);
    read(&exempting(&json!({ "until": "2027-02-27T12:00:00Z" }))).unwrap();
    read(&exempting(&json!({ "until": "2026-01-01T00:00:00Z" }))).unwrap();
}

#[test]
fn an_exemption_covers_its_repository_and_digest_until_it_ends() {
    let until = datetime!(2027-02-01 00:00 UTC);
    let policy = read(&exempting(&json!({}))).unwrap();
    let exempts = |text: &str, now| {
        let reference = Reference::parse(text).unwrap();
        policy.exemption(&reference, Scheme::Https, now).is_some()
    };
    let image = format!("public.ecr.aws/aws/x@{DIGEST}");
    assert!(exempts(&image, NOW));
    assert!(exempts(&image, until - time::Duration::SECOND));
    assert!(!exempts(&image, until));
    assert!(exempts(
        &format!("ecr-public.aws.com/aws/x:v1@{DIGEST}"),
        NOW
    ));
    let other = DIGEST.replace('7', "8");
    for text in [
        format!("public.ecr.aws/aws/x@{other}"),
        format!("public.ecr.aws/aws/y@{DIGEST}"),
        format!("public.ecr.aws/aws/x/y@{DIGEST}"),
        "public.ecr.aws/aws/x:v1".to_owned(),
    ] {
        assert!(!exempts(&text, NOW), "{text}");
    }
    let over = Reference::parse(&image).unwrap();
    let none = policy.rule(&over, Scheme::Https).unwrap_err();
    assert!(
        none.hint()
            .starts_with("the exemption of this image ended on 2027-02-01T00:00:00Z")
    );
    assert_eq!(policy.warnings(until).len(), 1);
    assert_eq!(policy.warnings(NOW), []);
}
