"""``make deploy``: propose ceilings, run ``sam deploy``, delete old versions, register the stack's own key.

Credentials and region are those of boto3's default session, which ``sam`` uses too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tidewatch.registry import StorageUnavailable

from deploy.ceilings import in_words, propose, read_concurrency
from deploy.first_key import register_first_key
from deploy.versions import delete_old_versions

ROOT: Final = Path(__file__).resolve().parent.parent
STAGES: Final = ("dev", "staging", "prod")


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploys a stage; returns the exit status of ``sam deploy``, 2 if it was not run, 1 if no key was registered."""
    given = _parser().parse_args(arguments)
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))[given.stage]
    stack = str(config["global"]["parameters"]["stack_name"])
    changed = _parameters(given.parameters) | ({"Architecture": given.architecture} if given.architecture else {})
    try:
        concurrency = read_concurrency(boto3.client("lambda"), stack)
    except (BotoCoreError, ClientError) as error:
        print(f"The account's concurrency could not be read: {error}", file=sys.stderr)
        if given.ceilings == "proposed":
            return 2
    else:
        print(in_words(concurrency, given.stage))
        if given.ceilings == "proposed":
            changed |= {name: str(ceiling) for name, ceiling in propose(concurrency).items()}
    done = subprocess.run(_sam_deploy(given.stage, config, changed), cwd=ROOT, check=False)
    if done.returncode != 0:
        return done.returncode
    _prune(stack, given.keep)
    return _register(stack)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), help="another than samconfig.toml says")
    parser.add_argument("--parameters", default="", help="values of the template's parameters: Name=value Other=value")
    parser.add_argument("--ceilings", choices=("proposed",), help="set the ceilings that are proposed")
    parser.add_argument("--keep", type=int, default=1, help="versions of each function to keep beside the live one")
    return parser


def _sam_deploy(stage: str, config: Mapping[str, Any], changed: Mapping[str, str]) -> list[str]:
    """The command; parameters that change are named together with those of samconfig.toml, which they replace."""
    command = ["sam", "deploy", "--config-env", stage]
    if changed:
        parameters = {**_parameters(config["deploy"]["parameters"]["parameter_overrides"]), **changed}
        command += ["--parameter-overrides", " ".join(f"{name}={value}" for name, value in parameters.items())]
    return command


def _parameters(pairs: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in pairs.split())


def _register(stack: str) -> int:
    try:
        new = register_first_key(
            boto3.client("cloudformation"), boto3.client("apigateway"), boto3.client("dynamodb"), stack
        )
    except (BotoCoreError, ClientError, StorageUnavailable) as error:
        print(f"The stack's own key was not registered: deploy again. {error}", file=sys.stderr)
        return 1
    if new:
        print("Registered the stack's own key as the first key of the default tenant.")
    return 0


def _prune(stack: str, keep: int) -> None:
    try:
        for function, versions in delete_old_versions(
            boto3.client("cloudformation"), boto3.client("lambda"), stack, keep
        ):
            print(f"Deleted of {function}: versions {', '.join(versions)}")
    except (BotoCoreError, ClientError) as error:
        # The stage is deployed all the same; the next deployment deletes them too.
        print(f"Old versions were not deleted: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
