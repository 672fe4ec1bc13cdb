//! Signing with a key in a file.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coset::TaggedCborSerializable as _;
use countersign::envelope::UnverifiedEnvelope;
use countersign::notary::EnvelopeFormat;
use countersign::oci::Descriptor;
use countersign::payload::Payload;
use countersign::signer::certificate_chain::ChainFileProblem;
use countersign::signer::local_key::{Error, KeyFile, KeyProblem, LocalKey};
use countersign::signer::{self, SignedEnvelope, Signer, Terms};
use countersign::x509::PemProblem;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::support::local_keys;

const FORMATS: [EnvelopeFormat; 2] = [EnvelopeFormat::Jws, EnvelopeFormat::Cose];
const NOW: OffsetDateTime = datetime!(2024-06-21 12:00:00.5 UTC);

fn read(key: &str, certificate: &str) -> Result<KeyFile, Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain.crt");
    std::fs::write(&file, certificate).unwrap();
    KeyFile::read(&local_keys::path(key), &file, NOW)
}

fn open(key: &str, certificate_of: &str, passphrase: Option<&str>) -> Result<LocalKey, Error> {
    read(key, &local_keys::certificate(certificate_of))?.open(passphrase.map(str::as_bytes))
}

fn terms(format: EnvelopeFormat) -> Terms {
    Terms {
        format,
        expiry: None,
        timestamping: None,
        now: NOW,
    }
}

fn payload() -> Payload {
    let descriptor: Descriptor = serde_json::from_str(
        r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":7,
            "digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
    )
    .unwrap();
    Payload::new(&descriptor, [("k".to_owned(), "v".to_owned())].into())
}

fn sign(key: LocalKey, payload: &Payload, terms: &Terms) -> Result<SignedEnvelope, signer::Error> {
    let signer = Signer::LocalKey(key);
    let made = futures_util::FutureExt::now_or_never(signer.sign(payload, terms));
    made.unwrap().map(|signed| signed.envelope)
}

#[test]
fn every_kind_of_key_signs_in_both_formats() {
    for name in [
        "rsa-2048", "rsa-3072", "rsa-4096", "ec-256", "ec-384", "ec-521",
    ] {
        for format in FORMATS {
            let key = open(name, name, None).unwrap();
            let envelope = sign(key, &payload(), &terms(format)).unwrap();
            let read = UnverifiedEnvelope::parse(format, envelope.bytes())
                .unwrap()
                .verify()
                .unwrap();
            let info = read.signer_info();
            assert_eq!(Payload::parse(read.payload()).unwrap(), payload(), "{name}");
            assert_eq!(
                info.signed_attributes.signing_time,
                datetime!(2024-06-21 12:00:00 UTC)
            );
            let spec = info.certificate_chain[0].key_spec().unwrap();
            assert_eq!(spec.as_str().to_lowercase(), name);
            let agent = info.unsigned_attributes.signing_agent.as_deref();
            assert_eq!(
                agent,
                Some(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            );
        }
    }
}

#[test]
fn every_form_of_key_file_is_read() {
    for (key, of, passphrase) in [
        ("rsa-2048.pkcs1", "rsa-2048", None),
        ("ec-256.sec1", "ec-256", None),
        ("ec-256.aes128", "ec-256", Some("secret")),
        ("ec-256.aes192", "ec-256", Some("secret")),
        ("ec-256.aes256", "ec-256", Some("secret")),
    ] {
        let key = open(key, of, passphrase).unwrap_or_else(|error| panic!("{key}: {error}"));
        sign(key, &payload(), &terms(EnvelopeFormat::Jws)).unwrap();
    }
}

#[test]
fn what_cannot_be_read_is_named_and_shows_nothing() {
    for (key, of, passphrase, words) in [
        (
            "ec-256.aes256",
            "ec-256",
            None,
            "the key file `KEY` is encrypted and there is no passphrase",
        ),
        (
            "ec-256.aes256",
            "ec-256",
            Some("Secret"),
            "the key file `KEY` cannot be decrypted: the passphrase is wrong, or the file is damaged",
        ),
        (
            "ec-256.scrypt",
            "ec-256",
            Some("secret"),
            "the key file `KEY` is encrypted with scrypt; only PBES2 with PBKDF2 and AES-CBC is supported",
        ),
        (
            "ec-256.des3",
            "ec-256",
            Some("secret"),
            "the key file `KEY` is encrypted with something other than PBES2 with PBKDF2 or scrypt and \
             AES-CBC; only PBES2 with PBKDF2 and AES-CBC is supported",
        ),
        (
            "ec-256.iterations",
            "ec-256",
            Some("secret"),
            "the key file `KEY` asks for 10000001 rounds of PBKDF2; from 1 to 10000000 are accepted",
        ),
        (
            "ec-256.legacy",
            "ec-256",
            Some("secret"),
            "the key file `KEY` is encrypted in PEM's old way, `Proc-Type: 4,ENCRYPTED`",
        ),
        ("rsa-2048", "ec-256", None, "EC-256"),
        ("ec-384", "ec-256", None, "EC-256"),
        ("ec-256", "rsa-2048", None, "RSA-2048"),
        ("rsa-2048.pkcs1", "ec-256", None, "EC-256"),
        ("ec-256.sec1", "rsa-2048", None, "RSA-2048"),
        ("rsa-3072", "rsa-2048", None, "RSA-2048"),
    ] {
        let error = open(key, of, passphrase).unwrap_err();
        let path = local_keys::path(key);
        if let Error::Mismatch { spec, .. } = &error {
            assert_eq!(spec.as_str(), words, "{key}");
            let said = error.to_string();
            let sentence = format!(
                "the private key in `{}` does not match the public key of the first certificate in `",
                path.display()
            );
            assert!(said.starts_with(&sentence), "{said}");
            let certificate = format!("/chain.crt`, `CN={of},O=Notary,ST=WA,C=US` ({words})");
            assert!(said.ends_with(&certificate), "{said}");
        } else {
            let words = words.replace("KEY", path.to_str().unwrap());
            assert_eq!(error.to_string(), words, "{key}");
        }
        assert!(error.hint().is_some(), "{error:?}");
        let shown = format!("{error:?}");
        assert!(!shown.contains("ecret"), "{shown}");
    }
    assert_eq!(
        format!("{:?}", open("ec-256", "ec-256", None).unwrap()),
        "LocalKey { .. }"
    );
}

#[test]
fn switched_and_doubled_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("c.crt");
    std::fs::write(&certificate, local_keys::certificate("ec-256")).unwrap();
    let refused = |pem: &str| {
        let file = folder.path().join("k.key");
        std::fs::write(&file, pem).unwrap();
        KeyFile::read(&file, &certificate, NOW).unwrap_err()
    };
    let key = std::fs::read_to_string(local_keys::path("ec-256")).unwrap();
    let error = refused(&local_keys::certificate("ec-256"));
    assert_eq!(
        error.to_string(),
        format!(
            "the key file `{}` has no private key in PEM, but `CERTIFICATE`",
            folder.path().join("k.key").display()
        )
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("the key file and the certificate file may have been switched")
    );
    let public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    for (pem, wanted, hint) in [
        (
            String::new(),
            KeyProblem::NoKey { found: None },
            "give a private key in PEM",
        ),
        (
            public.to_owned(),
            KeyProblem::NoKey {
                found: Some("PUBLIC KEY".to_owned()),
            },
            "give the private key that belongs to the public key",
        ),
        (
            format!("{key}{key}"),
            KeyProblem::SeveralKeys,
            "leave in the file only the key",
        ),
        (
            key.trim_end().trim_end_matches('-').to_owned(),
            KeyProblem::Pem {
                problem: PemProblem::NoEnd,
            },
            "copy it again",
        ),
        (
            key.replace("MIGH", "MI!H"),
            KeyProblem::Pem {
                problem: PemProblem::Base64,
            },
            "copy it again",
        ),
    ] {
        let error = refused(&pem);
        let Error::KeyFile { problem, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(problem, &wanted);
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    }
    let chain_problem = |certificates: &std::path::Path| {
        let error = KeyFile::read(&local_keys::path("ec-256"), certificates, NOW).unwrap_err();
        match error {
            Error::Chain(error) => error,
            error => panic!("{error:?}"),
        }
    };
    let error = chain_problem(&local_keys::path("ec-256"));
    assert!(
        matches!(error.problem(), ChainFileProblem::Certificates { .. }),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("may have been switched"));
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    assert!(matches!(
        chain_problem(&empty).problem(),
        ChainFileProblem::Chain {
            source: countersign::x509::Error::EmptyChain { .. }
        }
    ));
}

#[test]
fn a_file_that_is_missing_is_named_and_what_belongs_there() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none");
    let error = KeyFile::read(&local_keys::path("ec-256"), &missing, NOW).unwrap_err();
    assert!(matches!(error, Error::Chain(_)), "{error:?}");
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("check the path `"), "{hint}");
    assert!(
        hint.contains("; the file must contain the certificates in PEM: "),
        "{hint}"
    );
    let certificate = folder.path().join("c.crt");
    std::fs::write(&certificate, local_keys::certificate("ec-256")).unwrap();
    let error = KeyFile::read(&missing, &certificate, NOW).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the key file `{}` cannot be read", missing.display())
    );
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("check the path `"), "{hint}");
    assert!(
        hint.ends_with("; the file must contain one private key in PEM"),
        "{hint}"
    );
}

#[test]
fn the_certificate_must_be_good_for_signing_now() {
    let read_with = |params: &rcgen::CertificateParams| {
        read("ec-256", &local_keys::certificate_of("ec-256", params))
    };
    let assert_refused = |params: &rcgen::CertificateParams| {
        let error = read_with(params).unwrap_err();
        assert!(
            matches!(&error, Error::Chain(error) if matches!(error.problem(), ChainFileProblem::Chain { .. })),
            "{error:?}"
        );
    };
    let mut past = local_keys::params("past");
    past.not_after = datetime!(2024-06-21 11:59 UTC);
    assert_refused(&past);
    past.not_after = datetime!(2024-06-21 12:01 UTC);
    let key = read_with(&past).unwrap().open(None).unwrap();
    // A long-lived process signs later than it opened the key.
    let late = Terms {
        now: datetime!(2024-06-21 12:02 UTC),
        ..terms(EnvelopeFormat::Jws)
    };
    assert!(matches!(
        sign(key, &payload(), &late),
        Err(signer::Error::Chain { .. })
    ));
    let mut server = local_keys::params("server");
    server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    assert_refused(&server);
}

#[test]
fn expiry_is_counted_from_the_signing_time() {
    let expiring = |seconds| {
        let terms = Terms {
            expiry: Some(std::time::Duration::from_secs(seconds)),
            ..terms(EnvelopeFormat::Cose)
        };
        sign(open("ec-256", "ec-256", None).unwrap(), &payload(), &terms)
    };
    let envelope = expiring(3_600).unwrap();
    let read = UnverifiedEnvelope::parse(EnvelopeFormat::Cose, envelope.bytes()).unwrap();
    assert_eq!(
        read.signer_info().signed_attributes.expiry,
        Some(datetime!(2024-06-21 13:00:00 UTC))
    );
    for seconds in [1_000_000_000_000, u64::MAX] {
        let error = expiring(seconds).unwrap_err();
        assert!(matches!(error, signer::Error::Expiry { .. }), "{error:?}");
    }
}

/// The reference's own signatures of the same artifacts: all that is signed is the same, byte for byte.
#[test]
fn payload_and_header_are_the_references() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/generated/sign");
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap();
    for case in ["plain", "annotations", "full_descriptor"] {
        for format in FORMATS {
            let extension = if format == EnvelopeFormat::Jws {
                "jws"
            } else {
                "cose"
            };
            let wanted = bytes(&format!("{case}.{extension}"));
            let read = UnverifiedEnvelope::parse(format, &wanted).unwrap();
            let attributes = &read.signer_info().signed_attributes;
            let spec = read.signer_info().certificate_chain[0].key_spec().unwrap();
            let name = spec.as_str().to_lowercase();
            let terms = Terms {
                now: attributes.signing_time,
                expiry: attributes
                    .expiry
                    .map(|expiry| (expiry - attributes.signing_time).try_into().unwrap()),
                ..terms(format)
            };
            let descriptor: Value =
                serde_json::from_slice(&bytes(&format!("{case}.descriptor.json"))).unwrap();
            let annotations = serde_json::from_value(
                descriptor
                    .get("annotations")
                    .cloned()
                    .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            );
            let payload = Payload::new(
                &serde_json::from_value(descriptor).unwrap(),
                annotations.unwrap(),
            );
            let made = sign(open(&name, &name, None).unwrap(), &payload, &terms).unwrap();
            assert_eq!(
                signed_parts(format, made.bytes()),
                signed_parts(format, &wanted),
                "{case}"
            );
        }
    }
}

/// The protected header and the payload of an envelope.
fn signed_parts(format: EnvelopeFormat, bytes: &[u8]) -> (String, Vec<u8>) {
    match format {
        EnvelopeFormat::Jws => {
            let jws: Value = serde_json::from_slice(bytes).unwrap();
            let part = |name: &str| URL_SAFE_NO_PAD.decode(jws[name].as_str().unwrap()).unwrap();
            (
                String::from_utf8(part("protected")).unwrap(),
                part("payload"),
            )
        }
        EnvelopeFormat::Cose => {
            let cose = coset::CoseSign1::from_tagged_slice(bytes).unwrap();
            let header = cose.protected.original_data.clone().unwrap();
            let shown = countersign::oci::hex(&header);

            (shown, cose.payload.unwrap())
        }
    }
}
