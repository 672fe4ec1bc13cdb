//! The format of the recordings.

/// One command that notation ran.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    pub(super) name: String,
    /// Begins with new empty directories.
    pub(super) is_fresh: bool,
    /// What was arranged and the command line does not show.
    pub(super) preconditions: Vec<String>,
    pub(super) command: String,
    /// What was typed.
    pub(super) stdin: Option<String>,
    pub(super) exit: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// Files that were put there before, with their text.
    pub(super) inputs: Vec<(String, String)>,
    /// What the command did to files: the line that says so, and the text where it is short.
    pub(super) changes: Vec<(String, String)>,
}

/// Where lines of text belong.
#[derive(Clone, Copy)]
enum Block {
    None,
    Stdin,
    Stdout,
    Stderr,
    Input,
    Change,
}

/// Reads a file of recordings.
pub(super) fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut block = Block::None;
    let mut is_fresh = false;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            block = Block::None;
            is_fresh |= title.starts_with("fresh: ");
            // The files of a layout belong to no case.
            let name = title.strip_prefix("case: ").unwrap_or_default();
            cases.push(Case {
                name: name.to_owned(),
                is_fresh: is_fresh && !name.is_empty(),
                ..Case::default()
            });
            is_fresh &= name.is_empty();
        } else if let Some(case) = cases.last_mut() {
            block = read_line(line, block, case);
        }
    }
    cases.retain(|case| !case.name.is_empty());
    cases
}

/// Takes in one line; gives the block that it begins, or stays in.
fn read_line(line: &str, block: Block, case: &mut Case) -> Block {
    let text = match block {
        Block::None => None,
        Block::Stdin => case.stdin.as_mut(),
        Block::Stdout => Some(&mut case.stdout),
        Block::Stderr => Some(&mut case.stderr),
        Block::Input => case.inputs.last_mut().map(|(_, text)| text),
        Block::Change => case.changes.last_mut().map(|(_, text)| text),
    };
    if let Some(content) = line.strip_prefix('|') {
        if let Some(text) = text {
            text.push_str(content);
            text.push('\n');
        }
        return block;
    }
    if line == "\\no newline at end" {
        if let Some(text) = text {
            text.pop();
        }
        return block;
    }
    if let Some(command) = line.strip_prefix("$ ") {
        command.clone_into(&mut case.command);
        return Block::None;
    }
    if let Some(precondition) = line.strip_prefix("# precondition: ") {
        case.preconditions.push(precondition.to_owned());
        return Block::None;
    }
    match line.split_once(':') {
        Some(("exit", code)) => case.exit = code.trim().parse().unwrap(),
        Some(("stdin", _)) => {
            case.stdin = Some(String::new());
            return Block::Stdin;
        }
        Some(("stdout", _)) => return Block::Stdout,
        Some(("stderr", _)) => return Block::Stderr,
        Some(("input", path)) => {
            case.inputs.push((path.trim().to_owned(), String::new()));
            return Block::Input;
        }
        Some(("dir" | "wrote" | "deleted" | "link", _)) => {
            case.changes.push((line.to_owned(), String::new()));
            return Block::Change;
        }
        _ => {}
    }
    Block::None
}

/// A command, taken apart.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Variables of the environment.
    pub(super) variables: Vec<(String, String)>,
    /// Variables that are taken out of it.
    pub(super) unset: Vec<String>,
    /// `notation` or a shell.
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
}

impl Case {
    /// `None` if the command is for another program.
    pub(super) fn words(&self) -> Option<Words> {
        let mut words = split(&self.command)?.into_iter();
        let mut taken = Words::default();
        while let Some(word) = words.next() {
            match word.split_once('=') {
                Some((name, value)) => taken.variables.push((name.to_owned(), value.to_owned())),
                None if word == "env" => {}
                None if word == "-u" => taken.unset.push(words.next()?),
                None if matches!(word.as_str(), "notation" | "bash") => {
                    taken.program = word;
                    taken.arguments = words.collect();
                    return Some(taken);
                }
                None => return None,
            }
        }
        None
    }
}

/// The words of a command that has no other quotes than single ones.
fn split(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    for character in command.chars() {
        match character {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' if !is_quoted => words.extend(word.take()),
            '"' | '\\' | '$' if !is_quoted => return None,
            character => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    Some(words)
}
