//! The signing platform of AWS Lambda.

/// Its name in AWS Signer.
pub const PLATFORM_ID: &str = "AWSLambda-SHA384-ECDSA";
