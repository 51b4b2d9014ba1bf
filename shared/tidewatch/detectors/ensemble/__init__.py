"""Detectors that combine others."""
