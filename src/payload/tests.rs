//! Payloads as they are written and read.

use proptest::prelude::*;

use super::*;

const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const DIGEST: &str = "sha256:abababababababababababababababababababababababababababababababab";

fn descriptor(media_type: &str, digest: &str, size: u64) -> Descriptor {
    Descriptor::new(media_type.into(), size, digest.parse::<Digest>().unwrap())
}

fn payload(size: u64, metadata: &[(&str, &str)]) -> Payload {
    let metadata = metadata
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Payload::new(&descriptor(MEDIA_TYPE, DIGEST, size), metadata.collect())
}

#[test]
fn the_bytes_are_notations() {
    let metadata = [
        ("z", "1"),
        ("a", "<b>&\"\u{2028} é \\ /\u{8}\u{c}\u{1f}\u{7f}"),
    ];
    let escaped = r#"\u003cb\u003e\u0026\"\u2028 é \\ /\b\f\u001f"#.to_owned() + "\u{7f}";
    let jws = payload(528, &metadata)
        .to_bytes(EnvelopeFormat::Jws)
        .unwrap();
    assert_eq!(
        String::from_utf8(jws).unwrap(),
        format!(
            r#"{{"targetArtifact":{{"annotations":{{"a":"{escaped}","z":"1"}},"digest":"{DIGEST}","mediaType":"{MEDIA_TYPE}","size":528}}}}"#
        )
    );
    let cose = payload(528, &metadata)
        .to_bytes(EnvelopeFormat::Cose)
        .unwrap();
    assert_eq!(
        String::from_utf8(cose).unwrap(),
        format!(
            r#"{{"targetArtifact":{{"mediaType":"{MEDIA_TYPE}","digest":"{DIGEST}","size":528,"annotations":{{"a":"{escaped}","z":"1"}}}}}}"#
        )
    );
    let bare = payload(0, &[]).to_bytes(EnvelopeFormat::Jws).unwrap();
    assert_eq!(
        String::from_utf8(bare).unwrap(),
        format!(
            r#"{{"targetArtifact":{{"digest":"{DIGEST}","mediaType":"{MEDIA_TYPE}","size":0}}}}"#
        )
    );
}

#[test]
fn a_size_that_notation_would_change_is_not_signed_as_jws() {
    let size = limits::MAX_EXACT_INTEGER + 1;
    assert!(
        payload(limits::MAX_EXACT_INTEGER, &[])
            .to_bytes(EnvelopeFormat::Jws)
            .is_ok()
    );
    assert!(payload(size, &[]).to_bytes(EnvelopeFormat::Cose).is_ok());
    let error = payload(size, &[])
        .to_bytes(EnvelopeFormat::Jws)
        .unwrap_err();
    assert!(matches!(error, Error::SizeNotExact { size: found, .. } if found == size));
}

fn parse(target: &str) -> Result<Payload, Error> {
    Payload::parse(format!(r#"{{"targetArtifact":{target}}}"#).as_bytes())
}

#[test]
fn members_must_be_there_and_of_their_kind() {
    let message = |target: &str| parse(target).unwrap_err().to_string();
    let digest = DIGEST;
    assert_eq!(
        message(&format!(r#"{{"digest":"{digest}","size":1}}"#)),
        "payload has no `targetArtifact.mediaType`"
    );
    assert_eq!(
        message(&format!(
            r#"{{"mediaType":"","digest":"{digest}","size":1}}"#
        )),
        "payload member `targetArtifact.mediaType` is empty"
    );
    for size in ["-1", "1.0", "18446744073709551616", "\"1\"", "null"] {
        let target = format!(r#"{{"mediaType":"m","digest":"{digest}","size":{size}}}"#);
        assert!(
            message(&target).starts_with("payload member `targetArtifact.size` is "),
            "{size}"
        );
    }
    assert_eq!(
        message(r#"{"mediaType":"m","digest":"sha256:AB","size":1}"#),
        "payload member `targetArtifact.digest` cannot be used"
    );
    assert_eq!(
        message(&format!(
            r#"{{"mediaType":"m","digest":"{digest}","size":1,"annotations":{{"a":1}}}}"#
        )),
        "payload member `targetArtifact.annotations.a` is a number, wanted a string"
    );
    assert_eq!(
        message("[]"),
        "payload member `targetArtifact` is an array, wanted an object"
    );
    assert_eq!(
        Payload::parse(b"{}").unwrap_err().to_string(),
        "payload has no `targetArtifact`"
    );
}

#[test]
fn one_object_without_second_meanings() {
    let good = format!(r#"{{"mediaType":"m","digest":"{DIGEST}","size":1}}"#);
    let bad_json = |text: String| match Payload::parse(text.as_bytes()) {
        Err(Error::Json { source }) => source,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        bad_json(format!(
            r#"{{"targetArtifact":{good},"targetArtifact":{good}}}"#
        )),
        json::Error::DuplicateMember { .. }
    ));
    assert!(matches!(
        bad_json(format!(r#"{{"targetArtifact":{good}}}{{}}"#)),
        json::Error::Syntax { .. }
    ));
    assert!(matches!(
        bad_json(format!(
            r#"{{"targetArtifact":{good},"TargetArtifact":{good}}}"#
        )),
        json::Error::CaseVariant { .. }
    ));
    let target = good.replace("\"size\":1", "\"size\":1,\"Size\":2");
    assert!(matches!(
        bad_json(format!(r#"{{"targetArtifact":{target}}}"#)),
        json::Error::CaseVariant { wanted: "size", .. }
    ));
}

#[test]
fn unknown_members_are_kept_by_name() {
    let text = format!(
        r#"{{"targetArtifact":{{"mediaType":"m","digest":"{DIGEST}","size":1,"urls":[],"x":1}},"y":2}}"#
    );
    let payload = Payload::parse(text.as_bytes()).unwrap();
    assert_eq!(payload.unknown_members(), ["y", "targetArtifact.x"]);
}

#[test]
fn every_compared_member_is_compared() {
    let signed = payload(528, &[("a", "b")]);
    let difference = |other: Descriptor| match signed.matches(&other) {
        Err(Error::OtherArtifact { member, .. }) => Some(member),
        Ok(()) => None,
        Err(other) => panic!("{other}"),
    };
    let other_digest = DIGEST.replace("ab", "cd");
    assert_eq!(difference(descriptor(MEDIA_TYPE, DIGEST, 528)), None);
    assert_eq!(
        difference(descriptor(MEDIA_TYPE, DIGEST, 529)),
        Some("size")
    );
    assert_eq!(
        difference(descriptor("x/y", DIGEST, 528)),
        Some("media type")
    );
    assert_eq!(
        difference(descriptor(MEDIA_TYPE, &other_digest, 528)),
        Some("digest")
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        size in 0..=limits::MAX_EXACT_INTEGER,
        metadata in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4),
    ) {
        let payload = Payload::new(&descriptor(MEDIA_TYPE, DIGEST, size), metadata);
        for format in [EnvelopeFormat::Jws, EnvelopeFormat::Cose] {
            let bytes = payload.to_bytes(format).unwrap();
            prop_assert_eq!(&Payload::parse(&bytes).unwrap(), &payload);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Payload::parse(&bytes);
    }
}
