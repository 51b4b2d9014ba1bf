"""Detectors that learn the shape of usual points with scikit-learn."""
