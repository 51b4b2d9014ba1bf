"""The answer of a prediction, and what answers share.

Of no response a field is ever taken away or given another type; fields may be added.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from tidewatch.detectors import Scores
from tidewatch.registry import LoadedModel

Int32 = Annotated[int, Field(ge=0, le=2**31 - 1, json_schema_extra={"format": "int32"})]

Direction = Literal["high", "low"]
DIRECTIONS: Final[Mapping[int, Direction | None]] = MappingProxyType({1: "high", -1: "low", 0: None})


class PredictResponse(BaseModel):
    """The judgement of one point."""

    series_id: str
    timestamp: Annotated[datetime, Field(description="The point's time as it was understood, in UTC.")]
    value: float
    anomaly: Annotated[bool, Field(description="Whether the point is unusual.")]
    model_version: Annotated[str, Field(description="The version that judged it.")]
    detector: Annotated[str, Field(description="The detector's name.")]
    score: Annotated[
        float | None,
        Field(description="The detector's own statistic; for three_sigma the z-score. Null while warming up."),
    ]
    p_value: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of usual points that are as strange; the same scale for all detectors."),
    ]
    severity: Annotated[
        float | None,
        Field(ge=0, le=1, description="e / (e + 3) for e = -log10(p_value): 0.5 is 1 in 1,000, 0.67 1 in 1,000,000."),
    ]
    direction: Annotated[Direction | None, Field(description="Whether the value is higher or lower than expected.")]
    warming_up: Annotated[bool, Field(description="Whether too few points came before to judge this one.")]
    expected: Annotated[float | None, Field(description="What the model expected; null where it expects nothing.")]
    lower: Annotated[float | None, Field(description="The lower limit; null where the model has none.")]
    upper: Annotated[float | None, Field(description="The upper limit; null where the model has none.")]

    @classmethod
    def of(cls, timestamp: int, value: float, loaded: LoadedModel, scores: Scores) -> PredictResponse:
        """The answer for the one point that was scored."""
        return cls(
            series_id=loaded.version.series_id,
            timestamp=datetime.fromtimestamp(timestamp, UTC),
            value=value,
            anomaly=bool(scores.anomaly[0]),
            model_version=loaded.version.version,
            detector=loaded.version.detector,
            score=_or_none(scores.score[0]),
            p_value=_or_none(scores.p_value[0]),
            severity=_or_none(scores.severity[0]),
            direction=DIRECTIONS[int(scores.direction[0])],
            warming_up=bool(scores.warming_up[0]),
            expected=_or_none(scores.expected[0]),
            lower=_or_none(scores.lower[0]),
            upper=_or_none(scores.upper[0]),
        )


def _or_none(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
