"""Detectors of rows of many variables. They learn with scikit-learn and judge with numpy."""
