//! What a token says, for people to look at.

use time::OffsetDateTime;

use super::signed_data::SignedData;
use super::{Error, ber, parse_certificates, range, read_info};
use crate::x509::Certificate;

/// A timestamp as it is shown. It is over the signature that it stands beside; who made it, and
/// whether that is true, has not been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedTimestamp {
    /// The stamped time less its accuracy.
    pub earliest: OffsetDateTime,
    /// The stamped time plus its accuracy.
    pub latest: OffsetDateTime,
    /// The token's certificates, in its order.
    pub certificates: Vec<Certificate>,
}

impl UnverifiedTimestamp {
    /// Reads `token` (a `TimeStampToken` in BER or DER), which must be over `signature_value`.
    ///
    /// # Errors
    ///
    /// What is wrong with the token's form, or that it is over something else.
    pub fn parse(token: &[u8], signature_value: &[u8]) -> Result<Self, Error> {
        let der = ber::to_der(token)?;
        let signed_data = SignedData::parse(&der)?;
        let info = read_info(&signed_data)?;
        info.check_imprint(signature_value)?;
        let (earliest, latest) = range(&info)?;
        Ok(Self {
            earliest,
            latest,
            certificates: parse_certificates(&signed_data.certificates)?,
        })
    }
}
