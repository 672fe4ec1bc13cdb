//! `cert generate-test --kms-key`: a test certificate for a key that is in AWS KMS already.

use std::collections::BTreeMap;

use super::super::args::parse_pairs;
use super::super::context::{environment, unusable};
use super::super::output::{CommandOutput, Exit};
use crate::aws::{Aws, KmsKeyId};
use crate::config::SigningKey;
use crate::signer::aws_kms::{PLUGIN_NAME, Settings, TestCertificate};

/// Has KMS sign a certificate for its key `key`, and gives it with its entry for the key list, in
/// which `certificate` is its file.
pub(super) async fn generate(
    key: &str,
    plugin_config: &[String],
    name: &str,
    certificate: String,
) -> Result<(TestCertificate, SigningKey), CommandOutput> {
    let id = KmsKeyId::parse(key).map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
    let mut config = parse_pairs("plugin-config", plugin_config)?;
    let made = TestCertificate::generate(&aws(&config)?, &id, name, environment().now()).await;
    let made = made.map_err(|error| {
        let exit = if error.is_inconclusive() {
            Exit::Inconclusive
        } else {
            Exit::Rejected
        };
        CommandOutput::error(exit, &error.to_string(), &error, error.hint())
    })?;
    config.insert(Settings::CERTIFICATE_CHAIN.to_owned(), certificate);
    let entry = SigningKey {
        name: name.to_owned(),
        // The certificate stays this key's, wherever an alias is pointed.
        id: Some(made.key.arn().to_owned()),
        plugin_name: Some(PLUGIN_NAME.to_owned()),
        plugin_config: config,
        ..SigningKey::default()
    };
    Ok((made, entry))
}

fn aws(config: &BTreeMap<String, String>) -> Result<Aws, CommandOutput> {
    let settings = Settings::from_plugin_config(config)
        .map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
    if settings.certificate_chain.is_some() {
        return Err(CommandOutput::failed(
            Exit::Usage,
            "the certificate is made here; leave out `certificate_chain`",
        ));
    }
    let environment = environment().with_aws_settings(settings.aws);
    let connections = environment.connections();
    let connections = connections.map_err(|error| unusable(&error))?;
    Ok(connections.aws)
}
