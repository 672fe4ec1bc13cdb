//! The members of the flattened serialisation, borrowed from the text wherever JSON has no escapes.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::limits::{MAX_CHAIN_CERTIFICATES, MAX_UNPROTECTED_MEMBERS};
use crate::notary::attribute::{SIGNING_AGENT, TIMESTAMP_SIGNATURE};

/// The flattened serialisation; `serde` refuses unknown and repeated members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flattened<'a> {
    #[serde(borrow)]
    pub(super) payload: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) protected: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) header: Unprotected<'a>,
    #[serde(borrow)]
    pub(super) signature: Cow<'a, str>,
}

/// The unprotected header. Members that are not known are ignored: the signature does not cover them.
#[derive(Default)]
pub(super) struct Unprotected<'a> {
    pub(super) x5c: Option<Chain<'a>>,
    pub(super) timestamp_signature: Option<Cow<'a, str>>,
    pub(super) signing_agent: Option<Cow<'a, str>>,
}

/// The certificates in base64, one more than are allowed at most.
pub(super) struct Chain<'a>(pub(super) Vec<Cow<'a, str>>);

/// Text that is borrowed wherever JSON has no escapes in it.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Unprotected<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Unprotected<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the unprotected header, an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut header = Unprotected::default();
                let mut members: usize = 0;
                while let Some(Text(name)) = access.next_key()? {
                    members = members.saturating_add(1);
                    if members > MAX_UNPROTECTED_MEMBERS {
                        return Err(A::Error::custom(format!(
                            "the unprotected header has more than {MAX_UNPROTECTED_MEMBERS} members"
                        )));
                    }
                    let repeated = match name.as_ref() {
                        "x5c" => header.x5c.replace(access.next_value()?).is_some(),
                        TIMESTAMP_SIGNATURE => {
                            let Text(token) = access.next_value()?;
                            header.timestamp_signature.replace(token).is_some()
                        }
                        SIGNING_AGENT => {
                            let Text(agent) = access.next_value()?;
                            header.signing_agent.replace(agent).is_some()
                        }
                        other => {
                            check_spelling(other)?;
                            access.next_value::<IgnoredAny>()?;
                            false
                        }
                    };
                    if repeated {
                        return Err(A::Error::custom(format!("duplicate field `{name}`")));
                    }
                }
                Ok(header)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Other readers, Go's among them, take a known name in other letters for the known one.
fn check_spelling<E: serde::de::Error>(name: &str) -> Result<(), E> {
    // No letter is three times as long as its small one; longer names need not be folded.
    if name.len() > 3 * TIMESTAMP_SIGNATURE.len() {
        return Ok(());
    }
    let folded = name.to_lowercase();
    let known = ["x5c", TIMESTAMP_SIGNATURE, SIGNING_AGENT]
        .into_iter()
        .find(|known| known.to_lowercase() == folded);
    match known {
        Some(known) => Err(E::custom(format!("field `{name}` is not spelt `{known}`"))),
        None => Ok(()),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Chain<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Certificates;

        impl<'de> Visitor<'de> for Certificates {
            type Value = Chain<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of certificates in base64")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut certificates = Vec::new();
                while let Some(Text(certificate)) = access.next_element()? {
                    // The rest of too long a chain is read over and not kept.
                    if certificates.len() <= MAX_CHAIN_CERTIFICATES {
                        certificates.push(certificate);
                    }
                }
                Ok(Chain(certificates))
            }
        }

        deserializer.deserialize_seq(Certificates)
    }
}
