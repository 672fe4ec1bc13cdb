use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::*;
use crate::limits::NAMED_PIPE_TIMEOUT;
use crate::notary::SigningScheme;
use crate::x509::testing::Request;

fn params(name: &str, is_ca: IsCa) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = is_ca;
    params
}

/// A root, a certificate that it issued, and a self-signed certificate that is not an authority.
struct Chain {
    root: Certificate,
    leaf: Certificate,
    self_signed: Certificate,
}

fn chain() -> Chain {
    let key = || KeyPair::generate().unwrap();
    let ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params("root", ca), key()).unwrap();
    let leaf = params("leaf", IsCa::ExplicitNoCa)
        .signed_by(&key(), &root)
        .unwrap();
    let self_signed = params("self", IsCa::NoCa).self_signed(&key()).unwrap();
    Chain {
        root: Certificate::parse(root.der()).unwrap(),
        leaf: Certificate::parse(leaf.der()).unwrap(),
        self_signed: Certificate::parse(self_signed.der()).unwrap(),
    }
}

/// A configuration directory with the files of stores in it.
fn config(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = directory.path().join("truststore/x509").join(path);
        files::create_directory(path.parent().unwrap()).unwrap();
        files::write_atomic(&path, bytes).unwrap();
    }
    directory
}

fn name(text: &str) -> StoreName {
    StoreName::parse(text).unwrap()
}

fn load_error(directory: &tempfile::TempDir, store: &str) -> Arc<Error> {
    TrustStores::new(directory.path())
        .load(&name(store))
        .unwrap_err()
}

#[test]
fn a_store_is_read_once_and_knows_its_files() {
    let Chain {
        root, self_signed, ..
    } = chain();
    let directory = config(&[
        ("ca/acme/b.crt", root.der()),
        ("ca/acme/a", self_signed.der()),
    ]);
    let stores = TrustStores::new(directory.path());
    let store = stores.load(&name("ca:acme")).unwrap();
    let files: Vec<_> = store
        .certificates
        .iter()
        .map(|t| t.file.file_name().unwrap())
        .collect();
    assert_eq!(files, ["a", "b.crt"]);
    // What happens on disk afterwards changes nothing.
    std::fs::remove_dir_all(directory.path().join("truststore")).unwrap();
    assert!(Arc::ptr_eq(&store, &stores.load(&name("ca:acme")).unwrap()));
    let missing = stores.load(&name("ca:none")).unwrap_err();
    assert!(Arc::ptr_eq(
        &missing,
        &stores.load(&name("ca:none")).unwrap_err()
    ));
}

#[test]
fn a_store_that_is_missing_or_empty_has_notations_words() {
    let directory = config(&[("ca/acme/a", b"x")]);
    let missing = load_error(&directory, "signingAuthority:acme");
    assert!(
        matches!(&*missing, Error::Missing { directory: Some(path), .. }
        if path.ends_with("truststore/x509/signingAuthority/acme"))
    );
    assert_eq!(
        missing.notation_error(),
        "the trust store \"acme\" of type \"signingAuthority\" does not exist. Use command 'notation cert add' to create \
         and add trusted certificates to the trust store"
    );
    files::create_directory(&directory.path().join("truststore/x509/ca/void")).unwrap();
    let empty = load_error(&directory, "ca:void");
    assert!(matches!(*empty, Error::Empty { .. }));
    assert_eq!(
        empty.notation_sentence(),
        "no x509 certificates were found in trust store \"void\" of type \"ca\""
    );
}

#[test]
fn one_bad_file_spoils_the_store_and_is_named() {
    let Chain {
        root,
        leaf,
        self_signed,
    } = chain();
    let with = |kind: &str, bytes: &[u8]| {
        let (bad, good) = (format!("{kind}/acme/z.crt"), format!("{kind}/acme/a.crt"));
        let directory = config(&[(&bad, bytes), (&good, root.der())]);
        load_error(&directory, &format!("{kind}:acme"))
    };
    let junk = with("ca", b"junk");
    assert!(matches!(&*junk, Error::NotCertificates { file, .. } if file == "z.crt"));
    assert_eq!(
        junk.to_string(),
        "`z.crt` in the trust store `ca:acme` cannot be read as certificates"
    );
    assert_eq!(
        junk.notation_sentence(),
        "failed to read the trusted certificate z.crt in trust store acme of type ca. x509: malformed certificate"
    );
    let empty = with("ca", b"");
    assert_eq!(
        empty.notation_sentence(),
        "failed to validate the trusted certificate z.crt in trust store acme of type ca. input certs cannot be empty"
    );
    let issued = with("signingAuthority", leaf.der());
    assert_eq!(
        issued.to_string(),
        "`z.crt` in the trust store `signingAuthority:acme` holds `CN=leaf`, which is neither a certificate authority nor \
         self-signed; wanted: a certificate authority, or a self-signed certificate"
    );
    assert_eq!(
        issued.notation_sentence(),
        "failed to validate the trusted certificate z.crt in trust store acme of type signingAuthority. certificate with \
         subject \"CN=leaf\" is not a CA certificate or self-signed signing certificate"
    );
    let no_authority = with("tsa", self_signed.der());
    assert!(matches!(
        &*no_authority,
        Error::NotAnAnchor { found, .. } if found == "not a certificate authority"
    ));
}

#[test]
fn a_time_stamping_store_holds_roots_alone() {
    let key = || KeyPair::generate().unwrap();
    let ca = || IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params("root", ca()), key()).unwrap();
    let intermediate = params("intermediate", ca())
        .signed_by(&key(), &root)
        .unwrap();
    let directory = config(&[
        ("tsa/roots/r", root.der()),
        ("tsa/mixed/i", intermediate.der()),
        ("ca/mixed/i", intermediate.der()),
    ]);
    let stores = TrustStores::new(directory.path());
    assert_eq!(
        stores.load(&name("tsa:roots")).unwrap().certificates.len(),
        1
    );
    let error = stores.load(&name("tsa:mixed")).unwrap_err();
    assert!(matches!(
        &*error,
        Error::NotAnAnchor { found, .. } if found == "not self-signed"
    ));
    // An intermediate may be pinned for signatures.
    assert_eq!(
        stores.load(&name("ca:mixed")).unwrap().certificates.len(),
        1
    );
}

#[cfg(unix)]
#[test]
fn links_and_directories_are_refused() {
    let Chain { root, .. } = chain();
    let directory = config(&[("ca/real/a.crt", root.der()), ("ca/file", b"x")]);
    let base = directory.path().join("truststore/x509/ca");
    std::os::unix::fs::symlink(base.join("real"), base.join("linked")).unwrap();
    for store in ["ca:linked", "ca:file"] {
        let error = load_error(&directory, store);
        assert!(matches!(*error, Error::NotDirectory { .. }), "{error:?}");
        assert!(
            error
                .notation_sentence()
                .ends_with("is not a regular directory (symlinks are not supported).")
        );
    }
    std::os::unix::fs::symlink(base.join("real/a.crt"), base.join("real/link")).unwrap();
    let link = load_error(&directory, "ca:real");
    assert!(matches!(&*link, Error::NotRegular { file, .. } if file == "link"));
    assert_eq!(
        link.notation_sentence(),
        "trusted certificate link in trust store real of type ca is not a regular file (directories or symlinks are not \
         supported)."
    );
    let hint = link.hint().unwrap();
    assert!(
        hint.starts_with("replace the link by the file itself: ")
            && hint.ends_with("the setting `trust-store-sha256 DIGEST`"),
        "{hint}"
    );
    std::fs::rename(base.join("real/link"), base.join("real/..data")).unwrap();
    assert_eq!(
        load_error(&directory, "ca:real").hint().as_deref(),
        Some(
            "a Kubernetes ConfigMap or Secret is mounted as directories and links, so copy its files, or mount each \
             with `subPath`; or give the digest of its certificates: the setting `trust-store-sha256 DIGEST`"
        )
    );
    std::fs::remove_file(base.join("real/..data")).unwrap();
    files::create_directory(&base.join("real/sub")).unwrap();
    assert!(matches!(
        *load_error(&directory, "ca:real"),
        Error::NotRegular { .. }
    ));
}

#[test]
fn a_file_is_read_up_to_its_limit() {
    let limit = usize::try_from(MAX_TRUST_STORE_FILE_BYTES).unwrap();
    for (bytes, is_read) in [(limit, true), (limit + 1, false)] {
        let error = load_error(&config(&[("ca/a/big", &vec![b'x'; bytes])]), "ca:a");
        let was_read = matches!(*error, Error::NotCertificates { .. });
        assert_eq!(was_read, is_read, "{error:?}");
        if !is_read {
            assert!(matches!(
                *error,
                Error::Unreadable {
                    source: files::Error::TooLarge { .. },
                    ..
                }
            ));
        }
    }
}

#[test]
fn the_chain_rests_on_a_certificate_of_a_store_of_the_schemes_type() {
    let Chain {
        root,
        leaf,
        self_signed,
    } = chain();
    let directory = config(&[
        ("ca/acme/root.crt", root.der()),
        ("ca/other/self.crt", self_signed.der()),
        ("ca/bad/junk", b"junk"),
    ]);
    let stores = TrustStores::new(directory.path());
    let chain = [leaf.clone(), root.clone()];
    let names =
        |texts: &[&str]| -> Vec<StoreName> { texts.iter().map(|text| name(text)).collect() };
    let check = |texts: &[&str], scheme| stores.authenticate(&names(texts), scheme, &chain);

    let anchor = check(
        &["tsa:t", "ca:other", "ca:acme", "ca:acme"],
        SigningScheme::X509,
    )
    .unwrap();
    assert_eq!((anchor.chain_index, anchor.store), (1, name("ca:acme")));
    assert!(anchor.file.ends_with("ca/acme/root.crt"));
    assert_eq!(anchor.certificate, root);

    let error = check(&["ca:acme"], SigningScheme::SigningAuthority).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the statement names no trust store of type `signingAuthority`, which signing scheme \
         `notary.x509.signingAuthority` needs; found: `ca:acme`"
    );
    assert_eq!(
        error.notation_sentence(),
        "no trusted certificates are found to verify authenticity"
    );

    let error = check(&["ca:other"], SigningScheme::X509).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "no certificate of the chain is in `ca:other`, which holds SHA-256 `{}`; its root is `CN=root` (SHA-256 `{}`)",
            self_signed.sha256_fingerprint(),
            root.sha256_fingerprint()
        )
    );
    assert_eq!(
        error.notation_sentence(),
        "the signature's certificate chain does not contain any trusted certificate"
    );

    // A store that cannot be used fails the check although another one has the root, wherever it stands.
    for texts in [
        ["ca:acme", "ca:bad"],
        ["ca:bad", "ca:acme"],
        ["ca:acme", "ca:none"],
    ] {
        let error = check(&texts, SigningScheme::X509).unwrap_err();
        assert!(
            matches!(error, AuthenticityError::Store { .. }),
            "{texts:?}: {error:?}"
        );
    }
}

#[test]
fn a_published_root_that_is_not_trusted_is_recognised() {
    let gov = built_in("aws-us-gov").unwrap();
    let chain = [gov.certificates[0].certificate.clone()];
    let commercial = built_in("aws").unwrap();
    let store = commercial.name.clone();
    let stores = TrustStores::in_memory([commercial]);
    let error = stores
        .authenticate(&[store], SigningScheme::SigningAuthority, &chain)
        .unwrap_err();
    assert_eq!(
        error.hint().as_deref(),
        Some(
            "this is the published root of AWS Signer in the partition `aws-us-gov`; if you trust it, name the store \
             `signingAuthority:aws-us-gov-signer-ts` and put the root into it"
        )
    );
}

#[test]
fn stores_in_memory_are_the_only_ones() {
    let Chain { root, leaf, .. } = chain();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("anchor.crt");
    files::write_atomic(&path, root.der()).unwrap();
    let anchor =
        NamedStore::from_file(name("signingAuthority:given"), &path, NAMED_PIPE_TIMEOUT).unwrap();
    let stores = TrustStores::in_memory([anchor]);
    let given = [name("signingAuthority:given")];
    let found = stores.authenticate(
        &given,
        SigningScheme::SigningAuthority,
        &[leaf.clone(), root],
    );
    assert_eq!(found.unwrap().file, path);
    let missing = stores
        .load(&name("signingAuthority:aws-signer-ts"))
        .unwrap_err();
    assert!(matches!(
        *missing,
        Error::Missing {
            directory: None,
            ..
        }
    ));

    files::write_atomic(&path, leaf.der()).unwrap();
    let error = NamedStore::from_file(name("signingAuthority:given"), &path, NAMED_PIPE_TIMEOUT)
        .unwrap_err();
    assert!(matches!(error, Error::NotAnAnchor { .. }), "{error:?}");
    let error = NamedStore::from_file(
        name("ca:given"),
        &directory.path().join("none"),
        NAMED_PIPE_TIMEOUT,
    )
    .unwrap_err();
    assert!(matches!(
        error,
        Error::Unreadable {
            source: files::Error::NotFound { .. },
            ..
        }
    ));
}

/// A self-signed certificate with `ecdsa-with-SHA1` that is not an authority.
const SHA1: &[u8] = b"-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUBKe0ws92ScjXrMpPZXA7C7y82/wwCQYHKoZIzj0EATAO
MQwwCgYDVQQDDANvbGQwIBcNMjYxMTIyMDUyOTA3WhgPMjEyNjEwMjkwNTI5MDda
MA4xDDAKBgNVBAMMA29sZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBLpV2p5
cMhPs5DLPDwr0CvzoH8A5Bhxa+JU5h+m4S23WEv+7JeEJDXACoq6iVhxqVCPj4fC
oVo+TgwCgUDi2HSjUDBOMB0GA1UdDgQWBBRgcWy1vTMfUDHnMBdFmR98h+w1azAf
BgNVHSMEGDAWgBRgcWy1vTMfUDHnMBdFmR98h+w1azAMBgNVHRMBAf8EAjAAMAkG
ByqGSM49BAEDSQAwRgIhAILQFBnbKc/iXLoK1DEKRSxlvGU5PCerPL756QJ+LjxR
AiEAyGDC58rLB9QrYmbdaLlXptEdI0KK7VD+gFLxR/lrOeE=
-----END CERTIFICATE-----
";

#[test]
fn an_old_self_signed_certificate_may_be_in_a_store() {
    let directory = config(&[("ca/old/old.pem", SHA1)]);
    let store = TrustStores::new(directory.path())
        .load(&name("ca:old"))
        .unwrap();
    assert_eq!(
        store.certificates[0].certificate.subject().to_string(),
        "CN=old"
    );
}

/// An attacker can make another certificate with the signature of an MD5 hash.
#[test]
fn an_md5_signature_shows_no_certificate_to_be_self_signed() {
    let leaf = Request::leaf("old").algorithm(&rcgen::PKCS_RSA_SHA256);
    let mut der = leaf.self_signed_der();
    // 1.2.840.113549.1.1, which SHA-256 follows with 11 and MD5 with 4.
    let rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
    for at in 0..der.len() - rsa.len() {
        let algorithm = &mut der[at..=at + rsa.len()];
        if algorithm.starts_with(&rsa) && algorithm[rsa.len()] == 11 {
            algorithm[rsa.len()] = 4;
        }
    }
    let directory = config(&[("ca/old/old.der", &der)]);
    let error = load_error(&directory, "ca:old");
    assert_eq!(
        error.to_string(),
        "`old.der` in the trust store `ca:old` holds `CN=old`, which is not a certificate authority, and whether it \
         is self-signed cannot be checked: signature is `RSA with MD5`, which is no longer safe; wanted: a \
         certificate authority, or a self-signed certificate"
    );
}

#[test]
fn what_the_system_denies_is_said_as_go_says_it() {
    let error = |number: i32| Error::Unreadable {
        store: name("ca:acme"),
        file: "a.crt".to_owned(),
        source: files::Error::Io {
            operation: "open",
            path: "/c/a.crt".into(),
            source: std::io::Error::from_raw_os_error(number),
        },
    };
    let start = "failed to read the trusted certificate a.crt in trust store acme of type ca. open /c/a.crt: ";
    for (number, words) in [
        (13, "permission denied"),
        (5, "Input/output error (os error 5)"),
    ] {
        assert_eq!(error(number).notation_sentence(), format!("{start}{words}"));
    }
    let too_large = Error::Unreadable {
        store: name("ca:acme"),
        file: "a.crt".to_owned(),
        source: files::Error::TooLarge {
            path: "/c/a.crt".into(),
            max_bytes: 1,
        },
    };
    assert_eq!(
        too_large.notation_sentence(),
        "failed to read the trusted certificate a.crt in trust store acme of type ca. `/c/a.crt` is larger than 1 bytes"
    );
}
