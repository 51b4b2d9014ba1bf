"""Calls of POST /detect, and a short series in all its forms."""

from __future__ import annotations

from typing import Any

from tests.support.api import Api, Reply

START = 1_767_225_600
TIMES = [START + 60 * index for index in range(12)]
VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5, 95.0, 12.0, 11.0, 10.5, 12.5, 11.0]


def detect(api: Api, query: str = "", headers: Any = (), **body: Any) -> Reply:
    return api.call("POST", f"/detect{query}", json_body=body, headers=headers)


def found(api: Api, **body: Any) -> dict[str, Any]:
    reply = detect(api, **body)
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == "application/json"
    answer: dict[str, Any] = reply.json()
    return answer


def point(value: Any = 1.0, timestamp: Any = START, **more: Any) -> dict[str, Any]:
    return {"timestamp": timestamp, "value": value, **more}


POINTS = [point(value, time) for time, value in zip(TIMES, VALUES, strict=True)]
