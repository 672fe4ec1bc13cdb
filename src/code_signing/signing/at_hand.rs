//! A package as the commands of a hint name it: programs for zip files read files of this machine only.

/// A package in a file of this machine, in words of a shell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AtHand {
    /// The command that brings it there and `, then `, of an object in Amazon S3; else nothing.
    pub(super) fetching: String,
    /// The file.
    pub(super) file: String,
    /// The object, of one in Amazon S3.
    object: Option<String>,
}

impl AtHand {
    /// The package that a person calls `name`.
    pub(super) fn of(name: &str) -> Self {
        let Some(address) = name.strip_prefix("s3://") else {
            return Self {
                fetching: String::new(),
                file: as_file(name),
                object: None,
            };
        };
        let (address, version) = match address.rsplit_once("?versionId=") {
            Some((address, version)) => (address, Some(version)),
            None => (address, None),
        };
        let (bucket, key) = address.split_once('/').unwrap_or((address, ""));
        let file = as_file(key.rsplit('/').next().unwrap_or_default());
        let object = word(&format!("s3://{address}"));
        let fetching = match version {
            None => format!("`aws s3 cp {object} {file}`, then "),
            Some(version) => format!(
                "`aws s3api get-object --bucket {} --key {} --version-id {} {file}`, then ",
                word(bucket),
                word(key),
                word(version)
            ),
        };
        Self {
            fetching,
            file,
            object: Some(object),
        }
    }

    /// The command that packs a directory, and the one that stores the package where it was.
    pub(super) fn packing(&self) -> String {
        let Self { file, object, .. } = self;
        match object {
            None => format!("`zip -r {file} .`"),
            Some(object) => format!("`zip -r {file} . && aws s3 cp {file} {object}`"),
        }
    }
}

/// A file as an argument: a name that begins with `-` is not a flag.
fn as_file(name: &str) -> String {
    match name {
        "" => "package.zip".to_owned(),
        _ if name.starts_with('-') => word(&format!("./{name}")),
        _ => word(name),
    }
}

/// A text as one word of a shell.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@%,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_one_word_and_no_flag() {
        for (name, file) in [
            ("app.zip", "app.zip"),
            ("./a b.zip", "'./a b.zip'"),
            ("it's.zip", "'it'\\''s.zip'"),
            ("$(reboot).zip", "'$(reboot).zip'"),
            ("-x.zip", "./-x.zip"),
        ] {
            let at_hand = AtHand::of(name);
            assert_eq!(
                (at_hand.file.as_str(), at_hand.fetching.as_str()),
                (file, "")
            );
            assert_eq!(at_hand.packing(), format!("`zip -r {file} .`"));
        }
    }

    #[test]
    fn an_object_is_fetched_first_in_its_version() {
        let newest = AtHand::of("s3://builds/a/my app.zip");
        assert_eq!(newest.file, "'my app.zip'");
        assert_eq!(
            newest.fetching,
            "`aws s3 cp 's3://builds/a/my app.zip' 'my app.zip'`, then "
        );
        assert_eq!(
            newest.packing(),
            "`zip -r 'my app.zip' . && aws s3 cp 'my app.zip' 's3://builds/a/my app.zip'`"
        );
        let version = AtHand::of("s3://builds/a/app.zip?versionId=v.1");
        assert_eq!(
            version.fetching,
            "`aws s3api get-object --bucket builds --key a/app.zip --version-id v.1 app.zip`, then "
        );
    }
}
