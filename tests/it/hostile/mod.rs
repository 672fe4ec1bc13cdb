//! The real binary against a registry that lies, stalls and leads astray. An image is signed
//! properly, and the registry is truthful in all but one thing: without the lie it verifies.
//!
//! Every run is held to a bound of memory and of time.

mod advisories;
mod archives;
mod envelopes;
mod listing;
mod manifests;
mod memory;
mod packages;
mod redirects;
mod signed_packages;
mod time;

pub(crate) use signed_packages::entries_of;

use std::path::PathBuf;
use std::time::Duration;

use countersign::notary::SIGNATURE_ARTIFACT_TYPE;
use countersign::oci::sha256_digest;
use serde_json::{Value, json};

use crate::support::forward::{at_home, forward};
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::measure;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Memory of one run, whatever the registry does: 64 MiB for the program as it is released, which `MEASURED_PROGRAM` may
/// name. One that is built for tests maps more than 10 MiB more of its own file.
fn max_peak_kib() -> u64 {
    let is_for_tests = cfg!(debug_assertions) && std::env::var_os("MEASURED_PROGRAM").is_none();
    if is_for_tests { 76 * 1024 } else { 64 * 1024 }
}

/// The program that is measured.
fn program() -> PathBuf {
    let measured = std::env::var_os("MEASURED_PROGRAM").map(PathBuf::from);
    measured.unwrap_or_else(|| env!("CARGO_BIN_EXE_countersign").into())
}

/// Time of one run, where the registry answers: far more than needed, as test machines are busy.
const MAX_TIME: Duration = Duration::from_secs(40);

/// What is true about the signed image.
#[derive(Debug, Clone)]
struct Truth {
    /// `sha256:...` of the image, and its manifest.
    digest: String,
    manifest: Vec<u8>,
    /// `sha256:...` of the signature manifest, and its bytes.
    signature: String,
    signature_manifest: Vec<u8>,
    /// `sha256:...` of the envelope, and its bytes.
    envelope_digest: String,
    envelope: Vec<u8>,
}

impl Truth {
    /// A signature manifest of the image, with an envelope of this digest and size.
    fn signature_of(&self, envelope_digest: &str, size: usize) -> Vec<u8> {
        let mut manifest: Value = serde_json::from_slice(&self.signature_manifest).unwrap();
        manifest["layers"][0]["digest"] = envelope_digest.into();
        manifest["layers"][0]["size"] = size.into();
        manifest.to_string().into_bytes()
    }
}

/// An emulator with a signed image.
fn signed() -> (Scene, Truth) {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let client = scene.client();
    let digest = scene.digest().to_owned();
    let signature_manifest = client.manifest_bytes(&signature);
    let read: Value = serde_json::from_slice(&signature_manifest).unwrap();
    let truth = Truth {
        manifest: client.manifest_bytes(&digest),
        envelope: client.envelope(&signature),
        envelope_digest: read["layers"][0]["digest"].as_str().unwrap().to_owned(),
        digest,
        signature,
        signature_manifest,
    };
    (scene, truth)
}

/// A registry that lies about a signed image.
struct Liar {
    scene: Scene,
    hostile: Hostile,
    truth: Truth,
    /// `localhost:PORT/app@sha256:...`.
    image: String,
}

/// Starts a registry that answers with `lie`, and truthfully where that has nothing to say.
fn liar(lie: impl Fn(&Seen, &Truth) -> Option<Reply> + Send + Sync + 'static) -> Liar {
    let (scene, truth) = signed();
    liar_about(scene, truth, lie)
}

fn liar_about(
    scene: Scene,
    truth: Truth,
    lie: impl Fn(&Seen, &Truth) -> Option<Reply> + Send + Sync + 'static,
) -> Liar {
    let emulator = scene.emulator.address();
    let known = truth.clone();
    let hostile = Hostile::start(move |seen| {
        lie(seen, &known).unwrap_or_else(|| forward(emulator, &at_home(emulator, seen)))
    });
    let image = format!("{}/app@{}", hostile.host(), truth.digest);
    Liar {
        scene,
        hostile,
        truth,
        image,
    }
}

impl Liar {
    /// `localhost:PORT/app:v1`.
    fn tag(&self) -> String {
        format!("{}/app:v1", self.hostile.host())
    }

    fn verify(&self) -> Ran {
        self.verify_reference(&self.image)
    }

    fn verify_reference(&self, reference: &str) -> Ran {
        let profile = self.scene.profile.arn.clone();
        let fixed = ["verify", "--signing-profile", &profile];
        self.run(&[&fixed[..], &["--trust-anchor", "root.crt", reference]].concat())
    }

    fn list(&self) -> Ran {
        self.run(&["list", &self.image])
    }

    fn inspect(&self) -> Ran {
        self.run(&["inspect", &self.image])
    }

    /// Runs the binary within the bounds.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.scene.sandbox.command(&program());
        command.args(arguments);
        let measured = measure::run(command);
        assert!(measured.peak_kib <= max_peak_kib(), "{measured:#?}");
        assert!(measured.elapsed <= MAX_TIME, "{measured:#?}");
        measured.ran
    }

    /// Asserts that verification by digest ends with this code, notation's sentence for a manifest
    /// that are not available, and these words.
    #[track_caller]
    fn assert_unresolved(&self, code: i32, words: &str) {
        assert_refused(
            &self.verify(),
            code,
            "failed to get manifest descriptor: ",
            words,
        );
    }

    /// The same for a list of signatures that is not available.
    #[track_caller]
    fn assert_unlisted(&self, code: i32, words: &str) {
        let sentence = match code {
            3 => "failed to list the signatures of `",
            _ => "signature verification failed: ",
        };
        assert_refused(&self.verify(), code, sentence, words);
    }

    /// The same for signatures none of which counts.
    #[track_caller]
    fn assert_untrusted(&self, code: i32, words: &str) {
        let sentence = match code {
            3 => format!("the signatures of `{}` could not be judged", self.image),
            _ => format!(
                "signature verification failed for all the signatures associated with {}",
                self.image
            ),
        };
        assert_refused(&self.verify(), code, &sentence, words);
    }

    /// How many requests had this in their path.
    fn requests(&self, part: &str) -> usize {
        let seen = self.hostile.seen();
        seen.iter()
            .filter(|seen| seen.path().contains(part))
            .count()
    }
}

#[track_caller]
fn assert_refused(ran: &Ran, code: i32, sentence: &str, words: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{ran:#?}");
    let first = ran
        .stderr
        .lines()
        // A slow machine hears now and then what is waited for.
        .find(|line| !line.starts_with("Warning: ") && !line.starts_with("verifying: "));
    let wanted = format!("Error: {sentence}");
    assert!(
        first.is_some_and(|line| line.starts_with(&wanted)),
        "{ran:#?}"
    );
    ran.assert_says(words);
}

/// Whether a request is for the list of signatures, a manifest or a blob of this digest.
fn is_list(seen: &Seen) -> bool {
    seen.path().contains("/referrers/")
}

fn is_manifest(seen: &Seen, reference: &str) -> bool {
    seen.path().ends_with(&format!("/manifests/{reference}"))
}

fn is_blob(seen: &Seen, digest: &str) -> bool {
    seen.path().ends_with(&format!("/blobs/{digest}"))
}

/// The descriptor of a signature manifest.
fn entry(digest: &str, size: usize) -> Value {
    json!({"mediaType": IMAGE_MANIFEST, "digest": digest, "size": size,
        "artifactType": SIGNATURE_ARTIFACT_TYPE})
}

/// The descriptor of a signature manifest that is nowhere.
fn entry_of_nothing(name: &str) -> Value {
    entry(sha256_digest(name.as_bytes()).as_ref(), 700)
}

fn index(entries: &[Value]) -> Reply {
    let index = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": entries});
    Reply::ok(IMAGE_INDEX, index.to_string())
}

/// A gzip stream of a few hundred KiB that unpacks to 200 MiB: one zero, then the order to repeat it
/// 258 times, again and again (RFC 1951 section 3.2.6).
fn gzip_bomb() -> Vec<u8> {
    const HEAD: &str = "110";
    const ZERO: &str = "00110000";
    const REPEAT: &str = "1100010100000";
    const END: &str = "0000000";
    let repeats = 200 * 1024 * 1024 / 258;
    let mut bits: Vec<u8> = [HEAD, ZERO].concat().into_bytes();
    bits.extend(REPEAT.bytes().cycle().take(REPEAT.len() * repeats));
    bits.extend(END.bytes());
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    bytes.extend(bits.chunks(8).map(|byte| {
        let bits = byte.iter().enumerate();
        bits.fold(0, |byte, (place, bit)| byte | (bit - b'0') << place)
    }));
    bytes.extend([0; 8]);
    bytes
}

#[test]
fn without_a_lie_the_image_verifies() {
    let liar = liar(|_, _| None);
    let ran = liar.verify();
    let words = format!("Successfully verified signature for {}\n", liar.image);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, words.as_str()),
        "{ran:#?}"
    );
    assert_eq!(liar.list().code, 0);
    assert_eq!(liar.inspect().code, 0);
}
