//! Objects that are kept in another S3 server: where the signing jobs and functions of this emulator read and write them.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use bytes::Bytes;
use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::AwsError;
use crate::identities::AccessKey;

/// Longer answers are cut: no archive that AWS Signer takes is as long.
const MAX_ANSWER_BYTES: u64 = 256 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);
/// RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Another S3 server, by plain HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Elsewhere {
    /// Host and port.
    authority: String,
    key: AccessKey,
}

/// Status, version and body of an answer.
struct Answer {
    status: u16,
    version: Option<String>,
    body: Vec<u8>,
}

impl Elsewhere {
    /// The server at `http://HOST:PORT`; nothing for another form of URL.
    pub(crate) fn new(url: &str, key: AccessKey) -> Option<Self> {
        let authority = url.strip_prefix("http://")?.trim_end_matches('/');
        let is_one = authority.contains(':') && !authority.contains(['/', '?', '#', '@']);
        is_one.then(|| Self {
            authority: authority.to_owned(),
            key,
        })
    }

    /// An object's bytes and version.
    pub(super) fn get(
        &self,
        region: &str,
        (bucket, key): (&str, &str),
        version: Option<&str>,
    ) -> Result<(Bytes, String), AwsError> {
        let mut path = path(bucket, key);
        // A server may know no version by the name of an object without one.
        if let Some(version) = version.filter(|version| *version != "null") {
            // Writing to a `String` cannot fail.
            let _ = write!(
                path,
                "?versionId={}",
                utf8_percent_encode(version, RESERVED)
            );
        }
        let answer = self.ask(region, "GET", &path, &[])?;
        let found = answer.version.unwrap_or_else(|| "null".to_owned());
        Ok((Bytes::from(answer.body), found))
    }

    /// Stores an object; answers its version.
    pub(super) fn put(
        &self,
        region: &str,
        (bucket, key): (&str, &str),
        bytes: &[u8],
    ) -> Result<String, AwsError> {
        let answer = self.ask(region, "PUT", &path(bucket, key), bytes)?;
        Ok(answer.version.unwrap_or_else(|| "null".to_owned()))
    }

    fn ask(&self, region: &str, method: &str, path: &str, body: &[u8]) -> Result<Answer, AwsError> {
        let answer = self
            .exchange(region, method, path, body)
            .map_err(|error| AwsError::internal(format!("the S3 server elsewhere: {error}")))?;
        if answer.status == 200 {
            return Ok(answer);
        }
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let text = String::from_utf8_lossy(&answer.body);
        let code = text
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once('<'));
        let code = code.map_or("NoSuchKey", |(code, _)| code);
        Err(AwsError::new(
            status,
            code,
            format!("the S3 server elsewhere answered {status}"),
        ))
    }

    /// HTTP/1.0, so that the answer ends with the connection.
    fn exchange(
        &self,
        region: &str,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let mut head = format!("{method} {path} HTTP/1.0\r\nhost: {}\r\n", self.authority);
        let _ = write!(head, "content-length: {}\r\n", body.len());
        for (name, value) in self.signed_headers(region, method, path, body)? {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head += "\r\n";
        let mut stream = TcpStream::connect(&self.authority)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
        parse(&answer).ok_or_else(|| "an answer that is not HTTP".into())
    }

    fn signed_headers(
        &self,
        region: &str,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<Vec<(String, String)>, Box<dyn std::error::Error + Send + Sync>> {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = Credentials::new(
            &self.key.access_key_id,
            &self.key.secret_access_key,
            None,
            None,
            "countersign-emulator",
        )
        .into();
        #[expect(
            clippy::disallowed_methods,
            reason = "the other server compares the time of a signature with its own clock"
        )]
        let now = SystemTime::now();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("s3")
            .time(now)
            .settings(settings)
            .build()?
            .into();
        let url = format!("http://{}{path}", self.authority);
        let body = SignableBody::Bytes(body);
        let request = SignableRequest::new(method, url, std::iter::empty(), body)?;
        let (instructions, _) = sign(request, &parameters)?.into_parts();
        let headers = instructions.headers();
        Ok(headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }
}

fn path(bucket: &str, key: &str) -> String {
    let segments = key
        .split('/')
        .map(|segment| utf8_percent_encode(segment, RESERVED).to_string());
    format!("/{bucket}/{}", segments.collect::<Vec<_>>().join("/"))
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let version = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("x-amz-version-id"))
        .map(|(_, value)| value.trim().to_owned());
    Some(Answer {
        status,
        version,
        body: answer.get(end + 4..)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_with_a_port_is_elsewhere() {
        let key = || AccessKey::generate("111122223333", "emulator");
        assert!(Elsewhere::new("http://127.0.0.1:5000/", key()).is_some());
        for url in [
            "https://127.0.0.1:5000",
            "http://127.0.0.1",
            "http://a@127.0.0.1:5000",
            "http://127.0.0.1:5000/s3",
        ] {
            assert!(Elsewhere::new(url, key()).is_none(), "{url}");
        }
        assert_eq!(path("zips", "a b/c+d.zip"), "/zips/a%20b/c%2Bd.zip");
    }

    #[test]
    fn an_answer_has_its_version_where_there_is_one() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nX-Amz-Version-Id: 7\r\n\r\nPK").unwrap();
        assert_eq!(
            (
                answer.status,
                answer.version.as_deref(),
                answer.body.as_slice()
            ),
            (200, Some("7"), b"PK".as_slice())
        );
        assert!(parse(b"nothing").is_none());
    }
}
