//! Runs a buildspec as AWS CodeBuild does: one shell for all phases; a command that fails ends its phase; after `install` or
//! `pre_build` failed nothing runs, but after `build` failed `post_build` does.

use std::collections::BTreeMap;

use jsonschema::validator_for;
use serde_json::Value;

use super::{Pipeline, files};
use crate::support::sandbox::Ran;

/// What a build left.
#[derive(Debug)]
pub(super) struct Build {
    pub(super) ran: Ran,
    /// Its exported variables.
    pub(super) exported: BTreeMap<String, String>,
}

/// Runs one command unless one of its phase has failed.
const ATTEMPT: &str = r#"
result=0
attempt() {
    [ "$failed" = 0 ] || return 0
    eval "$1"
    failed=$?
    if [ "$failed" != 0 ]; then
        echo "COMMAND_EXECUTION_ERROR: Error while executing command: $1. Reason: exit status $failed" >&2
        [ "$result" != 0 ] || result=$failed
    fi
}
"#;

impl Pipeline {
    /// Runs a buildspec of the source with these variables beside the project's.
    pub(super) fn build(&self, name: &str, variables: &[(&str, &str)]) -> Build {
        let spec = files::yaml(&self.source().join(name));
        assert_valid(name, &spec);
        let mut script = ATTEMPT.to_owned();
        for phase in ["install", "pre_build", "build", "post_build"] {
            script += "failed=0\n";
            for command in files::texts(&spec["phases"][phase]["commands"]) {
                script += &format!("attempt '{}'\n", command.replace('\'', r"'\''"));
            }
            if phase == "install" || phase == "pre_build" {
                script += "[ \"$result\" = 0 ] || exit \"$result\"\n";
            }
        }
        let names = files::texts(&spec["env"]["exported-variables"]);
        for name in &names {
            script += &format!("printf '%s\\n' \"${name}\" > \"$NOTES/exported.{name}\"\n");
        }
        script += "exit \"$result\"\n";
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let ran = self.shell(&[], &script, &variables);
        let exported = names.into_iter().filter_map(|name| {
            let value = std::fs::read_to_string(self.notes().join(format!("exported.{name}")));
            Some((name, value.ok()?.trim_end().to_owned()))
        });
        Build {
            exported: exported.collect(),
            ran,
        }
    }
}

/// A buildspec is what our schema says.
#[track_caller]
fn assert_valid(name: &str, spec: &Value) {
    let schema = include_str!("../../schemas/buildspec.schema.json");
    let validator = validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(spec)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{name}: {problems:#?}");
}

/// The runner is what the tests believe of CodeBuild: without this they prove little.
#[test]
fn a_failed_command_ends_its_phase_and_one_shell_runs_all() {
    let pipeline = Pipeline::of("codebuild");
    let spec = "version: 0.2\nenv: {shell: bash, exported-variables: [IMAGE]}\nphases:\n  install:\n    commands:\n      \
                - export IMAGE=a\n  build:\n    commands:\n      - echo \"$IMAGE\"\n      - exit_with() { return 7; }\n      \
                - exit_with\n      - echo never\n";
    std::fs::write(pipeline.source().join("own.yml"), spec).unwrap();
    let build = pipeline.build("own.yml", &[]);
    assert_eq!((build.ran.code, build.ran.stdout.as_str()), (7, "a\n"));
    assert_eq!(
        build.ran.stderr,
        "COMMAND_EXECUTION_ERROR: Error while executing command: exit_with. Reason: exit status 7\n"
    );
}

#[test]
fn every_buildspec_is_what_the_schema_says() {
    let mut count = 0;
    for example in ["codebuild", "codepipeline", "ecr-managed-signing"] {
        for name in files::below(example) {
            if name.starts_with("buildspec") {
                assert_valid(&name, &files::yaml(&files::folder(example).join(&name)));
                count += 1;
            }
        }
    }
    assert_eq!(count, 5);
}
