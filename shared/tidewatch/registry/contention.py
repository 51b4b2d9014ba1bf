"""How requests that change one series at the same time take turns."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from tidewatch.deadline import Deadline
from tidewatch.registry.errors import SeriesBusy, WriteConflict
from tidewatch.registry.version import SeriesKey

Result = TypeVar("Result")

_FIRST_WAIT: Final = 0.02
_LONGEST_WAIT: Final = 0.5
# The system's randomness: the state of Python's own generator is part of a SnapStart snapshot, so that all instances
# restored from it would wait for the same times and meet again and again.
_random: Final = random.SystemRandom()


# Not tenacity: its import would add 20 to 45 ms to each start of a fit.
def until_it_succeeds(
    attempt: Callable[[], Result],
    series: SeriesKey,
    deadline: Deadline,
    *,
    most_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Repeats an attempt until no other request gets in its way.

    Between attempts it waits for a random time whose bound doubles, from 20 ms up to half a second (exponential backoff
    with full jitter: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

    Args:
        attempt: raises ``WriteConflict`` if another request was first.
        series: what the attempt changes.
        deadline: of the request.
        most_seconds: how long to go on at the most, however late the deadline is.
        sleep: waits for so many seconds.

    Raises:
        SeriesBusy: if the next wait would end after the deadline, or after ``most_seconds``.
    """
    own = Deadline.after(most_seconds, time.monotonic)
    longest = _FIRST_WAIT
    while True:
        try:
            return attempt()
        except WriteConflict:
            wait = _random.uniform(0, longest)
            longest = min(2 * longest, _LONGEST_WAIT)
            if wait > min(own.remaining(), deadline.remaining()):
                raise SeriesBusy(series.series_id) from None
            sleep(wait)
