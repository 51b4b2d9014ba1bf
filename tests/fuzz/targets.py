"""What is fuzzed: every route of the template must have its line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

KNOWN: Final = "known"
"""A series that is trained before."""

POINTS: Final = {
    "timestamps": [1_700_000_000 + 60 * index for index in range(6)],
    "values": [10.0, 12, 11.5, 13.0, 1e3, -2.5],
}

ROWS: Final = [{"timestamp": 1_700_000_000 + 60 * at, "x1": at % 5, "x2": at % 7 - 0.5} for at in range(40)]

EVALUATED: Final = [1_700_000_000 + 60 * at for at in range(120)]

MOMENTS: Final = range(1_700_000_000, 1_700_000_600, 60)
AZURE: Final = {
    "series": [{"timestamp": f"2026-01-01T{hour:02}:00:00Z", "value": hour % 5 + 0.5} for hour in range(16)],
    "granularity": "hourly",
    "imputeMode": "fixed",
    "imputeFixedValue": 1,
}
AZURE_PATHS: Final = (
    ("/anomalydetector/v1.1/timeseries/entire/detect", "period"),
    ("/anomalydetector/v1.1/timeseries/last/detect", "sensitivity"),
    ("/anomalydetector/v1.1/timeseries/changepoint/detect", "stableTrendWindow"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A route, a URL of it with the status that it gets, and a body that is valid if it takes one."""

    route: str
    url: str
    body: Mapping[str, Any] | None = None
    status: int = 200

    @property
    def method(self) -> str:
        """Such as ``POST``."""
        return self.route.split()[0]

    def __str__(self) -> str:
        return self.route


TARGETS: Final = (
    Target(
        "POST /fit/{series_id}",
        "/fit/fuzzed",
        POINTS | {"detector": {"name": "three_sigma", "sigmas": 2.5, "side": "both"}},
    ),
    Target(
        "POST /fit/{series_id}",
        "/fit/fuzzed-rows",
        {"rows": ROWS, "detector": {"name": "pca", "missing": "hold", "calendar": ["hour"], "median_window": 3}},
    ),
    Target("POST /predict/{series_id}", f"/predict/{KNOWN}?version=v1", {"timestamp": "1700000000", "value": 12.5}),
    Target("GET /series", "/series?limit=5&cursor=ImtlIg"),
    Target("POST /series", "/series", {"name": "AWS/EC2 CPUUtilization", "labels": {"InstanceId": "i-1"}}),
    Target("GET /series/{series_id}/versions", f"/series/{KNOWN}/versions?limit=5&cursor=OQ"),
    Target("GET /series/{series_id}", f"/series/{KNOWN}"),
    Target("GET /series/{series_id}/versions/{version}", f"/series/{KNOWN}/versions/v1"),
    Target("DELETE /series/{series_id}", f"/series/{KNOWN}", status=204),
    # The only version, which is in use.
    Target("DELETE /series/{series_id}/versions/{version}", f"/series/{KNOWN}/versions/v1", status=409),
    Target("POST /predict", "/predict", {"values": POINTS["values"]}),
    # No series of that name is trained.
    Target("POST /predict", "/predict", {"rows": ROWS[:2], "context": None}, 404),
    Target("POST /detect", "/detect?format=json", POINTS | {"detector": {"name": "mad"}}),
    Target("POST /detect", "/detect", {"data": [{"timestamp": t, "value": t % 7} for t in MOMENTS], "method": "iqr"}),
    *(Target(f"POST {path}", path, AZURE | {more: 5}) for path, more in AZURE_PATHS),
    # No such series: a picture takes a hundred times as long as a refusal.
    Target("GET /plot", "/plot?series_id=unknown&version=1&format=svg&width=320&height=320&theme=dark", status=404),
    Target("POST /tenants", "/tenants", {"tenant_id": "fuzzed", "tier": "large", "limits": {"series": 5}}, 201),
    Target("GET /tenants", "/tenants?limit=5&cursor=ImtlIg"),
    Target("GET /tenants/{tenant_id}", "/tenants/default"),
    Target("PATCH /tenants/{tenant_id}", "/tenants/default", {"limits": {"series": 5}, "status": "active"}),
    Target("DELETE /tenants/{tenant_id}", "/tenants/nobody", status=404),
    Target("POST /tenants/{tenant_id}/keys", "/tenants/default/keys", {"name": "a key", "scopes": ["read"]}, 201),
    Target("GET /tenants/{tenant_id}/keys", "/tenants/default/keys"),
    Target("GET /tenants/{tenant_id}/keys/{key_id}", "/tenants/default/keys/none", status=404),
    Target("DELETE /tenants/{tenant_id}/keys/{key_id}", "/tenants/default/keys/none", status=404),
    Target(
        "POST /tenants/{tenant_id}/keys/{key_id}/rotation",
        "/tenants/default/keys/none/rotation",
        {"grace_seconds": 60},
        404,
    ),
    # No such series: a champion that changes at each request would leave thousands of entries in its trail.
    Target("GET /series/{series_id}/champion", "/series/unknown/champion", status=404),
    Target("PUT /series/{series_id}/champion", "/series/unknown/champion", {"version": "v1", "reason": "because"}, 404),
    Target("GET /series/{series_id}/champion/history", "/series/unknown/champion/history?limit=5", status=404),
    Target("PUT /series/{series_id}/challenger", "/series/unknown/challenger", {"version": "v1"}, 404),
    Target("DELETE /series/{series_id}/challenger", "/series/unknown/challenger", status=404),
    Target("PUT /series/{series_id}/monitoring", "/series/unknown/monitoring", {"monitor": True}, 404),
    Target(
        "POST /series/{series_id}/retrain",
        "/series/unknown/retrain",
        {"detector": {"name": "mad"}, "window": 1_000, "promote": "never"},
        404,
    ),
    Target("GET /series/{series_id}/drift", "/series/unknown/drift?points_per_false_alarm=1000", status=404),
    Target("GET /series/{series_id}/comparison", "/series/unknown/comparison", status=404),
    Target(
        "POST /series/{series_id}/labels",
        "/series/unknown/labels",
        {"labels": [{"timestamp": "2026-01-12T03:00:00Z", "anomaly": True}]},
        404,
    ),
    Target("GET /series/{series_id}/audit", "/series/unknown/audit?limit=5", status=404),
    Target("GET /series/{series_id}/audit/verification", "/series/unknown/audit/verification", status=404),
    # No such series, or thousands of jobs would wait.
    Target("POST /series/{series_id}/versions/{version}/reproduce", "/series/unknown/versions/1/reproduce", status=404),
    Target("POST /series/{series_id}/audit/exports", "/series/unknown/audit/exports", status=404),
    Target(
        "POST /series/{series_id}/evaluations",
        "/series/unknown/evaluations",
        {"contenders": [{"version": "v1"}, {"detector": "mad", "options": {"threshold": 4.0}}]}
        | {"data": {"timestamps": EVALUATED, "values": [at % 7 for at in range(120)], "anomaly": [False] * 120}}
        | {"folds": 2, "seed": 5, "size": 6.5, "trials": 2},
        404,
    ),
    Target("GET /series/{series_id}/evaluations/{job_id}", f"/series/{KNOWN}/evaluations/{'0' * 32}", status=404),
    Target(
        "GET /series/{series_id}/evaluations/{job_id}/plot",
        f"/series/{KNOWN}/evaluations/{'0' * 32}/plot?format=svg&width=800&height=320&theme=dark",
        status=404,
    ),
    Target("GET /jobs", "/jobs?state=running&kind=reproduce&limit=5"),
    Target("GET /jobs/{job_id}", f"/jobs/{'0' * 32}", status=404),
    Target("DELETE /jobs/{job_id}", f"/jobs/{'0' * 32}", status=404),
    Target(
        "POST /series/{series_id}/points",
        f"/series/{KNOWN}/points?wait=true",
        {"points": [{"timestamp": "1700000000", "value": 12.5}, {"timestamp": 1_700_000_060, "value": 12}]},
    ),
    Target("POST /points", "/points", {"points": [{"series_id": KNOWN, "timestamp": 1_700_000_000, "value": 12.5}]}),
    Target("GET /series/{series_id}/points", f"/series/{KNOWN}/points?from=1700000000&to=2023-11-15&limit=5"),
    Target("GET /healthcheck", "/healthcheck"),
    Target("GET /health", "/health"),
    Target("GET /openapi.json", "/openapi.json"),
    Target("GET /docs", "/docs?format=json"),
)
WITH_BODY: Final = tuple(target for target in TARGETS if target.body is not None)
