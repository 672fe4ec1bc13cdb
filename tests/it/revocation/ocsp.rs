//! What an OCSP answer must be, and what it says.

use countersign::outcome::Origin;
use countersign::revocation::{Evidence, Protocol, RevocationReason, Source};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

use super::*;
use crate::support::pki::{extension, params};

/// Parameters of what answers for an authority.
fn responder(extensions: Vec<CustomExtension>) -> CertificateParams {
    let mut params = with(params("responder"), extensions);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    params
}

impl Pki {
    /// The result if `responder`, whose certificate is sent along, says good.
    async fn check_answered_by(
        &self,
        responder: &Entity,
        more: &[(&str, Vec<u8>)],
    ) -> CertificateRevocation {
        let mut ocsp = Ocsp::good();
        ocsp.certificates = vec![self.leaf.certificate.clone(), responder.certificate.clone()];
        let answer = ocsp.build(&self.leaf.certificate, &self.root, responder);
        let answers = [&[(OCSP_URL, answer)], more].concat();
        self.check(&answers).await
    }
}

#[tokio::test]
async fn a_result_says_where_it_came_from_as_of_when_and_until_when() {
    let pki = Pki::with_ocsp();
    let evidence = Evidence {
        source: Source {
            protocol: Protocol::Ocsp,
            url: OCSP_URL.to_owned(),
        },
        origin: Origin::Asked,
        as_of: datetime!(2024-01-01 00:00 UTC),
        until: Some(datetime!(2100-01-01 00:00 UTC)),
    };
    let good = pki.check(&[(OCSP_URL, pki.ocsp(&Ocsp::good()))]).await;
    assert_eq!(good.status, Status::Good(evidence.clone()));
    let revoked = pki.ocsp(&Ocsp::revoked("20240601000000Z", 4));
    assert_eq!(
        pki.check(&[(OCSP_URL, revoked)]).await.status,
        Status::Revoked {
            evidence,
            at: datetime!(2024-06-01 00:00 UTC),
            reason: RevocationReason::Superseded,
        }
    );
}

#[tokio::test]
async fn a_responder_is_one_that_the_issuer_made() {
    let pki = Pki::with_ocsp();
    let is_accepted = |params: CertificateParams| {
        let responder = pki.root.issue(params);
        let pki = &pki;
        async move { pki.check_answered_by(&responder, &[]).await }
    };
    assert!(is_good(&is_accepted(responder(vec![])).await));
    let reason = |result| match unknown(result) {
        Error::ResponderUnauthorized { subject, reason } => {
            assert_eq!(subject, "CN=responder");
            reason
        }
        error => panic!("{error}"),
    };
    let mut no_purpose = responder(vec![]);
    no_purpose.extended_key_usages.clear();
    let lacks = "its certificate lacks the extended key usage `OCSPSigning`";
    assert_eq!(reason(is_accepted(no_purpose).await), lacks);
    let mut any_purpose = responder(vec![]);
    any_purpose.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    assert_eq!(reason(is_accepted(any_purpose).await), lacks);
    let mut expired = responder(vec![]);
    expired.not_after = NOW - time::Duration::SECOND;
    assert_eq!(
        reason(is_accepted(expired).await),
        "its certificate is not valid now"
    );
    // Another authority of the same name.
    let stranger = Entity::root(authority("root")).issue(responder(vec![]));
    assert_eq!(
        reason(pki.check_answered_by(&stranger, &[]).await),
        "another issued its certificate"
    );
    // The checked certificate speaks for itself.
    let itself = pki.check_answered_by(&pki.leaf, &[]).await;
    assert!(
        matches!(unknown(itself), Error::ResponderUnauthorized { reason, .. } if reason == lacks)
    );
}

#[tokio::test]
async fn a_responder_without_exemption_is_checked_with_its_crl() {
    let url = "http://crl.test/responders.crl";
    let pki = Pki::with_ocsp();
    let no_check = custom(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], false, &[5, 0]);
    let exempt = pki.root.issue(responder(vec![no_check, crl_at(&[url])]));
    assert!(is_good(&pki.check_answered_by(&exempt, &[]).await));

    let checked = pki.root.issue(responder(vec![crl_at(&[url])]));
    let serial_number = checked.certificate.serial_number().to_vec();
    let good = (url, pki.crl(&Crl::new(&[])));
    assert!(is_good(&pki.check_answered_by(&checked, &[good]).await));
    let listed = Crl::new(&[(serial_number, "20240601000000Z", None)]);
    let result = pki
        .check_answered_by(&checked, &[(url, pki.crl(&listed))])
        .await;
    assert!(matches!(
        unknown(result),
        Error::ResponderRevocation { source: None, .. }
    ));
    let result = pki.check_answered_by(&checked, &[]).await;
    assert!(matches!(
        unknown(result),
        Error::ResponderRevocation {
            source: Some(_),
            ..
        }
    ));
}

#[tokio::test]
async fn an_answer_is_for_this_certificate_of_this_issuer() {
    let pki = Pki::with_ocsp();
    let stranger = Entity::root(authority("stranger"));
    let ocsp = Ocsp::good();
    let other_serial = pki.root.issue(signer("other"));
    for answer in [
        ocsp.build(&other_serial.certificate, &pki.root, &pki.root),
        ocsp.build(&pki.leaf.certificate, &stranger, &pki.root),
        ocsp.build_of(&[], &pki.root),
    ] {
        let error = unknown(pki.check(&[(OCSP_URL, answer)]).await);
        assert!(matches!(error, Error::OtherCertificate), "{error}");
    }
    // Of several the right one counts, and of several right ones a revocation.
    let other = ocsp.single(&other_serial.certificate, &pki.root);
    let good = ocsp.single(&pki.leaf.certificate, &pki.root);
    let revoked = Ocsp::revoked("20240601000000Z", 1).single(&pki.leaf.certificate, &pki.root);
    let together = |singles: &[&[u8]]| ocsp.build_of(&singles.concat(), &pki.root);
    let result = pki.check(&[(OCSP_URL, together(&[&other, &good]))]).await;
    assert!(is_good(&result));
    for singles in [[&*good, &revoked], [&revoked, &good]] {
        let result = pki.check(&[(OCSP_URL, together(&singles))]).await;
        assert!(is_revoked(&result));
    }
}

#[tokio::test]
async fn an_answers_extensions_are_understood() {
    let pki = Pki::with_ocsp();
    let invalid_since = tlv(0x18, b"20240301000000Z");
    let mut ocsp = Ocsp::revoked("20240601000000Z", 1);
    ocsp.extensions = vec![extension("2.5.29.24", true, &invalid_since)];
    let answers = [(OCSP_URL, pki.ocsp(&ocsp))];
    let at = datetime!(2024-03-01 00:00 UTC);
    let before = at - time::Duration::SECOND;
    assert!(is_good(&pki.check_signed_at(Some(before), &answers).await));
    assert!(is_revoked(&pki.check_signed_at(Some(at), &answers).await));
    assert!(is_revoked(&pki.check(&answers).await));

    let mut ocsp = Ocsp::good();
    ocsp.extensions = vec![extension("1.2.3.4", true, &[5, 0])];
    let error = unknown(pki.check(&[(OCSP_URL, pki.ocsp(&ocsp))]).await);
    assert!(
        matches!(&error, Error::CriticalExtension { oid } if oid == "1.2.3.4"),
        "{error}"
    );
    ocsp.extensions = vec![extension("1.2.3.4", false, &[5, 0]); 2];
    let error = unknown(pki.check(&[(OCSP_URL, pki.ocsp(&ocsp))]).await);
    assert!(
        matches!(&error, Error::MalformedExtension { oid } if oid == "1.2.3.4"),
        "{error}"
    );
}

#[tokio::test]
async fn an_authentic_signing_time_says_nothing_about_the_responder() {
    // The responder was compromised after the signing time, and can say what it likes today.
    let url = "http://crl.test/responders.crl";
    let pki = Pki::with_ocsp();
    let compromised = pki.root.issue(responder(vec![crl_at(&[url])]));
    let mut ocsp = Ocsp::good();
    ocsp.certificates = vec![compromised.certificate.clone()];
    let answer = ocsp.build(&pki.leaf.certificate, &pki.root, &compromised);
    let serial_number = compromised.certificate.serial_number().to_vec();
    let list = Crl::new(&[(serial_number, "20240601000000Z", Some(1))]);
    let answers = [(OCSP_URL, answer), (url, pki.crl(&list))];
    let signed = datetime!(2022-01-01 00:00 UTC);
    let result = pki.check_signed_at(Some(signed), &answers).await;
    assert!(matches!(unknown(result), Error::ResponderRevocation { .. }));
}
