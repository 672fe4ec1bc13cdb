//! What signatures are made of.

use std::time::Duration;

// Envelopes and payloads

/// Bytes of a signature envelope; notation's limit. A real one has some 10 KiB.
pub const MAX_ENVELOPE_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of a JWS with escapes in its JSON: what has escapes is copied, what has none is not.
pub const MAX_ESCAPED_ENVELOPE_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes of an envelope's protected header: far more than any signer writes (some 2 KiB), and few
/// enough that what they are read into, at most a hundred times as much, stays small.
pub const MAX_PROTECTED_HEADER_BYTES: usize = 64 * 1024;

/// Bytes of an envelope's payload: a descriptor with what its signer noted. AWS Signer signs 4 KiB at
/// most. Every refused signature may be quoted, so that a hundred of them must fit into memory.
pub const MAX_PAYLOAD_BYTES: usize = 128 * 1024;

/// The largest size that every reader of JSON takes exactly; notation passes a JWS payload's size
/// through a 64-bit float.
pub const MAX_EXACT_INTEGER: u64 = 1 << 53;

/// Bytes of the primitive signature in an envelope; the longest, of RSA with 4096 bits, has 512.
pub const MAX_SIGNATURE_BYTES: usize = 1024;

/// Bytes of the name of the program that signed, which is only shown.
pub const MAX_SIGNING_AGENT_BYTES: usize = 4 * 1024;

/// Values (members, elements) in JSON of others that is read into a tree, which takes some 400 bytes for
/// each; a real header or payload has under 100.
pub const MAX_JSON_VALUES: usize = 20_000;

/// Levels of nesting in JSON and CBOR that is read.
pub const MAX_NESTING: usize = 32;

/// Items in the CBOR of an envelope's header; a real one has some 20.
pub const MAX_CBOR_ITEMS: usize = 10_000;

/// Bytes of a map's key in the CBOR of an envelope; a real one has some 40. Keys are compared whole, and
/// may hold maps with keys.
pub const MAX_CBOR_KEY_BYTES: usize = 4 * 1024;

/// Members of a JWS's unprotected header, to which everybody may add; a real one has three.
pub const MAX_UNPROTECTED_MEMBERS: usize = 1_000;

// X.509 and keys

/// Certificates of a chain. AWS Signer sends four.
pub const MAX_CHAIN_CERTIFICATES: usize = 16;

/// Bytes of one certificate.
pub const MAX_CERTIFICATE_BYTES: u64 = 64 * 1024;

/// Certificates that are known from one signature to the next, and chains of them; a fleet has some ten signers.
pub const MAX_KNOWN_CERTIFICATES: usize = 512;

/// Bytes of a certificate that is known so; a real one has some 2 KiB.
pub const MAX_KNOWN_CERTIFICATE_BYTES: usize = 4 * 1024;

/// Bytes of all certificates of an envelope together; a real chain has some 5 KiB. All of them are
/// decoded before anything in them is trusted.
pub const MAX_CHAIN_BYTES: usize = 1024 * 1024;

/// Elements of a set in DER, such as the attributes of one relative distinguished name: real ones have
/// one or two, and a decoder's cost grows with the square.
pub const MAX_SET_ELEMENTS: usize = 16;

/// Elements of a list in a certificate or CRL: the parts of a name, extensions, purposes, addresses.
/// Real ones have some ten.
pub const MAX_SEQUENCE_ELEMENTS: usize = 64;

/// Bytes of a private key file; an RSA key of 4096 bits has some 3 KiB.
pub const MAX_KEY_BYTES: u64 = 64 * 1024;

/// Rounds of PBKDF2 that an encrypted key may ask for; OpenSSL writes 2,048, careful people a
/// million, and more would only keep the machine busy.
pub const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;

/// Bytes of a passphrase, its line end included.
pub const MAX_PASSPHRASE_BYTES: u64 = 4_096;

/// Longest password of a registry on standard input; some are a whole JSON document.
pub const MAX_PASSWORD_BYTES: u64 = 64 * 1024;

// Timestamps

/// Bytes of a timestamp, or of a timestamping authority's answer (notation's limit for the
/// answer). Real ones have some 6 KiB.
pub const MAX_TIMESTAMP_BYTES: u64 = 1024 * 1024;

/// Certificates in a timestamp. Real ones have two to four.
pub const MAX_TIMESTAMP_CERTIFICATES: usize = 32;

/// Signed attributes of a CMS signature, and values of one. Real ones have some seven of one value.
pub const MAX_CMS_ATTRIBUTES: usize = 64;

/// Signatures that are checked to find the chain of a timestamping authority. Names can be made to
/// fit everywhere, signatures cannot; a straight chain needs one for each certificate.
pub const MAX_TIMESTAMP_PATH_CHECKS: usize = 64;

/// Characters of a timestamping authority's own words that are repeated.
pub const MAX_STATUS_TEXT_CHARS: usize = 200;

/// Time that a timestamping authority may take for its answer; notation's limit.
pub const TIMESTAMP_TIMEOUT: Duration = Duration::from_secs(15);

// Revocation

/// Bytes of an OCSP answer. Real ones have some 2 KiB; notation reads 20 KiB, which three certificates
/// of a delegated responder can fill.
pub const MAX_OCSP_RESPONSE_BYTES: u64 = 64 * 1024;

/// Answers about certificates in one OCSP response, and elements of any other list in it: as many as
/// fit into its bytes.
pub const MAX_OCSP_ELEMENTS: usize = 2_000;

/// Longest OCSP request, in base64, that goes into a URL; RFC 6960 appendix A.1 allows up to 255.
pub const MAX_OCSP_GET_CHARS: usize = 254;

/// Bytes of a CRL; notation's limit, at which it refuses and we still read.
pub const MAX_CRL_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of a cached CRL with its delta CRL, both in base64.
pub const MAX_CRL_CACHE_BYTES: u64 = 96 * 1024 * 1024;

/// Addresses of each kind (OCSP, CRL) that are asked for one certificate. Real ones have one or two.
pub const MAX_REVOCATION_URLS: usize = 8;

/// Time that an OCSP responder may take for its answer; notation's limit.
pub const OCSP_TIMEOUT: Duration = Duration::from_secs(2);

/// How long OCSP is asked alone; then CRLs are asked for too, in case they are needed. A responder
/// that is well has answered by then.
pub const OCSP_HEAD_START: Duration = Duration::from_millis(500);

/// Time that one CRL may take; notation's limit.
pub const CRL_TIMEOUT: Duration = Duration::from_secs(5);

/// Time that the revocation check of one chain may take, whatever it has to ask.
pub const REVOCATION_TIMEOUT: Duration = Duration::from_secs(20);

/// How long an answer may be on its way while no caller awaits it: less than any answer's own time, which
/// goes on meanwhile.
pub const MAX_UNWATCHED: Duration = Duration::from_secs(1);

/// How long a question about revocation that was not answered is not asked again in one process, and no
/// question is sent where [`AWS_SILENCE`](super::AWS_SILENCE) was lost: a registry may list a hundred signatures.
pub const UNANSWERED_HOLD: Duration = Duration::from_secs(30);

/// Answers about revocation that one process keeps: of so many signatures, or of all certificates of a fleet.
pub const MAX_KNOWN_ANSWERS: usize = 4_096;

/// OCSP answers that are kept on disk, mostly of some 2 KiB each.
pub const MAX_KEPT_OCSP_ANSWERS: usize = 2_000;

/// How old an answer of AWS Signer may be that was stored for a verification without a network, unless
/// the user says otherwise (`--offline-max-age`): long enough to carry it there, and no longer than most
/// CRLs hold.
pub const OFFLINE_ANSWER_AGE: Duration = Duration::from_hours(7 * 24);

/// The longest that the user may say: who revokes a signature must know when all have heard of it.
pub const MAX_OFFLINE_ANSWER_AGE: Duration = Duration::from_hours(90 * 24);
