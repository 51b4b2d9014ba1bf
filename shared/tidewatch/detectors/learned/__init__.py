"""Detectors that learn with scikit-learn what usual points look like, and judge with numpy alone."""

from __future__ import annotations


def load_learners() -> None:
    """Imports what training a learner imports, for a snapshot of a function that trains: it takes a second."""
    from sklearn import cluster, covariance, decomposition, ensemble, neighbors, svm  # noqa: F401
