//! AWS Signer, Amazon ECR and AWS STS on loopback.
