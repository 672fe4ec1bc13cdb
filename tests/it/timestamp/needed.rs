//! When a trust policy asks for a timestamp at all, and which validations are carried out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use countersign::aws::{Aws, Settings};
use countersign::extended_validation::RevocationChecker;
use countersign::notary::{EnvelopeFormat, Validation};
use countersign::oci::{Descriptor, sha256_digest};
use countersign::outcome::{Failure, SignatureOutcome};
use countersign::payload::Payload;
use countersign::signer::local_key::KeyFile;
use countersign::signer::{Signer, Terms};
use countersign::trust_policy::{DocumentKind, TrustPolicies};
use countersign::trust_store::{NamedStore, TrustStores};
use countersign::verify::{AwsSignerChecks, FetchedSignature, Validators};
use countersign::{http, revocation};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::{local_keys, pki};

const SIGNED: OffsetDateTime = datetime!(2024-06-21 12:00 UTC);
const NOT_AFTER: OffsetDateTime = datetime!(2024-06-22 12:00 UTC);

/// What comes of a signature without a timestamp, made with a key whose certificate ends at [`NOT_AFTER`].
fn judge(signature_verification: &str, now: OffsetDateTime) -> SignatureOutcome {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("signer.crt");
    let mut params = local_keys::params("signer");
    params.not_after = NOT_AFTER;
    let pem = local_keys::certificate_of("ec-256", &params);
    std::fs::write(&certificate, pem).unwrap();

    let target: Descriptor = serde_json::from_str(
        r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":7,
            "digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
    )
    .unwrap();
    let key = KeyFile::read(&local_keys::path("ec-256"), &certificate, SIGNED).unwrap();
    let signer = Signer::LocalKey(key.open(None).unwrap());
    let terms = Terms {
        format: EnvelopeFormat::Jws,
        expiry: None,
        timestamping: None,
        now: SIGNED,
    };
    let payload = Payload::new(&target, BTreeMap::new());
    let made = futures_util::FutureExt::now_or_never(signer.sign(&payload, &terms));
    let envelope = made.unwrap().unwrap().envelope.bytes().to_vec();

    // No certificate needs to be asked about: any store of timestamps will do.
    let tsa = pki::Entity::root(pki::authority("TSA root"));
    let stamps = folder.path().join("tsa.crt");
    std::fs::write(&stamps, pki::pem(tsa.certificate.der())).unwrap();
    let store = |name: &str, file: &Path| {
        let name = countersign::config::StoreName::parse(name).unwrap();
        NamedStore::from_file(name, file, countersign::limits::NAMED_PIPE_TIMEOUT).unwrap()
    };
    let policy = format!(
        r#"{{"version": "1.0", "trustPolicies": [{{"name": "p", "registryScopes": ["*"],
            "signatureVerification": {signature_verification},
            "trustStores": ["ca:signers", "tsa:stamps"], "trustedIdentities": ["*"]}}]}}"#
    );
    let policies =
        TrustPolicies::parse(DocumentKind::Oci, Path::new("p.json"), policy.as_bytes()).unwrap();
    let pool = http::Pool::new(http::Settings::default());
    let judges = Validators {
        stores: TrustStores::in_memory([
            store("ca:signers", &certificate),
            store("tsa:stamps", &stamps),
        ]),
        aws_signer: RevocationChecker::new(Aws::new(pool.clone(), Settings::default()).unwrap()),
        // The certificates name no source to ask.
        revocation: revocation::Checker::new(Arc::new(revocation::Network::new(pool))),
        plugins: None,
        plugin_config: BTreeMap::new(),
        aws_signer_checks: AwsSignerChecks::InProcess,
    };
    let signature = FetchedSignature {
        manifest_digest: &sha256_digest(&envelope),
        format: EnvelopeFormat::Jws,
        envelope: &envelope,
    };
    let statement = &policies.statements()[0];
    let metadata = BTreeMap::new();
    let outcome = judges.judge(signature, &target, statement, &metadata, now);
    futures_util::FutureExt::now_or_never(outcome).unwrap()
}

/// The validations that were carried out, and why the one of the time failed.
fn of_time(outcome: &SignatureOutcome) -> Option<&Failure> {
    let mut validations = outcome.validations.iter();
    let time = validations.find(|one| one.validation == Validation::AuthenticTimestamp);
    time.unwrap().failure.as_ref()
}

#[test]
fn after_expiry_a_stamp_is_asked_for_from_the_first_instant_past_the_last_one() {
    let policy = r#"{"level": "strict", "verifyTimestamp": "afterCertExpiry"}"#;
    for valid in [SIGNED, NOT_AFTER - Duration::SECOND, NOT_AFTER] {
        let outcome = judge(policy, valid);
        assert!(outcome.refusal().is_none(), "{valid}: {outcome:#?}");
    }
    for expired in [NOT_AFTER + Duration::SECOND, NOT_AFTER + Duration::DAY] {
        let outcome = judge(policy, expired);
        assert!(
            matches!(of_time(&outcome), Some(Failure::NoTimestamp)),
            "{expired}: {outcome:#?}"
        );
    }
}

#[test]
fn else_a_stamp_is_asked_for_always() {
    let outcome = judge(r#"{"level": "strict"}"#, SIGNED);
    assert!(matches!(of_time(&outcome), Some(Failure::NoTimestamp)));
    assert!(outcome.refusal().is_some());
}

#[test]
fn what_the_policy_skips_is_not_carried_out() {
    use Validation::{AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};
    let policy = |more: &str| {
        format!(r#"{{"level": "strict", "verifyTimestamp": "afterCertExpiry"{more}}}"#)
    };
    let all = [
        Integrity,
        Authenticity,
        Expiry,
        AuthenticTimestamp,
        Revocation,
    ];
    for (more, wanted) in [
        ("", &all[..]),
        (r#", "override": {"revocation": "skip"}"#, &all[..4]),
    ] {
        let outcome = judge(&policy(more), SIGNED);
        let validations: Vec<Validation> = outcome
            .validations
            .iter()
            .map(|one| one.validation)
            .collect();
        assert_eq!(validations, wanted, "{more}");
    }
}
