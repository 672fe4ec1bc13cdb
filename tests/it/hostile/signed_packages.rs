//! Signed packages: a byte that is changed is noticed, and what is not signed is known.

mod memory;

use std::fs::File;
use std::io::Write as _;

use countersign::archive::package::{Allowed, Package};
use countersign::code_signing::{
    Check, Contents, Difference, Outcome, PackageChecks, SIGNATURE_DIRECTORY, SIGNATURE_NAME,
    Signature, compare,
};
use countersign::x509::{Certificate, parse_certificates};
use countersign_emulator::{Emulator, PackageError, PackageSignature, PackageSigning};
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::{MAX_TIME, max_peak_kib};
use crate::support::measure;
use crate::support::packages::{Member, Zip};
use crate::support::sandbox::Sandbox;

const NOW: OffsetDateTime = datetime!(2026-11-29 12:00:00.338 UTC);
const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/Packages/0123456789";

pub(crate) type Entries = Vec<(String, Vec<u8>)>;

/// The entries of a package.
pub(crate) fn entries_of(bytes: &[u8]) -> Entries {
    let file = file_of(bytes);
    let package = Package::open(&file, Allowed::default()).unwrap();
    let mut found = Vec::new();
    let read = package.read_through(&mut |entry, content| {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        found.push((entry.name().to_owned(), bytes));
        Ok(())
    });
    read.unwrap();
    found
}

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn contents_of(bytes: &[u8]) -> Contents {
    Contents::read(&file_of(bytes), Allowed::default()).unwrap()
}

fn packed(entries: &Entries) -> Vec<u8> {
    let members = entries
        .iter()
        .map(|(name, content)| Member::new(name, content));
    Zip::of(members.collect()).bytes()
}

/// An emulator's authority for packages.
struct Authority {
    emulator: Emulator,
    roots: Vec<Certificate>,
}

fn signing() -> PackageSigning {
    PackageSigning {
        job_arn: "arn:aws:signer:us-east-1:111122223333:/signing-jobs/57613597-fcbd-4527-b0b5-11a4ce658e82"
            .to_owned(),
        profile_version_arn: PROFILE.to_owned(),
        signing_time: NOW - Duration::hours(1),
        expires_at: NOW + Duration::days(365),
    }
}

impl Authority {
    fn new() -> Self {
        let emulator = Emulator::builder().start_blocking().unwrap();
        let roots = parse_certificates(emulator.package_root_certificate_pem().as_bytes()).unwrap();
        Self { emulator, roots }
    }

    /// The entries with their signature.
    fn signed(&self, entries: &Entries) -> Entries {
        let zip = self.emulator.sign_package(&packed(entries), &signing());
        entries_of(&zip.unwrap())
    }

    /// Whether integrity is accepted; a package that is refused as a zip file has none.
    fn is_intact(&self, bytes: &[u8]) -> bool {
        let Ok(contents) = Contents::read(&file_of(bytes), Allowed::default()) else {
            return false;
        };
        let allowed = [countersign::aws::SigningProfileVersionArn::parse(PROFILE).unwrap()];
        let checks = PackageChecks::begin(&contents, &allowed, &self.roots, NOW);
        matches!(checks.outcome(Check::Integrity), Outcome::Passed)
    }
}

/// What the digest joins: all names and contents, without lengths.
fn joined(entries: &Entries) -> Vec<u8> {
    let signed = entries.iter().filter(|(name, _)| name != SIGNATURE_NAME);
    signed
        .flat_map(|(name, content)| [name.as_bytes(), content].concat())
        .collect()
}

fn some_entries() -> impl Strategy<Value = Entries> {
    let name = "[a-d]{1,3}(/[e-h]{1,2})?";
    let content = prop::collection::vec(any::<u8>(), 0..40);
    prop::collection::btree_map(name, content, 1..6).prop_map(|entries| {
        let mut kept: Entries = Vec::new();
        for (name, content) in entries.into_iter().rev() {
            let is_above = |other: &String| {
                other.starts_with(&format!("{name}/")) || name.starts_with(&format!("{other}/"))
            };
            if !kept.iter().any(|(other, _)| is_above(other)) {
                kept.push((name, content));
            }
        }
        kept
    })
}

#[test]
fn a_changed_byte_or_order_is_refused_and_another_packing_is_not() {
    let authority = Authority::new();
    proptest!(ProptestConfig::with_cases(96), |(
        entries in some_entries(),
        at in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
        letter in "[a-hA-Z/_.]",
    )| {
        let signed = authority.signed(&entries);
        prop_assert!(authority.is_intact(&packed(&signed)));

        // A byte of a content, the signature's too.
        let with_content: Vec<usize> = (0..signed.len()).filter(|at| !signed[*at].1.is_empty()).collect();
        let entry = with_content[at.index(with_content.len())];
        let mut changed = signed.clone();
        let byte = place.index(changed[entry].1.len());
        changed[entry].1[byte] ^= change;
        prop_assert!(!authority.is_intact(&packed(&changed)), "{entry}, byte {byte}");

        // A byte of a content less, and one more.
        let mut shorter = signed.clone();
        shorter[entry].1.remove(byte);
        prop_assert!(!authority.is_intact(&packed(&shorter)));
        let mut longer = signed.clone();
        longer[entry].1.insert(byte, change);
        if joined(&longer) != joined(&signed) || entry + 1 == signed.len() {
            prop_assert!(!authority.is_intact(&packed(&longer)));
        }

        // A letter of a name or a `/`, of the signature and its directory too.
        for entry in [at.index(entries.len()), entries.len(), entries.len() + 1] {
            let mut renamed = signed.clone();
            let name = &mut renamed[entry].0;
            let byte = place.index(name.len());
            if !name[byte..].starts_with(&letter) {
                name.replace_range(byte..=byte, &letter);
                prop_assert!(!authority.is_intact(&packed(&renamed)), "{renamed:?}");
            }
        }

        // An entry less, and the order.
        let entry = at.index(entries.len());
        let mut fewer = signed.clone();
        fewer.remove(entry);
        prop_assert!(!authority.is_intact(&packed(&fewer)));
        let other = place.index(entries.len());
        let mut moved = signed.clone();
        moved.swap(entry, other);
        prop_assert_eq!(authority.is_intact(&packed(&moved)), joined(&moved) == joined(&signed));

        // Packed and dated otherwise, for another system and with other modes.
        let members = signed.iter().map(|(name, content)| {
            let mut member = Member::stored(name, content).with_both(|header| header.time ^= 0x1234);
            if name.ends_with('/') {
                member.attributes = 0;
            } else {
                member.attributes = (0o100_000 | u32::from(change)) << 16;
            }
            member.made_by = [0, 3, 10, 11, 14, 19][usize::from(change) % 6];
            if name.len() % 2 == 0 { member } else { Member::new(name, content).streamed() }
        });
        let mut zip = Zip::of(members.collect());
        zip.comment = b"packed again".to_vec();
        prop_assert!(authority.is_intact(&zip.bytes()));
    });
}

#[test]
fn the_boundary_between_a_name_and_its_content_is_not_signed() {
    let authority = Authority::new();
    let entries = |list: &[(&str, &str)]| -> Entries {
        let own =
            |(name, content): &(&str, &str)| ((*name).to_owned(), content.as_bytes().to_vec());
        list.iter().map(own).collect()
    };
    let built = entries(&[("app.py", "import os\n"), ("lib.py", "x = 1\n")]);
    let signed = authority.signed(&built);
    assert_eq!(signed[2].0, SIGNATURE_DIRECTORY);
    assert_eq!(signed[3].0, SIGNATURE_NAME);
    // The same bytes, parted elsewhere: one file has become the other's end, a name its beginning, and an entry two.
    for parted in [
        entries(&[("app.py", "import os\nlib.pyx = 1\n")]),
        entries(&[("app.pyimpor", "t os\n"), ("lib.py", "x = 1\n")]),
        entries(&[("app.py", "import os"), ("\nlib.py", "x = 1\n")]),
        entries(&[("app.py", ""), ("import os", "\n"), ("lib.py", "x = 1\n")]),
    ] {
        let mut forged = parted;
        forged.extend(signed[2..].iter().cloned());
        assert_eq!(joined(&forged), joined(&signed));
        let bytes = packed(&forged);
        // No name has a line break.
        let is_name = !forged.iter().any(|(name, _)| name.contains('\n'));
        assert_eq!(authority.is_intact(&bytes), is_name, "{forged:?}");
        if is_name {
            let differences = compare(&contents_of(&bytes), &contents_of(&packed(&built)));
            assert_ne!(differences, []);
        }
    }
    // The signature's own place is not signed either.
    let mut first = signed.clone();
    first.rotate_right(1);
    assert!(authority.is_intact(&packed(&first)));
    // Two names may be one text in either order.
    let built = entries(&[("a", ""), ("aa", "")]);
    let mut swapped = authority.signed(&built);
    swapped.swap(0, 1);
    assert!(authority.is_intact(&packed(&swapped)));
    let found = compare(
        &contents_of(&packed(&swapped)),
        &contents_of(&packed(&built)),
    );
    assert_eq!(
        found,
        ["aa", "a"].map(|name| Difference::Order(name.to_owned()))
    );
}

type Draft = fn(&mut PackageSignature);

/// What is said of a signature that is made by `draft` from the parts of a right one.
fn refused(authority: &Authority, signing: &PackageSigning, draft: Draft) -> String {
    let text = text_with(authority, signing, |mut signature| {
        draft(&mut signature);
        signature.text()
    });
    said(authority, &text)
}

fn said(authority: &Authority, text: &[u8]) -> String {
    let error = Signature::verify(text, &authority.roots).unwrap_err();
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

fn text_with(
    authority: &Authority,
    signing: &PackageSigning,
    draft: impl FnOnce(PackageSignature) -> Result<Vec<u8>, PackageError>,
) -> Vec<u8> {
    let zip = packed(&vec![("a".to_owned(), b"1".to_vec())]);
    let signed = authority
        .emulator
        .sign_package_with(&zip, signing, draft)
        .unwrap();
    entries_of(&signed).pop().unwrap().1
}

/// The contents of object identifiers of attributes.
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
const PROTECTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x34];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const OTHER: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x63];
/// The object identifier of what a signature never is about.
const SIGNED_DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const JOB: &[u8] = &[0x2b, 0x81, 0x3b, 0x81, 9, 1, 2];

fn replace(signature: &mut PackageSignature, oid: &[u8], value: &[u8]) {
    remove(signature, oid);
    signature
        .attributes
        .push(PackageSignature::attribute(oid, value));
    signature.attributes.sort();
}

fn remove(signature: &mut PackageSignature, oid: &[u8]) {
    signature
        .attributes
        .retain(|attribute| !attribute.windows(oid.len()).any(|window| window == oid));
}

/// A change of a right signature, and what is said of it: the whole, or how it begins.
const FORMS: [(Draft, &str); 24] = [
    (
        |draft| draft.attributes.reverse(),
        "the signed attributes are not in the order of DER",
    ),
    (
        |draft| draft.unsigned_attributes = vec![0xa1, 0],
        "the signature has unsigned attributes",
    ),
    (
        |draft| replace(draft, OTHER, &[5, 0]),
        "the signature has a signed attribute that is not known, `1.2.840.113549.1.9.99`",
    ),
    (
        |draft| remove(draft, SIGNING_TIME),
        "signed attribute `signingTime` is missing",
    ),
    (
        |draft| remove(draft, PROTECTION),
        "signed attribute `CMSAlgorithmProtection` is missing",
    ),
    (
        |draft| remove(draft, MESSAGE_DIGEST),
        "signed attribute `messageDigest` is missing",
    ),
    (
        |draft| remove(draft, CONTENT_TYPE),
        "signed attribute `contentType` is missing",
    ),
    (
        |draft| remove(draft, JOB),
        "signed attribute `signingJob` is missing",
    ),
    (
        |draft| {
            let again = draft.attributes[0].clone();
            draft.attributes.insert(0, again);
        },
        "signed attribute `contentType` does not have exactly one value",
    ),
    (
        |draft| replace(draft, SIGNING_TIME, b"\x17\x0d261129110000Z"),
        "signed attribute `signingTime` is not a time like `20220211174524.338Z`",
    ),
    (
        |draft| replace(draft, PROTECTION, &[0x30, 0]),
        "signed attribute `CMSAlgorithmProtection` does not have the value that AWS Signer writes",
    ),
    (
        |draft| replace(draft, CONTENT_TYPE, SIGNED_DATA),
        "signed attribute `contentType` does not have the value that AWS Signer writes",
    ),
    (
        |draft| replace(draft, MESSAGE_DIGEST, &[2, 1, 1]),
        "signed attribute `messageDigest` is malformed: unexpected ASN.1 DER tag: expected OCTET STRING, got INTEGER",
    ),
    (
        |draft| replace(draft, JOB, b"\x0c\x01x"),
        "signed attribute `signingJob` is not an ARN of AWS Signer: ",
    ),
    (
        |draft| draft.digest_algorithm.truncate(13),
        "the CMS message does not begin as AWS Signer's: ",
    ),
    (
        |draft| draft.signature_algorithm[11] = 2,
        "the signature algorithm is not `ECDSA with SHA-384` as AWS Signer writes it",
    ),
    (
        |draft| drop(draft.certificates.pop()),
        "the certificates of the signature do not end with the root of AWS Signer for AWS Lambda, twice",
    ),
    (
        |draft| {
            let root = draft.certificates[4].clone();
            draft.certificates.push(root);
        },
        "the certificates of the signature are not a chain for code signing: ",
    ),
    (
        |draft| drop(draft.certificates.remove(1)),
        "the certificates of the signature are not a chain for code signing: ",
    ),
    (
        |draft| draft.certificates.swap(1, 2),
        "the certificates of the signature are not a chain for code signing: ",
    ),
    (
        |draft| drop(draft.certificates.drain(..3)),
        "the signer is not the first certificate of the signature",
    ),
    (
        |draft| draft.signer = vec![0x30, 5, 0x30, 0, 2, 1, 1],
        "the signer is not the first certificate of the signature",
    ),
    (
        |draft| {
            let root = draft.certificates[3].clone();
            draft
                .certificates
                .splice(0..0, std::iter::repeat_n(root, 7));
        },
        "the signature has more than 11 certificates",
    ),
    (
        |draft| draft.certificates[0].truncate(40),
        "the CMS message is malformed: ",
    ),
];

#[test]
fn a_signature_in_any_other_form_is_refused_in_its_own_words() {
    let authority = Authority::new();
    for (draft, wanted) in FORMS {
        let said = refused(&authority, &signing(), draft);
        assert!(
            if wanted.ends_with(": ") {
                said.starts_with(wanted)
            } else {
                said == wanted
            },
            "{said}, wanted {wanted}"
        );
    }
}

#[test]
fn what_a_signature_says_must_fit_together() {
    let authority = Authority::new();
    let with = |change: fn(&mut PackageSigning)| {
        let mut signing = signing();
        change(&mut signing);
        refused(&authority, &signing, |_| ())
    };
    let places = with(|signing| {
        signing.profile_version_arn = PROFILE.replace("111122223333", "444455556666");
    });
    assert!(
        places.contains("is not where the signing profile"),
        "{places}"
    );
    let profile = with(|signing| signing.profile_version_arn = PROFILE.replace("/0123456789", ""));
    assert!(
        profile.starts_with("signed attribute `signingProfileVersion` is not an ARN"),
        "{profile}"
    );
    let times = with(|signing| signing.expires_at = signing.signing_time);
    assert!(
        times.starts_with("the signature expires at `2026-11-29T11:00:00.338Z`, before"),
        "{times}"
    );
    // Certificates are asked about the time of the signature, which is another than that of its making here.
    let late = refused(&authority, &signing(), |draft| {
        replace(draft, SIGNING_TIME, b"\x18\x1320261229110000.338Z");
    });
    assert!(
        late.starts_with("the certificates of the signature are not a chain for code signing"),
        "{late}"
    );
    // The root of images signs no package, and that of packages no other one's.
    let other = Authority::new();
    let text = text_with(&other, &signing(), |draft| draft.text());
    assert!(
        said(&authority, &text).starts_with("the certificates of the signature do not end with")
    );
    Signature::verify(&text, &other.roots).unwrap();
    let images = parse_certificates(other.emulator.root_certificate_pem().as_bytes()).unwrap();
    Signature::verify(&text, &images).unwrap_err();
    // Another's signature over the same attributes.
    let mut swapped = None;
    let first = text_with(&authority, &signing(), |draft| {
        swapped = Some(draft.clone());
        draft.text()
    });
    let mut draft = swapped.unwrap();
    replace(
        &mut draft,
        MESSAGE_DIGEST,
        &[&[4, 48][..], &[7; 48]].concat(),
    );
    let first = message(&first);
    // A value may be a byte shorter than another.
    let second = std::iter::repeat_with(|| message(&draft.text().unwrap()));
    let second = second
        .take(1_000)
        .find(|second| second.len() == first.len());
    let second = second.unwrap();
    let value = |bytes: &[u8]| {
        let mark = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3, 4];
        bytes
            .windows(mark.len())
            .rposition(|window| window == mark)
            .unwrap()
            + mark.len()
            - 1
    };
    let forged = [&first[..value(&first)], &second[value(&second)..]].concat();
    let said = said(&authority, &PackageSignature::armor(&forged));
    assert!(
        said.ends_with("is not valid: signature does not match the key and the signed bytes"),
        "{said}"
    );
}

fn message(text: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = String::from_utf8(text.to_vec()).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}
