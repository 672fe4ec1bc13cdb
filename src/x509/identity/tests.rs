//! Identities against subjects.

use der::Tag;
use der::asn1::{Any, SetOfVec};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

use super::*;

fn parse(text: &str) -> SubjectIdentity {
    SubjectIdentity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> Error {
    SubjectIdentity::parse(text).expect_err(text)
}

/// A subject of relative distinguished names, each of `TYPE=VALUE` pairs.
fn subject(rdns: &[&[(&str, &str)]]) -> DistinguishedName {
    let rdns = rdns.iter().map(|rdn| {
        let attributes: Vec<AttributeTypeAndValue> = rdn
            .iter()
            .map(|(name, value)| AttributeTypeAndValue {
                oid: match *name {
                    "C" => "2.5.4.6",
                    "ST" => "2.5.4.8",
                    "O" => "2.5.4.10",
                    "OU" => "2.5.4.11",
                    "CN" => "2.5.4.3",
                    "L" => "2.5.4.7",
                    "SERIALNUMBER" => "2.5.4.5",
                    oid => oid,
                }
                .parse()
                .unwrap(),
                value: Any::new(Tag::Utf8String, value.as_bytes()).unwrap(),
            })
            .collect();
        RelativeDistinguishedName(SetOfVec::try_from(attributes).unwrap())
    });
    DistinguishedName::decode(&RdnSequence(rdns.collect())).unwrap()
}

/// The subject C=US, ST=WA, O=`organization`, CN=x.
fn plain(organization: &str) -> DistinguishedName {
    subject(&[
        &[("C", "US")],
        &[("ST", "WA")],
        &[("O", organization)],
        &[("CN", "x")],
    ])
}

#[test]
fn an_identity_is_part_of_the_subject_it_trusts() {
    for (identity, organization, expected) in [
        (" C=US, ST=WA, O=N", "N", true),
        ("C=US,S=WA,O=N", "N", true),
        ("O=N,C=US,ST=WA,CN=x", "N", true),
        ("C=US;ST=WA;O=N", "N", true),
        ("C=US,ST=WA,O=N,L=", "N", true),
        ("C=US,ST=WA,O=\\4e", "N", true),
        ("C=US,ST=WA,O=,O=N", "N", true),
        ("C=US,ST=WA,O=Zo\\c3\\ab", "Zoë", true),
        (
            "C=US,ST=WA,O=Acme\\, Inc. \\+ \\\"x\\\" \\<y\\>",
            "Acme, Inc. + \"x\" <y>",
            true,
        ),
        (
            "C=US,ST=WA,O=Acme\\2c Inc. \\2b \"x\" <y>",
            "Acme, Inc. + \"x\" <y>",
            true,
        ),
        ("C=US,ST=WA,O=a=b", "a=b", true),
        ("C=US,ST=WA,O=\\#N", "#N", true),
        ("C=US,ST=WA,O=\\  N \\ ", "  N  ", true),
        ("C=US,ST=WA,O=N", "n", false),
        ("C=US,ST=WA,O=N,OU=z", "N", false),
        ("C=US,ST=WA,O=\"N\"", "N", false),
        ("C=US,ST=WA,O= N ", " N ", false),
        ("C=US,ST=WA,O=N,FOO=x", "N", false),
    ] {
        let result = parse(identity).matches(&plain(organization));
        assert_eq!(result, Ok(expected), "{identity} and {organization}");
    }
}

#[test]
fn what_is_no_identity_is_refused_with_notations_sentence() {
    let missing = |attribute| Error::Missing { attribute };
    let escape = |found: &str| Error::Escape {
        found: found.into(),
    };
    let incomplete = |found: &str| Error::Incomplete {
        found: found.into(),
    };
    for (text, expected, sentence) in [
        (
            " ",
            missing("C"),
            r#"distinguished name (DN) " " has no mandatory RDN attribute for "C", it must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum"#,
        ),
        (
            "C=US, ST=WA, O=x, O=y",
            Error::Duplicate {
                attribute: "O".into(),
            },
            r#"distinguished name (DN) "C=US, ST=WA, O=x, O=y" has duplicate RDN attribute for "O", DN can only have unique RDN attributes"#,
        ),
        (
            "C=US+ST=WA, O=x",
            Error::MultiValued {
                attribute: "C".into(),
            },
            r#"distinguished name (DN) "C=US+ST=WA, O=x" has multi-valued RDN attributes, remove multi-valued RDN attributes as they are not supported"#,
        ),
        (
            "C=US, ST=WA, O=x,",
            incomplete(""),
            r#"parsing distinguished name (DN) "C=US, ST=WA, O=x," failed with err: DN ended with incomplete type, value pair. A valid DN must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum, and follow RFC 4514 standard"#,
        ),
        (
            "C=US,ST=WA,O=x\\",
            escape("x\\"),
            r#"parsing distinguished name (DN) "C=US,ST=WA,O=x\\" failed with err: got corrupted escaped character: 'x\'. A valid DN must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum, and follow RFC 4514 standard"#,
        ),
        (
            "C=US,ST=WA,O=#0401",
            Error::HexValue,
            "unsupported distinguished name (DN) \"C=US,ST=WA,O=#0401\": notation does not support x509.subject identities containing \"=#\"",
        ),
    ] {
        let error = refused(text);
        assert_eq!(error, expected, "{text}");
        assert_eq!(error.notation_sentence(text), sentence);
    }
    assert_eq!(refused("nonsense"), incomplete("nonsense"));
    assert_eq!(refused("C=US, =x"), incomplete("=x"));
    assert_eq!(refused("C=US, ST=WA,,O=N"), incomplete(""));
    assert_eq!(refused("C=US,ST=WA,O=\\4"), escape("\\4"));
    assert_eq!(refused("C=US,ST=WA,O=\\zz"), escape("\\zz"));
    assert_eq!(refused("C=US,ST=WA,O=a\\\\\\"), escape("a\\\\\\"));
    assert_eq!(
        refused("C=US,ST=WA,O=\\ff"),
        Error::NotUtf8 {
            found: "\\ff".into()
        }
    );
    assert_eq!(
        refused("C=US,S=WA,ST=WA,O=x"),
        Error::Duplicate {
            attribute: "ST".into()
        }
    );
    assert_eq!(refused("c=US, st=WA, o=N"), missing("C"));
    assert_eq!(refused("2.5.4.6=US, ST=WA, O=N"), missing("C"));
    assert_eq!(refused("C=US, ST=, O=N"), missing("ST"));
}

#[test]
fn a_subject_that_notation_cannot_express_fits_no_identity() {
    let base: [&[(&str, &str)]; 3] = [&[("C", "US")], &[("ST", "WA")], &[("O", "N")]];
    let with = |more: &[(&str, &str)]| {
        let mut rdns = base.to_vec();
        rdns.extend(more.chunks(1));
        parse("C=US,ST=WA,O=N").matches(&subject(&rdns))
    };
    let email = "1.2.840.113549.1.9.1";
    assert_eq!(with(&[]), Ok(true));
    assert_eq!(
        with(&[(email, "a@b")]),
        Err(Error::UnnamedType { oid: email.into() })
    );
    assert_eq!(
        with(&[("OU", "a"), ("OU", "b")]),
        Err(Error::MultiValued {
            attribute: "OU".into()
        })
    );
    // Go keeps the last of several common names.
    assert_eq!(with(&[("CN", "a"), ("CN", "b")]), Ok(true));
    assert_eq!(with(&[("CN", "a=#b")]), Err(Error::HexValue));
    let no_state = subject(&[&[("C", "US")], &[("O", "N")]]);
    assert_eq!(
        parse("C=US,ST=WA,O=N").matches(&no_state),
        Err(Error::Missing { attribute: "ST" })
    );
    // Several types in one relative name are not several values of one type.
    let packed = subject(&[&[("C", "US")], &[("ST", "WA")], &[("O", "N"), ("CN", "x")]]);
    assert_eq!(parse("C=US,ST=WA,O=N").matches(&packed), Ok(true));
}

#[test]
fn identities_overlap_when_one_is_part_of_the_other() {
    let broad = parse("C=US,ST=WA,O=N");
    for (text, expected) in [
        ("C=US,S=WA,O=N", true),
        ("C=US,ST=WA,O=N,OU=x", true),
        ("C=US,ST=WA,O=N,L=", true),
        ("C=US,ST=WA,O=n", false),
        ("C=US,ST=OR,O=N,OU=x", false),
    ] {
        assert_eq!(broad.overlaps(&parse(text)), expected, "{text}");
        assert_eq!(parse(text).overlaps(&broad), expected, "{text}");
    }
    assert_eq!(broad.notation_map(), r#"map["C":"US" "O":"N" "ST":"WA"]"#);
    assert_eq!(broad.to_string(), "C=US, O=N, ST=WA");
}

#[test]
fn an_escaped_backslash_does_not_keep_a_blank() {
    assert_eq!(
        parse("C=US,ST=WA,O=a\\\\ ").matches(&plain("a\\")),
        Ok(true)
    );
    assert_eq!(
        parse("C=US,ST=WA,O=a\\\\\\ ").matches(&plain("a\\ ")),
        Ok(true)
    );
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_never_panics(text: String) {
        let _ = SubjectIdentity::parse(&text).map_err(|error| error.notation_sentence(&text));
    }

    #[test]
    fn text_like_a_name_never_panics(text in "([A-Z]{0,3}[=#+,;\\\\ \"0-9a-fé]{0,4}){0,8}") {
        let _ = SubjectIdentity::parse(&text);
    }

    /// The decoded comparison and notation's way, over the printed text, give the same identity.
    #[test]
    fn a_subject_is_what_its_printed_text_says(
        values in proptest::collection::vec(("C|ST|O|OU|CN|L|SERIALNUMBER|1\\.2\\.3", "[ #=,+\\\\;<>\"aé]{0,4}"), 0..6),
        organization in "[ #=,+\\\\;<>\"aé]{1,4}",
    ) {
        let mut rdns = vec![vec![("C", "US")], vec![("ST", "WA")], vec![("O", organization.as_str())]];
        rdns.extend(values.iter().map(|(name, value)| vec![(name.as_str(), value.as_str())]));
        let rdns: Vec<&[(&str, &str)]> = rdns.iter().map(Vec::as_slice).collect();
        let name = subject(&rdns);
        let printed = SubjectIdentity::parse(&name.to_string());
        let decoded = SubjectIdentity::of_subject(&name);
        match (printed, decoded) {
            // An empty attribute counts as none.
            (Ok(printed), Ok(decoded)) => proptest::prop_assert!(
                printed.is_part_of(&decoded) && decoded.is_part_of(&printed)
            ),
            (printed, decoded) => proptest::prop_assert_eq!(printed.is_err(), decoded.is_err()),
        }
    }
}
