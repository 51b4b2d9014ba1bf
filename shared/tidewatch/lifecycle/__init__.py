"""A model once it judges: observations and labels, comparison with a challenger, drift, retraining and evaluation.

Each module is imported by its own name: a prediction keeps what it said, and needs nothing else of this room.
"""
