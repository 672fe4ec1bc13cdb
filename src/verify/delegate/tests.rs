//! Plugins are scripts that answer what the test says, and keep what they were asked.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::*;
use crate::extended_validation::tests::good_claims;
use crate::plugin_host::PluginHost;
use crate::verify::testing::{Scene, attributes, statement};

const IDENTITY: &str = Capability::TrustedIdentity.as_str();
const REVOCATION: &str = Capability::RevocationCheck.as_str();

/// A program named `p`, and the judges that run it.
struct Installed {
    scene: Scene,
    validators: Validators,
}

impl Installed {
    /// Of this version and with these capabilities; `answer` is its answer to `verify-signature`.
    fn new(version: &str, capabilities: &[&str], answer: &Value) -> Self {
        let scene = Scene::new();
        let folder = scene.path("plugins/p");
        std::fs::create_dir_all(&folder).unwrap();
        let metadata = json!({"name": "p", "description": "d", "version": version, "url": "u",
            "supportedContractVersions": ["1.0"], "capabilities": capabilities});
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = get-plugin-metadata ]; then cat > /dev/null; echo '{metadata}'\n\
             else cat > \"$0.request\"; echo '{answer}'; fi\n"
        );
        let file = folder.join("notation-p");
        // Written by another process: a file that this one has open for writing while another test forks
        // could not be executed.
        let status = std::process::Command::new("/bin/sh")
            .args(["-c", "printf '%s' \"$1\" > \"$0\""])
            .arg(&file)
            .arg(script)
            .status();
        assert!(status.unwrap().success());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let validators = Validators {
            plugins: Some(PluginHost::new(scene.path("plugins"))),
            ..scene.validators()
        };
        Self { scene, validators }
    }

    async fn choose(&self, attributes: &SignedAttributes) -> Result<Delegate, Failure> {
        let info = self.scene.info(attributes);
        Delegate::choose(&self.validators, &info).await
    }

    /// What it answers about a signature, where the policy has these changes.
    async fn verify(
        &self,
        attributes: &SignedAttributes,
        changes: &Value,
    ) -> Result<PluginAnswer, Failure> {
        let Delegate::Plugin(plugin) = self.choose(attributes).await? else {
            panic!("no plugin was chosen");
        };
        let info = self.scene.info(attributes);
        let config = PluginConfig::new();
        plugin.verify(&info, &statement(changes), &config).await
    }

    /// What it was asked to decide; nothing if it was not asked.
    fn asked(&self) -> Option<Value> {
        let file = self.scene.path("plugins/p/notation-p.request");
        let bytes = crate::files::read(&file, 1_000_000).ok()?;
        let request: Value = serde_json::from_slice(&bytes).unwrap();
        Some(request["trustPolicy"]["signatureVerification"].clone())
    }
}

fn of_plugin() -> SignedAttributes {
    SignedAttributes {
        verification_plugin: Some("p".to_owned()),
        ..attributes()
    }
}

fn extended(name: &str, label: LabelKind, critical: bool) -> ExtendedAttribute {
    ExtendedAttribute {
        name: name.to_owned(),
        label,
        critical,
        value: json!("value"),
    }
}

/// One that names the plugin and has the critical attribute `x`.
fn with_critical() -> SignedAttributes {
    SignedAttributes {
        extended: vec![extended("x", LabelKind::Text, true)],
        ..of_plugin()
    }
}

fn good(capabilities: &[&str], processed: &[&str]) -> Value {
    let results = capabilities.iter();
    let results: BTreeMap<_, _> = results.map(|one| (one, json!({"success": true}))).collect();
    json!({"verificationResults": results, "processedAttributes": processed})
}

fn skips_revocation() -> Value {
    let level = json!({"level": "strict", "override": {"revocation": "skip"}});
    json!({"signatureVerification": level})
}

#[tokio::test]
async fn a_plugin_decides_what_it_can_and_nobody_else_decides_anything() {
    for (capabilities, decides) in [
        (&[IDENTITY][..], (true, false)),
        (&[REVOCATION], (false, true)),
        (&[REVOCATION, IDENTITY, "X"], (true, true)),
    ] {
        let installed = Installed::new("1.0.0", capabilities, &json!({}));
        let delegate = installed.choose(&of_plugin()).await.ok().unwrap();
        let found = (delegate.decides_identity(), delegate.decides_revocation());
        assert_eq!(found, decides, "{capabilities:?}");
    }
    for delegate in [Delegate::Native, Delegate::AwsSigner(good_claims())] {
        let found = (delegate.decides_identity(), delegate.decides_revocation());
        assert_eq!(found, (false, false));
    }
}

#[tokio::test]
async fn a_plugin_is_asked_what_it_can_and_the_policy_wants_decided() {
    let both = [IDENTITY, REVOCATION];
    for (can, changes, wanted) in [
        (&both[..], json!({}), Some(json!(both))),
        (&both[..1], json!({}), Some(json!([IDENTITY]))),
        (&both[1..], json!({}), Some(json!([REVOCATION]))),
        (&both[..], skips_revocation(), Some(json!([IDENTITY]))),
        (&both[..1], skips_revocation(), Some(json!([IDENTITY]))),
        (&both[1..], skips_revocation(), None),
    ] {
        let asked = wanted.as_ref().and_then(Value::as_array);
        let asked: Vec<&str> = asked
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let installed = Installed::new("1.0.0", can, &good(&asked, &[]));
        let answer = installed.verify(&of_plugin(), &changes).await.ok().unwrap();
        assert_eq!(installed.asked(), wanted, "{can:?} {changes}");
        let is_answered = |name: &str| asked.contains(&name);
        let found = (answer.identity, answer.revocation);
        assert_eq!(
            found.0.is_some(),
            is_answered(IDENTITY),
            "{can:?} {changes}"
        );
        assert_eq!(
            found.1.is_some(),
            is_answered(REVOCATION),
            "{can:?} {changes}"
        );
        assert!(found.0.is_none_or(|result| result.is_ok()));
        assert!(found.1.is_none_or(|result| result.is_ok()));
    }
    // An attribute is not processed if the plugin was not asked.
    let installed = Installed::new("1.0.0", &[REVOCATION], &json!({}));
    let answer = installed
        .verify(&with_critical(), &skips_revocation())
        .await;
    let failure = answer.err().unwrap();
    assert!(matches!(failure, Failure::UnprocessedAttributes(names) if names == ["x"]));
}

#[tokio::test]
async fn a_plugins_no_is_a_failure_of_what_it_was_asked() {
    let answer = json!({"verificationResults": {
        IDENTITY: {"success": false, "reason": "who"}, REVOCATION: {"success": false, "reason": "gone"}},
        "processedAttributes": []});
    let installed = Installed::new("1.0.0", &[IDENTITY, REVOCATION], &answer);
    let answer = installed.verify(&of_plugin(), &json!({})).await;
    let answer = answer.ok().unwrap();
    let identity = answer.identity.unwrap().unwrap_err();
    assert!(
        matches!(&identity, Failure::UntrustedByPlugin { plugin, reason } if plugin == "p" && reason == "who"),
        "{identity}"
    );
    let revocation = answer.revocation.unwrap().unwrap_err();
    assert!(
        matches!(&revocation, Failure::RevokedByPlugin { plugin, reason } if plugin == "p" && reason == "gone"),
        "{revocation}"
    );
}

#[tokio::test]
async fn an_answer_is_about_what_was_asked_no_less_and_no_more() {
    let failure = async |answer: Value| {
        let installed = Installed::new("1.0.0", &[IDENTITY], &answer);
        let answer = installed.verify(&with_critical(), &json!({})).await;
        answer.err()
    };
    assert!(failure(good(&[IDENTITY], &["x"])).await.is_none());
    let found = failure(good(&[], &["x"])).await.unwrap();
    assert!(
        matches!(&found, Failure::PluginDidNotAnswer { name, capability: Capability::TrustedIdentity } if name == "p"),
        "{found}"
    );
    let found = failure(good(&[IDENTITY], &[])).await.unwrap();
    assert!(
        matches!(&found, Failure::UnprocessedAttributes(names) if names == &["x"]),
        "{found}"
    );
    for (answer, more) in [
        (good(&[IDENTITY, REVOCATION], &["x"]), REVOCATION),
        (good(&[IDENTITY], &["x", "y"]), "y"),
    ] {
        let found = failure(answer).await.unwrap();
        assert!(
            matches!(&found, Failure::PluginAnsweredMore { name, unasked } if name == "p" && unasked == more),
            "{found}"
        );
    }
}

#[tokio::test]
async fn a_plugin_that_cannot_be_held_to_anything_is_not_chosen() {
    let failure = async |version: &str, capabilities: &[&str]| {
        let installed = Installed::new(version, capabilities, &json!({}));
        let wants = SignedAttributes {
            verification_plugin_min_version: Some("1.2.0".to_owned()),
            ..of_plugin()
        };
        installed.choose(&wants).await.err()
    };
    assert!(failure("1.2.0", &[IDENTITY]).await.is_none());
    let found = failure("1.2", &[IDENTITY]).await.unwrap();
    assert!(
        matches!(&found, Failure::PluginVersion { name, found } if name == "p" && found == "1.2"),
        "{found}"
    );
    let found = failure("1.1.9", &[IDENTITY]).await.unwrap();
    assert!(
        matches!(&found, Failure::PluginTooOld { wanted, found } if wanted == "1.2.0" && found == "1.1.9"),
        "{found}"
    );
    let found = failure("1.2.0", &["SIGNATURE_GENERATOR.RAW"])
        .await
        .unwrap();
    assert!(
        matches!(&found, Failure::PluginCannotVerify { name } if name == "p"),
        "{found}"
    );
}

#[tokio::test]
async fn without_a_plugin_nobody_processes_critical_attributes() {
    let installed = Installed::new("1.0.0", &[IDENTITY], &json!({}));
    assert!(matches!(
        installed.choose(&attributes()).await,
        Ok(Delegate::Native)
    ));
    let critical = SignedAttributes {
        verification_plugin: None,
        ..with_critical()
    };
    let found = installed.choose(&critical).await.err().unwrap();
    assert!(
        matches!(&found, Failure::UnprocessedAttributes(names) if names == &["x"]),
        "{found}"
    );
}

#[tokio::test]
async fn aws_signers_own_rules_go_before_its_plugin_unless_that_is_asked_for() {
    let scene = Scene::new();
    let mut validators = scene.validators();
    let info = scene.info(&SignedAttributes {
        verification_plugin: Some(extended_validation::PLUGIN_NAME.to_owned()),
        ..attributes()
    });
    let found = Delegate::choose(&validators, &info).await.err().unwrap();
    assert!(matches!(found, Failure::NotAwsSigner { .. }), "{found}");
    validators.aws_signer_checks = AwsSignerChecks::InstalledPlugin;
    let found = Delegate::choose(&validators, &info).await.err().unwrap();
    assert!(
        matches!(&found, Failure::PluginNotRun { name } if name == extended_validation::PLUGIN_NAME),
        "{found}"
    );
}

#[test]
fn a_plugin_is_told_what_is_signed_as_far_as_its_contract_has_words_for_it() {
    let scene = Scene::new();
    let mut info = scene.info(&of_plugin());
    info.signed_attributes.extended = vec![
        extended("a", LabelKind::Text, true),
        extended("7", LabelKind::Integer, false),
        extended("b", LabelKind::Text, false),
    ];
    let told = |info: &SignerInfo| {
        let asked = [Capability::RevocationCheck];
        let config = PluginConfig::from([("k".to_owned(), "v".to_owned())]);
        serde_json::to_value(request(info, &statement(&json!({})), &asked, &config)).unwrap()
    };
    let request = told(&info);
    let signature = &request["signature"];
    assert_eq!(
        signature["criticalAttributes"],
        json!({"contentType": "application/vnd.cncf.notary.payload.v1+json", "signingScheme": "notary.x509",
            "extendedAttributes": {"a": "value", "b": "value"}})
    );
    assert_eq!(signature["unprocessedAttributes"], json!(["a", "b"]));
    let chain = signature["certificateChain"].as_array().unwrap();
    assert_eq!(chain.len(), 2);
    assert_eq!(
        request["trustPolicy"],
        json!({"trustedIdentities": ["*"], "signatureVerification": [REVOCATION]})
    );
    assert_eq!(request["pluginConfig"], json!({"k": "v"}));
    // The time is told where an authority vouches for it.
    info.signed_attributes.signing_scheme = SigningScheme::SigningAuthority;
    info.signed_attributes.expiry = Some(crate::verify::testing::NOW);
    let request = told(&info);
    let signed = &request["signature"]["criticalAttributes"];
    assert_eq!(signed["authenticSigningTime"], "2026-01-02T02:04:05Z");
    assert_eq!(signed["expiry"], "2026-01-02T03:04:05Z");
}
