//! Each way to put a signer together, on the emulator.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use countersign::environment::{Clock, Environment};
use countersign::reference::{ArtifactReference, Reference};
use countersign::sign::blob::Blob;
use countersign::sign::{
    ArtifactSigner, EnvelopeFormat, Setup, SetupError, Storage, StoredSignature,
};
use countersign::verify::{Options, Requirement, Verification, Verifier, blob};

use super::apart::variables_of;
use super::by_hand;
use crate::support::hostile::{Hostile, Reply};
use crate::support::pki::{Entity, Token, authority, granted, stamper};
use crate::support::scene::Scene;
use crate::support::{kms, local_keys, script_plugin};

/// Signs the scene's image by this setup.
fn sign(scene: &Scene, setup: &Setup) -> StoredSignature {
    let by = setup.connect(&by_hand(scene, Clock::System)).unwrap();
    let reference: ArtifactReference = Reference::parse(&scene.image).unwrap().into();
    let signed = block_on(by.sign(&reference)).unwrap();
    assert_eq!(signed.target.reference, reference);
    signed
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// Writes a policy of this kind that trusts `root`.
fn trust(scene: &Scene, file: &str, scopes: &str, root: impl AsRef<[u8]>) -> Environment {
    let store = "truststore/x509/ca/own/root.crt";
    scene.sandbox.write_config(store, root);
    let policy = format!(
        r#"{{ "version": "1.0", "trustPolicies": [ {{
            "name": "own", {scopes},
            "signatureVerification": {{ "level": "strict" }},
            "trustStores": [ "ca:own" ], "trustedIdentities": [ "*" ]
        }} ] }}"#
    );
    scene.sandbox.write_config(file, policy);
    by_hand(scene, Clock::System)
}

/// Verifies the image by a policy that trusts `root`.
fn verify(scene: &Scene, root: &str, options: &Options) -> Verification {
    let scopes = format!(r#""registryScopes": [ "{}" ]"#, scene.repository);
    let environment = trust(scene, "trustpolicy.oci.json", &scopes, root);
    let directories = environment.notation_directories().unwrap();
    let trust = Verifier::from_notation_config(&directories).unwrap();
    let verifier = trust.connect(&environment).unwrap();
    let reference = Reference::parse(&scene.image).unwrap().into();
    block_on(verifier.verify_with(&reference, options)).unwrap()
}

/// A key in a file, with a certificate of its own in PEM.
fn local_key(scene: &Scene, key: &str) -> (Setup, String) {
    let certificate = local_keys::certificate("ec-256");
    let file = scene.sandbox.home().join("own.crt");
    std::fs::write(&file, &certificate).unwrap();
    let setup = ArtifactSigner::with_local_key(&local_keys::path(key), &file);
    (setup, certificate)
}

#[test]
fn a_key_of_aws_kms_signs_with_metadata_in_the_place_that_is_asked_for() {
    let scene = Scene::new();
    let key = kms::import(&scene.emulator, "ec-256");
    let chain = kms::write_chain(scene.sandbox.home(), "ec-256");
    let metadata = BTreeMap::from([("commit".to_owned(), "abc".to_owned())]);
    let setup = ArtifactSigner::with_kms_key(&key, &chain).unwrap();
    let setup = setup
        .with_user_metadata(metadata.clone())
        .with_storage(Storage::TagSchema);
    let signed = sign(&scene, &setup);
    assert_eq!(signed.signature.envelope.format(), EnvelopeFormat::Jws);
    let tag = scene.digest().replace(':', "-");
    assert!(scene.tags().contains(&tag), "{:?}", scene.tags());

    let pem = std::fs::read_to_string(&chain).unwrap();
    let root = &pem[pem.rfind("-----BEGIN").unwrap()..];
    let mut options = Options::default();
    options.user_metadata = metadata;
    let found = verify(&scene, root, &options);
    assert!(matches!(found, Verification::Verified(_)), "{found:?}");

    let error = ArtifactSigner::with_kms_key("no key", &chain).unwrap_err();
    assert!(matches!(error, SetupError::KmsKey(_)), "{error:?}");
}

#[test]
fn an_encrypted_key_in_a_file_signs_cose_envelopes_that_expire() {
    let scene = Scene::new();
    let (setup, certificate) = local_key(&scene, "ec-256.aes256");
    let environment = by_hand(&scene, Clock::System);
    for setup in [
        setup.clone(),
        setup.clone().with_passphrase(b"other".to_vec()),
    ] {
        let error = setup.connect(&environment).unwrap_err();
        assert!(matches!(error, SetupError::LocalKey(_)), "{error:?}");
    }
    let setup = setup
        .with_passphrase(b"secret".to_vec())
        .with_format(EnvelopeFormat::Cose)
        .with_expiry(Duration::from_hours(24));
    assert!(!format!("{setup:?}").contains("secret"), "{setup:?}");
    let signed = sign(&scene, &setup);
    let envelope = &signed.signature.envelope;
    assert_eq!(envelope.format(), EnvelopeFormat::Cose);
    assert!(envelope.signer_info().signed_attributes.expiry.is_some());
    let found = verify(&scene, &certificate, &Options::default());
    assert!(matches!(found, Verification::Verified(_)), "{found:?}");
}

#[test]
fn a_signature_has_the_timestamp_of_the_authority_that_is_named() {
    let scene = Scene::new();
    let root = Entity::root(authority("TSA root"));
    let file = scene.sandbox.home().join("tsa.crt");
    std::fs::write(&file, root.certificate.der()).unwrap();
    let leaf = root.issue(stamper("TSA"));
    let server = Hostile::start(move |seen| {
        let mut token = Token::new(b"", &[&leaf]);
        let end = seen.body.len() - 3;
        token.nonce = Some(seen.body[end - 20..end].to_vec());
        token.hash = seen.body[end - 54..end - 22].to_vec();
        let reply = granted(&token.build(&leaf));
        Reply::ok("application/timestamp-reply", reply)
    });
    let (setup, _) = local_key(&scene, "ec-256");
    let url = format!("http://{}/stamp", server.host());
    let stamped = setup.clone().with_timestamping(&url, &file).unwrap();
    let signed = sign(&scene, &stamped);
    let info = signed.signature.envelope.signer_info();
    assert!(info.unsigned_attributes.timestamp_signature.is_some());
    assert_eq!(server.lines(), ["POST /stamp"]);

    let leaf = scene.sandbox.home().join("own.crt");
    for (url, root, words) in [
        (
            "ftp://tsa.example",
            &*file,
            "is not a URL with http or https",
        ),
        (&url, Path::new("/nonexistent"), "cannot be read"),
        (&url, &leaf, "is not a self-signed certificate authority"),
    ] {
        let error = setup.clone().with_timestamping(url, root).unwrap_err();
        assert!(matches!(error, SetupError::Timestamping(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_plugin_signs_and_is_given_the_environments_variables() {
    let scene = Scene::new();
    let environment = by_hand(&scene, Clock::System);
    let setup = ArtifactSigner::with_plugin("spy", "key", BTreeMap::new());
    let error = setup.connect(&environment).unwrap_err();
    assert!(matches!(error, SetupError::Plugin(_)), "{error:?}");

    script_plugin::install_line(&scene.sandbox, "spy", "env > \"$HOME/printed\"; exit 1");
    let by = setup.connect(&environment).unwrap();
    let reference = Reference::parse(&scene.image).unwrap().into();
    let error = block_on(by.sign(&reference)).unwrap_err();
    assert!(error.source().is_some(), "{error:?}");
    let home = scene.sandbox.home();
    let printed = std::fs::read_to_string(home.join("printed")).unwrap();
    assert_eq!(variables_of(&printed), [format!("HOME={}", home.display())]);
}

#[test]
fn a_file_is_signed_and_verified() {
    let scene = Scene::new();
    let (setup, certificate) = local_key(&scene, "ec-256");
    let path = scene.sandbox.home().join("app.txt");
    std::fs::write(&path, "an app").unwrap();
    let file = Blob::open(&path).unwrap();
    let by = setup.connect(&by_hand(&scene, Clock::System)).unwrap();
    let signed = block_on(by.sign_blob(&file, "text/plain", &|_| {})).unwrap();

    let scopes = r#""globalPolicy": true"#;
    let environment = trust(&scene, "trustpolicy.blob.json", scopes, certificate);
    let directories = environment.notation_directories().unwrap();
    let trust = Verifier::of_blobs_from_notation_config(&directories).unwrap();
    let verifier = trust.connect(&environment).unwrap();
    let policies = verifier.policies();
    let statement = blob::select(policies, &file, None, &Requirement::default()).unwrap();
    let envelope = &signed.signer.envelope;
    let signature = blob::Signature {
        format: envelope.format(),
        envelope: envelope.bytes(),
    };
    let options = blob::Options::default();
    let verify =
        |blob: &Blob| block_on(verifier.verify_blob(blob, signature, statement, &options, &|_| {}));
    let found = verify(&file).unwrap();
    assert!(
        matches!(found, blob::Verification::Verified(_)),
        "{found:?}"
    );

    std::fs::write(&path, "another").unwrap();
    let error = verify(&Blob::open(&path).unwrap()).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("mismatch"), "{cause}");
}
