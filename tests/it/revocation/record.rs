//! What is stored for a check without a network, and what counts of it there.

use std::path::Path;

use countersign::revocation::{GatheredCertificate, gather_chain};

use super::*;

const OTHER_OCSP_URL: &str = "http://other-ocsp.test/";
const OTHER_CRL_URL: &str = "http://other-crl.test/leaf.crl";

/// With two responders, and a CRL at two addresses.
fn several() -> Pki {
    Pki::new(vec![
        ocsp_at(&[OCSP_URL, OTHER_OCSP_URL]),
        crl_at(&[CRL_URL, OTHER_CRL_URL]),
    ])
}

/// What a fetch into `directory` finds about the leaf.
async fn fetch(
    pki: &Pki,
    directory: &Path,
    answers: &[(&str, Vec<u8>)],
) -> (GatheredCertificate, Vec<String>) {
    let source = Arc::new(Stored::new(answers));
    let checker = Checker::new(Arc::clone(&source) as Arc<dyn Fetch>)
        .with_record(revocation::AnswerDirectory::new(directory));
    let purpose = Purpose::CodeSigning;
    let gathered = gather_chain(&pki.chain(), purpose, None, &checker, NOW).await;
    let mut asked = source.asked();
    asked.sort();
    (gathered.unwrap().remove(0), asked)
}

/// The result for the leaf with what was stored in `directory`.
async fn check_stored(pki: &Pki, directory: &Path) -> CertificateRevocation {
    let checker = Checker::stored(revocation::AnswerDirectory::new(directory));
    let result = check(&pki.chain(), None, &checker).await;
    result.certificates.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_revocation_counts_whoever_knows_of_it_and_whatever_was_stored_before() {
    let pki = several();
    let good_ocsp = || pki.ocsp(&Ocsp::good());
    let good_crl = || pki.crl(&Crl::new(&[]));
    let revoked_ocsp = || pki.ocsp(&Ocsp::revoked("20240601000000Z", 1));
    let revoked_crl = || pki.crl(&Crl::new(&[(pki.serial(), "20240601000000Z", None)]));
    for (url, revoked) in [
        (OCSP_URL, revoked_ocsp()),
        (OTHER_OCSP_URL, revoked_ocsp()),
        (CRL_URL, revoked_crl()),
        (OTHER_CRL_URL, revoked_crl()),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let all = [
            (OCSP_URL, good_ocsp()),
            (OTHER_OCSP_URL, good_ocsp()),
            (CRL_URL, good_crl()),
            (OTHER_CRL_URL, good_crl()),
        ];
        let (gathered, asked) = fetch(&pki, directory.path(), &all).await;
        assert!(is_good(&gathered.ocsp) && is_good(&gathered.crl));
        assert_eq!(
            asked,
            [CRL_URL, OCSP_URL, OTHER_CRL_URL, OTHER_OCSP_URL],
            "everybody"
        );
        assert!(is_good(&check_stored(&pki, directory.path()).await));
        // Only one of them answers now.
        fetch(&pki, directory.path(), &[(url, revoked)]).await;
        let result = check_stored(&pki, directory.path()).await;
        assert!(is_revoked(&result), "{url}: {result:?}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_count_leaves_what_is_stored() {
    let pki = several();
    let directory = tempfile::tempdir().unwrap();
    let good = [
        (OCSP_URL, pki.ocsp(&Ocsp::good())),
        (CRL_URL, pki.crl(&Crl::new(&[]))),
    ];
    fetch(&pki, directory.path(), &good).await;
    let mut expired = Ocsp::good();
    expired.next_update = "20260101000000Z".to_owned();
    let mut expired_crl = Crl::new(&[]);
    expired_crl.next_update = "20260101000000Z".to_owned();
    let try_later = vec![0x30, 3, 0x0a, 1, 3];
    for (ocsp, crl) in [
        (b"junk".to_vec(), b"junk".to_vec()),
        (try_later, vec![]),
        (pki.ocsp(&expired), pki.crl(&expired_crl)),
    ] {
        let answers = [(OCSP_URL, ocsp), (CRL_URL, crl)];
        let (gathered, _) = fetch(&pki, directory.path(), &answers).await;
        assert!(!gathered.is_known(), "{gathered:?}");
        let result = check_stored(&pki, directory.path()).await;
        assert!(is_good(&result), "{result:?}");
    }
    // Nothing is stored of what never counted.
    let empty = tempfile::tempdir().unwrap();
    fetch(&pki, empty.path(), &[(OCSP_URL, b"junk".to_vec())]).await;
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_responder_that_does_not_know_the_certificate_any_more_is_believed() {
    let pki = Pki::with_ocsp();
    let directory = tempfile::tempdir().unwrap();
    let good = [(OCSP_URL, pki.ocsp(&Ocsp::good()))];
    fetch(&pki, directory.path(), &good).await;
    let mut does_not_know = Ocsp::good();
    does_not_know.status = tlv(0x82, &[]);
    let unknown_there = [(OCSP_URL, pki.ocsp(&does_not_know))];
    fetch(&pki, directory.path(), &unknown_there).await;
    let result = check_stored(&pki, directory.path()).await;
    assert!(matches!(unknown(result), Error::UnknownCertificate));
}
