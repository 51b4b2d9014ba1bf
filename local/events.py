"""``make events``: writes events/*.json, an API Gateway event for each route and each notable error, and their list.

They are what the local gateway makes of a request, with its clock and ids standing still.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.project import PROJECT, ROOT
from local.sam.aws.settings import DEFAULT_REGION
from local.sam.gateway import HttpRequest, to_event
from local.sam.routes import read_api, read_routes

EVENTS: Final = ROOT / "events"
_JSON: Final = "application/json"
_JOB_ID: Final = "0123456789abcdef0123456789abcdef"
_WORKER: Final = "WorkerFunction"
_AUTHORIZED: Final = {
    "principalId": "default",
    "tenant": "default",
    "keyId": "sample",
    "scopes": "read write admin",
    "status": "active",
}
"""What the authorizer hands to the functions."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A request, and the status that it gets once ``fit`` has been invoked."""

    name: str
    method: str
    url: str
    status: int
    what: str
    body: bytes = b""
    content_type: str = _JSON
    headers: Mapping[str, str] | None = None


def _requests(name: str) -> bytes:
    return (EVENTS / "requests" / f"{name}.json").read_bytes()


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()


def samples() -> list[Sample]:
    """Every sample; those that fit come first, the rest ask about what they trained."""
    fit, predict = "/fit/web-requests", "/predict/web-requests"
    point = _requests("predict_normal")
    key = {"Idempotency-Key": "retrain-2026-01-12"}
    times = [1767225600 + 3600 * hour for hour in range(6)]
    flawed = {"timestamps": [*times[:4], times[2], times[5]], "values": [1, 2, None, "4", 5, 6], "unit": "ms"}
    flat = {"timestamps": times, "values": [7.5] * 6}
    twice = {"values": [1, 2, 3, 4, 50], "data": [1, 2, 3, 4, 50], "method": "magic"}
    azure = "/anomalydetector/v1.1/timeseries/"
    room = {"series": json.loads(_requests("detect_data"))["data"], "granularity": "minutely", "customInterval": 10}
    millis = {"timestamps": [time * 1000 for time in times], "values": [1, 2, 3, 4, 5, 6]}
    evaluation = {"contenders": [{"version": "champion"}, {"detector": "mad"}], "seed": 7}
    labels = {"labels": [{"timestamp": "2026-01-12T03:00:00Z", "anomaly": True}]}
    metric = {"name": "AWS/EC2 CPUUtilization", "labels": {"InstanceId": "i-0abc"}}
    two = {"points": [{"series_id": name, "timestamp": times[0], "value": 5} for name in ("web-requests", "no")]}
    rollback = {"version": "1", "reason": "version 2 alarms at night"}
    return [
        Sample("fit", "POST", fit, 200, "a week of hourly web requests", _requests("fit")),
        Sample("fit_options", "POST", "/fit/room:temperature", 200, "both sides", _requests("fit_both_sides")),
        Sample("fit_idempotent", "POST", fit, 200, "twice gives one version", _requests("fit_again"), headers=key),
        Sample("fit_invalid", "POST", fit, 422, "four problems at once", _json(flawed)),
        Sample("fit_constant", "POST", fit, 422, "no spread to learn from", _json(flat)),
        Sample("fit_milliseconds", "POST", fit, 422, "milliseconds for seconds", _json(millis)),
        Sample("fit_malformed", "POST", fit, 400, "JSON that ends too early", b'{"timestamps": [1767225600,'),
        Sample(
            "fit_media_type",
            "POST",
            fit,
            415,
            "what curl sends unless told",
            _requests("fit"),
            "application/x-www-form-urlencoded",
        ),
        Sample("predict", "POST", predict, 200, "an ordinary point", point),
        Sample("predict_anomaly", "POST", predict, 200, "an unusual point", _requests("predict_anomaly")),
        Sample("predict_batch", "POST", predict, 200, "four points, one read", _requests("predict_batch")),
        Sample("predict_version", "POST", f"{predict}?version=v1", 200, "by version 1", point),
        Sample("fit_rows", "POST", "/fit/default", 200, "rows of three variables", _requests("fit_rows")),
        Sample("predict_rows", "POST", "/predict", 200, "rows, by the model of default", _requests("predict_rows")),
        Sample("predict_wrong_kind", "POST", "/predict/default", 422, "one value, of a model of rows", point),
        Sample("predict_unknown_series", "POST", "/predict/never-trained", 404, "a series without a model", point),
        Sample("predict_unknown_version", "POST", f"{predict}?version=99", 404, "a version never published", point),
        Sample(
            "predict_invalid",
            "POST",
            "/predict/a%2Fb",
            422,
            "a slash in the id, null for a value",
            _json({"timestamp": "soon", "value": None}),
        ),
        Sample("detect", "POST", "/detect", 200, "a week, by the three-sigma rule", _requests("detect")),
        Sample("detect_data", "POST", "/detect", 200, "points with ISO 8601, by default", _requests("detect_data")),
        Sample("detect_png", "POST", "/detect?format=png", 200, "a PNG of it", _requests("detect")),
        Sample("detect_invalid", "POST", "/detect", 422, "two forms at once, no such method", _json(twice)),
        Sample("predict_values", "POST", "/predict", 200, "bare values", _requests("predict_values")),
        Sample("predict_few_values", "POST", "/predict", 200, "too few to judge", _json({"values": [1, 2, 3]})),
        Sample("azure_entire", "POST", f"{azure}entire/detect", 200, "as Azure's client asks", _json(room)),
        Sample("azure_last", "POST", f"{azure}last/detect", 200, "likewise, the last point", _json(room)),
        Sample("azure_changes", "POST", f"{azure}changepoint/detect", 200, "likewise, change points", _json(room)),
        Sample(
            "points", "POST", "/series/web-requests/points", 200, "four points of a stream", _requests("predict_batch")
        ),
        Sample("points_many", "POST", "/points", 200, "two series, one never trained", _json(two)),
        Sample("points_judged", "GET", "/series/web-requests/points?limit=10", 200, "what was said of them"),
        Sample("plot", "GET", "/plot?series_id=web-requests", 200, "a PNG"),
        Sample("plot_svg", "GET", "/plot?series_id=web-requests&version=1&format=svg&theme=dark", 200, "an SVG"),
        Sample("plot_unknown_series", "GET", "/plot?series_id=never-trained", 404, "a series without a model"),
        Sample("series", "GET", "/series?limit=10", 200, "what is trained"),
        Sample("series_groups", "GET", "/series?group_by=region", 200, "how many series each region has"),
        Sample("series_id", "POST", "/series", 200, "the id of a metric of CloudWatch", _json(metric)),
        Sample("versions", "GET", "/series/web-requests/versions", 200, "versions, newest first"),
        Sample("champion", "GET", "/series/web-requests/champion", 200, "which version judges"),
        Sample("promote", "PUT", "/series/web-requests/champion", 200, "roll back to version 1", _json(rollback)),
        Sample(
            "promote_changed_since",
            "PUT",
            "/series/web-requests/champion",
            412,
            "meant for another state",
            _json(rollback),
            headers={"If-Match": '"1-0"'},
        ),
        Sample("champion_history", "GET", "/series/web-requests/champion/history", 200, "which versions judged"),
        Sample(
            "challenger", "PUT", "/series/web-requests/challenger", 200, "version 2 beside it", _json({"version": "2"})
        ),
        Sample("labels", "POST", "/series/web-requests/labels", 200, "what people say of a point", _json(labels)),
        Sample("comparison", "GET", "/series/web-requests/comparison", 200, "champion and challenger"),
        Sample("challenger_dropped", "DELETE", "/series/web-requests/challenger", 200, "it judges no longer"),
        Sample(
            "monitoring", "PUT", "/series/web-requests/monitoring", 200, "keep judgements", _json({"monitor": True})
        ),
        Sample(
            "retrain",
            "POST",
            "/series/web-requests/retrain",
            202,
            "a job: the next version",
            _json({"promote": "never"}),
        ),
        Sample("drift", "GET", "/series/web-requests/drift", 200, "whether its points have changed"),
        Sample("audit", "GET", "/series/web-requests/audit", 200, "who did what, when and why"),
        Sample("audit_verification", "GET", "/series/web-requests/audit/verification", 200, "nobody changed it since"),
        Sample("series_one", "GET", "/series/web-requests", 200, "one series and its champion"),
        Sample("version", "GET", "/series/web-requests/versions/1", 200, "one version"),
        Sample("delete_version_in_use", "DELETE", "/series/room%3Atemperature/versions/1", 409, "the only version"),
        Sample("delete_series", "DELETE", "/series/room%3Atemperature", 204, "a series that nobody needs"),
        Sample("reproduce", "POST", "/series/web-requests/versions/1/reproduce", 202, "a job: trained again"),
        Sample("export_audit", "POST", "/series/web-requests/audit/exports", 202, "a job: the audit trail, to S3"),
        Sample("evaluate", "POST", "/series/web-requests/evaluations", 202, "a job: evaluated", _json(evaluation)),
        Sample("evaluation_unknown", "GET", f"/series/web-requests/evaluations/{_JOB_ID}", 404, "no such evaluation"),
        Sample(
            "evaluation_plot_unknown",
            "GET",
            f"/series/web-requests/evaluations/{_JOB_ID}/plot",
            404,
            "likewise, as a picture",
        ),
        Sample("jobs", "GET", "/jobs?state=running", 200, "what a worker is at"),
        Sample("job_unknown", "GET", f"/jobs/{_JOB_ID}", 404, "a job that is none"),
        Sample("cancel_job_unknown", "DELETE", f"/jobs/{_JOB_ID}", 404, "likewise, to be cancelled"),
        Sample(
            "tenant_make", "POST", "/tenants", 201, "a team", _json({"tenant_id": "team-a", "limits": {"series": 9}})
        ),
        Sample("tenants", "GET", "/tenants", 200, "all teams"),
        Sample("tenant", "GET", "/tenants/team-a", 200, "one team"),
        Sample(
            "tenant_suspend", "PATCH", "/tenants/team-a", 200, "is no longer served", _json({"status": "suspended"})
        ),
        Sample("tenant_delete_unknown", "DELETE", "/tenants/nobody", 404, "no such team"),
        Sample("key_make", "POST", "/tenants/team-a/keys", 201, "a key, shown once", _json({"name": "pipeline"})),
        Sample("keys", "GET", "/tenants/team-a/keys", 200, "without their secrets"),
        Sample("key_unknown", "GET", "/tenants/team-a/keys/none", 404, "no such key"),
        Sample("key_revoke_unknown", "DELETE", "/tenants/team-a/keys/none", 404, "likewise"),
        Sample("key_rotate_unknown", "POST", "/tenants/team-a/keys/none/rotation", 404, "likewise", b"{}"),
        Sample("healthcheck", "GET", "/healthcheck", 200, "latency, load and usage"),
        Sample("health", "GET", "/health", 200, "liveness"),
        Sample("docs", "GET", "/docs", 200, "the documentation page"),
        Sample("openapi", "GET", "/openapi.json", 200, "the OpenAPI document"),
    ]


def events() -> Iterator[tuple[Sample, str, dict[str, Any]]]:
    """Each sample, the function that serves it, and its event."""
    template = PROJECT.read_template(DEFAULT_REGION)
    routes, api = read_routes(template, ROOT), read_api(template)
    for sample in samples():
        path, _, query = sample.url.partition("?")
        route, parameters = routes.find(sample.method, path)
        headers = {"host": "example.execute-api.eu-central-1.amazonaws.com", "x-api-key": "sample", "accept": "*/*"}
        headers |= {"content-type": sample.content_type} if sample.body else {}
        raw = [(name.encode(), value.encode()) for name, value in (headers | dict(sample.headers or {})).items()]
        request = HttpRequest(sample.method, path, query, raw, sample.body)
        event = to_event(request, route, parameters, api.stage, binary="*/*" in api.binary_media_types)
        if route.api_key_required:
            event["requestContext"]["authorizer"] = _AUTHORIZED
        event["requestContext"] |= {
            "path": f"/{api.stage}{path}",
            "extendedRequestId": "Sample0000000=",
            "requestId": "00000000-0000-4000-8000-000000000000",
            "requestTime": "12/Jan/2026:09:00:00 +0000",
            "requestTimeEpoch": 1768208400000,
        }
        yield sample, route.function.logical_id, event


def message() -> dict[str, Any]:
    """The event of a message in the queue of jobs, as Lambda brings it to the worker."""
    body = json.dumps({"tenant": "default", "job_id": _JOB_ID}, separators=(",", ":"))
    sent = "1768208400000"
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": sent,
        "SequenceNumber": "18849496460467696128",
        "MessageGroupId": "default.0",
        "SenderId": "AROAEXAMPLE:sample",
        "MessageDeduplicationId": "00000000000000000000000000000000",
        "ApproximateFirstReceiveTimestamp": sent,
    }
    record = {
        "messageId": "00000000-0000-4000-8000-000000000000",
        "receiptHandle": "sample",
        "body": body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": PROJECT.read_template(DEFAULT_REGION).queue_arn("JobsQueue"),
        "awsRegion": DEFAULT_REGION,
    }
    return {"Records": [record]}


def files() -> dict[str, str]:
    """The text of every file of the folder that is made here, by name."""
    made = {}
    rows = []
    for sample, function, event in events():
        name = f"{sample.name}.json"
        made[name] = json.dumps(event, indent=2) + "\n"
        rows.append(f"| [{name}]({name}) | {function} | {sample.status} | {sample.what} |")
    made["job.json"] = json.dumps(message(), indent=2) + "\n"
    rows.append(f"| [job.json](job.json) | {_WORKER} | – | a message whose job is gone: it is dropped |")
    made["README.md"] = _README + "\n".join(rows) + "\n"
    return made


_README: Final = """\
# Sample events

Events for `sam local invoke`, made by `make events`: of API Gateway but for the last one, which is of SQS. Invoke
`fit.json` first, twice if you want a second version: the others ask about the series that it trains. The bodies are in
base64, as API Gateway sends them; [requests](requests) has some of them in plain text, for curl.

```console
$ sam local invoke FitFunction -e events/fit.json --env-vars events/env.json --docker-network host
```

[env.json](env.json) points the functions at the stand-in for AWS that `make aws` serves.

| event | function | status | what it is |
|---|---|---|---|
"""


def main() -> None:
    """Writes the files."""
    for name, text in files().items():
        (EVENTS / name).write_text(text, encoding="utf-8")
    sys.stderr.write(f"wrote {len(files())} files to {EVENTS.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
