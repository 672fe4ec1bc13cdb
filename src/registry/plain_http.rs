//! Which registries are spoken to in plain HTTP.

use crate::reference::{RegistryName, Scheme};

/// Which registries are spoken to in plain HTTP. Amazon ECR never is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// Those called `localhost`, as in notation.
    #[default]
    Localhost,
    /// Those called `localhost` and these (`insecureRegistries` of notation's `config.json`).
    AlsoThese(Vec<String>),
    /// All (`--insecure-registry`).
    All,
}

impl PlainHttp {
    /// How the registry `name` is spoken to.
    pub fn scheme(&self, name: &RegistryName) -> Scheme {
        let is_plain = match self {
            Self::All => true,
            Self::Localhost => false,
            Self::AlsoThese(listed) => listed.iter().any(|listed| {
                RegistryName::parse(listed).is_ok_and(|listed| {
                    listed.canonical(Scheme::Http) == name.canonical(Scheme::Http)
                })
            }),
        };
        name.scheme(if is_plain {
            Scheme::Http
        } else {
            Scheme::Https
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_registries_are_found_in_every_spelling() {
        let listed = PlainHttp::AlsoThese(vec![
            "R.example:80".to_owned(),
            "s.example:5000".to_owned(),
            "111122223333.dkr.ecr.us-east-1.amazonaws.com".to_owned(),
            "http://t.example".to_owned(),
        ]);
        for (name, wanted) in [
            ("r.example", Scheme::Http),
            ("R.EXAMPLE:80", Scheme::Http),
            ("r.example:443", Scheme::Https),
            ("r.example:5000", Scheme::Https),
            ("s.example:5000", Scheme::Http),
            ("s.example", Scheme::Https),
            ("t.example", Scheme::Https),
            ("localhost:5000", Scheme::Http),
            (
                "111122223333.dkr.ecr.us-east-1.amazonaws.com",
                Scheme::Https,
            ),
            ("111122223333.dkr-ecr.us-east-1.on.aws:80", Scheme::Https),
        ] {
            let registry = RegistryName::parse(name).unwrap();
            assert_eq!(listed.scheme(&registry), wanted, "{name}");
            if !name.contains("localhost") {
                assert_eq!(PlainHttp::Localhost.scheme(&registry), Scheme::Https);
            }
        }
    }
}
