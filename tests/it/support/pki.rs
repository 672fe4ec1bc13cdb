//! Certificates, timestamps, OCSP answers and CRLs, made as a test wants them.

#![expect(clippy::unwrap_used, reason = "what cannot be made is a failed test")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::algorithm::HashAlgorithm;
use countersign::x509::Certificate;
use der::Encode as _;
use der::asn1::ObjectIdentifier;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SigningKey as _,
};
use time::macros::datetime;

/// ecdsa-with-SHA256.
const ECDSA_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
/// SHA-256, with NULL.
const SHA256: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
];

pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const ENUMERATED: u8 = 0x0a;
const GENERALIZED_TIME: u8 = 0x18;
const SET: u8 = 0x31;

/// An element.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    let length = u32::try_from(content.len()).unwrap();
    if length < 0x80 {
        element.push(u8::try_from(length).unwrap());
    } else {
        let octets = length.to_be_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        element.push(0x80 | u8::try_from(4 - zeros).unwrap());
        element.extend(octets.iter().skip(zeros));
    }
    element.extend(content);
    element
}

pub(crate) fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, &parts.concat())
}

pub(crate) fn oid(text: &str) -> Vec<u8> {
    ObjectIdentifier::new_unwrap(text).to_der().unwrap()
}

fn time(text: &str) -> Vec<u8> {
    tlv(GENERALIZED_TIME, text.as_bytes())
}

fn bits(content: &[u8]) -> Vec<u8> {
    tlv(BITS, &[&[0], content].concat())
}

pub(crate) fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    seq(&[&oid(id), critical, &tlv(OCTETS, value)])
}

/// `CRLDistributionPoints` with one point of these URIs.
pub(crate) fn distribution_point(uris: &[&str]) -> Vec<u8> {
    let names: Vec<u8> = uris
        .iter()
        .flat_map(|uri| tlv(0x86, uri.as_bytes()))
        .collect();
    seq(&[&seq(&[&tlv(0xa0, &tlv(0xa0, &names))])])
}

/// A certificate as PEM.
pub(crate) fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in body.as_bytes().chunks(64) {
        text += std::str::from_utf8(line).unwrap();
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

/// An owner of a certificate and its key; keys are ECDSA on P-256.
pub(crate) struct Entity {
    pub(crate) certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate is to have, from 2020 to 2120 and with nothing else.
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = datetime!(2020-01-01 00:00 UTC);
    params.not_after = datetime!(2120-01-01 00:00 UTC);
    params
}

pub(crate) fn custom(id: &[u64], critical: bool, value: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(id, value.to_vec());
    extension.set_criticality(critical);
    extension
}

/// A critical extended key usage for timestamping alone.
pub(crate) fn time_stamping() -> CustomExtension {
    custom(&[2, 5, 29, 37], true, &seq(&[&oid("1.3.6.1.5.5.7.3.8")]))
}

/// A certificate authority's parameters.
pub(crate) fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A code signer's parameters.
pub(crate) fn signer(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

/// Parameters of what signs timestamps.
pub(crate) fn stamper(name: &str) -> CertificateParams {
    let mut params = signer(name);
    params.custom_extensions.push(time_stamping());
    params
}

impl Entity {
    pub(crate) fn root(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: Certificate::parse(certificate.der()).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Another self-signed certificate of the same key.
    pub(crate) fn twin(&self, params: &CertificateParams) -> Certificate {
        let certificate = params.self_signed(self.issuer.key()).unwrap();
        Certificate::parse(certificate.der()).unwrap()
    }

    pub(crate) fn issue(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self {
            certificate: Certificate::parse(certificate.der()).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    /// The private key in PEM.
    pub(crate) fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.issuer.key().sign(message).unwrap()
    }

    /// A signed part with its algorithm and signature, as certificates and CRLs have it.
    fn signed(&self, tbs: &[u8]) -> Vec<u8> {
        [tbs, ECDSA_SHA256, &bits(&self.sign(tbs))].concat()
    }
}

/// A timestamp to be made.
pub(crate) struct Token {
    pub(crate) time: String,
    pub(crate) policy: &'static str,
    /// The message imprint's hash.
    pub(crate) hash: Vec<u8>,
    /// Seconds, thousandths and millionths, as they are encoded.
    pub(crate) accuracy: Option<Vec<u8>>,
    /// The nonce's two's complement bytes.
    pub(crate) nonce: Option<Vec<u8>>,
    /// What follows the `TSTInfo`.
    pub(crate) tail: Vec<u8>,
    pub(crate) certificates: Vec<Certificate>,
    /// Further signed attributes.
    pub(crate) attributes: Vec<Vec<u8>>,
    /// Issuer and serial number of this certificate in the signed attribute.
    pub(crate) attribute_names: Option<Certificate>,
    /// The signer's identifier names this certificate.
    pub(crate) signer_names: Option<Certificate>,
    /// How often the signer is listed.
    pub(crate) signers: usize,
    /// Whether the attributes are sent in another order than the signed one.
    pub(crate) reversed: bool,
}

impl Token {
    /// A stamp of 2024-06-21 12:00 over `message`, with these certificates.
    pub(crate) fn new(message: &[u8], certificates: &[&Entity]) -> Self {
        Self {
            time: "20240621120000Z".to_owned(),
            policy: "1.2.3",
            hash: HashAlgorithm::Sha256.hash(message),
            accuracy: None,
            nonce: None,
            tail: Vec::new(),
            certificates: certificates
                .iter()
                .map(|entity| entity.certificate.clone())
                .collect(),
            attributes: Vec::new(),
            attribute_names: None,
            signer_names: None,
            signers: 1,
            reversed: false,
        }
    }

    pub(crate) fn info(&self) -> Vec<u8> {
        let accuracy = self.accuracy.as_ref().map(|parts| tlv(SEQUENCE, parts));
        let nonce = self.nonce.as_ref().map(|bytes| tlv(INTEGER, bytes));
        let info = seq(&[
            &tlv(INTEGER, &[1]),
            &oid(self.policy),
            &seq(&[SHA256, &tlv(OCTETS, &self.hash)]),
            &tlv(INTEGER, &[7]),
            &time(&self.time),
            &accuracy.unwrap_or_default(),
            &nonce.unwrap_or_default(),
        ]);
        [info, self.tail.clone()].concat()
    }

    /// Fields of the `SignedData`, in order.
    pub(crate) fn fields(&self, signer: &Entity) -> Vec<Vec<u8>> {
        let info = self.info();
        let hash = |bytes: &[u8]| HashAlgorithm::Sha256.hash(bytes);
        let attribute = |id: &str, value: &[u8]| seq(&[&oid(id), &tlv(SET, value)]);
        let issuer_serial = |certificate: &Certificate| {
            seq(&[
                &seq(&[&tlv(0xa4, certificate.issuer_der())]),
                &tlv(INTEGER, certificate.serial_number()),
            ])
        };
        let certificate_id = seq(&[
            &tlv(OCTETS, &hash(signer.certificate.der())),
            &self
                .attribute_names
                .as_ref()
                .map(issuer_serial)
                .unwrap_or_default(),
        ]);
        let mut attributes = vec![
            attribute("1.2.840.113549.1.9.3", &oid("1.2.840.113549.1.9.16.1.4")),
            attribute("1.2.840.113549.1.9.4", &tlv(OCTETS, &hash(&info))),
            attribute(
                "1.2.840.113549.1.9.16.2.47",
                &seq(&[&seq(&[&certificate_id])]),
            ),
        ];
        attributes.extend(self.attributes.iter().cloned());
        attributes.sort();
        let signature = signer.sign(&tlv(SET, &attributes.concat()));
        if self.reversed {
            attributes.reverse();
        }
        let named = self.signer_names.as_ref().unwrap_or(&signer.certificate);
        let signer_info = seq(&[
            &tlv(INTEGER, &[1]),
            &seq(&[named.issuer_der(), &tlv(INTEGER, named.serial_number())]),
            SHA256,
            &tlv(0xa0, &attributes.concat()),
            ECDSA_SHA256,
            &tlv(OCTETS, &signature),
        ]);
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Certificate::der).collect();
        vec![
            tlv(INTEGER, &[3]),
            tlv(SET, SHA256),
            seq(&[
                &oid("1.2.840.113549.1.9.16.1.4"),
                &tlv(0xa0, &tlv(OCTETS, &info)),
            ]),
            tlv(0xa0, &certificates.concat()),
            tlv(SET, &signer_info.repeat(self.signers)),
        ]
    }

    /// The token.
    pub(crate) fn build(&self, signer: &Entity) -> Vec<u8> {
        let signed_data = tlv(SEQUENCE, &self.fields(signer).concat());
        seq(&[&oid("1.2.840.113549.1.7.2"), &tlv(0xa0, &signed_data)])
    }
}

/// A granting answer of a timestamping authority.
pub(crate) fn granted(token: &[u8]) -> Vec<u8> {
    seq(&[&seq(&[&tlv(INTEGER, &[0])]), token])
}

/// An entry of a CRL: serial number, time of revocation, reason.
pub(crate) type Revoked = (Vec<u8>, &'static str, Option<u8>);

/// A CRL to be made.
pub(crate) struct Crl {
    pub(crate) this_update: String,
    pub(crate) next_update: String,
    pub(crate) revoked: Vec<Revoked>,
    pub(crate) extensions: Vec<Vec<u8>>,
    /// The name of the signature's algorithm; the signature is always ECDSA with SHA-256.
    pub(crate) algorithm: Vec<u8>,
}

impl Crl {
    /// A CRL of 2024-01-01 that holds until 2100 and lists these.
    pub(crate) fn new(revoked: &[Revoked]) -> Self {
        Self {
            this_update: "20240101000000Z".to_owned(),
            next_update: "21000101000000Z".to_owned(),
            revoked: revoked.to_vec(),
            extensions: Vec::new(),
            algorithm: ECDSA_SHA256.to_vec(),
        }
    }

    /// Adds a CRL number.
    pub(crate) fn number(self, number: u8) -> Self {
        self.with(extension("2.5.29.20", false, &tlv(INTEGER, &[number])))
    }

    /// Makes it a delta CRL for bases from `number` on.
    pub(crate) fn delta(self, number: u8) -> Self {
        self.with(extension("2.5.29.27", true, &tlv(INTEGER, &[number])))
    }

    pub(crate) fn freshest(self, uris: &[&str]) -> Self {
        self.with(extension("2.5.29.46", false, &distribution_point(uris)))
    }

    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub(crate) fn build(&self, issuer: &Entity) -> Vec<u8> {
        let entries: Vec<u8> = self
            .revoked
            .iter()
            .flat_map(|(serial_number, at, reason)| {
                let extensions = reason
                    .map(|code| seq(&[&extension("2.5.29.21", false, &tlv(ENUMERATED, &[code]))]));
                seq(&[
                    &tlv(INTEGER, serial_number),
                    &time(at),
                    &extensions.unwrap_or_default(),
                ])
            })
            .collect();
        let list = |tag, content: Vec<u8>| {
            if content.is_empty() {
                content
            } else {
                tlv(tag, &content)
            }
        };
        let extensions = list(SEQUENCE, self.extensions.concat());
        let tbs = seq(&[
            &tlv(INTEGER, &[1]),
            &self.algorithm,
            issuer.certificate.subject_der(),
            &time(&self.this_update),
            &time(&self.next_update),
            &list(SEQUENCE, entries),
            &list(0xa0, extensions),
        ]);
        seq(&[&tbs, &self.algorithm, &bits(&issuer.sign(&tbs))])
    }
}

/// An OCSP answer to be made: what it says about one certificate.
pub(crate) struct Ocsp {
    /// `CertStatus`, encoded.
    pub(crate) status: Vec<u8>,
    pub(crate) this_update: String,
    pub(crate) next_update: String,
    /// Certificates that are sent along.
    pub(crate) certificates: Vec<Certificate>,
    /// Extensions of the one answer.
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Ocsp {
    /// Good, from 2024-01-01 until 2100.
    pub(crate) fn good() -> Self {
        Self {
            status: tlv(0x80, &[]),
            this_update: "20240101000000Z".to_owned(),
            next_update: "21000101000000Z".to_owned(),
            certificates: Vec::new(),
            extensions: Vec::new(),
        }
    }

    pub(crate) fn revoked(at: &str, reason: u8) -> Self {
        let reason = tlv(0xa0, &tlv(ENUMERATED, &[reason]));
        Self {
            status: tlv(0xa1, &[time(at), reason].concat()),
            ..Self::good()
        }
    }

    /// The single answers about `certificate`, which `issuer` issued.
    pub(crate) fn single(&self, certificate: &Certificate, issuer: &Entity) -> Vec<u8> {
        let hash = |bytes: &[u8]| tlv(OCTETS, &HashAlgorithm::Sha256.hash(bytes));
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            tlv(0xa1, &tlv(SEQUENCE, &self.extensions.concat()))
        };
        seq(&[
            &seq(&[
                SHA256,
                &hash(issuer.certificate.subject_der()),
                &hash(issuer.certificate.public_key_bits()),
                &tlv(INTEGER, certificate.serial_number()),
            ]),
            &self.status,
            &time(&self.this_update),
            &tlv(0xa0, &time(&self.next_update)),
            &extensions,
        ])
    }

    /// The answer about `certificate`, which `issuer` issued, by `responder`.
    pub(crate) fn build(
        &self,
        certificate: &Certificate,
        issuer: &Entity,
        responder: &Entity,
    ) -> Vec<u8> {
        self.build_of(&self.single(certificate, issuer), responder)
    }

    /// An answer of these single answers.
    pub(crate) fn build_of(&self, singles: &[u8], responder: &Entity) -> Vec<u8> {
        let tbs = seq(&[
            &tlv(0xa1, responder.certificate.subject_der()),
            &time(&self.this_update),
            &tlv(SEQUENCE, singles),
        ]);
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Certificate::der).collect();
        let certificates = if certificates.is_empty() {
            Vec::new()
        } else {
            tlv(0xa0, &tlv(SEQUENCE, &certificates.concat()))
        };
        let basic = tlv(SEQUENCE, &[responder.signed(&tbs), certificates].concat());
        let bytes = seq(&[&oid("1.3.6.1.5.5.7.48.1.1"), &tlv(OCTETS, &basic)]);
        seq(&[&tlv(ENUMERATED, &[0]), &tlv(0xa0, &bytes)])
    }
}
