//! Rows of kind `timestamp verification` that the token of an envelope decides.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::timestamp;
use countersign::x509::Certificate;
use time::macros::datetime;

use super::{Answer, Case};

/// `None` for rows that the policy or the absence of a token decides.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    let store = match () {
        () if case.how.contains("policy always.json") => "tsa",
        () if case.how.contains("policy othertsa.json") => "other",
        () => return None,
    };
    let envelope: serde_json::Value = serde_json::from_slice(&case.read()).unwrap();
    let token = envelope.pointer("/header/io.cncf.notary.timestampSignature")?;
    let token = STANDARD.decode(token.as_str().unwrap()).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(envelope["signature"].as_str().unwrap());
    let chain = envelope["header"]["x5c"].as_array().unwrap().iter();
    let chain: Vec<Certificate> = chain
        .map(|der| STANDARD.decode(der.as_str().unwrap()).unwrap())
        .map(|der| Certificate::parse(&der).unwrap())
        .collect();
    let root = format!("generated/tscfg/truststore/x509/tsa/{store}/root.pem");
    let roots = super::tst::certificates(case, &root);
    let now = datetime!(2026-11-22 00:00 UTC);
    let verified = timestamp::verify(&token, &signature.unwrap(), &roots, now)
        .and_then(|timestamp| timestamp.check_validity(&chain));
    Some(Answer::from_result(&verified))
}
