"""How well detectors find anomalies: labelled series, NAB, made-up series with known truth, and calibration."""
