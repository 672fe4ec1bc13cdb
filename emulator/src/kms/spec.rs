//! What a KMS key is made for: key specs, key usages, and the algorithms that go with them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// `KeySpec` of the API model, as far as the emulator has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeySpec {
    #[serde(rename = "RSA_2048")]
    Rsa2048,
    #[serde(rename = "RSA_3072")]
    Rsa3072,
    #[serde(rename = "RSA_4096")]
    Rsa4096,
    #[serde(rename = "ECC_NIST_P256")]
    P256,
    #[serde(rename = "ECC_NIST_P384")]
    P384,
    #[serde(rename = "ECC_NIST_P521")]
    P521,
    #[serde(rename = "ECC_SECG_P256K1")]
    Secp256k1,
    #[serde(rename = "HMAC_256")]
    Hmac256,
    #[serde(rename = "SYMMETRIC_DEFAULT")]
    Symmetric,
}

/// Names of the API model that the emulator knows and does not have.
const SPECS_NOT_HERE: [&str; 8] = [
    "HMAC_224",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ECC_NIST_EDWARDS25519",
];

impl KeySpec {
    const ALL: [Self; 9] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Secp256k1,
        Self::Symmetric,
        Self::Hmac256,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::P256 => "ECC_NIST_P256",
            Self::P384 => "ECC_NIST_P384",
            Self::P521 => "ECC_NIST_P521",
            Self::Secp256k1 => "ECC_SECG_P256K1",
            Self::Hmac256 => "HMAC_256",
            Self::Symmetric => "SYMMETRIC_DEFAULT",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// All names of the API model, as a validation error lists them.
    pub(super) fn names() -> String {
        let own = Self::ALL.into_iter().map(Self::name);
        own.chain(SPECS_NOT_HERE).collect::<Vec<_>>().join(", ")
    }

    /// Whether AWS has this spec and the emulator has not.
    pub(super) fn is_only_of_aws(name: &str) -> bool {
        SPECS_NOT_HERE.contains(&name)
    }

    pub(super) fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }

    pub(super) fn is_asymmetric(self) -> bool {
        !matches!(self, Self::Hmac256 | Self::Symmetric)
    }

    /// The usages a key of this spec may be made for.
    pub(super) fn usages(self) -> &'static [KeyUsage] {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                &[KeyUsage::SignVerify, KeyUsage::EncryptDecrypt]
            }
            Self::P256 | Self::P384 | Self::P521 => &[KeyUsage::SignVerify, KeyUsage::KeyAgreement],
            Self::Secp256k1 => &[KeyUsage::SignVerify],
            Self::Hmac256 => &[KeyUsage::GenerateVerifyMac],
            Self::Symmetric => &[KeyUsage::EncryptDecrypt],
        }
    }

    pub(super) fn signing_algorithms(self) -> &'static [SigningAlgorithm] {
        use SigningAlgorithm::{
            EcdsaSha256, EcdsaSha384, EcdsaSha512, Pkcs1Sha256, Pkcs1Sha384, Pkcs1Sha512,
            PssSha256, PssSha384, PssSha512,
        };
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[
                Pkcs1Sha256,
                Pkcs1Sha384,
                Pkcs1Sha512,
                PssSha256,
                PssSha384,
                PssSha512,
            ],
            Self::P256 | Self::Secp256k1 => &[EcdsaSha256],
            Self::P384 => &[EcdsaSha384],
            Self::P521 => &[EcdsaSha512],
            Self::Hmac256 | Self::Symmetric => &[],
        }
    }
}

/// `KeyUsageType` of the API model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum KeyUsage {
    SignVerify,
    EncryptDecrypt,
    GenerateVerifyMac,
    KeyAgreement,
}

impl KeyUsage {
    const ALL: [Self; 4] = [
        Self::SignVerify,
        Self::EncryptDecrypt,
        Self::GenerateVerifyMac,
        Self::KeyAgreement,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SignVerify => "SIGN_VERIFY",
            Self::EncryptDecrypt => "ENCRYPT_DECRYPT",
            Self::GenerateVerifyMac => "GENERATE_VERIFY_MAC",
            Self::KeyAgreement => "KEY_AGREEMENT",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|usage| usage.name() == name)
    }

    pub(super) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// The member of `KeyMetadata` and `GetPublicKey` that lists the algorithms of a key of this usage, and its value.
    pub(super) fn algorithms(self, spec: KeySpec) -> (&'static str, Value) {
        match self {
            Self::SignVerify => {
                let names: Vec<_> = spec
                    .signing_algorithms()
                    .iter()
                    .map(|algorithm| algorithm.name())
                    .collect();
                ("SigningAlgorithms", json!(names))
            }
            Self::EncryptDecrypt if spec.is_rsa() => (
                "EncryptionAlgorithms",
                json!(["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]),
            ),
            Self::EncryptDecrypt => ("EncryptionAlgorithms", json!(["SYMMETRIC_DEFAULT"])),
            Self::GenerateVerifyMac => ("MacAlgorithms", json!(["HMAC_SHA_256"])),
            Self::KeyAgreement => ("KeyAgreementAlgorithms", json!(["ECDH"])),
        }
    }
}

/// `SigningAlgorithmSpec` of the API model, as far as the emulator has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SigningAlgorithm {
    PssSha256,
    PssSha384,
    PssSha512,
    Pkcs1Sha256,
    Pkcs1Sha384,
    Pkcs1Sha512,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
}

/// Names of the API model whose keys the emulator does not have.
const ALGORITHMS_NOT_HERE: [&str; 4] = [
    "SM2DSA",
    "ML_DSA_SHAKE_256",
    "ED25519_SHA_512",
    "ED25519_PH_SHA_512",
];

impl SigningAlgorithm {
    const ALL: [Self; 9] = [
        Self::PssSha256,
        Self::PssSha384,
        Self::PssSha512,
        Self::Pkcs1Sha256,
        Self::Pkcs1Sha384,
        Self::Pkcs1Sha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PssSha256 => "RSASSA_PSS_SHA_256",
            Self::PssSha384 => "RSASSA_PSS_SHA_384",
            Self::PssSha512 => "RSASSA_PSS_SHA_512",
            Self::Pkcs1Sha256 => "RSASSA_PKCS1_V1_5_SHA_256",
            Self::Pkcs1Sha384 => "RSASSA_PKCS1_V1_5_SHA_384",
            Self::Pkcs1Sha512 => "RSASSA_PKCS1_V1_5_SHA_512",
            Self::EcdsaSha256 => "ECDSA_SHA_256",
            Self::EcdsaSha384 => "ECDSA_SHA_384",
            Self::EcdsaSha512 => "ECDSA_SHA_512",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    pub(super) fn names() -> String {
        let own = Self::ALL.into_iter().map(Self::name);
        own.chain(ALGORITHMS_NOT_HERE)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Whether AWS has this algorithm and no key of the emulator can have it.
    pub(super) fn is_only_of_aws(name: &str) -> bool {
        ALGORITHMS_NOT_HERE.contains(&name)
    }

    pub(super) fn digest(self) -> &'static aws_lc_rs::digest::Algorithm {
        use aws_lc_rs::digest::{SHA256, SHA384, SHA512};
        match self {
            Self::PssSha256 | Self::Pkcs1Sha256 | Self::EcdsaSha256 => &SHA256,
            Self::PssSha384 | Self::Pkcs1Sha384 | Self::EcdsaSha384 => &SHA384,
            Self::PssSha512 | Self::Pkcs1Sha512 | Self::EcdsaSha512 => &SHA512,
        }
    }
}
