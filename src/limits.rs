//! Every size, count and time limit, with its unit, origin and reason.

use std::time::Duration;

// References and registries

/// Bytes of a reference; a host name, a repository, a tag and a digest at their longest need less.
pub const MAX_REFERENCE_BYTES: usize = 1_024;

/// Bytes of a line of a list of references: a reference, and what an object around it has beside.
pub const MAX_REFERENCE_LINE_BYTES: usize = 16 * 1024;

/// Lines of such a list that are read before somebody takes them.
pub const MAX_REFERENCE_LINES_AHEAD: usize = 64;

/// Bytes of a repository's name; ECR's limit, and one more than Docker's.
pub const MAX_REPOSITORY_BYTES: usize = 256;

/// Bytes of a manifest or index; the limit of `oras-go`, which notation uses, and of most registries.
pub const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// Values in a signature manifest; a real one has some 25.
pub const MAX_SIGNATURE_MANIFEST_VALUES: usize = 2_000;

/// Bytes of a signature manifest's annotations, which are held while its envelope is fetched; real ones
/// have some 300.
pub const MAX_ANNOTATION_BYTES: usize = 64 * 1024;

/// Bytes of a media type: two names of 127 characters (RFC 6838, section 4.2) and a slash.
pub const MAX_MEDIA_TYPE_BYTES: usize = 255;

/// Bytes of a registry's error body that are read: enough for every sentence a registry says.
pub const MAX_ERROR_BODY_BYTES: u64 = 8 * 1024;

/// Characters of a registry's words that are kept.
pub const MAX_WORDS: usize = 500;

/// Bytes of one `WWW-Authenticate` that are read.
pub const MAX_CHALLENGE_BYTES: usize = 8 * 1024;

/// Bytes of a token answer. ECR says that its tokens have no bound; real ones have some 4 KiB, and no
/// server takes longer headers than this.
pub const MAX_TOKEN_BYTES: u64 = 64 * 1024;

/// How long a registry's token is good if its realm does not say, and at least (distribution's token
/// specification).
pub const TOKEN_LIFETIME: Duration = Duration::from_mins(1);

/// Repositories whose tokens are kept for the next reference, besides those in use.
pub const MAX_KEPT_SESSIONS: usize = 128;

/// Bytes of the address of a list's next page.
pub const MAX_PAGE_URL_BYTES: usize = 8 * 1024;

/// Pages of a referrers list that are followed.
pub const MAX_REFERRERS_PAGES: usize = 100;

/// Referrers of one artifact that are looked at, over all pages.
pub const MAX_REFERRERS: usize = 5_000;

/// Referrers whose kind the registry does not say, and which are looked at to list the signatures among
/// them; as many as signatures are verified.
pub const MAX_UNTYPED_REFERRERS: usize = 100;

/// Signatures of one artifact that are verified; the default of notation's `--max-signatures`.
pub const MAX_SIGNATURES: usize = 100;

/// Times that the list is looked at for a signature that was just pushed: lists lag by a moment.
pub const MAX_LISTING_LOOKS: u32 = 3;

/// Time within which the last of these looks begins.
pub const LISTING_PATIENCE: Duration = Duration::from_secs(2);

/// Times that the index of the tag schema is written, if others overwrite it: more than a build has
/// signers that finish at the same time.
pub const MAX_INDEX_WRITES: u32 = 10;

/// Times that this index is read in all.
pub const MAX_INDEX_LOOKS: u32 = 40;

/// Looks in a row that must find this index unchanged once another writer was noticed.
pub const QUIET_INDEX_LOOKS: u32 = 3;

/// Longest wait before this index is read again.
pub const MAX_INDEX_WAIT: Duration = Duration::from_secs(2);

/// Times that the index of an OCI image layout is read, changed and written, if others write it at the same
/// time.
pub const MAX_LAYOUT_INDEX_WRITES: usize = 3;

/// Time in which the lock on an OCI image layout must be had; writing a signature takes milliseconds.
pub const LAYOUT_LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Wait before the lock on an OCI image layout is tried again.
pub const LAYOUT_LOCK_DELAY: Duration = Duration::from_millis(20);

// Memory for what is fetched

/// Bytes that are fetched for one artifact from everybody: two envelopes of the greatest size, or some
/// thousand real ones.
pub const MAX_FETCHED_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of memory that are set aside before the first bytes of a body came, whatever its head promises.
pub const MAX_RESERVED_BYTES: u64 = 64 * 1024;

/// Bytes of something fetched that needs no room in memory: [`MAX_CONCURRENT_ARTIFACTS`] of them are 16 MiB.
pub const MAX_BYTES_WITHOUT_ROOM: u64 = 64 * 1024;

/// Bytes up to which something fetched is no large thing, behind which others would wait.
pub const MAX_MEDIUM_BYTES: u64 = 512 * 1024;

/// Room in memory for what is of that size, of which one registry takes up a quarter.
pub const ROOM_FOR_MEDIUM_BYTES: u64 = 8 * 1024 * 1024;

/// How long room in memory may be held at least, if others wait for it: more than the round trips that an
/// answer needs before its bytes come.
pub const ROOM_GRACE: Duration = Duration::from_secs(2);

/// Bytes in a second at which what holds room must come beyond that, if others wait: a tenth of what CI
/// machines get.
pub const ROOM_BYTES_PER_SECOND: u64 = 2 * 1024 * 1024;

// Content that is kept from one verification to the next

/// Bytes of a signature manifest or an envelope that is kept; a real one has some 10 KiB. What needs room in memory is not.
pub const MAX_CACHED_BYTES: u64 = MAX_BYTES_WITHOUT_ROOM;

/// Bytes of one of the 16 parts of the content cache: with what is written between two looks, all of them have 256 MiB.
pub const MAX_CACHE_PART_BYTES: u64 = 12 * 1024 * 1024;

/// Files that are written into a part before one who writes looks again how many bytes are in it.
pub const CACHE_WRITES_BETWEEN_LOOKS: u64 = 64;

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

/// How long an answer may be on its way while nobody awaits it: less than any answer's own time, which goes
/// on meanwhile.
pub const MAX_UNWATCHED: Duration = Duration::from_secs(1);

/// How long a question about revocation that was not answered is not asked again in one process, and no
/// question is sent where [`AWS_SILENCE`] was lost: a registry may list a hundred signatures.
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

// AWS

/// Bytes of an ARN; the most that AWS's APIs take (Signer API, shape `Arn`).
pub const MAX_ARN_BYTES: usize = 2_048;

/// Bytes of an alias of a KMS key with `alias/` (KMS API, shape `AliasNameType`), and more than any key's
/// identifier has.
pub const MAX_KMS_NAME_BYTES: usize = 256;

/// Bytes of an answer of AWS; its largest real one here, a signed envelope, has some 16 KiB. As many are
/// read at a time as artifacts are looked at.
pub const MAX_AWS_RESPONSE_BYTES: u64 = 256 * 1024;

/// Pages of a list of Amazon ECS that are read; one has up to 100, and a cluster up to 5,000 services.
pub const MAX_ECS_PAGES: usize = 100;

/// Services that one audit looks at.
pub const MAX_AUDITED_SERVICES: usize = 10_000;

// AWS Lambda

/// Pages of a list of AWS Lambda that are read.
pub const MAX_LAMBDA_PAGES: usize = 500;

/// Functions that are asked for in a page: the variables of one have 4 KiB, and an answer has
/// [`MAX_AWS_RESPONSE_BYTES`] at most.
pub const LAMBDA_FUNCTIONS_PER_PAGE: usize = 20;

/// Code signing configurations that are asked for in a page; one with 20 profiles has some 3 KiB.
pub const LAMBDA_CONFIGS_PER_PAGE: usize = 40;

/// Names that are asked for in a page.
pub const LAMBDA_NAMES_PER_PAGE: usize = 500;

/// Time for one transfer of a package of AWS Lambda.
pub const PACKAGE_TRANSFER_TIMEOUT: Duration = Duration::from_mins(10);

/// Time for an audit of functions where the user allows none: a thousand signing jobs take five minutes.
pub const LAMBDA_AUDIT_TIMEOUT: Duration = Duration::from_hours(1);

/// Days before its end that a signature may be told of.
pub const MAX_EXPIRY_NOTICE_DAYS: u64 = 4_110;

/// Layers of a function; AWS's quota is 5.
pub const MAX_FUNCTION_LAYERS: usize = 64;

/// Signing profiles in one code signing configuration (Lambda API, shape `SigningProfileVersionArns`).
pub const MAX_CONFIG_PROFILES: usize = 20;

/// Characters of what is said of a code signing configuration (Lambda API, shape `Description`).
pub const MAX_CONFIG_DESCRIPTION_CHARS: usize = 256;

/// Minutes that a deployment may wait for the hook, where the audit is not told: the hook answers within seconds, and
/// waits at most ten minutes for a signature.
pub const HOOK_TIMEOUT_MINUTES: u32 = 15;

/// Minutes that a deployment waits for a hook without a time limit of its own (ECS API, shape
/// `DeploymentLifecycleHookTimeoutConfiguration`).
pub const DEFAULT_HOOK_TIMEOUT_MINUTES: u32 = 1_440;

/// Bytes of the name of a parameter, a secret or an object (S3 API: a key has at most 1,024; SSM API: 2,048 with the
/// ARN).
pub const MAX_STORED_NAME_BYTES: usize = 2_048;

/// Bytes of an object's key (S3 API, shape `ObjectKey`).
pub const MAX_OBJECT_KEY_BYTES: usize = 1_024;

/// Bytes of the version of a stored text; S3's have at most 1,024.
pub const MAX_STORED_VERSION_BYTES: usize = 1_024;

/// Characters of AWS's message that are shown; real ones have under 500.
pub const MAX_AWS_MESSAGE_CHARS: usize = 2_000;

/// Bytes of the payload that AWS Signer signs (`SignPayload`, member `payload`).
pub const MAX_AWS_SIGNER_PAYLOAD_BYTES: usize = 4_096;

/// Time in which AWS must answer a call, `SignPayload` above all: AWS's own plugin waits about as long.
pub const AWS_ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Time in which AWS credentials must be had; SSO, assumed roles and credential processes may take
/// some seconds.
pub const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a file with a token for AWS; a web identity's has some KiB.
pub const MAX_TOKEN_FILE_BYTES: u64 = 1024 * 1024;

/// Calls of `SignPayload` in a second: AWS's default quota of an account in a region.
pub const SIGN_PAYLOAD_PER_SECOND: u32 = 10;

/// Calls of `SignPayload` in a second that can be asked for; AWS raises the quota on request.
pub const MAX_SIGN_PAYLOAD_PER_SECOND: u32 = 1_000;

/// Times that `SignPayload` is asked while AWS answers that there are too many requests: some eight
/// seconds. The quota is for a second, so that who waits that long gets a turn unless others keep it used up.
pub const MAX_THROTTLED_ATTEMPTS: u32 = 6;

/// Life that a signature must have left for `sign --if-missing` to leave it at that: a day. The
/// shortest validity that a signing profile can have is a day too, its default 135 months.
pub const MIN_REMAINING: Duration = Duration::from_hours(24);

/// Questions about revocation that one process sends to AWS Signer in a second: the quota of an
/// account in a region (`GetRevocationStatus`), which other processes share.
pub const MAX_REVOCATION_QUESTIONS_PER_SECOND: usize = 100;

/// Time that one question to AWS Signer about revocation may take, with every attempt and every wait.
pub const AWS_REVOCATION_TIMEOUT: Duration = Duration::from_secs(30);

/// Time that may be lost in vain on questions to one place of AWS Signer, until no other is sent there:
/// more than a moment's trouble, and little enough for the sum over a hundred signatures.
pub const AWS_SILENCE: Duration = Duration::from_secs(10);

/// Bytes of a kept or stored answer of AWS Signer; one about four certificates has some 2 KiB.
pub const MAX_REVOCATION_ANSWER_BYTES: u64 = 64 * 1024;

/// Answers of AWS Signer that are kept on disk, some 2 KiB each.
pub const MAX_KEPT_REVOCATION_ANSWERS: usize = 2_000;

/// Longest time for which an answer of AWS Signer may be kept (`--revocation-cache-ttl`): whoever
/// revokes a signature must know when that has reached everybody.
pub const MAX_REVOCATION_CACHE_TTL: Duration = Duration::from_hours(24);

/// Pages of a signing profile's permissions that are read; one has 25, and AWS allows 20 KiB of permissions.
pub const MAX_PERMISSION_PAGES: usize = 10;

/// How far this machine's clock may be from AWS's before `doctor` warns: a fifth of what AWS accepts
/// ([`CLOCK_SKEW`]).
pub const NOTICEABLE_CLOCK_SKEW: Duration = Duration::from_mins(1);

/// Time that one of AWS's hosts may take to answer `doctor` at all.
pub const REACH_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of IAM's answer about what a caller may do: a result has under 2 KiB, and few actions are asked about.
pub const MAX_SIMULATION_BYTES: usize = 256 * 1024;

// Files

/// Bytes of a blob that are in memory at a time: few beside the program itself, and enough that reading
/// costs nothing beside hashing.
pub const BLOB_BUFFER_BYTES: usize = 1024 * 1024;

/// Bytes for which room is made before a file is read, where it says that it has as many or more.
pub const MOST_ROOM_AT_ONCE: u64 = 64 * 1024;

/// Bytes of a configuration file: `config.json`, `signingkeys.json`, Docker's `config.json`.
pub const MAX_CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// Keys in `signingkeys.json`.
pub const MAX_SIGNING_KEYS: usize = 1_000;

/// Bytes of a trust policy.
pub const MAX_POLICY_BYTES: u64 = 4 * 1024 * 1024;

/// Trust stores of one type.
pub const MAX_TRUST_STORES: usize = 1_000;

/// Files in one trust store.
pub const MAX_TRUST_STORE_FILES: usize = 1_000;

/// Bytes of a file in a trust store.
pub const MAX_TRUST_STORE_FILE_BYTES: u64 = 1024 * 1024;

/// Bytes of a file of TLS roots, and of all files of a directory of them; a system's have under one MiB.
pub const MAX_ROOTS_BYTES: u64 = 16 * 1024 * 1024;

/// Entries of a directory that are looked at for TLS roots, and for tokens of single sign-on; a system's has some
/// hundreds, most of them links.
pub const MAX_FOUND_ENTRIES: usize = 10_000;

/// Symbolic links that lead to one file; Linux follows as many.
#[cfg(unix)]
pub const MAX_SYMBOLIC_LINKS: usize = 40;

/// Time in which a pipe that the user named on the command line must have been written to its end, and
/// the longest silence of one with the file that is signed or verified: nobody may ever write into it.
pub const NAMED_PIPE_TIMEOUT: Duration = Duration::from_mins(2);

/// Time in which a pipe that a variable names (`AWS_CONFIG_FILE`, `SSL_CERT_FILE`) must have been written to its
/// end: everything else stands still meanwhile.
pub const VARIABLE_PIPE_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of this program, which `setup` copies and compares; a build with symbols has some 70 MiB. Notation
/// installs plugins of up to 256 MiB.
pub const MAX_PROGRAM_BYTES: u64 = 256 * 1024 * 1024;

// Other programs

/// Installed plugins that are looked at before one of them is run; a machine has a few.
pub const MAX_INSTALLED_PLUGINS: usize = 1_000;

/// Bytes of a plugin's name; a file name has 255, and `notation-` and `.exe` are part of it.
pub const MAX_PLUGIN_NAME_BYTES: usize = 200;

/// Bytes of a plugin's request or of its answer (`plugin-extensibility.md`: less than 64 MiB).
pub const MAX_PLUGIN_MESSAGE_BYTES: u64 = 64 * 1024 * 1024;

/// Values (members, elements) in a plugin's message. A tree of values takes some 50 times the bytes
/// of its text; a real message has under 100.
pub const MAX_PLUGIN_MESSAGE_VALUES: usize = 100_000;

/// Bytes of the name of a credential helper behind `docker-credential-`; real ones have some ten.
pub const MAX_HELPER_NAME_BYTES: usize = 64;

/// Time that a plugin or a credential helper may take.
pub const PROCESS_TIMEOUT: Duration = Duration::from_mins(1);

// Plugins that are installed

/// Bytes that a plugin's file or archive, and everything that comes out of an archive, must stay below, as in notation.
pub const MAX_PLUGIN_SOURCE_BYTES: u64 = 256 * 1024 * 1024;

/// Entries of a plugin's archive; a real one has under ten.
pub const MAX_ARCHIVE_ENTRIES: usize = 1_000;

/// Bytes of a name in an archive; no file system takes longer paths.
pub const MAX_ARCHIVE_NAME_BYTES: usize = 4_096;

/// Bytes of the last part of a name in an archive; no file system takes longer ones.
pub const MAX_ARCHIVE_FILE_NAME_BYTES: usize = 255;

/// Bytes of one extended header in an archive; a real one has some hundred.
pub const MAX_ARCHIVE_HEADER_BYTES: u64 = 64 * 1024;

/// How many times as long as its archive what comes out of it may be; programs shrink to a third.
pub const MAX_ARCHIVE_RATIO: u64 = 100;

/// Bytes that come out of an archive whatever the ratio: small files of one letter shrink well.
pub const FREE_ARCHIVE_BYTES: u64 = 1024 * 1024;

/// Time of a plugin's download, as in notation.
pub const PLUGIN_DOWNLOAD_TIMEOUT: Duration = Duration::from_mins(10);

/// Bytes of a registry's server, user name or password that are read from a terminal or a pipe.
pub const MAX_LOGIN_INPUT_BYTES: u64 = 64 * 1024;

// Packages of AWS Lambda

/// Bytes of a package, and of everything that comes out of it: AWS Signer signs and AWS Lambda runs 250 MB.
pub const MAX_PACKAGE_BYTES: u64 = 250 * 1024 * 1024;

/// Entries of a package: one fewer than a zip file can count without zip64.
pub const MAX_PACKAGE_ENTRIES: usize = 65_534;

/// Bytes of a package's directory; 65,000 files with names of 70 characters have less.
pub const MAX_PACKAGE_DIRECTORY_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes that come out of a package whatever the ratio is: tables of zeros shrink well.
pub const FREE_PACKAGE_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of the signature in a package; a real one has 5 KiB.
pub const MAX_PACKAGE_SIGNATURE_BYTES: u64 = 64 * 1024;

/// Certificates in the signature of a package; a real one has five.
pub const MAX_PACKAGE_CERTIFICATES: usize = 11;

// Requests

/// Time within which a connection must stand.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time within which the next bytes of an answer must come.
pub const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Time of one request with its whole body.
pub const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Requests that one host is sent at the same time, before anything is known of it: enough for fifty images at once, of
/// which each asks two things.
pub const FIRST_REQUESTS_OF_ONE_HOST: usize = 128;

/// Requests that one host is sent at the same time at most, however quickly it answers.
pub const MAX_REQUESTS_OF_ONE_HOST: usize = 256;

/// Requests that one host is sent at the same time at least, however busy it says it is.
pub const LEAST_REQUESTS_OF_ONE_HOST: usize = 2;

/// Hosts of which it is remembered how much they take, besides those that are asked.
pub const MAX_KNOWN_HOSTS: usize = 256;

/// Connections to one host that are kept open for the next request: as many as may be in use.
pub const MAX_IDLE_CONNECTIONS: usize = MAX_REQUESTS_OF_ONE_HOST;

/// Redirects that one request follows. ECR and the public registries need one.
pub const MAX_REDIRECTS: usize = 5;

/// Times that a request is sent at most, where sending it again does no harm.
pub const MAX_ATTEMPTS: u32 = 3;

/// Times that a request is sent at most while a host answers that there are too many: some six seconds, while fewer and
/// fewer are sent at the same time.
pub const MAX_BUSY_ATTEMPTS: u32 = 6;

/// Wait before a request is sent the second time, if the server does not say; doubles each time.
pub const RETRY_DELAY: Duration = Duration::from_millis(250);

/// Longest wait before a request is sent again, whatever the server asks for.
pub const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);

// One command: its time, and what it does at a time

/// How far another's clock may be ahead of ours before what it says is from the future.
pub const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// Time that one artifact may take, whatever a registry and others do: far more than all the waits of a
/// well one, and less than whoever waits for a verification gives it.
pub const ARTIFACT_TIMEOUT: Duration = Duration::from_mins(2);

/// The longest time for a command that the user may allow (`--timeout`): a day.
pub const MAX_COMMAND_TIMEOUT: Duration = Duration::from_hours(24);

/// Time that pushes which have begun get after an interrupt; a push takes a second.
pub const INTERRUPT_GRACE: Duration = Duration::from_secs(30);

/// Artifacts of one registry that one command verifies at the same time: enough to hide the round trips. How many requests
/// that makes is for [`MAX_REQUESTS_OF_ONE_HOST`] and the registry to say.
pub const MAX_CONCURRENT_VERIFICATIONS: usize = 128;

/// Artifacts of all registries that one command works on at the same time: a slow registry takes up only
/// its own part of them.
pub const MAX_CONCURRENT_ARTIFACTS: usize = 256;

/// Items that were read from a stream and wait for their turn; a reference has 1 KiB at most. As many as one
/// slow registry may have in a row before it holds up the items behind them.
pub const MAX_WAITING_ITEMS: usize = 10_000;

/// Artifacts that one command signs at the same time: what takes a second each, at the pace that AWS
/// Signer allows by default, and some more.
pub const MAX_CONCURRENT_SIGNINGS: usize = 16;

/// Signatures in answers that wait to be printed behind the answer of a slow registry; each may be told
/// of at some length.
pub const MAX_HELD_SIGNATURES: usize = 1_000;

/// Signing profiles that `doctor` asks AWS about; each takes some round trips.
pub const MAX_CHECKED_PROFILES: usize = 16;

// What is printed

/// Problems of one trust policy that are listed, and as many warnings: a longer list does not help.
pub const MAX_POLICY_PROBLEMS: usize = 20;

/// Near misses, and trusted identities, that an error lists.
pub const MAX_NEAR_MISSES: usize = 5;

/// Characters of one text that is told of a refused signature, or as a cause or a hint: more than any real one
/// has, and few, since whoever may push decides on them.
pub const MAX_TOLD_CHARS: usize = 2048;

/// Certificates of trust stores whose SHA-256 is told where none of them is in a chain.
pub const MAX_FINGERPRINTS_SHOWN: usize = 3;

/// Values of one list that is told of a refused signature.
pub const MAX_TOLD_VALUES: usize = 64;

/// Bytes of user metadata that are kept of a refused signature: a payload may be as large as an envelope, and there
/// may be a hundred.
pub const MAX_REFUSED_METADATA_BYTES: usize = 8 * 1024;

/// Secrets that are blotted out of what is printed; the oldest is forgotten for another.
pub const MAX_KNOWN_SECRETS: usize = 1_000;

/// Characters of a panic's own words that are said.
pub const MAX_PANIC_CHARS: usize = 300;

/// Characters of a plugin's own words that are repeated.
pub const MAX_PLUGIN_WORDS: usize = 200;

/// Bytes of an answer at a terminal; `yes` has three.
pub const MAX_CONFIRMATION_BYTES: u64 = 1_024;

/// Bytes of the log of AWS Signer's plugin, and of its predecessor: some 30,000 signatures, and little on any disk.
pub const MAX_PLUGIN_LOG_BYTES: u64 = 10 * 1024 * 1024;

/// Time without a word after which a command says in a pipeline's log how far it is: CI services end jobs
/// that are silent for minutes, and people wonder after seconds.
pub const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

// Gates

/// Bytes of a gate policy; a real one has some KiB, and whoever keeps one in a parameter of AWS has 8 KiB.
pub const MAX_GATE_POLICY_BYTES: u64 = 1024 * 1024;

/// Rules of a gate policy.
pub const MAX_GATE_RULES: usize = 1_000;

/// Scopes of one rule of a gate policy.
pub const MAX_GATE_SCOPES: usize = 1_000;

/// Signers of one rule of a gate policy: each signature is judged for each of them.
pub const MAX_GATE_SIGNERS: usize = 16;

/// Entries of user metadata that one signer of a gate policy must have signed.
pub const MAX_GATE_METADATA: usize = 64;

/// The greatest age of a signature that a gate policy may ask for: ten years.
pub const MAX_GATE_AGE: Duration = Duration::from_hours(24 * 3_653);

/// Longest time for which a gate policy may let an answer of AWS Signer count: what was revoked may run for so long.
pub const MAX_GATE_SIGNER_ANSWERS: Duration = Duration::from_hours(1);

/// Images that a gate policy exempts.
pub const MAX_EXEMPTIONS: usize = 1_000;

/// How long a gate policy may exempt an image: after that somebody looks at it again.
pub const MAX_EXEMPTION_TIME: Duration = Duration::from_hours(24 * 90);

/// Plugins, and endpoints of AWS, that a gate policy names.
pub const MAX_GATE_ENTRIES: usize = 64;

/// Signing keys that `doctor` looks at.
pub const MAX_CHECKED_KEYS: usize = 16;

/// Characters in a part of a platform that the command line names.
pub const MAX_PLATFORM_PART_CHARS: usize = 32;

/// Longest age of a signature that a policy's case imagines: a hundred years.
pub const MAX_CASE_AGE: Duration = Duration::from_hours(876_000);

/// Images in an index that are looked at; the official images have some ten.
pub const MAX_INDEX_IMAGES: usize = 64;

/// Images of one index that are verified at the same time.
pub const MAX_CONCURRENT_INDEX_IMAGES: usize = 4;
/// Months for which a signature of AWS Signer can be valid, the longest (`PutSigningProfile`,
/// `signatureValidityPeriod`); what AWS takes if none is named.
pub const MAX_SIGNATURE_VALIDITY_MONTHS: u32 = 135;

/// The same in days: no 135 months have more.
pub const MAX_SIGNATURE_VALIDITY_DAYS: u32 = 4_110;

/// The same in whole years.
pub const MAX_SIGNATURE_VALIDITY_YEARS: u32 = 11;

/// Characters of the reason of a revocation (Signer API, shape `RevocationReasonString`).
pub const MAX_REVOCATION_REASON_CHARS: usize = 500;

/// Characters of a permission's ID; IAM's limit for the ID of a statement is about as long.
pub const MAX_STATEMENT_ID_CHARS: usize = 100;

/// Pages of a list of AWS Signer that are read, of 25 entries each: 10,000 signing jobs.
pub const MAX_SIGNER_PAGES: usize = 400;

/// Pages of lists that AWS Signer is asked for in a second, and descriptions of jobs: one less than the quota of an
/// account in a region, which other processes share.
pub const SIGNER_LISTS_PER_SECOND: usize = 5;

/// Calls in a second that look at or change a signing profile, or revoke a signature: the quota of an account in a
/// region.
pub const SIGNER_CALLS_PER_SECOND: usize = 3;

/// Signing jobs of packages that are started in a second: the quota of an account in a region.
pub const SIGNING_JOBS_PER_SECOND: usize = 3;

/// The wait before AWS Signer is asked about a signing job of a package the second time; doubles each time.
pub const FIRST_SIGNING_JOB_WAIT: Duration = Duration::from_millis(250);

/// The longest wait before AWS Signer is asked about a signing job again.
pub const MAX_SIGNING_JOB_WAIT: Duration = Duration::from_secs(3);

/// A signing job that failed so long before the command began is an earlier command's, and another one is begun.
pub const OLD_SIGNING_JOB: Duration = Duration::from_mins(1);

/// Failed signing jobs of one package that are passed over.
pub const MAX_SIGNING_JOB_FAILURES: u32 = 16;

/// Bytes of a file that says which signing job was begun: some names.
pub const MAX_BEGUN_JOB_BYTES: u64 = 16 * 1024;

/// Packages that are signed at the same time: each may be 250 MB on its way.
pub const MAX_CONCURRENT_PACKAGES: usize = 4;

/// Time that the signing of one package may take, with its uploads and downloads.
pub const PACKAGE_SIGNING_TIMEOUT: Duration = Duration::from_mins(15);

/// How often a line about what is being done moves.
pub const PROGRESS_TICK: Duration = Duration::from_millis(120);

/// Jobs of a signing profile that are described; each is a call.
pub const MAX_SHOWN_JOBS: usize = 100;

/// Images of one repository whose signatures are counted before a revocation.
pub const MAX_COUNTED_IMAGES: usize = 10_000;

/// Pages of a list of images or tags that are read.
pub const MAX_IMAGE_PAGES: usize = 100;

/// Signatures that a count names one by one; all are counted.
pub const MAX_NAMED_SIGNATURES: usize = 1_000;
/// Bytes of a document that says what will run; a task definition has 64 KiB at most, a template of
/// CloudFormation 1 MB.
pub const MAX_RUN_DOCUMENT_BYTES: u64 = 1024 * 1024;

/// Values (members, elements) in such a document: more than any that a person reviews.
pub const MAX_RUN_DOCUMENT_VALUES: usize = 10_000;

/// Bytes of a key in such a document: names of Kubernetes and CloudFormation have 253 and 255 at most, and a key
/// is part of the place of everything below it.
pub const MAX_RUN_DOCUMENT_KEY_BYTES: usize = 1_024;

/// Different images in such a document, of which each is resolved and verified.
pub const MAX_RUN_DOCUMENT_IMAGES: usize = 500;

/// How long a deployment may be held by a hook that cannot look or waits for a signature, from its first call.
pub const MAX_HOOK_WAIT: Duration = Duration::from_mins(10);

/// When Amazon ECS calls a hook again that is not done.
pub const HOOK_CALL_BACK_DELAY: Duration = Duration::from_secs(30);

/// Calls of a hook within [`MAX_HOOK_WAIT`]; twice as many as its delays, since each takes its own time.
pub const MAX_HOOK_CALLS: u64 = 40;

/// What is left of an invocation's time for its answer.
pub const HOOK_MARGIN: Duration = Duration::from_secs(1);

/// How old a gate policy may be that is not in the package.
pub const MAX_HOOK_POLICY_AGE: Duration = Duration::from_mins(1);

/// The configuration in a hook's package.
pub const MAX_HOOK_CONFIG_BYTES: u64 = 64 * 1024;

/// References of one direct invocation.
pub const MAX_HOOK_REFERENCES: usize = 100;

/// Executions of hooks that one process remembers to have answered with a wait.
pub const MAX_HOOK_EXECUTIONS: usize = 1_000;

/// Tasks that a hook may be set to stop in an hour.
pub const MAX_STOPS_PER_HOUR: u64 = 1_000;

/// Images of one registry that a hook judges at the same time: a task definition of ten containers takes little longer than
/// one of a single container.
pub const MAX_CONCURRENT_HOOK_IMAGES: usize = 16;

/// Characters of the reason with which Amazon ECS stops a task (API model, `StopTask`).
pub const MAX_STOP_REASON_CHARS: usize = 255;

/// Characters of the reason in `hookDetails`, which Amazon ECS hands on.
pub const MAX_HOOK_REASON_CHARS: usize = 1_000;

// Managed signing of Amazon ECR

/// Time for `wait` where the user allows none: Amazon ECR signs within seconds or minutes of a push.
pub const MANAGED_SIGNING_TIMEOUT: Duration = Duration::from_mins(10);

/// Wait before Amazon ECR is asked the second time how far a signing is; doubles each time.
pub const SIGNING_STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Longest wait between two such questions.
pub const MAX_SIGNING_STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// Time without a signing state after which no signing rule is for the image.
pub const NO_SIGNING_RULE_AFTER: Duration = Duration::from_mins(1);

/// Time within which a signature that Amazon ECR reports must be in the list of signatures, which lags.
pub const SIGNATURE_LISTED_WITHIN: Duration = Duration::from_mins(1);

/// Signing states of one image; a registry has ten rules.
pub const MAX_SIGNING_STATUSES: usize = 100;

/// Longest time for which a gate may wait (`--wait-for-signature`): it holds up a deployment.
pub const MAX_GATE_WAIT: Duration = Duration::from_hours(1);

/// Images that one command waits for at the same time.
pub const MAX_CONCURRENT_WAITS: usize = 8;

// A node's image verifier

/// Bytes of the descriptor that containerd hands to an image verifier: a real one has some 300, with annotations.
pub const MAX_VERIFIER_DESCRIPTOR_BYTES: u64 = 64 * 1024;

/// Arguments that containerd hands to an image verifier: it has three flags today, and later ones a few more.
pub const MAX_VERIFIER_ARGUMENTS: usize = 64;

/// Bytes of a verifier's reason. containerd keeps 32 KiB, and older tools less.
pub const MAX_VERIFIER_REASON_BYTES: usize = 16 * 1024;

/// How long before its time limit a verifier answers: starting the process and writing the answer need it.
pub const VERIFIER_ANSWER_MARGIN: Duration = Duration::from_secs(1);

/// How long before its own answer a verifier gives up what it waits for, so that it can still say what that was.
pub const VERIFIER_REPORT_MARGIN: Duration = Duration::from_millis(250);

/// The time limit where the configuration has none: one second less than containerd's.
pub const VERIFIER_TIME_LIMIT: Duration = Duration::from_secs(9);

/// The shortest and the longest time limit that a configuration may have.
pub const VERIFIER_TIME_LIMITS: (Duration, Duration) =
    (Duration::from_secs(2), Duration::from_mins(5));

/// How often a verifier looks whether its time is over: the limit may change once the configuration is read.
pub const VERIFIER_WATCH_INTERVAL: Duration = Duration::from_millis(50);

/// Bytes of a verifier's configuration, and of its file with AWS credentials.
pub const MAX_VERIFIER_CONFIGURATION_BYTES: u64 = 64 * 1024;

// A node's containerd

/// Bytes of one of containerd's configuration files; a long one has some 20 KiB.
pub const MAX_CONTAINERD_CONFIG_BYTES: u64 = 1024 * 1024;

/// Configuration files of containerd that are read, with those that others import.
pub const MAX_CONTAINERD_CONFIG_FILES: usize = 64;

/// Bytes of what containerd says of its version.
pub const MAX_CONTAINERD_VERSION_BYTES: u64 = 4 * 1024;

/// How long containerd may take to say its version.
pub const CONTAINERD_VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Entries of a directory that an import with a `*` is matched against, and of the directory of image verifiers.
pub const MAX_NODE_DIRECTORY_ENTRIES: usize = 1_000;
