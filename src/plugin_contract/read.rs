//! From bytes to messages: grammar first, then bounds, then the version, then the fields.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Base64, CONTRACT_VERSION};
use crate::json_size::count_values;
use crate::limits::{MAX_PLUGIN_MESSAGE_BYTES, MAX_PLUGIN_MESSAGE_VALUES};

/// Why bytes are not a message of the contract.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message has as many bytes as the contract allows, or more.
    #[error("input has {MAX_PLUGIN_MESSAGE_BYTES} bytes or more, and the contract wants fewer")]
    TooLarge,
    /// The message has more values than any real one.
    #[error("input has more than {MAX_PLUGIN_MESSAGE_VALUES} values")]
    TooManyValues,
    /// Not one JSON object.
    #[error("input is not a valid JSON: {problem}")]
    NotJson {
        /// What the JSON parser met, and where.
        problem: String,
    },
    /// A version of the contract that this program does not speak.
    #[error("contract version `{found}` is not supported, wanted `{CONTRACT_VERSION}`")]
    ContractVersion {
        /// The version in the message.
        found: String,
    },
    /// A field is missing, empty or of the wrong type.
    #[error("input is not a valid request: {}{problem}", field_prefix(path))]
    Field {
        /// Where, for example `signature.criticalAttributes`; empty for the whole message.
        path: String,
        /// What is wrong there.
        problem: String,
    },
}

fn field_prefix(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!("`{path}`: ")
    }
}

/// Parses a request, and checks that it is of version 1.0.
///
/// # Errors
///
/// [`Error`]; the version is looked at before the fields, whose meaning depends on it.
pub fn parse_request<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    check_bounds(bytes)?;
    let Version { contract_version } = parse_object(bytes)?;
    if let Some(found) = contract_version
        && found != CONTRACT_VERSION
        && !found.is_empty()
    {
        return Err(Error::ContractVersion { found });
    }
    parse_object(bytes)
}

/// Parses what a plugin answered.
///
/// # Errors
///
/// [`Error`].
pub fn parse_response<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    check_bounds(bytes)?;
    parse_object(bytes)
}

/// The field that every request has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(default)]
    contract_version: Option<String>,
}

/// Bytes are bounded by the contract. A tree of values takes many times the bytes of its text
/// (`[[],[],…]`), so they are counted, before anything is built.
fn check_bounds(bytes: &[u8]) -> Result<(), Error> {
    if u64::try_from(bytes.len()).map_or(true, |length| length >= MAX_PLUGIN_MESSAGE_BYTES) {
        return Err(Error::TooLarge);
    }
    if count_values(bytes) > MAX_PLUGIN_MESSAGE_VALUES {
        return Err(Error::TooManyValues);
    }
    Ok(())
}

fn parse_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let value = object(serde_path_to_error::Deserializer::new(
        &mut json, &mut track,
    ))
    .map_err(|error: serde_json::Error| {
        if !error.is_data() {
            return not_json(&error);
        }
        let path = track.path().to_string();
        Error::Field {
            path: if path == "." { String::new() } else { path },
            problem: error.to_string(),
        }
    })?;
    json.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> Error {
    Error::NotJson {
        problem: error.to_string(),
    }
}

/// A structure as a JSON object; serde on its own would take an array of its fields too.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}

/// What notation leaves empty it writes as `null`.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A string that says something.
pub(super) fn non_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(D::Error::custom("must not be empty"));
    }
    Ok(text)
}

/// RFC 3339; nothing, `null` and the year 1 (Go's zero time) mean that there is no time.
pub(super) mod optional_time {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.format(&Rfc3339).map_err(S::Error::custom))
            .transpose()?
            .serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let time = OffsetDateTime::parse(&text, &Rfc3339)
            .map_err(|_| D::Error::custom("not a time as RFC 3339 writes it"))?;
        Ok((time.year() > 1).then_some(time))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string of base64")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
                STANDARD
                    .decode(text)
                    .map_err(|error| E::custom(format_args!("not base64: {error}")))
            }
        }
        deserializer.deserialize_str(Text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;
    use time::macros::datetime;

    const VERIFY: &str = r#"{"contractVersion":"1.0","signature":{"criticalAttributes":{"contentType":"application/vnd.cncf.notary.payload.v1+json","signingScheme":"notary.x509.signingAuthority","expiry":"0001-01-01T00:00:00Z","authenticSigningTime":"2024-01-02T03:04:05Z"},"unprocessedAttributes":null,"certificateChain":["TUlJ"]},"trustPolicy":{"trustedIdentities":["*"],"signatureVerification":["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]}}"#;

    fn problem<T: DeserializeOwned + fmt::Debug>(text: &str) -> (String, String) {
        match parse_request::<T>(text.as_bytes()).unwrap_err() {
            Error::Field { path, problem } => (path, problem),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_notation_sends_for_nothing_is_nothing() {
        let request: VerifySignatureRequest = parse_request(VERIFY.as_bytes()).unwrap();
        let attributes = &request.signature.critical_attributes;
        assert_eq!(attributes.expiry, None);
        assert_eq!(
            attributes.authentic_signing_time,
            Some(datetime!(2024-01-02 03:04:05 UTC))
        );
        assert_eq!(
            request.signature.unprocessed_attributes,
            Vec::<String>::new()
        );
        assert_eq!(
            request.signature.certificate_chain,
            [Base64(b"MII".to_vec())]
        );
        let request: GetPluginMetadataRequest = parse_request(b"{}").unwrap();
        assert_eq!(request, GetPluginMetadataRequest::default());
    }

    #[test]
    fn unknown_fields_are_ignored_and_letter_case_counts() {
        let request: DescribeKeyRequest =
            parse_request(br#" {"contractVersion":"1.0","keyId":"k","x":[{}]} "#).unwrap();
        assert_eq!(request.key_id, "k");
        let (path, problem) =
            problem::<DescribeKeyRequest>(r#"{"contractVersion":"1.0","KeyId":"k"}"#);
        assert_eq!(path, "");
        assert!(problem.starts_with("missing field `keyId`"), "{problem}");
    }

    #[test]
    fn a_wrong_field_is_named() {
        let (path, found) = problem::<DescribeKeyRequest>(r#"{"contractVersion":"1.0","keyId":7}"#);
        assert_eq!(path, "keyId");
        assert!(
            found.starts_with("invalid type: integer `7`, expected a string"),
            "{found}"
        );
        let (path, found) =
            problem::<DescribeKeyRequest>(r#"{"contractVersion":"1.0","keyId":""}"#);
        assert_eq!(
            (path.as_str(), found.starts_with("must not be empty")),
            ("keyId", true)
        );

        let without = VERIFY.replace(r#""contentType""#, r#""ContentType""#);
        let (path, found) = problem::<VerifySignatureRequest>(&without);
        assert_eq!(path, "signature.criticalAttributes");
        assert!(found.starts_with("missing field `contentType`"), "{found}");
        let positional = VERIFY.replace(
            r#"{"trustedIdentities":["*"],"signatureVerification":["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]}"#,
            r#"[["*"],["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]]"#,
        );
        let (path, found) = problem::<VerifySignatureRequest>(&positional);
        assert_eq!(path, "trustPolicy");
        assert!(
            found.starts_with("invalid type: sequence, expected an object"),
            "{found}"
        );
        let (path, _) = problem::<VerifySignatureRequest>(&VERIFY.replace("TUlJ", "TUl"));
        assert_eq!(path, "signature.certificateChain[0]");
        let (path, _) =
            problem::<VerifySignatureRequest>(&VERIFY.replace("2024-01-02T", "2024-01-02 at "));
        assert_eq!(path, "signature.criticalAttributes.authenticSigningTime");
        let (_, found) =
            problem::<DescribeKeyRequest>(r#"{"contractVersion":"1.0","keyId":"a","keyId":"b"}"#);
        assert!(found.starts_with("duplicate field `keyId`"), "{found}");
    }

    #[test]
    fn only_one_json_object_is_a_message() {
        for text in ["", "\n", "x", "{", "{}{}", r#"{"a":1} x"#] {
            let error = parse_request::<GetPluginMetadataRequest>(text.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::NotJson { .. }), "{text}: {error:?}");
        }
        for text in ["[]", "null", "1", r#""a""#] {
            let (path, found) = problem::<GetPluginMetadataRequest>(text);
            assert_eq!(path, "");
            assert!(found.contains("expected an object"), "{found}");
        }
    }

    #[test]
    fn the_version_is_looked_at_first() {
        for text in [
            r#"{"contractVersion":"2.0"}"#,
            r#"{"contractVersion":"1.1","keyId":[]}"#,
        ] {
            assert!(matches!(
                parse_request::<DescribeKeyRequest>(text.as_bytes()),
                Err(Error::ContractVersion { .. })
            ));
        }
        let (path, _) = problem::<DescribeKeyRequest>(r#"{"contractVersion":1.0,"keyId":"k"}"#);
        assert_eq!(path, "contractVersion");
        let (_, found) = problem::<DescribeKeyRequest>(r#"{"keyId":"k"}"#);
        assert!(
            found.starts_with("missing field `contractVersion`"),
            "{found}"
        );
    }

    #[test]
    fn messages_are_bounded() {
        let limit = usize::try_from(MAX_PLUGIN_MESSAGE_BYTES).unwrap();
        let mut bytes = b"{}".to_vec();
        bytes.resize(limit - 1, b' ');
        parse_request::<GetPluginMetadataRequest>(&bytes).unwrap();
        bytes.push(b' ');
        assert!(matches!(
            parse_request::<GetPluginMetadataRequest>(&bytes),
            Err(Error::TooLarge)
        ));

        // `{`, `[` and the commas count.
        let message = |commas: usize| format!("{{\"x\":[1{}]}}", ",1".repeat(commas));
        let commas = MAX_PLUGIN_MESSAGE_VALUES - 2;
        parse_request::<GetPluginMetadataRequest>(message(commas).as_bytes()).unwrap();
        assert!(matches!(
            parse_request::<GetPluginMetadataRequest>(message(commas + 1).as_bytes()),
            Err(Error::TooManyValues)
        ));
        // What is inside a string does not.
        let text = format!(
            "{{\"x\":\"\\\"{}\"}}",
            ",".repeat(MAX_PLUGIN_MESSAGE_VALUES * 2)
        );
        parse_request::<GetPluginMetadataRequest>(text.as_bytes()).unwrap();
    }

    #[test]
    fn codes_and_names_are_the_contracts() {
        for (code, name) in ErrorCode::KNOWN {
            assert_eq!(ErrorCode::from(name.to_owned()), code);
            assert_eq!(code.as_str(), name);
        }
        assert_eq!(
            ErrorCode::from("NEW".to_owned()),
            ErrorCode::Other("NEW".to_owned())
        );
        for command in Command::ALL {
            assert_eq!(Command::from_name(command.as_str()), Some(command));
        }
        for capability in Capability::ALL {
            assert_eq!(Capability::from_name(capability.as_str()), Some(capability));
        }
    }
}
