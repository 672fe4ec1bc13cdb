//! The signing platforms.

use serde_json::{Value, json};

use super::{
    Context,
    input::{Input, STRING},
    pages::page,
    store::not_found,
};
use crate::error::AwsError;

/// The platform of container images.
pub(crate) const NOTATION: &str = "Notation-OCI-SHA384-ECDSA";

/// The platform of packages of AWS Lambda.
pub(crate) const LAMBDA: &str = "AWSLambda-SHA384-ECDSA";

/// One row of `ListSigningPlatforms`.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) id: &'static str,
    pub(crate) display_name: &'static str,
    partner: &'static str,
    target: &'static str,
    encryption: &'static [&'static str],
    hash: &'static [&'static str],
    format: &'static str,
    max_size_in_mb: u16,
    pub(crate) needs_signing_material: bool,
    is_revocation_supported: bool,
}

/// AWS Signer's five. What AWS says of the Notation platform beyond its name is not published; those members are guesses.
pub(crate) const PLATFORMS: [Platform; 5] = [
    Platform {
        id: "AWSIoTDeviceManagement-SHA256-ECDSA",
        display_name: "AWS IoT Device Management SHA256-ECDSA ",
        partner: "AWSIoTDeviceManagement",
        target: "SHA256-ECDSA",
        encryption: &["ECDSA"],
        hash: &["SHA256"],
        format: "JSONDetached",
        max_size_in_mb: 2048,
        needs_signing_material: true,
        is_revocation_supported: false,
    },
    Platform {
        id: LAMBDA,
        display_name: "AWS Lambda",
        partner: "AWSLambda",
        target: "SHA384-ECDSA",
        encryption: &["ECDSA"],
        hash: &["SHA384"],
        format: "JSONDetached",
        max_size_in_mb: 250,
        needs_signing_material: false,
        is_revocation_supported: true,
    },
    Platform {
        id: "AmazonFreeRTOS-Default",
        display_name: "Amazon FreeRTOS",
        partner: "AmazonFreeRTOS",
        target: "SHA256-ECDSA",
        encryption: &["RSA", "ECDSA"],
        hash: &["SHA256"],
        format: "JSONEmbedded",
        max_size_in_mb: 16,
        needs_signing_material: true,
        is_revocation_supported: false,
    },
    Platform {
        id: "AmazonFreeRTOS-TI-CC3220SF",
        display_name: "Amazon FreeRTOS SHA1-RSA CC3220SF-Format",
        partner: "AmazonFreeRTOS",
        target: "SHA1-RSA-TISHA1",
        encryption: &["RSA"],
        hash: &["SHA1"],
        format: "JSONEmbedded",
        max_size_in_mb: 16,
        needs_signing_material: true,
        is_revocation_supported: false,
    },
    Platform {
        id: NOTATION,
        display_name: "Notation for container registries",
        partner: "Notation",
        target: "SHA384-ECDSA",
        encryption: &["ECDSA"],
        hash: &["SHA384"],
        format: "JSONEmbedded",
        max_size_in_mb: 1,
        needs_signing_material: false,
        is_revocation_supported: true,
    },
];

pub(crate) fn find(id: &str) -> Option<&'static Platform> {
    PLATFORMS.iter().find(|platform| platform.id == id)
}

pub(crate) fn display_name(id: &str) -> &'static str {
    find(id).map_or("", |platform| platform.display_name)
}

impl Platform {
    fn json(&self) -> Value {
        json!({
            "platformId": self.id,
            "displayName": self.display_name,
            "partner": self.partner,
            "target": self.target,
            "category": "AWS",
            "signingConfiguration": {
                "encryptionAlgorithmOptions": {
                    "allowedValues": self.encryption,
                    "defaultValue": self.encryption.first(),
                },
                "hashAlgorithmOptions": { "allowedValues": self.hash, "defaultValue": self.hash.first() },
            },
            "signingImageFormat": { "supportedFormats": [self.format], "defaultFormat": self.format },
            "maxSizeInMB": self.max_size_in_mb,
            "revocationSupported": self.is_revocation_supported,
        })
    }
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let category = input.optional_query_text("category", STRING);
    let partner = input.optional_query_text("partner", STRING);
    let target = input.optional_query_text("target", STRING);
    let max_results = input.max_results()?;
    let token = input.optional_query_text("nextToken", STRING);
    input.finish()?;

    let fits = |filter: &Option<String>, value: &str| {
        filter.as_deref().is_none_or(|filter| filter == value)
    };
    let rows = PLATFORMS
        .iter()
        .filter(|platform| {
            fits(&category, "AWS")
                && fits(&partner, platform.partner)
                && fits(&target, platform.target)
        })
        .map(|platform| (platform.id.to_owned(), platform.json()))
        .collect();
    let (platforms, next) = page(rows, token.as_deref(), max_results)?;
    Ok(json!({ "platforms": platforms, "nextToken": next }))
}

pub(super) fn describe(id: &str) -> Result<Value, AwsError> {
    find(id)
        .map(Platform::json)
        .ok_or_else(|| not_found(format!("Signing platform {id} not found")))
}
