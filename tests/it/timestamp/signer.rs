//! The certificates of what signs a stamp, and what is signed with it.

use countersign::timestamp::{Error, SignerError};
use countersign::x509::{Certificate, ChainProblem};
use countersign::{limits, timestamp, x509};
use time::Duration;
use time::macros::datetime;

use super::{Authority, MESSAGE, NOW, STAMPED};
use crate::support::pki;
use crate::support::pki::{
    Entity, OCTETS, Token, authority, custom, oid, seq, stamper, time_stamping, tlv,
};

#[test]
fn the_chain_is_found_among_the_tokens_certificates() {
    let tsa = Authority::new();
    let other = Authority::new();
    let chain = |certificates: &[&Entity]| {
        let token = Token::new(MESSAGE, certificates).build(&tsa.leaf);
        tsa.verify(&token).map(|verified| verified.chain().len())
    };
    let all = [&tsa.root, &tsa.intermediate, &tsa.leaf];
    assert_eq!(chain(&all).unwrap(), 3);
    assert_eq!(chain(&[&tsa.leaf, &tsa.intermediate]).unwrap(), 3);
    // Twice the same, and strangers of the same names.
    let strangers = [
        &other.intermediate,
        &other.leaf,
        &tsa.leaf,
        &tsa.leaf,
        &other.root,
        &tsa.intermediate,
    ];
    assert_eq!(chain(&strangers).unwrap(), 3);
    let error = chain(&[&tsa.leaf]).unwrap_err();
    assert!(
        matches!(&error, Error::UntrustedAuthority { issuer, roots: 1, .. }
            if issuer == "CN=TSA intermediate"),
        "{error}"
    );
    // A root in the token is not trusted for that.
    let token = other.token().build(&other.leaf);
    let error = tsa.verify(&token).unwrap_err();
    assert!(matches!(error, Error::UntrustedAuthority { .. }), "{error}");
    let error = chain(&[&tsa.intermediate]).unwrap_err();
    assert!(matches!(error, Error::SigningCertificateMissing), "{error}");
    let error = chain(&[]).unwrap_err();
    assert!(matches!(error, Error::CertificatesMissing), "{error}");
}

#[test]
fn an_authority_for_other_purposes_vouches_for_no_time() {
    let root = Entity::root(authority("root"));
    let verify = |purposes: Option<rcgen::CustomExtension>| {
        let mut params = authority("intermediate");
        params.custom_extensions.extend(purposes);
        let intermediate = root.issue(params);
        let leaf = intermediate.issue(stamper("TSA"));
        let token = Token::new(MESSAGE, &[&leaf, &intermediate]).build(&leaf);
        timestamp::verify(
            &token,
            MESSAGE,
            std::slice::from_ref(&root.certificate),
            NOW,
        )
        .map(drop)
    };
    let usage = |purpose: &str| custom(&[2, 5, 29, 37], false, &seq(&[&oid(purpose)]));
    assert!(verify(Some(time_stamping())).is_ok());
    assert!(verify(Some(usage("2.5.29.37.0"))).is_ok());
    let error = verify(Some(usage("1.3.6.1.5.5.7.3.3"))).unwrap_err();
    assert!(
        matches!(&error, Error::AuthorityPurpose { subject } if subject == "CN=intermediate"),
        "{error}"
    );
}

#[test]
fn extensions_that_the_specification_does_not_name_decide_nothing() {
    let root = Entity::root(authority("root"));
    let mut params = stamper("TSA");
    let unknown = custom(&[1, 2, 3, 4], true, &[5, 0]);
    params.custom_extensions.push(unknown);
    let leaf = root.issue(params);
    let token = Token::new(MESSAGE, &[&leaf]).build(&leaf);
    assert!(
        timestamp::verify(
            &token,
            MESSAGE,
            std::slice::from_ref(&root.certificate),
            NOW
        )
        .is_ok()
    );
}

#[test]
fn what_signs_must_be_for_time_stamping_and_valid_then() {
    let root = Entity::root(authority("root"));
    let genuine = root.issue(stamper("genuine"));
    let problem = |params: rcgen::CertificateParams| {
        let leaf = root.issue(params);
        // The genuine one comes first and has not signed.
        let token = Token::new(MESSAGE, &[&genuine, &leaf]).build(&leaf);
        match timestamp::verify(
            &token,
            MESSAGE,
            std::slice::from_ref(&root.certificate),
            NOW,
        ) {
            Err(Error::Chain { source }) => match *source {
                x509::Error::Chain { problem, .. } => problem,
                other => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(
        problem(pki::signer("code")),
        ChainProblem::ExtensionMissing {
            extension: "extendedKeyUsage"
        }
    ));
    let mut late = stamper("late");
    late.not_before = STAMPED + Duration::SECOND;
    assert!(matches!(
        problem(late),
        ChainProblem::NotValidAt { at, .. } if at == STAMPED
    ));
    // Expired today, and valid when it stamped.
    let mut expired = stamper("expired");
    expired.not_after = STAMPED;
    let leaf = root.issue(expired);
    let token = Token::new(MESSAGE, &[&leaf]).build(&leaf);
    assert!(
        timestamp::verify(
            &token,
            MESSAGE,
            std::slice::from_ref(&root.certificate),
            NOW
        )
        .is_ok()
    );
}

#[test]
fn everything_that_names_the_signers_certificate_agrees() {
    let tsa = Authority::new();
    let other = tsa.intermediate.certificate.clone();
    let leaf = tsa.leaf.certificate.clone();
    let is_mismatch = |change: &dyn Fn(&mut Token)| {
        let error = tsa.verify_changed(change).unwrap_err();
        assert!(
            matches!(&error, Error::SigningCertificateMismatch { subject } if subject == "CN=TSA"),
            "{error}"
        );
    };
    is_mismatch(&|token| token.attribute_names = Some(other.clone()));
    // Without issuer and serial number in the attribute the signer's identifier counts.
    is_mismatch(&|token| token.signer_names = Some(other.clone()));
    let both = tsa.verify_changed(|token| {
        token.attribute_names = Some(leaf.clone());
        token.signer_names = Some(other.clone());
    });
    assert!(both.is_ok(), "as notation, which follows the attribute");
    // The old attribute, with SHA-1, may be there too, and then must fit.
    let v1 = |certificate: &Certificate| {
        let hash = aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
            certificate.der(),
        );
        let value = seq(&[&seq(&[&seq(&[&tlv(OCTETS, hash.as_ref())])])]);
        seq(&[&oid("1.2.840.113549.1.9.16.2.12"), &tlv(0x31, &value)])
    };
    let fits = tsa.verify_changed(|token| token.attributes.push(v1(&leaf)));
    assert!(fits.is_ok());
    is_mismatch(&|token| token.attributes.push(v1(&other)));
}

#[test]
fn an_attribute_is_there_once_and_the_signers_own_time_fits() {
    let tsa = Authority::new();
    let signing_time = |text: &str| {
        let value = tlv(0x17, text.as_bytes());
        seq(&[&oid("1.2.840.113549.1.9.5"), &tlv(0x31, &value)])
    };
    let with = |times: &[&str]| {
        tsa.verify_changed(|token| {
            token.attributes = times.iter().map(|text| signing_time(text)).collect();
        })
    };
    assert!(with(&["240621120001Z"]).is_ok());
    // An attribute of a type that a UUID numbers (2.25.2^127) means nothing here.
    let unknown = tsa.verify_changed(|token| {
        let id = [&[0x69, 0x82][..], &[0x80; 17], &[0]].concat();
        let value = tlv(0x31, &[5, 0]);
        token.attributes.push(seq(&[&tlv(6, &id), &value]));
    });
    assert!(unknown.is_ok(), "{unknown:?}");
    let error = with(&["190621120001Z"]).unwrap_err();
    assert!(
        matches!(&error, Error::SigningTime { time, subject }
            if *time == datetime!(2019-06-21 12:00:01 UTC) && subject == "CN=TSA"),
        "{error}"
    );
    let error = with(&["240621120001Z", "240621120002Z"]).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Signer(SignerError::AttributeCount {
                attribute: "signingTime"
            })
        ),
        "{error}"
    );
    let error = with(&["240621120001"]).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Signer(SignerError::MalformedAttribute {
                attribute: "signingTime",
                ..
            })
        ),
        "{error}"
    );
}

#[test]
fn names_without_end_are_followed_only_so_far() {
    // Authorities of one name and one key: each one is every other's issuer.
    let crowd = Entity::root(authority("same"));
    let leaf = crowd.issue(stamper("TSA"));
    let verify = |count: usize| {
        let mut token = Token::new(MESSAGE, &[&leaf]);
        let twins = (1..count).map(|_| crowd.twin(&authority("same")));
        token.certificates.extend(twins);
        let stranger = Entity::root(authority("same"));
        let token = token.build(&leaf);
        timestamp::verify(&token, MESSAGE, &[stranger.certificate], NOW).unwrap_err()
    };
    let error = verify(limits::MAX_TIMESTAMP_CERTIFICATES);
    assert!(
        matches!(
            error,
            Error::TooMany {
                what: "possible issuers",
                limit: limits::MAX_TIMESTAMP_PATH_CHECKS
            }
        ),
        "{error}"
    );
    let error = verify(limits::MAX_TIMESTAMP_CERTIFICATES + 1);
    assert!(
        matches!(
            error,
            Error::TooMany {
                what: "certificates",
                limit: limits::MAX_TIMESTAMP_CERTIFICATES
            }
        ),
        "{error}"
    );
}
