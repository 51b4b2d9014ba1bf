"""Seasons: how they are found, taken away and followed."""
