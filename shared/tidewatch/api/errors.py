"""What can go wrong with a repeated request."""

from __future__ import annotations


class RequestInProgress(Exception):
    """The first request with this Idempotency-Key is still being served, or ended this very moment."""


class IdempotencyKeyReused(Exception):
    """The Idempotency-Key came with another body before."""
