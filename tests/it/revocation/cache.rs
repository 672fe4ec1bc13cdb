//! What is kept on disk saves requests, and never more than that.

use std::path::Path;

use countersign::revocation::{Cache, CacheError};

use super::*;

fn both() -> Pki {
    Pki::new(vec![ocsp_at(&[OCSP_URL]), crl_at(&[CRL_URL])])
}

/// The result for the leaf with a cache in `directory`, what was asked, and what the cache said.
async fn run(
    pki: &Pki,
    directory: &Path,
    answers: &[(&str, Vec<u8>)],
) -> (CertificateRevocation, Vec<String>, Option<CacheError>) {
    let stored = Arc::new(Stored::new(answers));
    let checker =
        Checker::new(Arc::clone(&stored) as Arc<dyn Fetch>).with_cache(Cache::new(directory));
    let result = check(&pki.chain(), None, &checker).await;
    let leaf = result.certificates.into_iter().next().unwrap();
    let problem = checker.take_cache_problem();
    assert!(checker.take_cache_problem().is_none(), "once is enough");
    (leaf, stored.asked(), problem)
}

/// Where the answer was, in the word for programs.
fn origin(result: &CertificateRevocation) -> &'static str {
    match &result.status {
        Status::Good(evidence) | Status::Revoked { evidence, .. } => evidence.origin.as_str(),
        other => panic!("{other:?}: {:?}", result.failures),
    }
}

#[tokio::test]
async fn a_warm_cache_makes_no_request() {
    for (pki, url) in [(Pki::with_ocsp(), OCSP_URL), (Pki::with_crl(), CRL_URL)] {
        for is_revoked_there in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let answer = match (url, is_revoked_there) {
                (OCSP_URL, false) => pki.ocsp(&Ocsp::good()),
                (OCSP_URL, true) => pki.ocsp(&Ocsp::revoked("20240601000000Z", 1)),
                (_, false) => pki.crl(&Crl::new(&[])),
                (_, true) => pki.crl(&Crl::new(&[(pki.serial(), "20240601000000Z", None)])),
            };
            let answers = [(url, answer)];
            let (cold, asked, _) = run(&pki, directory.path(), &answers).await;
            assert_eq!((origin(&cold), asked.len()), ("network", 1));
            let (warm, asked, problem) = run(&pki, directory.path(), &[]).await;
            assert_eq!((origin(&warm), asked.len()), ("cache", 0));
            assert_eq!(is_revoked(&warm), is_revoked_there);
            assert!(problem.is_none());
        }
    }
}

#[tokio::test]
async fn what_is_kept_is_asked_for_again_when_it_does_not_count_any_more() {
    let pki = Pki::with_crl();
    let other = Pki::with_crl();
    let directory = tempfile::tempdir().unwrap();
    let path = crl_file(directory.path());
    let good = pki.crl(&Crl::new(&[]));
    let mut expired = Crl::new(&[]);
    expired.next_update = "20260101000000Z".to_owned();
    std::fs::create_dir(directory.path().join("crl")).unwrap();
    for (content, is_problem) in [
        (file(&pki.crl(&expired)), false),
        (file(&other.crl(&Crl::new(&[]))), false),
        (file(b"no CRL"), false),
        (b"{".to_vec(), true),
        (vec![], true),
    ] {
        std::fs::write(&path, &content).unwrap();
        let (result, asked, problem) =
            run(&pki, directory.path(), &[(CRL_URL, good.clone())]).await;
        assert_eq!(origin(&result), "network");
        assert_eq!(asked, [CRL_URL], "once");
        assert_eq!(problem.is_some(), is_problem);
        // It is put right by that.
        let (result, asked, problem) = run(&pki, directory.path(), &[]).await;
        assert_eq!((origin(&result), asked.len()), ("cache", 0));
        assert!(problem.is_none());
    }
}

/// What notation writes for a CRL.
fn file(crl: &[u8]) -> Vec<u8> {
    use base64::Engine as _;

    let base64 = base64::engine::general_purpose::STANDARD.encode(crl);
    format!(r#"{{"baseCRL":"{base64}"}}"#).into_bytes()
}

fn crl_file(directory: &Path) -> std::path::PathBuf {
    let name = countersign::oci::sha256_digest(CRL_URL.as_bytes());
    directory
        .join("crl")
        .join(name.as_ref().strip_prefix("sha256:").unwrap())
}

#[tokio::test]
async fn what_does_not_count_is_not_kept() {
    let pki = both();
    let directory = tempfile::tempdir().unwrap();
    let mut expired_ocsp = Ocsp::good();
    expired_ocsp.next_update = "20260101000000Z".to_owned();
    let mut expired_crl = Crl::new(&[]);
    expired_crl.next_update = "20260101000000Z".to_owned();
    let answers = [
        (OCSP_URL, pki.ocsp(&expired_ocsp)),
        (CRL_URL, pki.crl(&expired_crl)),
    ];
    let (result, asked, _) = run(&pki, directory.path(), &answers).await;
    assert_eq!(result.status, Status::Unknown);
    assert_eq!(asked, [OCSP_URL, CRL_URL]);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_cache_that_cannot_be_used_is_a_warning() {
    let pki = both();
    let directory = tempfile::tempdir().unwrap();
    // A file where the directory would be: no user can write there, not even the superuser.
    let root = directory.path().join("file");
    std::fs::write(&root, b"").unwrap();
    let answers = [(CRL_URL, pki.crl(&Crl::new(&[])))];
    let (result, asked, problem) = run(&pki, &root, &answers).await;
    assert!(is_good(&result));
    assert_eq!(asked, [OCSP_URL, CRL_URL]);
    let problem = problem.unwrap();
    assert!(matches!(problem, CacheError::File { .. }), "{problem}");
    assert_eq!(problem.to_string(), "the revocation cache cannot be used");
}

#[tokio::test]
async fn a_kept_crl_that_is_about_others_is_asked_for_again_and_never_kept() {
    let pki = Pki::with_crl();
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = tlv(0xa0, &tlv(0xa0, &tlv(0x86, b"http://elsewhere.test/")));
    let of_others = pki.crl(&Crl::new(&[]).with(crl::scope(&elsewhere)));
    let (result, _, _) = run(&pki, directory.path(), &[(CRL_URL, of_others.clone())]).await;
    assert!(matches!(unknown(result), Error::OutOfScope { .. }));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    // As another program may have kept it.
    std::fs::create_dir(directory.path().join("crl")).unwrap();
    let path = crl_file(directory.path());
    std::fs::write(&path, file(&of_others)).unwrap();
    let right = [(CRL_URL, pki.crl(&Crl::new(&[])))];
    let (result, asked, _) = run(&pki, directory.path(), &right).await;
    assert_eq!(
        (origin(&result), &asked[..]),
        ("network", &[CRL_URL.to_owned()][..])
    );
    let (result, asked, _) = run(&pki, directory.path(), &[]).await;
    assert_eq!((origin(&result), asked.len()), ("cache", 0));
}

#[tokio::test]
async fn a_kept_ocsp_answer_whose_responder_does_not_count_is_asked_for_again() {
    let url = "http://crl.test/responders.crl";
    let pki = Pki::with_ocsp();
    let mut params = with(
        crate::support::pki::params("responder"),
        vec![crl_at(&[url])],
    );
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::OcspSigning];
    let responder = pki.root.issue(params);
    let mut answer = Ocsp::good();
    answer.certificates = vec![responder.certificate.clone()];
    let answer = answer.build(&pki.leaf.certificate, &pki.root, &responder);
    let listed = Crl::new(&[(
        responder.certificate.serial_number().to_vec(),
        "20240601000000Z",
        None,
    )]);
    let revoked = (url, pki.crl(&listed));
    let directory = tempfile::tempdir().unwrap();
    let good = (url, pki.crl(&Crl::new(&[])));
    let answers = [(OCSP_URL, answer.clone()), good];
    let (result, _, _) = run(&pki, directory.path(), &answers).await;
    assert_eq!(origin(&result), "network");
    let kept = || {
        std::fs::read_dir(directory.path().join("ocsp"))
            .unwrap()
            .count()
    };
    assert_eq!(kept(), 1);
    // The responder is revoked now: another answer is asked for, and that one decides.
    std::fs::remove_dir_all(directory.path().join("crl")).unwrap();
    let answers = [(OCSP_URL, pki.ocsp(&Ocsp::good())), revoked.clone()];
    let (result, asked, _) = run(&pki, directory.path(), &answers).await;
    assert_eq!(origin(&result), "network");
    assert!(asked.contains(&OCSP_URL.to_owned()), "{asked:?}");
    // What never counted is not kept.
    let directory = tempfile::tempdir().unwrap();
    let (result, _, _) = run(&pki, directory.path(), &[(OCSP_URL, answer), revoked]).await;
    assert!(matches!(unknown(result), Error::ResponderRevocation { .. }));
    assert!(!directory.path().join("ocsp").exists());
}
