//! What containerd asks: three flags, and a descriptor on stdin.

use std::ffi::OsString;
use std::io::{self, Read};

use serde::Deserialize;

use crate::document::{self, Document};
use crate::limits::{MAX_VERIFIER_ARGUMENTS, MAX_VERIFIER_DESCRIPTOR_BYTES};
use crate::oci;
use crate::reference::{self, Reference};

/// What stdin has, in the only form that is known.
const DESCRIPTOR: &str = "application/vnd.oci.descriptor.v1+json";

/// What an image may be.
const IMAGES: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// What containerd may be about to do, where it says so.
const OPERATIONS: [&str; 2] = ["pull", "run"];

/// A question of containerd.
#[derive(Debug, Clone)]
pub struct Request {
    name: String,
    reference: Reference,
    media_type: String,
}

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// More arguments than containerd gives.
    #[error("there are more than {MAX_VERIFIER_ARGUMENTS} arguments")]
    TooMany,
    /// An argument is not text.
    #[error("argument {0} is not text in UTF-8")]
    NotText(usize),
    /// An argument that is neither a flag nor the value of one.
    #[error("argument {0} is not a flag")]
    NotAFlag(usize),
    /// A flag is missing.
    #[error("the flag `-{0}` is missing")]
    Missing(&'static str),
    /// A flag is there twice.
    #[error("the flag `-{0}` is there twice")]
    Twice(&'static str),
    /// A flag has no value.
    #[error("the flag `-{0}` has no value")]
    NoValue(&'static str),
    /// `-stdin-media-type` is one that is not known.
    #[error("`-stdin-media-type` is `{0}`, not `{DESCRIPTOR}`")]
    StdinMediaType(String),
    /// `-operation` is one that is not known.
    #[error("`-operation` is `{0}`, neither `pull` nor `run`")]
    Operation(String),
    /// `-digest` is not a digest.
    #[error("`-digest` cannot be used")]
    Digest(#[source] oci::Error),
    /// `-name` is not a reference.
    #[error("`-name` cannot be used")]
    Name(#[source] reference::Error),
    /// `-name` has another digest.
    #[error("`-name` has the digest `{name}`, and `-digest` is `{digest}`")]
    OtherName {
        /// The digest in the name.
        name: String,
        /// That of the flag.
        digest: String,
    },
    /// stdin cannot be read.
    #[error("the descriptor on stdin cannot be read")]
    Read(#[source] io::Error),
    /// stdin has too much.
    #[error("the descriptor on stdin is larger than {MAX_VERIFIER_DESCRIPTOR_BYTES} bytes")]
    TooLong,
    /// stdin has no JSON.
    #[error("the descriptor on stdin cannot be used")]
    Json(#[source] document::Error),
    /// stdin has no descriptor.
    #[error("stdin has no descriptor: {0}")]
    NoDescriptor(String),
    /// The descriptor has another digest.
    #[error("the descriptor on stdin has the digest `{descriptor}`, and `-digest` is `{digest}`")]
    OtherDescriptor {
        /// The descriptor's.
        descriptor: String,
        /// That of the flag.
        digest: String,
    },
    /// The descriptor is of nothing that could be an image.
    #[error("the descriptor on stdin is of a `{0}`, which is not an image")]
    NotAnImage(String),
}

impl RequestError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing(_) | Self::NotAFlag(_) => Some(
                "this program is for containerd: `-name NAME -digest DIGEST -stdin-media-type TYPE`, and a descriptor \
                 on stdin"
                    .to_owned(),
            ),
            Self::StdinMediaType(_) | Self::Operation(_) => {
                Some("a newer containerd may need a newer Countersign".to_owned())
            }
            _ => None,
        }
    }
}

/// The part of a descriptor that counts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    #[serde(rename = "size")]
    _size: u64,
}

impl Request {
    /// Reads the question: the arguments without the program's name, then stdin to its end.
    ///
    /// Flags begin with one dash or two, and their value is the next argument or follows `=`. Flags that are not known
    /// are those of later versions, and are passed over with their value.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn read(arguments: &[OsString], stdin: impl Read) -> Result<Self, RequestError> {
        let flags = Flags::parse(arguments)?;
        let stdin_media_type = flags.stdin_media_type;
        let stdin_media_type = stdin_media_type.ok_or(RequestError::Missing("stdin-media-type"))?;
        if stdin_media_type != DESCRIPTOR {
            return Err(RequestError::StdinMediaType(stdin_media_type.to_owned()));
        }
        if let Some(operation) = flags.operation
            && !OPERATIONS.contains(&operation)
        {
            return Err(RequestError::Operation(operation.to_owned()));
        }
        let digest = flags.digest.ok_or(RequestError::Missing("digest"))?;
        let name = flags.name.ok_or(RequestError::Missing("name"))?;
        let parsed = oci::parse_digest(digest).map_err(RequestError::Digest)?;
        let reference = Reference::parse(name).map_err(RequestError::Name)?;
        if let Some(of_name) = reference.digest()
            && of_name != digest
        {
            return Err(RequestError::OtherName {
                name: of_name.to_owned(),
                digest: digest.to_owned(),
            });
        }
        let descriptor = read_descriptor(stdin)?;
        if descriptor.digest != digest {
            return Err(RequestError::OtherDescriptor {
                descriptor: descriptor.digest,
                digest: digest.to_owned(),
            });
        }
        if !IMAGES.contains(&descriptor.media_type.as_str()) {
            return Err(RequestError::NotAnImage(descriptor.media_type));
        }
        Ok(Self {
            name: name.to_owned(),
            reference: reference.with_digest(&parsed),
            media_type: descriptor.media_type,
        })
    }

    /// The image as containerd names it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The image by the digest that containerd will pull, and nothing else.
    pub const fn reference(&self) -> &Reference {
        &self.reference
    }

    /// What containerd takes the digest for.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }
}

fn read_descriptor(stdin: impl Read) -> Result<Descriptor, RequestError> {
    let mut bytes = Vec::new();
    let mut stdin = stdin.take(MAX_VERIFIER_DESCRIPTOR_BYTES + 1);
    stdin.read_to_end(&mut bytes).map_err(RequestError::Read)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_VERIFIER_DESCRIPTOR_BYTES {
        return Err(RequestError::TooLong);
    }
    // A name that is there twice is refused: of two digests each reader may take another one.
    Document::parse(&bytes).map_err(RequestError::Json)?;
    serde_json::from_slice(&bytes).map_err(|error| RequestError::NoDescriptor(error.to_string()))
}

/// The flags that are known.
#[derive(Default)]
struct Flags<'a> {
    name: Option<&'a str>,
    digest: Option<&'a str>,
    stdin_media_type: Option<&'a str>,
    operation: Option<&'a str>,
}

impl<'a> Flags<'a> {
    fn parse(arguments: &'a [OsString]) -> Result<Self, RequestError> {
        if arguments.len() > MAX_VERIFIER_ARGUMENTS {
            return Err(RequestError::TooMany);
        }
        let mut texts = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            texts.push(argument.to_str().ok_or(RequestError::NotText(index + 1))?);
        }
        let mut flags = Self::default();
        let mut rest = texts.into_iter().enumerate().peekable();
        while let Some((index, text)) = rest.next() {
            let flag = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
            let flag = flag.filter(|flag| !flag.is_empty());
            let flag = flag.ok_or(RequestError::NotAFlag(index + 1))?;
            let (flag, value) = match flag.split_once('=') {
                Some((flag, value)) => (flag, Some(value)),
                None => (flag, None),
            };
            let Some((known, place)) = flags.place(flag) else {
                // Its value, if it has one: what begins with a dash is the next flag.
                if value.is_none() {
                    rest.next_if(|(_, next)| !next.starts_with('-'));
                }
                continue;
            };
            if place.is_some() {
                return Err(RequestError::Twice(known));
            }
            let value = value.or_else(|| rest.next().map(|(_, value)| value));
            *place = Some(value.ok_or(RequestError::NoValue(known))?);
        }
        Ok(flags)
    }

    fn place(&mut self, flag: &str) -> Option<(&'static str, &mut Option<&'a str>)> {
        match flag {
            "name" => Some(("name", &mut self.name)),
            "digest" => Some(("digest", &mut self.digest)),
            "stdin-media-type" => Some(("stdin-media-type", &mut self.stdin_media_type)),
            "operation" => Some(("operation", &mut self.operation)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:4c3f1f5b8a1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6";
    const OTHER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    fn descriptor(media_type: &str, digest: &str) -> String {
        format!("{{\"mediaType\":\"{media_type}\",\"digest\":\"{digest}\",\"size\":7}}\n")
    }

    fn read(arguments: &str, stdin: &str) -> Result<Request, RequestError> {
        let arguments: Vec<OsString> = arguments.split_whitespace().map(OsString::from).collect();
        Request::read(&arguments, stdin.as_bytes())
    }

    fn error(arguments: &str, stdin: &str) -> String {
        let error = read(arguments, stdin).unwrap_err();
        crate::causes::in_one_line(&error)
    }

    fn usual(name: &str) -> String {
        format!("-name {name} -digest {DIGEST} -stdin-media-type {DESCRIPTOR}")
    }

    #[test]
    fn what_is_verified_is_containerds_digest() {
        let stdin = descriptor(MANIFEST, DIGEST);
        let image = format!("r.example/a/b@{DIGEST}");
        for arguments in [
            usual("r.example/a/b:v1"),
            usual(&image),
            usual(&format!("r.example/a/b:v1@{DIGEST}")),
            format!("--name=r.example/a/b:v1 --digest={DIGEST} -stdin-media-type={DESCRIPTOR}"),
            format!("-operation pull {} -later", usual("r.example/a/b:v1")),
            format!(
                "-later value -more=x -operation run {}",
                usual("r.example/a/b:v1")
            ),
        ] {
            let request = read(&arguments, &stdin).unwrap();
            assert_eq!(request.reference().to_string(), image, "{arguments}");
            assert_eq!(request.media_type(), MANIFEST);
        }
        assert_eq!(
            read(&usual("r.example/a/b:v1"), &stdin).unwrap().name(),
            "r.example/a/b:v1"
        );
        for media_type in IMAGES {
            assert!(read(&usual("r.example/a:1"), &descriptor(media_type, DIGEST)).is_ok());
        }
    }

    #[test]
    fn flags_are_there_once() {
        let stdin = descriptor(MANIFEST, DIGEST);
        let all = usual("r.example/a:1");
        for (arguments, wanted) in [
            (String::new(), "the flag `-stdin-media-type` is missing"),
            (
                format!("-name r.example/a:1 -stdin-media-type {DESCRIPTOR}"),
                "the flag `-digest` is missing",
            ),
            (
                format!("-digest {DIGEST} -stdin-media-type {DESCRIPTOR}"),
                "the flag `-name` is missing",
            ),
            (
                format!("{all} -name r.example/b:1"),
                "the flag `-name` is there twice",
            ),
            (
                format!("{all} --digest={DIGEST}"),
                "the flag `-digest` is there twice",
            ),
            (
                format!("{all} -stdin-media-type x"),
                "the flag `-stdin-media-type` is there twice",
            ),
            (
                format!("{all} -operation pull -operation run"),
                "the flag `-operation` is there twice",
            ),
            (
                format!("{all} -operation"),
                "the flag `-operation` has no value",
            ),
            (
                format!("{all} -operation push"),
                "`-operation` is `push`, neither `pull` nor `run`",
            ),
            (format!("{all} x"), "argument 7 is not a flag"),
            (format!("{all} -"), "argument 7 is not a flag"),
            (format!("{all} -later x y"), "argument 9 is not a flag"),
            // A value of a flag that is not known, and that looks like one of ours, does not get through.
            (format!("-later -name {all}"), "argument 4 is not a flag"),
            ("-a ".repeat(65), "there are more than 64 arguments"),
        ] {
            assert_eq!(error(&arguments, &stdin), wanted, "{arguments}");
        }
    }

    #[test]
    fn digests_and_media_types_must_agree() {
        let stdin = descriptor(MANIFEST, DIGEST);
        let said = error(&usual(&format!("r.example/a@{OTHER}")), &stdin);
        assert_eq!(
            said,
            format!("`-name` has the digest `{OTHER}`, and `-digest` is `{DIGEST}`")
        );
        let said = error(&usual("r.example/a:1"), &descriptor(MANIFEST, OTHER));
        assert_eq!(
            said,
            format!(
                "the descriptor on stdin has the digest `{OTHER}`, and `-digest` is `{DIGEST}`"
            )
        );
        let said = error(&usual("r.example/a:1"), &descriptor("text/plain", DIGEST));
        assert_eq!(
            said,
            "the descriptor on stdin is of a `text/plain`, which is not an image"
        );
        let arguments =
            format!("-name r.example/a:1 -digest {DIGEST} -stdin-media-type text/plain");
        assert_eq!(
            error(&arguments, &stdin),
            format!("`-stdin-media-type` is `text/plain`, not `{DESCRIPTOR}`")
        );
        let arguments =
            format!("-name r.example/a:1 -digest sha256:1 -stdin-media-type {DESCRIPTOR}");
        assert!(
            error(&arguments, &stdin).starts_with("`-digest` cannot be used: digest `sha256:1`")
        );
        assert!(error(&usual("nginx"), &stdin).starts_with("`-name` cannot be used: "));
    }

    #[test]
    fn stdin_has_one_descriptor_and_no_more() {
        let all = usual("r.example/a:1");
        let long = format!("{}{}", descriptor(MANIFEST, DIGEST), " ".repeat(64 * 1024));
        assert_eq!(
            error(&all, &long),
            "the descriptor on stdin is larger than 65536 bytes"
        );
        let twice = format!(
            "{{\"digest\":\"{OTHER}\",{}",
            descriptor(MANIFEST, DIGEST).trim_start_matches('{')
        );
        assert!(
            error(&all, &twice).starts_with("the descriptor on stdin cannot be used: "),
            "{}",
            error(&all, &twice)
        );
        for stdin in ["", "x", "{} {}"] {
            assert!(error(&all, stdin).starts_with("the descriptor on stdin cannot be used"));
        }
        for stdin in ["[]", "{}", "null"] {
            assert!(
                error(&all, stdin).starts_with("stdin has no descriptor: "),
                "{stdin}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_argument_is_text() {
        use std::os::unix::ffi::OsStringExt as _;
        let arguments = [OsString::from("-name"), OsString::from_vec(vec![0xff])];
        let refused = Request::read(&arguments, &b""[..]).unwrap_err();
        assert_eq!(refused.to_string(), "argument 2 is not text in UTF-8");
    }
}
