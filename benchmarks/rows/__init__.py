"""Detectors of rows on the Skoltech Anomaly Benchmark, beside those of other libraries."""
