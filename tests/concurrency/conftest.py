"""Storage that many processes share: DynamoDB Local, and moto in a process of its own for S3 and SQS."""

from __future__ import annotations

import multiprocessing
import os
import uuid
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running

import pytest

from tests.support.environment import ENVIRONMENT, ROOT


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Makes processes that have all modules already, and share nothing else with each other."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.concurrency.processes"])
    with pytest.MonkeyPatch.context() as patch:
        # The server that forks them does not know of pytest's path.
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "shared")]))
        ensure_running()
    return context


@pytest.fixture(scope="module")
def stand_ins(dynamodb_local: str) -> Iterator[dict[str, str]]:
    """Where S3 and SQS are, as the variables that lead boto3 there."""
    from local.project import PROJECT
    from local.sam.runtime.storage import running_storage

    environment = ENVIRONMENT | {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_local}
    with running_storage(PROJECT, environment):
        yield {name: environment[name] for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS")}


@pytest.fixture
def place(dynamodb_local: str, stand_ins: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Tables and a bucket with nothing in them, and the queue of the jobs."""
    from tests.concurrency.processes import Place
    from tests.support.dynamodb_local import tables_in

    bucket = f"data-{uuid.uuid4()}"
    for name, url in stand_ins.items():
        monkeypatch.setenv(name, url)
    monkeypatch.setenv("DATA_BUCKET", bucket)
    with tables_in(dynamodb_local, f"processes-{uuid.uuid4()}") as names:
        yield Place(names | {"DATA_BUCKET": bucket}, dynamodb_local, stand_ins["AWS_ENDPOINT_URL_S3"])
