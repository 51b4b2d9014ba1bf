"""Judgements of a whole series at once, without a model that is kept."""
