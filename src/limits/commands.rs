//! One command: its requests, its time, and what it prints.

use std::time::Duration;

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

/// Time for which requests to a host wait for the first answer, which says whether all of them go on one connection:
/// more than a host far away takes, and less than a user notices.
pub const FIRST_ANSWER_PATIENCE: Duration = Duration::from_millis(250);

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
/// well one, and less than the caller of a verification waits.
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

/// Files and connections that a command on many artifacts may have open: connections to registries and to where they lead, and
/// files beside.
pub const WANTED_DESCRIPTORS: u64 = 4_096;

/// Items that were read from a stream and wait for their turn; a reference has 1 KiB at most. As many as one
/// slow registry may have in a row before it holds up the items behind them.
pub const MAX_WAITING_ITEMS: usize = 10_000;

/// Artifacts that are begun before the connections of those before them have their turn.
pub const MAX_BEGUN_AT_ONCE: usize = 2;

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
/// has, and few, since every user who may push writes them.
pub const MAX_TOLD_CHARS: usize = 2048;

/// Characters of a name, or of a text where an ARN is wanted, that a message has: more than any real one has.
pub const MAX_NAME_CHARS: usize = 200;

/// Characters of the version that a file says of itself, which a message has.
pub const MAX_VERSION_CHARS: usize = 20;

/// Places of a document that an error lists.
pub const MAX_LISTED_PLACES: usize = 20;

/// Places of a document whose flags a hint has.
pub const MAX_HINT_PLACES: usize = 3;

/// Certificates of trust stores whose SHA-256 is told where none of them is in a chain.
pub const MAX_FINGERPRINTS_SHOWN: usize = 3;

/// Values of one list that is told of a refused signature.
pub const MAX_TOLD_VALUES: usize = 64;

/// Bytes of user metadata that are kept of a refused signature: a payload may be as large as an envelope, and there
/// may be a hundred.
pub const MAX_REFUSED_METADATA_BYTES: usize = 8 * 1024;

/// Secrets that are blotted out of what is printed; the oldest is forgotten for another.
pub const MAX_KNOWN_SECRETS: usize = 1_000;

/// Characters below which a secret is not kept for that: a short password may be a part of many words.
pub const MIN_KNOWN_SECRET_CHARS: usize = 8;

/// Characters below which nothing is blotted out.
pub const MIN_BLOTTED_CHARS: usize = 4;

/// Time after which a rate says something.
pub const FIRST_RATE_AFTER: Duration = Duration::from_secs(1);

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
