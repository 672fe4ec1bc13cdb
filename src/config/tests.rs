//! Where Notation's files are, and what its `config.json` says.

use super::*;

fn find(platform: Platform, variables: &[(&str, &str)]) -> Result<NotationDirs, NoDirectory> {
    NotationDirs::new(platform, |name| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| OsString::from(value))
    })
}

fn config(text: &str) -> Result<Config, Error> {
    Config::parse(Path::new("/c/config.json"), text.as_bytes())
}

fn dirs(platform: Platform, variables: &[(&str, &str)]) -> NotationDirs {
    find(platform, variables).unwrap()
}

#[test]
fn linux_asks_xdg_then_home() {
    let home = ("HOME", "/home/u");
    for (variables, config, cache) in [
        (
            vec![home],
            "/home/u/.config/notation",
            Some("/home/u/.cache/notation"),
        ),
        (
            vec![home, ("XDG_CONFIG_HOME", "/x"), ("XDG_CACHE_HOME", "/y")],
            "/x/notation",
            Some("/y/notation"),
        ),
        (
            vec![home, ("XDG_CONFIG_HOME", ""), ("NOTATION_CONFIG", "")],
            "/home/u/.config/notation",
            Some("/home/u/.cache/notation"),
        ),
        (
            vec![home, ("XDG_CACHE_HOME", "rel")],
            "/home/u/.config/notation",
            None,
        ),
        (
            vec![home, ("NOTATION_CONFIG", "conf"), ("NOTATION_CACHE", "/k")],
            "conf",
            Some("/k"),
        ),
        (vec![("NOTATION_CONFIG", "/c")], "/c", None),
    ] {
        let found = dirs(Platform::Linux, &variables);
        assert_eq!(found.config, Path::new(config), "{variables:?}");
        assert_eq!(
            found.cache.as_deref(),
            cache.map(Path::new),
            "{variables:?}"
        );
        assert_eq!(found.libexec, found.config, "{variables:?}");
    }
}

#[test]
fn the_current_directory_is_not_where_trust_comes_from() {
    let home = ("HOME", "/home/u");
    for (platform, variables, reason) in [
        (Platform::Linux, vec![], "`HOME` is not set"),
        (Platform::Linux, vec![("HOME", "")], "`HOME` is not set"),
        (
            Platform::Linux,
            vec![("HOME", ".")],
            "`HOME` is not an absolute path",
        ),
        (
            Platform::Linux,
            vec![home, ("XDG_CONFIG_HOME", "rel")],
            "`XDG_CONFIG_HOME` is not an absolute path",
        ),
        (Platform::MacOs, vec![], "`HOME` is not set"),
        (
            Platform::MacOs,
            vec![("HOME", "u")],
            "`HOME` is not an absolute path",
        ),
        (Platform::Windows, vec![], "`AppData` is not set"),
    ] {
        let error = find(platform, &variables).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Notation's configuration directory is not known: {reason}")
        );
    }
    let error = find(
        Platform::Linux,
        &[("NOTATION_LIBEXEC", "/l"), ("XDG_CACHE_HOME", "/y")],
    );
    let error = error.unwrap_err();
    assert_eq!(error.libexec.as_deref(), Some(Path::new("/l")));
    assert_eq!(error.cache.as_deref(), Some(Path::new("/y/notation")));
}

#[test]
fn mac_os_and_windows_have_their_own_directories() {
    let mac = dirs(
        Platform::MacOs,
        &[("HOME", "/Users/u"), ("XDG_CONFIG_HOME", "/x")],
    );
    assert_eq!(
        mac.config,
        Path::new("/Users/u/Library/Application Support/notation")
    );
    assert_eq!(
        mac.cache.as_deref(),
        Some(Path::new("/Users/u/Library/Caches/notation"))
    );
    let windows = dirs(
        Platform::Windows,
        &[("AppData", "C:/a"), ("LocalAppData", "C:/l")],
    );
    assert_eq!(windows.config, Path::new("C:/a/notation"));
    assert_eq!(windows.cache.as_deref(), Some(Path::new("C:/l/notation")));
}

#[test]
fn plugins_are_below_libexec() {
    let found = dirs(
        Platform::Linux,
        &[
            ("NOTATION_CONFIG", "/c"),
            ("NOTATION_LIBEXEC", "/l"),
            ("NOTATION_CACHE", "/k"),
        ],
    );
    assert_eq!(found.plugins(), Path::new("/l/plugins"));
    assert_eq!(found.config_file(), Path::new("/c/config.json"));
    assert_eq!(found.signing_keys_file(), Path::new("/c/signingkeys.json"));
    assert_eq!(found.local_keys(), Path::new("/c/localkeys"));
    assert_eq!(found.cache.as_deref(), Some(Path::new("/k")));
}

#[test]
fn reads_what_notation_defines_and_leaves_the_rest() {
    let found = config(
            r#"{"insecureRegistries": ["reg:5000"], "credsStore": "pass", "credHelpers": {"a.io": "ecr-login"},
                "signatureFormat": "COSE", "auths": {"x": {}}, "HttpHeaders": null}"#,
        )
        .unwrap();
    assert_eq!(
        found,
        Config {
            insecure_registries: vec!["reg:5000".into()],
            signature_format: Some(EnvelopeFormat::Cose),
        }
    );
    let absent =
        config(r#"{"credsStore": "", "signatureFormat": null, "insecureRegistries": null}"#);
    assert_eq!(absent.unwrap(), Config::default());
}

#[test]
fn a_wrong_type_names_the_place_what_was_found_and_what_is_allowed() {
    for (text, expected) in [
        (
            "{\n \"insecureRegistries\": \"reg\"}",
            "line 2, column 24: `/insecureRegistries` is `reg`; allowed: an array of strings",
        ),
        (
            r#"{"insecureRegistries": ["a", 1]}"#,
            "line 1, column 30: `/insecureRegistries/1` is a number; allowed: a string",
        ),
        (
            r#"{"credHelpers": {"a/b": null}}"#,
            "line 1, column 25: `/credHelpers/a~1b` is null; allowed: a string",
        ),
        (
            r#"{"signatureFormat": "pgp"}"#,
            "line 1, column 21: `/signatureFormat` is `pgp`; allowed: `jws` or `cose`",
        ),
        (
            "[]",
            "line 1, column 1: the document is an array; allowed: an object",
        ),
    ] {
        let error = config(text).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("`/c/config.json` at {expected}"));
    }
    let error = config("{bad").unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }));
    assert_eq!(
        error.to_string(),
        "malformed configuration file `/c/config.json`"
    );
}

#[test]
fn a_missing_file_is_no_error_and_a_link_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().to_str().unwrap();
    let dirs = dirs(Platform::Linux, &[("NOTATION_CONFIG", config)]);
    assert_eq!(Config::load(&dirs).unwrap(), Config::default());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/nowhere", dirs.config_file()).unwrap();
        assert!(matches!(
            Config::load(&dirs),
            Err(Error::Unreadable {
                source: files::Error::SymbolicLink { .. }
            })
        ));
    }
}
