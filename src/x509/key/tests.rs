//! Public keys, and the algorithms that fit them.

use der::asn1::{Any, BitString, Null};
use der::{Encode as _, Tag};

use super::*;

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    Any::new(Tag::Sequence, parts.concat())
        .unwrap()
        .to_der()
        .unwrap()
}

fn algorithm(oid: ObjectIdentifier, parameters: Option<Any>) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters }
}

fn key(algorithm: AlgorithmIdentifierOwned, bytes: &[u8]) -> Result<PublicKey, Error> {
    PublicKey::parse(&SubjectPublicKeyInfoOwned {
        algorithm,
        subject_public_key: BitString::from_bytes(bytes).unwrap(),
    })
}

fn rsa(bits: usize) -> PublicKey {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= (8 - bits % 8) % 8;
    let numbers = [
        UintRef::new(&modulus).unwrap().to_der().unwrap(),
        65_537_u32.to_der().unwrap(),
    ];
    key(
        algorithm(RSA_ENCRYPTION, Some(Null.into())),
        &sequence(&numbers),
    )
    .unwrap()
}

fn ec(curve: ObjectIdentifier, length: usize) -> Result<PublicKey, Error> {
    let point = [vec![4], vec![1; length - 1]].concat();
    key(algorithm(EC_PUBLIC_KEY, Some(Any::from(&curve))), &point)
}

#[test]
fn the_exact_number_of_bits_decides_on_the_key() {
    for (bits, spec) in [
        (2048, KeySpec::Rsa2048),
        (3072, KeySpec::Rsa3072),
        (4096, KeySpec::Rsa4096),
    ] {
        assert_eq!(rsa(bits).key_spec().unwrap(), spec);
        for other in [bits - 1, bits + 1, bits + 8] {
            let error = rsa(other).key_spec().unwrap_err();
            let Error::UnsupportedSigningKey { key } = error else {
                panic!("{error}");
            };
            assert_eq!(key, format!("RSA of {other} bits"));
        }
    }
    assert_eq!(ec(P384, 97).unwrap().key_spec().unwrap(), KeySpec::Ec384);
    assert_eq!(ec(P521, 133).unwrap().key_spec().unwrap(), KeySpec::Ec521);
    assert_eq!(ec(P224, 57).unwrap().describe(), "ECDSA on P-224");
    assert!(matches!(
        ec(P224, 57).unwrap().key_spec(),
        Err(Error::UnsupportedSigningKey { .. })
    ));
}

#[test]
fn a_point_has_one_form() {
    let compressed = [vec![2], vec![1; 32]].concat();
    for (curve, bytes) in [(P256, compressed), (P256, vec![4; 64]), (P384, vec![4; 65])] {
        let result = key(algorithm(EC_PUBLIC_KEY, Some(Any::from(&curve))), &bytes);
        assert!(matches!(result, Err(Error::MalformedKey)));
    }
    assert!(matches!(
        key(algorithm(EC_PUBLIC_KEY, None), &[4; 65]),
        Err(Error::MalformedKey)
    ));
    assert!(matches!(
        key(algorithm(ED25519, None), &[1; 31]),
        Err(Error::MalformedKey)
    ));
}

/// Parameters of RSASSA-PSS: hash, hash of the mask, salt, trailer.
fn pss(hash: &str, mask_hash: &str, salt: u32, trailer: Option<u32>) -> AlgorithmIdentifierOwned {
    let hash_of = |oid: &str| algorithm(oid.parse().unwrap(), Some(Null.into()));
    let parameters = PssParameters {
        hash: Some(hash_of(hash)),
        mask_generation: Some(algorithm(
            MGF1,
            Some(Any::encode_from(&hash_of(mask_hash)).unwrap()),
        )),
        salt_length: Some(salt),
        trailer,
    };
    algorithm(RSA_PSS, Some(Any::encode_from(&parameters).unwrap()))
}

const SHA1: &str = "1.3.14.3.2.26";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SHA384: &str = "2.16.840.1.101.3.4.2.2";

#[test]
fn pss_is_read_in_the_one_form_that_is_in_use() {
    assert_eq!(
        Scheme::parse(&pss(SHA384, SHA384, 48, None)).unwrap(),
        Scheme::RsaPss(HashAlgorithm::Sha384)
    );
    assert_eq!(
        Scheme::parse(&pss(SHA256, SHA256, 32, Some(1))).unwrap(),
        Scheme::RsaPss(HashAlgorithm::Sha256)
    );
    for other in [
        pss(SHA256, SHA384, 32, None),
        pss(SHA256, SHA256, 20, None),
        pss(SHA256, SHA256, 32, Some(2)),
        algorithm(RSA_PSS, Some(Null.into())),
    ] {
        assert!(matches!(
            Scheme::parse(&other),
            Err(Error::UnsupportedParameters { .. })
        ));
    }
    for weak in [
        pss(SHA1, SHA256, 32, None),
        pss(SHA256, SHA1, 32, None),
        algorithm(RSA_PSS, None),
    ] {
        let error = Scheme::parse(&weak).unwrap_err();
        assert_eq!(
            error.to_string(),
            "signature is `RSASSA-PSS with SHA-1`, which is no longer safe"
        );
    }
}

#[test]
fn a_broken_hash_is_named_and_an_unknown_algorithm_too() {
    let parse = |oid: &str| Scheme::parse(&algorithm(oid.parse().unwrap(), None));
    for (oid, name) in BROKEN {
        let error = parse(oid).unwrap_err();
        assert!(matches!(error, Error::BrokenHash { algorithm } if algorithm == name));
    }
    for (oid, scheme) in SCHEMES {
        assert_eq!(parse(oid).unwrap(), scheme);
    }
    assert!(matches!(
        parse("1.2.3"),
        Err(Error::UnsupportedAlgorithm { oid }) if oid == "1.2.3"
    ));
    let null = algorithm("1.2.840.10045.4.3.2".parse().unwrap(), Some(Null.into()));
    assert!(matches!(
        Scheme::parse(&null),
        Err(Error::UnsupportedParameters { .. })
    ));
}

#[test]
fn a_key_checks_only_what_it_can_have_made() {
    let usable = |key: &PublicKey, scheme| key.certificate_algorithm(scheme).is_some();
    let pkcs1 = Scheme::RsaPkcs1(HashAlgorithm::Sha256);
    let pss = Scheme::RsaPss(HashAlgorithm::Sha256);
    for (bits, by_pkcs1, by_pss) in [
        (1023, false, false),
        (1024, true, false),
        (2047, true, false),
        (2048, true, true),
        (8192, true, true),
        (8193, false, false),
    ] {
        let key = rsa(bits);
        assert_eq!(usable(&key, pkcs1), by_pkcs1, "{bits}");
        assert_eq!(usable(&key, pss), by_pss, "{bits}");
    }
    let ecdsa = Scheme::Ecdsa(HashAlgorithm::Sha256);
    assert!(!usable(&ec(P224, 57).unwrap(), ecdsa));
    assert!(!usable(&rsa(1024), Scheme::RsaPkcs1(HashAlgorithm::Sha384)));
    let key = ec(P256, 65).unwrap();
    assert!(usable(&key, ecdsa));
    assert!(!usable(&key, pkcs1));
    let error = key
        .verify_signed(&algorithm(ED25519, None), b"", b"")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a key `ECDSA on P-256` cannot check a signature `Ed25519`"
    );
    assert!(matches!(
        key.verify(b"", b""),
        Err(Error::SignatureMismatch)
    ));
}
