"""Detectors that compare a value with the level and spread of other values."""
