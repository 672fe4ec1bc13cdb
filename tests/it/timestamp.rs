//! Time stamps: made by a test's own authority, changed in one place, and asked for over loopback.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is not as expected is a failed test"
)]

use std::sync::Arc;

use countersign::algorithm::HashAlgorithm;
use countersign::http;
use countersign::limits;
use countersign::timestamp::{self, Error, Request, VerifiedTimestamp};
use countersign::x509::{self, Certificate, ChainProblem};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::pki::{
    self, Entity, OCTETS, SEQUENCE, Token, authority, custom, granted, oid, seq, stamper,
    time_stamping, tlv,
};

const MESSAGE: &[u8] = b"the value of a signature";
const NOW: OffsetDateTime = datetime!(2026-11-22 00:00 UTC);
const STAMPED: OffsetDateTime = datetime!(2024-06-21 12:00 UTC);

/// A root, an intermediate and what signs time stamps.
struct Authority {
    root: Entity,
    intermediate: Entity,
    leaf: Entity,
}

impl Authority {
    fn new() -> Self {
        let root = Entity::root(authority("TSA root"));
        let intermediate = root.issue(authority("TSA intermediate"));
        let leaf = intermediate.issue(stamper("TSA"));
        Self {
            root,
            intermediate,
            leaf,
        }
    }

    fn token(&self) -> Token {
        Token::new(MESSAGE, &[&self.leaf, &self.intermediate])
    }

    fn roots(&self) -> Vec<Certificate> {
        vec![self.root.certificate.clone()]
    }

    fn verify(&self, token: &[u8]) -> Result<VerifiedTimestamp, Error> {
        timestamp::verify(token, MESSAGE, &self.roots(), NOW)
    }

    /// Verifies a token that is changed before it is made.
    fn verify_changed(&self, change: impl FnOnce(&mut Token)) -> Result<VerifiedTimestamp, Error> {
        let mut token = self.token();
        change(&mut token);
        self.verify(&token.build(&self.leaf))
    }
}

#[test]
fn a_stamp_gives_the_range_of_time_and_the_chain() {
    let tsa = Authority::new();
    let verified = tsa
        .verify_changed(|token| {
            token.time = "20240621120000.25Z".to_owned();
            // Two seconds, three thousandths and four millionths.
            token.accuracy = Some(vec![2, 1, 2, 0x80, 1, 3, 0x81, 1, 4]);
        })
        .unwrap();
    let generated_at = STAMPED + Duration::milliseconds(250);
    let accuracy = Duration::microseconds(2_003_004);
    assert_eq!(verified.generated_at(), generated_at);
    assert_eq!(verified.earliest(), generated_at - accuracy);
    assert_eq!(verified.latest(), generated_at + accuracy);
    let chain = [&tsa.leaf, &tsa.intermediate, &tsa.root].map(|e| e.certificate.clone());
    assert_eq!(verified.chain(), chain);
}

#[test]
fn accuracy_is_one_second_under_the_baseline_policy_and_else_none() {
    let tsa = Authority::new();
    let accuracy = |change: fn(&mut Token)| {
        let verified = tsa.verify_changed(change).unwrap();
        assert_eq!(verified.latest() - STAMPED, STAMPED - verified.earliest());
        verified.latest() - STAMPED
    };
    assert_eq!(accuracy(|_| ()), Duration::ZERO);
    assert_eq!(
        accuracy(|token| token.policy = "0.4.0.2023.1.1"),
        Duration::SECOND
    );
    let zero_under_baseline = |token: &mut Token| {
        token.policy = "0.4.0.2023.1.1";
        token.accuracy = Some(vec![2, 1, 0]);
    };
    assert_eq!(accuracy(zero_under_baseline), Duration::SECOND);
    let stated_under_baseline = |token: &mut Token| {
        token.policy = "0.4.0.2023.1.1";
        token.accuracy = Some(vec![0x80, 1, 5]);
    };
    assert_eq!(accuracy(stated_under_baseline), Duration::milliseconds(5));
    // 999 thousandths are the most that may be said.
    let thousandths =
        |low: u8| tsa.verify_changed(|token| token.accuracy = Some(vec![0x80, 2, 3, low]));
    assert_eq!(
        thousandths(0xe7).unwrap().latest() - STAMPED,
        Duration::milliseconds(999)
    );
    let error = thousandths(0xe8).unwrap_err();
    assert!(matches!(error, Error::MalformedTstInfo { .. }), "{error}");
}

/// `content` in an element of indefinite length.
fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

#[test]
fn ber_is_read_as_the_der_that_it_stands_for() {
    let tsa = Authority::new();
    let token = tsa.token();
    let der = token.build(&tsa.leaf);
    let wanted = tsa.verify(&der).unwrap();
    let outer = |signed_data: &[u8]| {
        indefinite(
            SEQUENCE,
            &[oid("1.2.840.113549.1.7.2"), indefinite(0xa0, signed_data)].concat(),
        )
    };
    // Indefinite lengths all around.
    let fields = token.fields(&tsa.leaf);
    let all_indefinite = outer(&indefinite(SEQUENCE, &fields.concat()));
    assert_eq!(tsa.verify(&all_indefinite).unwrap(), wanted);
    // The content in pieces.
    let info = token.info();
    let (first, second) = info.split_at(10);
    let pieces = [tlv(OCTETS, first), tlv(OCTETS, second)].concat();
    let mut fields = token.fields(&tsa.leaf);
    fields[2] = seq(&[
        &oid("1.2.840.113549.1.9.16.1.4"),
        &indefinite(0xa0, &indefinite(0x24, &pieces)),
    ]);
    let in_pieces = outer(&tlv(SEQUENCE, &fields.concat()));
    assert_eq!(tsa.verify(&in_pieces).unwrap(), wanted);
    // A length in more octets than needed.
    assert_eq!(der[..2], [0x30, 0x82]);
    let long = [&[0x30, 0x84, 0, 0], &der[2..]].concat();
    assert_eq!(tsa.verify(&long).unwrap(), wanted);
    // Attributes that are signed in DER's order and sent in another.
    let unordered = tsa.verify_changed(|token| token.reversed = true);
    assert_eq!(unordered.unwrap(), wanted);
}

#[test]
fn there_is_one_signer() {
    let tsa = Authority::new();
    for found in [0, 2] {
        let error = tsa
            .verify_changed(|token| token.signers = found)
            .unwrap_err();
        assert!(
            matches!(error, Error::SignerCount { found: count } if count == found),
            "{error}"
        );
    }
}

#[test]
fn a_stamp_is_for_one_signature_and_ends_where_it_ends() {
    let tsa = Authority::new();
    let token = tsa.token().build(&tsa.leaf);
    let other = timestamp::verify(&token, b"another", &tsa.roots(), NOW).unwrap_err();
    assert!(matches!(other, Error::ImprintMismatch), "{other}");
    let error = tsa.verify(&[token, vec![0]].concat()).unwrap_err();
    assert!(
        matches!(error, Error::TrailingBytes { bytes: 1 }),
        "{error}"
    );
    let error = tsa
        .verify_changed(|token| token.tail = vec![5, 0])
        .unwrap_err();
    assert!(matches!(error, Error::MalformedTstInfo { .. }), "{error}");
    let error = tsa
        .verify(&granted(&tsa.token().build(&tsa.leaf)))
        .unwrap_err();
    assert!(matches!(error, Error::MalformedCms { .. }), "{error}");
}

#[test]
fn a_time_from_the_future_is_refused_with_room_for_clocks_and_accuracy() {
    let tsa = Authority::new();
    let token = tsa.token().build(&tsa.leaf);
    let skew = Duration::try_from(limits::CLOCK_SKEW).unwrap();
    let at = |now| timestamp::verify(&token, MESSAGE, &tsa.roots(), now);
    assert_eq!(at(STAMPED - skew).unwrap().generated_at(), STAMPED);
    let early = STAMPED - skew - Duration::SECOND;
    let error = at(early).unwrap_err();
    assert!(
        matches!(error, Error::FromTheFuture { generated_at, now }
            if generated_at == STAMPED && now == early),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "time stamp says `2024-06-21T12:00:00Z`, which is later than now, `2024-06-21T11:54:59Z`"
    );
    // What is certain is only the earliest time that the stamp allows.
    let mut token = tsa.token();
    token.accuracy = Some(vec![2, 1, 1]);
    let token = token.build(&tsa.leaf);
    assert!(timestamp::verify(&token, MESSAGE, &tsa.roots(), early).is_ok());
}

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
            Error::AttributeCount {
                attribute: "signingTime"
            }
        ),
        "{error}"
    );
    let error = with(&["240621120001"]).unwrap_err();
    assert!(
        matches!(
            error,
            Error::MalformedAttribute {
                attribute: "signingTime",
                ..
            }
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

#[test]
fn the_whole_range_lies_within_the_signatures_certificates() {
    let tsa = Authority::new();
    let root = Entity::root(authority("root"));
    let check = |not_before, not_after| {
        let mut params = pki::signer("signer");
        params.not_before = not_before;
        params.not_after = not_after;
        let chain = [root.issue(params).certificate, root.certificate.clone()];
        let verified = tsa
            .verify_changed(|token| token.accuracy = Some(vec![2, 1, 1]))
            .unwrap();
        verified.check_validity(&chain)
    };
    let second = Duration::SECOND;
    assert!(check(STAMPED - second, STAMPED + second).is_ok());
    for (not_before, not_after) in [(STAMPED, STAMPED + second), (STAMPED - second, STAMPED)] {
        let error = check(not_before, not_after).unwrap_err();
        assert!(
            matches!(&error, Error::OutsideValidity { subject, .. } if subject == "CN=signer"),
            "{error}"
        );
    }
}

/// What an authority over loopback does: reads the request and stamps what it asks for, or something
/// else.
fn stamp(tsa: &Authority, request: &Seen, change: impl FnOnce(&mut Token)) -> Vec<u8> {
    let mut token = Token::new(b"", &[&tsa.leaf, &tsa.intermediate]);
    // 20 bytes of the nonce before the last 3 of the request, 32 of the hash before its 2.
    let end = request.body.len() - 3;
    token.nonce = Some(request.body[end - 20..end].to_vec());
    token.hash = request.body[end - 54..end - 22].to_vec();
    change(&mut token);
    granted(&token.build(&tsa.leaf))
}

async fn ask(
    server: &Hostile,
    tsa: &Authority,
    scheme: &str,
) -> Result<(Vec<u8>, VerifiedTimestamp), Error> {
    let url: Url = format!("{scheme}://tsa.example/stamp?key=secret")
        .parse()
        .unwrap();
    let algorithm = HashAlgorithm::Sha256;
    timestamp::request(&server.pool(), &url, MESSAGE, algorithm, &tsa.roots(), NOW).await
}

#[tokio::test]
async fn an_authority_is_asked_and_its_answer_checked() {
    let tsa = Arc::new(Authority::new());
    for status in [200, 201] {
        let stamping = Arc::clone(&tsa);
        let server = Hostile::start(move |seen| {
            Reply::status(status)
                .header("Content-Type", "application/timestamp-reply")
                .body(stamp(&stamping, seen, |_| ()))
        });
        for scheme in ["http", "https"] {
            let (token, verified) = ask(&server, &tsa, scheme).await.unwrap();
            assert_eq!(tsa.verify(&token).unwrap(), verified);
        }
        let seen = &server.seen()[0];
        assert_eq!(seen.line(), "POST /stamp");
        assert_eq!(
            seen.header("content-type"),
            Some("application/timestamp-query")
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused() {
    type Answer = fn(&Authority, &Seen) -> Reply;
    let cases: [(Answer, &str); 8] = [
        (
            |_, _| Reply::status(500),
            "the time-stamping authority `https://tsa.example/stamp?...` answered with status 500",
        ),
        (
            |_, _| Reply::redirect("https://tsa.example/other"),
            "the time-stamping authority `https://tsa.example/stamp?...` answered with status 307",
        ),
        (
            |tsa, seen| Reply::ok("text/html", stamp(tsa, seen, |_| ())),
            "the time-stamping authority `https://tsa.example/stamp?...` answered with content \
             type `text/html`, wanted `application/timestamp-reply`",
        ),
        (
            |tsa, seen| {
                let body = stamp(tsa, seen, |token| token.hash = vec![7; 32]);
                Reply::ok("application/timestamp-reply", body)
            },
            "the time stamp's message imprint is not that of the request",
        ),
        (
            |tsa, seen| {
                let body = stamp(tsa, seen, |token| token.nonce = Some(vec![7; 20]));
                Reply::ok("application/timestamp-reply", body)
            },
            "the time stamp's nonce is not that of the request",
        ),
        (
            |tsa, seen| {
                let body = stamp(tsa, seen, |token| token.nonce = None);
                Reply::ok("application/timestamp-reply", body)
            },
            "the time stamp's nonce is not that of the request",
        ),
        (
            |tsa, seen| {
                let body = stamp(tsa, seen, |token| token.certificates.clear());
                Reply::ok("application/timestamp-reply", body)
            },
            "time stamp has no certificate",
        ),
        (
            |_, _| Reply::ok("application/timestamp-reply", "").endless(vec![0; 65_536]),
            "the time-stamping authority did not answer",
        ),
    ];
    let tsa = Arc::new(Authority::new());
    for (answer, wanted) in cases {
        let answering = Arc::clone(&tsa);
        let server = Hostile::start(move |seen| answer(&answering, seen));
        let error = ask(&server, &tsa, "https").await.unwrap_err();
        assert_eq!(error.to_string(), wanted);
        assert_eq!(server.seen().len(), 1, "{wanted}");
    }
}

#[tokio::test]
async fn a_long_answer_is_read_to_the_limit() {
    let tsa = Authority::new();
    let length = usize::try_from(limits::MAX_TIMESTAMP_BYTES).unwrap();
    for (length, wanted) in [
        (length, "an element that breaks off"),
        (length + 1, "longer than"),
    ] {
        let server =
            Hostile::start(move |_| Reply::ok("application/timestamp-reply", vec![0x30; length]));
        let error = ask(&server, &tsa, "http").await.unwrap_err();
        match error {
            Error::Http { source } => {
                assert!(matches!(*source, http::Error::TooLarge { .. }));
                assert!(source.to_string().contains(wanted), "{source}");
            }
            error => assert!(matches!(error, Error::NotBer(_)), "{error}"),
        }
    }
}

#[tokio::test]
async fn only_http_is_spoken() {
    let pool = http::Pool::new(http::Settings::default());
    for url in ["ftp://tsa.example/", "file:///etc/passwd", "data:,x"] {
        let result = timestamp::request(
            &pool,
            &url.parse().unwrap(),
            MESSAGE,
            HashAlgorithm::Sha256,
            &[],
            NOW,
        )
        .await;
        assert!(matches!(result, Err(Error::Url { .. })), "{url}");
    }
}

#[test]
fn an_old_answer_does_not_answer_a_new_request() {
    let tsa = Authority::new();
    let request = Request::new(MESSAGE, HashAlgorithm::Sha256).unwrap();
    let old = granted(&tsa.token().build(&tsa.leaf));
    let error = request
        .verify_response(&old, &tsa.roots(), NOW)
        .unwrap_err();
    assert!(
        matches!(error, Error::NotAsRequested { what: "nonce" }),
        "{error}"
    );
}

#[test]
fn no_byte_of_a_stamp_can_be_changed_or_left_out() {
    let tsa = Authority::new();
    let token = tsa.token().build(&tsa.leaf);
    let wanted = tsa.verify(&token).unwrap();
    let mut unchanged = 0;
    for position in 0..token.len() {
        assert!(tsa.verify(&token[..position]).is_err(), "{position}");
        for bit in [0, 7] {
            let mut changed = token.clone();
            changed[position] ^= 1 << bit;
            // Bytes that say nothing remain: the list of digests, which the signer repeats.
            if let Ok(verified) = tsa.verify(&changed) {
                assert_eq!(verified, wanted, "{position}");
                unchanged += 1;
            }
        }
    }
    assert!(
        unchanged < token.len() / 20,
        "{unchanged} of {}",
        token.len()
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_stamp(bytes: Vec<u8>) {
        proptest::prop_assert!(timestamp::verify(&bytes, MESSAGE, &[], NOW).is_err());
    }
}
