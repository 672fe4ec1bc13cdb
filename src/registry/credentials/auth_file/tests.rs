use super::*;
use crate::reference::{Reference, Scheme};

fn content(kind: Kind, bytes: &[u8]) -> Result<Content, Error> {
    let path = PathBuf::from("FILE");
    AuthFile { path, kind }.parse(bytes)
}

fn answer_of(content: &Content, repository: &str) -> Result<FileLookup, Error> {
    let reference = Reference::parse(&format!("{repository}:v1")).unwrap();
    let name = reference.registry_name();
    let scheme = name.scheme(Scheme::Https);
    content.answer(&CredentialRequest {
        name,
        scheme,
        server: &name.server(scheme),
        repository: reference.repository(),
        ecr: None,
    })
}

fn found(config: &str) -> Result<Option<Credential>, Error> {
    match answer_of(&content(Kind::Current, config.as_bytes())?, "r.example/app")? {
        FileLookup::Credential(credential) => Ok(Some(credential)),
        FileLookup::Nothing => Ok(None),
        FileLookup::Helper(..) => panic!("no helper is configured"),
    }
}

fn entry(entry: &str) -> Result<Option<Credential>, Error> {
    found(&format!(r#"{{"auths": {{"r.example": {entry}}}}}"#))
}

fn password(username: &str, password: &str) -> Credential {
    let secret = Secret::new(password.to_owned());
    Credential::password(username.to_owned(), secret, "`FILE`")
}

#[test]
fn every_kind_of_entry_is_read() {
    let token = |proof: fn(Secret) -> Proof| Credential {
        proof: proof(Secret::new("t".to_owned())),
        origin: "`FILE`".to_owned(),
    };
    for (text, wanted) in [
        // user:p:w
        (r#"{"auth": "dXNlcjpwOnc="}"#, Some(password("user", "p:w"))),
        (r#"{"auth": "dXNlcjpwOnc"}"#, Some(password("user", "p:w"))),
        (
            r#"{"auth": "dXNl\r\ncjpwOnc=\n"}"#,
            Some(password("user", "p:w")),
        ),
        (r#"{"Auth": "dXNlcjpwOnc="}"#, Some(password("user", "p:w"))),
        // u:?>~ in both alphabets
        (r#"{"auth": "dTo/Pn4="}"#, Some(password("u", "?>~"))),
        (r#"{"auth": "dTo_Pn4"}"#, Some(password("u", "?>~"))),
        (r#"{"auth": "dTpwAAA="}"#, Some(password("u", "p"))),
        (
            r#"{"auth": "dTpw", "username": "x", "password": "y"}"#,
            Some(password("u", "p")),
        ),
        (
            r#"{"username": "u", "password": "p"}"#,
            Some(password("u", "p")),
        ),
        (
            r#"{"auth": "", "username": "u", "password": "p", "email": null}"#,
            Some(password("u", "p")),
        ),
        (
            r#"{"auth": "dTpw", "identitytoken": "t"}"#,
            Some(token(Proof::IdentityToken)),
        ),
        (
            r#"{"identitytoken": "i", "registrytoken": "t"}"#,
            Some(token(Proof::RegistryToken)),
        ),
        ("{}", None),
        ("null", None),
        (r#"{"auth": null}"#, None),
        (r#"{"auth": ""}"#, None),
    ] {
        assert_eq!(entry(text).unwrap(), wanted, "{text}");
    }
    for text in [
        r#"{"auth": "***"}"#,
        r#"{"auth": "bm9jb2xvbg=="}"#,
        r#"{"auth": "/w=="}"#,
        r#"{"auth": 1}"#,
        r#"{"identitytoken": ["t"]}"#,
        "[]",
        r#""dTpw""#,
    ] {
        let error = entry(text).unwrap_err();
        assert!(
            matches!(&error, Error::MalformedEntry { key, .. } if key == "r.example"),
            "{text}: {error:?}"
        );
    }
    // An entry of another registry must not keep this one's from being found.
    let config = r#"{"auths": {"s.example": 1, "r.example": {"auth": "dTpw"}}, "credHelpers": {"s.example": 1}}"#;
    assert_eq!(found(config).unwrap(), Some(password("u", "p")));
}

#[test]
fn text_is_read_in_the_encodings_of_the_wild() {
    let text = r#"{"auths": {"r.example": {"username": "ü", "password": "p"}}}"#;
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        [b"\xff\xfe", little.as_slice()].concat(),
        [b"\xfe\xff", big.as_slice()].concat(),
        little.clone(),
        big.clone(),
    ] {
        let content = content(Kind::Current, &bytes).unwrap();
        let FileLookup::Credential(found) = answer_of(&content, "r.example/app").unwrap() else {
            panic!("{bytes:?}");
        };
        assert_eq!(found, password("ü", "p"));
    }
    for bytes in [
        &b"{\xff}"[..],
        b"\xff\xfe{\x00x",
        b"\xff\xfe\x00\xd8",
        b"\xef\xbb\xbf\xff",
    ] {
        let error = content(Kind::Current, bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the credentials file `FILE` is malformed: it is not text"
        );
    }
}

#[test]
fn a_file_without_entries_has_nothing_and_a_malformed_one_says_so() {
    for text in [
        "",
        " \n",
        "{}",
        r#"{"auths": null, "credHelpers": null, "credsStore": null}"#,
        r#"{"auths": {}, "credsStore": ""}"#,
    ] {
        assert_eq!(found(text).unwrap(), None, "{text}");
        let content = content(Kind::Current, text.as_bytes()).unwrap();
        assert!(!content.is_configured());
    }
    for (text, problem) in [
        ("{", "EOF while parsing an object at line 1 column 1"),
        ("[]", "it is not a JSON object"),
        (r#"{"auths": []}"#, "`auths` is not an object"),
        (r#"{"credHelpers": "x"}"#, "`credHelpers` is not an object"),
        (r#"{"credsStore": {}}"#, "`credsStore` is not a string"),
    ] {
        assert_eq!(
            found(text).unwrap_err().to_string(),
            format!("the credentials file `FILE` is malformed: {problem}")
        );
    }
}

#[test]
fn a_helper_of_its_own_comes_before_the_store_and_the_entry_after_both() {
    let helper = |config: &str, repository: &str| {
        let content = content(Kind::Current, config.as_bytes()).unwrap();
        assert!(content.is_configured());
        match answer_of(&content, repository).unwrap() {
            FileLookup::Helper(name, entry) => (name, entry.is_some()),
            other => panic!("{other:?}"),
        }
    };
    let config = r#"{
        "auths": {"r.example": {"auth": "dTpw"}, "s.example": {}},
        "credHelpers": {"https://R.example": "own", "t.example": "", "r.example/team": "team"},
        "credsStore": "all"
    }"#;
    for (repository, wanted) in [
        ("r.example/app", ("own", true)),
        ("r.example/team/app", ("team", true)),
        ("s.example/app", ("all", false)),
        ("t.example/app", ("all", false)),
    ] {
        assert_eq!(
            helper(config, repository),
            (wanted.0.to_owned(), wanted.1),
            "{repository}"
        );
    }
}

#[test]
fn the_old_file_is_entries_alone() {
    let text = br#"{"https://index.docker.io/v1/": {"auth": "dTpw", "email": "a@b.example"}}"#;
    let content = content(Kind::Legacy, text).unwrap();
    assert!(matches!(
        answer_of(&content, "docker.io/nginx").unwrap(),
        FileLookup::Credential(found) if found == password("u", "p")
    ));
    assert!(matches!(
        answer_of(&content, "r.example/app").unwrap(),
        FileLookup::Nothing
    ));
}
