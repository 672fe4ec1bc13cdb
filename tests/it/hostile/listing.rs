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
        assert_no_command_lists(&liar, 1, "is longer than 4194304 bytes");
    }
}

#[test]
fn a_page_of_brackets_does_not_use_up_the_stack() {
    let deep = format!(r#"{{"other":{}"#, "[".repeat(4_000_000));
    let liar = liar(move |seen, _| is_list(seen).then(|| Reply::ok(IMAGE_INDEX, deep.clone())));
    assert_no_command_lists(&liar, 1, "answered with a malformed document");
}

#[test]
fn a_page_that_links_to_itself_is_not_followed() {
    let liar = liar(|seen, _| {
        is_list(seen)
            .then(|| index(&[]).header("Link", &format!("<{}>; rel=\"next\"", seen.target)))
    });
    assert_no_command_lists(&liar, 1, "leads back to an earlier one");
    assert_eq!(liar.requests("/referrers/"), 3);
}

#[test]
fn a_page_at_another_host_is_not_followed() {
    let other = Hostile::start(|_| index(&[]));
    let link = format!("<http://{}/v2/app/referrers/x>; rel=\"next\"", other.host());
    let liar = liar(move |seen, _| is_list(seen).then(|| index(&[]).header("Link", &link)));
    assert_no_command_lists(&liar, 1, "has its next page elsewhere");
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
    assert_no_command_lists(&liar, 1, "`text/html`");
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
    assert_no_command_lists(&liar, 1, "`gzip`");
}
