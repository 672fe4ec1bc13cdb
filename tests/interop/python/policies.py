"""Holds the policy of `countersign lambda iam-policy` to a linter that nobody here wrote, and the templates to the policy:
policies.py EXAMPLES COUNTERSIGN
"""

import json
import pathlib
import subprocess
import sys

import hcl2
import parliament
from cfnlint.decode import decode_str

CONFIG = "arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0"
ROLE = "arn:aws:iam::111122223333:role/functions"


def plain(value):
    """Without the quotes that python-hcl2 leaves around a text."""
    if isinstance(value, str):
        return value.strip('"')
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(name): plain(item) for name, item in value.items()}
    return value


def listed(value):
    return list(value) if isinstance(value, list) else [value]


def shape(statements):
    """By name: the effect, the actions, the keys of the conditions by operator."""
    return {
        one["Sid"]: (
            one["Effect"],
            sorted(map(str, listed(one["Action"]))),
            sorted((operator, key) for operator, keys in one.get("Condition", {}).items() for key in keys),
        )
        for one in statements
    }


def of_terraform(document):
    policies = [one["developers"] for data in document["data"] for one in data.values() if "developers" in one]
    for statement in policies[0]["statement"]:
        yield {
            "Sid": statement["sid"],
            "Effect": statement.get("effect", "Allow"),
            "Action": statement["actions"],
            "Condition": {one["test"]: {one["variable"]: one["values"]} for one in statement.get("condition", [])},
        }


def expect(name, got, wanted):
    if got != wanted:
        sys.exit(f"{name}: {got!r}, expected {wanted!r}")


def main():
    examples, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    arguments = ["lambda", "iam-policy", "--config", CONFIG, "--functions", "team-*", "--execution-role", ROLE]
    text = subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout
    policy = parliament.analyze_policy_string(text)
    found = [str(finding) for finding in policy.findings]
    if found:
        sys.exit("\n".join(["parliament:", *found]))
    wanted = shape(json.loads(text)["Statement"])

    template, problems = decode_str((examples / "one-account.yaml").read_text())
    if problems:
        sys.exit(f"one-account.yaml: {problems}")
    developers = template["Resources"]["DeveloperPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    expect("one-account.yaml", shape(developers), wanted)

    with (examples / "terraform" / "developers.tf").open() as file:
        document = plain(hcl2.load(file))
    expect("developers.tf", shape(of_terraform(document)), wanted)
    others = sorted(path for path in (examples / "terraform").glob("*.tf") if path.name != "developers.tf")
    for path in others:
        with path.open() as file:
            hcl2.load(file)
    print(f"parliament finds nothing, {len(wanted)} statements are the same in both templates, {len(others)} more files parse")


main()
