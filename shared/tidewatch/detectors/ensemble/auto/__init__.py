"""Three outputs for three questions: which points are wrong, how rare is that, and is something going on.

A point is judged only by what came before it. Levels, period, scales and tails are learned at fixed places of the
stream, so a judgement does not depend on how the stream was cut into calls.
"""

from tidewatch.detectors.ensemble.auto.detector import Auto
from tidewatch.detectors.ensemble.auto.stored import restore, store
from tidewatch.detectors.ensemble.auto.stream import WARM_UP, Judgement, Stream
from tidewatch.detectors.events import RECOVERY, THRESHOLD, Alerts, alert_once

__all__ = [
    "RECOVERY",
    "THRESHOLD",
    "WARM_UP",
    "Alerts",
    "Auto",
    "Judgement",
    "Stream",
    "alert_once",
    "restore",
    "store",
]
