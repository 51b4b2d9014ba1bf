"""``make openapi``: writes openapi.json from the handlers' types.

Each function describes its own routes; here they become one document. Powertools' own merge lets two models of one
name overwrite each other in silence, so ours refuses that. What needs an API key is read from template.yaml. The
examples are requests that were made, with the answers that came.
"""

from __future__ import annotations

import difflib
import itertools
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from unittest import mock

from local.project import PROJECT, ROOT
from local.sam.functions import Functions
from local.sam.gateway import HttpRequest, to_event
from local.sam.routes import RouteTable
from local.sam.stack import assemble

DOCUMENT: Final = ROOT / "openapi.json"
_REQUESTS: Final = ROOT / "events" / "requests"
_KEY: Final = "ApiKey"
# Of the job that the default tenant asks for with the key "example".
_JOB_ID: Final = "6540d2389b8256b55366db89ba59f47b"
_EVALUATION_ID: Final = "0bcb511fe2cff8400c68ca727a805512"
"""Likewise."""
_SUBSCRIPTION_KEY: Final = "SubscriptionKey"
_BEARER: Final = "BearerKey"
_ANY_KEY: Final[list[dict[str, list[str]]]] = [{_KEY: []}, {_SUBSCRIPTION_KEY: []}, {_BEARER: []}]
"""A key is taken from any of these headers."""
_METRIC: Final = {"name": "AWS/EC2 CPUUtilization", "labels": {"InstanceId": "i-0abc"}}
_CALLER: Final = {"tenant": "default", "keyId": "example", "scopes": "read write admin", "status": "active"}
_NOW: Final = datetime(2026, 1, 1, 8, 15, tzinfo=UTC)
_KEY_IDS: Final = ("3f8a1c07d2e94b65", "a41b77c0e5d23986")
_AZURE: Final = "/anomalydetector/v1.1/timeseries"

_DESCRIPTION: Final = """\
Send a timestamped series, get a model version back, ask whether new points are unusual, and look at plots.

Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem details. An invalid request names every problem at
once: the field, and in an array the first index. `429` and `503` carry `Retry-After`.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A request to make, and where its answer belongs in the document."""

    name: str
    method: str
    url: str
    status: int
    body: Mapping[str, Any] | None = None
    idempotency_key: str | None = None


def _body(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((_REQUESTS / f"{name}.json").read_text())
    return body


def _examples() -> list[Example]:
    """In the order in which they are made; later ones see what earlier ones trained."""
    small = _body("fit_small")
    both = small | {"detector": {"name": "three_sigma", "sigmas": 2.5, "side": "both"}}
    unsorted = small | {"timestamps": [*small["timestamps"][:3], small["timestamps"][1], *small["timestamps"][4:]]}
    point = {"timestamp": "1767254400", "value": 100.2}
    unusual = {"timestamp": "2026-01-01T08:00:00Z", "value": 140}
    wrong = {"timestamp": "1767254400000", "value": None}
    many = {"points": [point, {"timestamp": "1767258000", "value": 140}]}
    sent = {"points": [point, {"timestamp": "2026-01-01T09:00:00Z", "value": 140}, point]}
    of_two = [{"series_id": name} | {"timestamp": 1767261600, "value": 99} for name in ("web-requests", "cold-room")]
    promising = {"detector": "mad", "options": {"false_alarm_rate": 0.01}}
    contenders = [{"version": "champion"}, {"detector": "seasonal_decomposition"}, promising]
    evaluation = {"contenders": contenders, "data": "stored", "folds": 4, "seed": 7}
    missed = {"timestamp": "2026-01-01T08:00:00Z", "anomaly": True}
    return [
        Example("A series", "POST", "/fit/web-requests", 200, small),
        Example("With detector options", "POST", "/fit/web-requests", 200, both),
        Example("Timestamps out of order", "POST", "/fit/web-requests", 422, unsorted),
        Example("An ordinary point", "POST", "/predict/web-requests", 200, point),
        Example("An unusual point", "POST", "/predict/web-requests", 200, unusual),
        Example("By an earlier version", "POST", "/predict/web-requests?version=v1", 200, point),
        Example("Many points", "POST", "/predict/web-requests", 200, many),
        Example("A series never trained", "POST", "/predict/web-request", 404, point),
        Example("A version never published", "POST", "/predict/web-requests?version=9", 404, point),
        Example("Milliseconds for seconds", "POST", "/predict/web-requests", 422, wrong),
        Example("Points with times", "POST", "/detect", 200, _body("detect_data")),
        Example("Values alone", "POST", "/detect", 200, {"values": small["values"], "method": "statistical"}),
        Example("Two forms at once", "POST", "/detect", 422, {"values": small["values"], "data": small["values"]}),
        Example("Bare values", "POST", "/predict", 200, {"values": _body("predict_values")["values"][72:114]}),
        Example("Too few values", "POST", "/predict", 200, {"values": small["values"][:3]}),
        *_azure_examples(small["values"]),
        Example("With one that comes again", "POST", "/series/web-requests/points", 200, sent),
        Example("Of two series", "POST", "/points", 200, {"points": of_two}),
        Example("A morning", "GET", "/series/web-requests/points?from=2026-01-01T08:00:00Z", 200),
        Example("Alive", "GET", "/health", 200),
        Example("Trained series", "GET", "/series", 200),
        Example("By region", "GET", "/series?group_by=region", 200),
        Example("A metric of CloudWatch", "POST", "/series", 200, _METRIC),
        Example("Versions, newest first", "GET", "/series/web-requests/versions", 200),
        Example("A series", "GET", "/series/web-requests", 200),
        Example("A version", "GET", "/series/web-requests/versions/1", 200),
        Example(
            "Roll back", "PUT", "/series/web-requests/champion", 200, {"version": "v1", "reason": "v2 alarms at night"}
        ),
        Example(
            "With a stated error rate",
            "PUT",
            "/series/web-requests/challenger",
            200,
            {"version": "v2", "error_rate": 0.01},
        ),
        Example("Who judges", "GET", "/series/web-requests/champion", 200),
        Example("An unusual point", "POST", "/series/web-requests/labels", 200, {"labels": [missed]}),
        Example("Before many points", "GET", "/series/web-requests/comparison?miss_cost=10", 200),
        Example("Judge alone again", "DELETE", "/series/web-requests/challenger", 200),
        Example("Keep judgements", "PUT", "/series/web-requests/monitoring", 200, {"monitor": True}),
        Example("Before many points", "GET", "/series/web-requests/drift", 200),
        Example(
            "With the last month",
            "POST",
            "/series/web-requests/retrain",
            202,
            {"window": 43_200, "least_new_points": 1_000, "promote": "challenger", "reason": "drift since Monday"},
            "example",
        ),
        Example("Which versions judged", "GET", "/series/web-requests/champion/history", 200),
        Example("What was done", "GET", "/series/web-requests/audit", 200),
        Example("Whether the trail is whole", "GET", "/series/web-requests/audit/verification", 200),
        Example("A version", "POST", "/series/web-requests/versions/1/reproduce", 202, None, "example"),
        Example("A trail", "POST", "/series/web-requests/audit/exports", 202, None, "example"),
        Example("A version and two detectors", "POST", "/series/web-requests/evaluations", 202, evaluation, "example"),
        Example("Before a worker has it", "GET", f"/series/web-requests/evaluations/{_EVALUATION_ID}", 200),
        Example("Newest first", "GET", "/jobs", 200),
        Example("Before a worker has it", "GET", f"/jobs/{_JOB_ID}", 200),
        Example("Before a worker had it", "DELETE", f"/jobs/{_JOB_ID}", 202),
        *_tenant_examples(),
        Example("Before any traffic", "GET", "/healthcheck", 200),
    ]


def _tenant_examples() -> list[Example]:
    """A team gets a key, and another one."""
    team = {"tenant_id": "team-a", "tier": "standard", "limits": {"points_per_day": 1_000_000, "series": 100}}
    keys = "/tenants/team-a/keys"
    return [
        Example("A team", "POST", "/tenants", 201, team),
        Example("A team that is there", "POST", "/tenants", 409, team),
        Example("All teams", "GET", "/tenants", 200),
        Example("A team", "GET", "/tenants/team-a", 200),
        Example("More series", "PATCH", "/tenants/team-a", 200, {"limits": {"series": 500}}),
        Example("Suspended", "PATCH", "/tenants/team-a", 200, {"status": "suspended"}),
        Example("To train and to judge", "POST", keys, 201, {"name": "pipeline", "scopes": ["read", "write"]}),
        Example("The keys of a team", "GET", keys, 200),
        Example("A key", "GET", f"{keys}/{_KEY_IDS[0]}", 200),
        Example("In a day", "POST", f"{keys}/{_KEY_IDS[0]}/rotation", 201, {"grace_seconds": 86_400}),
        Example("A team that leaves", "DELETE", "/tenants/team-a", 202),
    ]


def _azure_examples(values: list[float]) -> list[Example]:
    """What clients of Azure Anomaly Detector ask."""
    series = [
        {"timestamp": f"2026-01-{day:02d}T00:00:00Z", "value": value}
        for day, value in enumerate(itertools.islice(itertools.cycle(values), 14), start=1)
    ]
    daily = {"series": series, "granularity": "daily"}
    return [
        Example("A series", "POST", f"{_AZURE}/entire/detect", 200, daily),
        Example("Without its series", "POST", f"{_AZURE}/entire/detect", 400, {"granularity": "daily"}),
        Example("A series", "POST", f"{_AZURE}/last/detect", 200, daily),
        Example("A series", "POST", f"{_AZURE}/changepoint/detect", 200, daily),
    ]


def generate() -> dict[str, Any]:
    """The whole document."""
    functions, routes = _start()
    names = dict.fromkeys(route.function.logical_id for route in routes.routes)
    document = _merge([_document_of(name) for name in names])
    _require_keys(document, routes)
    _describe_defects(document)
    _add_examples(document, functions, routes)
    return document


def _start() -> tuple[Functions, RouteTable]:
    """The functions, over AWS in memory and with a clock that stands still."""
    os.environ["OPENAPI_PATH"] = str(DOCUMENT)
    parts = assemble(PROJECT, os.environ)
    functions = parts.functions
    failure = functions.load()
    if failure:
        raise RuntimeError(failure)
    _stop_the_clock()
    return functions, parts.routes


def _stop_the_clock() -> None:
    """Makes what differs from run to run and machine to machine stand still: times, ids, and what trains."""
    from tidewatch import composition
    from tidewatch.jobs.jobs import Jobs
    from tidewatch.registry import Promoter, Publisher

    publisher = Publisher(
        composition.version_store(),
        composition.data_store(),
        composition.array_store(),
        deadline_seconds=1,
        now=lambda: _NOW,
        libraries={"numpy": "2.4.6", "python": "3.13.9"},
        architecture="aarch64",
        revision="0" * 40,
        new_id=lambda: "00000000-0000-4000-8000-000000000000",
    )
    later = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)
    jobs = Jobs(composition.job_store(), composition.job_queue(), now=lambda: later)
    promoter = Promoter(
        composition.version_store(), deadline_seconds=1, now=lambda: datetime(2026, 1, 2, 9, 30, tzinfo=UTC)
    )
    for name, built in (("publisher", publisher), ("promoter", promoter), ("jobs", jobs)):
        setattr(composition, name, lambda built=built: built)
    setattr(composition, "now", lambda: _NOW)  # noqa: B010 - mypy takes no assignment to a function
    _make_the_same_keys()


def _make_the_same_keys() -> None:
    """Makes keys that are no secrets."""
    from tidewatch.services import api_keys

    mock.patch.object(api_keys, "new_key_id", side_effect=_KEY_IDS).start()
    secrets = [f"tw_example-{number}-that-opens-nothing" for number, _ in enumerate(_KEY_IDS, start=1)]
    mock.patch.object(api_keys, "new_key", side_effect=secrets).start()


def _app_of(logical_id: str) -> Any:
    return sys.modules[f"_function_{logical_id}"].app


def _document_of(logical_id: str) -> dict[str, Any]:
    from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, HTTPBearer, Tag

    document: dict[str, Any] = json.loads(
        _app_of(logical_id).get_openapi_json_schema(
            title="Tidewatch",
            version="1",
            description=_DESCRIPTION,
            tags=[
                Tag(name="Models", description="Train models, judge points by them, and look at them."),
                Tag(name="Streams", description="Send points as they come, and see what was said of them."),
                Tag(name="Life of a model", description="Promote, roll back, compare, and see who did what."),
                Tag(name="Detection", description="Judge what is sent, and keep nothing."),
                Tag(name="Jobs", description="What takes long, while it goes on and afterwards."),
                Tag(name="Tenants", description="Tenants, their limits and their API keys; needs the scope admin."),
                Tag(name="Service", description="Its health and its documentation."),
            ],
            security_schemes={
                _KEY: APIKey(name="x-api-key", in_=APIKeyIn.header),
                _SUBSCRIPTION_KEY: APIKey(name="Ocp-Apim-Subscription-Key", in_=APIKeyIn.header),
                _BEARER: HTTPBearer(),
            },
        )
    )
    return document


def _merge(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One document of all; schemas in the order of their names.

    Raises:
        ValueError: if two functions describe an operation, or a model of one name, differently.
    """
    merged: dict[str, Any] = {}
    for document in documents:
        merged = merged or {**document, "paths": {}, "components": {**document["components"], "schemas": {}}}
        for path, operations in document.get("paths", {}).items():
            # Functions may share a path, by its methods.
            _add_all(merged["paths"].setdefault(path, {}), operations)
        _add_all(merged["components"]["schemas"], document["components"].get("schemas", {}))
    merged["components"]["schemas"] = dict(sorted(merged["components"]["schemas"].items()))
    return merged


def _add_all(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if into.setdefault(name, value) != value:
            raise ValueError(f"two functions describe {name} differently")


def _require_keys(document: dict[str, Any], routes: RouteTable) -> None:
    for route in routes.routes:
        operation = document["paths"].get(route.path, {}).get(route.method.lower())
        if operation is not None:
            operation["security"] = _ANY_KEY if route.api_key_required else []


def _describe_defects(document: dict[str, Any]) -> None:
    """Takes out the errors that Powertools describes in its own form; ours are all problems."""
    for methods in document["paths"].values():
        for operation in methods.values():
            if "HTTPValidationError" in json.dumps(operation["responses"].get("422")):
                del operation["responses"]["422"]
            operation["responses"]["500"] = {**operation["responses"]["429"], "description": "A defect on our side."}
            del operation["responses"]["500"]["headers"]
            operation["responses"] = dict(sorted(operation["responses"].items()))
    schemas = document["components"]["schemas"]
    while unused := [name for name in schemas if f'"#/components/schemas/{name}"' not in json.dumps(document)]:
        for name in unused:
            del schemas[name]


def _add_examples(document: dict[str, Any], functions: Functions, routes: RouteTable) -> None:
    for example in _examples():
        path, _, query = example.url.partition("?")
        route, parameters = routes.find(example.method, path)
        body = json.dumps(example.body).encode() if example.body is not None else b""
        headers = [(b"content-type", b"application/json")] if body else []
        if example.idempotency_key is not None:
            headers.append((b"idempotency-key", example.idempotency_key.encode()))
        request = HttpRequest(example.method, path, query, headers, body)
        event = to_event(request, route, parameters, "dev", binary=True)
        event["requestContext"]["authorizer"] = _CALLER
        answer = functions.invoke(route.function, event)
        if answer["statusCode"] != example.status:
            raise ValueError(f"{example.name}: {answer['statusCode']} {answer['body']}")
        operation = document["paths"][route.path][route.method.lower()]
        if body:
            content = operation["requestBody"]["content"]["application/json"]
            content.setdefault("examples", {})[example.name] = {"value": example.body}
        content = next(iter(operation["responses"][str(example.status)]["content"].values()))
        content.setdefault("examples", {})[example.name] = {"value": json.loads(answer["body"], parse_float=_rounded)}


def _rounded(digits: str) -> float:
    """A number without its last digits, in which processors differ: the document is the same on all machines."""
    return float(f"{float(digits):.12g}")


def render(document: Mapping[str, Any]) -> str:
    """The document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Writes the document; with ``--check`` says whether the committed one is still right."""
    text = render(generate())
    if "--check" in arguments:
        committed = DOCUMENT.read_text(encoding="utf-8")
        drift = difflib.unified_diff(
            committed.splitlines(), text.splitlines(), "committed", "generated", lineterm="", n=2
        )
        sys.stderr.writelines(f"{line}\n" for line in drift)
        return int(text != committed)
    DOCUMENT.write_text(text, encoding="utf-8")
    sys.stderr.write(f"wrote {DOCUMENT.relative_to(ROOT)}, {len(text):,} characters\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
