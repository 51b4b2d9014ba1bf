"""Versions, and where a series stands, as JSON that people can read, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from tidewatch.registry import AuditEntry, Challenger, Description, Head, Lineage, ModelVersion, SeriesKey, Trail


@dataclass(slots=True)
class Standing:
    """A series as its file has it.

    Attributes:
        head: where it stands, the champion by its number alone; None if it was deleted.
        versions: the numbers that there are, ascending.
        entries: of the audit trail, oldest first.
        receipts: for a request that published, the number and when that is forgotten.
    """

    head: dict[str, Any] | None = None
    versions: list[int] = field(default_factory=list)
    entries: list[AuditEntry] = field(default_factory=list)
    receipts: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def trail(self) -> Trail:
        """Where the audit trail ends."""
        return self.entries[-1].trail if self.entries else Trail()

    def move(self, head: Head | None, entry: AuditEntry) -> None:
        """Changes where it stands, and says so in the trail."""
        self.entries.append(entry)
        self.head = (
            None
            if head is None
            else {
                "latest": head.latest,
                "champion": head.champion.number,
                "challenger": head.challenger and asdict(head.challenger),
                "monitor": head.monitor,
            }
        )

    def as_head(self, champion: ModelVersion) -> Head:
        """Where it stands, with the champion whole."""
        kept = dict(self.head or {})
        challenger = kept["challenger"]
        if challenger is not None:
            challenger = Challenger(**challenger | {"since": datetime.fromisoformat(str(challenger["since"]))})
        return Head(kept["latest"], champion, challenger, kept["monitor"], self.trail)

    def to_json(self) -> bytes:
        """As :meth:`from_json` takes it."""
        entries = [{"entry": orjson.loads(entry.canonical()), "hash": entry.hash} for entry in self.entries]
        return _text({"head": self.head, "versions": self.versions, "audit": entries, "receipts": self.receipts})

    @classmethod
    def from_json(cls, text: bytes) -> Standing:
        """The standing that gave this text.

        Raises:
            ValueError, TypeError, KeyError: if it is no such text.
        """
        kept = orjson.loads(text)
        entries = [AuditEntry.from_canonical(orjson.dumps(each["entry"]), each["hash"]) for each in kept["audit"]]
        receipts = {request: (number, until) for request, (number, until) in kept["receipts"].items()}
        return cls(kept["head"], list(kept["versions"]), entries, receipts)


def version_to_json(version: ModelVersion, arrays_sha256: str | None) -> bytes:
    """A version without its arrays; the sha256 tells those that lie beside it."""
    plain = {name: getattr(version, name) for name in version.__slots__ if name not in ("series", "arrays")}
    described = {"description": version.description.to_json(), "series_id": version.series_id}
    lineage = {"lineage": version.lineage and version.lineage.to_json()}
    return _text(plain | described | lineage | {"own_arrays_sha256": arrays_sha256})


def version_from_json(text: bytes, series: SeriesKey) -> tuple[ModelVersion, str | None]:
    """The version that gave this text, without the arrays beside it, and their sha256 if there are any.

    Raises:
        ValueError, TypeError, KeyError: if it is no such text.
    """
    kept: dict[str, Any] = orjson.loads(text)
    sha256 = kept.pop("own_arrays_sha256")
    # An earlier or a later release may have others.
    kept = {name: kept[name] for name in ModelVersion.__slots__ if name in kept}
    kept["trained_at"] = datetime.fromisoformat(kept["trained_at"])
    kept["variables"] = tuple(kept["variables"])
    kept["description"] = Description(**kept["description"])
    kept["lineage"] = kept["lineage"] and Lineage(**kept["lineage"])
    return ModelVersion(series=series, **kept), sha256


def with_arrays(version: ModelVersion, arrays: bytes) -> ModelVersion:
    """The version with the arrays that lay beside it."""
    return replace(version, arrays=arrays)


def _text(document: Mapping[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
