//! Lies about which signatures there are.

use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::limits::{MAX_REFERRERS_PAGES, MAX_SIGNATURES};

use super::*;

/// Asserts that all three commands that list signatures fail with this code and these words.
#[track_caller]
fn assert_no_command_lists(liar: &Liar, code: i32, words: &str) {
    liar.assert_unlisted(code, words);
    for ran in [liar.list(), liar.inspect()] {
        assert_eq!(ran.code, code, "{ran:#?}");
        ran.assert_says(words);
    }
}

// CVE-2023-33957: `list` and `inspect` walked an endless list; CVE-2023-33958: `verify` did.
#[test]
fn an_endless_list_of_referrers_ends() {
    let pages = AtomicUsize::new(0);
    let liar = liar(move |seen, _| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        let mut other = entry_of_nothing(&page.to_string());
        other["artifactType"] = "application/spdx+json".into();
        is_list(seen)
            .then(|| index(&[other]).header("Link", &format!("<?page={page}>; rel=\"next\"")))
    });
    assert_no_command_lists(&liar, 3, "has more than 100 ");
    assert_eq!(liar.requests("/referrers/"), 3 * MAX_REFERRERS_PAGES);
}

#[test]
fn an_endless_list_of_signatures_ends() {
    let pages = AtomicUsize::new(0);
    let liar = liar(move |seen, _| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        let entries: Vec<Value> = (0..10)
            .map(|number| entry_of_nothing(&format!("{page} {number}")))
            .collect();
        is_list(seen)
            .then(|| index(&entries).header("Link", &format!("<?page={page}>; rel=\"next\"")))
    });
    liar.assert_untrusted(
        1,
        "The configured limit of 100 signatures to verify per artifact exceeded",
    );
    assert!(liar.requests("/referrers/") <= MAX_REFERRERS_PAGES);
    // The image's own manifest, and the tag schema's index.
    assert!(liar.requests("/manifests/") <= MAX_SIGNATURES + 2);
    // None of those that are inspected is there.
    for (ran, code) in [(liar.list(), 3), (liar.inspect(), 1)] {
        assert_eq!(ran.code, code, "{ran:#?}");
        ran.assert_says("Warning: exceeded configured limit of max signatures 100 to examine");
    }
}

#[test]
fn an_endless_page_is_cut_off() {
    for chunk in [vec![b' '; 65_536], b"[".repeat(65_536)] {
        let liar = liar(move |seen, _| {
            is_list(seen).then(|| Reply::ok(IMAGE_INDEX, "").endless(chunk.clone()))
        });
        assert_no_command_lists(&liar, 3, "is longer than 4194304 bytes");
    }
}

#[test]
fn a_page_of_brackets_does_not_use_up_the_stack() {
    let deep = format!(r#"{{"other":{}"#, "[".repeat(4_000_000));
    let liar = liar(move |seen, _| is_list(seen).then(|| Reply::ok(IMAGE_INDEX, deep.clone())));
    // It is not an index, as if there were no referrers API.
    let ran = liar.verify();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("no signature is associated");
    for ran in [liar.list(), liar.inspect()] {
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
}

#[test]
fn a_page_that_links_to_itself_is_not_followed() {
    let liar = liar(|seen, _| {
        is_list(seen)
            .then(|| index(&[]).header("Link", &format!("<{}>; rel=\"next\"", seen.target)))
    });
    assert_no_command_lists(&liar, 3, "leads back to an earlier one");
    assert_eq!(liar.requests("/referrers/"), 3);
}

#[test]
fn a_page_at_another_host_is_not_followed() {
    let other = Hostile::start(|_| index(&[]));
    let link = format!("<http://{}/v2/app/referrers/x>; rel=\"next\"", other.host());
    let liar = liar(move |seen, _| is_list(seen).then(|| index(&[]).header("Link", &link)));
    assert_no_command_lists(&liar, 3, "has its next page elsewhere");
    assert_eq!(other.lines(), [""; 0]);
}

#[test]
fn a_lie_on_a_later_page_does_not_hide_a_good_signature() {
    let liar = liar(|seen, truth| {
        let entries = [entry(&truth.signature, truth.signature_manifest.len())];
        let link = format!("<{}>; rel=\"next\"", seen.target);
        is_list(seen).then(|| index(&entries).header("Link", &link))
    });
    let ran = liar.verify();
    assert_eq!(ran.code, 0, "{ran:#?}");
}

// Found by the audit of 2023 (ADA Logics): who may push can pile up signatures. That is a denial of
// service, never a pass, and it is said.
#[test]
fn a_good_signature_behind_a_hundred_others_is_not_reached() {
    let liar = liar(|seen, truth| {
        let mut entries: Vec<Value> = (0..MAX_SIGNATURES)
            .map(|number| entry_of_nothing(&number.to_string()))
            .collect();
        entries.push(entry(&truth.signature, truth.signature_manifest.len()));
        is_list(seen).then(|| index(&entries))
    });
    liar.assert_untrusted(
        1,
        "The configured limit of 100 signatures to verify per artifact exceeded",
    );
    assert_eq!(liar.requests(&liar.truth.signature), 0);
    for ran in [liar.list(), liar.inspect()] {
        ran.assert_says("Warning: exceeded configured limit of max signatures 100 to examine");
    }
}

#[test]
fn a_denied_list_is_not_an_empty_one() {
    let liar = liar(|seen, _| {
        let body = r#"{"errors":[{"code":"DENIED","message":"not for you"}]}"#;
        is_list(seen).then(|| Reply::status(403).body(body))
    });
    assert_no_command_lists(&liar, 3, "saying `DENIED: not for you`");
}

#[test]
fn a_web_page_instead_of_a_list_is_no_signature() {
    let liar = liar(|seen, _| {
        let is_tag = seen.path().contains("/manifests/sha256-");
        (is_list(seen) || is_tag).then(|| Reply::ok("text/html", "<html>welcome"))
    });
    assert_no_command_lists(&liar, 3, "`text/html`");
}

#[test]
fn a_list_that_breaks_off_is_not_a_list() {
    for body in ["", r#"{"schemaVersion":2,"manifests":["#] {
        let liar =
            liar(move |seen, _| is_list(seen).then(|| Reply::ok(IMAGE_INDEX, "").cut(body, 5_000)));
        assert_no_command_lists(&liar, 3, "broke off");
    }
}

#[test]
fn a_compressed_list_is_not_unpacked() {
    let liar = liar(|seen, _| {
        is_list(seen)
            .then(|| Reply::ok(IMAGE_INDEX, gzip_bomb()).header("Content-Encoding", "gzip"))
    });
    assert_no_command_lists(&liar, 3, "`gzip`");
}

/// The index of the tag schema, with the good signature.
fn tagged(seen: &Seen, truth: &Truth) -> Option<Reply> {
    let entries = [entry(&truth.signature, truth.signature_manifest.len())];
    let is_tag = seen.path().contains("/manifests/sha256-");
    is_tag.then(|| index(&entries))
}

#[test]
fn whichever_list_cannot_be_read_the_other_one_is() {
    for status in [401, 403, 429, 500, 503] {
        let liar = liar(move |seen, truth| {
            let denied = || Reply::status(status).header("Retry-After", "9");
            is_list(seen).then(denied).or_else(|| tagged(seen, truth))
        });
        assert_eq!(liar.verify().code, 0, "{status}");
        // What there is, and that there may be more.
        for ran in [liar.list(), liar.inspect()] {
            assert_eq!(ran.code, 3, "{ran:#?}");
            assert!(ran.stdout.contains(&liar.truth.signature), "{ran:#?}");
            ran.assert_says("Warning: there may be more signatures: ");
        }
    }
    // The other way round.
    let liar = liar(|seen, _| {
        let is_tag = seen.path().contains("/manifests/sha256-");
        is_tag.then(|| Reply::status(403))
    });
    assert_eq!(liar.verify().code, 0);
    for ran in [liar.list(), liar.inspect()] {
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert!(ran.stdout.contains(&liar.truth.signature), "{ran:#?}");
    }
}

#[test]
fn half_a_list_without_a_good_signature_is_could_not_look() {
    for (api, tag) in [(403, 404), (500, 404), (200, 403), (404, 500), (429, 429)] {
        let liar = liar(move |seen, _| {
            let is_tag = seen.path().contains("/manifests/sha256-");
            let status = if is_list(seen) {
                api
            } else if is_tag {
                tag
            } else {
                return None;
            };
            Some(match status {
                200 => index(&[]),
                status => Reply::status(status).header("Retry-After", "9"),
            })
        });
        liar.assert_unlisted(3, "registry");
        for ran in [liar.list(), liar.inspect()] {
            assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
        }
    }
}

#[test]
fn one_bad_entry_hides_no_other() {
    let good = |truth: &Truth| entry(&truth.signature, truth.signature_manifest.len());
    for bad in [
        json!(null),
        json!({"mediaType": IMAGE_MANIFEST, "digest": "blake3:aa", "size": 1}),
        json!({"mediaType": IMAGE_MANIFEST, "digest": "sha256:aa", "size": -1}),
    ] {
        let entries = bad.clone();
        let liar =
            liar(move |seen, truth| is_list(seen).then(|| index(&[entries.clone(), good(truth)])));
        assert_eq!(liar.verify().code, 0, "{bad}");
        for ran in [liar.list(), liar.inspect()] {
            assert_eq!(ran.code, 3, "{ran:#?}");
            assert!(ran.stdout.contains(&liar.truth.signature), "{ran:#?}");
            ran.assert_says("has 1 unreadable entries");
        }
        let alone =
            super::liar(move |seen, _| is_list(seen).then(|| index(std::slice::from_ref(&bad))));
        alone.assert_unlisted(3, "has 1 unreadable entries");
    }
    // An entry that says that it is something else is not looked at.
    let other = json!({"mediaType": IMAGE_MANIFEST, "digest": "sha256:aa",
        "artifactType": "application/spdx+json"});
    let liar = liar(move |seen, truth| is_list(seen).then(|| index(&[other.clone(), good(truth)])));
    assert_eq!((liar.verify().code, liar.list().code), (0, 0));
}

#[test]
fn a_digest_that_is_listed_twice_once_wrongly_is_found() {
    let liar = liar(|seen, truth| {
        let size = truth.signature_manifest.len();
        let entries = [
            entry(&truth.signature, size + 1),
            entry(&truth.signature, size),
        ];
        is_list(seen).then(|| index(&entries))
    });
    assert_eq!(liar.verify().code, 0);
    let ran = liar.list();
    assert_eq!(
        ran.stdout.matches(&liar.truth.signature).count(),
        1,
        "{ran:#?}"
    );
    let ran = liar.inspect();
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout.matches(&liar.truth.signature).count(),
        1,
        "{ran:#?}"
    );
}

#[test]
fn what_does_not_say_what_it_is_is_looked_at_last() {
    for kind in [json!(null), json!("application/vnd.oci.empty.v1+json")] {
        let untyped = |mut entry: Value| {
            entry["artifactType"] = kind.clone();
            entry
        };
        let image = untyped(json!({"mediaType": IMAGE_MANIFEST}));
        let nothing = untyped(entry_of_nothing("x"));
        let kind = kind.clone();
        let liar = liar(move |seen, truth| {
            let mut good = entry(&truth.signature, truth.signature_manifest.len());
            good["artifactType"] = kind.clone();
            let mut other = image.clone();
            other["digest"] = truth.digest.clone().into();
            other["size"] = truth.manifest.len().into();
            is_list(seen).then(|| index(&[other, good]))
        });
        assert_eq!(liar.verify().code, 0);
        // The image is not a signature, and not shown as one.
        for ran in [liar.list(), liar.inspect()] {
            assert_eq!(ran.code, 0, "{ran:#?}");
            assert_eq!(ran.stdout.matches("sha256:").count(), {
                let shown = liar.scene.run(&["inspect", &liar.scene.image]);
                if ran.stdout.starts_with("Inspecting") {
                    shown.stdout.matches("sha256:").count()
                } else {
                    2
                }
            });
        }
        // What says what it is comes first, in whichever list it is.
        let first = super::liar(move |seen, truth| {
            is_list(seen)
                .then(|| index(std::slice::from_ref(&nothing)))
                .or_else(|| tagged(seen, truth))
        });
        assert_eq!(first.verify().code, 0);
        assert_eq!(first.requests(sha256_digest(b"x").as_ref()), 0);
    }
}

#[test]
fn referrers_that_are_no_signatures_are_no_signatures_without_a_type_either() {
    let liar = liar(|seen, truth| {
        let image = json!({"mediaType": IMAGE_MANIFEST, "digest": truth.digest,
            "size": truth.manifest.len()});
        is_list(seen).then(|| index(&[image]))
    });
    let ran = liar.verify();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("no signature is associated");
    assert_eq!(liar.list().code, 0);
}
