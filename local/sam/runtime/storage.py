"""What stands in for DynamoDB, S3 and SQS where the functions run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import boto3

from local.sam import processes
from local.sam.aws import dynamodb_local, settings
from local.sam.aws.state import STORAGE_FILE
from local.sam.project import Project

_DYNAMODB: Final = "AWS_ENDPOINT_URL_DYNAMODB"
_S3: Final = "AWS_ENDPOINT_URL_S3"
_SQS: Final = "AWS_ENDPOINT_URL_SQS"
_SERVICES: Final = {_DYNAMODB: "DynamoDB", _S3: "S3", _SQS: "SQS"}
_GENERAL: Final = "AWS_ENDPOINT_URL"
_FETCHED: Final = Path(".venv", "dynamodb-local")


@contextmanager
def running_storage(
    project: Project, environment: MutableMapping[str, str], state: Path | None = None
) -> Iterator[str]:
    """Starts what the environment asks for, and writes into it where that is, for the clients of this process.

    =========================  ====================================================================================
    AWS_ENDPOINT_URL_DYNAMODB  given: that is used, and so for S3 and SQS
    DYNAMODB_LOCAL=<folder>    Amazon's DynamoDB Local, the jar of which is in that folder
    nothing said               DynamoDB Local where `make test` put it and Java can run it, but not with ``state``
    otherwise, and the rest    moto, in a process of its own, one request at a time
    LOCAL_AWS=memory           moto, whatever else is given
    LOCAL_AWS=account          nothing is started: the real account
    =========================  ====================================================================================

    Args:
        project: the project that it is for.
        environment: the environment.
        state: the folder in which to keep what it holds; None keeps nothing. Without a DYNAMODB_LOCAL, moto stands in
            for DynamoDB then, so that the folder has what functions in one process left there.

    Returns:
        What it is, in words.

    Raises:
        settings.UnusableAws: if it cannot be started.
    """
    if settings.uses_account(environment):
        yield settings.describe(environment)
        return
    started: list[subprocess.Popen[bytes]] = []
    words = []
    try:
        if (process := _start_dynamodb_local(project, environment, state)) is not None:
            started.append(process)
            words.append("DynamoDB Local")
        missing = [name for name in _SERVICES if not (environment.get(_GENERAL) or environment.get(name))]
        if missing:
            process, url = _start_moto(project, environment, state)
            started.append(process)
            environment.update(dict.fromkeys(missing, url))
            named = [_SERVICES[name] for name in missing]
            words.append(f"moto for {' and '.join(filter(None, [', '.join(named[:-1]), named[-1]]))}")
        yield f"{', '.join(words)}; {settings.kept_in(state)}" if words else settings.describe(environment)
    finally:
        processes.stop(started)


def _start_dynamodb_local(
    project: Project, environment: MutableMapping[str, str], state: Path | None
) -> subprocess.Popen[bytes] | None:
    """Starts it if it is asked for, or else if it is there."""
    if environment.get("LOCAL_AWS") == "memory" or environment.get(_GENERAL) or environment.get(_DYNAMODB):
        return None
    named = environment.get("DYNAMODB_LOCAL")
    if state is not None and not named:
        return None
    data = state and dynamodb_local.data_folder(state, fresh=settings.begins_anew(environment))
    try:
        folder = Path(named) if named else project.root / _FETCHED
        process, environment[_DYNAMODB] = dynamodb_local.start(folder, environment, data)
    except dynamodb_local.NoDynamoDBLocal as error:
        if named:
            raise settings.UnusableAws(f"DYNAMODB_LOCAL={named}: {error}") from None
        return None
    return process


def _start_moto(
    project: Project, environment: Mapping[str, str], state: Path | None
) -> tuple[subprocess.Popen[bytes], str]:
    # It inherits a socket that listens already: requests wait in there until it is ready.
    kept = state / STORAGE_FILE if state else ""
    with processes.listening_socket() as listener:
        process = processes.start(
            [sys.executable, "-m", project.stand_in_module],
            environment={**environment, "AWS_LISTENER": str(listener.fileno()), "AWS_STATE": str(kept)},
            folder=project.root,
            sockets=[listener],
        )
        return process, f"http://127.0.0.1:{listener.getsockname()[1]}"


def function_access(environment: Mapping[str, str], cloudwatch_url: str) -> dict[str, str]:
    """The variables by which a function's process reaches AWS, or what stands in for it.

    Raises:
        settings.UnusableAws: if there are no credentials for the real account.
    """
    if settings.uses_account(environment):
        # The profile, the role or the login of the caller, as the keys that Lambda gives to a function.
        found = boto3.Session().get_credentials()
        if found is None:
            raise settings.UnusableAws("LOCAL_AWS=account needs credentials, and boto3 finds none")
        keys = found.get_frozen_credentials()
        return {
            "AWS_ACCESS_KEY_ID": str(keys.access_key),
            "AWS_SECRET_ACCESS_KEY": str(keys.secret_key),
            "AWS_SESSION_TOKEN": keys.token or "",
        }
    access = {name: environment.get(name) or environment[_GENERAL] for name in _SERVICES}
    return access | {
        "AWS_ACCESS_KEY_ID": environment["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": environment["AWS_SECRET_ACCESS_KEY"],
        "AWS_SESSION_TOKEN": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_CLOUDWATCH": cloudwatch_url,
    }
