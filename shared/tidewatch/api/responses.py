"""Response bodies. Fields may be added; none is ever taken away or given another type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from tidewatch.api.parameters import encode_cursor
from tidewatch.detectors import Scores
from tidewatch.models import LoadedModel, ModelVersion, Page, SeriesSummary

Int32 = Annotated[int, Field(ge=0, le=2**31 - 1, json_schema_extra={"format": "int32"})]

Direction = Literal["high", "low"]
DIRECTIONS: Final[Mapping[int, Direction | None]] = MappingProxyType({1: "high", -1: "low", 0: None})


class FitResponse(BaseModel):
    """The version that a fit published, and what it learned."""

    series_id: str
    version: Annotated[str, Field(description="The new version, such as v3.")]
    points_used: Annotated[Int32, Field(description="How many points it was trained on.")]
    detector: Annotated[str, Field(description="The detector's name.")]
    options: Annotated[dict[str, Any], Field(description="The detector's options, defaults filled in.")]
    trained_at: Annotated[datetime, Field(description="When, in UTC.")]
    learned: Annotated[
        dict[str, float | None],
        Field(description="What the model learned, by name; null where there is none or beyond the range of a double."),
    ]

    @classmethod
    def of(cls, version: ModelVersion, learned: Mapping[str, float | None]) -> FitResponse:
        """The answer for a published version."""
        return cls(
            series_id=version.series_id,
            version=version.version,
            points_used=version.points_used,
            detector=version.detector,
            options=dict(version.options),
            trained_at=version.trained_at,
            learned=dict(learned),
        )


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


class Latency(BaseModel):
    """How long requests of one kind took, on the server; zeros before any traffic."""

    avg: Annotated[float, Field(ge=0, description="Mean, in milliseconds.")]
    p95: Annotated[float, Field(ge=0, description="95th percentile, in milliseconds.")]
    count: Annotated[int, Field(ge=0, description="How many requests these figures are of.")]


class Load(BaseModel):
    """How much the service has to do."""

    predictions_per_second: Annotated[float, Field(ge=0)]
    trainings_per_second: Annotated[float, Field(ge=0)]
    detections_per_second: Annotated[float, Field(ge=0)]
    errors: Annotated[int, Field(ge=0, description="Requests answered with 5xx.")]
    rejections: Annotated[int, Field(ge=0, description="Requests answered with 4xx by the functions.")]


class HealthcheckResponse(BaseModel):
    """How the service fares, over all instances of its functions."""

    status: Annotated[str, Field(pattern="^(ok|degraded)$", description="degraded: some of the figures are not known.")]
    degraded: Annotated[list[str], Field(description="What is not known, and why; empty when all is well.")]
    series_trained: Annotated[Int32, Field(description="How many distinct series have a model.")]
    window_seconds: Annotated[int, Field(ge=1, description="The time that the figures below are over.")]
    inference_latency_ms: Latency
    training_latency_ms: Latency
    load: Load
    model_usage: Annotated[dict[str, int], Field(description="Predictions by detector.")]


class LivenessResponse(BaseModel):
    """The function runs."""

    status: Annotated[str, Field(pattern="^ok$")] = "ok"


class SeriesLine(BaseModel):
    """One trained series."""

    series_id: str
    latest_version: str
    detector: str
    points_used: Int32
    trained_at: datetime


class SeriesListResponse(BaseModel):
    """A page of the trained series, in the order of their ids."""

    series: list[SeriesLine]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]

    @classmethod
    def of(cls, page: Page[SeriesSummary, str]) -> SeriesListResponse:
        """The answer for a page."""
        lines = [
            SeriesLine(
                series_id=item.series_id,
                latest_version=f"v{item.latest}",
                detector=item.detector,
                points_used=item.points_used,
                trained_at=item.trained_at,
            )
            for item in page.items
        ]
        return cls(series=lines, next_cursor=encode_cursor(page.after))


class VersionLine(BaseModel):
    """One version of a series."""

    version: str
    detector: str
    options: dict[str, Any]
    points_used: Int32
    data_from: Annotated[datetime, Field(description="The first timestamp of the training data.")]
    data_to: Annotated[datetime, Field(description="The last timestamp of the training data.")]
    data_sha256: Annotated[str, Field(description="The sha256 of the training data as CSV text.")]
    libraries: Annotated[dict[str, str], Field(description="What it was trained with.")]
    trained_at: datetime


class VersionListResponse(BaseModel):
    """A page of the versions of a series, newest first."""

    series_id: str
    versions: list[VersionLine]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]

    @classmethod
    def of(cls, series_id: str, page: Page[ModelVersion, int]) -> VersionListResponse:
        """The answer for a page."""
        lines = [
            VersionLine(
                version=item.version,
                detector=item.detector,
                options=dict(item.options),
                points_used=item.points_used,
                data_from=datetime.fromtimestamp(item.start, UTC),
                data_to=datetime.fromtimestamp(item.end, UTC),
                data_sha256=item.data_sha256,
                libraries=dict(item.libraries),
                trained_at=item.trained_at,
            )
            for item in page.items
        ]
        return cls(series_id=series_id, versions=lines, next_cursor=encode_cursor(page.after))


def _or_none(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
