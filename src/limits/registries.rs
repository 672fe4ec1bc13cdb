//! What registries answer, and what of it is held.

use std::time::Duration;

// References and registries

/// Bytes of a reference; a host name, a repository, a tag and a digest at their longest need less.
pub const MAX_REFERENCE_BYTES: usize = 1_024;

/// Bytes of a line of a list of references: a reference, and what an object around it has beside.
pub const MAX_REFERENCE_LINE_BYTES: usize = 16 * 1024;

/// Lines of such a list that are read before they are needed.
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

/// Signatures of one artifact that are fetched before it is their turn to be judged: a real artifact has one or two.
pub const MAX_SIGNATURES_AHEAD: usize = 8;

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

/// Time in which the lock on an OCI image layout must be taken; writing a signature takes milliseconds.
pub const LAYOUT_LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Wait before the lock on an OCI image layout is tried again.
pub const LAYOUT_LOCK_DELAY: Duration = Duration::from_millis(20);

// Memory for what is fetched

/// Bytes that are fetched for one artifact from everybody: two envelopes of the greatest size, or some
/// thousand real ones.
pub const MAX_FETCHED_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of memory that are set aside before the first bytes of a body came, whatever its head promises.
pub const MAX_RESERVED_BYTES: u64 = 64 * 1024;

/// Bytes of something fetched that needs no room in memory: [`MAX_CONCURRENT_ARTIFACTS`](super::MAX_CONCURRENT_ARTIFACTS) of them are 16 MiB.
pub const MAX_BYTES_WITHOUT_ROOM: u64 = 64 * 1024;

/// Bytes up to which something fetched is not so large that others would wait behind it.
pub const MAX_MEDIUM_BYTES: u64 = 512 * 1024;

/// Room in memory for what is of that size, of which one registry takes up a quarter.
pub const ROOM_FOR_MEDIUM_BYTES: u64 = 8 * 1024 * 1024;

/// Room in memory for what is fetched before its turn, of which one registry takes up a half: some hundred real
/// signatures. What has none is fetched in its turn.
pub const ROOM_AHEAD_BYTES: u64 = 2 * 1024 * 1024;

/// How long room in memory may be held at least, if others wait for it: more than the round trips that an
/// answer needs before its bytes come.
pub const ROOM_GRACE: Duration = Duration::from_secs(2);

/// Bytes in a second at which what holds room must come beyond that, if others wait: a tenth of what CI
/// machines get.
pub const ROOM_BYTES_PER_SECOND: u64 = 2 * 1024 * 1024;

// Answers that several artifacts of one command share

/// How long an answer of a registry is good for other artifacts of the same command: as long as one that is not slow
/// takes, while a list of references may be read for hours.
pub const SHARED_ANSWER_AGE: Duration = Duration::from_secs(10);

/// Answers of each kind that are kept for other artifacts, besides those that are awaited.
pub const MAX_SHARED_ANSWERS: usize = 256;

/// Bytes of a manifest or an envelope that is kept for them: all together have 8 MiB at most.
pub const MAX_SHARED_BYTES: usize = 32 * 1024;

/// Signatures of a list that is kept for them; a real one has one or two.
pub const MAX_SHARED_SIGNATURES: usize = 32;

// Content that is kept from one verification to the next

/// Bytes of a signature manifest or an envelope that is kept; a real one has some 10 KiB. What needs room in memory is not.
pub const MAX_CACHED_BYTES: u64 = MAX_BYTES_WITHOUT_ROOM;

/// Bytes of one of the 16 parts of the content cache: with what is written between two looks, all of them have 256 MiB.
pub const MAX_CACHE_PART_BYTES: u64 = 12 * 1024 * 1024;

/// How long after a file's use was noted it is noted again: files that give way are older than that.
pub const CACHE_USE_INTERVAL: Duration = Duration::from_hours(1);

/// Files that are written into a part before one who writes looks again how many bytes are in it.
pub const CACHE_WRITES_BETWEEN_LOOKS: u64 = 64;

// The tag schema

/// Hexadecimal digits of a digest in the tag of its index.
pub const MAX_TAG_DIGITS: usize = 64;
