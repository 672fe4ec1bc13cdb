//! Signing keys of `signingkeys.json`: files that can sign, and keys of AWS KMS that are their certificates'.

use std::path::Path;

use super::actions;
use super::examination::Examination;
use super::finding::{Check, Finding, PolicyStatement, Status};
use crate::aws::{CallErrorKind, CallerIdentity, KmsKeyId};
use crate::config::{SigningKey, SigningKeys};
use crate::environment::Connections;
use crate::extended_validation::PLUGIN_NAME;
use crate::limits::MAX_CHECKED_KEYS;
use crate::signer::aws_kms::{self, KmsKey};
use crate::signer::aws_signer::SigningProfile;
use crate::signer::certificate_chain::CertificateChain;
use crate::signer::local_key::KeyFile;

const WANTED: &str = "a key that can sign";
const SIGN: &str = "kms:Sign";

/// The connections to AWS, and the caller's identity.
pub(super) type Asking<'a> = Option<(&'a Connections, Option<&'a CallerIdentity>)>;

/// What was found of each key; empty without keys, or if nothing is signed.
pub(super) async fn check(examination: &Examination, asking: Asking<'_>) -> Vec<Finding> {
    if examination.only_verifies {
        return Vec::new();
    }
    // Without a directory there is no list, which `trust-policy` says.
    let Ok(dirs) = examination.environment.notation_directories() else {
        return Vec::new();
    };
    let keys = match SigningKeys::load(&dirs) {
        Ok(keys) => keys,
        Err(error) => {
            let wanted = "a list of signing keys that can be read";
            let finding = Finding::of_error(Check::SigningKey, Status::Fail, &error, wanted);
            return vec![finding.advising(error.hint())];
        }
    };
    let mut findings = Vec::new();
    for key in keys.keys.iter().take(MAX_CHECKED_KEYS) {
        let found = of_key(examination, key, asking).await;
        let is_default = keys.default.as_ref() == Some(&key.name);
        let named = found.into_iter().map(|finding| match finding.check {
            Check::SigningKey if is_default => finding.about(format!("{} (default)", key.name)),
            Check::SigningKey => finding.about(&key.name),
            _ => finding,
        });
        findings.extend(named);
    }
    findings
}

async fn of_key(examination: &Examination, key: &SigningKey, asking: Asking<'_>) -> Vec<Finding> {
    match (&key.plugin_name, &key.key_path, &key.cert_path) {
        (Some(plugin), ..) if plugin == aws_kms::PLUGIN_NAME => {
            of_kms(examination, key, asking).await
        }
        (Some(plugin), ..) if plugin == PLUGIN_NAME => vec![of_profile(key)],
        (Some(plugin), ..) => {
            let said = format!("it is a key of the plugin `{plugin}`");
            vec![Finding::pass(Check::SigningKey, said)]
        }
        (None, Some(path), Some(certificates)) => {
            vec![of_file(
                examination,
                Path::new(path),
                Path::new(certificates),
            )]
        }
        (None, ..) => vec![
            Finding::fail(Check::SigningKey, "it has no plugin and no files", WANTED)
                .advising(Some(delete(key))),
        ],
    }
}

fn delete(key: &SigningKey) -> String {
    format!(
        "remove it with `countersign key delete {}`, and add it again",
        key.name
    )
}

fn of_profile(key: &SigningKey) -> Finding {
    let id = key.id.as_deref().unwrap_or_default();
    match SigningProfile::parse(id) {
        Ok(_) => Finding::pass(
            Check::SigningKey,
            format!("it is the signing profile `{id}`"),
        ),
        Err(error) => Finding::of_error(Check::SigningKey, Status::Fail, &error, WANTED)
            .advising(error.hint()),
    }
}

/// The user is not asked for a passphrase, so an encrypted key is not opened.
fn of_file(examination: &Examination, key: &Path, certificates: &Path) -> Finding {
    let now = examination.environment.now();
    let failed = |error: crate::signer::local_key::Error| {
        Finding::of_error(Check::SigningKey, Status::Fail, &error, WANTED).advising(error.hint())
    };
    let file = match KeyFile::read(key, certificates, now) {
        Ok(file) => file,
        Err(error) => return failed(error),
    };
    let shown = key.display();
    if file.is_encrypted() {
        let said = format!("`{shown}` is encrypted, and its certificates can be used");
        return Finding::pass(Check::SigningKey, said);
    }
    match file.open(None) {
        Ok(_) => Finding::pass(
            Check::SigningKey,
            format!("`{shown}` is the key of its certificate"),
        ),
        Err(error) => failed(error),
    }
}

async fn of_kms(examination: &Examination, key: &SigningKey, asking: Asking<'_>) -> Vec<Finding> {
    let (id, chain) = match of_kms_files(examination, key) {
        Ok(read) => read,
        Err(finding) => return vec![*finding],
    };
    let shown = key.id.as_deref().unwrap_or_default();
    let Some((connections, caller)) = asking else {
        let found = format!("AWS KMS was not asked about `{shown}`");
        let finding = Finding::unknown(Check::SigningKey, found, WANTED);
        return vec![finding.advising(Some("mend what keeps AWS from being asked".to_owned()))];
    };
    let kms = KmsKey::new(connections.aws.clone(), id, chain);
    match Box::pin(kms.check()).await {
        Ok(found) => {
            let arn = found.arn();
            let said = format!("`{arn}` is the key of its certificate");
            let may = actions::may(examination, connections, caller, &[SIGN], arn).await;
            vec![
                Finding::pass(Check::SigningKey, said),
                may.about(format!("{SIGN} on {arn}")),
            ]
        }
        Err(aws_kms::Error::Call(call)) => {
            let finding = Finding::of_call(Check::SigningKey, &call, WANTED);
            vec![match call.kind() {
                CallErrorKind::Denied => finding
                    .with_status(Status::Unknown)
                    .needing(PolicyStatement::new(&["kms:GetPublicKey", SIGN], shown)),
                _ => finding,
            }]
        }
        Err(error) => {
            let hint = error.hint();
            let finding = Finding::of_error(Check::SigningKey, Status::Fail, &error, WANTED);
            vec![finding.advising(hint)]
        }
    }
}

/// What the list and the files say of a key of AWS KMS.
fn of_kms_files(
    examination: &Examination,
    key: &SigningKey,
) -> Result<(KmsKeyId, CertificateChain), Box<Finding>> {
    let failed = |error: &(dyn std::error::Error + 'static), hint| {
        let finding = Finding::of_error(Check::SigningKey, Status::Fail, error, WANTED);
        Box::new(finding.advising(hint))
    };
    let id = KmsKeyId::parse(key.id.as_deref().unwrap_or_default())
        .map_err(|error| failed(&error, error.hint()))?;
    let settings = aws_kms::Settings::from_plugin_config(&key.plugin_config)
        .map_err(|error| failed(&error, error.hint()))?;
    let path = settings
        .certificate_chain()
        .map_err(|error| failed(&error, error.hint()))?;
    let chain = CertificateChain::read(path, examination.environment.now())
        .map_err(|error| failed(&error, error.hint()))?;
    Ok((id, chain))
}
