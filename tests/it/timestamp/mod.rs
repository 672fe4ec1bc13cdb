//! Timestamps: made by a test's own authority, changed in one place, and asked for over loopback.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is not as expected is a failed test"
)]

mod asking;
mod needed;
mod signer;

use countersign::limits;
use countersign::timestamp::{self, Error, VerifiedTimestamp};
use countersign::x509::Certificate;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::pki::{
    self, Entity, OCTETS, SEQUENCE, Token, authority, granted, oid, seq, stamper, tlv,
};

const MESSAGE: &[u8] = b"the value of a signature";
const NOW: OffsetDateTime = datetime!(2026-11-22 00:00 UTC);
const STAMPED: OffsetDateTime = datetime!(2024-06-21 12:00 UTC);

/// A root, an intermediate and what signs timestamps.
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
        "timestamp says `2024-06-21T12:00:00Z`, which is later than now, `2024-06-21T11:54:59Z`"
    );
    // What is certain is only the earliest time that the stamp allows.
    let mut token = tsa.token();
    token.accuracy = Some(vec![2, 1, 1]);
    let token = token.build(&tsa.leaf);
    assert!(timestamp::verify(&token, MESSAGE, &tsa.roots(), early).is_ok());
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
