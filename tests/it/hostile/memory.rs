//! JSON of others whose tree would take a hundred times its bytes: `{"a":0},` again and again. Every run is
//! held to its bound of memory.

use std::sync::Mutex;

use super::*;
use crate::support::layout;

const MEBIBYTE: usize = 1024 * 1024;

/// `document`, an object, with so many bytes of small objects in an unknown member.
fn padded(document: &Value, bytes: usize) -> String {
    let mut text = document.to_string();
    assert_eq!(text.pop(), Some('}'));
    text.push_str(r#","x":["#);
    while text.len() + 10 < bytes {
        text.push_str(r#"{"a":0},"#);
    }
    text.push_str("0]}");
    text
}

fn nearly_4_mib(document: &Value) -> String {
    padded(document, 4 * MEBIBYTE - 8 * 1024)
}

#[test]
fn an_index_of_the_tag_schema_is_changed_without_a_tree() {
    let index = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [] });
    let first = nearly_4_mib(&index);
    let kept = Mutex::new(first.clone().into_bytes());
    let written = std::sync::Arc::new(Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&written);
    let liar = liar(move |seen, _| {
        if is_list(seen) {
            return Some(Reply::status(404));
        }
        if !seen.path().contains("/manifests/sha256-") {
            return (seen.method == "DELETE").then(|| Reply::status(202));
        }
        if seen.method == "PUT" {
            kept.lock().unwrap().clone_from(&seen.body);
            told.lock().unwrap().clone_from(&seen.body);
            return Some(Reply::status(201));
        }
        Some(Reply::ok(IMAGE_INDEX, kept.lock().unwrap().clone()))
    });
    let arn = liar.scene.profile.arn.clone();
    let ran = liar.run(&["sign", "--signing-profile", &arn, &liar.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    // One entry more, and nothing else is another.
    let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let (before, rest) = written.split_once(r#""manifests":["#).unwrap();
    let (entry, after) = rest.split_once("}]").unwrap();
    assert!(entry.contains(SIGNATURE_ARTIFACT_TYPE), "{entry}");
    let unchanged = format!(r#"{before}"manifests":[]{after}"#);
    assert!(unchanged == first, "{before} ... {}", &after[..200]);
}

#[test]
fn an_index_of_a_layout_is_read_and_changed_without_a_tree() {
    let liar = liar(|_, _| None);
    let path = liar.scene.sandbox.home().join("layout");
    let digests = layout::make(&path, &["v1"]);
    let file = path.join("index.json");
    std::fs::write(&file, nearly_4_mib(&layout::index(&path))).unwrap();
    let image = format!("layout@{}", digests[0]);
    let arn = liar.scene.profile.arn.clone();
    let fixed = ["--oci-layout", "--signing-profile", &arn];
    let ran = liar.run(&[&["sign"], &fixed[..], &[&image]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let anchor = ["--trust-anchor", "root.crt", &image];
    let ran = liar.run(&[&["verify"], &fixed[..], &anchor].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(std::fs::metadata(&file).unwrap().len() > 4_000_000);
}

/// A registry that lists `manifest` as the only signature of the image, and its verification's answer.
fn assert_is_no_signature(change: impl Fn(&mut Value), words: &str) {
    let (scene, truth) = signed();
    let mut manifest: Value = serde_json::from_slice(&truth.signature_manifest).unwrap();
    change(&mut manifest);
    let manifest = manifest.to_string().into_bytes();
    let digest = sha256_digest(&manifest).to_string();
    let liar = liar_about(scene, truth, move |seen, _| {
        if is_list(seen) {
            return Some(index(&[entry(&digest, manifest.len())]));
        }
        is_manifest(seen, &digest).then(|| Reply::ok(IMAGE_MANIFEST, manifest.clone()))
    });
    liar.assert_untrusted(1, words);
    let ran = liar.inspect();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(words);
    assert_eq!(liar.requests("/blobs/"), 0);
}

#[test]
fn a_signature_manifest_of_many_annotations_is_refused() {
    assert_is_no_signature(
        |manifest| {
            let many = (0..250_000).map(|number| (format!("{number:x}"), Value::from("")));
            manifest["annotations"] = Value::Object(many.collect());
        },
        "it has more than 2000 values",
    );
}

#[test]
fn a_signature_manifest_of_long_annotations_is_refused() {
    assert_is_no_signature(
        |manifest| manifest["annotations"] = json!({ "a": "x".repeat(3 * MEBIBYTE) }),
        "its annotations have more than 65536 bytes",
    );
}

#[test]
fn long_media_types_in_a_list_are_not_kept() {
    let liar = liar(|seen, truth| {
        if !is_list(seen) {
            return None;
        }
        let page = seen
            .query()
            .get("page")
            .map_or(0, |page| page.parse().unwrap());
        let mut long = entry_of_nothing(&page.to_string());
        long["mediaType"] = "x".repeat(3 * MEBIBYTE).into();
        let known = entry(&truth.signature, truth.signature_manifest.len());
        let next = format!("<?page={}>; rel=\"next\"", page + 1);
        let list = match page {
            0..15 => index(&[long]).header("Link", &next),
            _ => index(&[known]),
        };
        Some(list)
    });
    let ran = liar.list();
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("its media type has more than 255 bytes");
}

#[test]
fn an_answer_about_revocation_is_short() {
    for bytes in [200 * 1024, 4 * MEBIBYTE - 10] {
        let (scene, truth) = signed();
        let emulator = scene.emulator.address();
        let body = padded(&json!({ "revokedEntities": [] }), bytes);
        let aws = Hostile::start(move |seen| {
            if seen.path().contains("/revocations") {
                return Reply::ok("application/json", body.clone());
            }
            forward(emulator, &at_home(emulator, seen))
        });
        let url = format!("http://{}", aws.host());
        let scene = scene.with_variable("AWS_ENDPOINT_URL", url);
        let liar = liar_about(scene, truth, |_, _| None);
        let ran = liar.verify();
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
        let asked = aws.seen();
        assert!(
            asked
                .iter()
                .any(|seen| seen.path().contains("/revocations")),
            "{asked:?}"
        );
    }
}

#[test]
fn an_error_of_aws_is_read_without_a_tree() {
    let (scene, truth) = signed();
    let body = padded(&json!({ "message": "no, thank you" }), 250 * 1024);
    let aws = Hostile::start(move |_| {
        Reply::status(403)
            .header("Content-Type", "application/json")
            .header("x-amzn-RequestId", "r-1")
            .header("x-amzn-ErrorType", "AccessDeniedException")
            .body(body.clone())
    });
    let url = format!("http://{}", aws.host());
    let scene = scene.with_variable("AWS_ENDPOINT_URL", url);
    let liar = liar_about(scene, truth, |_, _| None);
    let ran = liar.verify();
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("no, thank you");
}

#[test]
fn a_file_of_credentials_is_read_into_a_small_tree() {
    let liar = liar(|seen, _| {
        let is_anonymous = seen.header("authorization").is_none();
        is_anonymous.then(|| Reply::status(401).header("WWW-Authenticate", "Basic"))
    });
    let home = liar.scene.sandbox.home();
    std::fs::create_dir_all(home.join(".docker")).unwrap();
    let file = home.join(".docker/config.json");
    std::fs::write(file, nearly_4_mib(&json!({ "auths": {} }))).unwrap();
    let ran = liar.verify();
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("it has more than 20000 values");
}
