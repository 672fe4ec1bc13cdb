use serde_json::{Value, json};

use super::*;
use crate::envelope::testing::Signer;
use crate::environment::Clock;
use crate::extended_validation::{self, PLUGIN_NAME, attribute, tests as claims};
use crate::files;
use crate::signer_info::{ExtendedAttribute, LabelKind, SignedAttributes, UnsignedAttributes};
use crate::verify::testing::{NOW, Scene, attributes, policies, revokable_leaf};
use crate::verify::{Artifacts, Options};

/// What is stored for the scene's layout by a policy with these changes.
async fn gather(
    scene: &Scene,
    changes: &Value,
    options: &Options,
) -> Result<GatheredArtifact, Error> {
    let directory = OfflineDirectory::new(scene.path("offline"));
    let verifier = Verifier {
        policies: policies(changes),
        artifacts: Artifacts::Stored(directory.clone()),
        validators: scene.validators(),
        clock: Clock::Fixed(NOW),
    };
    let reference = scene.reference().into();
    verifier.gather(&reference, &directory, options).await
}

#[tokio::test]
async fn everything_is_stored_for_as_many_signatures_as_may_be() {
    let scene = Scene::new();
    let mut signatures = Vec::new();
    for _ in 0..2 {
        signatures.push(scene.sign(&attributes()).await.digest().clone());
    }
    for (max_signatures, stored, is_limited) in
        [(3, 2, false), (2, 2, false), (1, 1, true), (0, 0, true)]
    {
        let options = Options {
            max_signatures,
            ..Options::default()
        };
        let gathered = gather(&scene, &json!({}), &options).await.unwrap();
        let digests = gathered.signatures.iter().map(|one| one.digest.clone());
        assert_eq!(digests.collect::<Vec<_>>(), signatures[..stored]);
        match gathered.unseen {
            Some(Unseen::Limit(limit)) if is_limited => assert_eq!(limit, max_signatures),
            None if !is_limited => {}
            _ => panic!("{gathered:#?}"),
        }
        assert_eq!(gathered.is_complete(), !is_limited);
    }
}

#[tokio::test]
async fn without_signatures_nothing_can_be_stored_unless_none_is_needed() {
    let scene = Scene::new();
    let error = gather(&scene, &json!({}), &Options::default()).await;
    assert!(
        matches!(error, Err(Error::NoSignature { .. })),
        "{error:#?}"
    );
    let skips = json!({"signatureVerification": {"level": "skip"},
        "trustStores": null, "trustedIdentities": null});
    let gathered = gather(&scene, &skips, &Options::default()).await.unwrap();
    assert!(gathered.is_skipped && gathered.is_complete());
    scene.sign(&attributes()).await;
    let gathered = gather(&scene, &skips, &Options::default()).await.unwrap();
    assert!(gathered.is_skipped && gathered.signatures.is_empty());
}

#[tokio::test]
async fn nobody_is_asked_about_a_signer_whom_the_policy_will_refuse() {
    let scene = Scene::new();
    scene.sign(&attributes()).await;
    let refusal = async |level: &str| {
        let other = ["x509.subject: C=US, ST=WA, O=other"];
        let changes =
            json!({"signatureVerification": {"level": level}, "trustedIdentities": other});
        let gathered = gather(&scene, &changes, &Options::default()).await;
        gathered.unwrap().signatures.remove(0).refusal
    };
    for level in ["strict", "permissive"] {
        let found = refusal(level).await;
        assert!(
            matches!(found, Some(Failure::UntrustedSubject { .. })),
            "{level}: {found:#?}"
        );
    }
    // Where that is only logged, the signature may be needed.
    let found = refusal("audit").await;
    assert!(found.is_none(), "{found:#?}");
}

#[tokio::test]
async fn a_time_stamp_is_read_where_a_verification_may_read_it() {
    use SigningScheme::{SigningAuthority, X509};
    let missing = async |scheme: SigningScheme, token: Option<&[u8]>, stores: &[&str]| {
        let scene = Scene::new();
        let signed = SignedAttributes {
            signing_scheme: scheme,
            ..attributes()
        };
        let unsigned = UnsignedAttributes {
            timestamp_signature: token.map(<[u8]>::to_vec),
            ..UnsignedAttributes::default()
        };
        scene.push(scene.envelope(&signed, &unsigned)).await;
        let changes = json!({"trustStores": stores});
        let gathered = gather(&scene, &changes, &Options::default()).await;
        let stored = gathered.unwrap().signatures.remove(0);
        assert!(stored.refusal.is_none(), "{stored:#?}");
        let missing = stored.missing.into_iter();
        missing.map(|one| one.sentence).collect::<Vec<_>>()
    };
    let without = ["ca:x", "signingAuthority:x"];
    let with = ["ca:x", "signingAuthority:x", "tsa:x"];
    let found = missing(X509, Some(b"token"), &with).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let words = "failed to verify the timestamp countersignature: ";
    assert!(found[0].starts_with(words), "{found:?}");
    for (scheme, token, stores) in [
        (X509, Some(&b"token"[..]), &without[..]),
        (X509, None, &with),
        (SigningAuthority, Some(b"token"), &with),
        (SigningAuthority, None, &with),
    ] {
        let found = missing(scheme, token, stores).await;
        assert!(
            found.is_empty(),
            "{scheme:?} {token:?} {stores:?}: {found:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_answered_is_missing_unless_revocation_is_skipped() {
    let scene = Scene::with(Signer::of(revokable_leaf()));
    scene.sign(&attributes()).await;
    let gathered = gather(&scene, &json!({}), &Options::default()).await;
    let gathered = gathered.unwrap();
    assert!(!gathered.is_complete());
    let stored = &gathered.signatures[0];
    let sentences: Vec<&str> = stored
        .missing
        .iter()
        .map(|one| one.sentence.as_str())
        .collect();
    assert_eq!(
        sentences,
        [
            "OCSP at `http://ocsp.test/`: no answer: `http://ocsp.test/` answered with status 404",
            "CRL at `http://crl.test/`: no answer: `http://crl.test/` answered with status 404",
        ]
    );
    assert_eq!(stored.unanswered, []);
    assert_eq!(stored.facts, []);

    let skips = json!({"level": "strict", "override": {"revocation": "skip"}});
    let changes = json!({"signatureVerification": skips});
    let gathered = gather(&scene, &changes, &Options::default()).await;
    assert!(gathered.unwrap().is_complete());
}

#[tokio::test]
async fn aws_signers_answer_is_missing_where_it_has_none() {
    let scene = Scene::new();
    let claim = |name: &str, value: &str| ExtendedAttribute {
        name: name.to_owned(),
        label: LabelKind::Text,
        critical: true,
        value: json!(value),
    };
    let of_aws_signer = SignedAttributes {
        signing_scheme: SigningScheme::SigningAuthority,
        verification_plugin: Some(PLUGIN_NAME.to_owned()),
        extended: vec![
            claim(attribute::SIGNING_PROFILE_VERSION, claims::VERSION),
            claim(attribute::SIGNING_JOB, claims::JOB),
        ],
        ..attributes()
    };
    scene.sign(&of_aws_signer).await;
    let changes = json!({"trustedIdentities": [claims::VERSION]});
    let gathered = gather(&scene, &changes, &Options::default()).await;
    let gathered = gathered.unwrap();
    assert!(!gathered.is_complete());
    let stored = &gathered.signatures[0];
    assert!(stored.refusal.is_none(), "{stored:#?}");
    let error = extended_validation::Error::NotStored {
        job: claims::JOB.to_owned(),
        directory: scene.path("aws-signer"),
    };
    assert_eq!(stored.missing, [FetchProblem::new(&error, error.hint())]);
    assert_eq!(
        (&stored.facts[..], &stored.unanswered[..]),
        (&[][..], &[][..])
    );
}

#[test]
fn complete_is_what_has_an_authentic_signature_and_misses_nothing() {
    let signature = |refusal: Option<Failure>, missing: &[&str]| GatheredSignature {
        digest: crate::oci::sha256_digest(b"signature"),
        refusal,
        facts: Vec::new(),
        missing: missing
            .iter()
            .map(|sentence| FetchProblem {
                sentence: (*sentence).to_owned(),
                hint: None,
            })
            .collect(),
        unanswered: Vec::new(),
    };
    let good = || signature(None, &[]);
    let lacking = || signature(None, &["x"]);
    // What is missing of a signature that no verification accepts is not needed.
    let refused = || signature(Some(Failure::NoTimestamp), &["x"]);
    for (signatures, unseen, is_skipped, wanted) in [
        (vec![good()], None, false, true),
        (vec![refused(), good()], None, false, true),
        (vec![good(), lacking()], None, false, false),
        (vec![lacking()], None, false, false),
        (vec![refused()], None, false, false),
        (vec![], None, false, false),
        (vec![good()], Some(Unseen::Limit(1)), false, false),
        (vec![], None, true, true),
    ] {
        let gathered = GatheredArtifact {
            reference: Scene::new().reference().into(),
            is_skipped,
            signatures,
            unseen,
        };
        assert_eq!(gathered.is_complete(), wanted, "{gathered:#?}");
    }
}

#[test]
fn an_answer_that_cannot_be_stored_has_the_files_hint() {
    let source = files::Error::Io {
        operation: "write",
        path: "/s/x".into(),
        source: std::io::ErrorKind::PermissionDenied.into(),
    };
    assert_eq!(
        hint_for_file(&DocumentError::File { source }).as_deref(),
        Some("check the permissions of `/`")
    );
    let path = "/s/x".into();
    let found = "9".to_owned();
    let other = DocumentError::Version { path, found };
    assert_eq!(hint_for_file(&other), None);
}
