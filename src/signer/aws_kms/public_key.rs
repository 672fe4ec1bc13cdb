//! What KMS says about a key (`GetPublicKey`): which it is, what it can do, and whether it is a
//! certificate's.

use aws_sdk_kms::operation::RequestId as _;
use aws_sdk_kms::operation::get_public_key::GetPublicKeyOutput;
use aws_sdk_kms::types::{KeySpec as KmsKeySpec, KeyUsageType, SigningAlgorithmSpec};

use super::{Error, name_of};
use crate::algorithm::KeySpec;
use crate::aws::{Aws, Call, CallError, KmsKeyId};
use crate::x509::Certificate;

/// A key of KMS that can sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsPublicKey {
    arn: String,
    region: String,
    spec: KeySpec,
    /// `SubjectPublicKeyInfo` in DER.
    info: Vec<u8>,
}

impl KmsPublicKey {
    /// The ARN of the key, whatever it was asked for by.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The region that was asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The kind of the key.
    pub fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The public key: `SubjectPublicKeyInfo` in DER.
    pub fn info(&self) -> &[u8] {
        &self.info
    }

    /// Checks that `certificate` is for this key.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`], and [`Error::PublicKey`] if KMS's public key cannot be read.
    pub fn check_certificate(&self, certificate: &Certificate) -> Result<(), Error> {
        let is_its_key =
            certificate
                .has_public_key(&self.info)
                .map_err(|source| Error::PublicKey {
                    key: self.arn.clone(),
                    source,
                })?;
        if is_its_key {
            return Ok(());
        }
        Err(Error::Mismatch {
            key: self.arn.clone(),
            key_spec: self.spec,
            subject: certificate.subject().to_string(),
            certificate_spec: certificate
                .key_spec()
                .map_or_else(|_| "another kind".to_owned(), |spec| spec.to_string()),
        })
    }
}

/// Asks KMS for the public key of `id`, and checks that the key can sign: its usage, its kind and the
/// algorithm that the specification has for it.
///
/// # Errors
///
/// [`Error`].
pub async fn describe(aws: &Aws, id: &KmsKeyId) -> Result<KmsPublicKey, Error> {
    let region = region_of(aws, id).await?;
    let call = Call {
        action: "kms:GetPublicKey",
        resource: id.to_string(),
        region: region.clone(),
    };
    let answer = aws
        .kms(&region)
        .await
        .map_err(Error::Settings)?
        .get_public_key()
        .key_id(id.as_str())
        .send()
        .await
        .map_err(|error| Error::Call(CallError::from_sdk(call.clone(), &error)))?;
    read(id, &call, &answer)
}

/// Where the key is: in the region of its ARN, else in the one that is set.
async fn region_of(aws: &Aws, id: &KmsKeyId) -> Result<String, Error> {
    let Some(location) = id.location() else {
        let none = || Error::NoRegion {
            key: id.to_string(),
        };
        return aws.default_region().await.ok_or_else(none);
    };
    let choice = aws.region_for(id, location).map_err(Error::Settings)?;
    // A key is in one region; in any other KMS does not know its ARN.
    if let Some(region) = choice.conflicts_with {
        return Err(Error::OtherRegion {
            key: id.to_string(),
            region,
            set: choice.region,
        });
    }
    Ok(choice.region)
}

fn read(id: &KmsKeyId, call: &Call, answer: &GetPublicKeyOutput) -> Result<KmsPublicKey, Error> {
    let malformed = |problem: String| {
        Error::Call(CallError::malformed(
            call.clone(),
            problem,
            answer.request_id(),
        ))
    };
    let arn = answer.key_id().unwrap_or_default();
    let is_arn = KmsKeyId::parse(arn).is_ok_and(|found| found.is_key_arn());
    if !is_arn || (id.is_key_arn() && arn != id.as_str()) {
        return Err(malformed(format!("it is about the key `{arn}`")));
    }
    let key = || arn.to_owned();
    if answer.key_usage() != Some(&KeyUsageType::SignVerify) {
        return Err(Error::Usage {
            key: key(),
            found: answer
                .key_usage()
                .map_or("unknown", KeyUsageType::as_str)
                .to_owned(),
        });
    }
    let spec = answer.key_spec().and_then(spec_of);
    let spec = spec.ok_or_else(|| Error::KeySpec {
        key: key(),
        found: answer
            .key_spec()
            .map_or("unknown", KmsKeySpec::as_str)
            .to_owned(),
    })?;
    let wanted = name_of(spec.signature_algorithm());
    if !answer.signing_algorithms().contains(&wanted) {
        let offered = answer.signing_algorithms().iter();
        return Err(Error::Algorithm {
            key: key(),
            wanted: wanted.as_str().to_owned(),
            offered: offered
                .map(SigningAlgorithmSpec::as_str)
                .collect::<Vec<_>>()
                .join("`, `"),
        });
    }
    let info = answer
        .public_key()
        .ok_or_else(|| malformed("it has no public key".to_owned()))?;
    Ok(KmsPublicKey {
        arn: key(),
        region: call.region.clone(),
        spec,
        info: info.as_ref().to_vec(),
    })
}

/// The kind of key in the specification, if it has it.
fn spec_of(spec: &KmsKeySpec) -> Option<KeySpec> {
    Some(match spec {
        KmsKeySpec::Rsa2048 => KeySpec::Rsa2048,
        KmsKeySpec::Rsa3072 => KeySpec::Rsa3072,
        KmsKeySpec::Rsa4096 => KeySpec::Rsa4096,
        KmsKeySpec::EccNistP256 => KeySpec::Ec256,
        KmsKeySpec::EccNistP384 => KeySpec::Ec384,
        KmsKeySpec::EccNistP521 => KeySpec::Ec521,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::operation::get_public_key::builders::GetPublicKeyOutputBuilder;
    use aws_sdk_kms::primitives::Blob;
    use der::Encode as _;
    use rcgen::{PKCS_ECDSA_P384_SHA384, PublicKeyData as _};

    use super::*;
    use crate::aws::{self, CallErrorKind, Partition};
    use crate::http;
    use crate::x509::testing::Request;

    const ARN: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn answer() -> GetPublicKeyOutputBuilder {
        GetPublicKeyOutput::builder()
            .key_id(ARN)
            .key_usage(KeyUsageType::SignVerify)
            .key_spec(KmsKeySpec::EccNistP384)
            .signing_algorithms(SigningAlgorithmSpec::EcdsaSha384)
            .public_key(Blob::new(b"info"))
    }

    fn read_as(id: &str, answer: GetPublicKeyOutputBuilder) -> Result<KmsPublicKey, Error> {
        let call = Call {
            action: "kms:GetPublicKey",
            resource: id.to_owned(),
            region: "eu-west-1".to_owned(),
        };
        read(&KmsKeyId::parse(id).unwrap(), &call, &answer.build())
    }

    #[test]
    fn every_kind_of_key_in_the_specification_can_sign() {
        for (spec, algorithm, wanted) in [
            (
                KmsKeySpec::Rsa2048,
                SigningAlgorithmSpec::RsassaPssSha256,
                KeySpec::Rsa2048,
            ),
            (
                KmsKeySpec::Rsa3072,
                SigningAlgorithmSpec::RsassaPssSha384,
                KeySpec::Rsa3072,
            ),
            (
                KmsKeySpec::Rsa4096,
                SigningAlgorithmSpec::RsassaPssSha512,
                KeySpec::Rsa4096,
            ),
            (
                KmsKeySpec::EccNistP256,
                SigningAlgorithmSpec::EcdsaSha256,
                KeySpec::Ec256,
            ),
            (
                KmsKeySpec::EccNistP384,
                SigningAlgorithmSpec::EcdsaSha384,
                KeySpec::Ec384,
            ),
            (
                KmsKeySpec::EccNistP521,
                SigningAlgorithmSpec::EcdsaSha512,
                KeySpec::Ec521,
            ),
        ] {
            let with = |algorithms: Vec<SigningAlgorithmSpec>| {
                let answer = answer().key_spec(spec.clone());
                read_as(ARN, answer.set_signing_algorithms(Some(algorithms)))
            };
            let key = with(vec![SigningAlgorithmSpec::Sm2Dsa, algorithm.clone()]).unwrap();
            assert_eq!(
                (key.spec(), key.arn(), key.region(), key.info()),
                (wanted, ARN, "eu-west-1", &b"info"[..])
            );
            assert!(matches!(
                with(vec![SigningAlgorithmSpec::Sm2Dsa]),
                Err(Error::Algorithm { wanted, offered, .. })
                    if (wanted.as_str(), offered.as_str()) == (algorithm.as_str(), "SM2DSA")
            ));
        }
    }

    #[test]
    fn another_key_cannot_sign() {
        let usage = answer().key_usage(KeyUsageType::EncryptDecrypt);
        let error = read_as(ARN, usage).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("key `{ARN}` is for `ENCRYPT_DECRYPT`, wanted `SIGN_VERIFY`")
        );
        for spec in [
            KmsKeySpec::EccSecgP256K1,
            KmsKeySpec::EccNistEdwards25519,
            KmsKeySpec::Sm2,
            KmsKeySpec::MlDsa65,
        ] {
            let found = spec.as_str().to_owned();
            assert!(matches!(
                read_as(ARN, answer().key_spec(spec)),
                Err(Error::KeySpec { found: said, .. }) if said == found
            ));
        }
    }

    #[test]
    fn an_answer_about_something_else_is_refused() {
        let malformed = |result: Result<KmsPublicKey, Error>, message: &str| match result {
            Err(Error::Call(call)) => {
                assert_eq!(
                    (call.kind(), call.message()),
                    (CallErrorKind::Malformed, Some(message))
                );
            }
            other => panic!("{other:?}"),
        };
        let other = ARN.replace("1234abcd", "4321abcd");
        malformed(
            read_as(ARN, answer().key_id(&other)),
            &format!("it is about the key `{other}`"),
        );
        malformed(
            read_as("alias/x", answer().key_id("alias/x")),
            "it is about the key `alias/x`",
        );
        malformed(
            read_as("alias/x", answer().set_key_id(None)),
            "it is about the key ``",
        );
        malformed(
            read_as(ARN, answer().set_public_key(None)),
            "it has no public key",
        );
        // An alias stands for some key.
        assert_eq!(read_as("alias/x", answer()).unwrap().arn(), ARN);
        let alias = "arn:aws:kms:eu-west-1:111122223333:alias/x";
        assert_eq!(read_as(alias, answer()).unwrap().arn(), ARN);
    }

    #[test]
    fn the_certificate_must_be_the_keys() {
        let identity = |name: &str| {
            Request::leaf(name)
                .algorithm(&PKCS_ECDSA_P384_SHA384)
                .self_signed()
        };
        let mine = identity("mine");
        let info = mine.key.subject_public_key_info();
        let key = read_as(ARN, answer().public_key(Blob::new(info.clone()))).unwrap();
        key.check_certificate(&mine.certificate).unwrap();
        let error = key.check_certificate(&identity("other").certificate);
        assert_eq!(
            error.unwrap_err().to_string(),
            format!("the certificate `CN=other` is not for the key `{ARN}`")
        );
        let small = Request::leaf("small").self_signed().certificate;
        let error = key.check_certificate(&small).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the certificate `CN=small` is for a key EC-256, not for the key `{ARN}`, which is \
                 EC-384"
            )
        );
        for bytes in [&b"info"[..], &[info.as_slice(), b"x"].concat(), &[]] {
            let key = read_as(ARN, answer().public_key(Blob::new(bytes))).unwrap();
            assert!(matches!(
                key.check_certificate(&mine.certificate),
                Err(Error::PublicKey { .. })
            ));
        }
        // The same bits as a public key of another algorithm are not a public key.
        let mut other =
            x509_cert::spki::SubjectPublicKeyInfoOwned::try_from(info.as_slice()).unwrap();
        other.algorithm.oid = der::asn1::ObjectIdentifier::new_unwrap("1.3.101.112");
        let key = read_as(ARN, answer().public_key(Blob::new(other.to_der().unwrap()))).unwrap();
        let error = key.check_certificate(&mine.certificate).unwrap_err();
        assert!(matches!(error, Error::PublicKey { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn the_key_says_where_it_is() {
        let aws = |region: Option<&str>| {
            let settings = aws::Settings {
                region: region.map(str::to_owned),
                ..aws::Settings::default()
            };
            Aws::new(http::Pool::new(http::Settings::default()), settings).unwrap()
        };
        let id = KmsKeyId::parse(ARN).unwrap();
        for region in [None, Some("eu-west-1")] {
            assert_eq!(region_of(&aws(region), &id).await.unwrap(), "eu-west-1");
        }
        let error = region_of(&aws(Some("us-east-1")), &id).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "key `{ARN}` is in region `eu-west-1`, but region `us-east-1` is set explicitly"
            )
        );
        let error = region_of(&aws(Some("us-gov-west-1")), &id).await;
        assert!(matches!(
            error,
            Err(Error::Settings(aws::SettingsError::Partition {
                other: Partition::AwsUsGov,
                ..
            }))
        ));
        let alias = KmsKeyId::parse("alias/x").unwrap();
        let found = region_of(&aws(Some("us-east-1")), &alias).await;
        assert_eq!(found.unwrap(), "us-east-1");
    }
}
