use super::*;
#[test]
fn a_form_is_told_by_the_first_bytes() {
    assert_eq!(Form::of(b"PK\x03\x04rest"), Some(Form::Zip));
    assert_eq!(Form::of(b"\x1f\x8b\x08\0"), Some(Form::TarGz));
    for other in [&b""[..], b"PK\x05\x06", b"\x1f\x8b", b"#!/bin/sh"] {
        assert_eq!(Form::of(other), None);
    }
}
