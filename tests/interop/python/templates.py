"""Reads the templates of examples/ with parsers that nobody here wrote: templates.py EXAMPLES

cfn-lint looks at CloudFormation by itself; here Terraform's files are parsed, and both must say the same of the hook.
"""

import pathlib
import sys

import hcl2
from cfnlint.decode import decode_str

STAGES = ["PRE_SCALE_UP"]
TIMEOUT = (15, "ROLLBACK")


def plain(value):
    """Without the quotes that python-hcl2 leaves around a text."""
    if isinstance(value, str):
        return value.strip('"')
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(name): plain(item) for name, item in value.items()}
    return value


def found(value, name):
    """Every value that has this name, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == name:
                yield item
            yield from found(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from found(item, name)


def one(value):
    """Terraform's blocks are lists."""
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], (dict, list)):
        value = value[0]
    return value


def expect(name, got, wanted):
    if got != wanted:
        sys.exit(f"{name}: {got!r}, expected {wanted!r}")


def listed(value):
    return list(value) if isinstance(value, list) else [value]


def of_cloudformation(template):
    """The actions of the function's role, those included that only a parameter brings."""
    resources = template["Resources"].values()
    policies = list(template["Resources"]["FunctionRole"]["Properties"]["Policies"])
    policies += [one["Properties"] for one in resources if one["Type"] == "AWS::IAM::RolePolicy"]
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    return sorted(str(action) for statement in statements for action in listed(statement["Action"]))


def of_terraform(document):
    """The same of Terraform's role."""
    always, places = next(found(document, "always")), next(found(document, "places_of_policy"))
    actions = [action for one in (*always.values(), *places.values()) if isinstance(one, dict) for action in one["actions"]]
    # The one that a key brings stands in the policy itself.
    function = next(one["function"] for one in found(document, "aws_iam_policy_document") if "function" in one)
    keys = [action for actions in found(function, "actions") for action in listed(actions) if str(action).startswith("kms:")]
    return sorted([*actions, *keys])


def main():
    examples = pathlib.Path(sys.argv[1])

    template, problems = decode_str((examples / "cloudformation" / "service.yaml").read_text())
    if problems:
        sys.exit(f"service.yaml: {problems}")
    hook = one(next(found(template, "LifecycleHooks")))
    expect("LifecycleStages", list(hook["LifecycleStages"]), STAGES)
    timeout = hook["TimeoutConfiguration"]
    expect("TimeoutConfiguration", (timeout["TimeoutInMinutes"], timeout["Action"]), TIMEOUT)

    documents = {}
    for path in sorted((examples / "terraform").glob("*.tf*")):
        with path.open() as text:
            documents[path.name] = plain(hcl2.load(text))
    expect("files", len(documents), 5)
    hook = one(next(found(documents["service.tf.example"], "lifecycle_hook")))
    expect("lifecycle_stages", hook["lifecycle_stages"], STAGES)
    timeout = one(hook["timeout_configuration"])
    expect("timeout_configuration", (timeout["timeout_in_minutes"], timeout["action"]), TIMEOUT)
    gate, problems = decode_str((examples / "cloudformation" / "gate-hook.yaml").read_text())
    if problems:
        sys.exit(f"gate-hook.yaml: {problems}")
    expect("what the function's role may do", of_terraform(documents["main.tf"]), of_cloudformation(gate))
    print(f"{len(documents)} files of Terraform, and the same hook in both")


main()
