//! Runs the steps of a job of GitHub Actions as its runner does: each `run` in a bash of its own that ends at the first failure,
//! the files for the environment read after each step, and a composite action's steps in its place. What `uses` brings
//! from elsewhere is not run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Pipeline, files};
use crate::support::sandbox::Ran;

/// What a job left.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) ran: Ran,
    /// The name of the step that failed.
    pub(super) failed: Option<String>,
    pub(super) outputs: BTreeMap<String, String>,
    /// What others made and was not run.
    pub(super) skipped: Vec<String>,
}

type Names = BTreeMap<String, String>;

struct Runner<'p> {
    pipeline: &'p Pipeline,
    /// `GITHUB_PATH`, last one first.
    path: Vec<String>,
    job: Job,
}

/// `text` with its expressions replaced by what `names` has; one that is not there fails the test.
fn filled(text: &str, names: &Names) -> String {
    let mut parts = text.split("${{");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap();
        let name = name.trim();
        whole += names
            .get(name)
            .unwrap_or_else(|| panic!("nothing sets `{name}` in {names:?}"));
        whole += rest;
    }
    whole
}

fn mapping(value: &Value, names: &Names) -> Names {
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(name, value)| (name.clone(), filled(value.as_str().unwrap(), names)))
        .collect()
}

impl Pipeline {
    /// Runs a job of a workflow; `needs` are outputs of jobs before, by `needs.JOB.outputs.NAME`.
    pub(super) fn job(&self, workflow: &str, name: &str, needs: &Names) -> Job {
        let workflow = files::yaml(&self.source().join(workflow));
        let job = &workflow["jobs"][name];
        let mut names = needs.clone();
        for (variable, value) in &self.variables {
            names.insert(format!("vars.{variable}"), value.clone());
        }
        names.insert("runner.temp".to_owned(), self.temp());
        std::fs::create_dir_all(self.temp()).unwrap();
        let environment = mapping(&workflow["env"], &names);
        let mut runner = Runner {
            pipeline: self,
            path: Vec::new(),
            job: Job {
                ran: Ran {
                    code: 0,
                    stdout: String::new(),
                    stderr: String::new(),
                },
                failed: None,
                outputs: BTreeMap::new(),
                skipped: Vec::new(),
            },
        };
        runner.steps(&job["steps"], &mut names, &environment, "bash -e");
        if runner.job.failed.is_none() {
            runner.job.outputs = mapping(&job["outputs"], &names);
        }
        runner.job
    }

    fn temp(&self) -> String {
        self.notes().join("temp").to_str().unwrap().to_owned()
    }
}

impl Runner<'_> {
    fn steps(&mut self, steps: &Value, names: &mut Names, environment: &Names, shell: &str) {
        for step in steps.as_array().unwrap() {
            if self.job.failed.is_some() {
                return;
            }
            if let Some(action) = step["uses"].as_str() {
                self.uses(action, &step["with"], names);
            } else {
                self.run(step, names, environment, shell);
            }
        }
    }

    fn uses(&mut self, action: &str, with: &Value, names: &mut Names) {
        let Some(folder) = action.strip_prefix("./") else {
            self.job.skipped.push(action.to_owned());
            return;
        };
        let action = files::yaml(&self.pipeline.source().join(folder).join("action.yml"));
        assert_eq!(action["runs"]["using"], "composite");
        let given = mapping(with, names);
        // An action sees its inputs and the runner, and nothing of the workflow.
        let mut inside = Names::from([("runner.temp".to_owned(), self.pipeline.temp())]);
        for (name, input) in action["inputs"].as_object().unwrap() {
            let value = given
                .get(name)
                .cloned()
                .or_else(|| input["default"].as_str().map(str::to_owned));
            inside.insert(format!("inputs.{name}"), value.unwrap_or_default());
        }
        for name in given.keys() {
            assert!(
                action["inputs"][name].is_object(),
                "an input `{name}` that the action does not have"
            );
        }
        for step in action["runs"]["steps"].as_array().unwrap() {
            assert_eq!(step["shell"], "bash", "a composite action names its shell");
        }
        self.steps(&action["runs"]["steps"], &mut inside, &Names::new(), "bash");
        for (name, output) in action["outputs"].as_object().into_iter().flatten() {
            if self.job.failed.is_none() {
                let value = filled(output["value"].as_str().unwrap(), &inside);
                assert!(!value.is_empty(), "the output `{name}` is empty");
            }
        }
    }

    fn run(&mut self, step: &Value, names: &mut Names, environment: &Names, shell: &str) {
        let notes = self.pipeline.notes();
        let files = ["GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_ENV"];
        let mut variables = environment.clone();
        for name in files {
            std::fs::write(notes.join(name), "").unwrap();
            variables.insert(
                name.to_owned(),
                notes.join(name).to_str().unwrap().to_owned(),
            );
        }
        variables.insert("RUNNER_TEMP".to_owned(), self.pipeline.temp());
        variables.insert("GITHUB_SHA".to_owned(), "c0ffee".to_owned());
        let mut path: Vec<String> = self.path.iter().rev().cloned().collect();
        path.push(format!("{}:/usr/bin:/bin", notes.join("bin").display()));
        variables.insert("PATH".to_owned(), path.join(":"));
        variables.extend(mapping(&step["env"], names));
        // With a shell that is named, the runner adds `pipefail`.
        let flags: &[&str] = if shell == "bash" {
            &["--noprofile", "--norc", "-eo", "pipefail"]
        } else {
            &["-e"]
        };
        let script = filled(step["run"].as_str().unwrap(), names);
        let ran = self.pipeline.shell(flags, &script, &variables);
        self.job.ran.stdout += &ran.stdout;
        self.job.ran.stderr += &ran.stderr;
        self.job.ran.code = ran.code;
        if ran.code != 0 {
            self.job.failed = Some(step["name"].as_str().unwrap_or("a step").to_owned());
            return;
        }
        let said = |name: &str| std::fs::read_to_string(notes.join(name)).unwrap();
        self.path
            .extend(said("GITHUB_PATH").lines().map(str::to_owned));
        assert_eq!(
            said("GITHUB_ENV"),
            "",
            "this runner does not set the environment of later steps"
        );
        for line in said("GITHUB_OUTPUT").lines() {
            let (name, value) = line.split_once('=').unwrap();
            let id = step["id"].as_str().unwrap();
            names.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
    }
}
