//! CBOR of others: what is read, and what is refused.

use proptest::prelude::*;

use super::*;

fn read(bytes: &[u8], tags: Tags) -> Result<Item<'_>, Error> {
    let mut reader = Reader::new(bytes);
    let item = reader.item(tags)?;
    reader.finish()?;
    Ok(item)
}

#[test]
fn what_is_strict_is_read() {
    // {1: -38, "a": [h'00', true, null, 1.5, 1(2)], -70000: {}}
    let bytes = [
        0xa3, 0x01, 0x38, 0x25, 0x61, b'a', 0x85, 0x41, 0x00, 0xf5, 0xf6, 0xf9, 0x3e, 0x00, 0xc1,
        0x02, 0x3a, 0x00, 0x01, 0x11, 0x6f, 0xa0,
    ];
    assert_eq!(
        read(&bytes, Tags::Allowed).unwrap(),
        Item::Map(vec![
            (Item::Integer(1), Item::Integer(-38)),
            (
                Item::Text("a"),
                Item::Array(vec![
                    Item::Bytes(&[0]),
                    Item::Bool(true),
                    Item::Null,
                    Item::Float(1.5),
                    Item::Tagged(1, Box::new(Item::Integer(2))),
                ])
            ),
            (Item::Integer(-70000), Item::Map(vec![])),
        ])
    );
    assert!(matches!(
        read(&bytes, Tags::Refused),
        Err(Error::Tag { position: 14 })
    ));
}

#[test]
fn every_second_form_is_refused() {
    let refused = |bytes: &[u8]| read(bytes, Tags::Allowed).unwrap_err();
    for bytes in [
        &[0x18, 23][..],
        &[0x19, 0, 255],
        &[0x1a, 0, 0, 255, 255],
        &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255],
        &[0x38, 0],
        &[0x58, 1, 0],
        &[0x78, 1, b'a'],
        &[0x98, 1, 0],
        &[0xb8, 0],
        &[0xd8, 1, 0],
    ] {
        assert!(
            matches!(refused(bytes), Error::NotShortest { position: 0 }),
            "{bytes:02x?}"
        );
    }
    for bytes in [
        &[0x5f, 0xff][..],
        &[0x7f, 0xff],
        &[0x9f, 0xff],
        &[0xbf, 0xff],
    ] {
        assert!(
            matches!(refused(bytes), Error::IndefiniteLength { position: 0 }),
            "{bytes:02x?}"
        );
    }
    assert!(matches!(
        refused(&[0xa2, 1, 1, 1, 2]),
        Error::DuplicateKey { position: 3 }
    ));
    assert!(matches!(
        refused(&[0x81, 0xa2, 0x61, b'a', 1, 0x61, b'a', 2]),
        Error::DuplicateKey { position: 5 }
    ));
    assert!(matches!(
        refused(&[1, 2]),
        Error::TrailingBytes { bytes: 1 }
    ));
    assert!(matches!(refused(&[]), Error::Syntax { position: 0, .. }));
    assert!(matches!(refused(&[0x62, b'a']), Error::Syntax { .. }));
    assert!(matches!(refused(&[0x61, 0xff]), Error::Syntax { .. }));
    assert!(matches!(refused(&[0xff]), Error::Syntax { .. }));
    assert!(matches!(refused(&[0x1c]), Error::Syntax { .. }));
}

#[test]
fn nesting_and_items_end_at_their_limits() {
    let nested = |levels: usize| [vec![0x81; levels], vec![0]].concat();
    assert!(read(&nested(MAX_NESTING), Tags::Allowed).is_ok());
    assert!(matches!(
        read(&nested(MAX_NESTING + 1), Tags::Allowed),
        Err(Error::TooDeep { limit: MAX_NESTING })
    ));
    let array = |items: usize| {
        let length = u16::try_from(items).unwrap().to_be_bytes();
        [vec![0x99, length[0], length[1]], vec![0; items]].concat()
    };
    assert!(read(&array(MAX_CBOR_ITEMS - 1), Tags::Allowed).is_ok());
    assert!(matches!(
        read(&array(MAX_CBOR_ITEMS), Tags::Allowed),
        Err(Error::TooManyItems {
            limit: MAX_CBOR_ITEMS
        })
    ));
    // A length that is only claimed costs nothing.
    assert!(matches!(
        read(
            &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
            Tags::Allowed
        ),
        Err(Error::Syntax { .. })
    ));
}

#[test]
fn values_without_a_json_form_have_none() {
    let json = |bytes: &[u8]| read(bytes, Tags::Allowed).unwrap().to_json();
    assert_eq!(json(&[0x42, 0xfb, 0xff]), Some(json!("+/8=")));
    assert_eq!(
        json(&[0xd8, 0x25, 0x41, 0]),
        Some(json!({"tag": 37, "value": "AA=="}))
    );
    assert_eq!(json(&[0xa1, 0x20, 0xf7]), Some(json!({"-1": null})));
    assert_eq!(
        json(&[0x1b, 255, 255, 255, 255, 255, 255, 255, 255]),
        Some(json!(u64::MAX))
    );
    for bytes in [
        &[0x3b, 255, 255, 255, 255, 255, 255, 255, 255][..],
        &[0xf9, 0x7e, 0x00],
        &[0xa1, 0x41, 0, 1],
        &[0xa2, 1, 1, 0x61, b'1', 1],
        &[0x81, 0xe0],
    ] {
        assert_eq!(json(bytes), None, "{bytes:02x?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        if let Ok(item) = read(&bytes, Tags::Allowed) {
            let _ = item.to_json();
        }
    }

    #[test]
    fn integers_are_read_as_they_are_written(number: i64) {
        let bytes = minicbor::to_vec(number).unwrap();
        prop_assert_eq!(read(&bytes, Tags::Refused).unwrap(), Item::Integer(number.into()));
    }
}
