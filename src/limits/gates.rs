//! Gates, and machines that run containers.

use std::time::Duration;

// Gates

/// Bytes of a gate policy; a real one has some KiB, and a parameter of AWS has room for 8 KiB.
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

/// How long a gate policy may exempt an image: after that it must be looked at again.
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

/// Images of one index that are verified at the same time: all of a real one, whose lists of signatures are so asked for in
/// one step; each may hold a list of [`MAX_REFERRERS`](super::MAX_REFERRERS) meanwhile.
pub const MAX_CONCURRENT_INDEX_IMAGES: usize = 16;
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

/// Time for which a function was frozen, unnoticed by the monotonic clock, after which no connection is taken for alive.
pub const MAX_FROZEN: Duration = Duration::from_mins(1);

/// How far the monotonic clock may run ahead of the wall clock that is being corrected.
pub const MAX_CLOCK_LEAD: Duration = Duration::from_secs(1);

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
