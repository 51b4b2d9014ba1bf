"""Training a model on a series and publishing it as the next version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidewatch.detectors import DetectorOptions, fit_model
from tidewatch.registry import ModelVersion, Publisher, Receipt, SeriesKey
from tidewatch.series import TimeSeries


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a fit published.

    Attributes:
        version: the version.
        learned: what its model learned, by name; None beyond the range of a double.
    """

    version: ModelVersion
    learned: Mapping[str, float | None]


def fit(
    series: SeriesKey,
    trained_on: TimeSeries,
    options: DetectorOptions,
    *,
    publisher: Publisher,
    receipt: Receipt | None,
) -> FitResult:
    """Trains the detector of these options on a series, and publishes the model.

    Args:
        series: the series, and whose it is.
        trained_on: points that passed preflight.
        options: the detector's.
        publisher: where the version goes.
        receipt: of a request that may come twice, so that it publishes once.

    Raises:
        CannotTrain: if the series does not suit the detector, or the options would take too long.
        SeriesBusy: if too many fits of this series ran at once; nothing was published.
        StorageUnavailable: if storage failed.
    """
    model = fit_model(trained_on, options)
    version = publisher.publish(series, trained_on, model, receipt)
    return FitResult(version, model.learned())
