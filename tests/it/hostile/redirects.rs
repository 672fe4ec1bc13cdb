//! Registries that send somewhere else, and ask for what they should not have.

use super::*;

const REGISTRY: &str = "registry.example";
const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// The liar as the proxy to all hosts, behind TLS; the image is at `registry`, with a password for it.
fn abroad(
    registry: &str,
    lie: impl Fn(&Seen, &Truth) -> Option<Reply> + Send + Sync + 'static,
) -> Liar {
    let mut liar = liar(lie);
    liar.scene = liar
        .scene
        .with_variable("ALL_PROXY", format!("http://{}", liar.hostile.host()))
        .with_variable("SSL_CERT_FILE", liar.hostile.root().to_str().unwrap());
    liar.image = format!("{registry}/app@{}", liar.truth.digest);
    liar
}

fn with_password(mut liar: Liar) -> Liar {
    liar.scene = liar
        .scene
        .with_variable("NOTATION_USERNAME", "user")
        .with_variable("NOTATION_PASSWORD", "s3cret")
        .with_variable("NOTATION_REGISTRY", "registry.example");
    liar
}

/// Hosts that were asked for anything, each once, sorted.
fn hosts(liar: &Liar) -> Vec<String> {
    let seen = liar.hostile.seen();
    let mut hosts: Vec<String> = seen.into_iter().map(|seen| seen.host).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

#[test]
fn without_a_lie_the_image_verifies_abroad_too() {
    let ran = abroad(REGISTRY, |_, _| None).verify();
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn a_circle_of_redirects_ends() {
    let liar = liar(|seen, truth| {
        is_blob(seen, &truth.envelope_digest).then(|| Reply::redirect(&seen.target))
    });
    liar.assert_untrusted(1, "redirects more than 5 times");
    assert_eq!(liar.requests("/blobs/"), 6);
}

#[test]
fn a_redirect_to_plain_http_is_not_followed() {
    let liar = abroad(REGISTRY, |seen, truth| {
        is_blob(seen, &truth.envelope_digest)
            .then(|| Reply::redirect("http://storage.example/envelope"))
    });
    liar.assert_untrusted(
        1,
        "redirects to `http://storage.example/envelope`, which is not `https`",
    );
    assert_eq!(hosts(&liar), [REGISTRY]);
}

#[test]
fn a_redirect_into_this_machine_or_its_link_is_not_followed() {
    for target in [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data/",
    ] {
        let liar = abroad(REGISTRY, move |seen, truth| {
            is_blob(seen, &truth.envelope_digest).then(|| Reply::redirect(target))
        });
        liar.assert_untrusted(1, "inside this machine or its link");
        assert_eq!(hosts(&liar), [REGISTRY]);
    }
}

const LINK: [&str; 6] = [
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://[fe80::1]/x",
    "http://[fd00:ec2::254]/latest",
    "http://[::ffff:169.254.169.254]/x",
    "http://[64:ff9b::a9fe:a9fe]/x",
];

#[test]
fn a_registry_on_this_machine_may_lead_to_this_machine_and_not_to_its_link() {
    for target in LINK {
        let liar = liar(move |seen, truth| {
            is_blob(seen, &truth.envelope_digest).then(|| Reply::redirect(target))
        });
        liar.assert_untrusted(1, "inside this machine or its link");
        let liar = self::liar(move |_, _| {
            let challenge = format!("Bearer realm=\"{target}\"");
            Some(Reply::status(401).header("WWW-Authenticate", &challenge))
        });
        liar.assert_unresolved(1, "names a token realm inside this machine or its link");
    }
    let liar = liar(|seen, truth| {
        let port = seen.host.rsplit(':').next().unwrap();
        let to = format!("http://127.0.0.1:{port}/other");
        match seen.path() {
            "/other" => Some(Reply::status(200).body(truth.envelope.clone())),
            _ => is_blob(seen, &truth.envelope_digest).then(|| Reply::redirect(&to)),
        }
    });
    let ran = liar.verify();
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn once_a_redirect_has_left_the_registry_nothing_secret_is_sent_again() {
    let liar = with_password(abroad(REGISTRY, |seen, truth| match seen.path() {
        "/away" => Some(Reply::redirect(&format!("https://{REGISTRY}/back"))),
        "/back" => Some(Reply::status(200).body(truth.envelope.clone())),
        _ if seen.header("authorization").is_none() => {
            Some(Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\""))
        }
        _ => is_blob(seen, &truth.envelope_digest)
            .then(|| Reply::redirect("https://storage.example/away")),
    }));
    let ran = liar.verify();
    assert_eq!(ran.code, 0, "{ran:#?}");
    let seen = liar.hostile.seen();
    let back: Vec<&Seen> = seen.iter().filter(|seen| seen.path() == "/back").collect();
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].host, REGISTRY);
    assert_eq!(back[0].header("authorization"), None);
}

#[test]
fn a_page_from_elsewhere_does_not_say_where_the_password_goes() {
    let liar = with_password(abroad(REGISTRY, |seen, _| {
        if seen.host == "storage.example" {
            let page = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
            let link = format!("<https://{REGISTRY}/v2/other/secret>; rel=\"next\"");
            return Some(Reply::ok(IMAGE_INDEX, page).header("Link", &link));
        }
        if seen.header("authorization").is_none() {
            return Some(Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\""));
        }
        let is_list = seen.path().contains("/referrers/");
        is_list.then(|| Reply::redirect("https://storage.example/list"))
    }));
    let ran = liar.verify();
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("has its next page elsewhere, at `https://registry.example/v2/other/secret`");
    let asked = liar.hostile.seen();
    assert!(!asked.iter().any(|seen| seen.path() == "/v2/other/secret"));
}

#[test]
fn a_page_from_elsewhere_that_leads_back_gets_no_password() {
    let liar = with_password(abroad(REGISTRY, |seen, _| {
        let page = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
        match (seen.host.as_str(), seen.path()) {
            ("storage.example", "/list") => {
                let next = "<https://storage.example/more>; rel=\"next\"";
                return Some(Reply::ok(IMAGE_INDEX, page).header("Link", next));
            }
            ("storage.example", _) => {
                return Some(Reply::redirect(&format!(
                    "https://{REGISTRY}/v2/other/secret"
                )));
            }
            (_, "/v2/other/secret") => return Some(Reply::ok(IMAGE_INDEX, page)),
            _ => {}
        }
        if seen.header("authorization").is_none() {
            return Some(Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\""));
        }
        let is_list = seen.path().contains("/referrers/");
        is_list.then(|| Reply::redirect("https://storage.example/list"))
    }));
    let ran = liar.verify();
    assert_ne!(ran.code, 0, "{ran:#?}");
    let seen = liar.hostile.seen();
    let back: Vec<&Seen> = seen
        .iter()
        .filter(|seen| seen.path() == "/v2/other/secret")
        .collect();
    assert_eq!(back.len(), 1, "{seen:#?}");
    assert_eq!(back[0].header("authorization"), None);
}

// CVE-2025-27403 is of this kind: a credential for one registry was sent to another.
#[test]
fn where_a_redirect_leads_gets_no_password_and_its_realm_is_not_asked() {
    let liar = with_password(abroad(REGISTRY, |seen, truth| match seen.host.as_str() {
        "storage.example" => Some(Reply::status(401).header(
            "WWW-Authenticate",
            "Bearer realm=\"https://evil.example/token\",service=\"x\"",
        )),
        _ if seen.header("authorization").is_none() => {
            Some(Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\""))
        }
        _ => is_blob(seen, &truth.envelope_digest)
            .then(|| Reply::redirect("https://storage.example/envelope")),
    }));
    let words = format!("asks for credentials, though registry `{REGISTRY}` redirected there");
    liar.assert_untrusted(1, &words);
    assert_eq!(hosts(&liar), [REGISTRY, "storage.example"]);
    for seen in liar.hostile.seen() {
        let has_password = seen.header("authorization").is_some();
        assert!(!has_password || seen.host == REGISTRY, "{seen:#?}");
    }
    assert!(!liar.verify().stderr.contains("s3cret"));
}

#[test]
fn a_realm_in_plain_http_or_inside_this_machine_gets_nothing() {
    for (realm, words) in [
        (
            "http://realm.example/t",
            "names a token realm that is not `https`",
        ),
        (
            "https://127.0.0.1/t",
            "names a token realm inside this machine or its link",
        ),
        (
            "https://169.254.169.254/t",
            "names a token realm inside this machine or its link",
        ),
    ] {
        let liar = with_password(abroad(REGISTRY, move |_, _| {
            let challenge = format!("Bearer realm=\"{realm}\"");
            Some(Reply::status(401).header("WWW-Authenticate", &challenge))
        }));
        liar.assert_unresolved(1, words);
        assert_eq!(hosts(&liar), [REGISTRY]);
    }
}

#[test]
fn an_ecr_host_that_wants_a_bearer_token_gets_none() {
    let liar = abroad(ECR, |seen, _| {
        (seen.host == ECR).then(|| {
            let challenge = "Bearer realm=\"https://evil.example/token\",service=\"x\"";
            Reply::status(401).header("WWW-Authenticate", challenge)
        })
    });
    liar.assert_unresolved(1, "asks for a Bearer token, which Amazon ECR never does");
    assert_eq!(hosts(&liar), [ECR]);
}
