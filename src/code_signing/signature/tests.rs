use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::macros::datetime;

use super::*;
use crate::trust_store::built_in_package_root;

/// A signature that AWS Signer made, of a package that is not known. It was published in a layer of AWS Lambda.
const GENUINE: &[u8] = include_bytes!("../../../tests/vectors/packages/aws-signer-2022-02-11.SF");

fn roots() -> Vec<Certificate> {
    vec![built_in_package_root().unwrap()]
}

fn message() -> Vec<u8> {
    armor::decode(GENUINE).unwrap()
}

/// The signature with this message.
fn armored(message: &[u8]) -> Vec<u8> {
    let body = STANDARD.encode(message);
    let lines = body.as_bytes().chunks(64);
    let lines: Vec<u8> = lines.flat_map(|line| [line, b"\n"].concat()).collect();
    [
        b"-----BEGIN PKCS7-----\n",
        &lines[..],
        b"-----END PKCS7-----\n",
    ]
    .concat()
}

#[test]
fn a_genuine_signature_is_read_and_verified() {
    let signature = Signature::verify(GENUINE, &roots()).unwrap();
    assert_eq!(
        signature.signing_time(),
        datetime!(2022-02-11 17:45:24.338 UTC)
    );
    assert_eq!(
        signature.expires_at(),
        datetime!(2033-05-11 17:45:24.338 UTC)
    );
    assert_eq!(
        signature.job().to_string(),
        "arn:aws:signer:us-east-1:464622532012:/signing-jobs/57613597-fcbd-4527-b0b5-11a4ce658e82"
    );
    assert_eq!(
        signature.profile_version().to_string(),
        "arn:aws:signer:us-east-1:464622532012:/signing-profiles/DatadogLambdaSigningProfile/9vMI9ZAGLc"
    );
    assert_eq!(
        crate::oci::hex(signature.message_digest()),
        "efc098e18c0092e158252a8c55c37547546d0d2c00df2ea11f79033e7526f1e98d8635fac48646fecfa6598c5f99a83f"
    );
    let subjects = signature
        .chain()
        .iter()
        .map(|certificate| certificate.subject().to_string());
    assert_eq!(
        subjects.collect::<Vec<_>>(),
        [
            "CN=signer,OU=Cryptography,O=AWS,L=Seattle,ST=WA,C=US",
            "CN=Signer us-east-1 SUBORDINATE CA,OU=Cryptography,O=AWS,ST=WA,C=US",
            "CN=Signer us-west-2 SUBORDINATE CA,OU=Cryptography,O=AWS,ST=WA,C=US",
            "CN=Signer us-west-2 ROOT CA,OU=Cryptography,O=AWS,ST=WA,C=US",
        ]
    );
    assert_eq!(armored(&message()), GENUINE);
}

#[test]
fn no_other_root_is_trusted() {
    let error = Signature::verify(GENUINE, &[]).unwrap_err();
    assert!(matches!(error, Error::Root), "{error}");
    let other = x509::testing::self_signed("other");
    let error = Signature::verify(GENUINE, &[other]).unwrap_err();
    assert!(matches!(error, Error::Root), "{error}");
}

/// Values that a byte of text is changed to: another letter, another case, what is skipped elsewhere, what ends a body.
fn others(byte: u8) -> Vec<u8> {
    let mut others = vec![
        byte ^ 1,
        byte ^ 0x20,
        byte ^ 0x80,
        b'A',
        b'/',
        b'=',
        b'\n',
        b'\r',
        b' ',
        0,
    ];
    others.retain(|other| *other != byte);
    others
}

#[test]
fn every_change_of_one_byte_of_a_genuine_signature_is_refused() {
    let roots = roots();
    for at in 0..GENUINE.len() {
        let mut changed = GENUINE.to_vec();
        for other in others(GENUINE[at]) {
            changed[at] = other;
            assert!(
                Signature::verify(&changed, &roots).is_err(),
                "byte {at} as {other:#x}"
            );
        }
        changed.remove(at);
        assert!(
            Signature::verify(&changed, &roots).is_err(),
            "without byte {at}"
        );
        for more in [b'\n', b'A', b' '] {
            let mut longer = GENUINE.to_vec();
            longer.insert(at, more);
            assert!(
                Signature::verify(&longer, &roots).is_err(),
                "{more} before byte {at}"
            );
        }
    }
}

#[test]
fn every_change_of_one_byte_of_its_message_is_refused() {
    let roots = roots();
    let message = message();
    for at in 0..message.len() {
        for change in [1, 0x80] {
            let mut changed = message.clone();
            changed[at] ^= change;
            let text = armored(&changed);
            assert!(
                Signature::verify(&text, &roots).is_err(),
                "byte {at} by {change:#x}"
            );
        }
    }
    for length in 0..message.len() {
        assert!(
            Signature::verify(&armored(&message[..length]), &roots).is_err(),
            "{length} bytes"
        );
    }
    for more in [&b"\0"[..], b"\0\0", b"\x05\0"] {
        let longer = [&message, more].concat();
        let error = Signature::verify(&armored(&longer), &roots).unwrap_err();
        assert!(matches!(error, Error::End), "{error}");
    }
}

#[test]
fn the_same_message_in_der_or_with_other_lengths_is_refused() {
    let message = message();
    let der = {
        // Definite lengths outside: what any other reader takes for the same message.
        let (inner, _) = message[19..].split_at(message.len() - 19 - 6);
        let element = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], content].concat()
        };
        let content = element(0xa0, &element(0x30, inner));
        element(0x30, &[&message[2..13], &content].concat())
    };
    let error = Signature::verify(&armored(&der), &roots()).unwrap_err();
    assert!(matches!(error, Error::Beginning), "{error}");
    // A length of the first certificate that is longer than needed.
    let start = message
        .windows(4)
        .position(|four| four == [0xa0, 0x80, 0x30, 0x82])
        .unwrap()
        + 3;
    let mut longer = message.clone();
    longer.splice(start..=start, [0x83, 0]);
    let error = Signature::verify(&armored(&longer), &roots()).unwrap_err();
    assert!(matches!(error, Error::MalformedCms { .. }), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: Vec<u8>) {
        proptest::prop_assert!(Signature::verify(&text, &roots()).is_err());
    }

    #[test]
    fn any_message_is_read_or_refused(rest: Vec<u8>, keep in 0_usize..4000) {
        let message = message();
        let kept = &message[..keep.min(message.len() - 1)];
        let text = armored(&[kept, &rest].concat());
        if rest.as_slice() != &message[kept.len()..] {
            proptest::prop_assert!(Signature::verify(&text, &roots()).is_err());
        }
    }
}
