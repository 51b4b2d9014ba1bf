"""A model version: immutable, numbered from 1 without a gap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from tidewatch.registry.description import Description
from tidewatch.registry.lineage import Lineage
from tidewatch.series import UTC_NAME
from tidewatch.tenancy import Tenant

LATEST: Final = "latest"

VersionSelector = int | Literal["latest"] | None
"""A version's number, the latest, or None for the champion."""

ModelKind = Literal["series", "rows"]
"""What a model judges: points of one variable, or rows of several."""

_VERSION: Final = re.compile(r"v?([1-9][0-9]{0,7})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Names a series among those of all tenants. Whatever is read, stored or cached for a series is found by it.

    Attributes:
        tenant: whose series it is.
        series_id: its name, which another tenant may use for a series of its own.

    >>> SeriesKey(Tenant("acme"), "cpu")
    SeriesKey(tenant=Tenant(tenant_id='acme'), series_id='cpu')
    """

    tenant: Tenant
    series_id: str


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One trained model of one series, with all that is needed to score and to audit it.

    Attributes:
        series: the series, and whose it is.
        number: 1 for the first version of the series.
        parameters: what the detector needs to be restored, as JSON; never code.
        arrays: what it needs beside them, packed; empty if there is none, or if it is large and lies under a key.
        arrays_key, arrays_sha256: where large arrays lie, and the sha256 of their bytes; None for most models.
        points_used, start, end: the training series: its length and its span in Unix seconds.
        step: the median time between two of its points, in seconds.
        data_key, data_sha256: where the training data lies, and the sha256 of its CSV text.
        libraries: the versions of the libraries that trained it.
        trained_at: when, in UTC.
        learned: what the model told of itself, by name; None for a version of an earlier release, and where the version
            came with the head of its series.
        profile: what the training series looks like, see :class:`~tidewatch.series.SeriesProfile`; None likewise.
        kind: whether it judges points of one variable, or rows of several.
        variables: the names of the variables of a row, in the order of the model; empty for a series.
        description: what people know of the series: its name, unit and labels.
        timezone: the IANA time zone whose days and weeks the series has.
        lineage: where the version came from, see :class:`~tidewatch.registry.lineage.Lineage`; None likewise.
    """

    series: SeriesKey
    number: int
    detector: str
    options: Mapping[str, Any]
    parameters: Mapping[str, Any]
    points_used: int
    start: int
    end: int
    step: int
    data_key: str
    data_sha256: str
    libraries: Mapping[str, str]
    trained_at: datetime
    arrays: bytes = b""
    arrays_key: str | None = None
    arrays_sha256: str | None = None
    learned: Mapping[str, float | None] | None = field(default=None, compare=False)
    profile: Mapping[str, Any] | None = field(default=None, compare=False)
    kind: ModelKind = "series"
    variables: tuple[str, ...] = ()
    description: Description = field(default_factory=Description)
    timezone: str = UTC_NAME
    lineage: Lineage | None = field(default=None, compare=False)

    @property
    def series_id(self) -> str:
        """The name of the series, as its tenant knows it."""
        return self.series.series_id

    @property
    def identity(self) -> str:
        """Tells the version from another of its number, in an earlier or later life of the series."""
        return f"{self.trained_at.isoformat()}/{self.data_sha256[:16]}"

    @property
    def version(self) -> str:
        """The version as clients write it, such as ``v3``."""
        return f"v{self.number}"

    def judges_as(self, other: ModelVersion) -> bool:
        """Whether both take single values, or rows of the same variables in whatever order."""
        return self.kind == other.kind and set(self.variables) == set(other.variables)


def parse_version(text: str) -> VersionSelector:
    """Reads what a client may write for a version: ``3``, ``v3`` or ``latest``.

    Raises:
        ValueError: for anything else.
    """
    if text == LATEST:
        return "latest"
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError("a version is a number such as 3, or v3, or latest")
    return int(match[1])
