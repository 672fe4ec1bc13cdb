//! The format of the recordings.

/// One command that notation ran.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) exit: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// Files that were put there before, with their text.
    pub(super) inputs: Vec<(String, String)>,
}

enum Block {
    None,
    Stdout,
    Stderr,
    Input,
}

/// Reads a file of recordings.
pub(super) fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut block = Block::None;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            block = Block::None;
            if let Some(name) = title.strip_prefix("case: ") {
                cases.push(Case {
                    name: name.to_owned(),
                    ..Case::default()
                });
            }
            continue;
        }
        let Some(case) = cases.last_mut() else {
            continue;
        };
        if let Some(content) = line.strip_prefix('|') {
            let target = match block {
                Block::None => continue,
                Block::Stdout => &mut case.stdout,
                Block::Stderr => &mut case.stderr,
                Block::Input => &mut case.inputs.last_mut().unwrap().1,
            };
            target.push_str(content);
            target.push('\n');
        } else if let Some(command) = line.strip_prefix("$ ") {
            command.clone_into(&mut case.command);
        } else if let Some(code) = line.strip_prefix("exit: ") {
            case.exit = code.parse().unwrap();
        } else if let Some(path) = line.strip_prefix("input: ") {
            case.inputs.push((path.to_owned(), String::new()));
            block = Block::Input;
        } else if line.starts_with("stdout:") {
            block = Block::Stdout;
        } else if line.starts_with("stderr:") {
            block = Block::Stderr;
        } else if !line.starts_with('\\') {
            block = Block::None;
        }
    }
    cases
}

impl Case {
    /// The arguments behind `notation`, or `None` if the command is more than that.
    pub(super) fn arguments(&self) -> Option<Vec<String>> {
        let mut words = self.command.split(' ');
        // Variables before the program; the recordings quote nothing but empty arguments.
        let program = words.find(|word| !word.contains('='))?;
        (program == "notation").then(|| {
            words
                .map(|word| word.trim_matches('\'').to_owned())
                .collect()
        })
    }
}
