"""Where a version came from, beside its data and its options: what it takes to make it again, and to answer for it."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from tidewatch.detectors import Model, RowsModel

Source = Literal["fit", "job", "retrain"]
"""What asked for a training: a request, a job, or a retraining by schedule or drift."""

UNKNOWN_REVISION: Final = "unknown"
"""The revision of code that was not built from a repository."""


# Those that a function lacks are not what it trains with.
_TRAINED_WITH: Final = ("numpy", "scipy", "scikit-learn", "tzdata")


@lru_cache(maxsize=1)
def library_versions() -> Mapping[str, str]:
    """The versions of what trains in this process, by name."""
    # Imported late: only what trains asks.
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in _TRAINED_WITH:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def new_version_id() -> str:
    """A UUID."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a version came from.

    Attributes:
        version_id: a UUID of this version alone, also beside one that had its number before the series was deleted.
        source: what asked for the training.
        parent: the number of the champion that it followed, or that was retrained; None for the first version of a
            series.
        seed: of all that is random in training; None if nothing is.
        preprocessing: what was done to the data before the method saw it: ``features``, ``scaling`` and ``fill``.
        architecture: of the processor that trained it, such as ``aarch64``: another one may round otherwise.
        revision: the git commit of Tidewatch that trained it.
    """

    version_id: str
    source: Source
    parent: int | None
    seed: int | None
    preprocessing: Mapping[str, Any]
    architecture: str
    revision: str

    @classmethod
    def of(
        cls, model: Model | RowsModel, source: Source, *, version_id: str, architecture: str, revision: str
    ) -> Lineage:
        """The lineage of a model that was just trained; its parent is known when it gets its number."""
        return cls(
            version_id=version_id,
            source=source,
            parent=None,
            seed=getattr(model.options, "seed", None),
            preprocessing=model.preprocessing(),
            architecture=architecture,
            revision=revision,
        )

    def to_json(self) -> dict[str, Any]:
        """As ``Lineage(**...)`` takes it."""
        return asdict(self)
