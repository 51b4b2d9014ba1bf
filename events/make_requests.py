"""Makes the sample request bodies in ``events/requests``. The same numbers come out each time.

``web-requests``: requests per minute of a web shop, hour by hour. They swing with the day, are fewer at weekends, and
carry noise; one hour has a burst. In the week after, traffic is 60 % higher: what was unusual before is normal then.
``cold-room``: the temperature of a cold room in °C, every ten minutes; too cold is as bad as too warm. One morning its
door is left open.
``default`` and ``machine``: a machine with three sensors, row by row. On the second day its fan fails now and then.
"""

from __future__ import annotations

import json
import math
import random
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent / "requests"
_MONDAY: Final = 1767571200  # 2026-01-05T00:00:00Z
_HOUR: Final = 3600
_WEEK_HOURS: Final = 168
_TRAINED_ROWS: Final = 192
_DAY_ROWS: Final = 288
_FAN_FAILS: Final = range(9, _DAY_ROWS, 31)
_WARMER: Final = 6


def web_requests(start: int, growth: float, burst_hour: int | None) -> dict[str, Any]:
    """A week of requests per minute from a Monday on."""
    noise = random.Random(start)  # noqa: S311 - sample data, no secret
    values = []
    for hour in range(_WEEK_HOURS):
        day, hour_of_day = divmod(hour, 24)
        daily = 1 - 0.55 * math.cos((hour_of_day - 2) / 24 * 2 * math.pi)
        level = 900 * growth * daily * (0.8 if day >= 5 else 1.0)
        values.append(round(level * noise.gauss(1, 0.04), 1))
    if burst_hour is not None:
        values[burst_hour] = 2310.4
    return {"timestamps": [start + hour * _HOUR for hour in range(_WEEK_HOURS)], "values": values}


def cold_room(start: int) -> dict[str, Any]:
    """A day of temperatures, with a compressor cycle of 70 minutes."""
    noise = random.Random(start + 1)  # noqa: S311 - sample data, no secret
    values = [round(4 + 0.5 * math.sin(step / 7 * 2 * math.pi) + noise.gauss(0, 0.12), 2) for step in range(144)]
    return {
        "timestamps": [start + step * 600 for step in range(144)],
        "values": values,
        "detector": {"name": "three_sigma", "sigmas": 3, "side": "both"},
    }


def door_left_open(start: int) -> dict[str, Any]:
    """Four hours of temperatures as points, the door open for half of one."""
    values = [*cold_room(start)["values"][:24]]
    values[19:22] = [7.8, 9.4, 8.1]
    times = [datetime.fromtimestamp(start + step * 600, UTC) for step in range(24)]
    return {
        "data": [{"timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", "value": v} for at, v in zip(times, values, strict=True)]
    }


def machine(start: int, rows: int) -> list[dict[str, Any]]:
    """A machine every five minutes: its load, the heat that follows a row later, and the current that goes with it."""
    noise = random.Random(start + 2)  # noqa: S311 - sample data, no secret
    found, heat = [], 50.0
    for row in range(rows):
        load = 0.5 + 0.3 * math.sin(row / 48 * 2 * math.pi) + noise.gauss(0, 0.05)
        at = datetime.fromtimestamp(start + row * 300, UTC)
        found.append(
            {
                "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}",
                "x1": round(load, 3),
                "x2": round(heat, 2),
                "x3": round(12 * load + noise.gauss(0, 0.2), 2),
            }
        )
        heat = 40 + 20 * load + noise.gauss(0, 0.3)
    return found


def day_of_machine(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A day on which the fan fails now and then, and labels of when. Each heat alone is usual, but not at that load."""
    day = [
        row | {"x2": round(row["x2"] + _WARMER, 2)} if place in _FAN_FAILS else row for place, row in enumerate(rows)
    ]
    return day, [{"timestamp": day[place]["timestamp"], "anomaly": True} for place in _FAN_FAILS]


def requests() -> dict[str, dict[str, Any]]:
    """Every sample body, by file name."""
    next_monday = _MONDAY + _WEEK_HOURS * _HOUR
    rows = machine(_MONDAY, _TRAINED_ROWS + _DAY_ROWS)
    trained = rows[:_TRAINED_ROWS]
    day, labels = day_of_machine(rows[_TRAINED_ROWS:])
    week = web_requests(_MONDAY, 1.0, burst_hour=3 * 24 + 20)
    return {
        "fit.json": week,
        "fit_again.json": web_requests(next_monday, 1.6, burst_hour=None),
        "fit_both_sides.json": cold_room(_MONDAY),
        "predict_normal.json": {"timestamp": "2026-01-12T10:00:00Z", "value": 1172.0},
        "predict_anomaly.json": {"timestamp": "2026-01-12T11:00:00Z", "value": 2456.5},
        "predict_too_cold.json": {"timestamp": "2026-01-06T00:10:00Z", "value": 1.6},
        "predict_batch.json": {
            "points": [
                {"timestamp": f"2026-01-12T{hour}:00:00Z", "value": value}
                for hour, value in (("09", 1065.2), ("10", 1172.0), ("11", 2456.5), ("12", 1240.7))
            ]
        },
        "predict_values.json": {"values": week["values"]},
        "fit_rows.json": {"rows": trained, "detector": "mahalanobis"},
        "fit_rows_forest.json": {"rows": trained, "detector": "isolation_forest"},
        "fit_rows_forecast.json": {
            "rows": trained,
            "detector": "forecast_residual",
            "promote": False,
            "reason": "it knows what heat a load makes",
        },
        "predict_rows_day.json": {"rows": day},
        "labels_rows_day.json": {"labels": labels},
        # A fan fails: it is warmer than this load makes it.
        "predict_rows.json": {"rows": [rows[192], rows[193] | {"x2": 61.5}]},
        "detect.json": week | {"method": "statistical"},
        "detect_data.json": door_left_open(_MONDAY),
    }


def as_text(body: dict[str, Any]) -> str:
    """A body as JSON whose long arrays are wrapped, not one number to a line."""
    fields = []
    for name, value in body.items():
        text = f"{json.dumps(name)}: {json.dumps(value)}"
        fields.append(textwrap.fill(text, 118, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False))
    return "{\n" + ",\n".join(fields) + "\n}\n"


if __name__ == "__main__":
    _FOLDER.mkdir(exist_ok=True)
    for name, body in requests().items():
        (_FOLDER / name).write_text(as_text(body), encoding="utf-8")
