"""One scale for all detectors: conformal p-values, Pareto tails, severity.

Nonconformity scores of any origin can be calibrated: whatever says how strange a thing is, larger being stranger. Two
names are enough. Those of usual things, which the scores were not learned from, are the calibration; outliers among
them are left out by :func:`trim_outliers`, so that an anomaly in a history does not make the next one usual. Then
:meth:`Calibration.evidence` gives ``-log10`` of the p-value of any score, and :meth:`Calibration.limit` the score that
usual things exceed at a rate.

>>> import numpy as np
>>> minutes_late = np.append(np.random.default_rng(0).exponential(2.0, 999), 5_000.0)
>>> calibration = Calibration.of(trim_outliers(minutes_late))
>>> calibration.count
999.0
>>> p_values = 10.0 ** -calibration.evidence(np.array([1.0, 10.0, 60.0]))
>>> [f"{p_value:.2g}" for p_value in p_values]
['0.63', '0.007', '3.2e-06']
>>> round(calibration.limit(0.01), 1)
9.4

Where neighbouring scores rise and fall together, such as those of overlapping windows, both take ``worth``: how many
independent scores each is worth. ``trim_outliers`` also takes ``touched``: on how many scores one point bears.
"""

from tidewatch.calibration.conformal import Calibration
from tidewatch.calibration.trimming import trim_outliers

__all__ = ["Calibration", "trim_outliers"]
