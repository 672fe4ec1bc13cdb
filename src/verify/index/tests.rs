use serde_json::{Value, json};

use super::*;
use crate::limits::MAX_JSON_VALUES;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

fn entry(letter: char, media_type: &str, platform: Value) -> Value {
    let digest = format!("sha256:{}", letter.to_string().repeat(64));
    let mut entry = json!({ "mediaType": media_type, "digest": digest, "size": 7 });
    if !platform.is_null() {
        entry["platform"] = platform;
    }
    entry
}

fn index(entries: &[Value]) -> Result<Index, IndexFault> {
    read(json!({ "manifests": entries }).to_string().as_bytes())
}

fn linux(architecture: &str) -> Value {
    json!({ "os": "linux", "architecture": architecture })
}

#[test]
fn images_have_their_platforms_and_statements_are_told_apart() {
    let arm = json!({ "os": "linux", "architecture": "arm", "variant": "v7" });
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    let half = json!({ "os": "linux", "architecture": "unknown" });
    let read = index(&[
        entry('a', OCI, linux("amd64")),
        entry('b', DOCKER, arm),
        entry('c', OCI, unknown),
        entry('a', OCI, linux("arm64")),
        entry('d', OCI, Value::Null),
        entry('e', OCI, half),
    ])
    .unwrap();
    let images: Vec<_> = read
        .images
        .iter()
        .map(|image| {
            let platforms = image.platforms.iter().map(Platform::to_string);
            platforms.collect::<Vec<_>>().join(",")
        })
        .collect();
    assert_eq!(images, ["linux/amd64,linux/arm64", "linux/arm/v7", "", ""]);
    assert_eq!(read.uncovered.len(), 1);
}

#[test]
fn an_image_that_once_has_no_platform_has_none() {
    for order in [[0, 1], [1, 0]] {
        let entries = [
            entry('a', OCI, linux("amd64")),
            entry('a', OCI, Value::Null),
        ];
        let read = index(&order.map(|at: usize| entries[at].clone())).unwrap();
        assert_eq!(read.images.len(), 1);
        assert!(read.images[0].platforms.is_empty());
    }
}

/// Go's readers, and so runtimes, would start another image than the one that was verified.
#[test]
fn what_runtimes_read_otherwise_is_refused() {
    let good = entry('a', OCI, linux("amd64"));
    let other = entry('b', OCI, linux("amd64"));
    for name in ["Manifests", "MANIFESTS", "manife\u{17f}ts"] {
        let index = json!({ "manifests": [good], name: [other] });
        let fault = read(index.to_string().as_bytes()).unwrap_err();
        assert!(
            matches!(fault, IndexFault::Ambiguous { .. }),
            "{name}: {fault:?}"
        );
    }
    let evil = format!("sha256:{}", "b".repeat(64));
    for (name, value) in [
        ("Digest", json!(evil)),
        ("dige\u{17f}t", json!(evil)),
        (
            "MediaType",
            json!("application/vnd.oci.image.index.v1+json"),
        ),
        (
            "Platform",
            json!({ "os": "linux", "architecture": "arm64" }),
        ),
    ] {
        let mut entry = good.clone();
        entry[name] = value;
        let fault = index(&[entry]).unwrap_err();
        assert!(
            matches!(fault, IndexFault::Ambiguous { .. }),
            "{name}: {fault:?}"
        );
    }
    let unknown = json!({ "os": "unknown", "architecture": "unknown", "OS": "linux", "Architecture": "amd64" });
    let hidden = index(&[good.clone(), entry('b', OCI, unknown)]).unwrap_err();
    assert!(matches!(hidden, IndexFault::Ambiguous { .. }), "{hidden:?}");
    let twice = format!(r#"{{"manifests":[{good}],"manifests":[{other}]}}"#);
    let fault = read(twice.as_bytes()).unwrap_err();
    assert!(matches!(fault, IndexFault::Ambiguous { .. }), "{fault:?}");
    for name in ["config", "layers", "fsLayers"] {
        let index = json!({ "manifests": [good], name: [] });
        let fault = read(index.to_string().as_bytes()).unwrap_err();
        assert!(
            matches!(fault, IndexFault::IsImageToo { .. }),
            "{name}: {fault:?}"
        );
    }
    let plain =
        json!({ "schemaVersion": 2, "manifests": [good], "annotations": { "Config": "x" } });
    assert!(read(plain.to_string().as_bytes()).is_ok());
}

#[test]
fn what_cannot_be_gone_through_is_refused() {
    let nested = entry('a', "application/vnd.oci.image.index.v1+json", linux("x"));
    assert!(matches!(index(&[nested]), Err(IndexFault::Kind { .. })));
    assert!(matches!(index(&[]), Err(IndexFault::Empty)));
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    let only_unknown = index(&[entry('a', OCI, unknown)]);
    assert!(matches!(only_unknown, Err(IndexFault::Empty)));
    let bad = json!({ "mediaType": OCI, "digest": "md5:1", "size": 1 });
    assert!(matches!(index(&[bad]), Err(IndexFault::Digest { .. })));
    assert!(matches!(read(b"{}"), Err(IndexFault::Malformed { .. })));
    let image = |number: usize| {
        let digest = format!("sha256:{number:064x}");
        json!({ "mediaType": OCI, "digest": digest, "size": 1, "platform": linux("x") })
    };
    let images: Vec<_> = (0..=MAX_INDEX_IMAGES).map(image).collect();
    assert!(index(&images[1..]).is_ok());
    assert!(matches!(index(&images), Err(IndexFault::TooMany)));
    let many = vec![0; MAX_JSON_VALUES + 1];
    let large = json!({ "manifests": many }).to_string();
    assert!(matches!(read(large.as_bytes()), Err(IndexFault::TooLarge)));
}

#[test]
fn one_digest_has_one_description() {
    let unknown = || json!({ "os": "unknown", "architecture": "unknown" });
    let sized = |size: u64, platform: Value| {
        let mut entry = entry('a', OCI, platform);
        entry["size"] = json!(size);
        entry
    };
    for entries in [
        [
            entry('a', OCI, linux("amd64")),
            entry('a', DOCKER, linux("arm64")),
        ],
        [sized(7, linux("amd64")), sized(8, linux("amd64"))],
        [sized(7, linux("amd64")), sized(8, unknown())],
        [sized(8, unknown()), sized(7, linux("amd64"))],
    ] {
        let found = index(&entries);
        assert!(
            matches!(found, Err(IndexFault::Contradicts { .. })),
            "{found:?}"
        );
    }
    let unknown_twice = [
        sized(7, unknown()),
        sized(8, unknown()),
        entry('b', OCI, linux("x")),
    ];
    assert!(matches!(
        index(&unknown_twice),
        Err(IndexFault::Contradicts { .. })
    ));
}

#[test]
fn an_image_is_picked_only_where_there_is_one() {
    let amd64: Platform = "linux/amd64".parse().unwrap();
    let of = |entries: &[Value]| index(entries).unwrap().image_for(&amd64);
    let one = of(&[
        entry('a', OCI, linux("amd64")),
        entry('b', OCI, linux("arm64")),
    ]);
    assert!(one.unwrap().descriptor.digest().as_ref().ends_with("aaaa"));
    let two = of(&[
        entry('a', OCI, linux("amd64")),
        entry('b', OCI, linux("amd64")),
    ]);
    assert!(matches!(two, Err(IndexFault::SeveralFor { count: 2, .. })));
    let none = of(&[
        entry('a', OCI, linux("arm64")),
        entry('b', OCI, Value::Null),
    ]);
    let Err(IndexFault::NoImageFor { found, .. }) = none else {
        panic!("{none:?}");
    };
    assert_eq!(found, ["linux/arm64"]);
}

#[test]
fn an_image_is_what_its_index_says_of_it() {
    let of = |media_type: &str, size, bytes: &[u8]| {
        Descriptor::new(media_type.into(), size, oci::sha256_digest(bytes))
    };
    let found = of("a/b", 7, b"x");
    let check = |wanted: Descriptor| {
        let platforms = Vec::new();
        let image = IndexImage {
            descriptor: wanted,
            platforms,
        };
        image.check(&found)
    };
    assert!(check(found.clone()).is_ok());
    for wanted in [of("a/c", 7, b"x"), of("a/b", 8, b"x"), of("a/b", 7, b"y")] {
        assert!(matches!(check(wanted), Err(IndexFault::Differs { .. })));
    }
    let said = check(of("a/c", 8, b"x")).unwrap_err().to_string();
    assert!(
        said.ends_with("is a `a/b` of 7 bytes, and the index says `a/c` of 8 bytes"),
        "{said}"
    );
}
