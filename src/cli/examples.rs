//! Holds the help of every command to show how it is used, in examples that parse.

use clap::Command;

use super::line;

/// What stands below the help of every command with the names that lead to it, groups of commands among them.
fn commands(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
    let help = command.get_after_help();
    let help = help.map(ToString::to_string).unwrap_or_default();
    found.push((path.to_owned(), help));
    // The list of topics that the parser makes by itself.
    let own = command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help");
    for inner in own {
        commands(inner, &format!("{path} {}", inner.get_name()), found);
    }
}

/// The examples in a help, as they are written, without the remarks in parentheses behind them.
fn examples(help: &str) -> Vec<&str> {
    let Some((_, section)) = help.split_once("Examples:\n") else {
        return Vec::new();
    };
    let lines = section.lines().take_while(|line| line.starts_with("  "));
    lines
        .map(|line| {
            // What a shell does with the output is not the program's.
            let ends = ["    (", " > ", " | "];
            let cut = |line, end| str::split(line, end).next().unwrap_or(line);
            ends.into_iter().fold(line, cut).trim()
        })
        .collect()
}

/// The words of a line as a shell has them: quotes keep one together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in line.split(['\'', '"']).enumerate() {
        if index % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 {
                words.push(String::new());
            }
            words.last_mut().unwrap().push_str(word);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_has_examples_that_parse() {
    let mut found = Vec::new();
    commands(&line::all_commands(), "countersign", &mut found);
    assert!(found.len() > 20);
    for (path, help) in found {
        let examples = examples(&help);
        assert!(
            !examples.is_empty(),
            "`{path} --help` has no examples:\n{help}"
        );
        let own = format!("{path} ");
        assert!(
            examples
                .iter()
                .any(|line| format!("{line} ").starts_with(&own)),
            "`{path} --help` has no example of its own:\n{help}"
        );
        for line in examples {
            let words: Vec<_> = words(line).into_iter().map(Into::into).collect();
            if let Err(error) = line::parse(&words) {
                panic!("{path}: {line}\n{error}");
            }
        }
    }
}

#[test]
fn help_is_as_wide_as_the_terminal_and_no_wider_than_100_columns() {
    let widest = |columns: usize| {
        let root = line::all_commands();
        let verify = root.find_subcommand("verify").unwrap().clone();
        let help = verify
            .term_width(columns)
            .max_term_width(100)
            .render_help()
            .to_string();
        let before = help.split("\nExamples:").next().unwrap().to_owned();
        before
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap()
    };
    assert!((61..=80).contains(&widest(80)), "{}", widest(80));
    assert!((81..=100).contains(&widest(100)), "{}", widest(100));
}
