"""Training a model on rows of many variables and publishing it as the next version."""

from __future__ import annotations

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import CannotTrain, DetectorOptions, RowsModel, fit_rows, rows_use_wall_clock
from tidewatch.registry import Cause, Description, Publisher, Receipt, SeriesKey
from tidewatch.registry.audit import NOBODY
from tidewatch.series import UTC_NAME, Frame, FrameProfile
from tidewatch.services.fit import SECONDS_TO_PUBLISH, FitResult


def fit(
    series: SeriesKey,
    trained_on: Frame,
    options: DetectorOptions,
    *,
    publisher: Publisher,
    receipt: Receipt | None = None,
    promote: bool = True,
    cause: Cause = NOBODY,
    description: Description | None = None,
    timezone: str | None = None,
    deadline: Deadline,
    field: str,
) -> FitResult:
    """Trains the detector of these options on rows, and publishes the model.

    Args:
        series: the series, and whose it is.
        trained_on: rows that were checked.
        options: the detector's.
        publisher: where the version goes.
        receipt: of a request that may come twice, so that it publishes once.
        promote: whether the version becomes the champion; the first of a series always does.
        cause: who asked for it, and why.
        description: what people know of the series; None to keep what its champion has.
        timezone: of the series, an IANA name; None to keep that of its champion.
        deadline: when both training and publishing have to be done.
        field: what the request calls the rows.

    Raises:
        CannotTrain: if the rows do not suit the detector, or training takes too long.
        DeadlineExceeded: if no time was left to publish; nothing was published.
        SeriesBusy: if too many fits of this series ran at once; nothing was published.
        StorageUnavailable: if storage failed.
    """
    if timezone is None and rows_use_wall_clock(options):
        timezone = publisher.timezone_of(series)
    try:
        model = _train_in_time(trained_on, options, timezone or UTC_NAME, deadline.earlier(SECONDS_TO_PUBLISH))
    except CannotTrain as error:
        error.field = field
        raise
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
    learned = model.learned() if version.learned is None else version.learned
    return FitResult(version, learned, FrameProfile.of(trained_on).warnings())


def _train_in_time(rows: Frame, options: DetectorOptions, timezone: str, deadline: Deadline) -> RowsModel:
    """The model that the detector of these options learns.

    Raises:
        CannotTrain: if the rows do not suit the detector, or training takes too long.
    """
    try:
        return fit_rows(rows, options, timezone=timezone, deadline=deadline)
    except DeadlineExceeded:
        raise CannotTrain(
            f"{options.name} takes longer for {len(rows):,} rows than a request has: send fewer rows, or choose "
            "options or a detector that need less time"
        ) from None
