"""Has shellcheck read the commands of the pipelines in examples/, each as the shell gets it: scripts.py EXAMPLES SHELLCHECK"""

import pathlib
import subprocess
import sys

import yaml

# Set by the pipeline or its project, and handed on by its own means.
IGNORED = "SC2154,SC2034"


class Loader(yaml.SafeLoader):
    """Reads every plain value as a text: `on` is no truth here."""


Loader.yaml_implicit_resolvers = {}


def load(path):
    return yaml.load(path.read_text(), Loader)


def scripts(examples):
    """The name, the shell and the text of each script."""
    for path in sorted(examples.glob("*/buildspec*.yml")):
        spec = load(path)
        phases = (spec["phases"].get(name, {}) for name in ("install", "pre_build", "build", "post_build"))
        lines = [line for phase in phases for line in phase.get("commands", [])]
        yield path, "bash", "\n".join(lines)
    for path in sorted(examples.glob("*/.gitlab-ci.yml")):
        file = load(path)
        for name, job in file.items():
            if isinstance(job, dict) and "script" in job:
                yield f"{path}: {name}", "sh", "\n".join(file["default"]["before_script"] + job["script"])
    for path in sorted(examples.glob("*/.github/actions/*/action.yml")):
        for step in load(path)["runs"]["steps"]:
            yield f"{path}: {step['name']}", step["shell"], step["run"]
    for path in sorted(examples.glob("*/.github/workflows/*.yml")):
        for name, job in load(path)["jobs"].items():
            for step in job["steps"]:
                if "run" in step:
                    yield f"{path}: {name}: {step['name']}", "bash", step["run"]


def main():
    examples, shellcheck = pathlib.Path(sys.argv[1]), sys.argv[2]
    wrong = count = 0
    for name, shell, text in scripts(examples):
        count += 1
        read = subprocess.run(
            [shellcheck, "--shell", shell, "--exclude", IGNORED, "--format", "gcc", "-"],
            input=f"{text}\n", text=True, capture_output=True, check=False,
        )
        if read.returncode != 0:
            wrong += 1
            print(f"{name}\n{read.stdout}{read.stderr}", file=sys.stderr)
    if wrong or count < 12:
        sys.exit(f"{wrong} of {count} scripts are refused")
    print(f"{count} scripts of pipelines")


main()
