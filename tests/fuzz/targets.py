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


@dataclass(frozen=True, slots=True)
class Target:
    """A route, a URL of it that succeeds or is not found, and a body that is valid if it takes one."""

    route: str
    url: str
    body: Mapping[str, Any] | None = None

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
    Target("POST /predict/{series_id}", f"/predict/{KNOWN}?version=v1", {"timestamp": "1700000000", "value": 12.5}),
    Target("GET /series", "/series?limit=5&cursor=ImtlIg"),
    Target("GET /series/{series_id}/versions", f"/series/{KNOWN}/versions?limit=5&cursor=OQ"),
    # No such series: a picture takes a hundred times as long as a refusal.
    Target("GET /plot", "/plot?series_id=unknown&version=1&format=svg&width=320&height=320&theme=dark"),
    Target("GET /healthcheck", "/healthcheck"),
    Target("GET /health", "/health"),
    Target("GET /openapi.json", "/openapi.json"),
    Target("GET /docs", "/docs?format=json"),
)
WITH_BODY: Final = tuple(target for target in TARGETS if target.body is not None)
