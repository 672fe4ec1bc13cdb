//! Signatures of others: OCSP answers and CRLs are signed, and judged as if they had just come.

use super::super::certificates::{Answers, CRL_URL, OCSP_URL, Signed, TSA_CRL_URL, signed};
use super::super::facts;
use super::Island;
use crate::support::pki::Ocsp;
use crate::support::sandbox::Ran;

fn fetch(signed: &Signed) -> Ran {
    signed
        .scene
        .run(&["revocation", "fetch", "--out", "facts", &signed.scene.image])
}

fn island(signed: &Signed) -> Island {
    let ran = fetch(signed);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let island = Island::new(&signed.scene, signed.scene.digest());
    signed.trust(&island.sandbox);
    island
}

#[test]
fn everybody_is_asked_and_then_nobody() {
    let signed = signed();
    // What is cached does not keep a fetch from asking.
    assert_eq!(signed.verify(&[]).code, 0);
    let before = signed.server.seen().len();
    let island = island(&signed);
    assert_eq!(signed.asked(before), ["crl.test", "ocsp.test", "tsa.test"]);
    island.assert_verified(&[]);
    let ran = island.verify(&["-o", "json"]);
    let leaf = &facts(&ran, "revocation")[0];
    assert_eq!(
        (&leaf["source"], &leaf["from"]),
        (&"ocsp".into(), &"offline".into())
    );
    assert_eq!(
        (&leaf["url"], &leaf["until"]),
        (&OCSP_URL.into(), &"2100-01-01T00:00:00Z".into())
    );
    assert!(
        leaf["file"]
            .as_str()
            .unwrap()
            .starts_with("facts/revocation/ocsp/"),
        "{leaf}"
    );
    assert!(
        leaf["ageSeconds"].as_u64().unwrap() > 86_400 * 365,
        "{leaf}"
    );
    // Of several facts the oldest, in one line.
    let text = island.verify(&[]);
    let notes: Vec<&str> = text
        .stderr
        .lines()
        .filter(|line| line.starts_with("Note: "))
        .collect();
    assert_eq!(notes.len(), 1, "{text:#?}");
    assert!(
        notes[0].ends_with(" old (OCSP, stored)") || notes[0].ends_with(" old (CRL, stored)"),
        "{text:#?}"
    );
    let tsa = &facts(&ran, "authenticTimestamp")[0];
    assert_eq!(
        (&tsa["url"], &tsa["from"]),
        (&TSA_CRL_URL.into(), &"offline".into())
    );
    // Nothing is written there.
    assert!(!island.sandbox.home().join(".cache").exists());
}

#[test]
fn one_kind_of_answer_is_enough_and_none_is_not() {
    let signed = signed();
    let with_ocsp = island(&signed);
    let (ocsp, crl) = (
        with_ocsp.files("revocation/ocsp"),
        with_ocsp.files("revocation/crl"),
    );
    assert_eq!((ocsp.len(), crl.len()), (1, 2));
    std::fs::remove_file(&ocsp[0]).unwrap();
    let ran = with_ocsp.verify(&["-o", "json"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let leaf = &facts(&ran, "revocation")[0];
    assert_eq!(
        (&leaf["source"], &leaf["url"]),
        (&"crl".into(), &CRL_URL.into())
    );
    for file in &crl {
        std::fs::remove_file(file).unwrap();
    }
    let ran = with_ocsp.verify(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("revocation status is unknown");
    ran.assert_says("there is no stored answer of `http://tsa.test/tsa.crl`");
    ran.assert_says("hint: with a network, `countersign revocation fetch REFERENCE --out DIR`");
}

#[test]
fn what_is_stored_is_verified_as_if_it_had_just_come() {
    let signed = signed();
    let island = island(&signed);
    let pki = &signed.pki;
    let ocsp = island.files("revocation/ocsp").remove(0);
    let crls = island.files("revocation/crl");
    let good: Vec<Vec<u8>> = crls
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    let mut expired = Ocsp::good();
    expired.next_update = "20260101000000Z".to_owned();
    let mut forged = pki.ocsp(&Ocsp::good());
    let last = forged.len() - 1;
    forged[last] ^= 1;
    for answer in [pki.ocsp(&expired), forged, b"junk".to_vec()] {
        std::fs::write(&ocsp, &answer).unwrap();
        // The CRL decides.
        island.assert_verified(&[]);
        for file in &crls {
            std::fs::write(file, &answer).unwrap();
        }
        let ran = island.verify(&[]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        for (file, bytes) in crls.iter().zip(&good) {
            std::fs::write(file, bytes).unwrap();
        }
    }
    // A revocation that the issuer signed counts, wherever it comes from.
    let revoked = pki.ocsp(&Ocsp::revoked("20240601000000Z", 1));
    std::fs::write(&ocsp, revoked).unwrap();
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("signing certificate with subject \"CN=leaf\" is revoked");
}

#[cfg(unix)]
#[test]
fn links_in_the_directory_are_not_followed() {
    let signed = signed();
    let island = island(&signed);
    for folder in ["revocation/ocsp", "revocation/crl"] {
        for file in island.files(folder) {
            let target = island.sandbox.home().join(file.file_name().unwrap());
            std::fs::rename(&file, &target).unwrap();
            std::os::unix::fs::symlink(target, &file).unwrap();
        }
    }
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("is a symbolic link");
}

#[test]
fn a_fetch_says_whose_answer_is_missing() {
    let signed = signed();
    *signed.answers.lock().unwrap() = Answers {
        crl: Some(signed.pki.crl(false)),
        tsa_crl: None,
        ocsp: None,
    };
    let ran = fetch(&signed);
    assert_eq!(ran.code, 3, "{ran:#?}");
    // The signer's CRL is enough for the signer.
    ran.assert_says("  not revoked: `CN=leaf`, by CRL of `http://crl.test/leaf.crl`");
    ran.assert_says("  missing: CRL at `http://tsa.test/tsa.crl`: ");
    ran.assert_says("    hint: the certificate's issuer runs this address");
    assert!(!ran.stderr.contains("missing: OCSP"), "{ran:#?}");
    ran.assert_says(
        "  not answered, another source did: OCSP at `http://ocsp.test/`: no answer: \
         `http://ocsp.test/",
    );
    signed.answers.lock().unwrap().tsa_crl = Some(signed.pki.tsa_crl(false));
    island(&signed).assert_verified(&[]);
}

#[test]
fn a_revocation_that_only_the_crl_knows_outweighs_the_ocsp_answer_stored_before() {
    let signed = signed();
    island(&signed).assert_verified(&[]);
    *signed.answers.lock().unwrap() = Answers {
        crl: Some(signed.pki.crl(true)),
        tsa_crl: Some(signed.pki.tsa_crl(false)),
        ocsp: None,
    };
    let ran = fetch(&signed);
    // The directory must be carried to a place without a network, so a script must go on.
    assert_eq!(ran.code, 0, "a fetch gives no verdict: {ran:#?}");
    ran.assert_says("  revoked: `CN=leaf`, by CRL of `http://crl.test/leaf.crl`");
    ran.assert_says("  warning: offline, too, this signature will count as revoked");
    ran.assert_says("  not answered, another source did: OCSP at `http://ocsp.test/`: no answer: ");
    let island = Island::new(&signed.scene, signed.scene.digest());
    signed.trust(&island.sandbox);
    assert_eq!(island.files("revocation/ocsp").len(), 1);
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("signing certificate with subject \"CN=leaf\" is revoked");
}

#[test]
fn a_fetch_without_usable_answers_leaves_what_was_stored() {
    let signed = signed();
    island(&signed);
    *signed.answers.lock().unwrap() = Answers {
        ocsp: Some(b"junk".to_vec()),
        crl: Some(b"junk".to_vec()),
        tsa_crl: Some(b"junk".to_vec()),
    };
    let ran = fetch(&signed);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(
        "  missing: OCSP at `http://ocsp.test/`: cannot be read as an OCSP response in DER",
    );
    let island = Island::new(&signed.scene, signed.scene.digest());
    signed.trust(&island.sandbox);
    island.assert_verified(&[]);
}

#[test]
fn a_revoked_authority_is_refused_offline_too() {
    let signed = signed();
    signed.answers.lock().unwrap().tsa_crl = Some(signed.pki.tsa_crl(true));
    let island = island(&signed);
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("timestamping certificate with subject \"CN=TSA\" is revoked");
    let tsa = &facts(&island.verify(&["-o", "json"]), "authenticTimestamp")[0];
    assert_eq!(tsa["status"], "revoked");
}

#[cfg(unix)]
#[test]
fn what_is_fetched_can_be_read_by_the_user_to_whom_it_is_carried() {
    use std::os::unix::fs::PermissionsExt as _;

    let signed = signed();
    assert_eq!(fetch(&signed).code, 0);
    let facts = signed.scene.sandbox.home().join("facts");
    for folder in ["revocation/ocsp", "revocation/crl"] {
        let folder = facts.join(folder);
        let file = super::files(&folder).remove(0);
        for (path, wanted) in [(folder, 0o555), (file, 0o444)] {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & wanted, wanted, "{} has {mode:o}", path.display());
        }
    }
}
