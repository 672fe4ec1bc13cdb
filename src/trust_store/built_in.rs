//! The root certificates that AWS publishes for container signatures of AWS Signer, one for each partition; and the root
//! of its signatures in packages of AWS Lambda.
//!
//! China and the European sovereign cloud have AWS Signer; no root of theirs is published. That of packages is not
//! published either: it is in the signed packages of several publishers, the same in each, and they are of the partition
//! `aws`.

use std::path::PathBuf;

use super::{Error, NamedStore, TrustedCertificate};
use crate::config::StoreName;
use crate::notary::StoreType;
use crate::x509::{self, Certificate};

/// A root, and the names that AWS's own instructions give to its file and store.
struct BuiltIn {
    partition: &'static str,
    store: &'static str,
    file: &'static str,
    pem: &'static [u8],
}

const ROOTS: [BuiltIn; 2] = [
    BuiltIn {
        partition: "aws",
        store: "aws-signer-ts",
        file: "aws-signer-notation-root.crt",
        pem: include_bytes!("../../trustpolicy/roots/aws-signer-notation-root.crt"),
    },
    BuiltIn {
        partition: "aws-us-gov",
        store: "aws-us-gov-signer-ts",
        file: "aws-us-gov-signer-notation-root.crt",
        pem: include_bytes!("../../trustpolicy/roots/aws-us-gov-signer-notation-root.crt"),
    },
];

const PACKAGE_ROOT: &[u8] = include_bytes!("../../trustpolicy/roots/aws-signer-lambda-root.crt");

/// The root of AWS Signer's signatures in packages of AWS Lambda; no image's signature rests on it.
///
/// # Errors
///
/// What is wrong with the certificate, which a test shows not to be so.
#[doc(hidden)]
pub fn built_in_package_root() -> Result<Certificate, x509::Error> {
    let certificates = x509::parse_certificates(PACKAGE_ROOT)?;
    certificates
        .into_iter()
        .next()
        .ok_or(x509::Error::NeitherForm)
}

/// The root of a partition, in a store of type `signingAuthority` that is named as AWS names it.
///
/// # Errors
///
/// [`Error::NoPublishedRoot`] for every partition but `aws` and `aws-us-gov`.
pub fn built_in(partition: &str) -> Result<NamedStore, Error> {
    let root = ROOTS
        .iter()
        .find(|root| root.partition == partition)
        .ok_or_else(|| Error::NoPublishedRoot {
            partition: partition.to_owned(),
        })?;
    root.store()
}

/// The bytes of a partition's root, for a program that sets up a trust store: file name and PEM.
///
/// # Errors
///
/// As [`built_in`].
#[doc(hidden)]
pub fn built_in_file(partition: &str) -> Result<(&'static str, &'static [u8]), Error> {
    let root = ROOTS.iter().find(|root| root.partition == partition);
    root.map(|root| (root.file, root.pem))
        .ok_or_else(|| Error::NoPublishedRoot {
            partition: partition.to_owned(),
        })
}

/// The partitions whose roots AWS has published.
pub const PUBLISHED_PARTITIONS: [&str; 2] = [ROOTS[0].partition, ROOTS[1].partition];

/// The partition whose published root this certificate is.
pub(super) fn partition_of(certificate: &Certificate) -> Option<(&'static str, &'static str)> {
    ROOTS.iter().find_map(|root| {
        let store = root.store().ok()?;
        store
            .find(certificate)
            .map(|_| (root.partition, root.store))
    })
}

/// The partition whose published root this certificate is, if it is one.
pub(crate) fn published_partition(certificate: &Certificate) -> Option<&'static str> {
    partition_of(certificate).map(|(partition, _)| partition)
}

/// Whether AWS's own instructions give this name to the store of a published root.
#[doc(hidden)]
pub fn is_published_name(name: &StoreName) -> bool {
    name.kind() == StoreType::SigningAuthority && ROOTS.iter().any(|root| root.store == name.name())
}

impl BuiltIn {
    fn store(&self) -> Result<NamedStore, Error> {
        let name = StoreName::new(StoreType::SigningAuthority, self.store);
        let name = name.map_err(|_| Error::NoPublishedRoot {
            partition: self.partition.to_owned(),
        })?;
        let certificates = super::anchors(name.kind(), self.pem)
            .map_err(|unfit| Error::of_file(name.clone(), self.file.to_owned(), unfit))?;
        let file = PathBuf::from(format!("(built in) {}", self.file));
        let certificates = certificates
            .into_iter()
            .map(|certificate| TrustedCertificate {
                certificate,
                file: file.clone(),
            });
        let certificates = certificates.collect();
        Ok(NamedStore { name, certificates })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_roots_are_the_real_ones() {
        for (partition, store, fingerprint) in [
            (
                "aws",
                "signingAuthority:aws-signer-ts",
                "90a87d0543c3f094dbff9589b6649affe2f3d6e0f308799be2258461c686473f",
            ),
            (
                "aws-us-gov",
                "signingAuthority:aws-us-gov-signer-ts",
                "673653ab76f41a10546cdeb4107ecd6df2c15c2c9a0d32ed97d271b4436fc3e8",
            ),
        ] {
            let built_in = built_in(partition).unwrap();
            assert_eq!(built_in.name.to_string(), store);
            let [trusted] = built_in.certificates.as_slice() else {
                panic!("{built_in:?}");
            };
            assert_eq!(trusted.certificate.sha256_fingerprint(), fingerprint);
            assert!(trusted.certificate.is_ca() && trusted.certificate.is_self_signed());
            let (_, short) = store.split_once(':').unwrap();
            assert_eq!(partition_of(&trusted.certificate), Some((partition, short)));
        }
    }

    #[test]
    fn the_root_of_packages_is_the_one_of_all_known_packages() {
        let root = built_in_package_root().unwrap();
        let fingerprint = "410220a72bba4576767ba5941b694a9bddc40817f76957f6919fdac89a7849c7";
        assert_eq!(root.sha256_fingerprint(), fingerprint);
        assert!(root.is_ca() && root.is_self_signed());
        assert_eq!(partition_of(&root), None);
    }

    #[test]
    fn a_partition_without_a_published_root_says_how_to_give_one() {
        let error = built_in("aws-cn").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no root certificate of AWS Signer is published for the partition `aws-cn`"
        );
        assert!(
            error
                .hint()
                .unwrap()
                .contains("the setting `trust-anchor FILE`")
        );
        assert!(matches!(
            built_in_file("aws-cn"),
            Err(Error::NoPublishedRoot { .. })
        ));
    }
}
