"""What is written down of a case."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tests.support.api import Reply


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client saw of one reply."""

    status: int
    problem: str | None
    version: str | None
    """The one that was made, that judged, or that judges from then on."""
    trained_at: str | None
    retry_after: bool
    listed: tuple[tuple[str, str], ...]
    """Version and time of training, of each line of a list of versions."""

    @classmethod
    def of(cls, reply: Reply) -> Answer:
        """What of a reply is of interest here."""
        found = reply.json() if reply.body else {}
        return cls(
            reply.status,
            reply.problem if reply.status >= 400 else None,
            found.get("version") or found.get("model_version") or found.get("champion_version"),
            found.get("trained_at"),
            "retry-after" in reply.headers,
            tuple((line["version"], line["trained_at"]) for line in found.get("versions", ())),
        )

    @classmethod
    def again(cls, kept: dict[str, Any]) -> Answer:
        """An answer that was kept as JSON."""
        return cls(**kept | {"listed": tuple(map(tuple, kept["listed"]))})


@dataclass(frozen=True, slots=True)
class Observed:
    """What one fault led to."""

    killed: bool
    """Whether a signal ended the process of the function."""
    before: Answer
    """A fit before all this."""
    saw: Answer
    """What the client got for the request that met the fault."""
    stored: tuple[int, ...]
    """The versions in storage right afterwards, each whole: see ``Stored.check``."""
    latest: Answer
    """A prediction then, by the latest version."""
    listed: Answer
    """The list of versions then."""
    retry: Answer
    """The same request again, to another instance; all is well from now on."""
    later: Answer | None
    """Once more when the first request had no time left, if the retry was told to wait."""
    listed_last: Answer
    """The list of versions in the end."""

    def as_json(self) -> dict[str, Any]:
        """This as JSON holds it."""
        return asdict(self)

    @classmethod
    def again(cls, kept: dict[str, Any]) -> Observed:
        """An observation that was kept as JSON."""
        answers = {name: Answer.again(value) for name, value in kept.items() if isinstance(value, dict)}
        return cls(**kept | answers | {"stored": tuple(kept["stored"])})
