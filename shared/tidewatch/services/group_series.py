"""Counting series by the values of a label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidewatch.deadline import Deadline
from tidewatch.registry import Registry
from tidewatch.tenancy import Tenant

MOST_SERIES: Final = 1_000
"""Series that a request looks at, unless it says otherwise."""
_AT_ONCE: Final = 100
_SECONDS_TO_ANSWER: Final = 5.0


@dataclass(frozen=True, slots=True)
class Groups:
    """How many series have each value of a label.

    Attributes:
        counts: by value; None for series without the label.
        after: the last series that was looked at, if there may be more; None if all were counted.
    """

    counts: Mapping[str | None, int]
    after: str | None


def group_series(
    tenant: Tenant,
    label: str,
    *,
    having: tuple[str, str] | None,
    most: int,
    after: str | None,
    registry: Registry,
    deadline: Deadline,
) -> Groups:
    """Counts the series of a tenant by the values of a label, in the order of their ids.

    Args:
        tenant: whose series.
        label: its name.
        having: name and value of a label that counted series have; None for all series.
        most: how many series are looked at; fewer if time runs short.
        after: the series that the last call ended with; None to begin.
        registry: where series are.
        deadline: when it has to be done.

    Raises:
        StorageUnavailable: if storage failed.
    """
    counts: Counter[str | None] = Counter()
    looked_at = 0
    in_time = deadline.earlier(_SECONDS_TO_ANSWER)
    while True:
        page = registry.list_series(tenant, min(_AT_ONCE, most - looked_at), after)
        descriptions = [item.description for item in page.items]
        counts.update(each.labels.get(label) for each in descriptions if having is None or each.has(*having))
        looked_at, after = looked_at + _AT_ONCE, page.after
        if after is None or looked_at >= most or in_time.remaining() <= 0:
            return Groups(counts, after)
