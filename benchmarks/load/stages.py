"""What the clients send, stage by stage.

Only the standard library is imported: the load generator's environment has nothing of the service's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

CLIENTS: Final = 100
SERIES: Final = 50
POINTS: Final = 500
"""Of each fit."""
RAMP_SECONDS: Final = 1.5
"""From the first client on; what comes of it does not count."""

Kind = Literal["predict", "fit"]

PREDICT_BODY: Final = b'{"timestamp": "1700600000", "value": 103.5}'


@dataclass(frozen=True, slots=True)
class Stage:
    """A time of one and the same load."""

    name: str
    title: str
    fits_per_hundred: int
    """How many of 100 requests are fits; the others are predictions."""


PREDICT: Final = Stage("predict", "Predictions", 0)
MIX: Final = Stage("mix", "95 % predictions, 5 % fits", 5)
FIT: Final = Stage("fit", "Fits", 100)
STAGES: Final = (PREDICT, MIX, FIT)


def turns(stage: Stage) -> Iterator[tuple[Kind, int]]:
    """What to send, without end: the kind, and how many of that kind there were before.

    The share is kept exactly, not by chance, so that two runs are the same work.
    """
    share = stage.fits_per_hundred
    sent = 0
    while True:
        fits = sent * share // 100
        if (sent + 1) * share // 100 > fits:
            yield "fit", fits
        else:
            yield "predict", sent - fits
        sent += 1


def path(kind: Kind, number: int) -> str:
    """Where a request goes: each next one of a kind to the next series."""
    return f"/{kind}/bench-{number % SERIES}"


def body(kind: Kind, number: int) -> bytes:
    """The JSON of a request. No two fits in a row of one series have the same data, which would be stored once."""
    if kind == "predict":
        return PREDICT_BODY
    return b"%s%.2f]}" % (_all_but_the_last_value(number % SERIES), 100 + number // SERIES % 1000 / 100)


@lru_cache(maxsize=SERIES)
def _all_but_the_last_value(series: int) -> bytes:
    # A wave of a day in steps of a minute; the digits are as long as those of a real metric.
    values = [
        round(100 + 20 * math.sin(i * math.tau / 1440) + (i + series) * 7919 % 997 / 100, 3) for i in range(POINTS - 1)
    ]
    text = json.dumps({"timestamps": [1_700_000_000 + 60 * i for i in range(POINTS)], "values": values})
    return text.removesuffix("]}").encode() + b", "
