"""Training a model on a series and publishing it as the next version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import CannotTrain, DetectorOptions, Model, fit_model, uses_wall_clock
from tidewatch.registry import Cause, Description, ModelVersion, Publisher, Receipt, SeriesKey
from tidewatch.registry.audit import NOBODY
from tidewatch.series import UTC_NAME, SeriesProfile, TimeSeries

SECONDS_TO_PUBLISH: Final = 4.0
"""What training leaves of the time of a request."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a fit published.

    Attributes:
        version: the version.
        learned: what its model learned, by name; None beyond the range of a double.
        warnings: what of the series may make the model worse than it could be, for people.
    """

    version: ModelVersion
    learned: Mapping[str, float | None]
    warnings: Sequence[str]


def fit(
    series: SeriesKey,
    trained_on: TimeSeries,
    options: DetectorOptions,
    *,
    publisher: Publisher,
    receipt: Receipt | None = None,
    allow_constant: bool = False,
    promote: bool = True,
    cause: Cause = NOBODY,
    description: Description | None = None,
    timezone: str | None = None,
    deadline: Deadline,
) -> FitResult:
    """Trains the detector of these options on a series, and publishes the model.

    Args:
        series: the series, and whose it is.
        trained_on: points that passed preflight.
        options: the detector's.
        publisher: where the version goes.
        receipt: of a request that may come twice, so that it publishes once.
        allow_constant: whether a series of equal values is learned.
        promote: whether the version becomes the champion; the first of a series always does.
        cause: who asked for it, and why.
        description: what people know of the series; None to keep what its champion has.
        timezone: of the series, an IANA name; None to keep that of its champion.
        deadline: when both training and publishing have to be done.

    Raises:
        CannotTrain: if the series does not suit the detector, or training takes too long.
        DeadlineExceeded: if no time was left to publish; nothing was published.
        SeriesBusy: if too many fits of this series ran at once; nothing was published.
        StorageUnavailable: if storage failed.
    """
    if timezone is None and uses_wall_clock(options):
        timezone = publisher.timezone_of(series)
    model = train_in_time(
        trained_on,
        options,
        allow_constant=allow_constant,
        timezone=timezone or UTC_NAME,
        deadline=deadline.earlier(SECONDS_TO_PUBLISH),
    )
    version = publisher.publish(
        series,
        trained_on,
        model,
        receipt,
        deadline,
        cause=cause,
        description=description,
        timezone=timezone,
        promote=promote,
    )
    # The version of a repeated request may be of a release that stored neither.
    profile = SeriesProfile(**version.profile) if version.profile else SeriesProfile.of(trained_on)
    learned = model.learned() if version.learned is None else version.learned
    warnings = profile.warnings(len(trained_on), model.period, seasonal=options.made_for_seasons)
    return FitResult(version, learned, warnings)


def train_in_time(
    series: TimeSeries,
    options: DetectorOptions,
    *,
    allow_constant: bool = False,
    timezone: str = UTC_NAME,
    deadline: Deadline,
) -> Model:
    """The model that the detector of these options learns.

    Raises:
        CannotTrain: if the series does not suit the detector, or training takes too long.
    """
    try:
        return fit_model(series, options, allow_constant=allow_constant, timezone=timezone, deadline=deadline)
    except DeadlineExceeded:
        raise CannotTrain(
            f"{options.name} takes longer for {len(series):,} points than a request has: send fewer points, or choose "
            "options or a detector that need less time"
        ) from None
