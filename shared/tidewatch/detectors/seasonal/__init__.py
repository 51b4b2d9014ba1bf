"""Detectors that know a season."""
