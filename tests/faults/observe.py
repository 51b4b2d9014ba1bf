"""Makes every case of the table happen, and prints what was seen as JSON: ``python -m tests.faults.observe``.

Storage is moto in a process of its own, which outlives the functions. Each instance of a function is a process that
this one forks once all is imported and built, as Lambda restores one from a snapshot; so one that is killed is truly
dead. A process of its own does that, because a fork copies one thread only.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import boto3
import pytest
from botocore.httpsession import URLLib3Session

from local.project import PROJECT
from local.sam.gateway import HttpResponse, gateway_response
from local.sam.routes import read_api
from local.sam.runtime.storage import running_storage
from tests.faults.cases import CASES, SERIES, Case
from tests.faults.observed import Answer, Observed
from tests.support import environment
from tests.support.api import Api, Reply, handler_module
from tests.support.boundary import Boundary
from tests.support.stored import TABLES, stored
from tests.support.tables import template

# As botocore's own clients: else small requests wait for acknowledgements.
_SOCKET_OPTIONS: Final = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]

# One of each function that is asked.
_ROUTES: Final = (("POST", "/fit/s"), ("POST", "/predict/s"), ("GET", "/series/s/versions"), ("DELETE", "/series/s"))

Step = Callable[[Api, Boundary], Reply]


def observe(case: Case) -> Observed:
    """Makes one case happen, in storage that holds one version of one series."""
    _empty()
    expected = {"deleted": case.request.deletes, "promoted": case.request.asks == "promote"}

    def begin(api: Api, _: Boundary) -> Reply:
        return case.request.first_fits(api)

    def meet(api: Api, boundary: Boundary) -> Reply:
        case.strike(boundary)
        return case.request.ask(api)

    def ask(api: Api, _: Boundary) -> Reply:
        return case.request.ask(api)

    def predict(api: Api, _: Boundary) -> Reply:
        return case.request.predict(api)

    (before, *saw), killed = _instance(begin, meet)
    there = stored().check(**expected).versions.get(SERIES, [])
    (latest, listed, retry, listed_last), _ = _instance(predict, _list, ask, _list)
    later = None
    if retry.status == 409:
        _let_time_pass()
        (later, listed_last), _ = _instance(ask, _list)
    stored().check(**expected)
    return Observed(
        killed=killed,
        before=before,
        saw=saw[0] if saw else _no_answer(),
        stored=tuple(there),
        latest=latest,
        listed=listed,
        retry=retry,
        later=later,
        listed_last=listed_last,
    )


def _empty() -> None:
    """Takes everything away, by calls: what is stored lies in another process."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    for variable in TABLES:
        table = os.environ[variable]
        keys = ("id",) if variable == "IDEMPOTENCY_TABLE_NAME" else ("pk", "sk")
        for item in dynamodb.scan(TableName=table)["Items"]:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in keys})
    bucket = os.environ["DATA_BUCKET"]
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
        s3.delete_object(Bucket=bucket, Key=entry["Key"])


def _list(api: Api, _: Boundary) -> Reply:
    return api.call("GET", f"/series/{SERIES}/versions")


def _instance(*steps: Step) -> tuple[list[Answer], bool]:
    """The answers of one instance to requests in turn, and whether a signal ended it before the last one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            _serve(steps, writing)
            status = 0
        finally:
            # Not by the end of the program, which would stop what its parent started.
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as told:
        answers = [Answer.again(json.loads(line)) for line in told]
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and (status != 0 or len(answers) != len(steps)):
        raise RuntimeError("an instance failed; its traceback is above")
    return answers, killed


def _serve(steps: tuple[Step, ...], writing: int) -> None:
    try:
        with pytest.MonkeyPatch.context() as patch, os.fdopen(writing, "w", buffering=1) as telling:
            boundary = Boundary()
            boundary.install(patch, URLLib3Session(socket_options=_SOCKET_OPTIONS).send)
            for step in steps:
                print(json.dumps(asdict(Answer.of(step(Api(), boundary)))), file=telling)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise


def _no_answer() -> Answer:
    """What API Gateway says where a function ended without an answer: the template words it."""
    response: HttpResponse = gateway_response(read_api(template()), "DEFAULT_5XX", "/")
    headers = {name.decode(): value.decode() for name, value in response.headers}
    return Answer.of(Reply(response.status, headers, response.body, ()))


def _let_time_pass() -> None:
    """Until the requests with an Idempotency-Key that are under way have no time left."""
    dynamodb = boto3.client("dynamodb")
    table = os.environ["IDEMPOTENCY_TABLE_NAME"]
    for record in stored().records:
        dynamodb.update_item(
            TableName=table,
            Key={"id": record["id"]},
            UpdateExpression="SET in_progress_expiration = :past",
            ExpressionAttributeValues={":past": {"N": "0"}},
        )


def main() -> int:
    """Observes all cases."""
    os.environ["LOCAL_AWS"] = "memory"
    # The handlers build all that they keep, and connect to nothing yet.
    os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    with environment.loopback_only(), running_storage(PROJECT, os.environ):
        for method, path in _ROUTES:
            handler_module(Api().event(method, path)[1])
        # What is there is copied at each fork, as soon as the collector marks it.
        gc.collect()
        gc.freeze()
        json.dump([observe(case).as_json() for case in CASES], sys.stdout)
    return 0


if __name__ == "__main__":
    environment.apply()
    sys.exit(main())
