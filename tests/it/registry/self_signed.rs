//! A server's own self-signed certificate, which calls itself an authority's and is named as a root.

use std::path::PathBuf;
use std::sync::Arc;

use countersign::http::{Error, Pool, Settings};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SerialNumber,
};
use reqwest::{Method, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::ResolvesServerCert;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig, SupportedProtocolVersion};
use url::Url;

/// As `openssl req -x509 -addext subjectAltName=IP:127.0.0.1` makes it.
fn params() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// What a server shows, and what the user has named.
struct Case {
    shown: CertificateDer<'static>,
    key: KeyPair,
    named: Vec<u8>,
    variable: &'static str,
}

impl Case {
    fn new(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let shown = params.self_signed(&key).unwrap().der().clone();
        Self {
            named: shown.to_vec(),
            shown,
            key,
            variable: "SSL_CERT_FILE",
        }
    }

    fn changed(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Asks such a server in this version of TLS; gives what rustls says if it is not let in.
    async fn ask(&self, version: &'static SupportedProtocolVersion) -> Result<u16, rustls::Error> {
        let server = serve(self.shown.clone(), &self.key, version).await;
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, der: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, pem(der)).unwrap();
            path
        };
        let named = write("named.pem", &self.named);
        let other = Self::new(&params()).shown;
        let other = write("other.pem", &other);
        let settings = Settings::from_variables(|name| {
            let text = |path: &PathBuf| Some(path.to_str().unwrap().to_owned());
            match name {
                _ if name == self.variable && name == "SSL_CERT_DIR" => {
                    Some(directory.path().to_str().unwrap().to_owned())
                }
                _ if name == self.variable => text(&named),
                "SSL_CERT_FILE" if self.variable == "AWS_CA_BUNDLE" => text(&other),
                _ => None,
            }
        });
        let request = Request::new(Method::GET, Url::parse(&server).unwrap());
        match Pool::new(settings.unwrap()).send(request).await {
            Ok(response) => Ok(response.status().as_u16()),
            Err(Error::Tls { source, .. }) => Err(*source),
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn assert_let_in(&self) {
        for version in [&TLS12, &TLS13] {
            assert_eq!(self.ask(version).await, Ok(200), "{version:?}");
        }
    }

    async fn assert_refused(&self, words: &str) {
        for version in [&TLS12, &TLS13] {
            let error = self.ask(version).await.unwrap_err();
            let said = format!("{error:?}");
            assert!(said.contains(words), "{said}");
        }
    }
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// A server that shows `certificate` and signs with `key`, whether they belong together or not.
async fn serve(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    version: &'static SupportedProtocolVersion,
) -> String {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let shown = CertifiedKey::new(vec![certificate], key);
    let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(shown));
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(answer).await;
            let _ = stream.flush().await;
        }
    });
    url
}

#[tokio::test]
async fn it_is_accepted_for_that_server() {
    Case::new(&params()).assert_let_in().await;
    let mut for_servers = params();
    for_servers.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    Case::new(&for_servers).assert_let_in().await;
    Case::new(&params())
        .changed(|case| case.variable = "AWS_CA_BUNDLE")
        .assert_let_in()
        .await;
}

#[tokio::test]
async fn one_that_is_not_named_itself_is_refused() {
    // As one of a system's roots.
    Case::new(&params())
        .changed(|case| case.variable = "SSL_CERT_DIR")
        .assert_refused("CaUsedAsEndEntity")
        .await;
    // The same key and names in another certificate.
    Case::new(&params())
        .changed(|case| {
            let mut other = params();
            other.serial_number = Some(SerialNumber::from(7));
            case.named = other.self_signed(&case.key).unwrap().der().to_vec();
        })
        .assert_refused("CaUsedAsEndEntity")
        .await;
    // One byte of the signature is another.
    Case::new(&params())
        .changed(|case| *case.named.last_mut().unwrap() ^= 1)
        .assert_refused("CaUsedAsEndEntity")
        .await;
}

#[tokio::test]
async fn another_name_is_refused() {
    let mut other = params();
    other.subject_alt_names = vec![rcgen::SanType::DnsName("other.example".try_into().unwrap())];
    Case::new(&other).assert_refused("NotValidForName").await;
}

#[tokio::test]
async fn another_time_is_refused() {
    let mut expired = params();
    expired.not_before = rcgen::date_time_ymd(2000, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2001, 1, 1);
    Case::new(&expired).assert_refused("Expired").await;
    let mut early = params();
    early.not_before = rcgen::date_time_ymd(4000, 1, 1);
    early.not_after = rcgen::date_time_ymd(4001, 1, 1);
    Case::new(&early).assert_refused("NotValidYet").await;
}

#[tokio::test]
async fn another_purpose_is_refused() {
    let mut for_clients = params();
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Case::new(&for_clients)
        .assert_refused("InvalidPurpose")
        .await;
}

#[tokio::test]
async fn another_key_in_the_handshake_is_refused() {
    Case::new(&params())
        .changed(|case| case.key = KeyPair::generate().unwrap())
        .assert_refused("BadSignature")
        .await;
}

#[tokio::test]
async fn what_it_issued_is_judged_as_any_other() {
    let authority = KeyPair::generate().unwrap();
    let root = params().self_signed(&authority).unwrap().der().to_vec();
    let issuer = Issuer::new(params(), authority);
    for (name, is_let_in) in [("127.0.0.1", true), ("other.example", false)] {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let case = Case {
            shown: leaf.signed_by(&key, &issuer).unwrap().der().clone(),
            key,
            named: root.clone(),
            variable: "SSL_CERT_FILE",
        };
        if is_let_in {
            case.assert_let_in().await;
        } else {
            case.assert_refused("NotValidForName").await;
        }
    }
    // Another authority's certificate is not a server's, though its issuer is named.
    let key = KeyPair::generate().unwrap();
    let case = Case {
        shown: params().signed_by(&key, &issuer).unwrap().der().clone(),
        key,
        named: root,
        variable: "SSL_CERT_FILE",
    };
    case.assert_refused("CaUsedAsEndEntity").await;
}

#[tokio::test]
async fn the_hint_says_what_to_name() {
    let case = Case::new(&params());
    let server = serve(case.shown.clone(), &case.key, &TLS13).await;
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other.pem");
    std::fs::write(&other, pem(&Case::new(&params()).shown)).unwrap();
    let settings = Settings::from_variables(|name| {
        (name == "SSL_CERT_FILE").then(|| other.to_str().unwrap().to_owned())
    });
    let request = Request::new(Method::GET, Url::parse(&server).unwrap());
    let error = Pool::new(settings.unwrap())
        .send(request)
        .await
        .unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        "the server's certificate is a certificate authority's: name that very certificate in \
         `SSL_CERT_FILE` if it is the server's own, or give the server one with `CA:FALSE`"
    );
}
