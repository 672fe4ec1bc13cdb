//! Which resource a path means.

use percent_encoding::percent_decode_str;

/// A resource of the registry. Names and digests are as the client wrote them, not yet judged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/v2/`
    Ping,
    /// `/_registry/token`: gives bearer tokens.
    Token,
    /// `/_registry/blobs/<digest>`: where the redirect of a blob leads.
    Layer { digest: String },
    /// `/v2/<name>/manifests/<tag or digest>`
    Manifest { name: String, reference: String },
    /// `/v2/<name>/blobs/<digest>`
    Blob { name: String, digest: String },
    /// `/v2/<name>/blobs/uploads/`
    Uploads { name: String },
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload { name: String, id: String },
    /// `/v2/<name>/tags/list`
    Tags { name: String },
    /// `/v2/<name>/referrers/<digest>`
    Referrers { name: String, digest: String },
}

impl Route {
    /// The resource of a path, or `None` where the distribution API has none.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        // Decoded after it is cut, so that an encoded slash stays in its segment, where no grammar allows it.
        let segments: Option<Vec<String>> =
            path.strip_prefix('/')?.split('/').map(decoded).collect();
        let segments = segments?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["v2"] | ["v2", ""] => Some(Self::Ping),
            ["_registry", "token"] => Some(Self::Token),
            ["_registry", "blobs", digest] => Some(Self::Layer {
                digest: (*digest).to_owned(),
            }),
            // From the right: a name may have components such as `blobs` itself.
            ["v2", name @ .., "blobs", "uploads", id] if !name.is_empty() => {
                let name = name.join("/");
                Some(match *id {
                    "" => Self::Uploads { name },
                    id => Self::Upload {
                        name,
                        id: id.to_owned(),
                    },
                })
            }
            ["v2", name @ .., "blobs", "uploads"] if !name.is_empty() => Some(Self::Uploads {
                name: name.join("/"),
            }),
            ["v2", name @ .., "manifests", reference] if !name.is_empty() => Some(Self::Manifest {
                name: name.join("/"),
                reference: (*reference).to_owned(),
            }),
            ["v2", name @ .., "blobs", digest] if !name.is_empty() => Some(Self::Blob {
                name: name.join("/"),
                digest: (*digest).to_owned(),
            }),
            ["v2", name @ .., "tags", "list"] if !name.is_empty() => Some(Self::Tags {
                name: name.join("/"),
            }),
            ["v2", name @ .., "referrers", digest] if !name.is_empty() => Some(Self::Referrers {
                name: name.join("/"),
                digest: (*digest).to_owned(),
            }),
            _ => None,
        }
    }

    /// The repository's name, where the resource belongs to one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Ping | Self::Token | Self::Layer { .. } => None,
            Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. }
            | Self::Tags { name }
            | Self::Referrers { name, .. } => Some(name),
        }
    }

    /// The name of a method on this resource, as the recorded calls and the faults have it.
    pub(crate) fn operation(&self, method: &http::Method) -> &'static str {
        match (self, method.as_str()) {
            (Self::Ping, _) => "registry:Ping",
            (Self::Token, _) => "registry:GetToken",
            (Self::Layer { .. }, _) => "registry:GetLayer",
            (Self::Manifest { .. }, "GET") => "registry:GetManifest",
            (Self::Manifest { .. }, "HEAD") => "registry:HeadManifest",
            (Self::Manifest { .. }, "PUT") => "registry:PutManifest",
            (Self::Manifest { .. }, "DELETE") => "registry:DeleteManifest",
            (Self::Blob { .. }, "GET") => "registry:GetBlob",
            (Self::Blob { .. }, "HEAD") => "registry:HeadBlob",
            (Self::Blob { .. }, "DELETE") => "registry:DeleteBlob",
            (Self::Uploads { .. }, "POST") => "registry:StartUpload",
            (Self::Upload { .. }, "GET") => "registry:GetUpload",
            (Self::Upload { .. }, "PATCH") => "registry:PatchUpload",
            (Self::Upload { .. }, "PUT") => "registry:FinishUpload",
            (Self::Upload { .. }, "DELETE") => "registry:CancelUpload",
            (Self::Tags { .. }, "GET") => "registry:ListTags",
            (Self::Referrers { .. }, "GET") => "registry:ListReferrers",
            _ => "registry:Unknown",
        }
    }
}

fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// The first value of a query parameter, decoded.
pub(crate) fn query(uri: &http::Uri, name: &str) -> Option<String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_components_that_are_words_of_the_interface() {
        let route = Route::parse("/v2/blobs/tags/manifests/manifests/latest").unwrap();
        let expected = Route::Manifest {
            name: "blobs/tags/manifests".to_owned(),
            reference: "latest".to_owned(),
        };
        assert_eq!(route, expected);
        let route = Route::parse("/v2/a/blobs/uploads/").unwrap();
        assert_eq!(
            route,
            Route::Uploads {
                name: "a".to_owned()
            }
        );
        let route = Route::parse("/v2/a/blobs/uploads").unwrap();
        assert_eq!(
            route,
            Route::Uploads {
                name: "a".to_owned()
            }
        );
    }

    #[test]
    fn an_encoded_colon_is_a_colon_and_an_encoded_slash_stays_in_its_segment() {
        let route = Route::parse("/v2/a/referrers/sha256%3Aab").unwrap();
        let expected = Route::Referrers {
            name: "a".to_owned(),
            digest: "sha256:ab".to_owned(),
        };
        assert_eq!(route, expected);
        let route = Route::parse("/v2/a/manifests/x%2Fmanifests%2Fy").unwrap();
        assert_eq!(route.name(), Some("a"));
    }

    #[test]
    fn other_paths_mean_nothing() {
        for path in [
            "",
            "/",
            "/v1/",
            "/v2/a",
            "/v2/manifests/latest",
            "/v2//x",
            "/v2/_catalog",
            "/v2/a/tags/other",
            "/v2/a/referrers",
            "/v2/%ff/manifests/x",
            "/_registry/blobs/a/b",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }
}
