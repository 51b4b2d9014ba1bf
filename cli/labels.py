"""Labels as files have them: 1 for an anomaly, 0 for a usual point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cli.errors import WrongUsage


def read_labels(
    timestamps: Sequence[int], values: Sequence[float | None], where: str, *, unknown: bool = False
) -> dict[int, bool]:
    """Whether points were anomalies, by Unix seconds.

    Args:
        timestamps: of the points.
        values: 0 or 1 of each.
        where: what messages call them.
        unknown: whether a value may be empty; the point then has no label.

    Raises:
        WrongUsage: if one is anything else.
    """
    labels: dict[int, bool] = {}
    wrong = []
    for second, value in zip(timestamps, values, strict=True):
        if value in (0, 1):
            labels[second] = bool(value)
        elif value is not None or not unknown:
            wrong.append(second)
    if wrong:
        first = datetime.fromtimestamp(wrong[0], UTC).isoformat()
        raise WrongUsage(f"{where}: {len(wrong)} labels are neither 0 nor 1, the first at {first}.")
    return labels
