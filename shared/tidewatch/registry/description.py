"""What a series is called, what it is measured in, and by which labels it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Description:
    """What people know of a series beside its numbers.

    Attributes:
        display_name: what to call it; None for its id.
        unit: what its values are measured in; None if nobody said.
        labels: values by name, such as ``{"region": "eu-1"}``.
    """

    display_name: str | None = None
    unit: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As ``Description(**...)`` takes it; empty if nothing is known."""
        return {name: value for name, value in asdict(self).items() if value}

    def has(self, name: str, value: str) -> bool:
        """Whether it has a label."""
        return self.labels.get(name) == value
