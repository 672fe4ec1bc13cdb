//! What a CRL must be, and what it says.

use countersign::outcome::Origin;
use countersign::revocation::{Evidence, Protocol, RevocationReason, Source};
use countersign::x509;

use super::*;
use crate::support::pki::extension;

const DELTA_URL: &str = "http://crl.test/delta.crl";
const HOLD: Option<u8> = Some(6);
const REMOVE: Option<u8> = Some(8);

/// An issuing distribution point with this content.
pub(super) fn scope(content: &[u8]) -> Vec<u8> {
    extension("2.5.29.28", true, &tlv(0x30, content))
}

#[tokio::test]
async fn a_result_says_where_it_came_from_as_of_when_and_until_when() {
    let pki = Pki::with_crl();
    let evidence = Evidence {
        source: Source {
            protocol: Protocol::Crl,
            url: CRL_URL.to_owned(),
        },
        origin: Origin::Asked,
        as_of: datetime!(2024-01-01 00:00 UTC),
        until: Some(datetime!(2100-01-01 00:00 UTC)),
    };
    let good = pki.check(&[(CRL_URL, pki.crl(&Crl::new(&[])))]).await;
    assert_eq!(good.status, Status::Good(evidence.clone()));
    assert_eq!(good.subject, "CN=leaf");
    assert!(good.failures.is_empty());
    let list = Crl::new(&[
        (vec![5], "20240601000000Z", None),
        (pki.serial(), "20240601000000Z", Some(1)),
    ]);
    let revoked = pki.check(&[(CRL_URL, pki.crl(&list))]).await;
    assert_eq!(
        revoked.status,
        Status::Revoked {
            evidence,
            at: datetime!(2024-06-01 00:00 UTC),
            reason: RevocationReason::KeyCompromise,
        }
    );
}

#[tokio::test]
async fn a_delta_crl_changes_its_base() {
    let pki = Pki::with_crl();
    let at = "20240601000000Z";
    let held = Crl::new(&[(pki.serial(), at, HOLD)]);
    let removed = [(pki.serial(), "20240701000000Z", REMOVE)];
    let base = pki.crl(&held.number(5).freshest(&[DELTA_URL]));
    let delta = |crl: Crl| pki.crl(&crl);
    for (crl, wanted) in [
        (Crl::new(&removed).number(6).delta(5), None),
        (Crl::new(&removed).number(6).delta(1), None),
        (
            Crl::new(&removed).number(5).delta(5),
            Some("the delta CRL does not fit its base: its number is not above that of the base"),
        ),
        (
            Crl::new(&removed).number(7).delta(6),
            Some("the delta CRL does not fit its base: it is for a later base"),
        ),
        (
            Crl::new(&removed).delta(5),
            Some("the delta CRL does not fit its base: it has no number"),
        ),
        (
            Crl::new(&removed).number(6),
            Some("a whole CRL was sent, wanted a delta CRL"),
        ),
        (
            Crl::new(&removed).number(6).delta(5).with(scope(&[])),
            Some("the delta CRL does not fit its base: its scope is another"),
        ),
    ] {
        let answers = [(CRL_URL, base.clone()), (DELTA_URL, delta(crl))];
        let result = pki.check(&answers).await;
        match wanted {
            None => assert!(is_good(&result), "{:?}", result.failures),
            Some(wanted) => assert_eq!(unknown(result).to_string(), wanted),
        }
    }
    let error = unknown(pki.check(&[(CRL_URL, base)]).await);
    assert!(matches!(error, Error::Fetch { .. }), "{error}");
}

#[tokio::test]
async fn a_delta_crls_end_is_the_results_end() {
    let pki = Pki::with_crl();
    let base = pki.crl(&Crl::new(&[]).number(5).freshest(&[DELTA_URL]));
    let mut delta = Crl::new(&[]).number(6).delta(5);
    delta.this_update = "20260101000000Z".to_owned();
    delta.next_update = "20270101000000Z".to_owned();
    let answers = [(CRL_URL, base), (DELTA_URL, pki.crl(&delta))];
    let Status::Good(evidence) = pki.check(&answers).await.status else {
        panic!("not good");
    };
    assert_eq!(evidence.as_of, datetime!(2026-01-01 00:00 UTC));
    assert_eq!(evidence.until, Some(datetime!(2027-01-01 00:00 UTC)));
}

#[tokio::test]
async fn an_address_in_a_crl_that_nobody_signed_is_not_asked() {
    let pki = Pki::with_crl();
    let other = Pki::with_crl();
    let forged = other.crl(&Crl::new(&[]).number(5).freshest(&["http://inside.test/"]));
    let stored = Arc::new(Stored::new(&[(CRL_URL, forged)]));
    let checker = Checker::new(Arc::clone(&stored) as Arc<dyn Fetch>);
    let result = check(&pki.chain(), None, &checker).await;
    assert!(matches!(result.verdict(), Verdict::Unknown(_)));
    assert_eq!(stored.asked(), [CRL_URL]);
}

#[tokio::test]
async fn a_crl_of_another_or_by_another_does_not_count() {
    let pki = Pki::with_crl();
    let stranger = Entity::root(authority("stranger"));
    let same_name = Entity::root(authority("root"));
    let crl = Crl::new(&[]);
    let error = unknown(pki.check(&[(CRL_URL, crl.build(&stranger))]).await);
    assert!(
        matches!(&error, Error::IssuerMismatch { subject } if subject == "CN=root"),
        "{error}"
    );
    let error = unknown(pki.check(&[(CRL_URL, crl.build(&same_name))]).await);
    assert!(
        matches!(&error, Error::Signature { subject, .. } if subject == "CN=root"),
        "{error}"
    );
}

#[tokio::test]
async fn a_signature_over_a_broken_hash_does_not_count() {
    let pki = Pki::with_crl();
    let mut crl = Crl::new(&[]);
    crl.algorithm = seq(&[&oid("1.2.840.10045.4.1")]);
    let error = unknown(pki.check(&[(CRL_URL, pki.crl(&crl))]).await);
    let Error::Signature { source, .. } = &error else {
        panic!("{error}");
    };
    assert!(
        matches!(
            **source,
            x509::Error::BrokenHash {
                algorithm: "ECDSA with SHA-1"
            }
        ),
        "{source}"
    );
}

#[tokio::test]
async fn an_issuer_that_may_not_sign_crls_signs_none() {
    let mut params = authority("root");
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    let root = Entity::root(params);
    let leaf = root.issue(with(signer("leaf"), vec![crl_at(&[CRL_URL])]));
    let pki = Pki { root, leaf };
    let error = unknown(pki.check(&[(CRL_URL, pki.crl(&Crl::new(&[])))]).await);
    assert!(
        matches!(&error, Error::IssuerMayNotSign { subject } if subject == "CN=root"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_crl_leaves_out_is_not_good() {
    let pki = Pki::with_crl();
    let at_point = tlv(0xa0, &tlv(0xa0, &tlv(0x86, CRL_URL.as_bytes())));
    let elsewhere = tlv(0xa0, &tlv(0xa0, &tlv(0x86, b"http://elsewhere.test/")));
    let yes = |tag: u8| tlv(tag, &[0xff]);
    for (content, wanted) in [
        (vec![], None),
        (at_point, None),
        // End entities, of which this is one.
        (yes(0x81), None),
        (elsewhere, Some("it is for another distribution point")),
        (yes(0x82), Some("it is for certificate authorities only")),
        (
            tlv(0x83, &[6, 0x40]),
            Some("it is for some reasons of revocation only"),
        ),
        (
            yes(0x84),
            Some("it is an indirect CRL, which is not supported"),
        ),
        (yes(0x85), Some("it is for attribute certificates only")),
    ] {
        let crl = pki.crl(&Crl::new(&[]).with(scope(&content)));
        let result = pki.check(&[(CRL_URL, crl)]).await;
        match wanted {
            None => assert!(is_good(&result), "{:?}", result.failures),
            Some(wanted) => {
                let error = unknown(result);
                assert!(
                    matches!(error, Error::OutOfScope { reason } if reason == wanted),
                    "{error}"
                );
            }
        }
    }
    // What is listed for some reasons only is revoked anyway.
    let listed = Crl::new(&[(pki.serial(), "20240601000000Z", Some(1))]);
    let crl = pki.crl(&listed.with(scope(&tlv(0x83, &[6, 0x40]))));
    assert!(is_revoked(&pki.check(&[(CRL_URL, crl)]).await));
}

#[tokio::test]
async fn a_list_of_end_entities_says_nothing_about_an_authority() {
    let root = Entity::root(authority("root"));
    let intermediate = root.issue(with(authority("intermediate"), vec![crl_at(&[CRL_URL])]));
    let leaf = intermediate.issue(signer("leaf"));
    let chain = [&leaf, &intermediate, &root].map(|entity| entity.certificate.clone());
    for (tag, is_known) in [(0x81, false), (0x82, true)] {
        let crl = Crl::new(&[]).with(scope(&tlv(tag, &[0xff]))).build(&root);
        let checker = Checker::new(Arc::new(Stored::new(&[(CRL_URL, crl)])));
        let result = check(&chain, None, &checker).await;
        assert_eq!(is_good(&result.certificates[1]), is_known);
    }
}

#[tokio::test]
async fn a_point_for_some_reasons_or_of_another_issuer_proves_nothing_good() {
    let uri = tlv(0xa0, &tlv(0xa0, &tlv(0x86, CRL_URL.as_bytes())));
    let name = tlv(0xa4, &seq(&[]));
    for (more, wanted) in [
        (
            tlv(0x81, &[6, 0x40]),
            "it is for some reasons of revocation only",
        ),
        (tlv(0xa2, &name), "it is for another issuer's CRL"),
    ] {
        let points = seq(&[&seq(&[&uri, &more])]);
        let pki = Pki::new(vec![custom(&[2, 5, 29, 31], false, &points)]);
        let error = unknown(pki.check(&[(CRL_URL, pki.crl(&Crl::new(&[])))]).await);
        assert!(
            matches!(error, Error::OutOfScope { reason } if reason == wanted),
            "{error}"
        );
    }
}

#[tokio::test]
async fn every_point_is_asked_and_a_revocation_outweighs() {
    let second = "http://crl2.test/leaf.crl";
    let one = |url: &str| seq(&[&tlv(0xa0, &tlv(0xa0, &tlv(0x86, url.as_bytes())))]);
    let points = seq(&[&one(CRL_URL), &one(second)]);
    let pki = Pki::new(vec![custom(&[2, 5, 29, 31], false, &points)]);
    let good = pki.crl(&Crl::new(&[]));
    let revoked = pki.crl(&Crl::new(&[(pki.serial(), "20240601000000Z", None)]));
    for answers in [
        &[(CRL_URL, good.clone()), (second, revoked.clone())][..],
        &[(CRL_URL, revoked.clone()), (second, good.clone())],
        &[(second, revoked)],
    ] {
        assert!(is_revoked(&pki.check(answers).await));
    }
    let result = pki.check(&[(second, good)]).await;
    assert!(is_good(&result));
    assert_eq!(result.failures.len(), 1);
    assert_eq!(result.failures[0].url.as_deref(), Some(CRL_URL));
}

#[tokio::test]
async fn addresses_are_asked_to_the_limit() {
    let urls = |count: usize| -> Vec<String> {
        (1..count)
            .map(|n| format!("http://dead{n}.test/"))
            .chain([CRL_URL.to_owned()])
            .collect()
    };
    let limit = countersign::limits::MAX_REVOCATION_URLS;
    for (count, is_known) in [(limit, true), (limit + 1, false)] {
        let urls = urls(count);
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let pki = Pki::new(vec![crl_at(&urls)]);
        let result = pki.check(&[(CRL_URL, pki.crl(&Crl::new(&[])))]).await;
        assert_eq!(is_good(&result), is_known);
        if !is_known {
            let error = unknown(result);
            assert!(
                matches!(error, Error::TooManyAddresses { found } if found == limit + 1),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_point_without_an_address_is_not_nowhere_to_ask() {
    let points = seq(&[&seq(&[])]);
    let pki = Pki::new(vec![custom(&[2, 5, 29, 31], false, &points)]);
    let error = unknown(pki.check(&[]).await);
    assert!(
        matches!(
            error,
            Error::OutOfScope {
                reason: "its distribution point has no address"
            }
        ),
        "{error}"
    );
    // And an extension that cannot be read is not one that is not there.
    for id in [&[2, 5, 29, 31][..], &[1, 3, 6, 1, 5, 5, 7, 1, 1]] {
        let pki = Pki::new(vec![custom(id, false, &[0x30, 1])]);
        let error = unknown(pki.check(&[]).await);
        assert!(matches!(error, Error::Addresses { .. }), "{error}");
    }
}
