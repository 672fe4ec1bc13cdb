//! What AWS is asked and answers.

use std::time::Duration;

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

/// Time for what is asked beside such a transfer.
pub const PACKAGE_QUESTIONS_TIMEOUT: Duration = Duration::from_mins(2);

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

/// Time in which AWS credentials must be found; SSO, assumed roles and credential processes may take
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

/// Manifests that one process asks Amazon ECR for in a second: the quota of an account in a Region (`BatchGetImage`, by the
/// page of quotas). Its quotas of lists of referrers and of blobs could not be read: what slows those down is the answer 429.
pub const ECR_MANIFESTS_PER_SECOND: usize = 2_000;

/// Time that one question to AWS Signer about revocation may take, with every attempt and every wait.
pub const AWS_REVOCATION_TIMEOUT: Duration = Duration::from_secs(30);

/// Time that may be lost in vain on questions to one place of AWS Signer, until no other is sent there:
/// more than a moment's trouble, and little enough for the sum over a hundred signatures.
pub const AWS_SILENCE: Duration = Duration::from_secs(10);

/// Bytes of a kept or stored answer of AWS Signer; one about four certificates has some 2 KiB.
pub const MAX_REVOCATION_ANSWER_BYTES: u64 = 64 * 1024;

/// Answers of AWS Signer that are kept on disk, some 2 KiB each.
pub const MAX_KEPT_REVOCATION_ANSWERS: usize = 2_000;

/// Longest time for which an answer of AWS Signer may be kept (`--revocation-cache-ttl`): a person
/// who revokes a signature must know when every verifier sees it.
pub const MAX_REVOCATION_CACHE_TTL: Duration = Duration::from_hours(24);

/// Pages of a signing profile's permissions that are read; one has 25, and AWS allows 20 KiB of permissions.
pub const MAX_PERMISSION_PAGES: usize = 10;

/// How far this machine's clock may be from AWS's before `doctor` warns: a fifth of what AWS accepts
/// ([`CLOCK_SKEW`](super::CLOCK_SKEW)).
pub const NOTICEABLE_CLOCK_SKEW: Duration = Duration::from_mins(1);

/// Time that one of AWS's hosts may take to answer `doctor` at all.
pub const REACH_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of IAM's answer about what a caller may do: a result has under 2 KiB, and few actions are asked about.
pub const MAX_SIMULATION_BYTES: usize = 256 * 1024;

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

// Names that AWS gives or takes

/// Letters changed, added or left out at most that make a name in an answer of AWS Signer a near spelling of another.
pub const MAX_NEAR_NAME_EDITS: usize = 4;

/// Characters of a role's name in the ID of a statement: an ID has 100 at most.
pub const MAX_ROLE_CHARS: usize = 40;
