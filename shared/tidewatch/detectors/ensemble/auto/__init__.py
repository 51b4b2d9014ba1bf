"""Several experts, each calibrated by its own past, and the evidence of those that see most.

A point is judged only by what came before it. Levels, period, stretches and tails are learned at fixed places of the
stream, so a judgement does not depend on how the stream was cut into calls.
"""

from tidewatch.detectors.ensemble.auto.baseline import EXPERTS
from tidewatch.detectors.ensemble.auto.detector import Auto
from tidewatch.detectors.ensemble.auto.stream import LOOKBACK, WARM_UP, Judgement, Stream
from tidewatch.detectors.events import RECOVERY, THRESHOLD, Alerts, alert_once

__all__ = [
    "EXPERTS",
    "LOOKBACK",
    "RECOVERY",
    "THRESHOLD",
    "WARM_UP",
    "Alerts",
    "Auto",
    "Judgement",
    "Stream",
    "alert_once",
]
